"""What one partner receives back: its own figures beside the police's and the others', and the state of its returns.

Every figure is of the borough and comes from the protected rows of the audience. Of the partner's own return only
months, reasons and notes are shown, never a count: its page may lie beside those of other partners.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import cached_property

import pandas as pd

from crimelib.areas import nearest
from crimelib.board.charts import Chart
from crimelib.board.concordance import PARTNER
from crimelib.board.item import Board, ItemPage, load_board
from crimelib.board.tables import Table, plain_table
from crimelib.board.text import Text
from crimelib.errors import InputError
from crimelib.measures.periods import month_label
from crimelib.settings import Organisation, Settings
from crimelib.sources import partner_returns
from crimelib.tables.store import Store

MONTHS_LOOKED_AT = 24
NONE_YET = "no return yet"


def load_partner(
    organisation: str, area: str, period: str, audience: str = "partner", processed: str = "", parameters: str = ""
) -> PartnerPage:
    """A partner's page for a notebook; see :func:`crimelib.board.item.load_board`."""
    board = load_board(area, period, audience, processed, parameters)
    (name,) = chosen_organisations(board, [organisation])
    return PartnerPage(board, name)


def chosen_organisations(board: Board, wanted: Sequence[str]) -> list[str]:
    """The ids of the partners asked for by id or name; of all that returned something for the area where none is.
    Raises :class:`InputError` for one that is not declared."""
    declared = board.settings.partners.organisations
    if not wanted:
        returned = set(_returns(board.store, board.area.code)["organisation"])
        return [name for name in declared if name in returned]
    by_name = {spelling.casefold(): name for name, each in declared.items() for spelling in (name, each.label)}
    if unknown := [name for name in wanted if name.casefold() not in by_name]:
        fix = nearest(unknown[0], declared)
        raise InputError(f"no partner is called {unknown[0]!r}", where="organisation", fix=fix)
    return list(dict.fromkeys(by_name[name.casefold()] for name in wanted))


