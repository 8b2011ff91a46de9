"""The Public Attitude Survey for one area: proportions a year apart, with what the sample can carry."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING

import pandas as pd

from crimelib.areas import LONDON
from crimelib.board.charts import Chart, perception_chart
from crimelib.board.tables import Table, summary_table
from crimelib.board.text import Text
from crimelib.settings import Area, Settings
from crimelib.tables.store import Store

if TYPE_CHECKING:
    from crimelib.board.item import Board

ITEM = "perception"
YEAR = 12


def survey_waves(store: Store, settings: Settings, area: Area) -> pd.DataFrame:
    """The area's proportions: ``measure, month`` (quarter end), ``proportion, london_proportion, source, vintage``;
    of several vintages the latest counts."""
    stored = store.table("perception", filters=[("area_code", "==", area.code)])
    if stored.empty:
        return pd.DataFrame(columns=["measure", "month", "proportion", "london_proportion", "source", "vintage"])
    latest = stored.sort_values("vintage_order").drop_duplicates(["measure", "quarter_end"], keep="last")
    waves = latest.rename(columns={"quarter_end": "month"}).sort_values(["measure", "month"], ignore_index=True)
    return waves[["measure", "month", "proportion", "london_proportion", "source", "vintage"]]


def survey_changes(store: Store, settings: Settings, area: Area, period: pd.Period) -> Iterator[dict[str, object]]:
    """The last quarter not after the period against the same quarter a year before, a record a measure. The survey's
    figures cover twelve months, so waves a year apart share no interview, and a last quarter of a year ago or more
    says nothing of the period."""
    waves = survey_waves(store, settings, area)
    for measure in settings.perception.measures:
        wave = waves[(waves["measure"] == measure) & (waves["month"] <= str(period))].set_index("month")
        too_old = wave.empty or wave.index[-1] <= str(period - YEAR)
        yield {"measure": measure, **(_no_survey(wave) if too_old else _change(wave, settings, area))}


def interviews(settings: Settings, area: Area) -> int:
    """How many people of the area are asked in a year."""
    survey = settings.perception.survey
    return survey.london_interviews if area.code == LONDON else survey.borough_interviews


def _change(wave: pd.DataFrame, settings: Settings, area: Area) -> dict[str, object]:
    from crimelib.stats.survey import effective_size, wave_change

    last = wave.index[-1]
    before = str(pd.Period(last, freq="M") - YEAR)
    now = wave.iloc[-1]
    where = {"source": now["source"], "vintage": now["vintage"]}
    if before not in wave.index:
        return {**_without_figures("incomplete", f"Incomplete: the survey has no figure for {before}."), **where}
    current, previous = float(now["proportion"]), float(wave.loc[before, "proportion"])
    asked, effect = interviews(settings, area), settings.perception.survey.design_effect
    test = wave_change(current, previous, asked, asked, effect)
    return {
        "current": current,
        "previous": previous,
        "change": current - previous,
        "pct_change": 100 * (current / previous - 1) if previous else None,
        "detectable_pct": 100 * test.detectable / previous if previous else None,
        "signal": test.signal,
        "status": "ok",
        "note": f"Quarter end {last}; about {effective_size(asked, effect):,.0f} effective interviews a year.",
        **where,
    }


def _no_survey(wave: pd.DataFrame) -> dict[str, object]:
    ends = f"; the last quarter at hand is {wave.index[-1]}" if len(wave) else ""
    return _without_figures("no_data", f"No data: no survey file at hand gives this{ends}.")


def _without_figures(status: str, note: str) -> dict[str, object]:
    return {"status": status, "note": note, "signal": "", "source": "", "vintage": ""}


def perception_lines(board: Board) -> pd.DataFrame:
    """The survey's rows of the summary with labels, intervals and London's figure: ``label, proportion, low, high,
    london`` beside the columns of ``summary.csv``."""
    from crimelib.stats.survey import wilson

    rows = board.totals[board.totals["item"] == ITEM].assign(label=lambda frame: frame["measure_title"])
    waves = survey_waves(board.store, board.settings, board.area)
    newest = waves[waves["month"] <= str(board.period)].drop_duplicates("measure", keep="last").set_index("measure")
    asked, effect = interviews(board.settings, board.area), board.settings.perception.survey.design_effect
    shown = [None if pd.isna(row.current) else float(row.current) for row in rows.itertuples()]
    intervals = [(None, None) if share is None else wilson(share, asked, effect) for share in shown]
    return rows.assign(
        proportion=rows["current"],
        low=[low for low, _ in intervals],
        high=[high for _, high in intervals],
        london=rows["measure"].map(newest["london_proportion"]).array,
    )


def perception_table(board: Board) -> Table:
    """Every measure of the survey: now, a year before, and whether the change is more than chance."""
    rows = perception_lines(board)
    caption = f"{board.settings.perception.survey.title}, {board.area.name}"
    return summary_table(rows, caption=caption, unit="share of those asked", notes=sorted(set(rows["note"]) - {""}))


def perception_chart_of(board: Board) -> Chart | Text:
    """Every measure of the survey with its interval, London's figure marked."""
    rows = perception_lines(board)
    if rows["proportion"].isna().all():
        return Text(("No survey file at hand has this area.",))
    title = f"What people say of the police, {board.area.name}"
    finding = " ".join(perception_sentences(board).lines)
    return perception_chart(rows, title=title, unit="share of those asked", finding=finding)


def perception_sentences(board: Board) -> Text:
    """A sentence a measure, with what the sample could have seen."""
    rows = board.totals[board.totals["item"] == ITEM]
    return Text(tuple(_sentence(row) for row in rows.to_dict("records")), bullet="- ")


def sample_note(board: Board) -> Text:
    """What the sample is, and where the figure for it is from."""
    from crimelib.stats.survey import detectable_change, effective_size

    survey = board.settings.perception.survey
    asked = interviews(board.settings, board.area)
    smallest = detectable_change(0.6, asked, asked, survey.design_effect)
    return Text(
        (
            f"About {asked:,} people are asked in a year ({survey.sample_source}).",
            f"With a design effect of {survey.design_effect} ({survey.design_effect_source}) that is worth about "
            f"{effective_size(asked, survey.design_effect):,.0f} independent interviews.",
            f"Around 60%, the smallest change that such a sample is likely to show from one year to the next is about "
            f"{100 * smallest:.0f} points. A ward has about 18 interviews a year: nothing can be said of a ward.",
        ),
        bullet="- ",
    )


def _sentence(row: dict[str, object]) -> str:
    label = str(row["measure_title"])
    if row["status"] != "ok":
        return f"{label}: {str(row['note'])[:1].lower()}{str(row['note'])[1:]}"
    now, before = (f"{float(row[name]):.0%}" for name in ("current", "previous"))
    smallest = float(row["detectable_pct"]) * float(row["previous"])
    verdict = {
        "increase": "A rise this size is unlikely to be chance.",
        "decrease": "A fall this size is unlikely to be chance.",
        "no_clear_change": f"No clear change: the sample is likely to show a change of {smallest:.0f} points or more.",
    }[str(row["signal"])]
    return f"{label}: {now}, against {before} a year before. {verdict}"
