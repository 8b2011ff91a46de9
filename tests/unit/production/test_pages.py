"""What a page shows of a notebook's cells, and how it shows it."""

import base64
import hashlib
import re

import pytest
from nbformat.v4 import new_code_cell, new_markdown_cell, new_notebook, new_output

from crimelib.production.pages import (
    ILLUSTRATIVE_NOTICE,
    PackInfo,
    Page,
    anchored_headings,
    page_title,
    render_failure,
    render_output,
    render_page,
)
from crimelib.production.portable import CHART_TYPE

SVG = '<svg xmlns="http://www.w3.org/2000/svg"><text>1 < 2</text></svg>'
PAGES = [Page("first", "First"), Page("middle", "Middle & <more>"), Page("last", "Last", "ValueError: <b>no</b>")]


def info(*, illustrative: bool = True, area: str = "Bromley") -> PackInfo:
    return PackInfo(area, "November 2021", "board", illustrative, (("Run", "abc, made 1 December 2021"),))


def shown(data: dict[str, object]) -> str:
    return str(render_output(new_output("display_data", data)))


def toy_page(*cells: str, **changes: bool) -> str:
    return render_page(
        new_notebook(cells=[new_markdown_cell(cell) for cell in cells]), PAGES[1], PAGES, info(**changes)
    )


def test_a_chart_is_a_picture_with_its_finding_and_title() -> None:
    html = shown({CHART_TYPE: {"title": 'A "t" & b', "alt": "Rose <10%", "spec": {}}, "image/svg+xml": SVG})
    assert base64.b64encode(SVG.encode()).decode() in html
    assert 'alt="Rose &lt;10%"' in html
    assert 'aria-label="Chart: A &quot;t&quot; &amp; b"' in html
    assert "<svg" not in html


def test_a_chart_without_a_picture_is_told_in_words() -> None:
    assert shown({CHART_TYPE: {"title": "t", "alt": "Burglary fell."}, "text/plain": "x"}) == "<p>Burglary fell.</p>"


@pytest.mark.parametrize(
    ("data", "expected"),
    [
        ({"text/html": "<table></table>", "text/plain": "x"}, "<table>"),
        ({"text/markdown": "**a**", "text/plain": "x"}, "<strong>a</strong>"),
        ({"text/plain": "<a>"}, "&lt;a&gt;"),
        ({"image/png": "aGk=\n"}, 'src="data:image/png;base64,aGk="'),
        ({"image/png": '"><script>', "text/plain": "x"}, 'base64,script"'),
    ],
)
def test_the_richest_safe_form_is_shown(data: dict[str, object], expected: str) -> None:
    assert expected in shown(data)


def test_scripts_warnings_and_errors_are_not_shown() -> None:
    outputs = [
        new_output("display_data", {"application/javascript": "x()"}),
        new_output("stream", name="stderr", text="FutureWarning"),
        new_output("error", ename="E", evalue="v", traceback=["/home/ann"]),
    ]
    assert [str(render_output(output)) for output in outputs] == ["", "", ""]


def test_printed_text_is_escaped() -> None:
    assert "&lt;b&gt;" in str(render_output(new_output("stream", name="stdout", text="<b>")))


def test_second_level_headings_are_the_contents_and_can_be_linked_to() -> None:
    anchored = anchored_headings("<h1>T</h1><h2>Same</h2><h2>Same &amp; <em>more</em></h2>")
    assert [(heading.text, heading.anchor) for heading in anchored.headings] == [
        ("Same", "section-1"),
        ("Same & more", "section-2"),
    ]
    assert '<h2 id="section-2">Same &amp; <em>more</em></h2>' in anchored.html


def test_the_title_is_the_first_heading_without_its_markup() -> None:
    notebook = new_notebook(cells=[new_code_cell("# not this"), new_markdown_cell("text\n\n# *Hate* crime & <more>")])
    assert page_title(notebook, "x") == "Hate crime & <more>"
    assert page_title(new_notebook(), "hate_crime") == "Hate crime"


def test_a_page_says_where_it_is_and_where_it_comes_from() -> None:
    html = toy_page("# Middle", "## Evidence")
    assert '<a href="#section-1">Evidence</a>' in html
    assert 'href="first.html"' in html
    assert 'href="last.html"' in html
    assert "abc, made 1 December 2021" in html
    assert "Middle &amp; &lt;more&gt;: Bromley, November 2021" in html


def test_code_is_there_but_folded() -> None:
    notebook = new_notebook(cells=[new_code_cell("x = '<b>'")])
    html = render_page(notebook, PAGES[1], PAGES, info())
    assert 'id="show-code"' in html
    assert re.search(r'<div class="code".*&lt;b&gt;', html)


@pytest.mark.parametrize("illustrative", [True, False])
def test_an_illustrative_pack_says_so_on_screen_and_on_paper_and_no_other_does(illustrative: bool) -> None:
    page, failure = (
        toy_page(illustrative=illustrative),
        render_failure(PAGES[2], PAGES, info(illustrative=illustrative)),
    )
    assert [html.count(ILLUSTRATIVE_NOTICE) for html in (page, failure)] == [2 * illustrative] * 2


def test_the_security_policy_allows_this_style_sheet_and_no_script() -> None:
    html = toy_page("# Middle")
    style = re.search(r"<style>(.*?)</style>", html, re.DOTALL)
    digest = base64.b64encode(hashlib.sha256(style[1].encode()).digest()).decode()
    policy = re.search(r'Content-Security-Policy" content="([^"]*)"', html)[1].replace("&#39;", "'")
    assert f"style-src 'sha256-{digest}'" in policy.replace("&#43;", "+")
    assert "default-src 'none'" in policy
    assert "script-src" not in policy
    assert "<script" not in html


def test_a_failure_page_gives_the_reason_as_text() -> None:
    html = render_failure(PAGES[2], PAGES, info(area="<i>B"))
    assert "This page could not be made: ValueError: &lt;b&gt;no&lt;/b&gt;" in html
    assert "&lt;i&gt;B" in html
