"""Where raw files may lie, and which of them count."""

from __future__ import annotations

from pathlib import Path

import pytest

from crimelib.errors import InputError
from crimelib.sources.discovery import RawFile, discover, shortened, without_illustrative

SOURCES = ("mps_recorded_crime", "police_uk")


def laid(raw: Path, *names: str) -> Path:
    for name in names:
        (raw / name).parent.mkdir(parents=True, exist_ok=True)
        (raw / name).write_text("x")
    return raw


def labels(files: list[RawFile]) -> list[str]:
    return [file.label for file in files]


def test_source_and_vintage_are_the_first_two_folders(tmp_path: Path) -> None:
    raw = laid(tmp_path, "police_uk/2023-09/2023-08/2023-08-street.csv", "mps_recorded_crime/2023-08/a.csv")
    assert labels(discover(raw, SOURCES)) == [
        "mps_recorded_crime/2023-08/a.csv",
        "police_uk/2023-09/2023-08-street.csv",
    ]


def test_reference_files_and_hidden_ones_are_no_data(tmp_path: Path) -> None:
    raw = laid(
        tmp_path, "police_uk/a/b.csv", "police_uk/a/README.md", "police_uk/a/.DS_Store", ".git/x/y", "manifest.json"
    )
    assert labels(discover(raw, SOURCES, ["README*", "manifest.json"])) == ["police_uk/a/b.csv"]


def test_an_unknown_source_is_refused_with_the_nearest(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"no source is called 'police-uk'.*nearest known: police_uk"):
        discover(laid(tmp_path, "police-uk/a/b.csv"), SOURCES)


def test_a_file_outside_a_vintage_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"police_uk/b\.csv: the file lies outside a vintage folder"):
        discover(laid(tmp_path, "police_uk/b.csv"), SOURCES)


def test_no_raw_folder_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no raw folder 'nowhere'"):
        discover(tmp_path / "nowhere", SOURCES)


def test_links_are_followed_and_a_circle_ends(tmp_path: Path) -> None:
    kept = laid(tmp_path / "kept", "a.csv")
    (tmp_path / "raw/police_uk").mkdir(parents=True)
    (tmp_path / "raw/police_uk/2023-08").symlink_to(kept, target_is_directory=True)
    (kept / "again").symlink_to(tmp_path / "raw/police_uk", target_is_directory=True)
    assert "police_uk/2023-08/a.csv" in labels(discover(tmp_path / "raw", SOURCES))


def test_one_real_file_leaves_every_illustrative_one_out(tmp_path: Path) -> None:
    raw = laid(tmp_path, "police_uk/illustrative-2021-12/a.csv", "mps_recorded_crime/illustrative-2021-12/b.csv")
    assert len(without_illustrative(discover(raw, SOURCES))[0]) == 2
    kept, left_out = without_illustrative(discover(laid(raw, "police_uk/2023-08/c.csv"), SOURCES))
    assert labels(kept) == ["police_uk/2023-08/c.csv"]
    assert len(left_out) == 2


def test_a_refusal_is_one_line_and_names_no_path_of_this_machine(tmp_path: Path) -> None:
    file = RawFile(tmp_path / "evil\nname\x1b[31m.csv", "police_uk", "2023-08")
    message = str(file.refusal("bad", line=3, column="a\r\nb", value="x" * 500 + "\n", fix="mend it"))
    assert message.isprintable()
    assert str(tmp_path) not in message
    assert len(message) < 250


def test_a_long_value_is_shortened() -> None:
    assert shortened("y" * 60) == "y" * 60
    assert shortened("y" * 61) == "y" * 59 + "…"
