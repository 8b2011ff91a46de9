"""The downloader when publisher, network, disk or process fails: tried again, resumed, never accepted in part."""

import hashlib
import io
import os
import signal
import subprocess
import sys
import time
import zipfile
from datetime import date
from pathlib import Path

import pytest
from filelock import FileLock
from loopback_publisher import BOROUGHS, SOURCE, TODAY, Desk, Publisher, Reply, manifest

from crimelib.errors import InputError
from crimelib.sources.discovery import discover
from crimelib.sources.fetch import fetch

CHANGED = BOROUGHS.replace(b"Bromley", b"Croydon")


def sha256(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()


def zipped(month: str) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w") as archive:
        archive.writestr(f"{month}/{month}-metropolitan-street.csv", "Crime ID,Month\n")
    return content.getvalue()


@pytest.fixture
def desk(tmp_path):
    publisher = Publisher()
    yield Desk(publisher, tmp_path)
    publisher.close()


# --- what a fetch keeps ----------------------------------------------------------------------------------------


def test_a_vintage_is_kept_with_its_manifest(desk):
    desk.offers(Reply(BOROUGHS))
    fetched = desk.fetch()
    assert (fetched.failure, fetched.vintage) == (None, "2021-12-03")
    vintage = desk.kept / "2021-12-03"
    assert sorted(path.name for path in vintage.iterdir()) == ["file.csv", "manifest.json"]
    assert (vintage / "file.csv").read_bytes() == BOROUGHS
    (entry,) = manifest(vintage)["files"]
    assert entry["address"] == desk.publisher.address("/file.csv")
    assert entry["size"] == len(BOROUGHS)
    assert entry["sha256"] == sha256(BOROUGHS)
    assert not (desk.kept / ".fetching").exists()
    assert desk.progress[-1] == (len(BOROUGHS), len(BOROUGHS), "file.csv")
    assert str(fetched) == f"{SOURCE}: 1 of 1 files new, {len(BOROUGHS):,} bytes, in 2021-12-03"


def test_clean_finds_what_was_fetched_and_nothing_else(desk):
    desk.offers(Reply(BOROUGHS))
    desk.fetch()
    (desk.kept / ".fetching").mkdir()
    (desk.kept / ".fetching" / "file.csv.part").write_text("half")
    found = discover(desk.raw, [SOURCE], ["manifest.json"])
    assert [file.label for file in found] == [f"{SOURCE}/2021-12-03/file.csv"]


def test_the_same_bytes_are_not_kept_twice(desk):
    desk.offers(Reply(BOROUGHS, etag=""))
    desk.fetch()
    before = desk.published()
    again = desk.fetch(today=date(2022, 1, 4))
    assert str(again) == f"{SOURCE}: nothing new (1 files as kept)"
    assert desk.published() == before


def test_a_file_that_the_publisher_calls_unchanged_is_not_sent_again(desk):
    desk.offers(Reply(BOROUGHS))
    desk.fetch()
    sent = desk.publisher.sent
    assert desk.fetch(today=date(2022, 1, 4)).vintage == ""
    assert desk.publisher.requests[-1][1]["if-none-match"] == '"1"'
    assert desk.publisher.sent == sent


def test_a_kept_file_that_was_altered_is_fetched_anew_and_not_overwritten(desk):
    desk.offers(Reply(BOROUGHS))
    desk.fetch()
    (desk.kept / "2021-12-03" / "file.csv").write_bytes(b"altered")
    assert desk.fetch().vintage == "2021-12-03-02"
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == b"altered"
    assert (desk.kept / "2021-12-03-02" / "file.csv").read_bytes() == BOROUGHS


def test_changed_bytes_are_a_new_vintage_beside_the_old_one(desk):
    desk.offers(Reply(BOROUGHS), Reply(CHANGED, etag='"2"'))
    assert [desk.fetch().vintage, desk.fetch().vintage] == ["2021-12-03", "2021-12-03-02"]
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS
    assert (desk.kept / "2021-12-03-02" / "file.csv").read_bytes() == CHANGED


def test_only_the_file_that_changed_is_kept_again_and_the_manifest_says_where_the_other_is(desk):
    desk.plan = {"files": desk.planned("/a.csv", "/b.csv")["files"]}
    desk.offers(Reply(BOROUGHS), path="/a.csv")
    desk.offers(Reply(BOROUGHS), Reply(CHANGED, etag='"2"'), path="/b.csv")
    desk.fetch()
    assert desk.fetch(today=date(2022, 1, 4)).vintage == "2022-01-04"
    vintage = desk.kept / "2022-01-04"
    assert sorted(path.name for path in vintage.iterdir()) == ["b.csv", "manifest.json"]
    kept_in = {entry["name"]: entry["vintage"] for entry in manifest(vintage)["files"]}
    assert kept_in == {"a.csv": "2021-12-03", "b.csv": "2022-01-04"}


def test_an_illustrative_file_is_never_taken_for_one_kept(desk):
    folder = desk.kept / "illustrative-2021-12"
    folder.mkdir(parents=True)
    (folder / "file.csv").write_bytes(BOROUGHS)
    desk.offers(Reply(BOROUGHS))
    assert desk.fetch().vintage == "2021-12-03"


def test_a_file_put_there_by_hand_counts_as_kept(desk):
    (desk.kept / "2021-11").mkdir(parents=True)
    (desk.kept / "2021-11" / "file.csv").write_bytes(BOROUGHS)
    desk.offers(Reply(BOROUGHS))
    assert desk.fetch().vintage == ""


# --- what is asked for -----------------------------------------------------------------------------------------


def test_the_catalogue_gives_the_address_that_holds_now(desk):
    desk.plan = {"catalogue": desk.publisher.address("/dataset/crime")}
    page = (
        b'<a href="/download/exy3m/new/file%28new%29.csv">x</a> {"url": "\\/download\\/exy3m\\/new\\/other.csv"}'
        b'<script>"\\/download\\/exy3m\\/new\\/file(new).csv"</script>'
    )
    desk.file = {"name": "file*.csv"}
    desk.offers(Reply(page, type="text/html"), path="/dataset/crime")
    desk.offers(Reply(BOROUGHS), path="/download/exy3m/new/file(new).csv")
    assert desk.fetch().files[0].name == "file(new).csv"
    assert desk.publisher.paths() == ["/dataset/crime", "/download/exy3m/new/file(new).csv"]


def test_without_its_catalogue_the_declared_address_is_used_and_that_is_said(desk):
    desk.plan = {"catalogue": desk.publisher.address("/gone")}
    desk.offers(Reply(BOROUGHS))
    assert desk.fetch().vintage == "2021-12-03"
    assert any("declared addresses are used" in text for _, _, text in desk.progress)


@pytest.mark.parametrize(
    ("since", "archives"),
    [
        (None, ["2021-11"]),
        ("2018-12", ["2021-11"]),
        ("2018-11", ["2021-11", "2018-11"]),
        ("2015-11", ["2021-11", "2018-11", "2015-11"]),
    ],
)
def test_since_asks_for_as_few_archives_as_reach_back_to_it(desk, since, archives):
    archived(desk)
    assert desk.fetch(since).failure is None
    assert desk.publisher.paths() == ["/api/updated", *(f"/archive/{month}.zip" for month in archives)]
    assert [file.name for file in desk.fetch(since).files] == [f"{month}.zip" for month in archives]


def archived(desk: Desk) -> None:
    address = desk.publisher.address("/archive/{month}.zip")
    desk.file = {"archive_months": 36, "address": address}
    desk.plan = {"latest_month": desk.publisher.address("/api/updated"), "files": desk.planned("/x.zip")["files"]}
    desk.offers(Reply(b'{"date": "2021-11-01"}', type="application/json"), path="/api/updated")
    for month in ("2021-11", "2018-11", "2015-11"):
        desk.offers(Reply(zipped(month), type="application/zip"), path=f"/archive/{month}.zip")


def test_a_month_not_published_yet_is_refused(desk):
    archived(desk)
    assert "2021-12 is not published yet, the newest is 2021-11" in desk.failure("2021-12")


@pytest.mark.parametrize("since", ["2019", "2019-13", "2019-4", "2019-04-01", "2022-01", "x\n"])
def test_a_since_that_is_no_past_month_is_refused_before_anything_is_asked(desk, since):
    with pytest.raises(InputError, match="--since"):
        desk.fetch(since)
    assert desk.publisher.requests == []


def test_an_unknown_source_is_refused_with_the_nearest(desk):
    with pytest.raises(InputError, match="mps_recorded_crime"):
        fetch(["mps_recorded_crimes"], desk.raw, desk.settings(), None, TODAY, print)


def test_one_source_that_fails_does_not_stop_the_others(desk):
    desk.offers(Reply(BOROUGHS))
    settings = desk.settings(mps_vawg=desk.planned("/missing.csv"))
    results = fetch([], desk.raw, settings, None, TODAY, lambda *_: None)
    assert {each.source: each.failure is None for each in results} == {SOURCE: True, "mps_vawg": False}


# --- failures that pass ----------------------------------------------------------------------------------------


@pytest.mark.parametrize("status", [408, 429, 500, 502, 503, 504])
def test_a_passing_failure_of_the_server_is_tried_again(desk, status):
    desk.offers(Reply(b"", status), Reply(BOROUGHS))
    assert desk.fetch().failure is None
    assert len(desk.publisher.requests) == 2
    assert (0, 1, "file.csv: try 2 of 3") in desk.progress


def test_tries_are_bounded(desk):
    desk.offers(Reply(b"", 500))
    assert "answers 500; try again later" in desk.failure()
    assert desk.exit_status == 1
    assert len(desk.publisher.requests) == 3


def test_a_wait_that_the_publisher_asks_for_is_bounded(desk):
    desk.offers(Reply(b"", 503, headers={"Retry-After": "86400"}), Reply(BOROUGHS))
    assert desk.fetch().failure is None


def test_a_server_that_stalls_is_left_after_bounded_tries(desk):
    desk.offers(Reply(BOROUGHS, stall=0, etag=""))
    assert "nothing came for 0.2 s" in desk.failure()
    assert len(desk.publisher.requests) == 3


@pytest.mark.parametrize("fault", [{"stall": 30_000}, {"cut": 30_000}], ids=["stalled", "cut short"])
def test_a_download_that_broke_off_is_resumed_where_it_did(desk, fault):
    desk.offers(Reply(BOROUGHS, **fault), Reply(BOROUGHS))
    assert desk.fetch().failure is None
    _, asked = desk.publisher.requests[1]
    assert 0 < int(asked["range"].removeprefix("bytes=").removesuffix("-")) <= 30_000
    assert asked["if-range"] == '"1"'
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS


def test_a_file_that_changed_meanwhile_is_begun_again(desk):
    desk.offers(Reply(BOROUGHS, cut=30_000), Reply(CHANGED, etag='"2"'))
    assert desk.fetch().failure is None
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == CHANGED


@pytest.mark.parametrize("etag", ["", 'W/"1"'], ids=["no ETag", "weak ETag"])
def test_without_a_strong_etag_nothing_is_resumed(desk, etag):
    desk.offers(Reply(BOROUGHS, cut=30_000, etag=etag), Reply(BOROUGHS, etag=etag))
    assert desk.fetch().failure is None
    assert "range" not in desk.publisher.requests[1][1]
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS


@pytest.mark.parametrize(
    "headers",
    [
        {"Content-Range": f"bytes 5-{len(BOROUGHS) - 1}/{len(BOROUGHS)}"},
        {"Content-Range": "nonsense"},
        {"ETag": '"other"', "Content-Range": f"bytes 30000-{len(BOROUGHS) - 1}/{len(BOROUGHS)}"},
    ],
    ids=["another start", "no range", "another file"],
)
def test_another_part_than_was_asked_for_is_thrown_away(desk, headers):
    wrong = Reply(BOROUGHS[:500], 206, headers=headers)
    desk.offers(Reply(BOROUGHS, cut=30_000), wrong, Reply(BOROUGHS))
    assert desk.fetch().failure is None
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS


def test_a_part_that_ends_before_the_file_does_is_gone_on_from(desk):
    gathering = desk.kept / ".fetching"
    gathering.mkdir(parents=True)
    (gathering / "file.csv.part").write_bytes(BOROUGHS[:20_000])
    (gathering / "file.csv.part.etag").write_text('"\\"1\\""')
    short = {"Content-Range": f"bytes 20000-20499/{len(BOROUGHS)}"}
    desk.offers(Reply(BOROUGHS[20_000:20_500], 206, headers=short), Reply(BOROUGHS))
    assert desk.fetch().failure is None
    assert desk.publisher.requests[1][1]["range"] == "bytes=20500-"
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS


def test_a_body_shorter_than_declared_is_never_accepted(desk):
    desk.offers(Reply(BOROUGHS, length=len(BOROUGHS) + 100, etag=""))
    assert "the connection failed" in desk.failure()


def test_a_chunked_body_without_its_end_is_never_accepted(desk, monkeypatch):
    monkeypatch.setattr(
        Publisher, "_write", lambda self, handler, body, chunked: handler.wfile.write(b"5\r\nMajor\r\n")
    )
    desk.offers(Reply(BOROUGHS, chunked=True, etag=""))
    assert "the connection failed" in desk.failure()


def test_nobody_listening_is_a_failure_of_the_run(desk):
    desk.settings()
    desk.publisher.close()
    assert "the connection failed" in desk.failure()
    assert desk.exit_status == 1


@pytest.mark.parametrize("status", [404, 410])
def test_an_address_that_is_gone_says_where_to_look(desk, status):
    desk.offers(Reply(b"", status))
    assert f"no longer there ({status}); look for its new address" in desk.failure()
    assert len(desk.publisher.requests) == 1


def test_the_whole_of_a_download_is_bounded_however_often_it_is_resumed(desk):
    desk.limits = {"total_seconds": 0.3, "attempts": 10}
    desk.offers(Reply(BOROUGHS, stall=100, etag=""))
    assert "not done within 0.3 s; run the command again, it resumes" in desk.failure()
    assert len(desk.publisher.requests) < 5


def test_headers_that_drip_for_ever_end_at_the_bound(desk):
    desk.limits = {"total_seconds": 0.3}
    desk.offers(Reply(drip=True))
    assert "not done within 0.3 s" in desk.failure()


# --- the process and the disk ----------------------------------------------------------------------------------


def test_a_file_gathered_before_another_failed_is_not_published_and_not_fetched_again(desk):
    desk.plan = {"files": desk.planned("/a.csv", "/b.csv")["files"]}
    desk.offers(Reply(BOROUGHS), path="/a.csv")
    desk.offers(Reply(b"", 404), Reply(CHANGED), path="/b.csv")
    assert "no longer there" in desk.failure()
    sent = desk.publisher.sent
    assert desk.fetch().vintage == "2021-12-03"
    assert desk.publisher.sent == sent + len(CHANGED)
    assert (desk.kept / "2021-12-03" / "a.csv").read_bytes() == BOROUGHS
    assert manifest(desk.kept / "2021-12-03")["files"][0]["sha256"] == sha256(BOROUGHS)


def test_what_an_earlier_fetch_left_and_no_one_wants_now_is_not_published(desk):
    gathering = desk.kept / ".fetching"
    gathering.mkdir(parents=True)
    (gathering / "2020-01.zip").write_text("left behind")
    (gathering / "file.csv").write_text("not what was noted")
    (gathering / "file.csv.record").write_text('{"name": "file.csv"}')
    desk.offers(Reply(BOROUGHS))
    desk.fetch()
    assert sorted(path.name for path in (desk.kept / "2021-12-03").iterdir()) == ["file.csv", "manifest.json"]
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS


SCRIPT = """
import sys
from datetime import date
from pathlib import Path
from crimelib.settings import Settings
from crimelib.sources.fetch import fetch
fetch([], Path(sys.argv[1]), Settings(Path(sys.argv[2])), None, date(2021, 12, 3), lambda *step: None)
"""


def test_a_killed_fetch_publishes_nothing_and_the_next_resumes_it(desk):
    desk.limits = {"stall_seconds": 30, "total_seconds": 60}
    desk.offers(Reply(BOROUGHS, stall=60_000), Reply(BOROUGHS))
    settings = desk.settings()
    process = subprocess.Popen([sys.executable, "-c", SCRIPT, str(desk.raw), str(settings.folder)])
    part = desk.kept / ".fetching" / "file.csv.part"
    wait_for(lambda: part.exists() and part.stat().st_size > 0)
    os.kill(process.pid, signal.SIGKILL)
    process.wait()
    assert desk.published() == {}
    assert desk.fetch().vintage == "2021-12-03"
    assert "range" in desk.publisher.requests[-1][1]
    assert (desk.kept / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS
    assert [path.name for path in desk.kept.iterdir() if path.is_dir()] == ["2021-12-03"]


def wait_for(condition) -> None:
    for _ in range(1000):
        if condition():
            return
        time.sleep(0.01)
    raise AssertionError("it did not come about")


def test_a_download_that_was_whole_but_not_yet_accepted_is_not_sent_again(desk):
    gathering = desk.kept / ".fetching"
    gathering.mkdir(parents=True)
    (gathering / "file.csv.part").write_bytes(BOROUGHS)
    (gathering / "file.csv.part.etag").write_text('"\\"1\\""')
    desk.offers(Reply(BOROUGHS))
    assert desk.fetch().vintage == "2021-12-03"
    assert desk.publisher.sent == 0


def test_two_fetches_of_a_source_at_once(desk):
    desk.offers(Reply(BOROUGHS))
    desk.kept.mkdir(parents=True)
    with FileLock(desk.kept / ".fetch.lock"):
        assert "another fetch of it is under way" in desk.failure()
    assert desk.fetch().failure is None


def test_a_raw_folder_that_cannot_be_written_is_said_on_one_line(desk):
    desk.raw.mkdir()
    desk.kept.write_text("a file where a folder should be")
    assert "the raw folder cannot be written" in desk.failure()


def test_a_full_disk_is_said_on_one_line_and_nothing_is_published(desk, monkeypatch):
    def full(descriptor: int) -> None:
        raise OSError(28, "No space left on device")

    desk.offers(Reply(BOROUGHS))
    monkeypatch.setattr(os, "fsync", full)
    assert "No space left on device" in desk.failure()
    monkeypatch.undo()
    assert desk.fetch().vintage == "2021-12-03"
    assert (Path(desk.kept) / "2021-12-03" / "file.csv").read_bytes() == BOROUGHS
