"""Every control of every explorer used as an analyst would, by pointer and by keyboard alone, in JupyterLab and on the
pages that Voila serves; nothing leaves the machine, and the browser's console stays without an error."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pandas as pd
import pytest
from explorer_pages import lab_served, served

from crimelib.measures.periods import month_label
from crimelib.settings import PROJECT_ROOT

playwright = pytest.importorskip("playwright.sync_api")
LONGEST = 180_000  # milliseconds, for a machine that has much else to do
BASE = "100 at the year to"
# Charts of which something lies outside the part of the page that shows them, and controls with words cut off.
CUT_OFF = """() => [
  ...[...document.querySelectorAll(".vega-embed svg")]
    .filter((chart) => chart.scrollWidth > chart.closest(".widget-vbox").clientWidth),
  ...[...document.querySelectorAll("button.widget-button")].filter((each) => each.scrollWidth > each.clientWidth),
].map((each) => each.textContent.slice(0, 60))"""
LOOPBACK = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
]


@dataclass(frozen=True)
class Shown:
    """An explorer open in a page, and what an analyst does with it; each waits for what it names."""

    page: playwright.Page
    part: playwright.Locator

    def control(self, label: str, place: int = 0) -> playwright.Locator:
        """The control of a label."""
        return self.part.get_by_label(label, exact=True).nth(place)

    def press(self, button: str) -> None:
        """A button pressed."""
        self.part.get_by_role("button", name=button).click()

    def choose(self, label: str, *options: str) -> Shown:
        """Options chosen in the control of a label."""
        self.control(label).select_option(label=list(options))
        return self

    def write(self, label: str, text: str) -> Shown:
        """A text written in the control of a label, and left."""
        self.control(label).fill(text)
        self.control(label).press("Tab")
        return self

    def says(self, words: str) -> None:
        """It is said, where screen readers announce it."""
        self.part.locator("[role=status] li", has_text=words).first.wait_for()

    def draws(self, words: str) -> None:
        """The chart has the words."""
        self.part.locator(".vega-embed svg text", has_text=words).first.wait_for()

    def gives(self, code: str) -> None:
        """The notebook cell has the code."""
        has = re.compile(re.escape(code))
        playwright.expect(self.control("Notebook cell")).to_have_value(has, timeout=LONGEST)


@dataclass(frozen=True)
class Place:
    """Where the explorers are open: pages of Voila, or JupyterLab."""

    address: str
    token: str
    is_lab: bool

    def run(self, page: playwright.Page, notebook: str) -> playwright.Locator:
        """A notebook opened, and in JupyterLab run; the part of the page that shows it."""
        if self.is_lab:
            return self._run_in_lab(page, notebook)
        page.goto(f"{self.address}voila/render/{notebook}.ipynb?token={self.token}", wait_until="commit")
        return page.locator("body")

    def open(self, page: playwright.Page, notebook: str) -> Shown:
        """An explorer with its chart drawn."""
        part = self.run(page, notebook)
        part.locator(".vega-embed svg").first.wait_for()
        assert page.evaluate(CUT_OFF) == []
        return Shown(page, part)

    def _run_in_lab(self, page: playwright.Page, notebook: str) -> playwright.Locator:
        page.goto(f"{self.address}lab/tree/{notebook}.ipynb?reset&token={self.token}", wait_until="commit")
        page.locator("#jp-main-statusbar").get_by_text("| Idle").wait_for()
        page.get_by_role("menuitem", name="Run", exact=True).click()
        page.get_by_role("menuitem", name="Run All Cells", exact=True).click()
        return page.locator(".jp-Notebook")


@pytest.fixture(scope="module")
def place(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Place]:
    folder = tmp_path_factory.mktemp(request.param)
    is_lab = request.param == "jupyterlab"
    with lab_served(folder) if is_lab else served(folder / "log.txt") as (address, token, _):
        yield Place(address, token, is_lab)


LONG = pytest.param("jupyterlab", marks=pytest.mark.long)
VOILA_LONG = pytest.param("voila", marks=pytest.mark.long)
everywhere = pytest.mark.parametrize("place", ["voila", "jupyterlab"], indirect=True, scope="module")
everywhere_long = pytest.mark.parametrize("place", ["voila", LONG], indirect=True, scope="module")
everywhere_long_only = pytest.mark.parametrize("place", [VOILA_LONG, LONG], indirect=True, scope="module")
in_lab = pytest.mark.parametrize("place", [LONG], indirect=True, scope="module")
in_voila = pytest.mark.parametrize("place", ["voila"], indirect=True, scope="module")


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    """A page that may ask only this machine, and whose console may tell of no error."""
    opened = browser.new_page(viewport={"width": 1500, "height": 1300})
    opened.set_default_timeout(LONGEST)
    asked: list[str] = []
    wrong: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    opened.on("pageerror", lambda error: wrong.append(str(error)))
    opened.on("console", lambda told: wrong.append(told.text) if told.type == "error" else None)
    yield opened
    broken = opened.locator(".jupyter-widgets-error-widget, [data-mime-type='application/vnd.jupyter.error']").count()
    opened.close()
    assert [url for url in asked if not url.startswith(LOOPBACK)] == []
    assert wrong == []
    assert broken == 0


@everywhere
def test_trends(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "01_trends")
    shown.says("Burglary fell 20%")
    shown.choose("Measures", "Race and hate crime: Hate crime").says("Hate crime rose 17%")
    shown.choose("Areas", "Bromley", "Croydon").draws("Hate crime, Croydon")
    shown.choose("Areas", "Bromley")
    shown.choose("Ward of the first area", "Bickley").says("Hate crime (Bickley)")
    shown.choose("Ward of the first area", "The whole area")
    shown.choose("Compared over", "Three months").says("in the three months to November 2021")
    shown.choose("Shown as", "Twelve-month totals, from 100").draws("from 100")
    shown.choose("Since", "April 2020").gives("since='2020-04'")
    shown.control("Show events").uncheck()
    shown.gives("events=False")
    shown.choose("Shown as", "Twelve-month totals per 1,000 residents").says("no file at hand has the residents")


@everywhere_long
def test_trends_add_up_the_months_dragged_over(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "01_trends")
    box = shown.part.locator(".vega-embed svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 220, steps=8)
    page.mouse.up()
    said = shown.part.locator("[role=status] li")
    said.filter(has_text="in the same months a year before").or_(
        said.filter(has_text="no whole year before")
    ).first.wait_for()


@everywhere_long
def test_wards_are_linked(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "02_wards")
    shown.says("has the most")
    shown.part.locator(".vega-embed svg .mark-rect path").nth(3).click(force=True)
    shown.says("Burglary (")
    shown.choose("Measure", "Race and hate crime: Hate crime").says("Bromley Town has the most")
    shown.choose("Over", "The last month").draws("the last month to November 2021")
    shown.choose("Up to", "October 2021").draws("October 2021")
    shown.choose("Ward", "Bickley").says("Hate crime (Bickley)")
    shown.choose("Area", "Croydon").says("No file at hand gives hate crime by ward in Croydon")


@everywhere_long
def test_a_definition_is_ticked_named_and_saved(place: Place, page: playwright.Page) -> None:
    view = PROJECT_ROOT / "parameters" / "views" / "tried_in_a_test.yml"
    view.unlink(missing_ok=True)
    shown = place.open(page, "03_asb_definition")
    shown.write("Name of the definition", "Animals only")
    shown.choose("Headings (none: all)", "Animal problems").says("Animals only counts")
    shown.choose("Qualifiers (none: all)", "Personal").says("qualifiers: personal")
    shown.choose("Any of these tags", "Animals").says("tags: animal")
    shown.choose("Without headings", "Begging").says("without headings: begging")
    shown.choose("Without tags", "Speeding").says("without tags: speeding")
    shown.choose("Area", "Croydon").says("no extract of calls has Croydon")
    shown.choose("Area", "Bromley").says("Animals only counts")
    shown.write("View name", "tried_in_a_test")
    try:
        shown.press("Save view")
        shown.says("Saved as parameters/views/tried_in_a_test.yml")
        assert "animal_problems" in view.read_text(encoding="utf-8")
    finally:
        view.unlink(missing_ok=True)


@everywhere_long
def test_the_base_month_is_dragged(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "04_partners")
    shown.says("Reported domestic abuse")
    shown.control(BASE).focus()
    for _ in range(2):
        shown.control(BASE).press("ArrowRight")
    month = pd.Period(shown.control(BASE).get_attribute("aria-valuetext"), freq="M")
    shown.draws(f"the year to {month_label(month)} = 100")
    shown.choose("Compared up to", "October 2021").gives("2021-10")
    shown.choose("Item", "Race and hate crime").gives("load_item('hate_crime'")
    shown.choose("Area", "Croydon").gives("'Croydon'")


@everywhere_long
def test_a_file_is_tried(place: Place, page: playwright.Page, tmp_path: Path) -> None:
    shown = place.open(page, "05_data_check")
    shown.says("illustrative, not real")
    shown.choose("Source", "MPS recorded crime, geographic breakdown").gives("== 'mps_recorded_crime'")
    shown.choose("Area", "Croydon")
    web_page = tmp_path / "MPS Borough Level Crime.csv"
    web_page.write_text("<html>log in</html>")
    shown.control("Source", 1).select_option(label="MPS recorded crime, geographic breakdown")
    with page.expect_file_chooser() as chooser:
        shown.press("Choose a file")
    chooser.value.set_files(web_page)
    shown.says("this is a web page, not a data file")
    assert shown.part.get_by_role("button", name="Take it in").is_disabled()


@everywhere_long
def test_the_cell_is_copied_to_the_clipboard(place: Place, page: playwright.Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = place.open(page, "02_wards")
    shown.press("Copy as notebook cell")
    shown.part.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == shown.control("Notebook cell").input_value()


@in_lab
def test_the_tour_runs_to_its_end(place: Place, page: playwright.Page) -> None:
    shown = place.run(page, "00_tour")
    shown.get_by_text("Burglary (Penge and Cator)").first.wait_for()
    assert shown.locator(".jp-RenderedSVG").count() == 2


COUNT_REDRAWS = """() => {
  window.redraws = 0;
  document.addEventListener("redrawn", () => { window.redraws += 1; });
}"""
# Another choice every 20 ms, faster than any can be answered.
KEEP_ASKING = """(label) => {
  const control = [...document.querySelectorAll("label")].find((each) => each.textContent.trim() === label).control;
  window.asking = setInterval(() => {
    control.selectedIndex = (control.selectedIndex + 1) % control.options.length;
    control.dispatchEvent(new Event("change", { bubbles: true }));
  }, 20);
}"""
# A slider drawn over 24 steps at once; what it says at the last.
DRAG = """(label) => {
  const control = [...document.querySelectorAll("label")].find((each) => each.textContent.trim() === label).control;
  for (let step = 1; step <= 24; step += 1) {
    control.value = step;
    control.dispatchEvent(new Event("input", { bubbles: true }));
  }
  return control.getAttribute("aria-valuetext");
}"""
# The keys that change a control, a redraw each; ArrowDown where none are named.
KEYS = {
    "Show events": [["Space"]],
    BASE: [["ArrowRight"]],
    "Name of the definition": [["x", "Enter"]],
    **{key: [["ArrowUp"]] for key in ("Compared over", "Over")},
    **{key: [["ArrowDown"], ["ArrowUp"]] for key in ("Area", "Areas")},
}
CONTROLS = {
    "01_trends": ["Measures", "Areas", "Ward of the first area", "Shown as", "Compared over", "Since", "Show events"],
    "02_wards": ["Measure", "Area", "Over", "Up to", "Ward"],
    "03_asb_definition": [
        *("Area", "Name of the definition", "Headings (none: all)", "Qualifiers (none: all)", "Any of these tags"),
        *("Without headings", "Without tags"),
    ],
    "04_partners": ["Item", "Area", BASE, "Compared up to"],
    "05_data_check": ["Source", "Area"],
}
KEEP = ["Copy as notebook cell", "Notebook cell", "View name", "Save view"]
UPLOAD = {"05_data_check": ["Source", "Fetched on", "Choose a file (0)"]}
# The name of what has the focus, and whether it looks otherwise than without.
FOCUSED = """() => {
  const it = document.activeElement;
  const looks = () => {
    const { outlineStyle, outlineWidth, outlineColor, boxShadow, borderColor } = getComputedStyle(it);
    return outlineStyle === "none" ? [boxShadow, borderColor].join() : [outlineWidth, outlineColor, boxShadow].join();
  };
  const name = (it.labels?.[0]?.textContent || it.getAttribute("aria-label") || it.textContent).trim();
  const focused = looks();
  it.blur();
  const seen = looks() !== focused;
  it.focus();
  return [name, seen];
}"""


@everywhere_long_only
@pytest.mark.parametrize("notebook", CONTROLS)
def test_the_keyboard_reaches_every_control_in_order(place: Place, page: playwright.Page, notebook: str) -> None:
    shown = place.open(page, notebook)
    expected = [*CONTROLS[notebook], *KEEP, *UPLOAD.get(notebook, [])]
    shown.control(expected[0]).first.focus()
    reached = []
    for _ in expected:
        reached.append(page.evaluate(FOCUSED))
        page.keyboard.press("Tab")
    assert reached == [[name, True] for name in expected]


@everywhere_long_only
@pytest.mark.parametrize("notebook", CONTROLS)
def test_a_redraw_leaves_the_focus(place: Place, page: playwright.Page, notebook: str) -> None:
    shown = place.open(page, notebook)
    page.evaluate(COUNT_REDRAWS)
    for label in CONTROLS[notebook]:
        shown.control(label).focus()
        for keys in KEYS.get(label, [["ArrowDown"]]):
            before = page.evaluate("window.redraws")
            for key in keys:
                page.keyboard.press(key)
            page.wait_for_function("before => window.redraws > before", arg=before)
            assert page.evaluate(FOCUSED) == [label, True]


@everywhere_long
def test_no_keystroke_is_lost_while_answers_come(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "01_trends")
    page.evaluate(COUNT_REDRAWS)
    page.evaluate(KEEP_ASKING, "Compared over")
    typed = "every_stroke_arrives_" * 2
    shown.control("View name").focus()
    page.keyboard.type(typed, delay=15)
    assert shown.control("View name").input_value() == typed
    assert page.evaluate("window.redraws") > 0
    assert page.evaluate(FOCUSED)[0] == "View name"
    page.evaluate("clearInterval(window.asking)")
    shown.control("View name").press("End")
    page.keyboard.type("!")
    shown.press("Save view")
    shown.says(f"'{typed}!' is no name for a view")
    page.keyboard.press("Shift+Tab")
    page.keyboard.type("?")
    page.keyboard.press("Enter")
    shown.says("?' is no name for a view")


@everywhere_long_only
def test_a_slider_dragged_draws_its_newest_month_alone(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "04_partners")
    page.evaluate(COUNT_REDRAWS)
    month = page.evaluate(DRAG, BASE)
    shown.draws(f"the year to {month_label(pd.Period(month, freq='M'))} = 100")
    page.wait_for_timeout(500)  # anything stale would be drawn by now
    shown.draws(f"the year to {month_label(pd.Period(month, freq='M'))} = 100")
    assert 1 <= page.evaluate("window.redraws") <= 3


@in_voila
@pytest.mark.parametrize("query", ["", "?token=wrong"])
def test_without_the_token_nothing_is_shown(place: Place, query: str) -> None:
    answer = urllib.request.urlopen(f"{place.address}voila/render/02_wards.ipynb{query}", timeout=60)
    assert "/login" in answer.url
    assert b"Burglary" not in answer.read()


@in_voila
def test_another_host_name_is_shown_nothing_either(place: Place) -> None:
    asked = urllib.request.Request(f"{place.address}voila/render/02_wards.ipynb", headers={"Host": "evil.example"})
    answer = urllib.request.urlopen(asked, timeout=60)
    assert b"Burglary" not in answer.read()


@in_voila
def test_another_address_is_not_answered(place: Place) -> None:
    port = int(place.address.rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.3", port), timeout=5)
