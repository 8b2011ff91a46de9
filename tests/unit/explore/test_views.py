"""Views are small checked files."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.errors import InputError
from crimelib.settings import Strict
from crimelib.views import KINDS, AsbDefinitionView, TrendsView, WardsView, read_view, write_view

VIEWS = [
    TrendsView(measures=("burglary.burglary", "hate_crime.hate_crime"), since="2019-04", shown_as="index"),
    WardsView(ward="NO", period="2025-10"),
    AsbDefinitionView(label="x: y # z", tags=("speeding",), without_headings=("animal_problems",)),
    *(kind() for kind in KINDS.values()),
]


@pytest.mark.parametrize("view", VIEWS, ids=lambda view: type(view).__name__)
def test_a_saved_view_reopens_as_it_was(tmp_path: Path, view: Strict) -> None:
    write_view(tmp_path, "mine", view)
    assert read_view(tmp_path, "mine") == view


@given(label=st.text(min_size=1, max_size=60))
def test_any_label_survives_saving(tmp_path_factory: pytest.TempPathFactory, label: str) -> None:
    folder = tmp_path_factory.mktemp("views")
    view = AsbDefinitionView(label=label)
    write_view(folder, "mine", view)
    assert read_view(folder, "mine") == view


@pytest.mark.parametrize("name", ["../x", "a/b", "", "A", "1x", "x" * 61, "x.yml", "a\nb", "é"])
def test_a_name_that_is_not_plain_is_refused(tmp_path: Path, name: str) -> None:
    for use in (lambda: write_view(tmp_path, name, TrendsView()), lambda: read_view(tmp_path, name)):
        with pytest.raises(InputError, match="no name for a view"):
            use()
    assert not list(tmp_path.rglob("*.yml"))


def test_a_name_that_is_taken_is_not_written_over(tmp_path: Path) -> None:
    write_view(tmp_path, "mine", TrendsView())
    with pytest.raises(InputError, match="saved already"):
        write_view(tmp_path, "mine", WardsView())
    assert read_view(tmp_path, "mine") == TrendsView()
    assert [path.name for path in (tmp_path / "views").iterdir()] == ["mine.yml"]


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("explorer: trends\nmeasure: x\n", "the key is unknown"),
        ("explorer: trends\nsince: 2025.10\n", "since"),
        ("explorer: magic\n", "is no explorer"),
        ("[1, 2]\n", "is no explorer"),
        ("explorer: trends\nmeasures: []\n", "measures"),
    ],
)
def test_a_view_that_does_not_check_is_refused(tmp_path: Path, text: str, says: str) -> None:
    (tmp_path / "views").mkdir()
    (tmp_path / "views" / "mine.yml").write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=says):
        read_view(tmp_path, "mine")


def test_an_unknown_view_names_the_known_ones(tmp_path: Path) -> None:
    write_view(tmp_path, "known_one", TrendsView())
    with pytest.raises(InputError, match="known_one"):
        read_view(tmp_path, "other")
