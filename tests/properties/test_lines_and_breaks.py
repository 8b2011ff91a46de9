"""A chart never draws a line through a break, nor through a month that is missing: every line of every chart that the
board notebooks draw on the illustrative data, with breaks and a hole made by hand beside the declared ones."""

from __future__ import annotations

import itertools
import shutil
from collections.abc import Iterator, Sequence
from pathlib import Path

import nbformat
import pandas as pd
import pytest
import yaml

from crimelib.board.charts import drawing
from crimelib.board.handover import handed_over
from crimelib.board.item import load_board
from crimelib.settings import PROJECT_ROOT
from crimelib.tables.store import Store

NOTEBOOKS = sorted((PROJECT_ROOT / "notebooks/board").glob("[0-9][0-9]_*.ipynb"))
DRAWN = [path for path in NOTEBOOKS if path.stem not in ("12_claims", "13_actions")]
ALWAYS = ("02_ndvwi", "05_domestic_abuse", "15_ward")  # each kind of chart once; the others are slow
BREAKS, HOLE = ("2018-09", "2021-03"), "2019-06"
SURVEY = "10_perception"  # quarterly waves of another measure: no break of items.yml is theirs


# What is looked for -------------------------------------------------------------------------------------------


def line_groups(spec: dict) -> Iterator[list[pd.Period]]:
    """The months of every line in a specification, in order: one list for each group that a line is drawn through."""
    for panel in spec.get("concat", []):
        yield from line_groups(panel)
    for layer in spec.get("layer", []):
        mark = layer["mark"]["type"] if isinstance(layer["mark"], dict) else layer["mark"]
        values = layer.get("data", {}).get("values", [])
        if mark in ("line", "area") and values and "at" in values[0]:
            yield from _months_by_detail(layer, values)


def _months_by_detail(layer: dict, values: Sequence[dict]) -> Iterator[list[pd.Period]]:
    detail = layer["encoding"].get("detail", [])
    fields = [part["field"] for part in (detail if isinstance(detail, list) else [detail])]
    groups: dict[object, list[pd.Period]] = {}
    for value in values:
        month = pd.Period(pd.Timestamp(value["at"], unit="ms"), freq="M")
        groups.setdefault(tuple(value.get(field) for field in fields), []).append(month)
    return (sorted(months) for months in groups.values())


def drawn_through(spec: dict, breaks: Sequence[str], step: int = 1) -> list[str]:
    """The places at which a line of a specification joins months on both sides of a break, or of a month without a
    point, in words; ``step`` is how many months lie between two points of a whole series."""
    firsts = [pd.Period(month, freq="M") for month in breaks]
    pairs = [pair for months in line_groups(spec) for pair in itertools.pairwise(months)]
    through = [f"{a} to {b}, through the break {at}" for a, b in pairs for at in firsts if a < at <= b]
    return through + [f"{a} to {b}, through a missing month" for a, b in pairs if (b - a).n > step]


def a_line(months: Sequence[str], segments: Sequence[int]) -> dict:
    values = [
        {"at": int(pd.Timestamp(f"{month}-15").value // 1_000_000), "segment": segment, "value": 1}
        for month, segment in zip(months, segments, strict=True)
    ]
    encoding = {"detail": {"field": "segment", "type": "nominal"}}
    return {"layer": [{"mark": {"type": "line"}, "data": {"values": values}, "encoding": encoding}]}


@pytest.mark.parametrize(
    ("months", "segments", "faults"),
    [
        (["2021-01", "2021-02", "2021-03"], [0, 0, 0], ["2021-02 to 2021-03, through the break 2021-03"]),
        (["2021-01", "2021-02", "2021-03"], [0, 0, 1], []),
        (["2021-01", "2021-04"], [0, 1], []),
        (["2020-11", "2021-01"], [0, 0], ["2020-11 to 2021-01, through a missing month"]),
    ],
)
def test_the_search_finds_a_line_through_a_break(months: list[str], segments: list[int], faults: list[str]) -> None:
    assert drawn_through({"concat": [a_line(months, segments)]}, ["2021-03"]) == faults


# Every chart --------------------------------------------------------------------------------------------------


def charts_of(notebook: Path, monkeypatch: pytest.MonkeyPatch, parameters: Path) -> list[drawing.Chart]:
    """Every chart that is drawn while a notebook's cells run, shown or not."""
    drawn: list[drawing.Chart] = []

    class Recorded(drawing.Chart):
        def __init__(self, *values: object) -> None:
            super().__init__(*values)
            drawn.append(self)

    monkeypatch.setattr(drawing, "Chart", Recorded)
    names: dict[str, object] = {"display": lambda *shown: None}
    for cell in nbformat.read(notebook, as_version=4).cells:
        if cell.cell_type == "code":
            exec(cell.source, names)
            if "parameters" in cell.metadata.get("tags", []):
                names["parameters"] = str(parameters)
    return drawn


@pytest.fixture(scope="module")
def broken(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Path]:
    """Parameters in which every measure breaks twice, and tables without one month."""
    folder = tmp_path_factory.mktemp("broken") / "parameters"
    shutil.copytree(PROJECT_ROOT / "parameters", folder)
    items = yaml.safe_load((folder / "items.yml").read_text(encoding="utf-8"))
    for item in items["items"].values():
        for measure in item["measures"].values():
            made = [{"month": month, "effect": "not_comparable", "what": "Made by hand."} for month in BREAKS]
            measure["breaks"] = [*measure.get("breaks", []), *made]
    (folder / "items.yml").write_text(yaml.safe_dump(items, sort_keys=False), encoding="utf-8")
    with pytest.MonkeyPatch.context() as patch:
        whole = Store.table

        def without_a_month(store: Store, name: str, *asked: object, **named: object) -> pd.DataFrame:
            table = whole(store, name, *asked, **named)
            return table[table["month"] != HOLE] if "month" in table else table

        patch.setattr(Store, "table", without_a_month)
        with shared(folder):
            yield folder


def shared(parameters: Path):
    """The summary worked out once for all notebooks."""
    board = load_board("Bromley", "2021-11", "board", "data/processed", str(parameters))
    return handed_over(board.rows, board.store.folder, board.subject)


@pytest.mark.parametrize(
    "notebook",
    [pytest.param(path, id=path.stem, marks=() if path.stem in ALWAYS else pytest.mark.long) for path in DRAWN],
)
def test_no_line_through_a_break_or_a_hole(notebook: Path, broken: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    step, breaks = (3, ()) if notebook.stem == SURVEY else (1, BREAKS)
    drawn = charts_of(notebook, monkeypatch, broken)
    specs = [(chart.title, spec) for chart in drawn for spec in (chart.spec, chart.narrow_spec)]
    assert [f"{title}: {fault}" for title, spec in specs for fault in drawn_through(spec, breaks, step)] == []
