"""Those who follow the journal of events: each at its own pace, and all together at the cost of about one.

Nothing is queued for a follower: it takes the next page of the journal when it has sent the one before, so one that
reads slowly holds one page, and its listener drops it when it reads nothing at all (`simulator/bounds.py`). Followers
that are at the same place share the reading and the encoding of a page, which happens in a thread.
"""

from __future__ import annotations

import asyncio
import json
import threading
from collections.abc import AsyncGenerator, Iterator
from contextlib import contextmanager, suppress
from dataclasses import asdict, dataclass

from controlplane.domain.events.event import Event
from controlplane.json_object import Json
from controlplane.ports import Commit, Store
from simulator.control.strictness import Refused

MOST_FOLLOWERS = 64
"""At once, over all listeners of a world."""
PAGE_EVENTS = 200
PAGES_AT_ONCE = 2
"""Read and encoded at once for the followers of one listener."""
PAGES_KEPT = 8
"""For followers that are a little behind others."""
LOOK_SECONDS = 2.0
"""How often a follower's stream looks for events that another process recorded; those of this one wake it."""
GATHERING_SECONDS = 0.02
"""Real time that a woken follower waits, so that what many commits record in a row is one page."""

Page = tuple[int, bytes]
"""The number of its last event, and all of them as server-sent events."""


class Followers:
    """The followers of one world's journal."""

    def __init__(self, store: Store, most: int = MOST_FOLLOWERS, look_seconds: float = LOOK_SECONDS) -> None:
        self._store = store
        self._most = most
        self._look_seconds = look_seconds
        self._lock = threading.Lock()
        self._groups: dict[asyncio.AbstractEventLoop, _Group] = {}

    def follow(self, since: int, job: str | None) -> AsyncGenerator[bytes]:
        """Every event behind `since` as a server-sent event, until the client goes. Raises Refused at once when there
        are too many already."""
        if sum(group.followers for group in self._groups.values()) >= self._most:
            message = f"{self._most} clients follow the events already; end one of them"
            raise Refused(503, "TooManyFollowers", message)
        return self._stream(since, job)

    async def _stream(self, since: int, job: str | None) -> AsyncGenerator[bytes]:
        yield b": the journal\n\n"
        with self._member() as (group, recorded):
            while True:
                recorded.clear()  # before looking, so that what is recorded meanwhile is not missed
                last, content = await group.page(since, job)
                if content:
                    since = last
                    yield content
                    continue
                with suppress(TimeoutError):
                    await asyncio.wait_for(recorded.wait(), self._look_seconds)
                    await asyncio.sleep(GATHERING_SECONDS)

    @contextmanager
    def _member(self) -> Iterator[tuple[_Group, asyncio.Event]]:
        """One more follower in the group of this event loop, and what wakes it."""
        loop, recorded = asyncio.get_running_loop(), asyncio.Event()
        with self._lock:
            group = self._groups.get(loop)
            if group is None:
                group = self._groups[loop] = _Group(self._store, loop)
            group.add(recorded)
        try:
            yield group, recorded
        finally:
            with self._lock:
                group.remove(recorded)
                if not group.followers:
                    del self._groups[loop]


@dataclass
class _Group:
    """The followers of one listener: they live in one event loop."""

    store: Store
    loop: asyncio.AbstractEventLoop
    commits: int = 0
    """How many it has heard of: a page that was read before the last one may lack events."""

    def __post_init__(self) -> None:
        self._waiting: frozenset[asyncio.Event] = frozenset()
        self._pages: dict[tuple[int, int, str | None], asyncio.Task[Page]] = {}
        self._places = asyncio.Semaphore(PAGES_AT_ONCE)
        self._end = self.store.on_commit(self._committed)

    @property
    def followers(self) -> int:
        return len(self._waiting)

    def add(self, recorded: asyncio.Event) -> None:
        self._waiting |= {recorded}

    def remove(self, recorded: asyncio.Event) -> None:
        self._waiting -= {recorded}
        if not self._waiting:
            self._end()

    def _committed(self, commit: Commit) -> None:
        """Called by whoever commits, in its thread."""
        if commit.has_events:
            with suppress(RuntimeError):  # the loop has ended; whoever commits must not notice
                self.loop.call_soon_threadsafe(self._wake)

    def _wake(self) -> None:
        self.commits += 1
        self._pages.clear()
        for recorded in self._waiting:
            recorded.set()

    async def page(self, since: int, job: str | None) -> Page:
        """The events behind `since`; empty where there are none yet. Who asks for the same meanwhile gets the same."""
        key = (self.commits, since, job)
        task = self._pages.get(key)
        if task is None:
            while len(self._pages) >= PAGES_KEPT:
                del self._pages[next(iter(self._pages))]
            task = self._pages[key] = asyncio.ensure_future(self._read(since, job))
        page: Page = (since, b"")
        try:
            page = await asyncio.shield(task)
        finally:
            if not page[1]:
                self._pages.pop(key, None)  # the next one to ask looks again
        return page

    async def _read(self, since: int, job: str | None) -> Page:
        async with self._places:
            return await asyncio.to_thread(_page, self.store, since, job)


def _page(store: Store, since: int, job: str | None) -> Page:
    events = store.events(since, limit=PAGE_EVENTS, job=job)
    content = bytearray()
    for event in events:
        data = json.dumps(event_json(event), ensure_ascii=False)
        content += b"id: %d\nevent: %b\ndata: %b\n\n" % (event.id or 0, event.name.encode(), data.encode())
    return (events[-1].id or since) if events else since, bytes(content)


def event_json(event: Event) -> Json:
    """Id and version stand first."""
    time = event.time.isoformat() if event.time else None
    return {"id": event.id, "schema": event.schema, **asdict(event), "time": time}
