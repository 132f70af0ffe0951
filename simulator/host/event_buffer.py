"""Buffers events until the host writes them, so that no reporter of an event waits for the store."""

from __future__ import annotations

import time
from collections import deque

from controlplane.domain.events.event import Event, Fact
from controlplane.ports import Clock, Store


class EventBuffer:
    """Thread-safe. Events get their times when they happen, not when they are written."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[Event] = deque()

    def add(self, vm: str, fact: Fact) -> None:
        self._waiting.append(fact.event(vm=vm, time=self._clock.now(), monotonic_seconds=time.monotonic()))

    def write(self) -> None:
        """Record the buffered events in their order."""
        events = tuple(self._waiting)
        if not events:
            return
        with self._store.transaction():
            for event in events:
                self._store.record(event)
        for _ in events:  # removed only after the write, so that a failed one is tried again
            self._waiting.popleft()
