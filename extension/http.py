"""An HTTP/1.1 client for the handler, with one request per connection.

The standard library's client imports TLS and the mail parser, which together cost more than the rest of the handler's
start-up, and its time-outs are per read, while a freeze needs a limit for the whole. So requests are written and
answers read here, and in steps, because the snapshot requests of all disks have to be under way at once: `open` before
the freeze, `send` and `wait` inside it, `stream` or `finish` after the thaw.

Everything that goes wrong is an OSError. No message names a path or a query: those carry signatures. Deadlines are on
the monotonic clock; None waits for ever.
"""

from __future__ import annotations

import socket
from collections.abc import Iterator, Sequence
from contextlib import suppress
from functools import cache
from time import monotonic
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import ssl

Headers = Sequence[tuple[str, str]]

PIECE_BYTES = 64 * 1024
MAX_ANSWER_BYTES = 64 * 1024 * 1024
DEFAULT_PORTS = {"http": 80, "https": 443}


class NotHttp(OSError):
    """The server's answer is not HTTP, or it is too long."""


class ConnectionEnded(ConnectionError):
    """The server closed the connection. `unanswered`: before the first byte of an answer, as with an idle one."""

    def __init__(self, unanswered: bool) -> None:
        super().__init__("the server closed the connection")
        self.unanswered = unanswered


class Url:
    """A URL taken apart but never re-encoded: a signature covers it as it was given. ValueError for anything else."""

    __slots__ = ("authority", "host", "port", "scheme", "target")

    def __init__(self, url: str) -> None:
        scheme, _, rest = url.partition("://")
        authority, _, target = rest.partition("/")
        self.scheme = scheme.lower()
        self.host, _, port = authority.partition(":") if "]" not in authority else authority[1:].partition("]")
        port = port.removeprefix(":")
        readable = url.isascii() and not any(letter <= " " for letter in url)
        if not readable or self.scheme not in DEFAULT_PORTS or not self.host or not (port or "0").isdecimal():
            raise ValueError("not the URL of an HTTP server")
        self.port = int(port or DEFAULT_PORTS[self.scheme])
        usual = self.port == DEFAULT_PORTS[self.scheme]
        self.authority = authority.removesuffix(f":{port}") if usual else authority
        self.target = f"/{target}"

    @property
    def plain(self) -> str:
        """Without the query, and so without a signature."""
        return f"{self.scheme}://{self.authority}{self.target.partition('?')[0]}"

    def with_query(self, query: str) -> str:
        """The target with one more parameter at its end."""
        return f"{self.target}{'&' if '?' in self.target else '?'}{query}"

    def __repr__(self) -> str:
        return f"<Url {self.plain}>"


def connect(url: Url, deadline: float | None) -> socket.socket:
    """A connection, after its TLS handshake where the URL is https."""
    # As bytes, since a host given as text is looked up by way of the codec for international names.
    address = (url.host.encode("ascii"), url.port)
    connection = socket.create_connection(address, _seconds_until(deadline))  # type: ignore[arg-type]
    connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
    if url.scheme != "https":
        return connection
    connection.settimeout(_seconds_until(deadline))
    return _trust().wrap_socket(connection, server_hostname=url.host)


@cache
def _trust() -> ssl.SSLContext:
    """Made once: reading the machine's certificates takes longer than all handshakes together."""
    import ssl

    return ssl.create_default_context()


def _seconds_until(deadline: float | None) -> float | None:
    if deadline is None:
        return None
    seconds = deadline - monotonic()
    if seconds <= 0:
        raise TimeoutError("timed out")
    return seconds


class Answer:
    """A whole answer; header names are in lower case."""

    __slots__ = ("body", "headers", "status")

    def __init__(self, status: int, headers: dict[str, str], body: bytes) -> None:
        self.status = status
        self.headers = headers
        self.body = body


