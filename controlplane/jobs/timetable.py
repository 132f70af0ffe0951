"""What the service does by itself, by the world's clock: backups that are due, and the end of what is over.

It is a calendar: it says when something is to be done next, and does everything that is due when it is called. It has
no clock of its own; whoever drives the world's calls it at its next instant, with the time at that instant or past it.

An item remembers up to which time its schedule has been dealt with. It begins when the item comes under a policy, so
the first backup is that of the next due time; of several that passed unseen, in a jump of time or while no service ran,
only the last is made up for: the others would show the machine as it is now, too.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace
from datetime import datetime
from threading import Lock

from controlplane.caused_ports import CausedStore
from controlplane.domain.due import Due
from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.schedule import Run
from controlplane.jobs import ahead
from controlplane.jobs.ahead import Ahead, item_of, schedule_of
from controlplane.jobs.backup import due as scheduled
from controlplane.jobs.backup import retries
from controlplane.jobs.backup.retries import Retry
from controlplane.jobs.documents import sessions
from controlplane.jobs.protection import security_alerts
from controlplane.jobs.retention import archive, deleted_vaults, expiry, snapshots
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, PortError, Ports, Store


class Timetable:
    """The calendar of one world. `next_due` and `run` are for one thread at a time, `until` for any."""

    def __init__(self, ports: Ports, engine: Engine) -> None:
        self._ports = ports
        self._engine = engine
        self._running = Lock()
        self._closed = False
        self._ahead = Ahead(ports)

    def close(self) -> None:
        """Wait for what is being done; nothing is after it."""
        self._closed = True
        with self._running:
            self._ahead.close()

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a commit may have changed `next_due`, in the thread that committed."""
        self._ahead.watch(changed)

    def next_due(self) -> datetime | None:
        """World time at which something is to be done next; one that has passed: at once. None: nothing lies ahead.
        PortError where the store does not answer."""
        return None if self._closed else self._ahead.next_time()

    def until(self, end: datetime) -> Iterator[Due]:
        """What is due until then, in order, as far as it is known now. Nothing is done."""
        return self._ahead.until(end)

    def run(self) -> Sequence[Due]:
        """Do everything that is due by now, in order; what was done. Jobs are begun and not waited for. What could not
        be done is tried again later, by the rule of `ahead`. PortError where the store does not answer."""
        with self._running:
            now = self._ports.clock.now()
            return _Round(self._ports, self._engine, self._ahead, now, lambda: not self._closed).run()


