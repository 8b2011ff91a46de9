"""A forked kernel against a plain one: the whole of its state, how it ends, and what it leaves behind."""

from __future__ import annotations

import asyncio
import json
import logging
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator
from pathlib import Path

import nbformat
import pytest
from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import KernelProvisionerFactory
from traitlets.config import Config

from crimelib.kernels.client import ForkedKernel, NoTemplate, Template, can_fork, identity
from crimelib.production.workers import ONE_THREAD, PRIME, WARM_MODULES
from crimelib.start_up import skip_address_grammar

pytestmark = pytest.mark.skipif(not can_fork(), reason="this system cannot fork kernels")
PATIENCE_SECONDS = 60
STATE = Path(__file__).with_name("kernel_state.py").read_text()


def environment() -> dict[str, str]:
    return {
        **os.environ,
        "TEST_MODULES": " ".join(WARM_MODULES),
        "PYTHONHASHSEED": "0",
        "PYDEVD_DISABLE_FILE_VALIDATION": "1",
        **dict.fromkeys(ONE_THREAD, "1"),
    }


@pytest.fixture(scope="module")
def template(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Template]:
    made = Template(tmp_path_factory.mktemp("t") / "s", environment(), WARM_MODULES, PRIME)
    yield made
    made.close()


@pytest.fixture
def provisioners(monkeypatch: pytest.MonkeyPatch) -> Iterator[Callable[[str], None]]:
    """Chooses a provisioner for this test."""
    from crimelib.kernels import provisioner

    for name, value in environment().items():
        monkeypatch.setenv(name, value)
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    provisioner.choose()
    yield lambda name: setattr(factory, "default_provisioner_name", name)
    factory.default_provisioner_name = before


def run(code: str, folder: Path, template: Template | None = None, **options: object):
    """A notebook of one cell run by Papermill, in the kernels' usual environment."""
    skip_address_grammar()
    import papermill

    cells = [nbformat.v4.new_code_cell(code)]
    notebook = nbformat.v4.new_notebook(cells=cells)
    config = Config({"KernelManager": {"transport": "ipc", "ip": str(folder / "s")}})
    if template:
        config.ForkProvisioner.template = str(template.path)
    usual = {"progress_bar": False, "shutdown_kernel": "immediate", "coalesce_streams": True}
    return papermill.execute_notebook(
        notebook, None, {}, kernel_name="python3", language="python", config=config, **{**usual, **options}
    )


def printed(executed) -> str:
    return "".join(each.text for cell in executed.cells for each in cell.outputs if each.output_type == "stream")


def told(executed):
    return json.loads(next(line for line in printed(executed).splitlines() if line.startswith("[{")))


def test_the_whole_state_is_that_of_a_plain_kernel(
    template: Template, provisioners: Callable[[str], None], tmp_path: Path
) -> None:
    provisioners("local-provisioner")
    plain, plain_draws, _ = told(run(STATE, tmp_path))
    provisioners("crimelib-fork")
    forked, draws, parent = told(run(STATE, tmp_path, template))
    _, more_draws, _ = told(run(STATE, tmp_path, template))
    assert parent == template.pid
    different = {name: (plain[name], forked[name]) for name in plain if plain[name] != forked[name]}
    assert {name: _apart(*found) for name, found in different.items()} == {}
    assert all(len({one, two, three}) == 3 for one, two, three in zip(plain_draws, draws, more_draws, strict=True))


@pytest.mark.parametrize(
    ("ending", "code"), [("import os; os._exit(7)", 7), ("import os; os.kill(os.getpid(), 9)", -9)]
)
def test_the_exit_code_of_a_kernel_reaches_its_client(template: Template, ending: str, code: int) -> None:
    probe = Path(template.path).with_name("ends.py")
    probe.write_text(ending)
    kernel = start(template, ["--InteractiveShellApp.exec_lines=" + ending])
    assert kernel.wait(PATIENCE_SECONDS) == code


def start(template: Template, options: list[str], **changes: str) -> ForkedKernel:
    command = [sys.executable, "-m", "ipykernel_launcher", *options]
    return ForkedKernel(template.path, command, {**environment(), **changes}, os.getcwd(), [1, 2])


def test_a_client_that_goes_takes_its_kernel_and_the_kernels_children_along(template: Template, tmp_path: Path) -> None:
    child = tmp_path / "child"
    code = f"import subprocess; p = subprocess.Popen(['sleep', '600']); open({str(child)!r}, 'w').write(str(p.pid))"
    kernel = start(template, ["--InteractiveShellApp.exec_lines=" + code])
    wait_for(lambda: child.exists() and child.read_text() != "")
    kernel._connection.close()
    wait_for(lambda: gone(kernel.pid) and gone(int(child.read_text())))


