"""The pages as Chromium shows them: nothing runs, nothing is fetched, and all can be read by everyone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output, writes
from toy_pack import publish, small_summary, summary_rows, without_kernels

from crimelib.production import run
from crimelib.production.portable import CHART_TYPE

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser

REMOTE = "http://evil.example/x"
PAYLOADS = [
    "<script>window.pwned=1</script>",
    "<img src=x onerror=window.pwned=1>",
    f"<img src={REMOTE}>",
    f"![a]({REMOTE})",
    "<svg onload=window.pwned=1></svg>",
    "[click](javascript:window.pwned=1)",
    "<a href='javascript:window.pwned=1'>click</a>",
    "<a href='&#106;avascript:window.pwned=1'>click</a>",
    "<details open ontoggle=window.pwned=1>x</details>",
    "<iframe src='javascript:parent.pwned=1'></iframe>",
    f"<link rel=stylesheet href={REMOTE}>",
    f"<style>@import '{REMOTE}'; * {{ display: none }}</style>",
    f"<p style='background:url({REMOTE})'>x</p>",
    f"<meta http-equiv=refresh content='0;url={REMOTE}'>",
    f"<base href={REMOTE}>",
    f"<form action={REMOTE}><button autofocus onfocus=window.pwned=1>x</button></form>",
    f"<object data={REMOTE}></object><embed src={REMOTE}>",
    f"<video src={REMOTE} autoplay onerror=window.pwned=1></video>",
    '"><script>window.pwned=1</script>',
    "' onmouseover='window.pwned=1' x='",
    "</style></title></textarea><script>window.pwned=1</script>",
    "{{ 7*7 }}{% raw %}<script>window.pwned=1</script>",
    "<math><mtext><table><mglyph><style><img src=x onerror=window.pwned=1>",
    "<noscript><p title='</noscript><img src=x onerror=window.pwned=1>'>",
]
LIVE = (
    "script, iframe, object, embed, form, button, video, base, link:not([rel=icon]), style ~ style, svg, math, [style]"
)
SVG = (
    '<svg xmlns="http://www.w3.org/2000/svg" xmlns:xlink="http://www.w3.org/1999/xlink" width="600" height="200">'
    f'<script>top.pwned=1</script><image xlink:href="{REMOTE}"/><rect width="600" height="200" fill="#0b4f6c"/></svg>'
)
TABLE = "<table><caption>Wards</caption><thead><tr><th>Ward</th><th>Count</th></tr></thead><tbody>{}</tbody></table>"


def hostile_notebook(folder: Path) -> Path:
    """Every payload, raw, in every kind of cell and output that a page shows."""
    everything = "\n\n".join(PAYLOADS)
    rows = "".join(f"<tr><th>{payload}</th><td>5</td></tr>" for payload in PAYLOADS)
    outputs = [
        new_output("stream", name="stdout", text=everything),
        new_output("display_data", {"text/html": TABLE.format(rows)}),
        new_output("display_data", {"text/html": everything}),
        new_output("display_data", {"text/markdown": everything}),
        new_output("display_data", {"text/plain": everything}),
        new_output("display_data", {"application/javascript": "window.pwned=1", "text/plain": "js"}),
        new_output("display_data", {"image/svg+xml": SVG}),
        *(
            new_output("display_data", {CHART_TYPE: {"title": payload, "alt": payload}, "image/svg+xml": SVG})
            for payload in PAYLOADS
        ),
    ]
    cells = [
        new_markdown_cell(f"# {PAYLOADS[0]}"),
        new_code_cell("area = ''\nperiod = ''", metadata={"tags": ["parameters"]}),
        new_markdown_cell("\n\n".join(f"## {payload}\n\n{payload}" for payload in PAYLOADS)),
        new_code_cell(everything, outputs=outputs),
    ]
    path = folder / "01_hostile.ipynb"
    path.write_text(writes(new_notebook(cells=cells)))
    return path


def plain_notebook(folder: Path) -> Path:
    sentence = "In the twelve months to November 2021 there were **606** offences."
    table = TABLE.format("<tr><th>Bickley</th><td>5</td></tr>")
    chart = {CHART_TYPE: {"title": "Offences a month", "alt": "Offences rose."}, "image/svg+xml": SVG}
    outputs = [new_output("display_data", data) for data in ({"text/markdown": sentence}, chart, {"text/html": table})]
    cells = [
        new_markdown_cell("# Sexual offences"),
        new_code_cell("area = ''\nperiod = ''", metadata={"tags": ["parameters"]}),
        new_markdown_cell("## Evidence"),
        new_code_cell("item", outputs=outputs),
        new_markdown_cell("## Questions"),
    ]
    path = folder / "09_sexual_offences.ipynb"
    path.write_text(writes(new_notebook(cells=cells)))
    return path


@pytest.fixture(scope="module")
def pack(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("pack")
    failing = folder / "05_fails.ipynb"
    notebooks = [hostile_notebook(folder), plain_notebook(folder)]
    failing.write_text(notebooks[1].read_text())
    hostile = [
        {"item": payload, "measure": payload, "window": "rolling_12", "status": payload, "note": payload}
        for payload in PAYLOADS
    ]
    summary = pd.concat([small_summary(), summary_rows(*hostile)])
    titles = {payload: payload for payload in PAYLOADS}
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "execute_notebooks", without_kernels)
        area = "Bromley <script>window.pwned=1</script>"
        return publish(folder, [*notebooks, failing], summary=summary, titles=titles, area_name=area).path


def visit(browser: playwright.Browser, url: Path, **context: object) -> tuple[playwright.Page, list[str]]:
    """The page, and what it asked for beside itself that its policy did not stop."""
    page = browser.new_context(**context).new_page()
    asked: list[playwright.Request] = []
    page.on("request", lambda request: asked.append(request))
    page.goto(url.as_uri())
    beside = [request for request in asked if not request.url.startswith(("file://", "data:"))]
    return page, [request.url for request in beside if request.failure != "csp"]


NAMES = ["index", "hostile", "fails", "sexual_offences"]


@pytest.mark.parametrize("name", NAMES)
@pytest.mark.parametrize("bypass_csp", [False, True], ids=["with the policy", "by sanitising alone"])
def test_no_payload_runs_loads_or_leaves_anything_live(
    browser: playwright.Browser, pack: Path, name: str, bypass_csp: bool
) -> None:
    page, asked = visit(browser, pack / f"{name}.html", bypass_csp=bypass_csp)
    assert asked == []
    assert page.evaluate("window.pwned") is None
    assert page.locator(LIVE).count() == 0
    attributes = page.evaluate("[...document.querySelectorAll('*')].flatMap(e => [...e.attributes].map(a => a.name))")
    assert not [attribute for attribute in attributes if attribute.startswith("on")]
    links = page.evaluate("[...document.querySelectorAll('a')].map(a => a.protocol)")
    assert set(links) <= {"file:", "http:", ":"}  # a link to follow by hand may lead out; ":" is one that leads nowhere


def test_payloads_are_shown_as_the_text_they_are(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "hostile.html")
    text = page.inner_text("main")
    assert all(payload in text for payload in PAYLOADS)


def test_the_policy_by_itself_stops_a_script_and_a_remote_picture(
    browser: playwright.Browser, pack: Path, tmp_path: Path
) -> None:
    html = (pack / "sexual_offences.html").read_text()
    attack = f"<script>window.pwned=1</script><img src=x onerror=window.pwned=1><img src={REMOTE}></main>"
    (tmp_path / "attacked.html").write_text(html.replace("</main>", attack))
    page, asked = visit(browser, tmp_path / "attacked.html")
    assert page.evaluate("window.pwned") is None
    assert asked == []
    assert page.locator("script").count() == 1


def test_a_page_is_whole_with_scripts_off(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "sexual_offences.html", java_script_enabled=False)
    for text in ("Sexual offences", "there were 606 offences", "Wards", "Illustrative data - not real figures"):
        assert page.get_by_text(text).first.is_visible()
    assert page.get_by_alt_text("Offences rose.").bounding_box()["height"] > 100
    assert not page.locator(".code").first.is_visible()


def test_the_code_is_one_key_away_without_scripts(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "sexual_offences.html", java_script_enabled=False)
    page.locator("#show-code").focus()
    page.keyboard.press("Space")
    assert page.locator(".code").first.is_visible()


def test_the_key_that_the_page_names_shows_the_code(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "sexual_offences.html")
    assert "Alt+C" in page.inner_text(".toggle")
    pressed = {"type": "char", "modifiers": 1, "text": "c", "unmodifiedText": "c"}  # 1 is Alt
    page.context.new_cdp_session(page).send("Input.dispatchKeyEvent", pressed)
    assert page.locator(".code").first.is_visible()


@pytest.mark.parametrize("name", NAMES)
def test_no_page_is_wider_than_a_phone(browser: playwright.Browser, pack: Path, name: str) -> None:
    page, _ = visit(browser, pack / f"{name}.html", viewport={"width": 400, "height": 800})
    assert page.evaluate("document.documentElement.scrollWidth") == 400


def test_the_contents_stay_in_sight(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "hostile.html", viewport={"width": 1280, "height": 800})
    page.mouse.wheel(0, 1500)
    page.wait_for_function("window.scrollY > 500")
    assert page.locator(".contents").bounding_box()["y"] == pytest.approx(24, abs=2)


def test_the_overview_leads_to_an_item_and_on_to_the_next(browser: playwright.Browser, pack: Path) -> None:
    page, _ = visit(browser, pack / "index.html")
    page.get_by_role("table").get_by_role("link", name="Sexual offences").click()
    assert page.url.endswith("/sexual_offences.html")
    page.locator("a[rel=prev]").click()
    assert page.url.endswith("/hostile.html")


LOOKS = {
    "light": {"color_scheme": "light"},
    "dark": {"color_scheme": "dark"},
    "high contrast": {"forced_colors": "active"},
    "more contrast": {"contrast": "more"},
}


@pytest.mark.parametrize("look", LOOKS)
@pytest.mark.parametrize("name", ["index", "fails", "sexual_offences"])
def test_axe_finds_nothing(browser: playwright.Browser, pack: Path, name: str, look: str) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page, _ = visit(browser, pack / f"{name}.html", **LOOKS[look], bypass_csp=True)
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
