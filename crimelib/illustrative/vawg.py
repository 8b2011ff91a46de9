"""The MPS file on violence against women and girls: long, by ward name, month recorded and month committed."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration, calendar
from crimelib.illustrative.counts import generator, monthly_counts, ward_counts

PATH = "mps_vawg/{vintage}/vawg_offences_location.csv"


def vawg_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw."""
    vawg, months = calibration.vawg, calendar(calibration)
    rng = generator(calibration, "vawg")
    monthly = monthly_counts(rng, calibration, vawg)
    counts = ward_counts(rng, calibration, vawg, monthly, unallocated=False)[:-1]
    counts[:, : months.position(vawg.first_month)] = 0
    ward, recorded, delay = _offences(rng, counts, vawg.delay)
    table = pd.DataFrame(
        {
            "BCU_Location": "South Area",
            "Borough_Name": calibration.borough.name,
            "Ward_Name_Clean_2": np.array([ward.name for ward in calibration.wards.values()])[ward],
            "Recorded_Date_Months": _dates(months.months[recorded]),
            "Date_Committed_From_Date_Months": _dates(months.months[recorded] - delay),
        }
    )
    table = table.value_counts(sort=False).rename("Count").reset_index()
    table = table.sort_values("Recorded_Date_Months", kind="stable")
    return {PATH.format(vintage=calibration.vintage): table.to_csv(index=False, lineterminator="\n").encode()}


def _offences(
    rng: np.random.Generator, counts: np.ndarray, delay: tuple[float, float, float]
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """One element an offence: its ward, the month recorded, and how many months before it was committed."""
    ward, recorded = np.nonzero(counts)
    repeats = counts[ward, recorded]
    ward, recorded = np.repeat(ward, repeats), np.repeat(recorded, repeats)
    kind = rng.choice(3, size=len(ward), p=delay)
    return ward, recorded, np.where(kind == 2, 1 + rng.geometric(0.06, size=len(ward)), kind)


def _dates(months: pd.PeriodIndex) -> pd.Index:
    return months.strftime("%Y-%m-01")
