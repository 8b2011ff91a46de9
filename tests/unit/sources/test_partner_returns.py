"""Partners' returns: what is taken, what is refused row by row, revisions, and many files made one series."""

import csv
import difflib
import re
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from crimelib.areas import AreaBook
from crimelib.board.item import Board
from crimelib.errors import InputError
from crimelib.production.return_workbook import write_return_workbook
from crimelib.settings import load_settings
from crimelib.sources import partner_returns, templates
from crimelib.sources.discovery import RawFile
from crimelib.sources.templates import form_of, write_template
from crimelib.tables.clean import clean
from crimelib.tables.revisions import revision_table
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = "E09000006"
ROW = {
    "month": "2021-11",
    "organisation": "clarion",
    "indicator": "rehousing_requests",
    "area_code": BROMLEY,
    "count": "12",
    "capacity_note": "",
    "revision": "",
}
WHOLE = ["month", "organisation", "indicator", "area_code", "count", "capacity_note", "revision"]


def written(path: Path, rows: list[dict[str, str]]) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    pd.DataFrame([ROW | row for row in rows]).to_csv(path, index=False)
    return path


def read(folder: Path, rows: list[dict[str, str]]) -> pd.DataFrame:
    path = written(folder / "return.csv", rows)
    return partner_returns.read(RawFile(path, "partner_returns", "2021-12"), SETTINGS).tables["partner_returns"]


def refusal(folder: Path, rows: list[dict[str, str]]) -> str:
    with pytest.raises(InputError) as refused:
        read(folder, rows)
    return str(refused.value)


def cleaned(folder: Path, **files: list[dict[str, str]]) -> Store:
    """The store made of returns named ``v2021_12_clarion``: vintage and file."""
    for name, rows in files.items():
        vintage, _, file = name.removeprefix("v").partition("__")
        written(folder / "raw" / "partner_returns" / vintage.replace("_", "-") / f"{file or 'return'}.csv", rows)
    clean(folder / "raw", folder / "processed", SETTINGS)
    return Store(folder / "processed")


def months(store: Store, series: str = "partner_rehousing_requests") -> dict[str, int]:
    """The count of each month from its latest vintage."""
    stored = store.counts([BROMLEY]).sort_values("vintage_order")
    last = stored[stored["series"] == series].drop_duplicates("month", keep="last").sort_values("month")
    return dict(zip(last["month"], last["count"].tolist(), strict=True))


# --- the template, there and back ------------------------------------------------------------------------------


def filled(folder: Path, rows: list[dict[str, object]]) -> Path:
    """The workbook as a partner fills it in, by the words that its lists offer."""
    path = write_return_workbook(folder, SETTINGS)
    book = openpyxl.load_workbook(path)
    for line, row in enumerate(rows, start=2):
        for place, value in enumerate(row.values(), start=1):
            book["Return"].cell(line, place, value or None)
    book.save(path)
    return path


def test_a_filled_workbook_and_the_csv_of_the_same_say_the_same(tmp_path):
    words = {
        "month": "2021-11",
        "organisation": "Clarion Housing Group",
        "indicator": "Re-housing requests on grounds of domestic abuse",
        "area_code": "E09000006 Bromley",
        "count": 12,
        "capacity_note": "Post vacant",
        "revision": "Records that came in late",
    }
    book = filled(tmp_path, [words, words | {"month": "2021-10", "count": 3, "capacity_note": "", "revision": ""}])
    (tmp_path / "csv").mkdir()
    sheet, _ = write_template("partner_return", tmp_path / "csv", SETTINGS)
    header = next(csv.reader(sheet.open(encoding="utf-8")))
    codes = {"capacity_note": "post_vacant", "revision": "late_records"}
    pd.DataFrame([ROW | codes, ROW | {"month": "2021-10", "count": "3"}])[header].to_csv(sheet, index=False)
    tables = [
        partner_returns.read(RawFile(path, "partner_returns", "2021-12"), SETTINGS).tables["partner_returns"]
        for path in (book, sheet)
    ]
    pd.testing.assert_frame_equal(*tables)
    assert tables[0][WHOLE].values.tolist() == [
        ["2021-11", "clarion", "rehousing_requests", BROMLEY, 12, "post_vacant", "late_records"],
        ["2021-10", "clarion", "rehousing_requests", BROMLEY, 3, "", ""],
    ]


