"""The local survey and what goes with it: known shares, small groups, contacts' age, engagement by quarter."""

from __future__ import annotations

from datetime import date
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from statsmodels.stats.proportion import proportion_confint

from crimelib.areas import AreaBook
from crimelib.board import contacts, engagement, local_survey
from crimelib.board.item import Board
from crimelib.measures.periods import parse_period
from crimelib.production.questionnaire import make_questionnaire
from crimelib.settings import Settings, load_settings
from crimelib.sources.templates import form_of
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = AreaBook(SETTINGS.areas).find("Bromley")
QUESTION = "contact_ward_officer"
TOWN, DARWIN = "E05000109", "E05000117"
BOARD = SETTINGS.disclosure.audiences["board"]


def tallied(groups: list[tuple[str, str, str, int]], question: str = QUESTION) -> local_survey.Tally:
    """Answers counted, from (age band, sex, answer, count)."""
    rows = pd.DataFrame(groups, columns=["age_band", "sex", "answer", "count"])
    return local_survey.Tally.of(rows.assign(question=question, ward_code=TOWN), SETTINGS.questionnaire)


def board_of(folder: Path, responses: list[dict[str, str]], returns: list[dict[str, object]] = ()) -> Board:
    """A board over a raw folder with these responses and engagement returns."""
    raw = folder / "raw"
    for source, rows in (("local_survey", responses), ("engagement", list(returns))):
        if rows:
            form = form_of(source, SETTINGS)
            example = {name: "" if not spec.required else spec.example for name, spec in form.columns.items()}
            (raw / source / "2021-12").mkdir(parents=True)
            pd.DataFrame([example | row for row in rows]).to_csv(raw / source / "2021-12" / "file.csv", index=False)
    clean(raw, folder / "processed", SETTINGS)
    return Board(SETTINGS, Store(folder / "processed"), BROMLEY, parse_period("2021-11"), "board")


def people(number: int, first: int = 0, **values: str) -> list[dict[str, str]]:
    return [{"response_id": f"R-{first + place}", "survey_date": "2021-11-20", **values} for place in range(number)]


# --- weights ---------------------------------------------------------------------------------------------------


def test_the_share_is_that_of_residents_and_not_of_those_who_came() -> None:
    groups = [("65+", "female", "yes", 40), ("65+", "male", "yes", 40)]
    groups += [("16-29", "female", "no", 10), ("16-29", "male", "no", 10)]
    share = local_survey.share_of(SETTINGS, QUESTION, tallied(groups), BROMLEY.code)
    old, young = 32672 + 25443, 22898 + 23010
    assert share.weighted
    assert share.answers == 100
    assert share.proportion == pytest.approx(old / (old + young), abs=1e-6)
    assert share.effective < 80
    expected = proportion_confint(share.proportion * share.effective, share.effective, method="wilson")
    assert (share.low, share.high) == pytest.approx(expected)


def test_who_gives_no_age_or_sex_keeps_the_share_of_the_sample() -> None:
    groups = [("prefer_not_to_say", "female", "yes", 25), ("30-44", "female", "no", 75)]
    share = local_survey.share_of(SETTINGS, QUESTION, tallied(groups), BROMLEY.code)
    assert share.proportion == pytest.approx(0.25)


def test_without_residents_answers_count_alike_and_nobody_has_no_share() -> None:
    groups = [("65+", "female", "yes", 3), ("16-29", "male", "no", 1)]
    share = local_survey.share_of(SETTINGS, QUESTION, tallied(groups), "E09999999")
    assert (share.proportion, share.weighted) == (0.75, False)
    assert local_survey.share_of(SETTINGS, "good_job", tallied(groups), BROMLEY.code) is None


# --- small groups ----------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("counts", "shown"),
    [
        ([50, 40, 30], [50, 40, 30]),
        ([50, 40, 0], [50, 40, 0]),
        ([50, 40, 3], [50, None, None]),
        ([50, 1, 1], [None, None, None]),
        ([4, 4, 60, 70], [None, None, None, 70]),
    ],
)
def test_a_small_group_is_withheld_with_a_large_one(counts: list[int], shown: list[int | None]) -> None:
    found = local_survey.withheld(pd.Series(counts), BOARD)
    assert [None if pd.isna(count) else int(count) for count in found] == shown


def test_wards_with_few_answers_are_not_shown(tmp_path: Path) -> None:
    many = people(40, ward_code=TOWN, contact_ward_officer="yes", age_band="30-44")
    many += people(30, 40, ward_code=TOWN, contact_ward_officer="no", age_band="65+", sex="male")
    few = people(10, 100, ward_code=DARWIN, contact_ward_officer="yes")
    few += people(10, 200, ward_code="E05000106", contact_ward_officer="no")
    table = local_survey.ward_table(board_of(tmp_path, [*many, *few]))
    assert [row[0].text for row in table.rows] == ["Bromley Town", "Knows how to contact the ward officer"]


def test_a_single_ward_left_out_would_follow_from_the_total(tmp_path: Path) -> None:
    many = people(40, ward_code=TOWN, contact_ward_officer="yes") + people(
        40, 40, ward_code=TOWN, contact_ward_officer="no"
    )
    few = people(10, 100, ward_code=DARWIN, contact_ward_officer="yes")
    shown = local_survey.ward_table(board_of(tmp_path, [*many, *few]))
    assert "so no ward is shown" in str(shown)


