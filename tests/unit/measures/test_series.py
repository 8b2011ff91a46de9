"""Histories from stored counts, and what stands in items.yml about them."""

from __future__ import annotations

import pandas as pd
import pytest

from crimelib.measures.series import Counts, histories, vintage_label, window_figures
from crimelib.settings import Basis, Figures, load_settings
from crimelib.sources.registry import MODULES

BASES = {"local": Basis(title="local", order=1)}
NOV = pd.Period("2021-11", freq="M")


def stored(*rows: tuple) -> pd.DataFrame:
    """Stored counts of 24 months: (source, vintage, order, series, area, count a month)."""
    months = pd.period_range(end=NOV, periods=24, freq="M")
    frame = pd.DataFrame(
        [(*row, str(month)) for row in rows for month in months],
        columns=["source", "vintage", "vintage_order", "series", "area_code", "count", "month"],
    )
    return frame.assign(basis="local", area_level="borough")


def figures(counts: pd.DataFrame, series: str, area: str = "A"):
    return window_figures(histories(Counts(counts), (Figures(add=(series,)),), BASES), area, NOV, "rolling_12")


def test_sources_that_share_a_basis_keep_their_names_and_vintages() -> None:
    counts = stored(
        ("calls", "c1", 0, "calls", "A", 1),
        ("returns", "r1", 0, "clients", "A", 2),
        ("returns", "r2", 1, "clients", "A", 3),
    )
    assert (figures(counts, "calls").source, figures(counts, "calls").vintage) == ("calls", "c1")
    found = figures(counts, "clients")
    assert (found.source, found.vintage, found.current) == ("returns", "r2", 36)


def test_the_file_listed_later_counts_where_two_of_a_vintage_overlap() -> None:
    counts = stored(("calls", "c1", 0, "calls", "A", 1), ("calls", "c1", 0, "calls", "A", 5))
    assert figures(counts, "calls").current == 60


def test_an_area_or_series_that_is_not_there_has_no_figure() -> None:
    counts = stored(("calls", "c1", 0, "calls", "A", 1))
    for found in (figures(counts, "calls", "B"), figures(counts, "other"), figures(counts[:0], "calls")):
        assert (found.status, found.current, found.previous, found.source) == ("no_data", None, None, "")


def test_areas_do_not_add_into_each_other() -> None:
    counts = stored(("calls", "c1", 0, "calls", "A", 1), ("calls", "c1", 0, "calls", "B", 100))
    assert figures(counts, "calls").current == 12


def test_a_difference_is_missing_where_either_is_and_names_both_vintages() -> None:
    counts = stored(
        ("mps", "m1", 0, "all", "A", 9), ("mps", "m1", 0, "all", "B", 5), ("mopac", "d1", 0, "part", "A", 2)
    )
    (found,) = histories(
        Counts(counts[counts["month"] != "2021-08"]), (Figures(add=("all",), subtract=("part",)),), BASES
    )
    assert found.source == "mps + mopac"
    less, vintages = found.window("A", pd.period_range("2021-07", "2021-09", freq="M"))
    assert less.tolist() == pytest.approx([7, float("nan"), 7], nan_ok=True)
    assert vintages.tolist() == ["m1 + d1", "", "m1 + d1"]
    assert not found.has_any(["B"]), "nothing to take away is not nought"


def test_vintages_are_named_source_by_source() -> None:
    assert vintage_label(pd.Series(["v1 + d1", "v2 + d1", ""]).to_numpy()) == "v1/v2 + d1"
    assert vintage_label(pd.Series(["", ""]).to_numpy()) == ""


def declared_series() -> set[str]:
    """Every series that some source of this project can give."""
    settings = load_settings()
    from crimelib.sources import asb_calls, vawg

    classes = next(form for form in settings.templates.values() if "vehicle_class" in form.columns)
    return {
        *(row.series for row in settings.crosswalk),
        *(f"police_uk_{name}" for name in settings.police_uk.types),
        *(f"partner_{name}" for name in settings.partners.indicators),
        *(f"vehicle_theft_{name}" for name in classes.columns["vehicle_class"].allowed),
        asb_calls.SERIES,
        vawg.SERIES,
    }


def every_figures() -> list[tuple[str, Figures]]:
    return [
        (measure_id, figures)
        for item in load_settings().items.values()
        for measure_id, measure in item.measures.items()
        for alternatives in [
            measure.figures,
            *(part.figures for parts in measure.breakdowns.values() for part in parts.values()),
        ]
        for figures in alternatives
    ]


def test_every_series_that_an_item_counts_is_one_that_a_source_gives() -> None:
    """A mistyped series would say "no data" for ever."""
    known = declared_series()
    assert {series for _, each in every_figures() for series in (*each.add, *each.subtract)} - known == set()
    assert set(load_settings().sources.sources) >= set(MODULES)


def test_the_contract_s_measures_are_declared() -> None:
    measures = {measure_id for measure_id, _ in every_figures()}
    assert measures >= {
        *["ndvwi", "vwi", "domestic_vwi", "knife_crime", "knife_crime_with_injury", "gun_crime", "weapons_possession"],
        *["hate_crime", "domestic_abuse", "burglary", "vehicle_theft", "asb", "sexual_offences", "vawg"],
    }
    strands = load_settings().items["hate_crime"].measures["hate_crime"].breakdowns["strand"]
    assert set(strands) == {"racist", "homophobic", "disability", "transphobic", "faith", "antisemitic", "islamophobic"}


@pytest.mark.parametrize(
    "measure", ["domestic_abuse", "domestic_vwi", "ndvwi", "vwi", "hate_crime", "sexual_offences", "vawg"]
)
def test_counts_about_people_are_protected(measure: str) -> None:
    from crimelib.board.summary import protected_measures

    assert measure in protected_measures(load_settings())


def test_linked_measures_are_measures_and_protected() -> None:
    from crimelib.board.summary import protected_measures

    linked = load_settings().disclosure.linked
    known = set(protected_measures(load_settings()))
    for whole, *parts in linked:  # one part may be a remainder that nobody publishes
        assert whole in known
        assert len(set(parts) - known) <= 1
    subtracting = {name for name, each in every_figures() if each.subtract}
    assert subtracting == {"ndvwi"}, "a difference gives its parts away: link it with them in disclosure.yml"
    assert any(subtracting <= set(group) for group in linked)