def test_every_choice_of_the_workbook_is_offered_and_taken(tmp_path):
    book = openpyxl.load_workbook(write_return_workbook(tmp_path, SETTINGS))
    lists = {column[0].value: [cell.value for cell in column[1:] if cell.value] for column in book["Lists"].columns}
    form = form_of("partner_returns", SETTINGS)
    assert lists["area_code"] == sorted(lists["area_code"], key=lambda name: lists["area_code"].index(name))
    for name in ("organisation", "indicator", "capacity_note", "revision"):
        assert [form.allowed[name][words.casefold()] for words in lists[name]] == list(
            dict.fromkeys(form.allowed[name].values())
        )
    rules = {str(rule.sqref).partition(":")[0]: rule for rule in book["Return"].data_validations.dataValidation}
    assert set(rules) == {f"{letter}2" for letter in "ABCDEFG"}
    assert rules["B2"].formula1 == f"Lists!$A$2:$A${len(lists['organisation']) + 1}"
    assert rules["E2"].type == "whole"
    assert all(rule.showErrorMessage and rule.prompt for rule in rules.values())


def test_the_workbook_says_what_each_indicator_counts_and_how_to_return(tmp_path):
    book = openpyxl.load_workbook(write_return_workbook(tmp_path, SETTINGS))
    told = [[cell.value for cell in row] for row in book["Indicators"].iter_rows(min_row=2)]
    assert [row[0] for row in told] == [each.label for each in SETTINGS.partners.indicators.values()]
    assert [row[3] for row in told] == ["no", "no", "yes", "no", "no"]
    assert "missing figure is no zero" in str([row[0].value for row in book["Instructions"].iter_rows()])
    assert all(row[0].value == "Column" or row[1].value for row in book["Columns"].iter_rows())
    assert book.properties.title
    assert book.properties.language == "en-GB"


def test_a_month_that_the_spreadsheet_took_for_a_day_is_the_month(tmp_path):
    day = pd.Timestamp("2021-11-01").to_pydatetime()
    book = filled(tmp_path, [ROW | {"month": day, "count": 12}])
    table = partner_returns.read(RawFile(book, "partner_returns", "2021-12"), SETTINGS).tables["partner_returns"]
    assert table["month"].tolist() == ["2021-11"]


def test_a_refusal_of_a_workbook_names_the_cell_and_never_the_value(tmp_path):
    born = pd.Timestamp("1980-04-03").to_pydatetime()
    book = filled(tmp_path, [ROW | {"count": 12}, ROW | {"month": born, "count": 1}])
    with pytest.raises(InputError, match=r"sheet Return, cell A3 \(month\)") as refused:
        partner_returns.read(RawFile(book, "partner_returns", "2021-12"), SETTINGS)
    assert "1980" not in str(refused.value)


def test_a_template_is_never_written_over(tmp_path):
    write_return_workbook(tmp_path, SETTINGS)
    with pytest.raises(InputError, match="there already"):
        write_return_workbook(tmp_path, SETTINGS)


# --- what is refused -------------------------------------------------------------------------------------------

HOSTILE = [
    ({"count": "-1"}, "not a count"),
    ({"count": "1.5"}, "not a count"),
    ({"count": ""}, "empty"),
    ({"count": "1e3"}, "not a count"),
    ({"count": "943 476 5919"}, "NHS number"),
    ({"month": "2021-13"}, "not a month"),
    ({"month": "1980-04-03"}, "not a month"),
    ({"indicator": "idva_client"}, "nearest known: idva_clients"),
    ({"indicator": "anything at all"}, "not one of the allowed values"),
    ({"organisation": "Someone else"}, "known"),
    ({"organisation": "Jane Smith"}, "a name"),
    ({"area_code": "Bromley"}, "no borough"),
    ({"area_code": "BR1 3UH"}, "a postcode"),
    ({"capacity_note": "Jane Smith is on leave"}, "a name"),
    ({"capacity_note": "ask mrs Jones"}, "a name"),
    ({"capacity_note": "client born 3/4/1980"}, "a date"),
    ({"capacity_note": "dob unknown"}, "a date of birth"),
    ({"capacity_note": "moved to BR1 3UH"}, "a postcode"),
    ({"capacity_note": "ring 020 8464 3333"}, "a telephone number"),
    ({"capacity_note": "nhs 943 476 5919"}, "NHS number"),
    ({"capacity_note": "write to a.b@example.org"}, "an e-mail address"),
    ({"capacity_note": "she moved in with her sister"}, "not one of the allowed values"),
    ({"capacity_note": "=HYPERLINK(1)"}, "not one of the allowed values"),
    ({"revision": "because we said so"}, "not one of the allowed values"),
    ({"count": "Jane Smith"}, "a name"),
    ({"count": "a.b@example.org"}, "an e-mail address"),
    ({"month": "2021-09", "count": "7"}, "the same key as line 2"),
    ({"month": "03/04/1980"}, "not a month"),
    ({"indicator": "Jane Smith, BR1 3UH"}, "a postcode"),
    ({"indicator": "marac_cases"}, "does not return that indicator"),
    ({"organisation": "07700 900123"}, "a telephone number"),
    ({"area_code": "AB 12 34 56 C"}, "National Insurance or NHS number"),
    ({"revision": "see 12 Acacia Avenue"}, "an address"),
]
PERSONAL = ("Jane", "Jones", "1980", "BR1", "8464", "5919", "example", "sister", "900123", "12 34 56", "Acacia")


