"""The log of commands: every line an object, what was said and how it ended, and nothing that no log should hold."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path

import pytest
from mps_files import lay_small

import crimelib.cli
from crimelib.errors import InputError
from crimelib.journal import VARIABLE, journaled, say


def entries(path: Path) -> list[dict]:
    return [json.loads(line) for line in path.read_text(encoding="utf-8").splitlines()]


@pytest.fixture
def log(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "log.jsonl"))
    return tmp_path / "log.jsonl"


def command(monkeypatch: pytest.MonkeyPatch, *words: object) -> int:
    monkeypatch.setattr(sys, "argv", ["crimelib", *map(str, words)])
    with pytest.raises(SystemExit) as end:
        crimelib.cli.main()
    return int(end.value.code or 0)


def test_a_command_is_written_down_from_its_words_to_its_status(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    lay_small(tmp_path / "raw")
    assert command(monkeypatch, "clean", "--raw", tmp_path / "raw", "--processed", tmp_path / "processed") == 0
    began, *said, ended = entries(log)
    assert (began["event"], began["words"][0]) == ("began", "clean")
    assert [entry["text"] for entry in said] == capfd.readouterr().out.splitlines()
    assert (ended["event"], ended["status"], ended["level"]) == ("ended", 0, "info")
    assert ended["seconds"] > 0
    assert len({entry["process"] for entry in entries(log)}) == 1


def test_an_error_is_its_line_and_its_status(log: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    assert command(monkeypatch, "run", "--area", "Nowhere\n{}", "--period", "2021-11") == 2
    _, said, ended = entries(log)
    assert said["level"] == "warning"
    assert "Nowhere\\n" in said["text"]
    assert (ended["status"], ended["level"]) == (2, "error")


def test_figures_that_were_asked_for_go_to_the_terminal_alone(
    log: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capfd: pytest.CaptureFixture[str]
) -> None:
    folders = ["--raw", lay_small(tmp_path / "raw"), "--processed", tmp_path / "processed"]
    assert command(monkeypatch, "clean", *folders) == 0
    capfd.readouterr()
    log.unlink()
    assert command(monkeypatch, "summary", *folders) == 0
    assert "▲ increase" in capfd.readouterr().out
    assert [entry["event"] for entry in entries(log)] == ["began", "ended"]


def test_what_breaks_within_is_written_down_as_failed(log: Path) -> None:
    def broken(words: Sequence[str]) -> int:
        say("so far")
        raise ZeroDivisionError

    with pytest.raises(ZeroDivisionError):
        journaled(broken, ["run"])
    assert [entry["event"] for entry in entries(log)] == ["began", "said", "ended"]
    assert entries(log)[-1]["status"] == 1


def test_logs_are_added_to_and_a_hostile_text_stays_one_line(log: Path) -> None:
    for text in ("one", 'two"}\n{"event": "forged"}', "\udcff"):
        journaled(lambda words, text=text: say(text.encode("utf-8", "replace").decode()) or 0, ["clean"])
    assert [entry["event"] for entry in entries(log)] == ["began", "said", "ended"] * 3


def test_without_the_variable_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv(VARIABLE, raising=False)
    monkeypatch.chdir(tmp_path)
    assert journaled(lambda words: say("heard") or 0, ["clean"]) == 0
    assert not list(tmp_path.iterdir())


def test_a_log_that_cannot_be_written_stops_the_command(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv(VARIABLE, str(tmp_path / "absent" / "log.jsonl"))
    with pytest.raises(InputError, match="the log cannot be written"):
        journaled(lambda words: pytest.fail("was run"), ["clean"])
