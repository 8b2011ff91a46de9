"""The register: what is open, overdue and evidenced as at the end of a period."""

from __future__ import annotations

from pathlib import Path

import pandas as pd
import pytest

from crimelib.areas import AreaBook
from crimelib.board.actions import COLUMNS, ActionsPage, action_table, is_overdue, open_actions, status_at
from crimelib.board.item import Board
from crimelib.errors import InputError
from crimelib.settings import PROJECT_ROOT, Action, ActionChange, Actions, Settings, checked, load_settings
from crimelib.tables.store import Catalogue, Entry, Store, write_catalogue, write_part

BROMLEY = "E09000006"
RETURNS = {"what": "Returns", "page": "asb", "rows": {"table": "partner_returns", "where": {"organisation": "clarion"}}}
CONTACT = {"what": "More know", "page": "perception", "measure": {"measure": "contact_ward_officer"}}


def month(text: str) -> pd.Period:
    return pd.Period(text, "M")


def action(**given: object) -> dict[str, object]:
    agreed = {"meeting": "2021-11", "words": "Do it", "owner": "Police", "due": "2022-01-31", "item": "asb"}
    return agreed | {"evidence": {"what": "Seen", "page": "asb"}} | given


def settings_with(actions: dict[str, dict[str, object]], area: str = "Bromley") -> Settings:
    """The project's settings with the register of a test."""
    settings = Settings(PROJECT_ROOT / "parameters")
    register = checked(Actions, {"area": area, "actions": actions}, Path("actions.yml"))
    settings._loaded[("actions.yml", "Actions")] = register
    return settings


@pytest.fixture
def board(tmp_path: Path):
    """Makes a board of Bromley with one action, some rows of the summary and some partner returns."""

    def make(
        given: dict[str, object], period: str = "2022-01", rows: list[dict] = (), returns: list[str] = ()
    ) -> Board:
        settings = settings_with({"a": given})
        table = pd.DataFrame({"month": pd.Series(list(returns), dtype="str"), "area_code": BROMLEY, "count": 3}).assign(
            organisation="clarion"
        )
        (tmp_path / "parts").mkdir()
        write_part(tmp_path / "parts" / "p.parquet", table)
        entry = Entry("partner_returns", "2022-01", "f.csv", "0", 0, 0, {"partner_returns": "p.parquet"})
        write_catalogue(tmp_path, Catalogue((entry,)))
        made = Board(settings, Store(tmp_path), AreaBook(settings.areas).find("Bromley"), month(period), "board")
        made.__dict__["rows"] = pd.DataFrame(list(rows))
        return made

    return make


def only(board: Board) -> dict[str, str]:
    (row,) = action_table(board).to_dict("records")
    return row


@pytest.mark.parametrize(("period", "overdue"), [("2021-12", False), ("2022-01", True), ("2022-03", True)])
def test_overdue_once_the_period_ends_after_the_day(period: str, overdue: bool) -> None:
    assert is_overdue(Action(**action()), month(period)) is overdue


def test_status_is_what_the_history_had_by_then() -> None:
    changes = [
        {"period": "2022-02", "status": "closed", "what": "Done."},
        {"period": "2022-04", "status": "open", "what": "Undone."},
    ]
    taken = Action(**action(history=changes))
    found = [status_at(taken, month(text)) for text in ("2021-11", "2022-01", "2022-02", "2022-03", "2022-04")]
    assert found == ["open", "open", "closed", "closed", "open"]
    assert not is_overdue(taken, month("2022-03"))


def test_open_actions_of_an_item_the_earliest_due_first() -> None:
    settings = settings_with({
        "late": action(words="Later", due="2022-06-30"),
        "soon": action(words="Sooner"),
        "other": action(item="burglary"),
        "future": action(meeting="2022-02"),
        "done": action(history=[{"period": "2021-12", "status": "closed", "what": "Done."}]),
    })  # fmt: skip
    found = open_actions(settings, month("2022-01"), "asb")
    assert found == ["Sooner. Police, overdue since 31 January 2022.", "Later. Police, due 30 June 2022."]


def test_another_areas_register_is_not_shown() -> None:
    settings = settings_with({"a": action()}, area="Croydon")
    assert open_actions(settings, month("2022-01"), "asb", "Bromley") == []
    assert len(open_actions(settings, month("2022-01"), "asb", "Croydon")) == 1


@pytest.mark.parametrize(
    ("returns", "met", "said"),
    [
        (["2021-12", "2022-01"], "yes", "for 2 months since the meeting, the last January 2022"),
        (["2021-11", "2022-02"], "no", "Nothing of the kind"),
        ([], "no", "Nothing of the kind"),
    ],
)
def test_rows_after_the_meeting_and_up_to_the_period_are_evidence(board, returns, met, said) -> None:
    row = only(board(action(evidence=RETURNS), returns=returns))
    assert row["evidence_met"] == met
    assert said in row["note"]


