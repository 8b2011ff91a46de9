"""Areas, comparators, residents and wards on the publishers' own files, counted a second way."""

from __future__ import annotations

import csv
import math
from collections import Counter, defaultdict
from pathlib import Path

import pandas as pd
import pytest
from published import lay_out

from crimelib.areas import AreaBook
from crimelib.board.comparators import comparison_rows
from crimelib.board.item import Board
from crimelib.measures.placing import placed_wards
from crimelib.measures.rates import exposure
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

pytestmark = pytest.mark.real
SETTINGS = load_settings()
BOOK = AreaBook.of(SETTINGS)
BROMLEY = BOOK.find("Bromley")
PERIOD = pd.Period("2023-07", freq="M")
AGES = ["Persons_0-15", "Persons_16-29", "Persons_30-44", "Persons_65+"]


@pytest.fixture(scope="module")
def store(published_data: Path, tmp_path_factory: pytest.TempPathFactory) -> Store:
    folder = tmp_path_factory.mktemp("areas")
    raw = lay_out(published_data, folder / "raw", ["2023-08"])
    (raw / "geography").mkdir()
    (raw / "geography" / "2024").symlink_to(published_data / "geography")
    (raw / "police_uk").mkdir()
    (raw / "police_uk" / "2023-09").symlink_to(published_data / "police-uk" / "2023-07")
    clean(raw, folder / "processed", SETTINGS)
    return Store(folder / "processed")


@pytest.fixture(scope="module")
def board(store: Store) -> Board:
    return Board(SETTINGS, store, BROMLEY, PERIOD, "board")


def burglary_of_the_file(published_data: Path) -> dict[str, tuple[int, int]]:
    """Burglary by borough over the twelve months to July 2023 and the twelve before, by a plain loop."""
    sums: dict[str, list[int]] = defaultdict(lambda: [0, 0])
    path = published_data / "mps-recorded-crime/2023-08/MPS Borough Level Crime (most recent 24 months).csv"
    with path.open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            if row["MajorText"] == "Burglary":
                months = sorted(name for name in row if name.isdigit() and "202108" <= name <= "202307")
                for place, month in enumerate(months):
                    sums[row["LookUp_BoroughName"]][place < 12] += int(row[month])
    return {name: (now, before) for name, (now, before) in sums.items()}


def test_comparators_have_the_figures_of_the_file(board: Board, published_data: Path) -> None:
    expected = burglary_of_the_file(published_data)
    rows = comparison_rows(board, "burglary").set_index("label")
    for name in ("Bromley", *SETTINGS.similar[BROMLEY.code].names):
        assert (rows.loc[name, "current"], rows.loc[name, "previous"]) == expected[name]
    groups = {
        "South Area (Bromley, Croydon and Sutton)": ["Bromley", "Croydon", "Sutton"],
        "Similar boroughs together": SETTINGS.similar[BROMLEY.code].names,
        "London": list(expected),
    }
    for label, names in groups.items():
        found = rows.loc[label, "current"], rows.loc[label, "previous"]
        assert found == tuple(sum(expected[name][half] for name in names) for half in (0, 1))


def test_the_sentence_of_burglary_in_bromley(board: Board) -> None:
    first, *_ = board.item("burglary").compared().lines
    assert first.startswith("Burglary in Bromley showed no clear change (+6.6%, from 1,450 to 1,545 recorded offences)")
    assert "in South Area it" in first
    assert "in London it" in first


def test_the_time_before_the_pandemic_stands_only_where_the_file_has_it(board: Board) -> None:
    assert comparison_rows(board, "hate_crime")["before_covid"].isna().all()
    assert comparison_rows(board, "burglary")["before_covid"].notna().all()


def test_similar_boroughs_are_those_that_the_declared_rule_gives(published_data: Path) -> None:
    people: dict[str, Counter] = defaultdict(Counter)
    with (published_data / "geography/london-mid2020-pop.csv").open(encoding="utf-8-sig", newline="") as stream:
        for row in csv.DictReader(stream):
            for column in ("Persons_All-Ages", *AGES):
                people[row["LAD11NM"]][column] += int(row[column])
    del people["City of London"]
    traits = pd.DataFrame(
        {
            name: [math.log(ages["Persons_All-Ages"]), *(ages[age] / ages["Persons_All-Ages"] for age in AGES)]
            for name, ages in people.items()
        }
    ).T
    standard = (traits - traits.mean()) / traits.std()
    parts = {row.name: row.part for row in SETTINGS.similar.values()}
    for row in SETTINGS.similar.values():
        same = [name for name in standard.index if parts[name] == row.part and name != row.name]
        distance = ((standard.loc[same] - standard.loc[row.name]) ** 2).sum(axis=1)
        assert list(distance.sort_values().index[:5]) == row.names


