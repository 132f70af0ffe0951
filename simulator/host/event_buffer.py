"""Keeps events until the host has time to write them down, so that whoever tells one never waits for the store."""

from __future__ import annotations

import time
from collections import deque
from dataclasses import dataclass, replace

from controlplane.domain.events.event import Cause, Event, Fact
from controlplane.ports import Clock, Store


@dataclass(eq=False, slots=True)
class Told:
    """An event that was told. What follows from it may refer to it before it has a number."""

    event: Event
    parent: Told | Cause | None
    id: int = 0
    """0: it is not written yet."""

    @property
    def job(self) -> str | None:
        return self.event.job


class EventBuffer:
    """Thread-safe. Events get their times when they happen, their numbers when they are written, in the same order."""

    def __init__(self, store: Store, clock: Clock) -> None:
        self._store = store
        self._clock = clock
        self._waiting: deque[Told] = deque()

    def add(self, vm: str | None, fact: Fact, parent: Told | Cause | None) -> Told:
        """An event, as a rule of a machine, which belongs to the job that its parent belongs to."""
        event = fact.event(
            vm=vm, job=parent.job if parent else None, time=self._clock.now(), monotonic_seconds=time.monotonic()
        )
        told = Told(event, parent)
        self._waiting.append(told)
        return told

    def write(self) -> None:
        """Record the buffered events in their order."""
        batch = tuple(self._waiting)
        if not batch:
            return
        ids: dict[Told, int] = {}
        with self._store.transaction():
            for told in batch:
                ids[told] = self._store.record(replace(told.event, parent=_id_of(told.parent, ids)))
        for told in batch:  # only after the write, so that a failed one is tried again
            told.id, told.parent = ids[told], None
            self._waiting.popleft()


def _id_of(parent: Told | Cause | None, ids: dict[Told, int]) -> int | None:
    if parent is None:
        return None
    return parent.event if isinstance(parent, Cause) else ids.get(parent) or parent.id
