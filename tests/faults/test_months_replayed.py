"""Twelve months as they arrived, each file revising the one before: every change is listed, no other, and what was
released stays as it was, byte for byte."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from mps_files import BURGLARY, FAMILY_2019, csv_text, month_columns, put, tree_hash
from toy_pack import publish, without_kernels, write_notebook

from crimelib.areas import AreaBook
from crimelib.production import run
from crimelib.production.pack import pack_path, verify_pack
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.revisions import Releases, revision_table
from crimelib.tables.store import Store

SETTINGS = load_settings()
BROMLEY = AreaBook.of(SETTINGS).find("Bromley")
MONTHS = list(pd.period_range("2021-01", "2021-12", freq="M"))
WAVE = [0, 3, 0, -2, 1, 0, 5, -1, 0, 2, 0, 4]  # what each file changes in the month before its last, and six back


def counts_as_known(upto: pd.Period) -> dict[pd.Period, int]:
    """What the file that ends with a month says of each month."""
    known = {month: 100 + month.month for month in pd.period_range("2020-01", upto, freq="M")}
    for month in pd.period_range("2021-01", upto, freq="M"):
        known[month - 1] += WAVE[month.month - 1]
        known[month - 6] -= WAVE[month.month - 1]
    return known


def arrive(raw: Path, month: pd.Period) -> None:
    known = counts_as_known(month)
    columns = month_columns("2020-01", str(month))
    text = csv_text([*FAMILY_2019, *columns], [[*BURGLARY, "Bromley", *known.values()]])
    put(raw, text, vintage=str(month), name="borough.csv")


def changes_of(month: pd.Period) -> dict[str, int]:
    """What the newest file says otherwise than the one before it."""
    now, before = counts_as_known(month), counts_as_known(month - 1)
    return {str(each): now[each] - count for each, count in before.items() if now[each] != count}


def listed(processed: Path, month: pd.Period) -> tuple[dict[str, int], pd.DataFrame]:
    stored = Store(processed).counts([BROMLEY.code])
    table = revision_table(Releases.of(stored, BROMLEY.code), SETTINGS, BROMLEY, month)
    table = table[table["measure"] == "burglary_residential"] if "burglary_residential" in set(
        table["measure"]) else table[table["measure"] == table["measure"].iloc[0]]  # fmt: skip
    newest = table[(table["vintage"] == str(month)) & (table["change"] != 0)]
    return dict(zip(newest["month"], newest["change"], strict=True)), table


@pytest.fixture(scope="module")
def replay(tmp_path_factory: pytest.TempPathFactory) -> dict[pd.Period, tuple]:
    """By month: what the table of revisions lists, the packs that stood before and after, by hash."""
    folder, found = tmp_path_factory.mktemp("replay"), {}
    notebook = write_notebook(folder / "nb", "01_first", "print('x')", printed="x")
    arrive(folder / "raw", MONTHS[0] - 1)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(run, "execute_notebooks", without_kernels)
        patch.setattr("crimelib.tables.clean.cleaning_hash", lambda settings: "this code and these parameters")
        for month in MONTHS:
            before = {path: tree_hash(path) for path in (folder / "reports").glob("bromley/20*")}
            arrive(folder / "raw", month)
            clean(folder / "raw", folder / "processed", SETTINGS)
            changes, table = listed(folder / "processed", month)
            target = pack_path(folder / "reports", "Bromley", str(month))
            parameters = {"area": "Bromley", "period": str(month)}
            publish(folder, [notebook], target=target, period=str(month), parameters=parameters,
                    tables={"revisions.csv": table})  # fmt: skip
            found[month] = (changes, before, {path: tree_hash(path) for path in before}, target)
    return found


@pytest.mark.parametrize("month", MONTHS, ids=str)
def test_every_change_is_listed_and_released_packs_stand(replay: dict, month: pd.Period) -> None:
    changes, before, after, target = replay[month]
    assert changes == changes_of(month)
    assert before == after
    assert len(before) == MONTHS.index(month)
    assert verify_pack(target) == []
