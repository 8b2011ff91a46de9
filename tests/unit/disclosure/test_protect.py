"""Small ward counts about people: withheld, with whatever would give them away."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from crimelib.disclosure.protect import FIGURES, earlier_packs, protect, protect_with_choices, suppressed_table
from crimelib.settings import AudiencePolicy, Disclosure, load_settings

DISCLOSURE = load_settings().disclosure
POLICIES = DISCLOSURE.audiences
GROUP = ("vwi", "domestic_vwi", "ndvwi")
PROTECTED = [*GROUP, "hate_crime"]
ITEM_OF = {"vwi": "ndvwi", "domestic_vwi": "domestic_abuse"}


def row(
    measure: str, ward: str, current: object, previous: object, window: str = "rolling_12", **other: object
) -> dict:
    figures = dict.fromkeys(FIGURES, 1.5) | {"current": current, "previous": previous}
    item = ITEM_OF.get(measure, measure)
    base = {
        "item": item,
        "measure": measure,
        "breakdown": "ward",
        "breakdown_value": ward,
        "window": window,
        "period": "2021-11",
    }
    return {**base, **figures, "signal": "no_clear_change", "status": "ok", "note": "", **other}


def table(*rows: dict) -> pd.DataFrame:
    return pd.DataFrame(rows).astype(dict.fromkeys(FIGURES, object))


def shown(rows: pd.DataFrame, audience: str = "board") -> pd.DataFrame:
    return protect(rows, audience, DISCLOSURE, PROTECTED)


def hidden(rows: pd.DataFrame, audience: str = "board") -> set[tuple[str, str]]:
    result = shown(rows, audience)
    withheld = result[result["status"] == "suppressed"]
    return set(zip(withheld["measure"], withheld["breakdown_value"], strict=True))


def hate(*counts: tuple[object, object], **other: object) -> pd.DataFrame:
    return table(*(row("hate_crime", f"W{place}", *pair, **other) for place, pair in enumerate(counts)))


def test_a_small_count_in_either_window_is_withheld_with_a_second() -> None:
    assert hidden(hate((4, 20), (30, 30), (7, 9), (40, 40))) == {("hate_crime", "W0"), ("hate_crime", "W2")}
    assert hidden(hate((20, 1), (30, 30), (7, 9), (40, 40))) == {("hate_crime", "W0"), ("hate_crime", "W2")}


def test_two_small_wards_need_no_third() -> None:
    assert hidden(hate((3, 9), (2, 9), (30, 30))) == {("hate_crime", "W0"), ("hate_crime", "W1")}


def test_a_true_zero_stays() -> None:
    assert hidden(hate((0, 0), (30, 30), (20, 20))) == set()
    assert hidden(hate((0, 0), (3, 9), (20, 20))) == {("hate_crime", "W1"), ("hate_crime", "W2")}


def test_a_zero_goes_only_where_the_total_would_be_the_withheld_count() -> None:
    assert len(hidden(hate((3, 3), (0, 0), (0, 0)))) == 2


def test_thresholds_are_of_the_audience() -> None:
    rows = hate((9, 20), (30, 30), (40, 40))
    assert hidden(rows, "board") == set()
    assert ("hate_crime", "W0") in hidden(rows, "public")
    assert ("hate_crime", "W0") in hidden(rows, "partner")


def with_thresholds(item: str, last: int) -> Disclosure:
    """The disclosure rules with an item's own thresholds for the board."""
    own = {item: {"suppress_from": 1, "suppress_to": last, "least_width": min(last, 4)}}
    values = DISCLOSURE.model_dump(exclude_unset=True)
    values["audiences"]["board"]["items"] = own
    return Disclosure.model_validate(values)


def test_an_item_may_have_thresholds_of_its_own() -> None:
    rows = hate((9, 20), (30, 30), (40, 40))
    withheld = protect(rows, "board", with_thresholds("hate_crime", 9), PROTECTED)["status"] == "suppressed"
    assert withheld.tolist() == [True, True, False]
    assert hidden(rows, "board") == set()


@pytest.mark.parametrize("item", ["ndvwi", "domestic_abuse"])
def test_what_is_protected_together_has_the_strictest_of_its_items_thresholds(item: str) -> None:
    rows = violence({"A": (90, 8), "B": (40, 20), "C": (60, 30)})
    assert hidden(rows, "board") == set()
    result = protect(rows, "board", with_thresholds(item, 9), PROTECTED)
    assert ("domestic_vwi", "A") in set(
        result.loc[result["status"] == "suppressed", ["measure", "breakdown_value"]].itertuples(index=False, name=None)
    )


@pytest.mark.parametrize("count", [1, 4])
def test_both_ends_of_the_range_are_withheld(count: int) -> None:
    assert ("hate_crime", "W0") in hidden(hate((count, 20), (30, 30), (40, 40)))


