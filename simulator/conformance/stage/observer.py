"""Keeps what guest, host and storage saw, in the order in which they saw it."""

from __future__ import annotations

import threading
from abc import ABC, abstractmethod
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any
from urllib.parse import urlsplit

from simulator.conformance.recording import Exchange, Happening

LARGEST_BODY_BYTES = 4 * 1024 * 1024
MOST_EXCHANGES = 2000
LONGEST_READ_SECONDS = 60


class Observer:
    def __init__(self) -> None:
        self.exchanges: list[Exchange] = []
        self.happenings: list[Happening] = []
        self._begun = monotonic()
        self._lock = threading.Lock()

    def now(self) -> float:
        return round(monotonic() - self._begun, 6)

    def saw(self, exchange: Exchange) -> None:
        with self._lock:
            if len(self.exchanges) < MOST_EXCHANGES:
                self.exchanges.append(exchange)

    def happened(self, what: str, detail: str = "") -> None:
        with self._lock:
            if len(self.happenings) < MOST_EXCHANGES:
                self.happenings.append(Happening(self.now(), what, detail))


@dataclass
class Asked:
    method: str
    path: str
    query: str
    headers: list[tuple[str, str]]
    body: bytes
    connection: Any = None

    def header(self, name: str) -> str:
        return next((value for key, value in self.headers if key.lower() == name.lower()), "")


@dataclass
class Answered:
    """`status` 0 closes the connection without an answer."""

    status: int
    body: bytes = b""
    headers: dict[str, str] = field(default_factory=dict)
    what: str = ""
    party: str = ""
    afterwards: Callable[[BaseHTTPRequestHandler], None] | None = None
    """Goes on with the connection in place of an answer, and is not recorded with one."""


class Party(ABC):
    """One who listens. `answer` is called in a thread for each connection."""

    def __init__(self, observer: Observer) -> None:
        self.observer = observer
        party = self

        class Handler(_Handler):
            owner = party

        self._server = _Server(("127.0.0.1", 0), Handler)
        self.port = self._server.server_port
        threading.Thread(target=self._server.serve_forever, args=(0.02,), daemon=True).start()

    @abstractmethod
    def answer(self, asked: Asked) -> Answered:
        """What the party says to a request."""

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """All disks of a machine connect at once."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """A handler that is killed hangs up in the middle; that is no error of this server."""


class _Handler(BaseHTTPRequestHandler):
    owner: Party
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True
    timeout = LONGEST_READ_SECONDS

    def serve(self) -> None:
        observer = self.owner.observer
        at = observer.now()
        parts = urlsplit(self.path)
        length = self.headers.get("Content-Length", "0")
        size = int(length) if length.isdecimal() else 0
        if size > LARGEST_BODY_BYTES:
            self.close_connection = True
            return
        headers = [(key, value) for key, value in self.headers.items()]
        asked = Asked(self.command, parts.path, parts.query, headers, self.rfile.read(size), self.connection)
        answered = self.owner.answer(asked)
        observer.saw(
            Exchange(
                at=at,
                done_at=observer.now(),
                party=answered.party,
                what=answered.what,
                method=asked.method,
                path=asked.path,
                query=asked.query,
                headers=tuple(headers),
                body=asked.body.decode(errors="replace"),
                status=answered.status,
                answer=answered.body.decode(errors="replace"),
            )
        )
        if answered.afterwards is not None:
            answered.afterwards(self)
        elif answered.status == 0:
            self.close_connection = True
        else:
            self._send(answered)

    do_GET = do_PUT = do_POST = do_HEAD = do_DELETE = serve

    def _send(self, answered: Answered) -> None:
        self.send_response(answered.status)
        for name, value in answered.headers.items():
            self.send_header(name, value)
        if "Content-Length" not in answered.headers:
            self.send_header("Content-Length", str(len(answered.body)))
        self.end_headers()
        if self.command != "HEAD":
            self.wfile.write(answered.body)

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
