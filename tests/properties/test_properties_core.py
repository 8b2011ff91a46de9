"""What must hold of any file of counts, however it is made up."""

from __future__ import annotations

import random
import tempfile
from pathlib import Path

import pandas as pd
from hypothesis import given
from hypothesis import strategies as st
from mps_files import BOROUGHS, DASHBOARD, FAMILY_2019, csv_text, dashboard_row, put
from often import OFTEN, READING

from crimelib.measures.periods import WINDOWS, previous_months, window_months
from crimelib.measures.series import Counts, histories, window_figures
from crimelib.settings import Basis, Figures, load_settings
from crimelib.sources import mps_monthly_dashboard, mps_recorded_crime
from crimelib.sources.discovery import Cleaned

WARD_HEADER = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName", "202110", "202111"]
CATEGORIES = [
    ("Burglary", "Domestic Burglary"),
    ("Sexual Offences", "Rape"),
    ("Vehicle Offences", "Aggravated Vehicle Taking"),
]
COUNT = st.integers(0, 999_999)
WARD = st.sampled_from(
    [("Bickley", "E05000107"), ("Bromley Town", "E05000109"), ("Unknown", ""), ("Unknown", "Unknown")]
)
BASES = {"b": Basis(title="b", order=1)}


def read(module, text: str) -> Cleaned:
    with tempfile.TemporaryDirectory() as folder:
        return module.read(put(Path(folder), text), load_settings())


def ward_rows(cells: dict) -> list[list[object]]:
    return [[*category, *ward, "Bromley", *counts] for (category, ward), counts in cells.items()]


WARD_CELLS = st.dictionaries(st.tuples(st.sampled_from(CATEGORIES), WARD), st.tuples(COUNT, COUNT), min_size=1)


@READING
@given(WARD_CELLS)
def test_rows_in_are_cleaned_or_set_aside(cells: dict) -> None:
    rows = ward_rows(cells)
    result = read(mps_recorded_crime, csv_text(WARD_HEADER, rows))
    placed = [row for row in rows if row[3].startswith("E05")]
    counts = result.tables["counts"]
    assert counts["count"].sum() == sum(row[5] + row[6] for row in placed)
    assert set(result.rejected["line"]) == {line for line, row in enumerate(rows, 2) if row not in placed}
    assert len(counts) == 2 * len({row[1] for row in placed}) * len({row[3] for row in placed})


@READING
@given(WARD_CELLS, st.randoms(use_true_random=False))
def test_the_order_of_rows_does_not_matter(cells: dict, luck: random.Random) -> None:
    rows = ward_rows(cells)
    shuffled = luck.sample(rows, len(rows))
    keys = ["series", "area_code", "month"]
    one, other = (
        read(mps_recorded_crime, csv_text(WARD_HEADER, order)).tables["counts"].sort_values(keys, ignore_index=True)
        for order in (rows, shuffled)
    )
    pd.testing.assert_frame_equal(one, other)


@READING
@given(st.lists(COUNT, min_size=32, max_size=32), COUNT)
def test_whole_areas_sum_to_london(counts: list[int], outside: int) -> None:
    rows = [["Burglary", "Domestic Burglary", name, count] for name, count in zip(BOROUGHS, counts, strict=True)]
    table = read(
        mps_recorded_crime,
        csv_text([*FAMILY_2019, "202111"], [*rows, ["Burglary", "Domestic Burglary", "Unknown", outside]]),
    )
    london = table.tables["counts"].query("area_level == 'london'")
    assert list(london["count"]) == [sum(counts) + outside]


@READING
@given(
    st.dictionaries(
        st.tuples(
            st.sampled_from(["01/10/2021", "01/11/2021"]),
            st.sampled_from([("Bromley", "E09000006"), ("Croydon", "E09000008")]),
            st.sampled_from([("Hate crime", "Hate crime"), ("Hate crime", "Racist Crime"), ("Gun Crime", "Gun Crime")]),
        ),
        COUNT,
        min_size=1,
    )
)
def test_the_dashboard_s_counts_are_kept_and_zeros_are_of_covered_months(cells: dict) -> None:
    rows = [dashboard_row(date, *area, *kind, count) for (date, area, kind), count in cells.items()]
    counts = read(mps_monthly_dashboard, csv_text(DASHBOARD, rows)).tables["counts"]
    assert counts["count"].sum() == sum(cells.values())
    covered = {(code, f"2021-{date[3:5]}") for date, (_, code), _ in cells}
    assert set(zip(counts["area_code"], counts["month"], strict=True)) <= covered
    assert not counts.duplicated(["series", "area_code", "month"]).any()


def stored(counts: list[int | None], last: pd.Period) -> Counts:
    months = pd.period_range(end=last, periods=len(counts), freq="M")
    rows = [
        {"month": str(month), "count": count} for month, count in zip(months, counts, strict=True) if count is not None
    ]
    common = {"source": "s", "vintage": "v", "vintage_order": 0, "series": "x", "basis": "b", "area_code": "A"}
    return Counts(pd.DataFrame(rows, columns=["month", "count"]).assign(**common))


LAST = st.builds(
    lambda year, month: pd.Period(year=year, month=month, freq="M"), st.integers(2012, 2030), st.integers(1, 12)
)


@OFTEN
@given(st.lists(COUNT, min_size=24, max_size=40), LAST, st.sampled_from(WINDOWS))
def test_a_window_is_the_sum_of_its_months(counts: list[int], last: pd.Period, window: str) -> None:
    found = window_figures(histories(stored(counts, last), (Figures(add=("x",)),), BASES), "A", last, window)
    length = len(window_months(last, window))
    assert found.current == sum(counts[-length:])
    assert found.previous == sum(counts[len(counts) - 12 - length : len(counts) - 12])
    assert found.status == "ok"


@OFTEN
@given(st.lists(COUNT, min_size=24, max_size=24), LAST, st.sampled_from(WINDOWS), st.integers(0, 23))
def test_a_missing_month_withholds_every_window_it_is_in(
    counts: list[int], last: pd.Period, window: str, hole: int
) -> None:
    holed = [None if place == hole else count for place, count in enumerate(counts)]
    missing = pd.period_range(end=last, periods=24, freq="M")[hole]
    found = window_figures(histories(stored(holed, last), (Figures(add=("x",)),), BASES), "A", last, window)
    if missing in window_months(last, window) or missing in previous_months(last, window):
        assert (found.current, found.previous) == (None, None)
        assert found.status in {"incomplete", "no_data"}
    else:
        assert found.status == "ok"
