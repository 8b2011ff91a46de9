"""A provisioner for Jupyter's clients, Papermill's among them, that forks kernels from a warm template.

``JUPYTER_DEFAULT_PROVISIONER_NAME=crimelib-fork`` chooses it wherever this package is installed; :func:`choose` does so
in the process that calls it, installed or not. What cannot be forked is started plainly, and the log says why.
"""

from __future__ import annotations

import asyncio
import atexit
import json
import logging
import os
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from importlib.metadata import EntryPoint
from pathlib import Path
from typing import Any

from jupyter_client.provisioning.factory import KernelProvisionerFactory
from jupyter_client.provisioning.local_provisioner import LocalProvisioner
from traitlets import List, Unicode

from crimelib.kernels.client import ForkedKernel, NoTemplate, Template, can_fork, identity

NAME = "crimelib-fork"
_PLAIN = "local-provisioner"
_LAUNCHER = ["-m", "ipykernel_launcher"]
_LOG = logging.getLogger("crimelib.kernels")
_DEATH_SECONDS = 2.0  # then Jupyter goes on waiting
_own_templates: dict[str, Template] = {}


def choose() -> None:
    """Fork the kernels that this process starts, where their kernel specification names no other provisioner."""
    entry = EntryPoint(NAME, f"{__name__}:{ForkProvisioner.__name__}", KernelProvisionerFactory.GROUP_NAME)
    KernelProvisionerFactory.provisioners[NAME] = entry
    KernelProvisionerFactory.instance().default_provisioner_name = NAME


@contextmanager
def started_plainly() -> Iterator[None]:
    """Within the block, this process's kernels are started as Jupyter does by itself."""
    factory = KernelProvisionerFactory.instance()
    before = factory.default_provisioner_name
    factory.default_provisioner_name = _PLAIN
    try:
        yield
    finally:
        factory.default_provisioner_name = before


class ForkProvisioner(LocalProvisioner):
    """Starts a kernel as a fork of the template, or else as its parent class does."""

    template = Unicode(
        help="The socket of a running template; without one, this process starts its own.",
    ).tag(config=True)
    modules = List(Unicode(), help="What a template of this process's own loads beforehand.").tag(config=True)

    async def launch_kernel(self, cmd: list[str], **kwargs: Any) -> Any:
        """As the parent class: ``process``, ``pid`` and ``pgid`` are set, the connection's details returned."""
        try:
            self.process = self._fork(cmd, kwargs)
        except NoTemplate as reason:
            _LOG.warning("kernel started plainly: %s", reason)
            return await super().launch_kernel(cmd, **kwargs)
        self.pid = self.pgid = self.process.pid
        self.cwd = kwargs.get("cwd") or os.getcwd()
        return self.connection_info

    def _fork(self, cmd: list[str], kwargs: dict[str, Any]) -> ForkedKernel:
        environment = kwargs["env"]
        if reason := _cannot_be_forked(cmd, kwargs):
            raise NoTemplate(reason)
        outputs = [_descriptor(kwargs.get(name), number) for name, number in (("stdout", 1), ("stderr", 2))]
        path = Path(self.template) if self.template else _own_template(environment, self.modules).path
        return ForkedKernel(path, cmd, environment, str(kwargs.get("cwd") or os.getcwd()), outputs)

    async def kill(self, restart: bool = False) -> None:
        """As the parent class, and see it dead: Jupyter looks again a tenth of a second later only."""
        await super().kill(restart)
        if isinstance(self.process, ForkedKernel):
            with suppress(asyncio.TimeoutError):
                await asyncio.wait_for(_ended(self.process), _DEATH_SECONDS)

    async def send_signal(self, signum: int) -> None:
        """Nothing is sent to a kernel that has ended: its id may be another's."""
        if not isinstance(self.process, ForkedKernel) or self.process.poll() is None:
            await super().send_signal(signum)


async def _ended(kernel: ForkedKernel) -> None:
    while kernel.poll() is None:
        await asyncio.sleep(0.002)


def _cannot_be_forked(cmd: list[str], kwargs: dict[str, Any]) -> str:
    if not can_fork():
        return "this system cannot fork kernels"
    if cmd[1:3] != _LAUNCHER or not _is_this_python(cmd[0]):
        return "it is not an ipykernel of this Python"
    if kwargs.get("independent"):
        return "it is to outlive this process"
    if any(not os.path.isabs(each) for each in _search_path(kwargs["env"])):
        return "PYTHONPATH has a folder that is not absolute"
    given = [kwargs.get(name) for name in ("stdin", "stdout", "stderr")]
    return "" if given[0] is None and all(_is_descriptor(each) for each in given[1:]) else "its streams are pipes"


def _is_this_python(executable: str) -> bool:
    return os.path.abspath(executable) == os.path.abspath(sys.executable)


def _search_path(environment: dict[str, str]) -> list[str]:
    given = environment.get("PYTHONPATH", "")
    return given.split(os.pathsep) if given else []


def _is_descriptor(stream: Any) -> bool:
    return stream is None or (isinstance(stream, int) and stream >= 0) or hasattr(stream, "fileno")


def _descriptor(stream: Any, default: int) -> int:
    if stream is None:
        return default
    return stream if isinstance(stream, int) else stream.fileno()


def _own_template(environment: dict[str, str], modules: list[str]) -> Template:
    """A template of this process's own, one for each environment that libraries would start in."""
    key = json.dumps([identity(environment), modules])
    if key not in _own_templates:
        folder = tempfile.mkdtemp(prefix="crimelib-kernels-")  # the template clears it, however this process ends
        _own_templates[key] = template = Template(Path(folder) / "template", environment, modules, clears_folder=True)
        atexit.register(template.close)
    return _own_templates[key]
