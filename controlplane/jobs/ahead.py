"""What lies ahead of the service: a list per item and one per kind of note, kept up to date by the commits.

A list is made anew when it is asked for after a commit that may have changed it: of the item itself, one of its
recovery points, its policy, or a lock on it. Between two commits `next_time` reads nothing. It says what is so after
every commit of this process that has returned; nobody else commits, since a world has its database for itself.

What was tried and is still to be done is tried again an hour of world time later, then after two, four and so on up to
a day. Such a pause lies in the calendar like anything else: nobody moves time for it. What something else is done to
does not lie ahead at all until that has ended, and is looked at then.
"""

from __future__ import annotations

import heapq
import threading
from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controlplane.domain.due import Due
from controlplane.domain.recovery_services import deleted_vault, policy, protected_item, recovery_point, schedule
from controlplane.domain.recovery_services.schedule import Run
from controlplane.domain.resources import lock
from controlplane.jobs.backup import retries, starts
from controlplane.jobs.documents import points, sessions
from controlplane.jobs.engine import records
from controlplane.jobs.protection import security_alerts
from controlplane.jobs.retention import archive, deleted_vaults, expiry, left_in_vault, snapshots
from controlplane.json_object import Json
from controlplane.ports import Commit, Document, Ports, ServiceSettings, Store

BACKUP, RETRY = "backup", "retry"
"""Kinds of what is due: a run of the schedule of an item's policy, and a further try of one that failed."""
LEFT_ALONE = expiry.OF_POINTS | {expiry.PURGE, archive.ARCHIVE, archive.REHYDRATION}
"""Kinds of what is not done to an item while something else is."""
PAUSES = tuple(timedelta(hours=hours) for hours in (1, 2, 4, 8, 16, 24))
"""World time after which what was tried is tried again; the last counts for all further tries."""
LATE_PAUSE = timedelta(minutes=1)
"""World time between two looks for snapshots that a handler may still take."""
LATE_LOOKS = 20
"""So many looks come one after the other; the others are as those of anything else that is tried again."""

NOTES: dict[str, Callable[[Store], Iterator[Due]]] = {
    sessions.KIND: sessions.dues,
    snapshots.LATE: snapshots.dues,
    deleted_vault.KIND: deleted_vaults.dues,
    expiry.EXPIRED: expiry.dues_of_notes,
}
"""What does not belong to an item: the list of each kind of document."""
_OF_NOTES = {
    **{kind: (kind,) for kind in NOTES},
    expiry.PURGED: (expiry.EXPIRED,),
    left_in_vault.LEFT: (expiry.EXPIRED,),
    records.LOCK: (expiry.EXPIRED,),
    protected_item.KIND: (deleted_vault.KIND,),
}
"""Kind of a document that was written -> the lists that it may have changed."""


@dataclass(frozen=True, slots=True)
class Schedule:
    """By which an item is backed up: the runs that are due after `dealt_with` and start after `since`, by the policy
    with these properties."""

    item: str
    """ARM id, as the item shows it."""
    properties: Json
    dealt_with: datetime
    since: datetime
    settings: ServiceSettings

    def next(self) -> Due | None:
        for start, _ in self._runs(self.since + schedule.LONGEST_PAUSE + self._spread):
            return Due(start, BACKUP, self.item)
        return None

    def passed(self, now: datetime) -> Sequence[Run]:
        """The runs that should have started by now, those of the last days alone."""
        recent = replace(self, since=max(self.since, now - schedule.LONGEST_PAUSE))
        return [run for start, run in recent._runs(now) if start <= now]

    def until(self, now: datetime, end: datetime) -> Iterator[Due]:
        """Of all runs that have passed the last one is made up for."""
        for missed in self.passed(min(now, end))[-1:]:
            yield Due(starts.start_of(self.settings, self.item, missed), BACKUP, self.item)
        for start, _ in replace(self, since=max(now, self.since))._runs(end):
            if start <= end:
                yield Due(start, BACKUP, self.item)

    def _runs(self, end: datetime) -> Iterator[tuple[datetime, Run]]:
        """Those that are due until `end`, in order, each with its start."""
        for run in schedule.due_between(self.properties, max(self.dealt_with, self.since - self._spread), end):
            start = starts.start_of(self.settings, self.item, run)
            if start > self.since:
                yield start, run

    @property
    def _spread(self) -> timedelta:
        return timedelta(seconds=self.settings.start_spread_seconds)


