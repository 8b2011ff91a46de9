"""From publishers' names to series, and the shipped table that says so."""

from __future__ import annotations

from collections import Counter
from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.settings import CrosswalkRow, load_settings
from crimelib.sources.crosswalk import Crosswalk, category_key
from crimelib.sources.discovery import RawFile

ROWS = [
    CrosswalkRow(source="s", family="f", major="Burglary", minor="Domestic Burglary", series="home"),
    CrosswalkRow(source="s", family="other", major="Robbery", minor="Person", series="robbery"),
]
FILE = RawFile(Path("x.csv"), "s", "2023")


def series_of(*pairs: tuple[str, str]) -> list[str]:
    frame = pd.DataFrame(pairs, columns=["major", "minor"]).assign(line=range(2, 2 + len(pairs)))
    return list(Crosswalk(ROWS, "s", "f").series_of(FILE, frame))


def test_case_and_blanks_do_not_matter() -> None:
    assert series_of(("Burglary", "Domestic Burglary"), ("BURGLARY", "domestic  burglary ")) == ["home", "home"]


def test_an_unknown_category_is_refused_with_the_nearest_of_its_own_family() -> None:
    with pytest.raises(InputError) as caught:
        series_of(("Burglary", "Domestic Burglary"), ("Burglary", "Domestic Burglry"))
    assert "line 3" in str(caught.value)
    assert "nearest known: Burglary / Domestic Burglary" in str(caught.value)
    with pytest.raises(InputError, match="no series"):
        series_of(("Robbery", "Person"))


def test_the_shipped_crosswalk_says_one_thing_of_each_category() -> None:
    rows = load_settings().crosswalk
    keys = Counter((row.source, row.family, *category_key(row.major, row.minor, row.measure)) for row in rows)
    assert [key for key, number in keys.items() if number > 1] == []


def test_a_series_belongs_to_one_source() -> None:
    sources: dict[str, set[str]] = {}
    for row in load_settings().crosswalk:
        sources.setdefault(row.series, set()).add(row.source)
    assert {series: names for series, names in sources.items() if len(names) > 1} == {}
