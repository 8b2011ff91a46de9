"""What a predecessor has published is read from its files once, and again when they change."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from crimelib.disclosure import published as reader
from crimelib.disclosure.published import KEPT
from crimelib.errors import InputError
from crimelib.production import disclosed
from crimelib.settings import load_settings

SETTINGS = load_settings()
ROW = dict.fromkeys(KEPT, "") | {
    "period": "2021-10",
    "measure": "hate_crime",
    "breakdown": "ward",
    "breakdown_value": "E05000106",
    "breakdown_label": "Bickley",
    "window": "rolling_12",
    "status": "suppressed",
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "2021-10-public"
    folder.mkdir()
    with (folder / "summary.csv").open("w", encoding="utf-8", newline="") as stream:
        writer = csv.DictWriter(stream, KEPT)
        writer.writeheader()
        writer.writerow(ROW)
    return folder


@pytest.fixture
def readings(monkeypatch: pytest.MonkeyPatch) -> list[str]:
    """The packs whose files were read."""
    read: list[str] = []

    def counted(pack: Path) -> object:
        read.append(pack.name)
        return statements(pack)

    statements = reader.statements
    monkeypatch.setattr(reader, "statements", counted)
    return read


def test_a_predecessor_is_read_once(pack: Path, readings: list[str]) -> None:
    first = disclosed.published_once(pack, SETTINGS)
    assert first == disclosed.published_once(pack, SETTINGS) == [ROW]
    assert readings == [pack.name]
    assert sorted(path.name for path in pack.iterdir()) == ["summary.csv"], "nothing is put into a pack"


def test_a_file_that_changes_is_read_again(pack: Path, readings: list[str]) -> None:
    disclosed.published_once(pack, SETTINGS)
    (pack / "notes.html").write_text("<p>Hate crime, Bickley, twelve months: 3 offences, against 12 before</p>")
    rows = disclosed.published_once(pack, SETTINGS)
    assert rows == [ROW, ROW | {"current": "3", "previous": "12", "status": "ok"}]
    assert len(readings) == 2


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"of": 1', '{"of": "another", "rows": []}'])
def test_a_broken_note_of_it_is_read_anew(pack: Path, readings: list[str], text: str) -> None:
    disclosed.published_once(pack, SETTINGS)
    (kept,) = pack.parent.glob(".*.json")
    kept.write_text(text, encoding="utf-8")
    assert disclosed.published_once(pack, SETTINGS) == [ROW]
    assert len(readings) == 2


def test_where_nothing_can_be_kept_it_is_read_each_time(
    pack: Path, readings: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def refused(*_: object, **__: object) -> int:
        raise OSError("read-only")

    monkeypatch.setattr(Path, "write_text", refused)
    assert [disclosed.published_once(pack, SETTINGS) for _ in range(2)] == [[ROW], [ROW]]
    assert len(readings) == 2


def test_a_predecessor_with_a_damaged_file_is_named_in_one_line(pack: Path) -> None:
    (pack / "summary.xlsx").write_bytes(b"PK\x03\x04 cut off")
    with pytest.raises(InputError, match="2021-10-public: a file of this earlier pack cannot be read"):
        disclosed.published_once(pack, SETTINGS)
