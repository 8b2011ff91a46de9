"""How fast and how small a data.police.uk archive is read: crimelib against pandas, DuckDB, polars, and its floor.

``python benchmarks/ingest.py [--months 36] [--forces 3] [--rows 4000] [--rounds 3]`` makes a synthetic archive
(``rows`` a month in the largest force, a quarter of them in the others), reads it in interleaved rounds, each in a
process of its own, and prints medians. The floor is the processor time of inflating (ISA-L) and of parsing (the
quickest library), over the cores. Exit status 1 where crimelib's memory passes 1 GiB; ratios depend on how busy the
machine is.
"""

from __future__ import annotations

import argparse
import io
import json
import os
import resource
import subprocess
import sys
import tempfile
import time
import zipfile
from collections.abc import Callable
from pathlib import Path
from statistics import median

import numpy as np
import pandas as pd

from crimelib.settings import Settings, load_settings
from crimelib.sources import police_uk
from crimelib.sources.archives import inflated
from crimelib.sources.discovery import RawFile

HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,"
    "LSOA code,LSOA name,Crime type,Last outcome category,Context\n"
)
KEYS = ["Month", "Falls within", "LSOA code", "LSOA name", "Crime type"]
OUTCOMES = ["Investigation complete; no suspect identified", "Under investigation", "Unable to prosecute suspect"]
MOST_BYTES = 1024**3
SEED = 20211121
WARM_BELOW = 100_000_000  # imports and first calls would hide the work on a small archive


