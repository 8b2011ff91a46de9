"""What the command line shows on a terminal: progress and the figures."""

from __future__ import annotations

import sys
from types import TracebackType

import pandas as pd
from rich.box import SIMPLE
from rich.console import Console
from rich.progress import BarColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table
from rich.text import Text

from crimelib.board.tables import percent_text, signed
from crimelib.board.titles import measure_title
from crimelib.errors import one_line
from crimelib.journal import say
from crimelib.settings import Settings

SIGNALS = {"increase": "▲", "decrease": "▼", "no_clear_change": " ", "": " "}
WINDOW_TITLES = {
    "month": "Month",
    "quarter": "Three months",
    "ytd": "Financial year",
    "rolling_12": "Twelve months",
}


_ROOMY_COLUMNS = 110  # of a terminal that holds four windows with both figures
_SLOWEST_STEPS_SECONDS = 3600.0  # how far back the time left is reckoned from; half a minute has no two packs in it


class Bar:
    """A progress bar on the error stream, with the step under way; a plain line a step where it is no terminal."""

    def __init__(self, title: str) -> None:
        self._console = Console(stderr=True)
        columns = (TextColumn("{task.description}", markup=False), BarColumn(), TimeRemainingColumn())
        self._progress = Progress(
            *columns, console=self._console, transient=True, disable=not sys.stderr.isatty(),
            redirect_stdout=sys.stdout.isatty(), speed_estimate_period=_SLOWEST_STEPS_SECONDS,
        )  # fmt: skip
        self._task = self._progress.add_task(title, total=None)

    def __enter__(self) -> Bar:
        self._progress.start()
        return self

    def __exit__(self, kind: type | None, error: BaseException | None, trace: TracebackType | None) -> None:
        self._progress.stop()

    def say(self, text: str) -> None:
        """Name the step under way."""
        self._progress.update(self._task, description=one_line(text))

    def line(self, text: str, *, err: bool = False) -> None:
        """A line that stays, above the bar where there is one; ``err`` is for the error stream."""
        say(text, err=err)

    def step(self, done: int, total: int, text: str) -> None:
        """Name the step under way and how far along it is."""
        self._progress.update(self._task, description=one_line(text)[-60:], completed=done, total=total)


def print_summary(rows: pd.DataFrame, settings: Settings, *, illustrative: bool) -> None:
    """The borough totals of a summary, a line a measure and a column a window: from what to what where the terminal is
    wide enough, else what it is now and the change in per cent."""
    totals = rows[rows["breakdown"] == "total"]
    first = totals.iloc[0]
    title = f"{first['area_name']}, {first['period']}" + (" (illustrative figures, not real)" if illustrative else "")
    console = Console()
    roomy = console.width >= _ROOMY_COLUMNS
    table = Table(title=Text(one_line(title)), title_justify="left", box=SIMPLE, padding=(0, 1, 0, 0))
    table.add_column("Measure")
    for window in WINDOW_TITLES.values():
        table.add_column(window, justify="right", no_wrap=roomy)
    for (item, measure), group in totals.groupby(["item", "measure"], sort=False):
        by_window = {row["window"]: row for row in group.to_dict("records")}
        cells = [_cell(by_window[window], roomy) if window in by_window else "" for window in WINDOW_TITLES]
        table.add_row(Text(measure_title(settings, item, measure)), *(Text(cell) for cell in cells))
    console.print(table)
    shown = "Before → now." if roomy else "Now, and the change on the year before."
    console.print(f"{shown} ▲ increase, ▼ decrease beyond chance; no mark: no clear change.", highlight=False)


def _cell(row: dict, roomy: bool) -> str:
    if row["current"] is None or pd.isna(row["current"]):
        return row["status"].replace("_", " ")
    share = row["item"] == "perception"
    now, before = (f"{value:.0%}" if share else f"{value:,}" for value in (row["current"], row["previous"]))
    if row["status"] != "ok":
        return f"{before} → {now} ({row['status'].replace('_', ' ')})"
    if roomy:
        return f"{before} → {now} {SIGNALS[row['signal']]}"
    change = signed(row["current"] - row["previous"], "proportion") if share else percent_text(row["pct_change"])
    return f"{now} {change.replace(' points', 'pt')} {SIGNALS[row['signal']]}"
