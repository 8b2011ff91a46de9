"""Statements against figures whose answer is known."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest
import yaml

from crimelib.areas import AreaBook
from crimelib.board.claims import (
    COLUMNS,
    EVIDENCE_COLUMNS,
    ClaimsPage,
    agrees,
    check_claims,
    claim_evidence,
    older_files,
)
from crimelib.board.item import Board
from crimelib.board.summary import COLUMNS as SUMMARY_COLUMNS
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT, Claim, ClaimWords, Settings, load_model, load_settings
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

PERIOD = pd.Period("2021-11", "M")
BROMLEY, LONDON = "E09000006", "E12000007"
WORDS = load_settings().claim_words
ALL_WINDOWS = ("month", "quarter", "ytd", "rolling_12")


def row(current: float | None, previous: float | None, **given: object) -> dict[str, object]:
    """A row of the summary about burglary over twelve months, unless told otherwise."""
    change = None if current is None or previous is None else current - previous
    figures = {"current": current, "previous": previous, "change": change}
    figures["pct_change"] = round(100 * change / previous, 1) if change is not None and previous else None
    names = {"area_code": BROMLEY, "area_name": "Bromley", "period": str(PERIOD), "item": "burglary"}
    names |= {"measure": "burglary", "breakdown": "total", "breakdown_value": "", "breakdown_label": ""}
    rest = {"window": "rolling_12", "signal": "no_clear_change", "status": "ok", "source": "s", "vintage": "v"}
    return dict.fromkeys(SUMMARY_COLUMNS) | names | figures | rest | {"note": ""} | given


def claim(**given: object) -> Claim:
    said = {"speaker": "Police", "words": "Said.", "item": "burglary", "measure": "burglary", "direction": "up"}
    return Claim(**(said | given))


@pytest.fixture
def board(tmp_path: Path):
    """Makes a board of Bromley with the rows and statements of a test and nothing stored."""

    def make(rows: list[dict[str, object]], claims: dict[str, Claim], area: str = "Bromley") -> Board:
        parameters = shipped_parameters(tmp_path, claims, area)
        write_catalogue(tmp_path, Catalogue(()))
        made = Board(
            Settings(parameters), Store(tmp_path), AreaBook(load_settings().areas).find("Bromley"), PERIOD, "board"
        )
        made.__dict__["rows"] = pd.DataFrame(rows, columns=SUMMARY_COLUMNS)
        return made

    return make


def shipped_parameters(folder: Path, claims: dict[str, Claim], area: str = "Bromley") -> Path:
    """The project's parameters, with the statements of a test in place of its own."""
    parameters = folder / "parameters"
    parameters.mkdir()
    for path in (PROJECT_ROOT / "parameters").iterdir():
        if path.name != "claims":
            (parameters / path.name).symlink_to(path)
    (parameters / "claims").mkdir()
    said = {name: each.model_dump(exclude_none=True) for name, each in claims.items()}
    text = yaml.safe_dump({"area": area, "claims": said})
    (parameters / "claims" / f"{PERIOD}.yml").write_text(text, encoding="utf-8")
    return parameters


def verdict_on(board: Board) -> dict[str, object]:
    (only,) = check_claims(board).to_dict("records")
    return only


@pytest.mark.parametrize(
    ("said", "current", "previous", "expected"),
    [
        ({"direction": "up"}, 973, 942, True),
        ({"direction": "static"}, 973, 942, False),
        ({"direction": "down"}, 973, 942, False),
        ({"direction": "Reduction", "pct": 14}, 860, 1000, True),
        ({"direction": "down", "pct": 14}, 850, 1000, True),
        ({"direction": "down", "pct": 14}, 849, 1000, False),
        ({"direction": "up", "pct": 14}, 860, 1000, False),
        ({"direction": "up", "pct": 1, "count": 6}, 606, 600, True),
        ({"direction": "up", "pct": 1, "count": 6}, 607, 600, False),
        ({"direction": "up", "pct": 17}, 749, 640, True),
        ({"direction": "up", "pct": 5}, 749, 640, False),
        ({"direction": "static"}, 101, 100, True),
        ({"direction": "static"}, 99, 100, True),
        ({"direction": "static"}, 102, 100, False),
        ({"direction": "unchanged"}, 0, 0, True),
        ({"direction": "unchanged"}, 1, 0, False),
        ({"direction": "up"}, 3, 0, True),
        ({"direction": "up", "pct": 100}, 3, 0, False),
        ({"direction": "up"}, 100, 100, False),
        ({"direction": "down"}, 100, 100, False),
    ],
)
def test_a_direction_is_about_the_figures_as_counted(said, current, previous, expected) -> None:
    assert agrees(claim(**said), row(current, previous), WORDS) is expected


