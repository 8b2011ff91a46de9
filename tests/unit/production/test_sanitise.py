"""Only what is on the allow-list comes through, and tables keep what makes them readable."""

import pytest

from crimelib.production.sanitise import clean_html, safe_html, safe_markdown

TABLE = (
    '<table><caption>Wards</caption><thead><tr><th scope="col">Ward</th><th>n</th></tr></thead>'
    '<tbody><tr><th>Bickley</th><td class="num" colspan="2">5</td></tr></tbody></table>'
)


def test_a_table_keeps_caption_and_headings_and_gains_scopes() -> None:
    clean = clean_html(TABLE)
    assert "<caption>Wards</caption>" in clean
    assert clean.count('scope="col"') == 2
    assert '<th scope="row">Bickley</th><td class="num" colspan="2">5</td>' in clean


def test_cleaning_twice_changes_nothing() -> None:
    assert clean_html(clean_html(TABLE)) == clean_html(TABLE)


def test_a_table_on_a_page_scrolls_in_a_frame_that_the_keyboard_reaches() -> None:
    assert safe_html(TABLE).startswith('<div class="scroll" tabindex="0"')


def test_an_empty_heading_is_a_plain_cell() -> None:
    assert clean_html("<table><tbody><tr><th></th></tr></tbody></table>").count("<td></td>") == 1


@pytest.mark.parametrize(
    "payload",
    [
        "<script>x()</script>",
        "<img src=x onerror=x()>",
        "<svg onload=x()><script>x()</script></svg>",
        "<a href='javascript:x()'>a</a>",
        "<a href='data:text/html,<script>x()</script>'>a</a>",
        "<b onmouseover=x()>a</b>",
        "<iframe srcdoc='<script>x()</script>'></iframe>",
        "<style>@import 'http://evil.example/x'</style>",
        "<p style='background:url(http://evil.example/x)'>a</p>",
        "<form action='http://evil.example'><input onfocus=x() autofocus></form>",
        "<meta http-equiv=refresh content='0;url=javascript:x()'>",
        "<math><mtext><table><mglyph><style><img src onerror=x()>",
        "<link rel=stylesheet href=http://evil.example/x>",
        "<object data='javascript:x()'></object>",
        "<noscript><p title='</noscript><img src=x onerror=x()>'>",
    ],
)
def test_nothing_that_runs_or_loads_comes_through(payload: str) -> None:
    clean = clean_html(payload)
    tags = ("<script", "<img", "<svg", "<iframe", "<style", "<form", "<meta", "<link", "<object", "<input")
    assert not any(word in clean for word in (*tags, "<b on", "style=", "javascript:", 'href="data'))


def test_markdown_shows_raw_html_as_text_and_drops_script_links_and_pictures() -> None:
    html = safe_markdown(
        "**a** <img src=x onerror=x()> [b](javascript:x()) ![c](http://evil.example/c.png)\n\n|a|\n|-|\n|1|"
    )
    assert "<strong>a</strong>" in html
    assert "&lt;img src=x onerror=x()&gt;" in html
    assert "<img" not in html
    assert 'href="javascript' not in html
    assert '<th scope="col">a</th>' in html
