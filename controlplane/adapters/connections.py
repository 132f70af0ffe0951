"""Kept HTTP connections: borrowed for one exchange, given back when it ended well."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from http.client import HTTPConnection, HTTPException, HTTPResponse, HTTPSConnection
from threading import Lock
from time import monotonic
from urllib.parse import urlsplit

from controlplane.ports import StorageUnavailable

TIMEOUT_SECONDS = 60.0
IDLE_SECONDS = 4.0
"""Azurite drops a connection after five idle seconds, whatever it is asked."""


class Connections:
    """A pool for all threads. The newest idle connection goes out first, so that few stay open."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._idle: dict[str, list[tuple[float, HTTPConnection]]] = {}

    @contextmanager
    def exchange(
        self,
        verb: str,
        origin: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | bytearray | memoryview | None = None,
    ) -> Iterator[HTTPResponse]:
        """The answer to one request, which must be safe to send twice; its body is read inside the `with`."""
        connection, response = self._send(verb, origin, target, headers, body)
        broken = False
        try:
            yield response
        except (HTTPException, OSError) as problem:
            broken = True
            raise StorageUnavailable(f"{origin} ended its response early ({type(problem).__name__})") from None
        finally:
            if broken or response.will_close or not response.isclosed():
                connection.close()
            else:
                with self._lock:
                    self._idle.setdefault(origin, []).append((monotonic(), connection))

    def close(self) -> None:
        with self._lock:
            for idle in self._idle.values():
                for _, connection in idle:
                    connection.close()
            self._idle.clear()

    def _send(
        self,
        verb: str,
        origin: str,
        target: str,
        headers: Mapping[str, str],
        body: bytes | bytearray | memoryview | None,
    ) -> tuple[HTTPConnection, HTTPResponse]:
        """A kept connection may have been closed by the other side at this very moment: then once more on a new one."""
        while True:
            kept = self._take(origin)
            connection = kept or _connect(origin)
            try:
                connection.request(verb, target, body, dict(headers))
                return connection, connection.getresponse()
            except (HTTPException, OSError) as problem:
                connection.close()
                if kept is None or isinstance(problem, TimeoutError):
                    raise StorageUnavailable(f"{origin} does not answer ({type(problem).__name__})") from None
            except BaseException:
                connection.close()
                raise

    def _take(self, origin: str) -> HTTPConnection | None:
        oldest = monotonic() - IDLE_SECONDS
        with self._lock:
            idle = self._idle.get(origin, [])
            while idle and idle[0][0] < oldest:
                idle.pop(0)[1].close()
            return idle.pop()[1] if idle else None


def _connect(origin: str) -> HTTPConnection:
    parts = urlsplit(origin)
    kind = HTTPSConnection if parts.scheme == "https" else HTTPConnection
    return kind(parts.netloc, timeout=TIMEOUT_SECONDS)
