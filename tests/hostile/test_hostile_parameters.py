"""Parameters made to break something: refused by file and key before anything is read or run."""

from __future__ import annotations

import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from crimelib.areas import AreaBook
from crimelib.errors import InputError
from crimelib.measures.periods import parse_period
from crimelib.settings import PeriodParameters, Settings, load_model, load_settings

PERIOD = (
    'area: "Bromley"\nperiod: "2021-11"\naudience: "board"\nprocessed: "data/processed"\nparameters: "parameters"\n'
)
HOSTILE = {
    "a name that is code": PERIOD + '"x = 1\\nimport os\\nos.system(1)#": "y"\n',
    "an unknown name": PERIOD + "aera: Bromley\n",
    "a name twice": PERIOD + 'period: "2021-12"\n',
    "a period that is a number": PERIOD.replace('"2021-11"', "2021.11"),
    "a period that is a path": PERIOD.replace("2021-11", "../../2021-11"),
    "a period that is a format": PERIOD.replace("2021-11", "{period}"),
    "a period with a line break": PERIOD.replace("2021-11", "2021-11\\n"),
    "a period that is a list": PERIOD.replace('"2021-11"', "[2021, 11]"),
    "an audience that is none": PERIOD.replace("board", "NO"),
    "an object": PERIOD.replace('"Bromley"', '!!python/object/apply:os.system ["true"]'),
    "an anchor that holds itself": "area: &a [*a]\n",
    "a list instead of keys": "- area\n- period\n",
    "nothing": "",
    "a tab": "area:\t\tBromley\n\tperiod: x\n",
    "a nul byte": PERIOD + "\0",
    "a deep nest": "area: " + "[" * 40 + "]" * 40 + "\n",
}


@pytest.mark.parametrize("kind", HOSTILE)
def test_a_hostile_period_file_is_refused_in_one_line(tmp_path: Path, kind: str) -> None:
    path = tmp_path / "2021-11.yml"
    path.write_text(HOSTILE[kind])
    with pytest.raises(InputError) as caught:
        load_model(path, PeriodParameters)
    assert "2021-11.yml" in str(caught.value)
    assert str(caught.value).isprintable()
    assert str(tmp_path.parent) not in str(caught.value)


@pytest.mark.parametrize(
    "text", ["../../etc", "2021-11; rm -rf /", "2021-11\n", "${HOME}", "2021-11/..", "-1", "２０２１-１１"]
)
def test_a_hostile_period_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="is not a month"):
        parse_period(text)


@pytest.mark.parametrize(
    "text", ["../Bromley", "Bromley/..", "", " ", "{area}", "Bromley\0", "<script>", "B" * 10_000, "unit:../x"]
)
def test_a_hostile_area_is_refused(text: str) -> None:
    with pytest.raises(InputError, match="no area is called") as caught:
        AreaBook.of(load_settings()).find(text)
    assert str(caught.value).isprintable()


@pytest.mark.parametrize(
    ("name", "old", "new", "told"),
    [
        ("items.yml", "protected: true", "protected: perhaps", "protected"),
        ("items.yml", "headline: ndvwi", "headline: other", "headline"),
        ("items.yml", "page: ndvwi", "page: ../../x", "page"),
        ("items.yml", 'month: "2024-03"', 'month: "2024-3"', "month"),
        ("disclosure.yml", "suppress_to: 4", "suppress_to: 0", "suppress_to"),
        ("disclosure.yml", "suppress_from: 1", "suppress_from: 5", "nothing would be withheld"),
        ("disclosure.yml", "  public:", "  press:", "press"),
        ("disclosure.yml", "ward_windows: [rolling_12]", "ward_windows: [all]", "ward_windows"),
        ("sources.yml", "order: 1", "order: first", "order"),
    ],
)
def test_a_definition_changed_to_nonsense_is_refused_before_anything_is_read(
    tmp_path: Path, name: str, old: str, new: str, told: str
) -> None:
    shutil.copytree(load_settings().folder, tmp_path / "parameters")
    path = tmp_path / "parameters" / name
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    settings = Settings(tmp_path / "parameters")
    with pytest.raises(InputError) as caught:
        getattr(settings, name.removesuffix(".yml"))
    assert f"parameters/{name}" in str(caught.value)
    assert told in str(caught.value)


def test_a_run_with_a_hostile_period_starts_no_kernel_and_writes_nothing(tmp_path: Path) -> None:
    words = ["run", "--period", "../../escaped", "--out", tmp_path / "out"]
    done = subprocess.run([sys.executable, "-m", "crimelib.cli", *words], capture_output=True, text=True, cwd=tmp_path)
    assert done.returncode == 2
    assert len(done.stderr.splitlines()) == 1
    assert list(tmp_path.iterdir()) == []
