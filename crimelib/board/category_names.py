"""What the publisher's files call the parts of a measure, tree by tree and from which month to which."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.narrative import counted, listed
from crimelib.board.text import Text
from crimelib.measures.periods import month_label
from crimelib.settings import Part
from crimelib.sources.mps_recorded_crime import BASES, SOURCE

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

FEW = 12  # months: of fewer the count is told, since no line can be drawn of them


def category_names(page: ItemPage, breakdown: str) -> Text:
    """A line for each name that a part goes by in the files at hand, up to the period."""
    measure = page.item.measures[page.item.headline]
    stored = page.board.stored
    rows = stored[(stored["source"] == SOURCE) & (stored["count"] > 0) & (stored["month"] <= str(page.board.period))]
    lines = [line for part in measure.breakdowns[breakdown].values() for line in _lines(page, part, rows)]
    none = "No file of recorded crime at hand has these parts."
    return Text(tuple(lines) or (none,), bullet="- ")


def _lines(page: ItemPage, part: Part, rows: pd.DataFrame) -> Iterator[str]:
    bases, unit = page.board.settings.sources.bases, page.item.measures[page.item.headline].unit
    for family, basis in BASES.items():
        for series in (series for figures in part.figures for series in figures.add):
            found = rows[(rows["basis"] == basis) & (rows["series"] == series)]
            if found.empty:
                continue
            newest = found.sort_values("vintage_order").drop_duplicates("month", keep="last")
            few = f", {counted(int(newest['count'].sum()), unit)} in all" if len(newest) < FEW else ""
            names = _names(page, family, series)
            yield f"{part.label}: {names}, {_span(newest['month'])}{few} ({bases[basis].title})."


def _names(page: ItemPage, family: str, series: str) -> str:
    """Every name that a tree has for a series."""
    crosswalk = page.board.settings.crosswalk
    named = [row.minor for row in crosswalk if (row.source, row.family, row.series) == (SOURCE, family, series)]
    return listed([f"“{name}”" for name in dict.fromkeys(named)], "or")


def _span(months: pd.Series) -> str:
    first, last = (month_label(pd.Period(each, freq="M")) for each in (months.min(), months.max()))
    return f"in {first} only" if first == last else f"{first} to {last}"
