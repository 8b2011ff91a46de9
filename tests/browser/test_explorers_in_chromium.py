"""Every control of every explorer used as an analyst would, on pages that Voila serves; nothing leaves the machine."""

from __future__ import annotations

import socket
import urllib.request
from collections.abc import Iterator
from pathlib import Path

import pytest
from explorer_pages import served

from crimelib.settings import PROJECT_ROOT

playwright = pytest.importorskip("playwright.sync_api")
LONGEST = 120_000  # milliseconds, for a machine that has much else to do
pytestmark = [
    pytest.mark.browser,
    pytest.mark.timeout(900),
]


@pytest.fixture(scope="module")
def address(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[str, str]]:
    with served(tmp_path_factory.mktemp("voila") / "log.txt") as found:
        yield found


@pytest.fixture
def page(browser: playwright.Browser) -> Iterator[playwright.Page]:
    opened = browser.new_page(viewport={"width": 1400, "height": 1100})
    opened.set_default_timeout(LONGEST)
    asked: list[str] = []
    opened.on("request", lambda request: asked.append(request.url))
    yield opened
    outside = [url for url in asked if not url.startswith(("http://127.0.0.1:", "ws://127.0.0.1:", "data:", "blob:"))]
    opened.close()
    assert outside == []


def open_page(page: playwright.Page, address: tuple[str, str], notebook: str) -> None:
    base, token = address
    page.goto(f"{base}voila/render/{notebook}.ipynb?token={token}", wait_until="commit")
    page.wait_for_selector(".vega-embed svg")


def said(page: playwright.Page) -> str:
    return page.locator("ul[role=status]").first.inner_text()


def until_said(page: playwright.Page, words: str) -> None:
    page.locator("ul[role=status]", has_text=words).first.wait_for()


def test_trends(page: playwright.Page, address: tuple[str, str]) -> None:
    open_page(page, address, "01_trends")
    until_said(page, "Burglary fell 20%")
    page.get_by_label("Measures").select_option(label="Race and hate crime: Hate crime")
    until_said(page, "Hate crime rose 17%")
    page.get_by_label("Areas").select_option(label=["Bromley", "Croydon"])
    page.locator(".vega-embed svg text", has_text="Hate crime, Croydon").first.wait_for()
    page.get_by_label("Areas").select_option(label=["Bromley"])
    page.get_by_label("Ward of the first area").select_option(label="Bickley")
    until_said(page, "Hate crime (Bickley)")
    page.get_by_label("Ward of the first area").select_option(label="The whole area")
    page.get_by_label("Compared over").select_option(label="Three months")
    until_said(page, "in the three months to November 2021")
    page.get_by_label("Shown as").select_option(label="Twelve-month totals, from 100")
    page.locator(".vega-embed svg text", has_text="= 100").or_(
        page.locator(".vega-embed svg text", has_text="from 100")
    ).first.wait_for()
    page.get_by_label("Since").select_option(label="April 2020")
    page.locator("textarea").filter(has_not_text="x").first.wait_for()
    page.wait_for_function("document.querySelector('textarea').value.includes(\"since='2020-04'\")")
    page.get_by_label("Show events").uncheck()
    page.wait_for_function("document.querySelector('textarea').value.includes('events=False')")
    page.get_by_label("Shown as").select_option(label="Twelve-month totals per 1,000 residents")
    until_said(page, "no file at hand has the residents of Bromley")


def test_trends_add_up_the_months_dragged_over(page: playwright.Page, address: tuple[str, str]) -> None:
    open_page(page, address, "01_trends")
    box = page.locator(".vega-embed svg").bounding_box()
    assert box is not None
    page.mouse.move(box["x"] + 150, box["y"] + 200)
    page.mouse.down()
    page.mouse.move(box["x"] + 300, box["y"] + 220, steps=8)
    page.mouse.up()
    page.locator("ul[role=status] li", has_text="in the same months a year before").or_(
        page.locator("ul[role=status] li", has_text="no whole year before")
    ).first.wait_for()


