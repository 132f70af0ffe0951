"""The timetable as a calendar: what lies ahead and when, told at once after each commit, and cheap to ask for."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.domain.due import Due
from controlplane.domain.recovery_services import policy, protected_item, recovery_point
from controlplane.jobs.ahead import LATE_LOOKS, PAUSES
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.engine.job_state import JobState
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.retention import expiry, snapshots
from controlplane.jobs.timetable import Timetable
from controlplane.json_object import Json
from controlplane.port_wrappers import StoreWrapper
from controlplane.ports import Blob, Commit, Document, StorageUnavailable, Store, StoreUnavailable
from tests.unit.controlplane.jobs.backup_world import (
    ITEM,
    POLICY,
    PROTECT_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)
from tests.unit.controlplane.passing_time import service, settle

HOUR = 3600.0
DAY = 24 * HOUR
DUE = datetime(2026, 11, 22, 21, 0, tzinfo=UTC)
"""DefaultPolicy's time on the day on which the world begins, two hours before it."""
A_DAY = timedelta(days=1)
LOCK = f"{ITEM.lower()}|restore"


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


@pytest.fixture
def timetable(world: BackupWorld) -> Iterator[Timetable]:
    with service(world.ports, world.engine) as timetable:
        yield timetable


def put(world: BackupWorld, **changes: Any) -> None:
    request = {"properties": PROTECT_REQUEST["properties"] | changes}
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))


def suspend(world: BackupWorld) -> None:
    """No backups any more; the rules of the policy go on."""
    put(world, policyId="", protectionState="BackupsSuspended")


def change_policy(world: BackupWorld, part: str, **changes: Any) -> None:
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    body = found.json()
    body["properties"][part] |= changes
    world.store.put(policy.KIND, POLICY, body, private=policy.with_change({}, world.clock.now()))


def jump_to(world: BackupWorld, time: datetime) -> None:
    world.clock.jump((time - world.clock.now()).total_seconds())


def kinds(dues: Sequence[Due]) -> Counter[str]:
    return Counter(due.kind for due in dues)


@contextmanager
def refusing(world: BackupWorld) -> Iterator[list[Blob]]:
    """Nothing can be deleted from the storage."""
    refused: list[Blob] = []

    def refuse(verb: str, blob: Blob) -> None:
        if verb == "delete":
            refused.append(blob)
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    yield refused
    world.blobs.listener = None


# ---------------------------------------------------------------------------------------------------- what lies ahead


def test_nothing_lies_ahead_where_nothing_is_protected() -> None:
    with backup_world(protected=False) as world, service(world.ports, world.engine) as timetable:
        assert (timetable.next_due(), timetable.run()) == (None, [])
        assert list(timetable.until(DUE + 100 * A_DAY)) == []


def test_a_protected_item_lies_ahead_with_its_next_run_and_then_the_one_after(
    world: BackupWorld, timetable: Timetable
) -> None:
    assert timetable.next_due() == DUE
    assert timetable.run() == [], "before its time"
    jump_to(world, DUE)
    assert timetable.run() == [Due(DUE, "backup", ITEM)]
    assert world.engine.holders(), "the job is a holder before anybody else is asked"
    assert timetable.next_due() == DUE + A_DAY
    settle(world.engine)
    assert [event["due"] for event in world.events("schedule.due")] == [DUE.isoformat()]


@pytest.mark.parametrize("state", ["ProtectionStopped", "BackupsSuspended"])
def test_what_changes_the_protection_changes_what_lies_ahead_at_once(
    world: BackupWorld, timetable: Timetable, state: str
) -> None:
    assert timetable.next_due() == DUE
    put(world, policyId="", protectionState=state)
    assert timetable.next_due() is None
    put(world)
    assert timetable.next_due() == DUE


def test_a_changed_policy_changes_what_lies_ahead_at_once(world: BackupWorld, timetable: Timetable) -> None:
    assert timetable.next_due() == DUE
    change_policy(world, "schedulePolicy", scheduleRunTimes=["2026-11-22T19:30:00Z"])
    assert timetable.next_due() == DUE.replace(hour=19, minute=30)
    change_policy(world, "schedulePolicy", scheduleRunTimes=["2026-11-22T18:00:00Z"])
    assert timetable.next_due() == DUE.replace(hour=18) + A_DAY, "what would have been due before is not made up for"


def test_deletion_and_undeletion_change_what_lies_ahead_at_once(world: BackupWorld, timetable: Timetable) -> None:
    world.back_up()
    deletion = stopping.delete(world.ports, world.engine, ITEM)
    assert deletion is not None
    world.ended(deletion)
    purge = protected_item.purge_time({"properties": world.item()})
    assert purge - world.clock.now() == timedelta(days=14)
    warning = purge - timedelta(days=2)
    assert timetable.next_due() == warning
    assert list(timetable.until(purge + A_DAY)) == [Due(warning, "warning", ITEM), Due(purge, "purge", ITEM)]
    put(world, policyId="", protectionState="ProtectionStopped", isRehydrate=True)
    assert timetable.next_due() is None
    assert timetable.run() == []


