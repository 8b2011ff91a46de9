"""What may stand on a page: an allow-list for HTML that comes from notebooks, files and people.

Ward names, comments and call texts are untrusted, and nbconvert passes HTML, Markdown and JavaScript through
alive, so everything goes through here. Pictures are not in the list: charts reach a page only as ``data:`` images.
"""

from __future__ import annotations

import re

import nh3
from markdown_it import MarkdownIt

_TAGS = {
    *("a", "abbr", "b", "br", "code", "del", "em", "i", "ins", "s", "small", "span", "strong", "sub", "sup"),
    *("blockquote", "dd", "details", "div", "dl", "dt", "h1", "h2", "h3", "h4", "h5", "hr", "li", "ol", "p"),
    *("pre", "section", "summary", "ul"),
    *("caption", "col", "colgroup", "table", "tbody", "td", "tfoot", "th", "thead", "tr"),
}
_DROPPED_WHOLE = {"iframe", "math", "noscript", "script", "style", "svg", "template", "textarea", "title"}
_SPANS = {"colspan", "rowspan"}
_ATTRIBUTES = {
    "*": {"class", "lang", "title"},
    "a": {"href"},
    "abbr": {"title"},
    "col": {"span"},
    "ol": {"start"},
    "td": _SPANS,
    "th": _SPANS | {"abbr"},
}
_VALUES = {
    "th": {"scope": {"col", "row", "colgroup", "rowgroup"}},
    "*": {"aria-hidden": {"true"}, "dir": {"ltr", "rtl"}},
}
_CLEANER = nh3.Cleaner(
    tags=_TAGS,
    attributes=_ATTRIBUTES,
    tag_attribute_values=_VALUES,
    clean_content_tags=_DROPPED_WHOLE,
    url_schemes={"http", "https", "mailto"},
    link_rel="noopener noreferrer",
)
_MARKDOWN = MarkdownIt("commonmark", {"html": False}).enable(["table", "strikethrough"]).disable("image")


def clean_html(html: str) -> str:
    """HTML reduced to the allow-list, with every table heading given a scope."""
    return _scoped(_CLEANER.clean(html))


def safe_html(html: str) -> str:
    """Clean HTML for a page, where wide tables scroll by themselves."""
    return _scrollable(clean_html(html))


def safe_markdown(text: str) -> str:
    """Markdown as HTML: raw HTML shown as text, ``javascript:`` links and pictures dropped."""
    return safe_html(_MARKDOWN.render(text))


def _scoped(html: str) -> str:
    """Headings of columns and rows marked as such; an empty heading is a plain cell."""
    html = re.sub(r"<th[^>]*>\s*</th>", "<td></td>", html)
    html = re.sub(r"<thead.*?</thead>", lambda head: _add_scope(head[0], "col"), html, flags=re.DOTALL)
    return _add_scope(html, "row")


def _add_scope(html: str, scope: str) -> str:
    return re.sub(r"<th(?=[ >])(?![^>]*\sscope=)", f'<th scope="{scope}"', html)


def _scrollable(html: str) -> str:
    """Wide tables scroll in a frame of their own, which the keyboard reaches and which is called as its table is; they
    never widen a phone's page."""
    framed = re.sub(r"<table[^>]*>(?:\s*<caption[^>]*>(.*?)</caption>)?", _frame, html, flags=re.DOTALL)
    return framed.replace("</table>", "</table></div>")


def _frame(table: re.Match[str]) -> str:
    words = re.sub(r"<[^>]+>", " ", table[1] or "")
    name = ": ".join(filter(None, ("Table", " ".join(words.split()).replace('"', "&quot;"))))
    return f'<div class="scroll" tabindex="0" role="region" aria-label="{name}">{table[0]}'
