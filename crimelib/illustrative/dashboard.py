"""The MPS monthly dashboard file: long, zeros absent, totals beside strands, spellings that vary, two refresh dates."""

from __future__ import annotations

import numpy as np
import pandas as pd

from crimelib.illustrative.calibration import Calendar, Calibration, DashboardSeries, calendar
from crimelib.illustrative.counts import Offences, generator

FOLDER = "mps_monthly_dashboard"
FILE = "MPS_MonthlyCrimeDashboard_OtherCrimeData.csv"
COLUMNS = [
    "Month_Year",
    "Area Type",
    "Borough_SNT",
    "Area Name",
    "Area Code",
    "Crime Type",
    "Crime Subtype",
    "Measure",
    "Financial Year",
    "FY_FYIndex",
    "Count",
    "Refresh Date",
]


def dashboard_file(calibration: Calibration, offences: Offences) -> dict[str, bytes]:
    """The one file of the dashboard, by its path below raw."""
    months = calendar(calibration)
    areas = _areas(calibration)
    blocks = [
        _long(series, measure, counts, areas, months)
        for name, series in calibration.dashboard.items()
        for measure, counts in _measures(calibration, name, series, offences).items()
    ]
    table = _finish(calibration, pd.concat(blocks, ignore_index=True), months)
    return {f"{FOLDER}/{calibration.vintage}/{FILE}": table.to_csv(index=False, lineterminator="\r\n").encode()}


def _measures(
    calibration: Calibration, name: str, series: DashboardSeries, offences: Offences
) -> dict[str, np.ndarray]:
    counts = offences.dashboard[name]
    positive = generator(calibration, f"positive {name}").binomial(counts, series.positive)
    return {
        measure: np.vstack([offences.boroughs(values), offences.wards(values)])
        for measure, values in (("Offences", counts), ("Positive Outcomes", positive))
    }


def _areas(calibration: Calibration) -> pd.DataFrame:
    """Area columns, in the order of the counts' rows: boroughs, the pseudo-area, then the borough's wards."""
    own, pseudo = calibration.borough, calibration.pseudo_area
    boroughs = [(own.name, own.name, own.code)]
    boroughs += [(other.name, other.name, code) for code, other in calibration.other_boroughs.items()]
    boroughs += [(pseudo.dashboard_borough, pseudo.dashboard_name, pseudo.dashboard_code)]
    wards = [(f"{own.name} {ward.name}", ward.name, code) for code, ward in calibration.wards.items()]
    table = pd.DataFrame([*boroughs, *wards], columns=["Borough_SNT", "Area Name", "Area Code"])
    return table.assign(**{"Area Type": ["Borough"] * len(boroughs) + ["Safer Neighbourhood Teams"] * len(wards)})


def _long(
    series: DashboardSeries, measure: str, counts: np.ndarray, areas: pd.DataFrame, months: Calendar
) -> pd.DataFrame:
    """One row for each area and month that had any: the publisher leaves zeros out."""
    row, column = np.nonzero(counts)
    spelt = series.positive_subtype if measure == "Positive Outcomes" else None
    return areas.iloc[row].assign(
        **{
            "month": column,
            "Crime Type": series.crime_type,
            "Crime Subtype": spelt or series.subtype,
            "Measure": measure,
            "Count": counts[row, column],
        }
    )


def _finish(calibration: Calibration, table: pd.DataFrame, months: Calendar) -> pd.DataFrame:
    """Month, financial-year, refresh-date and name columns as the publisher writes them, in its order."""
    names = pd.DataFrame(
        {
            "Month_Year": months.months.strftime("01/%m/%Y"),
            "Financial Year": [f"fy{_financial_year(month)}" for month in months.months],
            "FY_FYIndex": [f"{_financial_year(month)}_01" for month in months.months],
        }
    )
    dates = calibration.refresh_dates
    refreshed = np.where(table["month"] == len(months.months) - 1, dates.late, dates.ordinary)
    table = _published_names(table, months).join(names, on="month").assign(**{"Refresh Date": refreshed})
    order = ["month", "Area Type", "Borough_SNT", "Crime Type", "Crime Subtype", "Measure"]
    return table.sort_values(by=order, kind="stable").loc[:, COLUMNS]


def _published_names(table: pd.DataFrame, months: Calendar) -> pd.DataFrame:
    """``&`` for ``and``: in older months of the published file even within a word (``Shortl&s``)."""
    ward = table["Area Type"] != "Borough"
    older = table["month"] < len(months.months) - 24
    spelt = {
        column: table[column]
        .mask(ward & older, table[column].str.replace("and", "&"))
        .mask(ward & ~older, table[column].str.replace(" and ", " & "))
        for column in ("Borough_SNT", "Area Name")
    }
    return table.assign(**spelt)


def _financial_year(month: pd.Period) -> str:
    start = month.year - (month.month < 4)
    return f"{start % 100}-{(start + 1) % 100}"
