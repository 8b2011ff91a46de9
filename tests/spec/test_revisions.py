"""What later files say of a month, and for how long months stay provisional, told by small tables."""

from __future__ import annotations

from io import StringIO

import numpy as np
import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.provisional import provisional
from crimelib.settings import load_settings
from crimelib.stats.revisions import growth_to_come
from crimelib.tables.revisions import Releases, revision_table, triangle, with_reasons

BASIS = "mps_investigating_borough"


def stored(text: str) -> pd.DataFrame:
    """Bromley's counts from a table of ``vintage series months count``, with ``basis`` where it is not the usual."""
    rows = []
    for row in pd.read_csv(StringIO(text), sep=r"\s+", dtype=str).to_dict("records"):
        first, _, last = row["months"].partition("..")
        for month in pd.period_range(first, last or first, freq="M"):
            rows.append({"basis": BASIS, **row, "month": str(month), "count": int(row["count"])})
    frame = pd.DataFrame(rows).assign(source="mps_recorded_crime", area_level="borough", area_code="E09000006")
    return frame.assign(vintage_order=frame["vintage"].rank(method="dense").astype(int))


def revisions(text: str, period: str = "2021-12") -> pd.DataFrame:
    settings = load_settings()
    area = AreaBook.of(settings).find("Bromley")
    return revision_table(Releases.of(stored(text), area.code), settings, area, pd.Period(period, freq="M"))


def test_a_month_is_compared_with_the_vintage_before_that_has_it() -> None:
    found = revisions("""
        vintage series        months           count
        v1      vehicle_theft 2021-09..2021-10  100
        v2      vehicle_theft 2021-09           103
        v3      vehicle_theft 2021-10..2021-11  90
        """)
    columns = ["month", "previous_vintage", "previous_count", "vintage", "count", "change", "pct_change"]
    assert found[columns].values.tolist() == [
        ["2021-09", "v1", 100, "v2", 103, 3, 3.0],
        ["2021-10", "v1", 100, "v3", 90, -10, -10.0],
    ]
    assert set(found["measure"]) == {"vehicle_theft"}
    assert set(found["area_name"]) == {"Bromley"}


def test_two_bases_are_no_revision() -> None:
    found = revisions("""
        vintage series        months   count basis
        v1      vehicle_theft 2021-09  100   mps_investigating_borough
        v2      vehicle_theft 2021-09  70    mps_offence_location
        """)
    assert found.empty


def test_the_newest_basis_is_the_one_compared() -> None:
    found = revisions("""
        vintage series        months   count basis
        v1      vehicle_theft 2021-09  100   mps_investigating_borough
        v2      vehicle_theft 2021-09  101   mps_investigating_borough
        v3      vehicle_theft 2021-09  70    mps_offence_location
        v4      vehicle_theft 2021-09  77    mps_offence_location
        """)
    assert found[["previous_count", "count"]].values.tolist() == [[70, 77]]


def test_a_renamed_category_is_not_revised_to_nothing() -> None:
    found = revisions("""
        vintage series                    months   count
        v1      burglary_residential      2021-09  60
        v2      burglary_residential_home 2021-09  62
        """)
    revised = [["burglary", 60, 62], ["residential_burglary", 60, 62]]
    assert found[["measure", "previous_count", "count"]].values.tolist() == revised


def test_an_unchanged_month_is_compared_too() -> None:
    found = revisions("""
        vintage series        months   count
        v1      vehicle_theft 2021-09  0
        v2      vehicle_theft 2021-09  0
        """)
    assert found["change"].tolist() == [0]
    assert found["pct_change"].isna().all()


def test_months_after_the_period_and_long_before_are_left_out() -> None:
    text = """
        vintage series        months            count
        v1      vehicle_theft 2015-01..2022-06  5
        v2      vehicle_theft 2015-01..2022-06  6
        """
    months = revisions(text)["month"]
    assert (months.min(), months.max()) == ("2019-01", "2021-12")


MONTHLY = """
    vintage series        months   count
    v1      vehicle_theft 2021-01  100
    v2      vehicle_theft 2021-01  104
    v3      vehicle_theft 2021-01  105
    v2      vehicle_theft 2021-02  120
    v3      vehicle_theft 2021-02  126
    v4      vehicle_theft 2021-02  127
    v3      vehicle_theft 2021-03  90
    v4      vehicle_theft 2021-03  93
    v4      vehicle_theft 2021-04  110
    """


