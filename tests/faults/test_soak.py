"""Pack after pack in one process: memory stays flat, and no process, port or temporary file is left."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pytest

SOAK = """
import gc, json, os, sys
from pathlib import Path
sys.path.insert(0, sys.argv[3])
from toy_pack import quick_pack
def resident():
    gc.collect()
    return int(Path("/proc/self/statm").read_text().split()[1]) * os.sysconf("SC_PAGE_SIZE")
def children():
    return Path(f"/proc/self/task/{os.getpid()}/children").read_text().split()
def sockets():
    open_now = [f"/proc/self/fd/{each}" for each in os.listdir("/proc/self/fd")]
    names = [os.readlink(each) for each in open_now if os.path.lexists(each)]
    return sum(name.startswith("socket:") for name in names)
memory, files = [], []
for number in range(int(sys.argv[2])):
    quick_pack(Path(sys.argv[1]), f"pack {number}")
    memory.append(resident())
    files.append(len(os.listdir("/proc/self/fd")))
print(json.dumps({"memory": memory, "files": files, "children": children(), "sockets": sockets()}))
"""


@pytest.mark.parametrize("packs", [5, pytest.param(195, marks=pytest.mark.long)])
def test_packs_in_a_row_leave_nothing_behind(tmp_path: Path, packs: int, record_property) -> None:
    temporary = tmp_path / "tmp"
    temporary.mkdir()
    words = [sys.executable, "-c", SOAK, str(tmp_path / "root"), str(packs), str(Path(__file__).parent)]
    environment = {**os.environ, "TMPDIR": str(temporary)}
    done = subprocess.run(words, capture_output=True, text=True, timeout=3000, env=environment)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout.splitlines()[-1])
    tenth = max(1, packs // 10)
    # The first pack loads libraries and fills caches; flat means flat from there.
    first, last = found["memory"][tenth : 2 * tenth], found["memory"][-tenth:]
    assert sum(last) / len(last) <= 1.1 * sum(first) / len(first)
    assert found["files"][-1] <= found["files"][1]
    assert (found["children"], found["sockets"]) == ([], 0)
    assert list(temporary.iterdir()) == []
    assert sorted(path.name for path in (tmp_path / "root/reports/bromley").iterdir()) == [".2021-11.lock", "2021-11"]
    record_property("times", packs)
