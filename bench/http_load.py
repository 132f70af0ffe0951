"""One client for every server that is measured: requests over a few kept connections, and what the server spent.

The bytes of a request are made once and sent as they are, so that the client costs next to nothing and the same for
all. A server that closes its connections gets new ones.
"""

from __future__ import annotations

import re
import socket
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from time import perf_counter
from urllib.parse import urlsplit

import psutil

from controlplane.json_object import Json

CONNECTIONS = 4
TIMEOUT_SECONDS = 60.0
_LENGTH = re.compile(rb"\r\ncontent-length: *(\d+)", re.IGNORECASE)
_CLOSE = re.compile(rb"\r\nconnection: *close", re.IGNORECASE)


@dataclass(frozen=True)
class Load:
    """What came of a number of requests."""

    requests: int
    seconds: float
    cpu_seconds: float
    """Of the server's process."""
    latencies: Sequence[float]

    @property
    def per_second(self) -> float:
        return self.requests / self.seconds

    @property
    def cpu_milliseconds(self) -> float:
        return self.cpu_seconds / self.requests * 1000

    @property
    def p99_milliseconds(self) -> float:
        return sorted(self.latencies)[int(len(self.latencies) * 0.99)] * 1000

    def to_json(self) -> Json:
        return {
            "requests": self.requests,
            "requests_per_second": round(self.per_second, 1),
            "cpu_milliseconds_per_request": round(self.cpu_milliseconds, 3),
            "p99_milliseconds": round(self.p99_milliseconds, 2),
        }

    def __str__(self) -> str:
        return (
            f"{self.per_second:.0f} requests/s, {self.cpu_milliseconds:.3f} ms of processor each, "
            f"p99 {self.p99_milliseconds:.1f} ms"
        )


class Target:
    """A server on loopback, and its process."""

    def __init__(self, url: str, pid: int) -> None:
        parts = urlsplit(url)
        self.host, self.port = str(parts.hostname), int(parts.port or 80)
        self._process = psutil.Process(pid)

    def message(self, method: str, path: str, headers: Mapping[str, str] | None = None, body: bytes = b"") -> bytes:
        """A request as it goes over the wire."""
        every = {"Host": f"{self.host}:{self.port}", "Accept": "*/*", **(headers or {})}
        if body or method in {"PUT", "POST"}:
            every["Content-Length"] = str(len(body))
        lines = [f"{method} {path} HTTP/1.1", *(f"{name}: {value}" for name, value in every.items())]
        return "\r\n".join(lines).encode() + b"\r\n\r\n" + body

    def ask(self, message: bytes) -> tuple[int, bytes]:
        """Status and body of one answer."""
        connection = _Connection(self.host, self.port)
        try:
            connection.send(message)
            head, body = connection.receive()
            return int(head.split(b" ", 2)[1]), body
        finally:
            connection.close()

    def load(self, messages: Callable[[int], bytes], requests: int, status: bytes = b"200") -> Load:
        """Send the messages 0, 1, ... by turns over the connections; every answer must have that status."""
        connections = [_Connection(self.host, self.port) for _ in range(CONNECTIONS)]
        latencies: list[float] = []
        before, began = self.cpu_seconds(), perf_counter()
        try:
            sent = 0
            while sent < requests:
                batch = connections[: min(CONNECTIONS, requests - sent)]
                for connection in batch:
                    connection.send(messages(sent))
                    sent += 1
                for connection in batch:
                    head, body = connection.receive()
                    latencies.append(perf_counter() - connection.sent_at)
                    assert head.split(b" ", 2)[1] == status, (head + body)[:400]
        finally:
            for connection in connections:
                connection.close()
        return Load(requests, perf_counter() - began, self.cpu_seconds() - before, latencies)

    def cpu_seconds(self) -> float:
        times = self._process.cpu_times()
        return float(times.user + times.system)

    def memory_mebibytes(self) -> float:
        return float(self._process.memory_info().rss / 1024**2)


class _Connection:
    """A kept connection, opened anew where the server does not keep it."""

    def __init__(self, host: str, port: int) -> None:
        self._address = (host, port)
        self._socket: socket.socket | None = None
        self._rest = b""
        self.sent_at = 0.0

    def send(self, message: bytes) -> None:
        self.sent_at = perf_counter()
        if self._socket is None:
            self._open()
        assert self._socket
        self._socket.sendall(message)

    def receive(self) -> tuple[bytes, bytes]:
        """Head and body of the answer."""
        data = self._rest
        while b"\r\n\r\n" not in data:
            data += self._more()
        head, _, body = data.partition(b"\r\n\r\n")
        match = _LENGTH.search(head)
        length = int(match[1]) if match else 0
        while len(body) < length:
            body += self._more()
        self._rest = body[length:]
        if _CLOSE.search(head) or head.startswith(b"HTTP/1.0"):
            self.close()
        return head, body[:length]

    def close(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._socket, self._rest = None, b""

    def _open(self) -> None:
        self._socket = socket.create_connection(self._address, TIMEOUT_SECONDS)
        self._socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)

    def _more(self) -> bytes:
        assert self._socket
        data = self._socket.recv(1 << 18)
        if not data:
            raise ConnectionError("the server closed the connection in the middle of an answer")
        return data