def test_a_point_lies_ahead_with_its_snapshots_and_its_end(world: BackupWorld, timetable: Timetable) -> None:
    world.back_up()
    first = world.points()[0]
    assert kinds(list(timetable.until(DUE + 60 * A_DAY))) == {"backup": 61}, "the newest one stays"
    world.clock.jump(60)
    world.back_up()
    suspend(world)
    ahead = list(timetable.until(DUE + 60 * A_DAY))
    shown = f"{ITEM}/recoveryPoints/{first.id}"
    assert ahead == [Due(first.time + 2 * A_DAY, "snapshots", shown), Due(first.expires, "expiry", shown)]
    properties = {"instantRpRetentionRangeInDays": 5}
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    world.store.put(policy.KIND, POLICY, found.json() | {"properties": found.json()["properties"] | properties})
    assert timetable.next_due() == first.time + 5 * A_DAY


def test_a_month_that_is_listed_is_the_month_that_comes(world: BackupWorld, timetable: Timetable) -> None:
    """Of what is known now: the runs of the schedule recur; the points that they leave are not there yet."""
    world.back_up()
    end = world.clock.now() + timedelta(days=20)
    listed = list(timetable.until(end))
    assert listed == sorted(listed)
    assert kinds(listed) == {"backup": 20}
    assert list(timetable.until(end)) == listed, "nothing was done"
    done = world.advance(20 * DAY)
    assert [due for due in done if due.kind == "backup"] == listed
    assert kinds(done) == {"backup": 20, "snapshots": 19}


def test_of_several_runs_that_passed_the_last_is_listed_and_made(world: BackupWorld, timetable: Timetable) -> None:
    world.clock.jump(5 * DAY)
    last = DUE + 4 * A_DAY
    assert timetable.next_due() == DUE
    assert list(timetable.until(last + A_DAY))[:2] == [Due(last, "backup", ITEM), Due(last + A_DAY, "backup", ITEM)]
    assert timetable.run() == [Due(last, "backup", ITEM)]
    assert timetable.next_due() == last + A_DAY
    settle(world.engine)


def test_what_is_over_goes_before_a_backup_of_the_same_instant_begins(world: BackupWorld, timetable: Timetable) -> None:
    """What a backup works on is left alone."""
    world.back_up()
    (first,) = world.points()
    world.clock.jump(60)
    world.back_up()
    points.put(world.store, replace(first, expires=DUE, rules=()))
    jump_to(world, DUE)
    assert [due.kind for due in timetable.run()] == ["expiry", "backup"]
    settle(world.engine)


def test_what_ends_is_told_as_of_one_round_and_each_backup_as_of_its_schedule(world: BackupWorld) -> None:
    world.advance(40 * DAY)
    told = {event.id: event for event in world.store.events(limit=100_000)}
    ends = [event for event in told.values() if event.name == "recovery_point.state" and event.data["to"] == "Expired"]
    assert len(ends) == 10
    assert {told[event.parent or 0].name for event in ends} == {"schedule.retention_due"}
    opened = [event for event in told.values() if event.name == "job.state" and event.data.get("operation") == "Backup"]
    assert len(opened) == 40
    assert {told[event.parent or 0].name for event in opened} == {"schedule.due"}


# ----------------------------------------------------------------------------------------------- what cannot be done


def test_what_something_works_on_does_not_lie_ahead_until_it_is_free(world: BackupWorld, timetable: Timetable) -> None:
    world.back_up()
    world.clock.jump(60)
    world.back_up()
    suspend(world)
    world.store.put(records.LOCK, LOCK, {})
    world.clock.jump(40 * DAY)
    assert (timetable.next_due(), timetable.run()) == (None, [])
    world.store.delete(records.LOCK, LOCK)
    due = timetable.next_due()
    assert due is not None
    assert due < world.clock.now()
    assert kinds(timetable.run()) == {"expiry": 1}


