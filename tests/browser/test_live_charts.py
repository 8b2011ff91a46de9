"""Live charts in Chromium, from files: they show what the pictures show, tell their figures, and ask for nothing."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes
from toy_pack import publish, without_kernels

from crimelib.board.charts import Chart, index_chart, stacked_parts_chart, trend_chart
from crimelib.production import run

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
HOSTILE = "</script><script>window.pwned=1</script><img src=http://evil.example/x onerror=window.pwned=1>"
MONTHS = [str(month) for month in pd.period_range("2020-04", "2021-11", freq="M")]


def charts() -> list[Chart]:
    words = {"unit": "recorded offences", "finding": "It rose."}
    counts = pd.DataFrame({"month": MONTHS, "count": range(40, 60)})
    parts = pd.concat([counts.assign(part=part) for part in ("Racist", HOSTILE)])
    indexed = pd.concat([counts.rename(columns={"count": "value"}).assign(series=name) for name in ("A", "B")])
    events = pd.DataFrame({"label": [HOSTILE], "start": ["2021-01-05"], "end": [None]})
    return [
        trend_chart(counts, title="Trend", events=events, provisional_from="2021-09", **words),
        stacked_parts_chart(parts, title="Parts", **words),
        index_chart(indexed, title=HOSTILE, **words),
    ]


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("live")
    remote = {**charts()[0]._repr_mimebundle_()}
    kind = next(name for name in remote if name.endswith("+json"))
    remote[kind] = {
        **remote[kind],
        "title": "Remote",
        "spec": {**remote[kind]["spec"], "data": {"url": "http://evil.example/x"}},
    }
    bundles = [chart._repr_mimebundle_() for chart in charts()] + [remote]
    outputs = [new_output("display_data", bundle) for bundle in bundles]
    cells = [
        new_markdown_cell("# Hate crime"),
        new_code_cell("area = ''\nperiod = ''", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Evidence"),
        new_code_cell("item", outputs=outputs),
    ]
    path = folder / "04_hate_crime.ipynb"
    path.write_text(writes(new_notebook(cells=cells)))
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "execute_notebooks", without_kernels)
        return publish(folder, [path]).path


class Visit:
    """A page whose charts are drawn, all that it asked for, and what the browser complained of."""

    def __init__(self, browser: playwright.Browser, pack: Path, **context: object) -> None:
        self.asked: list[str] = []
        self.complaints: list[str] = []
        self.page = browser.new_context(**context).new_page()
        self.page.on("request", lambda request: self.asked.append(request.url))
        self.page.on("console", lambda said: self.complaints.append(said.text))
        self.page.on("pageerror", lambda fault: self.complaints.append(str(fault)))
        self.page.goto((pack / "hate_crime.html").as_uri())

    def drawn(self) -> playwright.Page:
        for number in (1, 2, 3):
            figure = self.page.locator(f"figure:has(#hate_crime-{number})")
            figure.scroll_into_view_if_needed()
            figure.locator(".live svg").wait_for()
        return self.page


@pytest.fixture(scope="module")
def visit(browser: playwright.Browser, pack: Path) -> Visit:
    visit = Visit(browser, pack)
    visit.drawn()
    return visit


def texts(svg: str) -> list[str]:
    return sorted(re.findall(r"<(?:text|tspan)[^>]*>([^<]+)<", svg))


def test_a_live_page_asks_for_the_packs_own_script_and_nothing_else(visit: Visit) -> None:
    beside = [url for url in visit.asked if not url.startswith("data:")]
    assert [url.rpartition("/")[2] for url in beside] == ["hate_crime.html", "vega.js"]
    assert all(url.startswith("file://") for url in beside)


def test_the_policy_stops_nothing_that_a_chart_needs_and_no_payload_runs(visit: Visit) -> None:
    assert visit.complaints == []
    assert visit.page.evaluate("window.pwned") is None


@pytest.mark.parametrize("number", [1, 2, 3])
def test_a_live_chart_shows_the_words_and_dates_of_its_picture(visit: Visit, number: int) -> None:
    live = visit.page.locator(f"figure:has(#hate_crime-{number}) .live").inner_html()
    assert texts(live) == texts(charts()[number - 1].svg())


def test_a_chart_that_reaches_outside_itself_stays_a_picture(visit: Visit) -> None:
    assert visit.page.locator("script.chart-spec").count() == 3
    assert visit.page.locator("figure.chart").count() == 4
    assert visit.page.locator("figure.chart").last.locator("img").is_visible()


def test_the_keyboard_reads_one_figure_after_the_other(visit: Visit) -> None:
    page = visit.page
    page.locator("figure:has(#hate_crime-1) .picture").focus()
    for key in ("ArrowRight", "ArrowRight"):
        page.keyboard.press(key)
    assert page.locator(".tip").inner_text().split("\n") == ["Month: May 2020", "Count: 41"]
    assert page.locator("[aria-live]").inner_text() == "Month: May 2020, Count: 41"
    page.keyboard.press("End")
    assert "Count: 59" in page.locator(".tip").inner_text()
    page.keyboard.press("Escape")
    assert not page.locator(".tip").is_visible()


def test_the_pointer_near_a_line_is_told_its_figure(visit: Visit) -> None:
    figure = visit.page.locator("figure:has(#hate_crime-3)")
    figure.scroll_into_view_if_needed()
    point = figure.locator(".live .mark-symbol path").nth(10).bounding_box()
    visit.page.mouse.move(point["x"] + 12, point["y"] - 8)
    assert re.search(r"Series: [AB]\nMonth: \w+ 202[01]\nFigure: \d+", visit.page.locator(".tip").inner_text())


def test_one_series_is_chosen_from_the_keyboard(visit: Visit) -> None:
    figure = visit.page.locator("figure:has(#hate_crime-2)")
    button = figure.get_by_role("button", name="Racist")
    button.focus()
    visit.page.keyboard.press("Enter")
    assert button.get_attribute("aria-pressed") == "true"
    faint = figure.locator(".live path[opacity='0.12']")
    faint.first.wait_for()
    assert faint.count() == len(MONTHS)


def test_a_phone_gets_the_narrow_chart(browser: playwright.Browser, pack: Path) -> None:
    page = Visit(browser, pack, viewport={"width": 400, "height": 800}).drawn()
    assert page.locator("figure:has(#hate_crime-1) .live svg").bounding_box()["width"] <= 370
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_on_paper_and_without_scripts_the_picture_stands(browser: playwright.Browser, pack: Path) -> None:
    page = Visit(browser, pack).drawn()
    page.emulate_media(media="print")
    silent = Visit(browser, pack, java_script_enabled=False)
    for shown in (page, silent.page):
        assert shown.locator("figure img").first.bounding_box()["height"] > 100
        assert not shown.locator("figure .live").first.is_visible()
    assert [url for url in silent.asked if "vega" in url] == []


@pytest.mark.parametrize("number", [1, 2, 3])
def test_every_chart_leads_to_its_rows(visit: Visit, pack: Path, number: int) -> None:
    link = visit.page.locator(f"figure:has(#hate_crime-{number}) figcaption a")
    rows = pd.read_csv(pack / link.get_attribute("href"))
    pd.testing.assert_frame_equal(rows, charts()[number - 1].data, check_dtype=False)


@pytest.mark.parametrize("media", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_axe_finds_nothing_where_charts_are_live(
    browser: playwright.Browser, pack: Path, media: dict[str, str]
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = Visit(browser, pack, bypass_csp=True, **media).drawn()
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