def test_what_is_not_about_people_is_untouched() -> None:
    rows = table(row("burglary", "W0", 1, 2), row("burglary", "W1", 3, 0))
    pd.testing.assert_frame_equal(shown(rows), rows)


def test_borough_rows_are_untouched() -> None:
    rows = table(row("hate_crime", "", 1, 2, breakdown="total"), row("hate_crime", "racist", 1, 2, breakdown="strand"))
    pd.testing.assert_frame_equal(shown(rows), rows)


def test_rows_of_the_borough_are_untouched_beside_the_wards_of_their_measure() -> None:
    small = table(row("hate_crime", "", 1, 2, breakdown="total"), row("hate_crime", "x", 1, 2, breakdown="strand"))
    rows = pd.concat([hate((4, 20), (30, 30), (7, 9)), small], ignore_index=True)
    assert shown(rows)["status"].tolist() == ["suppressed", "ok", "suppressed", "ok", "ok"]


def test_wards_of_protected_measures_are_shown_over_twelve_months_only() -> None:
    result = shown(
        table(*(row("hate_crime", ward, 90, 80, window) for ward in "AB" for window in ("month", "quarter", "ytd")))
    )
    assert set(result["status"]) == {"suppressed"}
    assert result["note"].str.contains("twelve months only").all()


def test_nothing_derived_is_left_in_a_withheld_row() -> None:
    result = shown(hate((3, 9), (2, 9), (30, 30)))
    withheld = result[result["status"] == "suppressed"]
    assert withheld[FIGURES].isna().all(axis=None)
    assert set(withheld["signal"]) == {""}
    assert withheld["note"].str.startswith("Withheld:").all()
    assert not result[result["status"] == "ok"][FIGURES].isna().any(axis=None)


def test_what_was_withheld_is_listed_with_the_reason_and_no_count() -> None:
    listed = suppressed_table(shown(hate((30, 30), (3, 9), (2, 9)).assign(breakdown_label="Ward")))
    same = {"item": "hate_crime", "measure": "hate_crime", "breakdown": "ward", "breakdown_label": "Ward"}
    why = "Withheld: too few to show without pointing at people, or needed to protect a ward that is."
    assert listed.to_dict("index") == {
        place: same | {"breakdown_value": ward, "window": "rolling_12", "why": why}
        for place, ward in enumerate(["W1", "W2"])
    }


def test_side_by_side_figures_are_withheld_too() -> None:
    assert ("hate_crime", "W0") in hidden(hate((3, 9), (30, 30), (40, 40), status="not_comparable"))


def violence(wards: dict[str, tuple[int, int]]) -> pd.DataFrame:
    """All three linked measures of each ward, from its violence and the domestic part of it."""
    rows = []
    for ward, (whole, domestic) in wards.items():
        counts = {"vwi": whole, "domestic_vwi": domestic, "ndvwi": whole - domestic}
        rows += [row(measure, ward, counts[measure], counts[measure]) for measure in GROUP]
    return table(*rows)


def test_a_small_part_goes_with_the_other_part_or_the_whole() -> None:
    found = hidden(violence({"A": (90, 3), "B": (80, 2), "C": (70, 20)}))
    assert found == {(measure, ward) for measure in ("domestic_vwi", "ndvwi") for ward in "AB"}


def test_no_ward_and_no_measure_is_withheld_alone() -> None:
    """Else it is the difference of the ward's other two, or what the other wards leave of the borough's total."""
    found = hidden(violence({"A": (90, 3), "B": (40, 30), "C": (30, 10), "D": (100, 99)}))
    assert {("domestic_vwi", "A"), ("ndvwi", "D")} <= found
    for line in (0, 1):
        names = [cell[line] for cell in found]
        assert all(names.count(name) > 1 for name in names)


WARDS = st.dictionaries(
    st.sampled_from("ABCDEFGH"),
    st.integers(0, 40).flatmap(lambda whole: st.tuples(st.just(whole), st.integers(0, whole))),
    min_size=2,
)


@settings(max_examples=25)
@given(WARDS, st.sampled_from(sorted(POLICIES)))
def test_no_small_count_can_be_read_or_worked_out(wards: dict[str, tuple[int, int]], audience: str) -> None:
    result = shown(violence(wards), audience)
    policy: AudiencePolicy = POLICIES[audience]
    seen = result[result["status"] == "ok"]
    assert not seen["current"].between(policy.suppress_from, policy.suppress_to).any()
    withheld = {
        measure: set(result[(result["measure"] == measure) & (result["status"] == "suppressed")]["breakdown_value"])
        for measure in GROUP
    }
    for measure in GROUP:
        assert len(withheld[measure]) != 1
    for ward in set().union(*withheld.values()):
        assert sum(ward in withheld[measure] for measure in GROUP) > 1


