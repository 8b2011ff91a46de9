"""Live charts: what a page needs to draw its charts again, and the one copy of Vega that a pack's pages share.

The static picture stands on the page; a small script replaces it on the screen when it can. The specification is data
in an inert block, never a script, and Vega interprets its expressions, so that the page's policy can forbid ``eval``.
A chart is called by its page and its place there, ``hate_crime-1``: that is the id of its block, and the name of the
CSV file of its rows, in the pack's folder ``charts``.
"""

from __future__ import annotations

import base64
import copy
import hashlib
import json
from collections.abc import Iterator, Mapping
from functools import cache
from itertools import count
from pathlib import Path
from typing import Any

import pandas as pd

from crimelib.production.portable import CHART_TYPE

FOLDER = "charts"
LIBRARY = f"{FOLDER}/vega.js"
_SCRIPT = Path(__file__).parent / "templates" / "pack" / "live.js"
_NAME = "chart"  # where an output's metadata says what its chart is called
_REACHES_OUT = frozenset({"url", "href", "embedOptions"})  # no chart of this project has these: only data of its own


@cache
def library() -> str:
    """Vega, Vega-Lite and Vega-Embed in one script, out of the package that draws the static pictures."""
    import vl_convert

    return vl_convert.javascript_bundle(snippet="window.vegaEmbed = vegaEmbed;")


@cache
def page_script() -> str:
    """The script in a page with live charts."""
    return _SCRIPT.read_text(encoding="utf-8")


def script_policy() -> str:
    """What the security policy says of scripts: the page's own by its hash, and the library that it loads."""
    digest = base64.b64encode(hashlib.sha256(page_script().encode()).digest()).decode("ascii")
    return f"script-src 'sha256-{digest}' 'strict-dynamic'"


def with_named_charts(notebook: Any, page: str) -> Any:
    """A copy of an executed notebook whose charts say what they are called in the pack; it shares the rest."""
    named, numbers = copy.copy(notebook), count(1)
    named["cells"] = [_with_names(cell, page, numbers) for cell in notebook.cells]
    return named


def _with_names(cell: Any, page: str, numbers: Iterator[int]) -> Any:
    if not any(map(_is_chart, cell.get("outputs", ()))):
        return cell
    named = copy.copy(cell)
    named["outputs"] = [
        type(output)({**output, "metadata": {_NAME: f"{page}-{next(numbers)}"}}) if _is_chart(output) else output
        for output in cell.outputs
    ]
    return named


def chart_name(output: Any) -> str:
    """What an output's chart is called in the pack; '' where it was not named."""
    return str(output.get("metadata", {}).get(_NAME, ""))


def chart_tables(named: Any) -> dict[str, pd.DataFrame]:
    """The rows of every chart that has them, by the chart's name."""
    charts = {chart_name(output): output["data"][CHART_TYPE].get("data") for output in _chart_outputs(named)}
    return {name: _table(rows) for name, rows in charts.items() if rows}


def _table(rows: Mapping[str, Any]) -> pd.DataFrame:
    """Rows as a frame; whole numbers stay whole beside a missing one."""
    return pd.DataFrame(rows["data"], columns=rows["columns"]).convert_dtypes()


def has_live_charts(notebook: Any) -> bool:
    return any(live_block(output["data"][CHART_TYPE], "x") for output in _chart_outputs(notebook))


def live_block(chart: Mapping[str, Any], name: str) -> str:
    """A chart's specifications as an inert block; nothing where it has none, or one that reaches outside itself."""
    specs = {kind: chart[kind] for kind in ("spec", "narrow_spec") if chart.get(kind)}
    if "spec" not in specs or not name or _reaches_out(specs):
        return ""
    return f'<script type="application/json" class="chart-spec" id="{name}">{_inert_json(specs)}</script>'


def _inert_json(value: Any) -> str:
    """JSON that cannot end the block it stands in."""
    text = json.dumps(value, separators=(",", ":"))
    for letter in "<>&":
        text = text.replace(letter, f"\\u{ord(letter):04x}")
    return text


def _reaches_out(value: Any) -> bool:
    if isinstance(value, dict):
        return bool(_REACHES_OUT & set(value)) or any(map(_reaches_out, value.values()))
    return isinstance(value, list) and any(map(_reaches_out, value))


def _chart_outputs(notebook: Any) -> Iterator[Any]:
    for cell in notebook.cells:
        yield from filter(_is_chart, cell.get("outputs", ()))


def _is_chart(output: Any) -> bool:
    return CHART_TYPE in output.get("data", {})
