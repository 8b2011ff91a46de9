"""A batch from one host to a cluster on another, over TLS: two network namespaces with one cable between them."""

from __future__ import annotations

import json
import os
import pickle
import shutil
import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import ExitStack, contextmanager
from pathlib import Path

import pytest
from cluster_client import small_order

from crimelib.production.batch import subjects
from crimelib.production.pack import read_record, verify_pack
from crimelib.settings import load_settings

CLIENT = Path(__file__).with_name("cluster_client.py")
HERE, THERE = "10.213.7.1", "10.213.7.2"
SCHEDULER = f"tls://{THERE}:8786"
PATIENCE_SECONDS = 300


def ip(*words: str) -> str:
    """What is wrong, if anything, with an ``ip`` command."""
    return subprocess.run(["ip", *words], capture_output=True, text=True, check=False).stderr


@pytest.fixture
def hosts() -> Iterator[tuple[str, str]]:
    """The names of two namespaces, this one's address ``HERE``, the other's ``THERE``."""
    if shutil.which("ip") is None:
        told = "the command `ip` is missing (Debian: iproute2)"
        pytest.fail(told) if os.environ.get("CI") else pytest.skip(told)
    here, there = (f"crimelib-{side}-{os.getpid()}" for side in ("here", "there"))
    if wrong := ip("netns", "add", here):
        pytest.skip(f"this account can make no network namespace: {wrong.strip()}")
    try:
        ip("netns", "add", there)
        ip("-n", here, "link", "add", "cable", "type", "veth", "peer", "name", "cable", "netns", there)
        for name, address in ((here, HERE), (there, THERE)):
            for words in (
                ["addr", "add", f"{address}/30", "dev", "cable"],
                *(["link", "set", each, "up"] for each in ("cable", "lo")),
            ):
                assert ip("-n", name, *words) == ""
        yield here, there
    finally:
        ip("netns", "delete", here)
        ip("netns", "delete", there)


@pytest.fixture
def environment(tmp_path: Path) -> dict[str, str]:
    """Dask's own settings for TLS, with one certificate for all."""
    key, certificate = str(tmp_path / "key.pem"), str(tmp_path / "certificate.pem")
    kind = [
        "-newkey",
        "ec",
        "-pkeyopt",
        "ec_paramgen_curve:prime256v1",
        "-nodes",
        "-days",
        "2",
        "-subj",
        "/CN=crimelib",
    ]
    made = ["openssl", "req", "-x509", *kind, "-keyout", key, "-out", certificate]
    subprocess.run(made, check=True, capture_output=True)
    settings = {"CA_FILE": certificate}
    for role in ("CLIENT", "SCHEDULER", "WORKER"):
        settings |= {f"{role}__KEY": key, f"{role}__CERT": certificate}
    names = {f"DASK_DISTRIBUTED__COMM__TLS__{name}": value for name, value in settings.items()}
    return {**os.environ, **names, "DASK_DISTRIBUTED__COMM__REQUIRE_ENCRYPTION": "True"}


@contextmanager
def running(host: str, environment: dict[str, str], *words: str) -> Iterator[None]:
    """A ``dask`` command on a host, ended with all it started."""
    command = ["ip", "netns", "exec", host, sys.executable, "-m", "dask", *words]
    with subprocess.Popen(command, env=environment, stderr=subprocess.DEVNULL) as process:
        try:
            yield
        finally:
            process.terminate()


@pytest.mark.timeout(600)
def test_a_pack_made_on_another_host_is_published_on_this_one(
    hosts: tuple[str, str], environment: dict[str, str], tmp_path: Path
) -> None:
    here, there = hosts
    order = small_order(tmp_path)
    given = pickle.dumps((subjects(load_settings(), "Croydon", "2021-11"), order, SCHEDULER))
    with ExitStack() as stack:
        quiet = ("--no-dashboard", "--protocol", "tls")
        stack.enter_context(running(there, environment, "scheduler", "--host", THERE, "--port", "8786", *quiet))
        worker = ("--host", THERE, "--nthreads", "1", "--local-directory", str(tmp_path / "worker"))
        stack.enter_context(running(there, environment, "worker", SCHEDULER, *worker, *quiet))
        deadline = time.monotonic() + PATIENCE_SECONDS
        while True:  # the worker may not have joined yet
            command = ["ip", "netns", "exec", here, sys.executable, str(CLIENT)]
            done = subprocess.run(command, input=given, capture_output=True, env=environment, timeout=PATIENCE_SECONDS)
            if done.returncode == 0 or time.monotonic() > deadline:
                break
    assert done.returncode == 0, done.stderr.decode()
    (entry,), contacted = json.loads(done.stdout)
    assert entry.startswith("Croydon, 2021-11: ")
    assert entry.endswith(" s"), entry
    assert contacted == [str((THERE, 8786))]
    pack = order.out / "croydon/2021-11"
    assert verify_pack(pack) == []
    assert [each["status"] for each in (read_record(pack) or {})["notebooks"]] == ["ok", "ok"]
