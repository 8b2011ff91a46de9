"""Monthly returns of totals from this project's own templates, as a page reads them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

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


def vintages_note(board: Board, name: str, rows: pd.DataFrame) -> str:
    """Where the rows of a return are from."""
    title = board.settings.sources.sources[name].title
    return f"Source: {title} ({', '.join(dict.fromkeys(rows['vintage']))})."
