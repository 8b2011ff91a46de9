"""The downloader under attack: no forbidden request, no false or partial file accepted, every bound held."""

import io
import json
import socket
import zipfile

import httpcore
import pytest
from loopback_publisher import BOROUGHS, HEADER, Desk, Publisher, Reply, listening, manifest

from crimelib.errors import InputError
from crimelib.settings import Settings, load_settings
from crimelib.sources.fetch.guard import Allowed, Deadline, GuardedBackend, shown

PAGE = b"<!DOCTYPE html><html><body>Sign in</body></html>" * 20


@pytest.fixture
def desk(tmp_path):
    publisher = Publisher()
    yield Desk(publisher, tmp_path)
    publisher.close()


def refused(desk: Desk, says: str) -> None:
    """The fetch is refused as bad input, on one line, with nothing of the file left anywhere."""
    assert says in desk.failure()
    assert desk.exit_status == 2
    assert [path.name for path in desk.kept.rglob("*") if path.is_file()] == [".fetch.lock"]


# --- where requests go -----------------------------------------------------------------------------------------


def redirecting(desk: Desk, location: str, status: int = 302) -> None:
    desk.offers(Reply(b"", status, headers={"Location": location}))


@pytest.mark.parametrize("status", [301, 302, 303, 307, 308])
def test_a_redirect_to_a_host_off_the_list_is_not_followed(desk, status):
    with listening() as (port, came):
        redirecting(desk, f"http://127.0.0.1:{port}/file.csv", status)
        refused(desk, f"the host '127.0.0.1:{port}' is not on the list of allowed hosts")
    assert came == []


@pytest.mark.parametrize(
    "location",
    [
        "http://10.0.0.1/file.csv",
        "http://169.254.169.254/latest/meta-data/",
        "https://[::1]/file.csv",
        "https://localhost/file.csv",
        "//192.168.0.1/file.csv",
        "https://data.london.gov.uk.evil.example/file.csv",
        "https://2130706433/file.csv",
        "http://0x7f.1/file.csv",
        "file:///etc/passwd",
        "ftp://127.0.0.1/file.csv",
        "javascript:alert(1)",
        "data:text/csv,a,b",
    ],
)
def test_a_redirect_elsewhere_is_refused_and_nothing_is_asked(desk, location, monkeypatch):
    redirecting(desk, location)
    monkeypatch.setattr(socket, "getaddrinfo", only(desk.publisher.host))
    refused(desk, "is not on the list of allowed hosts")


def only(host: str):
    """A look-up that fails the test for any name but the publisher's."""
    real = socket.getaddrinfo

    def look_up(name, port, *rest, **more):
        assert f"{name}:{port}" == host
        return real(name, port, *rest, **more)

    return look_up


def test_a_redirect_to_plain_http_is_refused_even_to_an_allowed_host(desk, monkeypatch):
    desk.plan = {"hosts": [desk.publisher.host, "data.london.gov.uk"]}
    redirecting(desk, "http://data.london.gov.uk/file.csv")
    monkeypatch.setattr(socket, "getaddrinfo", only(desk.publisher.host))
    refused(desk, "only https is allowed")


def test_a_redirect_with_a_user_name_is_refused(desk):
    redirecting(desk, f"http://admin:secret@{desk.publisher.host}/file.csv")
    refused(desk, "the address carries a user name")


def test_a_redirect_to_nowhere_is_refused(desk):
    desk.offers(Reply(b"", 302))
    refused(desk, "a redirect to nowhere")


def test_redirects_in_a_ring_are_bounded(desk):
    redirecting(desk, "/file.csv")
    refused(desk, "more than 3 redirects")
    assert len(desk.publisher.requests) == 4


def test_a_redirect_on_the_list_is_followed_and_its_signature_is_kept_nowhere(desk):
    redirecting(desk, "/store/file.csv?X-Signature=secret")
    desk.offers(Reply(BOROUGHS), path="/store/file.csv?X-Signature=secret")
    vintage = desk.kept / desk.fetch().vintage
    (entry,) = manifest(vintage)["files"]
    assert (entry["address"], entry["served_by"]) == (desk.publisher.address("/file.csv"), desk.publisher.host)
    assert "secret" not in (vintage / "manifest.json").read_text()


