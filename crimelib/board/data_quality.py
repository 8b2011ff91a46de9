"""What the board must know of the data behind a pack: files, revisions, gaps, counts in no ward, rows set aside."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from crimelib.board.charts import Chart, index_chart
from crimelib.board.item import no_comparison
from crimelib.board.once import once
from crimelib.board.tables import Table, plain_table, signed
from crimelib.board.text import Text
from crimelib.board.titles import measure_title
from crimelib.measures.periods import month_label, month_spans, window_months
from crimelib.settings import Measure
from crimelib.tables.anomalies import suspected_gaps
from crimelib.tables.quality import QUARTERLY, coverage, filled_months, gaps, holes, unallocated
from crimelib.tables.revisions import revision_table

if TYPE_CHECKING:
    from crimelib.board.item import Board

MOST_DRAWN = 4


def files_table(board: Board) -> Table:
    """A line a source and vintage: how many files, which months, which are missing between them, rows set aside."""
    sources = board.settings.sources.sources
    rows = []
    for (source, vintage), group in coverage(board.store.catalogue, board.store.folder).groupby(
        ["source", "vintage"], sort=False
    ):
        months = sorted({month for listed in group["months"] for month in listed})
        missing = [] if source in QUARTERLY else gaps(months)
        rows.append(
            {
                "Source": sources[str(source)].title,
                "Vintage": vintage,
                "Files": len(group),
                "First month": months[0] if months else "none",
                "Last month": months[-1] if months else "none",
                "Missing between": ", ".join(missing) or "none",
                "Rows set aside": int(group["rejected_count"].sum()),
            }
        )
    return plain_table(pd.DataFrame(rows), caption="Files behind this pack")


def revised(board: Board) -> Table | Text:
    """A line a measure and pair of vintages: how many months can be compared, how many changed and by how much."""
    rows = _revisions(board)
    if rows.empty:
        return Text(("No month up to the period is in two vintages of one basis, so no revision can be seen.",))
    lines = [
        _revised_line(measure_title(board.settings, str(item), str(measure)), f"{before} to {vintage}", group)
        for (item, measure, before, vintage), group in rows.groupby(
            ["item", "measure", "previous_vintage", "vintage"], sort=False
        )
    ]
    note = "revisions.csv has every month. Only figures on one basis are compared."
    return plain_table(pd.DataFrame(lines), caption="Revised since the vintage before", notes=(note,))


def revision_chart(board: Board) -> Chart | Text:
    """What the newest file says of each month as a percentage of what the one before said, for the measures with the
    most recorded."""
    rows = _revisions(board)
    rows = rows[rows["previous_count"] > 0]
    most = rows.groupby("measure")["count"].sum().nlargest(MOST_DRAWN).index
    drawn = rows[rows["measure"].isin(most)]
    if drawn.empty:
        return Text(("There is no revision to draw.",))
    series = pd.DataFrame(
        {
            "month": drawn["month"],
            "series": [measure_title(board.settings, row.item, row.measure) for row in drawn.itertuples()],
            "value": 100 * drawn["count"] / drawn["previous_count"],
        }
    )
    title = f"Revised figures, {board.area.name}: the newest file as a percentage of the one before"
    changed = int((drawn["change"] != 0).sum())
    finding = f"{changed} of {len(drawn)} figures changed; 100 is no change."
    unit, breaks = "per cent of the figure given before", breaks_of(board, drawn)
    events = pd.concat([board.item(item).events() for item in dict.fromkeys(drawn["item"])]).drop_duplicates()
    return index_chart(series, title=title, unit=unit, finding=finding, breaks=breaks, events=events)


@once
def _revisions(board: Board) -> pd.DataFrame:
    return revision_table(board.releases, board.settings, board.area, board.period)


def breaks_of(board: Board, rows: pd.DataFrame) -> set[str]:
    """The months in which a measure of some rows (``item``, ``measure``) stops comparing with what came before."""
    pairs = rows[["item", "measure"]].drop_duplicates().itertuples(index=False)
    return {month for item, name in pairs for month in no_comparison(board.settings.items[item].measures[name].breaks)}


def provisional_months(board: Board) -> Table | Text:
    """From which month each headline is provisional, what its newest month is expected to end at, and how we know."""
    lines = [
        line
        for name, item in board.settings.items.items()
        if item.measures and (line := _provisional_line(board, name, item.headline))
    ]
    if not lines:
        return Text(("No month up to the period is still expected to be revised.",))
    return plain_table(pd.DataFrame(lines), caption="Months that are still provisional", missing="not known")


def gaps_table(board: Board) -> Table | Text:
    """The months that look short of data, up to the period."""
    found = suspected_gaps(board.store, board.settings, board.area)
    found = found[found["month"] <= str(board.period)].sort_values("month", ascending=False)
    if found.empty:
        return Text(("No month of this area looks short of data.",))
    titles = _titles(board)
    rows = pd.DataFrame(
        {
            "Month": [month_label(pd.Period(month, freq="M")) for month in found["month"]],
            "Area": found["area_name"].array,
            "Source": found["source"].map(titles).array,
            "What": [series.replace("_", " ") or "all categories" for series in found["series"]],
            "Count": found["count"].array,
            "Expected, about": found["expected"].array,
            "Why": found["reason"].array,
        }
    )
    note = "A suspected gap is no proof: ask the publisher before the month is read as a fall."
    return plain_table(rows, caption=f"Suspected gaps, {board.area.name}", missing="none", notes=(note,))


def missing_months(board: Board) -> Text:
    """Months that fall between the files of a source, and months that an older file filled."""
    titles = _titles(board)
    missing = holes(coverage(board.store.catalogue, board.store.folder))
    lines = [f"{titles[source]}: no file has {month_spans(months)}." for source, months in missing.items()]
    filled = filled_months(board.releases.keys).groupby(["source", "vintage"], sort=False)["month"]
    lines += [
        f"{titles[source]}: {month_spans(months)} from the older vintage {vintage}; no newer file has it."
        for (source, vintage), months in filled
    ]
    return Text(tuple(lines) or ("No month falls between the files of a source.",), bullet="- ")


def unallocated_table(board: Board) -> Table | Text:
    """How many of the borough's offences of the last twelve months are in none of its wards. Measures about people are
    left out: the sum of their wards would help to work out a ward that is withheld."""
    months = [str(month) for month in window_months(board.period, "rolling_12")]
    stored = board.store.counts([board.area.code], wards=True)
    stored = stored[stored["month"].isin(months)] if len(stored) else stored
    found = {
        measure_title(board.settings, item_id, name): pair
        for item_id, item in board.settings.items.items()
        for name, measure in item.measures.items()
        if measure.wards and not measure.protected and (pair := _unallocated(stored, measure, board.area.code, months))
    }
    if not found:
        return Text(("No vintage has both the borough and its wards for the twelve months.",))
    rows = pd.DataFrame.from_dict(found, orient="index", columns=["Borough", "In no ward"]).rename_axis("Measure")
    share = (100 * rows["In no ward"] / rows["Borough"].where(rows["Borough"] > 0)).round(1)
    note = "Measures about people are not listed, so that no withheld ward can be worked out."
    caption = f"Counted in the borough and in none of its wards, twelve months to {month_label(board.period)}"
    return plain_table(rows.assign(**{"Per cent": share}).reset_index(), caption=caption, notes=(note,))


def set_aside(board: Board) -> Table | Text:
    """Rows set aside, by source and reason."""
    rejected = board.store.table("rejected")
    if rejected.empty:
        return Text(("No row was set aside.",))
    counted = rejected.groupby(["source", "reason"], as_index=False).size()
    titles = _titles(board)
    rows = counted.assign(source=counted["source"].map(titles)).set_axis(["Source", "Reason", "Rows"], axis="columns")
    return plain_table(rows, caption="Rows set aside, by reason")


def left_out(board: Board) -> Text:
    """Files that were left out, and why."""
    lines = tuple(f"{label}: {reason}." for label, reason in board.store.catalogue.left_out)
    return Text(lines or ("No file was left out.",), bullet="- ")


def _titles(board: Board) -> dict[str, str]:
    return {name: each.title for name, each in board.settings.sources.sources.items()}


def _revised_line(title: str, vintages: str, rows: pd.DataFrame) -> dict[str, object]:
    change, before = int(rows["change"].sum()), int(rows["previous_count"].sum())
    largest = rows.loc[rows["change"].abs().idxmax()]
    changed = int((rows["change"] != 0).sum())
    return {
        "Measure": title,
        "Vintages": vintages,
        "Months compared": len(rows),
        "Months changed": changed,
        "Net change": change,
        "Net per cent": round(100 * change / before, 1) + 0.0 if before else None,
        "Largest change": f"{signed(largest['change'])} in {month_spans([largest['month']])}" if changed else "none",
    }


def _provisional_line(board: Board, item: str, name: str) -> dict[str, object] | None:
    page = board.item(item)
    first, known = page.provisional_from(name), page.provisional(name)
    if first is None or known is None:
        return None
    monthly = page.monthly(name).dropna()
    newest, is_newest = float(monthly["count"].iloc[-1]), first + known.months - 1 == board.period
    return {
        "Measure": measure_title(board.settings, item, name),
        "Provisional from": month_label(first),
        "Newest figure": f"{newest:,.0f} in {month_label(pd.Period(monthly['month'].iloc[-1], freq='M'))}",
        "Expected to end at": round(newest * known.growth) if known.estimated and is_newest else None,
        "How we know": "from the files kept" if known.estimated else "assumed in parameters/quality.yml",
    }


def _unallocated(stored: pd.DataFrame, measure: Measure, borough: str, months: list[str]) -> tuple[int, int] | None:
    pairs = (unallocated(stored, each.add, borough, months) for each in measure.figures if not each.subtract)
    return next((pair for pair in pairs if pair), None)
