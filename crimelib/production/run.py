"""From notebooks and figures to a published pack: the monthly run's last step."""

from __future__ import annotations

import platform
import re
import shutil
import tempfile
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import asdict, astuple, dataclass, replace
from datetime import UTC, datetime
from functools import cache, partial
from importlib import metadata
from operator import call
from pathlib import Path, PurePosixPath
from typing import Any

import pandas as pd

import crimelib
from crimelib.board.narrative import SENTENCE_TYPE
from crimelib.board.reading import reading_by_page, reading_line
from crimelib.errors import CrimelibError, InputError
from crimelib.measures.periods import month_label, parse_period
from crimelib.production.execute import (
    CELL_TIMEOUT_SECONDS,
    NotebookError,
    NotebookRun,
    Parameters,
    Task,
    check_notebook,
    execute_notebooks,
)
from crimelib.production.exports import write_csv
from crimelib.production.index import earlier_pages
from crimelib.production.live import FOLDER, LIBRARY, chart_tables, has_live_charts, library, with_named_charts
from crimelib.production.notebooks import read_notebook
from crimelib.production.overview import lead_sentence, overview_groups, render_overview
from crimelib.production.pack import (
    building,
    locked,
    publish,
    read_record,
    seal,
    sha256_file,
    sha256_json,
    verify_pack,
)
from crimelib.production.pages import Earlier, PackInfo, Page, page_title, render_failure, render_page
from crimelib.production.pdf import board_pdf
from crimelib.production.portable import private_paths, without_paths
from crimelib.production.standing import DRAFT, Standing, keep_released, next_standing, standing_of, time_words
from crimelib.production.workbook import write_workbook
from crimelib.production.workers import in_ready_workers, worker_count
from crimelib.scratch import scratch_folder

InputRecord = Mapping[str, str]
Check = Callable[[Path], list[str]]
_RECORD_FORMAT = 1
_TABLES = {
    "claims.csv": "what was said to the board, checked",
    "actions.csv": "who promised what, and whether it was done",
    "suppressed.csv": "what is withheld, without its value",
    "revisions.csv": "what the publishers changed in figures given before",
}
_REPORTED_PACKAGES = ("altair", "nbclient", "nbconvert", "pandas", "papermill", "scipy", "statsmodels")


@dataclass(frozen=True)
class PackResult:
    """A published pack, the pages that could not be made, and those taken from the pack before; ``unchanged`` where the
    pack before was left as it stood."""

    path: Path
    failed: list[str]
    reused: list[str]
    seconds: float
    pages: int = 0
    unchanged: bool = False


class StoppedByHand(CrimelibError):
    """Ctrl-C."""


@dataclass(frozen=True)
class PackRequest:
    """All that a pack is made of; see :func:`run_pack`."""

    notebooks: tuple[Path, ...]
    parameters: dict[str, object]
    summary: pd.DataFrame
    inputs: list[dict[str, str]]
    target: Path
    area_name: str
    period: str
    audience: str
    illustrative: bool
    titles: Mapping[str, str]
    tables: Mapping[str, pd.DataFrame]
    definitions: Mapping[str, str]
    withheld: Sequence[Mapping[str, object]]
    asked: Mapping[str, object]

    def identity(self) -> dict[str, str]:
        """The hashes of what all notebooks depend on."""
        return {
            "parameters": sha256_json(self.parameters),
            "inputs": sha256_json(self.inputs),
            "summary": sha256_json(self.summary.to_csv(index=False)),
            "code": code_sha256(),
            "environment": environment_sha256(),
        }


