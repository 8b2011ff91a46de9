"""Recent and non-recent sexual offences on the page: shares by hand, what may be concluded, one line where unknown."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
import pytest
from areas_store import processed

from crimelib.areas import AreaBook
from crimelib.board.item import Board
from crimelib.board.sexual_offences import SexualOffencesPage
from crimelib.board.summary import COLUMNS
from crimelib.board.tables import Table
from crimelib.settings import load_settings
from crimelib.tables.store import Catalogue, Store, write_catalogue

SETTINGS = load_settings()
PERIOD = pd.Period("2021-11", freq="M")
YEAR = list(pd.period_range(end=PERIOD, periods=12, freq="M").astype(str))
TWO_YEARS = list(pd.period_range(end=PERIOD, periods=24, freq="M").astype(str))
HEADER = "month,area_code,measure,recency,count\n"
KINDS = ("recent", "non_recent", "not_known")
CANNOT = "Recent and non-recent offences cannot be told apart"


def extract(months=TWO_YEARS, rape=(10, 5, 1), other=(20, 5, 2), before=None, without: str = "") -> str:
    """The same counts a month, those of ``before`` in place of rape's in the first of two years."""
    lines = [
        f"{month},E09000006,{measure},{kind},{count}\n"
        for month in months
        for measure, counts in (
            ("rape", before if before and month not in YEAR else rape),
            ("other_sexual_offences", other),
        )
        for kind, count in zip(KINDS, counts, strict=True)
    ]
    return HEADER + "".join(line for line in lines if not without or not line.startswith(without))


def page(folder: Path, *texts: str, audience: str = "board", counted: int = 516) -> SexualOffencesPage:
    files = {f"offence_recency/2021-1{place}/extract.csv": text for place, text in enumerate(texts)}
    if files:
        store = processed(folder, SETTINGS, files)
    else:
        folder.mkdir(exist_ok=True)
        write_catalogue(folder, Catalogue(()))
        store = Store(folder)
    board = Board(SETTINGS, store, AreaBook.of(SETTINGS).find("Bromley"), PERIOD, audience)
    row = dict.fromkeys(COLUMNS, "") | {"item": "sexual_offences", "measure": "sexual_offences", "breakdown": "total"}
    row |= {"window": "rolling_12", "status": "ok", "current": counted, "previous": 500}
    board.__dict__["rows"] = pd.DataFrame([row], dtype=object)
    return SexualOffencesPage(board, "sexual_offences")


def cells(table: Table, heading: str) -> list[list[str]]:
    """The lines below a group's heading."""
    at = [line[0].text for line in table.rows].index(heading)
    ends = [place for place, line in enumerate(table.rows) if len(line) == 1 and place > at]
    return [[cell.text for cell in line] for line in table.rows[at + 1 : min(ends, default=len(table.rows))]]


def test_the_share_is_as_a_hand_count_says_with_wilsons_interval(tmp_path: Path) -> None:
    said = str(page(tmp_path, extract(before=(10, 2, 1))).recency())
    assert "120 of 480 (25%; 21% to 29%) were non-recent" in said
    assert "a year before 84 of 444 (19%; 16% to 23%): a larger share, beyond chance." in said


def test_the_table_has_rape_other_and_all(tmp_path: Path) -> None:
    table = page(tmp_path, extract()).recency_table()
    assert [line[:3] for line in cells(table, "Rape")] == [
        ["Recent", "120", "120"],
        ["Non-recent", "60", "60"],
        ["Date not known", "12", "12"],
        ["Share non-recent", "33% (27% to 41%)", "33% (27% to 41%)"],
    ]
    assert cells(table, "All sexual offences")[0][1] == "360"
    assert "The extract holds 516 recorded offences; 516 are counted in all." in table.notes