def test_survey_proportions_move_in_points() -> None:
    said = claim(item="perception", measure="contact_ward_officer", direction="down", pct=5)
    assert agrees(said, row(0.25, 0.30, item="perception"), WORDS) is True
    assert agrees(said, row(0.20, 0.30, item="perception"), WORDS) is False


def test_supported_with_chance_said_apart(board) -> None:
    found = verdict_on(board([row(606, 600)], {"a": claim(pct=1, count=6)}))
    assert (found["verdict"], found["window"], found["current"], found["change"]) == ("supported", "rolling_12", 606, 6)
    assert found["signal"] == "no_clear_change"
    assert "A change this size could be chance." in found["note"]


def test_a_clear_change_is_said_to_be_clear(board) -> None:
    found = verdict_on(board([row(860, 1000, signal="decrease")], {"a": claim(direction="down", pct=14)}))
    assert "A fall this size is unlikely to be chance." in found["note"]


def test_a_supported_statement_names_the_windows_that_say_otherwise(board) -> None:
    rows = [row(860, 1000), row(90, 70, window="month")]
    found = verdict_on(board(rows, {"a": claim(direction="down")}))
    assert found["verdict"] == "supported"
    assert "It is not so in November 2021." in found["note"]


def test_supported_only_over_another_window(board) -> None:
    rows = [row(1000, 1000), row(300, 250, window="quarter"), row(90, 70, window="month")]
    found = verdict_on(board(rows, {"a": claim(pct=20)}))
    assert (found["verdict"], found["window"], found["pct_change"]) == ("supported_over", "quarter", 20.0)
    assert "in the three months to November 2021" in found["note"]


def test_a_window_that_was_said_is_the_one_tested(board) -> None:
    rows = [row(1000, 900), row(90, 100, window="month")]
    found = verdict_on(board(rows, {"a": claim(window="month", direction="fallen")}))
    assert (found["verdict"], found["window"]) == ("supported", "month")


def test_not_supported_names_the_window_that_comes_closest(board) -> None:
    rows = [row(1100, 1000), row(280, 300, window="quarter"), row(90, 95, window="month")]
    found = verdict_on(board(rows, {"a": claim(direction="down", pct=20)}))
    assert (found["verdict"], found["window"], found["pct_change"]) == ("not_supported", "rolling_12", 10.0)
    assert "the figure went up" in found["note"]
    assert "nearest in the three months to November 2021: 280 against 300, −6.7%" in found["note"]


@pytest.mark.parametrize("status", ["suppressed", "incomplete", "no_data", "not_comparable"])
def test_what_does_not_compare_cannot_be_tested(board, status: str) -> None:
    numbers = (10, 20) if status == "not_comparable" else (None, None)
    rows = [row(*numbers, status=status, note="Why not.", change=None, pct_change=None, signal="", window=window)
            for window in ALL_WINDOWS]  # fmt: skip
    found = verdict_on(board(rows, {"a": claim()}))
    assert found["verdict"] == "cannot_be_tested"
    assert found["note"].startswith("Why not. ")
    assert found["change"] is None
    assert found["pct_change"] is None


def test_an_incomplete_year_can_be_borne_out_by_a_month(board) -> None:
    rows = [row(None, None, status="incomplete", note="Incomplete."), row(90, 70, window="month")]
    assert verdict_on(board(rows, {"a": claim(direction="up")}))["verdict"] == "supported_over"


