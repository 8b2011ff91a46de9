"""What is said of police and partner figures side by side."""

from __future__ import annotations

import re

import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.board import concordance
from crimelib.board.charts import SCHEMA
from crimelib.board.concordance import Seen, referral_paths, told
from crimelib.board.narrative import RECORDED, sentence
from crimelib.measures.periods import WINDOWS
from crimelib.settings import load_settings
from crimelib.stats.concordance import Movement

POLICE = Seen("Reported domestic abuse", "", Movement(1000, 860))
IDVA = Seen("Clients of the advisers", "idva_clients", Movement(200, 240))
SAME = Seen("Re-housing requests", "rehousing_requests", Movement(100, 86))


def test_the_known_answer_is_told_in_words() -> None:
    told = concordance._told_apart(POLICE, IDVA)
    assert told == (
        "Reported domestic abuse fell behind clients of the advisers by more than chance "
        "(ratio of the two changes 0.72, 95% interval 0.58 to 0.88)."
    )


def test_initials_keep_their_capitals() -> None:
    assert concordance._within("IDVA clients") == "IDVA clients"
    assert concordance._within("Re-housing requests") == "re-housing requests"


def test_a_series_shows_both_counts_and_its_change() -> None:
    assert str(POLICE) == "Reported domestic abuse 1,000 to 860 (−14%)"
    assert str(Seen("x", "", Movement(10, 10))) == "x 10 to 10 (0%)"


@pytest.mark.parametrize(
    ("police", "partners", "words"),
    [
        (POLICE, [IDVA], "fewer reports is not less abuse"),
        (POLICE, [SAME], "too few to say whether they saw the same"),
        (Seen("p", "", Movement(1000, 1010)), [Seen("d", "i", Movement(1000, 1400))], "is not being reported"),
        (Seen("p", "", Movement(1000, 1010)), [Seen("d", "i", Movement(100, 101))], "no proof that they move together"),
    ],
)
def test_the_conclusion_never_says_that_abuse_fell(police: Seen, partners: list[Seen], words: str) -> None:
    apart = [partner for partner in partners if concordance._apart(police, partner)]
    said = concordance._conclusion(police, apart)
    assert words in said
    assert "abuse fell" not in said


def test_more_dispersion_makes_it_harder_to_tell_apart() -> None:
    lumpy = Seen("Clients", "idva_clients", Movement(200, 240, 8.0))
    assert concordance._apart(POLICE, IDVA)
    assert not concordance._apart(POLICE, lumpy)


# --- no sentence says that abuse fell ------------------------------------------------------------------------------

COUNTS = st.integers(1, 5000)
MOVEMENTS = st.builds(Movement, COUNTS.map(float), COUNTS.map(float), st.floats(1, 6))
FELL = re.compile(r"(fell|fall|fewer|less|down|drop|declin|decreas|reduc|improv|lower)", re.IGNORECASE)


def says_that_abuse_fell(sentence: str) -> bool:
    """Whether a sentence speaks of abuse and of less of it, unless it speaks of reports."""
    if "is not less abuse" in sentence:
        sentence = sentence.replace("is not less abuse", "")
    spoken = re.sub(r"(reported|reports? of|recorded) domestic abuse", "reports", sentence, flags=re.IGNORECASE)
    return bool(re.search(r"\babuse\b|\bviolence\b", spoken, re.IGNORECASE) and FELL.search(spoken))


@pytest.mark.parametrize(
    "sentence", ["Domestic abuse fell by 14%.", "There is less abuse.", "Abuse is down.", "Violence declined."]
)
def test_the_guard_finds_what_must_not_be_said(sentence: str) -> None:
    assert says_that_abuse_fell(sentence)


@given(MOVEMENTS, st.lists(st.tuples(MOVEMENTS, st.booleans(), st.integers(0, 12)), min_size=1, max_size=5), MOVEMENTS)
def test_no_movement_of_any_series_makes_a_sentence_say_that_abuse_fell(police, others, injury) -> None:
    partners = [
        Seen(f"Service {place}", "idva_clients", movement, demand, full)
        for place, (movement, demand, full) in enumerate(others)
    ]
    lines = told(
        Seen("Reported domestic abuse", "", police), partners, [Seen("Domestic violence with injury", "", injury)]
    )
    assert not [line for line in lines if says_that_abuse_fell(line)]


ITEM = load_settings().items["domestic_abuse"]


@given(
    st.sampled_from(list(ITEM.measures)), st.sampled_from(WINDOWS), COUNTS, COUNTS,
    st.sampled_from(["increase", "decrease", "no_clear_change", ""]), st.sampled_from(["ok", "not_comparable"]),
    st.none() | st.floats(0.1, 300),
)  # fmt: skip
def test_no_sentence_of_the_item_says_that_abuse_fell(
    name: str, window: str, current: int, previous: int, signal: str, status: str, detectable: float | None
) -> None:
    figures = {"current": current, "previous": previous, "change": current - previous, "signal": signal}
    row = dict.fromkeys(RECORDED) | {"period": "2021-11", "window": window, "status": status, "note": "", **figures}
    row |= {"pct_change": round(100 * (current - previous) / previous, 1), "detectable_pct": detectable}
    assert not says_that_abuse_fell(str(sentence(row, ITEM.measures[name])))


def test_the_guard_finds_it_in_a_sentence_of_a_measure_that_is_called_so() -> None:
    row = dict.fromkeys(RECORDED) | {"period": "2021-11", "window": "month", "status": "ok", "signal": "decrease"}
    row |= {"current": 86, "previous": 100, "change": -14, "pct_change": -14.0}
    called_so = ITEM.measures["domestic_abuse"].model_copy(update={"label": "Domestic abuse"})
    assert says_that_abuse_fell(str(sentence(row, called_so)))


def test_what_the_police_themselves_issue_is_no_sign_of_demand() -> None:
    orders = Seen("Notices and orders", "dvpn_dvpo", Movement(100, 300), shows_demand=False)
    lines = told(POLICE, [orders])
    assert any("fell behind notices and orders" in line for line in lines)
    assert not any("partners saw no such fall" in line for line in lines)


def test_a_service_at_capacity_is_flagged() -> None:
    full = Seen("IDVA clients", "idva_clients", Movement(200, 200), full_months=4)
    assert any("at capacity in 4 of the twelve months" in line for line in told(POLICE, [full]))


def test_the_picture_of_paths_says_in_words_what_it_shows() -> None:
    settings = load_settings()
    chart = referral_paths(settings)
    for indicator in settings.partners.indicators.values():
        assert f"{indicator.label}: referred by {indicator.referred_by}." in chart.alt
    assert len(chart.data) == sum(len(each.referrers) for each in settings.partners.indicators.values())
    assert chart.spec["$schema"] == chart.narrow_spec["$schema"] == SCHEMA
    police = chart.data[chart.data["is_police"]]
    assert set(police["service"]) == {
        each.label for each in settings.partners.indicators.values() if not each.independent_of_police
    }
    assert pd.api.types.is_bool_dtype(chart.data["is_police"])
