"""A page of the journal of events, told in the order in which things happened."""

from __future__ import annotations

from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.control.followers import event_json
from simulator.explaining.story import in_order


def page(store: Store, since: int, limit: int, job: str | None) -> Json:
    """The first events behind number `since`, at most `limit`: `{"events", "last"}`.

    Which events are on the page goes by their numbers, so that pages neither repeat nor miss one. Within the page they
    stand by the time at which they happened. `last` is the highest number on the page, the next page's `since`; it is
    `since` itself where there is nothing more.
    """
    events = store.events(since, limit=limit, job=job)
    last = max((event.id for event in events), default=since)
    return {"events": [event_json(event) for event in in_order(events)], "last": last}