def run_pack(
    *,
    notebooks: Sequence[Path],
    parameters: Parameters,
    summary: pd.DataFrame,
    inputs: Sequence[InputRecord],
    target: Path,
    area_name: str,
    period: str,
    audience: str = "board",
    illustrative: bool,
    titles: Mapping[str, str] | None = None,
    tables: Mapping[str, pd.DataFrame] | None = None,
    definitions: Mapping[str, str] | None = None,
    withheld: Sequence[Mapping[str, object]] = (),
    asked: Mapping[str, object] | None = None,
    jobs: int | None = None,
    fresh: bool = False,
    timeout: float = CELL_TIMEOUT_SECONDS,
    progress: bool = True,
    check: Check | None = None,
    reason: str = "",
) -> PackResult:
    """Execute ``notebooks`` and publish the pack at ``target`` (see :func:`crimelib.production.pack.pack_path`).

    ``summary`` holds the rows of ``summary.csv``, ``tables`` further CSV files by name, ``titles`` the names of
    items and measures by id, ``definitions`` what the workbook says of them, ``withheld`` how the rows to withhold were
    chosen. ``asked`` goes into the record, for :func:`stands`. ``inputs`` has one record (``source``,
    ``vintage``, ``file``, ``sha256``) for every file that a notebook's figures come from, parameter files included:
    a notebook is taken from the pack before, unless ``fresh``, when these, the parameters, the summary, the code
    and the environment are all unchanged.

    What is published is a draft. Where a released pack stands at ``target``, it needs the ``reason`` for a correction,
    becomes the next revision, and the released one is kept (:mod:`crimelib.production.standing`).

    A notebook that fails is published as a page that says so and is named in the result; the caller then ends with
    exit status 1. ``check`` is given the finished pack's folder and says what is wrong with it, a line each. Raises
    :class:`InputError` before a kernel starts for what can be refused, and :class:`CrimelibError` when the check finds
    a fault or a run is stopped by hand; the pack before then stands untouched.
    """
    started = time.perf_counter()
    request = PackRequest(
        tuple(notebooks), dict(parameters), summary, _checked_inputs(inputs), target, area_name, period, audience,
        illustrative, titles or {}, tables or {}, definitions or {}, withheld, asked or {},
    )  # fmt: skip
    _check(request)
    try:
        with (
            _progress_bar(progress, len(request.notebooks)) as bar,
            locked(target, bar.say),
            building(target) as folder,
            _as_they_are(request) as request,
        ):
            standing = next_standing(target, reason)
            runs, reused = _obtain(request, folder, worker_count(jobs), timeout, fresh, bar)
            runs = [_for_audience(run, audience) for run in runs]
            _fill(request, folder, runs, reused, standing, time.perf_counter() - started)
            _refuse_faults(check(folder) if check else [])
            keep_released(target)
            publish(folder, target)
    except KeyboardInterrupt as interrupt:
        raise StoppedByHand("stopped by hand; the pack before is unchanged") from interrupt
    failed = [page_name(Path(run.name)) for run in runs if run.status == "failed"]
    kept = sorted(map(page_name, map(Path, reused)))
    return PackResult(target, failed, kept, time.perf_counter() - started, len(runs))


@contextmanager
def _as_they_are(request: PackRequest) -> Iterator[PackRequest]:
    """The request with copies of its notebooks as they are now: one that is edited meanwhile, in JupyterLab say, counts
    from the next run on, and is not taken then for the one that was executed."""
    with scratch_folder() as scratch, tempfile.TemporaryDirectory(prefix="notebooks-", dir=scratch) as folder:
        copies = tuple(Path(shutil.copy(path, folder)) for path in request.notebooks)
        yield replace(request, notebooks=copies)


def _refuse_faults(faults: Sequence[str]) -> None:
    if faults:
        more = f" (and {len(faults) - 1} more)" if len(faults) > 1 else ""
        raise CrimelibError(f"the new pack was not published: {faults[0]}{more}")


def page_name(notebook: Path) -> str:
    """``hate_crime`` for ``04_hate_crime.ipynb``: the name of its page and for ``--only``."""
    match = re.fullmatch(r"(?:\d+_)?([a-z][a-z0-9_]*)", notebook.stem)
    if not match or match[1] == "index":
        raise InputError("cannot name a page", where=notebook.name, fix="name it like 04_hate_crime.ipynb")
    return match[1]


@cache
def code_sha256() -> str:
    """One hash over every file of this package that a result can depend on."""
    root = Path(crimelib.__file__).parent
    files = sorted(path for path in root.rglob("*") if path.is_file() and "__pycache__" not in path.parts)
    return sha256_json([(path.relative_to(root).as_posix(), sha256_file(path)) for path in files])


@cache
def environment_sha256() -> str:
    """One hash over Python, the machine's kind and every installed distribution's version."""
    installed = sorted({(found.name.lower(), found.version) for found in metadata.distributions()})
    return sha256_json([platform.python_version(), platform.machine(), installed])


