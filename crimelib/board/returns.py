"""Monthly returns of totals from this project's own templates, as a page reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.summary import FEWEST_USUAL_MONTHS, unusual_months
from crimelib.measures.periods import previous_months, window_months
from crimelib.stats.comparison import Change, compare

if TYPE_CHECKING:
    from crimelib.board.item import Board


def latest_returns(board: Board, name: str) -> pd.DataFrame:
    """The area's returns of one template up to the period; of several vintages of a line the latest counts."""
    stored = board.store.table(name, filters=[("area_code", "==", board.area.code)])
    if stored.empty:
        return stored
    keys = [key for key in board.settings.templates[name].key if key != "area_code"]
    latest = stored.sort_values("vintage_order", kind="stable").drop_duplicates(keys, keep="last")
    return latest[latest["month"] <= str(board.period)].reset_index(drop=True)


def returned_change(board: Board, series: pd.Series, window: str = "rolling_12") -> Change | None:
    """The change of a returned monthly count over a window; None where a month of it or of the one a year before is
    missing."""
    wanted = previous_months(board.period, window).append(window_months(board.period, window))
    if series.empty or series.reindex(wanted).isna().any():
        return None
    unusual = [month for month in unusual_months(board.settings) if month in series.index]
    enough = len(series) - len(unusual) >= FEWEST_USUAL_MONTHS
    return compare(series, board.period, window, unusual=unusual if enough else ())


def vintages_note(board: Board, name: str, rows: pd.DataFrame) -> str:
    """Where the rows of a return are from."""
    title = board.settings.sources.sources[name].title
    return f"Source: {title} ({', '.join(dict.fromkeys(rows['vintage']))})."
