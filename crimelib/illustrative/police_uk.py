"""data.police.uk street files: snapped points, no Crime ID for anti-social behaviour, blanks where nobody knows."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calibration, calendar
from crimelib.illustrative.counts import Offences, generator, monthly_counts, ward_counts

PATH = "police_uk/{vintage}/{month}/{month}-metropolitan-street.csv"
FORCE = "Metropolitan Police Service"
ASB = "Anti-social behaviour"


def police_uk_files(calibration: Calibration, offences: Offences) -> dict[str, bytes]:
    """A street file for each month published, by path below raw."""
    months = calendar(calibration)
    rng = generator(calibration, "police_uk")
    first = months.position(calibration.police_uk.first_month)
    table = pd.concat(
        [_rows(calibration, rng, kind, counts, first) for kind, counts in _counts(calibration, offences).items()],
        ignore_index=True,
    )
    table.insert(0, "Crime ID", _crime_ids(rng, table["Crime type"].to_numpy(), calibration.police_uk.repeated_ids))
    labels = {position: str(months.months[position]) for position in table["Month"].unique()}
    return {
        PATH.format(vintage=calibration.vintage, month=labels[position]): part.assign(Month=labels[position])
        .to_csv(index=False, lineterminator="\n")
        .encode()
        for position, part in table.groupby("Month")
    }


def _counts(calibration: Calibration, offences: Offences) -> dict[str, np.ndarray]:
    """Counts by crime type for the wards and for no ward."""
    rng, asb = generator(calibration, "police_uk asb"), calibration.police_uk.asb
    calls = ward_counts(rng, calibration, asb, monthly_counts(rng, calibration, asb))
    crimes = {
        kind: np.sum([offences.local(offences.recorded[name]) for name in names], axis=0)
        for kind, names in calibration.police_uk.crime_types.items()
    }
    return {ASB: calls, **crimes}


def _rows(
    calibration: Calibration, rng: np.random.Generator, kind: str, counts: np.ndarray, first: int
) -> pd.DataFrame:
    """One row an event, from the month ``first`` on."""
    ward, month = np.nonzero(counts[:, first:])
    repeats = counts[ward, month + first]
    ward, month = np.repeat(ward, repeats), np.repeat(month + first, repeats)
    places = _snap_points(calibration)
    place = places.iloc[_place_numbers(rng, places, ward)].reset_index(drop=True)
    outcomes = calibration.police_uk.outcomes
    drawn = rng.choice(list(outcomes), size=len(ward), p=list(outcomes.values()))
    rows = pd.DataFrame({"Month": month, "Reported by": FORCE, "Falls within": FORCE}).join(place.drop(columns="ward"))
    return rows.assign(**{"Crime type": kind, "Last outcome category": "" if kind == ASB else drawn, "Context": ""})


def _place_numbers(rng: np.random.Generator, places: pd.DataFrame, ward: np.ndarray) -> np.ndarray:
    """A snap point, drawn evenly, in the ward of each event."""
    sizes = places.groupby("ward").size().to_numpy()
    starts = np.concatenate([[0], np.cumsum(sizes)[:-1]])
    return starts[ward] + (rng.random(len(ward)) * sizes[ward]).astype(np.int64)


def _snap_points(calibration: Calibration) -> pd.DataFrame:
    """Three points in each LSOA of each ward, ordered by ward, and one row for events without a location."""
    rng, points = generator(calibration, "snap points"), []
    for number, ward in enumerate(calibration.wards.values()):
        for lsoa in np.repeat(np.arange(ward.lsoa[0], ward.lsoa[1] + 1), 3):
            x, y = np.array(ward.middle) + rng.normal(0, (0.006, 0.004))
            name = f"{calibration.borough.name} {number + 1:03d}{chr(ord('A') + lsoa - ward.lsoa[0])}"
            place = f"On or near {rng.choice(calibration.police_uk.places)}"
            points.append((number, f"{x:.6f}", f"{y:.6f}", place, f"E01{lsoa:06d}", name))
    points.append((len(calibration.wards), "", "", "No Location", "", ""))
    return pd.DataFrame(points, columns=["ward", "Longitude", "Latitude", "Location", "LSOA code", "LSOA name"])


def _crime_ids(rng: np.random.Generator, kinds: np.ndarray, repeated: float) -> np.ndarray:
    """64 hexadecimal digits; none for anti-social behaviour; some stand twice, as in the published files."""
    digits = rng.bytes(32 * len(kinds)).hex()
    ids = np.array([digits[start : start + 64] for start in range(0, len(digits), 64)], dtype=object)
    again = np.flatnonzero((rng.random(len(ids)) < repeated) & (kinds == np.roll(kinds, 1)))
    ids[again] = ids[again - 1]
    ids[kinds == ASB] = ""
    return ids
