"""Every control of every explorer used as an analyst would, in JupyterLab and on the pages that Voila serves; nothing
leaves the machine, and the browser's console stays without an error."""

from __future__ import annotations

import re
import socket
import urllib.request
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
from explorer_pages import lab_served, served

from crimelib.settings import PROJECT_ROOT

playwright = pytest.importorskip("playwright.sync_api")
LONGEST = 180_000  # milliseconds, for a machine that has much else to do
LOOPBACK = ("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:")
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(1200),
]


@dataclass(frozen=True)
class Place:
    """Where the explorers are open: pages of Voila, or JupyterLab."""

    address: str
    token: str
    is_lab: bool

    def open(self, page: playwright.Page, notebook: str) -> playwright.Locator:
        """A notebook opened, and in JupyterLab run; the part of the page that shows it."""
        if self.is_lab:
            return self._run_in_lab(page, notebook)
        page.goto(f"{self.address}voila/render/{notebook}.ipynb?token={self.token}", wait_until="commit")
        return page.locator("body")

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
everywhere = pytest.mark.parametrize("place", ["voila", "jupyterlab"], indirect=True, scope="module")
everywhere_long = pytest.mark.parametrize("place", ["voila", LONG], indirect=True, scope="module")
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


def opened_at(place: Place, page: playwright.Page, notebook: str) -> playwright.Locator:
    """An explorer with its chart drawn."""
    shown = place.open(page, notebook)
    shown.locator(".vega-embed svg").first.wait_for()
    return shown


def label(shown: playwright.Locator, name: str) -> playwright.Locator:
    return shown.get_by_label(name, exact=True)


def until_said(shown: playwright.Locator, words: str) -> None:
    shown.locator("[role=status]", has_text=words).first.wait_for()


def until_drawn(shown: playwright.Locator, words: str) -> None:
    shown.locator(".vega-embed svg text", has_text=words).first.wait_for()


def until_code(shown: playwright.Locator, words: str) -> None:
    playwright.expect(label(shown, "Notebook cell")).to_have_value(re.compile(re.escape(words)), timeout=LONGEST)


@everywhere
def test_trends(place: Place, page: playwright.Page) -> None:
    shown = opened_at(place, page, "01_trends")
    until_said(shown, "Burglary fell 20%")
    label(shown, "Measures").select_option(label="Race and hate crime: Hate crime")
    until_said(shown, "Hate crime rose 17%")
    label(shown, "Areas").select_option(label=["Bromley", "Croydon"])
    until_drawn(shown, "Hate crime, Croydon")
    label(shown, "Areas").select_option(label=["Bromley"])
    label(shown, "Ward of the first area").select_option(label="Bickley")
    until_said(shown, "Hate crime (Bickley)")
    label(shown, "Ward of the first area").select_option(label="The whole area")
    label(shown, "Compared over").select_option(label="Three months")
    until_said(shown, "in the three months to November 2021")
    label(shown, "Shown as").select_option(label="Twelve-month totals, from 100")
    until_drawn(shown, "from 100")
    label(shown, "Since").select_option(label="April 2020")
    until_code(shown, "since='2020-04'")
    label(shown, "Show events").uncheck()
    until_code(shown, "events=False")
    label(shown, "Shown as").select_option(label="Twelve-month totals per 1,000 residents")
    until_said(shown, "no file at hand has the residents of Bromley")


