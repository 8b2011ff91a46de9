"""The workbench behind a community safety partnership's crime performance dashboard.

For an analyst: ``import crimelib as cl``, then ``cl.series("hate_crime", area="Bromley")``, ``cl.compare(...)``,
``cl.trend_chart(...)``; ``cl.list_measures()``, ``cl.list_areas()``, ``cl.list_wards("Bromley")`` and
``cl.list_sources()`` say what there is. The tour is in ``notebooks/explore/00_tour.ipynb``. Each loads on first use, so
that importing the package costs next to nothing.
"""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from crimelib.explore.surface import (
        asb_calls,
        compare,
        list_areas,
        list_measures,
        list_sources,
        list_wards,
        series,
        trend_chart,
    )

__all__ = ["asb_calls", "compare", "list_areas", "list_measures", "list_sources", "list_wards", "series", "trend_chart"]


def __getattr__(name: str) -> Any:
    if name in __all__:
        return getattr(import_module("crimelib.explore.surface"), name)
    from crimelib.areas import nearest

    raise AttributeError(f"module 'crimelib' has no attribute {name!r}; {nearest(name, __all__)}")


def __dir__() -> list[str]:
    return [*__all__, *(name for name in globals() if name.startswith("__"))]
