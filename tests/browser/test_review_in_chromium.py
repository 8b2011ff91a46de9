"""A reviewer's way through ``crimelib review``: read, tick, sign off."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from pathlib import Path

import pytest
from toy_pack import publish, without_kernels, write_notebook

from crimelib.production import run
from crimelib.production.review import read_register
from crimelib.production.review_server import Desk, ReviewServer
from crimelib.settings import load_settings

playwright = pytest.importorskip("playwright.sync_api")
pytestmark = pytest.mark.browser


@pytest.fixture
def server(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[ReviewServer]:
    monkeypatch.setattr(run, "execute_notebooks", without_kernels)
    made = publish(tmp_path, [write_notebook(tmp_path, "01_first", "x = 1", title="First")])
    with ReviewServer(Desk(made.path, load_settings().review)) as server:
        thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield server
        server.shutdown()
        thread.join()


def test_a_reviewer_reads_ticks_and_signs_off_by_keyboard_and_without_scripts(
    browser: playwright.Browser, server: ReviewServer
) -> None:
    page = browser.new_context(java_script_enabled=False).new_page()
    page.goto(server.url)
    assert page.url == f"http://{server.host}/"
    with page.context.expect_page() as opened:
        page.get_by_role("link", name="Read the pack").click()
    assert "Community safety in Bromley" in opened.value.title()
    for box in page.get_by_role("checkbox").all():
        box.press("Space")
    page.get_by_label("Your role").select_option("Chair of the board")
    page.get_by_role("radio", name="Sign off").check()
    page.get_by_label("Remark").fill("Read with the analyst")
    page.get_by_role("button", name="Record the decision").press("Enter")
    assert page.get_by_role("cell", name="Chair of the board").is_visible()
    assert page.get_by_text("Signed off. To release it").is_visible()
    (found,) = read_register(server.desk.pack).decisions
    assert (found.role, found.remark, len(found.looked_at)) == ("Chair of the board", "Read with the analyst", 8)


def test_what_is_not_ticked_is_named_and_what_was_given_stays(
    browser: playwright.Browser, server: ReviewServer
) -> None:
    page = browser.new_context().new_page()
    page.goto(server.url)
    page.get_by_role("checkbox").first.check()
    page.get_by_label("Your role").select_option("Chair of the board")
    page.get_by_role("radio", name="Sign off").check()
    page.get_by_role("button", name="Record the decision").click()
    assert "Not ticked: Are the data complete?" in page.get_by_role("alert").inner_text()
    assert page.get_by_role("checkbox").first.is_checked()
    assert page.get_by_label("Your role").input_value() == "Chair of the board"
    assert read_register(server.desk.pack).decisions == ()


def test_another_site_can_neither_frame_nor_post(
    browser: playwright.Browser, server: ReviewServer, tmp_path: Path
) -> None:
    context = browser.new_context()
    context.new_page().goto(server.url)
    attack = tmp_path / "attack.html"
    fields = "".join(f"<input name={name} value=x>" for name in ("token", "role", "decision"))
    action = f"http://{server.host}/decide"
    attack.write_text(f"<iframe src='http://{server.host}/'></iframe><form method=post action={action}>{fields}</form>")
    page = context.new_page()
    page.goto(attack.as_uri())
    assert "Review of the pack" not in page.frames[1].content()
    with page.expect_navigation():
        page.evaluate("document.forms[0].submit()")
    assert "403" in page.content()
    assert read_register(server.desk.pack).decisions == ()


@pytest.mark.parametrize("width", [400, 1280])
@pytest.mark.parametrize("look", [{"color_scheme": "light"}, {"color_scheme": "dark"}, {"forced_colors": "active"}])
def test_axe_finds_nothing_and_it_is_no_wider_than_the_screen(
    browser: playwright.Browser, server: ReviewServer, look: dict[str, str], width: int
) -> None:
    axe = pytest.importorskip("axe_playwright_python.sync_playwright").Axe()
    page = browser.new_context(bypass_csp=True, viewport={"width": width, "height": 800}, **look).new_page()
    page.goto(server.url)
    assert page.evaluate("document.documentElement.scrollWidth") == width
    found = axe.run(page)
    assert found.violations_count == 0, found.generate_report()
