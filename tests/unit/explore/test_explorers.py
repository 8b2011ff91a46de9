"""The explorers' answers, without a browser, on the illustrative set written small."""

from __future__ import annotations

import itertools
import json
from datetime import datetime
from pathlib import Path

import altair
import pandas as pd
import pytest
from mps_files import lay_small

from crimelib.errors import InputError
from crimelib.explore.answers import changed
from crimelib.explore.incoming import Incoming, accept, preview
from crimelib.explore.live import lines_chart, series_values
from crimelib.explore.open import EXPLORATIONS, explore, upload
from crimelib.explore.workspace import Workspace, open_workspace
from crimelib.settings import PROJECT_ROOT, load_settings
from crimelib.tables.clean import clean
from crimelib.tables.store import Store
from crimelib.views import KINDS, AsbDefinitionView, DataCheckView, PartnersView, TrendsView, WardsView

ILLUSTRATIVE = PROJECT_ROOT / "data" / "processed"
VIEWS = [
    TrendsView(),
    TrendsView(measures=("burglary.burglary", "hate_crime.hate_crime"), areas=("Bromley", "Croydon")),
    TrendsView(shown_as="index", since="2019-04", events=False),
    TrendsView(shown_as="rolling", window="month"),
    WardsView(),
    WardsView(measure="hate_crime.hate_crime", ward="Bickley", window="quarter"),
    AsbDefinitionView(qualifiers=("personal", "environmental"), without_headings=("animal_problems",)),
    PartnersView(),
    PartnersView(base="2020-06"),
    DataCheckView(),
    DataCheckView(source="mps_recorded_crime"),
]


@pytest.fixture(scope="module")
def workspace() -> Workspace:
    if not (ILLUSTRATIVE / "catalogue.json").exists():
        pytest.fail("the illustrative set is not there: run `make illustrative`")
    return open_workspace()


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_a_view_is_answered(workspace: Workspace, view: TrendsView) -> None:
    exploration = EXPLORATIONS[view.explorer]
    answer = exploration.answer(workspace, view)
    altair.Chart.from_dict(answer.spec)
    json.dumps(answer.spec, allow_nan=False)
    assert answer.said
    assert all(len(table) for _, table in answer.tables)
    for control in exploration.controls(workspace, view):
        value = getattr(view, control.field)
        if control.options and control.kind != "several":
            assert value in [each for _, each in control.options]


@pytest.mark.parametrize("view", VIEWS, ids=str)
def test_the_cell_that_is_copied_runs(workspace: Workspace, view: TrendsView) -> None:
    code = EXPLORATIONS[view.explorer].answer(workspace, view).code
    exec(compile(code, "copied", "exec"), {})


def test_months_dragged_over_are_added_up(workspace: Workspace) -> None:
    view = TrendsView()
    span = pd.period_range("2021-01", "2021-03", freq="M")
    ends = [span[0].start_time.value / 1e6, (span[-1].start_time + pd.Timedelta(days=20)).value / 1e6]
    picked = type("Interval", (), {"value": {"at": ends}})()
    counts = EXPLORATIONS["trends"]
    told = counts.picked["months"].told(workspace, view, picked)
    import crimelib as cl

    expected = cl.series("burglary").counts.loc["2021-01":"2021-03"].sum()
    assert f"January 2021 to March 2021: {expected:,.0f} " in told[0]


def test_a_ward_picked_is_told(workspace: Workspace) -> None:
    code = workspace.place("Bromley", "Bickley").code
    picked = type("Point", (), {"value": [{"code": code}]})()
    told = EXPLORATIONS["wards"].picked["ward"].told(workspace, WardsView(), picked)
    assert len(told) == 1
    assert told[0].startswith("Burglary (Bickley)")


def test_each_ward_has_its_own_line_in_the_order_of_its_months(workspace: Workspace) -> None:
    """One mark draws every ward: the rows stand ward after ward, an empty value before each, and Vega sorts none."""
    spec = EXPLORATIONS["wards"].answer(workspace, WardsView()).spec
    months = spec["vconcat"][1]["hconcat"][0]
    assert months["layer"][0]["mark"]["order"] is False
    rows = [line.split(",") for line in months["data"]["values"].split("\n")[1:]]
    starts = [place for place, (code, _, value) in enumerate(rows) if value == ""]
    assert {rows[place][0] for place in starts} == {code for code, *_ in rows}
    for before, row in itertools.pairwise(rows):
        assert row[2] == "" or (before[0] == row[0] and int(before[1]) <= int(row[1]))


