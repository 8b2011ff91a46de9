"""The row of mutants: how many small faults, seeded into the code that says what the numbers support, the tests caught.

``make mutants`` (the end of ``make check-long``) runs this after mutmut, on the counts of ``mutmut export-cicd-stats``.
A mutant is caught when a test fails or does not end; one that no test reaches is not.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Mapping
from pathlib import Path

COUNTS = Path("mutants/mutmut-cicd-stats.json")
WANTED = 95.0
CAUGHT = ("killed", "timeout")
MISSED = ("survived", "no_tests", "suspicious", "segfault", "skipped")


def caught_share(counts: Mapping[str, int]) -> float:
    """How many of a hundred mutants were caught; those not tried count as missed, and none at all is no success."""
    return 100 * sum(counts[name] for name in CAUGHT) / counts["total"] if counts["total"] else 0.0


def line(counts: Mapping[str, int]) -> str:
    """The row in words: generated, tried, caught, missed, the share and what is wanted."""
    tried = sum(counts[name] for name in (*CAUGHT, *MISSED))
    caught = sum(counts[name] for name in CAUGHT)
    said = f"mutants seeded into measures, stats and disclosure: {counts['total']} generated, {tried} tried, "
    said += f"{caught} caught ({counts['timeout']} by running out of time), {tried - caught} survived "
    said += f"({counts['no_tests']} where no test comes): {caught_share(counts):.1f}% caught, {WANTED:g}% wanted"
    return said if caught_share(counts) >= WANTED else f"{said}  too few"


def main() -> int:
    """Print the row; 1 where too few were caught."""
    counts = json.loads(COUNTS.read_text(encoding="utf-8"))
    print(line(counts))
    return int(caught_share(counts) < WANTED)


if __name__ == "__main__":
    sys.exit(main())