def test_an_incomplete_year_with_a_month_that_disagrees_stays_untested(board) -> None:
    rows = [row(None, None, status="incomplete", note="Incomplete."), row(60, 70, window="month")]
    assert verdict_on(board(rows, {"a": claim(direction="up")}))["verdict"] == "cannot_be_tested"


def test_what_no_measure_counts_says_which_data_would_tell(board) -> None:
    said = claim(item="asb", measure="", direction="", needs="speed readings by road")
    found = verdict_on(board([], {"a": said}))
    assert found["verdict"] == "cannot_be_tested"
    assert "speed readings by road" in found["note"]


def test_a_suppressed_ward_shows_nothing(board) -> None:
    withheld = row(None, None, status="suppressed", note="Withheld.", breakdown="ward", breakdown_value="E05000106")
    made = board([withheld], {"a": claim(breakdown="ward", value="E05000106")})
    assert verdict_on(made)["verdict"] == "cannot_be_tested"
    assert "suppressed" in str(ClaimsPage(made).table())


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({"item": "burglaries"}, "item is called 'burglaries'"),
        ({"measure": "burglarly"}, "measure is called 'burglarly'"),
        ({"direction": "sideways"}, "direction is called 'sideways'"),
        ({"breakdown": "size"}, "breakdown is called 'size'"),
        ({"breakdown": "type", "value": "houseboats"}, "value is called 'houseboats'"),
    ],
)
def test_what_is_not_declared_is_refused_by_name(board, given: dict, named: str) -> None:
    with pytest.raises(InputError, match=named) as refusal:
        check_claims(board([row(1, 1)], {"typo": claim(**given)}))
    assert "claims/2021-11.yml, claim 'typo'" in str(refusal.value)


@pytest.mark.parametrize("given", [{"measure": ""}, {"direction": ""}, {"needs": "more"}, {"pct": -1}])
def test_a_statement_that_says_too_little_or_two_things_is_refused(given: dict) -> None:
    with pytest.raises(ValueError, match=r"measure|direction|greater"):
        claim(**given)


def test_statements_of_another_area_and_missing_files_give_no_rows(board) -> None:
    made = board([row(1, 1)], {"a": claim()}, area="Croydon")
    found = check_claims(made)
    assert list(found.columns) == COLUMNS
    assert found.empty
    assert "written down" in str(ClaimsPage(made).headline())


def test_words_of_a_statement_are_inert_on_the_page(board) -> None:
    words = "<script>alert(1)</script> [go](javascript:x) *down*"
    page = ClaimsPage(board([row(2, 1)], {"a": claim(words=words, direction="down")}))
    assert "<script>" not in page.table().html() + page.evidence().html() + page.notes()._repr_markdown_()
    assert r"\[go\]" in page.notes()._repr_markdown_()
    assert r"\[go\]" in page.questions()._repr_markdown_()


def test_a_level_below_its_tolerance_is_a_matter_of_parameters(tmp_path: Path) -> None:
    text = (PROJECT_ROOT / "parameters/claim_words.yml").read_text(encoding="utf-8")
    path = tmp_path / "claim_words.yml"
    path.write_text(text.replace("level_within_pct: 1.0", "level_within_pct: 5"), encoding="utf-8")
    wider = load_model(path, ClaimWords)
    assert agrees(claim(direction="static"), row(104, 100), wider) is True


def test_the_shipped_minutes_name_only_what_is_declared() -> None:
    said = load_settings().claims("2021-11").claims
    assert len(said) == 8
    assert all(WORDS.kind(each.direction) for each in said.values())


# Older files and London ----------------------------------------------------------------------------------------------


def stored(folder: Path, counts: dict[str, dict[str, int]]) -> Store:
    """A store of monthly burglaries, the same count in each month of a year: vintage, then ``area year`` to count."""
    (folder / "parts").mkdir()
    entries = []
    for order, (vintage, sizes) in enumerate(counts.items()):
        write_part(folder / "parts" / f"{vintage}.parquet", burglaries(sizes))
        tables = {"counts": f"{vintage}.parquet"}
        entries.append(Entry("mps_recorded_crime", vintage, "f.csv", "0", order, 0, tables))
    write_catalogue(folder, Catalogue(tuple(entries)))
    return Store(folder)


