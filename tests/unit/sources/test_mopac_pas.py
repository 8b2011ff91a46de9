"""The Public Attitude Survey in every way that a workbook re-saves it."""

from pathlib import Path

import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import mopac_pas
from crimelib.sources.discovery import RawFile

SETTINGS = load_settings()
HEADER = "Date,Survey,Borough,Measure,Proportion,MPS"


def read(folder: Path, text: str):
    path = folder / "PAS_Dashboard_Borough.csv"
    path.write_text(text, encoding="utf-8")
    return mopac_pas.read(RawFile(path, "mopac_pas", "2024-01"), SETTINGS)


def records(folder: Path, text: str) -> set[tuple]:
    return set(read(folder, text).tables["perception"].itertuples(index=False, name=None))


EXPECTED = {
    ("2021-09", "E09000006", "contact_ward_officer", 0.31, 0.27),
    ("2021-09", "E12000007", "contact_ward_officer", 0.27, 0.27),
}


@pytest.mark.parametrize(
    "text",
    [
        f"{HEADER}\n9/30/2021,PAS,Bromley,Contact ward officer,0.31,0.27\n",
        f"{HEADER}\n30/09/2021,PAS,Bromley,Contact ward officer,0.31,0.27\n",
        f"{HEADER}\n2021-09-30,PAS,Bromley,Contact ward officer,0.31,0.27\n",
        f'{HEADER}\n30/09/2021,PAS,Bromley,Contact ward officer,"0,31","0,27"\n',
        f"{HEADER.replace(',', ';')}\n30/09/2021;PAS;Bromley;Contact ward officer;0,31;0,27\n",
        f"{HEADER.replace(',', ';')};;\r\n30.09.2021;PAS;Bromley;Contact ward officer;0.31;0.27;;\r\n;;;;;;;\r\n",
        f"\ufeff{HEADER},,,,\n30/09/2021,PAS,Bromley,contact  ward OFFICER,0.310,0.27,,,,\n",
    ],
)
def test_every_way_of_saving_it_says_the_same(tmp_path, text):
    assert records(tmp_path, text) == EXPECTED


def test_the_order_of_day_and_month_comes_from_the_whole_column(tmp_path):
    found = records(
        tmp_path,
        f"{HEADER}\n03/06/2021,PAS,Bromley,Trust MPS,0.5,0.6\n12/31/2021,PAS,Bromley,Trust MPS,0.5,0.6\n",
    )
    assert {row[0] for row in found} == {"2021-03", "2021-12"}


def test_city_of_westminster_is_westminster(tmp_path):
    found = records(tmp_path, f'{HEADER}\n2021-09-30,PAS,City of Westminster,"""Good Job"" local",0.5,0.6\n')
    assert ("2021-09", "E09000033", "good_job", 0.5, 0.6) in found


def test_a_note_in_a_column_without_a_name_is_reported_and_not_read(tmp_path):
    cleaned = read(
        tmp_path,
        f"{HEADER},,\n2021-09-30,PAS,Bromley,Trust MPS,0.5,0.6,,\n2021-09-30,PAS,Bexley,Trust MPS,0.4,0.6,Trust,0.71\n",
    )
    assert len(cleaned.tables["perception"]) == 3
    assert cleaned.rejected[["line", "column", "value"]].to_dict("records") == [
        {"line": 3, "column": "(no name)", "value": ""}
    ]


GOOD = "2021-09-30,PAS,Bromley,Trust MPS,0.5,0.6"


@pytest.mark.parametrize(
    ("text", "says"),
    [
        ("03/06/2021,PAS,Bromley,Trust MPS,0.5,0.6", "cannot be told apart"),
        ("30/09/2021,PAS,Bromley,Trust MPS,0.5,0.6\n12/31/2021,PAS,Bromley,Trust MPS,0.5,0.6", "order of the rest"),
        ("2021-10-31,PAS,Bromley,Trust MPS,0.5,0.6", "end of a quarter"),
        ("2021-09-31,PAS,Bromley,Trust MPS,0.5,0.6", "not a date"),
        (GOOD.replace("0.5", "50"), "not a proportion"),
        (GOOD.replace("0.5", ""), "not a proportion"),
        (GOOD.replace("0.5", "-0.5"), "not a proportion"),
        (GOOD.replace("0.5", "nan"), "not a proportion"),
        (GOOD.replace("Trust MPS", "Trusts MPS"), "nearest known: Trust MPS"),
        (GOOD.replace("Bromley", "Atlantis"), "no area is called that"),
        (f"{GOOD}\n{GOOD}", "same key as line 2"),
        (f"{GOOD}\n{GOOD.replace('Bromley', 'Bexley').replace('0.6', '0.7')}", "two figures for London"),
    ],
)
def test_a_wrong_value_refuses_the_file(tmp_path, text, says):
    with pytest.raises(InputError, match=says):
        read(tmp_path, f"{HEADER}\n{text}\n")


@pytest.mark.parametrize("header", ["Date,Survey,Borough,Measure,Proportion", f"{HEADER},Ward"])
def test_other_columns_are_refused(tmp_path, header):
    fields = ",".join(["x"] * (header.count(",") + 1))
    with pytest.raises(InputError, match=r"column '(MPS|Ward)'"):
        read(tmp_path, f"{header}\n{fields}\n")
