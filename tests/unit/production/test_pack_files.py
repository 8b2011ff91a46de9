"""Where a pack lies, how it is swapped in, and how it is checked."""

import json
from collections.abc import Callable
from pathlib import Path

import pytest

from crimelib.errors import CrimelibError, InputError
from crimelib.production import pack
from crimelib.production.pack import (
    ALTERED,
    building,
    locked,
    pack_at,
    pack_path,
    publish,
    read_record,
    record_of,
    seal,
    verify_pack,
)


def quiet(_: str) -> None:
    """Says nothing."""


def make(target: Path, label: str) -> None:
    with locked(target, quiet), building(target) as folder:
        (folder / "notebooks").mkdir()
        for name in ("index.html", "summary.csv", "notebooks/01_a.ipynb"):
            (folder / name).write_text(f"{label} {name}")
        seal(folder, {"label": label})
        publish(folder, target)


@pytest.fixture
def target(tmp_path: Path) -> Path:
    make(tmp_path / "bromley" / "2021-11", "old")
    return tmp_path / "bromley" / "2021-11"


@pytest.mark.parametrize(
    ("area", "audience", "expected"),
    [
        ("Bromley", "board", "bromley/2021-11"),
        ("Kensington & Chelsea", "public", "kensington-chelsea/2021-11-public"),
        ("King's Lynn", "partner", "kings-lynn/2021-11-partner"),
        ("../../etc", "board", "etc/2021-11"),
        ("/root/é{period}", "board", "root-e-period/2021-11"),
    ],
)
def test_a_pack_lies_below_its_folder_whatever_the_area_is_called(area: str, audience: str, expected: str) -> None:
    assert pack_path(Path("out"), area, "2021-11", audience) == Path("out") / expected


@pytest.mark.parametrize(
    ("area", "period", "audience"),
    [
        ("..", "2021-11", "board"),
        ("", "2021-11", "board"),
        ("///", "2021-11", "board"),
        ("x" * 300, "2021-11", "board"),
        ("Bromley", "../../2021-11", "board"),
        ("Bromley", "2021-13", "board"),
        ("Bromley", "2021-11\n", "board"),
        ("Bromley", "{period}", "board"),
        ("Bromley", "2021-11", "../public"),
        ("Bromley", "2021-11", ""),
    ],
)
def test_hostile_parts_of_a_path_are_refused(area: str, period: str, audience: str) -> None:
    with pytest.raises(InputError):
        pack_path(Path("out"), area, period, audience)


def test_a_published_pack_is_whole_and_alone(target: Path) -> None:
    assert verify_pack(target) == []
    assert read_record(target)["label"] == "old"
    assert sorted(path.name for path in target.parent.iterdir()) == [".2021-11.lock", "2021-11"]


def test_the_new_pack_replaces_the_old_one_whole(target: Path) -> None:
    make(target, "new")
    assert {path.read_text().split()[0] for path in target.rglob("*.*") if path.name != "run.json"} == {"new"}
    assert verify_pack(target) == []


def test_where_folders_cannot_be_exchanged_they_are_renamed(target: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(pack, "_exchange", lambda *_: False)
    make(target, "new")
    assert read_record(target)["label"] == "new"
    assert sorted(path.name for path in target.parent.iterdir()) == [".2021-11.lock", "2021-11"]


def test_a_fallback_cut_off_between_its_renames_is_put_back(target: Path) -> None:
    target.rename(target.with_name(".2021-11.old-1"))
    with building(target):
        assert read_record(target)["label"] == "old"


def test_leftovers_of_dead_runs_are_cleared(target: Path) -> None:
    for name in (".2021-11.building-1", ".2021-11.old-1"):
        (target.with_name(name) / "notebooks").mkdir(parents=True)
    other = target.with_name(".2021-12.building-1")
    other.mkdir()
    with building(target):
        assert not target.with_name(".2021-11.building-1").exists()
        assert not target.with_name(".2021-11.old-1").exists()
    assert other.exists()
    assert verify_pack(target) == []


def test_a_build_that_fails_leaves_the_old_pack_and_nothing_else(target: Path) -> None:
    def half_a_build() -> None:
        with building(target) as folder:
            (folder / "index.html").write_text("half")
            raise OSError("disk full")

    with pytest.raises(OSError, match="disk full"):
        half_a_build()
    assert read_record(target)["label"] == "old"
    assert not list(target.parent.glob(".*building*"))


def test_a_pack_that_is_not_whole_is_not_published(target: Path) -> None:
    with building(target) as folder:
        seal(folder, {"label": "new"})
        (folder / "late").write_text("after the seal")
        with pytest.raises(CrimelibError, match="late: extra"):
            publish(folder, target)
    assert read_record(target)["label"] == "old"


@pytest.mark.parametrize("kind", ["folder", "file", "link"])
def test_what_is_not_a_pack_is_never_replaced(tmp_path: Path, kind: str) -> None:
    target = tmp_path / "2021-11"
    if kind == "folder":
        target.mkdir()
        (target / "thesis.docx").write_text("years of work")
    elif kind == "file":
        target.write_text("years of work")
    else:
        target.symlink_to(tmp_path)
    with pytest.raises(InputError, match="not a pack"), building(target):
        pytest.fail("it was entered")


def test_verify_names_what_is_altered_missing_and_extra(target: Path) -> None:
    (target / "summary.csv").write_text("forged")
    (target / "index.html").unlink()
    (target / "notebooks" / "99_more.ipynb").write_text("more")
    assert verify_pack(target) == ["summary.csv: altered", "index.html: missing", "notebooks/99_more.ipynb: extra"]


def test_verify_sees_a_link_even_to_the_same_content(target: Path) -> None:
    kept = target.with_name("kept.csv")
    (target / "summary.csv").rename(kept)
    (target / "summary.csv").symlink_to(kept)
    assert verify_pack(target) == ["summary.csv: altered"]


@pytest.mark.parametrize("text", ["", "{", "[]", "null", '{"outputs": {}}', '{"record_sha256": "x", "outputs": {}}'])
def test_verify_names_a_broken_record(target: Path, text: str) -> None:
    (target / "run.json").write_text(text)
    assert verify_pack(target) == [ALTERED]


@pytest.mark.parametrize("ask", [pack_at, record_of])
def test_a_wrong_path_is_said_to_hold_no_pack(tmp_path: Path, ask: Callable[[Path], object]) -> None:
    for wrong in (tmp_path, tmp_path / "nowhere"):
        with pytest.raises(InputError, match=f"{wrong}: there is no pack there; give a pack's folder"):
            ask(wrong)


def test_a_pack_without_its_record_is_a_pack_all_the_same(target: Path) -> None:
    (target / "run.json").unlink()
    assert verify_pack(pack_at(target)) == [ALTERED]
    with pytest.raises(InputError, match=ALTERED):
        record_of(target)


def test_verify_sees_a_changed_record(target: Path) -> None:
    record = json.loads((target / "run.json").read_text())
    (target / "run.json").write_text(json.dumps({**record, "label": "forged"}))
    assert verify_pack(target) == [ALTERED]


def test_a_second_run_says_that_it_waits_and_gives_up_in_one_line(target: Path) -> None:
    said: list[str] = []
    second = locked(target, said.append, seconds=0.05)
    with locked(target, quiet), pytest.raises(CrimelibError, match="still holds 2021-11"), second:
        pytest.fail("two holders")
    assert said == ["another run holds 2021-11; waiting for it"]
    with locked(target, said.append, seconds=0.05):
        assert len(said) == 1