def _check(request: PackRequest) -> None:
    parse_period(request.period)
    names = [page_name(path) for path in request.notebooks]
    twice = sorted({name for name in names if names.count(name) > 1})
    if twice:
        raise InputError(f"two notebooks would make the page {twice[0]!r}", fix="rename one")
    for name in request.tables:
        if not re.fullmatch(r"[a-z][a-z0-9_]*\.csv", name) or name == "summary.csv":
            raise InputError(f"{name!r} cannot name a table of the pack", fix="name it like claims.csv")
    for path in request.notebooks:
        check_notebook(path, request.parameters)


def _checked_inputs(inputs: Sequence[InputRecord]) -> list[dict[str, str]]:
    """The records in order; a path that names this machine's folders may not be published."""
    for record in inputs:
        file = PurePosixPath(record["file"])
        if file.is_absolute() or ".." in file.parts:
            raise InputError("an input's path must be relative", where=str(file), fix="give it from the raw folder")
    return sorted((dict(record) for record in inputs), key=lambda record: record["file"])


def _obtain(
    request: PackRequest, folder: Path, jobs: int, timeout: float, fresh: bool, bar: _Bar
) -> tuple[list[NotebookRun], set[str]]:
    """Every notebook's run, in the pack's order, and the names of those reused; executed copies are in ``folder``."""
    executed = folder / "notebooks"
    executed.mkdir()
    runs = {} if fresh else _reuse(request, executed)
    reused = set(runs)
    bar.done(f"{len(reused)} unchanged notebooks reused" if reused else "", len(reused))
    tasks = [Task(path, executed / path.name) for path in request.notebooks if path.stem not in reused]
    for run in execute_notebooks(tasks, request.parameters, jobs=jobs, timeout=timeout) if tasks else ():
        runs[run.name] = run
        bar.done(f"{run.name}: {run.status}, {run.seconds:.1f} s")
    return [runs[path.stem] for path in request.notebooks], reused


def _reuse(request: PackRequest, executed: Path) -> dict[str, NotebookRun]:
    """Copies of the executed notebooks that the pack before made of exactly the same."""
    before = read_record(request.target)
    if before is None or before.get("format") != _RECORD_FORMAT or verify_pack(request.target):
        return {}
    earlier = {entry["notebook"]: entry for entry in before["notebooks"]}
    identity, runs = request.identity(), {}
    for path in request.notebooks:
        entry = earlier.get(path.name)
        if entry and entry["status"] == "ok" and entry["made_of_sha256"] == _made_of(path, identity):
            shutil.copyfile(request.target / "notebooks" / path.name, executed / path.name)
            runs[path.stem] = NotebookRun(path.stem, "ok", entry["seconds"])
    return runs


def stands(target: Path, asked: Mapping[str, object]) -> bool:
    """Whether a whole pack is at ``target`` that was made, every page of it, as ``asked``."""
    record = read_record(target)
    if record is None or record.get("format") != _RECORD_FORMAT or record.get("asked") != asked:
        return False
    return all(entry["status"] == "ok" for entry in record["notebooks"]) and not verify_pack(target)


def _made_of(notebook: Path, identity: Mapping[str, str]) -> str:
    return sha256_json({**identity, "notebook": sha256_file(notebook)})


def _fill(
    request: PackRequest,
    folder: Path,
    runs: Sequence[NotebookRun],
    reused: set[str],
    standing: Standing,
    seconds: float,
) -> None:
    """Everything of the pack but the executed notebooks, which are there already."""
    identity = request.identity()
    made = {path.stem: _made_of(path, identity) for path in request.notebooks}
    entries = [
        {"notebook": f"{run.name}.ipynb", **asdict(run), "reused": run.name in reused, "made_of_sha256": made[run.name]}
        for run in runs
    ]
    run_id = sha256_json([identity, made])[:12]
    record = {**_record(request, run_id, seconds, identity, entries), **standing.record}
    for name, table in {"summary.csv": request.summary, **request.tables}.items():
        write_csv(table, folder / name)
    executed = executed_notebooks(folder)
    sentences = generated_sentences(executed)
    record |= {"sentences": sentences, "reading_age": _reading(sentences)}
    write_rendered(folder, record, request.summary, _shown_notebooks(request, executed, runs), runs)
    seal(folder, record)


def _reading(sentences: Sequence[Mapping[str, Any]]) -> dict[str, Any]:
    """How hard the generated sentences are to read, page by page."""
    texts: dict[str, list[str]] = {}
    for sentence in sentences:
        texts.setdefault(page_name(Path(sentence["notebook"])), []).append(str(sentence["text"]))
    return reading_by_page(texts)


