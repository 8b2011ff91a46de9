"""Board notebooks run by Papermill, each in a kernel of its own, in a few worker processes.

Everything that can be refused is refused before a kernel starts: Papermill itself only warns about an unknown
parameter, writes a parameter's *name* into the code unchecked, formats output paths, and counts ``sys.exit(0)``
as success.
"""

from __future__ import annotations

import ast
import keyword
import logging
import multiprocessing
import os
import shutil
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Iterable, Iterator, Mapping, Sequence
from concurrent.futures import Future, ProcessPoolExecutor, as_completed
from concurrent.futures.process import BrokenProcessPool
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from multiprocessing.connection import Connection
from pathlib import Path
from typing import Any

from filelock import FileLock, Timeout

from crimelib.board.charts.drawing import PICTURES_LATER, add_pictures
from crimelib.errors import InputError, one_line
from crimelib.kernels.client import Template, can_fork
from crimelib.production.notebooks import KERNEL_START_UP, read_notebook, write_notebook
from crimelib.production.portable import portable_notebook, private_paths, without_paths

Parameters = Mapping[str, object]
CELL_TIMEOUT_SECONDS = 600
_SCRATCH_PREFIX, _HELD = "crimelib-", "held"
_LONGEST_VALUE = 1_000
_LONGEST_MESSAGE = 300
# Loaded once, in the template, for every kernel: what the notebooks' code stands on, and nothing of that code itself.
_WARM_MODULES = (
    *("numpy", "pandas", "pyarrow.parquet", "pyarrow.dataset", "scipy.stats", "scipy.optimize", "scipy.sparse"),
    *("pydantic", "yaml", "vl_convert", "jinja2", "markupsafe"),
)
# What pandas does once in a process when first asked; touches no file and draws no random number.
_PRIME = """
import pandas
rows = pandas.DataFrame({"month": pandas.period_range("2021-01", periods=3, freq="M"), "name": list("abc"), "n": 1})
rows.groupby("name")["n"].sum(), rows.merge(rows, on="name"), rows.pivot_table(index="name", values="n")
rows[["name", "n"]].to_json(orient="records"), rows._repr_html_(), rows.to_csv(index=False)
rows["name"].str.contains("a"), rows.sort_values("n"), pandas.concat([rows, rows]), pandas.to_datetime(["2021-01-01"])
"""
_TEMPLATE, _OURS = "template", "CRIMELIB_"
_ONE_THREAD = ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS", "NUMEXPR_NUM_THREADS")


@dataclass(frozen=True)
class NotebookError:
    """The exception's name and its message on one line, without this machine's paths."""

    ename: str
    evalue: str


@dataclass(frozen=True)
class NotebookRun:
    """How one notebook's run ended; ``status`` is ``ok`` or ``failed``."""

    name: str
    status: str
    seconds: float
    error: NotebookError | None = None


@dataclass(frozen=True)
class Task:
    """A notebook to run and the file that its executed copy is written to."""

    source: Path
    target: Path


def check_notebook(source: Path, parameters: Parameters) -> None:
    """Raise :class:`InputError` unless ``source`` is a notebook that declares each of ``parameters``, of its type."""
    declared = declared_parameters(source)
    for name, value in parameters.items():
        where = f"{source.name}, parameter {name!r}"
        _check_name(name, declared, where)
        _check_value(value, declared[name], where)


def declared_parameters(source: Path) -> dict[str, object]:
    """The names and defaults in a notebook's one cell tagged ``parameters``, read without running it."""
    cells = [cell for cell in _read(source).cells if "parameters" in cell.metadata.get("tags", [])]
    if len(cells) != 1 or cells[0].cell_type != "code":
        found = f"{len(cells)} cells are tagged 'parameters'"
        raise InputError(found, where=source.name, fix="tag exactly one code cell")
    try:
        statements = ast.parse(cells[0].source).body
        return dict(_assignment(statement) for statement in statements if not _is_text(statement))
    except (SyntaxError, ValueError) as error:
        fix = "write only lines such as area = 'Bromley' in it"
        raise InputError(f"the parameters cell is not plain: {error}", where=source.name, fix=fix) from error