class Exchange:
    """One request and its answer. `deadline` holds for each step from when it is set."""

    def __init__(self, url: Url, method: str, target: str, headers: Headers = (), body: bytes = b"") -> None:
        self.url = url
        lines = [f"{method} {target} HTTP/1.1", f"Host: {url.authority}", "Accept-Encoding: identity"]
        if method != "GET":
            lines.append(f"Content-Length: {len(body)}")
        lines += [f"{name}: {value}" for name, value in headers]
        if any("\r" in line or "\n" in line for line in lines):
            raise ValueError("a header with a line break")
        self._request = "\r\n".join([*lines, "", ""]).encode("latin-1") + body
        self.deadline: float | None = None
        self._connection: socket.socket | None = None
        self._received = bytearray()
        self._answered = False

    def open(self) -> None:
        self.close()
        self._connection = connect(self.url, self.deadline)
        self._received.clear()
        self._answered = False

    def send(self) -> None:
        connection = self._opened()
        connection.settimeout(_seconds_until(self.deadline))
        connection.sendall(self._request)

    def wait(self) -> None:
        """Until the head of the answer is here."""
        while b"\r\n\r\n" not in self._received:
            self._receive()

    def finish(self) -> Answer:
        """Wait for the answer and read it to its end; closes the connection."""
        try:
            status, headers, pieces = self.stream()
            body = bytearray()
            for piece in pieces:
                body += piece
                if len(body) > MAX_ANSWER_BYTES:
                    raise NotHttp("the response is incomplete")
            return Answer(status, headers, bytes(body))
        finally:
            self.close()

    def stream(self) -> tuple[int, dict[str, str], Iterator[bytes]]:
        """Wait for the head of the answer; the body then comes piece by piece."""
        while True:
            status, headers = _parse_head(self._take_until(b"\r\n\r\n"))
            if status >= 200:
                return status, headers, self._body(status, headers)

    def hang_up(self) -> None:
        """Close the connection; a thread that waits for the answer sees it end."""
        connection = self._connection
        if connection is not None:
            with suppress(OSError):
                connection.shutdown(socket.SHUT_RDWR)

    def close(self) -> None:
        connection, self._connection = self._connection, None
        if connection is not None:
            connection.close()

    # ------------------------------------------------------------------------------------------------------ underneath

    def _body(self, status: int, headers: dict[str, str]) -> Iterator[bytes]:
        length = headers.get("content-length", "")
        if status in (204, 304):
            return
        if headers.get("transfer-encoding", "").lower() == "chunked":
            while size := _chunk_size(self._take_until(b"\r\n")):
                yield self._take(size)
                self._take_until(b"\r\n")
        elif length.isdecimal():
            if int(length):
                yield self._take(int(length))
        else:
            while True:
                if self._received:
                    yield self._take(len(self._received))
                try:
                    self._receive()
                except ConnectionEnded:
                    return

    def _take_until(self, mark: bytes) -> bytes:
        while (end := self._received.find(mark)) < 0:
            self._receive()
        return self._take(end + len(mark))

    def _take(self, size: int) -> bytes:
        while len(self._received) < size:
            self._receive()
        taken = bytes(self._received[:size])
        del self._received[:size]
        return taken

    def _receive(self) -> None:
        connection = self._opened()
        # What has arrived is taken even when it is too late to wait: a time-out of zero reads without waiting.
        seconds = None if self.deadline is None else max(0.0, self.deadline - monotonic())
        connection.settimeout(seconds)
        try:
            piece = connection.recv(PIECE_BYTES)
        except ConnectionError:
            piece = b""
        except OSError:
            if seconds == 0:
                raise TimeoutError("timed out") from None
            raise
        if not piece:
            raise ConnectionEnded(unanswered=not self._answered)
        self._answered = True
        self._received += piece
        if len(self._received) > MAX_ANSWER_BYTES:
            raise NotHttp("the response is incomplete")

    def _opened(self) -> socket.socket:
        assert self._connection is not None, "open it first"
        return self._connection


def _parse_head(head: bytes) -> tuple[int, dict[str, str]]:
    first, *lines = head.decode("latin-1").rstrip("\r\n").split("\r\n")
    version, _, rest = first.partition(" ")
    status = rest[:3]
    if not version.startswith("HTTP/1.") or not status.isdecimal():
        raise NotHttp("the response is not HTTP/1.1")
    pairs = (line.partition(":") for line in lines)
    return int(status), {name.strip().lower(): value.strip() for name, _, value in pairs}


def _chunk_size(line: bytes) -> int:
    try:
        return int(line.partition(b";")[0], 16)
    except ValueError:
        raise NotHttp("a chunk of the response has no size") from None


def call(
    url: Url,
    method: str,
    target: str | None = None,
    headers: Headers = (),
    body: bytes = b"",
    *,
    timeout_seconds: float,
) -> Answer:
    """A whole exchange, its time-out being for all of it."""
    exchange = Exchange(url, method, target or url.target, headers, body)
    exchange.deadline = monotonic() + timeout_seconds
    try:
        exchange.open()
        exchange.send()
        return exchange.finish()
    finally:
        exchange.close()