class LateTold(StoreWrapper):
    """Its listeners are told of no commit before `tell`: as of one that has not returned yet."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self._listeners: list[Callable[[Commit], None]] = []
        self._commits: list[Commit] = []
        self.is_late = False
        inner.on_commit(self._committed)

    def on_commit(self, listener: Callable[[Commit], None]) -> Callable[[], None]:
        self._listeners.append(listener)
        return lambda: self._listeners.remove(listener)

    def tell(self) -> None:
        self.is_late = False
        while self._commits:
            self._committed(self._commits.pop(0))

    def _committed(self, commit: Commit) -> None:
        if self.is_late:
            self._commits.append(commit)
            return
        for listener in self._listeners:
            listener(commit)


def test_what_was_busy_is_done_as_soon_as_it_is_free_also_where_that_was_told_late(world: BackupWorld) -> None:
    """A job has begun on the item in the store, and the calendar has not been told of it when it comes to the item."""
    world.back_up()
    world.clock.jump(60)
    world.back_up()
    suspend(world)
    (first, _) = world.points()
    store = LateTold(world.store)
    with service(replace(world.ports, store=store), world.engine) as timetable:
        jump_to(world, first.expires)
        assert timetable.next_due() == first.expires
        store.is_late = True
        world.store.put(records.LOCK, LOCK, {})
        assert timetable.run() == []
        later = timetable.next_due()
        assert later is not None
        assert later > world.clock.now(), "it is not asked for ever"
        store.tell()
        assert timetable.next_due() is None
        world.store.delete(records.LOCK, LOCK)
        assert timetable.next_due() == first.expires
        assert kinds(timetable.run()) == {"expiry": 1}


def test_what_the_storage_refuses_is_tried_again_later_and_less_and_less_often(
    world: BackupWorld, timetable: Timetable
) -> None:
    world.back_up()
    world.clock.jump(60)
    world.back_up()
    suspend(world)
    (first, _) = world.points()
    with refusing(world) as refused:
        jump_to(world, first.expires)
        done = timetable.run()
        assert kinds(done) == {"expiry": 1}, "it is gone from the item, and is to be erased"
        tries = []
        for _ in range(len(PAUSES) + 2):
            before = len(refused)
            assert timetable.run() == []
            assert len(refused) == before, "not again at the same instant"
            due = timetable.next_due()
            assert due is not None
            tries.append(due - world.clock.now())
            jump_to(world, due)
            assert timetable.run() == []
            assert len(refused) > before
        assert tries == [*PAUSES, PAUSES[-1], PAUSES[-1]]
    due = timetable.next_due()
    assert due is not None
    jump_to(world, due)
    assert kinds(timetable.run()) == {"clean-up": 1}
    assert timetable.next_due() is None


def test_a_store_that_does_not_answer_forgets_nothing(world: BackupWorld) -> None:
    class Away(StoreWrapper):
        is_away = False

        def get(self, kind: str, id: str) -> Document | None:
            if self.is_away:
                raise StoreUnavailable("no answer")
            return super().get(kind, id)

    store = Away(world.store)
    with service(replace(world.ports, store=store), world.engine) as timetable:
        store.is_away = True
        with pytest.raises(StoreUnavailable):
            timetable.next_due()
        store.is_away = False
        assert timetable.next_due() == DUE


def test_late_snapshots_are_looked_for_each_minute_and_then_as_what_is_tried_again(
    world: BackupWorld, timetable: Timetable
) -> None:
    suspend(world)
    now = world.clock.now()
    state: JobState = {"vm": VM, "job": "a-job", "job_document": "", "operation": "", "lock": ""}
    snapshots.expect_late(world.ports, state, world.disks, timedelta(minutes=20).total_seconds())
    looks = []
    for _ in range(LATE_LOOKS + 3):
        due = timetable.next_due()
        assert due is not None
        looks.append(due)
        jump_to(world, due)
        timetable.run()
    assert looks[: LATE_LOOKS + 1] == [now + timedelta(minutes=minutes) for minutes in range(LATE_LOOKS + 1)]
    assert [later - looks[LATE_LOOKS] for later in looks[LATE_LOOKS + 1 :]] == [PAUSES[0], PAUSES[0] + PAUSES[1]]


# ------------------------------------------------------------------------------------------------------- the archive


def archive_after(world: BackupWorld, *ages: int) -> list[str]:
    """Points so many days old that are in the vault only, under a policy that wants them in the archive; their ids."""
    made = []
    for number, age in enumerate(ages):
        world.write(1, 1, number + 1)
        world.back_up()
        left = recovery_point.changed(world.points()[-1], "snapshot_expired")
        time = world.clock.now() - timedelta(days=age)
        points.put(world.store, replace(left, time=time, expires=time + timedelta(days=1000), rules=("Yearly",)))
        made.append(f"{ITEM}/recoveryPoints/{left.id}")
    world.back_up()
    found = world.store.get(policy.KIND, POLICY)
    assert found is not None
    body = found.json()
    tiering = {"ArchivedRP": {"tieringMode": "TierAfter", "duration": 4, "durationType": "Months"}}
    world.store.put(policy.KIND, POLICY, body | {"properties": body["properties"] | {"tieringPolicy": tiering}})
    return made


def test_points_are_moved_one_after_the_other_as_soon_as_the_item_is_free(
    world: BackupWorld, timetable: Timetable
) -> None:
    elder, younger, _ = archive_after(world, 130, 125, 10)
    suspend(world)
    began = world.clock.now()
    assert [(due.kind, due.what) for due in timetable.run()] == [("archive", elder)]
    assert timetable.next_due() is None, "the item is being worked on"
    settle(world.engine)
    assert [(due.kind, due.what) for due in timetable.run() if due.kind != "clean-up"] == [("archive", younger)]
    settle(world.engine)
    timetable.run()
    assert world.store.find(expiry.EXPIRED) == [], "what they had in the vault"
    assert [point.tiers for point in world.points()] == ["Archive", "Archive", "Vault", "InstantAndVault"]
    assert timetable.next_due() == began + timedelta(days=110)


def test_a_move_that_fails_is_not_begun_again_at_once(world: BackupWorld, timetable: Timetable) -> None:
    archive_after(world, 130)
    suspend(world)

    def refuse(verb: str, blob: Blob) -> None:
        if "archiving" in blob.container:
            raise StorageUnavailable("no answer")

    world.blobs.listener = refuse
    began = world.clock.now()
    assert kinds(timetable.run()) == {"archive": 1}
    settle(world.engine)
    assert timetable.run() == []
    assert timetable.next_due() == began + PAUSES[0]
    jump_to(world, began + PAUSES[0])
    assert kinds(timetable.run()) == {"archive": 1}
    settle(world.engine)
    assert timetable.next_due() == began + PAUSES[0] + PAUSES[1]


def test_what_was_taken_out_of_the_archive_goes_back_also_when_protection_was_stopped(
    world: BackupWorld, timetable: Timetable
) -> None:
    archive_after(world, 130)
    suspend(world)
    for _ in range(2):
        timetable.run()
        settle(world.engine)
    (archived, _) = world.points()
    put(world, policyId="", protectionState="ProtectionStopped")
    until = world.clock.now() + timedelta(days=10)
    points.put(world.store, recovery_point.rehydrated(archived, until))
    assert timetable.next_due() == until
    jump_to(world, until)
    assert timetable.run() == [Due(until, "rehydration", f"{ITEM}/recoveryPoints/{archived.id}")]
    assert world.points()[0].tiers == "Archive"
    assert timetable.next_due() is None


# ------------------------------------------------------------------------------------------- what it costs to be told


def test_who_watches_is_told_of_commits_that_may_change_what_lies_ahead(
    world: BackupWorld, timetable: Timetable
) -> None:
    told: list[datetime | None] = []
    timetable.watch(lambda: told.append(timetable.next_due()))
    world.store.put("something.else", "x", {})
    assert told == []
    change_policy(world, "schedulePolicy", scheduleRunTimes=["2026-11-22T20:00:00Z"])
    assert told == [DUE.replace(hour=20)], "what is so after the commit is asked in the thread that committed"


class CountingStore(StoreWrapper):
    """Counts what is read."""

    def __init__(self, inner: Store) -> None:
        super().__init__(inner)
        self.reads = 0

    def get(self, kind: str, id: str) -> Document | None:
        self.reads += 1
        return super().get(kind, id)

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        self.reads += 1
        return super().find(kind, parent, after=after, limit=limit)


def many_items(world: BackupWorld, count: int, point_count: int) -> list[str]:
    """Items like the one there is, with so many recovery points each."""
    item, (newest,) = world.store.get(protected_item.KIND, ITEM), world.points()
    assert item is not None
    ids = [f"{VAULT}/backupFabrics/Azure/protectionContainers/c{n}/protectedItems/vm{n}" for n in range(count)]
    with world.store.transaction():
        for id in ids:
            body: Json = item.json() | {"id": id}
            world.store.put(protected_item.KIND, id, body, parent=VAULT, private=item.private)
            for age in range(point_count):
                time = newest.time - timedelta(days=age)
                own = replace(newest, id=f"p{age}", item=id.lower(), time=time, expires=time + timedelta(days=30))
                points.put(world.store, own)
    return ids


def test_what_a_commit_does_not_concern_is_not_read_again(world: BackupWorld) -> None:
    world.back_up()
    ids = many_items(world, 20, 5)
    store = CountingStore(world.store)
    with service(replace(world.ports, store=store), world.engine) as timetable:
        timetable.next_due()
        at_first, store.reads = store.reads, 0
        for _ in range(100):
            timetable.next_due()
        assert store.reads == 0
        world.store.put("something.else", "x", {})
        timetable.next_due()
        assert store.reads == 0
        (point, *_) = points.of_item(world.store, ids[0].lower())
        points.put(world.store, replace(point, expires=point.expires + A_DAY))
        timetable.next_due()
        assert 0 < store.reads <= at_first / 10, "the one item"
