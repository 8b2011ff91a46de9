"""A plan and its results on wards whose story is known."""

from __future__ import annotations

from dataclasses import replace
from datetime import date
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.charts import Chart
from crimelib.board.evaluation import (
    EvaluationPage,
    _twelve_month_totals,
    fix_plan,
    is_altered,
    load_evaluation,
    plan_standing,
)
from crimelib.board.item import Board
from crimelib.board.text import Text
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT, Break, EvaluationPlan, PlanFixing, load_model, load_settings
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

BROMLEY = "E09000006"
SHIPPED = PROJECT_ROOT / "parameters" / "plans" / "town_centre_team.yml"
PLAN = load_settings().plan("town_centre_team")
WARDS = [ward.code for ward in load_settings().wards if (ward.borough_code, ward.ward_set) == (BROMLEY, "2022")]
OLD_WARDS = [ward.code for ward in load_settings().wards if (ward.borough_code, ward.ward_set) == (BROMLEY, "2018")]
TREATED = PLAN.ward_sets["2022"].treated[0]
IN_TIME = PLAN.model_copy(update={"fixed": (PlanFixing(on="2022-01-10", hash=PLAN.fingerprint),)})


def vawg(
    codes: list[str], last: str, *, a_month: int = 20, effect: float = 1.0, first: str = "2018-02"
) -> pd.DataFrame:
    """Monthly counts of wards, the same every month but for chance; the effect in the town centre from the start."""
    rng = np.random.default_rng(11)
    months = pd.period_range(first, last, freq="M")
    treated = {wards.treated[0] for wards in PLAN.ward_sets.values()}
    rows = [
        (code, str(month), rng.poisson(a_month * (effect if code in treated and str(month) >= PLAN.start else 1)))
        for code in codes
        for month in months
    ]
    frame = pd.DataFrame(rows, columns=["area_code", "month", "count"])
    names = {"series": "vawg", "basis": "mps_vawg", "area_level": "ward", "parent_code": BROMLEY, "area_name": "x"}
    return frame.assign(**names)


@pytest.fixture
def page(tmp_path: Path):
    """Makes the page of a plan over some counts."""

    def make(
        counts: pd.DataFrame,
        period: str,
        plan: EvaluationPlan = IN_TIME,
        area: str = "Bromley",
        audience: str = "board",
    ) -> EvaluationPage:
        (tmp_path / "parts").mkdir()
        write_part(tmp_path / "parts" / "counts.parquet", counts)
        entry = Entry("mps_vawg", "2023-08", "vawg.csv", "0" * 64, 1, 0, {"counts": "counts.parquet"})
        write_catalogue(tmp_path, Catalogue((entry,)))
        settings = load_settings()
        board = Board(settings, Store(tmp_path), AreaBook.of(settings).find(area), pd.Period(period, "M"), audience)
        return EvaluationPage(board, plan)

    return make


# The plan


def test_the_shipped_plan_is_the_one_that_was_fixed() -> None:
    assert not is_altered(PLAN)
    assert PLAN.ward_sets["2018"].treated == ("E05000109",)
    assert PLAN.ward_sets["2022"].treated == ("E05013991",)


def test_the_shipped_plan_says_that_it_was_written_after_the_start() -> None:
    assert "first written down on 22 November 2026, after the start in February 2022" in plan_standing(PLAN)


def test_a_plan_fixed_in_time_says_so() -> None:
    assert plan_standing(IN_TIME).startswith("The plan was fixed on 10 January 2022, before the start")


@pytest.mark.parametrize(
    "change",
    [
        {"smallest_worthwhile_pct": 5.0},
        {"after_until": "2023-06"},
        {"leave_out": ()},
        {"outcomes": PLAN.outcomes[::-1]},
        {"ward_sets": {"2018": PLAN.ward_sets["2018"]}},
    ],
)
def test_an_altered_plan_is_caught_and_gives_no_result(page, change: dict) -> None:
    made = page(vawg(WARDS, "2023-06", effect=0.5), "2023-06", IN_TIME.model_copy(update=change))
    said = "changed since it was fixed on 10 January 2022"
    assert made.findings == []
    assert said in str(made.status())
    assert said in str(made.conclusion())
    assert isinstance(made.results(), Text)


def test_a_plan_fixed_anew_after_the_start_gives_results_and_says_so(page) -> None:
    late = IN_TIME.model_copy(update={"smallest_worthwhile_pct": 10.0})
    fixings = (*IN_TIME.fixed, PlanFixing(on="2022-06-01", hash=late.fingerprint))
    made = page(vawg(WARDS, "2023-01", effect=0.5), "2023-01", late.model_copy(update={"fixed": fixings}))
    assert "The plan was changed on 1 June 2022, after the start in February 2022" in str(made.status())
    assert len(made.findings) == 1