@pytest.mark.parametrize(("changes", "says"), HOSTILE)
def test_a_bad_value_or_anything_about_a_person_refuses_the_return(tmp_path, changes, says):
    told = refusal(tmp_path, [{"month": "2021-09"}, changes])
    assert says in told
    assert "line 3" in told
    assert not [word for word in PERSONAL if word in told]


def test_a_hostile_return_is_refused_row_by_row(tmp_path):
    told = refusal(tmp_path, [{"month": "2021-09"}, *(changes for changes, _ in HOSTILE)])
    assert f"{len(HOSTILE)} rows are refused" in told
    for line, (_, says) in enumerate(HOSTILE, start=3):
        reason = told[told.index(f"line {line}, ") :].partition("; line ")[0]
        assert says in reason, reason
    assert not [word for word in PERSONAL if word in told]


def test_a_hostile_workbook_is_refused_cell_by_cell(tmp_path):
    typed = [each for each in HOSTILE if each[0].get("capacity_note") != "=HYPERLINK(1)"]  # a cell has its result
    book = filled(tmp_path, [ROW | {"month": "2021-09"}, *(ROW | changes for changes, _ in typed)])
    with pytest.raises(InputError) as refused:
        partner_returns.read(RawFile(book, "partner_returns", "2021-12"), SETTINGS)
    told = str(refused.value)
    assert f"sheet Return: {len(typed)} rows are refused" in told
    for line, (changes, says) in enumerate(typed, start=3):
        twice = says.startswith("the same key")
        place = f"row {line} (" if twice else f"cell {'ABCDEFG'[WHOLE.index(list(changes)[-1])]}{line} ("
        reason = re.split(r"; (?:cell|row) ", told[told.index(place) :])[0]
        assert says in reason, reason
    assert not [word for word in PERSONAL if word in told]


def test_an_indicator_of_anothers_is_refused(tmp_path):
    assert "does not return that indicator" in refusal(tmp_path, [{"indicator": "marac_cases"}])


def test_a_key_twice_or_a_column_too_many_refuses_the_return(tmp_path):
    assert "same key as line 2" in refusal(tmp_path, [{"count": "1"}, {"count": "2"}])
    assert "'client_name' is not in the template" in refusal(tmp_path, [{"client_name": "A"}])


@given(st.text(min_size=1, max_size=40).map(str.strip).filter(bool))
def test_no_free_text_is_ever_taken_or_told(text):
    form = form_of("partner_returns", SETTINGS)
    known = form.allowed["capacity_note"]
    row = pd.DataFrame([ROW | {"capacity_note": text, "line": 2}])
    told = pd.concat(templates._problems(row, "capacity_note", form, SETTINGS))
    assert len(told) == (text not in known.values())
    assert not set(told["value"]) - {""} or difflib.get_close_matches(text.casefold(), known, cutoff=0.7)


# --- many files ------------------------------------------------------------------------------------------------


def test_returns_in_several_files_of_one_vintage_are_added_up(tmp_path):
    store = cleaned(
        tmp_path,
        v2021_12__clarion=[{"count": "12"}, {"month": "2021-10", "count": "5"}],
        v2021_12__housing=[{"organisation": "bromley_housing", "count": "3"}],
        v2021_12__marac=[{"organisation": "bromley_marac", "indicator": "marac_cases", "count": "30"}],
    )
    assert months(store) == {"2021-11": 15}
    assert months(store, "partner_marac_cases") == {"2021-11": 30}