def schedule_of(ports: Ports, item: Document, now: datetime) -> Schedule | None:
    """None for an item that is not backed up by itself. A policy that was changed begins anew: what its new times would
    have had start before is not made up for."""
    body = item.json()
    if protected_item.state_of(body) not in protected_item.BACKED_UP:
        return None
    rules = ports.store.get(policy.KIND, body["properties"]["policyId"])
    if rules is None:
        return None
    dealt_with, changed = protected_item.scheduled_until(item.private), policy.changed_at(rules.private)
    since = max((time for time in (dealt_with, changed) if time), default=now)
    return Schedule(body["id"], rules.json()["properties"], dealt_with or since, since, ports.settings)


@dataclass(frozen=True, slots=True)
class _Tried:
    """Something that was to be done and was tried."""

    due: Due
    times: int
    again: datetime
    before: _Tried | None = None
    """Of what was only found busy: as it was before that."""
    was_busy: bool = False


@dataclass(slots=True)
class _List:
    """What lies ahead of an item, or of the documents of a kind."""

    dues: Sequence[Due] = ()
    is_used: bool = False
    """Something else is done to the item: only its backups come."""
    policy: str = ""
    """Id of the policy, in lower case."""
    schedule: Schedule | None = None
    tried: dict[tuple[str, str], _Tried] = field(default_factory=dict)
    next_time: datetime | None = None

    def all(self) -> Iterator[tuple[datetime, Due]]:
        """What is to be done, and when it is tried."""
        for due in self.dues:
            if not (self.is_used and due.kind in LEFT_ALONE):
                tried = self.tried.get((due.kind, due.what))
                yield (tried.again if tried and tried.due == due else due.time), due

    def find_next(self) -> None:
        self.next_time = min((time for time, _ in self.all()), default=None)


