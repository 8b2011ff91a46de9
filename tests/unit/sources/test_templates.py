"""This project's own files: what is written, what is read, what is set aside and what is refused."""

import csv
from pathlib import Path

import pandas as pd
import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import asb_calls, local_survey, monthly_returns, partner_returns, templates, vehicle_thefts
from crimelib.sources.discovery import RawFile
from crimelib.sources.personal import personal_kind

SETTINGS = load_settings()
READERS = {
    "asb_calls": asb_calls.read,
    "vehicle_thefts": vehicle_thefts.read,
    "partner_returns": partner_returns.read,
    "local_survey": local_survey.read,
    "engagement": monthly_returns.read,
    "victim_service": monthly_returns.read,
    "resident_reports": monthly_returns.read,
    "offence_recency": monthly_returns.read,
    "offence_times": monthly_returns.read,
}


def read(folder: Path, name: str, rows: list[dict]):
    """Read rows given as differences from the template's own example."""
    form = templates.form_of(name, SETTINGS)
    example = {column: spec.example for column, spec in form.columns.items()}
    path = folder / f"{name}.csv"
    pd.DataFrame([example | row for row in rows]).to_csv(path, index=False)
    return READERS[name](RawFile(path, name, "2021-12"), SETTINGS)


def numbered(column: str, number: int, **values: str) -> list[dict]:
    return [{column: f"N-{position}", **values} for position in range(number)]


def count_of(counts: pd.DataFrame, series: str, area: str) -> dict[str, int]:
    chosen = counts[(counts["series"] == series) & (counts["area_code"] == area)]
    return dict(zip(chosen["month"], chosen["count"], strict=True))


# --- what is written -------------------------------------------------------------------------------------------


@pytest.mark.parametrize("name", list(SETTINGS.templates))
def test_a_template_filled_with_its_dictionary_s_examples_is_read_without_a_complaint(tmp_path, name):
    sheet, dictionary = templates.write_template(name, tmp_path, SETTINGS)
    described = list(csv.DictReader(dictionary.open(encoding="utf-8")))
    event = SETTINGS.templates[name].rows == "event"
    with sheet.open("a", encoding="utf-8", newline="") as stream:
        csv.writer(stream).writerow(row["example"] * (event or row["required"] == "yes") for row in described)
    cleaned = READERS[name](RawFile(sheet, name, "2021-12"), SETTINGS)
    assert cleaned.rejected.empty
    assert all(len(table) for kept, table in cleaned.tables.items() if kept != asb_calls.SAMPLE)
    assert [row["column"] for row in described] == next(csv.reader(sheet.open(encoding="utf-8")))
    assert all(row["meaning"] and row["allowed"] and row["example"] for row in described)


@pytest.mark.parametrize("name", list(SETTINGS.templates))
def test_a_template_brings_no_row_that_could_come_back_as_a_figure(tmp_path, name):
    sheet, _ = templates.write_template(name, tmp_path, SETTINGS)
    assert len(sheet.read_text(encoding="utf-8").splitlines()) == 1
    with pytest.raises(InputError, match="a header and no rows"):
        READERS[name](RawFile(sheet, name, "2021-12"), SETTINGS)


def test_a_template_never_overwrites_and_an_unknown_one_names_the_nearest(tmp_path):
    templates.write_template("asb_calls", tmp_path, SETTINGS)
    with pytest.raises(InputError, match="there already"):
        templates.write_template("asb_calls", tmp_path, SETTINGS)
    with pytest.raises(InputError, match="nearest known: asb_calls"):
        templates.write_template("asb_call", tmp_path, SETTINGS)


def test_every_question_that_follows_the_survey_names_a_measure_of_it():
    followed = {question.survey_measure for question in SETTINGS.questionnaire.questions.values()} - {""}
    assert followed
    assert followed <= set(SETTINGS.perception.measures)
    assert all(set(q.positive) <= set(q.answers) for q in SETTINGS.questionnaire.questions.values())


# --- calls -----------------------------------------------------------------------------------------------------


def test_calls_are_dense_over_the_wards_of_the_boundary_set_in_the_file(tmp_path):
    rows = [
        {"incident_id": "1", "date": "2021-10-31", "ward_code": "E05000109"},
        {"incident_id": "2", "date": "2021-11-01", "ward_code": "E05000126"},
        {"incident_id": "3", "date": "2021-11-30", "ward_code": ""},
    ]
    counts = read(tmp_path, "asb_calls", rows).tables["counts"]
    assert count_of(counts, "asb_calls", "E09000006") == {"2021-10": 1, "2021-11": 2}
    assert count_of(counts, "asb_calls", "E05000126") == {"2021-10": 0, "2021-11": 1}
    assert counts[counts["area_level"] == "ward"]["area_code"].nunique() == 22


def test_an_extract_across_may_2022_takes_each_months_own_wards(tmp_path):
    rows = [
        {"incident_id": "1", "date": "2022-04-30", "ward_code": "E05000109"},
        {"incident_id": "2", "date": "2022-05-30", "ward_code": "E05013991"},
    ]
    counts = read(tmp_path, "asb_calls", rows).tables["counts"]
    assert count_of(counts, "asb_calls", "E05000109") == {"2022-04": 1}
    assert count_of(counts, "asb_calls", "E05013991") == {"2022-05": 1}
    with pytest.raises(InputError, match="two boundary sets"):
        read(tmp_path, "asb_calls", [*rows, {"incident_id": "3", "date": "2022-05-01", "ward_code": "E05000109"}])


