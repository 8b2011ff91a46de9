"""The Public Attitude Survey for one area: proportions a year apart, with what the sample can carry."""

from __future__ import annotations

from collections.abc import Iterator

import pandas as pd

from crimelib.areas import LONDON
from crimelib.settings import Area, Settings
from crimelib.tables.store import Store

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
    figures cover twelve months, so waves a year apart share no interview."""
    waves = survey_waves(store, settings, area)
    for measure in settings.perception.measures:
        wave = waves[(waves["measure"] == measure) & (waves["month"] <= str(period))].set_index("month")
        yield {"measure": measure, **_change(wave, settings, area)}


def effective_sample(settings: Settings, area: Area) -> float:
    """How many independent interviews a year's sample of the area is worth."""
    survey = settings.perception.survey
    interviews = survey.london_interviews if area.code == LONDON else survey.borough_interviews
    return interviews / survey.design_effect


def _change(wave: pd.DataFrame, settings: Settings, area: Area) -> dict[str, object]:
    from crimelib.stats.survey import change_between

    if wave.empty:
        return _without_figures("no_data", "No data: no survey file at hand gives this.")
    last = wave.index[-1]
    before = str(pd.Period(last, freq="M") - YEAR)
    now = wave.iloc[-1]
    where = {"source": now["source"], "vintage": now["vintage"]}
    if before not in wave.index:
        return {**_without_figures("incomplete", f"Incomplete: the survey has no figure for {before}."), **where}
    current, previous = float(now["proportion"]), float(wave.loc[before, "proportion"])
    size = effective_sample(settings, area)
    test = change_between(current, size, previous, size)
    return {
        "current": current,
        "previous": previous,
        "change": current - previous,
        "pct_change": 100 * (current / previous - 1) if previous else None,
        "p_value": test.p_value,
        "signal": test.signal,
        "status": "ok",
        "note": f"Quarter end {last}; rolling twelve months; about {size:,.0f} effective interviews a year.",
        **where,
    }


def _without_figures(status: str, note: str) -> dict[str, object]:
    return {"status": status, "note": note, "signal": "", "source": "", "vintage": ""}