def test_residents_of_wards_before_and_after_may_2022(store: Store, published_data: Path) -> None:
    with (published_data / "geography/london-mid2020-pop.csv").open(encoding="utf-8-sig", newline="") as stream:
        bromley = sum(int(row["Persons_All-Ages"]) for row in csv.DictReader(stream) if row["LAD11NM"] == "Bromley")
    before = exposure(store, [f"E05{n:06d}" for n in range(106, 128)], pd.Period("2021-11", freq="M"))
    after = exposure(store, [f"E05{n:06d}" for n in range(13987, 14009)], PERIOD)
    assert before is not None
    assert after is not None
    assert (before.year, before.numbers.sum()) == (2020, bromley)
    assert (after.year, after.numbers.sum()) == (2021, 329_985)


def test_wards_of_police_uk_add_up_to_the_borough(store: Store) -> None:
    placed = placed_wards(store, SETTINGS, BROMLEY, "2022")
    calls = placed[placed["series"] == "police_uk_asb"]
    assert sorted(calls["area_code"]) == [f"E05{n:06d}" for n in range(13987, 14009)]
    borough = store.counts([BROMLEY.code])
    total = borough[(borough["series"] == "police_uk_asb") & (borough["month"] == "2023-07")]["count"].sum()
    assert calls["count"].sum() == total


def test_bromley_north_and_south_of_tower_hamlets_are_never_in_bromley(store: Store) -> None:
    stored = store.table("counts", filters=[("area_level", "==", "ward")])
    named = stored[stored["area_name"].isin(["Bromley North", "Bromley South"])]
    assert len(named)
    assert set(named["parent_code"]) == {"E09000030"}
    bromley = set(stored[stored["parent_code"] == BROMLEY.code]["area_code"])
    assert bromley <= {ward.code for ward in SETTINGS.wards if ward.borough_code == BROMLEY.code}
    assert not bromley & set(named["area_code"])


def test_ward_rows_of_the_summary_are_of_one_boundary_set(board: Board) -> None:
    wards = set(board.rows[board.rows["breakdown"] == "ward"]["breakdown_value"])
    assert wards == {f"E05{n:06d}" for n in range(13987, 14009)}


def test_a_month_before_may_2022_is_shown_in_the_newest_wards_and_says_so(published_data: Path, tmp_path: Path) -> None:
    """The file of 2022-09 has November 2021 in the wards of the time, that of 2023-09 in those after May 2022."""
    raw = lay_out(published_data, tmp_path / "raw", ["2022-09", "2023-09"], others=False)
    clean(raw, tmp_path / "processed", SETTINGS)
    store = Store(tmp_path / "processed")
    before = Board(SETTINGS, store, BROMLEY, pd.Period("2021-11", freq="M"), "board")
    stored = set(store.table("counts", filters=[("month", "==", "2021-11"), ("area_level", "==", "ward")])["area_code"])
    assert {"E05000106", "E05013987"} <= stored
    shown = set(before.rows.query("breakdown == 'ward'")["breakdown_value"])
    assert shown == {f"E05{n:06d}" for n in range(13987, 14009)}
    told = str(before.item("burglary").wards())
    assert "no figure for December 2019 to August 2021" in told
    assert "in November 2021 those before May 2022 were in force" in told


def test_a_map_has_the_wards_that_its_figures_are_of(board: Board, published_data: Path, tmp_path: Path) -> None:
    """The files of 2022 give the wards before May 2022, those of 2023 the wards after: each on its own boundaries."""
    raw = lay_out(published_data, tmp_path / "raw", ["2022-09"], others=False)
    (raw / "geography").mkdir()
    (raw / "geography" / "2024").symlink_to(published_data / "geography")
    clean(raw, tmp_path / "processed", SETTINGS)
    before = Board(SETTINGS, Store(tmp_path / "processed"), BROMLEY, pd.Period("2022-08", freq="M"), "board")
    old, new = (each.ward_map().data for each in (before.item("burglary"), board.item("hate_crime")))
    assert list(old.sort_values("code")["code"]) == [f"E05000{number}" for number in range(106, 128)]
    assert list(new.sort_values("code")["code"]) == [f"E0501{number}" for number in range(3987, 4009)]
    assert {"Bromley Town", "Penge and Cator"} <= set(old["name"])
    assert {"Bromley Town", "Penge & Cator"} <= set(new["name"])
