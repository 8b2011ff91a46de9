"""data.police.uk stop-and-search files: one row a search, nothing about the person searched."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration, calendar
from crimelib.illustrative.counts import generator

PATH = "police_uk/{vintage}/{month}/{month}-metropolitan-stop-and-search.csv"
OBJECTS = {  # object: searches a month before the summer of 2020 and from then on, and the chance of finding it
    "Controlled drugs": (190, 260, 0.26),
    "Offensive weapons": (60, 96, 0.16),
    "Stolen goods": (30, 32, 0.18),
    "Firearms": (5, 6, 0.08),
    "Anything to threaten or harm anyone": (9, 4, 0.03),
}
MORE_FROM = "2020-06"
OUTCOMES = {True: "Arrest", False: "A no further action disposal"}
UNTOLD = (  # columns of the publisher's that say something about a person or a place: none here
    "Latitude",
    "Longitude",
    "Gender",
    "Age range",
    "Self-defined ethnicity",
    "Officer-defined ethnicity",
)


def search_files(calibration: Calibration) -> dict[str, bytes]:
    """A file of searches for each month of street files, by path below raw."""
    rng, months = generator(calibration, "stop_search"), calendar(calibration).months.astype(str)
    published = months[months >= calibration.police_uk.first_month]
    return {PATH.format(vintage=calibration.vintage, month=month): _searches(rng, month) for month in published}


def _searches(rng: np.random.Generator, month: str) -> bytes:
    rising = int(month >= MORE_FROM)
    sought = np.repeat(list(OBJECTS), [rng.poisson(means[rising]) for means in OBJECTS.values()])
    found = rng.random(len(sought)) < np.array([OBJECTS[name][2] for name in sought])
    times = pd.Timestamp(f"{month}-02", tz="UTC") + pd.to_timedelta(rng.integers(0, 26 * 24 * 60, len(sought)), "min")
    table = pd.DataFrame({"Type": "Person search", "Date": times.strftime("%Y-%m-%dT%H:%M:%S+00:00")})
    table = table.assign(
        **{"Part of a policing operation": "False", "Policing operation": ""}, **dict.fromkeys(UNTOLD, "")
    )
    told = {
        "Legislation": "Police and Criminal Evidence Act 1984 (section 1)",
        "Object of search": sought,
        "Outcome": [OUTCOMES[each] for each in found.tolist()],
        "Outcome linked to object of search": found.astype(str),
        "Removal of more than just outer clothing": "False",
    }
    return table.assign(**told).sort_values("Date", kind="stable").to_csv(index=False, lineterminator="\n").encode()