@settings(max_examples=20)
@given(WARDS, st.sampled_from(sorted(POLICIES)))
def test_protecting_twice_is_protecting_once(wards: dict[str, tuple[int, int]], audience: str) -> None:
    once = shown(violence(wards), audience)
    pd.testing.assert_frame_equal(shown(once, audience), once)


@settings(max_examples=15)
@given(WARDS)
def test_no_small_count_is_shown_to_the_board_or_the_public(wards: dict[str, tuple[int, int]]) -> None:
    rows = violence(wards)
    board, public = hidden(rows, "board"), hidden(rows, "public")
    small = {(row.measure, row.breakdown_value) for row in rows.itertuples() if 1 <= row.current <= 4}
    assert small <= board
    assert small <= public


def test_every_audience_withholds_one_to_four_at_least() -> None:
    assert {(policy.suppress_from, policy.suppress_to >= 4) for policy in POLICIES.values()} == {(1, True)}
    assert POLICIES["public"].suppress_to >= 9


def test_few_knife_crimes_are_withheld_with_their_injuries() -> None:
    """A ward of two knife crimes has no more than two injuries."""
    counts = {"A": (2, 1), "B": (3, 0), "C": (30, 9), "D": (40, 12)}
    measures = ("knife_crime", "knife_crime_with_injury")
    rows = [row(name, ward, pair[at], pair[at]) for ward, pair in counts.items() for at, name in enumerate(measures)]
    result = protect(table(*rows), "board", DISCLOSURE, measures)
    withheld = result[result["status"] == "suppressed"]
    assert {("knife_crime", "A"), ("knife_crime_with_injury", "A"), ("knife_crime", "B")} <= set(
        zip(withheld["measure"], withheld["breakdown_value"], strict=True)
    )


@settings(max_examples=15)
@given(WARDS)
def test_who_holds_two_audiences_packs_knows_no_more_than_the_one_shows(wards: dict[str, tuple[int, int]]) -> None:
    """Else the board member who puts the public pack beside the board's could subtract."""
    rows = violence(wards)
    assert hidden(rows, "board") <= hidden(rows, "partner") <= hidden(rows, "public")


def test_out_of_time_every_ward_row_of_the_linked_measures_goes_and_it_is_told() -> None:
    rows = violence({"A": (90, 3), "B": (80, 2), "C": (70, 20), "D": (60, 30)})
    hurried = DISCLOSURE.model_copy(update={"seconds": 1e-6})
    found = protect_with_choices(rows, "board", hurried, PROTECTED)
    assert set(found.rows["status"]) == {"suppressed"}
    (choice,) = found.choices
    assert (choice.audience, choice.withheld, choice.out_of_time) == ("board", 12, True)
    assert choice.gap > 0.5


def board_s_thresholds_for_partners() -> Disclosure:
    """Rules by which partners are shown what the board is, and too little time to choose well."""
    values = DISCLOSURE.model_dump(exclude_unset=True) | {"seconds": 1e-6}
    values["audiences"]["partner"] = values["audiences"]["board"] | {"also_sees": ("public",)}
    return Disclosure.model_validate(values)


HURRIED = violence({"A": (90, 3), "B": (80, 2), "C": (70, 20), "D": (60, 30)})
EARLIER = table(row("hate_crime", "", 47, 90, period="2021-10", breakdown="total"))


@pytest.mark.parametrize("earlier", [{}, {"board": EARLIER, "partner": EARLIER.copy()}], ids=["none", "the same"])
def test_audiences_that_are_shown_the_same_share_one_choice_and_what_is_told_of_it(earlier: dict) -> None:
    found = {
        audience: protect_with_choices(HURRIED, audience, board_s_thresholds_for_partners(), PROTECTED, earlier)
        for audience in ("board", "partner")
    }
    (chosen,) = found["board"].choices
    assert found["partner"].choices == (replace(chosen, audience="partner"),)
    assert chosen.out_of_time
    assert 0.5 < chosen.gap < 1
    assert chosen.gap == round(chosen.gap, 4)
    pd.testing.assert_frame_equal(found["partner"].rows, found["board"].rows)


@pytest.mark.parametrize("held", [("board",), ("partner",)])
def test_audiences_that_have_other_packs_have_choices_of_their_own(held: tuple[str]) -> None:
    """All went in the board's; nothing is left to choose for partners, so that theirs was in time."""
    earlier = dict.fromkeys(held, EARLIER)
    found = protect_with_choices(HURRIED, "partner", board_s_thresholds_for_partners(), PROTECTED, earlier)
    assert [(choice.audience, choice.withheld, choice.out_of_time) for choice in found.choices] == [
        ("partner", 12, False)
    ]


