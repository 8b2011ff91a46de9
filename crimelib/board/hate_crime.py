"""The page of hate crime: beside what every item shows, trigger events, reporting, and the service to victims."""

from __future__ import annotations

from crimelib.board.charts import Chart
from crimelib.board.item import ItemPage, load_board
from crimelib.board.narrative import count
from crimelib.board.summary import row_of
from crimelib.board.tables import Table
from crimelib.board.text import Text
from crimelib.board.triggers import trigger_chart, trigger_sentences, trigger_table
from crimelib.board.victim_service import service_sentence, service_table

WINDOW = "rolling_12"
CANNOT_TELL = {
    "increase": "This cannot tell whether more happened, more people came forward, or the police recorded better",
    "decrease": "This cannot tell whether less happened, fewer people came forward, or less was recorded",
    "": "A change of such a count cannot tell what happened from who came forward",
}


def load_hate_crime(
    area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> HateCrimePage:
    """The page of hate crime for a notebook; see :func:`crimelib.board.item.load_board`."""
    return HateCrimePage(load_board(area, period, audience, processed, parameters), "hate_crime")


class HateCrimePage(ItemPage):
    """The item's answers, and what only hate crime is asked."""

    def after_events(self) -> Text:
        """Whether a spike is seen after each trigger event."""
        return trigger_sentences(self)

    def after_events_table(self) -> Table | Text:
        """The watched months with what was to be expected of them."""
        return trigger_table(self)

    def after_events_chart(self) -> Chart | Text:
        """The months with the band that was to be expected after each trigger event."""
        return trigger_chart(self)

    def reporting(self) -> Text:
        """What the count is a count of, and what it cannot tell."""
        row = row_of(self.rows, self.item.headline, WINDOW)
        shown = row["status"] in ("ok", "not_comparable")
        signal = str(row["signal"]) if shown and row["signal"] in CANNOT_TELL else ""
        told = f"The {count(int(row['current']))} offences" if shown else "The offences"
        return Text(
            (
                f"{told} of the twelve months to {self.month} are those that somebody reported and the police recorded "
                "as hate crime. What nobody reported is in no file at hand.",
                f"{CANNOT_TELL[signal]}: never read it as hate crime committed.",
            )
        )

    def service(self) -> Table:
        """The counts, and beside them what victims got."""
        return service_table(self)

    def service_sentence(self) -> Text:
        """What victims got, in sentences."""
        return service_sentence(self)