def test_a_killed_owner_takes_template_and_kernels_along(tmp_path: Path) -> None:
    script = f"""
import os, sys, time
from pathlib import Path
from crimelib.kernels.client import ForkedKernel, Template
template = Template(Path({str(tmp_path / "s")!r}), os.environ, [], clears_folder=True)
kernel = ForkedKernel(template.path, [sys.executable, "-m", "ipykernel_launcher"], os.environ, os.getcwd(), [1, 2])
print(template.pid, kernel.pid, flush=True)
time.sleep(600)
"""
    owner = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, start_new_session=True)
    assert owner.stdout is not None
    pids = [int(word) for word in owner.stdout.readline().split()]
    assert len(pids) == 2
    owner.kill()
    owner.communicate()
    wait_for(lambda: all(map(gone, pids)))
    assert not tmp_path.exists()


@pytest.mark.parametrize(
    "change", [{"PYTHONHASHSEED": "1"}, {"OMP_NUM_THREADS": "2"}, {"PYTHONWARNINGS": "error"}, {"LC_ALL": "C"}]
)
def test_what_libraries_read_as_they_start_is_the_templates_or_no_fork(
    template: Template, change: dict[str, str]
) -> None:
    assert identity({**environment(), **change}) != identity(environment())
    with pytest.raises(NoTemplate, match="environment"):
        start(template, [], **change)


@pytest.mark.parametrize("fault", ["gone", "threads", "broken"])
def test_without_a_template_the_kernel_starts_plainly_and_the_log_says_so(
    provisioners: Callable[[str], None], tmp_path: Path, caplog: pytest.LogCaptureFixture, fault: str
) -> None:
    primes = {"gone": "", "threads": "import threading, time; threading.Thread(target=time.sleep, args=(9,)).start()"}
    made = Template(tmp_path / "t", environment(), [], primes.get(fault, "1 / 0"))
    if fault == "gone":
        made.close()
    provisioners("crimelib-fork")
    with caplog.at_level(logging.WARNING, "crimelib.kernels"):
        executed = run("import os; print(os.getppid())", tmp_path, made)
    made.close()
    assert printed(executed).strip() == str(os.getpid())
    assert "kernel started plainly: " in caplog.text


def test_a_kernel_that_is_asked_to_end_ends(
    template: Template, provisioners: Callable[[str], None], tmp_path: Path
) -> None:
    provisioners("crimelib-fork")
    pid = printed(run("import os; print(os.getpid())", tmp_path, template, shutdown_kernel="graceful"))
    wait_for(lambda: gone(int(pid)))


def test_a_kernel_that_is_killed_is_seen_dead(provisioners: Callable[[str], None], template: Template) -> None:
    async def kill() -> list[int | None]:
        config = Config({"ForkProvisioner": {"template": str(template.path)}})
        manager = AsyncKernelManager(config=config, kernel_name="python3")
        await manager.start_kernel()
        codes = [await manager.provisioner.poll()]
        await manager.provisioner.kill()
        codes.append(await manager.provisioner.poll())
        await manager.shutdown_kernel(now=True)
        return codes

    assert asyncio.run(kill()) == [None, -9]


def test_the_socket_is_for_this_user_only(template: Template) -> None:
    assert template.path.stat().st_mode & 0o777 == 0o600


def _apart(plain: object, forked: object) -> object:
    """What only one of them has, so that a failure can be read."""
    if isinstance(plain, dict) and isinstance(forked, dict):
        return {
            key: (plain.get(key), forked.get(key)) for key in {*plain, *forked} if plain.get(key) != forked.get(key)
        }
    if isinstance(plain, list) and isinstance(forked, list):
        return [each for each in plain if each not in forked], [each for each in forked if each not in plain]
    return plain, forked


def gone(pid: int) -> bool:
    try:
        os.kill(pid, 0)
    except ProcessLookupError:
        return True
    return Path(f"/proc/{pid}/stat").read_text().split()[2] == "Z"


def wait_for(condition: Callable[[], bool]) -> None:
    end = time.monotonic() + PATIENCE_SECONDS
    while not condition():
        assert time.monotonic() < end
        time.sleep(0.02)


def test_signals_of_the_terminal_do_not_reach_the_template(template: Template) -> None:
    assert os.getsid(template.pid) == template.pid
    os.kill(template.pid, signal.SIGINT)
    start(template, []).kill()
