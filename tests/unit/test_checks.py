"""The table of attacks counts what ran, and says when that is too little."""

from __future__ import annotations

from fnmatch import fnmatchcase
from pathlib import Path

import pytest
from checks import CHECKS, Tally, row_of

TESTS = Path(__file__).resolve().parents[1]
ROW = CHECKS[0]
NODE = "tests/hostile/test_hostile_mps.py::test_it[a-b]"


def report(outcome: str, when: str = "call", times: int | None = None) -> pytest.TestReport:
    said = [("times", times)] if times else []
    return pytest.TestReport(NODE, ("", 0, ""), {}, outcome, None, when, user_properties=said)


def test_a_test_counts_for_its_row_whatever_its_parameters() -> None:
    assert row_of(NODE) == ROW.title
    assert row_of("tests/unit/test_areas.py::test_it") is None


@pytest.mark.parametrize("pattern", [pattern for check in CHECKS for pattern in check.tests])
def test_every_row_is_tried_by_tests_that_are_there(pattern: str) -> None:
    path, name = pattern.split("::")
    source = (TESTS.parent / path).read_text(encoding="utf-8")
    names = [line.split("(")[0].removeprefix("def ") for line in source.splitlines() if line.startswith("def test_")]
    assert [each for each in names if fnmatchcase(each, name)]


def test_what_ran_passed_and_was_skipped_is_counted_apart() -> None:
    tally = Tally()
    for outcome, when in (("passed", "setup"), ("passed", "call"), ("failed", "call"), ("failed", "setup")):
        tally.add(report(outcome, when))
    tally.add(report("passed", times=40))
    tally.add(report("skipped", "setup"))
    counted = (tally.run(ROW.title), tally.passed[ROW.title], tally.skipped[ROW.title])
    assert counted == (43, 41, 1)
    assert tally.lines([])[1].split()[-4:] == [str(ROW.wanted), "43", "41", "1"]


def test_too_few_is_said_and_a_skip_counts_only_outside_ci() -> None:
    tally = Tally()
    tally.add(report("passed", times=ROW.wanted - 1))
    assert ROW in tally.short("whole", {})
    assert ROW not in tally.short("part", {})
    tally.add(report("skipped"))
    assert ROW not in tally.short("whole", {})
    assert ROW in tally.short("whole", {"CI": "true"})
    assert tally.lines([ROW])[1].endswith("too few")
