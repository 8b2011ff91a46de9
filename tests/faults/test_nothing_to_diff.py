"""Two runs of the same notebooks compared by nbdime: nothing differs, neither timings nor ids."""

from __future__ import annotations

from pathlib import Path

from nbdime import diff_notebooks
from toy_pack import publish, write_notebook

from crimelib.production.notebooks import read_notebook

CELLS = (
    "import os, time\nimport pandas as pd\nfrom crimelib.board import charts\n"
    "time.sleep(int.from_bytes(os.urandom(1)) / 1000)",
    "pd.DataFrame({'a': [1]}).style.highlight_max()",
    "monthly = pd.DataFrame({'month': ['2021-10', '2021-11'], 'count': [5, 6]})\n"
    "charts.trend_chart(monthly, title='Burglary', unit='Offences a month', finding='It rose.')",
    "print('one')\ntime.sleep(0.01)\nprint('two')",
)


def executed(folder: Path, *cells: str) -> Path:
    toy = write_notebook(folder, "01_first", *cells)
    publish(folder, [toy])
    return folder / "reports/bromley/2021-11/notebooks/01_first.ipynb"


def test_nbdime_finds_nothing_between_two_runs_of_the_same_and_one_line_between_others(tmp_path: Path) -> None:
    one, again = (executed(tmp_path / name, *CELLS) for name in ("one", "again"))
    assert diff_notebooks(read_notebook(one), read_notebook(again)) == []
    assert one.read_bytes() == again.read_bytes()
    other = read_notebook(one)
    other.cells[-1].source = other.cells[-1].source.replace("two", "three")
    (changed,) = diff_notebooks(read_notebook(one), other)
    assert changed["key"] == "cells"
