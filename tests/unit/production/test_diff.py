from io import StringIO
from pathlib import Path

import pytest
from rich.console import Console
from toy_pack import summary_rows

from crimelib.errors import InputError
from crimelib.production.diff import PackDiff, diff_packs, diff_page, diff_sentence, diff_text
from crimelib.production.exports import write_csv
from crimelib.production.pack import seal

DATA = {"source": "mps_recorded_crime", "vintage": "2021-12", "file": "a.csv", "sha256": "00"}
ITEMS = {"source": "parameters", "vintage": "", "file": "items.yml", "sha256": "11"}
HASHES = {"code": "c1", "environment": "e1"}


def row(current: object, **more: object) -> dict[str, object]:
    common = {"item": "burglary", "measure": "burglary", "window": "rolling_12", "breakdown_value": "", "status": "ok"}
    return {**common, "source": "mps_recorded_crime", "previous": 1920, "current": current, **more}


def pack(folder: Path, *rows: dict[str, object], inputs: tuple = (DATA, ITEMS), **record: object) -> Path:
    folder.mkdir()
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
        ({"sha256": {**HASHES, "code": "c2"}}, ("code",)),
        ({"sha256": {**HASHES, "environment": "e2"}}, ("code",)),
        ({"inputs": ({**DATA, "sha256": "99"}, ITEMS), "sha256": {**HASHES, "code": "c2"}}, ("revised_data", "code")),
        ({"inputs": (DATA, ITEMS, {**DATA, "source": "police_uk"})}, ("unexplained",)),
    ],
)
def test_a_changed_figure_has_the_causes_that_differ(tmp_path: Path, other: dict, causes: tuple[str, ...]) -> None:
    diff = compared(tmp_path, **other)
    assert [change.causes for change in diff.changes] == [causes]
    assert (diff.changes[0].one, diff.changes[0].other) == ("1536 against 1920", "1540 against 1920")


def test_a_figure_that_was_not_there_is_new_data(tmp_path: Path) -> None:
    one = pack(tmp_path / "one", row(None, status="incomplete"))
    diff = diff_packs(one, pack(tmp_path / "other", row(5), inputs=(DATA, {**DATA, "file": "b.csv"}, ITEMS)))
    assert diff.changes[0].causes == ("new_data",)
    assert diff.changes[0].one == "incomplete"
    assert diff.made_of == ("Data files new: 2021-12/b.csv.",)


def test_rows_that_came_or_went_are_told_apart_from_changes(tmp_path: Path) -> None:
    ward = row(3, breakdown="ward", breakdown_value="E05000106", breakdown_label="Bickley")
    diff = compared(tmp_path, rows=(row(1536), ward))
    assert (len(diff.changes), [came.name for came in diff.came], diff.went) == (
        0,
        ["Burglary, Bickley, twelve months"],
        (),
    )
    back = diff_packs(tmp_path / "other", tmp_path / "one")
    assert [(went.one, went.other) for went in back.went] == [("3 against 1920", "no row")]


def test_equal_packs_say_so(tmp_path: Path) -> None:
    assert diff_sentence(compared(tmp_path, rows=(row(1536),))) == "No figure changed: 1 rows are the same."


def test_a_change_of_the_limits_alone_is_a_change(tmp_path: Path) -> None:
    diff = compared(tmp_path, rows=(row(1536, ratio_low=0.7, ratio_high=0.9),), sha256={**HASHES, "code": "c2"})
    assert diff.changes[0].other == "1536 against 1920, ratio 0.7 to 0.9"


def test_the_terminal_and_the_page_say_the_same_and_run_nothing(tmp_path: Path) -> None:
    hostile = row(1540, breakdown="ward", breakdown_value="E1", breakdown_label="<script>[bold]x[/bold]</script>")
    other = pack(tmp_path / "other", row(1540), hostile, inputs=({**DATA, "sha256": "99"}, ITEMS))
    diff = diff_packs(pack(tmp_path / "one", row(1536)), other)
    console = Console(width=160, record=True, file=StringIO())
    console.print(diff_text(diff))
    text, page = console.export_text(), diff_page(diff)
    for part in (diff_sentence(diff), "Data files changed: 2021-12/a.csv.", "1536 against 1920", "1540 against 1920"):
        assert part in text
        assert part in page
    assert "[bold]x[/bold]" in text
    assert "<script>" not in page
    assert "&lt;script&gt;" in page


def test_what_is_no_whole_pack_or_of_another_area_is_refused(tmp_path: Path) -> None:
    one, other = pack(tmp_path / "one", row(1)), pack(tmp_path / "other", row(1), area="Bexley")
    with pytest.raises(InputError, match="of Bromley for the board and of Bexley"):
        diff_packs(one, other)
    with pytest.raises(InputError, match=r"run\.json is missing"):
        diff_packs(one, tmp_path)
    (other / "summary.csv").write_text("changed")
    with pytest.raises(InputError, match=r"summary\.csv is missing or altered"):
        diff_packs(one, other)
