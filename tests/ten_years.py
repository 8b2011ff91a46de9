"""Ten years of every ward in London, invented, in the publisher's format: as much as an analyst's machine will hold."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import load_calibration
from crimelib.illustrative.sample import write_sample
from crimelib.settings import Settings, load_settings
from crimelib.tables.clean import clean

FIRST, LAST, WARD_SET = "2011-12", "2021-11", "2018"
KEYS = {
    "Ward": ["MajorText", "MinorText", "WardName", "WardCode", "LookUp_BoroughName"],
    "Borough": ["MajorText", "MinorText", "LookUp_BoroughName"],
}
VINTAGE = "mps_recorded_crime/illustrative-2021-12"


def clean_ten_years(folder: Path, settings: Settings | None = None) -> Path:
    """The illustrative set with recorded crime of ten years in every ward in place of its own, cleaned: the processed
    folder below ``folder``."""
    settings = settings or load_settings()
    raw = folder / "raw"
    write_sample(raw, settings)
    known = _as_stored(raw / VINTAGE)
    shutil.rmtree(raw / "mps_recorded_crime")
    _lay_recorded_crime(raw / VINTAGE, known, settings)
    clean(raw, folder / "processed", settings)
    return folder / "processed"


def _as_stored(folder: Path) -> dict[str, list[pd.DataFrame]]:
    """The illustrative files by level, as tables, the rows by their keys."""
    tables = {level: [pd.read_csv(path) for path in sorted(folder.glob(f"MPS {level}*.csv"))] for level in KEYS}
    return {level: [table.set_index(KEYS[level]) for table in each] for level, each in tables.items()}


def _lay_recorded_crime(folder: Path, known: dict[str, list[pd.DataFrame]], settings: Settings) -> None:
    folder.mkdir(parents=True)
    names = {area.code: area.name for area in settings.areas}
    wards = pd.DataFrame(
        [
            (ward.name, ward.code, names[ward.borough_code])
            for ward in settings.wards
            if ward.ward_set == WARD_SET and names[ward.borough_code] != "City of London"
        ],
        columns=["WardName", "WardCode", "LookUp_BoroughName"],
    )
    table = _counted(wards, settings)
    months = [column for column in table if column.isdigit()]
    boroughs = table.groupby(KEYS["Borough"], sort=False, as_index=False)[months].sum()
    for level, rows in (("Ward", table), ("Borough", boroughs)):
        whole = _with_known(rows.set_index(KEYS[level]), known[level], settings)
        whole.to_csv(folder / f"MPS {level} Level Crime (ten years).csv")


def _with_known(rows: pd.DataFrame, known: list[pd.DataFrame], settings: Settings) -> pd.DataFrame:
    """The rows with the illustrative set's own counts in the places and months that it has, because the dashboard's are
    parts of those. Its files leave out rows of noughts."""
    newer = {each.minor_before: each.minor for each in load_calibration(settings).recorded_crime.values()}
    whole = rows.copy()
    for part in known:
        renamed = part.rename(index=lambda name: newer.get(name, name), level="MinorText")
        boroughs = renamed.index.get_level_values("LookUp_BoroughName")
        here = whole.index.get_level_values("LookUp_BoroughName").isin(boroughs)
        columns = list(renamed.columns)
        whole.loc[here, columns] = renamed.reindex(whole.index[here]).fillna(0).astype(int).to_numpy()
    return whole


def _counted(wards: pd.DataFrame, settings: Settings) -> pd.DataFrame:
    """A row a category and ward, a column a month, about as many as in the illustrative borough."""
    calibration = load_calibration(settings)
    months = pd.period_range(FIRST, LAST, freq="M").strftime("%Y%m")
    rng = np.random.default_rng(calibration.seed)
    parts = []
    for category in calibration.recorded_crime.values():
        level = category.base / len(calibration.wards) * rng.gamma(20, 1 / 20, size=(len(wards), 1))
        counts = pd.DataFrame(rng.poisson(level, size=(len(wards), len(months))), columns=months)
        parts.append(pd.concat([wards.assign(MajorText=category.major, MinorText=category.minor), counts], axis=1))
    return pd.concat(parts, ignore_index=True)
