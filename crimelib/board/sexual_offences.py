"""The page of sexual offences: beside what every item shows, recent and non-recent offences."""

from __future__ import annotations

from functools import cached_property

from crimelib.board.item import ItemPage, load_board
from crimelib.board.recency import RecencyOfOffences
from crimelib.board.tables import Table
from crimelib.board.text import Text

ITEM = "sexual_offences"
PARTS = {"rape": "Rape", "other_sexual_offences": "Other sexual offences"}


def load_sexual_offences(
    area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> SexualOffencesPage:
    """The page of sexual offences for a notebook; see :func:`crimelib.board.item.load_board`."""
    return SexualOffencesPage(load_board(area, period, audience, processed, parameters), ITEM)


class SexualOffencesPage(ItemPage):
    """The item's answers, and how many offences are non-recent."""

    def recency(self) -> Text:
        """How many are non-recent and what that may be read as; why it is not known where no extract tells."""
        return self._recency.sentences()

    def recency_table(self) -> Table | Text:
        """Recent and non-recent, rape and other, now and a year before."""
        return self._recency.table()

    @cached_property
    def _recency(self) -> RecencyOfOffences:
        return RecencyOfOffences(self, PARTS)
