"""The review's server: this machine's loopback only, with its token, by its own name and from its own page."""

from __future__ import annotations

import http.client
import socket
import threading
from collections.abc import Iterator
from pathlib import Path
from urllib.parse import urlencode

import pytest

from crimelib.production.pack import seal
from crimelib.production.review import read_register, subject_of
from crimelib.production.review_server import Desk, ReviewServer
from crimelib.settings import load_settings

REVIEW = load_settings().review
POINTS = ["pages", "data", "revisions", "claims", "suppressions", "comments", "actions", "reading"]
HOSTILE = "<script>window.pwned=1</script>"


@pytest.fixture
def pack(tmp_path: Path) -> Path:
    folder = tmp_path / "bromley" / "2021-11"
    folder.mkdir(parents=True)
    header, row = "item,measure,breakdown,window,status,note", f"burglary,burglary,total,month,incomplete,{HOSTILE}"
    (folder / "summary.csv").write_text(f"{header}\n{row}\n")
    (folder / "index.html").write_text("<p>the pack</p>")
    (tmp_path / "bromley" / "secret.txt").write_text("secret")
    said = {"area": HOSTILE, "period": "2021-11", "audience": "board", "illustrative": False, "made_at": "2021-12-15"}
    seal(folder, {**said, "run_id": "r1", "notebooks": []})
    return folder


@pytest.fixture
def server(pack: Path) -> Iterator[ReviewServer]:
    with ReviewServer(Desk(pack, REVIEW)) as made:
        thread = threading.Thread(target=made.serve_forever, kwargs={"poll_interval": 0.01})
        thread.start()
        yield made
        made.shutdown()
        thread.join()


class Answer:
    """What the server answered to one request, sent exactly as given."""

    def __init__(self, server: ReviewServer, method: str, path: str, headers: dict[str, str], body: str = "") -> None:
        connection = http.client.HTTPConnection("127.0.0.1", server.server_port, timeout=10)
        connection.putrequest(method, path, skip_host=True)
        sent = {"Host": server.host, **headers}
        if method == "POST":
            sent = {"Content-Length": str(len(body)), **sent}
        for name, value in sent.items():
            connection.putheader(name, value)
        connection.endheaders(body.encode() if body else None)
        found = connection.getresponse()
        self.status, self.headers, self.text = found.status, dict(found.getheaders()), found.read().decode()
        connection.close()


def cookie(server: ReviewServer) -> dict[str, str]:
    return {"Cookie": f"crimelib_review_{server.server_port}={server.desk.token}"}


def get(server: ReviewServer, path: str = "/", **headers: str) -> Answer:
    return Answer(server, "GET", path, {**cookie(server), **headers})


def form(server: ReviewServer, **changes: object) -> str:
    fields = {
        "token": server.desk.token, "manifest_sha256": subject_of(server.desk.pack).manifest_sha256,
        "role": REVIEW.roles[0], "decision": "signed_off", "looked_at": POINTS, "remark": HOSTILE,
    }  # fmt: skip
    return urlencode({**fields, **changes}, doseq=True)


def post(server: ReviewServer, body: str, path: str = "/decide", **headers: str) -> Answer:
    return Answer(server, "POST", path, {**cookie(server), "Origin": f"http://{server.host}", **headers}, body)


def decisions(server: ReviewServer) -> int:
    return len(read_register(server.desk.pack).decisions)


def test_the_address_with_its_token_gives_a_cookie_and_the_page(server: ReviewServer) -> None:
    path = server.url.removeprefix(f"http://{server.host}")
    opened = Answer(server, "GET", path, {})
    assert (opened.status, opened.headers["Location"]) == (303, "/")
    assert opened.headers["Set-Cookie"].endswith("; HttpOnly; SameSite=Strict; Path=/")
    page = get(server)
    assert page.status == 200
    assert "Are the data complete?" in page.text
    assert HOSTILE not in page.text


@pytest.mark.parametrize(
    "path", ["/", "/?token=", "/?token=wrong", "/?token=%00", "/?token=é", "/pack/index.html", "/pack/run.json?token=x"]
)
@pytest.mark.parametrize("crumbs", ["", "crimelib_review_{port}=wrong", "crimelib_review_1={token}", "\x7f=;;;", "x"])
def test_no_token_or_a_wrong_one_is_refused(server: ReviewServer, path: str, crumbs: str) -> None:
    given = crumbs.format(port=server.server_port, token=server.desk.token)
    answer = Answer(server, "GET", path.replace("é", "%C3%A9"), {"Cookie": given} if given else {})
    assert answer.status == 403
    assert server.desk.token not in answer.text


def test_a_new_address_works_over_an_old_cookie(server: ReviewServer) -> None:
    stale = {"Cookie": f"crimelib_review_{server.server_port}=of-yesterday"}
    assert Answer(server, "GET", f"/?token={server.desk.token}", stale).status == 303


@pytest.mark.parametrize("host", ["evil.example", "localhost:{port}", "127.0.0.1", "127.0.0.1:1", "[::1]:{port}", ""])
def test_another_host_name_is_refused_even_with_the_token(server: ReviewServer, host: str) -> None:
    answer = get(server, f"/?token={server.desk.token}", Host=host.format(port=server.server_port))
    assert answer.status == 421