def write_rendered(
    folder: Path,
    record: Mapping[str, Any],
    summary: pd.DataFrame,
    notebooks: Sequence[Any],
    runs: Sequence[NotebookRun],
) -> None:
    """All that is made from what lies in ``folder`` already (executed notebooks, tables) and from the pack's record:
    the overview, the pages, the PDF and the workbook. ``notebooks`` are those of ``runs``, in the pack's order."""
    info, titles = info_of(record), record["titles"]
    pages = [_page(run, notebook) for run, notebook in zip(runs, notebooks, strict=True)]
    named = [with_named_charts(notebook, page.name) for page, notebook in zip(pages, notebooks, strict=True)]
    _write_chart_rows(folder, named)
    lead = lead_sentence(overview_groups(summary, pages, titles))
    longest_first = [
        *([partial(_write_library, folder)] if any(map(has_live_charts, named)) else []),
        partial(_write_pdf, folder, notebooks, pages, info, lead),
        partial(write_workbook, summary, folder / "summary.xlsx", info, titles, record["definitions"]),
        *(partial(_write_page, folder, *each, pages, info) for each in zip(notebooks, pages, strict=True)),
    ]
    in_ready_workers(call, longest_first)
    overview = render_overview(summary, pages, info, _files(folder), titles)
    (folder / "index.html").write_text(overview, encoding="utf-8")


def executed_notebooks(pack: Path) -> dict[str, Any]:
    """The executed notebooks of a pack by the names of their files, in the order of these."""
    return {path.name: read_notebook(path) for path in sorted((pack / "notebooks").glob("*.ipynb"))}


def generated_sentences(executed: Mapping[str, Any]) -> list[dict[str, Any]]:
    """The sentences in executed notebooks, given by name, that were made from figures: ``notebook``, ``text``, the
    record."""
    return [
        {"notebook": name, **record}
        for name, notebook in executed.items()
        for cell in notebook.cells
        for output in cell.get("outputs", ())
        for record in _listed(output.get("data", {}).get(SENTENCE_TYPE, []))
    ]


def _listed(content: Any) -> list[Any]:
    """One record or several, as a list."""
    return content if isinstance(content, list) else [content]


def _shown_notebooks(request: PackRequest, executed: Mapping[str, Any], runs: Sequence[NotebookRun]) -> list[Any]:
    """The executed notebooks, in the pack's order; of one that failed the source, for its title."""
    sources = {path.name: path for path in request.notebooks}
    names = [f"{run.name}.ipynb" for run in runs]
    return [executed[name] if name in executed else read_notebook(sources[name]) for name in names]


def _write_page(folder: Path, notebook: Any, page: Page, pages: Sequence[Page], info: PackInfo) -> None:
    html = render_failure(page, pages, info) if page.reason else render_page(notebook, page, pages, info)
    (folder / page.href).write_text(html, encoding="utf-8")


def _write_pdf(folder: Path, notebooks: Sequence[Any], pages: Sequence[Page], info: PackInfo, lead: str) -> None:
    (folder / "board-pack.pdf").write_bytes(board_pdf(notebooks, pages, info, lead))


def _write_library(folder: Path) -> None:
    """The script that all pages with live charts share."""
    (folder / LIBRARY).parent.mkdir(exist_ok=True)
    (folder / LIBRARY).write_text(library(), encoding="utf-8")


def _write_chart_rows(folder: Path, named: Sequence[Any]) -> None:
    """The rows of every chart as CSV; nothing for a pack without charts."""
    tables = {name: table for notebook in named for name, table in chart_tables(notebook).items()}
    if tables:
        (folder / FOLDER).mkdir()
    for name, table in tables.items():
        write_csv(table, folder / FOLDER / f"{name}.csv")


def _page(run: NotebookRun, notebook: Any) -> Page:
    name = page_name(Path(run.name))
    reason = ": ".join(filter(None, astuple(run.error))) if run.error else ""
    return Page(name, page_title(notebook, name), reason)


def _for_audience(run: NotebookRun, audience: str) -> NotebookRun:
    """Outside the board only an error's kind is told: its message could hold a figure that is not protected."""
    if run.error is None or audience == "board":
        return run
    return replace(run, error=NotebookError(run.error.ename, ""))


