"""Comments by item: dated, signed, and never alive on a page."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.commentary import comment_on, commented_items, comments, missing_comments
from crimelib.board.item import Board
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT, Settings, load_settings
from crimelib.tables.store import Catalogue, Store, write_catalogue

PERIOD = pd.Period("2021-12", "M")
SIGNED = "Date: 2022-01-10\nBy: Analyst\n\n"


@pytest.fixture
def settings(tmp_path: Path):
    """Makes the project's settings with the commentary of a test."""

    def make(text: str) -> Settings:
        parameters = tmp_path / "parameters"
        parameters.mkdir()
        for path in (PROJECT_ROOT / "parameters").iterdir():
            if path.name != "commentary":
                (parameters / path.name).symlink_to(path)
        (parameters / "commentary").mkdir()
        (parameters / "commentary" / f"{PERIOD}.md").write_text(text, encoding="utf-8")
        return Settings(parameters)

    return make


def test_a_comment_has_its_day_role_and_paragraphs(settings) -> None:
    text = f"Area: Bromley\n\n## asb\n{SIGNED}One\nline.\n\nBy: the way, two.\n\n## burglary\nDate:\nBy:\n"
    found = comments(settings(text), PERIOD)
    assert list(found) == ["asb"]
    assert found["asb"].role == "Analyst"
    assert found["asb"].day.isoformat() == "2022-01-10"
    assert found["asb"].paragraphs == ("One line.", "By: the way, two.")


def test_items_without_text_are_missing(settings) -> None:
    made = settings(f"Area: Bromley\n## asb\n{SIGNED}Text.\n## burglary\n<!-- to\ndo -->\n")
    assert missing_comments(made, PERIOD) == [item for item in commented_items(made) if item != "asb"]
    assert missing_comments(made, PERIOD, "Croydon") == commented_items(made)


def test_without_a_file_everything_is_missing(settings) -> None:
    made = settings("Area: Bromley\n")
    assert missing_comments(made, pd.Period("1999-01", "M")) == commented_items(made)


@pytest.mark.parametrize(
    ("text", "said"),
    [
        (f"Area: Bromley\n\n## abs\n{SIGNED}Text.", "line 3: no item is called 'abs'"),
        ("Area: Bromley\n## asb\nDate: 2022-01-10\n\nText.", "line 2: the comment on 'asb' is not dated and signed"),
        ("Area: Bromley\n## asb\nBy: Analyst\n\nText.", "not dated and signed"),
        ("Area: Bromley\n## asb\nDate: 2022-02-30\nBy: Analyst\n\nText.", "'2022-02-30' is not a day"),
        (f"Area: Bromley\n## asb\n{SIGNED}One.\n## asb\n{SIGNED}Two.", "'asb' has two comments"),
        ("## asb\n", "does not say which area"),
        ("Area: Bromely\n## asb\n", "no area is called 'Bromely'"),
        ("Area: Bromley\n##asb\nText.", "text before the first item"),
    ],
)
def test_what_cannot_be_read_is_refused_with_its_place(settings, text: str, said: str) -> None:
    with pytest.raises(InputError) as refusal:
        comments(settings(text), PERIOD, "Bromley")
    assert said in str(refusal.value)


def test_a_comment_is_inert_on_its_page(settings, tmp_path: Path) -> None:
    made = settings(f"Area: Bromley\n## asb\n{SIGNED}<img src=x onerror=alert(1)> [go](javascript:x) *loud*")
    write_catalogue(tmp_path, Catalogue(()))
    area = AreaBook(made.areas).find("Bromley")
    shown = comment_on(Board(made, Store(tmp_path), area, PERIOD, "board"), "asb")
    assert r"\<img" in shown._repr_markdown_()
    assert r"\[go\]" in shown._repr_markdown_()
    assert str(shown).endswith("Analyst, 10 January 2022")


def test_the_shipped_commentary_can_be_read() -> None:
    found = comments(load_settings(), pd.Period("2021-11", "M"), "Bromley")
    assert {"hate_crime", "domestic_abuse"} <= set(found)