# --- the page --------------------------------------------------------------------------------------------------


def test_a_filled_workbook_goes_through_to_the_page(tmp_path: Path) -> None:
    *_, workbook = make_questionnaire(SETTINGS, BROMLEY, "Impact Day 2021-11-20", ["Darwin"], tmp_path / "forms")
    book = openpyxl.load_workbook(workbook)
    sheet = book["Responses"]
    names = [cell.value for cell in sheet[1]]
    for number in range(60):
        typed = {
            "response_id": str(number + 1),
            "survey_date": "2021-11-20",
            "area_code": "E09000006 Bromley",
            "ward_code": "E05000117 Darwin",
            "age_band": ("16-29", "30-44", "45-64", "65+")[number % 4],
            "sex": ("female", "male")[number % 8 > 3],
            QUESTION: "yes" if number < 20 else "no",
        }
        for name, value in typed.items():
            sheet.cell(number + 2, names.index(name) + 1, value)
    folder = tmp_path / "raw" / "local_survey" / "2021-11-20"
    folder.mkdir(parents=True)
    book.save(folder / workbook.name)
    clean(tmp_path / "raw", tmp_path / "processed", SETTINGS)
    board = Board(SETTINGS, Store(tmp_path / "processed"), BROMLEY, parse_period("2021-11"), "board")
    table = local_survey.local_table(board)
    (line,) = [row for row in table.rows if row[0].text == "Knows how to contact the ward officer"]
    assert line[1].text == "60"
    assert line[3].text.startswith("33% (")
    assert line[4].text == "no data"
    assert any("not a random sample" in note for note in table.notes)
    (empty,) = [row for row in table.rows if row[0].text == "Speeding is a problem"]
    assert empty[1].absent


def test_nobody_asked_says_so(tmp_path: Path) -> None:
    board = board_of(tmp_path, people(5, area_code="E09000008", ward_code=""))
    assert "No response" in str(local_survey.local_table(board))
    assert not str(local_survey.ward_table(board))  # said once
    assert not str(local_survey.respondents_table(board))


# --- contacts --------------------------------------------------------------------------------------------------


def settings_with(folder: Path, rows: list[str]) -> Settings:
    """The project's settings with other contacts."""
    for path in SETTINGS.folder.iterdir():
        (folder / path.name).symlink_to(path)
    (folder / "contacts.csv").unlink()
    header = "ward_code,ward,team,email,phone,page,checked,note"
    (folder / "contacts.csv").write_text("\n".join([header, *rows]) + "\n", encoding="utf-8")
    return Settings(folder)


@pytest.mark.parametrize(
    ("checked", "email", "warning"),
    [
        ("2021-05-31", "a@example.org", ""),
        ("2021-05-29", "a@example.org", "not checked for six months"),
        ("", "a@example.org", "never checked"),
        ("2021-11-01", "", "no e-mail or phone"),
    ],
)
def test_contacts_age(checked: str, email: str, warning: str) -> None:
    given = {name: value for name, value in {"email": email, "checked": checked}.items() if value}
    contact = contacts.Contact(ward_code=TOWN, ward="W", team="T", **given)
    assert contacts.contact_warning(contact, date(2021, 11, 30)) == warning


def test_warnings_name_the_wards_in_force_and_no_address(tmp_path: Path) -> None:
    row = f"{TOWN},Bromley Town,Team,secret@example.org,,https://www.example.org/a,2021-11-01,"
    lines = contacts.contact_warnings(settings_with(tmp_path, [row]), BROMLEY, parse_period("2021-11"))
    assert len(lines) == 1
    assert "Bickley, Biggin Hill" in lines[0]
    assert lines[0].endswith("and 15 more.")
    assert "secret" not in lines[0]


def test_every_ward_of_bromley_has_an_illustrative_contact() -> None:
    known = contacts.contacts_of(SETTINGS)
    assert {ward.code for ward in SETTINGS.wards if ward.borough_code == BROMLEY.code} == set(known)
    assert all("illustrative" in contact.note for contact in known.values())
    assert all(not contact.email or contact.email.endswith("@example.org") for contact in known.values())


def test_most_contacts_checked_is_the_refresh() -> None:
    assert contacts.contacts_refreshed(SETTINGS, BROMLEY, parse_period("2021-11")) == date(2021, 10, 4)
    assert contacts.contacts_refreshed(SETTINGS, BROMLEY, parse_period("2021-08")) is None


# --- engagement ------------------------------------------------------------------------------------------------


def test_a_late_ward_makes_a_quarter_incomplete_and_not_a_fall(tmp_path: Path) -> None:
    returns = [
        {"month": month, "ward_code": ward, "activity": "meetings", "count": "2"}
        for month in ("2021-04", "2021-05", "2021-06", "2021-07", "2021-08", "2021-09")
        for ward in (TOWN, DARWIN)
        if (month, ward) != ("2021-09", DARWIN)
    ]
    table = engagement.engagement_table(board_of(tmp_path, [], returns))
    assert table.columns[-2:] == ("June 2021", "September 2021")
    assert [cell.text for cell in table.rows[0][-2:]] == ["12", "incomplete"]


def test_quarters_end_with_the_last_that_the_period_reached() -> None:
    assert str(engagement.quarter_ends(parse_period("2021-11"))[-1]) == "2021-09"
    assert str(engagement.quarter_ends(parse_period("2021-12"))[-1]) == "2021-12"
