"""The pack's HTML: one page for each executed notebook, and one for a notebook that failed.

The template is this project's own. nbconvert's plain ``TemplateExporter`` loads it, not ``HTMLExporter``, which
parses and rewrites the finished page, and so could undo the sanitising and the hash in the security policy. It is given
the notebook itself: on the way through ``from_notebook_node`` each would be copied and checked a dozen times, for steps
that change nothing in it.
"""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from html import escape, unescape
from pathlib import Path
from typing import Any

from markupsafe import Markup

from crimelib.production.live import (
    FOLDER,
    chart_name,
    has_live_charts,
    live_block,
    page_script,
    script_policy,
    with_named_charts,
)
from crimelib.production.portable import CHART_TYPE
from crimelib.production.sanitise import safe_html, safe_markdown
from crimelib.start_up import skip_address_grammar

DRAFT_NOTICE = "Draft - not reviewed yet"
ILLUSTRATIVE_NOTICE = "Illustrative data - not real figures"
_TEMPLATES = Path(__file__).parent / "templates"


@dataclass(frozen=True)
class Page:
    """One page of the pack; ``reason`` says why it could not be made, and is empty when it could."""

    name: str
    title: str
    reason: str = ""

    @property
    def href(self) -> str:
        return f"{self.name}.html"


@dataclass(frozen=True)
class Earlier:
    """The pack of the period before that stood beside this one when it was made: its folder's name, its period in
    words, and the pages that it has."""

    folder: str
    period: str
    pages: tuple[str, ...]


@dataclass(frozen=True)
class PackInfo:
    """What every page of a pack says about it; ``provenance`` holds the footer's labels and texts."""

    area: str
    period: str
    audience: str
    illustrative: bool
    provenance: tuple[tuple[str, str], ...]
    draft: bool = False
    earlier: Earlier | None = None

    @property
    def notices(self) -> tuple[str, ...]:
        """What must stand on every page and sheet."""
        return (DRAFT_NOTICE,) * self.draft + (ILLUSTRATIVE_NOTICE,) * self.illustrative


@dataclass(frozen=True)
class Heading:
    text: str
    anchor: str


@dataclass(frozen=True)
class AnchoredHtml:
    """HTML whose second-level headings can be linked to, and those headings in order."""

    html: Markup
    headings: tuple[Heading, ...]


def page_title(notebook: Any, name: str) -> str:
    """The first heading in a notebook's Markdown, or its name in words."""
    for cell in notebook.cells:
        heading = re.search(r"^#\s+(.+?)\s*#*$", cell.source, re.MULTILINE)
        if cell.cell_type == "markdown" and heading:
            return _plain_text(safe_markdown(heading[1]))
    return name.replace("_", " ").capitalize()


def render_page(notebook: Any, page: Page, pages: Sequence[Page], info: PackInfo) -> str:
    """A notebook's page as HTML; ``pages`` is the whole pack in order."""
    named = with_named_charts(notebook, page.name)
    resources = {"page": page, **_frame(info, live=has_live_charts(named)), **_neighbours(page, pages)}
    return _exporter().template.render(nb=named, resources=resources).lstrip()


def render_failure(page: Page, pages: Sequence[Page], info: PackInfo) -> str:
    """The page that stands in for one that could not be made."""
    return render_template("failed.html.j2", info=info, title=page.title, page=page, **_neighbours(page, pages))


def render_template(template: str, *, info: PackInfo, more_style: str = "", **values: Any) -> str:
    """One of this project's templates, with everything escaped but what is marked safe; ``more_style`` names a style
    sheet that it needs beside the pack's."""
    return _exporter().environment.get_template(template).render(**_frame(info, more_style), **values)


def render_output(output: Mapping[str, Any]) -> Markup:
    """One cell output as HTML: charts as pictures with their words, tables and text sanitised, the rest left out."""
    if output["output_type"] == "stream":
        return _preformatted(output["text"] if output["name"] == "stdout" else "")
    data = output.get("data", {})
    if CHART_TYPE in data:
        return Markup(_chart(data, chart_name(output)))
    if "image/svg+xml" in data:
        return Markup(_figure("image/svg+xml", _encoded(data["image/svg+xml"]), "Chart", ""))
    if "image/png" in data:
        return Markup(_figure("image/png", re.sub(r"[^A-Za-z0-9+/=]", "", data["image/png"]), "Picture", ""))
    if "text/html" in data:
        return Markup(safe_html(data["text/html"]))
    if "text/markdown" in data:
        return Markup(safe_markdown(data["text/markdown"]))
    return _preformatted(data.get("text/plain", ""))


