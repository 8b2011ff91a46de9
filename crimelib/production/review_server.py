"""``crimelib review``: a pack and its checklist on this machine's loopback address, for one reviewer with the token.

Standard library only. Every request must name the server by its own address (no other Host header, so that no site can
point a name of its own here) and carry the token: once in the address that the terminal shows, then in a cookie. A
decision is taken only from the form of the page itself: same origin, and the token in a hidden field. Files are served
by the pack's own list of files; nothing else has an address.
"""

from __future__ import annotations

import mimetypes
import secrets
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from http import HTTPStatus
from http.cookies import CookieError, SimpleCookie
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, unquote, urlsplit

from crimelib.errors import InputError
from crimelib.measures.periods import month_label, parse_period
from crimelib.production.checklist import Point, checklist, names_of
from crimelib.production.pack import RECORD
from crimelib.production.pages import PackInfo, render_template
from crimelib.production.review import (
    LONGEST_REMARK,
    Subject,
    add_decision,
    missing_for_release,
    read_register,
    subject_of,
)
from crimelib.settings import Review

ADDRESS = "127.0.0.1"
_LONGEST_FORM = 16_384  # bytes
_PATIENCE_SECONDS = 30
_HEADERS = {
    "X-Frame-Options": "DENY",
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Cache-Control": "no-store",
}
# Beside each page's own policy: nothing frames it, and a page of the pack sends nothing anywhere.
_OWN_POLICY = "frame-ancestors 'none'; base-uri 'none'; object-src 'none'"
_PACK_POLICY = f"{_OWN_POLICY}; form-action 'none'; connect-src 'none'"
_TEXTS = {".md", ".txt", ".csv"}


@dataclass(frozen=True)
class Given:
    """What the form was sent with."""

    role: str = ""
    decision: str = ""
    looked_at: tuple[str, ...] = ()
    remark: str = ""


@dataclass(frozen=True)
class Desk:
    """The pack under review and the rules of who decides."""

    pack: Path
    review: Review
    token: str = field(default_factory=lambda: secrets.token_urlsafe(32))

    def page(self, problem: str = "", given: Given | None = None) -> str:
        """The checklist page as it stands now."""
        subject = subject_of(self.pack)
        decisions = read_register(self.pack).on(subject.manifest_sha256)
        return render_template(
            "review.html.j2",
            info=_info(subject),
            more_style="review.css",
            title=f"Review of the pack for {_named(subject)}",
            lead=standing_sentence(subject, missing_for_release(subject, decisions, self.review)),
            problem=problem,
            given=given or Given(),
            points=checklist(subject.path, subject.record),
            decisions=decisions,
            subject=subject,
            roles=self.review.roles,
            open=not subject.released,
            token=self.token,
            longest_remark=LONGEST_REMARK,
        )

    def decide(self, form: Mapping[str, list[str]]) -> str:
        """Record the decision of a form, and say why not where it cannot be; empty when it was recorded."""
        given = given_in(form)
        subject = subject_of(self.pack)
        if problem := _problem(given, checklist(subject.path, subject.record)):
            return problem
        try:
            add_decision(self.pack, _one(form, "manifest_sha256"), self.review, **vars(given))
        except InputError as error:
            return str(error)
        return ""

    def file(self, name: str) -> Path | None:
        """A file of the pack by its name in the record; None for any other name."""
        record = subject_of(self.pack).record
        path = self.pack.resolve() / name
        return path if (name in record["outputs"] or name == RECORD) and not path.is_symlink() else None


def standing_sentence(subject: Subject, missing: str) -> str:
    """Where a pack stands between draft and release."""
    revision = f"revision {subject.revision}, for the {subject.record['audience']}"
    if subject.released:
        return f"Released: {revision}. It is never changed; a correction is a new revision, with its reason."
    if missing:
        return f"Draft: {revision}. Before it is released: {missing}."
    below = subject.path.is_relative_to(Path.cwd())
    command = f'crimelib release {subject.path.relative_to(Path.cwd()) if below else subject.path} --role "YOUR ROLE"'
    return f"Draft: {revision}. Signed off. To release it: {command}."


def given_in(form: Mapping[str, list[str]]) -> Given:
    """A form's fields."""
    remark = " ".join(_one(form, "remark").split())
    return Given(_one(form, "role"), _one(form, "decision"), tuple(form.get("looked_at", ())), remark)


def _problem(given: Given, points: tuple[Point, ...]) -> str:
    """What a form lacks, in one sentence."""
    if given.decision not in ("signed_off", "sent_back"):
        return "Choose a decision: sign off or send back."
    if len(given.remark) > LONGEST_REMARK:
        return f"The remark is longer than {LONGEST_REMARK} characters."
    if given.decision == "sent_back":
        return "" if given.remark else "Say in the remark why it is sent back."
    unseen = [point.question for point in points if point.name not in given.looked_at]
    if unseen:
        return f"Before you sign off, look at every point and tick it. Not ticked: {' '.join(unseen)}"
    return "" if set(given.looked_at) == set(names_of(points)) else "The form is of another checklist: load it again."


def _info(subject: Subject) -> PackInfo:
    record = subject.record
    provenance = (
        ("Run", f"{record['run_id']}, made {record['made_at']}"),
        ("Manifest", subject.manifest_sha256),
        ("Audience", record["audience"]),
    )
    period = month_label(parse_period(record["period"]))
    return PackInfo(record["area"], period, record["audience"], record["illustrative"], provenance)


def _named(subject: Subject) -> str:
    return f"{subject.record['area']}, {month_label(parse_period(subject.record['period']))}"


def _one(form: Mapping[str, list[str]], name: str) -> str:
    return form.get(name, [""])[0]


