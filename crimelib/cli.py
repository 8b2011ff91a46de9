"""The command line: one command a step, from raw files to the pack."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import Annotated

import typer
from typer.exceptions import TyperException

from crimelib.errors import CrimelibError, InputError, one_line
from crimelib.journal import journaled, say
from crimelib.settings import PROJECT_ROOT, Settings, load_settings
from crimelib.start_up import keep_to_one_thread

app = typer.Typer(
    name="crimelib",
    help="From the publishers' files to the board's pack.",
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)

Raw = Annotated[Path, typer.Option("--raw", help="Raw files, as the publishers made them.", metavar="DIR")]
Processed = Annotated[Path, typer.Option("--processed", help="Tidy tables made of them.", metavar="DIR")]
Out = Annotated[Path, typer.Option("--out", help="Where packs are published.", metavar="DIR")]
Parameters = Annotated[Path, typer.Option("--parameters", help="Definitions and settings.", metavar="DIR")]
AreaName = Annotated[str, typer.Option("--area", help="A borough, or London.", metavar="NAME")]
PeriodText = Annotated[str, typer.Option("--period", help="The month, as 2021-11.", metavar="YYYY-MM")]
Audience = Annotated[str, typer.Option("--audience", help="board, partner or public.", metavar="NAME")]
Organisations = Annotated[
    list[str] | None,
    typer.Option("--organisation", help="Only this partner's page; may be given again.", metavar="NAME"),
]
Jobs = Annotated[int, typer.Option("--jobs", help="Notebooks at once (0: as many as cores).", min=0, metavar="N")]
Fresh = Annotated[bool, typer.Option("--fresh", help="Reuse nothing of the pack before.")]

RAW = PROJECT_ROOT / "data/raw"
PROCESSED = PROJECT_ROOT / "data/processed"
REPORTS = PROJECT_ROOT / "reports"
PARAMETERS = PROJECT_ROOT / "parameters"
NOTEBOOKS = PROJECT_ROOT / "notebooks/board"


@app.command()
def sample(
    raw: Raw = RAW, processed: Processed = PROCESSED, out: Out = REPORTS, parameters: Parameters = PARAMETERS
) -> None:
    """Write the illustrative raw files, in the publishers' formats, labelled illustrative."""
    from crimelib.illustrative.sample import write_sample

    settings = load_settings(parameters)
    with _bar("Writing illustrative files") as bar:
        written = write_sample(raw, settings, lambda folder: bar.say(f"Writing {folder}"))
    say(f"{len(written)} illustrative files in {_shown(raw)}")


