"""Requests that only go where they may: to allowed hosts, over https, to public addresses, within a deadline.

A name is resolved once and the connection made to the very address that was checked, so that a second look-up cannot
lead elsewhere; redirects are followed by hand, each checked like a first address. Proxies of the environment are not
used: with one, the address connected to could not be checked.
"""

from __future__ import annotations

import ipaddress
import socket
import ssl
import time
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from functools import cache

import httpcore
import httpx

from crimelib.errors import CrimelibError, InputError, one_line
from crimelib.settings import Downloads

REDIRECTS = {301, 302, 303, 307, 308}


class Transient(CrimelibError):
    """A failure that another try may mend; ``wait`` seconds first where the publisher asked for them."""

    def __init__(self, address: str, what: str, wait: float = 0) -> None:
        self.wait = wait
        super().__init__(one_line(f"{shown(address)}: {what}; try again later"))


class TooLong(CrimelibError):
    """The whole of a download took longer than is allowed."""


def shown(address: str | httpx.URL) -> str:
    """An address as messages and manifests name it: without a query, which may carry a signature."""
    return one_line(str(address).split("?")[0].split("#")[0])


@dataclass(frozen=True)
class Deadline:
    """The moment by which everything must be done, on the monotonic clock."""

    end: float

    @classmethod
    def after(cls, seconds: float) -> Deadline:
        """A deadline so many seconds from now."""
        return cls(time.monotonic() + seconds)

    def within(self, timeout: float | None) -> float:
        """A time-out cut to what is left. Raises :class:`TooLong` when nothing is."""
        left = self.end - time.monotonic()
        if self.passed:
            raise TooLong("the download took longer than is allowed")
        return left if timeout is None else min(timeout, left)

    @property
    def passed(self) -> bool:
        """Whether it is over; a hundredth of a second early, as a time-out may return a little before its time."""
        return time.monotonic() > self.end - 0.01


@dataclass(frozen=True)
class Allowed:
    """The hosts (``name`` or ``name:port``) that may be asked; ``local`` ones stand on this machine, for tests."""

    hosts: frozenset[str]
    local: frozenset[str]

    def checked(self, address: str | httpx.URL, *, referrer: str = "") -> httpx.URL:
        """The address, or a refusal that names it (and the page that led there)."""
        where = f"{shown(referrer)} leads to {shown(address)}" if referrer else shown(address)
        try:
            url = httpx.URL(address)
        except (httpx.InvalidURL, ValueError):
            raise InputError("not an address", where=where, fix="mend sources.yml") from None
        authority = url.netloc.decode()
        if authority not in self.hosts | self.local:
            fix = "add it to the source's hosts in sources.yml if it is the publisher's"
            raise InputError(f"the host {authority!r} is not on the list of allowed hosts", where=where, fix=fix)
        if url.scheme != "https" and not (url.scheme == "http" and authority in self.local):
            raise InputError("only https is allowed", where=where, fix="mend sources.yml")
        if url.userinfo:
            raise InputError("the address carries a user name", where=where, fix="take it out")
        return url

    def numbers(self, host: str, port: int) -> list[str]:
        """The addresses of a host, every one of them public, or the host declared as on this machine."""
        try:
            found = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)
        except OSError as error:
            raise httpcore.ConnectError(f"the name cannot be looked up ({error.strerror})") from None
        numbers = list(dict.fromkeys(str(entry[4][0]) for entry in found))
        if f"{host}:{port}" not in self.local:
            for number in numbers:
                _refuse_private(host, number)
        return numbers


def _refuse_private(host: str, number: str) -> None:
    address = ipaddress.ip_address(number)
    if not address.is_global or address.is_multicast:
        raise InputError(
            f"the host resolves to {number}, which is no public address", where=host, fix="check the name server"
        )


class GuardedBackend(httpcore.NetworkBackend):
    """Connects to checked addresses only; no read or write outlasts the deadline."""

    def __init__(self, allowed: Allowed, deadline: Deadline) -> None:
        self._allowed, self._deadline = allowed, deadline
        self._plain = httpcore.SyncBackend()

    def connect_tcp(
        self,
        host: str,
        port: int,
        timeout: float | None = None,
        local_address: str | None = None,
        socket_options: Iterable[httpcore.SOCKET_OPTION] | None = None,
    ) -> httpcore.NetworkStream:
        """Connect to the first of the host's addresses that answers."""
        failure: Exception = httpcore.ConnectError("the name has no address")
        for number in self._allowed.numbers(host, port):
            try:
                stream = self._plain.connect_tcp(
                    number, port, self._deadline.within(timeout), local_address, socket_options
                )
            except (httpcore.ConnectError, httpcore.ConnectTimeout) as error:
                failure = error
            else:
                return BoundedStream(stream, self._deadline)
        raise failure


