"""From draft to released pack, and from there to a correction: nothing released ever changes."""

from __future__ import annotations

import json
from pathlib import Path

import openpyxl
import pandas as pd
import pytest
from mps_files import tree_hash
from toy_pack import publish, small_summary, summary_rows, without_kernels, write_notebook

from crimelib.disclosure.protect import earlier_packs
from crimelib.errors import CrimelibError, InputError
from crimelib.production import pack as packs
from crimelib.production import release, run
from crimelib.production.pack import pack_path, read_record, verify_pack
from crimelib.production.release import read_summary, release_pack
from crimelib.production.review import add_decision, read_register, subject_of
from crimelib.production.standing import DRAFT, RELEASED, next_standing, revision_path, standing_of
from crimelib.settings import load_settings

REVIEW = load_settings().review
ANALYST, MANAGER, CHAIR = REVIEW.roles[:3]
NOTICE = "Draft - not reviewed yet"
DEFINITIONS = {"sexual_offences": "Counts offences."}
CLAIMS = pd.DataFrame([{"claim": "c1", "said": "static", "verdict": "supported", "note": ""}])


@pytest.fixture(autouse=True)
def _no_kernels(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(run, "execute_notebooks", without_kernels)


def make(folder: Path, *, fails: bool = False, **changes: object) -> Path:
    notebooks = [write_notebook(folder, "01_first", "x = 1", title="First", printed="606")]
    notebooks += [write_notebook(folder, "02_fails", "x = 1")] * fails
    usual = {
        "titles": {"sexual_offences": "Sexual offences"},
        "definitions": DEFINITIONS,
        "tables": {"claims.csv": CLAIMS},
    }
    return publish(folder, notebooks, **{**usual, **changes}).path


def sign(pack: Path, *roles: str, decision: str = "signed_off") -> None:
    for role in roles:
        add_decision(pack, subject_of(pack).manifest_sha256, REVIEW, role=role, decision=decision, remark="why")


def released(folder: Path) -> Path:
    pack = make(folder)
    sign(pack, CHAIR)
    release_pack(pack, REVIEW, MANAGER)
    return pack


def pdf_words(pack: Path) -> bytes:
    return (pack / "board-pack.pdf").read_bytes()


def cover(pack: Path) -> str:
    return " ".join(str(cell.value) for row in openpyxl.load_workbook(pack / "summary.xlsx")["Cover"] for cell in row)


def test_a_run_makes_a_draft_and_every_page_says_so(tmp_path: Path) -> None:
    pack = make(tmp_path)
    assert standing_of(read_record(pack)).status == DRAFT
    for page in ("index.html", "first.html"):
        html = (pack / page).read_text()
        assert f'<div class="banner draft" role="note">{NOTICE}</div>' in html
        assert f'content: "{NOTICE} · Illustrative' in html
    assert NOTICE in cover(pack)
    assert "Draft of revision 1" in cover(pack)


def test_the_released_pack_is_the_draft_without_its_mark(tmp_path: Path) -> None:
    pack = make(tmp_path)
    draft, before = subject_of(pack), {path.name: path.read_bytes() for path in pack.iterdir() if path.is_file()}
    sign(pack, CHAIR)
    standing = release_pack(pack, REVIEW, MANAGER)
    record = read_record(pack)
    assert verify_pack(pack) == []
    assert (record["status"], record["revision"], record["draft_sha256"]) == (RELEASED, 1, draft.manifest_sha256)
    assert standing.signed_off_by == (CHAIR,)
    for name in ("summary.csv", "claims.csv", "notebooks/01_first.ipynb"):
        assert record["outputs"][name] == draft.record["outputs"][name]
    for page in ("index.html", "first.html"):
        html = (pack / page).read_text()
        assert NOTICE not in html
        assert "(draft)" not in html
        assert f"signed off by: {CHAIR}" in html
    assert NOTICE not in cover(pack)
    assert pdf_words(pack) != before["board-pack.pdf"]
    last = read_register(pack).decisions[-1]
    assert (last.decision, last.role, last.manifest_sha256) == (RELEASED, MANAGER, subject_of(pack).manifest_sha256)


def test_making_the_draft_s_pages_from_its_own_files_gives_the_same_bytes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """But for the mark and the standing, a released page, sheet and document is what was signed off."""
    rows = pd.concat(
        [small_summary(), summary_rows({"item": "asb", "measure": "asb", "window": "month", "status": "no_data"})]
    )
    pack = make(tmp_path, summary=rows)
    names = ("index.html", "first.html", "summary.xlsx", "board-pack.pdf")
    drafted = {name: (pack / name).read_bytes() for name in names}
    sign(pack, CHAIR)
    monkeypatch.setattr(release, "replace", lambda standing, **_: standing)
    release_pack(pack, REVIEW, MANAGER)
    assert {name: (pack / name).read_bytes() for name in names} == drafted


def test_what_is_not_signed_off_sent_back_or_half_signed_is_not_released(tmp_path: Path) -> None:
    pack = make(tmp_path)
    with pytest.raises(InputError, match="needs 1 sign-off and is not signed off yet"):
        release_pack(pack, REVIEW, MANAGER)
    sign(pack, CHAIR)
    sign(pack, ANALYST, decision="sent_back")
    with pytest.raises(InputError, match=f"sent back by: {ANALYST}"):
        release_pack(pack, REVIEW, MANAGER)
    target = pack_path(tmp_path / "reports", "Bromley", "2021-11", "public")
    public = make(tmp_path, target=target, audience="public")
    sign(public, CHAIR, CHAIR)
    with pytest.raises(InputError, match="2 sign-offs by different roles"):
        release_pack(public, REVIEW, MANAGER)
    sign(public, MANAGER)
    assert release_pack(public, REVIEW, MANAGER).signed_off_by == (CHAIR, MANAGER)
    assert read_record(pack)["status"] == DRAFT


def test_a_draft_made_again_after_the_sign_off_must_be_signed_off_again(tmp_path: Path) -> None:
    sign(make(tmp_path), CHAIR)
    again = make(
        tmp_path, summary=summary_rows({"item": "asb", "measure": "asb", "window": "month", "status": "no_data"})
    )
    with pytest.raises(InputError, match="not signed off yet"):
        release_pack(again, REVIEW, MANAGER)


def test_altered_failed_or_made_by_other_code_is_not_released(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = make(tmp_path)
    sign(pack, CHAIR)
    with monkeypatch.context() as patch:
        patch.setattr(release, "code_sha256", lambda: "other")
        with pytest.raises(InputError, match="made by other code"):
            release_pack(pack, REVIEW, MANAGER)
    (pack / "first.html").write_text("forged")
    with pytest.raises(InputError, match=r"first\.html: altered"):
        release_pack(pack, REVIEW, MANAGER)
    failing = make(tmp_path / "other", fails=True)
    sign(failing, CHAIR)
    with pytest.raises(InputError, match=r"02_fails\.ipynb could not be made"):
        release_pack(failing, REVIEW, MANAGER)
    with pytest.raises(InputError, match="no such role"):
        release_pack(pack, REVIEW, "Jane Smith")


def test_a_release_that_fails_or_is_killed_leaves_the_draft(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    pack = make(tmp_path)
    sign(pack, CHAIR)
    before = tree_hash(pack)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(release, "publish", dies)
        with pytest.raises(KeyboardInterrupt):
            release_pack(pack, REVIEW, MANAGER)
    assert tree_hash(pack) == before
    with monkeypatch.context() as patch:
        patch.setattr(release, "record_release", dies)
        with pytest.raises(KeyboardInterrupt):
            release_pack(pack, REVIEW, MANAGER)
    assert read_record(pack)["status"] == RELEASED
    release_pack(pack, REVIEW, MANAGER)
    release_pack(pack, REVIEW, MANAGER)
    assert [each.decision for each in read_register(pack).decisions] == ["signed_off", "released"]


def test_a_released_pack_is_never_replaced_without_a_reason(tmp_path: Path) -> None:
    pack = released(tmp_path)
    before = tree_hash(pack)
    with pytest.raises(InputError, match="revision 1 is released and is never changed; give --reason TEXT"):
        make(tmp_path)
    assert tree_hash(pack) == before


def test_a_correction_is_a_draft_of_the_next_revision_and_the_released_pack_is_kept(tmp_path: Path) -> None:
    pack = released(tmp_path)
    before = tree_hash(pack)
    make(tmp_path, reason="The  ward of two\nburglaries was wrong")
    kept = revision_path(pack, 1)
    assert (tree_hash(kept), verify_pack(kept)) == (before, [])
    found = standing_of(read_record(pack))
    assert (found.status, found.revision, found.reason) == (DRAFT, 2, "The ward of two burglaries was wrong")
    assert "a correction: The ward of two burglaries was wrong" in (pack / "first.html").read_text()
    make(tmp_path)  # the draft is made again: still revision 2, with its reason
    assert standing_of(read_record(pack)) == found
    sign(pack, CHAIR)
    assert release_pack(pack, REVIEW, MANAGER).revision == 2
    make(tmp_path, reason="Again")
    assert sorted(path.name for path in pack.parent.glob("2*")) == ["2021-11", "2021-11-r1", "2021-11-r2"]
    assert tree_hash(kept) == before
    assert next_standing(pack).revision == 3


def test_a_reason_without_anything_to_correct_is_refused(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no released pack to correct"):
        make(tmp_path, reason="Why not")
    pack = released(tmp_path)
    for reason in (" ", "x" * 301):
        with pytest.raises(InputError, match="the reason is empty or too long"):
            next_standing(pack, reason)


def test_a_released_pack_that_was_altered_or_lost_is_not_forgotten(tmp_path: Path) -> None:
    pack = released(tmp_path)
    record = json.loads((pack / "run.json").read_text())
    (pack / "run.json").write_text(json.dumps({**record, "status": "draft"}))
    with pytest.raises(InputError, match="revision 1 is released"):
        make(tmp_path)
    with pytest.raises(InputError, match="the released pack is altered"):
        make(tmp_path, reason="To lose it")
    pack.rename(tmp_path / "elsewhere")
    with pytest.raises(InputError, match="revision 1 is released"):
        make(tmp_path)


def test_a_run_killed_between_keeping_and_publishing_is_made_good_by_the_next(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    pack = released(tmp_path)
    before = tree_hash(pack)

    def dies(*_: object) -> None:
        raise KeyboardInterrupt

    with monkeypatch.context() as patch:
        patch.setattr(run, "publish", dies)
        with pytest.raises(CrimelibError, match="stopped by hand"):
            make(tmp_path, reason="Wrong ward")
    assert (tree_hash(pack), tree_hash(revision_path(pack, 1))) == (before, before)
    make(tmp_path, reason="Wrong ward")
    assert standing_of(read_record(pack)).revision == 2
    (revision_path(pack, 1) / "summary.csv").write_text("x")
    assert packs.verify_pack(revision_path(pack, 1)) == ["summary.csv: altered"]


def test_what_a_released_revision_showed_counts_for_the_correction(tmp_path: Path) -> None:
    pack = released(tmp_path)

    def held(period: str, audience: str) -> pd.DataFrame:
        return earlier_packs(pack.parent, period, audience, load_settings().disclosure)[audience]

    assert len(held("2021-11", "board")) == 1
    make(tmp_path, reason="Wrong ward")
    assert len(held("2021-11", "board")) == 1
    assert len(held("2021-12", "board")) == 2
    assert len(held("2021-11", "public")) == 0


def test_the_summary_reads_back_as_it_was_written(tmp_path: Path) -> None:
    pack = make(tmp_path)
    read = read_summary(pack / "summary.csv")
    assert read.loc[0, "current"] == 606
    assert read.loc[0, "breakdown_value"] == ""