def test_ticking_changes_the_conclusion_as_a_hand_count_says(workspace: Workspace) -> None:
    calls = workspace.store.table("asb_calls", filters=[("area_code", "==", "E09000006")])
    months = [str(month) for month in pd.period_range("2020-12", "2021-11", freq="M")]
    by_hand = calls[calls["month"].isin(months) & (calls["heading"] == "animal_problems")]["count"].sum()
    view = AsbDefinitionView(label="Animals", headings=("animal_problems",))
    (_, table), *_ = EXPLORATIONS["asb_definition"].answer(workspace, view).tables
    assert table.set_index("Definition").loc["Animals", "Now"] == f"{by_hand:,}"


def test_the_base_month_is_one_hundred(workspace: Workspace) -> None:
    spec = EXPLORATIONS["partners"].answer(workspace, PartnersView(base="2020-06")).spec
    first = [row["value"] for row in spec["data"]["values"] if row["month"] == "June 2020"]
    assert first
    assert set(first) == {100}


def test_partners_open_where_every_series_has_begun(workspace: Workspace) -> None:
    shown = EXPLORATIONS["partners"].answer(workspace, PartnersView())
    assert {"IDVA clients", "MARAC cases"} < {row["series"] for row in shown.spec["data"]["values"]}
    assert not any("No count to start from" in line for line in shown.said)
    early = EXPLORATIONS["partners"].answer(workspace, PartnersView(base="2018-06"))
    assert "No count to start from: IDVA clients; " in early.said[-1]


def test_colours_that_come_again_are_dashed() -> None:
    months = pd.period_range("2021-01", "2021-03", freq="M")
    rows = [row for name in "abcdefghij" for row in series_values(name, pd.Series(50.0, index=months))]
    drawn = lines_chart(rows, title="t", unit="u")["data"]["values"]
    assert len({(row["colour"], row["round"]) for row in drawn}) == 10


class WardsUntilMay(Store):
    """A store whose files by ward end before those by borough, as the published ones do."""

    def counts(self, area_codes: list[str], *, wards: bool = False) -> pd.DataFrame:
        found = super().counts(area_codes, wards=wards)
        return found[(found["area_level"] != "ward") | (found["month"].astype(str) < "2021-06")]


def test_wards_are_shown_where_their_files_end_before_the_boroughs(workspace: Workspace) -> None:
    shortened = Workspace(workspace.settings, WardsUntilMay(workspace.store.folder))
    shown = EXPLORATIONS["wards"].answer(shortened, WardsView())
    assert shown.spec["title"]["text"].endswith("to May 2021")
    months = {control.field: control.options for control in EXPLORATIONS["wards"].controls(shortened, WardsView())}
    assert months["period"][1] == ("May 2021", "2021-05")


def test_a_line_never_crosses_a_missing_month_or_a_break() -> None:
    months = pd.period_range("2021-01", "2021-08", freq="M")
    values = pd.Series([1, 2, None, 4, 5, 6, 7, 8], index=months, dtype="float64")
    segments = {row["month"]: row["segment"] for row in series_values("x", values, ["2021-06"])}
    assert "March 2021" not in segments
    assert segments["February 2021"] != segments["April 2021"]
    assert segments["May 2021"] != segments["June 2021"]
    assert segments["June 2021"] == segments["August 2021"]


def test_labels_at_the_ends_do_not_touch() -> None:
    months = pd.period_range("2021-01", "2021-03", freq="M")
    rows = [row for name in "abc" for row in series_values(name, pd.Series(50.0, index=months))]
    labels = lines_chart(rows, title="t", unit="u")["layer"][-1]["data"]["values"]
    heights = sorted(row["label_at"] for row in labels)
    assert min(b - a for a, b in itertools.pairwise(heights)) >= 2


def test_controls_move_the_view_and_wrong_values_are_refused(workspace: Workspace) -> None:
    view = changed(TrendsView(), "shown_as", "index")
    assert view.shown_as == "index"
    with pytest.raises(ValueError, match="measures"):
        changed(TrendsView(), "measures", ())


def test_the_widgets_say_what_the_view_says(workspace: Workspace) -> None:
    page = explore("trends")
    page.controls["measures"].value = ("hate_crime.hate_crime",)
    assert "Hate crime" in page.shown.said[0]
    assert page.view.measures == ("hate_crime.hate_crime",)
    assert page.view.window in page.cell.code
    page.controls["areas"].value = ()
    assert page.shown.said == ["choose at least one"]
    page.controls["areas"].value = ("Croydon",)
    assert "Croydon" in page.cell.code


