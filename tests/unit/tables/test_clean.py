"""From raw to processed: what is reused, what is left out, and that a refusal changes nothing."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from mps_files import put, recorded, tree_hash

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.tables.clean import CleanResult, clean
from crimelib.tables.store import CATALOGUE, PARTS, Store, read_catalogue

BURGLARY = ("Burglary", "Domestic Burglary")
TWO = ["Bromley", "Croydon"]


def file(raw: Path, vintage: str, last: str, count: int, name: str = "f.csv") -> None:
    put(raw, recorded("2021-01", last, {BURGLARY: count}, TWO), vintage=vintage, name=name)


def cleaned(folder: Path) -> CleanResult:
    return clean(folder / "raw", folder / "processed", load_settings())


def orders(result: CleanResult) -> dict[str, int]:
    return {entry.vintage: entry.order for entry in result.catalogue.entries}


def latest_count(folder: Path, month: str = "2021-02") -> int:
    counts = Store(folder / "processed").counts(["E09000006"])
    of_month = counts[counts["month"] == month].sort_values("vintage_order")
    return int(of_month["count"].iloc[-1])


def test_a_second_clean_reuses_every_file(tmp_path: Path) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    file(tmp_path / "raw", "2021-04", "2021-03", 2)
    assert cleaned(tmp_path).cleaned == 2
    before = tree_hash(tmp_path / "processed")
    assert cleaned(tmp_path).cleaned == 0
    assert tree_hash(tmp_path / "processed") == before


def test_one_changed_file_cleans_only_itself(tmp_path: Path) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    file(tmp_path / "raw", "2021-04", "2021-03", 2)
    cleaned(tmp_path)
    file(tmp_path / "raw", "2021-04", "2021-03", 3)
    assert cleaned(tmp_path).cleaned == 1
    assert latest_count(tmp_path) == 3


def test_a_lost_part_is_made_again(tmp_path: Path) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    cleaned(tmp_path)
    before = tree_hash(tmp_path / "processed")
    next((tmp_path / "processed" / PARTS).glob("*counts*")).unlink()
    assert cleaned(tmp_path).cleaned == 1
    assert tree_hash(tmp_path / "processed") == before


def test_changed_parameters_clean_everything_again(tmp_path: Path) -> None:
    import shutil

    from crimelib.settings import Settings

    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    cleaned(tmp_path)
    shutil.copytree(load_settings().folder, tmp_path / "parameters")
    with (tmp_path / "parameters/events.yml").open("a") as stream:
        stream.write("# another word\n")
    assert clean(tmp_path / "raw", tmp_path / "processed", Settings(tmp_path / "parameters")).cleaned == 1


def test_the_same_bytes_are_one_vintage(tmp_path: Path) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    file(tmp_path / "raw", "2021-04", "2021-02", 1, name="other.csv")
    result = cleaned(tmp_path)
    assert [entry.vintage for entry in result.catalogue.entries] == ["2021-04"]
    assert [label for label, _ in result.catalogue.left_out] == ["mps_recorded_crime/2021-03/f.csv"]


def test_a_revision_taken_back_is_taken_back(tmp_path: Path) -> None:
    """The first file's bytes are published again after another: the last publication counts."""
    for vintage, count in (("2021-03", 1), ("2021-04", 2), ("2021-05", 1)):
        file(tmp_path / "raw", vintage, "2021-02", count)
    cleaned(tmp_path)
    assert latest_count(tmp_path) == 1


def test_the_order_of_vintages_is_their_date_else_the_month_after_their_last(tmp_path: Path) -> None:
    file(tmp_path / "raw", "b fetched 2021-09-30", "2021-02", 1)
    file(tmp_path / "raw", "a from the analyst", "2021-06", 2)
    file(tmp_path / "raw", "2021-05", "2021-04", 3)
    assert orders(cleaned(tmp_path)) == {"2021-05": 0, "a from the analyst": 1, "b fetched 2021-09-30": 2}


