"""The register of decisions, and the checklist that stands before one."""

import json
from pathlib import Path

import pytest
from nbformat.v4 import new_code_cell, new_notebook, new_output, writes
from toy_pack import summary_rows

from crimelib.board.commentary import NO_COMMENT
from crimelib.errors import InputError
from crimelib.production.checklist import Point, checklist
from crimelib.production.pack import seal, verify_pack
from crimelib.production.review import (
    Decision,
    add_decision,
    missing_for_release,
    read_register,
    signed_off_by,
    subject_of,
)
from crimelib.settings import PROJECT_ROOT, load_settings

REVIEW = load_settings().review
ANALYST, MANAGER = REVIEW.roles[:2]
ROW = {"item": "burglary", "measure": "burglary", "window": "rolling_12", "status": "ok", "current": 5}
TABLES = {
    "revisions.csv": "measure,month,previous_count,count,change\nburglary,2021-07,136,140,4\nburglary,2021-08,9,9,0\n",
    "claims.csv": "said,verdict,note\n-14%,supported,\nstatic,not_supported,it rose\n",
    "suppressed.csv": "measure,window\nvwi,month\nvwi,quarter\n",
    "actions.csv": "action,owner,due,overdue\nWrite,Clarion,2021-10-01,yes\nRead,Police,2021-12-01,no\n",
}


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    return make(tmp_path / "bromley" / "2021-11")


def make(folder: Path, *rows: dict, audience: str = "board", tables: dict = TABLES, **record: object) -> Path:
    (folder / "notebooks").mkdir(parents=True)
    summary_rows(*(rows or (ROW,))).to_csv(folder / "summary.csv", index=False)
    for name, text in tables.items():
        (folder / name).write_text(text)
    output = new_output("display_data", {"text/markdown": NO_COMMENT})
    notebook = writes(new_notebook(cells=[new_code_cell("x", outputs=[output])]))
    (folder / "notebooks" / "04_hate_crime.ipynb").write_text(notebook)
    said = {
        "area": "Bromley",
        "period": "2021-11",
        "audience": audience,
        "illustrative": False,
        "made_at": "2021-12-15",
    }
    ran = [{"notebook": "04_hate_crime.ipynb", "status": "ok"}]
    seal(folder, {**said, "run_id": "r1", "notebooks": ran, "titles": {"burglary": "Residential burglary"}, **record})
    return folder


def decide(pack: Path, role: str = ANALYST, decision: str = "signed_off", **more: object) -> Decision:
    return add_decision(pack, subject_of(pack).manifest_sha256, REVIEW, role=role, decision=decision, **more)


def missing(pack: Path) -> str:
    subject = subject_of(pack)
    return missing_for_release(subject, read_register(pack).on(subject.manifest_sha256), REVIEW)


def test_decisions_are_added_beside_the_pack_which_stays_as_it_was(pack: Path) -> None:
    before = (pack / "run.json").read_bytes()
    first = decide(pack, remark="All well", looked_at=("data",))
    second = decide(pack, MANAGER)
    assert read_register(pack).decisions == (first, second)
    assert json.loads((pack.parent / "review.json").read_text())["decisions"][0]["role"] == ANALYST
    assert first.manifest_sha256 == subject_of(pack).manifest_sha256
    assert (verify_pack(pack), (pack / "run.json").read_bytes()) == ([], before)
    assert sorted(path.name for path in pack.parent.iterdir()) == [".review.json.lock", "2021-11", "review.json"]


def test_a_decision_is_about_exactly_these_bytes(pack: Path) -> None:
    seen = subject_of(pack).manifest_sha256
    seal(pack, {**subject_of(pack).record, "run_id": "r2"})
    with pytest.raises(InputError, match="has changed since it was looked at"):
        add_decision(pack, seen, REVIEW, role=ANALYST, decision="signed_off")
    assert read_register(pack).decisions == ()


def test_a_decision_on_the_draft_before_does_not_count(pack: Path) -> None:
    decide(pack)
    assert missing(pack) == ""
    seal(pack, {**subject_of(pack).record, "run_id": "r2"})
    assert "not signed off yet" in missing(pack)


@pytest.mark.parametrize("audience", ["partner", "public"])
def test_another_audience_needs_a_second_role(tmp_path: Path, audience: str) -> None:
    pack = make(tmp_path / f"2021-11-{audience}", audience=audience)
    decide(pack)
    decide(pack)
    assert "2 sign-offs by different roles" in missing(pack)
    decide(pack, MANAGER)
    assert missing(pack) == ""