class PartnerPage:
    """The answers of one partner. Where there is no return yet, an answer is a sentence that says so."""

    def __init__(self, board: Board, name: str) -> None:
        self.board = board
        self.name = name
        self.organisation: Organisation = board.settings.partners.organisations[name]
        self.item: ItemPage = board.item(_item_of(board.settings, self.organisation.returns))

    def __repr__(self) -> str:
        return f"{self.organisation.label}, {self.board.area.name}, {month_label(self.board.period)}"

    @cached_property
    def returned(self) -> pd.DataFrame:
        """The partner's own rows, of every file up to the period, in the order in which they count."""
        rows = _returns(self.board.store, self.board.area.code)
        own = rows[(rows["organisation"] == self.name) & (rows["month"] <= str(self.board.period))]
        return partner_returns.in_order(own)

    def own(self) -> Text:
        """What the partner's own indicators say, for the borough as a whole."""
        return Text.of([self.item.sentence(measure) for measure in self._measures()])

    def police(self) -> Text:
        """What the police figures say."""
        return Text.of([self.item.headline()], bullet="")

    def index(self) -> Chart | Text:
        """The partner's indicators and the police's figures from one start."""
        return self.item.index([self.item.item.headline, *self._measures()])

    def concordance(self) -> Text:
        """Whether police and partners tell the same story."""
        return self.item.concordance()

    def others(self) -> Chart | Text:
        """The changes of the police's and of all partners' figures on one axis."""
        return self.item.concordance_chart()

    def returns(self) -> Table:
        """The state of the partner's returns, a line an indicator: months, what is missing, what was revised. No
        counts."""
        lines = [self._state(indicator) for indicator in self.organisation.returns]
        caption = f"Returns of the last {MONTHS_LOOKED_AT} months to {month_label(self.board.period)}"
        return plain_table(pd.DataFrame(lines), caption=caption)

    def asked(self) -> Text:
        """What the partnership asks of this partner."""
        lines = [line for indicator in self.organisation.returns for line in self._asks(indicator)]
        return Text(tuple(lines), bullet="- ")

    def next_return(self) -> Text:
        """How the next return is sent."""
        declared = self.board.settings.partners.indicators
        labels = "; ".join(declared[indicator].label for indicator in self.organisation.returns)
        following = month_label(self.board.period + 1)
        return Text(
            (
                f"For {following}, in the workbook partner_returns.xlsx, one row an indicator: {labels}.",
                "Whole numbers only. Write 0 where there was none; leave the row out where the number is not known.",
                "To change an earlier month, return it again and choose the reason in the column revision.",
                "Nothing about a person: no names, dates of birth, addresses, case numbers or notes of your own.",
                "Who has no workbook asks the partnership's analyst, who makes one (crimelib template partner_return).",
            ),
            bullet="- ",
        )

    def source(self) -> Text:
        """Where the figures are from."""
        return self.item.source()

    def _measures(self) -> list[str]:
        own = {PARTNER + indicator for indicator in self.organisation.returns}
        measures = self.item.item.measures
        return [name for name, measure in measures.items() if measure.figures[0].add[0] in own]

    def _state(self, indicator: str) -> dict[str, str]:
        rows = self._recent(indicator)
        latest = rows.drop_duplicates("month", keep="last")
        partners = self.board.settings.partners
        notes = latest.loc[latest["capacity_note"] != "", ["month", "capacity_note"]].sort_values("month")
        return {
            "Indicator": partners.indicators[indicator].label,
            "Latest month": rows["month"].max() if len(rows) else NONE_YET,
            "Missing": ", ".join(self._missing(indicator)) or "none",
            "Revised": "; ".join(self._revised(rows)) or "none",
            "Capacity": "; ".join(
                f"{row.month}: {partners.capacity_notes[row.capacity_note].label}" for row in notes.itertuples()
            )
            or "nothing said",
        }

    def _recent(self, indicator: str) -> pd.DataFrame:
        rows = self.returned[self.returned["indicator"] == indicator]
        return rows[rows["month"] > str(self.board.period - MONTHS_LOOKED_AT)]

    def _missing(self, indicator: str) -> list[str]:
        """Months without a return, from the first one returned (the whole span looked at where none was)."""
        returned = set(self._recent(indicator)["month"])
        ever = self.returned.loc[self.returned["indicator"] == indicator, "month"]
        span = pd.period_range(end=self.board.period, periods=MONTHS_LOOKED_AT, freq="M").astype(str)
        first = ever.min() if len(ever) else span[0]
        return [month for month in span if month >= first and month not in returned]

    def _revised(self, rows: pd.DataFrame) -> Iterator[str]:
        """Months whose figure changed, with the reason given."""
        before = rows.groupby("month")["count"].shift()
        changed = rows[before.notna() & (before != rows["count"])]
        reasons = self.board.settings.partners.revision_reasons
        for row in changed.itertuples():
            yield f"{row.month}: {reasons[row.revision].lower()}"

    def _asks(self, indicator: str) -> Iterator[str]:
        label, missing = self.board.settings.partners.indicators[indicator].label, self._missing(indicator)
        if len(missing) == MONTHS_LOOKED_AT:
            yield f"{label}: the first return, with the {MONTHS_LOOKED_AT} months before it."
        elif missing:
            yield f"{label}: the months not returned ({', '.join(missing)}); till then the year cannot be compared."
        else:
            yield f"{label}: nothing is missing. Please return {month_label(self.board.period + 1)} next."


def _returns(store: Store, area: str) -> pd.DataFrame:
    rows = store.table(partner_returns.NAME, filters=[("area_code", "==", area)])
    empty = pd.DataFrame(columns=[*partner_returns.COLUMNS, "vintage_order"])
    return (rows if len(rows.columns) else empty).assign(file="")


def _item_of(settings: Settings, indicators: Sequence[str]) -> str:
    """The item that shows the first of some indicators."""
    series = PARTNER + indicators[0]
    for name, item in settings.items.items():
        if any(series in measure.figures[0].add for measure in item.measures.values()):
            return name
    raise InputError(f"no item shows the indicator {indicators[0]!r}", where="items.yml", fix="add a measure of it")