def test_illustrative_files_go_as_soon_as_one_real_file_is_there(tmp_path: Path) -> None:
    file(tmp_path / "raw", "illustrative-2021-12", "2021-11", 9)
    assert cleaned(tmp_path).catalogue.is_illustrative
    file(tmp_path / "raw", "2021-04", "2021-03", 1)
    result = cleaned(tmp_path)
    assert not result.catalogue.is_illustrative
    assert [entry.vintage for entry in result.catalogue.entries] == ["2021-04"]
    assert [label for label, reason in result.catalogue.left_out if "illustrative" in reason] == [
        "mps_recorded_crime/illustrative-2021-12/f.csv"
    ]
    assert Store(tmp_path / "processed").counts(["E09000006"])["month"].max() == "2021-03"


def test_the_same_bytes_in_give_the_same_tables_out(tmp_path: Path) -> None:
    for place in ("here", "there"):
        for vintage, count in (("2021-03", 1), ("2021-04", 2)):
            file(tmp_path / place / "raw", vintage, "2021-02", count)
        cleaned(tmp_path / place)
    assert tree_hash(tmp_path / "here/processed") == tree_hash(tmp_path / "there/processed")


@pytest.mark.parametrize("text", ["Nonsense,202101\nx,1\n", "", "<html></html>"])
def test_a_refused_file_changes_nothing(tmp_path: Path, text: str) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    cleaned(tmp_path)
    before = tree_hash(tmp_path / "processed")
    file(tmp_path / "raw", "2021-04", "2021-03", 2)
    put(tmp_path / "raw", text, vintage="2021-05")
    with pytest.raises(InputError, match=r"mps_recorded_crime/2021-05/f\.csv"):
        cleaned(tmp_path)
    assert tree_hash(tmp_path / "processed") == before


@pytest.mark.parametrize(
    "text", ["", "{", "[]", '{"entries": []}', '{"entries": [{"source": "x"}], "left_out": []}', "\xff"]
)
def test_a_broken_catalogue_is_told_and_made_again(tmp_path: Path, text: str) -> None:
    file(tmp_path / "raw", "2021-03", "2021-02", 1)
    cleaned(tmp_path)
    before = tree_hash(tmp_path / "processed")
    (tmp_path / "processed" / CATALOGUE).write_bytes(text.encode("latin-1"))
    with pytest.raises(InputError, match="the catalogue cannot be read; run `crimelib clean` again"):
        Store(tmp_path / "processed")
    cleaned(tmp_path)
    assert tree_hash(tmp_path / "processed") == before


def test_parts_that_no_catalogue_lists_are_cleared_away_one_clean_later(tmp_path: Path) -> None:
    """A reader that has just read the catalogue before must still find its parts."""
    for count in (1, 2, 3):
        file(tmp_path / "raw", "2021-03", "2021-02", count)
        cleaned(tmp_path)
    listed = {part for entry in read_catalogue(tmp_path / "processed").entries for part in entry.tables.values()}
    present = {path.name for path in (tmp_path / "processed" / PARTS).iterdir()}
    assert listed < present
    assert len(present) == 2 * len(listed)
    assert not list((tmp_path / "processed").glob(".building-*"))
    cleaned(tmp_path)
    assert {path.name for path in (tmp_path / "processed" / PARTS).iterdir()} == present  # nothing has changed


def test_rejected_rows_are_kept_with_their_reasons(tmp_path: Path) -> None:
    header = "MajorText,MinorText,WardName,WardCode,LookUp_BoroughName,202111\n"
    rows = "Burglary,Domestic Burglary,Bickley,E05000107,Bromley,1\nBurglary,Domestic Burglary,Unknown,,Bromley,2\n"
    put(tmp_path / "raw", header + rows)
    result = cleaned(tmp_path)
    assert [entry.rejected for entry in result.catalogue.entries] == [1]
    rejected = Store(tmp_path / "processed").table("rejected")
    assert rejected[["line", "column"]].to_dict("records") == [{"line": 3, "column": "WardCode"}]
    assert isinstance(rejected, pd.DataFrame)
