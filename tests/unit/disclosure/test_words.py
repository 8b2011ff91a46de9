"""How the auditor reads a statement: which numbers count, over which windows, and what it prints of it."""

from __future__ import annotations

import pytest

from crimelib.disclosure.leaks import Names, leaks
from crimelib.disclosure.statements import Statement
from crimelib.settings import load_settings

SETTINGS = load_settings()
BOARD = SETTINGS.disclosure.audiences["board"]
BLANK = dict.fromkeys(("change", "pct_change", "ratio_low", "ratio_high", "p_value", "detectable_pct"), "")
TITLE = "Hate crime"


def row(ward: str, window: str, current: str = "", measure: str = "hate_crime", **figures: str) -> dict[str, str]:
    base = {"breakdown": "ward", "breakdown_value": ward, "breakdown_label": ward, "measure": measure, "window": window}
    shown = {"current": current, "previous": current, "status": "ok" if current else "suppressed"}
    return base | BLANK | shown | figures


# Bickley is withheld over every window, Orpington over the month only; its year so far, its twelve months and their
# change are shown.
ROWS = [*(row("Bickley", window) for window in ("month", "quarter", "ytd", "rolling_12")), row("Orpington", "month"),
        row("Orpington", "ytd", "640"), row("Orpington", "rolling_12", "1032", change="-44.5", pct_change="-6.54"),
        row("Bickley", "rolling_12", "77", measure="burglary")]  # fmt: skip


def windows(*cells: tuple[str, str], about: str = TITLE, file: str = "page.html") -> list[str]:
    """The wards and windows of what is found in a statement."""
    found = leaks([Statement(file, about, cells)], ROWS, SETTINGS, BOARD)
    return [line.split(": ")[1].removeprefix("hate_crime, ") for line in found]


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bickley: 3", ["Bickley, rolling_12"]),
        ("Bickley: 3 in the twelve months to May 2021", ["Bickley, rolling_12"]),
        ("Bickley: 3 in the three months to May 2021", ["Bickley, quarter"]),
        ("BICKLEY: 3", []),
        ("Bickley: 3 in the Financial Year To Date", ["Bickley, ytd"]),
        ("Bickley: 3 in May 2021", ["Bickley, month"]),
        ("Orpington: 3 in May 2021", ["Orpington, month"]),
        ("Orpington: 3", []),
        ("Orpington: 3 a quarter", []),
        ("Bickley and Orpington: 3 in May 2021", ["Bickley, month", "Orpington, month"]),
        ("Bickley and Orpington: 1,032 in May 2021", []),
        ("Orpington: 1,032 in May 2021, -7%, -6.5%", []),
        ("Orpington: 640 so far and 1,032 in May 2021, or 45 fewer", []),
        ("Bickley hate crime-3", ["Bickley, rolling_12"]),
        ("Orpington: 1,033 in May 2021", ["Orpington, month"]),
        ("Orpington: 3,000 in May 2021", ["Orpington, month"]),
        ("Orpington: 2016-05-03, 12:30 UTC, E05000122, note 3, per 1,000, 8 wards, 5 May 2021, in May 2021", []),
        ("Orpington: 99999999 in May 2021", ["Orpington, month"]),
        ("Orpington: 100000000 in May 2021", []),
        ("Orpington: in May 2021-3", ["Orpington, month"]),
    ],
)  # fmt: skip
def test_the_window_of_a_sentence(text: str, found: list[str]) -> None:
    assert sorted(windows(("", text))) == found