def test_it_listens_on_one_loopback_address_only(server: ReviewServer) -> None:
    assert server.server_address[0] == "127.0.0.1"
    for other in ("127.0.0.2", "::1"):
        family = socket.AF_INET6 if ":" in other else socket.AF_INET
        with socket.socket(family) as tried:
            assert tried.connect_ex((other, server.server_port)) != 0


def test_every_answer_forbids_framing_and_sniffing(server: ReviewServer) -> None:
    answers = [
        get(server), get(server, "/pack/index.html"), get(server, "/nothing"), post(server, "decision=no"),
        Answer(server, "GET", "/", {}), Answer(server, "PUT", "/", {}), post(server, form(server)),
    ]  # fmt: skip
    assert [answer.status for answer in answers] == [200, 200, 404, 403, 403, 501, 303]
    for answer in answers:
        assert answer.headers["X-Frame-Options"] == "DENY"
        assert "frame-ancestors 'none'" in answer.headers["Content-Security-Policy"]
        assert answer.headers["X-Content-Type-Options"] == "nosniff"
        assert answer.headers["Cache-Control"] == "no-store"


def test_a_page_of_the_pack_may_send_nothing(server: ReviewServer) -> None:
    policy = get(server, "/pack/index.html").headers["Content-Security-Policy"]
    assert "form-action 'none'" in policy
    assert "connect-src 'none'" in policy


@pytest.mark.parametrize("origin", ["http://evil.example", "null", "", "http://127.0.0.1", "http://localhost:{port}"])
def test_a_cross_site_post_decides_nothing(server: ReviewServer, origin: str) -> None:
    answer = post(server, form(server), Origin=origin.format(port=server.server_port))
    assert (answer.status, decisions(server)) == (403, 0)


def test_a_post_without_origin_cookie_or_token_decides_nothing(server: ReviewServer) -> None:
    own = {"Origin": f"http://{server.host}"}
    refused = [
        Answer(server, "POST", "/decide", cookie(server), form(server)),
        Answer(server, "POST", "/decide", own, form(server)),
        post(server, form(server, token="")),
        post(server, form(server, token="wrong")),
        post(server, form(server), path="/"),
    ]
    assert [answer.status for answer in refused] == [403] * 5
    assert decisions(server) == 0


@pytest.mark.parametrize(
    ("changes", "told"),
    [
        ({"role": "Jane Smith"}, "no such role decides"),
        ({"role": ""}, "no such role decides"),
        ({"decision": "released"}, "Choose a decision"),
        ({"looked_at": POINTS[:-1]}, "Not ticked: Can everybody read it?"),
        ({"looked_at": [*POINTS, "more"]}, "another checklist"),
        ({"decision": "sent_back", "remark": " "}, "why it is sent back"),
        ({"remark": "x" * 1001}, "longer than 1000"),
        ({"manifest_sha256": "0" * 64}, "has changed since"),
    ],
)
def test_a_form_that_is_not_right_is_told_why_and_decides_nothing(
    server: ReviewServer, changes: dict[str, object], told: str
) -> None:
    answer = post(server, form(server, **changes))
    assert (answer.status, decisions(server)) == (422, 0)
    assert told in answer.text


@pytest.mark.parametrize("length", ["-1", "x", "16385", "", "١"])
def test_a_form_of_no_length_or_too_long_is_not_read(server: ReviewServer, length: str) -> None:
    if length.isascii():
        assert post(server, "", **{"Content-Length": length}).status == 413
    assert decisions(server) == 0


@pytest.mark.parametrize(
    "name",
    [
        "../secret.txt", "%2e%2e/secret.txt", "..%2fsecret.txt", "%2e%2e%2fsecret.txt", "./index.html", "/etc/passwd",
        "%2fetc%2fpasswd", "notebooks/../index.html", "..\\secret.txt", "index.html%00", "", ".", "review.json",
        "..%252fsecret.txt", "....//secret.txt",
    ],
)  # fmt: skip
def test_no_path_leads_out_of_the_pack_s_own_list(server: ReviewServer, name: str) -> None:
    assert get(server, f"/pack/{name}").status == 404


def test_a_link_put_into_the_pack_is_not_followed(server: ReviewServer) -> None:
    page = server.desk.pack / "index.html"
    page.unlink()
    page.symlink_to(server.desk.pack.parent / "secret.txt")
    assert get(server, "/pack/index.html").status == 404


def test_a_sign_off_is_recorded_and_shown_as_text(server: ReviewServer) -> None:
    assert post(server, form(server)).status == 303
    (found,) = read_register(server.desk.pack).decisions
    assert (found.role, found.decision, found.looked_at) == (REVIEW.roles[0], "signed_off", tuple(POINTS))
    page = get(server)
    assert "Signed off. To release it" in page.text
    assert "&lt;script&gt;" in page.text
    assert HOSTILE not in page.text


def test_a_pack_gone_bad_is_told_in_one_line(server: ReviewServer) -> None:
    (server.desk.pack / "run.json").write_text("{")
    answer = get(server)
    assert answer.status == 409
    assert "run.json: missing, broken or altered" in answer.text
