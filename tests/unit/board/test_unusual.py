"""What the control chart says of the last month."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.board.unusual import FEWEST_MONTHS, last_month, limits, unusual_month

STEADY = [98, 103, 100, 97, 105, 101, 99, 102, 96, 104, 100, 98]


def monthly(counts: list[float | None], last: str = "2021-11") -> pd.DataFrame:
    months = pd.period_range(end=last, periods=len(counts), freq="M").strftime("%Y-%m")
    return pd.DataFrame({"month": months, "count": pd.Series(counts, dtype="float64")})


def test_a_steady_history_has_nothing_unusual() -> None:
    text = unusual_month(monthly(STEADY * 4), {}, "recorded offences")
    assert text.startswith("November 2021 had 98 recorded offences")
    assert text.endswith("Nothing unusual.")


def test_a_month_far_out_is_unusual() -> None:
    assert "Unusual:" in unusual_month(monthly([*STEADY * 3, *STEADY[:-1], 400]), {}, "recorded offences")
    assert "Unusual:" in unusual_month(monthly([*STEADY * 3, *STEADY[:-1], 5]), {}, "recorded offences")


def test_too_short_a_history_says_so() -> None:
    told = "The history is too short to say whether the month is unusual."
    assert unusual_month(monthly(STEADY[: FEWEST_MONTHS - 1]), {}, "x") == told
    assert unusual_month(monthly([]), {}, "x") == told


@pytest.mark.parametrize(("months", "said"), [(1, "1 month"), (4, "4 months")])
def test_too_short_a_history_since_a_new_level_says_since_when_and_why(months: int, said: str) -> None:
    anew = str(pd.Period("2021-12", freq="M") - months)
    counted = monthly(STEADY * 3)
    text = unusual_month(counted, {"2019-03": "another system", anew: "after lockdown", "2022-02": "later"}, "x")
    when = pd.Period(anew, freq="M").strftime("%B %Y")
    told = f"{said} since then is too short a history to say whether the month is unusual."
    assert text == f"The limits were set anew in {when} (after lockdown); {told}"


def test_limits_hold_the_centre_between_them() -> None:
    found = limits(monthly(STEADY * 2), {})
    assert found is not None
    assert list(found.columns) == ["month", "centre", "lower", "upper"]
    assert list(found["month"])[-1] == "2021-11"
    assert ((found["lower"] < found["centre"]) & (found["centre"] < found["upper"])).all()
    assert limits(monthly(STEADY[:5]), {}) is None


def test_limits_begin_anew_at_a_break() -> None:
    found = limits(monthly([*STEADY, *[count + 100 for count in STEADY]]), {"2020-12": "another system"})
    assert found is not None
    levels = found.set_index("month")["centre"]
    assert levels["2021-11"] - levels["2020-11"] > 80


def short_in(counts: pd.DataFrame, month: str) -> pd.DataFrame:
    return counts.assign(short=counts["month"] == month)


def test_a_month_short_of_data_moves_no_limit() -> None:
    steady = limits(monthly(STEADY * 2), {})
    dented = monthly([*STEADY, 5, *STEADY[1:]])
    found = limits(short_in(dented, "2020-12"), {})
    assert found is not None
    assert steady is not None
    assert found["centre"].iloc[-1] == pd.Series([*STEADY, *STEADY[1:]]).mean()
    assert found["lower"].iloc[-1] > limits(dented, {})["lower"].iloc[-1]
    assert abs(found["lower"].iloc[-1] - steady["lower"].iloc[-1]) < 2


def test_a_last_month_short_of_data_is_not_judged() -> None:
    low = short_in(monthly([*STEADY * 3, *STEADY[:-1], 5]), "2021-11")
    told = unusual_month(low, {}, "recorded offences")
    assert told == (
        "November 2021 had 5 recorded offences and looks short of data: whether it is unusual cannot be said."
    )
    assert last_month(low, {}) is None


@pytest.mark.parametrize(
    ("counts", "words"),
    [
        ([*STEADY * 3, *STEADY[:-1], 400], "above the usual range; above what was to be expected"),
        ([*STEADY * 3, *STEADY[:-1], 5], "below the usual range; below what was to be expected"),
        ([*[100, 110] * 18, *[112] * 7], "seven months in a row above the average"),
    ],
)
def test_what_is_unusual_is_said_in_plain_words(counts: list[float], words: str) -> None:
    assert words in unusual_month(monthly(counts), {}, "recorded offences")


def test_a_missing_month_is_not_called_a_short_history() -> None:
    told = "There is no figure for November 2021: whether it is unusual cannot be said."
    assert unusual_month(monthly([*STEADY, None]), {}, "x") == told
