"""A saved view in a board notebook: drawn from the page's own figures, or refused."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest

from crimelib.board.asb import load_asb
from crimelib.board.charts import Chart
from crimelib.board.item import ItemPage, load_item
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT
from crimelib.views import AsbDefinitionView, TrendsView, WardsView, write_view


@pytest.fixture(scope="module")
def parameters(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("views") / "parameters"
    shutil.copytree(PROJECT_ROOT / "parameters", folder, ignore=shutil.ignore_patterns("views"))
    write_view(folder, "months", TrendsView(measures=("burglary.burglary",)))
    write_view(folder, "hate", TrendsView(measures=("hate_crime.hate_crime",)))
    write_view(folder, "one_ward", TrendsView(measures=("burglary.burglary",), ward="Bickley"))
    write_view(folder, "ranked", WardsView())
    write_view(folder, "personal", AsbDefinitionView(label="Personal only", qualifiers=("personal",)))
    return folder


@pytest.fixture(scope="module")
def page(parameters: Path) -> ItemPage:
    return load_item("burglary", "Bromley", "2021-11", parameters=str(parameters))


def test_a_view_of_the_items_measures_is_drawn(page: ItemPage) -> None:
    drawn = page.view("months")
    assert isinstance(drawn, Chart)
    assert drawn.alt == page.trend().alt


@pytest.mark.parametrize(
    ("name", "why"),
    [
        ("hate", "has no measure"),
        ("one_ward", "one ward"),
        ("ranked", "a view of wards is not for this page"),
        ("personal", "a view of asb_definition is not for this page"),
        ("none", "there is no view"),
    ],
)
def test_another_view_is_refused(page: ItemPage, name: str, why: str) -> None:
    with pytest.raises(InputError, match=why):
        page.view(name)


def test_a_saved_definition_is_drawn_beside_all_calls(parameters: Path) -> None:
    page = load_asb("Bromley", "2021-11", parameters=str(parameters))
    drawn = page.view("personal")
    assert isinstance(drawn, Chart)
    assert set(drawn.data["facet"]) == {"All calls", "Personal only"}
    assert "Personal only: " in drawn.alt
