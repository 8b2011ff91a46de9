"""The explorer of the data themselves: which months each vintage has, what was revised, missing or set aside."""

from __future__ import annotations

from collections.abc import Sequence

import pandas as pd

from crimelib.board import theme
from crimelib.board.charts import SCHEMA, Spec
from crimelib.explore.answers import Answer, Control, Exploration, area_options
from crimelib.explore.live import month_at
from crimelib.explore.workspace import AreaData, Place, Workspace
from crimelib.tables.quality import coverage, quality_lines
from crimelib.tables.revisions import Releases, revision_table
from crimelib.tables.store import Catalogue
from crimelib.views import DataCheckView

MOST_ROWS = 30
WIDTH, LINE = 460, 26  # pixels of all months, and of a vintage


def controls(workspace: Workspace, view: DataCheckView) -> Sequence[Control]:
    """The controls of the explorer for a view."""
    here = dict.fromkeys(entry.source for entry in workspace.store.catalogue.entries)
    titles = workspace.settings.sources.sources
    sources = tuple((titles[name].title, name) for name in here)
    return (
        Control("source", "Source", "one", (("Every source", ""), *sources)),
        Control("area", "Area", "one", area_options(workspace)),
    )


def answer(workspace: Workspace, view: DataCheckView) -> Answer:
    """Months by file as a picture, what is missing in words, and revisions and rejected rows as tables."""
    catalogue = _catalogue(workspace, view)
    files = workspace.remembered(("files", view.source), lambda: coverage(catalogue, workspace.store.folder))
    lines = workspace.remembered(
        ("quality", view.source), lambda: tuple(quality_lines(catalogue, workspace.store.folder))
    )
    said = lines or ("No file of this source is at hand.",)
    tables = (
        ("Files", _files(files)),
        ("Counts that a later file changed", _revised(workspace, view)),
        ("Rows set aside", _rejected(workspace, view)),
    )
    spec = workspace.remembered(("months by vintage", view.source), lambda: _spec(files, catalogue))
    return Answer(spec, said, tuple((caption, table) for caption, table in tables if len(table)), code(view))


def code(view: DataCheckView) -> str:
    """The notebook cell that lists the same files."""
    only = f"\nfiles[files['source'] == {view.source!r}]" if view.source else "\nfiles"
    return f"import crimelib as cl\n\nfiles = cl.list_sources(){only}"


def _catalogue(workspace: Workspace, view: DataCheckView) -> Catalogue:
    """The catalogue, or the part of it that a source has."""
    whole = workspace.store.catalogue
    if not view.source:
        return whole
    entries = tuple(entry for entry in whole.entries if entry.source == view.source)
    left = tuple(pair for pair in whole.left_out if pair[0].startswith(f"{view.source}/"))
    return Catalogue(entries, left, tuple(gap for gap in whole.suspected_gaps if gap.source == view.source))


def _files(files: pd.DataFrame) -> pd.DataFrame:
    shown = files[["source", "vintage", "name", "first_month", "last_month", "rejected_count"]]
    return shown.set_axis(["Source", "Vintage", "File", "First month", "Last month", "Rows set aside"], axis="columns")


def _revised(workspace: Workspace, view: DataCheckView) -> pd.DataFrame:
    place = workspace.place(view.area)
    data = workspace.data(place.area)
    if data.latest is None:
        return pd.DataFrame()
    rows = workspace.remembered(("revisions", place.code), lambda: _changed(workspace, place, data))
    changed = rows[(rows["source"] == view.source) | (view.source == "")]
    columns = {"measure": "Measure", "month": "Month", "previous_count": "Was", "count": "Is", "vintage": "Since"}
    return changed.sort_values("month", ascending=False).head(MOST_ROWS)[list(columns)].rename(columns=columns)


def _changed(workspace: Workspace, place: Place, data: AreaData) -> pd.DataFrame:
    rows = revision_table(Releases.of(data.stored, place.code), workspace.settings, place.area, data.latest)
    return rows[rows["change"] != 0]


def _rejected(workspace: Workspace, view: DataCheckView) -> pd.DataFrame:
    rejected = workspace.remembered("rejected", lambda: workspace.store.table("rejected"))
    if rejected.empty:
        return pd.DataFrame()
    kept = rejected[(rejected["source"] == view.source) | (view.source == "")]
    counted = kept.groupby(["source", "vintage", "reason"], as_index=False).size()
    return counted.set_axis(["Source", "Vintage", "Reason", "Rows"], axis="columns")


def _spec(files: pd.DataFrame, catalogue: Catalogue) -> Spec | None:
    """A mark a month and vintage; suspected gaps stand out. None where no file has a month."""
    doubted = {(gap.source, gap.month) for gap in catalogue.suspected_gaps}
    rows = {
        (row.source, row.vintage, month): "looks short of data" if (row.source, month) in doubted else "there"
        for row in files.itertuples()
        for month in row.months
    }
    if not rows:
        return None
    values = [
        {
            "line": f"{source} {vintage}",
            "at": month_at(pd.Period(month, freq="M").ordinal)[0],
            "month": month,
            "state": state,
        }
        for (source, vintage, month), state in sorted(rows.items(), key=lambda row: row[1] != "there")  # doubts on top
    ]
    colour = {"domain": ["there", "looks short of data"], "range": [theme.BAR, theme.ACCENT]}
    shape = {"domain": ["there", "looks short of data"], "range": ["square", "triangle-up"]}
    x = {"field": "at", "type": "temporal", "title": None, "scale": {"type": "utc"}, "axis": {"format": "%b %Y"}}
    tips = [{"field": field, "type": "nominal", "title": field.capitalize()} for field in ("line", "month", "state")]
    return {
        "$schema": SCHEMA,
        "title": {"text": "Months by vintage", "subtitle": "a mark a month that the files of a vintage have"},
        "data": {"values": values},
        "width": WIDTH,
        "height": {"step": LINE},
        "mark": {"type": "point", "filled": True, "opacity": 1},
        "encoding": {
            "x": x,
            "y": {"field": "line", "type": "nominal", "title": None},
            "color": {"field": "state", "type": "nominal", "scale": colour, "legend": {"title": None, "orient": "top"}},
            "shape": {"field": "state", "type": "nominal", "scale": shape},
            "size": {"condition": {"test": "datum.state !== 'there'", "value": 60}, "value": 22},
            "tooltip": tips,
        },
        "config": theme.config(),
    }


DATA_CHECK = Exploration("What is at hand", controls, answer)
