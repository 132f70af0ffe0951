"""What listens in a machine's namespace is served here, outside of it: its wire server, and its way to the storage.

A namespace is alone with its machine, so requests to the wire server get here what the shared address asks for: the
machine's prefix and its token. Requests to the storage pass as they are, but for the agent's own status blob: it is
refused, as by a network that lets no machine reach that, so that the agent reports through its host as it does then.
Each connection carries one request to the wire server, and any number of them to the storage.
"""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from contextlib import suppress

PIECE_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
"""The longest head of a request."""
HEAD_SECONDS = 60.0
"""Real time in which the head of a request has to come."""
MOST_CONNECTIONS = 64
REPLACED = (b"authorization:", b"connection:")
REFUSED = b"HTTP/1.1 403 Forbidden\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"
BAD = b"HTTP/1.1 400 Bad Request\r\nContent-Length: 0\r\nConnection: close\r\n\r\n"

Serve = Callable[[asyncio.StreamReader, asyncio.StreamWriter], Awaitable[None]]


def to_wire(head: bytes, prefix: str, token: str) -> bytes | None:
    """The head of a request as the shared wire server wants it; None for what is no request."""
    first, *lines = head.removesuffix(b"\r\n\r\n").split(b"\r\n")
    words = first.split(b" ")
    if len(words) != 3 or not words[1].startswith(b"/"):
        return None
    start = prefix.encode()
    if words[1] != start and not words[1].startswith(start + b"/"):
        words[1] = start + words[1]
    kept = [line for line in lines if not line.lower().startswith(REPLACED)]
    added = [b"Authorization: Bearer " + token.encode(), b"Connection: close"]
    return b"\r\n".join([b" ".join(words), *kept, *added, b"", b""])


def to_storage(head: bytes, status_path: str) -> bytes | None:
    """The head of a request to the storage as it is; None for the agent's own status."""
    words = head.split(b"\r\n", 1)[0].split(b" ")
    path = words[1].partition(b"?")[0] if len(words) == 3 else b""
    return None if words[0] == b"PUT" and status_path and path == status_path.encode() else head


class Relay:
    """Serves one address of a namespace. `changed` makes of a request's head what is sent on; None refuses it."""

    def __init__(self, host: str, port: int, changed: Callable[[bytes], bytes | None]) -> None:
        self._host, self._port, self._changed = host, port, changed
        self._free = asyncio.Semaphore(MOST_CONNECTIONS)

    async def serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        async with self._free:
            with suppress(OSError, TimeoutError, asyncio.IncompleteReadError):
                await self._serve(reader, writer)
            writer.close()

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            head = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), HEAD_SECONDS)
        except asyncio.LimitOverrunError:
            writer.write(BAD)
            return
        sent = self._changed(head)
        if sent is None:
            writer.write(REFUSED)
            await writer.drain()
            return
        there, back = await asyncio.open_connection(self._host, self._port)
        back.write(sent)
        passing = [asyncio.ensure_future(_pass(reader, back)), asyncio.ensure_future(_pass(there, writer))]
        try:
            await asyncio.wait(passing, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for each in passing:
                each.cancel()
            await asyncio.gather(*passing, return_exceptions=True)
            back.close()


async def _pass(source: asyncio.StreamReader, target: asyncio.StreamWriter) -> None:
    while piece := await source.read(PIECE_BYTES):
        target.write(piece)
        await target.drain()
