"""Residents' reports beside police calls: never added, never from a month that a ward left out."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.board.resident_reports import Beside, reports_by_month
from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources.asb_calls import unreached
from crimelib.sources.discovery import RawFile
from crimelib.sources.monthly_returns import read
from crimelib.stats.comparison import compare

SETTINGS = load_settings()
HEAD = "month,area_code,ward_code,category,channel,count\n"
MONTHS = pd.period_range(end="2021-11", periods=36, freq="M")


def change(before: int, now: int):
    series = pd.Series([before] * 24 + [now] * 12, MONTHS, dtype="float64")
    return compare(series, "2021-11", "rolling_12")


def test_a_ward_that_left_a_month_out_makes_it_missing() -> None:
    rows = [("2021-10", "a", 3), ("2021-10", "b", 4), ("2021-11", "a", 9)]
    returns = pd.DataFrame(rows, columns=["month", "ward_code", "count"]).assign(category="speeding", channel="form")
    months = reports_by_month(returns, "speeding")
    assert months[pd.Period("2021-10", freq="M")] == 7
    assert pd.isna(months[pd.Period("2021-11", freq="M")])


@pytest.mark.parametrize(
    ("reports", "calls", "words"),
    [
        ((40, 80), (60, 60), "reports ran ahead of calls by more than chance"),
        ((80, 40), (60, 60), "reports fell behind calls by more than chance"),
        ((60, 62), (60, 61), "do not move apart by more than chance"),
    ],
)
def test_whether_they_tell_the_same_story(reports, calls, words) -> None:
    both = Beside("Speeding", change(*reports), change(*calls))
    assert words in both.verdict
    assert f"{reports[0] * 12} to {reports[1] * 12}" in str(both)
    assert str(12 * (reports[1] + calls[1])) not in str(both)


def test_without_calls_nothing_is_concluded() -> None:
    assert "cannot be told" in Beside("Speeding", change(40, 80), None).verdict


@pytest.mark.parametrize(
    "channel", ["Mrs Jones", "07700 900123", "a.b@example.org", "form from BR1 1AA", "12 high street"]
)
def test_a_row_that_looks_like_a_person_is_refused_by_its_line(tmp_path, channel) -> None:
    path = tmp_path / "resident_reports.csv"
    good = "2021-11,E09000006,E05000109,speeding,online form,4\n"
    path.write_text(f"{HEAD}{good}2021-11,E09000006,E05000109,speeding,{channel},1\n")
    with pytest.raises(InputError, match=r"line 3.*channel.*seems to hold") as refused:
        read(RawFile(path, "resident_reports", "2021-12"), SETTINGS)
    assert channel not in str(refused.value)


def calls(texts: list[str]) -> pd.DataFrame:
    return pd.DataFrame({"opening_text": texts, "area_code": "E09000006", "month": "2021-11"})


def test_the_sample_keeps_only_wordings_that_many_calls_share() -> None:
    rare = [f"dispute over fence with {name}" for name in ("alpha", "beta", "gamma", "delta", "epsilon") * 2]
    found = unreached(calls(["dispute over fence"] * 3 + rare + ["seen once only"]), 10)
    assert dict(zip(found["wording"], found["count"], strict=True)) == {"dispute over fence with …": 10}


def test_a_name_never_reaches_the_sample_however_often_it_stands_there() -> None:
    texts = ["Smith shouting again", "mr Smith shouting again", "SMITH SHOUTING AGAIN", "call 07700 900123 again"]
    found = unreached(calls(texts * 20), 10)
    assert not found["wording"].str.contains("smith|07700", case=False).any()
    assert "… shouting again" in set(found["wording"])