def execute_notebook(
    source: Path, target: Path, parameters: Parameters, timeout: float = CELL_TIMEOUT_SECONDS
) -> NotebookRun:
    """Run ``source`` and write its executed, portable copy to ``target``; nothing is written when it fails.

    ``timeout`` is in seconds and for each cell. Raises :class:`InputError` before a kernel starts; what goes
    wrong afterwards is in the returned :class:`NotebookRun`.
    """
    check_notebook(source, parameters)
    return _execute(source, target, parameters, timeout)


def execute_notebooks(
    tasks: Sequence[Task], parameters: Parameters, *, jobs: int, timeout: float = CELL_TIMEOUT_SECONDS
) -> Iterator[NotebookRun]:
    """Run all tasks, ``jobs`` at a time, and yield each run as it ends.

    A notebook that fails fails alone, even one that takes its worker process with it: what that worker left
    undone is run again, each by itself. All parameters are checked before the first kernel starts.
    """
    for task in tasks:
        check_notebook(task.source, parameters)
    lost: list[Task] = []
    for task, run in _in_pool(tasks, parameters, jobs, timeout):
        if run is None:
            lost.append(task)
        else:
            yield run
    for task in lost:
        for _, run in _in_pool([task], parameters, 1, timeout):
            yield run or _died(task)


def _execute_handed(
    handed: Mapping[str, str], source: Path, target: Path, parameters: Parameters, timeout: float
) -> NotebookRun:
    """In a worker: what the run hands to its notebooks is in their kernels' environment."""
    os.environ.update(handed)
    return _execute(source, target, parameters, timeout)


def _execute(source: Path, target: Path, parameters: Parameters, timeout: float) -> NotebookRun:
    started = time.perf_counter()
    paths = private_paths(parameters)
    try:
        executed = _run_papermill(source, dict(parameters), timeout)
        error = _unfinished(executed)
        if error is None:
            add_pictures(executed)
            write_notebook(portable_notebook(executed, paths), target)
    except Exception as raised:
        error = _as_error(raised, timeout)
    seconds = round(time.perf_counter() - started, 2)
    if error is None:
        return NotebookRun(source.stem, "ok", seconds)
    message = without_paths(one_line(error.evalue), paths)[:_LONGEST_MESSAGE]
    return NotebookRun(source.stem, "failed", seconds, NotebookError(error.ename, message))


def _check_name(name: object, declared: Mapping[str, object], where: str) -> None:
    if not isinstance(name, str) or not name.isidentifier() or keyword.iskeyword(name):
        raise InputError("is not a name", where=where, fix="use letters, digits and underscores")
    if name not in declared:
        known = ", ".join(declared) or "none"
        raise InputError("is not in the notebook's parameters cell", where=where, fix=f"it has: {known}")


def _check_value(value: object, default: object, where: str) -> None:
    if not _same_type(value, default):
        found, wanted = type(value).__name__, type(default).__name__
        raise InputError(f"{value!r} is {found}, not {wanted}", where=where, fix="quote texts in YAML")
    for text in value if isinstance(value, list) else [value]:
        if isinstance(text, str) and (not text.isprintable() or len(text) > _LONGEST_VALUE):
            fault = f"{text[:60]!r} has control characters or is too long"
            raise InputError(fault, where=where, fix="use plain text")


def _same_type(value: object, default: object) -> bool:
    if isinstance(default, float):
        return type(value) in (int, float)
    if isinstance(default, list):
        return isinstance(value, list) and all(type(item) in (str, int, float) for item in value)
    return type(value) is type(default) and isinstance(value, str | int | float | bool | None)


