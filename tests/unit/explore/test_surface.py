"""What ``import crimelib as cl`` offers, from a small set of files written by hand."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pandas as pd
import pytest
from mps_files import lay_small

import crimelib as cl
from crimelib.board.charts import CHART_TYPE
from crimelib.errors import InputError
from crimelib.explore import EXPLORED_TYPE
from crimelib.settings import load_settings
from crimelib.tables.clean import clean


@pytest.fixture(scope="module")
def at(tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    folder = tmp_path_factory.mktemp("small")
    clean(lay_small(folder / "raw"), folder / "processed", load_settings())
    return {"processed": str(folder / "processed")}


def test_everything_offered_is_there_and_documented() -> None:
    assert set(cl.__all__) <= set(dir(cl))
    for name in cl.__all__:
        assert getattr(cl, name).__doc__


def test_an_unknown_name_says_what_there_is() -> None:
    with pytest.raises(AttributeError, match="nearest known: series"):
        cl.serie  # noqa: B018


def test_importing_the_package_loads_nothing_of_weight() -> None:
    script = "import sys, crimelib; print({'pandas', 'numpy', 'pydantic'} & set(sys.modules))"
    loaded = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True, check=True)
    assert loaded.stdout.strip() == "set()"


def test_a_series_has_its_months(at: dict[str, str]) -> None:
    burglary = cl.series("burglary", "Bromley", **at)
    assert isinstance(burglary.counts.index, pd.PeriodIndex)
    assert burglary.rolling().iloc[-1] == 144
    assert "Burglary, Bromley" in repr(burglary)


@pytest.mark.parametrize("name", ["burglary", "burglary.burglary"])
def test_a_measure_goes_by_item_or_by_path(at: dict[str, str], name: str) -> None:
    assert cl.series(name, **at).named.path == "burglary.burglary"


@pytest.mark.parametrize(
    ("asked", "near"),
    [
        ({"measure": "burglry"}, "burglary"),
        ({"measure": "burglary", "area": "Bromly"}, "Bromley"),
        ({"measure": "burglary", "part": "flats"}, "known: "),
    ],
)
def test_a_wrong_name_is_met_with_the_near_ones(at: dict[str, str], asked: dict[str, str], near: str) -> None:
    with pytest.raises(InputError, match=near):
        cl.series(**asked, **at)


def test_a_comparison_is_the_boards_sentence(at: dict[str, str]) -> None:
    found = cl.compare(cl.series("burglary", **at), "2021-11")
    assert str(found).startswith("Burglary: 144 recorded offences in the twelve months to November 2021, against 144")
    assert found.change is not None
    assert (found.change.current, found.change.previous) == (144, 144)
    assert found.row["signal"] == "no_clear_change"


def test_an_incomplete_window_has_no_change(at: dict[str, str]) -> None:
    series = cl.series("burglary", **at)
    early = cl.compare(series, str(series.counts.index[3]))
    assert early.change is None
    assert "cannot be given" in str(early)


def test_an_unknown_window_is_refused(at: dict[str, str]) -> None:
    with pytest.raises(InputError, match="use one of month, quarter"):
        cl.compare(cl.series("burglary", **at), window="decade")


@pytest.mark.parametrize("shown_as", ["months", "rolling", "index"])
def test_a_chart_is_drawn_and_is_not_for_a_pack(at: dict[str, str], shown_as: str) -> None:
    chart = cl.trend_chart(cl.series("burglary", **at), shown_as=shown_as)
    shown = chart._repr_mimebundle_()
    assert EXPLORED_TYPE in shown
    assert CHART_TYPE not in shown
    assert len(chart.data)


def test_a_rate_without_residents_is_refused(at: dict[str, str]) -> None:
    with pytest.raises(InputError, match="residents of Bromley"):
        cl.trend_chart(cl.series("burglary", **at), shown_as="rate")


def test_lists_say_what_is_at_hand(at: dict[str, str]) -> None:
    assert "burglary" in set(cl.list_measures(**at)["measure"])
    assert "Bromley" in set(cl.list_areas(**at)["name"])
    assert "mps_recorded_crime" in set(cl.list_sources(**at)["source"])


def test_what_is_shown_is_escaped(at: dict[str, str]) -> None:
    series = cl.series("burglary", **at)
    object.__setattr__(series.place, "name", "<b>x</b>")
    assert "<b>x" not in series._repr_mimebundle_()["text/html"]
    object.__setattr__(series.place, "name", "Bromley")


def test_a_folder_cleaned_again_is_opened_anew(tmp_path: Path) -> None:
    settings = load_settings()
    clean(lay_small(tmp_path / "raw"), tmp_path / "processed", settings)
    before = cl.series("burglary", processed=str(tmp_path / "processed"))
    (tmp_path / "processed" / "catalogue.json").touch()
    after = cl.series("burglary", processed=str(tmp_path / "processed"))
    assert before.workspace is not after.workspace


def test_a_name_in_place_of_a_series_is_refused_in_words() -> None:
    for use in (cl.compare, lambda name: cl.trend_chart([name])):
        with pytest.raises(InputError, match=r"'burglary' is not a series; give what cl.series"):
            use("burglary")


def test_a_chart_at_a_prompt_shows_its_words_and_not_its_specification() -> None:
    chart = cl.trend_chart(cl.series("burglary"))
    assert repr(chart).startswith("Burglary, Bromley, by month. ")
    assert "vega" not in repr(chart)


def test_tab_offers_the_functions_and_nothing_else() -> None:
    assert [name for name in dir(cl) if not name.startswith("_")] == cl.__all__
