"""The template: one warm, single-threaded process, of which each kernel is a fork.

Run as a script with inherited descriptors (see :mod:`crimelib.kernels.client`), so that nothing of this project is
loaded in the kernels that come of it. A client connects, sends one request (JSON, with its standard output and error as
descriptors) and keeps the connection for as long as it wants the kernel: the kernel answers with its process id, the
template with its exit code. A connection that closes ends that kernel's process group; an owner that closes its pipe,
or is killed, ends them all.
"""

from __future__ import annotations

import atexit
import builtins
import gc
import importlib
import io
import json
import os
import random
import selectors
import signal
import socket
import sys
import threading
import time
from contextlib import redirect_stdout, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

LARGEST_REQUEST = 1 << 20
LAUNCHER = "ipykernel_launcher"
_OWN_SIGNALS = (signal.SIGCHLD, signal.SIGINT, signal.SIGTERM)
_KERNEL_MODULES = (
    *("runpy", "ipykernel.kernelapp", "ipykernel.ipkernel", "ipykernel.zmqshell", "ipykernel.displayhook"),
    *("ipykernel.iostream", "ipykernel.heartbeat", "ipykernel.subshell_manager", "IPython.core.completerlib"),
    *("IPython.core.oinspect", "sqlite3", "ipykernel.debugger", "IPython.core.debugger", "IPython.core.logger"),
    *("IPython.extensions.storemagic", "tornado.platform.asyncio", "faulthandler", "encodings.utf_8_sig"),
)


@dataclass
class Kernel:
    """A kernel of this template: its process and the connection of the client that wants it."""

    pid: int
    connection: socket.socket
    finished: bool = False


@dataclass(frozen=True)
class Request:
    """What a kernel is started with: as for a plain start, but by descriptors already open."""

    command: list[str]
    environment: dict[str, str]
    folder: str
    outputs: list[int]


# Warming up --------------------------------------------------------------------------------------------------


def warm_up(modules: list[str], prime: str) -> dict[str, str]:
    """Load what kernels would load, in the state in which they would find themselves: libraries look for a kernel
    (pandas chooses how wide its tables are) and for matplotlib's backend as they are imported. Returns what they set in
    the environment meanwhile (debugpy does), as they would in a kernel of its own."""
    before = set(os.environ)
    stand_in = type("ZMQInteractiveShell", (), {"kernel": None})()
    os.environ.setdefault("MPLBACKEND", "module://matplotlib_inline.backend_inline")
    for name in _KERNEL_MODULES:
        with suppress(ModuleNotFoundError):  # the names differ between ipykernel's versions
            importlib.import_module(name)
    builtins.get_ipython = lambda: stand_in  # type: ignore[attr-defined]
    builtins.__IPYTHON__ = True  # type: ignore[attr-defined]
    try:
        with redirect_stdout(io.TextIOWrapper(io.BytesIO(), encoding="UTF-8")):  # as a kernel's; pandas asks
            for name in modules:
                with suppress(ModuleNotFoundError):  # a kernel may find it from the folder that it is started in
                    importlib.import_module(name)
            exec(compile(prime, "<prime>", "exec"), {"__name__": "prime"})
    finally:
        del builtins.get_ipython, builtins.__IPYTHON__  # type: ignore[attr-defined]
    gc.collect()
    gc.freeze()
    return {name: value for name, value in os.environ.items() if name not in before}


def thread_count() -> int:
    """Threads of this process, those of compiled libraries included; a fork would lose all but one."""
    return len(os.listdir("/proc/self/task"))


# Serving -----------------------------------------------------------------------------------------------------


