"""Twelve consecutive monthly public packs of the illustrative set, each attacked with all those before it."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.summary import summary_with_choices
from crimelib.disclosure.audit import audit_pack
from crimelib.disclosure.protect import earlier_packs
from crimelib.illustrative.sample import write_sample
from crimelib.production.exports import write_csv
from crimelib.settings import load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

SETTINGS = load_settings()
MONTHS = pd.period_range("2020-12", "2021-11", freq="M")


@pytest.mark.long
def test_twelve_monthly_public_packs_give_nothing_away_together(tmp_path: Path) -> None:
    write_sample(tmp_path / "raw", SETTINGS)
    clean(tmp_path / "raw", tmp_path / "processed", SETTINGS)
    store, area = Store(tmp_path / "processed"), AreaBook.of(SETTINGS).find("Bromley")
    packs: list[Path] = []
    for period in MONTHS:
        before = earlier_packs(tmp_path / "bromley", str(period), "public", SETTINGS.disclosure)
        made = summary_with_choices(store, SETTINGS, area, period, "public", before)
        pack = tmp_path / "bromley" / f"{period}-public"
        pack.mkdir(parents=True)
        write_csv(made.rows, pack / "summary.csv")
        assert audit_pack(pack, packs, "public", SETTINGS) == []
        assert not any(choice.out_of_time or choice.gap > 0.2 for choice in made.choices)
        packs.append(pack)
        months = made.rows[(made.rows["breakdown"] == "ward") & (made.rows["window"] == "rolling_12")]
        withheld = int((months["status"] == "suppressed").sum())
        print(f"{period}: {withheld} of {len(months)} ward rows of twelve months withheld")
        assert 0 < withheld < len(months)