def anchored_headings(html: str) -> AnchoredHtml:
    """Sanitised HTML with an id on each second-level heading."""
    headings: list[Heading] = []

    def anchored(match: re.Match[str]) -> str:
        heading = Heading(_plain_text(match[2]), f"section-{len(headings) + 1}")
        headings.append(heading)
        return f'<h2{match[1]} id="{heading.anchor}">{match[2]}</h2>'

    numbered = re.sub(r"<h2((?: [^>]*)?)>(.*?)</h2>", anchored, html, flags=re.DOTALL)
    return AnchoredHtml(Markup(numbered), tuple(headings))


def _preformatted(text: str) -> Markup:
    return Markup(f'<pre class="stream">{escape(text)}</pre>' if text.strip() else "")


def _chart(data: Mapping[str, Any], name: str) -> str:
    """A chart as its picture, the way to its rows, and what draws it again."""
    words = data[CHART_TYPE]
    title, alt = str(words.get("title") or ""), str(words.get("alt") or "")
    if "image/svg+xml" not in data:
        return f"<p>{escape(alt or title)}</p>"
    narrow = _for_phones(words["narrow_spec"], title, alt) if words.get("narrow_spec") else ""
    beside = _data_link(name, title) if name and words.get("data") else ""
    beside += live_block(words, name)
    return _figure("image/svg+xml", _encoded(data["image/svg+xml"]), alt or title or "Chart", title, narrow, beside)


def _data_link(name: str, title: str) -> str:
    words = f'Data (CSV)<span class="unseen"> of the chart “{escape(title)}”</span>'
    return f'<figcaption><a href="{FOLDER}/{name}.csv" download>{words}</a></figcaption>'


def _for_phones(spec: dict[str, Any], title: str, alt: str) -> str:
    """The picture that a narrow screen shows instead, drawn from the specification for it."""
    from crimelib.board.charts import draw_svg

    drawn = _encoded(draw_svg(spec, title=title, alt=alt))
    return f'<source media="(max-width: 40rem)" srcset="data:image/svg+xml;base64,{drawn}">'


def _figure(media_type: str, encoded: str, alt: str, title: str, source: str = "", beside: str = "") -> str:
    """A picture within the page: as an image, its scripts do not run and its links do not load."""
    image = f'<picture>{source}<img src="data:{media_type};base64,{encoded}" alt="{escape(alt)}"></picture>'
    label = ": ".join(filter(None, ("Chart", escape(title))))
    frame = f'<div class="picture" tabindex="0" role="region" aria-label="{label}">{image}</div>'
    return f'<figure class="chart">{frame}{beside}</figure>'


def _encoded(text: str) -> str:
    return base64.b64encode(text.encode()).decode("ascii")


def _highlighted(source: str) -> Markup:
    from pygments import highlight
    from pygments.formatters import HtmlFormatter
    from pygments.lexers import PythonLexer

    return Markup(highlight(source, PythonLexer(), HtmlFormatter(nowrap=True)))


def _plain_text(html: str) -> str:
    return unescape(re.sub(r"<[^>]+>", "", html)).strip()


def _neighbours(page: Page, pages: Sequence[Page]) -> dict[str, Page | None]:
    position = pages.index(page)
    following = pages[position + 1] if position + 1 < len(pages) else None
    return {"previous": pages[position - 1] if position else None, "next": following}


def _frame(info: PackInfo, more_style: str = "", *, live: bool = False) -> dict[str, Any]:
    style = _style(info.notices) + ((_TEMPLATES / "pack" / more_style).read_text("utf-8") if more_style else "")
    digest = base64.b64encode(hashlib.sha256(style.encode()).digest()).decode("ascii")
    policy = f"default-src 'none'; img-src data:; style-src 'sha256-{digest}'; base-uri 'none'; form-action 'none'"
    script = {"policy": f"{policy}; {script_policy()}", "script": Markup(page_script())} if live else {"script": ""}
    notice = {"illustrative_notice": ILLUSTRATIVE_NOTICE}
    return {"info": info, "style": Markup(style), "policy": policy, **notice, **script}


@cache
def _style(notices: tuple[str, ...]) -> str:
    """The style sheet; on paper every sheet carries the pack's notices."""
    sheet = (_TEMPLATES / "pack" / "style.css").read_text(encoding="utf-8")
    notice = f'@page {{ @top-center {{ content: "{" · ".join(notices)}"; font: 600 8pt sans-serif; }} }}\n'
    return sheet + (notice if notices else "")


@cache
def _exporter() -> Any:
    skip_address_grammar()
    from nbconvert.exporters import TemplateExporter

    exporter = TemplateExporter(
        extra_template_basedirs=[str(_TEMPLATES)], template_name="pack", template_file="page.html.j2"
    )
    exporter.environment.autoescape = True
    exporter.environment.filters |= {
        "board_markdown": lambda text: Markup(safe_markdown(text)),
        "board_code": _highlighted,
        "board_output": render_output,
        "anchored_headings": anchored_headings,
    }
    return exporter
