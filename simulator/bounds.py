"""The limits of every address on which this project listens.

A client is refused before the application behind a listener sees anything of it, and before anybody asks for a token:
for the size of its head or body, for slowness, for reading nothing, and for one connection too many. Times are real
time, since they are about connections.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from http import HTTPStatus

MEBIBYTE = 1024 * 1024


@dataclass(frozen=True)
class Bounds:
    """What one listener takes."""

    head_bytes: int = 64 * 1024
    """Of a request line with all its headers, and of the trailers of a body."""
    body_bytes: int = 4 * MEBIBYTE
    """Of the body of a request: as much as Azure Resource Manager takes."""
    all_bodies_bytes: int = 64 * MEBIBYTE
    """Of all bodies that are held at once."""
    head_seconds: float = 30.0
    """From the first byte, or the connection, to the end of a request's head."""
    body_seconds: float = 60.0
    """From there to the end of its body."""
    send_seconds: float = 30.0
    """Within which a client must have read something of what waits for it."""
    connections: int = 512
    """Open at once. Beyond, the one that has waited longest for its next request gives way, else the newest."""


BOUNDS = Bounds()
"""Those of every listener."""


@dataclass(frozen=True)
class RefusalText:
    """What a refused client is told, in the form of the party that it asked."""

    content_type: bytes
    body: bytes
    headers: tuple[tuple[bytes, bytes], ...] = ()


Refuse = Callable[[HTTPStatus, str], RefusalText]
"""(status, sentence) -> the answer."""


def plainly(status: HTTPStatus, sentence: str) -> RefusalText:
    return RefusalText(b"text/plain; charset=utf-8", sentence.encode())
