"""The page of weapons: what every item shows, and possession read together with stop and search."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property

import pandas as pd

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.item import SHOWN_MONTHS, ItemPage, load_board, yearly_totals
from crimelib.board.narrative import count
from crimelib.board.returns import Proportion
from crimelib.board.summary import row_of, unusual_months
from crimelib.board.tables import Table, percent_text, plain_table
from crimelib.board.text import NOTHING, Text
from crimelib.measures.periods import both_halves, month_label, previous_months, window_months
from crimelib.stats.comparison import Change, compare

POSSESSION = "weapons_possession"
WINDOW = "rolling_12"
RISE = "Possession offences rise with searching, and say nothing of how many people carry a weapon"
READ_TOGETHER = {  # signals of possession and of searches
    ("increase", "increase"): "both rose, so this rise can be the searching alone",
    ("decrease", "decrease"): "both fell, so this fall can be the searching alone",
    ("increase", "decrease"): "more were found by fewer searches: better aimed, or more to find",
    ("decrease", "increase"): "fewer were found by more searches: worse aimed, or less to find",
    ("increase", "no_clear_change"): "possession rose with no clear change in searching: ask what was found and how",
    ("decrease", "no_clear_change"): "possession fell with no clear change in searching: ask what was found and how",
    ("no_clear_change", "increase"): "more searching brought no clear change in possession",
    ("no_clear_change", "decrease"): "less searching brought no clear change in possession",
    ("no_clear_change", "no_clear_change"): "neither shows a clear change",
}
SAID = {"increase": "a rise beyond chance", "decrease": "a fall beyond chance", "no_clear_change": "no clear change"}


def load_weapons(
    area: str, period: str, audience: str = "board", processed: str = "", parameters: str = ""
) -> WeaponsPage:
    """The page of weapons for a notebook; see :func:`crimelib.board.item.load_board`."""
    return WeaponsPage(load_board(area, period, audience, processed, parameters), "weapons")


@dataclass(frozen=True)
class Searches:
    """A force's searches for weapons by month (PeriodIndex), those known to have found something linked to the search,
    and those of which the file says whether they did."""

    force: str
    months: pd.DataFrame
    vintages: tuple[str, ...]

    def over(self, months: pd.PeriodIndex) -> Proportion:
        """Searches that found something linked, of all of which it is told, over some months."""
        rows = self.months.loc[months]
        return Proportion(int(rows["found"].sum()), int(rows["told"].sum()))


class WeaponsPage(ItemPage):
    """The item's answers, and the searches beside possession."""

    @cached_property
    def searches(self) -> Searches | None:
        """The searches of the area's force, None where no file covers both windows whole."""
        found = _searches(self)
        wanted = set(both_halves(self.board.period, WINDOW))
        return found if found and wanted <= set(found.months.index.astype(str)) else None

    def possession(self) -> Text:
        """Possession and searches for weapons over twelve months, and what may be read from them together."""
        said = str(self.sentence(POSSESSION))
        found = self.searches
        if found is None:
            missing = "no stop-and-search files of the area's force cover these twelve months and the twelve before"
            return Text((said, f"Searches for weapons: not available, {missing}.", f"{RISE}."))
        change = self._change(found)
        return Text((said, self._searched(found, change), self._hits(found), f"{RISE}: {self._together(change)}."))

    def search_table(self) -> Table | Text:
        """The twelve months: possession in the area, and the force's searches for weapons with what they found."""
        if self.searches is None:
            return NOTHING
        months = window_months(self.board.period, WINDOW)
        rows = self.searches.months.loc[months]
        possession = self.monthly(POSSESSION).set_index("month")["count"].reindex(months.astype(str))
        table = pd.DataFrame(
            {
                "Month": [month_label(month) for month in months],
                f"Possession, {self.board.area.name}": possession.array,
                "Searches, whole force": rows["searches"].array,
                "Found something linked": rows["found"].array,
                "Share": [_share(*each) for each in zip(rows["found"], rows["told"], strict=True)],
            }
        )
        caption = f"Possession of weapons beside searches for weapons, twelve months to {self.month}"
        title = self.board.settings.sources.sources["police_uk"].title
        notes = (
            "Linked: what was found had to do with the object of the search.",
            f"Source of the searches: {title} ({', '.join(self.searches.vintages)}).",
        )
        return plain_table(table, caption=caption, notes=notes)

    def search_chart(self) -> Chart | Text:
        """Twelve-month totals of possession and of searches, each from 100 at the first month that both reach."""
        if self.searches is None:
            return NOTHING
        searched = self.searches.months["searches"].tail(SHOWN_MONTHS)
        force = pd.DataFrame({"month": searched.index.astype(str), "count": searched.array, "short": False})
        breaks = self.breaks(POSSESSION)  # of both, so that they are set side by side over the same months
        both = {
            f"Possession, {self.board.area.name}": yearly_totals(self.monthly(POSSESSION), breaks),
            "Weapon searches, the force": yearly_totals(force, breaks),
        }
        drawn = self.index_of(both, "Twelve-month totals")
        return drawn if isinstance(drawn, Chart) else NOTHING

    def _change(self, found: Searches) -> Change:
        usual = unusual_months(self.board.settings)
        return compare(found.months["searches"], self.board.period, WINDOW, unusual=usual)

    def _searched(self, found: Searches, change: Change) -> str:
        moved = percent_text(change.pct_change) or "from none"
        return (
            f"Searches for weapons by the {found.force}, the whole force, since its files do not name the borough: "
            f"{count(change.current)} against {count(change.previous)} a year before ({moved}), "
            f"{SAID.get(change.signal, 'no verdict')}."
        )

    def _hits(self, found: Searches) -> str:
        """What share of the searches found something linked."""
        period = self.board.period
        now, before = (found.over(months(period, WINDOW)) for months in (window_months, previous_months))
        if not now.whole or not before.whole:
            return "The files do not say how many of the searches found something linked to them."
        against = f"{count(before.part)} of {count(before.whole)} ({before.share:.0%}) a year before"
        return f"They found something linked in {now}, against {against}: {SAID[now.since(before).signal]}."

    def _together(self, searches: Change) -> str:
        row = row_of(self.rows, POSSESSION, WINDOW)
        pair = (str(row["signal"]) if row["status"] == "ok" else "", searches.signal)
        return READ_TOGETHER.get(pair, "what both did together cannot be told")


