"""The row of mutants says what was caught, and fails when that is too little."""

from __future__ import annotations

import json
from pathlib import Path

import mutants
import pytest

NONE = {"killed": 0, "timeout": 0, "survived": 0, "no_tests": 0, "suspicious": 0, "segfault": 0, "skipped": 0}


def counts(total: int, **of_kinds: int) -> dict[str, int]:
    return NONE | of_kinds | {"total": total}


def test_the_row_has_every_count() -> None:
    assert mutants.line(counts(200, killed=190, timeout=2, survived=5, no_tests=3)) == (
        "mutants seeded into measures, stats and disclosure: 200 generated, 200 tried, 192 caught (2 by running out of "
        "time), 8 survived (3 where no test comes): 96.0% caught, 95% wanted"
    )


@pytest.mark.parametrize(
    ("found", "status"),
    [
        (counts(100, killed=95, survived=5), 0),
        (counts(100, killed=90, timeout=5, no_tests=5), 0),
        (counts(100, killed=94, survived=6), 1),
        (counts(100, killed=94, suspicious=3, segfault=3), 1),
        (counts(1000, killed=100), 1),
        (counts(0), 1),
    ],
    ids=["enough", "no end counts as caught", "too few", "not a failed test", "hardly any tried", "none generated"],
)
def test_too_few_caught_fails(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str], found: dict, status: int
) -> None:
    monkeypatch.chdir(tmp_path)
    mutants.COUNTS.parent.mkdir()
    mutants.COUNTS.write_text(json.dumps(found), encoding="utf-8")
    assert mutants.main() == status
    assert capsys.readouterr().out.endswith("too few\n") == bool(status)
