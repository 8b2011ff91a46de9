import shutil
from io import StringIO
from pathlib import Path

import pandas as pd
import pytest
from mps_files import lay_small
from rich.console import Console
from toy_pack import summary_rows

from crimelib.areas import AreaBook
from crimelib.board.summary import summary
from crimelib.errors import InputError
from crimelib.production.diff import WORDS_ONLY, PackDiff, diff_packs, diff_page, diff_sentence, diff_text
from crimelib.production.exports import write_csv
from crimelib.production.pack import seal
from crimelib.settings import PROJECT_ROOT, load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store

PARAMETERS = PROJECT_ROOT / "parameters"

DATA = {"source": "mps_recorded_crime", "vintage": "2021-12", "file": "a.csv", "sha256": "00"}
ITEMS = {"source": "parameters", "vintage": "", "file": "items.yml", "sha256": "11"}
COMMENT = {**ITEMS, "file": "commentary/2021-11.md"}
HASHES = {"code": "c1", "environment": "e1"}
REVISION = {"item": "burglary", "measure": "burglary", "source": "mps_recorded_crime", "basis": "b", "reason": ""}
LATER = {**DATA, "vintage": "2022-01"}


def row(current: object, **more: object) -> dict[str, object]:
    common = {"item": "burglary", "measure": "burglary", "window": "rolling_12", "breakdown_value": "", "status": "ok"}
    return {**common, "source": "mps_recorded_crime", "previous": 1920, "current": current, **more}


def pack(
    folder: Path, *rows: dict[str, object], inputs: tuple = (DATA, ITEMS), revised: tuple = (), **record: object
) -> Path:
    folder.mkdir()
    if revised:
        write_csv(pd.DataFrame(revised), folder / "revisions.csv")
    write_csv(summary_rows(*rows), folder / "summary.csv")
    said = {"area": "Bromley", "period": "2021-11", "audience": "board", "run_id": folder.name, "made_at": "2021-12-15"}
    seal(folder, {**said, "illustrative": False, "inputs": list(inputs), "sha256": HASHES, **record})
    return folder


def compared(folder: Path, **other: object) -> PackDiff:
    rows = other.pop("rows", (row(1540),))
    return diff_packs(pack(folder / "one", row(1536)), pack(folder / "other", *rows, **other))


@pytest.mark.parametrize(
    ("other", "causes"),
    [
        ({"period": "2021-12"}, ("later_months",)),
        ({"inputs": ({**DATA, "sha256": "99"}, ITEMS)}, ("revised_data",)),
        ({"inputs": (DATA, {**DATA, "vintage": "2022-01"}, ITEMS)}, ("revised_data",)),
        ({"inputs": (DATA, {**ITEMS, "sha256": "99"})}, ("definition",)),
        ({"inputs": (DATA, ITEMS, {**ITEMS, "file": "new_kind.yml"})}, ("definition",)),
        ({"inputs": (DATA, ITEMS, COMMENT)}, ("unexplained",)),
        ({"sha256": {**HASHES, "code": "c2"}}, ("code",)),
        ({"sha256": {**HASHES, "environment": "e2"}}, ("code",)),
        ({"inputs": ({**DATA, "sha256": "99"}, ITEMS), "sha256": {**HASHES, "code": "c2"}}, ("revised_data", "code")),
        ({"inputs": (DATA, ITEMS, {**DATA, "source": "police_uk"})}, ("unexplained",)),
    ],
)
def test_a_changed_figure_has_the_causes_that_differ(tmp_path: Path, other: dict, causes: tuple[str, ...]) -> None:
    diff = compared(tmp_path, **other)
    assert [change.causes for change in diff.changes] == [causes]
    assert (diff.changes[0].one, diff.changes[0].other) == ("1,536 against 1,920", "1,540 against 1,920")


def test_a_figure_that_was_not_there_is_new_data(tmp_path: Path) -> None:
    one = pack(tmp_path / "one", row(None, status="incomplete"))
    diff = diff_packs(one, pack(tmp_path / "other", row(5), inputs=(DATA, {**DATA, "file": "b.csv"}, ITEMS)))
    assert diff.changes[0].causes == ("new_data",)
    assert diff.changes[0].one == "incomplete"
    assert diff.made_of == ("Data files new: 2021-12/b.csv.",)


