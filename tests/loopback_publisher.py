"""A publisher on the loopback interface that does as told: answers, lies, stalls, cuts short, redirects. For tests."""

from __future__ import annotations

import json
import re
import socket
import threading
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from datetime import date
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path

from crimelib.settings import Settings
from crimelib.sources.fetch import Fetched, fetch

TODAY = date(2021, 12, 3)
HEADER = "MajorText,MinorText,BoroughName,202110,202111\n"
BOROUGHS = (HEADER + "".join(f"BURGLARY,BURGLARY {row},Bromley,{row},{row + 1}\n" for row in range(4000))).encode()
SOURCE = "mps_recorded_crime"
COLUMNS = [["BoroughName", "MajorText", "MinorText"]]


@dataclass
class Reply:
    """One answer. ``cut`` closes after so many bytes of the body, ``stall`` waits there until the test is over;
    ``chunked`` declares no size; ``drip`` sends the headers a byte at a time for ever."""

    body: bytes = b""
    status: int = 200
    type: str = "text/csv"
    etag: str = '"1"'
    headers: dict[str, str] = field(default_factory=dict)
    length: int | None = None
    cut: int | None = None
    stall: int | None = None
    chunked: bool = False
    drip: bool = False
    undeclared: bool = False


class Publisher:
    """The server: ``replies`` by path, each a list of which the last stands for all further requests."""

    def __init__(self) -> None:
        self.replies: dict[str, list[Reply]] = {}
        self.requests: list[tuple[str, dict[str, str]]] = []
        self.sent = 0
        self.over = threading.Event()
        publisher = self

        class Handler(BaseHTTPRequestHandler):
            protocol_version = "HTTP/1.1"

            def do_GET(self) -> None:
                publisher._answer(self)

            def log_message(self, *_: object) -> None:
                pass

        self._server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self._server.daemon_threads = True
        self.host = f"127.0.0.1:{self._server.server_address[1]}"
        self._thread = threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True)
        self._thread.start()

    def close(self) -> None:
        self.over.set()
        self._server.shutdown()
        self._server.server_close()

    def address(self, path: str) -> str:
        return f"http://{self.host}{path}"

    def paths(self) -> list[str]:
        return [path for path, _ in self.requests]

    def _answer(self, handler: BaseHTTPRequestHandler) -> None:
        self.requests.append((handler.path, {key.lower(): value for key, value in handler.headers.items()}))
        replies = self.replies.get(handler.path) or [Reply(b"", 404, "text/html")]
        reply = replies.pop(0) if len(replies) > 1 else replies[0]
        with suppress(OSError):
            self._send(handler, reply)
        handler.close_connection = True

    def _send(self, handler: BaseHTTPRequestHandler, reply: Reply) -> None:
        if reply.drip:
            return self._drip(handler)
        status, body, extra = _ranged(handler, reply)
        handler.send_response(status)
        headers = {"Content-Type": reply.type, "ETag": reply.etag, "Connection": "close", **extra, **reply.headers}
        if reply.chunked:
            headers["Transfer-Encoding"] = "chunked"
        elif not reply.undeclared:
            headers["Content-Length"] = str(len(body) if reply.length is None else reply.length)
        for key, value in headers.items():
            if value:
                handler.send_header(key, value)
        handler.end_headers()
        end = next((n for n in (reply.cut, reply.stall) if n is not None), len(body))
        self._write(handler, body[:end], reply.chunked)
        if reply.stall is not None:
            self.over.wait(30)
        return None

    def _write(self, handler: BaseHTTPRequestHandler, body: bytes, chunked: bool) -> None:
        for start in range(0, len(body), 8192):
            piece = body[start : start + 8192]
            handler.wfile.write(b"%x\r\n%b\r\n" % (len(piece), piece) if chunked else piece)
            self.sent += len(piece)
        if chunked:
            handler.wfile.write(b"0\r\n\r\n")

    def _drip(self, handler: BaseHTTPRequestHandler) -> None:
        handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Slow: ")
        while not self.over.wait(0.02):
            handler.wfile.write(b"a")


def _ranged(handler: BaseHTTPRequestHandler, reply: Reply) -> tuple[int, bytes, dict[str, str]]:
    """Status, body and headers, conditions and ranges honoured as a good server does."""
    if reply.status == 200 and reply.etag and handler.headers.get("If-None-Match") == reply.etag:
        return 304, b"", {}
    wanted = re.fullmatch(r"bytes=(\d+)-", handler.headers.get("Range", ""))
    if reply.status != 200 or not wanted or handler.headers.get("If-Range") != reply.etag:
        return reply.status, reply.body, {}
    start, size = int(wanted[1]), len(reply.body)
    if start >= size:
        return 416, b"", {"Content-Range": f"bytes */{size}"}
    return 206, reply.body[start:], {"Content-Range": f"bytes {start}-{size - 1}/{size}"}


