"""The widget that shows an answer: one message a change, selections back, and a script that is put together once."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.explore import live_answer
from crimelib.explore.live_answer import LiveAnswer, script
from crimelib.explore.widgets import Slider

SPEC = {"params": [{"name": "ward", "select": {"type": "point", "fields": ["code"]}}]}


@pytest.fixture
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A cache folder of one's own, and a bundler that tells how often it was asked."""
    monkeypatch.setenv("XDG_CACHE_HOME", str(tmp_path / "cache"))
    monkeypatch.setattr(live_answer, "_bundle", lambda own: asked.append(own) or f"/* vega */ {own}")
    asked.clear()
    script.cache_clear()
    yield tmp_path / "cache" / "crimelib"
    script.cache_clear()


asked: list[str] = []


def again() -> str:
    """The script as another process would get it."""
    script.cache_clear()
    return script()


def test_the_script_is_put_together_once_and_kept_for_its_owner_alone(cache: Path) -> None:
    first = script()
    assert again() == first
    assert len(asked) == 1
    (kept,) = cache.iterdir()
    assert kept.read_text(encoding="utf-8") == first
    assert cache.stat().st_mode & 0o077 == 0


def test_another_script_or_library_is_put_together_anew(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    script()
    monkeypatch.setattr(live_answer, "version", lambda _: "another")
    again()
    assert len(asked) == len(list(cache.iterdir())) == 2


def test_without_a_cache_folder_the_script_is_there_all_the_same(cache: Path) -> None:
    cache.parent.write_text("a file stands where the folder would be")
    assert "export default" in script()
    assert again() == script()
    assert len(asked) == 2


def test_a_script_that_cannot_be_kept_leaves_no_part_of_it(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(path: Path, text: str, **_: object) -> None:
        path.write_bytes(text.encode()[:10])
        raise OSError("no space left on device")

    monkeypatch.setattr(Path, "write_text", full)
    assert "export default" in script()
    assert list(cache.iterdir()) == []


def test_a_kept_script_that_is_no_text_is_put_together_anew(cache: Path) -> None:
    script()
    (kept,) = cache.iterdir()
    kept.write_bytes(b"\xff\xfe\x00")
    assert "export default" in again()
    assert kept.read_bytes() != b"\xff\xfe\x00"


def test_an_answer_is_one_message(cache: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    shown = LiveAnswer({"ward": "point"})
    sent: list[set[str]] = []
    monkeypatch.setattr(LiveAnswer, "_send", lambda self, message, buffers=None: sent.append(set(message["state"])))
    shown.show(SPEC, ["It rose."], "<table></table>")
    assert sent == [{"spec", "said", "tables", "asked"}]


def test_what_is_chosen_comes_back_and_the_next_answer_lets_it_go(cache: Path) -> None:
    shown = LiveAnswer({"ward": "point"})
    shown.show(SPEC, [], "")
    store = [{"unit": "map", "fields": [{"type": "E", "field": "code"}], "values": ["E1"]}]
    shown._vl_selections = {"ward": {"value": {"code": ["E1"], "vlPoint": {"or": [{"code": "E1"}]}}, "store": store}}
    assert shown.selections.ward.value == [{"code": "E1"}]
    shown.picked = ["told"]
    shown.show(SPEC, [], "")
    assert shown.selections.ward.value == []
    assert shown.picked == []


def test_a_slider_moves_its_value_and_keeps_it_when_its_steps_change() -> None:
    months = [str(month) for month in pd.period_range("2021-01", "2021-04", freq="M")]
    slider = Slider([(month, month) for month in months], "2021-02", "Base")
    assert (slider.index, slider.labels) == (1, months)
    slider.index = 3
    assert slider.value == "2021-04"
    slider.options = tuple((month, month) for month in months[2:])
    assert (slider.index, slider.value) == (1, "2021-04")
