"""Board notebooks run by Papermill, each in a kernel of its own, in a few worker processes.

Everything that can be refused is refused before a kernel starts: Papermill itself only warns about an unknown
parameter, writes a parameter's *name* into the code unchecked, formats output paths, and counts ``sys.exit(0)``
as success.
"""

from __future__ import annotations

import ast
import keyword
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from functools import cache, partial
from pathlib import Path
from types import ModuleType
from typing import Any

from crimelib.board.charts.drawing import SCHEMA, add_pictures, draw_svg
from crimelib.errors import InputError, one_line
from crimelib.production.notebooks import read_notebook, write_notebook
from crimelib.production.portable import portable_notebook, private_paths, without_paths
from crimelib.production.workers import TEMPLATE, WARM_MODULES, in_workers
from crimelib.start_up import skip_address_grammar

Parameters = Mapping[str, object]
CELL_TIMEOUT_SECONDS = 600
_LONGEST_VALUE = 1_000
_LONGEST_MESSAGE = 300
_OURS = "CRIMELIB_"


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
    handed = {name: value for name, value in os.environ.items() if name.startswith(_OURS)}
    work = partial(_execute_handed, handed, dict(parameters), timeout)
    for task, run in in_workers(work, [[task] for task in tasks], jobs):
        yield run or _died(task)


def get_ready(_: None) -> None:
    """In a worker that waits for its first notebook: load what it will take, the drawing of charts above all."""
    skip_address_grammar()
    _papermill()
    draw_svg({"$schema": SCHEMA, "data": {"values": []}, "mark": "point"}, title="", alt="")


def _execute_handed(handed: Mapping[str, str], parameters: Parameters, timeout: float, task: Task) -> NotebookRun:
    """In a worker: what the run hands to its notebooks is in their kernels' environment."""
    os.environ.update(handed)
    return _execute(task.source, task.target, parameters, timeout)


def _execute(source: Path, target: Path, parameters: Parameters, timeout: float) -> NotebookRun:
    started = time.perf_counter()
    paths = private_paths(parameters)
    try:
        executed = _run_twice_if_it_dies(source, dict(parameters), timeout)
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


def _run_twice_if_it_dies(source: Path, parameters: dict[str, object], timeout: float) -> Any:
    """As :func:`_run_papermill`; a kernel may have died with its template, for which another notebook is to blame, so
    it is tried once more, started plainly."""
    skip_address_grammar()
    from nbclient.exceptions import DeadKernelError

    from crimelib.kernels.provisioner import started_plainly

    try:
        return _run_papermill(source, parameters, timeout)
    except DeadKernelError:
        with started_plainly():
            return _run_papermill(source, parameters, timeout)


def _run_papermill(source: Path, parameters: dict[str, object], timeout: float) -> Any:
    """The executed notebook, in memory: no file is touched, so none can be left half-written.

    Kernels, forked from the run's template where this process chose so, talk over sockets in a private folder, not
    over ports for which parallel runs would race, and are ended at once when done (1 s saved each).
    """
    from traitlets.config import Config

    from crimelib.kernels.prompt import PromptClient

    with tempfile.TemporaryDirectory(dir=os.environ.get("JUPYTER_RUNTIME_DIR"), prefix="k") as sockets:
        template = Path(os.environ.get("JUPYTER_RUNTIME_DIR", "")).parent / TEMPLATE
        config = Config(
            {
                "KernelManager": {"transport": "ipc", "ip": f"{sockets}/s", "client_factory": PromptClient},
                "ForkProvisioner": {"template": str(template), "modules": list(WARM_MODULES)},
            }
        )
        return _papermill().execute_notebook(
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


@cache
def _papermill() -> ModuleType:
    """Papermill, but that it does not turn a notebook into text where it has no file to write it to: that was a third
    of what a worker did itself."""
    import papermill.execute

    write = papermill.execute.write_ipynb
    papermill.execute.write_ipynb = lambda notebook, path: write(notebook, path) if path else None
    return papermill


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