@pytest.mark.parametrize("name", WORDS_ONLY)
def test_words_are_named_and_are_no_cause(tmp_path: Path, name: str) -> None:
    words = {**ITEMS, "file": f"{name}2021-11.md" if name.endswith("/") else name}
    changed = {**words, "sha256": "99"}
    one = pack(tmp_path / "one", row(1536), inputs=(DATA, ITEMS, words))
    diff = diff_packs(one, pack(tmp_path / "other", row(1536), inputs=(DATA, ITEMS, changed)))
    assert diff.made_of == (f"Words changed: {words['file']}.",)
    assert not diff.changes


def test_what_counts_as_words_is_what_the_summary_never_reads(tmp_path: Path) -> None:
    folder = shutil.copytree(PARAMETERS, tmp_path / "parameters")
    raw, whole = lay_small(tmp_path / "raw"), load_settings(PARAMETERS)
    clean(raw, tmp_path / "with", whole)
    for name in WORDS_ONLY:
        path = folder / name
        assert path.exists(), f"{name} is no parameter file any more"
        shutil.rmtree(path) if path.is_dir() else path.unlink()
    clean(raw, tmp_path / "without", without := load_settings(folder))
    rows = [
        summary(Store(processed), settings, AreaBook.of(settings).find("Bromley"), pd.Period("2021-11", freq="M"))
        for processed, settings in ((tmp_path / "with", whole), (tmp_path / "without", without))
    ]
    pd.testing.assert_frame_equal(*rows)


def revised(month: str, before: int, count: int, vintage: str = "2022-01", **more: object) -> dict[str, object]:
    pair = {"previous_vintage": "2021-12", "previous_count": before, "vintage": vintage, "count": count}
    return {**REVISION, "month": month, **pair, **more}


def test_a_month_that_both_periods_cover_and_a_later_file_revised_is_named(tmp_path: Path) -> None:
    one = pack(tmp_path / "one", row(1536), row(120, window="month"))
    rows = (revised("2021-03", 101, 104), revised("2021-04", 99, 99), revised("2021-12", 90, 91))
    later = {"period": "2021-12", "inputs": (LATER, DATA, ITEMS), "titles": {"burglary": "All burglary"}}
    other = pack(tmp_path / "other", row(1540), row(110, window="month"), revised=rows, **later)
    diff = diff_packs(one, other)
    assert [(each.name, each.one, each.other) for each in diff.revised] == [("Burglary, March 2021", "101", "104")]
    assert [change.causes for change in diff.changes] == [("later_months", "revised_data"), ("later_months",)]
    assert "101" in diff_page(diff)


def test_a_revision_that_the_earlier_pack_had_too_is_none_between_them(tmp_path: Path) -> None:
    known = (revised("2021-03", 101, 104, vintage="2021-12", previous_vintage="2021-10"),)
    one = pack(tmp_path / "one", row(1536), revised=known)
    assert diff_packs(one, pack(tmp_path / "other", row(1540), revised=known, period="2021-12")).revised == ()


def test_a_month_revised_twice_tells_from_what_the_earlier_pack_had(tmp_path: Path) -> None:
    first = (revised("2021-03", 101, 104, vintage="2021-12", previous_vintage="2021-10"),)
    then = (revised("2021-03", 105, 107, vintage="2022-02", previous_vintage="2022-01", reason="Counted twice before"),)
    one = pack(tmp_path / "one", row(1536), revised=first)
    diff = diff_packs(one, pack(tmp_path / "other", row(1540), revised=then, inputs=(DATA, LATER, ITEMS)))
    assert [(each.one, each.other) for each in diff.revised] == [("104", "107 (counted twice before)")]
    assert diff.changes[0].causes == ("revised_data",)


