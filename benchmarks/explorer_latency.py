"""How long an explorer takes from a change to the redrawn page, in Chromium, on ten years of every ward in London.

    python benchmarks/explorer_latency.py [--repeats 20] [--processed DIR]

Wall time runs from the change of a control in the page to the moment when the redrawn chart stands in it (two animation
frames later). On a machine that others use it says more about them, so the table also has the processor time of the
kernel, the server and the page, and the time that these waited for a core (Linux counts both for every thread); `alone`
is the wall time without that wait. The target is 100 ms at the 95th percentile. Every control is first moved once
through its values, because figures that are asked for the first time are read and compared then; `first` is the worst
of those.
Last come `crimelib.series` and `crimelib.compare` as a notebook calls them.
"""

from __future__ import annotations

import argparse
import itertools
import json
import os
import statistics
import sys
import tempfile
import time
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
sys.path[:0] = [str(ROOT), str(ROOT / "tests"), str(ROOT / "tests" / "browser")]
CHROMIUM = "/usr/bin/chromium"
PARTS = ("kernel", "server", "page")

# In the page: change a control and wait until the chart has been drawn anew.
CHANGE = """
([label, value]) => new Promise((done, failed) => {
  const found = [...document.querySelectorAll("label")].find((each) => each.textContent.trim() === label);
  const control = found.control;
  const late = setTimeout(() => failed(new Error("not redrawn within 60 s: " + label + " " + value)), 60000);
  const started = performance.now();
  document.addEventListener("redrawn", () => {
    clearTimeout(late);
    requestAnimationFrame(() => requestAnimationFrame(() => done(performance.now() - started)));
  }, { once: true });
  // Widgets write the spaces of an option as spaces that do not break.
  const named = (option) => option.textContent.replaceAll("\u00a0", " ");
  if (control.options) {
    if (![...control.options].some((option) => named(option) === value)) throw new Error("no such choice: " + value);
    for (const option of control.options) option.selected = named(option) === value;
  } else control.value = value;
  if (control.type === "checkbox") control.click();
  else control.dispatchEvent(new Event(control.type === "range" ? "input" : "change", { bubbles: true }));
})
"""
TRIED = {
    "01_trends": [
        ("Measures", ["Race and hate crime: Hate crime", "Burglary"]),
        ("Areas", ["Croydon", "Bromley"]),
        ("Ward of the first area", ["Bickley", "The whole area"]),
        ("Shown as", ["Twelve-month totals", "Counts by month"]),
        ("Compared over", ["Three months", "Twelve months"]),
        ("Since", ["April 2019", "All months"]),
        ("Show events", ["off", "on"]),
    ],
    "02_wards": [
        ("Measure", ["Race and hate crime: Hate crime", "Burglary"]),
        ("Area", ["Croydon", "Bromley"]),
        ("Over", ["Three months", "Twelve months"]),
        ("Up to", ["October 2021", "September 2021"]),
        ("Ward", ["Bickley", "The whole area"]),
    ],
    "03_asb_definition": [
        ("Name of the definition", ["Tried", "As ticked"]),
        ("Headings (none: all)", ["Begging", "Misuse of fireworks"]),
        ("Qualifiers (none: all)", ["Personal", "Environmental"]),
        ("Any of these tags", ["Animals", "Speeding"]),
        ("Without headings", ["Animal problems", "Begging"]),
        ("Without tags", ["Speeding", "Animals"]),
    ],
    "04_partners": [
        ("Item", ["Race and hate crime", "Domestic abuse"]),
        ("Area", ["Croydon", "Bromley"]),
        ("100 at the year to", [12, 3]),
        ("Compared up to", ["October 2021", "September 2021"]),
    ],
    "05_data_check": [
        ("Source", ["MPS recorded crime, geographic breakdown", "Every source"]),
        ("Area", ["Croydon", "Bromley"]),
    ],
}


@dataclass(frozen=True)
class Times:
    """One change: milliseconds by the clock, of processor time by part, and of waiting for a core."""

    wall: float
    busy: dict[str, float]
    waited: float

    @property
    def alone(self) -> float:
        """What the clock would have shown on an idle machine, or a little more: parts may wait at the same time."""
        return max(sum(self.busy.values()), self.wall - self.waited)


def main() -> None:
    """Print a line a control and one for all of them."""
    from ten_years import clean_ten_years

    asked = argparse.ArgumentParser(description=__doc__)
    asked.add_argument("--repeats", type=int, default=20)
    asked.add_argument("--processed", type=Path, help="a folder that `ten_years.clean_ten_years` made before")
    given = asked.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        processed = given.processed or clean_ten_years(folder)
        every = list(changes(folder, processed, given.repeats))
        print(json.dumps({"n": len(every)} | _summary(every)))
        calls(processed)


