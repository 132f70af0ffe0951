"""Relays HTTP/1.1 between a client and the storage, a piece at a time, and does to each request what it is told.

Each connection of a client has one to the storage, which is opened as soon as the client's is: a client that connects
before a freeze has its whole way ready then. Bodies are passed on as they come, in pieces of at most 64 KiB, and a side
that reads slowly slows the other one down: nothing is held but one piece in each direction. Standard library only.
"""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping
from contextlib import suppress
from time import monotonic
from typing import NamedTuple

from simulator.gateway.messages import ANSWER, REQUEST, Answered, Outcome, Request, Verdict

PIECE_BYTES = 64 * 1024
HEAD_BYTES = 64 * 1024
"""The longest head of a request or an answer."""
STALL_SECONDS = 60.0
"""Real time for which either side may neither send nor read."""
IDLE_SECONDS = 4.0
"""Azurite drops a connection after five idle seconds; from here on another one is opened."""
DRAIN_SECONDS = 5.0
"""Real time for the rest of a body to which the gateway has answered already."""

EMPTY = frozenset({204, 304})
"""Statuses of answers that have no body."""

Streams = tuple[asyncio.StreamReader, asyncio.StreamWriter]


class Upstream(NamedTuple):
    """The storage."""

    host: str
    port: int
    secure: bool
    authority: str
    """As its own clients name it in `Host`."""

    async def open(self) -> Streams:
        context = ssl.create_default_context() if self.secure else None
        return await asyncio.wait_for(
            asyncio.open_connection(self.host, self.port, limit=HEAD_BYTES, ssl=context), STALL_SECONDS
        )


class NotHttp(Exception):
    """One side said something that is not HTTP/1.1, or its head is too long."""


class Head(NamedTuple):
    """First line and headers, as they came; names in lower case for looking up."""

    first: str
    lines: list[str]
    headers: Mapping[str, str]

    @property
    def is_chunked(self) -> bool:
        return self.headers.get("transfer-encoding", "").lower() == "chunked"

    @property
    def length(self) -> int | None:
        text = self.headers.get("content-length", "")
        return int(text) if text.isascii() and text.isdigit() else None

    @property
    def closes(self) -> bool:
        return self.headers.get("connection", "").lower() == "close"

    def replaced(self, values: Mapping[str, str], without: frozenset[str] = frozenset()) -> bytes:
        """The head with these headers in place of what it had, and without some."""
        gone = {*values, *without}
        kept = [line for line in self.lines if line.partition(":")[0].strip().lower() not in gone]
        added = [f"{name}: {value}" for name, value in values.items()]
        return "\r\n".join([self.first, *kept, *added, "", ""]).encode("latin-1")


async def read_head(reader: asyncio.StreamReader) -> Head | None:
    """None where the other side has ended instead."""
    try:
        raw = await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), STALL_SECONDS)
    except asyncio.IncompleteReadError as ended:
        if ended.partial:
            raise NotHttp from None
        return None
    except asyncio.LimitOverrunError:
        raise NotHttp from None
    first, *lines = raw.decode("latin-1")[:-4].split("\r\n")
    pairs = (line.partition(":") for line in lines)
    return Head(first, lines, {name.strip().lower(): value.strip() for name, _, value in pairs})


async def body_of(
    reader: asyncio.StreamReader, head: Head, piece_bytes: int, *, until_end: bool
) -> AsyncIterator[bytes]:
    """The body as it stands on the wire, chunks with their lengths. `until_end`: one without a length ends with the
    connection."""
    if head.is_chunked:
        async for piece in _chunks(reader, piece_bytes):
            yield piece
        return
    left = head.length
    if left is None and not until_end:
        return
    while left is None or left > 0:
        wanted = piece_bytes if left is None else min(left, piece_bytes)
        piece = await asyncio.wait_for(reader.read(wanted), STALL_SECONDS)
        if not piece:
            if left is None:
                return
            raise NotHttp
        left = None if left is None else left - len(piece)
        yield piece


