"""The sentences, word for word: window, both counts, the change in offences and per cent, and no more than is known."""

from __future__ import annotations

import pytest

from crimelib.board.narrative import counted, escape_markdown, per_cent, sentence, window_phrase
from crimelib.board.summary import COLUMNS
from crimelib.measures.periods import WINDOWS
from crimelib.settings import Figures, Measure

BURGLARY = Measure(label="Burglary", counts="x", direction="lower_is_better", figures=(Figures(add=("burglary",)),))
VICTIMS = BURGLARY.model_copy(update={"label": "Knife victims", "unit": "victims"})


def row(current: object, previous: object, signal: str = "no_clear_change", **other: object) -> dict[str, object]:
    known = isinstance(current, int) and isinstance(previous, int)
    base = dict.fromkeys(COLUMNS, "") | {
        "measure": "burglary",
        "breakdown": "total",
        "period": "2021-11",
        "window": "rolling_12",
        "current": current,
        "previous": previous,
        "change": current - previous if known else None,
        "pct_change": round(100 * (current / previous - 1), 1) if known and previous else None,
        "detectable_pct": 12.3,
        "signal": signal,
        "status": "ok",
    }
    return base | other


def said(current: object, previous: object, signal: str = "no_clear_change", **other: object) -> str:
    return str(sentence(row(current, previous, signal, **other), BURGLARY))


def test_an_increase() -> None:
    assert said(1745, 1450, "increase") == (
        "Burglary rose 20%, from 1,450 to 1,745 recorded offences in the twelve months to November 2021 (295 more); "
        "a rise this size is unlikely to be chance."
    )


def test_a_decrease() -> None:
    assert said(1400, 1750, "decrease") == (
        "Burglary fell 20%, from 1,750 to 1,400 recorded offences in the twelve months to November 2021 (350 fewer); "
        "a fall this size is unlikely to be chance."
    )


def test_no_clear_change() -> None:
    assert said(606, 600) == (
        "Burglary: 606 recorded offences in the twelve months to November 2021, against 600 in the twelve months "
        "before (6 more, +1%). No clear change: a change smaller than about 12% could not be told from chance."
    )
    assert "(6 fewer, −1%)" in said(594, 600)


def test_none_before() -> None:
    text = said(3, 0, detectable_pct=None)
    assert "3 recorded offences" in text
    assert "against 0 in the twelve months before (3 more)." in text
    assert "%" not in text
    rose = said(40, 0, "increase")
    assert rose.startswith("Burglary rose, from 0 to 40 recorded offences")
    assert "%" not in rose


def test_one_offence_is_singular() -> None:
    assert said(1, 2).startswith("Burglary: 1 recorded offence in the twelve months")
    assert str(sentence(row(1, 2), VICTIMS)).startswith("Knife victims: 1 victim in")
    assert (counted(0, "victims"), counted(1234, "victims")) == ("0 victims", "1,234 victims")


def test_the_same_number() -> None:
    assert "(the same number)" in said(600, 600)


def test_small_numbers_are_said_to_be_small() -> None:
    assert "even a doubling could be chance" in said(3, 2, detectable_pct=250.0)
    assert "too small to tell a change from chance" in said(0, 0, detectable_pct=None)


@pytest.mark.parametrize(
    ("status", "note", "reason"),
    [
        ("incomplete", "Incomplete: no figure for June 2023.", "no figure for June 2023"),
        ("no_data", "No data: no file at hand gives this.", "no file at hand gives this"),
        ("suppressed", "Withheld: too few to show without pointing at people.", "too few to show"),
    ],
)
def test_a_row_without_figures_says_why_and_no_number(status: str, note: str, reason: str) -> None:
    text = said(None, None, "", status=status, note=note)
    assert text.startswith("Burglary")
    assert reason in text
    assert "in the twelve months to November 2021" in text
    assert "None" not in text
    assert "%" not in text


def test_two_windows_that_do_not_compare_stand_side_by_side() -> None:
    note = "Not comparable: the police moved to another system."
    text = said(90, 80, "", status="not_comparable", note=note, change=None, pct_change=None)
    assert text == (
        "Burglary: 90 recorded offences in the twelve months to November 2021; 80 in the twelve months before. " + note
    )


@pytest.mark.parametrize("window", WINDOWS)
@pytest.mark.parametrize("signal", ["increase", "no_clear_change"])
def test_every_comparison_names_window_counts_and_change(window: str, signal: str) -> None:
    text = said(1745, 1450, signal, window=window)
    assert window_phrase(row(1, 1, window=window)) in text
    for part in ("November 2021", "1,745", "1,450", "295 more", "20%"):
        assert part in text


def test_the_financial_year_in_april_is_a_month() -> None:
    text = said(606, 600, window="ytd", period="2021-04")
    assert "in April 2021, against 600 in the same month a year before" in text
    assert "in the financial year to May 2021" in said(606, 600, window="ytd", period="2021-05")


def test_a_part_is_named() -> None:
    assert str(sentence(row(606, 600), BURGLARY, "Bickley")).startswith("Burglary (Bickley): 606")


@pytest.mark.parametrize(
    ("pct", "text"),
    [(0.0, "0%"), (0.96, "1%"), (1.5, "1.5%"), (-9.94, "9.9%"), (9.96, "10%"), (20.34, "20%"), (-100.0, "100%")],
)
def test_per_cent_as_a_sentence_has_it(pct: float, text: str) -> None:
    assert per_cent(pct) == text


def test_a_sentence_carries_the_record_it_was_made_from() -> None:
    record = sentence(row(606, 600), BURGLARY).record
    assert (record["current"], record["previous"], record["window"]) == (606, 600, "rolling_12")


def test_markdown_in_a_name_stays_text() -> None:
    hostile = "[x](javascript:alert(1)) <b>*_`$|"
    shown = escape_markdown(hostile)
    assert shown == "\\[x\\](javascript:alert(1)) \\<b\\>\\*\\_\\`\\$\\|"
    assert sentence(row(606, 600), BURGLARY, "<script>")._repr_markdown_().count("\\<script\\>") == 1
