"""Files that call themselves data.police.uk's and are not, or are broken: refused on one line, nothing half-read."""

import struct
import zipfile

import pytest

from crimelib.errors import InputError
from crimelib.settings import load_settings
from crimelib.sources import police_uk, reading
from crimelib.sources.discovery import RawFile

SETTINGS = load_settings()
HEADER = (
    "Crime ID,Month,Reported by,Falls within,Longitude,Latitude,Location,"
    "LSOA code,LSOA name,Crime type,Last outcome category,Context"
)
MET = "Metropolitan Police Service"
GOOD = f"x,2023-07,{MET},{MET},,,On or near,E01000649,Bromley 007B,Drugs,,"


def read(tmp_path, content: str | bytes, name="2023-07-metropolitan-street.csv"):
    path = tmp_path / name
    path.write_bytes(content.encode() if isinstance(content, str) else content)
    return police_uk.read(RawFile(path, "police_uk", "2023-09"), SETTINGS)


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (f"{HEADER}\n{GOOD.replace('2023-07', '2023-08')}\n", "another month than the file's name"),
        (f"{HEADER}\n{GOOD.replace('Drugs', 'Drug offences')}\n", "nearest known: Drugs"),
        (f"{HEADER}\n{GOOD.replace(MET, 'Metropolitan Polise')}\n", "no police force is called that"),
        (f"{HEADER}\n{GOOD},extra\n", "13 fields where the header has 12"),
        (f"{HEADER}\n", "a header and no rows"),
        ("", "empty"),
        ("<!DOCTYPE html><html></html>", "web page"),
        (f"{HEADER}\n{GOOD}\n".encode("utf-16"), "not UTF-8"),
        ("a,b\n1,2\n", "not those of a street, outcome or stop-and-search file"),
        (f"{HEADER}\n{GOOD}\x00\n", "control characters"),
        (f"{HEADER}\n{GOOD.replace('Bromley', 'Atlantis')}\n", "in no known district"),
    ],
)
def test_a_broken_file_is_refused_on_one_line(tmp_path, content, says):
    with pytest.raises(InputError, match=says) as refused:
        read(tmp_path, content)
    assert "police_uk/2023-09/2023-07-metropolitan-street.csv" in str(refused.value)
    assert "\n" not in str(refused.value)


def test_stop_and_search_without_a_force_in_its_name_is_refused(tmp_path):
    text = "Type,Date,Object of search,Outcome,Outcome linked to object of search\n"
    text += "Person search,2023-07-01T10:00:00+00:00,,,\n"
    with pytest.raises(InputError, match="which force"):
        read(tmp_path, text, "2023-07-gotham-stop-and-search.csv")


def archive(path, members: list[tuple[str, str]]):
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as target:
        for name, text in members:
            target.writestr(name, text)
    return RawFile(path, "police_uk", "2023-09")


def test_an_archive_that_says_it_is_larger_than_allowed_is_not_unpacked(tmp_path, monkeypatch):
    monkeypatch.setattr(police_uk, "MAX_BYTES", 1000)
    file = archive(tmp_path / "a.zip", [("2023-07/2023-07-metropolitan-street.csv", HEADER + "\n" + " " * 5000)])
    with pytest.raises(InputError, match="more than is allowed"):
        police_uk.read(file, SETTINGS)


def test_an_archive_that_lies_about_a_size_is_refused(tmp_path):
    text = HEADER + "\n" + (GOOD + "\n") * 5000
    file = archive(tmp_path / "a.zip", [("2023-07-metropolitan-street.csv", text)])
    content = file.path.read_bytes()
    file.path.write_bytes(content.replace(struct.pack("<L", len(text)), struct.pack("<L", 100)))
    with pytest.raises(InputError, match="cannot be read"):
        police_uk.read(file, SETTINGS)


def test_the_same_force_and_month_twice_in_an_archive_is_refused(tmp_path):
    text = f"{HEADER}\n{GOOD}\n"
    file = archive(
        tmp_path / "a.zip", [("a/2023-07-metropolitan-street.csv", text), ("b/2023-07-metropolitan-street.csv", text)]
    )
    with pytest.raises(InputError, match="same force and month twice"):
        police_uk.read(file, SETTINGS)


def test_a_truncated_archive_and_one_without_data_are_refused(tmp_path):
    file = archive(tmp_path / "a.zip", [("2023-07-metropolitan-street.csv", f"{HEADER}\n{GOOD}\n")])
    content = bytearray(file.path.read_bytes())
    content[60:80] = b"\xff" * 20
    file.path.write_bytes(bytes(content))
    with pytest.raises(InputError, match="cannot be read"):
        police_uk.read(file, SETTINGS)
    with pytest.raises(InputError, match="no CSV file"):
        police_uk.read(archive(tmp_path / "b.zip", [("readme.txt", "x")]), SETTINGS)


def test_members_with_names_that_climb_out_write_nothing(tmp_path):
    inside = tmp_path / "deep" / "down"
    inside.mkdir(parents=True)
    file = archive(inside / "a.zip", [("../../2023-07-metropolitan-street.csv", f"{HEADER}\n{GOOD}\n")])
    before = sorted(tmp_path.rglob("*"))
    assert police_uk.read(file, SETTINGS).tables["counts"]["count"].sum() == 1
    assert sorted(tmp_path.rglob("*")) == before


def test_the_size_bound_of_an_archive_is_that_of_a_file():
    assert police_uk.MAX_BYTES == reading.MAX_BYTES
