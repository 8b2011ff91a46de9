"""The page of non-domestic violence with injury: beside what every item shows, the parts apart, and when."""

from __future__ import annotations

from functools import cached_property

from crimelib.board.charts import Chart
from crimelib.board.item import ItemPage, load_board
from crimelib.board.offence_times import WhenCommitted, spans_table
from crimelib.board.tables import Table
from crimelib.board.text import Text

ITEM, DOMESTIC = "ndvwi", "domestic_vwi"


def load_ndvwi(area: str, period: str, audience: str = "board", processed: str = "", parameters: str = "") -> NdvwiPage:
    """The page of violence with injury for a notebook; see :func:`crimelib.board.item.load_board`."""
    return NdvwiPage(load_board(area, period, audience, processed, parameters), ITEM)


class NdvwiPage(ItemPage):
    """The item's answers, and on which days and at what hours it happens."""

    def when(self) -> Text:
        """The shares of nights and weekends, in sentences; who holds the times where none is at hand."""
        return self._committed.sentences()

    def when_chart(self) -> Chart | Text:
        """The week as a grid, darker for more."""
        return self._committed.chart()

    def when_table(self) -> Table | Text:
        """The grid as a table."""
        return self._committed.table()

    def when_domestic(self) -> Table | Text:
        """Nights and weekends of the remainder and of the domestic part, side by side."""
        return spans_table(self, (ITEM, DOMESTIC))

    @cached_property
    def _committed(self) -> WhenCommitted:
        return WhenCommitted(self, ITEM)