def info_of(record: Mapping[str, Any]) -> PackInfo:
    """What every page says of a pack, from its record."""
    standing = standing_of(record)
    provenance = (
        ("Figures from", figures_from(record["inputs"])),
        ("Parameters", ", ".join(f"{name} = {value}" for name, value in record["parameters"].items()) or "none"),
        ("Code", f"crimelib {record['versions']['crimelib']}, {record['sha256']['code'][:12]}"),
        ("Run", f"{record['run_id']}, made {time_words(record['made_at'])}"),
        ("Audience", record["audience"]),
        ("Standing", standing.words),
        *((("How it reads", line),) if (line := reading_line(record.get("reading_age", {}))) else ()),
    )
    period = month_label(parse_period(record["period"]))
    draft = standing.status == DRAFT
    earlier = Earlier(**record["earlier"]) if record.get("earlier") else None
    return PackInfo(record["area"], period, record["audience"], record["illustrative"], provenance, draft, earlier)


def figures_from(inputs: Sequence[InputRecord]) -> str:
    """The sources and their vintages, a span where there are several: ``police_uk 2022-03 to 2024-06 (16)``."""
    vintages: dict[str, set[str]] = {}
    for record in inputs:
        if record["vintage"]:
            vintages.setdefault(record["source"], set()).add(record["vintage"])
    spans = [(source, sorted(found)) for source, found in sorted(vintages.items())]
    texts = [
        f"{source} {found[0]}" + (f" to {found[-1]} ({len(found)})" if found[1:] else "") for source, found in spans
    ]
    return "; ".join(texts) or "no files"


def _files(folder: Path) -> list[tuple[str, str]]:
    others = sorted({path.name for path in folder.glob("*.csv")} - {*_TABLES, "summary.csv"})
    named = [name for name in (*_TABLES, *others) if (folder / name).is_file()]
    tables = [(name, f"{name}: {_TABLES.get(name, 'a table of this pack')}") for name in named]
    executed = sorted(path.name for path in (folder / "notebooks").iterdir())
    return [
        ("board-pack.pdf", "board-pack.pdf: the pages, to print"),
        ("summary.csv", "summary.csv: every figure"),
        ("summary.xlsx", "summary.xlsx: every figure, with notes and definitions"),
        *tables,
        ("run.json", "run.json: what this pack was made of, by hash"),
        *((f"notebooks/{name}", f"{name}: executed notebook") for name in executed),
    ]


def _record(
    request: PackRequest,
    run_id: str,
    seconds: float,
    identity: Mapping[str, str],
    entries: Sequence[Mapping[str, Any]],
) -> dict[str, Any]:
    return {
        "format": _RECORD_FORMAT,
        "run_id": run_id,
        "area": request.area_name,
        "period": request.period,
        "audience": request.audience,
        "illustrative": request.illustrative,
        "made_at": datetime.now(UTC).isoformat(timespec="seconds"),
        "seconds": round(seconds, 2),
        "parameters": without_paths(request.parameters, private_paths(request.parameters)),
        "inputs": request.inputs,
        "sha256": dict(identity),
        "asked": dict(request.asked),
        "versions": _versions(),
        "withheld": [dict(choice) for choice in request.withheld],
        "notebooks": list(entries),
        "earlier": earlier_pages(request.target),
        "titles": dict(request.titles),
        "definitions": dict(request.definitions),
    }


def _versions() -> dict[str, str]:
    installed = {name: metadata.version(name) for name in ("crimelib", *_REPORTED_PACKAGES)}
    return {"python": platform.python_version(), **installed}


@dataclass(frozen=True)
class _Bar:
    """A progress bar with the time left, and a line for each notebook that ends."""

    progress: Any
    task: Any

    def say(self, text: str) -> None:
        self.progress.console.print(text, markup=False, highlight=False)

    def done(self, text: str, steps: int = 1) -> None:
        self.progress.advance(self.task, steps)
        if text:
            self.say(text)


@contextmanager
def _progress_bar(shown: bool, total: int) -> Iterator[_Bar]:
    from rich.console import Console
    from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn

    columns = TextColumn("Notebooks"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn()
    with Progress(*columns, console=Console(stderr=True, quiet=not shown)) as progress:
        yield _Bar(progress, progress.add_task("", total=total))