class Server:
    """Answers clients until the owner is gone; in a fork, :meth:`serve` returns what that kernel is to be."""

    def __init__(self, listener: socket.socket, owner: int, identity: dict[str, str]) -> None:
        self._listener, self._owner, self._identity = listener, owner, identity
        self._kernels: dict[socket.socket, Kernel | None] = {}
        self._selector = selectors.DefaultSelector()
        self._woken, self._wake = socket.socketpair()
        self._woken.setblocking(False)
        self._wake.setblocking(False)
        for source in (listener, owner, self._woken):
            self._selector.register(source, selectors.EVENT_READ)

    def serve(self) -> Request | None:
        """None once the owner is gone, with every kernel ended; in a fork, its request."""
        signal.set_wakeup_fd(self._wake.fileno(), warn_on_full_buffer=False)
        signal.signal(signal.SIGCHLD, lambda *_: None)
        signal.signal(signal.SIGINT, signal.SIG_IGN)
        signal.signal(signal.SIGTERM, lambda *_: sys.exit(0))
        try:
            while True:
                for key, _ in self._selector.select():
                    if key.fileobj == self._owner:
                        return None
                    if request := self._handle(key.fileobj):
                        return request
        finally:
            self._end_all()

    def _handle(self, source: Any) -> Request | None:
        if source is self._listener:
            connection, _ = self._listener.accept()
            self._kernels[connection] = None
            self._selector.register(connection, selectors.EVENT_READ)
        elif source is self._woken:
            with suppress(BlockingIOError):
                self._woken.recv(4096)
            self._report_finished()
        elif source in self._kernels:
            return self._heard(source)
        return None

    def _heard(self, connection: socket.socket) -> Request | None:
        """A request, or the end of a connection."""
        try:
            message, descriptors, flags, _ = socket.recv_fds(connection, LARGEST_REQUEST, 2)
        except OSError:
            message, descriptors, flags = b"", [], 0
        if not message or self._kernels[connection]:
            self._close(connection)
        elif refusal := self._refusal(message, descriptors, flags):
            _send(connection, {"refused": refusal})
        else:
            return self._fork(connection, json.loads(message), descriptors)
        for descriptor in descriptors:
            os.close(descriptor)
        return None

    def _refusal(self, message: bytes, descriptors: list[int], flags: int) -> str:
        if flags & socket.MSG_TRUNC or len(descriptors) != 2:
            return "the request is not whole"
        if json.loads(message)["identity"] != self._identity:
            return "its environment is not this template's"
        return "" if thread_count() == 1 else "the template has threads"

    def _fork(self, connection: socket.socket, asked: dict[str, Any], outputs: list[int]) -> Request | None:
        pid = os.fork()
        if not pid:
            self._kernels_of_another()
            os.setsid()
            _send(connection, {"pid": os.getpid()})
            connection.close()
            return Request(asked["command"], asked["environment"], asked["folder"], outputs)
        self._kernels[connection] = Kernel(pid, connection)
        for descriptor in outputs:
            os.close(descriptor)
        return None

    def _kernels_of_another(self) -> None:
        """In the fork: let go of everything that is the template's."""
        signal.set_wakeup_fd(-1)
        for connection, kernel in self._kernels.items():
            if kernel is not None:
                connection.close()
        self._kernels.clear()
        self._selector.close()
        for each in (self._listener, self._woken, self._wake):
            each.close()
        os.close(self._owner)

    def _report_finished(self) -> None:
        """Tell clients how their kernels ended. The process stays unreaped until its client closes, so that its id
        cannot become another's while the client may still signal it."""
        for kernel in list(self._kernels.values()):
            if kernel and not kernel.finished:
                ended = os.waitid(os.P_PID, kernel.pid, os.WEXITED | os.WNOHANG | os.WNOWAIT)
                if ended:
                    kernel.finished = True
                    code = ended.si_status if ended.si_code == os.CLD_EXITED else -ended.si_status
                    _send(kernel.connection, {"returncode": code})

    def _close(self, connection: socket.socket) -> None:
        self._selector.unregister(connection)
        if kernel := self._kernels.pop(connection):
            _end(kernel.pid)
        connection.close()

    def _end_all(self) -> None:
        for connection in list(self._kernels):
            self._close(connection)


def _send(connection: socket.socket, content: dict[str, Any]) -> None:
    with suppress(OSError):  # the client is gone, which the selector tells next
        connection.send(json.dumps(content).encode())


def _end(pid: int) -> None:
    for kill in (os.killpg, os.kill):  # the second for a fork that is not its own group's leader yet
        with suppress(ProcessLookupError, PermissionError):
            kill(pid, signal.SIGKILL)
    os.waitpid(pid, 0)


