"""How long a request is delayed and how slowly it goes, by a sleep that a test counts."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import pytest

from simulator.gateway.messages import Outcome, Request, Verdict
from simulator.gateway.relay import Connection, Upstream

SIZE = 100_000


class Counted:
    """A client, the relay and a storage that answers with so many bytes, all on one loop."""

    def __init__(self, verdict: Verdict) -> None:
        self.verdict = verdict
        self.slept: list[float] = []
        self.outcomes: list[Outcome] = []
        self.received = 0
        self.waits_for_its_end: asyncio.StreamReader | None = None
        """The client's stream, which is to end while a request is delayed."""

    async def _sleep(self, seconds: float) -> None:
        self.slept.append(seconds)
        while self.waits_for_its_end and not self.waits_for_its_end.at_eof():
            await asyncio.sleep(0)

    async def _ask(self, request: Request) -> tuple[Verdict, Callable[[Outcome], None]]:
        return self.verdict, self.outcomes.append

    async def _storage(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        await reader.readuntil(b"\r\n\r\n")
        self.received = len(await reader.readexactly(SIZE))
        writer.write(f"HTTP/1.1 200 OK\r\nContent-Length: {SIZE}\r\n\r\n".encode() + b"a" * SIZE)
        await writer.drain()

    async def run(self, *, goes: bool = False) -> int:
        """How much of the body came back. `goes`: the client hangs up after its request."""
        storage = await asyncio.start_server(self._storage, "127.0.0.1", 0)
        port = storage.sockets[0].getsockname()[1]
        upstream = Upstream("127.0.0.1", port, False, f"127.0.0.1:{port}")
        ended: asyncio.Future[None] = asyncio.get_running_loop().create_future()

        async def serve(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            if goes:
                self.waits_for_its_end = reader
            await Connection("guest one", (reader, writer), upstream, self._ask, self._sleep).serve()
            ended.set_result(None)

        relay = await asyncio.start_server(serve, "127.0.0.1", 0)
        reader, writer = await asyncio.open_connection("127.0.0.1", relay.sockets[0].getsockname()[1])
        body = b"" if goes else b"b" * SIZE
        writer.write(f"PUT /a/b/c HTTP/1.1\r\nContent-Length: {len(body)}\r\n\r\n".encode() + body)
        content = b""
        if not goes:
            await reader.readuntil(b"\r\n\r\n")
            content = await reader.readexactly(SIZE)
        writer.close()
        await ended
        relay.close()
        storage.close()
        return len(content)


def test_a_pace_holds_for_both_directions() -> None:
    counted = Counted(Verdict(bytes_per_second=1000))
    assert asyncio.run(counted.run()) == SIZE
    assert counted.received == SIZE
    assert sum(counted.slept) == pytest.approx(2 * SIZE / 1000)
    assert max(counted.slept) <= 0.1


def test_a_delay_comes_once_and_before_the_request() -> None:
    counted = Counted(Verdict(delay_seconds=3))
    assert asyncio.run(counted.run()) == SIZE
    assert counted.slept == [3]


def test_what_nobody_waits_for_any_more_is_not_passed_on() -> None:
    counted = Counted(Verdict(delay_seconds=3))
    asyncio.run(counted.run(goes=True))
    assert [outcome.end for outcome in counted.outcomes] == ["client gone"]
    assert counted.received == 0
