"""The printed form and the entry workbook: what they hold, what they refuse, and that text never becomes markup."""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from datetime import date
from pathlib import Path

import openpyxl
import pytest

from crimelib.areas import AreaBook
from crimelib.errors import InputError
from crimelib.production import questionnaire
from crimelib.settings import Ward, load_settings
from crimelib.sources import local_survey
from crimelib.sources.discovery import RawFile
from crimelib.sources.entry_sheets import column_letters

SETTINGS = load_settings()
BROMLEY = AreaBook(SETTINGS.areas).find("Bromley")
EVENT = "Community Impact Day 2022-03-12"
DAY = date(2022, 3, 12)
TOWN = "Bromley Town"


def ward(name: str) -> Ward:
    (found,) = questionnaire.chosen_wards(SETTINGS, BROMLEY, [name], DAY)
    return found


def content(name: str = TOWN, **options: bool) -> dict:
    return questionnaire.form_content(SETTINGS, BROMLEY, ward(name), "Community Impact Day", DAY, **options)


def words_of(pdf: bytes) -> str:
    """The text of a PDF on one line, as poppler finds it."""
    if not shutil.which("pdftotext"):
        pytest.skip("pdftotext (poppler-utils) is not installed")
    done = subprocess.run(["pdftotext", "-", "-"], input=pdf, capture_output=True, check=True)
    return " ".join(done.stdout.decode("utf-8").split())


@pytest.fixture(scope="module")
def made(tmp_path_factory: pytest.TempPathFactory) -> list[Path]:
    out = tmp_path_factory.mktemp("event") / "forms"
    return questionnaire.make_questionnaire(SETTINGS, BROMLEY, EVENT, [TOWN, "crystal palace"], out)


# --- the form --------------------------------------------------------------------------------------------------


def test_a_form_a_ward_and_one_workbook(made: list[Path]) -> None:
    assert [path.name for path in made] == [
        "questionnaire-bromley-town.pdf",
        "questionnaire-crystal-palace.pdf",
        "responses-community-impact-day-2022-03-12.xlsx",
    ]


def test_a_form_is_accessible_and_one_sheet(made: list[Path]) -> None:
    pdf = made[0].read_bytes()
    assert b"pdfuaid:part" in pdf
    assert b"/MarkInfo" in pdf
    assert len(re.findall(rb"/Type\s*/Page\b(?!s)", pdf)) == questionnaire.SIDES


def test_a_form_holds_ward_event_questions_and_contact() -> None:
    form = content()
    words = json.dumps(form, ensure_ascii=False)
    assert {"Bromley Town", "Community Impact Day", "12 March 2022"} <= {form["ward"], form["event"], form["day"]}
    assert all(question.text in words for question in SETTINGS.questionnaire.questions.values())
    assert "bromley-town@example.org" in words
    assert "Illustrative, not a real address" in words
    assert form["contact"]["qr"].startswith("<svg")
    assert "peeding" in words
    assert "E-scooters" in words


def test_what_is_printed_is_the_wording(made: list[Path]) -> None:
    shown = words_of(made[0].read_bytes())
    assert "Bromley Town, Bromley" in shown
    assert "Community Impact Day, 12 March 2022" in shown
    single = [section.questions for section in SETTINGS.questionnaire.sections if not section.grid]
    for name in (name for names in single for name in names):
        assert SETTINGS.questionnaire.questions[name].text in shown


def test_nobody_is_asked_for_a_name() -> None:
    asked = [question["text"] for section in content()["sections"] for question in section["questions"]]
    asked += [question["text"] for question in content()["about"]["questions"]]
    assert not [text for text in asked if re.search(r"\b(your name|address|e-?mail|telephone|born)\b", text, re.I)]


def test_every_measure_of_the_survey_is_asked() -> None:
    asked = {question.survey_measure for question in SETTINGS.questionnaire.questions.values()} - {""}
    assert asked == set(SETTINGS.perception.measures)


