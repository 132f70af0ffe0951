"""Documents of the sessions in which the files of a recovery point can be read."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain import errors
from controlplane.domain.due import Due
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.ports import Document, Ports, Store

KIND = "item.recovery"
SESSION = "session"
"""Kind of what is due: the end of one."""


@dataclass(frozen=True, slots=True)
class Session:
    """`id` is that of the operation that began it."""

    id: str
    point: str
    until: datetime
    password: str
    begun: int | None = None
    """The event of its beginning; None for one that an early release began."""

    def is_over(self, now: datetime) -> bool:
        return self.until <= now


def dues(store: Store) -> Iterator[Due]:
    """The end of each session. Those of one recovery point are told together."""
    for document in store.find(KIND):
        session = _session(document)
        yield Due(session.until, SESSION, session.point)


def forget_what_is_over(ports: Ports) -> None:
    """Tell it once for each recovery point."""
    now = ports.clock.now()
    if not any(_session(each).is_over(now) for each in ports.store.find(KIND)):
        return
    with ports.store.transaction():
        over = [each for each in ports.store.find(KIND) if _session(each).is_over(now)]
        end(ports.store, over)
        for point in sorted({_session(each).point for each in over}):
            ports.store.record(events.ItemRecoveryEnded(point.rpartition("/")[2]).event())


def find(ports: Ports, id: str) -> Session:
    """The session; a 404 after it has ended."""
    document = ports.store.get(KIND, id)
    session = _session(document) if document else None
    if session is None or session.is_over(ports.clock.now()):
        raise errors.operation_not_found(id)
    return session


def active_points(store: Store, item: str, now: datetime) -> set[str]:
    """The ids, in lower case, of an item's recovery points whose files are being recovered."""
    sessions = (_session(document) for document in store.find(KIND, item))
    return {session.point.lower() for session in sessions if not session.is_over(now)}


def of_point(store: Store, point: RecoveryPoint) -> list[Document]:
    documents = store.find(KIND, point.item)
    return [document for document in documents if _session(document).point.lower() == point.document.lower()]


def end(store: Store, sessions: list[Document]) -> None:
    for document in sessions:
        store.delete(KIND, document.id)


def _session(document: Document) -> Session:
    private = document.private
    until = datetime.fromisoformat(private["until"])
    return Session(document.id, private["point"], until, private["password"], private.get("begun"))
