"""Stored tables: what is written is what is read, sorted and checked."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path

import pandas as pd
import pyarrow.parquet as pq
import pytest
from mps_files import lay_small

from crimelib.errors import InputError
from crimelib.kernels.client import _WITHOUT_THREADS
from crimelib.settings import PROJECT_ROOT, load_settings
from crimelib.start_up import ONE_THREAD
from crimelib.tables import store as store_module
from crimelib.tables.clean import clean
from crimelib.tables.schemas import validated
from crimelib.tables.store import (
    CATALOGUE,
    LAYOUT,
    PARTS,
    Catalogue,
    Entry,
    Store,
    as_texts,
    keep,
    write_catalogue,
    write_part,
)

# The columns of every illustrative table. One that changes: write it here, and raise LAYOUT and LAYOUT_HERE by one.
LAYOUT_HERE = 2
TABLES = {
    "asb_calls": "month area_code ward_code heading qualifier tags count",
    "asb_unreached": "wording count first_month last_month area_code",
    "counts": "series basis area_level area_code parent_code area_name month count",
    "engagement": "month area_code ward_code activity count",
    "licensed_vehicles": "area_code month vehicle_group vehicles",
    "offence_recency": "month area_code measure recency count",
    "offence_times": "month area_code measure weekday hour_band count",
    "partner_returns": "month organisation indicator area_code count capacity_note revision line",
    "perception": "quarter_end area_code measure proportion london_proportion",
    "police_uk_lsoa": "month force area_code lsoa_code series count",
    "police_uk_quality": "month force check count",
    "rejected": "line column value reason",
    "resident_reports": "month area_code ward_code category channel count",
    "stop_search": "month force object_of_search outcome linked count",
    "survey_responses": "month survey_date area_code ward_code age_band sex question answer count",
    "vehicle_thefts": "month area_code ward_code vehicle_class make value_band method recovered count",
    "victim_service": "month area_code crime measure victims met",
}

COUNTS = pd.DataFrame(
    {
        "series": ["a", "a", "b"],
        "basis": "x",
        "area_level": ["borough", "ward", "borough"],
        "area_code": ["NA", "E05000107", "E09000006"],
        "parent_code": ["E12000007", "NA", "E12000007"],
        "area_name": ["NA", "007", "Bromley"],
        "month": ["2021-11", "2021-10", "2021-11"],
        "count": [1, 0, 3],
    }
)


def stored(folder: Path, **tables: pd.DataFrame) -> Store:
    (folder / PARTS).mkdir(parents=True)
    for name, table in tables.items():
        write_part(folder / PARTS / f"{name}.parquet", table)
    entry = Entry("s", "v", "f.csv", "0" * 64, 3, 0, {name: f"{name}.parquet" for name in tables})
    write_catalogue(folder, Catalogue((entry,), (("label", "reason"),)))
    return Store(folder)


def test_what_is_written_is_what_is_read(tmp_path: Path) -> None:
    store = stored(tmp_path, counts=COUNTS)
    table = store.table("counts")
    assert sorted(table["area_name"]) == ["007", "Bromley", "NA"]
    assert set(table["source"]) == {"s"}
    assert set(table["vintage_order"]) == {3}
    assert store.catalogue.left_out == (("label", "reason"),)


def test_counts_of_an_area_and_of_its_wards(tmp_path: Path) -> None:
    store = stored(tmp_path, counts=COUNTS)
    assert list(store.counts(["NA"])["area_code"]) == ["NA"]
    assert set(store.counts(["NA"], wards=True)["area_code"]) == {"NA", "E05000107"}


@pytest.mark.parametrize("most", [1 << 20, 0])
@pytest.mark.parametrize(
    ("filters", "columns"),
    [
        (None, None),
        ([("area_code", "==", "E09000006")], None),
        ([[("area_code", "in", ["E09000006"])], [("parent_code", "in", ["NA"]), ("area_level", "==", "ward")]], None),
        ([("area_code", "==", "E09000006")], ["month", "count"]),
        ([("area_code", "==", "nowhere")], None),
    ],
)
def test_tables_that_are_kept_are_those_that_are_read(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, most: int, filters: list | None, columns: list[str] | None
) -> None:
    monkeypatch.setattr(store_module, "LARGEST_KEPT", most)
    read = stored(tmp_path, counts=COUNTS)
    expected = read.table("counts", filters, columns)
    keep(tmp_path)
    pd.testing.assert_frame_equal(read.table("counts", filters, columns), expected)
    for part in (tmp_path / "parts").rglob("*.parquet"):
        part.unlink()
    if most:
        assert len(Store(tmp_path).table("counts")) == len(COUNTS)
    else:
        with pytest.raises(FileNotFoundError):
            Store(tmp_path).table("counts")


def test_tables_are_read_once_until_they_change_and_then_let_go(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    read: list[str] = []
    whole = store_module._whole
    monkeypatch.setattr(store_module, "_whole", lambda part: read.append(part.name) or whole(part))
    stored(tmp_path, counts=COUNTS)
    keep(tmp_path)
    keep(tmp_path)
    assert read == ["counts.parquet"]
    write_part(tmp_path / PARTS / "more.parquet", COUNTS)
    write_catalogue(tmp_path, Catalogue((Entry("s", "v", "f.csv", "1" * 64, 3, 0, {"counts": "more.parquet"}),)))
    keep(tmp_path)
    assert read == ["counts.parquet", "more.parquet"]
    assert [path.name for path in store_module._kept if path.is_relative_to(tmp_path.resolve())] == ["more.parquet"]


def test_tables_are_kept_without_a_thread(tmp_path: Path) -> None:
    stored(tmp_path, counts=COUNTS)
    words = "import os, sys, pathlib; from crimelib.tables.store import keep; keep(pathlib.Path(sys.argv[1]))"
    told = f"{words}; print(len(os.listdir('/proc/self/task')))"
    quiet = {**os.environ, **dict.fromkeys(ONE_THREAD, "1"), **_WITHOUT_THREADS}
    done = subprocess.run(
        [sys.executable, "-c", told, str(tmp_path)], capture_output=True, text=True, env=quiet, check=True
    )
    assert done.stdout == "1\n"


def test_a_table_that_no_file_has_is_empty(tmp_path: Path) -> None:
    assert stored(tmp_path, counts=COUNTS).table("other").empty


def test_the_order_of_rows_does_not_change_the_bytes(tmp_path: Path) -> None:
    write_part(tmp_path / "a", COUNTS)
    write_part(tmp_path / "b", COUNTS.iloc[::-1].reset_index(drop=True))
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


@pytest.mark.parametrize("rows", [COUNTS.iloc[:0], COUNTS.assign(area_code=pd.Series(dtype="str"))])
def test_a_column_without_a_text_is_one_of_texts_all_the_same(tmp_path: Path, rows: pd.DataFrame) -> None:
    for name, table in {"texts": rows, "codes": rows.astype({"area_code": "category"})}.items():
        store = stored(tmp_path / name, counts=table)
        assert store.table("counts", [("area_code", "==", "E09000006")]).empty
        assert str(store.table("counts")["area_code"].dtype) == "str"


def test_texts_as_codes_are_the_same_texts(tmp_path: Path) -> None:
    store = stored(tmp_path, counts=COUNTS)
    found = store.table("counts", columns=["area_name", "count"], as_codes=True)
    assert set(found.select_dtypes("category")) == {"area_name", "source", "vintage"}
    pd.testing.assert_frame_equal(as_texts(found), store.table("counts", columns=["area_name", "count"]))


def test_nothing_cleaned_yet_is_said(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"nothing has been cleaned yet; run `crimelib clean`"):
        Store(tmp_path)


@pytest.mark.parametrize("layout", [None, LAYOUT - 1, LAYOUT + 1])
def test_tables_of_another_version_are_refused_and_cleaning_again_mends_it(tmp_path: Path, layout: int | None) -> None:
    stored(tmp_path, counts=COUNTS)
    catalogue = json.loads((tmp_path / CATALOGUE).read_text())
    (tmp_path / CATALOGUE).write_text(json.dumps({**catalogue, "layout": layout}))
    with pytest.raises(InputError) as refused:
        Store(tmp_path)
    told = "the tables were made by another version of crimelib; run `crimelib clean` again"
    assert str(refused.value) == f"processed folder {tmp_path.name!r}: {told}"
    result = clean(lay_small(tmp_path / "raw"), tmp_path, load_settings())
    assert Store(tmp_path).catalogue == result.catalogue


def test_the_layout_is_raised_with_the_columns() -> None:
    folder = PROJECT_ROOT / "data" / "processed"
    found = {
        name: " ".join(pq.read_schema(folder / PARTS / part).names)
        for entry in Store(folder).catalogue.entries
        for name, part in entry.tables.items()
    }
    assert (LAYOUT, found) == (LAYOUT_HERE, TABLES)


@pytest.mark.parametrize(
    "change",
    [
        {"count": [-1, 0, 3]},
        {"count": [1.5, 0, 3]},
        {"month": ["2021-13", "2021-10", "2021-11"]},
        {"series": ["A b", "a", "b"]},
        {"area_level": ["region", "ward", "borough"]},
        {"area_code": ["", "E05000107", "E09000006"]},
        {"extra": [1, 2, 3]},
    ],
)
def test_a_table_that_is_not_tidy_is_not_stored(change: dict) -> None:
    with pytest.raises(ValueError, match="the table 'counts' is not tidy: "):
        validated("counts", COUNTS.assign(**change))


def test_a_count_that_stands_twice_is_not_stored() -> None:
    with pytest.raises(ValueError, match="the table 'counts' is not tidy: "):
        validated("counts", pd.concat([COUNTS, COUNTS.iloc[:1]], ignore_index=True))
    assert len(validated("counts", COUNTS)) == 3
