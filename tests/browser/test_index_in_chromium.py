"""The index of all packs and the comparison of two, as Chromium shows them."""

from __future__ import annotations

from pathlib import Path

import pytest
from toy_pack import publish, small_summary, without_kernels, write_notebook

from crimelib.production import run
from crimelib.production.diff import diff_packs, diff_page
from crimelib.production.index import write_index
from crimelib.production.pack import pack_path

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser
LOOKS = [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}]


@pytest.fixture(scope="module")
def reports(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Packs of two areas, two periods and two audiences, their index, and two of them compared."""
    folder = tmp_path_factory.mktemp("packs")
    toys = [write_notebook(folder, "01_first", "x = 1", title="First")]
    area = {"area_name": "Kensington and Chelsea"}
    made = [
        ("Bromley", "2021-10", "board", {}),
        ("Bromley", "2021-11", "board", {"summary": small_summary().assign(current=612)}),
        ("Bromley", "2021-11", "public", {}),
        ("Kensington and Chelsea", "2021-11", "partner", area),
    ]
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "execute_notebooks", without_kernels)
        for name, period, audience, more in made:
            target = pack_path(folder / "reports", name, period, audience)
            publish(folder, toys, target=target, period=period, audience=audience, **more)
    write_index(folder / "reports")
    compared = diff_packs(*(folder / "reports/bromley" / period for period in ("2021-10", "2021-11")))
    (folder / "reports/what-changed.html").write_text(diff_page(compared), encoding="utf-8")
    return folder / "reports"


@pytest.mark.parametrize("name", ["index.html", "what-changed.html"])
@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("look", LOOKS)
def test_axe_finds_nothing_and_it_is_no_wider_than_the_screen(
    browser: playwright.Browser, reports: Path, look: dict[str, str], width: int, name: str
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 800}, **look).new_page()
    asked: list[str] = []
    page.on("request", lambda request: asked.append(request.url))
    page.goto((reports / name).as_uri())
    assert page.evaluate("document.documentElement.scrollWidth") == width
    assert not [url for url in asked if not url.startswith(("file://", "data:"))]
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()


def test_every_pack_is_reached_from_the_index_by_keyboard_and_without_scripts(
    browser: playwright.Browser, reports: Path
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto((reports / "index.html").as_uri())
    links = page.locator("main a")
    assert links.count() == 4
    for place in range(4):
        links.nth(place).press("Enter")
        assert "Community safety in" in page.title()
        page.goto((reports / "index.html").as_uri())