def write_archive(path: Path, months: int, forces: int, rows: int) -> None:
    """Street files as the publisher packs them: 64 hexadecimal digits a Crime ID, none for anti-social behaviour, and
    one row in sixty without a location."""
    settings, rng = load_settings(), np.random.default_rng(SEED)
    polices = ["metropolitan", *(force for force in settings.police_uk.forces if force != "metropolitan")]
    chosen = [force for force in polices if any(district.force == force for district in settings.districts)][:forces]
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as archive:
        for month in pd.period_range("2021-01", periods=months, freq="M").astype(str):
            for force in chosen:
                size = rows if force == "metropolitan" else max(rows // 4, 1)
                archive.writestr(f"{month}/{month}-{force}-street.csv", street(rng, settings, month, force, size))


def street(rng: np.random.Generator, settings: Settings, month: str, force: str, rows: int) -> str:
    """One force's month."""
    kinds = [kind.name for kind in settings.police_uk.types.values() if kind.since <= month <= (kind.until or month)]
    name = settings.police_uk.forces[force][0]
    first = 20_000 * list(settings.police_uk.forces).index(force)
    places = list(enumerate(d.lsoa_prefix for d in settings.districts if d.force == force))
    lsoas = [
        f"E01{first + 1000 * k + n:06d},{quoted(f'{prefix} {n // 26 % 1000:03d}{chr(65 + n % 26)}')}"
        for k, prefix in places
        for n in range(max(rows // 20 // len(places), 1))
    ]
    kind = rng.choice(len(kinds), rows, p=[0.2, *[0.8 / (len(kinds) - 1)] * (len(kinds) - 1)])
    place, outcome = rng.integers(0, len(lsoas), rows), rng.integers(0, len(OUTCOMES), rows)
    ids, points, nowhere = rng.bytes(32 * rows).hex(), rng.normal([0, 51.5], 0.1, (rows, 2)), rng.random(rows) < 1 / 60
    lines = [HEADER]
    for n in range(rows):
        where = ",,No Location,," if nowhere[n] else f"{points[n, 0]:.6f},{points[n, 1]:.6f},On or near Road {n % 3000}"
        where += "" if nowhere[n] else f",{lsoas[place[n]]}"
        told = ("", "") if kind[n] == 0 else (ids[64 * n : 64 * n + 64], OUTCOMES[outcome[n]])
        lines.append(f"{told[0]},{month},{name},{name},{where},{kinds[kind[n]]},{told[1]},\n")
    return "".join(lines)


def quoted(name: str) -> str:
    """As the publisher writes it: in quotes where it has a comma (Bournemouth, Christchurch and Poole)."""
    return f'"{name}"' if "," in name else name


def crimelib_reads(path: Path) -> int:
    """What ``crimelib clean`` does with the archive, all checks included."""
    settings = load_settings()
    start_clock()
    tables = police_uk.read(RawFile(path, "police_uk", "benchmark"), settings).tables
    return int(tables["police_uk_quality"].query("check == 'rows'")["count"].sum())


def contents(path: Path) -> list[bytes]:
    """Every member, inflated."""
    with zipfile.ZipFile(path) as archive:
        return [b"".join(inflated(archive, info)) for info in archive.infolist()]


def pandas_reads(path: Path) -> int:
    """pandas, C parser, grouped month by month."""
    total = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            rows = pd.read_csv(io.BytesIO(archive.read(info)), usecols=["Crime ID", *KEYS], dtype="str")
            total += int(rows.groupby(KEYS, dropna=False).size().sum())
            rows["Crime ID"].dropna().nunique()
    return total


def polars_reads(path: Path) -> int:
    """polars on inflated members."""
    import polars

    total = 0
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            content = b"".join(inflated(archive, info))
            rows = polars.read_csv(content, columns=["Crime ID", *KEYS], infer_schema=False)
            total += int(rows.group_by(KEYS).len()["len"].sum())
            rows["Crime ID"].n_unique()
    return total


def duckdb_reads(path: Path) -> int:
    """DuckDB, which reads no zip: unpacked to disk first, as its users do."""
    import duckdb

    with tempfile.TemporaryDirectory() as folder:
        with zipfile.ZipFile(path) as archive:
            archive.extractall(folder)
        keys = ", ".join(f'"{key}"' for key in KEYS)
        found = duckdb.sql(
            f"""select sum(n)::bigint from (select {keys}, count(*) n, count(distinct "Crime ID") ids
            from read_csv('{folder}/**/*.csv', all_varchar = true) group by all)"""
        ).fetchall()
    return int(found[0][0])


def inflates(path: Path) -> int:
    """Inflating alone."""
    with zipfile.ZipFile(path) as archive:
        for info in archive.infolist():
            for _ in inflated(archive, info):
                pass
    return 0


def polars_parses(path: Path) -> int:
    """Parsing alone by polars (the members are inflated before the clock starts)."""
    import polars

    members = contents(path)
    start_clock()
    return sum(polars.read_csv(content, infer_schema=False).height for content in members)


def pyarrow_parses(path: Path) -> int:
    """Parsing alone by pyarrow."""
    import pyarrow as pa
    from pyarrow import csv

    members = contents(path)
    start_clock()
    texts = csv.ConvertOptions(column_types=dict.fromkeys(HEADER.strip().split(","), pa.string()))
    return sum(csv.read_csv(pa.py_buffer(content), convert_options=texts).num_rows for content in members)


READERS: dict[str, Callable[[Path], int]] = {
    "crimelib": crimelib_reads,
    "pandas": pandas_reads,
    "DuckDB": duckdb_reads,
    "polars": polars_reads,
    "inflate only": inflates,
    "parse only, polars": polars_parses,
    "parse only, pyarrow": pyarrow_parses,
}
_clock: dict[str, float] = {}


def start_clock() -> None:
    """Time from here on."""
    _clock.update(wall=time.perf_counter(), processor=time.process_time())


def child(name: str, path: Path) -> dict[str, float]:
    """One reader's time and memory, in a process of its own."""
    run = subprocess.run([sys.executable, __file__, "--child", name, str(path)], stdout=subprocess.PIPE, check=True)
    return json.loads(run.stdout)


def measured(name: str, path: Path) -> dict[str, float]:
    """Run a reader once: rows, wall and processor seconds, and the most memory held (bytes)."""
    if path.stat().st_size < WARM_BELOW:
        READERS[name](path)
    start_clock()
    rows = READERS[name](path)
    wall, processor = time.perf_counter() - _clock["wall"], time.process_time() - _clock["processor"]
    memory = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * 1024
    return {"rows": rows, "wall": wall, "processor": processor, "memory": memory}


def report(path: Path, rounds: int) -> dict[str, dict[str, float]]:
    """Medians of each reader over interleaved rounds."""
    runs: dict[str, list[dict[str, float]]] = {name: [] for name in READERS}
    for _ in range(rounds):
        for name, done in runs.items():
            done.append(child(name, path))
    return {name: {key: median(run[key] for run in done) for key in done[0]} for name, done in runs.items()}


def tell(found: dict[str, dict[str, float]]) -> None:
    """Print the table and the ratios."""
    cores = os.cpu_count() or 1
    parse = min((name for name in found if name.startswith("parse")), key=lambda name: found[name]["processor"])
    processor = found["inflate only"]["processor"] + found[parse]["processor"]
    ours = found["crimelib"]
    print(f"{ours['rows']:,.0f} rows; {cores} cores; load {os.getloadavg()[0]:.1f}")
    print("| reader | wall s | processor s | to crimelib's wall | most memory MB |\n| --- | --- | --- | --- | --- |")
    for name, run in found.items():
        ratio = run["wall"] / ours["wall"]
        cells = f"{run['wall']:.2f} | {run['processor']:.2f} | {ratio:.1f} | {run['memory'] / 2**20:.0f}"
        print(f"| {name} | {cells} |")
    print(f"floor: inflate and {parse}: {processor:.2f} s of processor, {processor / cores:.2f} s over {cores} cores")
    print(f"crimelib: {ours['processor'] / processor:.2f} x in processor time, ", end="")
    print(f"{ours['wall'] / (processor / cores):.2f} x in wall time (to reach: 1.5 on an idle machine)")


def main() -> int:
    """Run the benchmark; the exit status says whether memory stayed below its bound."""
    parser = argparse.ArgumentParser(description=__doc__)
    for name, default in (("months", 36), ("forces", 3), ("rows", 4000), ("rounds", 3)):
        parser.add_argument(f"--{name}", type=int, default=default)
    parser.add_argument("--child", nargs=2, help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.child:
        print(json.dumps(measured(options.child[0], Path(options.child[1]))))
        return 0
    with tempfile.TemporaryDirectory() as folder:
        paths = {}
        for months in sorted({max(options.months // 4, 1), max(options.months // 2, 1), options.months}):
            paths[months] = Path(folder) / f"{months}.zip"
            write_archive(paths[months], months, options.forces, options.rows)
        tell(found := report(paths[options.months], options.rounds))
        line = {months: child("crimelib", path) for months, path in paths.items()}
    print("| months | processor s | s a month | most memory MB |\n| --- | --- | --- | --- |")
    for months, run in line.items():
        each = run["processor"] / months
        print(f"| {months} | {run['processor']:.2f} | {each:.4f} | {run['memory'] / 2**20:.0f} |")
    return int(max(run["memory"] for run in [found["crimelib"], *line.values()]) > MOST_BYTES)


if __name__ == "__main__":
    sys.exit(main())
