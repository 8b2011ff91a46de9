"""A suspected gap takes the signal from every window that it is in, and says why."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board import data_quality
from crimelib.board.early_warning import EarlyWarning
from crimelib.board.item import Board, index_finding, yearly_totals
from crimelib.board.narrative import sentence
from crimelib.board.summary import row_of, summary
from crimelib.board.tables import changes_text
from crimelib.board.unusual import last_month, limits
from crimelib.settings import load_settings
from crimelib.tables.anomalies import find_gaps
from crimelib.tables.store import PARTS, Catalogue, Entry, Store, write_catalogue, write_part

MONTHS = [str(month) for month in pd.period_range("2021-01", "2023-12", freq="M")]
BROMLEY = "E09000006"


def part(series: str, level: int, months: list[str]) -> pd.DataFrame:
    wobble = np.random.default_rng(5).normal(1, 0.03, len(MONTHS))
    by_month = dict(zip(MONTHS, (level * wobble).round().astype(int), strict=True))
    frame = pd.DataFrame({"month": months, "count": [by_month[month] for month in months]})
    return frame.assign(
        series=series, basis="police_uk", area_level="borough", area_code=BROMLEY, parent_code="E12000007",
        area_name="Bromley",
    )  # fmt: skip


def processed(folder: Path, vintages: list[pd.DataFrame]) -> Store:
    """A store of police.uk counts, a vintage each, with the gaps that cleaning would have found."""
    (folder / PARTS).mkdir()
    entries = []
    for order, counts in enumerate(vintages):
        write_part(folder / PARTS / f"{order}.parquet", counts)
        entries.append(Entry("police_uk", f"v{order}", f"{order}.csv", "", order, 0, {"counts": f"{order}.parquet"}))
    bare = Catalogue(tuple(entries))
    gaps = find_gaps(Store(folder, bare), load_settings(), "police_uk")
    write_catalogue(folder, Catalogue(bare.entries, (), gaps))
    return Store(folder)


@pytest.fixture
def short_june(tmp_path: Path) -> Store:
    counts = pd.concat([part("police_uk_asb", 480, MONTHS), part("police_uk_burglary", 1900, MONTHS)])
    june = counts["month"] == "2023-06"
    return processed(tmp_path, [counts.assign(count=counts["count"].where(~june, counts["count"] // 3))])


def asb(store: Store, period: str, window: str) -> dict:
    settings = load_settings()
    area = AreaBook.of(settings).find("Bromley")
    return dict(row_of(summary(store, settings, area, pd.Period(period, freq="M")), "asb", window))


def test_a_window_with_a_suspected_gap_has_no_signal(short_june: Store) -> None:
    row = asb(short_june, "2023-06", "month")
    assert row["status"] == "ok"
    assert row["current"] < row["previous"] / 2
    assert row["signal"] == ""
    assert row["note"].startswith("Suspected gap in June 2023: ")
    assert " where about 2," in row["note"]


def test_a_window_without_it_keeps_its_signal(short_june: Store) -> None:
    row = asb(short_june, "2023-05", "rolling_12")
    assert (row["signal"], row["note"]) == ("no_clear_change", "")


def test_the_sentence_says_the_doubt_and_not_no_change(short_june: Store) -> None:
    row = asb(short_june, "2023-06", "month")
    text = str(sentence(row, load_settings().items["asb"].measures["asb"]))
    assert "Suspected gap in June 2023" in text
    assert "No clear change" not in text


def test_a_month_from_an_older_file_is_marked(tmp_path: Path) -> None:
    without = [month for month in MONTHS if month != "2023-03"]
    store = processed(tmp_path, [part("police_uk_asb", 480, MONTHS), part("police_uk_asb", 480, without)])
    row = asb(store, "2023-12", "rolling_12")
    assert (row["status"], row["note"]) == ("ok", "March 2023 is from the older vintage v0.")
    assert row["signal"] == "no_clear_change"


def board(store: Store, period: str) -> Board:
    settings = load_settings()
    area = AreaBook.of(settings).find("Bromley")
    return Board(settings, store, area, pd.Period(period, freq="M"), "board")


def test_the_page_lists_gaps_up_to_the_period(short_june: Store) -> None:
    assert "June 2023" in str(data_quality.gaps_table(board(short_june, "2023-12")))
    assert "looks short" in str(data_quality.gaps_table(board(short_june, "2023-05")))


def test_the_page_says_when_nothing_was_revised(short_june: Store) -> None:
    assert "no revision can be seen" in str(data_quality.revised(board(short_june, "2023-12")))
    assert "no revision to draw" in str(data_quality.revision_chart(board(short_june, "2023-12")))


def test_the_page_shows_what_was_revised(tmp_path: Path) -> None:
    before = part("police_uk_asb", 480, MONTHS)
    after = before.assign(count=before["count"] + (before["month"] == "2023-11") * 5)
    page = board(processed(tmp_path, [before, after]), "2023-12")
    assert "+5 in November 2023" in str(data_quality.revised(page))
    assert "1 of 36 figures changed" in data_quality.revision_chart(page).alt


def test_recent_months_of_a_chart_are_provisional(short_june: Store) -> None:
    page = board(short_june, "2023-12").item("asb")
    assert page.provisional_from("asb") == pd.Period("2023-10", freq="M")
    assert board(short_june, "2023-06").item("asb").provisional_from("asb") is None
    listed = str(data_quality.provisional_months(board(short_june, "2023-12")))
    assert "October 2023" in listed


def test_the_chart_marks_a_suspected_gap_and_keeps_it_out_of_its_limits(short_june: Store) -> None:
    page = board(short_june, "2023-12").item("asb")
    monthly = page.monthly()
    assert list(monthly.loc[monthly["short"], "month"]) == ["2023-06"]
    chart = page.trend()
    june = monthly.set_index("month")["count"]["2023-06"]
    assert f"suspected gap: {june:,.0f} in Jun 2023" in str(chart.spec)
    assert "suspected gap" in str(chart.narrow_spec)
    taken = chart.data.set_index("month")
    assert list(taken.index[taken["suspected_gap"]]) == ["2023-06"]
    others = taken["count"].loc["2021-08":].drop("2023-06")  # limits are set anew after Covid restrictions
    assert taken["centre"].iloc[-1] == pytest.approx(others.mean(), abs=0.01)
    assert taken["lower_limit"].iloc[-1] > june


def test_a_chart_without_a_suspected_gap_says_nothing_of_one(short_june: Store) -> None:
    chart = board(short_june, "2023-05").item("asb").trend()
    assert "suspected gap" not in str(chart.spec)
    assert "suspected_gap" not in chart.data


def test_a_short_month_is_not_called_unusual(short_june: Store) -> None:
    page = board(short_june, "2023-06").item("asb")
    assert "looks short of data: whether it is unusual cannot be said" in str(page.unusual())
    assert page.last_month() is None


def test_limits_end_with_the_last_figure(short_june: Store) -> None:
    monthly = board(short_june, "2023-12").item("asb").monthly()
    ended = monthly.assign(count=monthly["count"].where(monthly["month"] <= "2023-09"))
    assert limits(ended, {})["month"].iloc[-1] == "2023-09"
    assert limits(monthly, {})["month"].iloc[-1] == "2023-12"
    with_gap_last = ended.assign(short=ended["month"] == "2023-09")
    assert limits(with_gap_last, {})["month"].iloc[-1] == "2023-09"


def test_twelve_months_with_a_suspected_gap_are_told_and_those_without_are_not(short_june: Store) -> None:
    totals = yearly_totals(board(short_june, "2023-12").item("asb").monthly(), ())
    assert list(totals.index[totals["short"]]) == [f"2023-{month:02}" for month in range(6, 13)]
    rows = totals.rename_axis("month").reset_index().assign(series="ASB")
    assert index_finding(rows).endswith("(suspected gap in its twelve months) in December 2023.")
    assert "suspected" not in index_finding(rows[rows["month"] < "2023-06"])


def test_tables_mark_a_window_with_a_suspected_gap(short_june: Store) -> None:
    page = board(short_june, "2023-12")
    assert "◌ suspected gap" in page.item("asb").windows().text()
    assert "◌ suspected gap" in page.matrix().text()
    assert "suspected gap" not in board(short_june, "2023-05").matrix().text()
    told = changes_text(page.item("asb").rows.query("window == 'rolling_12' and breakdown == 'total'"))
    assert told.endswith(", suspected gap).")


def test_early_warning_leaves_a_suspected_gap_out_and_says_so(short_june: Store) -> None:
    warning = EarlyWarning(board(short_june, "2023-12"))
    asb_outlook = next(each for each in warning.outlooks if each.item == "asb")
    assert asb_outlook.months["value"].isna()["2023-06"]
    assert "in June 2023 (suspected gap)" in warning.table().text()
    assert "suspected gap" not in EarlyWarning(board(short_june, "2023-05")).table().text()


def test_a_month_soon_after_a_new_level_is_not_called_usual(short_june: Store) -> None:
    monthly = board(short_june, "2023-05").item("asb").monthly()
    assert last_month(monthly, {"2023-03": "another system"}) is None
    assert last_month(monthly, {}) is not None
