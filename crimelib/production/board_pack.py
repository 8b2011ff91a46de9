"""One area's pack: its summary, its notebooks, and all the files that they rest on."""

from __future__ import annotations

import time
from collections.abc import Iterator, Mapping, Sequence
from contextlib import nullcontext
from dataclasses import asdict, dataclass
from functools import partial
from pathlib import Path
from tempfile import mkdtemp

import pandas as pd

from crimelib.areas import nearest
from crimelib.board.actions import action_table
from crimelib.board.claims import check_claims
from crimelib.board.handover import handed_over, tables_shared
from crimelib.board.item import Board
from crimelib.board.partner import chosen_organisations
from crimelib.board.titles import item_title, measure_title
from crimelib.board.ward import chosen_wards
from crimelib.disclosure.protect import earlier_packs, suppressed_table
from crimelib.errors import InputError
from crimelib.production.disclosed import disclosed
from crimelib.production.execute import get_ready
from crimelib.production.index import earlier_pages
from crimelib.production.notebook_copies import copy_for
from crimelib.production.pack import pack_path, sha256_file, sha256_json
from crimelib.production.recheck import recheck
from crimelib.production.run import PackResult, code_sha256, environment_sha256, page_name, run_pack, stands
from crimelib.production.standing import next_standing
from crimelib.production.ward_notebooks import WARD_PAGE, ward_notebooks
from crimelib.production.workbook import definitions_of
from crimelib.production.workers import worker_count, workers_ahead
from crimelib.scratch import scratch_folder
from crimelib.settings import PROJECT_ROOT, Area, Settings
from crimelib.sources.partner_returns import NAME as RETURNS
from crimelib.tables.revisions import revision_table, with_reasons
from crimelib.tables.store import Store, keep

PARTNER_PAGE = PARTNER_AUDIENCE = "partner"


def make_pack(
    settings: Settings,
    area: Area,
    period: pd.Period,
    audience: str,
    *,
    processed: Path,
    out: Path,
    notebooks: Path,
    only: Sequence[str] = (),
    wards: Sequence[str] = (),
    organisations: Sequence[str] = (),
    jobs: int | None = None,
    fresh: bool = False,
    reason: str = "",
    resume: bool = False,
    progress: bool = True,
) -> PackResult:
    """Execute the board notebooks of a folder for one area, period and audience, and publish the pack below ``out``,
    a draft, with a page more for each of ``wards`` (names or codes, or ``all``); ``reason`` says why a released pack
    is corrected. To ``resume`` is to leave a whole pack that was made of exactly the same. Raises :class:`InputError`
    for an unknown page or ward, and for what :func:`run_pack` refuses."""
    started = time.perf_counter()
    plan = _plan(settings, area, period, audience, processed, out, notebooks, only, wards, organisations, reason)
    if resume and (standing := plan.standing(started)):
        return standing
    keep(processed)
    board = plan.board
    # where a pack stands its notebooks may all be taken over
    ahead = nullcontext() if plan.target.exists() and not fresh else workers_ahead(get_ready, worker_count(jobs))
    shared = tables_shared(processed)
    with shared, ahead, scratch_folder() as scratch, handed_over(board.rows, processed, board.subject):
        made = Path(mkdtemp(prefix="pages-", dir=scratch))
        pages = [page for path in plan.chosen for page in _pages(path, board, wards, organisations, made)]
        return _run(board, pages, processed, plan.target, plan.asked, jobs, fresh, reason, progress)


def standing_pack(
    settings: Settings,
    area: Area,
    period: pd.Period,
    audience: str,
    *,
    processed: Path,
    out: Path,
    notebooks: Path,
    organisations: Sequence[str] = (),
) -> PackResult | None:
    """What :func:`make_pack` would give, to ``resume``, where it would make nothing; else None."""
    started = time.perf_counter()
    plan = _plan(settings, area, period, audience, processed, out, notebooks, (), (), organisations, "")
    return plan.standing(started)


