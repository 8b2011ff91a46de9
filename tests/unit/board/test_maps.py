"""Maps of wards from boundaries: where they lie, that neighbours meet, and what is said of a ward without a figure."""

from __future__ import annotations

import json
from pathlib import Path

import altair as alt
import numpy as np
import pandas as pd
import pytest

from crimelib.board import theme
from crimelib.board.maps import GRID, fitted, label_place, ward_boundaries, ward_choropleth
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

WEST = [[0.0, 51.0], [0.1, 51.0], [0.1, 51.03], [0.11, 51.05], [0.1, 51.1], [0.0, 51.1], [0.0, 51.0]]
EAST = [[0.1, 51.0], [0.2, 51.0], [0.2, 51.1], [0.1, 51.1], [0.11, 51.05], [0.1, 51.03], [0.1, 51.0]]


def boundaries(**shapes: list[list[float]]) -> pd.DataFrame:
    texts = [json.dumps({"type": "Polygon", "coordinates": [ring]}) for ring in shapes.values()]
    return pd.DataFrame({"ward_code": list(shapes), "name": "as in the file", "geometry": texts})


def ward_rows(*wards: tuple[str, str, int | None, str]) -> pd.DataFrame:
    rows = pd.DataFrame(wards, columns=["breakdown_value", "breakdown_label", "current", "status"])
    return rows.assign(previous=10).astype({"current": object})


def drawn(**options: object):
    rows = ward_rows(("W", "West End", 30, "ok"), ("E", "<b>East</b>", None, "suppressed"))
    return ward_choropleth(
        rows, boundaries(W=WEST, E=EAST), title="By ward", unit="offences", finding="West End has 30.", **options
    )


def shapes(spec: dict) -> dict[str, dict]:
    features = next(layer for layer in spec["layer"] if layer["mark"]["type"] == "geoshape")["data"]["values"]
    return {feature["properties"]["name"]: feature for feature in features}


def test_wards_are_shaded_and_one_without_a_figure_says_so() -> None:
    chart = drawn()
    for spec in (chart.spec, chart.narrow_spec):
        said = {name: feature["properties"] for name, feature in shapes(spec).items()}
        assert said["West End"]["figure"] == "30"
        assert said["West End"]["fill"] in theme.SEQUENTIAL
        assert said["<b>East</b>"]["figure"] == "suppressed"
        assert said["<b>East</b>"]["fill"] == theme.SHADE
        assert "not shown" in json.dumps(spec)
    assert chart.alt == "By ward. West End has 30."
    assert list(chart.data["name"]) == ["West End", "<b>East</b>"]


def test_a_withheld_figure_is_nowhere_in_the_specification() -> None:
    rows = ward_rows(("W", "West End", 30, "ok"), ("E", "East End", 4321, "suppressed"))
    chart = ward_choropleth(rows, boundaries(W=WEST, E=EAST), title="t", unit="u", finding="f")
    assert "4321" not in json.dumps(chart.payload()) + chart.data.to_csv()
    assert "4,321" not in json.dumps(chart.payload())


def test_the_specification_is_vega_lite_and_draws() -> None:
    chart = drawn()
    alt.Chart.from_dict(chart.spec)
    svg = chart.svg()
    assert "West End" in svg
    assert "<b>" not in svg


def test_neighbours_still_meet_on_the_grid() -> None:
    (west, east), height = fitted([[np.array(WEST)], [np.array(EAST)]], 300, 300)
    shared = {tuple(point) for point in west[0]} & {tuple(point) for point in east[0]}
    assert len(shared) == 4
    assert west[0].dtype.kind == "i"
    assert max(point[0] for point in east[0]) <= 300 * GRID + 1
    # 0.1 degrees of latitude by 0.2 of longitude at 51 degrees north: about 0.794 as high as wide
    assert height == pytest.approx(298 * 0.1 / (0.2 * np.cos(np.radians(51.05))) + 2, abs=3)


def test_points_on_a_straight_line_are_left_out() -> None:
    ring = np.array([[0, 51], [0.05, 51], [0.1, 51], [0.1, 51.1], [0, 51.1], [0, 51]])
    (rings,), _ = fitted([[ring]], 300, 300)
    assert len(rings[0]) == 5


@pytest.mark.parametrize(
    ("ring", "width", "height", "expected"),
    [
        ([[0, 0], [60, 0], [60, 40], [0, 40], [0, 0]], 50, 20, (30, 20)),  # a box: its middle
        ([[0, 0], [60, 0], [60, 40], [0, 40], [0, 0]], 70, 20, None),  # too narrow
        ([[0, 0], [60, 0], [60, 40], [0, 40], [0, 0]], 50, 50, None),  # too low
        ([[0, 0], [20, 0], [20, 60], [90, 60], [90, 100], [0, 100], [0, 0]], 60, 20, (45, 70)),  # an L: in its foot
    ],
)
def test_a_label_stands_within_its_ward(
    ring: list[list[int]], width: int, height: int, expected: tuple[int, int] | None
) -> None:
    place = label_place([np.array(ring) * GRID], width, height)
    if expected is None:
        assert place is None
    else:
        assert (place.x, place.y) == pytest.approx(expected, abs=2)
        assert place.width >= width


def test_the_latest_boundary_of_a_ward_counts_and_all_must_be_there(tmp_path: Path) -> None:
    (tmp_path / "parts").mkdir()
    entries = []
    for order, (vintage, ring) in enumerate({"2023": EAST, "2024": WEST}.items()):
        table = boundaries(W=ring).assign(ward_set="2018")
        write_part(tmp_path / "parts" / f"{vintage}.parquet", table)
        entries.append(Entry("geography", vintage, "f", "", order, 0, {"boundaries": f"{vintage}.parquet"}))
    write_catalogue(tmp_path, Catalogue(tuple(entries)))
    found = ward_boundaries(Store(tmp_path), ["W"])
    assert json.loads(found["geometry"].iloc[0])["coordinates"] == [WEST]
    assert ward_boundaries(Store(tmp_path), ["W", "E"]) is None
