"""Every page of the illustrative pack, made as a board's is, in Chromium: whole, still and readable in every look.

``make test`` makes and visits three pages and the overview, the long tests the whole pack.
"""

from __future__ import annotations

import base64
import re
from collections.abc import Iterator
from html import unescape
from pathlib import Path

import pytest

from crimelib.areas import AreaBook
from crimelib.measures.periods import parse_period
from crimelib.production.board_pack import chosen_notebooks, make_pack
from crimelib.production.live import LIBRARY
from crimelib.production.run import page_name
from crimelib.settings import PROJECT_ROOT, load_settings

playwright = pytest.importorskip("playwright.sync_api")
NOTEBOOKS = PROJECT_ROOT / "notebooks" / "board"
PAGES = ["index", *(page_name(path) for path in chosen_notebooks(NOTEBOOKS, ()))]
QUICK = {"index", "hate_crime", "perception", "data_quality"}
MOST_BYTES = 1_500_000
PAPER_WIDTH = 673  # CSS pixels of A4 between the margins of the print style
LOOKS = {
    "light": {},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"forced_colors": "active"},
    "more contrast": {"contrast": "more"},
    "paper": {"media": "print"},
}
PLAIN = {"color_scheme": "light", "forced_colors": "none", "contrast": "no-preference", "media": "screen"}
pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(
        not (PROJECT_ROOT / "data" / "processed" / "catalogue.json").is_file(),
        reason="no illustrative data here: crimelib sample, crimelib clean",
    ),
]


@pytest.fixture(scope="session")
def pack(request: pytest.FixtureRequest, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """The illustrative pack, once a session, with the pages that the chosen tests visit."""
    settings = load_settings()
    calls = [item.callspec.params for item in request.session.items if hasattr(item, "callspec")]
    visited = {str(params["name"]) for params in calls if "name" in params} & set(PAGES) - {"index"}
    made = make_pack(
        settings,
        AreaBook.of(settings).find("Bromley"),
        parse_period("2021-11"),
        "board",
        processed=PROJECT_ROOT / "data" / "processed",
        out=tmp_path_factory.mktemp("whole"),
        notebooks=NOTEBOOKS,
        only=sorted(visited) or sorted(QUICK - {"index"}),
        jobs=2,
    )
    assert made.failed == []
    return made.path


class Visit:
    """A page whose charts are drawn, all that it asked for, and what the browser complained of."""

    def __init__(self, browser: playwright.Browser, path: Path, **context: object) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_context(**context).new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        self.page.goto(path.as_uri())
        self.figures = self.page.locator("figure:has(script.chart-spec)").all()

    def _heard(self, said: playwright.ConsoleMessage) -> None:
        if said.type == "error":
            self.complaints.append(said.text)

    def drawn(self) -> Visit:
        for figure in self.figures:
            figure.scroll_into_view_if_needed()
            figure.locator(".live svg").wait_for()
        return self


@pytest.fixture(
    scope="module",
    params=[pytest.param(name, id=name, marks=() if name in QUICK else pytest.mark.long) for name in PAGES],
)
def name(request: pytest.FixtureRequest) -> str:
    return request.param


@pytest.fixture(scope="module")
def wide(browser: playwright.Browser, pack: Path, name: str) -> Iterator[Visit]:
    """The page as a laptop shows it; ``bypass_csp`` is for axe, which is put into the page."""
    visit = Visit(browser, pack / f"{name}.html", viewport={"width": 1280, "height": 900}, bypass_csp=True).drawn()
    yield visit
    visit.page.context.close()


@pytest.fixture(scope="module")
def narrow(browser: playwright.Browser, pack: Path, name: str) -> Iterator[Visit]:
    visit = Visit(browser, pack / f"{name}.html", viewport={"width": 400, "height": 800}).drawn()
    yield visit
    visit.page.context.close()


def texts(svg: str) -> list[str]:
    return sorted(map(unescape, re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg)))


def picture(source: str) -> str:
    """The drawing in a ``data:`` address."""
    return base64.b64decode(source.partition("base64,")[2]).decode()