def test_large_print_is_large_and_accessible() -> None:
    form = content(large_print=True)
    assert not any(section["grid"] for section in form["sections"])
    pdf = questionnaire.form_pdf(SETTINGS, BROMLEY, ward(TOWN), "Day", DAY, large_print=True)
    assert b"pdfuaid:part" in pdf
    assert questionnaire.LARGE_PRINT >= 16


def test_an_old_or_missing_contact_is_said_on_the_form() -> None:
    assert "not checked for six months" in content("Chelsfield and Pratts Bottom")["contact"]["note"]
    missing = content("Penge and Cator")["contact"]
    assert missing["lines"] == [questionnaire.NO_CONTACT]
    assert content()["contact"]["note"] == "(Illustrative, not a real address.)"


HOSTILE = '#panic("no") $x$ *b* _i_ <tag> @ref `raw` \\ [x] // = #read("/etc/passwd") "'


def test_text_never_becomes_markup() -> None:
    form = content() | {"ward": HOSTILE, "event": HOSTILE}
    form["contact"] = form["contact"] | {"team": HOSTILE, "note": HOSTILE, "lines": [HOSTILE]}
    shown = words_of(questionnaire.compiled(json.dumps(form), 10.0))
    assert shown.count(HOSTILE) >= 4


def test_questions_that_do_not_fit_one_sheet_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(questionnaire, "PRINT_SIZES", (18.0,))
    with pytest.raises(InputError, match="do not fit one sheet"):
        questionnaire.form_pdf(SETTINGS, BROMLEY, ward(TOWN), "Day", DAY)


# --- what is asked for -----------------------------------------------------------------------------------------


@pytest.mark.parametrize("event", ["Community Impact Day", "2022-03-12", "Day 2022-02-30", "x" * 101 + " 2022-03-12"])
def test_an_event_needs_a_name_and_a_day(event: str) -> None:
    with pytest.raises(InputError, match="--event"):
        questionnaire.parse_event(event)


def test_an_event_is_one_line() -> None:
    assert questionnaire.parse_event("A\nB 2022-03-12") == ("A\\nB", DAY)


def test_the_day_decides_the_wards() -> None:
    assert len(questionnaire.chosen_wards(SETTINGS, BROMLEY, [], DAY)) == 22
    with pytest.raises(InputError, match="nearest known: Bromley Town"):
        questionnaire.chosen_wards(SETTINGS, BROMLEY, ["Bromley Twon"], DAY)
    with pytest.raises(InputError, match="no ward 'Copers Cope'"):
        questionnaire.chosen_wards(SETTINGS, BROMLEY, ["Copers Cope"], date(2022, 6, 1))


def test_a_workbook_with_answers_is_never_written_over(made: list[Path]) -> None:
    before = made[-1].read_bytes()
    with pytest.raises(InputError, match="there already"):
        questionnaire.make_questionnaire(SETTINGS, BROMLEY, EVENT, [TOWN], made[-1].parent)
    assert made[-1].read_bytes() == before


# --- the workbook ----------------------------------------------------------------------------------------------


def test_every_column_offers_its_codes(made: list[Path]) -> None:
    book = openpyxl.load_workbook(made[-1])
    sheet = book["Responses"]
    names = [cell.value for cell in sheet[1]]
    rules = {str(rule.sqref).split("2:")[0]: rule for rule in sheet.data_validations.dataValidation}
    assert len(rules) == len(names)
    for place, name in enumerate(names):
        rule = rules[column_letters(place)]
        if rule.type == "list":
            first, last = map(int, re.findall(r"\$(\d+)", rule.formula1))
            assert {book["Codes"].cell(row, 1).value for row in range(first, last + 1)} == {name}
    assert sheet["A2"].number_format == "@"


