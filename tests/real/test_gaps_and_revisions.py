"""Gaps, holes and revisions that are in the publishers' files, and none where the files are whole."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.sources.registry import reader_of
from crimelib.tables.anomalies import ABSENT, gaps_in
from crimelib.tables.quality import filled_months, unallocated
from crimelib.tables.revisions import Releases

pytestmark = pytest.mark.real

BROMLEY, CROYDON = "E09000006", "E09000008"
# When the thresholds were set, all eight vintages of recorded crime together (33 areas, up to 190 months) had 14 flags:
# each of a single category, none of Bromley, most of London as a whole, such as fraud in early 2013.
MOST_FALSE_ALARMS = 1 / 10_000


def counts(source: str, paths: list[Path], *, wards: bool = False) -> pd.DataFrame:
    """The stored rows that files would give: each folder a vintage, in the order of their names."""
    settings, frames = load_settings(), []
    vintages = sorted({path.parent.name for path in paths})
    for path in paths:
        vintage = path.parent.name
        table = reader_of(source)(RawFile(path, source, vintage), settings).tables["counts"]
        levels = ["borough", "london", "ward"] if wards else ["borough", "london"]
        chosen = table[table["area_level"].isin(levels)]
        frames.append(chosen.assign(source=source, vintage=vintage, vintage_order=vintages.index(vintage)))
    return pd.concat(frames, ignore_index=True)


@pytest.fixture(scope="module")
def recorded_crime(published_data: Path) -> pd.DataFrame:
    """Two vintages of the borough files on one basis, to August 2022 with a hole, and one before them."""
    folder = published_data / "mps-recorded-crime"
    names = ["2021-09", "2022-09"]
    paths = [path for name in names for path in sorted((folder / name).glob("*Borough*"))]
    return counts("mps_recorded_crime", paths)


@pytest.fixture(scope="module")
def street(published_data: Path) -> pd.DataFrame:
    """Bromley and Croydon of data.police.uk, the months around the short June of 2023."""
    months = [f"2023-{month:02}" for month in range(5, 11)]
    paths = [published_data / "police-uk" / month / f"{month}-metropolitan-street.csv" for month in months]
    return counts("police_uk", paths).assign(vintage_order=0)


def test_june_2023_of_police_uk_is_flagged(street: pd.DataFrame) -> None:
    found = gaps_in(street, load_settings())
    assert found[["area_code", "month", "series"]].values.tolist() == [
        [BROMLEY, "2023-06", ""],
        [CROYDON, "2023-06", ""],
    ]
    bromley, croydon = found.to_dict("records")
    assert bromley["count"] == 867
    assert bromley["expected"] == pytest.approx(2450, abs=100)
    assert pd.isna(croydon["count"])
    assert croydon["reason"] == ABSENT


def test_ordinary_months_of_recorded_crime_are_not_flagged(recorded_crime: pd.DataFrame) -> None:
    found = gaps_in(recorded_crime, load_settings())
    short = found[found["count"].notna()]
    judged = len(recorded_crime.drop_duplicates(["series", "area_code", "month"]))
    assert judged > 100_000
    assert len(short) <= MOST_FALSE_ALARMS * judged
    assert not (short["series"] == "").any()
    assert not (short["area_code"] == BROMLEY).any()


def test_august_2020_is_filled_from_the_older_vintage(recorded_crime: pd.DataFrame) -> None:
    found = filled_months(recorded_crime[recorded_crime["area_code"] == BROMLEY])
    assert found[["month", "vintage"]].values.tolist() == [["2020-08", "2021-09"]]


def test_august_2020_is_a_hole_without_it(recorded_crime: pd.DataFrame) -> None:
    newest = recorded_crime[recorded_crime["vintage"] == "2022-09"]
    found = gaps_in(newest[newest["area_code"] == BROMLEY], load_settings())
    assert "2020-08" in set(found["month"])
    assert filled_months(newest).empty


def test_revisions_of_bromley(recorded_crime: pd.DataFrame) -> None:
    """Counted by hand: all of Bromley's offences of April 2021, 1,840 in the file to August 2021, then 1,849."""
    bromley = recorded_crime[recorded_crime["area_code"] == BROMLEY]
    releases = Releases.of(bromley, BROMLEY).counted(bromley["series"].unique(), bromley["basis"].iloc[0])
    april = releases[releases["month"] == "2021-04"]
    assert list(zip(april["vintage"], april["count"], strict=True)) == [("2021-09", 1840), ("2022-09", 1849)]


def test_burglary_in_no_ward(published_data: Path) -> None:
    paths = sorted((published_data / "mps-recorded-crime" / "2022-09").glob("*(most recent 24 months).csv"))
    stored = counts("mps_recorded_crime", paths, wards=True)
    months = [str(month) for month in pd.period_range("2020-12", "2021-11", freq="M")]
    burglary = ["burglary_residential", "burglary_business_community"]
    assert unallocated(stored, burglary, BROMLEY, months) == (1477, 16)
    assert unallocated(stored, burglary, BROMLEY, ["2015-01", *months]) is None
