"""Documents of the alerts that Azure Backup fires."""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from controlplane.domain.events.event import Event, Fact
from controlplane.domain.events.monitoring import AlertFired, AlertState
from controlplane.domain.monitoring import alert
from controlplane.domain.monitoring.alert import Alert
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Document, Store

MOST_CHANGES = 1000
"""So many changes an alert's history keeps, the latest."""
AGES = "monitoring.alert_age"
"""Kind of the notes by which the oldest alert is found: their ids begin with the time at which it was fired."""
Tell = Callable[[Fact], Event]
"""Makes the event of a fact: with the job it belongs to, and what it follows from."""


def fire(store: Store, fired: Alert, tell: Tell) -> None:
    """Inside the transaction that gives the reason. What was fired already is left as its users have it."""
    if store.get(alert.KIND, fired.id) is not None:
        return
    private = {"history": [alert.creation(fired.fired)]}
    store.put(alert.KIND, fired.id, alert.body(fired), parent=fired.subject.vault, private=private)
    store.put(AGES, f"{instant(fired.fired)}|{fired.number}", {}, private={"alert": fired.id})
    _forget_what_is_over(store, fired.fired)
    store.record(tell(AlertFired(fired.number, fired.rule.name, fired.rule.severity, fired.subject.vault)))


def change_state(store: Store, document: Document, state: str, now: datetime, user: str, comment: str) -> Json:
    """Give an alert a state, inside the caller's transaction; returns its body."""
    body = document.json()
    old = alert.essentials(body)["alertState"]
    changed = alert.in_state(body, state, now, user)
    history = [*document.private["history"], alert.change_of_state(old, state, now, user, comment)]
    store.put(alert.KIND, document.id, changed, private={"history": history[-MOST_CHANGES:]})
    store.record(AlertState(body["id"].rpartition("/")[2], state).event())
    return changed


def _forget_what_is_over(store: Store, now: datetime) -> None:
    """Alerts are shown for thirty days. Each new one takes at most two away, so that there are never more than were
    fired in that time."""
    for note in store.find(AGES, limit=2):
        document = store.get(alert.KIND, note.private["alert"])
        if document is not None and not alert.is_over(document.json(), now):
            return
        store.delete(alert.KIND, note.private["alert"])
        store.delete(AGES, note.id)
