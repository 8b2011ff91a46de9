"""The MOPAC Public Attitude Survey by borough: month-first dates, trailing empty columns, no sample sizes."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import AttitudeMeasure, Calibration
from crimelib.illustrative.counts import generator

PATH = "mopac_pas/{vintage}/PAS_Dashboard_Borough.csv"
HEADER = "Date,Survey,Borough,Measure,Proportion,MPS,,,,"
RENAMED = {"Westminster": "City of Westminster"}


def attitudes_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw."""
    boroughs = _boroughs(calibration)
    table = pd.concat(
        [_measure(calibration, name, measure, boroughs) for name, measure in calibration.attitudes.measures.items()],
        ignore_index=True,
    )
    table = table.sort_values(["quarter", "measure", "borough"], kind="stable")
    rows = pd.DataFrame(
        {
            "Date": [f"{end.month}/{end.day}/{end.year}" for end in table["quarter"].dt.end_time],
            "Survey": "PAS",
            **{column: table[column].to_numpy() for column in ("borough", "measure", "proportion", "mps")},
            **dict.fromkeys(("a", "b", "c", "d"), ""),
        }
    )
    body = rows.to_csv(index=False, header=False, lineterminator="\r\n", float_format="%.4g")
    return {PATH.format(vintage=calibration.vintage): f"{HEADER}\r\n{body}".encode()}


def _boroughs(calibration: Calibration) -> list[str]:
    """The pack's borough first."""
    others = [other.name for other in calibration.other_boroughs.values()]
    return [RENAMED.get(name, name) for name in [calibration.borough.name, *others]]


def _measure(calibration: Calibration, name: str, measure: AttitudeMeasure, boroughs: list[str]) -> pd.DataFrame:
    """A measure for every borough and quarter from the first that the calibration names."""
    settings = calibration.attitudes
    rng = generator(calibration, f"attitudes {name}")
    quarters = pd.period_range(min(measure.bromley), settings.last_quarter, freq="Q")
    own, london = (_between(points, quarters) for points in (measure.bromley, measure.london))
    apart = rng.normal(0, settings.london_scatter, size=(len(boroughs) - 1, 1))
    noise = rng.normal(0, settings.quarter_noise, size=(len(boroughs), len(quarters)))
    fixed = np.isin(quarters.asfreq("M").astype(str), list(measure.bromley))
    values = np.vstack([own, london + apart]) + np.where(np.arange(len(boroughs))[:, None] == 0, ~fixed * noise, noise)
    return pd.DataFrame(
        {
            "quarter": np.tile(quarters, len(boroughs)),
            "borough": np.repeat(boroughs, len(quarters)),
            "measure": name,
            "proportion": values.clip(0.02, 0.98).round(2).ravel(),
            "mps": np.tile(london.round(2), len(boroughs)),
        }
    )


def _between(points: dict[str, float], quarters: pd.PeriodIndex) -> np.ndarray:
    """Straight lines between the quarters named."""
    known = pd.PeriodIndex(sorted(points), freq="M").asfreq("Q")
    return np.interp(quarters.asi8, known.asi8, [points[month] for month in sorted(points)])
