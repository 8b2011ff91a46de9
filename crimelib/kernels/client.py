"""Start a template, and kernels from it: what :mod:`crimelib.kernels.provisioner` puts under Jupyter's clients."""

from __future__ import annotations

import json
import os
import signal
import socket
import subprocess
import sys
import time
from collections.abc import Mapping, Sequence
from contextlib import suppress
from pathlib import Path
from typing import Any

_SCRIPT = Path(__file__).with_name("template.py")
# Libraries read these as they are loaded, so a kernel's must be the template's own.
_READ_AT_START = ("PYTHON", "OMP_", "OPENBLAS", "MKL_", "NUMEXPR_", "MPL", "LC_", "LANG", "LD_", "MALLOC_", "ARROW_")
# pyarrow's allocator would start a thread as it is loaded, and a template may have but one
_WITHOUT_THREADS = {"JE_ARROW_MALLOC_CONF": "background_thread:false"}
_ANSWER = 4096


class NoTemplate(Exception):
    """Why a kernel could not be forked."""


def can_fork() -> bool:
    """Whether this system has what a template needs (fork, SEQPACKET sockets, /proc)."""
    return sys.platform == "linux" and hasattr(os, "fork")


def identity(environment: Mapping[str, str]) -> dict[str, str]:
    """What a template and its kernels must have in common."""
    shared = {name: value for name, value in environment.items() if name.startswith(_READ_AT_START)}
    return {**{name: shared[name] for name in sorted(shared)}, "executable": sys.executable, "version": sys.version}


class Template:
    """A template process, and the path of the socket on which it listens.

    It ends with this process, however that ends: it holds the reading end of a pipe whose writing end is here. It then
    removes the socket, and with ``clears_folder`` the folder made for it.
    """

    def __init__(
        self,
        path: Path,
        environment: Mapping[str, str],
        modules: Sequence[str],
        prime: str = "",
        *,
        clears_folder: bool = False,
    ) -> None:
        self.path = path
        reader, self._lifeline = os.pipe()
        with socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET) as listener:
            listener.bind(str(path))
            path.chmod(0o600)
            listener.listen(64)
            self._process = subprocess.Popen(
                [sys.executable, str(_SCRIPT), str(listener.fileno()), str(reader)],
                stdin=subprocess.PIPE, env={**environment, **_WITHOUT_THREADS}, cwd="/",
                pass_fds=(listener.fileno(), reader), start_new_session=True,
            )  # fmt: skip
        os.close(reader)
        asked: dict[str, Any] = {"identity": identity(environment), "modules": list(modules), "prime": prime}
        asked["clears_folder"] = clears_folder
        with suppress(BrokenPipeError):
            self._tell(asked)

    def _tell(self, asked: dict[str, Any]) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(asked).encode())
        self._process.stdin.close()

    @property
    def pid(self) -> int:
        """The template's process id."""
        return self._process.pid

    def close(self) -> None:
        """End the template and all its kernels."""
        with suppress(OSError):
            os.close(self._lifeline)
        try:
            self._process.wait(5)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
        self.path.unlink(missing_ok=True)  # as the template itself does, where it can


class ForkedKernel:
    """A kernel of a template, with the interface of :class:`subprocess.Popen`. Raises :class:`NoTemplate`."""

    stdin = stdout = stderr = None

    def __init__(
        self, path: Path, command: Sequence[str], environment: Mapping[str, str], folder: str, outputs: Sequence[int]
    ) -> None:
        self.args, self.returncode = list(command), None
        self._connection = socket.socket(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        try:
            self.pid = self._start(path, environment, folder, outputs)
        except (OSError, ValueError) as error:
            self._connection.close()
            raise NoTemplate(str(error) or type(error).__name__) from error
        except NoTemplate:
            self._connection.close()
            raise

    def _start(self, path: Path, environment: Mapping[str, str], folder: str, outputs: Sequence[int]) -> int:
        self._connection.connect(str(path))
        asked = {
            "identity": identity(environment), "command": self.args, "environment": dict(environment), "folder": folder,
        }  # fmt: skip
        socket.send_fds(self._connection, [json.dumps(asked).encode()], list(outputs))
        answer = _read(self._connection)
        if "pid" not in answer:
            raise NoTemplate(answer.get("refused") or "the template ended while the kernel was being started")
        self._connection.setblocking(False)
        return answer["pid"]

    def poll(self) -> int | None:
        """The exit code, None while the kernel lives; a template that is gone has taken it along."""
        if self.returncode is None:
            try:
                self.returncode = _read(self._connection).get("returncode", -signal.SIGKILL)
            except BlockingIOError:
                return None
            except OSError:
                self.returncode = -signal.SIGKILL
        return self.returncode

    def wait(self, timeout: float | None = None) -> int:
        """The exit code, once there; the template then forgets the kernel. Raises ``subprocess.TimeoutExpired``."""
        end = None if timeout is None else time.monotonic() + timeout
        while self.poll() is None:
            if end is not None and time.monotonic() > end:
                raise subprocess.TimeoutExpired(self.args, timeout or 0)
            time.sleep(0.01)
        self._connection.close()
        assert self.returncode is not None
        return self.returncode

    def send_signal(self, number: int) -> None:
        """Signal the kernel's process, unless it has ended."""
        if self.poll() is None:
            os.kill(self.pid, number)

    def kill(self) -> None:
        """End the kernel at once."""
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        """Ask the kernel to end."""
        self.send_signal(signal.SIGTERM)


def _read(connection: socket.socket) -> dict[str, Any]:
    """One message; an empty mapping where the other side is gone."""
    message = connection.recv(_ANSWER)
    return json.loads(message) if message else {}
