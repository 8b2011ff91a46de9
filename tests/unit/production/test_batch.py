"""Which packs a batch makes, and that one that fails fails alone."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from pathlib import Path
from types import SimpleNamespace

import pandas as pd
import pytest

from crimelib import cli
from crimelib.errors import InputError
from crimelib.production import batch, board_pack
from crimelib.production.batch import BatchEntry, BatchOrder, run_batch, subjects, told
from crimelib.production.pack import seal
from crimelib.production.run import PackResult, StoppedByHand
from crimelib.settings import PROJECT_ROOT, Area, Settings, load_settings
from crimelib.tables.store import Catalogue, write_catalogue


def names(areas: str, periods: str) -> list[tuple[str, str]]:
    return [(area.name, str(period)) for area, period in subjects(load_settings(), areas, periods)]


def test_every_area_over_every_period() -> None:
    wanted = names("all", "2023-01:2023-02")
    assert len(wanted) == 2 * 34
    assert ("London", "2023-01") in wanted
    assert ("City of London", "2023-02") in wanted


def test_named_areas_and_one_period() -> None:
    assert names("Bromley, Croydon", "2023-07") == [("Bromley", "2023-07"), ("Croydon", "2023-07")]


@pytest.mark.parametrize(
    ("areas", "periods"), [("Bromly", "2023-07"), ("Bromley", "2023-13"), ("all", "2023-07:2023-01")]
)
def test_what_is_not_there_is_refused(areas: str, periods: str) -> None:
    with pytest.raises(InputError):
        names(areas, periods)


# --- what becomes of them -----------------------------------------------------------------------------------------


@pytest.fixture
def order(tmp_path: Path) -> BatchOrder:
    write_catalogue(tmp_path, Catalogue(()))
    return BatchOrder(PROJECT_ROOT / "parameters", tmp_path, tmp_path / "reports", tmp_path, "board")


def outcomes(
    monkeypatch: pytest.MonkeyPatch, order: BatchOrder, make: Callable[[Area, pd.Period], PackResult]
) -> list[BatchEntry]:
    """The entries of two boroughs' packs, made in this process."""
    monkeypatch.setattr(batch, "make_pack", lambda _settings, area, period, *_, **__: make(area, period))
    return list(run_batch(subjects(load_settings(), "Bromley,Croydon", "2023-07"), order, jobs=3))


@pytest.mark.parametrize(
    ("raised", "told_as"),
    [
        (InputError("no source has Bromley in 2023-07", where="period"), "period: no source has Bromley in 2023-07"),
        (KeyError("ward\n7"), "KeyError: 'ward\\n7' (see `crimelib run`)"),
    ],
)
def test_a_pack_that_fails_fails_alone(
    order: BatchOrder, monkeypatch: pytest.MonkeyPatch, raised: Exception, told_as: str
) -> None:
    def make(area: Area, period: pd.Period) -> PackResult:
        if area.name == "Bromley":
            raise raised
        return PackResult(Path("pack"), [], [], 1.0)

    entries = outcomes(monkeypatch, order, make)
    assert [entry.failed for entry in entries] == [True, False]
    assert str(entries[0]) == f"Bromley, 2023-07: {told_as}"
    assert told(entries, 3) == "3 packs: 1 made, 1 failed, 1 not begun or not done"


def test_a_pack_that_stands_and_one_with_a_failed_page_say_so(
    order: BatchOrder, monkeypatch: pytest.MonkeyPatch
) -> None:
    results = {
        "Bromley": PackResult(Path("pack"), [], [], 0.2, unchanged=True),
        "Croydon": PackResult(Path("pack"), ["asb"], [], 2.0),
    }
    entries = outcomes(monkeypatch, order, lambda area, _: results[area.name])
    assert [str(entry) for entry in entries] == [
        "Bromley, 2023-07: as before",
        "Croydon, 2023-07: 2 s, failed pages: asb",
    ]
    assert [entry.failed for entry in entries] == [False, True]


def test_a_released_pack_is_left_and_the_batch_goes_on(order: BatchOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    released = order.target(subjects(load_settings(), "Bromley", "2023-07")[0])
    released.mkdir(parents=True)
    seal(released, {"status": "released", "revision": 1})
    entries = outcomes(monkeypatch, order, lambda area, _: PackResult(Path(area.name), [], [], 1.0))
    assert str(entries[0]) == (
        "Bromley, 2023-07: released, so left as it is (`crimelib run --reason TEXT` corrects it)"
    )
    assert [entry.failed for entry in entries] == [False, False]
    assert told(entries, 2) == "2 packs: 1 made, 1 released and left"


def test_ctrl_c_ends_the_batch_and_is_no_failed_pack(order: BatchOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    def make(_area: Area, _period: pd.Period) -> PackResult:
        raise StoppedByHand("stopped by hand")

    with pytest.raises(StoppedByHand):
        outcomes(monkeypatch, order, make)


def test_what_no_pack_could_be_made_of_is_refused_once(order: BatchOrder) -> None:
    wanted = subjects(load_settings(), "Bromley,Croydon", "2023-07")
    with pytest.raises(InputError, match="nothing has been cleaned"):
        run_batch(wanted, replace(order, processed=order.out))
    with pytest.raises(InputError, match="for partners"):
        run_batch(wanted, replace(order, organisations=("refuge",)))


def test_packs_of_a_process_share_definitions_and_tables(order: BatchOrder, monkeypatch: pytest.MonkeyPatch) -> None:
    shared = []

    def plan(settings: Settings, *_: object) -> object:
        shared.append(settings)
        return SimpleNamespace(standing=lambda _: None)

    def keep(folder: Path) -> None:
        shared.append(folder)
        raise InputError("the rest is not looked at here")

    monkeypatch.setattr(board_pack, "_plan", plan)
    monkeypatch.setattr(board_pack, "keep", keep)
    entries = list(run_batch(subjects(load_settings(), "Bromley,Croydon", "2023-07"), order, jobs=3))
    assert [entry.error for entry in entries] == ["the rest is not looked at here"] * 2
    assert shared[0] is shared[2]
    assert shared[1] == shared[3] == order.processed


def test_ctrl_c_is_one_line_with_status_1_that_says_what_stays(
    order: BatchOrder, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    def make(*_: object, **__: object) -> PackResult:
        raise KeyboardInterrupt

    monkeypatch.setattr(batch, "make_pack", make)
    folders = ["--processed", str(order.processed), "--out", str(order.out)]
    monkeypatch.setattr("sys.argv", ["crimelib", "batch", "--areas", "Bromley", "--jobs", "2", *folders])
    with pytest.raises(SystemExit) as ended:
        cli.main()
    told_of = capsys.readouterr()
    assert ended.value.code == 1
    assert "crimelib: stopped by hand; packs that are done stay, the others are as they were\n" in told_of.err
    assert told_of.out.startswith("1 pack: 1 not begun or not done, in ")