async def _chunks(reader: asyncio.StreamReader, piece_bytes: int) -> AsyncIterator[bytes]:
    while True:
        line = await asyncio.wait_for(reader.readuntil(b"\r\n"), STALL_SECONDS)
        yield line
        try:
            left = int(line.partition(b";")[0], 16)
        except ValueError:
            raise NotHttp from None
        if left < 0:
            raise NotHttp
        if left == 0:
            while line not in {b"\r\n", b""}:  # trailers, and the empty line after them
                line = await asyncio.wait_for(reader.readline(), STALL_SECONDS)
                yield line
                if line == b"\r\n":
                    return
            return
        left += 2
        while left:
            piece = await asyncio.wait_for(reader.read(min(left, piece_bytes)), STALL_SECONDS)
            if not piece:
                raise NotHttp
            left -= len(piece)
            yield piece


Ask = Callable[[Request], Awaitable[tuple[Verdict, Callable[[Outcome], None]]]]
"""What is to become of a request, and whom to tell what became of it."""
Sleep = Callable[[float], Awaitable[None]]


class Connection:
    """One connection of a client."""

    def __init__(self, party: str, client: Streams, upstream: Upstream, ask: Ask, sleep: Sleep = asyncio.sleep) -> None:
        self._party = party
        self._reader, self._writer = client
        self._upstream = upstream
        self._ask = ask
        self._sleep = sleep
        self._storage: Streams | None = None
        self._used = 0.0
        self._received = self._sent = self._status = 0
        self._pace = 0.0

    async def serve(self) -> None:
        """Until either side ends it."""
        with suppress(OSError, TimeoutError):
            await self._open()
        try:
            while (head := await read_head(self._reader)) is not None:
                if not await self._one(head):
                    return
        except (OSError, TimeoutError, NotHttp, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
            self._abort()
        finally:
            self._close()

    async def _one(self, head: Head) -> bool:
        """One request; whether the connection stays for another one."""
        method, _, rest = head.first.partition(" ")
        target, _, version = rest.rpartition(" ")
        if not target.startswith("/") or not version.startswith("HTTP/1."):
            raise NotHttp
        began = monotonic()
        self._received = self._sent = self._status = 0
        verdict, tell = await self._ask(Request.of_target(self._party, method, target))
        end, stays = "broken", False
        try:
            end, stays = await self._carry_out(method, head, verdict)
        finally:
            spent = round((monotonic() - began) * 1000, 3)
            tell(Outcome(end, self._status, self._received, self._sent, spent))
        if end == "refused" and not stays:
            with suppress(TimeoutError, NotHttp, OSError, asyncio.IncompleteReadError, asyncio.LimitOverrunError):
                await asyncio.wait_for(self._drain_body(head), DRAIN_SECONDS)
        return stays and not head.closes and version == "HTTP/1.1"

    async def _carry_out(self, method: str, head: Head, verdict: Verdict) -> tuple[str, bool]:
        if verdict.delay_seconds:
            await self._sleep(verdict.delay_seconds)
            if self._reader.at_eof():
                return "client gone", False
        self._pace = verdict.bytes_per_second
        if verdict.cut == REQUEST:
            self._abort()
            return "cut", False
        if verdict.answer is not None:
            return "refused", await self._refuse(method, head, verdict.answer)
        if not await self._pass_on(head):
            self._abort()
            return "no storage", False
        return await self._bring_back(method, verdict)

    # --------------------------------------------------------------------------------------------------- to the storage

    async def _open(self) -> None:
        self._close_storage()
        self._storage = await self._upstream.open()
        self._used = monotonic()

    async def _pass_on(self, head: Head) -> bool:
        """Send the request; False: nobody takes it."""
        sent = head.replaced({"host": self._upstream.authority, "connection": "keep-alive"}, frozenset({"expect"}))
        try:
            if self._storage is None or self._is_stale(self._storage):
                await self._open()
            assert self._storage is not None, "it was opened"
            writer = self._storage[1]
            writer.write(sent)
            await self._flush(writer)
        except (OSError, TimeoutError):
            return False
        if "expect" in head.headers:
            self._writer.write(b"HTTP/1.1 100 Continue\r\n\r\n")
        async for piece in body_of(self._reader, head, self._piece_bytes, until_end=False):
            self._received += len(piece)
            await self._wait_for(len(piece))
            with suppress(ConnectionError):  # it may have answered already, and read no more
                writer.write(piece)
                await self._flush(writer)
        return True

    def _is_stale(self, storage: Streams) -> bool:
        reader, writer = storage
        return reader.at_eof() or writer.is_closing() or monotonic() - self._used > IDLE_SECONDS

    async def _bring_back(self, method: str, verdict: Verdict) -> tuple[str, bool]:
        assert self._storage is not None, "the request went there"
        reader = self._storage[0]
        head = await read_head(reader)
        while head is not None and head.first.partition(" ")[2].startswith("1"):
            head = await read_head(reader)
        if head is None:
            self._abort()
            return "no storage", False
        self._status = int(head.first.partition(" ")[2][:3] or 0)
        limit = verdict.after_bytes if verdict.cut == ANSWER else None
        if not await self._give(head.replaced({}), limit):
            return "cut", False
        if method != "HEAD" and self._status not in EMPTY:
            async for piece in body_of(reader, head, self._piece_bytes, until_end=True):
                await self._wait_for(len(piece))
                if not await self._give(piece, limit):
                    return "cut", False
        if limit is not None:
            self._abort()
            return "cut", False
        self._used = monotonic()
        has_end = head.is_chunked or head.length is not None or self._status in EMPTY
        return "answered", has_end and not head.closes

    async def _give(self, piece: bytes, limit: int | None) -> bool:
        """Some of the answer; False: it was cut within."""
        part = piece if limit is None else piece[: max(0, limit - self._sent)]
        self._sent += len(part)
        self._writer.write(part)
        await self._flush(self._writer)
        if len(part) < len(piece):
            await self._sleep(0)  # what was written is on its way
            self._abort()
            return False
        return True

    # ------------------------------------------------------------------------------------------------ in its own name

    async def _refuse(self, method: str, head: Head, answer: Answered) -> bool:
        """Answer in the storage's place; whether the connection stays."""
        content = answer.content
        has_body = head.is_chunked or bool(head.length)
        headers = {**answer.headers, "Content-Length": str(len(content))}
        if has_body:
            headers["Connection"] = "close"
        lines = [f"HTTP/1.1 {answer.status} {answer.reason}", *(f"{name}: {value}" for name, value in headers.items())]
        told = "\r\n".join([*lines, "", ""]).encode("latin-1") + (b"" if method == "HEAD" else content)
        self._status = answer.status
        self._sent += len(told)
        self._writer.write(told)
        await self._flush(self._writer)
        return not has_body

    async def _drain_body(self, head: Head) -> None:
        """A client that still sends would not read an answer before a reset."""
        async for _ in body_of(self._reader, head, PIECE_BYTES, until_end=False):
            pass

    # ------------------------------------------------------------------------------------------------------ underneath

    @property
    def _piece_bytes(self) -> int:
        """Ten pieces each second, where it goes slowly."""
        return PIECE_BYTES if not self._pace else max(1, min(PIECE_BYTES, int(self._pace / 10)))

    async def _wait_for(self, size: int) -> None:
        if self._pace:
            await self._sleep(size / self._pace)

    async def _flush(self, writer: asyncio.StreamWriter) -> None:
        if writer.transport.get_write_buffer_size():
            await asyncio.wait_for(writer.drain(), STALL_SECONDS)

    def _abort(self) -> None:
        """End the client's connection at once, without a word."""
        self._writer.transport.abort()

    def _close_storage(self) -> None:
        if self._storage is not None:
            self._storage[1].close()
            self._storage = None

    def _close(self) -> None:
        self._close_storage()
        self._writer.close()
