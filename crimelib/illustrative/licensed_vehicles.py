"""Licensed vehicles in the form of the Department for Transport's sheet VEH0105, its notes and shares included."""

from __future__ import annotations

import csv
import io

from crimelib.areas import LONDON
from crimelib.illustrative.calibration import Calibration

# Thousands licensed in the first quarter, and what a year adds: invented, about as many as a borough of this size has.
BODY_TYPES = {
    "Cars": (154.2, 0.7),
    "Motorcycles": (6.1, 0.05),
    "Light goods vehicles": (12.4, 0.3),
    "Heavy goods vehicles": (0.6, 0.0),
    "Buses and coaches": (0.3, 0.0),
    "Other vehicles": (1.2, 0.02),
}
LONDON_TIMES = 18.2
QUARTERS = [f"{year} Q{quarter}" for year in (2019, 2020, 2021) for quarter in (1, 2, 3, 4)][:11]
HEADER = ["BodyType", "Fuel [note 2]", "Keepership [note 3]", "Units", "ONS Sort [note 6]", "ONS Code [note 6]"]


def licensed_vehicles_file(calibration: Calibration) -> dict[str, bytes]:
    """The one file, by its path below raw."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    width = len(HEADER) + 1 + len(QUARTERS)
    writer.writerow(["VEH0105: Licensed vehicles at the end of the quarter (illustrative)", *[""] * (width - 1)])
    writer.writerow([*HEADER, "ONS Geography [note 6]", *QUARTERS])
    areas = ((calibration.borough.code, calibration.borough.name, 1.0), (LONDON, "London", LONDON_TIMES))
    for sort, (code, name, times) in enumerate(areas, start=1):
        rows = {body_type: [times * _thousands(body_type, quarter) for quarter in QUARTERS] for body_type in BODY_TYPES}
        rows["Total"] = [sum(column) for column in zip(*rows.values(), strict=True)]
        for body_type, values in rows.items():
            about = [body_type, "Total", "Total", "Thousands", sort, code, f"  {name}"]
            writer.writerow([*about, *(f"{value:.3f}" for value in values)])
        writer.writerow(["Total", "Total", "Company", "Thousands", sort, code, f"  {name}", *["[c]"] * len(QUARTERS)])
        writer.writerow(["Cars", "Total", "Total", "Percentage", sort, code, f"  {name}", *["88.1"] * len(QUARTERS)])
    return {f"licensed_vehicles/{calibration.vintage}/VEH0105.csv": text.getvalue().encode()}


def _thousands(body_type: str, quarter: str) -> float:
    first, yearly = BODY_TYPES[body_type]
    return round(first + yearly * (int(quarter[:4]) - 2019 + (int(quarter[-1]) - 1) / 4), 3)
