"""Parameters are read as they stand, and a wrong key is refused by file and key."""

from __future__ import annotations

import shutil
from pathlib import Path

import pytest
import yaml
from pydantic import Field

from crimelib.errors import InputError
from crimelib.settings import (
    Event,
    PeriodParameters,
    Settings,
    Strict,
    Window,
    load_model,
    load_rows,
    load_settings,
    read_yaml,
)


class Policy(Strict):
    """A model of three keys."""

    suppress_from: int = Field(ge=1)
    suppress_to: int
    ward_windows: tuple[Window, ...]


PARAMETERS = Path(__file__).resolve().parents[2] / "parameters"
POLICY = "suppress_from: 1\nsuppress_to: 4\nward_windows: [rolling_12]\n"


def written(folder: Path, text: str | bytes, name: str = "some.yml") -> Path:
    path = folder / "parameters" / name
    path.parent.mkdir(exist_ok=True)
    path.write_bytes(text.encode() if isinstance(text, str) else text)
    return path


def refused(path: Path, model: type[Strict] = Policy) -> str:
    with pytest.raises(InputError) as caught:
        load_model(path, model)
    assert str(caught.value).isprintable()
    assert str(caught.value).startswith("parameters/some.yml")
    return str(caught.value)


def test_every_scalar_stays_the_text_of_the_file(tmp_path: Path) -> None:
    path = written(tmp_path, "a: 2025.10\nb: NO\nc: 2025-10-01\nd: 007\ne: ~\nf: 1e3\ng: 12:30\nh: [yes, null]\n")
    assert read_yaml(path) == {
        "a": "2025.10",
        "b": "NO",
        "c": "2025-10-01",
        "d": "007",
        "e": "~",
        "f": "1e3",
        "g": "12:30",
        "h": ["yes", "null"],
    }


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (POLICY + "supress_from: 2\n", "key 'supress_from': the key is unknown"),
        (POLICY.replace("suppress_to: 4\n", ""), "key 'suppress_to': the key is missing"),
        (POLICY.replace("4", "four"), "key 'suppress_to'"),
        (POLICY.replace("4", "4.5"), "(got '4.5')"),
        (POLICY.replace("from: 1", "from: 0"), "key 'suppress_from'"),
        (POLICY.replace("rolling_12", "rolling12"), "key 'ward_windows.0'"),
        (POLICY.replace("[rolling_12]", "rolling_12"), "key 'ward_windows'"),
        (POLICY + "suppress_to: 5\n", "line 4: not readable as YAML (the key 'suppress_to' stands twice)"),
        ("suppress_from: [1\n", "not readable as YAML"),
        ("suppress_from:\t1\n\tx: 2", "not readable as YAML"),
        ("- 1\n- 2\n", "(whole file)"),
        ("", "the key is missing"),
        ("? [a, b]\n: 1\n", "not readable as YAML"),
        ("a: !!python/object/apply:os.system ['true']\n", "not readable as YAML"),
        (b"a: \xe9\n", "not UTF-8"),
        (POLICY + '"ev\\nil": 1\n', r"key 'ev\\nil'"),
    ],
)
def test_a_wrong_key_is_refused_by_file_and_key(tmp_path: Path, text: str | bytes, told: str) -> None:
    assert told in refused(written(tmp_path, text))


def test_a_missing_file_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"other\.yml: the file is missing"):
        load_model(tmp_path / "other.yml", Policy)
    with pytest.raises(InputError, match=r"other\.csv: the file is missing"):
        load_rows(tmp_path / "other.csv", Policy)
    with pytest.raises(InputError, match="no parameters folder"):
        Settings(tmp_path / "nowhere")


