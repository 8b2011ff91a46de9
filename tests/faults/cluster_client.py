"""A batch on a cluster by a process of its own, wherever it is run: what became of it, and whom the process contacted.

``python cluster_client.py`` reads the pickled arguments of ``run_on_cluster`` and writes both as JSON.
"""

from __future__ import annotations

import json
import pickle
import sys
from pathlib import Path

from toy_pack import write_notebook

from crimelib.production.batch import BatchOrder
from crimelib.production.cluster import run_on_cluster
from crimelib.settings import PROJECT_ROOT

PROCESSED = PROJECT_ROOT / "data/processed"
TABLES = "from crimelib.tables.store import _kept; f'{len(_kept)} tables in memory'"
DEFAULTS = "area = ''\nperiod = '2000-01'\naudience = ''\nprocessed = ''\nparameters = ''"


def small_order(folder: Path) -> BatchOrder:
    """Packs of two small notebooks."""
    source = folder / "notebooks"
    write_notebook(source, "01_first", "print(area, period)", "1 / 3", defaults=DEFAULTS)
    write_notebook(source, "02_second", "print(hash(area))", "[audience, processed]", TABLES, defaults=DEFAULTS)
    return BatchOrder(PROJECT_ROOT / "parameters", PROCESSED, folder / "reports", source, "board")


def main() -> None:
    """As the module says."""
    contacted: set[str] = set()
    sys.addaudithook(lambda event, given: contacted.add(str(given[1])) if event == "socket.connect" else None)
    entries = [str(entry) for entry in run_on_cluster(*pickle.loads(sys.stdin.buffer.read()))]
    print(json.dumps([entries, sorted(contacted)]))


if __name__ == "__main__":
    main()