def _read(source: Path) -> Any:
    try:
        return read_notebook(source)
    except FileNotFoundError as error:
        raise InputError("no such notebook", where=source.name, fix="check notebooks/board") from error
    except Exception as error:  # nbformat raises its own, json's and jsonschema's errors
        raise InputError(f"not a notebook: {type(error).__name__}", where=source.name) from error


def _is_text(statement: ast.stmt) -> bool:
    return isinstance(statement, ast.Expr) and isinstance(statement.value, ast.Constant)


def _assignment(statement: ast.stmt) -> tuple[str, object]:
    match statement:
        case ast.Assign(targets=[ast.Name(id=name)], value=value):
            return name, ast.literal_eval(value)
        case ast.AnnAssign(target=ast.Name(id=name), value=ast.expr() as value):
            return name, ast.literal_eval(value)
    raise ValueError(f"line {statement.lineno}")


def _run_papermill(source: Path, parameters: dict[str, object], timeout: float) -> Any:
    """The executed notebook, in memory: no file is touched, so none can be left half-written.

    Kernels, forked from the run's template where this process chose so, talk over sockets in a private folder, not
    over ports for which parallel runs would race, and are ended at once when done (1 s saved each).
    """
    import papermill
    from traitlets.config import Config

    with tempfile.TemporaryDirectory(dir=os.environ.get("JUPYTER_RUNTIME_DIR"), prefix="k") as sockets:
        template = Path(os.environ.get("JUPYTER_RUNTIME_DIR", "")).parent / _TEMPLATE
        config = Config(
            {
                "KernelManager": {"transport": "ipc", "ip": f"{sockets}/s"},
                "ForkProvisioner": {"template": str(template), "modules": list(_WARM_MODULES)},
            }
        )
        return papermill.execute_notebook(
            _read(source),
            None,
            parameters,
            kernel_name="python3",
            language="python",
            progress_bar=False,
            request_save_on_cell_execute=False,
            autosave_cell_every=0,
            execution_timeout=timeout,
            shutdown_kernel="immediate",
            coalesce_streams=True,
            config=config,
        )


def _unfinished(executed: Any) -> NotebookError | None:
    """The error of a run that ended before its last cell, as after ``sys.exit(0)``; None if every cell ran."""
    for cell in executed.cells:
        if cell.cell_type == "code" and cell.metadata.get("papermill", {}).get("status") != "completed":
            raised = next((output for output in cell.outputs if output.output_type == "error"), None)
            name = raised.ename if raised else "Unfinished"
            return NotebookError(name, "the notebook stopped before its last cell had run")
    return None


def _as_error(raised: Exception, timeout: float) -> NotebookError:
    name = getattr(raised, "ename", None) or type(raised).__name__
    told = {
        "CellTimeoutError": f"a cell ran longer than {timeout:g} seconds",
        "DeadKernelError": "the kernel died while a cell was running",
    }
    return NotebookError(name, told.get(name) or getattr(raised, "evalue", None) or str(raised))


def _died(task: Task) -> NotebookRun:
    return NotebookRun(task.source.stem, "failed", 0.0, NotebookError("WorkerDied", "its process was killed"))


def _in_pool(
    tasks: Iterable[Task], parameters: Parameters, jobs: int, timeout: float
) -> Iterator[tuple[Task, NotebookRun | None]]:
    """Each task with its run, or with None when its worker died."""
    handed = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    with _worker_pool(jobs) as pool:
        with _without_interrupts():
            futures = {
                pool.submit(_execute_handed, handed, task.source, task.target, dict(parameters), timeout): task
                for task in tasks
            }
        for future in as_completed(futures):
            yield futures[future], _outcome(future)


def _outcome(future: Future[NotebookRun]) -> NotebookRun | None:
    try:
        return future.result()
    except BrokenProcessPool:
        return None


@contextmanager
def _without_interrupts() -> Iterator[None]:
    """Ctrl-C waits until the block is done: pressed while a process is being forked, it would be raised in one of the
    interpreter's callbacks, printed and lost."""
    if threading.current_thread() is not threading.main_thread():
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


