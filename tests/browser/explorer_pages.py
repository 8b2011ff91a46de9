"""The explorers served as pages (Voila) and in JupyterLab, for browser tests and benchmarks."""

from __future__ import annotations

import os
import re
import shutil
import socket
import subprocess
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
EXPLORERS = ROOT / "notebooks" / "explore"
TOKEN = "tried"
STARTED = re.compile(r"(http://127\.0\.0\.1:\d+/)\S*\?token=(\w*)")
# JupyterLab asks no other machine for news, versions or extensions.
QUIET = ["--LabApp.news_url=None", "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate"]
QUIET += ["--LabApp.extension_manager=readonly"]


@contextmanager
def served(log: Path, notebooks: Path = EXPLORERS, seconds: float = 120) -> Iterator[tuple[str, str, int]]:
    """Voila over the explorers' notebooks as `make explore` starts it: its address, token and process."""
    command = ["voila", str(notebooks), "--Voila.ip=127.0.0.1", "--token", "--no-browser", f"--port={free_port()}"]
    command += ["--template=crimelib", "--VoilaConfiguration.extension_denylist=nbdime-jupyterlab"]
    with _running(command, log, {"JUPYTER_PATH": str(EXPLORERS / "jupyter")}, seconds) as found:
        yield found


@contextmanager
def lab_served(folder: Path, theme: str = "JupyterLab Light", seconds: float = 120) -> Iterator[tuple[str, str, int]]:
    """JupyterLab over a copy of the explorers' notebooks (it saves what it runs) with settings of its own: its address,
    token and process."""
    notebooks = folder / "notebooks"
    shutil.copytree(EXPLORERS, notebooks)
    themes = folder / "settings" / "@jupyterlab" / "apputils-extension"
    themes.mkdir(parents=True)
    (themes / "themes.jupyterlab-settings").write_text(f'{{"theme": "{theme}"}}')
    own = {f"JUPYTER_{name}_DIR": str(folder / name) for name in ("CONFIG", "DATA", "RUNTIME")}
    own |= {f"JUPYTERLAB_{name}_DIR": str(folder / name.lower()) for name in ("SETTINGS", "WORKSPACES")}
    command = ["jupyterlab", "--ServerApp.ip=127.0.0.1", f"--ServerApp.port={free_port()}", "--no-browser"]
    command += [f"--ServerApp.root_dir={notebooks}", "--allow-root", f"--IdentityProvider.token={TOKEN}", *QUIET]
    with _running(command, folder / "log.txt", own, seconds) as (address, _, process):
        yield address, TOKEN, process  # JupyterLab does not print a token that it was given


@contextmanager
def _running(
    command: Sequence[str], log: Path, own: Mapping[str, str], seconds: float
) -> Iterator[tuple[str, str, int]]:
    environment = {**os.environ, "PYTHONPATH": str(ROOT), **own}
    with log.open("w") as stream:
        server = subprocess.Popen(
            [sys.executable, "-m", *command], cwd=ROOT, env=environment, stdout=stream, stderr=stream
        )
    try:
        yield *_address(server, log, seconds), server.pid
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