def test_a_ward_of_another_area_is_let_go(workspace: Workspace) -> None:
    page = explore("wards")
    page.controls["ward"].value = "Bickley"
    page.controls["area"].value = "Croydon"
    assert page.view.ward == ""
    page.controls["area"].value = "Bromley"
    assert "has the most" in page.shown.said[0]


def test_every_control_has_a_label(workspace: Workspace) -> None:
    for name in EXPLORATIONS:
        page = explore(name)
        assert all(widget.description for widget in page.controls.values())


def test_saving_names_the_file_or_says_why_not(workspace: Workspace, tmp_path: Path) -> None:
    page = explore("wards")
    page.keep("../../x")
    assert "no name for a view" in page.saved.value


@pytest.mark.parametrize("kind", KINDS)
def test_every_kind_of_view_has_an_explorer(kind: str) -> None:
    assert kind in EXPLORATIONS


def test_an_unknown_explorer_is_refused() -> None:
    with pytest.raises(InputError, match="known: trends"):
        explore("magic")


@pytest.fixture
def small(tmp_path: Path) -> tuple[Path, Workspace]:
    clean(lay_small(tmp_path / "raw"), tmp_path / "processed", load_settings())
    return tmp_path, open_workspace(tmp_path / "processed")


def a_file(folder: Path) -> tuple[str, str, bytes]:
    path = min((folder / "raw" / "mps_recorded_crime").rglob("*.csv"))
    return "mps_recorded_crime", path.name, path.read_bytes()


def test_a_file_is_tried_before_it_is_taken_in(small: tuple[Path, Workspace]) -> None:
    folder, workspace = small
    source, name, content = a_file(folder)
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    found = preview(workspace, Incoming(source, "2022-01", name, content))
    assert any("The same bytes are here already" in line for line in found.lines)
    assert found.revised.empty
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before


def test_a_file_taken_in_is_cleaned_with_the_others(small: tuple[Path, Workspace]) -> None:
    folder, workspace = small
    source, name, content = a_file(folder)
    changed_file = content.replace(b",10,", b",11,", 1)
    file = Incoming(source, "2022-01", name, changed_file)
    assert len(preview(workspace, file).revised) >= 1
    path = accept(folder / "raw", folder / "processed", workspace, file)
    assert (folder / "raw" / path).read_bytes() == changed_file
    assert "2022-01" in {entry.vintage for entry in open_workspace(folder / "processed").store.catalogue.entries}
    with pytest.raises(InputError, match="there already"):
        accept(folder / "raw", folder / "processed", workspace, file)


def test_a_file_that_cannot_be_cleaned_leaves_nothing(small: tuple[Path, Workspace]) -> None:
    folder, workspace = small
    source, name, _ = a_file(folder)
    before = sorted(path for path in folder.rglob("*") if path.is_file())
    file = Incoming(source, "2022-01", name, b"<html>no</html>")
    for use in (
        lambda: preview(workspace, file),
        lambda: accept(folder / "raw", folder / "processed", workspace, file),
    ):
        with pytest.raises(InputError, match="web page"):
            use()
    assert sorted(path for path in folder.rglob("*") if path.is_file()) == before


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", "../x.csv"),
        ("name", "a/b.csv"),
        ("name", "a\\b.csv"),
        ("name", ".hidden"),
        ("name", "x\n.csv"),
        ("name", ""),
        ("name", "x" * 201),
        ("vintage", "../2021-01"),
        ("vintage", "today"),
        ("source", "../geography"),
    ],
)
def test_a_hostile_name_is_refused(small: tuple[Path, Workspace], field: str, value: str) -> None:
    folder, workspace = small
    source, name, content = a_file(folder)
    given = {"source": source, "vintage": "2022-01", "name": name, "content": content} | {field: value}
    with pytest.raises(InputError):
        accept(folder / "raw", folder / "processed", workspace, Incoming(**given))
    assert not list(folder.parent.glob("x.csv"))


def test_the_upload_page_says_what_a_file_would_change(small: tuple[Path, Workspace]) -> None:
    folder, _ = small
    _, name, content = a_file(folder)
    page = upload(str(folder / "raw"), str(folder / "processed"))
    page.vintage.value = "2022-01"
    page.file.value = (
        {"name": name, "type": "", "size": len(content), "content": content, "last_modified": datetime.now()},
    )
    assert "It reads well" in page.said.value
    assert not page.take.disabled
    page.vintage.value = "nonsense"
    assert "Refused" in page.said.value
    assert page.take.disabled
