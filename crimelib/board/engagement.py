"""What ward teams did to be known, by quarter, beside the share of people who know how to contact them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.returns import latest_returns
from crimelib.board.tables import Cell, Table, count_text
from crimelib.board.text import Text
from crimelib.measures.periods import month_label

if TYPE_CHECKING:
    from crimelib.board.item import Board

ACTIVITIES = {
    "posts": "Posts and leaflets",
    "meetings": "Meetings held",
    "panel_attendance": "People at ward panels",
    "contact_cards": "Contact cards through doors",
}
QUARTERS = 5
MONTHS_A_QUARTER = 3


def engagement_table(board: Board) -> Table | Text:
    """Each activity over the last five quarters of three months to the survey's last quarter end or the period, and the
    survey's contact measure at each quarter's end. A quarter in which a ward's return is missing is incomplete."""
    from crimelib.board.perception import CONTACT, intervals

    returns = latest_returns(board, "engagement")
    if returns.empty:
        return Text(("No engagement return is at hand.",))
    ends = quarter_ends(board.period)
    totals = quarter_totals(returns, ends)
    lines = [
        (Cell(label), *(_count(totals.at[name, end]) for end in ends))
        for name, label in ACTIVITIES.items()
        if name in totals.index
    ]
    waves = intervals(board, CONTACT).set_index("month")
    survey = (Cell(board.settings.perception.measures[CONTACT].label), *(_share(waves, end) for end in ends))
    columns = ("Three months to", *(month_label(end) for end in ends))
    caption = f"Engagement by the ward teams, {board.area.name}, beside the survey's contact measure"
    notes = (
        "The survey's share is of twelve months of interviews: neighbouring quarters share most of them.",
        "What was done and what people know are shown side by side; that one caused the other is not shown by it.",
    )
    return Table(caption, columns, (*lines, survey), frozenset(range(1, len(columns))), "totals of all wards", notes)


def quarter_ends(period: pd.Period) -> list[pd.Period]:
    """The ends of the last calendar quarters that a period has reached, the oldest first."""
    last = (pd.Period(period + 1, freq="Q") - 1).asfreq("M", "end")
    return [last - MONTHS_A_QUARTER * back for back in reversed(range(QUARTERS))]


def quarter_totals(returns: pd.DataFrame, ends: list[pd.Period]) -> pd.DataFrame:
    """Totals by activity (rows) and quarter end (columns), missing where a ward that returns the activity left a month
    out: a late return is not a fall."""
    wards = returns.groupby("activity")["ward_code"].nunique()
    by_month = returns.groupby(["activity", "month"])["count"].agg(["sum", "size"]).reset_index()
    whole = by_month[by_month["size"] == by_month["activity"].map(wards)]
    table = whole.pivot_table(index="activity", columns="month", values="sum").reindex(index=wards.index)
    quarters = {end: [str(end - back) for back in range(MONTHS_A_QUARTER)] for end in ends}
    summed = {end: table.reindex(columns=months).sum(axis=1, skipna=False) for end, months in quarters.items()}
    return pd.DataFrame(summed)


def _count(value: float) -> Cell:
    return Cell("incomplete", absent=True) if pd.isna(value) else Cell(count_text(value))


def _share(waves: pd.DataFrame, end: pd.Period) -> Cell:
    if end not in waves.index:
        return Cell("no data", absent=True)
    return Cell(count_text(waves.at[end, "proportion"], "proportion"))
