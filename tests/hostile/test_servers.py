"""JupyterLab and the explorers as `make` starts them: this machine only, and nothing without the token."""

from __future__ import annotations

import http.client
import os
import shlex
import signal
import socket
import subprocess
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from crimelib.settings import PROJECT_ROOT

PATIENCE_SECONDS = 120
ASKED = {"lab": ["/lab", "/api/contents", "/api/kernels"], "explore": ["/", "/voila/render/trends.ipynb"]}


def command(target: str) -> str:
    """What `make` would run for a target, with its settings."""
    words = ["make", "-n", "-o", "setup", target, "PYTHON=python3"]
    told = subprocess.run(words, cwd=PROJECT_ROOT, capture_output=True, text=True, check=True).stdout
    return next(line for line in told.replace("\\\n", " ").splitlines() if "127.0.0.1" in line)


def test_both_are_told_to_bind_to_loopback_and_to_ask_for_a_token() -> None:
    lab, explore = (shlex.split(command(target)) for target in ASKED)
    assert "--ip=127.0.0.1" in lab
    assert not [word for word in lab if "token=" in word or "password=" in word]
    assert {"--Voila.ip=127.0.0.1", "--token"} <= set(explore)


@pytest.fixture(params=list(ASKED))
def served(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[tuple[str, int]]:
    """The server of a target on a port of its own."""
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    setting = "--port" if request.param == "lab" else "--Voila.port"
    words = (
        f"exec {command(request.param).replace('JUPYTER_PATH', 'env JUPYTER_PATH', 1)} {setting}={port} --no-browser"
    )
    environment = {**os.environ, "JUPYTER_CONFIG_DIR": str(tmp_path), "JUPYTER_RUNTIME_DIR": str(tmp_path)}
    with (tmp_path / "log").open("w") as log:
        server = subprocess.Popen(
            ["bash", "-c", words], cwd=PROJECT_ROOT, stdout=log, stderr=log, start_new_session=True, env=environment
        )
    try:
        end = time.monotonic() + PATIENCE_SECONDS
        while not listens_at(port):
            assert server.poll() is None, (tmp_path / "log").read_text()
            assert time.monotonic() < end
            time.sleep(0.1)
        yield request.param, port
    finally:
        os.killpg(server.pid, signal.SIGKILL)
        server.wait()


def listens_at(port: int) -> set[str]:
    """The addresses, as the system writes them, on which something listens at a port."""
    lines = [line.split() for name in ("tcp", "tcp6") for line in Path(f"/proc/net/{name}").read_text().splitlines()]
    places = [words[1].split(":") for words in lines if words[3] == "0A"]
    return {address for address, number in places if int(number, 16) == port}


def status(port: int, path: str, **headers: str) -> int:
    connection = http.client.HTTPConnection("127.0.0.1", port, timeout=30)
    connection.request("GET", path, headers=headers)
    answer = connection.getresponse()
    answer.read()
    connection.close()
    to_login = answer.status == 302 and "/login" in (answer.getheader("Location") or "")
    return 403 if to_login else answer.status


@pytest.mark.long
def test_another_address_and_a_wrong_token_are_refused(served: tuple[str, int]) -> None:
    target, port = served
    assert listens_at(port) == {"0100007F"}
    for path in ASKED[target]:
        assert status(port, path) == 403, path
        assert status(port, f"{path}?token=wrong") == 403, path
        assert status(port, path, Authorization="token wrong") == 403, path