def filled(workbook: Path, folder: Path, **changed: str) -> RawFile:
    """The workbook with twelve forms typed in, the last with what is changed."""
    book = openpyxl.load_workbook(workbook)
    sheet = book["Responses"]
    names = [cell.value for cell in sheet[1]]
    typed = {"survey_date": "2022-03-12", "area_code": "E09000006 Bromley", "ward_code": "E05000109 Bromley Town"}
    typed |= {"age_band": "30-44", "sex": "female", "good_job": "good", "contact_ward_officer": "yes"}
    for number in range(12):
        row = typed | {"response_id": number + 1} | (changed if number == 11 else {})
        for name, value in row.items():
            sheet.cell(number + 2, names.index(name) + 1, value)
    path = folder / "local_survey.xlsx"
    book.save(path)
    return RawFile(path, "local_survey", "2022-03-12")


def test_a_filled_workbook_is_read(made: list[Path], tmp_path: Path) -> None:
    cleaned = local_survey.read(filled(made[-1], tmp_path, contact_ward_officer="no"), SETTINGS)
    table = cleaned.tables["survey_responses"]
    contact = table[table["question"] == "contact_ward_officer"]
    assert cleaned.rejected.empty
    assert dict(zip(contact["answer"], contact["count"], strict=True)) == {"yes": 11, "no": 1}
    assert set(table["ward_code"]) == {"E05000109"}
    assert set(table["survey_date"]) == {"2022-03-12"}


def test_days_typed_as_days_are_read(made: list[Path], tmp_path: Path) -> None:
    cleaned = local_survey.read(filled(made[-1], tmp_path, survey_date=DAY), SETTINGS)
    assert set(cleaned.tables["survey_responses"]["survey_date"]) == {"2022-03-12"}


@pytest.mark.parametrize(
    ("name", "value", "cell"),
    [("ward_code", "E05009999", "D13"), ("age_band", "35", "E13"), ("good_job", "splendid", "G13")],
)
def test_a_bad_entry_is_refused_by_its_cell(made: list[Path], tmp_path: Path, name: str, value: str, cell: str) -> None:
    with pytest.raises(InputError, match=f"sheet Responses, cell {cell} \\({name}\\)"):
        local_survey.read(filled(made[-1], tmp_path, **{name: value}), SETTINGS)


def test_a_csv_saved_from_the_sheet_is_read(made: list[Path], tmp_path: Path) -> None:
    file = filled(made[-1], tmp_path)
    rows = openpyxl.load_workbook(file.path)["Responses"].iter_rows(max_row=13, values_only=True)
    saved = tmp_path / "local_survey.csv"
    saved.write_text("\n".join(",".join("" if cell is None else str(cell) for cell in row) for row in rows) + "\n")
    table = local_survey.read(RawFile(saved, "local_survey", "2022-03-12"), SETTINGS).tables["survey_responses"]
    pairs = local_survey.read(file, SETTINGS).tables["survey_responses"]
    assert table.equals(pairs)


def test_what_is_no_workbook_is_refused(made: list[Path], tmp_path: Path) -> None:
    path = tmp_path / "local_survey.xlsx"
    path.write_bytes(b"PK not a zip")
    with pytest.raises(InputError, match="not a workbook"):
        local_survey.read(RawFile(path, "local_survey", "v"), SETTINGS)
    with pytest.raises(InputError, match="nothing is entered"):
        local_survey.read(RawFile(made[-1], "local_survey", "v"), SETTINGS)
    book = openpyxl.load_workbook(made[-1])
    book["Responses"].title = "Answers"
    book.save(path)
    with pytest.raises(InputError, match="no sheet 'Responses'"):
        local_survey.read(RawFile(path, "local_survey", "v"), SETTINGS)


def test_an_event_that_looks_like_a_formula_stays_text(tmp_path: Path) -> None:
    *_, workbook = questionnaire.make_questionnaire(SETTINGS, BROMLEY, "=1+1 2022-03-12", [TOWN], tmp_path)
    cells = [cell for sheet in openpyxl.load_workbook(workbook) for row in sheet.iter_rows() for cell in row]
    assert not [cell for cell in cells if cell.data_type == "f"]
