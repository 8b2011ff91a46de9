"""Monthly returns of totals from this project's own templates, as a page reads them."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.narrative import count
from crimelib.board.once import once
from crimelib.board.summary import left_out
from crimelib.measures.periods import previous_months, window_months
from crimelib.stats.comparison import Change, compare
from crimelib.stats.survey import WaveChange, wave_change, wilson

if TYPE_CHECKING:
    from crimelib.board.item import Board


@dataclass(frozen=True)
class Proportion:
    """How many of those counted, with the 95% interval of the share as if they were drawn from many."""

    part: int
    whole: int

    @property
    def share(self) -> float:
        """From 0 to 1."""
        return self.part / self.whole

    @property
    def interval(self) -> str:
        """``22% to 29%`` (Wilson)."""
        low, high = wilson(self.share, self.whole)
        return f"{low:.0%} to {high:.0%}"

    @property
    def brief(self) -> str:
        """``503 (40%)``: where the whole is told beside it."""
        return f"{count(self.part)} ({self.share:.0%})"

    def __str__(self) -> str:
        return f"{count(self.part)} of {count(self.whole)} ({self.share:.0%}; {self.interval})"

    def since(self, before: Proportion) -> WaveChange:
        """The change from another time's."""
        return wave_change(self.share, before.share, self.whole, before.whole)


@once
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
    return compare(series, board.period, window, unusual=left_out(board.settings, series.index))


def vintages_note(board: Board, name: str, rows: pd.DataFrame) -> str:
    """Where the rows of a return are from."""
    title = board.settings.sources.sources[name].title
    return f"Source: {title} ({', '.join(dict.fromkeys(rows['vintage']))})."
