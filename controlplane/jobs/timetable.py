"""What the service does by itself, by the world's clock: backups that are due, and the end of what is over.

An item remembers up to which time its schedule has been dealt with. It begins when the item comes under a policy, so
the first backup is that of the next due time; of several that passed unseen, in a jump of time or while no service ran,
only the last is made up for: the others would show the machine as it is now, too.
"""

from __future__ import annotations

from dataclasses import replace
from datetime import datetime, timedelta
from threading import Lock

from controlplane.caused_ports import CausedStore
from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import protected_item, schedule
from controlplane.domain.recovery_services.schedule import Run
from controlplane.jobs.backup import backup
from controlplane.jobs.documents import sessions
from controlplane.jobs.retention import archive, deleted_vaults, expiry, snapshots
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, PortError, Ports, Store

LOOK_SECONDS = 60.0
EXPIRY_EVERY = timedelta(hours=1)


class Timetable:
    """Looks at all items each minute of world time until it is closed."""

    def __init__(self, ports: Ports, engine: Engine) -> None:
        self._ports = ports
        self._engine = engine
        self._running = Lock()
        self._closed = False
        self._next_expiry = ports.clock.now()
        self._looked: datetime | None = None
        """When this process looked last: whatever was due before has been dealt with, whatever policies say now."""
        self._end = ports.clock.every(LOOK_SECONDS, self._look)

    def close(self) -> None:
        """Wait for the look that is going on; there is none after it."""
        self._closed = True
        self._end()
        with self._running:
            pass

    def _look(self) -> None:
        with self._running:
            if self._closed:
                return
            now = self._ports.clock.now()
            snapshots.delete_late(self._ports)
            # First, since what a backup works on is left alone.
            if now >= self._next_expiry:
                self._next_expiry = now + EXPIRY_EVERY
                ports = replace(self._ports, store=CausedStore(self._ports.store, events.RetentionDue().event()))
                expiry.remove_what_is_over(ports, lambda: not self._closed)
                sessions.forget_what_is_over(ports)
                archive.tend(ports, self._engine, lambda: not self._closed)
                deleted_vaults.purge_what_is_over(ports)
            self._back_up_what_is_due(now)
            self._looked = now

    def _back_up_what_is_due(self, now: datetime) -> None:
        policies: dict[str, Json] = {}
        for item in self._ports.store.find(protected_item.KIND):
            body = item.json()
            if self._closed or protected_item.state_of(body) not in protected_item.BACKED_UP:
                continue
            id = body["properties"]["policyId"]
            if id not in policies:
                policies[id] = expiry.policy_of(self._ports.store, id)
            dealt_with = [time for time in (protected_item.scheduled_until(item.private), self._looked) if time]
            since = max(dealt_with, default=now)
            run = schedule.last_run(policies[id], since, now) if policies[id] else None
            if run is not None:
                self._back_up(item, policies[id], run)

    def _back_up(self, item: Document, properties: Json, run: Run) -> None:
        """The note that a due time is dealt with appears with the job, so that it has one job at most."""
        body, due = item.json(), run.due.isoformat()
        vm = body["properties"]["sourceResourceId"]
        store = CausedStore(self._ports.store, events.ScheduleDue(body["id"], due).event(vm=vm))
        try:
            with store.transaction():
                if _note_dealt_with(store, item.id, run):
                    backup.back_up_as_due(replace(self._ports, store=store), self._engine, item, properties, run)
        except (ServiceError, PortError) as error:
            reason = error.code if isinstance(error, ServiceError) else str(error)
            skipped = events.BackupSkipped(body["id"], due, reason)
            with store.transaction():
                _note_dealt_with(store, item.id, run)
                store.record(skipped.event(vm=vm))


def _note_dealt_with(store: Store, item: str, run: Run) -> bool:
    """False if somebody else was first, or the item is gone."""
    document = store.get(protected_item.KIND, item)
    dealt_with = protected_item.scheduled_until(document.private) if document else run.due
    if document is None or (dealt_with is not None and dealt_with >= run.due):
        return False
    private = protected_item.with_schedule_until(document.private, run.due)
    store.put(protected_item.KIND, item, document.json(), private=private)
    return True