@everywhere_long
def test_trends_add_up_the_months_dragged_over(place: Place, page: playwright.Page) -> None:
    shown = opened_at(place, page, "01_trends")
    box = shown.locator(".vega-embed svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 220, steps=8)
    page.mouse.up()
    said = shown.locator("[role=status] li")
    said.filter(has_text="in the same months a year before").or_(
        said.filter(has_text="no whole year before")
    ).first.wait_for()


@everywhere_long
def test_wards_are_linked(place: Place, page: playwright.Page) -> None:
    shown = opened_at(place, page, "02_wards")
    until_said(shown, "has the most")
    shown.locator(".vega-embed svg .mark-rect path").nth(3).click(force=True)
    shown.locator("[role=status]").nth(1).wait_for()
    label(shown, "Measure").select_option(label="Race and hate crime: Hate crime")
    until_said(shown, "Bromley Town has the most")
    label(shown, "Over").select_option(label="The last month")
    until_drawn(shown, "the last month to November 2021")
    label(shown, "Up to").select_option(label="October 2021")
    until_drawn(shown, "October 2021")
    label(shown, "Ward").select_option(label="Bickley")
    until_said(shown, "Hate crime (Bickley)")
    label(shown, "Area").select_option(label="Croydon")
    until_said(shown, "No file at hand gives hate crime by ward in Croydon")


@everywhere_long
def test_a_definition_is_ticked_named_and_saved(place: Place, page: playwright.Page) -> None:
    view = PROJECT_ROOT / "parameters" / "views" / "tried_in_a_test.yml"
    view.unlink(missing_ok=True)
    shown = opened_at(place, page, "03_asb_definition")
    label(shown, "Name of the definition").fill("Animals only")
    label(shown, "Name of the definition").press("Enter")
    label(shown, "Headings (none: all)").select_option(label="Animal problems")
    until_said(shown, "Animals only counts")
    label(shown, "Qualifiers (none: all)").select_option(label="Personal")
    until_said(shown, "qualifiers: personal")
    label(shown, "Any of these tags").select_option(label="Animals")
    until_said(shown, "tags: animal")
    label(shown, "Without headings").select_option(label="Begging")
    until_said(shown, "without headings: begging")
    label(shown, "Without tags").select_option(label="Speeding")
    until_said(shown, "without tags: speeding")
    label(shown, "Area").select_option(label="Croydon")
    until_said(shown, "no extract of calls has Croydon")
    label(shown, "Area").select_option(label="Bromley")
    until_said(shown, "Animals only counts")
    label(shown, "View name").fill("tried_in_a_test")
    label(shown, "View name").press("Tab")
    try:
        shown.get_by_role("button", name="Save view").click()
        shown.locator("[role=status] li", has_text="Saved as parameters/views/tried_in_a_test.yml").wait_for()
        assert "animal_problems" in view.read_text(encoding="utf-8")
    finally:
        view.unlink(missing_ok=True)


@everywhere_long
def test_the_base_month_is_dragged(place: Place, page: playwright.Page) -> None:
    shown = opened_at(place, page, "04_partners")
    until_said(shown, "Reported domestic abuse")
    first = shown.locator(".vega-embed svg text", has_text="= 100").text_content()
    slider = shown.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    playwright.expect(shown.locator(".vega-embed svg text", has_text="= 100")).not_to_have_text(first, timeout=LONGEST)
    label(shown, "Compared up to").select_option(label="October 2021")
    until_code(shown, "2021-10")
    label(shown, "Item").select_option(label="Race and hate crime")
    until_code(shown, "load_item('hate_crime'")
    label(shown, "Area").select_option(label="Croydon")
    until_code(shown, "'Croydon'")


@everywhere_long
def test_a_file_is_tried(place: Place, page: playwright.Page, tmp_path: Path) -> None:
    shown = opened_at(place, page, "05_data_check")
    until_said(shown, "illustrative, not real")
    label(shown, "Source").first.select_option(label="MPS recorded crime, geographic breakdown")
    until_code(shown, "== 'mps_recorded_crime'")
    label(shown, "Area").select_option(label="Croydon")
    web_page = tmp_path / "MPS Borough Level Crime.csv"
    web_page.write_text("<html>log in</html>")
    label(shown, "Source").nth(1).select_option(label="MPS recorded crime, geographic breakdown")
    with page.expect_file_chooser() as chooser:
        shown.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(web_page)
    shown.locator("[role=status] li", has_text="this is a web page, not a data file").wait_for()
    assert shown.get_by_role("button", name="Take it in").is_disabled()


@everywhere_long
def test_the_cell_is_copied_to_the_clipboard(place: Place, page: playwright.Page) -> None:
    page.context.grant_permissions(["clipboard-read", "clipboard-write"])
    shown = opened_at(place, page, "02_wards")
    shown.get_by_role("button", name="Copy as notebook cell").click()
    shown.get_by_role("button", name="Copied").wait_for()
    assert page.evaluate("navigator.clipboard.readText()") == label(shown, "Notebook cell").input_value()


@in_lab
def test_the_tour_runs_to_its_end(place: Place, page: playwright.Page) -> None:
    shown = place.open(page, "00_tour")
    shown.get_by_text("Burglary (Penge and Cator)").first.wait_for()
    assert shown.locator(".jp-RenderedSVG").count() == 2


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
