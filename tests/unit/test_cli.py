"""The command line: what it lists, what it refuses, and what it writes."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path

import pytest
from mps_files import lay_small, put, tree_hash

import crimelib.cli
from crimelib.board.summary import COLUMNS
from crimelib.settings import load_settings
from crimelib.tables.clean import clean


class Ran:
    """What a command printed, and how it ended."""

    def __init__(self, capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch, *words: object) -> None:
        monkeypatch.setattr(sys, "argv", ["crimelib", *map(str, words)])
        try:
            crimelib.cli.main()
            self.status = 0
        except SystemExit as end:
            self.status = int(end.code or 0)
        self.out, self.err = capfd.readouterr()


@pytest.fixture
def run(capfd: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch):
    return lambda *words: Ran(capfd, monkeypatch, *words)


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("small")
    clean(lay_small(folder / "raw"), folder / "processed", load_settings())
    return folder


def test_help_lists_the_commands(run) -> None:
    ran = run("--help")
    assert ran.status == 0
    for command in ("sample", "clean", "summary", "run", "verify", "new-period", "template"):
        assert f"\n  {command} " in ran.out


def test_help_needs_no_tables_and_no_charts() -> None:
    slow = {"pandas", "altair", "papermill", "scipy", "jupyterlab"}
    code = f"import sys, crimelib.cli; print(sorted({slow} & set(sys.modules)))"
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


@pytest.mark.parametrize(
    "words",
    [
        ["nothing"],
        ["summary", "--aera", "Bromley"],
        ["summary", "--period"],
        ["run", "--jobs", "-1"],
        ["run", "--jobs", "two"],
        ["summary", "Bromley"],
    ],
)
def test_a_wrong_command_or_option_ends_with_2(run, words: list[str]) -> None:
    ran = run(*words)
    assert ran.status == 2
    assert "Traceback" not in ran.err


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (["--area", "Bromly"], "no area is called 'Bromly'; nearest known: Bromley"),
        (["--area", "Unknown"], "no area is called"),
        (["--area", ""], "no area is called ''"),
        (["--area", "../../etc"], "no area is called"),
        (["--area", "Brom\nley\x1b[31m"], r"no area is called 'Brom\nley\x1b[31m'"),
        (["--period", "2021-13"], "period '2021-13' is not a month"),
        (["--period", "2021.11"], "period '2021.11' is not a month"),
        (["--period", "2030-01"], "no source has Bromley in 2030-01; the data cover 2019-12 to 2021-11"),
        (["--audience", "press"], "no audience is called 'press'; known: board, partner, public"),
        (["--parameters", "/nowhere"], "no parameters folder"),
        (["--processed", "/nowhere"], "nothing has been cleaned yet; run `crimelib clean`"),
        (["--csv", "/nowhere/x.csv"], "no folder 'nowhere'"),
    ],
)
def test_bad_input_is_one_line_and_status_2(run, small: Path, words: list[str], told: str) -> None:
    ran = run("summary", "--processed", small / "processed", *words)
    assert ran.status == 2
    assert ran.out == ""
    assert len(ran.err.splitlines()) == 1
    assert told in ran.err


def test_summary_writes_the_contract_s_csv(run, small: Path, tmp_path: Path) -> None:
    ran = run("summary", "--processed", small / "processed", "--csv", tmp_path / "summary.csv")
    assert ran.status == 0
    content = (tmp_path / "summary.csv").read_bytes()
    assert b"\r" not in content
    assert not content.startswith(b"\xef\xbb\xbf")
    rows = list(csv.DictReader(content.decode().splitlines()))
    assert list(rows[0]) == COLUMNS
    burglary = next(row for row in rows if row["measure"] == "burglary" and row["window"] == "rolling_12")
    assert (burglary["current"], burglary["previous"], burglary["change"], burglary["pct_change"]) == (
        "144",
        "144",
        "0",
        "0.0",
    )
    nothing = next(row for row in rows if row["status"] == "no_data")
    assert {nothing[name] for name in ("current", "previous", "change", "pct_change", "p_value", "signal")} == {""}
    assert [path.name for path in tmp_path.iterdir()] == ["summary.csv"]


def test_summary_shows_a_table(run, small: Path) -> None:
    ran = run("summary", "--processed", small / "processed")
    assert ran.status == 0
    assert "Burglary" in ran.out
    assert "llustrative" not in ran.out


def test_clean_names_the_file_and_changes_nothing(run, tmp_path: Path) -> None:
    raw, processed = tmp_path / "raw", tmp_path / "processed"
    put(raw, "MajorText,MinorText,LookUp_BoroughName,202111\nBurglary,Domestic Burglary,Bromley,1\n")
    assert run("clean", "--raw", raw, "--processed", processed).status == 0
    before = tree_hash(processed)
    put(raw, "MajorText,MinorText,LookUp_BoroughName,202111\nBurglary,Domestic Burglary,Bromley,x\n", vintage="2022-01")
    ran = run("clean", "--raw", raw, "--processed", processed)
    assert ran.status == 2
    refusal = ran.err.splitlines()[-1]
    assert refusal.startswith("crimelib: mps_recorded_crime/2022-01/f.csv, line 2, column '202111', value 'x'")
    assert "Traceback" not in ran.err
    assert tree_hash(processed) == before


def test_a_folder_that_cannot_be_written_is_one_line_and_status_1(run, tmp_path: Path) -> None:
    raw = tmp_path / "raw"
    put(raw, "MajorText,MinorText,LookUp_BoroughName,202111\nBurglary,Domestic Burglary,Bromley,1\n")
    (tmp_path / "file").write_text("in the way")
    ran = run("clean", "--raw", raw, "--processed", tmp_path / "file/processed")
    assert ran.status == 1
    assert "Traceback" not in ran.err
    assert ran.err.splitlines()[-1].startswith("crimelib: Not a directory")
