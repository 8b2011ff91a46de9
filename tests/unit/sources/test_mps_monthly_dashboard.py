"""The long files of the MPS monthly crime dashboard, with their spellings and what they leave out."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from mps_files import DASHBOARD, csv_text, dashboard_row, put

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.discovery import Cleaned
from crimelib.sources.mps_monthly_dashboard import read

SOURCE = "mps_monthly_dashboard"
WARDS = {"level": "Safer Neighbourhood Teams"}


def cleaned(raw: Path, rows: list[list[object]], header: list[str] = DASHBOARD) -> Cleaned:
    return read(put(raw, csv_text(header, rows), SOURCE), load_settings())


def counts_of(raw: Path, rows: list[list[object]]) -> dict[tuple[str, str, str], int]:
    """Counts by series, area and month."""
    frame = cleaned(raw, rows).tables["counts"]
    return frame.set_index(["series", "area_code", "month"])["count"].to_dict()


def refused(raw: Path, rows: list[list[object]], header: list[str] = DASHBOARD) -> str:
    with pytest.raises(InputError) as caught:
        cleaned(raw, rows, header)
    assert "\n" not in str(caught.value)
    return str(caught.value)


def bromley(
    date: str, count: object, kind: str = "Hate Crime", subtype: str = "Hate Crime", **other: str
) -> list[object]:
    return dashboard_row(date, "Bromley", "E09000006", kind, subtype, count, **other)


def ward(name: str, code: str, count: object, borough: str = "Bromley", **other: str) -> list[object]:
    subtype, date = other.get("subtype", "Hate Crime"), other.get("date", "01/10/2021")
    kind = other.get("kind", "Hate Crime")
    return dashboard_row(date, name, code, kind, subtype, count, label=f"{borough} {name}", **WARDS)


def test_what_is_left_out_is_zero_where_the_area_and_month_are_covered(tmp_path: Path) -> None:
    rows = [
        bromley("01/10/2021", 5),
        bromley("01/11/2021", 6),
        bromley("01/11/2021", 2, subtype="Racist Crime"),
        dashboard_row("01/11/2021", "Croydon", "E09000008", "Hate Crime", "Hate Crime", 9),
    ]
    assert counts_of(tmp_path, rows) == {
        ("hate_crime", "E09000006", "2021-10"): 5,
        ("hate_crime", "E09000006", "2021-11"): 6,
        ("hate_racist", "E09000006", "2021-10"): 0,
        ("hate_racist", "E09000006", "2021-11"): 2,
        ("hate_crime", "E09000008", "2021-11"): 9,
        ("hate_racist", "E09000008", "2021-11"): 0,
    }


def test_a_ward_without_gun_crime_has_none(tmp_path: Path) -> None:
    """A rare crime type has no row at all for most wards: that is a zero, as the ward's other rows show."""
    guns = {"kind": "Gun Crime", "subtype": "Gun Crime"}
    rows = [
        bromley("01/10/2021", 3, kind="Gun Crime", subtype="Gun Crime"),
        bromley("01/11/2021", 1, kind="Gun Crime", subtype="Gun Crime"),
        ward("Bickley", "E05000107", 3, **guns),
        ward("Penge and Cator", "E05000122", 4),
        ward("Penge and Cator", "E05000122", 4, date="01/11/2021"),
    ]
    found = counts_of(tmp_path, rows)
    assert found["gun_crime", "E05000107", "2021-10"] == 3
    assert found["gun_crime", "E05000122", "2021-10"] == 0
    assert found["gun_crime", "E05000107", "2021-11"] == 0


def test_two_spellings_of_a_ward_are_one_ward_under_its_commonest_name(tmp_path: Path) -> None:
    rows = [
        ward("Shortl&s & Park Langley", "E05014006", 1, date="01/09/2021"),
        ward("Shortlands & Park Langley", "E05014006", 2),
        ward("Shortlands & Park Langley", "E05014006", 3, date="01/11/2021"),
    ]
    counts = cleaned(tmp_path, rows).tables["counts"]
    assert list(counts["count"]) == [1, 2, 3]
    assert set(counts["area_name"]) == {"Shortlands & Park Langley"}
    assert set(counts["parent_code"]) == {"E09000006"}


def test_bromley_north_of_tower_hamlets_is_not_in_bromley(tmp_path: Path) -> None:
    rows = [
        ward("Bromley North", "E05009319", 7, borough="Tower Hamlets"),
        ward("Bromley Town", "E05000109", 2),
    ]
    counts = cleaned(tmp_path, rows).tables["counts"].set_index("area_code")
    assert counts.loc["E05009319", "parent_code"] == "E09000030"
    assert counts.loc["E05000109", "parent_code"] == "E09000006"


def test_the_case_of_the_header_does_not_matter(tmp_path: Path) -> None:
    header = [name.replace("Area Name", "Area name").replace("Area Type", "Area type") for name in DASHBOARD]
    assert list(cleaned(tmp_path, [bromley("01/11/2021", 4)], header).tables["counts"]["count"]) == [4]


