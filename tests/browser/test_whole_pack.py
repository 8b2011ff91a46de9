"""Every page of the illustrative pack, made as a board's is, in Chromium: whole, still and readable in every look.

``make test`` makes and visits three pages and the overview, the long tests the whole pack.
"""

from __future__ import annotations

import base64
import json
import re
from collections.abc import Iterator
from decimal import ROUND_HALF_UP, Decimal
from html import unescape
from pathlib import Path

import nbformat
import pandas as pd
import pypdfium2
import pytest

from crimelib.areas import AreaBook
from crimelib.measures.periods import parse_period
from crimelib.production.board_pack import chosen_notebooks, make_pack
from crimelib.production.live import LIBRARY
from crimelib.production.pdf import LEFT_OUT, PRINTED
from crimelib.production.portable import CHART_TYPE
from crimelib.production.run import page_name
from crimelib.settings import PROJECT_ROOT, load_settings

playwright = pytest.importorskip("playwright.sync_api")
NOTEBOOKS = PROJECT_ROOT / "notebooks" / "board"
PAGES = ["index", *(page_name(path) for path in chosen_notebooks(NOTEBOOKS, ()))]
SHOWN = ("ok", "not_comparable")
WINDOWS = {"month": "Month", "quarter": "Three months", "ytd": "Financial year to date", "rolling_12": "Twelve months"}
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
    if any("whole" in item.keywords for item in request.session.items):
        visited = set(PAGES) - {"index"}
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
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        self.page.goto(path.as_uri())
        self.figures = self.page.locator("figure:has(script.chart-spec)").all()

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


# --- what charts say to those who do not see them ---------------------------------------------------------------------

DATES = r"\b(?:in the |over )?(?:twelve months|a year)?(?: to)? ?(?:January|February|March|April|May|June|July|August"
DATES += r"|September|October|November|December) \d{4}\b"


def charts_of(pack: Path) -> list[dict]:
    return [
        output.data[CHART_TYPE]
        for path in sorted((pack / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        for output in cell.get("outputs", [])
        if CHART_TYPE in output.get("data", {})
    ]


@pytest.mark.parametrize("of_all", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.whole])])
def test_every_chart_s_words_state_a_finding(pack: Path, of_all: bool) -> None:
    """A figure that is neither a date nor in the title, or the word for why there is none."""
    charts = charts_of(pack)
    assert len(charts) > (40 if of_all else 6)
    for chart in charts:
        assert chart["alt"].startswith(f"{chart['title']}. ")
        finding = re.sub(DATES, "", chart["alt"].removeprefix(chart["title"]))
        assert re.search(r"\d|suppressed|withheld|no data|cannot be|too few", finding), chart["alt"]


# --- the printed pack ------------------------------------------------------------------------------------------------


@pytest.fixture(scope="module")
def printed(pack: Path) -> Iterator[pypdfium2.PdfDocument]:
    document = pypdfium2.PdfDocument(pack / "board-pack.pdf")
    yield document
    document.close()


@pytest.fixture(scope="module")
def print_words(printed: pypdfium2.PdfDocument) -> str:
    pages = (printed[place].get_textpage().get_text_bounded() for place in range(len(printed)))
    return " ".join(" ".join(pages).split())


@pytest.fixture(scope="module")
def totals(pack: Path) -> pd.DataFrame:
    rows = pd.read_csv(pack / "summary.csv", keep_default_na=False, na_values=[""])
    return rows[(rows.breakdown == "total") & rows.status.isin(SHOWN)]


def rounded(value: float, places: str = "1") -> str:
    """A change as it is printed: with its sign, halves away from nought."""
    number = Decimal(str(value)).quantize(Decimal(places), ROUND_HALF_UP)
    return f"{number:+,}".replace("-", "\u2212") if number else "0"


@pytest.mark.parametrize(
    "of_all", [False, pytest.param(True, marks=[pytest.mark.long, pytest.mark.whole])], ids=["visited", "all"]
)
def test_every_item_s_headline_figures_stand_in_the_printed_pack(
    pack: Path, print_words: str, totals: pd.DataFrame, of_all: bool
) -> None:
    """Each headline measure's table of windows: now, the year before, and the change, as ``summary.csv`` has them."""
    settings = load_settings()
    made = {path.stem.partition("_")[2] for path in (pack / "notebooks").glob("*.ipynb")}
    headlines = {item: each.headline for item, each in settings.items.items() if item in made | {"vawg"}}
    rows = totals[totals.measure.isin(headlines.values()) & (totals.item != "weapons")]
    assert len(rows) >= (len(WINDOWS) * (len(settings.items) - 1) if of_all else len(WINDOWS))
    for row in rows.itertuples():
        change = "0" if row.change == 0 else f"{row.change:+,.0f}".replace("-", "\u2212")
        figures = f"{WINDOWS[row.window]} {row.current:,.0f} {row.previous:,.0f} {change}"
        assert figures in print_words, (row.measure, figures)


@pytest.mark.long
@pytest.mark.whole
def test_every_total_stands_in_the_printed_overview(print_words: str, totals: pd.DataFrame, pack: Path) -> None:
    """A row a measure, a column a window: the count, and the change in whole per cent or points."""
    titles = json.loads((pack / "run.json").read_text("utf-8"))["titles"]
    table = print_words.partition("Every item at a glance")[2].partition("What stands out")[0]
    assert totals.item.nunique() == len(load_settings().items) + 1  # and the survey
    for measure, rows in totals.groupby("measure"):
        row = re.search(rf"{re.escape(titles[measure])} ((?:[\d,]+%?|no data) .*)", table)
        assert row, measure
        for each in rows.itertuples():
            assert overview_cell(each) in row[1], (measure, each.window)


def overview_cell(row: object) -> str:
    if row.item == "perception":
        return f"{Decimal(str(row.current * 100)).quantize(Decimal(1), ROUND_HALF_UP)}%"
    change = "" if pd.isna(row.pct_change) else f" ({rounded(row.pct_change)}%)"
    return f"{row.current:,.0f}{change}"


@pytest.mark.long
@pytest.mark.whole
def test_the_printed_pack_is_short_light_and_bookmarked(
    printed: pypdfium2.PdfDocument, pack: Path, print_words: str
) -> None:
    assert 12 <= len(printed) <= 20
    assert (pack / "board-pack.pdf").stat().st_size < 5_000_000
    assert all(f"Page {page} of {len(printed)}" in print_words for page in range(1, len(printed) + 1))
    marks = [mark.get_title() for mark in printed.get_toc()]
    headings = [
        found
        for path in sorted((pack / "notebooks").glob("*.ipynb"))
        for cell in nbformat.read(path, as_version=4).cells
        for text in [cell.source if cell.cell_type == "markdown" else "", *shown_markdown(cell)]
        for found in re.findall(r"^#+ +(.+)$", text, re.MULTILINE)
    ]
    assert {page_title for page_title in headings if page_title in marks} >= set(marks) - {"About this document"}
    left_out = {heading for names in LEFT_OUT.values() for heading in names}
    assert left_out | set(PRINTED) <= set(headings)  # none is spelt in a way that no page has
    elsewhere = {"What to bear in mind"}  # other items print what stands under this heading
    assert not (left_out - elsewhere) & set(marks)


def shown_markdown(cell: nbformat.NotebookNode) -> list[str]:
    return [output.get("data", {}).get("text/markdown", "") for output in cell.get("outputs", ())]
