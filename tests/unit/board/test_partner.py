"""What a partner receives back: months and reasons, never a count of its own return."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.item import Board
from crimelib.board.partner import PartnerPage, chosen_organisations
from crimelib.errors import InputError
from crimelib.production.board_pack import chosen_notebooks, make_pack, partner_notebooks
from crimelib.settings import PROJECT_ROOT, load_settings
from crimelib.sources.partner_returns import COLUMNS
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

SETTINGS = load_settings()
BROMLEY = AreaBook.of(SETTINGS).find("Bromley")
NOTEBOOKS = PROJECT_ROOT / "notebooks/board"
PERIOD = pd.Period("2021-11", "M")


def board(folder: Path, *vintages: list[tuple[str, int, str, str]], audience: str = "partner") -> Board:
    """A board whose store holds Clarion's returns: month, count, capacity note and revision, a list a vintage."""
    (folder / "parts").mkdir()
    entries = []
    for order, rows in enumerate(vintages):
        given = [
            (month, "clarion", "rehousing_requests", BROMLEY.code, count, note, revision, line)
            for line, (month, count, note, revision) in enumerate(rows, start=2)
        ]
        write_part(folder / "parts" / f"{order}.parquet", pd.DataFrame(given, columns=COLUMNS))
        parts = {"partner_returns": f"{order}.parquet"}
        entries.append(Entry("partner_returns", f"v{order}", "f.csv", str(order), order, 0, parts))
    write_catalogue(folder, Catalogue(tuple(entries)))
    return Board(SETTINGS, Store(folder), BROMLEY, PERIOD, audience)


def line_of(page: PartnerPage) -> dict[str, str]:
    table = page.returns()
    return dict(zip(table.columns, [cell.text for cell in table.rows[0]], strict=True))


def test_the_state_of_a_return_says_months_and_reasons_and_no_count(tmp_path: Path) -> None:
    made = board(
        tmp_path,
        [("2021-08", 713, "", ""), ("2021-10", 714, "post_vacant", "")],
        [("2021-10", 777, "post_vacant", "late_records"), ("2021-12", 799, "", "")],
    )
    page = PartnerPage(made, "clarion")
    assert line_of(page) == {
        "Indicator": "Re-housing requests on grounds of domestic abuse",
        "Latest month": "2021-10",
        "Missing": "2021-09, 2021-11",
        "Revised": "2021-10: records that came in late",
        "Capacity": "2021-10: Post vacant",
    }
    (asked,) = page.asked().lines
    assert "the months not returned (2021-09, 2021-11)" in asked
    shown = f"{page.returns()._repr_html_()} {page.asked()} {page.next_return()}"
    assert not [count for count in ("713", "714", "777", "799") if count in shown]


def test_a_partner_without_a_return_is_asked_for_the_first(tmp_path: Path) -> None:
    page = PartnerPage(board(tmp_path, []), "bromley_marac")
    assert line_of(page)["Latest month"] == "no return yet"
    assert "the first return, with the 24 months before it" in str(page.asked())


def test_partners_are_found_by_id_or_name_and_else_all_that_returned(tmp_path: Path) -> None:
    made = board(tmp_path, [("2021-11", 7, "", "")])
    assert chosen_organisations(made, []) == ["clarion"]
    assert chosen_organisations(made, ["clarion housing group", "bromley_marac"]) == ["clarion", "bromley_marac"]
    with pytest.raises(InputError, match="nearest known: clarion"):
        chosen_organisations(made, ["clarian"])


def test_every_organisation_has_an_item_that_shows_what_it_returns(tmp_path: Path) -> None:
    made = board(tmp_path, [])
    for name, organisation in SETTINGS.partners.organisations.items():
        assert len(PartnerPage(made, name)._measures()) == len(organisation.returns)


def test_a_page_for_each_partner_with_its_own_name(tmp_path: Path) -> None:
    (tmp_path / "store").mkdir()
    made = board(tmp_path / "store", [("2021-11", 7, "", "")])
    (path,) = partner_notebooks(NOTEBOOKS / "16_partner.ipynb", made, [], tmp_path)
    assert path.name == "16_partner_clarion.ipynb"
    text = path.read_text(encoding="utf-8")
    assert "# Clarion Housing Group" in text
    assert 'organisation = \\"clarion\\"' in text


def test_the_partner_page_is_for_partners_alone(tmp_path: Path) -> None:
    def names(**options: object) -> list[str]:
        return [path.stem for path in chosen_notebooks(NOTEBOOKS, **options)]

    assert "16_partner" not in names(only=[])
    assert "16_partner" in names(only=[], audience="partner")
    assert names(only=["partner"], audience="partner") == ["16_partner"]
    with pytest.raises(InputError, match="--audience partner"):
        names(only=["partner"])
    folder = tmp_path / "p"
    folder.mkdir()
    board(folder, [])
    with pytest.raises(InputError, match="--audience partner"):
        make_pack(SETTINGS, BROMLEY, PERIOD, "public", processed=folder, out=tmp_path, notebooks=NOTEBOOKS,
                  organisations=["clarion"])  # fmt: skip