class BoundedStream(httpcore.NetworkStream):
    """A stream each of whose operations ends by the deadline, so that a drip of bytes cannot go on for ever."""

    def __init__(self, stream: httpcore.NetworkStream, deadline: Deadline) -> None:
        self._stream, self._deadline = stream, deadline

    def read(self, max_bytes: int, timeout: float | None = None) -> bytes:
        """Read, within what is left of the deadline."""
        return self._stream.read(max_bytes, self._deadline.within(timeout))

    def write(self, buffer: bytes, timeout: float | None = None) -> None:
        """Write, within what is left of the deadline."""
        self._stream.write(buffer, self._deadline.within(timeout))

    def close(self) -> None:
        """Close the connection."""
        self._stream.close()

    def start_tls(
        self, ssl_context: ssl.SSLContext, server_hostname: str | None = None, timeout: float | None = None
    ) -> httpcore.NetworkStream:
        """Begin TLS; the certificate is checked against the host's name, not the number connected to."""
        stream = self._stream.start_tls(ssl_context, server_hostname, self._deadline.within(timeout))
        return BoundedStream(stream, self._deadline)

    def get_extra_info(self, info: str) -> object:
        """What the stream knows of itself."""
        return self._stream.get_extra_info(info)


@dataclass(frozen=True)
class Answer:
    """An answer whose body has not been read: status, headers, the host that gave it, the body in pieces."""

    status: int
    headers: httpx.Headers
    host: str
    body: Iterable[bytes]


@contextmanager
def opened(
    address: str, headers: dict[str, str], allowed: Allowed, limits: Downloads, deadline: Deadline
) -> Iterator[Answer]:
    """GET an address, redirects followed to allowed hosts only. Raises :class:`Transient` for what another try may
    mend, :class:`InputError` for an address that may not be asked."""
    timeouts = dict.fromkeys(("connect", "read", "write", "pool"), limits.stall_seconds)
    url, referrer = allowed.checked(address), ""
    with _faults_named(address, limits, deadline), _pool(allowed, deadline) as pool:
        for _ in range(limits.max_redirects + 1):
            url = allowed.checked(url, referrer=referrer)
            with pool.stream(
                "GET", str(url), headers=list(headers.items()), extensions={"timeout": timeouts}
            ) as response:
                answered = httpx.Headers(response.headers)
                if response.status not in REDIRECTS:
                    yield Answer(response.status, answered, url.netloc.decode(), response.iter_stream())
                    return
            url, referrer = _onward(url, answered), str(url)
    raise InputError(f"more than {limits.max_redirects} redirects", where=shown(address), fix="check the address")


def _onward(url: httpx.URL, headers: httpx.Headers) -> httpx.URL:
    """Where a redirect leads."""
    try:
        return url.join(headers["location"])
    except (KeyError, httpx.InvalidURL, ValueError):
        raise InputError("a redirect to nowhere", where=shown(url), fix="check the address") from None


def _pool(allowed: Allowed, deadline: Deadline) -> httpcore.ConnectionPool:
    return httpcore.ConnectionPool(
        ssl_context=_certificates(),
        network_backend=GuardedBackend(allowed, deadline),
        max_keepalive_connections=0,
    )


@cache
def _certificates() -> ssl.SSLContext:
    return httpx.create_ssl_context()


@contextmanager
def _faults_named(address: str, limits: Downloads, deadline: Deadline) -> Iterator[None]:
    """What went wrong on the connection, as errors that name the address."""
    try:
        yield
    except (TooLong, httpcore.TimeoutException):
        if deadline.passed:
            raise TooLong(
                f"{shown(address)}: not done within {limits.total_seconds:g} s; run the command again, it resumes"
            ) from None
        raise Transient(address, f"nothing came for {limits.stall_seconds:g} s") from None
    except (httpcore.NetworkError, httpcore.ProtocolError) as error:
        raise Transient(address, f"the connection failed ({error})") from None