# Being a kernel ----------------------------------------------------------------------------------------------


def become_kernel(request: Request, set_by_libraries: dict[str, str]) -> None:
    """From a fork of the template to what ``python -m ipykernel_launcher`` would be; does not return."""
    _default_signals()
    _take_over(request.outputs)
    os.environ.clear()
    os.environ.update({**set_by_libraries, **request.environment}, JPY_PARENT_PID=str(os.getppid()))
    time.tzset()
    os.chdir(request.folder)
    sys.orig_argv = list(request.command)
    sys.argv = [importlib.import_module("importlib.util").find_spec(LAUNCHER).origin, *request.command[3:]]
    _reseed()
    code = 1
    try:
        code = _run_kernel()
    except SystemExit as ended:
        code = ended.code if isinstance(ended.code, int) else int(ended.code is not None)
    except BaseException as error:
        sys.excepthook(type(error), error, error.__traceback__)
    finally:
        _leave(code)


def _default_signals() -> None:
    for number in signal.valid_signals():
        with suppress(OSError, ValueError):
            if number in _OWN_SIGNALS:
                signal.signal(number, signal.SIG_DFL)
    signal.signal(signal.SIGINT, signal.default_int_handler)
    signal.pthread_sigmask(signal.SIG_SETMASK, [])


def _take_over(outputs: list[int]) -> None:
    """Standard output and error are the client's; standard input is at its end, as after a plain start."""
    reader, writer = os.pipe()
    os.close(writer)
    for number, descriptor in enumerate([reader, *outputs]):
        os.dup2(descriptor, number)
        os.close(descriptor)
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            by_line = stream is sys.stderr or stream.isatty()  # as the interpreter begins, unless it is unbuffered
            stream.reconfigure(line_buffering=by_line and not stream.write_through)


def _reseed() -> None:
    random.seed()
    if "numpy.random" in sys.modules:
        sys.modules["numpy.random"].seed()


def _run_kernel() -> int:
    from ipykernel.kernelapp import IPKernelApp

    app = IPKernelApp.instance()
    app.initialize()
    if "ipywidgets" in sys.modules:  # loaded before this kernel, and its comm manager, were
        sys.modules["ipywidgets"].register_comm_target()
    app.start()
    # ipykernel's shutdown joins the output thread first, through which the control thread may still be writing
    if app.control_thread and app.control_thread.is_alive():
        app.control_thread.stop()
        app.control_thread.join()
    return 0


def _leave(code: int) -> None:
    """What the interpreter does at its end, without unwinding into the template's frames."""
    with suppress(BaseException):
        threading._shutdown()  # type: ignore[attr-defined]
    with suppress(BaseException):
        atexit._run_exitfuncs()
    for stream in (sys.stdout, sys.stderr):
        with suppress(BaseException):
            stream.flush()
    os._exit(code)


def _clear(path: Path, folder: bool) -> None:
    """Remove the socket, and its folder where that was made for it: the owner may have been killed."""
    with suppress(OSError):
        path.unlink(missing_ok=True)
        if folder:
            path.parent.rmdir()


def main() -> None:
    """``template.py LISTENER OWNER``: two inherited descriptors; on standard input, what to be as JSON."""
    listener, owner = socket.socket(fileno=int(sys.argv[1])), int(sys.argv[2])
    asked = json.loads(sys.stdin.read())
    os.environ["JPY_PARENT_PID"] = str(os.getpid())  # ipykernel reads it as it is imported
    set_by_libraries = warm_up(asked["modules"], asked["prime"])
    if thread_count() > 1:
        sys.exit(f"the kernel template has {thread_count()} threads and cannot be forked")
    path = Path(listener.getsockname())
    request = Server(listener, owner, asked["identity"]).serve()
    if request:
        become_kernel(request, set_by_libraries)
    _clear(path, asked["clears_folder"])


if __name__ == "__main__":
    if sys.path and sys.path[0] == os.path.dirname(os.path.abspath(__file__)):
        del sys.path[0]
    main()
