"""A page of the journal of events, told in the order in which things happened."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime

from controlplane.domain.events.event import Event
from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.control.followers import event_json

_BEGINNING = datetime.min.replace(tzinfo=UTC)


def page(store: Store, since: int, limit: int, job: str | None) -> Json:
    """The first events behind number `since`, at most `limit`: `{"events", "last"}`.

    Which events are on the page goes by their numbers, so that pages neither repeat nor miss one. Within the page they
    stand by the time at which they happened. `last` is the highest number on the page, the next page's `since`; it is
    `since` itself where there is nothing more.
    """
    events = store.events(since, limit=limit, job=job)
    last = max((event.id for event in events), default=since)
    return {"events": [event_json(event) for event in in_order(events)], "last": last}


def in_order(events: Sequence[Event]) -> list[Event]:
    """By world time, then monotonic time, then number; an event never stands before the one that it follows from.

    The numbers alone do not tell the story: machines tell their events in batches, later than they happened. `events`
    come by their numbers.
    """
    moments: dict[int, tuple[datetime, float]] = {}
    """Of each event, or of its parent where that one is later by its own account."""
    for event in events:
        moment = (event.time or _BEGINNING, event.monotonic_seconds)
        moments[event.id] = max(moment, moments.get(event.parent or 0, moment))
    return sorted(events, key=lambda event: (*moments[event.id], event.id))
