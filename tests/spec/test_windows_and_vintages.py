"""Which figure a window shows, told by small tables of stored counts."""

from __future__ import annotations

from io import StringIO

import pandas as pd
import pytest

from crimelib.measures.series import Counts, histories, window_figures
from crimelib.settings import Basis, Figures

BASES = {"old": Basis(title="old", order=1), "new": Basis(title="new", order=2), "other": Basis(title="o", order=1)}
THEFT = (Figures(add=("theft",)),)


def stored(text: str) -> Counts:
    """Counts from a table of ``vintage basis series months count``; ``months`` is one month or ``first..last``."""
    rows = []
    for row in pd.read_csv(StringIO(text), sep=r"\s+", dtype=str).to_dict("records"):
        first, _, last = row["months"].partition("..")
        for month in pd.period_range(first, last or first, freq="M"):
            rows.append({**row, "month": str(month), "count": int(row["count"])})
    frame = pd.DataFrame(rows).assign(area_level="borough", area_code="A", source="police")
    frame["source"] = frame["basis"].map({"other": "dashboard"}).fillna("police")
    return Counts(frame.assign(vintage_order=frame["vintage"].str[1:].astype(int)))


def figures(text: str, period: str = "2021-12", window: str = "rolling_12", wanted=THEFT):
    return window_figures(histories(stored(text), wanted, BASES), "A", pd.Period(period, freq="M"), window)


def test_the_latest_vintage_of_a_month_wins() -> None:
    found = figures("""
        vintage basis series months            count
        v1      new   theft  2020-01..2021-12  1
        v2      new   theft  2021-12           5
        """)
    assert (found.current, found.previous, found.status, found.vintage) == (16, 12, "ok", "v1/v2")


def test_an_older_vintage_fills_a_hole() -> None:
    found = figures("""
        vintage basis series months            count
        v1      new   theft  2020-08           3
        v2      new   theft  2020-01..2020-07  1
        v2      new   theft  2020-09..2021-12  1
        """)
    assert (found.current, found.previous, found.status) == (12, 14, "ok")


def test_a_missing_month_withholds_the_window() -> None:
    text = """
        vintage basis series months            count
        v2      new   theft  2020-01..2020-07  1
        v2      new   theft  2020-09..2021-12  1
        """
    assert figures(text).status == "incomplete"
    assert figures(text).current is None
    assert figures(text, window="quarter").status == "ok"


def test_a_zero_is_a_figure() -> None:
    found = figures("""
        vintage basis series months            count
        v1      new   theft  2020-01..2021-12  0
        """)
    assert (found.current, found.previous, found.status) == (0, 0, "ok")


def test_both_windows_come_from_one_basis() -> None:
    text = """
        vintage basis series months            count
        v1      old   theft  2020-01..2021-12  1
        v2      new   theft  2021-01..2021-12  9
        """
    found = figures(text)
    assert (found.current, found.previous, found.history.basis) == (12, 12, "old")


def test_two_bases_are_shown_and_not_compared() -> None:
    found = figures("""
        vintage basis series months            count
        v1      old   theft  2020-01..2020-12  1
        v2      new   theft  2021-01..2021-12  9
        """)
    assert (found.current, found.previous, found.status) == (108, 12, "not_comparable")


def test_no_month_at_all_is_no_data() -> None:
    found = figures("""
        vintage basis series months            count
        v1      new   theft  2015-01..2015-12  1
        """)
    assert found.status == "no_data"


def test_a_renamed_category_is_not_counted_twice() -> None:
    """The later vintage calls it ``burglary_home``; the earlier one's months of ``burglary`` must not be added."""
    found = figures(
        """
        vintage basis series         months            count
        v1      new   burglary       2020-01..2021-12  1
        v2      new   burglary_home  2021-01..2021-12  2
        """,
        wanted=(Figures(add=("burglary", "burglary_home")),),
    )
    assert (found.current, found.previous) == (24, 12)


def test_what_is_taken_away_must_be_there() -> None:
    wanted = (Figures(add=("violence",), subtract=("domestic",)),)
    whole = """
        vintage basis series    months            count
        v1      new   violence  2020-01..2021-12  5
        v3      other domestic  2020-01..2021-12  2
        """
    found = figures(whole, wanted=wanted)
    assert (found.current, found.previous) == (36, 36)
    assert (found.source, found.vintage) == ("police + dashboard", "v1 + v3")
    assert figures(whole.replace("2021-12  2", "2021-11  2"), wanted=wanted).status == "incomplete"


def test_alternatives_are_never_mixed() -> None:
    wanted = (Figures(add=("calls",)), Figures(add=("street",)))
    text = """
        vintage basis series months            count
        v1      new   calls  2021-01..2021-12  1
        v1      other street 2020-01..2021-12  3
        """
    found = figures(text, wanted=wanted)
    assert (found.current, found.previous, found.source) == (36, 36, "dashboard")


@pytest.mark.parametrize(
    ("period", "window", "months"),
    [
        ("2021-11", "month", 1),
        ("2021-11", "quarter", 3),
        ("2021-11", "ytd", 8),
        ("2021-04", "ytd", 1),
        ("2021-03", "ytd", 12),
        ("2021-11", "rolling_12", 12),
    ],
)
def test_months_of_a_window(period: str, window: str, months: int) -> None:
    text = "vintage basis series months count\nv1 new theft 2018-01..2021-12 1"
    assert figures(text, period=period, window=window).current == months