def burglaries(sizes: dict[str, int]) -> pd.DataFrame:
    years = {"now": "2020-12", "before": "2019-12"}
    rows = [
        {"area_code": area, "month": str(month), "count": size}
        for key, size in sizes.items()
        for area, year in [key.split()]
        for month in pd.period_range(years[year], periods=12, freq="M")
    ]
    fixed = {"series": "burglary_residential", "basis": "cris", "parent_code": "", "area_name": ""}
    return pd.DataFrame(rows).assign(**fixed, area_level="borough")


@pytest.fixture
def revised(tmp_path: Path):
    """Makes a board whose older file had 90 burglaries a month after 100, and whose newer one has 105 after 100."""
    older = {f"{BROMLEY} now": 90, f"{BROMLEY} before": 100}
    newer = {f"{BROMLEY} now": 105, f"{BROMLEY} before": 100, f"{LONDON} now": 800, f"{LONDON} before": 1000}

    def make(said: Claim) -> Board:
        settings = Settings(shipped_parameters(tmp_path, {"a": said}))
        basis = next(iter(settings.sources.bases))
        store = stored(tmp_path, {"2021-12": older, "2022-01": newer})
        for part in (tmp_path / "parts").glob("*.parquet"):
            write_part(part, pd.read_parquet(part).assign(basis=basis))
        return Board(settings, store, AreaBook(settings.areas).find("Bromley"), PERIOD, "board")

    return make


def test_older_files_that_agreed_are_named(revised) -> None:
    found = verdict_on(revised(claim(direction="down", pct=10)))
    assert (found["verdict"], found["current"], found["previous"]) == ("supported_over", 1080, 1200)
    assert "of 2021-12, since revised" in found["note"]


def test_older_files_never_show_wards(revised) -> None:
    made = revised(claim())
    ((older, _),) = older_files(made)
    ward = burglaries({"E05000106 now": 3}).assign(basis="cris", area_level="ward", parent_code=BROMLEY)
    write_part(made.store.folder / "parts" / "2021-12.parquet", ward)
    assert older.table("counts")["area_code"].eq("E05000106").any()
    assert older.counts([BROMLEY], wards=True).empty


def test_london_is_shown_but_never_decides(revised) -> None:
    made = revised(claim(direction="down", pct=20))
    found = verdict_on(made)
    assert (found["verdict"], found["current"]) == ("not_supported", 1260)
    assert "London's figures do agree" in found["note"]
    evidence = claim_evidence(made)
    assert list(evidence.columns) == EVIDENCE_COLUMNS
    assert set(evidence["view"]) == {"latest", "older", "london"}
    london = evidence[(evidence["view"] == "london") & (evidence["window"] == "rolling_12")].iloc[0]
    assert (london["current"], london["previous"], london["agrees"]) == (9600, 12000, True)


# The illustrative pack -----------------------------------------------------------------------------------------------


def test_the_illustrative_figures_bear_out_the_minutes() -> None:
    folder = PROJECT_ROOT / "data/processed"
    if not (folder / "catalogue.json").exists() or not Store(folder).catalogue.is_illustrative:
        pytest.skip("data/processed does not hold the illustrative figures: run `crimelib sample` and `crimelib clean`")
    settings = load_settings()
    made = Board(settings, Store(folder), AreaBook(settings.areas).find("Bromley"), PERIOD, "board")
    found = check_claims(made).set_index("claim")
    assert set(found["verdict"]) == {"supported"}
    assert found.loc["domestic_abuse", "pct_change"] == -14.0
    assert found.loc["sexual_offences", ["current", "previous"]].tolist() == [606, 600]
    assert found.loc["sexual_offences", "signal"] == "no_clear_change"
    assert found.loc["hate_crime", ["pct_change", "signal"]].tolist() == [17.0, "increase"]