def test_returns_month_by_month_make_one_series(tmp_path):
    housing = {"organisation": "bromley_housing"}
    store = cleaned(
        tmp_path,
        v2021_11__clarion=[{"month": "2021-10", "count": "5"}],
        v2021_11__housing=[housing | {"month": "2021-10", "count": "2"}],
        v2021_12__clarion=[{"count": "12"}],
        v2022_01__housing=[housing | {"count": "1"}],
    )
    assert months(store) == {"2021-10": 7, "2021-11": 13}


def test_a_figure_changed_without_a_word_is_refused_by_file_and_line(tmp_path):
    first, again = [{"count": "12"}], [{"month": "2021-10", "count": "1"}, {"count": "14"}]
    with pytest.raises(InputError, match="no revision is declared") as refused:
        cleaned(tmp_path, v2021_12__a=first, v2022_01__b=again)
    assert "partner_returns/2022-01/b.csv, line 3" in str(refused.value)
    assert "partner_returns/2021-12/a.csv" in str(refused.value)
    assert not (tmp_path / "processed" / "catalogue.json").exists()


def test_every_figure_changed_without_a_word_is_named(tmp_path):
    months = [f"2021-{month:02}" for month in (9, 10, 11)]
    first, again = ([{"month": month, "count": count} for month in months] for count in ("12", "14"))
    with pytest.raises(InputError) as refused:
        cleaned(tmp_path, v2021_12__a=first, v2022_01__b=[*again[:2], {"count": "12"}])
    told = str(refused.value)
    assert [f"b.csv, line {line}" in told for line in (2, 3, 4)] == [True, True, False]
    assert [told.count(f"for {month}, 14") for month in months] == [1, 1, 0]


def test_a_declared_revision_wins_and_the_old_figure_is_kept_and_shown(tmp_path):
    store = cleaned(
        tmp_path,
        v2021_12__a=[{"count": "12"}, {"month": "2021-10", "count": "5"}],
        v2022_01__b=[{"count": "14", "revision": "late_records"}, {"month": "2021-12", "count": "6"}],
        v2022_02__c=[{"count": "14"}, {"month": "2021-12", "count": "6"}],
    )
    assert months(store) == {"2021-10": 5, "2021-11": 14, "2021-12": 6}
    area = AreaBook.of(SETTINGS).find("Bromley")
    board = Board(SETTINGS, store, area, pd.Period("2021-12", "M"), "board")
    rows = revision_table(board.releases, SETTINGS, area, board.period)
    shown = ["measure", "month", "previous_vintage", "previous_count", "vintage", "count", "change"]
    assert rows[shown].values.tolist() == [["rehousing_requests", "2021-11", "2021-12", 12, "2022-01", 14, 2]]


def test_two_revisions_of_one_figure_at_once_are_refused(tmp_path):
    with pytest.raises(InputError, match="as well"):
        cleaned(
            tmp_path,
            v2021_12__a=[{"count": "12", "revision": "late_records"}],
            v2021_12__b=[{"count": "14", "revision": "counting_error"}],
        )


def test_cleaning_again_reuses_the_returns_and_keeps_their_counts(tmp_path):
    files = {"v2021_12__a": [{"count": "12"}], "v2022_01__b": [{"month": "2021-12", "count": "6"}]}
    before = months(cleaned(tmp_path, **files))
    again = clean(tmp_path / "raw", tmp_path / "processed", SETTINGS)
    assert again.cleaned == 0
    assert months(Store(tmp_path / "processed")) == before == {"2021-11": 12, "2021-12": 6}


FIGURES = st.dictionaries(
    st.tuples(st.sampled_from(["clarion", "bromley_housing"]), st.sampled_from(["2021-09", "2021-10", "2021-11"])),
    st.tuples(st.integers(0, 50), st.integers(0, 2), st.integers(0, 1)),
    min_size=1,
)


@given(FIGURES)
def test_however_returns_are_cut_into_files_the_counts_are_the_same(figures):
    rows = pd.DataFrame(
        [
            ROW
            | {"organisation": name, "month": month, "count": count, "line": line, "vintage_order": order, "file": file}
            for line, ((name, month), (count, order, file)) in enumerate(figures.items())
        ]
    )
    found = pd.concat(partner_returns.merged(rows, SETTINGS).values())
    names = {name for name, _ in figures}
    whole = {month for _, month in figures if all((name, month) in figures for name in names)}
    wanted = {month: sum(figures[name, month][0] for name in names) for month in whole}
    assert dict(zip(found["month"], found["count"].tolist(), strict=True)) == wanted
    assert found["month"].is_unique
