"""Whether police reports and what partners see tell the same story, and who refers to whom."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.charts import Chart, change_forest, referral_chart
from crimelib.board.once import once
from crimelib.board.summary import row_of, unusual_months
from crimelib.board.tables import Table, plain_table
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import window_months
from crimelib.measures.series import histories
from crimelib.settings import Indicator, Item, Measure, Settings
from crimelib.sources import partner_returns
from crimelib.stats.comparison import compare
from crimelib.stats.concordance import Movement, heterogeneity, ratio_of_ratios
from crimelib.tables.store import Store

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

ALPHA = 0.05
WINDOW = "rolling_12"
PARTNER = partner_returns.PREFIX
POLICE = "police"
NO_PARTNERS = "There are no partner figures over both windows to set beside the police figures."


@dataclass(frozen=True)
class Seen:
    """One series over twelve months and the twelve before, with how much it varies by itself. ``shows_demand``: others
    than the police could have brought people to it; ``full_months``: how many of the twelve months were bounded."""

    label: str
    indicator: str
    movement: Movement
    shows_demand: bool = True
    full_months: int = 0

    def __str__(self) -> str:
        change = 100 * (self.movement.current / self.movement.previous - 1)
        size = f"{'+' if change > 0 else '−' if change < 0 else ''}{abs(change):.0f}%"
        return f"{self.label} {self.movement.previous:,.0f} to {self.movement.current:,.0f} ({size})"


@once
def concordance(page: ItemPage) -> Text:
    """What the police series and each partner series of the item did, whether they moved apart by more than chance,
    and what follows; it never says that abuse fell when only reports did."""
    series = _seen(page)
    if len(series) < 2 or series[0].indicator:
        return Text((NO_PARTNERS,))
    beside = [each for name, measure, rows in _beside(page) if (each := _series(page, name, measure, rows))]
    cautions = _cautions(page.board.settings.partners.indicators, series[1:])
    return Text((*told(series[0], series[1:], beside), *cautions), bullet="- ")


def told(police: Seen, partners: Sequence[Seen], beside: Sequence[Seen] = ()) -> list[str]:
    """The series, who moved apart from the police's, whether all moved together, and what follows."""
    apart = [partner for partner in partners if _apart(police, partner)]
    together = heterogeneity([each.movement for each in (police, *partners)])
    verdict = "do not tell one story" if together.p_value < ALPHA else "do not clearly move apart when taken together"
    return [
        f"{police}; {'; '.join(map(str, partners))}.",
        *(_told_apart(police, partner) for partner in apart),
        f"All together, the series {verdict} (p = {together.p_value:.3f}, I² = {together.i_squared:.0%}).",
        _conclusion(police, [partner for partner in apart if partner.shows_demand]),
        *(f"Nearer to harm than reports are, though recorded by the police as well: {each}." for each in beside),
        *(_told_full(partner) for partner in partners if partner.full_months),
    ]


def concordance_chart(page: ItemPage) -> Chart | Text:
    """The change of the police series, of what else the police record, and of each partner's on one axis, with how sure
    each is."""
    own = [page.item.headline, *_police_measures(page), *_partner_measures(page)]
    parts = [_changes(page.rows, name) for name in own]
    parts = [rows.assign(label=rows["label"].map(partial(_short, page.item))) for rows in parts]
    parts[1:1] = [_changes(rows, name).assign(label=measure.label) for name, measure, rows in _beside(page)]
    rows = pd.concat(parts, ignore_index=True)
    if len(rows) < 2:
        return NOTHING
    title, finding = "Police figures and what partners see", " ".join(concordance(page).lines[:1])
    return change_forest(rows, title=title, unit="ratio of the two years", finding=finding)


def concordance_table(page: ItemPage) -> Table | Text:
    """Each partner's change set against that of police reports, and what bounds it."""
    series = _seen(page)
    if len(series) < 2 or series[0].indicator:
        return NOTHING
    lines = [_line(series[0], partner) for partner in series[1:]]
    notes = (
        "Against police reports: the partner's ratio of the two years over the police's. Above 1 the partner's series "
        "grew more or fell less; an interval without 1 is more than chance.",
    )
    caption = f"Partners' figures against police reports, twelve months to {page.month}"
    return plain_table(pd.DataFrame(lines), caption=caption, notes=notes)


def partners_table(settings: Settings) -> Table:
    """What each partner's figure counts, who refers, and what bounds it, as declared."""
    lines = [
        {
            "Partners' figures": each.label,
            "Counts": each.counts,
            "Referred by": each.referred_by,
            "Independent of the police": "yes" if each.independent_of_police else "no",
            "Bounded by": each.capacity,
        }
        for each in settings.partners.indicators.values()
    ]
    return plain_table(pd.DataFrame(lines), caption="What partners' figures are")


def _line(police: Seen, partner: Seen) -> dict[str, object]:
    found = ratio_of_ratios(partner.movement, police.movement)
    return {
        "Partners' figures": partner.label,
        "Now": int(partner.movement.current),
        "A year before": int(partner.movement.previous),
        "Against police reports": f"{found.ratio:.2f} ({found.low:.2f} to {found.high:.2f})",
        "Months at capacity": f"{partner.full_months} of 12",
    }


def referral_paths(settings: Settings) -> Chart:
    """Who refers to whom, as ``partners.yml`` declares it: a picture without figures."""
    partners = settings.partners
    rows = [
        {"referrer": partners.referrers[name], "service": each.label, "share": share, "is_police": name == POLICE}
        for each in partners.indicators.values()
        for name, share in each.referrers.items()
    ]
    mostly = sum(each.referrers.get(POLICE) == "most" for each in partners.indicators.values())
    finding = f"The police refer most of those who come to {mostly} of {len(partners.indicators)} services. "
    finding += " ".join(f"{each.label}: referred by {each.referred_by}." for each in partners.indicators.values())
    return referral_chart(pd.DataFrame(rows), title="Who refers to whom", finding=finding)