@dataclass(frozen=True)
class _Plan:
    """A pack to be made: of what, of which notebooks, where; ``asked`` has the hashes of all that it follows from."""

    board: Board
    chosen: list[Path]
    target: Path
    asked: Mapping[str, object]

    def standing(self, started: float) -> PackResult | None:
        """The pack at its place, if it was made of exactly the same."""
        if not stands(self.target, self.asked):
            return None
        return PackResult(self.target, [], [], time.perf_counter() - started, unchanged=True)


def _plan(
    settings: Settings,
    area: Area,
    period: pd.Period,
    audience: str,
    processed: Path,
    out: Path,
    notebooks: Path,
    only: Sequence[str],
    wards: Sequence[str],
    organisations: Sequence[str],
    reason: str,
) -> _Plan:
    target = pack_path(out, area.name, str(period), audience)
    next_standing(target, reason)  # refuses at once what the run would refuse at its end
    before = earlier_packs(target.parent, str(period), audience, settings.disclosure)
    board = Board(settings, Store(processed), area, period, audience, before)
    refuse_organisations(audience, organisations)
    chosen = chosen_notebooks(notebooks, only or ([PARTNER_PAGE] if organisations else []), wards, audience)
    return _Plan(board, chosen, target, _asked(board, processed, target, chosen, [wards, organisations]))


def _asked(
    board: Board, processed: Path, target: Path, chosen: Sequence[Path], more: Sequence[Sequence[str]]
) -> dict[str, object]:
    """The hashes of all that a pack follows from, known before anything is counted: a pack asked for again with the
    same would come out the same. What other packs withhold and link to is part of it."""
    return {
        "parameters": sha256_json([injected(board, processed), *more]),
        "inputs": sha256_json(_inputs(board)),
        "notebooks": sha256_json([(path.name, sha256_file(path)) for path in chosen]),
        "other packs": sha256_json([_texts(board.earlier), earlier_pages(target)]),
        "code": code_sha256(),
        "environment": environment_sha256(),
    }


def _texts(frames: Mapping[str, pd.DataFrame] | None) -> dict[str, str]:
    return {name: frame.to_csv(index=False) for name, frame in (frames or {}).items()}


def refuse_organisations(audience: str, organisations: Sequence[str]) -> None:
    """Raise :class:`InputError` where partners' pages are asked for and the pack is for others."""
    if organisations and audience != PARTNER_AUDIENCE:
        raise InputError("a partner's page is for partners", where="--organisation", fix="add --audience partner")


def _pages(
    notebook: Path, board: Board, wards: Sequence[str], organisations: Sequence[str], folder: Path
) -> list[Path]:
    """The notebooks that a page is made of: of the ward page one a ward, of the partner page one a partner."""
    if page_name(notebook) == WARD_PAGE:
        return ward_notebooks(notebook, chosen_wards(board, wards), folder)
    if page_name(notebook) == PARTNER_PAGE:
        return partner_notebooks(notebook, board, organisations, folder)
    return [notebook]


def partner_notebooks(notebook: Path, board: Board, organisations: Sequence[str], folder: Path) -> list[Path]:
    """Write a copy of the partner notebook for each partner (see :func:`chosen_organisations`); their paths."""
    declared = board.settings.partners.organisations
    return [
        copy_for(notebook, folder, parameter="organisation", value=name, heading=declared[name].label, name=name)
        for name in chosen_organisations(board, organisations)
    ]