@pytest.mark.parametrize(
    ("before", "said"),
    [
        ((10, 0, 1), "The rise in non-recent offences is no rise in offending now"),
        ((10, 25, 1), "The fall in non-recent offences is no fall in offending now"),
        (None, "Non-recent offences say nothing of offending now"),
    ],
)
def test_what_may_be_concluded_follows_the_change_and_is_never_offending(tmp_path: Path, before, said: str) -> None:
    text = str(page(tmp_path, extract(before=before)).recency())
    assert said in text
    assert "only those reported and recorded" in text


def test_no_clear_change_says_what_could_have_been_seen(tmp_path: Path) -> None:
    text = str(page(tmp_path, extract()).recency())
    assert re.search(r"Non-recent: 120, against 120 .* No clear change: a change smaller than about \d+%", text)


def test_without_an_extract_the_page_says_what_is_unknown_and_who_holds_it(tmp_path: Path) -> None:
    found = page(tmp_path / "none")
    assert CANNOT in str(found.recency())
    assert "crimelib template offence_recency" in str(found.recency())
    assert not isinstance(found.recency_table(), Table)


@pytest.mark.parametrize("without", ["2021-06", "2021-06,E09000006,rape,not_known"])
def test_an_incomplete_extract_names_the_month_and_gives_no_figure(tmp_path: Path, without: str) -> None:
    found = page(tmp_path, extract(without=without))
    assert CANNOT in str(found.recency())
    assert "lacks figures of June 2021." in str(found.recency())
    assert not re.search(r"\d+%", str(found.recency()))
    assert not isinstance(found.recency_table(), Table)


def test_a_year_before_that_was_not_returned_is_said_to_be_missing(tmp_path: Path) -> None:
    found = page(tmp_path, extract(YEAR))
    assert "What they were a year before is not at hand." in str(found.recency())
    assert cells(found.recency_table(), "Rape")[0] == ["Recent", "120", "no data", "–", "–"]


def test_a_small_count_is_nowhere_and_cannot_be_had_by_subtraction(tmp_path: Path) -> None:
    rare = extract(rape=(10, 0, 1), before=(10, 3, 1)).replace(
        "2021-11,E09000006,rape,non_recent,0", "2021-11,E09000006,rape,non_recent,7"
    )
    board, public = page(tmp_path / "a", rare), page(tmp_path / "b", rare, audience="public")
    assert cells(board.recency_table(), "Rape")[1][1] == "7"
    shown = public.recency_table()
    assert [line[0].text for line in shown.rows if len(line) == 1] == ["All sexual offences"]
    assert cells(shown, "All sexual offences")[1][1] == "67"
    assert not re.search(r"\b7\b|\b120\b", shown.text() + str(public.recency()))


def test_few_without_a_date_stand_with_the_recent_ones_and_the_page_says_so(tmp_path: Path) -> None:
    text = extract(rape=(10, 5, 0), other=(20, 5, 0)).replace("2021-11,E09000006,rape,not_known,0",
                                                              "2021-11,E09000006,rape,not_known,3")  # fmt: skip
    shown = page(tmp_path, text).recency_table()
    assert cells(shown, "Rape")[0][:2] == ["Recent, or date not known", "123"]
    assert "the share non-recent is the least that it can be" in shown.text()


def test_too_few_to_tell_apart_shows_no_figure(tmp_path: Path) -> None:
    text = extract(rape=(0, 0, 0), other=(0, 0, 0)).replace("2021-11,E09000006,rape,non_recent,0",
                                                            "2021-11,E09000006,rape,non_recent,3")  # fmt: skip
    found = page(tmp_path, text)
    assert "too few" in str(found.recency())
    assert not re.search(r"\d", str(found.recency()))
    assert not isinstance(found.recency_table(), Table)


def test_an_extract_far_from_what_is_counted_says_so(tmp_path: Path) -> None:
    warned = "The extract holds 516 offences where 400 are counted"
    assert warned in str(page(tmp_path / "a", extract(), counted=400).recency())
    assert "ask which is right" not in str(page(tmp_path / "b", extract()).recency())


def test_of_two_extracts_the_later_counts(tmp_path: Path) -> None:
    assert "120 of 480" in str(page(tmp_path, extract(rape=(9, 9, 9)), extract()).recency())