def _short(item: Item, label: str) -> str:
    """A measure's name within its item's page."""
    if label == item.measures[item.headline].label:
        return "Reports to the police"
    return label.removeprefix(f"{item.title}, ").capitalize() if label.startswith(f"{item.title}, ") else label


def _changes(rows: pd.DataFrame, measure: str) -> pd.DataFrame:
    """The row of a measure over twelve months, if its change can be shown."""
    chosen = (rows["measure"] == measure) & (rows["window"] == WINDOW) & (rows["breakdown"] == "total")
    return rows[chosen & rows["ratio_low"].notna()]


def _partner_measures(page: ItemPage) -> Iterator[str]:
    for name, measure in page.item.measures.items():
        if measure.figures[0].add[0].startswith(PARTNER):
            yield name


def _police_measures(page: ItemPage) -> Iterator[str]:
    """What the police record of the item besides its headline."""
    partners = set(_partner_measures(page))
    return (name for name in page.item.measures if name not in partners and name != page.item.headline)


def _beside(page: ItemPage) -> Iterator[tuple[str, Measure, pd.DataFrame]]:
    """The measures of other items that are read beside this one, with those items' rows."""
    for name, item in page.item.beside.items():
        yield name, page.board.settings.items[item].measures[name], page.board.item(item).rows


@once
def _seen(page: ItemPage) -> tuple[Seen, ...]:
    """The police series, then the partners', as far as both of their windows are whole and none is empty."""
    board, own = page.board, [page.item.headline, *_partner_measures(page)]
    found = [_series(page, name, page.item.measures[name], page.rows) for name in own]
    full = _full_months(board.store, board.settings, board.area.code, board.period)
    return tuple(replace(each, full_months=full.get(each.indicator, 0)) for each in found if each)


def _series(page: ItemPage, name: str, measure: Measure, rows: pd.DataFrame) -> Seen | None:
    """One measure as a series, None where it cannot be told."""
    board, row = page.board, row_of(rows, name, WINDOW)
    if row["status"] != "ok" or not row["current"] or not row["previous"]:
        return None
    monthly = histories(board.counts, measure.figures, board.settings.sources.bases)[0].monthly(board.area.code)
    change = compare(monthly, board.period, WINDOW, unusual=unusual_months(board.settings))
    series = measure.figures[0].add[0]
    indicator = series.removeprefix(PARTNER) if series.startswith(PARTNER) else ""
    declared = board.settings.partners.indicators.get(indicator)
    movement = Movement(float(row["previous"]), float(row["current"]), change.dispersion or 1.0)
    return Seen(measure.label, indicator, movement, declared is None or set(declared.referrers) != {POLICE})


def _full_months(store: Store, settings: Settings, area: str, period: pd.Period) -> dict[str, int]:
    """In how many of the twelve months some organisation's service was bounded, as it said itself, by indicator."""
    returns = store.table(partner_returns.NAME, filters=[("area_code", "==", area)])
    if returns.empty:
        return {}
    notes = settings.partners.capacity_notes
    bounded = {name for name, note in notes.items() if note.bounded}
    rows = partner_returns.latest(returns.assign(file=""))
    shown = rows[rows["month"].isin([str(month) for month in window_months(period, WINDOW)])]
    full = shown[shown["capacity_note"].isin(bounded)]
    return {str(name): int(months) for name, months in full.groupby("indicator")["month"].nunique().items()}


def _apart(police: Seen, partner: Seen) -> bool:
    return ratio_of_ratios(police.movement, partner.movement).p_value < ALPHA


def _told_apart(police: Seen, partner: Seen) -> str:
    found = ratio_of_ratios(police.movement, partner.movement)
    moved = "fell behind" if found.ratio < 1 else "ran ahead of"
    return (
        f"{police.label} {moved} {_within(partner.label)} by more than chance (ratio of the two "
        f"changes {found.ratio:.2f}, 95% interval {found.low:.2f} to {found.high:.2f})."
    )


def _within(label: str) -> str:
    """A label as it stands within a sentence: initials keep their capitals."""
    return label if label[1:2].isupper() else label[:1].lower() + label[1:]


def _conclusion(police: Seen, apart: Sequence[Seen]) -> str:
    fewer = police.movement.current < police.movement.previous
    behind = [partner for partner in apart if ratio_of_ratios(police.movement, partner.movement).ratio < 1]
    if fewer and behind:
        return "Fewer reports reached the police while partners saw no such fall: fewer reports is not less abuse."
    if behind:
        return "Partners saw demand grow faster than reports to the police: some of it is not being reported."
    if fewer:
        return "Fewer reports reached the police; partners' figures are too few to say whether they saw the same."
    return "Police and partners are not shown to move apart, which is no proof that they move together."


def _told_full(partner: Seen) -> str:
    return (
        f"{partner.label}: at capacity in {partner.full_months} of the twelve months, as the service says; its count "
        "could not have been higher in them."
    )


def _cautions(declared: Mapping[str, Indicator], partners: Sequence[Seen]) -> Iterator[str]:
    """Which partners' figures follow police reports, because the police refer to them."""
    ours = [each.label for each in partners if not declared[each.indicator].independent_of_police]
    if ours:
        yield f"Not independent of the police, who refer to them: {'; '.join(ours)}."
