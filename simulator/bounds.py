"""The limits of every address on which this project listens.

A client is refused before the application behind a listener sees anything of it, and before anybody asks for a token:
for the size of its head or body, for slowness, for reading nothing, and for one connection too many. Times are real
time, since they are about connections.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace
from http import HTTPStatus

LISTENERS = 3
"""Of a world: ARM over HTTP and HTTPS, and the wire server."""
OTHER_DESCRIPTORS = 256
"""What a process opens besides: its store, connections to the storage, pipes of handlers, files of guests."""
FEWEST_CONNECTIONS = 16
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
    idle_seconds: int = 120
    """For which a connection waits for its next request. Longer than clients keep one that they do not use: httpx 5 s,
    Go's net/http 90 s. Ended earlier, it may end at the very moment at which its client asks again."""
    connections: int = 512
    """Open at once. Beyond, the one that has waited longest for its next request gives way, else the newest."""


def bounds_of_process(*, listeners: int = LISTENERS, descriptors_per_connection: int = 1) -> Bounds:
    """Those of every listener of this process: as many connections as it may open, shared among so many listeners."""
    return within_descriptors(_most_descriptors(), listeners * descriptors_per_connection)


def within_descriptors(most: int | None, shares: int) -> Bounds:
    """`most` is how many a process may open, None: any number. `shares` are what one connection everywhere takes."""
    bounds = Bounds()
    if most is None:
        return bounds
    connections = max((most - OTHER_DESCRIPTORS) // shares, FEWEST_CONNECTIONS)
    return replace(bounds, connections=min(connections, bounds.connections))


def _most_descriptors() -> int | None:
    if sys.platform == "win32":
        return None
    import resource

    most, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return None if most == resource.RLIM_INFINITY else most


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