@app.command()
def fetch(
    sources: Annotated[
        list[str] | None, typer.Argument(help="Which sources; all where none is named.", metavar="[SOURCE ...]")
    ] = None,
    since: Annotated[
        str | None, typer.Option("--since", help="The first month wanted, as 2019-04.", metavar="YYYY-MM")
    ] = None,
    raw: Raw = RAW,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Download published files, hashed and resumable."""
    from datetime import date

    from crimelib.sources.fetch import fetch as fetch_files

    with _bar("Fetching") as bar:
        results = fetch_files(sources or [], raw, load_settings(parameters), since, date.today(), bar.step)
    for result in results:
        say(str(result), err=result.failure is not None)
    if failures := [result.failure for result in results if result.failure]:
        raise typer.Exit(max(failure.exit_status for failure in failures))


@app.command()
def clean(
    raw: Raw = RAW, processed: Processed = PROCESSED, out: Out = REPORTS, parameters: Parameters = PARAMETERS
) -> None:
    """Turn raw files into tidy tables; print a summary of their quality."""
    from crimelib.tables.clean import clean as clean_files
    from crimelib.tables.quality import quality_lines

    settings = load_settings(parameters)
    with _bar("Cleaning") as bar:
        result = clean_files(raw, processed, settings, bar.step)
    for line in quality_lines(result.catalogue, processed):
        say(line)
    files = len(result.catalogue.entries)
    say(f"{files} files in {_shown(processed)} ({result.cleaned} cleaned now, {files - result.cleaned} as before)")


@app.command()
def summary(
    area: AreaName = "Bromley",
    period: PeriodText = "2021-11",
    csv: Annotated[Path | None, typer.Option("--csv", help="Write the rows to this file.", metavar="FILE")] = None,
    audience: Audience = "board",
    raw: Raw = RAW,
    processed: Processed = PROCESSED,
    out: Out = REPORTS,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Show the figures of an area and period without running a notebook."""
    from crimelib.board.summary import summary as summarise
    from crimelib.disclosure.protect import earlier_packs
    from crimelib.production.exports import write_csv
    from crimelib.production.pack import pack_path
    from crimelib.production.terminal import print_summary
    from crimelib.tables.store import Store

    settings = load_settings(parameters)
    found, month, audience = _subject(settings, area, period, audience)
    if csv is not None and not csv.resolve().parent.is_dir():
        raise InputError(f"there is no folder {csv.parent.name!r}", where="--csv", fix="make it first")
    store = Store(processed)
    before = earlier_packs(
        pack_path(out, found.name, str(month), audience).parent, str(month), audience, settings.disclosure
    )
    rows = summarise(store, settings, found, month, audience, before)
    if csv is not None:
        write_csv(rows, csv)
        say(f"{len(rows)} rows in {_shown(csv)}")
    else:
        print_summary(rows, settings, illustrative=store.catalogue.is_illustrative)


@app.command()
def run(
    area: AreaName = "",
    period: PeriodText = "2021-11",
    only: Annotated[str, typer.Option("--only", help="Only these pages, by name.", metavar="PAGE,PAGE")] = "",
    ward: Annotated[
        list[str] | None,
        typer.Option("--ward", help="A page of this ward as well; may be given again, or all.", metavar="NAME"),
    ] = None,
    audience: Audience = "board",
    organisation: Organisations = None,
    jobs: Jobs = 0,
    fresh: Fresh = False,
    reason: Annotated[str, typer.Option("--reason", help="Why a released pack is corrected.", metavar="TEXT")] = "",
    raw: Raw = RAW,
    processed: Processed = PROCESSED,
    out: Out = REPORTS,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Execute the board notebooks and publish the pack."""
    from crimelib.board.commentary import missing_comments
    from crimelib.board.contacts import contact_warnings
    from crimelib.production.board_pack import make_pack
    from crimelib.production.disclosed import withholding
    from crimelib.production.index import write_index
    from crimelib.production.pack import read_record
    from crimelib.production.told import next_step, run_told, still_to_do

    settings = load_settings(parameters)
    chosen = area or settings.period(_period(period)).area
    found, month, audience = _subject(settings, chosen, period, audience)
    result = make_pack(
        settings, found, month, audience, processed=processed, out=out, notebooks=NOTEBOOKS,
        only=_names(only), wards=ward or [], organisations=organisation or [], jobs=jobs or None, fresh=fresh,
        reason=reason,
    )  # fmt: skip
    write_index(out)
    record = read_record(result.path) or {}
    for page in result.failed:
        say(f"failed: {page} (its page says why)", err=True)
    say(run_told(result, found.name, month))
    comments = _shown(parameters / "commentary" / f"{month}.md")
    warnings = [*contact_warnings(settings, found, month), *withholding(record)]
    for line in still_to_do(missing_comments(settings, month, found.name), comments, warnings, record):
        say(line)
    say(f"Read it:  {_shown(result.path / 'index.html')}")
    for line in next_step(_shown(result.path), result.failed):
        say(line)
    if result.failed:
        raise typer.Exit(1)


@app.command()
def batch(
    areas: Annotated[str, typer.Option("--areas", help="all, or names with commas.", metavar="NAMES")] = "all",
    periods: Annotated[str, typer.Option("--periods", help="One month, or first:last.", metavar="SPAN")] = "2021-11",
    audience: Audience = "board",
    organisation: Organisations = None,
    jobs: Jobs = 0,
    fresh: Fresh = False,
    cluster: Annotated[
        str,
        typer.Option("--cluster", help="Have them made by a Dask scheduler's workers.", metavar="tcp://HOST:PORT"),
    ] = "",
    raw: Raw = RAW,
    processed: Processed = PROCESSED,
    out: Out = REPORTS,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Make many packs, as many at once as cores; one that fails fails alone, one that would be the same is left."""
    from crimelib.production.batch import BatchOrder, subjects, told
    from crimelib.production.index import write_index

    settings = load_settings(parameters)
    wanted = subjects(settings, areas, periods)
    order = BatchOrder(
        parameters, processed, out, NOTEBOOKS, _audience(settings, audience), tuple(organisation or ()), fresh
    )
    packs, entries = _packs(wanted, order, jobs, cluster), []
    try:
        with _bar("Packs") as bar:
            bar.step(0, len(wanted), "Packs")
            for entry in packs:
                entries.append(entry)
                bar.line(f"[{len(entries)}/{len(wanted)}] {entry}", err=entry.failed)
                bar.step(len(entries), len(wanted), "Packs")
    except KeyboardInterrupt as interrupt:
        raise CrimelibError("stopped by hand; packs that are done stay, the others are as they were") from interrupt
    finally:
        if entries:
            write_index(out)
        say(f"{told(entries, len(wanted))}, in {_shown(out)}")
    if any(entry.failed for entry in entries):
        raise typer.Exit(1)


@app.command()
def verify(
    pack: Annotated[Path, typer.Argument(help="The folder of a pack.", metavar="PACK")],
    processed: Processed = PROCESSED,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Recompute a pack's hashes, figures and sentences; refuse a stale or altered one, and one that gives a withheld
    figure away."""
    from crimelib.board.narrative import counted
    from crimelib.production.disclosed import disclosed
    from crimelib.production.pack import pack_at, verify_pack
    from crimelib.production.recheck import recheck

    problems = verify_pack(pack_at(pack)) or [
        *recheck(pack, processed, parameters),
        *disclosed(pack, load_settings(parameters)),
    ]
    for problem in problems:
        typer.echo(problem, err=True)  # names figures, which no log should
    if problems:
        say(f"{_shown(pack)} does not hold: {counted(len(problems), 'faults')}", err=True)
        raise typer.Exit(1)
    say(f"{_shown(pack)} is as it was published, follows from the data and gives nothing withheld away")


@app.command()
def diff(
    one: Annotated[Path, typer.Argument(help="A pack.", metavar="PACK")],
    other: Annotated[Path, typer.Argument(help="Another of the same area and audience.", metavar="PACK")],
    html: Annotated[Path | None, typer.Option("--html", help="Write a page as well.", metavar="FILE")] = None,
) -> None:
    """Say what changed in numbers: new data, revised data, changed definition or code."""
    from rich.console import Console

    from crimelib.production.diff import diff_packs, diff_page, diff_text

    found = diff_packs(one, other)
    Console().print(diff_text(found))
    if html is not None:
        html.write_text(diff_page(found), encoding="utf-8")
        say(_shown(html))


@app.command()
def review(
    pack: Annotated[Path, typer.Argument(help="The folder of a pack.", metavar="PACK")],
    port: Annotated[int, typer.Option("--port", help="0: any free one.", min=0, max=65535, metavar="N")] = 0,
    parameters: Parameters = PARAMETERS,
) -> None:
    """Serve a pack and its checklist on this machine only, and record what is decided."""
    from crimelib.production.review import read_register, subject_of
    from crimelib.production.review_server import Desk, ReviewServer

    desk = Desk(subject_of(pack).path, load_settings(parameters).review)
    read_register(pack)
    with ReviewServer(desk, port) as server:
        say("The review is served on this machine only, and asks for the token in this address:")
        typer.echo(server.url)  # it holds the token, which no log should
        say(f"Decisions go to {_shown(desk.pack.parent / 'review.json')}. Ctrl-C ends the review.")
        with contextlib.suppress(KeyboardInterrupt):
            server.serve_forever()


@app.command()
def release(
    pack: Annotated[Path, typer.Argument(help="The folder of a reviewed draft.", metavar="PACK")],
    role: Annotated[str, typer.Option("--role", help="Who releases it: a role of review.yml.", metavar="ROLE")],
    parameters: Parameters = PARAMETERS,
) -> None:
    """Make a signed-off draft the released pack, which never changes again."""
    from crimelib.production.release import release_pack

    say(f"{_shown(pack)}: {release_pack(pack, load_settings(parameters).review, role).words}")
    say("It carries no draft mark now and never changes; a correction: crimelib run ... --reason TEXT")


@app.command("new-period")
def new_period(
    period: Annotated[str, typer.Argument(help="The month, as 2021-12.", metavar="YYYY-MM")],
    parameters: Parameters = PARAMETERS,
) -> None:
    """Write the next period's files; open actions carry over."""
    from crimelib.board.new_period import new_period as write_period

    for path in write_period(parameters, period):
        say(_shown(path))


@app.command()
def questionnaire(
    event: Annotated[str, typer.Option("--event", help="What it is for, ending with its date.", metavar="TEXT")],
    area: AreaName = "Bromley",
    ward: Annotated[
        list[str] | None, typer.Option("--ward", help="Only this ward; may be given again.", metavar="NAME")
    ] = None,
    large_print: Annotated[bool, typer.Option("--large-print", help="In large print.")] = False,
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.", metavar="DIR")] = Path(),
    parameters: Parameters = PARAMETERS,
) -> None:
    """Write the printable questionnaire (one PDF a ward) and the entry sheet."""
    from crimelib.areas import AreaBook
    from crimelib.production.questionnaire import make_questionnaire

    settings = load_settings(parameters)
    found = AreaBook.of(settings).find(area)
    for path in make_questionnaire(settings, found, event, ward or [], out, large_print=large_print):
        say(_shown(path))


@app.command()
def template(
    name: Annotated[str, typer.Argument(help="Which template.", metavar="NAME")],
    out: Annotated[Path, typer.Option("--out", help="The folder to write to.", metavar="DIR")] = Path(),
    parameters: Parameters = PARAMETERS,
) -> None:
    """Write a partner or extract template with its dictionary."""
    from crimelib.production.return_workbook import write_return_workbook
    from crimelib.sources import partner_returns
    from crimelib.sources.templates import form_of, write_template

    settings = load_settings(parameters)
    written = write_template(name, out, settings)
    if form_of(name, settings).name == partner_returns.NAME:
        written.append(write_return_workbook(out, settings))
    for path in written:
        say(_shown(path))


def main() -> None:
    """Run the command line: one line for an error, exit status 0, 1 for a failure, 2 for bad usage or bad input."""
    keep_to_one_thread()
    try:
        sys.exit(journaled(_status, sys.argv[1:] or ["--help"]))
    except CrimelibError as error:  # of the log itself
        typer.echo(f"crimelib: {error}", err=True)
        sys.exit(error.exit_status)


def _status(words: Sequence[str]) -> int:
    try:
        return app(words, standalone_mode=False) or 0
    except TyperException as error:  # bad usage: in one line, as every other error
        say(f"crimelib: {one_line(error.format_message())} (see `crimelib --help`)", err=True)
        return error.exit_code
    except CrimelibError as error:
        say(f"crimelib: {error}", err=True)
        return error.exit_status
    except OSError as error:
        told = f"{error.strerror}: {error.filename}" if error.strerror and error.filename else str(error)
        say(f"crimelib: {one_line(told)}", err=True)
        return 1
    except KeyboardInterrupt:
        say("crimelib: stopped by hand", err=True)
        return 1


def _packs(wanted, order, jobs: int, cluster: str):
    """The packs of a batch, made here or by a cluster."""
    if not cluster:
        from crimelib.production.batch import run_batch

        return run_batch(wanted, order, jobs or None)
    if jobs:
        raise InputError("a worker makes as many packs as it has threads", where="--jobs", fix="leave it out")
    from crimelib.production.cluster import run_on_cluster

    return run_on_cluster(wanted, order, cluster)


def _subject(settings: Settings, area: str, period: str, audience: str):
    from crimelib.areas import AreaBook
    from crimelib.measures.periods import parse_period

    return AreaBook.of(settings).find(area), parse_period(period), _audience(settings, audience)


def _audience(settings: Settings, audience: str) -> str:
    if audience not in settings.disclosure.audiences:
        known = ", ".join(settings.disclosure.audiences)
        raise InputError(f"no audience is called {audience!r}", where="--audience", fix=f"known: {known}")
    return audience


def _period(text: str) -> str:
    from crimelib.measures.periods import parse_period

    return str(parse_period(text))


def _names(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def _shown(path: Path) -> str:
    """A path as short as it can be written from here."""
    try:
        return str(path.resolve().relative_to(Path.cwd()))
    except ValueError:
        return str(path.resolve())


def _bar(title: str):
    from crimelib.production.terminal import Bar

    return Bar(title)


if __name__ == "__main__":
    main()