@pytest.mark.parametrize(
    ("cells", "found"),
    [
        ([("ward", "Orpington"), ("window", "month"), ("n", "3")], ["Orpington, month"]),
        ([("ward", "Orpington"), ("Window", "Month"), ("n", "3")], ["Orpington, month"]),
        ([("ward", "Orpington"), ("window", "rolling_12"), ("n", "3")], []),
        ([("ward", "Orpington"), ("window", "Twelve months"), ("n", "3")], []),
        ([("ward", "Orpington"), ("at", "2021-05"), ("n", "3")], ["Orpington, month"]),
        ([("ward", "Orpington"), ("Date", "2021-05"), ("n", "3")], ["Orpington, month"]),
        ([("ward", "Orpington"), ("n", "3")], []),
        ([("ward", "Orpington"), ("Month", "3"), ("Twelve months", "1032")], ["Orpington, month"]),
        ([("ward", "Orpington"), ("Month", "suppressed"), ("Twelve months", "33")], []),
        ([("ward", "Orpington"), ("month", "3"), ("quarter", "4"), ("at", "2021-05")], ["Orpington, month"]),
        ([("ward", "Bickley"), ("order", "3"), ("x", "4"), ("fontSize", "5"), ("year", "6")], []),
        ([("ward", "Bickley"), ("n", "3.0")], ["Bickley, rolling_12"]),
        ([("ward", "Bickley"), ("median", "3")], ["Bickley, rolling_12"]),
        ([("ward", "Bickley"), ("median", "3"), ("method", "Flesch-Kincaid")], []),
    ],
)
def test_the_window_of_a_record(cells: list[tuple[str, str]], found: list[str]) -> None:
    assert windows(*cells) == found


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("Bickley: 3", ["Bickley, rolling_12"]),
        ("Bickley: 4", ["Bickley, rolling_12"]),
        ("Bickley: 5", []),
        ("Bickley: 0", []),
        ("Bickley: 3.5", []),
        ("Bickley: 3.0", ["Bickley, rolling_12"]),
        ("Orpington: 3", []),
        ("Bickley had 3, and burglary 77", []),
        ("Bickley: 77 or 3 more", ["Bickley, rolling_12"]),
    ],
)
def test_a_small_number_by_a_ward_where_no_measure_is_named(text: str, found: list[str]) -> None:
    assert windows(("", text), about="By ward") == found


@pytest.mark.parametrize(
    ("others", "found"),
    [
        ([], ["hate_crime, Bickley, rolling_12"]),
        ([row("Bickley", "rolling_12", "3", measure="burglary")], []),
        ([row("Orpington", "rolling_12", "3", measure="burglary")], ["hate_crime, Bickley, rolling_12"]),
        ([row("Bickley", "rolling_12", measure="vawg")], ["hate_crime, Bickley, rolling_12"]),
    ],
    ids=["withheld", "shown of the ward", "shown of another ward", "two withheld"],
)
def test_a_small_number_that_is_shown_of_the_ward_may_be_that_one(others: list, found: list[str]) -> None:
    rows = [row("Bickley", "rolling_12"), row("Orpington", "rolling_12", "40"), *others]
    said = [Statement("page.html", "By ward", (("", "Bickley: 3"),))]
    assert [line.split(": ")[1] for line in leaks(said, rows, SETTINGS, BOARD)] == found


def test_a_statement_is_named_once_for_each_file_and_figure() -> None:
    said = [Statement(file, TITLE, (("", f"Bickley: {number}"),)) for file in ("a", "b") for number in (3, 4)]
    assert [line.split(":")[0] for line in leaks(said, ROWS, SETTINGS, BOARD)] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "printed"),
    [
        ("Bickley: 31\n of 40", "'Hate crime: Bickley: ## of ##'"),
        (f"Bickley: 3 {'a' * 67}", f"'Hate crime: Bickley: # {'a' * 67}'"),
        (f"Bickley: 3 {'a' * 68}", f"'Hate crime: Bickley: # {'a' * 37} ... {'a' * 25}'"),
        (f"Bickley: 3 {'a' * 68} the end", f"'Hate crime: Bickley: # {'a' * 37} ... {'a' * 17} the end'"),
    ],
)
def test_a_line_says_where_without_a_digit_and_not_at_length(text: str, printed: str) -> None:
    (line,) = leaks([Statement("a", TITLE, (("", text),))], ROWS, SETTINGS, BOARD)
    assert line == f"a: hate_crime, Bickley, rolling_12: withheld, but a number stands by it in {printed}"


def test_the_longest_name_is_the_one_that_is_meant() -> None:
    wards = [{"breakdown": "ward", "breakdown_value": code, "breakdown_label": label}
             for code, label in (("W1", "Bromley"), ("W2", "Bromley Town"), ("W3", ""))]  # fmt: skip
    names = Names.of(wards, SETTINGS)
    assert names.wards_in("3 in Bromley Town") == {"W2"}
    assert names.wards_in("Bromleys and W3") == {"W3"}
    nothing = Names({}, {})
    assert nothing.wards_in("any text - at all") == nothing.measures_in("any text - at all") == set()