def test_a_host_on_the_list_that_resolves_to_this_machine_is_not_connected_to(desk):
    with listening() as (port, came):
        desk.plan = {"hosts": [f"localhost:{port}"]}
        desk.file = {"address": f"https://localhost:{port}/file.csv"}
        refused(desk, "which is no public address")
    assert came == []


NOT_PUBLIC = [
    "10.1.2.3", "172.16.0.1", "192.168.1.1", "127.0.0.1", "169.254.169.254", "100.64.0.1", "0.0.0.0", "224.0.0.1",
    "255.255.255.255", "::1", "::", "fe80::1", "fd00::1", "::ffff:127.0.0.1", "ff02::1",
]  # fmt: skip


@pytest.mark.parametrize("number", NOT_PUBLIC)
def test_a_name_with_any_address_that_is_not_public_is_not_connected_to(number, monkeypatch):
    entries = [(0, 0, 0, "", (each, 443)) for each in ("8.8.8.8", number)]
    monkeypatch.setattr(socket, "getaddrinfo", lambda *_, **__: entries)
    monkeypatch.setattr(socket, "create_connection", lambda *_, **__: pytest.fail("a connection was tried"))
    backend = GuardedBackend(Allowed(frozenset({"data.police.uk"}), frozenset()), Deadline.after(5))
    with pytest.raises(InputError, match="no public address"):
        backend.connect_tcp("data.police.uk", 443)


def test_the_connection_goes_to_the_address_that_was_checked_not_to_a_second_look_up(monkeypatch):
    looked_up, connected = [], []

    def look_up(name, port, *_, **__):
        looked_up.append(name)
        return [(0, 0, 0, "", ("8.8.8.8" if len(looked_up) == 1 else "127.0.0.1", port))]

    def connect(address, *_, **__):
        connected.append(address)
        raise OSError("no network in tests")

    monkeypatch.setattr(socket, "getaddrinfo", look_up)
    monkeypatch.setattr(socket, "create_connection", connect)
    backend = GuardedBackend(Allowed(frozenset({"data.police.uk"}), frozenset()), Deadline.after(5))
    with pytest.raises(httpcore.ConnectError):
        backend.connect_tcp("data.police.uk", 443)
    assert (looked_up, connected) == (["data.police.uk"], [("8.8.8.8", 443)])


def test_a_proxy_of_the_environment_is_not_used(desk, monkeypatch):
    with listening() as (port, came):
        for name in ("http_proxy", "HTTP_PROXY", "https_proxy", "ALL_PROXY"):
            monkeypatch.setenv(name, f"http://127.0.0.1:{port}")
        desk.offers(Reply(BOROUGHS))
        assert desk.fetch().failure is None
    assert came == []


@pytest.mark.parametrize("host", ["data.police.uk:443", "10.0.0.1:80", "127.0.0.1", "localhost:80"])
def test_only_this_machine_can_be_declared_local(desk, host):
    desk.limits = {"local_hosts": [host]}
    with pytest.raises(InputError, match="local_hosts"):
        desk.settings().downloads.attempts  # noqa: B018


def test_the_projects_own_addresses_are_https_on_their_own_lists_and_no_host_is_local():
    settings = load_settings()
    assert settings.downloads.local_hosts == ()
    plans = [source.fetch for source in settings.sources.sources.values() if source.fetch]
    assert len(plans) == 4
    for plan in plans:
        allowed = Allowed(frozenset(plan.hosts), frozenset())
        addresses = [plan.catalogue, plan.latest_month, *(file.address for file in plan.files)]
        for address in filter(None, addresses):
            assert str(allowed.checked(address.replace("{month}", "2021-11"))).startswith("https://")