class Ahead:
    """The lists. For several threads."""

    def __init__(self, ports: Ports) -> None:
        self._ports = ports
        self._changed: Callable[[], None] = lambda: None
        self._lock = threading.Lock()
        """Of the lists; never taken by who commits."""
        self._lists: dict[str, _List] = {}
        self._marking = threading.Lock()
        self._items: set[str] = set()
        self._policies: set[str] = set()
        self._notes: set[str] = set(NOTES)
        self._everything = True
        """These are to be looked at anew; everything: all items."""
        self.close = ports.store.on_commit(self._committed)

    def watch(self, changed: Callable[[], None]) -> None:
        """Call `changed` whenever a commit may have changed what lies ahead."""
        self._changed = changed

    def next_time(self) -> datetime | None:
        with self._lock:
            self._refresh()
            times = [each.next_time for each in self._lists.values()]
        return min((time for time in times if time is not None), default=None)

    def due_by(self, now: datetime) -> list[Due]:
        """What is to be done by now, in the order of its time."""
        with self._lock:
            self._refresh()
            late = [each for each in self._lists.values() if each.next_time is not None and each.next_time <= now]
            return sorted(due for each in late for time, due in each.all() if time <= now)

    def still(self, dues: Iterable[Due], now: datetime) -> set[Due]:
        """Which of these have not been done."""
        with self._lock:
            self._refresh()
            left = {(due.kind, due.what) for each in self._lists.values() for due in each.dues if due.time <= now}
        return {due for due in dues if (due.kind, due.what) in left}

    def note_tried(self, due: Due, now: datetime) -> None:
        """It is not to be tried again at once."""
        with self._lock:
            own = self._lists.get(_place(due))
            if own is not None:
                before = own.tried.get((due.kind, due.what))
                times = before.times + 1 if before and before.due == due else 1
                own.tried[due.kind, due.what] = _Tried(due, times, now + _pause(due, times))
                own.find_next()

    def note_busy(self, due: Due, now: datetime) -> None:
        """Something else works on it, and the commit that says so has not been told of yet: it is not to be tried again
        before something of its item has been."""
        with self._lock:
            own = self._lists.get(_place(due))
            if own is not None:
                before = own.tried.get((due.kind, due.what))
                if before is not None and before.was_busy:
                    before = before.before
                times = before.times if before else 0
                own.tried[due.kind, due.what] = _Tried(due, times, now + PAUSES[0], before, was_busy=True)
                own.find_next()

    def until(self, end: datetime) -> Iterator[Due]:
        """All of it up to that time, in order; the runs of schedules recur."""
        now = self._ports.clock.now()
        with self._lock:
            self._refresh()
            lists = list(self._lists.values())
            single = sorted(due for each in lists for due in each.dues if due.kind != BACKUP and due.time <= end)
            schedules = [each.schedule for each in lists if each.schedule is not None]
        return heapq.merge(single, *(each.until(now, end) for each in schedules))

    # ---------------------------------------------------------------------------------------------------- what changes

    def _committed(self, commit: Commit) -> None:
        """In the thread that committed."""
        is_ours = False
        with self._marking:
            for kind, id in commit.documents:
                is_ours |= self._mark(kind, id)
        if is_ours:
            self._changed()

    def _mark(self, kind: str, id: str) -> bool:
        self._notes.update(_OF_NOTES.get(kind, ()))
        if kind == protected_item.KIND:
            self._items.add(id)
        elif kind == recovery_point.KIND:
            self._items.add(id.partition("/recoverypoints/")[0])
        elif kind == records.LOCK:
            self._items.add(id.partition("|")[0])
        elif kind == policy.KIND:
            self._policies.add(id)
        elif kind == lock.KIND:
            self._everything = True
        else:
            return kind in _OF_NOTES
        return True

    def _refresh(self) -> None:
        """Make the lists anew that may have changed."""
        with self._marking:
            items, policies, notes, everything = self._items, self._policies, self._notes, self._everything
            self._items, self._policies, self._notes, self._everything = set(), set(), set(), False
        if not (items or policies or notes or everything):
            return
        try:
            self._make_anew(items, policies, notes, everything)
        except BaseException:  # the store does not answer, say: the next one to ask tries again
            with self._marking:
                self._items |= items
                self._policies |= policies
                self._notes |= notes
                self._everything |= everything
            raise

    def _make_anew(self, items: set[str], policies: set[str], notes: set[str], everything: bool) -> None:
        store = self._ports.store
        for kind in notes:
            own = self._lists.setdefault(kind, _List())
            own.dues = tuple(NOTES[kind](store))
            _forget_what_is_done(own)
        if everything:
            items = {document.id for document in store.find(protected_item.KIND)} | (self._lists.keys() - NOTES.keys())
        items = items | {id for id, each in self._lists.items() if each.policy and each.policy in policies}
        is_locked = self._is_locked if items and store.find(lock.KIND, limit=1) else _is_never_locked
        for id in items:
            document = store.get(protected_item.KIND, id)
            if document is None:
                self._lists.pop(id, None)
            else:
                self._look_at(document, is_locked)

    def _look_at(self, item: Document, is_locked: Callable[[recovery_point.RecoveryPoint], bool]) -> None:
        ports, now = self._ports, self._ports.clock.now()
        own, body = self._lists.setdefault(item.id, _List()), item.json()
        own.policy = str(body["properties"].get("policyId") or "").lower()
        properties, item_points = expiry.policy_of(ports.store, own.policy), points.of_item(ports.store, item.id)
        own.schedule = schedule_of(ports, item, now)
        own.is_used = expiry.is_used(ports.store, item.id)
        backup, retry = (own.schedule.next(), retries.of_item(item.private)) if own.schedule else (None, None)
        own.dues = (
            *expiry.dues(ports, item, properties, item_points, is_locked),
            *archive.dues(ports, body, properties, item_points),
            *security_alerts.dues(item),
            *([backup] if backup else []),
            *([Due(retry.at, RETRY, body["id"])] if retry else []),
        )
        _forget_what_was_busy(own)
        _forget_what_is_done(own)

    def _is_locked(self, point: recovery_point.RecoveryPoint) -> bool:
        return expiry.is_locked(self._ports.store, point)


def _is_never_locked(point: recovery_point.RecoveryPoint) -> bool:
    return False


def _forget_what_was_busy(own: _List) -> None:
    known = {key: tried.before if tried.was_busy else tried for key, tried in own.tried.items()}
    own.tried = {key: tried for key, tried in known.items() if tried is not None}


def _forget_what_is_done(own: _List) -> None:
    """Once the item is free again: while something is done to it, what was tried may come back."""
    if not own.is_used:
        there = set(own.dues)
        own.tried = {key: tried for key, tried in own.tried.items() if tried.due in there}
    own.find_next()


def item_of(due: Due) -> str:
    """The document's id of the item that it belongs to."""
    return due.what.lower().partition("/recoverypoints/")[0]


def _place(due: Due) -> str:
    """Which list it stands in."""
    return _PLACES.get(due.kind) or item_of(due)


_PLACES = {
    sessions.SESSION: sessions.KIND,
    snapshots.LATE_SNAPSHOTS: snapshots.LATE,
    deleted_vaults.VAULT: deleted_vault.KIND,
    expiry.CLEAN_UP: expiry.EXPIRED,
}


def _pause(due: Due, times: int) -> timedelta:
    if due.kind == snapshots.LATE_SNAPSHOTS:
        if times <= LATE_LOOKS:
            return LATE_PAUSE
        times -= LATE_LOOKS
    return PAUSES[min(times, len(PAUSES)) - 1]
