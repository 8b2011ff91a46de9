"""The attacks that a pack must withstand: which tests try each, how many are wanted, and the table of what was run.

``--checks=whole`` (``make check-long``) fails a row that ran fewer than wanted, ``--checks=part`` (``make test``) one
of which nothing ran. A test counts once for each of its cases; one that repeats itself says so with
``record_property("times", n)``. What is skipped, with its reason, is not missed, but under ``CI`` nothing may be.
"""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase

import pytest


@dataclass(frozen=True)
class Check:
    """A row of the table: what is tried, how often in ``make check-long``, and by which tests (patterns of node
    identifiers without their parameters)."""

    title: str
    wanted: int
    tests: tuple[str, ...]


PROPERTIES = "tests/properties/test_"
RECHECK = "tests/unit/production/test_recheck.py::test_"
PACK_FILES = "tests/unit/production/test_pack_files.py::test_"
CHECKS = (
    Check(
        "malformed input files",
        80,
        (
            "tests/hostile/test_malformed_sources.py::*",
            "tests/hostile/test_hostile_mps.py::*",
            "tests/hostile/test_hostile_police_uk.py::*",
        ),
    ),
    Check(
        "properties that hold for every input",
        15,
        (f"{PROPERTIES}named_properties.py::*", f"{PROPERTIES}properties_core.py::*", f"{PROPERTIES}stats.py::*"),
    ),
    Check("kill -9 at each stage", 210, ("tests/faults/test_killed_at_each_stage.py::*",)),
    Check("disk full and read-only folders", 14, ("tests/faults/test_full_disks.py::*",)),
    Check("two runs of one period at once", 50, ("tests/faults/test_runs_at_once.py::test_two_runs_*",)),
    Check("eight runs at once, mixed", 20, ("tests/faults/test_runs_at_once.py::test_eight_runs_*",)),
    Check("injection into every output", 240, ("tests/browser/test_injection.py::test_a*",)),
    Check("hostile parameters and paths", 30, ("tests/hostile/test_hostile_parameters.py::*",)),
    Check("downloader", 20, ("tests/hostile/test_hostile_fetch.py::*",)),
    Check(
        "tampered or stale packs",
        20,
        (f"{RECHECK}*altered*", f"{RECHECK}*stale*", f"{RECHECK}*found", f"{PACK_FILES}verify_*"),
    ),
    Check("twelve months replayed, with revisions", 12, ("tests/faults/test_months_replayed.py::*",)),
    Check("locales, time zones and Pythons", 9, ("tests/faults/test_same_everywhere.py::*",)),
    Check("soak: packs in a row", 200, ("tests/faults/test_soak.py::*",)),
)


def row_of(nodeid: str, checks: Iterable[Check] = CHECKS) -> str | None:
    """The title of the row that a test counts for."""
    name = nodeid.split("[")[0]
    found = (check.title for check in checks if any(fnmatchcase(name, pattern) for pattern in check.tests))
    return next(found, None)


class Tally:
    """How often each row was run, passed and skipped."""

    def __init__(self) -> None:
        self.passed: Counter[str] = Counter()
        self.failed: Counter[str] = Counter()
        self.skipped: Counter[str] = Counter()

    def add(self, report: pytest.TestReport) -> None:
        """Count a report: the call of a test, or its set-up or end where that did not pass."""
        row = row_of(report.nodeid)
        if row is None or (report.when != "call" and report.passed):
            return
        times = dict(report.user_properties).get("times", 1)
        {"passed": self.passed, "failed": self.failed, "skipped": self.skipped}[report.outcome][row] += times

    def run(self, row: str) -> int:
        return self.passed[row] + self.failed[row]

    def short(self, asked: str, environment: Mapping[str, str]) -> list[Check]:
        """The rows of which too little was run."""
        may_skip = not environment.get("CI")
        done = {check.title: self.run(check.title) + (self.skipped[check.title] if may_skip else 0) for check in CHECKS}
        return [check for check in CHECKS if done[check.title] < (check.wanted if asked == "whole" else 1)]

    def lines(self, short: Iterable[Check]) -> list[str]:
        """The table, a line each row."""
        missed = {check.title for check in short}
        width = max(len(check.title) for check in CHECKS)
        head = f"{'':{width}}  {'wanted':>6} {'run':>6} {'passed':>6} {'skipped':>7}"
        return [head, *(self._line(check, width, check.title in missed) for check in CHECKS)]

    def _line(self, check: Check, width: int, missed: bool) -> str:
        row = check.title
        numbers = f"{check.wanted:>6} {self.run(row):>6} {self.passed[row]:>6} {self.skipped[row]:>7}"
        return f"{row:{width}}  {numbers}{'  too few' if missed else ''}"


class Table:
    """The plugin that counts in the process that reports, however many workers run the tests."""

    def __init__(self, asked: str) -> None:
        self.asked, self.tally = asked, Tally()

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        self.tally.add(report)

    def pytest_sessionfinish(self, session: pytest.Session) -> None:
        if self.tally.short(self.asked, os.environ) and session.exitstatus == pytest.ExitCode.OK:
            session.exitstatus = pytest.ExitCode.TESTS_FAILED

    def pytest_terminal_summary(self, terminalreporter: pytest.TerminalReporter) -> None:
        wanted = "in full" if self.asked == "whole" else "in part (`make check-long` runs them in full)"
        terminalreporter.section(f"what a pack must withstand, {wanted}")
        for line in self.tally.lines(self.tally.short(self.asked, os.environ)):
            terminalreporter.write_line(line)


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--checks", choices=("part", "whole"), help="the table of attacks, and how many must have run")


def pytest_configure(config: pytest.Config) -> None:
    asked = config.getoption("--checks")
    if asked and not hasattr(config, "workerinput"):
        config.pluginmanager.register(Table(asked), "crimelib-checks")
