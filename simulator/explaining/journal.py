"""Reads a story out of the journal: the events of a job, what they follow from, and the faults that acted meanwhile."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import Event, Names
from controlplane.domain.events.faults import FaultHit
from controlplane.ports import Store

PAGE = 1000
LONGEST_STORY = 20_000
"""Events that are read at most for one question."""
OF_A_POINT = frozenset(name for name, kind in CATALOGUE.items() if "point" in kind.__annotations__)
"""The kinds of events that name a recovery point. The journal has no index to find those of one point by, so all of
these kinds are read, and no others."""


def of_job(store: Store, job: str) -> list[Event]:
    """What the journal tells of a job, by the numbers of the events: its causes, its own events, and faults that acted
    upon its machine. Empty where the journal knows nothing of the job."""
    own = list(_pages(store, 0, job, LONGEST_STORY))
    if not own:
        return []
    hits = _hits(store, own)
    return sorted([*_causes(store, own[0]), *own, *hits], key=lambda event: event.id)


def of_point(store: Store, point: str, since: int) -> list[Event]:
    """What became of a recovery point after the event `since`, whoever did it. `point` is its name."""
    told = _pages(store, since, None, LONGEST_STORY, OF_A_POINT)
    return [event for event in told if event.data.get("point") == point]


def _causes(store: Store, event: Event) -> list[Event]:
    """What an event follows from, back to what began the story."""
    causes: list[Event] = []
    while event.parent is not None:
        found = store.events(event.parent - 1, limit=1)
        if not found or found[0].id != event.parent:
            break
        event = found[0]
        causes.append(event)
    return causes


def _hits(store: Store, own: Sequence[Event]) -> list[Event]:
    vm = next((event.vm for event in own if event.vm is not None), None)
    if vm is None:
        return []
    hits = []
    for event in _pages(store, own[0].id, None, LONGEST_STORY, (FaultHit.NAME,)):
        if event.id > own[-1].id:
            break
        if event.job is None and (event.vm or "").lower() == vm.lower():
            hits.append(event)
    return hits


def _pages(store: Store, since: int, job: str | None, most: int, of: Names = ()) -> Iterator[Event]:
    while most > 0 and (page := store.events(since, limit=min(PAGE, most), job=job, of=of)):
        yield from page
        since, most = page[-1].id, most - len(page)