def test_who_sent_it_back_must_sign_it_off(pack: Path) -> None:
    decide(pack)
    decide(pack, MANAGER, "sent_back", remark="The sentence on burglary")
    assert missing(pack) == f"it was sent back by: {MANAGER}"
    decide(pack, MANAGER)
    assert missing(pack) == ""
    assert signed_off_by(read_register(pack).decisions) == (ANALYST, MANAGER)


def test_nobody_else_decides_and_nothing_on_a_pack_that_is_not_whole(pack: Path) -> None:
    with pytest.raises(InputError, match="no such role decides"):
        decide(pack, "Jane Smith")
    with pytest.raises(InputError, match="decision"):
        decide(pack, decision="approved")
    (pack / "summary.csv").write_text("forged")
    with pytest.raises(InputError, match=r"not whole: summary\.csv: altered"):
        decide(pack)
    assert not (pack.parent / "review.json").exists()


def test_a_released_pack_is_decided_on_no_more(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="released and is never changed"):
        decide(make(tmp_path / "2021-11", status="released"))


@pytest.mark.parametrize("text", ["", "{", "[]", '{"format": 2}', '{"decisions": [{"role": "x"}]}', '{"more": 1}'])
def test_a_broken_register_is_refused_and_kept(pack: Path, text: str) -> None:
    (pack.parent / "review.json").write_text(text)
    with pytest.raises(InputError, match=r"review\.json"):
        decide(pack)
    assert (pack.parent / "review.json").read_text() == text


def test_a_full_disk_leaves_the_register_as_it_was(pack: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    decide(pack)
    before = (pack.parent / "review.json").read_bytes()

    def full(_: int) -> None:
        raise OSError("disk full")

    monkeypatch.setattr("crimelib.production.review.os.fsync", full)
    with pytest.raises(OSError, match="disk full"):
        decide(pack, MANAGER)
    assert (pack.parent / "review.json").read_bytes() == before
    assert not list(pack.parent.glob(".review.json.[0-9]*"))


def test_the_checklist_names_the_pages_that_read_hardest(tmp_path: Path) -> None:
    pages = {
        "hate_crime": {"median": 16.2, "highest": 17.0, "hardest": "A hard one."},
        "asb": {"median": 9.0, "hardest": "x"},
    }
    age = {"median": 12.0, "highest": 17.0, "texts": 5, "pages": pages}
    point = points(make(tmp_path / "2021-11", reading_age=age))["reading"]
    assert (point.clear, point.details) == (False, ("Hate crime, 16.2: “A hard one.”",))
    assert (
        "Reading age 12 (the middle of 5 sentences; 14 is aimed at); the hardest pages: hate crime 16.2."
        in point.answer
    )
    assert points(make(tmp_path / "2021-12"))["reading"].clear


def points(pack: Path) -> dict[str, Point]:
    return {point.name: point for point in checklist(pack, subject_of(pack).record)}


def test_every_point_is_answered_from_the_pack_s_files(tmp_path: Path) -> None:
    absent = {**ROW, "measure": "gun_crime", "status": "incomplete", "current": None, "note": "June is missing."}
    found = points(make(tmp_path / "2021-11", ROW, absent))
    assert found["data"].answer == "1 of 2 totals have no figure."
    assert found["data"].details == ("Gun crime, twelve months: incomplete (June is missing)",)
    assert found["revisions"].answer.startswith("1 monthly figure of 1 measure changed")
    assert found["revisions"].details == ("Residential burglary, July 2021: 136 became 140",)
    assert found["claims"].answer == "Of 2 claims: 1 supported, 1 not supported."
    assert found["claims"].details == ("“static”: not supported (it rose)",)
    assert found["suppressions"].details == ("Vwi: 2 rows",)
    assert found["comments"].details == ("Hate crime",)
    assert found["actions"].details == ("Write (Clarion, due 2021-10-01)",)
    assert [point.name for point in found.values() if point.clear] == ["pages", "suppressions", "reading"]
    assert found["revisions"].href == "revisions.csv"


def test_a_pack_without_tables_says_so_and_an_altered_or_failed_one_is_not_clear(tmp_path: Path) -> None:
    bare = make(tmp_path / "2021-11", tables={}, notebooks=[{"notebook": "03_weapons.ipynb", "status": "failed"}])
    found = points(bare)
    assert found["claims"].answer == "No claim was written down."
    assert found["pages"].details == ("03_weapons.ipynb: the page could not be made",)
    (bare / "summary.csv").write_text("breakdown,status\n")
    assert points(bare)["pages"].details[0] == "summary.csv: altered"
    assert points(bare)["data"].answer == "The pack has no totals at all."


def test_parameters_name_roles_not_persons() -> None:
    assert len(set(REVIEW.roles)) == len(REVIEW.roles) >= 2
    assert "names of persons" in (PROJECT_ROOT / "crimelib/production/templates/pack/review.html.j2").read_text()
