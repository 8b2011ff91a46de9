"""When violence was committed: shares against the hours and the year before, one line without an extract."""

from __future__ import annotations

import re
from pathlib import Path

import pandas as pd
from areas_store import processed

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import Board
from crimelib.board.ndvwi import NdvwiPage
from crimelib.board.summary import COLUMNS
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.settings import load_settings
from crimelib.tables.store import Catalogue, Store, write_catalogue

SETTINGS = load_settings()
TIMES = SETTINGS.offence_times
PERIOD = pd.Period("2021-11", freq="M")
YEAR = pd.period_range(end=PERIOD, periods=12, freq="M").astype(str)
TWO_YEARS = pd.period_range(end=PERIOD, periods=24, freq="M").astype(str)
HEADER = "month,area_code,measure,weekday,hour_band,count\n"


def extract(
    months=TWO_YEARS,
    each: int = 2,
    friday_now: int = 10,
    measure: str = "ndvwi",
    unknown: int = 1,
    rare: int | None = None,
) -> str:
    """Every cell ``each`` a month, the night of Friday ``friday_now`` in the last twelve; where given, Saturday before
    dawn ``rare`` in the last month and none in any other."""
    lines = []
    for month in months:
        for day in TIMES.weekdays:
            for band in TIMES.hour_bands:
                is_night = (day, band) == ("friday", "21 to 24") and month in YEAR
                count = friday_now if is_night else each
                if rare is not None and (day, band) == ("saturday", "03 to 06"):
                    count = rare if month == YEAR[-1] else 0
                lines.append(f"{month},E09000006,{measure},{day},{band},{count}\n")
        lines.append(f"{month},E09000006,{measure},not_known,not_known,{unknown}\n")
    return HEADER + "".join(lines)


def page(folder: Path, *texts: str, audience: str = "board") -> NdvwiPage:
    files = {f"offence_times/2021-12/{place}.csv": text for place, text in enumerate(texts)}
    if files:
        store = processed(folder, SETTINGS, files)
    else:
        folder.mkdir(exist_ok=True)
        write_catalogue(folder, Catalogue(()))
        store = Store(folder)
    board = Board(SETTINGS, store, AreaBook.of(SETTINGS).find("Bromley"), PERIOD, audience)
    rows = [
        dict.fromkeys(COLUMNS, "") | {"item": "ndvwi", "measure": measure, "breakdown": "total"}
        | {"window": "rolling_12", "status": "ok", "current": 1500, "previous": 1400}
        for measure in ("ndvwi", "domestic_vwi")
    ]  # fmt: skip
    board.__dict__["rows"] = pd.DataFrame(rows, dtype=object)
    return NdvwiPage(board, "ndvwi")


def test_the_shares_of_nights_are_as_a_hand_count_says(tmp_path: Path) -> None:
    said = str(page(tmp_path, extract()).when())
    whole = 12 * (56 * 2 + 8)
    night = 12 * (21 * 2 + 8)
    assert f"{whole:,} recorded offences have a known day and hour; 1% of those in the extract have none." in said
    assert f"{night} ({night / whole:.0%}) were at night (21:00 to 06:00), 38% of the hours of a week" in said
    assert f"a year before {12 * 42} ({42 / 112:.0%}): a larger share, beyond chance." in said
    assert "on Saturday or Sunday, 29% of the hours" in said


def test_the_grid_is_a_chart_with_figures_and_a_table_of_the_same(tmp_path: Path) -> None:
    found = page(tmp_path, extract())
    chart, table = found.when_chart(), found.when_table()
    assert isinstance(chart, Chart)
    assert isinstance(table, Table)
    assert "The most: Fri, 21 to 24 (120 recorded offences); the fewest: Mon, 00 to 03 (24)." in chart.alt
    drawn = re.findall(r">([\d,]+)</text>", chart.svg())
    assert drawn == [cell.text for line in table.rows[:-1] for cell in line[1:-1]]
    assert [cell.text for cell in table.rows[-1]][-1] == f"{12 * 120:,}"
    assert "1,440 recorded offences have a known time; 1,500 are counted in all." in table.notes


def test_small_counts_put_hours_together_sooner_for_the_public(tmp_path: Path) -> None:
    board = page(tmp_path / "a", extract(rare=7))
    public = page(tmp_path / "b", extract(rare=7), audience="public")
    assert "put together" not in board.when_table().text()
    assert "put together" in public.when_table().text()
    assert re.search(r"\b7\b", board.when_table().text())
    assert not re.search(r"\b7\b", str(public.when()) + public.when_table().text() + public.when_chart().svg())


def test_too_few_to_show_says_so_and_shows_no_figure(tmp_path: Path) -> None:
    found = page(tmp_path, HEADER + "".join(f"{month},E09000006,ndvwi,friday,21 to 24,0\n" for month in TWO_YEARS[:-1])
                 + "2021-11,E09000006,ndvwi,friday,21 to 24,3\n")  # fmt: skip
    assert "too few" in str(found.when())
    assert "3" not in str(found.when())
    for nothing in (found.when_chart(), found.when_table(), found.when_domestic()):
        assert isinstance(nothing, Text)
        assert nothing.lines == ()


def test_without_a_month_or_an_extract_one_line_says_who_holds_it(tmp_path: Path) -> None:
    for found in (page(tmp_path / "none"), page(tmp_path / "gap", extract(TWO_YEARS[:-1]))):
        assert len(found.when().lines) == 1
        assert "crimelib template offence_times" in str(found.when())
        assert isinstance(found.when_chart(), Text)
        assert isinstance(found.when_domestic(), Text)


def test_a_year_before_that_was_not_returned_is_said_to_be_missing(tmp_path: Path) -> None:
    found = page(tmp_path, extract(YEAR))
    assert "What they were a year before is not at hand." in str(found.when())
    assert "no data" in found.when_domestic().text()


def test_the_domestic_part_stands_beside_the_remainder(tmp_path: Path) -> None:
    text = page(tmp_path, extract(), extract(measure="domestic_vwi")).when_domestic().text()
    assert text.index("Non-domestic violence with injury") < text.index("Domestic violence with injury\n")
