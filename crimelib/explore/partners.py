"""The partners explorer: the police's and the partners' series of one item, each from 100 at a base month to drag."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import pandas as pd

from crimelib.board.concordance import WINDOW, concordance
from crimelib.board.item import Board, ItemPage
from crimelib.board.summary import Line, compared_rows, rounded
from crimelib.disclosure.protect import FIGURES
from crimelib.errors import InputError
from crimelib.explore.answers import Answer, Control, Exploration, area_options
from crimelib.explore.live import lines_chart, series_values
from crimelib.explore.surface import MonthlySeries, series_of
from crimelib.explore.workspace import Named, Workspace
from crimelib.measures.periods import month_label, parse_period
from crimelib.measures.series import Counts, series_in
from crimelib.settings import Area
from crimelib.views import PartnersView

AUDIENCE = "board"


@dataclass(frozen=True)
class CountedBoard(Board):
    """A board of rows as counted, for the analyst's eyes, over counts that are at hand."""

    counted: pd.DataFrame = field(default_factory=pd.DataFrame)
    known: Counts = field(default_factory=lambda: Counts(pd.DataFrame()))

    @property
    def rows(self) -> pd.DataFrame:  # type: ignore[override]
        """The rows given, not protected."""
        return self.counted

    @property
    def counts(self) -> Counts:  # type: ignore[override]
        """The counts given, not read again."""
        return self.known


def controls(workspace: Workspace, view: PartnersView) -> Sequence[Control]:
    """The controls of the explorer for a view."""
    totals = _totals(workspace, view)
    months = totals.index
    common = _common(totals)
    slide = tuple((month.strftime("%b %Y"), "" if month == common else str(month)) for month in months)
    periods = (("The newest month", ""), *((month_label(month), str(month)) for month in months[::-1]))
    items = tuple((item.title, name) for name, item in workspace.settings.items.items() if len(item.measures) > 1)
    return (
        Control("item", "Item", "one", items),
        Control("area", "Area", "one", area_options(workspace)),
        Control("base", "100 at the year to", "slide", slide or (("no month", ""),)),
        Control("period", "Compared up to", "one", periods),
    )


def answer(workspace: Workspace, view: PartnersView) -> Answer:
    """Twelve-month totals from the base month, and whether police and partners tell the same story."""
    totals = _totals(workspace, view)
    if totals.empty:
        none = "No file at hand has twelve whole months of two of the item's series."
        return Answer(None, (none,), (), code(workspace, view))
    base = totals.loc[view.base or _common(totals) :]
    usable = base.loc[:, base.iloc[0].notna() & (base.iloc[0] > 0)]
    indexed = 100 * usable / usable.iloc[0]
    values = [row for name in indexed for row in series_values(name, indexed[name])]
    left = [name for name in totals if name not in usable]
    said = (*_told(workspace, view), *([f"No count to start from: {'; '.join(left)}."] if left else []))
    title = f"Twelve-month totals, the year to {month_label(base.index[0])} = 100"
    spec = lines_chart(values, title=title, unit="index", from_zero=False)
    return Answer(spec, said, (("From the base to the newest month", _table(usable, indexed)),), code(workspace, view))


def code(workspace: Workspace, view: PartnersView) -> str:
    """The notebook cell that gives the same again."""
    return "\n".join(
        [
            "from crimelib.board.item import load_item",
            "",
            f"page = load_item({view.item!r}, {view.area!r}, {str(_period(workspace, view))!r})",
            "page.concordance()",
        ]
    )


def _series(workspace: Workspace, view: PartnersView) -> list[MonthlySeries]:
    place = workspace.place(view.area)
    named = [found for found in workspace.measures().values() if found.item == view.item]
    return [series_of(workspace, each, place) for each in named]


def _totals(workspace: Workspace, view: PartnersView) -> pd.DataFrame:
    """Twelve-month totals of the item's series by month, from the first month that two of them reach."""
    key = ("totals", view.item, workspace.place(view.area).code)
    return workspace.remembered(key, lambda: _added_up(workspace, view))


def _added_up(workspace: Workspace, view: PartnersView) -> pd.DataFrame:
    known = {each.label: each.rolling() for each in _series(workspace, view) if each.counts.notna().sum() >= 12}
    table = pd.DataFrame(known)
    reached = table.index[table.notna().sum(axis=1) >= 2]
    return table.loc[reached[0] :] if len(reached) else pd.DataFrame()


def _common(totals: pd.DataFrame) -> pd.Period | None:
    """The first month that the most series have reached, so that the partners' are seen before anybody drags."""
    return None if totals.empty else totals.notna().sum(axis=1).idxmax()


def _told(workspace: Workspace, view: PartnersView) -> tuple[str, ...]:
    """Whether police and partners tell the same story: the board's words, of the figures as counted."""
    area, period = workspace.place(view.area).area, _period(workspace, view)
    key = ("concordance", area.code, period, view.item)
    return workspace.remembered(key, lambda: concordance(_page(workspace, area, period, view.item)).lines)


def _page(workspace: Workspace, area: Area, period: pd.Period, item: str) -> ItemPage:
    """An item's page with its totals, and those read beside them, over twelve months: a hundredth of the whole."""
    data, settings = workspace.data(area), workspace.settings
    wanted = {item, *settings.items[item].beside.values()}
    asked = [_total(workspace, area, named) for named in workspace.measures().values() if named.item in wanted]
    rows = compared_rows(asked, settings, area, period, data.doubted, [WINDOW])
    counted = rounded(rows.astype(dict.fromkeys(FIGURES, object)))
    board = CountedBoard(settings, workspace.store, area, period, AUDIENCE, counted=counted, known=data.counts)
    return ItemPage(board, item)


def _total(workspace: Workspace, area: Area, named: Named) -> Line:
    figures = named.measure.figures
    options = workspace.histories(area, figures)
    return Line(named.item, named.name, "total", "", "", area.code, named.measure.breaks, options, series_in(figures))


def _period(workspace: Workspace, view: PartnersView) -> pd.Period:
    """The period asked for, else the newest month with figures."""
    if view.period:
        return parse_period(view.period)
    place = workspace.place(view.area)
    latest = workspace.data(place.area).latest
    if latest is None:
        raise InputError(f"no file at hand has {place.name}", where="area", fix="choose another area")
    return latest


def _table(totals: pd.DataFrame, indexed: pd.DataFrame) -> pd.DataFrame:
    rows = [
        (name, f"{totals[name].iloc[0]:,.0f}", f"{last:,.0f}", f"{indexed[name].dropna().iloc[-1]:.0f}")
        for name in totals
        for last in (totals[name].dropna().iloc[-1],)
    ]
    return pd.DataFrame(rows, columns=["Series", "Year at the base", "Newest year", "Index"])


PARTNERS = Exploration("Police and partners", controls, answer)
