"""Which packs a batch makes, and that one that fails fails alone."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.production.batch import run_batch, subjects
from crimelib.production.run import PackResult
from crimelib.settings import Area, load_settings


def names(areas: str, periods: str) -> list[tuple[str, str]]:
    return [(area.name, str(period)) for area, period in subjects(load_settings(), areas, periods)]


def test_every_area_over_every_period() -> None:
    wanted = names("all", "2023-01:2023-02")
    assert len(wanted) == 2 * 34
    assert ("London", "2023-01") in wanted
    assert ("City of London", "2023-02") in wanted


def test_named_areas_and_one_period() -> None:
    assert names("Bromley, Croydon", "2023-07") == [("Bromley", "2023-07"), ("Croydon", "2023-07")]


@pytest.mark.parametrize(
    ("areas", "periods"), [("Bromly", "2023-07"), ("Bromley", "2023-13"), ("all", "2023-07:2023-01")]
)
def test_what_is_not_there_is_refused(areas: str, periods: str) -> None:
    with pytest.raises(InputError):
        names(areas, periods)


def test_a_pack_that_fails_fails_alone() -> None:
    def make(area: Area, period: pd.Period) -> PackResult:
        if area.name == "Bromley":
            raise InputError("no source has Bromley in 2023-07", where="period")
        return PackResult(Path("pack"), [], [], 1.0)

    entries = list(run_batch(subjects(load_settings(), "Bromley,Croydon", "2023-07"), make))
    assert [entry.failed for entry in entries] == [True, False]
    assert str(entries[0]) == "Bromley, 2023-07: period: no source has Bromley in 2023-07"