def test_a_plan_never_fixed_gives_no_result(page) -> None:
    made = page(vawg(WARDS, "2023-01"), "2023-01", PLAN.model_copy(update={"fixed": ()}))
    assert "has not been fixed" in str(made.conclusion())


def unfixed(folder: Path) -> Path:
    path = folder / "plan.yml"
    path.write_text(SHIPPED.read_text(encoding="utf-8").partition("\nfixed:")[0], encoding="utf-8")
    return path


def test_fixing_a_plan_writes_day_and_hash_and_keeps_its_words(tmp_path: Path) -> None:
    path = unfixed(tmp_path)
    before = path.read_text(encoding="utf-8")
    fixed = fix_plan(path, date(2022, 1, 10))
    assert path.read_text(encoding="utf-8").startswith(before)
    assert load_model(path, EvaluationPlan) == fixed
    assert [each.on for each in fixed.fixed] == ["2022-01-10"]
    assert not is_altered(fixed)


def test_fixing_a_plan_twice_changes_nothing(tmp_path: Path) -> None:
    path = unfixed(tmp_path)
    fix_plan(path, date(2022, 1, 10))
    before = path.read_bytes()
    fix_plan(path, date(2022, 6, 1))
    assert path.read_bytes() == before


def test_a_changed_plan_keeps_the_day_it_was_first_fixed(tmp_path: Path) -> None:
    path = unfixed(tmp_path)
    fix_plan(path, date(2022, 1, 10))
    text = path.read_text(encoding="utf-8")
    path.write_text(text.replace('smallest_worthwhile_pct: "15"', 'smallest_worthwhile_pct: "5"'), encoding="utf-8")
    assert is_altered(load_model(path, EvaluationPlan))
    with pytest.raises(InputError, match="last fixed on"):
        fix_plan(path, date(2022, 1, 9))
    assert [each.on for each in fix_plan(path, date(2022, 6, 1)).fixed] == ["2022-01-10", "2022-06-01"]


def test_a_comment_is_no_change(tmp_path: Path) -> None:
    path = unfixed(tmp_path)
    path.write_text("# A comment.\n" + path.read_text(encoding="utf-8"), encoding="utf-8")
    assert load_model(path, EvaluationPlan).fingerprint == PLAN.fingerprint


def test_nothing_may_follow_the_hashes(tmp_path: Path) -> None:
    path = unfixed(tmp_path)
    fix_plan(path, date(2022, 1, 10))
    text = path.read_text(encoding="utf-8").replace('officers: "21"\n', "") + 'officers: "20"\n'
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError):
        fix_plan(path, date(2022, 6, 1))
    assert path.read_text(encoding="utf-8") == text
    assert list(tmp_path.iterdir()) == [path]


# The page


def test_before_the_start_there_is_a_plan_a_baseline_and_no_result(page) -> None:
    made = page(vawg(OLD_WARDS, "2021-11"), "2021-11")
    assert "no result can be had before the figures for January 2023" in str(made.status())
    assert made.findings == []
    assert isinstance(made.trends(), Chart)
    assert "would be found four times in five" in str(made.conclusion())
    assert "Copers Cope" in str(made.plan_table())


def test_while_it_runs_no_result_is_given(page) -> None:
    made = page(vawg(WARDS, "2022-12", effect=0.3), "2022-12")
    assert "11 of 12 months are in" in str(made.status())
    assert made.findings == []


def test_a_clear_fall_is_found(page) -> None:
    made = page(vawg(WARDS, "2023-06", a_month=30, effect=0.5), "2023-06")
    ((_, found, about),) = made.findings
    assert (found.signal, about.signal) == ("decrease", "no_clear_change")
    assert found.effect.low < 0.5 < found.effect.high
    said = str(made.conclusion())
    assert "fewer in the town centre than the comparison wards lead one to expect" in said
    assert "unlikely to be chance" in said
    assert ">Other wards<" in made.placebos().svg()


def test_a_cost_is_given_where_the_police_gave_theirs(page) -> None:
    priced = PLAN.model_copy(update={"cost_per_officer_month": 5000.0})
    priced = priced.model_copy(update={"fixed": (PlanFixing(on="2022-01-10", hash=priced.fingerprint),)})
    notes = page(vawg(WARDS, "2023-06", a_month=60, effect=0.5), "2023-06", priced).results().notes
    assert any(note.startswith("£") and "for each offence fewer" in note for note in notes)


def test_where_no_effect_is_shown_the_page_says_what_could_have_been_seen(page) -> None:
    made = page(vawg(WARDS, "2023-01"), "2023-01")
    said = str(made.conclusion())
    assert "no effect is shown" in said
    assert f"a fall of {made.findings[0][1].detectable:.0f}% would be found" in said


def test_months_after_the_period_are_not_looked_at(page, tmp_path: Path) -> None:
    made = page(vawg(WARDS, "2023-06"), "2021-11")
    assert max(made.panels[0].whole.index) == pd.Period("2021-11", "M")


