"""The Public Attitude Survey's figures for one area: waves, and each measure against the year before."""

from __future__ import annotations

from collections.abc import Iterator, Mapping

import pandas as pd

from crimelib.areas import LONDON
from crimelib.measures.periods import month_label
from crimelib.settings import Area, Settings
from crimelib.tables.store import Store

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
    waves = survey_waves(store, settings, area).to_dict("records")
    for measure in settings.perception.measures:
        known = {row["month"]: row for row in waves if row["measure"] == measure and row["month"] <= str(period)}
        last = max(known, default="")
        too_old = last <= str(period - YEAR)
        yield {"measure": measure, **(_no_survey(last) if too_old else _change(known, last, settings, area))}


def interviews(settings: Settings, area: Area) -> int:
    """How many people of the area are asked in a year."""
    survey = settings.perception.survey
    return survey.london_interviews if area.code == LONDON else survey.borough_interviews


def _change(waves: Mapping[str, Mapping[str, object]], last: str, settings: Settings, area: Area) -> dict[str, object]:
    """The last of one measure's waves, which are by month, against the one a year before it."""
    from crimelib.stats.survey import effective_size, wave_change

    before = str(pd.Period(last, freq="M") - YEAR)
    where = {"source": waves[last]["source"], "vintage": waves[last]["vintage"]}
    if before not in waves:
        return {
            **_without_figures("incomplete", f"Incomplete: the survey has no figure for {_words(before)}."),
            **where,
        }
    current, previous = float(waves[last]["proportion"]), float(waves[before]["proportion"])
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
        "note": f"Quarter to {_words(last)}; about {effective_size(asked, effect):,.0f} effective interviews a year.",
        **where,
    }


def _words(month: str) -> str:
    return month_label(pd.Period(month, freq="M"))


def _no_survey(last: str) -> dict[str, object]:
    ends = f"; the last quarter at hand ends in {_words(last)}" if last else ""
    return _without_figures("no_data", f"No data: no survey file at hand gives this{ends}.")


def _without_figures(status: str, note: str) -> dict[str, object]:
    return {"status": status, "note": note, "signal": "", "source": "", "vintage": ""}
