"""Files of the two MPS sources made to break something: refused in one line, by file, with nothing half-written."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from mps_files import DASHBOARD, csv_text, dashboard_row, put, tree_hash

from crimelib.errors import CrimelibError
from crimelib.settings import load_settings
from crimelib.tables.clean import clean

GOOD = "MajorText,MinorText,LookUp_BoroughName,202110,202111\nBurglary,Domestic Burglary,Bromley,1,2\n"
ROW = "Burglary,Domestic Burglary,Bromley,1,2\n"
DASH = csv_text(DASHBOARD, [dashboard_row("01/11/2021", "Bromley", "E09000006", "Hate crime", "Hate crime", 3)])
HOSTILE: dict[str, tuple[str, str | bytes]] = {
    "a formula for an area": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "=cmd|'/c calc'!A1")),
    "a script for an area": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "<script>alert(1)</script>")),
    "a path for an area": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "../../etc/passwd")),
    "an escape sequence": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "\x1b]0;title\x07")),
    "text that runs backwards": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "\u202eyelmorB")),
    "a line break inside a field": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", '"Brom\nley"')),
    "a very long field": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "B" * 100_000)),
    "an endless field": ("mps_recorded_crime", GOOD + ROW.replace("Bromley", "B" * 200_000)),
    "a number too large": ("mps_recorded_crime", GOOD.replace(",2\n", ",99999999999999999999\n")),
    "not a number": ("mps_recorded_crime", GOOD.replace(",2\n", ",nan\n")),
    "infinity": ("mps_recorded_crime", GOOD.replace(",2\n", ",inf\n")),
    "hexadecimal": ("mps_recorded_crime", GOOD.replace(",2\n", ",0x10\n")),
    "an underscore": ("mps_recorded_crime", GOOD.replace(",2\n", ",1_000\n")),
    "a full-width digit": ("mps_recorded_crime", GOOD.replace(",2\n", ",\uff12\n")),
    "a zip": ("mps_recorded_crime", b"PK\x03\x04" + bytes(200)),
    "a workbook renamed": ("mps_recorded_crime", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1" + bytes(500)),
    "gzip": ("mps_recorded_crime", b"\x1f\x8b\x08\x00" + bytes(50)),
    "xml": (
        "mps_recorded_crime",
        '<?xml version="1.0"?><!DOCTYPE a [<!ENTITY b SYSTEM "file:///etc/passwd">]><a>&b;</a>',
    ),
    "json": ("mps_recorded_crime", '{"error": "not found"}'),
    "a cut-off download": ("mps_recorded_crime", GOOD[:-12]),
    "cut off within a quote": ("mps_recorded_crime", GOOD + 'Burglary,"Domestic'),
    "ten thousand columns": ("mps_recorded_crime", ",".join(f"c{n}" for n in range(10_000)) + "\n"),
    "semicolons": ("mps_recorded_crime", GOOD.replace(",", ";")),
    "tabs": ("mps_recorded_crime", GOOD.replace(",", "\t")),
    "the dashboard's columns": ("mps_recorded_crime", DASH),
    "the recorded file's columns": ("mps_monthly_dashboard", GOOD),
    "month first": ("mps_monthly_dashboard", DASH.replace("01/11/2021", "11/01/2021").replace("11/01", "11/15")),
    "a date of a spreadsheet": ("mps_monthly_dashboard", DASH.replace("01/11/2021", "44501")),
    "a script for a crime type": (
        "mps_monthly_dashboard",
        DASH.replace("Hate crime,Hate", "Hate crime,<img src=x>Hate"),
    ),
    "a script for a borough": ("mps_monthly_dashboard", DASH.replace("Bromley,Bromley", "<b>,<b>")),
    "a count in words": ("mps_monthly_dashboard", DASH.replace(",3,", ",three,")),
    "a count of NA": ("mps_monthly_dashboard", DASH.replace(",3,", ",NA,")),
    "the same line again": ("mps_monthly_dashboard", DASH + DASH.split("\n")[1] + "\n"),
    "utf-16": ("mps_monthly_dashboard", DASH.encode("utf-16")),
    "nothing": ("mps_monthly_dashboard", b""),
    "a mark and nothing": ("mps_monthly_dashboard", b"\xef\xbb\xbf\n"),
    "nul bytes": ("mps_monthly_dashboard", DASH.encode() + b"\0" * 10),
}


@pytest.fixture(scope="module")
def good(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A good file and its tables."""
    folder = tmp_path_factory.mktemp("good")
    put(folder / "raw", GOOD, vintage="2021-12")
    clean(folder / "raw", folder / "processed", load_settings())
    return folder


@pytest.fixture
def before(good: Path, tmp_path: Path) -> dict[str, str]:
    """The tables of a good file, by hash."""
    shutil.copytree(good, tmp_path, dirs_exist_ok=True)
    return tree_hash(tmp_path / "processed")


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_file_is_refused_and_changes_nothing(tmp_path: Path, before: dict[str, str], kind: str) -> None:
    source, content = HOSTILE[kind]
    put(tmp_path / "raw", content, source, "2022-01", "hostile.csv")
    with pytest.raises(CrimelibError) as caught:
        clean(tmp_path / "raw", tmp_path / "processed", load_settings())
    message = str(caught.value)
    assert caught.value.exit_status == 2
    assert message.startswith(f"{source}/2022-01/hostile.csv")
    assert message.isprintable()
    assert len(message) < 1000
    assert tree_hash(tmp_path / "processed") == before


def test_a_hostile_file_name_is_told_in_one_line(tmp_path: Path, before: dict[str, str]) -> None:
    put(tmp_path / "raw", "x", vintage="2022-01\x1b[31m", name="evil\nname.csv")
    done = subprocess.run(
        [
            sys.executable,
            "-m",
            "crimelib.cli",
            "clean",
            "--raw",
            tmp_path / "raw",
            "--processed",
            tmp_path / "processed",
        ],
        capture_output=True,
        text=True,
    )
    assert done.returncode == 2
    assert len([line for line in done.stderr.splitlines() if "evil" in line]) == 1
    assert "Traceback" not in done.stderr
    assert "\x1b" not in done.stderr
    assert tree_hash(tmp_path / "processed") == before