@contextmanager
def _worker_pool(jobs: int) -> Iterator[ProcessPoolExecutor]:
    """Worker processes that live no longer than this one.

    Each holds the reading end of a pipe, the lifeline, whose other end is only here: it breaks when this process
    closes it or is killed, and then the workers, and after them their kernels, end by themselves.
    """
    context = multiprocessing.get_context("spawn")
    lifeline_reader, lifeline = context.Pipe(duplex=False)
    with _scratch_folder() as scratch, _template(scratch):
        pool = ProcessPoolExecutor(jobs, context, _start_worker, (str(scratch), lifeline_reader))
        try:
            yield pool
        except BaseException:
            lifeline.close()
            raise
        finally:
            pool.shutdown(wait=True, cancel_futures=True)
            lifeline.close()
            lifeline_reader.close()


@contextmanager
def _template(scratch: Path) -> Iterator[None]:
    """The process of which kernels are forked, where this system can: see :mod:`crimelib.kernels`."""
    if not can_fork():
        yield
        return
    environment = {**os.environ, **_kernel_environment(scratch)}
    with _without_interrupts():
        template = Template(scratch / _TEMPLATE, environment, _WARM_MODULES, KERNEL_START_UP + _PRIME)
    try:
        yield
    finally:
        template.close()


@contextmanager
def _scratch_folder() -> Iterator[Path]:
    """A private folder with a short path, as sockets need; those of dead runs, whose lock is free, are cleared."""
    for left in Path(tempfile.gettempdir()).glob(f"{_SCRATCH_PREFIX}*"):
        if left.is_dir() and left.stat().st_uid == os.getuid() and time.time() - left.stat().st_mtime > 60:
            _remove_if_free(left)
    scratch = Path(tempfile.mkdtemp(prefix=_SCRATCH_PREFIX))
    try:
        with FileLock(scratch / _HELD):
            yield scratch
    finally:
        shutil.rmtree(scratch, ignore_errors=True)


def _remove_if_free(folder: Path) -> None:
    with suppress(Timeout, OSError), FileLock(folder / _HELD, timeout=0):
        shutil.rmtree(folder, ignore_errors=True)


def _start_worker(scratch: str, lifeline: Connection) -> None:
    signal.signal(signal.SIGINT, signal.SIG_IGN)
    signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    _log_kernels_only()
    own = Path(scratch) / str(os.getpid())
    start_up = own / "ipython" / "profile_default" / "startup"
    start_up.mkdir(parents=True)
    (start_up / "00_quick.py").write_text(KERNEL_START_UP)
    os.environ.update(_kernel_environment(own))
    sys.stdin = None
    threading.Thread(target=_end_with, args=(lifeline, scratch), daemon=True).start()
    if can_fork():
        from crimelib.kernels.provisioner import choose

        choose()


def _log_kernels_only() -> None:
    """Of all that Jupyter's packages log, only why a kernel was not forked is the user's concern."""
    handler = logging.StreamHandler()
    handler.addFilter(logging.Filter("crimelib.kernels"))
    logging.basicConfig(level=logging.WARNING, handlers=[handler], format="%(message)s", force=True)


def _kernel_environment(folder: Path) -> dict[str, str]:
    """Kernels see no personal configuration, hash alike in every run and use one thread each."""
    return {
        "JUPYTER_RUNTIME_DIR": str(folder),
        "JUPYTER_CONFIG_DIR": str(folder / "config"),
        "JUPYTER_PREFER_ENV_PATH": "1",
        "IPYTHONDIR": str(folder / "ipython"),
        "PYTHONHASHSEED": "0",
        PICTURES_LATER: "1",
        **dict.fromkeys(_ONE_THREAD, "1"),
    }


def _end_with(lifeline: Connection, scratch: str) -> None:
    """Wait until the other end of the lifeline is gone, then leave nothing behind."""
    lifeline.poll(None)
    shutil.rmtree(scratch, ignore_errors=True)
    os._exit(1)
