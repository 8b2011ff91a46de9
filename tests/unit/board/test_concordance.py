"""What is said of police and partner figures side by side."""

from __future__ import annotations

import pytest

from crimelib.board import concordance
from crimelib.board.concordance import Seen
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
