"""Monthly returns of totals: service to victims, and reports from residents to the council; twenty-four months each."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration
from crimelib.illustrative.counts import generator

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


def _months(calibration: Calibration) -> list[tuple[str, bool]]:
    """Each month, and whether it is one of the last twelve."""
    last = pd.Period(calibration.last_month, freq="M")
    return [(str(last - back), back < MONTHS // 2) for back in reversed(range(MONTHS))]


def _file(calibration: Calibration, name: str, columns: list[str], rows: list[tuple]) -> dict[str, bytes]:
    content = pd.DataFrame(rows, columns=columns).to_csv(index=False, lineterminator="\n")
    return {f"{name}/{calibration.vintage}/{name}.csv": content.encode()}