def test_monthly_vintages_make_the_triangle_of_the_known_answer() -> None:
    made = triangle(Releases.of(stored(MONTHLY), "E09000006").counted(["vehicle_theft"], BASIS), 3)
    expected = [[100, 104, 105], [120, 126, 127], [90, 93, np.nan], [110, np.nan, np.nan]]
    np.testing.assert_array_equal(made, expected)
    assert 110 * growth_to_come(made, 2)[0] == pytest.approx(115.61, abs=0.005)


def test_growth_is_unknown_where_too_few_months_were_seen() -> None:
    made = triangle(Releases.of(stored(MONTHLY), "E09000006").counted(["vehicle_theft"], BASIS), 3)
    assert np.isnan(growth_to_come(made, 4)).all()


def test_vintages_that_skip_ages_give_the_growth_straight_to_the_end() -> None:
    made = np.array([[100, np.nan, np.nan, 110], [200, np.nan, np.nan, 210], [50, np.nan, np.nan, np.nan]])
    np.testing.assert_allclose(growth_to_come(made, 2), [320 / 300, np.nan, np.nan])


def known(text: str):
    settings = load_settings()
    measure = settings.items["vehicle_theft"].measures["vehicle_theft"]
    return provisional(Releases.of(stored(text), "E09000006"), settings, measure, BASIS)


def test_one_vintage_falls_back_to_the_declared_months() -> None:
    found = known("""
        vintage series        months            count
        v1      vehicle_theft 2020-01..2021-11  50
        """)
    assert (found.months, found.first, found.estimated) == (3, pd.Period("2021-09", freq="M"), False)


def growing(*counts: int) -> str:
    """A file a month, in which every month starts with the first count and has the next in each file that follows."""
    lines = ["vintage series months count"]
    for last in range(6, 24):
        for month in range(last + 1):
            name = pd.Period("2020-01", freq="M") + month
            lines.append(f"v{last + 10} vehicle_theft {name} {counts[min(last - month, len(counts) - 1)]}")
    return "\n".join(lines)


@pytest.mark.parametrize(
    ("counts", "months", "growth"), [((100, 106, 110), 2, 1.1), ((100, 110), 1, 1.1), ((100,), 1, 1.0)]
)
def test_provisional_months_are_estimated_from_monthly_vintages(counts: tuple, months: int, growth: float) -> None:
    found = known(growing(*counts))
    assert (found.months, found.estimated) == (months, True)
    assert found.growth == pytest.approx(growth)
    assert found.first == pd.Period("2021-12", freq="M") - months + 1


def test_a_measure_without_figures_is_not_provisional() -> None:
    found = known("""
        vintage series  months   count
        v1      robbery 2021-09  5
        """)
    assert found.first is None


RETURNED = {"organisation": "clarion", "indicator": "rehousing_requests", "area_code": "E09000006", "month": "2021-09"}


def test_a_partner_s_reason_stands_beside_the_month_that_it_gave_anew() -> None:
    found = revisions("""
        vintage series                       months   count
        v1      partner_rehousing_requests   2021-09  12
        v2      partner_rehousing_requests   2021-09  14
        v1      partner_idva_clients         2021-09  30
        v2      partner_idva_clients         2021-09  31
        v1      burglary_residential         2021-09  60
        v2      burglary_residential         2021-09  62
        """)
    given = [
        {**RETURNED, "vintage": "v1", "revision": ""},
        {**RETURNED, "vintage": "v2", "revision": "late_records"},
        {**RETURNED, "vintage": "v2", "revision": "late_records", "area_code": "E09000008"},
        {**RETURNED, "vintage": "v2", "revision": "counting_error", "month": "2021-08"},
    ]
    told = with_reasons(found, pd.DataFrame(given), load_settings()).set_index("measure")["reason"]
    assert told["rehousing_requests"] == "Records that came in late"
    assert set(told.drop("rehousing_requests")) == {""}


def test_without_returns_no_reason_is_given() -> None:
    found = revisions("""
        vintage series        months   count
        v1      vehicle_theft 2021-09  100
        v2      vehicle_theft 2021-09  103
        """)
    assert with_reasons(found, pd.DataFrame(), load_settings())["reason"].tolist() == [""]
