"""Which figures raise which question: each case is a small table of summary rows and what must (not) be asked."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
from areas_store import borough_file, processed

from crimelib.areas import AreaBook
from crimelib.board import challenge, perception
from crimelib.board.challenge import challenge_questions, raised_by
from crimelib.board.item import Board
from crimelib.board.summary import COLUMNS
from crimelib.board.unusual import LastMonth
from crimelib.errors import InputError
from crimelib.settings import SURVEY, Challenge, ChallengeRule, checked, load_settings
from crimelib.tables.store import Catalogue, Store, write_catalogue

SETTINGS = load_settings()
NUMBERS = {"rise": "increase", "fall": "decrease", "flat": "no_clear_change", "-": ""}


def rows_of(item: str, table: str) -> pd.DataFrame:
    """Rows over twelve months from lines of: measure, part, previous, current, signal, status."""
    rows = []
    for line in table.strip().splitlines():
        measure, part, previous, current, signal, status = line.split()
        breakdown, _, value = part.partition("=")
        shown = status in ("ok", "not_comparable")
        now, before = (int(current), int(previous)) if shown else (None, None)
        change = now - before if shown else None
        row = dict.fromkeys(COLUMNS) | {
            "area_code": "E09000006", "area_name": "Bromley", "period": "2021-11", "item": item, "measure": measure,
            "breakdown": breakdown, "breakdown_value": value, "breakdown_label": value.capitalize(),
            "window": "rolling_12", "current": now, "previous": before, "change": change,
            "pct_change": round(100 * change / before, 1) if shown and before else None, "detectable_pct": 20.0,
            "signal": NUMBERS[signal], "status": status, "note": "Incomplete: no figure for May 2021.",
        }  # fmt: skip
        rows.append(row)
    return pd.DataFrame(rows, columns=COLUMNS).astype(dict.fromkeys(COLUMNS, object))


def board(folder: Path, rows: pd.DataFrame, period: str = "2021-11") -> Board:
    write_catalogue(folder, Catalogue(()))
    area = AreaBook.of(SETTINGS).find("Bromley")
    made = Board(SETTINGS, Store(folder), area, pd.Period(period, freq="M"), "board")
    made.__dict__["rows"] = rows
    return made


@pytest.fixture
def alone(monkeypatch: pytest.MonkeyPatch) -> None:
    """No other area is at hand."""
    monkeypatch.setattr(challenge, "comparison_rows", lambda *_: pd.DataFrame())


DOMESTIC = "domestic_abuse total 3150 2709 fall ok\n"
CASES = [
    # item, rows, rule that must ask, the words that must be in it
    ("sexual_offences", "sexual_offences total 600 606 flat ok\nsexual_offences ward=a 0 0 - suppressed",
     "wards_too_small_to_show", "Sexual offences in 1 ward: the numbers are too small to show"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 118 161 flat ok", "reports_against_housing",
     "Reports fell by 441 while re-housing requests rose by 43: who is no longer reporting?"),
    ("domestic_abuse", DOMESTIC + "idva_clients total 812 934 rise ok", "reports_against_idva", "rose by 122"),
    ("domestic_abuse", "domestic_abuse total 2709 3150 rise ok\nidva_clients total 934 812 fall ok",
     "more_reports_fewer_clients", "Reports rose by 441 while clients of the IDVA service fell by 122"),
    ("domestic_abuse", "domestic_abuse_positive_outcomes total 321 275 flat ok", "domestic_outcomes_fall", "(−14%)"),
    ("hate_crime", "hate_crime total 640 749 rise ok\nhate_crime strand=racist 519 620 rise ok", "hate_strands_rise",
     "Racist (519 to 620)"),
    ("hate_crime", "hate_crime total 640 749 rise ok\nhate_crime_positive_outcomes total 102 109 flat ok",
     "hate_outcomes_do_not_follow", "went from 102 to 109 with no clear rise"),
    ("weapons", "weapons_possession total 100 130 rise ok\nknife_crime total 250 240 flat ok",
     "possession_without_knife_crime", "Possession offences rose by 30 (+30%) while knife crime did not (250 to 240)"),
    ("weapons", "knife_crime total 250 240 flat ok\nknife_crime_with_injury total 60 75 flat ok",
     "injuries_against_knife_crime", "fell by 10 but knife crime with injury rose by 15"),
    ("ndvwi", "domestic_vwi total 742 664 flat ok\nndvwi total 1279 1326 flat ok", "domestic_part_hides_the_rest",
     "fell by 78 while the rest rose by 47"),
    ("burglary", "burglary type=residential 1490 1170 fall ok\nburglary type=business_community 430 366 flat ok",
     "homes_and_businesses_part", "Burglary of homes fell by 320 (−22%)"),
    ("vehicle_theft", "vehicle_theft type=moped 100 168 rise ok\nvehicle_theft type=car 5 50 rise ok",
     "vehicles_that_rise", "Moped (100 to 168) and Car (5 to 50)"),
    ("asb", "asb total 9 9 - incomplete", "figures_missing", "(no figure for May 2021): who has the missing figures"),
    ("asb", "asb total 9 9 - no_data", "no_figures", "No file at hand gives anti-social behaviour incidents"),
    ("asb", "asb total 90 80 - not_comparable", "not_comparable", "cannot be compared with a year before"),
    ("asb", "asb total 90 80 - ok", "doubted", "looks short of data"),
    ("asb", "asb total 90 180 rise ok", "rose", "rose by 90 to 180 (+100%)"),
    ("asb", "asb total 0 18 rise ok", "rose", "rose by 18 to 18 (from nothing)"),
    ("asb", "asb total 180 90 fall ok", "fell", "fell by 90 to 90 (−50%)"),
    ("asb", "asb total 180 179 flat ok", "no_clear_change", "a change of less than 20% would not show"),
    ("burglary", "burglary ward=bickley 10 50 rise ok", "wards_that_rise", "Bickley (10 to 50): what changed there"),
]  # fmt: skip
SILENT = [
    # the other way round, too little, doubted, withheld: nothing is asked
    ("domestic_abuse", "domestic_abuse total 2709 3150 rise ok\nrehousing_requests total 118 161 flat ok",
     "reports_against_housing"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 161 118 flat ok", "reports_against_housing"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 118 118 flat ok", "reports_against_housing"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 118 161 - ok", "reports_against_housing"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 118 161 - suppressed", "reports_against_housing"),
    ("domestic_abuse", DOMESTIC + "rehousing_requests total 118 161 - incomplete", "reports_against_housing"),
    ("domestic_abuse", DOMESTIC, "reports_against_housing"),
    ("domestic_abuse", "domestic_abuse_positive_outcomes total 321 310 flat ok", "domestic_outcomes_fall"),
    ("hate_crime", "hate_crime strand=racist 519 620 flat ok", "hate_strands_rise"),
    ("weapons", "weapons_possession total 100 130 rise ok\nknife_crime total 250 350 rise ok",
     "possession_without_knife_crime"),
    ("burglary", "burglary ward=bickley 10 50 - suppressed", "wards_that_rise"),
    ("burglary", "burglary type=residential 1490 1170 fall ok\nburglary type=business_community 430 200 fall ok",
     "homes_and_businesses_part"),
]  # fmt: skip


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("item", "table", "rule", "words"), CASES, ids=[case[2] for case in CASES])
def test_a_rule_asks_with_the_figures_that_raised_it(
    tmp_path: Path, item: str, table: str, rule: str, words: str
) -> None:
    asked = raised_by(SETTINGS.challenge.rules[rule], board(tmp_path, rows_of(item, table)).item(item))
    assert asked is not None
    assert words in asked
    assert asked in challenge_questions(board(tmp_path, rows_of(item, table)).item(item)).lines


@pytest.mark.parametrize(("item", "table", "rule"), SILENT)
def test_a_rule_is_silent(tmp_path: Path, item: str, table: str, rule: str) -> None:
    page = board(tmp_path, rows_of(item, table)).item(item)
    assert raised_by(SETTINGS.challenge.rules[rule], page) is None


@pytest.mark.usefixtures("alone")
def test_of_a_group_only_the_most_telling_asks_and_standing_questions_fill_up(tmp_path: Path) -> None:
    table = DOMESTIC + "\n".join(
        ["idva_clients total 812 934 rise ok", "rehousing_requests total 118 161 flat ok",
         "children_referrals total 640 737 rise ok"]
    )  # fmt: skip
    asked = challenge_questions(board(tmp_path, rows_of("domestic_abuse", table)).item("domestic_abuse")).lines
    assert [line.endswith("who is no longer reporting?") for line in asked] == [True, False, False]
    assert "rose by 122, re-housing requests by 43 and children's referrals by 97" in asked[0]
    assert "fewer offences, or fewer people coming forward?" in asked[1]
    assert asked[2] in SETTINGS.items["domestic_abuse"].questions


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize("item", list(SETTINGS.items))
@pytest.mark.parametrize("status", ["ok", "no_data", "incomplete", "not_comparable"])
def test_every_page_asks_two_to_five_questions(tmp_path: Path, item: str, status: str) -> None:
    table = f"{SETTINGS.items[item].headline} total 100 140 {'rise' if status == 'ok' else '-'} {status}"
    asked = challenge_questions(board(tmp_path, rows_of(item, table)).item(item)).lines
    assert 2 <= len(asked) <= 5


def test_every_shipped_rule_names_measures_and_breakdowns_that_its_items_have() -> None:
    for name, rule in SETTINGS.challenge.rules.items():
        for item in (SETTINGS.items[each] for each in rule.items if each not in ("any", SURVEY)):
            for condition in rule.when.values():
                measure = item.measures[condition.measure or item.headline]
                assert condition.breakdown in {"total", "ward", *measure.breakdowns}, name
                assert not condition.value or condition.value in measure.breakdowns[condition.breakdown], name


FELL = "contact_ward_officer 0.21 0.10 decrease ok"
SURVEYS = [
    ([FELL], {}, ["contact the ward officer” (21% to 10%) fell", "Fewer people than a year ago say “Knows"]),
    (["good_job 0.60 0.61 no_clear_change ok"], {}, ["1 measure showed no clear change"]),
    (["good_job 0.60 0.75 increase ok"], {}, ["More people than a year ago say “Police do a good job"]),
    (
        ["good_job 0.60 0.45 no_clear_change ok"],
        {"good_job": "decrease"},
        ["1 measure below London", "no clear change"],
    ),
    (["good_job - - - no_data", "informed - - - no_data"], {}, ["For 2 measures no survey file at hand"]),
]


@pytest.mark.parametrize(("lines", "london", "expected"), SURVEYS)
def test_the_survey_s_figures_raise_its_questions(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, lines: list[str], london: dict[str, str], expected: list[str]
) -> None:
    rows = []
    for measure, previous, current, signal, status in (line.split() for line in lines):
        known = {} if status != "ok" else {"current": float(current), "previous": float(previous), "signal": signal}
        about = {"item": "perception", "measure": measure, "breakdown": "total", "window": "rolling_12"}
        rows.append(dict.fromkeys(COLUMNS) | about | {"status": status, "note": "", **known})
    shown = board(tmp_path, pd.DataFrame(rows, columns=COLUMNS))
    signals = {measure: london.get(measure, "") for measure in SETTINGS.perception.measures}
    monkeypatch.setattr(perception, "_london_signals", lambda _: signals)
    waves = pd.DataFrame({"measure": list(signals), "month": "2021-09", "proportion": 0.6, "london_proportion": 0.7})
    monkeypatch.setattr(perception, "survey_waves", lambda *_: waves)
    asked = perception.questions(shown).lines
    assert 2 <= len(asked) <= 5
    raised = asked[: -len(SETTINGS.perception.questions)]
    assert len(raised) == len(expected)
    assert all(words in question for words, question in zip(expected, raised, strict=True))


@pytest.mark.parametrize(
    ("rule", "said"),
    [
        (
            {"items": ["any"], "when": {"it": {"survey": "fell"}}, "ask": "Why {it.parts}?"},
            "conditions on survey, and no others",
        ),
        (
            {"items": ["perception"], "when": {"it": {"moved": "up"}}, "ask": "Why?"},
            "conditions on survey, and no others",
        ),
        (
            {"items": ["asb"], "when": {"it": {"moved": "up"}}, "ask": "Up by {it.size}?"},
            "no condition gives {it.size}",
        ),
        ({"items": ["asb"], "when": {"it": {"moved": "up"}}, "ask": "Up by {them.change}?"}, "{them.change}"),
        ({"items": ["asb"], "when": {"it": {}}, "ask": "Why?"}, "give one of moved, signal"),
        ({"items": ["asb"], "when": {"it": {"moved": "up", "unusual": "yes"}}, "ask": "Why?"}, "give one of moved"),
        ({"items": ["asb"], "when": {}, "ask": "Why?"}, "at least 1"),
    ],
)
def test_a_rule_that_could_not_be_filled_in_is_refused(rule: dict[str, object], said: str) -> None:
    with pytest.raises(InputError) as refused:
        checked(Challenge, {"most": 5, "rules": {"odd": rule}}, Path("challenge.yml"))
    assert said in str(refused.value)


def test_a_measure_that_the_item_does_not_have_is_refused(tmp_path: Path) -> None:
    rule = ChallengeRule(items=("asb",), when={"it": {"measure": "knife_crime", "moved": "up"}}, ask="Why?")
    page = board(tmp_path, rows_of("asb", "asb total 1 2 flat ok")).item("asb")
    with pytest.raises(InputError, match="asb has no measure 'knife_crime'"):
        raised_by(rule, page)


def test_the_time_before_the_pandemic_and_london_raise_questions(tmp_path: Path) -> None:
    store = processed(tmp_path, SETTINGS, borough_file(SETTINGS, {"Bromley": (50, 30, 20)}))
    area = AreaBook.of(SETTINGS).find("Bromley")
    asked = challenge_questions(Board(SETTINGS, store, area, pd.Period("2021-11"), "board").item("burglary")).lines
    past = (
        "There were 240 burglaries against 600 in the twelve months to November 2019, before the pandemic (360 fewer)"
    )
    assert asked[0].startswith(past)
    # London's 31 other boroughs stay at 120 a year: 4,080 to 3,960
    here = "Burglary went from 360 to 240 here (−33%) and from 4,080 to 3,960 in London (−2.9%)"
    assert f"{here}, a difference beyond chance" in asked[1]
    flat = Board(SETTINGS, store, AreaBook.of(SETTINGS).find("Lewisham"), pd.Period("2021-11"), "board")
    beside = challenge_questions(flat.item("burglary")).lines
    assert not [line for line in beside if "pandemic (" in line or "in London" in line]


@pytest.mark.parametrize(("flagged", "is_asked"), [(("beyond a limit",), True), ((), False)])
def test_an_unusual_month_raises_a_question(tmp_path: Path, flagged: tuple[str, ...], is_asked: bool) -> None:
    page = board(tmp_path, rows_of("asb", "asb total 1 2 flat ok")).item("asb")
    page.last_month = lambda _: LastMonth(pd.Period("2021-11"), 99, 10.0, 20.0, flagged)
    asked = raised_by(SETTINGS.challenge.rules["month_stands_out"], page)
    assert asked == (
        "November 2021 stands out with 99 incidents (beyond a limit): what happened?" if is_asked else None
    )


@pytest.mark.usefixtures("alone")
@pytest.mark.parametrize(("status", "is_standing"), [("ok", True), ("no_data", False), ("incomplete", False)])
def test_no_question_is_asked_about_a_change_that_nobody_knows(tmp_path: Path, status: str, is_standing: bool) -> None:
    page = board(tmp_path, rows_of("hate_crime", f"hate_crime total 640 749 rise {status}"))
    asked = challenge_questions(page.item("hate_crime")).lines
    assert ("Is the change in offences, or in people coming forward?" in asked) == is_standing
    assert 2 <= len(asked) <= 5