def test_total_notifiable_offences_are_a_family_of_their_own(tmp_path: Path) -> None:
    header = [
        {"Crime Type": "Offence Group", "Crime Subtype": "Offence Subgroup"}.get(name, name) for name in DASHBOARD
    ]
    rows = [bromley("01/11/2021", 8, kind="VIOLENCE AGAINST THE PERSON", subtype="VIOLENCE WITH INJURY")]
    counts = cleaned(tmp_path, rows, header).tables["counts"]
    assert counts[["series", "count"]].to_dict("records") == [{"series": "tno_vwi", "count": 8}]


def test_a_crime_type_in_two_cases_is_one(tmp_path: Path) -> None:
    rows = [bromley("01/10/2021", 5, kind="Hate Crime"), bromley("01/11/2021", 6, kind="Hate crime")]
    assert list(counts_of(tmp_path, rows).values()) == [5, 6]


def test_measures_are_kept_apart(tmp_path: Path) -> None:
    found = counts_of(tmp_path, [bromley("01/11/2021", 8), bromley("01/11/2021", 2, measure="Positive Outcomes")])
    assert found["hate_crime", "E09000006", "2021-11"] == 8
    assert found["hate_crime_positive_outcomes", "E09000006", "2021-11"] == 2


def test_a_row_of_no_ward_is_set_aside(tmp_path: Path) -> None:
    result = cleaned(tmp_path, [ward("Bickley", "E05000107", 1), ward("Unknown", "", 3)])
    assert list(result.tables["counts"]["count"]) == [1]
    assert list(result.rejected["line"]) == [3]


@pytest.mark.parametrize("date", ["02/11/2021", "11/15/2021", "01/13/2021", "2021-11-15", "Nov 2021", "", "01/11/21"])
def test_a_date_that_is_not_the_first_of_a_month_is_refused(tmp_path: Path, date: str) -> None:
    message = refused(tmp_path, [bromley("01/10/2021", 1), bromley(date, 1)])
    assert "line 3, column 'date'" in message


REFUSED = {
    "area type": ([bromley("01/11/2021", 1, level="Region")], ["line 2", "Area Type", "'Region'", "known: Borough"]),
    "borough": ([dashboard_row("01/11/2021", "Bromly", "E09", "Hate Crime", "Hate Crime", 1)], ["line 2", "'Bromly'"]),
    "ward of no borough": ([ward("Bickley", "E05000107", 1, borough="Bromly")], ["line 2", "Borough_SNT"]),
    "ward code": ([ward("Bickley", "E0500010", 1)], ["line 2", "Area Code", "'E0500010'"]),
    "category": ([bromley("01/11/2021", 1, subtype="Rascist Crime")], ["line 2", "nearest known", "Racist Crime"]),
    "measure": ([bromley("01/11/2021", 1, measure="Sanctions")], ["line 2", "Sanctions"]),
    "same row": ([bromley("01/11/2021", 1), bromley("01/11/2021", 2)], ["line 3", "line 2"]),
    "same row, other case": ([bromley("01/11/2021", 1), bromley("01/11/2021", 2, subtype="hate crime")], ["line 3"]),
    "same ward, other spelling": (
        [ward("Shortl&s & Park Langley", "E05014006", 1), ward("Shortlands & Park Langley", "E05014006", 1)],
        ["line 3", "line 2"],
    ),
    "blank count": ([bromley("01/11/2021", "")], ["line 2", "count", "''"]),
    "decimal count": ([bromley("01/11/2021", "1.0")], ["line 2", "count", "'1.0'"]),
    "negative count": ([bromley("01/11/2021", -1)], ["line 2", "count", "'-1'"]),
}


@pytest.mark.parametrize("kind", REFUSED)
def test_a_malformed_row_is_refused_by_line_and_value(tmp_path: Path, kind: str) -> None:
    rows, parts = REFUSED[kind]
    message = refused(tmp_path, rows)
    assert [part for part in [SOURCE, *parts] if part not in message] == [], message


def test_unknown_columns_are_refused(tmp_path: Path) -> None:
    header = [*DASHBOARD, "Extra"]
    assert "'Extra'" in refused(tmp_path, [[*bromley("01/11/2021", 1), "x"]], header)
    assert "count" in refused(
        tmp_path, [bromley("01/11/2021", 1)], [name.replace("Count", "Number") for name in DASHBOARD]
    )


@pytest.mark.real
def test_published_wards_have_every_month_of_every_crime_type(published_data: Path) -> None:
    from crimelib.sources.discovery import RawFile

    path = published_data / "mps-monthly-dashboard" / "MPS_MonthlyCrimeDashboard_OtherCrimeData.csv"
    counts = read(RawFile(path, SOURCE, "2023-08"), load_settings()).tables["counts"]
    for series in ("gun_crime", "hate_crime", "domestic_abuse"):
        wards = counts[(counts["series"] == series) & (counts["parent_code"] == "E09000006")]
        assert len(wards) == 22 * 24, series
    raw = pd.read_csv(path, dtype=str, keep_default_na=False)
    guns = raw[(raw["Crime Subtype"] == "Gun Crime") & (raw["Measure"] == "Offences")]
    published = guns[guns["Area Type"] == "Borough"]["Count"].astype(int).sum()
    ours = counts[(counts["series"] == "gun_crime") & counts["area_level"].isin(["borough", "outside"])]["count"].sum()
    assert ours == published
