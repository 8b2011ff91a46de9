"""What victims got: shares with intervals, nothing from a month not returned, nothing small."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.hate_crime import HateCrimePage
from crimelib.board.item import Board
from crimelib.board.summary import COLUMNS
from crimelib.board.victim_service import Share, shares
from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.discovery import RawFile
from crimelib.sources.monthly_returns import read
from crimelib.tables.store import Catalogue, Store, write_catalogue

SETTINGS = load_settings()
MONTHS = pd.period_range(end="2021-11", periods=12, freq="M")


def returned(months: pd.PeriodIndex, victims: int, met: int) -> pd.DataFrame:
    return pd.DataFrame({"month": months.astype(str), "victims": victims, "met": met})


def test_twelve_months_add_up_with_wilsons_interval() -> None:
    found = shares(returned(MONTHS, 50, 31), MONTHS, range(1, 5))
    assert (found.victims, found.met) == (600, 372)
    assert str(Share(100, 62)) == "62 of 100 (62%; 52% to 71%)"


def test_a_month_not_returned_is_incomplete_and_never_fewer() -> None:
    assert shares(returned(MONTHS[1:], 50, 31), MONTHS, range(1, 5)).absent == "incomplete"


@pytest.mark.parametrize(("victims", "met"), [(3, 3), (20, 19), (20, 1)])
def test_small_numbers_are_withheld_on_either_side(victims: int, met: int) -> None:
    one = returned(MONTHS, 0, 0)
    one.loc[0, ["victims", "met"]] = [victims, met]
    found = shares(one, MONTHS, range(1, 5))
    assert found.absent == "withheld"
    assert str(victims) not in str(found)


def test_more_met_than_victims_refuses_the_file_by_line(tmp_path) -> None:
    path = tmp_path / "victim_service.csv"
    path.write_text("month,area_code,crime,measure,victims,met\n2021-11,E09000006,hate_crime,satisfied,9,10\n")
    with pytest.raises(InputError, match=r"line 2.*met.*more than the victims"):
        read(RawFile(path, "victim_service", "2021-12"), SETTINGS)


def test_without_a_return_the_page_says_who_holds_it(tmp_path) -> None:
    write_catalogue(tmp_path, Catalogue(()))
    board = Board(SETTINGS, Store(tmp_path), AreaBook.of(SETTINGS).find("Bromley"), MONTHS[-1], "board")
    row = dict.fromkeys(COLUMNS, "") | {"item": "hate_crime", "measure": "hate_crime", "breakdown": "total"}
    row |= {"window": "rolling_12", "status": "ok", "signal": "increase", "current": 749, "previous": 640}
    board.__dict__["rows"] = pd.DataFrame([row | {"change": 109, "pct_change": 17.0}], dtype=object)
    page = HateCrimePage(board, "hate_crime")
    assert "crimelib template victim_service" in str(page.service_sentence())
    assert not page.service().lines
    assert "749 offences" in str(page.reporting())
    assert "never read it as hate crime committed" in str(page.reporting())
