"""An executed notebook made fit to publish: nothing of the machine or of the moment in it."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Iterable, Mapping
from pathlib import Path
from typing import Any

from crimelib.board.narrative import SENTENCE_TYPE
from crimelib.board.tables import TABLE_TYPE
from crimelib.errors import InputError
from crimelib.explore import EXPLORED_TYPE
from crimelib.production.sanitise import clean_html

CHART_TYPE = "application/vnd.crimelib.chart+json"
_TEXT_TYPES = ("text/html", "text/markdown", "text/plain")
_KEPT_TYPES = (CHART_TYPE, SENTENCE_TYPE, TABLE_TYPE, *_TEXT_TYPES, "image/svg+xml", "image/png")
_NEVER_PUBLISHED = {EXPLORED_TYPE, "application/vnd.jupyter.widget-view+json"}  # as counted, not protected
_KEPT_CELL_METADATA = ("tags",)
_KEPT_METADATA = ("kernelspec", "language_info")


def portable_notebook(notebook: Any, private_paths: Iterable[str]) -> Any:
    """A copy without timings, warnings, widgets, scripts, random ids, addresses in memory and the machine's own paths.

    Two runs on the same inputs then give the same bytes, and comparing packs shows figures, not noise. Raises
    :class:`InputError` for the output of an explorer: its figures are not protected.
    """
    clean = without_paths(notebook, private_paths)
    clean.metadata = _only(clean.metadata, _KEPT_METADATA)
    clean.metadata.get("language_info", {}).pop("version", None)
    for position, cell in enumerate(clean.cells, start=1):
        cell.id = f"cell-{position}"
        cell.metadata = _only(cell.metadata, _KEPT_CELL_METADATA)
        if cell.cell_type == "code":
            _refuse_explored(cell, position)
            cell.outputs = [_portable_output(output) for output in cell.outputs if _is_for_readers(output)]
    return clean


def _refuse_explored(cell: Any, position: int) -> None:
    if any(_NEVER_PUBLISHED & set(output.get("data", ())) for output in cell.outputs):
        raise InputError(
            "an explorer's output is not protected and cannot go into a pack",
            where=f"cell {position}",
            fix="show the item page's own answers, or page.view() of a saved view",
        )


def private_paths(parameters: Mapping[str, object]) -> tuple[str, ...]:
    """Folders of this machine that may turn up in outputs, longest first; a bare root is no secret."""
    given = [value for value in parameters.values() if isinstance(value, str) and os.path.isabs(value)]
    paths = {*given, str(Path.cwd()), str(Path.home()), sys.prefix, sys.base_prefix}
    return tuple(sorted((path for path in paths if len(Path(path).parts) > 1), key=len, reverse=True))


def without_paths(value: Any, paths: Iterable[str]) -> Any:
    """A copy of ``value`` (text, list or mapping), each of the folders cut to its last name; pictures left alone."""
    paths = tuple(paths)
    if isinstance(value, str):
        for path in (each for each in paths if each in value):
            value = re.sub(rf"(?<!\w){re.escape(path)}(?![\w-])", lambda _, path=path: Path(path).name, value)
        return value
    if isinstance(value, list):
        return [without_paths(item, paths) for item in value]
    if isinstance(value, dict):
        return type(value)(
            {key: item if key == "image/png" else without_paths(item, paths) for key, item in value.items()}
        )
    return value


def _only(mapping: Any, keys: Iterable[str]) -> Any:
    return type(mapping)({key: mapping[key] for key in keys if key in mapping})


def _is_for_readers(output: Any) -> bool:
    """Warnings on standard error are the developer's, and carry paths."""
    return output.output_type != "stream" or output.name != "stderr"


def _portable_output(output: Any) -> Any:
    if output.output_type == "stream":
        output.text = _without_addresses(output.text)
    if "data" not in output:
        return output
    output.metadata = type(output.metadata)()
    output.data = _only(output.data, _KEPT_TYPES)
    if "text/html" in output.data:
        output.data["text/html"] = clean_html(output.data["text/html"])
    if "text/plain" in output.data:
        output.data["text/plain"] = _without_addresses(output.data["text/plain"])
    return output


def _without_addresses(text: str) -> str:
    """Python's own words for an object that has none: ``<Styler at 0x7fd4…>`` is ``<Styler>``."""
    return re.sub(r" at 0x[0-9a-fA-F]+>", ">", text)
