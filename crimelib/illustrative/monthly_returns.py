"""Monthly returns of totals, twenty-four months each: service to victims, reports from residents to the council,
when violence with injury was committed, and how long before their recording sexual offences were."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration
from crimelib.illustrative.counts import Offences, generator
from crimelib.settings import OffenceTimes

MONTHS = 24
# crime and measure: victims a month, and the chance that one was satisfied, or contacted in time, a year ago and now
SERVICE = {
    ("hate_crime", "satisfied"): (8, 0.62, 0.69),
    ("hate_crime", "contacted_in_target"): (44, 0.71, 0.86),
    ("all_crime", "satisfied"): (46, 0.66, 0.65),
    ("all_crime", "contacted_in_target"): (610, 0.78, 0.80),
}
# category and channel: reports a month in all wards together, a year ago and now
REPORTS = {
    ("speeding", "online form"): (34, 58),
    ("speeding", "telephone"): (12, 15),
    ("e_scooter", "online form"): (13, 31),
    ("e_scooter", "telephone"): (5, 7),
}
# How much falls in each hour band from midnight on: in a week, and on top of it on the nights of Friday and Saturday.
HOURS = {"ndvwi": (6, 3, 4, 8, 13, 18, 17, 13), "domestic_vwi": (9, 5, 5, 8, 10, 13, 18, 19)}
NIGHT_OUT = {"ndvwi": 3.4, "domestic_vwi": 1.5}
UNTIMED = 0.04
# The share of sexual offences that were committed more than a year before they were recorded, a year ago and now.
NON_RECENT = {"rape": (0.29, 0.38), "other_sexual_offences": (0.17, 0.20)}
UNDATED = 0.06


def victim_service_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw."""
    rng, rows = generator(calibration, "victim_service"), []
    for month, is_now in _months(calibration):
        for (crime, measure), (mean, before, now) in SERVICE.items():
            victims = int(rng.poisson(mean))
            met = int(rng.binomial(victims, now if is_now else before))
            rows.append((month, calibration.borough.code, crime, measure, victims, met))
    return _file(calibration, "victim_service", ["month", "area_code", "crime", "measure", "victims", "met"], rows)


def resident_reports_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw: every ward, category and channel in every month."""
    rng, rows = generator(calibration, "resident_reports"), []
    shares = np.array([ward.share for ward in calibration.wards.values()])
    for month, is_now in _months(calibration):
        for (category, channel), means in REPORTS.items():
            counts = rng.poisson(means[is_now] * shares / shares.sum())
            for ward, count in zip(calibration.wards, counts.tolist(), strict=True):
                rows.append((month, calibration.borough.code, ward, category, channel, count))
    columns = ["month", "area_code", "ward_code", "category", "channel", "count"]
    return _file(calibration, "resident_reports", columns, rows)


def offence_times_file(calibration: Calibration, offences: Offences, times: OffenceTimes) -> dict[str, bytes]:
    """The one file, by its path below raw: as many offences in each month as the other files count."""
    rng, rows = generator(calibration, "offence_times"), []
    monthly = _violence(offences)
    cells = [(day, band) for day in times.weekdays for band in times.hour_bands] + [("not_known", "not_known")]
    for place, (month, _) in enumerate(_months(calibration), start=-MONTHS):
        for measure, counts in monthly.items():
            drawn = rng.multinomial(counts[place], _week(measure, times)).tolist()
            rows += [
                (month, calibration.borough.code, measure, *cell, count)
                for cell, count in zip(cells, drawn, strict=True)
            ]
    columns = ["month", "area_code", "measure", "weekday", "hour_band", "count"]
    return _file(calibration, "offence_times", columns, rows)


def offence_recency_file(calibration: Calibration, offences: Offences) -> dict[str, bytes]:
    """The one file, by its path below raw: recent and non-recent add up to the offences that the other files count."""
    rng, rows = generator(calibration, "offence_recency"), []
    for place, (month, is_now) in enumerate(_months(calibration), start=-MONTHS):
        for measure, shares in NON_RECENT.items():
            recorded = offences.local(offences.recorded[measure]).sum(axis=0)[place]
            known, share = 1 - UNDATED, shares[is_now]
            drawn = rng.multinomial(recorded, [known * (1 - share), known * share, UNDATED]).tolist()
            rows += [
                (month, calibration.borough.code, measure, recency, count)
                for recency, count in zip(("recent", "non_recent", "not_known"), drawn, strict=True)
            ]
    columns = ["month", "area_code", "measure", "recency", "count"]
    return _file(calibration, "offence_recency", columns, rows)


def _violence(offences: Offences) -> dict[str, np.ndarray]:
    """Violence with injury of the borough by month, domestic and not."""
    whole = offences.local(offences.recorded["vwi"]).sum(axis=0)
    domestic = offences.local(offences.dashboard["domestic_vwi"]).sum(axis=0)
    return {"ndvwi": whole - domestic, "domestic_vwi": domestic}


def _week(measure: str, times: OffenceTimes) -> np.ndarray:
    """The chance of each weekday and hour band, one weekday after the other, and of a time that is not known."""
    chances = np.tile(np.array(HOURS[measure], dtype="float64"), (len(times.weekdays), 1))
    days = list(times.weekdays)
    for night, morning in (("friday", "saturday"), ("saturday", "sunday")):
        chances[days.index(night), -1:] *= NIGHT_OUT[measure]
        chances[days.index(morning), :2] *= NIGHT_OUT[measure]
    return np.append(chances.ravel() / chances.sum() * (1 - UNTIMED), UNTIMED)


def _months(calibration: Calibration) -> list[tuple[str, bool]]:
    """Each month, and whether it is one of the last twelve."""
    last = pd.Period(calibration.last_month, freq="M")
    return [(str(last - back), back < MONTHS // 2) for back in reversed(range(MONTHS))]


def _file(calibration: Calibration, name: str, columns: list[str], rows: list[tuple]) -> dict[str, bytes]:
    content = pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")
    return {f"{name}/{calibration.vintage}/{name}.csv": content.encode()}