@dataclass
class Desk:
    """A raw folder, a publisher, and parameters that point at it."""

    publisher: Publisher
    folder: Path
    file: dict = field(default_factory=dict)
    plan: dict = field(default_factory=dict)
    limits: dict = field(default_factory=dict)
    progress: list[tuple[int, int, str]] = field(default_factory=list)

    @property
    def raw(self) -> Path:
        return self.folder / "raw"

    @property
    def kept(self) -> Path:
        return self.raw / SOURCE

    def offers(self, *replies: Reply, path: str = "/file.csv") -> None:
        self.publisher.replies[path] = list(replies)

    def settings(self, **sources: dict) -> Settings:
        """Parameters with this publisher as the only source, or with further ``sources``."""
        parameters = self.folder / "parameters"
        parameters.mkdir(exist_ok=True)
        about = {"title": "t", "publisher": "p", "licence": "l", "cadence": "c"}
        plans = {SOURCE: self.planned(), **sources}
        named = {name: {**about, "fetch": plan} for name, plan in plans.items()}
        _write(parameters / "sources.yml", {"sources": named, "bases": {}})
        _write(parameters / "fetch.yml", self._limits())
        return Settings(parameters)

    def planned(self, *paths: str) -> dict:
        files = [self._file(path) for path in paths or ("/file.csv",)]
        return {"hosts": [self.publisher.host], "files": files, **self.plan}

    def _file(self, path: str) -> dict:
        kind = "zip" if path.endswith(".zip") else "csv"
        shape = {"columns": COLUMNS} if kind == "csv" else {"members": "*-street.csv", "max_unpacked_bytes": 100_000}
        sizes = {"min_bytes": 20, "max_bytes": 1_000_000}
        name = path.rsplit("/", 1)[-1]
        return {"name": name, "address": self.publisher.address(path), "kind": kind, **shape, **sizes, **self.file}

    def _limits(self) -> dict:
        types = ["text/csv", "application/zip", "application/octet-stream"]
        return {
            "attempts": 3, "wait_initial_seconds": 0.01, "wait_max_seconds": 0.05, "stall_seconds": 0.2,
            "total_seconds": 5, "max_redirects": 3, "max_page_bytes": 10_000, "local_hosts": [self.publisher.host],
            "content_types": {"csv": types, "xlsx": types, "zip": types}, **self.limits,
        }  # fmt: skip

    def fetch(self, since: str | None = None, today: date = TODAY, **sources: dict) -> Fetched:
        """Fetch the publisher's source once."""
        settings = self.settings(**sources)
        return fetch([SOURCE], self.raw, settings, since, today, lambda *step: self.progress.append(step))[0]

    def failure(self, since: str | None = None) -> str:
        """The one line of a fetch that must fail, having published nothing."""
        before = self.published()
        failure = self.fetch(since).failure
        assert failure is not None
        assert "\n" not in str(failure)
        assert self.published() == before
        self.exit_status = failure.exit_status
        return str(failure)

    def published(self) -> dict[str, bytes]:
        """Every file that ``clean`` would find, by path, with its bytes."""
        files = [path for path in self.raw.rglob("*") if path.is_file()] if self.raw.exists() else []
        visible = {path.relative_to(self.raw).as_posix(): path for path in files}
        return {
            name: path.read_bytes()
            for name, path in visible.items()
            if not any(part.startswith(".") for part in name.split("/"))
        }


def manifest(folder: Path) -> dict:
    return json.loads((folder / "manifest.json").read_text(encoding="utf-8"))


@contextmanager
def listening() -> Iterator[tuple[int, list]]:
    """A port of this machine and the connections that came to it."""
    came: list = []
    with socket.create_server(("127.0.0.1", 0)) as server:
        server.settimeout(0.05)
        stop = threading.Event()

        def wait() -> None:
            while not stop.is_set():
                try:
                    came.append(server.accept()[0])
                except TimeoutError:
                    continue

        thread = threading.Thread(target=wait)
        thread.start()
        try:
            yield server.getsockname()[1], came
        finally:
            stop.set()
            thread.join()
            for connection in came:
                connection.close()


def _write(path: Path, content: dict) -> None:
    path.write_text(json.dumps(content), encoding="utf-8")