def _run(
    board: Board,
    notebooks: Sequence[Path],
    processed: Path,
    target: Path,
    asked: Mapping[str, object],
    jobs: int | None,
    fresh: bool,
    reason: str,
    progress: bool,
) -> PackResult:
    settings, area, period, audience = board.settings, board.area, board.period, board.audience
    return run_pack(
        notebooks=notebooks,
        parameters=injected(board, processed),
        summary=board.rows,
        inputs=_inputs(board),
        target=target,
        asked=asked,
        area_name=area.name,
        period=str(period),
        audience=audience,
        illustrative=board.store.catalogue.is_illustrative,
        titles=titles(settings),
        tables={
            "claims.csv": check_claims(board),
            "actions.csv": action_table(board),
            "suppressed.csv": suppressed_table(board.rows),
            "revisions.csv": with_reasons(
                revision_table(board.releases, settings, area, period), board.store.table(RETURNS), settings
            ),
        },
        definitions=definitions_of(settings),
        withheld=[asdict(choice) for choice in board.protected.choices],
        jobs=jobs,
        fresh=fresh,
        reason=reason,
        progress=progress,
        check=partial(_faults, processed=processed, settings=settings),
    )


def _faults(pack: Path, processed: Path, settings: Settings) -> list[str]:
    return [*recheck(pack, processed, settings.folder), *disclosed(pack, settings)]


def injected(board: Board, processed: Path) -> dict[str, str]:
    """What Papermill injects: the period's own parameters, with what the command line says in their place."""
    given = {"area": board.area.name, "audience": board.audience}
    folders = {"processed": from_top(processed), "parameters": from_top(board.settings.folder)}
    return board.settings.period(str(board.period)).model_dump() | given | folders


def _inputs(board: Board) -> list[dict[str, str]]:
    return [*_raw_inputs(board.store), *parameter_inputs(board.settings.folder)]


def chosen_notebooks(
    folder: Path, only: Sequence[str], wards: Sequence[str] = (), audience: str = "board"
) -> list[Path]:
    """The notebooks of a folder, or those with the page names asked for; the ward page where a ward is asked for, and
    then whatever other pages are; the partner page for partners alone."""
    found = {page_name(path): path for path in sorted(folder.glob("[0-9][0-9]_*.ipynb"))}
    if unknown := [name for name in only if name not in found]:
        raise InputError(f"no page is called {unknown[0]!r}", where="--only", fix=nearest(unknown[0], found))
    if WARD_PAGE in only and not wards:
        raise InputError("the page 'ward' is of one ward", where="--only", fix="say which with --ward NAME")
    if PARTNER_PAGE in only and audience != PARTNER_AUDIENCE:
        raise InputError("the page 'partner' is for partners", where="--only", fix="add --audience partner")
    if audience != PARTNER_AUDIENCE:
        found.pop(PARTNER_PAGE, None)
    chosen = set(only or found) - {WARD_PAGE} | ({WARD_PAGE} if wards else set())
    return [path for name, path in found.items() if name in chosen]


def titles(settings: Settings) -> dict[str, str]:
    """The names of measures by id, and of items under ``item/<id>``."""
    items = {f"item/{item}": item_title(settings, item) for item in [*settings.items, "perception"]}
    measures = {
        measure: measure_title(settings, item, measure)
        for item, each in settings.items.items()
        for measure in each.measures
    }
    return items | measures | {name: each.label for name, each in settings.perception.measures.items()}


def _raw_inputs(store: Store) -> Iterator[dict[str, str]]:
    for entry in store.catalogue.entries:
        yield {"source": entry.source, "vintage": entry.vintage, "file": entry.name, "sha256": entry.sha256}


def parameter_inputs(folder: Path) -> Iterator[dict[str, str]]:
    """A record of every file of a parameters folder, as :func:`run_pack` takes them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file() and not path.name.startswith("."):
            name = path.relative_to(folder).as_posix()
            yield {"source": "parameters", "vintage": "", "file": name, "sha256": sha256_file(path)}


def from_top(folder: Path) -> str:
    """A folder as the notebooks name it: from the project's top where it lies below, else in full."""
    resolved = folder.resolve()
    return str(resolved.relative_to(PROJECT_ROOT) if resolved.is_relative_to(PROJECT_ROOT) else resolved)