# --- what is accepted ------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("reply", "says"),
    [
        (Reply(PAGE, type="text/html"), "declared as 'text/html', which is no csv file"),
        (Reply(BOROUGHS, type=""), "declared as 'nothing'"),
        (Reply(PAGE), "this is a web page"),
        (Reply(b"\xef\xbb\xbf \r\n" + PAGE), "this is a web page"),
        (Reply(b"PK\x03\x04" + BOROUGHS), "this is no csv file"),
        (Reply(b"MajorText,MinorText,Area\n" + b"a,b,c\n" * 9), "the columns are not the expected ones"),
        (Reply(HEADER.encode()[:14]), "only 14 bytes"),
        (Reply(HEADER.encode("utf-16") * 9), "not UTF-8"),
        (Reply(BOROUGHS[:-9]), "the last line is cut short"),
        (Reply(BOROUGHS + b'"a,b,c,1,2\n'), "a line cannot be read as CSV"),
        (Reply(BOROUGHS, undeclared=True), "no size is declared"),
        (Reply(BOROUGHS, headers={"Content-Encoding": "gzip"}), "the body came compressed"),
        (Reply(b"", type="text/csv"), "only 0 bytes"),
    ],
)
def test_what_is_not_the_file_is_refused_and_thrown_away(desk, reply, says):
    desk.offers(reply)
    refused(desk, says)
    assert len(desk.publisher.requests) == 1


def test_a_declared_size_over_the_bound_is_refused_before_the_body(desk):
    desk.file = {"max_bytes": 1000}
    desk.offers(Reply(BOROUGHS))
    refused(desk, f"{len(BOROUGHS):,} bytes are declared, more than is allowed")
    assert desk.progress == []


def test_an_undeclared_size_is_taken_up_to_the_bound_only(desk):
    desk.file = {"max_bytes": 100_000}
    desk.offers(Reply(BOROUGHS * 200, chunked=True))
    refused(desk, "more bytes came than are allowed")
    assert max(done for done, _, _ in desk.progress) <= 100_000


def test_a_resumed_download_cannot_grow_over_the_bound(desk):
    desk.file = {"max_bytes": 40_000}
    more = Reply(b"x" * 30_000, 206, headers={"Content-Range": "bytes 20000-49999/50000"})
    desk.kept.joinpath(".fetching").mkdir(parents=True)
    desk.kept.joinpath(".fetching/file.csv.part").write_bytes(BOROUGHS[:20_000])
    desk.kept.joinpath(".fetching/file.csv.part.etag").write_text(json.dumps('"1"'))
    desk.offers(more)
    refused(desk, "more than is allowed")


def test_a_page_without_end_in_place_of_the_catalogue_is_bounded(desk):
    desk.plan = {"catalogue": desk.publisher.address("/dataset")}
    desk.offers(Reply(b"x" * 50_000_000, type="text/html", chunked=True), path="/dataset")
    desk.offers(Reply(BOROUGHS))
    assert desk.fetch().failure is None
    assert desk.publisher.sent < 20_000_000


def test_an_answer_of_unchanged_that_was_not_asked_for_is_not_believed(desk):
    desk.offers(Reply(b"", 304))
    assert "the publisher answers 304" in desk.failure()


def test_a_part_that_was_not_asked_for_is_not_believed(desk):
    desk.offers(Reply(BOROUGHS, 206, headers={"Content-Range": f"bytes 0-{len(BOROUGHS) - 1}/{len(BOROUGHS)}"}))
    assert "another part came than was asked for" in desk.failure()


def test_control_characters_in_an_etag_and_a_header_stay_out_of_messages(desk):
    desk.offers(Reply(BOROUGHS, type="text/\x1b[31mhtml"))
    line = desk.failure()
    assert "\x1b" not in line


# --- archives --------------------------------------------------------------------------------------------------


def offers_archive(desk: Desk, content: bytes) -> None:
    desk.plan = {"files": desk.planned("/a.zip")["files"]}
    desk.offers(Reply(content, type="application/zip"), path="/a.zip")


def archive(*members: tuple[str | zipfile.ZipInfo, bytes]) -> bytes:
    content = io.BytesIO()
    with zipfile.ZipFile(content, "w", zipfile.ZIP_DEFLATED) as target:
        target.writestr("2021-11/2021-11-metropolitan-street.csv", b"Crime ID,Month\n")
        for name, text in members:
            target.writestr(name, text)
    return content.getvalue()


def test_a_good_archive_is_accepted_as_it_is(desk):
    content = archive(("2021-11/2021-11-kent-street.csv", b"Crime ID,Month\n"))
    offers_archive(desk, content)
    assert (desk.kept / desk.fetch().vintage / "a.zip").read_bytes() == content


