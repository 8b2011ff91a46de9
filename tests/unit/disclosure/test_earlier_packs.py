"""Which packs a reader already has: those of other periods, and of this one what was released."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from crimelib.disclosure.protect import earlier_packs
from crimelib.settings import load_settings

DISCLOSURE = load_settings().disclosure
HEAD = "measure,breakdown,breakdown_value,window,current,previous,status\n"


def pack(folder: Path, name: str, current: int, run: bytes | None = b'{"status": "draft"}') -> None:
    """A pack with one ward row, and a row of every kind that says nothing of wards."""
    made = folder / name
    made.mkdir()
    rows = [f"hate_crime,ward,A,rolling_12,{current},1,ok", "hate_crime,strand,racist,rolling_12,9,9,ok",
            "hate_crime,ward,B,month,,,incomplete"]  # fmt: skip
    (made / "summary.csv").write_text(HEAD + "\n".join(rows), encoding="utf-8")
    if run is not None:
        (made / "run.json").write_bytes(run)


def seen(folder: Path, audience: str = "board", reader: str = "board") -> list[str]:
    rows = earlier_packs(folder, "2021-11", audience, DISCLOSURE)[reader]
    return list(rows["current"]) if len(rows) else []


def test_packs_before_and_after_with_their_revisions(tmp_path: Path) -> None:
    for number, name in enumerate(["2021-12", "2021-10", "2021-10-r2", "2021-10-rx", "2021-10-public", "old"]):
        pack(tmp_path, name, 10 + number)
    (tmp_path / "2021-09").mkdir()
    assert seen(tmp_path) == ["14", "11", "10", "12"], "the public's, which the board sees too, then its own"


def test_withheld_and_total_rows_are_kept_and_no_others(tmp_path: Path) -> None:
    pack(tmp_path, "2021-10", 7)
    with (tmp_path / "2021-10" / "summary.csv").open("a", encoding="utf-8") as stream:
        stream.write("\nhate_crime,total,,rolling_12,240,230,ok\nhate_crime,ward,C,rolling_12,,,suppressed")
        stream.write("\nhate_crime,ward,D,rolling_12,8,9,not_comparable\nhate_crime,ward,E,month,,,no_data\n")
    rows = earlier_packs(tmp_path, "2021-11", "board", DISCLOSURE)["board"]
    assert list(zip(rows["breakdown"], rows["breakdown_value"], rows["status"], strict=True)) == [
        ("ward", "A", "ok"),
        ("total", "", "ok"),
        ("ward", "C", "suppressed"),
        ("ward", "D", "not_comparable"),
    ]


@pytest.mark.parametrize(
    ("run", "is_held"),
    [
        ({"status": "released"}, True),
        ({"status": "released", "by": "Zoë"}, True),
        ({"status": "draft"}, False),
        ({}, False),
        ([], False),
        ("released", False),
    ],
)
def test_of_the_period_itself_only_what_was_released_is_held(tmp_path: Path, run: object, is_held: bool) -> None:
    pack(tmp_path, "2021-11", 5, json.dumps(run, ensure_ascii=False).encode())
    assert seen(tmp_path) == (["5"] if is_held else [])


@pytest.mark.parametrize("run", [None, b"", b"{", b"\xff\xfe\xff"])
def test_a_draft_without_a_record_is_held_by_nobody(tmp_path: Path, run: bytes | None) -> None:
    pack(tmp_path, "2021-11", 5, run)
    assert seen(tmp_path) == []


def test_who_sees_another_audience_s_packs_holds_them_too_and_this_period_s_drafts(tmp_path: Path) -> None:
    pack(tmp_path, "2021-10", 10)
    pack(tmp_path, "2021-10-partner", 20)
    pack(tmp_path, "2021-11-public", 30)
    for reader, policy in DISCLOSURE.audiences.items():
        assert earlier_packs(tmp_path, "2021-11", reader, DISCLOSURE).keys() == {
            reader,
            *DISCLOSURE.insiders(reader),
        }
        packs = {"board": ["10"], "partner": ["20"], "public": []}
        drafts = {"board": [], "partner": [], "public": ["30"]}
        others = [each for other in policy.also_sees for each in (*packs[other], *drafts[other])]
        assert seen(tmp_path, reader, reader) == [*others, *packs[reader]]