def test_wards_are_linked(page: playwright.Page, address: tuple[str, str]) -> None:
    open_page(page, address, "02_wards")
    until_said(page, "has the most")
    bar = page.locator(".vega-embed svg [aria-roledescription=bar], .vega-embed svg .mark-rect path").nth(3)
    bar.click(force=True)
    page.locator("ul[role=status]").nth(1).wait_for()
    page.get_by_label("Measure").select_option(label="Race and hate crime: Hate crime")
    until_said(page, "Bromley Town has the most")
    page.get_by_label("Over").select_option(label="The last month")
    page.locator(".vega-embed svg text", has_text="the last month to November 2021").wait_for()
    page.get_by_label("Up to").select_option(label="October 2021")
    page.locator(".vega-embed svg text", has_text="October 2021").wait_for()
    page.get_by_label("Ward", exact=True).select_option(label="Bickley")
    until_said(page, "Hate crime (Bickley)")
    page.get_by_label("Area").select_option(label="Croydon")
    until_said(page, "No file at hand gives hate crime by ward in Croydon")


def test_a_definition_is_ticked_named_and_saved(page: playwright.Page, address: tuple[str, str]) -> None:
    view = PROJECT_ROOT / "parameters" / "views" / "tried_in_a_test.yml"
    view.unlink(missing_ok=True)
    open_page(page, address, "03_asb_definition")
    page.get_by_label("Name of the definition").fill("Animals only")
    page.get_by_label("Name of the definition").press("Enter")
    page.get_by_label("Headings (none: all)").select_option(label="Animal problems")
    until_said(page, "Animals only counts")
    page.get_by_label("Qualifiers (none: all)").select_option(label="Personal")
    until_said(page, "qualifiers: personal")
    page.get_by_label("Any of these tags").select_option(label="Animals")
    until_said(page, "tags: animal")
    page.get_by_label("Without headings").select_option(label="Begging")
    until_said(page, "without headings: begging")
    page.get_by_label("Without tags").select_option(label="Speeding")
    until_said(page, "without tags: speeding")
    page.get_by_label("View name").fill("tried_in_a_test")
    page.get_by_label("View name").press("Tab")
    page.get_by_role("button", name="Save view").click()
    until_said(page, "Animals only")
    page.locator("ul[role=status] li", has_text="Saved as parameters/views/tried_in_a_test.yml").wait_for()
    try:
        assert "animal_problems" in view.read_text(encoding="utf-8")
    finally:
        view.unlink()


def test_the_base_month_is_dragged(page: playwright.Page, address: tuple[str, str]) -> None:
    open_page(page, address, "04_partners")
    until_said(page, "Reported domestic abuse")
    slider = page.get_by_role("slider").first
    slider.focus()
    slider.press("ArrowRight")
    slider.press("ArrowRight")
    page.locator(".vega-embed svg text", has_text="= 100").first.wait_for()
    page.get_by_label("Compared up to").select_option(label="October 2021")
    page.wait_for_function("document.querySelector('textarea').value.includes('2021-10')")


def test_a_file_is_tried(page: playwright.Page, address: tuple[str, str], tmp_path: Path) -> None:
    open_page(page, address, "05_data_check")
    until_said(page, "illustrative, not real")
    page.get_by_label("Source").first.select_option(index=1)
    web_page = tmp_path / "MPS Borough Level Crime.csv"
    web_page.write_text("<html>log in</html>")
    page.get_by_label("Source").nth(1).select_option(label="MPS recorded crime, geographic breakdown")
    with page.expect_file_chooser() as chooser:
        page.get_by_role("button", name="Choose a file").click()
    chooser.value.set_files(web_page)
    page.locator("ul[role=status] li", has_text="this is a web page, not a data file").wait_for()
    assert page.get_by_role("button", name="Take it in").is_disabled()


@pytest.mark.parametrize("query", ["", "?token=wrong"])
def test_without_the_token_nothing_is_shown(address: tuple[str, str], query: str) -> None:
    answer = urllib.request.urlopen(f"{address[0]}voila/render/02_wards.ipynb{query}", timeout=60)
    assert "/login" in answer.url
    assert b"Burglary" not in answer.read()


def test_another_host_name_is_shown_nothing_either(address: tuple[str, str]) -> None:
    asked = urllib.request.Request(f"{address[0]}voila/render/02_wards.ipynb", headers={"Host": "evil.example"})
    answer = urllib.request.urlopen(asked, timeout=60)
    assert b"Burglary" not in answer.read()


def test_another_address_is_not_answered(address: tuple[str, str]) -> None:
    port = int(address[0].rstrip("/").rsplit(":", 1)[1])
    with pytest.raises(OSError, match="refused"):
        socket.create_connection(("127.0.0.3", port), timeout=5)