def changes(folder: Path, processed: Path, repeats: int) -> Iterator[Times]:
    """Every control moved back and forth on pages of Voila, with a line printed for each."""
    from explorer_pages import served
    from playwright.sync_api import sync_playwright

    notebooks = _notebooks(folder / "notebooks", processed)
    with served(folder / "log", notebooks) as (base, token, server), sync_playwright() as started:
        browser = started.chromium.launch(executable_path=CHROMIUM, args=["--no-sandbox"])
        print(f"{'':18} {'':24} {'wall':>11} {'alone':>11} {'kernel':>7} {'server':>7} {'page':>7}  first")
        for notebook, controls in TRIED.items():
            page = browser.new_page(viewport={"width": 1400, "height": 1100})
            page.goto(f"{base}voila/render/{notebook}.ipynb?token={token}", wait_until="commit", timeout=300_000)
            page.wait_for_selector(".vega-embed svg", timeout=300_000)
            page.wait_for_load_state("networkidle")
            watched = _processes(server)
            for label, values in controls:
                first = [_change(page, watched, label, value) for value in values]
                times = [_change(page, watched, label, values[turn % len(values)]) for turn in range(repeats)]
                _tell(notebook, label, times, max(each.alone for each in first))
                yield from times
            page.close()
        browser.close()


def calls(processed: Path) -> None:
    """`crimelib.series` and `crimelib.compare` in one process."""
    import crimelib as cl

    at = {"processed": str(processed)}
    wards = itertools.cycle(cl.list_wards("Bromley", **at)["name"])
    cl.compare(cl.series("burglary", **at))
    asked: dict[str, Callable[[], object]] = {
        "cl.series, a borough": lambda: cl.series("burglary", **at).counts,
        "cl.series, another ward each time": lambda: cl.series("burglary", ward=next(wards), **at).counts,
        "cl.compare": lambda: cl.compare(cl.series("burglary", **at)),
    }
    for what, call in asked.items():
        walls, busy = [], []
        for _ in range(200):
            clock, processor = time.perf_counter(), time.process_time()
            call()
            walls.append(1000 * (time.perf_counter() - clock))
            busy.append(1000 * (time.process_time() - processor))
        print(f"{what:36} median {statistics.median(walls):5.1f} ms wall, {statistics.median(busy):5.1f} ms processor"
              f"   95th {_high(walls):5.1f} ms, {_high(busy):5.1f} ms")  # fmt: skip


def _notebooks(folder: Path, processed: Path) -> Path:
    """The explorers' notebooks over another processed folder."""
    folder.mkdir()
    for path in (ROOT / "notebooks" / "explore").glob("*.ipynb"):
        text = path.read_text(encoding="utf-8")
        (folder / path.name).write_text(text.replace('\\"data/processed\\"', f'\\"{processed}\\"'), encoding="utf-8")
    return folder


def _change(page: object, watched: dict[str, list[int]], label: str, value: str | int) -> Times:
    before = {part: _schedule(processes) for part, processes in watched.items()}
    wall = page.evaluate(CHANGE, [label, value])
    after = {part: _schedule(processes) for part, processes in watched.items()}
    spent = {part: (after[part][0] - before[part][0], after[part][1] - before[part][1]) for part in watched}
    return Times(wall, {part: ran for part, (ran, _) in spent.items()}, sum(waited for _, waited in spent.values()))


def _processes(server: int) -> dict[str, list[int]]:
    """The server, its kernels, and the processes that draw pages: those of pages closed before stand still."""
    drawing = [
        int(each.name)
        for each in Path("/proc").iterdir()
        if each.name.isdigit() and "--type=renderer" in _command(each) and _ancestor(int(each.name), os.getpid())
    ]
    return {"kernel": _children(server), "server": [server], "page": drawing}


def _command(process: Path) -> str:
    try:
        return (process / "cmdline").read_text(errors="replace")
    except OSError:
        return ""


def _children(parent: int) -> list[int]:
    return [
        int(each) for task in Path(f"/proc/{parent}/task").iterdir() for each in (task / "children").read_text().split()
    ]


def _ancestor(process: int, wanted: int) -> bool:
    while process > 1:
        if process == wanted:
            return True
        try:
            process = int(Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[1])
        except OSError:
            return False
    return False


def _schedule(processes: Sequence[int]) -> tuple[float, float]:
    """Milliseconds that the threads of some processes have run, and have waited for a core."""
    ran = waited = 0
    for process in processes:
        for task in Path("/proc").glob(f"{process}/task/*"):
            try:
                on, off, _ = (task / "schedstat").read_text().split()
            except OSError:  # it has ended
                continue
            ran, waited = ran + int(on), waited + int(off)
    return ran / 1e6, waited / 1e6


def _tell(notebook: str, label: str, times: Sequence[Times], first: float) -> None:
    told = _summary(times)
    busy = "".join(f"{statistics.median(each.busy[part] for each in times):8.0f}" for part in PARTS)
    print(
        f"{notebook:18} {label:24} {told['wall_median_ms']:4}, {told['wall_p95_ms']:4} "
        f"{told['alone_median_ms']:4}, {told['alone_p95_ms']:4}{busy}   {first:5.0f}",
        flush=True,
    )


def _summary(times: Sequence[Times]) -> dict[str, int]:
    kinds = {name: [getattr(each, name) for each in times] for name in ("wall", "alone")}
    kinds["busy"] = [sum(each.busy.values()) for each in times]
    medians = {f"{name}_median_ms": round(statistics.median(values)) for name, values in kinds.items()}
    return medians | {f"{name}_p95_ms": round(_high(values)) for name, values in kinds.items()}


def _high(times: Sequence[float]) -> float:
    return statistics.quantiles(times, n=20)[-1]


if __name__ == "__main__":
    main()
