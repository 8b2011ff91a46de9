"""The charts of the board's pages.

Each function takes a plain frame and returns a :class:`Chart`: Vega-Lite specifications (one for a page, one for a
phone), the alt text that states the finding, and the rows drawn. Specifications are plain values, which costs a kernel
nothing to import (Altair takes seconds there); Altair's schema checks them in the tests, and :meth:`Chart.to_altair`
gives the live object. Whoever adds a kind of chart makes it of the pieces in ``drawing`` and gives it its name here.
"""

from crimelib.board.charts.drawing import CHART_TYPE, SCHEMA, Chart, Spec, draw_svg
from crimelib.board.charts.grids import heat_map
from crimelib.board.charts.paths import referral_chart
from crimelib.board.charts.places import funnel_chart, tile_map, ward_ranked_chart
from crimelib.board.charts.rows import change_forest, perception_chart, placebo_chart, windows_chart
from crimelib.board.charts.series import (
    index_chart,
    proportion_trend,
    small_multiples,
    stacked_parts_chart,
    trend_chart,
)
from crimelib.board.charts.timeline import monthly_rows

__all__ = [
    "CHART_TYPE",
    "SCHEMA",
    "Chart",
    "Spec",
    "change_forest",
    "draw_svg",
    "funnel_chart",
    "heat_map",
    "index_chart",
    "monthly_rows",
    "perception_chart",
    "placebo_chart",
    "proportion_trend",
    "referral_chart",
    "small_multiples",
    "stacked_parts_chart",
    "tile_map",
    "trend_chart",
    "ward_ranked_chart",
    "windows_chart",
]