def test_what_is_withheld_from_the_board_alone_is_withheld_from_partners_too() -> None:
    """By themselves they would be shown B's domestic violence, and the board A's."""
    rows = violence({"A": (36, 9), "B": (35, 17), "C": (21, 2)})
    board, partner = hidden(rows, "board"), hidden(rows, "partner")
    assert ("domestic_vwi", "B") in board
    assert ("domestic_vwi", "A") in partner - board
    assert board < partner


def test_where_the_tables_cannot_be_worked_out_every_ward_row_goes_and_it_is_told(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    def lost(*_: object, **__: object) -> None:
        raise ArithmeticError

    monkeypatch.setattr("crimelib.disclosure.suppression.suppress", lost)
    found = protect_with_choices(violence({"A": (90, 3), "B": (80, 20)}), "board", DISCLOSURE, PROTECTED)
    assert set(found.rows["status"]) == {"suppressed"}
    (choice,) = found.choices
    assert (choice.withheld, choice.gap, choice.out_of_time) == (6, 1, True)


def test_in_time_the_gap_to_the_best_choice_is_told() -> None:
    rows = violence({"A": (90, 3), "B": (80, 2), "C": (70, 20), "D": (60, 30)})
    (choice,) = protect_with_choices(rows, "board", DISCLOSURE, PROTECTED).choices
    assert (choice.measures, choice.withheld, choice.out_of_time) == (GROUP, 4, False)
    assert choice.gap <= 0.01


def test_where_the_small_counts_hide_each_other_there_is_no_gap() -> None:
    (choice,) = protect_with_choices(hate((3, 9), (2, 9), (30, 30)), "board", DISCLOSURE, PROTECTED).choices
    assert (choice.withheld, choice.gap) == (2, 0)


def test_no_earlier_pack_is_as_none(tmp_path: Path) -> None:
    rows = hate((4, 20), (30, 30), (7, 9))
    none_yet = earlier_packs(tmp_path, "2021-11", "board", DISCLOSURE)
    protected = protect(rows, "board", DISCLOSURE, PROTECTED, none_yet)
    pd.testing.assert_frame_equal(protected, shown(rows))


def test_what_a_pack_before_withheld_is_not_given_away_by_the_next() -> None:
    """W0 had four in the twelve months to October, withheld beside the three of W1. Its ten in those to November, less
    the six of November, would leave W1 three at most."""
    october = shown(hate((4, 30), (3, 30), (40, 30), period="2021-10"))
    assert list(october["status"]) == ["suppressed", "suppressed", "ok"]
    total = row("hate_crime", "", 47, 90, period="2021-10", breakdown="total")
    november = pd.concat(
        [hate((10, 30), (3, 30), (4, 66)), hate((6, 0), (0, 0), (0, 36), window="month")], ignore_index=True
    )
    alone = protect(november, "board", DISCLOSURE, PROTECTED)
    after = protect(november, "board", DISCLOSURE, PROTECTED, {"board": pd.concat([october, table(total)])})
    assert alone.loc[0, "status"] == "ok"
    assert after.loc[0, "status"] == "suppressed"


def october_and_november() -> tuple[pd.DataFrame, pd.DataFrame]:
    """W0 had eight in the twelve months to October, withheld beside the six of W1. Its twenty in those to November,
    less the twelve of November, would leave W1 six at most."""
    october = protect(hate((8, 60), (6, 60), (80, 60), period="2021-10"), "public", DISCLOSURE, PROTECTED)
    total = row("hate_crime", "", 94, 180, period="2021-10", breakdown="total")
    year = hate((20, 60), (6, 60), (8, 132))
    return pd.concat([october, table(total)]), pd.concat(
        [year, hate((12, 0), (0, 0), (0, 72), window="month")], ignore_index=True
    )


@pytest.mark.parametrize("partner", ["none", "other rows", "the same"])
def test_what_an_audience_had_before_counts_though_another_of_its_thresholds_had_not(partner: str) -> None:
    october, november = october_and_november()
    earlier = {"public": october}
    earlier |= {"none": {}, "other rows": {"partner": october.iloc[3:]}, "the same": {"partner": october.copy()}}[
        partner
    ]
    assert protect(november, "public", DISCLOSURE, PROTECTED).loc[0, "status"] == "ok"
    after = protect_with_choices(november, "public", DISCLOSURE, PROTECTED, earlier)
    assert after.rows.loc[0, "status"] == "suppressed"
    assert {choice.audience for choice in after.choices} == {"public"}


def test_what_only_an_audience_that_sees_more_had_before_counts_too() -> None:
    october, november = october_and_november()
    after = protect(november, "public", DISCLOSURE, PROTECTED, {"partner": october})
    assert after.loc[0, "status"] == "suppressed"