class Row(Strict):
    code: str
    number: int = 0


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("code,number\na,1\nb,x\n", "rows.csv, line 3, key 'number'"),
        ("code,nunber\na,1\n", "line 2, key 'nunber': the key is unknown"),
        ("number\n1\n", "line 2, key 'code': the key is missing"),
        ("code,number\na,1,2\n", "line 2, key 'more fields than the header'"),
        ('code,number\n"a,1\n', "not readable as CSV"),
        (b"code,number\n\xe9,1\n", "not readable as CSV in UTF-8"),
    ],
)
def test_a_wrong_row_is_refused_by_line_and_key(tmp_path: Path, text: str | bytes, told: str) -> None:
    with pytest.raises(InputError) as caught:
        load_rows(written(tmp_path, text, "rows.csv"), Row)
    assert told in str(caught.value)


def test_a_row_keeps_names_that_look_like_something_else(tmp_path: Path) -> None:
    rows = load_rows(written(tmp_path, "\ufeffcode,number\nNA,007\n", "rows.csv"), Row)
    assert [(row.code, row.number) for row in rows] == [("NA", 7)]


@pytest.mark.parametrize("path", sorted((PARAMETERS / "periods").glob("*.yml")), ids=lambda path: path.stem)
def test_papermill_reads_the_same_period_file(path: Path) -> None:
    """Papermill's own reader must give the same strings, for `papermill -f` injects what it reads."""
    from papermill.iorw import read_yaml_file

    theirs = read_yaml_file(str(path))
    assert theirs == read_yaml(path)
    assert load_model(path, PeriodParameters).model_dump() == theirs
    assert theirs["period"] == path.stem


def test_a_period_that_yaml_would_misread_is_refused(tmp_path: Path) -> None:
    for text in ("2021.11", "2021-13", "202111", "2021-1", "2021-11-01"):
        assert "key 'period'" in refused(written(tmp_path, f"period: {text}\n"), PeriodParameters)
    assert yaml.safe_load("2021-11-01") != "2021-11-01"  # why dates are read as text


def test_a_period_file_must_be_of_its_own_period(tmp_path: Path) -> None:
    written(tmp_path, 'period: "2021-12"\n', "x")
    (tmp_path / "parameters/periods").mkdir()
    (tmp_path / "parameters/x").rename(tmp_path / "parameters/periods/2021-11.yml")
    with pytest.raises(InputError, match=r"periods/2021-11\.yml: the file is of period '2021-12'"):
        Settings(tmp_path / "parameters").period("2021-11")


def test_a_date_of_an_event_is_a_date(tmp_path: Path) -> None:
    assert "key 'start'" in refused(written(tmp_path, "label: x\nstart: March 2020\nitems: [all]\nsource: s\n"), Event)


def test_the_shipped_parameters_are_whole() -> None:
    settings = load_settings()
    names = [name for name, value in vars(type(settings)).items() if isinstance(value, property)]
    assert all(getattr(settings, name) for name in names)
    assert len(names) > 15


def test_a_changed_copy_is_refused_where_it_was_changed(tmp_path: Path) -> None:
    shutil.copy(PARAMETERS / "items.yml", tmp_path / "items.yml")
    text = (tmp_path / "items.yml").read_text().replace("protected: true", "protectd: true", 1)
    (tmp_path / "items.yml").write_text(text)
    with pytest.raises(InputError, match=r"items\.yml, key 'items.ndvwi.measures.ndvwi.protectd': the key is unknown"):
        Settings(tmp_path).items  # noqa: B018


def test_thresholds_of_an_item_that_is_not_there_are_refused(tmp_path: Path) -> None:
    folder = shutil.copytree(load_settings().folder, tmp_path / "parameters")
    values = yaml.safe_load((folder / "disclosure.yml").read_text(encoding="utf-8"))
    values["audiences"]["public"]["items"] = {"hatecrime": {"suppress_from": 1, "suppress_to": 9, "least_width": 9}}
    (folder / "disclosure.yml").write_text(yaml.safe_dump(values), encoding="utf-8")
    with pytest.raises(InputError, match="audience 'public': no item is called 'hatecrime'"):
        _ = Settings(folder).disclosure
