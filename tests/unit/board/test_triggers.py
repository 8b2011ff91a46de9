"""A spike after an event: seen where there is one, not seen where there is none, and never judged by itself."""

from __future__ import annotations

import shutil

import numpy as np
import pandas as pd
import pytest

from crimelib.board.triggers import FEWEST_MONTHS, Watch, watch, watched
from crimelib.errors import InputError
from crimelib.settings import Event, Events, Settings, checked, load_settings
from crimelib.stats.control_charts import expected_band

PERIOD = pd.Period("2021-11", freq="M")


def event(start: str = "2021-06-10", watch_months: int = 3) -> Event:
    return Event(
        label="Something", start=start, items=("hate_crime",), source="test", kind="trigger", watch_months=watch_months
    )


def history(level: int = 50, months: int = 60) -> pd.Series:
    index = pd.period_range(end=PERIOD, periods=months, freq="M")
    return pd.Series(np.random.default_rng(7).poisson(level, months).astype(float), index)


def verdict(series: pd.Series, of: Event, breaks: tuple[str, ...] = ()) -> Watch:
    found, why = watch(series, of, PERIOD, [pd.Period(each, freq="M") for each in breaks])
    return Watch(of, "Hate crime", found, why)


def test_a_month_far_above_is_seen_and_a_usual_one_is_not() -> None:
    series = history()
    assert verdict(series, event()).verdict == "not seen"
    series[pd.Period("2021-07", freq="M")] = 120
    found = verdict(series, event())
    assert found.verdict == "seen"
    assert [str(month) for month in found.above["month"]] == ["2021-07"]


def test_the_band_rests_on_the_months_before_the_event_alone() -> None:
    series = history()
    spiked = series.copy()
    spiked[spiked.index >= "2021-06"] = 500
    calm, loud = verdict(series, event()).months, verdict(spiked, event()).months
    columns = ["expected", "lower", "upper"]
    pd.testing.assert_frame_equal(calm[columns], loud[columns])
    before = series[series.index < "2021-06"]
    bands = expected_band(before, [pd.Period("2021-06", freq="M")], alpha=0.005)
    assert calm["upper"].iloc[0] == pytest.approx(bands["upper"].iloc[0])


@pytest.mark.parametrize(
    ("series", "why"),
    [
        (history(months=FEWEST_MONTHS + 5), "comparable months before it"),
        (history(level=1), "fewer than 5 a month"),
        (history().drop(pd.Period("2021-07", freq="M")), "no figures"),
    ],
)
def test_what_is_too_short_too_small_or_missing_cannot_be_told(series: pd.Series, why: str) -> None:
    found = verdict(series, event())
    assert found.verdict == "nothing can be told"
    assert why in found.why
    assert found.months.empty


def test_no_band_crosses_a_break() -> None:
    assert "comparable months" in verdict(history(), event(), ("2021-01",)).why
    assert list(verdict(history(), event(), ("2021-08",)).months["month"].astype(str)) == ["2021-06", "2021-07"]
    assert (
        "no figures" in verdict(history(), event(), ("2021-06",)).why
        or "0 comparable" in verdict(history(), event(), ("2021-06",)).why
    )


def test_watching_begins_in_the_next_month_where_the_first_was_half_over() -> None:
    assert [str(month) for month in watched(event("2020-05-30", 2))] == ["2020-06", "2020-07"]
    assert [str(month) for month in watched(event("2020-05-15", 2))] == ["2020-05", "2020-06"]


def test_only_a_trigger_has_months_to_watch(tmp_path) -> None:
    plain = {"label": "x", "start": "2021-01-01", "items": ["all"], "source": "y"}
    for wrong in ({"kind": "trigger"}, {"watch_months": "2"}, {"parts": ["racist"]}):
        with pytest.raises(Exception, match="a trigger, and nothing else, has watch_months"):
            checked(Events, {"events": [plain | wrong]}, tmp_path / "events.yml")


def test_an_event_of_an_unknown_item_is_refused_and_not_left_undrawn(tmp_path) -> None:
    folder = tmp_path / "parameters"
    shutil.copytree(load_settings().folder, folder)
    events = (folder / "events.yml").read_text(encoding="utf-8")
    (folder / "events.yml").write_text(events.replace("items: [hate_crime]", "items: [hate_crimes]", 1))
    with pytest.raises(InputError, match=r"First Covid cases.*hate_crimes"):
        _ = Settings(folder).events


def test_every_trigger_of_the_project_names_parts_of_its_item() -> None:
    settings = load_settings()
    strands = settings.items["hate_crime"].measures["hate_crime"].breakdowns["strand"]
    for each in settings.events:
        assert set(each.parts) <= set(strands)