@pytest.mark.parametrize(
    ("text", "tags"),
    [
        ("Cars SPEEDING past the school", "speeding;vehicle"),
        ("e-scooter ridden on pavement", "e_scooter"),
        ("electric scooters in park", "e_scooter"),
        ("cat in garden", "animal"),
        ("catastrophe on the scattered carpet", ""),
        ("caller hung up", ""),
        ("rough sleepers in a tent", "rough_sleeping"),
        ("youths throwing fireworks", "fireworks;youths"),
    ],
)
def test_tags_are_given_by_whole_words(text, tags):
    found = asb_calls.tags_of(pd.Series([""]), pd.Series([text]), SETTINGS.asb_taxonomy)
    assert found.tolist() == [tags]


def test_tags_are_given_by_code_and_the_text_is_never_kept(tmp_path):
    tables = read(tmp_path, "asb_calls", [{"opening_code": "speed", "opening_text": "zzz"}]).tables
    assert tables["asb_calls"]["tags"].tolist() == ["speeding"]
    assert not any("zzz" in table.to_csv() or "speed," in table.to_csv() for table in tables.values())


def test_there_are_13_headings_and_none_for_speeding_or_e_scooters():
    assert len(SETTINGS.asb_taxonomy.headings) == 13
    assert not any("speed" in name or "scooter" in name for name in SETTINGS.asb_taxonomy.headings)
    assert list(SETTINGS.asb_taxonomy.qualifiers) == ["personal", "nuisance", "environmental"]


def test_a_heading_may_be_given_by_its_label(tmp_path):
    tables = read(tmp_path, "asb_calls", [{"heading": "Rowdy or inconsiderate BEHAVIOUR"}]).tables
    assert tables["asb_calls"]["heading"].tolist() == ["rowdy_inconsiderate_behaviour"]


def test_few_bad_rows_are_set_aside_and_say_nothing_about_a_person(tmp_path):
    good = numbered("incident_id", 300)
    bad = [{"incident_id": "N-0"}, {"incident_id": "x", "heading": "Jane Smith"}]
    cleaned = read(tmp_path, "asb_calls", [*good, *bad])
    assert cleaned.tables["asb_calls"]["count"].sum() == 300
    assert cleaned.rejected[["line", "column", "value"]].values.tolist() == [
        [302, "incident_id", ""],
        [303, "heading", ""],
    ]
    with pytest.raises(InputError, match="more than 1%"):
        read(tmp_path, "asb_calls", [*good[:100], *bad])


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("date", "2021-11-31"),
        ("date", "05/11/2021"),
        ("hour", "24"),
        ("area_code", "E09000099"),
        ("area_code", ""),
        ("ward_code", "E05011462"),
        ("heading", "speeding"),
        ("qualifier", "loud"),
        ("opening_text", "x" * 201),
    ],
)
def test_each_column_of_the_calls_is_checked(tmp_path, column, value):
    cleaned = read(tmp_path, "asb_calls", [*numbered("incident_id", 200), {"incident_id": "bad", column: value}])
    assert cleaned.rejected[["line", "column"]].values.tolist() == [[202, column]]


# --- thefts ----------------------------------------------------------------------------------------------------


def test_thefts_are_counted_by_class_with_zeros_for_the_others(tmp_path):
    rows = [
        {"record_id": "1", "vehicle_class": "car", "make": "Land Rover"},
        {"record_id": "2", "vehicle_class": "moped_scooter", "make": ""},
    ]
    tables = read(tmp_path, "vehicle_thefts", rows).tables
    found = {s: count_of(tables["counts"], s, "E09000006")["2021-11"] for s in set(tables["counts"]["series"])}
    assert found == {
        "vehicle_theft_car": 1,
        "vehicle_theft_van": 0,
        "vehicle_theft_moped_scooter": 1,
        "vehicle_theft_motorcycle": 0,
        "vehicle_theft_other": 0,
    }
    assert sorted(tables["vehicle_thefts"]["make"]) == ["", "Land Rover"]


def test_a_registered_keepers_address_in_the_make_is_set_aside(tmp_path):
    rows = [*numbered("record_id", 200), {"record_id": "bad", "make": "Ford, 12 High Street, BR1 1AA"}]
    rejected = read(tmp_path, "vehicle_thefts", rows).rejected
    assert rejected[["line", "column", "value"]].values.tolist() == [[202, "make", ""]]


def test_ordinary_notes_are_not_about_persons():
    notes = ["service full", "one adviser post vacant", "IDVA team short in Q3", "Closed for a week", "12 of 20 places"]
    assert [personal_kind(note) for note in notes] == [""] * 5


# --- survey ----------------------------------------------------------------------------------------------------


def test_responses_become_counts_and_blank_answers_none(tmp_path):
    rows = [
        {"response_id": "1", "contact_ward_officer": "yes"},
        {"response_id": "2", "contact_ward_officer": "Yes"},
        {"response_id": "3", "contact_ward_officer": ""},
    ]
    table = read(tmp_path, "local_survey", rows).tables["survey_responses"]
    contact = table[table["question"] == "contact_ward_officer"]
    assert contact[["month", "ward_code", "age_band", "sex", "answer", "count"]].values.tolist() == [
        ["2021-11", "E05000109", "30-44", "female", "yes", 2]
    ]
    assert "response_id" not in table


@pytest.mark.parametrize("name", list(SETTINGS.templates))
def test_a_header_is_recognised_as_one_template_only(name):
    header = list(templates.form_of(name, SETTINGS).columns)
    assert [other for other in SETTINGS.templates if templates.recognises(header, other, SETTINGS)] == [name]
