"""What every plan of the catalogue owes: a failure anywhere leaves nothing half-done, and a repeated step no trace."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import AbstractContextManager
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import cache
from random import Random
from typing import Any

import pytest

from controlplane.domain.recovery_services import protected_item, recovery_point
from controlplane.jobs.backup.backup import backup_now, start
from controlplane.jobs.catalog import PLANS
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome, Plan, Step, completed
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.engine.runs import Interrupted
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.restore.restore import restore
from controlplane.jobs.retention import archive
from controlplane.json_object import Json
from controlplane.ports import Blob, Ports, StorageUnavailable
from controlplane.vault_format.manifest import pack_of
from tests.unit.controlplane.adapters.faulty_blobs import FailOnce
from tests.unit.controlplane.jobs.backup_world import (
    ALTERNATE,
    BACKUP_REQUEST,
    GROUP,
    ITEM,
    PROTECT_REQUEST,
    RESTORE_REQUEST,
    VM,
    BackupWorld,
    backup_world,
)


@dataclass(frozen=True)
class Case:
    """A use case in a world that was made ready for it."""

    plan: str
    begin: Callable[[BackupWorld], Ticket]
    prepare: Callable[[BackupWorld], object] = lambda world: None
    protected: bool = True
    managed: bool = False

    def world(self) -> AbstractContextManager[BackupWorld]:
        return backup_world(self.protected, managed=self.managed)


def begin_restore(world: BackupWorld, **asked: object) -> Ticket:
    world.clock.jump(60)
    request = {"properties": RESTORE_REQUEST["properties"] | asked}
    return restore(world.ports, world.engine, world.points()[0].document, request)


def lose_snapshots(world: BackupWorld) -> None:
    world.back_up()
    for snapshot in world.snapshots():
        world.blobs.delete(snapshot)


def back_up_and_change(world: BackupWorld) -> None:
    world.back_up()
    world.write(1, 3, 77)
    world.clock.jump(60)


def grow_old(world: BackupWorld) -> None:
    """The first of two points is one of the vault alone, that a monthly rule keeps, and old enough for the archive."""
    world.back_up()
    world.clock.jump(86_400)
    world.back_up()
    point = recovery_point.changed(world.points()[0], "snapshot_expired")
    points.put(world.store, replace(point, rules=("Monthly",), expires=point.time + timedelta(days=730)))
    world.clock.jump(91 * 86_400)


def begin_move(world: BackupWorld) -> Ticket:
    return archive.move(world.ports, world.engine, world.points()[0].document, "HardenedRP", "ArchivedRP")


def begin_snapshot(world: BackupWorld) -> Ticket:
    """A backup of a schedule with several a day, which stays in the instant tier."""
    item = world.store.get(protected_item.KIND, ITEM)
    assert item is not None
    expires = world.clock.now() + timedelta(days=2)
    with world.store.transaction():
        return start(world.ports, world.engine, item, expires, ("Snapshot",), {"vault_day": None})


def begin_deletion(world: BackupWorld) -> Ticket:
    ticket = stopping.delete(world.ports, world.engine, ITEM)
    assert ticket is not None
    return ticket


def delete_item(world: BackupWorld) -> None:
    world.back_up()
    world.ended(begin_deletion(world))


def restores(plan: str, *, managed: bool, **asked: object) -> dict[str, Case]:
    """A type of restore from either tier."""

    def begin(world: BackupWorld) -> Ticket:
        return begin_restore(world, **asked)

    return {
        f"{plan} from snapshots": Case(f"{plan} from snapshots", begin, lambda world: world.back_up(), managed=managed),
        f"{plan} from the vault": Case(f"{plan} from vault", begin, lose_snapshots, managed=managed),
    }


MOVED_ALIKE = {
    f"{plan} from the vault"
    for plan in (
        "Restore managed disks",
        "Restore machine",
        "Restore machine on blobs",
        "Replace disks",
        "Replace blobs",
    )
}
"""Their bytes come by the same step as in "restore from the vault", everything else is as from snapshots."""
WITHOUT_STORAGE = {"configure", "stop", "suspend", "delete", "undelete"}

CASES = {
    "configure": Case(
        "ConfigureBackup",
        lambda world: configure_protection(world.ports, world.engine, ITEM, PROTECT_REQUEST),
        protected=False,
    ),
    "stop": Case("DisableBackup", lambda world: stopping.stop(world.ports, world.engine, ITEM)),
    "suspend": Case("SuspendBackup", lambda world: stopping.suspend(world.ports, world.engine, ITEM)),
    "delete": Case("DeleteBackupData", begin_deletion, lambda world: world.back_up()),
    "undelete": Case("Undelete", lambda world: stopping.undelete(world.ports, world.engine, ITEM), delete_item),
    "first backup": Case("Backup", lambda world: backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)),
    "second backup": Case(
        "Backup", lambda world: backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST), back_up_and_change
    ),
    "backup of a stopped machine": Case(
        "Backup",
        lambda world: backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST),
        lambda world: world.fabric.power(world.item()["sourceResourceId"], "stopped"),
    ),
    "backup without transfer": Case("Backup without transfer", begin_snapshot, back_up_and_change),
    "restore from snapshots": Case("Restore from snapshots", begin_restore, lambda world: world.back_up()),
    "restore from the vault": Case("Restore from vault", begin_restore, lose_snapshots),
    "first backup of managed disks": Case(
        "Backup", lambda world: backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST), managed=True
    ),
    "move to the archive": Case("MoveRecoveryPoint", begin_move, grow_old),
    **restores("Restore managed disks", managed=True, targetResourceGroupId=GROUP),
    **restores("Restore machine", managed=True, **ALTERNATE),
    **restores("Restore machine on blobs", managed=False, **ALTERNATE),
    **restores("Replace disks", managed=True, recoveryType="OriginalLocation"),
    **restores("Replace blobs", managed=False, recoveryType="OriginalLocation"),
}


def inventory(world: BackupWorld) -> dict[str, Any]:
    """All that a plan may leave behind. Status and log blobs stay by intent, with the job."""
    view = world.fabric.instance_view(VM)
    return {
        "snapshots": world.snapshots(),
        "vault": [name for name in world.vault_blobs() if not is_of_digests(name, world)],
        "points": [(point.id, point.tiers) for point in world.points()],
        "restored": [blob.name for blob in world.restored_blobs()],
        "resources": world.resources(),
        "machine": (world.resource(VM), world.fabric.disks(VM), view.power if view else None),
        "locks": [document.id for document in world.store.find(records.LOCK)],
        "running": [run.job for run in world.store.runs.unfinished()],
    }


def is_of_digests(name: str, world: BackupWorld) -> bool:
    """Whether a blob of the vault belongs to digests that a recovery point without a copy names."""
    named = {disk.digests for point in world.points() for disk in point.disks if disk.digests}
    return any(name == f"manifests/{each}" or name.startswith(f"packs/{pack_of(each)}/") for each in named)


def shape(found: dict[str, Any]) -> dict[str, Any]:
    """An inventory without the names that differ from run to run."""
    return {
        "snapshots": sorted(blob.name for blob in found["snapshots"]),
        "vault": len(found["vault"]),
        "points": [tiers for _, tiers in found["points"]],
        "restored": len(found["restored"]),
        "resources": len(found["resources"]),
        "power": found["machine"][2],
        "locks": found["locks"],
        "running": found["running"],
    }


@cache
def clean_run(name: str) -> tuple[dict[str, Any], int]:
    """What a run of a case without trouble leaves, and how many calls to the storage it makes."""
    case = CASES[name]
    with case.world() as world:
        case.prepare(world)
        counter = FailOnce()
        world.blobs.listener = counter
        assert world.ended(case.begin(world))["status"] == "Completed"
        world.blobs.listener = None
        return shape(inventory(world)), len(counter.calls)


def with_step(plan: Plan, place: int, change: Callable[[Step], Step]) -> Plan:
    steps = [change(step) if each == place else step for each, step in enumerate(plan.steps)]
    return replace(plan, steps=tuple(steps))


STEPS = [
    pytest.param(name, place, marks=[pytest.mark.slow] if name in MOVED_ALIKE else [])
    for name, case in CASES.items()
    for place in range(len(PLANS[case.plan].steps))
]


OF_STEPS = 2
"""What differs little from step to step is done at one in so many in the default lane; with `--all` at each."""
SOME_STEPS = [
    pytest.param(*each.values, marks=[*each.marks, pytest.mark.slow] if number % OF_STEPS else each.marks)
    for number, each in enumerate(STEPS)
]


def test_every_plan_has_a_case() -> None:
    assert {case.plan for case in CASES.values()} == set(PLANS)


FAILING = [name for name in CASES if name not in WITHOUT_STORAGE and name not in MOVED_ALIKE]
FAILING_ALIKE = {
    "Replace blobs from snapshots",
    "Restore machine on blobs from snapshots",
    "first backup of managed disks",
}
"""Their calls are those of "Replace disks", "Restore machine" and "first backup", with disks of the other sort."""
OF_ANY_CALL = 6
"""In the default lane one call in so many fails, from a drawn one on; with `--all` each does."""


@pytest.mark.parametrize(
    "name", [pytest.param(name, marks=[pytest.mark.slow] if name in FAILING_ALIKE else []) for name in FAILING]
)
def test_a_storage_that_fails_at_any_call_leaves_nothing_half_done(name: str, pytestconfig: pytest.Config) -> None:
    case = CASES[name]
    clean, calls = clean_run(name)
    assert calls > 3
    every = 1 if pytestconfig.getoption("all") else min(OF_ANY_CALL, calls)
    first = Random().randrange(every)
    for place in range(first, calls, every):
        with case.world() as world:
            case.prepare(world)
            before = inventory(world)
            world.blobs.listener = FailOnce(place)
            try:
                job = world.ended(case.begin(world))
            except StorageUnavailable:
                # The request itself met it: no job began.
                job = {"status": "Failed", "errorDetails": [{}]}
            world.blobs.listener = None
            after = inventory(world)
            told = (name, place, job["status"])
            if job["status"] == "Failed":
                assert after == before, told
                assert job["errorDetails"], told
            elif job["status"] == "CompletedWithWarnings":
                assert after["points"][-1][1] in {"Instant", "InstantAndVault"}, told
                assert (after["vault"] == before["vault"]) == (after["points"][-1][1] == "Instant"), told
            else:
                assert shape(after) == clean, told


@pytest.mark.parametrize(("name", "place"), STEPS)
@pytest.mark.parametrize("when", [pytest.param("before", marks=pytest.mark.slow), "after"])
def test_a_step_that_fails_is_undone(name: str, place: int, when: str) -> None:
    case = CASES[name]

    def broken(step: Step) -> Step:
        def do(ports: Ports, state: Json) -> Waiting[Outcome]:
            if when == "after":
                yield from completed(step.do(ports, state))
            raise StorageUnavailable("no answer")

        return replace(step, do=do)

    plan = with_step(PLANS[case.plan], place, broken)
    with case.world() as world:
        case.prepare(world)
        before = inventory(world)
        world.new_engine(plan)
        job = world.ended(case.begin(world))
        after = inventory(world)
        if plan.steps[place].required:
            assert job["status"] == "Failed"
            assert after == before
        else:
            assert job["status"] == "CompletedWithWarnings"
            assert after["locks"] == after["running"] == []


@pytest.mark.parametrize(("name", "place"), SOME_STEPS)
def test_a_step_may_be_done_twice(name: str, place: int) -> None:
    """As when a process ends after a step was done and before that was noted."""
    case = CASES[name]

    def doubled(step: Step) -> Step:
        def do(ports: Ports, state: Json) -> Waiting[Outcome]:
            yield from completed(step.do(ports, state))
            return (yield from completed(step.do(ports, state)))

        return replace(step, do=do)

    plan = with_step(PLANS[case.plan], place, doubled)
    clean, _ = clean_run(name)
    with case.world() as world:
        case.prepare(world)
        world.new_engine(plan)
        assert world.ended(case.begin(world))["status"] == "Completed"
        assert shape(inventory(world)) == clean


@pytest.mark.parametrize(("name", "place"), STEPS)
def test_a_job_whose_process_ends_in_a_step_is_completed_by_the_next(name: str, place: int) -> None:
    case = CASES[name]

    def interrupted(step: Step) -> Step:
        def do(ports: Ports, state: Json) -> Waiting[Outcome]:
            yield from completed(step.do(ports, state))
            raise Interrupted

        return replace(step, do=do)

    plan = with_step(PLANS[case.plan], place, interrupted)
    clean, _ = clean_run(name)
    with case.world() as world:
        case.prepare(world)
        world.new_engine(plan)
        ticket = case.begin(world)
        assert world.ended(ticket)["status"] == "InProgress"
        assert world.new_engine().recover() == 1
        assert world.ended(ticket)["status"] == "Completed"
        assert shape(inventory(world)) == clean


@pytest.mark.parametrize(("name", "place"), SOME_STEPS)
def test_a_job_can_be_cancelled_before_any_step(name: str, place: int) -> None:
    case = CASES[name]

    def asks(step: Step) -> Step:
        def do(ports: Ports, state: Json) -> Waiting[Outcome]:
            outcome = yield from completed(step.do(ports, state))
            assert world.engine.cancel(state["job"])
            return outcome

        return replace(step, do=do)

    plan = with_step(PLANS[case.plan], place, asks)
    with case.world() as world:
        case.prepare(world)
        before = inventory(world)
        world.new_engine(plan)
        job = world.ended(case.begin(world))
        last = place == len(plan.steps) - 1
        assert job["status"] == ("Completed" if last else "Cancelled")
        if not last:
            assert inventory(world) == before


def test_a_cancelled_backup_is_no_backup() -> None:
    with backup_world() as world:
        world.back_up()
        world.clock.jump(60)
        first = world.item()["lastRecoveryPoint"]

        def cancel_at_the_vault(verb: str, blob: Blob) -> None:
            if blob.container == "vault":
                world.engine.cancel(world.store.runs.unfinished()[0].job)

        world.blobs.listener = cancel_at_the_vault
        assert world.back_up()["status"] == "Cancelled"
        item = world.item()
        assert (item["protectionState"], item["lastBackupStatus"]) == ("Protected", "Cancelled")
        assert item["lastRecoveryPoint"] == first
        kpi = item["kpisHealths"]["BackupOperationStatusKPI"]
        assert kpi["resourceHealthStatus"] == "TransientDegraded"
        assert kpi["resourceHealthDetails"][0]["title"] == "UserErrorJobSuccessfullyCancelled"
