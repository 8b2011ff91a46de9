"""Every source's file, broken in every way that files break: refused by name and place, and nothing published."""

from __future__ import annotations

import re
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from mps_files import put, tree_hash

from crimelib.errors import CrimelibError
from crimelib.settings import PROJECT_ROOT, load_settings
from crimelib.sources.registry import MODULES
from crimelib.tables.clean import clean

RAW = PROJECT_ROOT / "data/raw"
VINTAGE = "2022-01"
LOOKUP = (
    "LSOA21CD,LSOA21NM,WD24CD,WD24NM,LAD24CD,LAD24NM\n"
    "E01000649,Bromley 007B,E05013988,Bickley & Sundridge,E09000006,Bromley\n"
    "E01000650,Bromley 007C,E05013988,Bickley & Sundridge,E09000006,Bromley\n"
)
FEW_LINES = 30
LONGEST = 6000  # a return lists its first forty faults
# These could hold words about a person: their values are named by line and column, and not repeated.
LOCAL = {"asb_calls", "vehicle_thefts", "local_survey", "partner_returns", "engagement", "victim_service"}
LOCAL |= {"offence_recency", "offence_times", "resident_reports"}
# A cell that must hold something else, by source: as it stands in the good file, and as it is spoilt.
SPOILT = {
    "mps_recorded_crime": ("Bromley,0,", "Bromley,none,"),
    "mps_monthly_dashboard": ("01/04/2017", "2017-04-31"),
    "mps_vawg": ("2018-01-01", "2018-13-01"),
    "police_uk": ("Anti-social behaviour", "Antisocial behaviour"),
    "mopac_pas": (",0.72,", ",72%,"),
    "geography": ("E09000006", "E0900000X"),
    "partner_returns": (",dvpn_dvpo,", ",number_of,"),
    "asb_calls": ("2021-04-01", "01/04/2021"),
    "vehicle_thefts": (",car,", ",tank,"),
    "licensed_vehicles": ("154.200", "many"),
    "local_survey": (",excellent,", ",superb,"),
    "engagement": (",posts,", ",postings,"),
    "victim_service": ("hate_crime", "crime_hate"),
    "resident_reports": ("speeding", "racing"),
    "offence_recency": (",recent,", ",recently,"),
    "offence_times": (",monday,", ",mondag,"),
}


def good(source: str) -> tuple[str, str]:
    """Name and text of a small good file of the source."""
    if source == "geography":
        return "lookup.csv", LOOKUP
    path = max((RAW / source).glob("illustrative*/**/*.csv"))
    lines = path.read_text(encoding="utf-8").splitlines(keepends=True)
    return path.name, "".join(lines if source == "local_survey" else lines[:FEW_LINES])


def header_line(source: str) -> int:
    return 1 if source == "licensed_vehicles" else 0


def spoil_header(source: str, text: str, change: Callable[[str], str]) -> str:
    lines = text.splitlines(keepends=True)
    lines[header_line(source)] = change(lines[header_line(source)])
    return "".join(lines)


def a_name(source: str, header: str) -> str:
    """A column that the source cannot do without."""
    return header.split(",")[1 if source == "mps_vawg" else 0].strip()


WHOLE = {
    "empty": lambda source, text: "",
    "blank lines": lambda source, text: "\n \n\n",
    "UTF-16": lambda source, text: text.encode("utf-16"),
    "a page in its place": lambda source, text: "<!DOCTYPE html><html><body>Sign in</body></html>",
    "NUL bytes": lambda source, text: text.encode() + b"\0" * 8,
    "only its header": lambda source, text: "".join(text.splitlines(keepends=True)[: header_line(source) + 1]),
    "a column renamed": lambda source, text: spoil_header(
        source, text, lambda line: line.replace(a_name(source, line), "Spalte", 1)
    ),
    "a column twice": lambda source, text: spoil_header(
        source, text, lambda line: line.replace(line.split(",")[2], line.split(",")[1], 1)
    ),
}
IN_A_LINE = {
    "an extra field": lambda source, text: text.removesuffix("\n") + ",x\n",
    "cut short": lambda source, text: text.rstrip("\n").rsplit(",", 1)[0],
    "a quote left open": lambda source, text: text.rstrip("\n").rsplit("\n", 1)[0] + '\n"left open,1,2\n',
    "latin-1": lambda source, text: text.encode() + "caf\xe9,".encode("latin-1"),
    "a spoilt value": lambda source, text: text.replace(*SPOILT[source], FEW_LINES),
}


def refused(tmp_path: Path, source: str, content: str | bytes) -> str:
    """The line with which a clean refuses a file, having published nothing."""
    name, _ = good(source)
    put(tmp_path / "raw", content, source, VINTAGE, name)
    with pytest.raises(CrimelibError) as caught:
        clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    told = str(caught.value)
    assert caught.value.exit_status == 2
    assert told.startswith(f"{source}/{VINTAGE}/{name}")
    assert told.isprintable()
    assert len(told) < LONGEST
    assert tree_hash(tmp_path / "processed") == {}
    return told


def test_every_source_is_tried() -> None:
    assert set(SPOILT) == set(MODULES)


@pytest.mark.parametrize("source", MODULES)
def test_the_file_is_good_until_it_is_broken(tmp_path: Path, source: str) -> None:
    name, text = good(source)
    assert SPOILT[source][0] in text
    put(tmp_path / "raw", text, source, VINTAGE, name)
    result = clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    assert [entry.rejected for entry in result.catalogue.entries] == [0]


@pytest.mark.parametrize("source", MODULES)
@pytest.mark.parametrize("way", WHOLE)
def test_what_is_no_such_file_is_refused_by_name(tmp_path: Path, source: str, way: str) -> None:
    refused(tmp_path, source, WHOLE[way](source, good(source)[1]))


@pytest.mark.parametrize("source", MODULES)
@pytest.mark.parametrize("way", IN_A_LINE)
def test_a_broken_line_is_refused_by_its_number(tmp_path: Path, source: str, way: str) -> None:
    told = refused(tmp_path, source, IN_A_LINE[way](source, good(source)[1]))
    assert re.search(r"line \d+", told), told


@pytest.mark.parametrize("source", MODULES)
def test_a_spoilt_value_is_told_or_the_column_where_it_could_be_about_a_person(tmp_path: Path, source: str) -> None:
    told = refused(tmp_path, source, good(source)[1].replace(*SPOILT[source], FEW_LINES))
    value = SPOILT[source][1].strip(",").rpartition(",")[2]
    assert (value in told) == (source not in LOCAL), told
    assert source not in LOCAL or re.search(r"column '\w+'", told), told


def test_the_command_ends_with_2_and_one_line(tmp_path: Path) -> None:
    name, text = good("engagement")
    put(tmp_path / "raw", text.replace(*SPOILT["engagement"]), "engagement", VINTAGE, name)
    folders = ["--raw", tmp_path / "raw", "--processed", tmp_path / "processed"]
    done = subprocess.run([sys.executable, "-m", "crimelib", "clean", *folders], capture_output=True, text=True)
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if line.startswith("crimelib: ")]) == 1
    assert "Traceback" not in done.stderr
