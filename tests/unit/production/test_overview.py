"""The matrix of all items, in words and figures."""

import pandas as pd
import pytest
from toy_pack import summary_rows

from crimelib.production.overview import lead_sentence, overview_groups
from crimelib.production.pages import Page

OK = {"item": "burglary", "measure": "burglary", "window": "rolling_12", "status": "ok"}
RISE = {"current": 1606, "previous": 600, "change": 1006, "pct_change": 167.7, "signal": "increase"}


def only_cell(**row: object):
    return overview_groups(summary_rows({**OK, **row}), [], {})[0].rows[0].main


def test_a_change_is_shown_in_offences_and_per_cent_with_its_sign() -> None:
    cell = only_cell(**RISE)
    assert (cell.current, cell.previous, cell.change, cell.pct) == ("1,606", "600", "+1,006", "+167.7%")
    assert (cell.icon, cell.words) == ("▲", "Increase, beyond chance")


@pytest.mark.parametrize(
    ("change", "pct", "shown"), [(-140, -14.0, ("−140", "−14.0%")), (0, 0.0, ("0", "0.0%")), (1, 0.04, ("+1", "0.0%"))]
)
def test_signs_are_those_of_the_number_shown(change: int, pct: float, shown: tuple[str, str]) -> None:
    cell = only_cell(current=1, previous=1, change=change, pct_change=pct, signal="decrease")
    assert (cell.change, cell.pct) == shown


def test_no_clear_change_says_what_would_have_shown() -> None:
    cell = only_cell(current=606, previous=600, change=6, pct_change=1.0, detectable_pct=16.9, signal="no_clear_change")
    assert (cell.words, cell.note) == ("No clear change", "Smallest change likely to show: 17%")


@pytest.mark.parametrize("missing", [None, float("nan"), pd.NA, ""])
@pytest.mark.parametrize(
    ("status", "words"),
    [("suppressed", "Withheld"), ("incomplete", "Incomplete"), ("no_data", "No data"), ("odd", "odd")],
)
def test_a_missing_figure_is_never_a_zero(status: str, words: str, missing: object) -> None:
    cell = only_cell(
        current=missing, previous=missing, change=missing, pct_change=missing, signal=missing, status=status
    )
    assert (cell.current, cell.previous, cell.change, cell.pct, cell.signal) == ("", "", "", "", "")
    assert cell.words.startswith(words)


def test_attitudes_are_shares_and_change_in_points() -> None:
    cell = only_cell(item="perception", current=0.18, previous=0.22, change=-0.04, pct_change=-18.2, signal="decrease")
    assert (cell.current, cell.previous, cell.change, cell.pct) == ("18%", "22%", "−4 points", "")


def test_items_keep_their_order_link_to_their_page_and_leave_breakdowns_out() -> None:
    rows = [
        {**OK, **RISE, "item": "weapons", "measure": "knife_crime"},
        {**OK, **RISE, "item": "weapons", "measure": "gun_crime"},
        {**OK, **RISE, "window": "month", "change": 3},
        {**OK, **RISE, "breakdown": "ward", "measure": "never"},
    ]
    groups = overview_groups(summary_rows(*rows), [Page("weapons", "Weapons")], {"gun_crime": "Guns"})
    assert [(group.title, group.href) for group in groups] == [("Weapons", "weapons.html"), ("Burglary", "")]
    assert [row.title for row in groups[0].rows] == ["Knife crime", "Guns"]
    assert groups[1].rows[0].minor["month"].change == "+3"
    assert groups[1].rows[0].main.words == "No data"


def test_the_lead_counts_every_measure_once() -> None:
    rows = [
        {**OK, "measure": str(n), "signal": signal} for n, signal in enumerate(["increase", "decrease", "decrease", ""])
    ]
    assert lead_sentence(overview_groups(summary_rows(*rows), [], {})) == (
        "Of 4 measures, 1 rose and 2 fell beyond chance; 0 showed no clear change, and 1 could not be tested."
    )
    assert lead_sentence(()) == "No figures were given for this pack."