def _searches(page: WeaponsPage) -> Searches | None:
    """The searches for weapons of the one force that polices the area, the latest vintage of each month."""
    settings, area = page.board.settings, page.board.area
    members = set(AreaBook.of(settings).members(area)) | {area.code}
    forces = {each.force for each in settings.districts if each.code in members}
    if len(forces) != 1:
        return None
    (force,) = forces
    rows = page.board.store.table("stop_search", filters=[("force", "==", force)])
    if rows.empty:
        return None
    rows = rows[rows["vintage_order"] == rows.groupby("month")["vintage_order"].transform("max")]
    is_weapon = rows["object_of_search"].isin(settings.police_uk.weapon_searches)
    told = rows["linked"].isin(["True", "False"])
    counted = rows.assign(
        searches=rows["count"].where(is_weapon, 0),
        told=rows["count"].where(is_weapon & told, 0),
        found=rows["count"].where(is_weapon & (rows["linked"] == "True"), 0),
    )
    months = counted.groupby("month")[["searches", "told", "found"]].sum()
    months.index = pd.PeriodIndex(months.index, freq="M")
    return Searches(settings.police_uk.forces[force][0], months, tuple(dict.fromkeys(rows["vintage"])))


def _share(found: int, told: int) -> str:
    return f"{found / told:.0%}" if told else "–"