def test_two_bases_are_no_revision_between_packs(tmp_path: Path) -> None:
    one = pack(tmp_path / "one", row(1536), revised=(revised("2021-03", 101, 104, vintage="2021-12"),))
    moved = (revised("2021-03", 70, 77, vintage="2022-02", previous_vintage="2022-01", basis="c"),)
    other = pack(tmp_path / "other", row(1540), revised=moved, inputs=(DATA, LATER, ITEMS))
    assert diff_packs(one, other).revised == ()


def test_a_figure_withheld_because_of_other_packs_is_told_apart(tmp_path: Path) -> None:
    diff = compared(tmp_path, rows=(row(None, previous=None, status="suppressed"),))
    assert diff.changes[0].causes == ("protection",)


def test_rows_that_came_or_went_are_told_apart_from_changes(tmp_path: Path) -> None:
    ward = row(3, breakdown="ward", breakdown_value="E05000106", breakdown_label="Bickley")
    diff = compared(tmp_path, rows=(row(1536), ward))
    assert (len(diff.changes), [came.name for came in diff.came], diff.went) == (
        0,
        ["Burglary, Bickley, twelve months"],
        (),
    )
    back = diff_packs(tmp_path / "other", tmp_path / "one")
    assert [(went.one, went.other) for went in back.went] == [("3 against 1,920", "no row")]


def test_equal_packs_say_so(tmp_path: Path) -> None:
    assert diff_sentence(compared(tmp_path, rows=(row(1536),))) == "No figure changed: 1 row is the same."


def test_a_change_of_the_limits_alone_is_a_change(tmp_path: Path) -> None:
    diff = compared(tmp_path, rows=(row(1536, ratio_low=0.7, ratio_high=0.9),), sha256={**HASHES, "code": "c2"})
    assert diff.changes[0].other == "1,536 against 1,920, ratio 0.7 to 0.9"


def test_the_terminal_and_the_page_say_the_same_and_run_nothing(tmp_path: Path) -> None:
    hostile = row(1540, breakdown="ward", breakdown_value="E1", breakdown_label="<script>[bold]x[/bold]</script>")
    other = pack(tmp_path / "other", row(1540), hostile, inputs=({**DATA, "sha256": "99"}, ITEMS))
    diff = diff_packs(pack(tmp_path / "one", row(1536)), other)
    console = Console(width=160, record=True, file=StringIO())
    console.print(diff_text(diff))
    text, page = console.export_text(), diff_page(diff)
    figures = "1,536 against 1,920", "1,540 against 1,920"
    for part in (diff_sentence(diff), "Data files changed: 2021-12/a.csv.", *figures):
        assert part in text
        assert part in page
    assert "[bold]x[/bold]" in text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_the_terminal_leaves_out_limits_unless_they_alone_changed(tmp_path: Path) -> None:
    limits = {"ratio_low": 0.7, "ratio_high": 0.9}
    shown = []
    for name, after in (
        ("both", row(1540, ratio_low=0.8, ratio_high=0.9)),
        ("limits", row(1536, ratio_low=0.8, ratio_high=0.9)),
    ):
        one = pack(tmp_path / f"{name}-one", row(1536, **limits))
        other = pack(tmp_path / f"{name}-other", after, inputs=({**DATA, "sha256": "99"}, ITEMS))
        console = Console(width=160, record=True, file=StringIO())
        console.print(diff_text(diff_packs(one, other)))
        shown.append("ratio 0.8" in console.export_text())
    assert shown == [False, True]


def test_what_is_no_whole_pack_or_of_another_area_is_refused(tmp_path: Path) -> None:
    one, other = pack(tmp_path / "one", row(1)), pack(tmp_path / "other", row(1), area="Bexley")
    with pytest.raises(InputError, match="of Bromley for the board and of Bexley"):
        diff_packs(one, other)
    with pytest.raises(InputError, match=r"there is no pack there"):
        diff_packs(one, tmp_path)
    given = pack(tmp_path / "given", row(1), revised=(revised("2021-03", 1, 2),))
    (given / "revisions.csv").write_text("changed")
    with pytest.raises(InputError, match=r"revisions\.csv is missing or altered"):
        diff_packs(one, given)
    (other / "summary.csv").write_text("changed")
    with pytest.raises(InputError, match=r"summary\.csv is missing or altered"):
        diff_packs(one, other)