def test_nothing_from_before_the_meeting_is_evidence(board) -> None:
    row = only(board(action(evidence=RETURNS), period="2021-11", returns=["2021-10", "2021-11"]))
    assert (row["evidence_met"], row["overdue"]) == ("not_yet", "no")


@pytest.mark.parametrize(
    ("test", "shown", "met"),
    [
        ({"signal": "increase"}, {"signal": "increase"}, "yes"),
        ({"signal": "increase"}, {"signal": "no_clear_change"}, "no"),
        ({"at_least": 0.4}, {"current": 0.41}, "yes"),
        ({"at_least": 0.4}, {"current": 0.39}, "no"),
        ({"at_most": 0.4}, {"current": 0.39}, "yes"),
        ({"signal": "increase"}, {"status": "no_data", "note": "No data."}, "no_data"),
    ],
)
def test_a_measure_is_evidence_when_it_shows_what_was_asked(board, test, shown, met) -> None:
    evidence = CONTACT | {"measure": {"measure": "contact_ward_officer"} | test}
    row = {"item": "perception", "measure": "contact_ward_officer", "breakdown": "total", "breakdown_value": ""}
    row |= {"window": "rolling_12", "current": 0.3, "signal": "", "status": "ok", "note": ""} | shown
    assert only(board(action(evidence=evidence), rows=[row]))["evidence_met"] == met


def test_where_status_and_evidence_part_the_note_says_so(board) -> None:
    closed = [{"period": "2021-12", "status": "closed", "what": "Said to be done."}]
    row = only(board(action(evidence=RETURNS, history=closed)))
    assert (row["status"], row["evidence_met"], row["overdue"]) == ("closed", "no", "no")
    assert "Closed, though the evidence asked for is not there." in row["note"]
    assert "December 2021, closed: Said to be done." in row["note"]


def test_open_with_its_evidence_may_be_closed(board) -> None:
    assert "The board may close it." in only(board(action(evidence=RETURNS), returns=["2021-12"]))["note"]


@pytest.mark.parametrize(
    ("given", "key"),
    [
        ({"due": "2022-02-30"}, "due"),
        ({"due": "soon"}, "due"),
        ({"overdue": "yes"}, "overdue"),
        ({"evidence_met": "yes"}, "evidence_met"),
        ({"history": [{"period": "2021-10", "status": "open", "what": "Too early."}]}, "a"),
        ({"evidence": CONTACT}, "evidence.measure"),
        ({"evidence": CONTACT | RETURNS}, "evidence.measure"),
    ],
)
def test_a_register_that_says_what_it_may_not_is_refused(given: dict, key: str) -> None:
    with pytest.raises(InputError, match=f"actions.yml, key 'actions.*{key}"):
        settings_with({"a": action(**given)})


def test_an_action_on_no_known_item_is_refused() -> None:
    with pytest.raises(InputError, match=r"actions\.yml, action 'a': no item is called 'abs'"):
        open_actions(settings_with({"a": action(item="abs")}), month("2022-01"), "asb")


def test_a_column_that_is_not_there_is_refused(board) -> None:
    evidence = {"what": "Seen", "page": "asb", "rows": {"table": "partner_returns", "where": {"organization": "x"}}}
    with pytest.raises(InputError, match="no column 'organization'"):
        only(board(action(evidence=evidence), returns=["2021-12"]))


def test_words_of_the_register_are_inert_on_the_page(board) -> None:
    page = ActionsPage(board(action(words="<script>x</script> [go](javascript:x)", owner="<b>Me</b>")))
    markdown = page.evidence()._repr_markdown_() + page.questions()._repr_markdown_()
    assert "<script>" not in page.table().html() + markdown
    assert "[go](" not in markdown
    assert "(asb.html)" in markdown


def test_the_page_counts_what_is_open_and_overdue(board) -> None:
    page = ActionsPage(board(action()))
    assert str(page.headline()) == "1 action is on the register: 1 open, 1 overdue at 31 January 2022."
    assert "No later meeting" in str(page.history())


def test_history_is_shown_up_to_the_period(board) -> None:
    changes = [ActionChange(period=text, status="open", what=f"Seen in {text}.") for text in ("2021-12", "2022-06")]
    page = ActionsPage(board(action(history=[change.model_dump() for change in changes])))
    assert "Seen in 2021-12." in str(page.history())
    assert "Seen in 2022-06." not in str(page.history())


def test_the_shipped_register_holds_all_that_the_minutes_ask_for() -> None:
    settings = load_settings()
    items = [*settings.items, "perception"]
    found = [line for item in items for line in open_actions(settings, month("2021-11"), item, "Bromley")]
    assert len(found) == len(settings.actions.actions) == 8
    for asked in (
        "Clarion",
        "questionnaire",
        "dis-aggregated",
        "e-mail",
        "Chair",
        "Speeding",
        "notices",
        "21 officers",
    ):
        assert any(asked in line for line in found), asked


def test_the_table_has_its_columns_even_when_empty(board) -> None:
    found = action_table(board(action(meeting="2023-01")))
    assert list(found.columns) == COLUMNS
    assert found.empty
