"""Possession read together with searches: the same months, one force, and what may be concluded."""

from __future__ import annotations

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.item import Board
from crimelib.board.summary import COLUMNS
from crimelib.board.weapons import WeaponsPage
from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
HEAD = "Type,Date,Object of search,Outcome,Outcome linked to object of search\n"
MONTHS = pd.period_range(end="2021-11", periods=24, freq="M")


def searches(folder, numbers: dict[str, int]) -> None:
    """A file a month: so many searches for weapons, a quarter of them with something found, and one for drugs."""
    for month, number in numbers.items():
        rows = [
            f"Person search,{month}-05T10:00:00+00:00,Offensive weapons,Arrest,{each % 4 == 0}"
            for each in range(number)
        ]
        rows.append(f"Person search,{month}-05T11:00:00+00:00,Controlled drugs,Arrest,True")
        path = folder / "police_uk" / month / f"{month}-metropolitan-stop-and-search.csv"
        path.parent.mkdir(parents=True)
        path.write_text(HEAD + "\n".join(rows) + "\n")


def page(tmp_path, numbers: dict[str, int], previous: int, current: int, signal: str) -> WeaponsPage:
    raw = tmp_path / "raw"
    raw.mkdir()
    searches(raw, numbers)
    clean(raw, tmp_path / "processed", SETTINGS)
    store = Store(tmp_path / "processed")
    board = Board(SETTINGS, store, AreaBook.of(SETTINGS).find("Bromley"), MONTHS[-1], "board")
    row = dict.fromkeys(COLUMNS, "") | {"item": "weapons", "measure": "weapons_possession", "breakdown": "total"}
    row |= {"window": "rolling_12", "status": "ok", "signal": signal, "current": current, "previous": previous}
    row |= {"change": current - previous, "pct_change": 10.0, "detectable_pct": 20.0, "period": "2021-11"}
    board.__dict__["rows"] = pd.DataFrame([row], dtype=object)
    return WeaponsPage(board, "weapons")


def test_possession_is_read_with_the_searches_of_the_whole_force(tmp_path) -> None:
    numbers = {str(month): 40 if place < 12 else 80 for place, month in enumerate(MONTHS)}
    text = str(page(tmp_path, numbers, 100, 140, "increase").possession())
    assert "960 against 480 a year before (+100%), a rise beyond chance" in text
    assert "240 of 960 (25%" in text
    assert "Possession offences rise with searching" in text
    assert "both rose, so this rise can be the searching alone" in text


def test_a_month_without_its_file_is_not_available_and_never_fewer(tmp_path) -> None:
    numbers = {str(month): 40 for month in MONTHS[:-1]}
    made = page(tmp_path, numbers, 100, 140, "increase")
    assert "Searches for weapons: not available" in str(made.possession())
    assert "Possession offences rise with searching" in str(made.possession())
    assert made.search_table().lines == ()


def test_the_projects_objects_are_the_publishers_words(tmp_path) -> None:
    path = tmp_path / "2022-03-city-of-london-stop-and-search.csv"
    path.write_text(HEAD + "Person search,2022-03-01T05:02:30+00:00,Offensive weapons,Arrest,True\n")
    from crimelib.sources.police_uk import read

    table = read(RawFile(path, "police_uk", "2022-03"), SETTINGS).tables["stop_search"]
    assert set(table["object_of_search"]) <= set(SETTINGS.police_uk.weapon_searches)
    assert list(table["linked"]) == ["True"]