def test_months_left_out_by_the_plan_are_left_out(page) -> None:
    months = page(vawg(WARDS, "2023-01"), "2023-01").panels[0].counts.index
    assert not months.to_series().between(pd.Period("2020-03", "M"), pd.Period("2021-07", "M")).any()
    assert (len(months), months[-1]) == (43, pd.Period("2023-01", "M"))


def test_too_few_months_before_give_no_result(page) -> None:
    made = page(vawg(WARDS, "2023-01", first="2021-11"), "2023-01")
    assert made.findings == []
    assert "3 months before the start and 12 after it are at hand, which is too few" in str(made.status())
    assert "nothing can be concluded" in str(made.conclusion())


def test_a_month_missing_in_the_window_gives_no_result(page) -> None:
    counts = vawg(WARDS, "2023-01")
    made = page(counts[~((counts["month"] == "2022-07") & (counts["area_code"] == TREATED))], "2023-01")
    assert made.findings == []


@pytest.mark.parametrize(("audience", "shown"), [("board", True), ("public", False)])
def test_a_group_with_a_withheld_total_is_not_shown(page, audience: str, shown: bool) -> None:
    counts = vawg(WARDS, "2023-01")
    few = (counts["area_code"] == TREATED) & (counts["month"] >= PLAN.start)
    counts.loc[few, "count"] = [7, *[0] * 11]
    assert bool(page(counts, "2023-01", audience=audience).findings) == shown


def test_small_wards_are_no_placebos_and_none_is_named(page) -> None:
    counts = vawg(WARDS, "2023-01")
    small = next(code for code in WARDS if code not in PLAN.ward_sets["2022"].codes)
    counts.loc[(counts["area_code"] == small) & (counts["month"] >= PLAN.start), "count"] = [3, *[0] * 11]
    chart = page(counts, "2023-01").placebos()
    assert (chart.data["label"] == "Other wards").sum() == 15
    assert set(chart.data["label"]) == {"Town centre, the real start", "Other wards", "Town centre, other dates"}


def test_no_index_is_drawn_where_a_ward_s_twelve_months_were_too_few_to_show(page) -> None:
    """With the town centre's total of one month the index is its totals of all months; beside the other wards of a
    pack they would tell of a ward withheld then."""
    counts = vawg(OLD_WARDS, "2021-11")
    other = next(code for code in OLD_WARDS if code not in PLAN.ward_sets["2018"].codes)
    few = counts["area_code"] == other
    counts.loc[few, "count"] = 0
    counts.loc[few & (counts["month"] == "2019-05"), "count"] = 3
    assert str(page(counts, "2021-11").trends()) == "No twelve-month totals of these wards can be shown."


def test_another_area_has_no_plan(page) -> None:
    made = page(vawg(WARDS, "2023-01"), "2023-01", area="Croydon")
    assert str(made.headline()) == str(made.conclusion()) == "No plan is about Croydon."
    assert str(made.plan_table()) == "Croydon has no plan."
    assert [str(each) for each in (made.results(), made.placebos(), made.trends())] == [""] * 3
    assert isinstance(made.trends(), Text)


def test_the_plan_is_found_by_its_name(page) -> None:
    assert load_evaluation(page(vawg(WARDS, "2023-01"), "2023-01").board).plan == PLAN


@pytest.mark.parametrize(
    ("breaks", "first", "last"),
    [((), "2019-01", "2023-07"), (("2020-03",), "2021-02", "2023-07"), (("2022-09",), "2019-01", "2022-08"),
     (("2020-03", "2022-09"), "2021-02", "2022-08")],
)  # fmt: skip
def test_no_twelve_month_total_of_the_index_lies_across_a_break(page, breaks, first: str, last: str) -> None:
    found = page(vawg(WARDS, "2023-07"), "2023-07")
    panel = found._main()
    declared = tuple(Break(month=month, effect="not_comparable", what="by hand") for month in breaks)
    broken = replace(panel, measure=panel.measure.model_copy(update={"breaks": declared}))
    totals = _twelve_month_totals(broken, found.board.period)["Town centre"]
    assert (str(totals.index[0]), str(totals.index[-1])) == (first, last)
    town = broken.whole[list(broken.groups.treated)].sum(axis=1)
    assert totals.iloc[-1] == town.loc[totals.index[-1] - 11 : totals.index[-1]].sum()


def test_a_break_within_the_year_before_the_start_leaves_nothing_to_set_totals_to(page) -> None:
    found = page(vawg(WARDS, "2023-07"), "2023-07")
    panel = found._main()
    measure = panel.measure.model_copy(
        update={"breaks": (Break(month="2021-06", effect="not_comparable", what="by hand"),)}
    )
    assert _twelve_month_totals(replace(panel, measure=measure), found.board.period) == {}