@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing(wide: Visit, look: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    wide.page.emulate_media(**{**PLAIN, **LOOKS[look]})
    found = axe.run(wide.page)
    wide.page.emulate_media(**PLAIN)
    assert found.violations_count == 0, found.generate_report()


def test_axe_finds_nothing_where_the_code_is_shown(wide: Visit) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    box = wide.page.locator("#show-code")
    if box.count():
        box.check()
    found = axe.run(wide.page)
    if box.count():
        box.uncheck()
    assert found.violations_count == 0, found.generate_report()


def test_nothing_is_asked_for_but_the_pack_and_nothing_is_complained_of(wide: Visit, narrow: Visit, name: str) -> None:
    for visit in (wide, narrow):
        beside = [url for url in visit.asked if not url.startswith("data:")]
        assert all(url.startswith("file://") for url in beside)
        expected = [f"{name}.html", "vega.js"] if visit.figures else [f"{name}.html"]
        assert [url.rpartition("/")[2] for url in beside] == expected
        assert visit.complaints == []


def test_no_page_moves_sideways(wide: Visit, narrow: Visit) -> None:
    for visit, width in ((wide, 1280), (narrow, 400)):
        assert visit.page.evaluate("document.documentElement.scrollWidth") == width


def test_every_live_chart_says_what_its_picture_says(wide: Visit, narrow: Visit) -> None:
    for place, figure in enumerate(wide.figures):
        still = figure.locator("picture img").get_attribute("src")
        assert texts(figure.locator(".live").inner_html()) == texts(picture(still))
        phone = narrow.figures[place]
        still = phone.locator("picture source").get_attribute("srcset")
        assert texts(phone.locator(".live").inner_html()) == texts(picture(still))


def test_the_keyboard_reaches_everything_and_shows_where_it_is(wide: Visit) -> None:
    """Each step of the tab key lands on the next thing, is marked there, and none is a trap."""
    reachable = "a[href], button, input, summary, [tabindex='0']"
    count = wide.page.evaluate(f"[...document.querySelectorAll(`{reachable}`)].filter(e => e.checkVisibility()).length")
    where = """() => {
        const at = document.activeElement, style = getComputedStyle(at);
        if (at === document.body) return null;
        window.visited ??= []; window.visited.push(at);
        return style.outlineStyle !== "none" && parseFloat(style.outlineWidth) >= 2;
    }"""
    wide.page.evaluate("window.visited = []; document.querySelector('.skip').focus()")
    marked = []
    for _ in range(count + 1):  # all round: past the end of the page, back to its first link
        wide.page.keyboard.press("Tab")
        marked.append(wide.page.evaluate(where))
    assert marked == [True] * (count - 1) + [None, True]
    assert wide.page.evaluate("new Set(window.visited).size") == count


def test_the_keyboard_reads_every_chart(wide: Visit) -> None:
    for figure in wide.figures:
        figure.locator(".picture").focus()
        wide.page.keyboard.press("ArrowRight")
        assert re.search(r"\w+: .*\w", wide.page.locator(".tip").inner_text())
        wide.page.keyboard.press("Escape")


def test_with_scripts_off_the_page_is_whole(browser: playwright.Browser, pack: Path, name: str, wide: Visit) -> None:
    still = Visit(browser, pack / f"{name}.html", java_script_enabled=False)
    for place, figure in enumerate(still.figures):
        assert figure.locator("img").bounding_box()["height"] > 100, place
    words = [visit.page.locator("main").inner_text().split() for visit in (still, wide)]
    live = {word for group in wide.page.locator(".series, .live").all_inner_texts() for word in group.split()}
    assert set(words[0]) >= set(words[1]) - live
    assert not still.page.locator(".code").first.is_visible()
    still.page.context.close()


def test_on_paper_nothing_is_cut_at_the_edge(wide: Visit) -> None:
    wide.page.emulate_media(media="print")
    wide.page.set_viewport_size({"width": PAPER_WIDTH, "height": 900})
    beyond = wide.page.evaluate(
        """width => [...document.querySelectorAll("main *, footer *")]
            .filter(e => e.checkVisibility() && !e.closest(".unseen") && e.getBoundingClientRect().right > width + 1)
            .map(e => `${e.tagName} ${e.textContent.trim().slice(0, 60)}`)""",
        PAPER_WIDTH,
    )
    wide.page.set_viewport_size({"width": 1280, "height": 900})
    wide.page.emulate_media(**PLAIN)
    assert beyond == []


def test_a_page_weighs_little_beside_the_shared_script(pack: Path, name: str) -> None:
    assert (pack / f"{name}.html").stat().st_size < MOST_BYTES
    assert (pack / LIBRARY).stat().st_size < MOST_BYTES