class ReviewServer(ThreadingHTTPServer):
    """Serves one desk on the loopback address; ``port`` 0 takes a free one."""

    daemon_threads = True

    def __init__(self, desk: Desk, port: int = 0) -> None:
        self.desk = desk
        super().__init__((ADDRESS, port), _Handler)

    @property
    def host(self) -> str:
        """The only Host header that is answered."""
        return f"{ADDRESS}:{self.server_port}"

    @property
    def url(self) -> str:
        """The address to open, with the token."""
        return f"http://{self.host}/?token={self.desk.token}"


class _Handler(BaseHTTPRequestHandler):
    server: ReviewServer  # pyright: ignore[reportIncompatibleVariableOverride]
    timeout = _PATIENCE_SECONDS
    server_version, sys_version = "crimelib", ""
    error_message_format = "%(code)d %(message)s: %(explain)s\n"
    error_content_type = "text/plain; charset=utf-8"
    _policy = _OWN_POLICY

    def do_GET(self) -> None:
        self._answer(self._get)

    def do_POST(self) -> None:
        self._answer(self._post)

    def _answer(self, act: Callable[[], None]) -> None:
        """Answer a request that may be answered; of a pack or register that has gone bad say so."""
        if self._refused():
            return
        try:
            act()
        except InputError as error:
            self.send_error(HTTPStatus.CONFLICT, "Cannot be reviewed", str(error))

    def _get(self) -> None:
        path = urlsplit(self.path).path
        if path == "/" and self._asked_token():
            self._see_other(cookie=True)
        elif path == "/":
            self._send_page(HTTPStatus.OK, self.server.desk.page())
        elif path.startswith("/pack/"):
            self._send_file(unquote(path.removeprefix("/pack/")))
        else:
            self.send_error(HTTPStatus.NOT_FOUND, "There is nothing here")

    def _post(self) -> None:
        form = self._form()
        if form is None:
            return
        desk = self.server.desk
        if problem := desk.decide(form):
            self._send_page(HTTPStatus.UNPROCESSABLE_ENTITY, desk.page(problem, given_in(form)))
        else:
            self._see_other()

    def end_headers(self) -> None:
        for name, value in {**_HEADERS, "Content-Security-Policy": self._policy}.items():
            self.send_header(name, value)
        super().end_headers()

    def log_message(self, format: str, *args: Any) -> None:
        """Nothing: an address would show the token."""

    def _refused(self) -> bool:
        """Whether the request was turned away: another host's name, or no token or a wrong one."""
        if self.headers.get_all("Host", []) != [self.server.host]:
            self.send_error(HTTPStatus.MISDIRECTED_REQUEST, f"This server answers as {self.server.host} only")
            return True
        if not (self._is_token(self._asked_token()) or self._is_token(self._cookie())):
            self.send_error(HTTPStatus.FORBIDDEN, "Open the address that the terminal shows: it carries the token")
            return True
        return False

    def _form(self) -> dict[str, list[str]] | None:
        """The form of this server's own page; None, and the request refused, for any other."""
        length = self.headers.get("Content-Length", "")
        if self.path != "/decide" or self.headers.get("Origin") != f"http://{self.server.host}":
            return self.send_error(HTTPStatus.FORBIDDEN, "Decisions are taken from this server's own page only")
        if not length.isascii() or not length.isdigit() or int(length) > _LONGEST_FORM:
            return self.send_error(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "The form is too long")
        form = parse_qs(self.rfile.read(int(length)).decode("utf-8", "replace"), max_num_fields=50)
        if not self._is_token(_one(form, "token")):
            return self.send_error(HTTPStatus.FORBIDDEN, "The form carries no token, or a wrong one")
        return form

    def _is_token(self, given: str) -> bool:
        return secrets.compare_digest(given.encode(), self.server.desk.token.encode())

    def _asked_token(self) -> str:
        return _one(parse_qs(urlsplit(self.path).query), "token")

    def _cookie(self) -> str:
        try:
            morsel = SimpleCookie(self.headers.get("Cookie", "")).get(self._cookie_name)
        except CookieError:
            return ""
        return morsel.value if morsel else ""

    @property
    def _cookie_name(self) -> str:
        """Cookies are shared by all ports of an address."""
        return f"crimelib_review_{self.server.server_port}"

    def _see_other(self, *, cookie: bool = False) -> None:
        """To the page, without the token in its address."""
        self.send_response(HTTPStatus.SEE_OTHER)
        self.send_header("Location", "/")
        if cookie:
            kept = f"{self._cookie_name}={self.server.desk.token}; HttpOnly; SameSite=Strict; Path=/"
            self.send_header("Set-Cookie", kept)
        self.send_header("Content-Length", "0")
        self.end_headers()

    def _send_file(self, name: str) -> None:
        path = self.server.desk.file(name)
        if path is None or not path.is_file():
            self.send_error(HTTPStatus.NOT_FOUND, "The pack has no such file")
            return
        self._policy = _PACK_POLICY
        self._send(HTTPStatus.OK, _media_type(path), path.read_bytes())

    def _send_page(self, status: HTTPStatus, html: str) -> None:
        self._send(status, "text/html; charset=utf-8", html.encode())

    def _send(self, status: HTTPStatus, media_type: str, content: bytes) -> None:
        self.send_response(status)
        self.send_header("Content-Type", media_type)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)


def _media_type(path: Path) -> str:
    if path.suffix in _TEXTS:
        return "text/plain; charset=utf-8"
    if path.suffix == ".ipynb":
        return "application/json"
    guessed = mimetypes.guess_type(path.name)[0] or "application/octet-stream"
    return f"{guessed}; charset=utf-8" if guessed.startswith("text/") else guessed
