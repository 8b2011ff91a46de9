"""The explorers served as pages (Voila), for browser tests and benchmarks."""

from __future__ import annotations

import os
import re
import socket
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
STARTED = re.compile(r"(http://127\.0\.0\.1:\d+/)\?token=(\w+)")


@contextmanager
def served(log: Path, seconds: float = 240) -> Iterator[tuple[str, str]]:
    """Voila over the explorers' notebooks as `make explore` starts it: its address and token."""
    command = [sys.executable, "-m", "voila", "notebooks/explore", "--Voila.ip=127.0.0.1", "--token", "--no-browser"]
    command += [f"--port={free_port()}", "--template=crimelib"]
    command += ["--VoilaConfiguration.extension_denylist=nbdime-jupyterlab"]
    environment = {**os.environ, "JUPYTER_PATH": str(ROOT / "notebooks/explore/jupyter"), "PYTHONPATH": str(ROOT)}
    with log.open("w") as stream:
        server = subprocess.Popen(command, cwd=ROOT, env=environment, stdout=stream, stderr=stream)
    try:
        yield _address(server, log, seconds)
    finally:
        server.terminate()
        server.wait(30)


def free_port() -> int:
    """A port of the loopback address that nobody has just now."""
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return taken.getsockname()[1]


def _address(server: subprocess.Popen, log: Path, seconds: float) -> tuple[str, str]:
    end = time.monotonic() + seconds
    while time.monotonic() < end and server.poll() is None:
        if found := STARTED.search(log.read_text()):
            return found[1], found[2]
        time.sleep(0.2)
    raise AssertionError(f"the explorers' server did not start:\n{log.read_text()[-2000:]}")
