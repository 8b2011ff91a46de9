"""The MPS recorded-crime files: wide, one column a month, rows of zeros left out, names that change between files."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calendar, Calibration, calendar
from crimelib.illustrative.counts import Offences, generator

FOLDER = "mps_recorded_crime"
BOROUGH_KEYS = ["MajorText", "MinorText", "LookUp_BoroughName"]
WARD_KEYS = ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName"]


def recorded_crime_files(calibration: Calibration, offences: Offences) -> dict[str, bytes]:
    """Borough and ward files of the newest vintage, and the older vintage's borough file, by path below raw."""
    months = calendar(calibration)
    split = months.position(calibration.historical_until) + 1
    parts = {"Historical": slice(0, split), "most recent 24 months": slice(split, len(months.months))}
    boroughs = {name: offences.boroughs(counts) for name, counts in offences.recorded.items()}
    wards = {name: offences.wards(counts) for name, counts in offences.recorded.items()}
    files = {}
    for part, span in parts.items():
        for level, counts, areas in (
            ("Borough", boroughs, _boroughs(calibration)),
            ("Ward", wards, _wards(calibration)),
        ):
            table = _wide(calibration, counts, areas, months, span, before=part == "Historical")
            files[f"{FOLDER}/{calibration.vintage}/MPS {level} Level Crime ({part}).csv"] = _csv(table, part)
    return files | _older_vintage(calibration, boroughs, months)


def _older_vintage(calibration: Calibration, boroughs: dict[str, np.ndarray], months: Calendar) -> dict[str, bytes]:
    older = calibration.older_vintage
    end = months.position(older.last_month) + 1
    recorded = {name: _not_yet_all(calibration, name, counts, end) for name, counts in boroughs.items()}
    table = _wide(calibration, recorded, _boroughs(calibration), months, slice(end - 24, end), before=True)
    return {f"{FOLDER}/{older.name}/MPS Borough Level Crime (most recent 24 months).csv": _csv(table, "older")}


def _not_yet_all(calibration: Calibration, name: str, counts: np.ndarray, end: int) -> np.ndarray:
    """Counts as an earlier file had them: part of the last months not recorded yet."""
    kept = np.ones(counts.shape[1])
    missing = calibration.older_vintage.missing
    kept[end - len(missing) : end] = 1 - np.array(missing[::-1])
    return generator(calibration, f"older {name}").binomial(counts, kept)


def _boroughs(calibration: Calibration) -> pd.DataFrame:
    names = [calibration.borough.name, *(other.name for other in calibration.other_boroughs.values())]
    return pd.DataFrame({"LookUp_BoroughName": [*names, calibration.pseudo_area.recorded_name]})


def _wards(calibration: Calibration) -> pd.DataFrame:
    names = [ward.name for ward in calibration.wards.values()]
    return pd.DataFrame({"WardName": names, "WardCode": list(calibration.wards)}).assign(
        LookUp_BoroughName=calibration.borough.name
    )


def _wide(
    calibration: Calibration,
    counts: dict[str, np.ndarray],
    areas: pd.DataFrame,
    months: Calendar,
    span: slice,
    before: bool,
) -> pd.DataFrame:
    """One row for each category and area that had an offence in the span, one column for each month."""
    columns = [month.strftime("%Y%m") for month in months.months[span]]
    keys = WARD_KEYS if "WardCode" in areas else BOROUGH_KEYS
    labels = pd.concat([areas] * len(calibration.recorded_crime), ignore_index=True).assign(
        MajorText=np.repeat([category.major for category in calibration.recorded_crime.values()], len(areas)),
        MinorText=np.repeat(_minor_names(calibration, before), len(areas)),
    )
    values = np.vstack([counts[name][:, span] for name in calibration.recorded_crime])
    table = labels[keys].join(pd.DataFrame(values, columns=columns)).loc[values.any(axis=1)]
    return table.sort_values(by=[*keys[:1:-1], *keys[:2]], kind="stable")


def _minor_names(calibration: Calibration, before: bool) -> list[str]:
    """The names of the minor categories, as the older files or the newer ones spell them."""
    return [(before and category.minor_before) or category.minor for category in calibration.recorded_crime.values()]


def _csv(table: pd.DataFrame, part: str) -> bytes:
    """Both line endings occur in the published files."""
    return table.to_csv(index=False, lineterminator="\r\n" if part == "Historical" else "\n").encode()
