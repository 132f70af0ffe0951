"""Followers of the journal: many of them cost one, and those that read nothing cost nobody anything."""

from __future__ import annotations

import asyncio
import logging
import socket
from collections.abc import AsyncGenerator, Iterator, Sequence
from contextlib import ExitStack, contextmanager

import httpx
import pytest
from fastapi import FastAPI
from fastapi.responses import StreamingResponse

from controlplane.domain.events.event import Event, Names
from controlplane.port_wrappers import StoreWrapper
from controlplane.ports import Store
from simulator.bounds import Bounds
from simulator.control.followers import PAGE_EVENTS, Followers
from simulator.control.strictness import Refused
from simulator.serving import Serving
from tests.unit.controlplane.arm.arm_world import arm_world

FOLLOWERS = 40


class CountedStore(StoreWrapper):
    """Counts how often events are read."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.reads = 0

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        self.reads += 1
        return super().events(since, limit=limit, job=job, of=of)


@pytest.fixture
def store() -> Iterator[CountedStore]:
    with arm_world(catalogued=False) as world:
        yield CountedStore(world.ports.store)


async def until(told: AsyncGenerator[bytes], text: bytes) -> None:
    async for page in told:
        if text in page:
            return


def test_a_follower_is_woken_by_the_commit(store: CountedStore) -> None:
    async def follow() -> list[bytes]:
        told = Followers(store, look_seconds=3600).follow(0, None)
        first = await anext(told)
        waiting = asyncio.ensure_future(anext(told))
        await asyncio.to_thread(store.record, Event("wakes it", "service"))
        seen = [first, await asyncio.wait_for(waiting, 30)]
        await told.aclose()
        return seen

    seen = asyncio.run(follow())
    assert seen[0] == b": the journal\n\n"
    assert b"event: wakes it\n" in seen[1]


def test_followers_at_one_place_share_the_reading(store: CountedStore) -> None:
    for number in range(3 * PAGE_EVENTS):
        store.record(Event(f"event {number}", "service"))

    async def follow() -> None:
        followers = Followers(store, look_seconds=3600)
        streams = [followers.follow(0, None) for _ in range(FOLLOWERS)]
        ends = [asyncio.create_task(until(told, f"event {3 * PAGE_EVENTS - 1}\n".encode())) for told in streams]
        await asyncio.gather(*ends)
        assert store.reads < 3 * 4
        await asyncio.gather(*(told.aclose() for told in streams))

    asyncio.run(follow())


def test_only_so_many_follow_and_those_who_left_make_room(store: CountedStore) -> None:
    async def follow() -> None:
        followers = Followers(store, most=2, look_seconds=3600)
        store.record(Event("first", "service"))
        streams = [followers.follow(0, None) for _ in range(2)]
        for told in streams:
            await until(told, b"first")
        with pytest.raises(Refused, match="2 clients follow"):
            followers.follow(0, None)
        await streams[0].aclose()
        followers.follow(0, None)
        await streams[1].aclose()

    asyncio.run(follow())


def read_all(connection: socket.socket) -> None:
    while connection.recv(1_000_000):
        pass


@contextmanager
def served(store: Store) -> Iterator[Serving]:
    app, followers = FastAPI(), Followers(store, look_seconds=3600)

    @app.get("/events")
    async def events() -> StreamingResponse:
        return StreamingResponse(followers.follow(0, None), media_type="text/event-stream")

    @app.put("/events/{name}")
    def put(name: str) -> int:
        return store.record(Event(name, "service", {"text": "x" * 100_000}))

    serving = Serving(app, bounds=Bounds(send_seconds=0.5))
    try:
        yield serving
    finally:
        serving.close()


def test_followers_that_never_read_are_dropped_and_stop_neither_writers_nor_readers(
    store: CountedStore, caplog: pytest.LogCaptureFixture
) -> None:
    with ExitStack() as keep:
        keep.enter_context(caplog.at_level(logging.WARNING))
        serving = keep.enter_context(served(store))
        http = keep.enter_context(httpx.Client(base_url=serving.url, timeout=60, trust_env=False))
        for number in range(80):
            assert http.put(f"/events/early-{number}").status_code == 200
        silent = [keep.enter_context(socket.create_connection((serving.host, serving.port))) for _ in range(FOLLOWERS)]
        for connection in silent:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
            connection.sendall(b"GET /events HTTP/1.1\r\nHost: here\r\n\r\n")
        with httpx.Client(base_url=serving.url, timeout=60, trust_env=False) as reader:
            assert http.put("/events/late").status_code == 200
            with reader.stream("GET", "/events") as stream:
                assert next(line for line in stream.iter_lines() if line == "event: late")
        while sum("reads nothing" in record.message for record in caplog.records) < FOLLOWERS:
            assert http.put("/events/later").status_code == 200
        for connection in silent:
            connection.settimeout(60)
            with pytest.raises(ConnectionResetError):
                read_all(connection)