class _Round:
    """What is done at one instant. All of it but the backups follows from one event, which is recorded with the first
    of it."""

    def __init__(
        self, ports: Ports, engine: Engine, lies_ahead: Ahead, now: datetime, go_on: Callable[[], bool]
    ) -> None:
        self._ports = ports
        self._caused = replace(ports, store=CausedStore(ports.store, events.RetentionDue().event()))
        self._engine = engine
        self._ahead = lies_ahead
        self._now = now
        self._go_on = go_on
        self._seen_to: set[tuple[str, str]] = set()
        """Of what everything that is over was taken in this pass."""
        self._skipped: set[Due] = set()

    def run(self) -> list[Due]:
        done: list[Due] = []
        while self._go_on() and (dues := self._ahead.due_by(self._now)):
            self._seen_to.clear()
            # First what is over, since what a backup works on is left alone.
            tried = {due: self._try(due) for due in sorted(dues, key=_order) if self._is_its_turn(due)}
            left = self._ahead.still([due for due, begun in tried.items() if begun is None], self._now)
            done += [begun or due for due, begun in tried.items() if due not in left]
        return done

    def _is_its_turn(self, due: Due) -> bool:
        """What something else works on comes back with the commit that frees it."""
        if not self._go_on():
            return False
        if due.kind in ahead.LEFT_ALONE and expiry.is_used(self._ports.store, item_of(due)):
            if due in self._skipped:
                self._ahead.note_busy(due, self._now)
            self._skipped.add(due)
            return False
        return True

    def _try(self, due: Due) -> Due | None:
        """Do it, and note that it was tried. A job that was begun is done with: as such it is returned."""
        self._ahead.note_tried(due, self._now)
        try:
            return self._do(due)
        except PortError as problem:
            logging.getLogger("timetable").error("%s of %s is left until later: %s", due.kind, due.what, problem)
            return None

    def _do(self, due: Due) -> Due | None:
        ports, item = self._caused, item_of(due)
        if due.kind == ahead.BACKUP:
            return self._back_up(due)
        if due.kind == ahead.RETRY:
            return self._try_again(due)
        if due.kind == archive.ARCHIVE:
            return due if archive.move_as_due(ports, self._engine, due.what) else None
        if expiry.is_of_points(due):
            self._once(due, lambda: self._expire(item))
        elif due.kind == expiry.PURGE:
            expiry.purge(ports, item)
            expiry.erase_noted(ports, item, self._go_on)
        elif due.kind == expiry.CLEAN_UP:
            self._once(due, lambda: expiry.erase_noted(ports, go_on=self._go_on))
        elif due.kind == archive.REHYDRATION:
            self._once(due, lambda: archive.end_rehydrations(ports, item))
        elif due.kind == security_alerts.WARNING:
            security_alerts.warn_of_purge(ports, item)
        elif due.kind == sessions.SESSION:
            sessions.forget_what_is_over(ports)
        elif due.kind == snapshots.LATE_SNAPSHOTS:
            snapshots.delete_late(ports, due.what)
        else:
            deleted_vaults.purge(ports, due.what)
        return None

    def _once(self, due: Due, act: Callable[[], None]) -> None:
        """What takes all that is over at once need not be done for each of it."""
        kind = expiry.EXPIRY if expiry.is_of_points(due) else due.kind
        what = (kind, "" if kind == expiry.CLEAN_UP else item_of(due))
        if what not in self._seen_to:
            self._seen_to.add(what)
            act()

    def _expire(self, item: str) -> None:
        document = self._ports.store.get(protected_item.KIND, item)
        if document is not None:
            properties = expiry.policy_of(self._ports.store, str(document.json()["properties"].get("policyId")))
            expiry.expire(self._caused, item, properties)
            expiry.erase_noted(self._caused, item, self._go_on)

    # --------------------------------------------------------------------------------------------------------- backups

    def _back_up(self, due: Due) -> Due | None:
        """Of the runs that have passed the last one is made."""
        item = self._ports.store.get(protected_item.KIND, item_of(due))
        found = schedule_of(self._ports, item, self._now) if item else None
        passed = found.passed(self._now) if found else ()
        if item is None or found is None or not passed:
            return None
        *missed, run = passed
        self._begin(item, found.properties, run, lambda store: _note_dealt_with(store, item.id, run, missed))
        return replace(due, time=run.due)

    def _try_again(self, due: Due) -> Due | None:
        """The backup of a run that failed before, unless another run takes its place by now."""
        item = self._ports.store.get(protected_item.KIND, item_of(due))
        found = schedule_of(self._ports, item, self._now) if item else None
        retry = retries.of_item(item.private) if item else None
        if item is None or found is None or retry is None or retry.at > self._now or found.passed(self._now):
            return None
        self._begin(item, found.properties, retry.run, lambda store: _note_tried(store, item.id, retry), retry.attempt)
        return due

    def _begin(
        self, item: Document, properties: Json, run: Run, note: Callable[[Store], bool], attempt: int = 1
    ) -> None:
        """The note that a due time is dealt with appears with the job, so that it has one job at most; it says whether
        nobody else was first."""
        body, time = item.json(), run.due.isoformat()
        vm = body["properties"]["sourceResourceId"]
        store = CausedStore(self._ports.store, events.ScheduleDue(body["id"], time, attempt).event(vm=vm))
        try:
            with store.transaction():
                if note(store):
                    ports = replace(self._ports, store=store)
                    scheduled.back_up(ports, self._engine, item.id, properties, run, attempt)
        except (ServiceError, PortError) as error:
            reason = error.code if isinstance(error, ServiceError) else str(error)
            skipped = events.BackupSkipped(body["id"], time, reason)
            with store.transaction():
                note(store)
                scheduled.miss(store, item.id, run)
                store.record(skipped.event(vm=vm))


def _order(due: Due) -> tuple[datetime, bool, str]:
    return due.time, due.kind in {ahead.BACKUP, ahead.RETRY}, due.what


def _note_dealt_with(store: Store, item: str, run: Run, missed: Sequence[Run]) -> bool:
    """False if somebody else was first, or the item is gone."""
    document = store.get(protected_item.KIND, item)
    dealt_with = protected_item.scheduled_until(document.private) if document else run.due
    if document is None or (dealt_with is not None and dealt_with >= run.due):
        return False
    private = protected_item.with_schedule_until(document.private, run.due)
    store.put(protected_item.KIND, item, document.json(), private=private)
    for each in missed:
        scheduled.miss(store, item, each)
    return True


def _note_tried(store: Store, item: str, retry: Retry) -> bool:
    """False if somebody else was first, or the item is gone."""
    document = store.get(protected_item.KIND, item)
    if document is None or retries.of_item(document.private) != retry:
        return False
    private = protected_item.with_retry(document.private, None)
    store.put(protected_item.KIND, item, document.json(), private=private)
    return True