@pytest.mark.parametrize(
    "name",
    ["../street.csv", "a/../../street.csv", "/etc/cron.d/street.csv", "C:/street.csv", "..\\street.csv", "a\\b.csv",
     "street.csv\x00.txt", "a\nb.csv", ".."],
)  # fmt: skip
def test_a_name_that_would_climb_out_of_a_folder_refuses_the_archive(desk, name):
    info = zipfile.ZipInfo("x" * len(name))
    content = archive((info, b"x")).replace(b"x" * len(name), name.encode())
    offers_archive(desk, content)
    refused(desk, "unsafe name in the archive")


def test_a_link_in_an_archive_refuses_it(desk):
    info = zipfile.ZipInfo("2021-11/link-street.csv")
    info.external_attr = 0o120777 << 16
    offers_archive(desk, archive((info, b"/etc/passwd")))
    refused(desk, "a link or an encrypted file")


def test_an_archive_that_declares_more_than_is_allowed_is_refused(desk):
    content = archive(("2021-11/2021-11-kent-street.csv", b"0" * 200_000))
    assert len(content) < 2000
    offers_archive(desk, content)
    refused(desk, "more than is allowed")


def test_an_archive_of_very_many_files_is_refused(desk, monkeypatch):
    monkeypatch.setattr("crimelib.sources.fetch.contents.MAX_MEMBERS", 20)
    offers_archive(desk, archive(*((f"{number}-street.csv", b"") for number in range(20))))
    refused(desk, "in 21 files, more than is allowed")


@pytest.mark.parametrize(
    ("content", "says"),
    [
        (BOROUGHS, "this is no zip file"),
        (PAGE, "this is a web page"),
        (archive()[:-30], "damaged or cut short"),
        (archive()[:4] + b"\0" * 200, "damaged or cut short"),
        (archive().replace(b"street", b"avenue"), "the archive holds no *-street.csv"),
    ],
)
def test_what_is_no_archive_of_the_publisher_is_refused(desk, content, says):
    offers_archive(desk, content)
    refused(desk, says)


# --- names -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "path",
    ["/..%2f..%2fevil.csv", "/%2e%2e", "/.hidden.csv", "/a%00.csv", "/manifest.json", "/a%5cb.csv", "/", "/%0a.csv"],
)
def test_a_listed_name_that_could_leave_the_folder_is_refused(desk, path):
    desk.plan = {"catalogue": desk.publisher.address("/dataset"), "files": desk.planned("/x.csv")["files"]}
    desk.plan["files"][0]["name"] = "*"
    desk.offers(Reply(f'<a href="/download/exy3m/1{path}">'.encode(), type="text/html"), path="/dataset")
    assert "unsafe file name" in desk.failure()
    assert desk.publisher.paths() == ["/dataset"]


def test_two_listed_files_of_one_name_are_refused_not_chosen_between(desk):
    desk.plan = {"catalogue": desk.publisher.address("/dataset")}
    page = b'"/download/exy3m/1/file.csv" "/download/exy3m/2/file.csv"'
    desk.offers(Reply(page, type="text/html"), path="/dataset")
    assert "the catalogue lists 2 files called file.csv" in desk.failure()


@pytest.mark.parametrize("text", ["2021-11/../../x", "2021-13-01", "", None, ["2021-11"], "../../etc"])
def test_a_newest_month_that_is_no_month_is_refused(desk, text):
    desk.file = {"archive_months": 36, "address": desk.publisher.address("/archive/{month}.zip")}
    desk.plan = {"latest_month": desk.publisher.address("/api"), "files": desk.planned("/x.zip")["files"]}
    desk.offers(Reply(json.dumps({"date": text}).encode(), type="application/json"), path="/api")
    assert "no month is given there" in desk.failure()
    assert desk.publisher.paths() == ["/api"]


def test_a_message_names_an_address_without_its_query():
    assert shown("https://a.example/f.csv?X-Signature=secret#x") == "https://a.example/f.csv"


def test_settings_refuse_a_file_without_expectations(desk):
    desk.file = {"columns": []}
    with pytest.raises(InputError, match="expected columns"):
        Settings(desk.settings().folder).sources.sources  # noqa: B018
