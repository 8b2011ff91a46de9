"""Whether police reports and what partners see tell the same story."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from crimelib.board.charts import Chart, change_forest
from crimelib.board.summary import row_of, unusual_months
from crimelib.board.text import Text
from crimelib.measures.series import histories
from crimelib.stats.comparison import compare
from crimelib.stats.concordance import Movement, heterogeneity, ratio_of_ratios

if TYPE_CHECKING:
    from crimelib.board.item import ItemPage

ALPHA = 0.05
WINDOW = "rolling_12"
PARTNER = "partner_"


@dataclass(frozen=True)
class Seen:
    """One series over twelve months and the twelve before, with how much it varies by itself."""

    label: str
    indicator: str
    movement: Movement

    def __str__(self) -> str:
        change = 100 * (self.movement.current / self.movement.previous - 1)
        size = f"{'+' if change > 0 else '−' if change < 0 else ''}{abs(change):.0f}%"
        return f"{self.label} {self.movement.previous:,.0f} to {self.movement.current:,.0f} ({size})"


def concordance(page: ItemPage) -> Text:
    """What the police series and each partner series of the item did, whether they moved apart by more than chance,
    and what follows; it never says that abuse fell when only reports did."""
    series = list(_seen(page))
    if len(series) < 2 or series[0].indicator:
        return Text(("There are no partner figures over both windows to set beside the police figures.",))
    police, partners = series[0], series[1:]
    apart = [partner for partner in partners if _apart(police, partner)]
    lines = [f"{police}; {'; '.join(str(partner) for partner in partners)}."]
    lines += [_told_apart(police, partner) for partner in apart]
    together = heterogeneity([each.movement for each in series])
    verdict = "do not tell one story" if together.p_value < ALPHA else "do not clearly move apart when taken together"
    lines.append(f"All together, the series {verdict} (p = {together.p_value:.3f}, I² = {together.i_squared:.0%}).")
    lines += [_conclusion(police, apart), *_cautions(page, partners)]
    return Text(tuple(lines), bullet="- ")


def concordance_chart(page: ItemPage) -> Chart | Text:
    """The change of the police series and of each partner's on one axis, with how sure each is."""
    measures = [page.item.headline, *_partner_measures(page)]
    rows = page.rows[
        page.rows["measure"].isin(measures)
        & (page.rows["window"] == WINDOW)
        & (page.rows["breakdown"] == "total")
        & page.rows["ratio_low"].notna()
    ]
    if len(rows) < 2:
        return Text(("There are not two series to set side by side.",))
    title, finding = "Police reports and what partners see", " ".join(concordance(page).lines[:1])
    return change_forest(rows, title=title, unit="ratio of the two years", finding=finding)


def _partner_measures(page: ItemPage) -> Iterator[str]:
    for name, measure in page.item.measures.items():
        if measure.figures[0].add[0].startswith(PARTNER):
            yield name


def _seen(page: ItemPage) -> Iterator[Seen]:
    """The police series, then the partners', as far as both of their windows are whole and none is empty."""
    board = page.board
    for name in [page.item.headline, *_partner_measures(page)]:
        row, measure = row_of(page.rows, name, WINDOW), page.item.measures[name]
        if row["status"] != "ok" or not row["current"] or not row["previous"]:
            continue
        monthly = histories(board.counts, measure.figures, board.settings.sources.bases)[0].monthly(board.area.code)
        change = compare(monthly, board.period, WINDOW, unusual=unusual_months(board.settings))
        series = measure.figures[0].add[0]
        indicator = series.removeprefix(PARTNER) if series.startswith(PARTNER) else ""
        movement = Movement(float(row["previous"]), float(row["current"]), change.dispersion or 1.0)
        yield Seen(measure.label, indicator, movement)


def _apart(police: Seen, partner: Seen) -> bool:
    return ratio_of_ratios(police.movement, partner.movement).p_value < ALPHA


def _told_apart(police: Seen, partner: Seen) -> str:
    found = ratio_of_ratios(police.movement, partner.movement)
    moved = "fell behind" if found.ratio < 1 else "ran ahead of"
    return (
        f"{police.label} {moved} {partner.label[:1].lower()}{partner.label[1:]} by more than chance (ratio of the two "
        f"changes {found.ratio:.2f}, 95% interval {found.low:.2f} to {found.high:.2f})."
    )


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


def _cautions(page: ItemPage, partners: Sequence[Seen]) -> Iterator[str]:
    """How independent each partner's figures are of the police, and what they can hold, as declared."""
    declared = page.board.settings.partners.indicators
    for partner in partners:
        if (indicator := declared.get(partner.indicator)) is not None:
            own = (
                "not independent of the police" if not indicator.independent_of_police else "independent of the police"
            )
            yield f"{partner.label}: {own} (referred by: {indicator.referred_by}); bounded by {indicator.capacity}."
