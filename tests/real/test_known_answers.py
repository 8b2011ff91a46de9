"""Figures counted by hand from the published files (the README beside them), to the unit."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from published import lay_out

from crimelib.areas import AreaBook
from crimelib.board.summary import summary
from crimelib.measures.periods import parse_period
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

pytestmark = pytest.mark.real

BROMLEY_2023_07 = {
    "burglary": (1545, 1450),
    "burglary/business_community": (483, 387),
    "burglary/residential": (1062, 1063),
    "vehicle_theft": (1166, 1059),
    "sexual_offences": (634, 645),
    "weapons_possession": (170, 188),
    "vwi": (2199, 2183),
    "domestic_vwi": (681, 614),
    "ndvwi": (1518, 1569),
    "domestic_abuse": (2770, 2696),
    "hate_crime": (640, 740),
    "hate_crime/racist": (529, 617),
    "hate_crime/homophobic": (104, 121),
    "hate_crime/disability": (19, 19),
    "hate_crime/transphobic": (16, 10),
    "hate_crime/faith": (25, 34),
    "knife_crime": (280, 226),
    "knife_crime_with_injury": (68, 68),
    "gun_crime": (28, 30),
}
CROYDON_2023_07 = {
    "burglary": (1909, 2198),
    "vehicle_theft": (1437, 1283),
    "sexual_offences": (1261, 1204),
    "weapons_possession": (325, 377),
    "vwi": (3566, 3700),
}
BROMLEY_2024_04 = {
    "burglary": (1456, 1483),
    "vehicle_theft": (1343, 1121),
    "sexual_offences": (619, 627),
    "weapons_possession": (128, 183),
    "vwi": (2196, 2107),
}


@pytest.fixture(scope="module", params=["2023-08", "2024-05"])
def one_vintage(request, published_data: Path, tmp_path_factory) -> tuple[str, Store]:
    """Processed tables of one vintage of recorded crime, with the other sources beside it."""
    folder = tmp_path_factory.mktemp(request.param)
    lay_out(published_data, folder / "raw", [request.param])
    clean(folder / "raw", folder / "processed", load_settings())
    return request.param, Store(folder / "processed")


def rolling_twelve(store: Store, area: str, period: str) -> dict[str, tuple[int, int]]:
    """Every borough figure over twelve months, with its parts under ``measure/part``."""
    settings = load_settings()
    rows = summary(store, settings, AreaBook(settings.areas).find(area), parse_period(period))
    rows = rows[(rows["window"] == "rolling_12") & (rows["breakdown"] != "ward")]
    names = rows["measure"] + rows["breakdown_value"].map(lambda value: f"/{value}" if value else "")
    return dict(zip(names, zip(rows["current"], rows["previous"], strict=True), strict=True))


def test_figures_counted_by_hand(one_vintage: tuple[str, Store]) -> None:
    vintage, store = one_vintage
    expected = {
        "2023-08": [("Bromley", "2023-07", BROMLEY_2023_07), ("Croydon", "2023-07", CROYDON_2023_07)],
        "2024-05": [("Bromley", "2024-04", BROMLEY_2024_04)],
    }[vintage]
    for area, period, known in expected:
        found = rolling_twelve(store, area, period)
        assert {name: found[name] for name in known} == known, (area, period)


def test_missing_measures_say_no_data(one_vintage: tuple[str, Store]) -> None:
    _, store = one_vintage
    settings = load_settings()
    rows = summary(store, settings, AreaBook(settings.areas).find("Bromley"), pd.Period("2023-07", freq="M"))
    asb = rows[(rows["measure"] == "asb") & (rows["breakdown"] == "total")]
    assert list(asb["status"].unique()) == ["no_data"]
    assert asb["current"].isna().all()
    assert asb["note"].str.startswith("No data").all()
