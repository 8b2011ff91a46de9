"""The files of a new period: all or none, never over what is there, and read back by what reads them."""

from __future__ import annotations

import os
import shutil
from pathlib import Path

import pandas as pd
import pytest

from crimelib.board.actions import open_actions
from crimelib.board.commentary import commented_items, missing_comments
from crimelib.board.new_period import new_period
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT, Settings

NAMES = ["periods/2021-12.yml", "claims/2021-12.yml", "commentary/2021-12.md"]


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    return Path(shutil.copytree(PROJECT_ROOT / "parameters", tmp_path / "parameters"))


def files(folder: Path) -> dict[str, bytes]:
    paths = [path for path in folder.rglob("*") if path.is_file()]
    return {path.relative_to(folder).as_posix(): path.read_bytes() for path in paths}


def test_the_new_files_are_read_back(folder: Path) -> None:
    before = files(folder)
    written = new_period(folder, "2021-12")
    assert [path.relative_to(folder).as_posix() for path in written] == NAMES
    assert files(folder).keys() - before.keys() == set(NAMES)
    settings, period = Settings(folder), pd.Period("2021-12", "M")
    assert settings.period("2021-12").model_dump() == settings.period("2021-11").model_dump() | {"period": "2021-12"}
    assert settings.claims("2021-12").claims == {}
    assert missing_comments(settings, period, "Bromley") == commented_items(settings)


def test_the_commented_example_is_a_statement_once_uncommented(folder: Path) -> None:
    _, claims, _ = new_period(folder, "2021-12")
    text = claims.read_text(encoding="utf-8")
    example = text[text.index("# claims:") : text.index("area:")].replace("# ", "", 1).replace("\n# ", "\n")
    claims.write_text(f'area: "Bromley"\n{example}', encoding="utf-8")
    assert set(Settings(folder).claims("2021-12").claims) == {"burglary", "speeding"}


def test_open_actions_carry_over_by_themselves(folder: Path) -> None:
    new_period(folder, "2021-12")
    settings = Settings(folder)
    then, now = (open_actions(settings, pd.Period(month, "M"), "asb") for month in ("2021-11", "2021-12"))
    assert now == then != []


def test_the_area_of_the_period_before_is_kept(folder: Path) -> None:
    period = folder / "periods" / "2021-11.yml"
    period.write_text(period.read_text(encoding="utf-8").replace("Bromley", "Croydon"), encoding="utf-8")
    new_period(folder, "2022-03")
    assert Settings(folder).period("2022-03").area == "Croydon"
    assert Settings(folder).claims("2022-03").area == "Croydon"


@pytest.mark.parametrize("name", NAMES)
def test_a_file_that_is_there_is_kept_and_nothing_else_written(folder: Path, name: str) -> None:
    (folder / name).write_text("mine", encoding="utf-8")
    before = files(folder)
    with pytest.raises(InputError, match=f"{name}: the file is there already"):
        new_period(folder, "2021-12")
    assert files(folder) == before


@pytest.mark.parametrize("fails_at", [1, 2, 3])
def test_a_disk_that_fails_leaves_nothing(folder: Path, monkeypatch: pytest.MonkeyPatch, fails_at: int) -> None:
    before, calls, link = files(folder), [], os.link

    def failing(source: Path, target: Path) -> None:
        calls.append(target)
        if len(calls) == fails_at:
            raise OSError(28, "No space left on device")
        link(source, target)

    monkeypatch.setattr(os, "link", failing)
    with pytest.raises(InputError, match="No space left on device"):
        new_period(folder, "2021-12")
    assert files(folder) == before


@pytest.mark.parametrize("period", ["2021-13", "december", "../../2021-12", ""])
def test_what_is_no_month_is_refused(folder: Path, period: str) -> None:
    before = files(folder)
    with pytest.raises(InputError, match="is not a month"):
        new_period(folder, period)
    assert files(folder) == before
