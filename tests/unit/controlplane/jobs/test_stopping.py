"""The ends of protection and what takes them back: stop, suspend, resume, delete, undelete; and what each refuses."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import protected_item, vault
from controlplane.domain.resources import operation
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.engine import records
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.restore.restore import restore
from controlplane.json_object import Json
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    ITEM,
    PROTECT_REQUEST,
    RESTORE_REQUEST,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)

STOP = {"policyId": "", "protectionState": "ProtectionStopped"}
SUSPEND = {"policyId": "", "protectionState": "BackupsSuspended"}
UNDELETE = {"policyId": "", "protectionState": "ProtectionStopped", "isRehydrate": True}


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


def begin(world: BackupWorld, **changes: Any) -> Ticket:
    request = {"properties": PROTECT_REQUEST["properties"] | changes}
    return configure_protection(world.ports, world.engine, ITEM, request)


def put(world: BackupWorld, **changes: Any) -> Json:
    """The job of a PUT, ended."""
    return world.ended(begin(world, **changes))


def delete(world: BackupWorld) -> Json:
    ticket = stopping.delete(world.ports, world.engine, ITEM)
    assert ticket is not None
    return world.ended(ticket)


def refusal(act: Callable[[], object]) -> str:
    with pytest.raises(ServiceError) as refused:
        act()
    return refused.value.code


def begin_backup(world: BackupWorld) -> Ticket:
    return backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)


def body(world: BackupWorld) -> Json:
    found = world.store.get(protected_item.KIND, ITEM)
    assert found is not None
    return found.json()


# ---------------------------------------------------------------------------------------------------- stop and suspend


def test_a_stopped_item_keeps_its_points_under_no_policy(world: BackupWorld) -> None:
    world.back_up()
    job = put(world, **STOP)
    assert (job["operation"], job["status"]) == ("DisableBackup", "Completed")
    assert job["extendedInfo"] == {"tasksList": [], "propertyBag": {"VM Name": "SQL01", "Policy Name": ""}}
    item = world.item()
    assert (item["protectionState"], item["policyId"], item["policyName"]) == ("ProtectionStopped", "", "")
    assert len(world.points()) == 1
    assert refusal(lambda: begin_backup(world)) == "UserErrorBcmDatasourceNotPresent"


def test_the_operation_waits_for_the_job(world: BackupWorld) -> None:
    ticket = begin(world, **STOP)
    world.ended(ticket)
    found = world.store.get(operation.KIND, ticket.operation_id)
    assert found is not None
    assert found.json()["properties"]["jobId"] == ticket.job_id


def test_a_suspended_item_stays_under_its_policy(world: BackupWorld) -> None:
    job = put(world, **SUSPEND)
    assert job["operation"] == "DisableBackup"
    assert job["extendedInfo"]["propertyBag"]["Policy Name"] == "DefaultPolicy"
    item = world.item()
    assert (item["protectionState"], item["policyName"]) == ("BackupsSuspended", "DefaultPolicy")
    assert refusal(lambda: begin_backup(world)) == "UserErrorBcmDatasourceNotPresent"


def test_a_stopped_item_has_no_policy_to_be_suspended_with(world: BackupWorld) -> None:
    put(world, **STOP)
    assert refusal(lambda: begin(world, **SUSPEND)) == "BMSUserErrorItemHasNoPolicy"


@pytest.mark.parametrize("end", [STOP, SUSPEND])
def test_protection_is_resumed_with_a_policy(world: BackupWorld, end: Json) -> None:
    world.back_up()
    put(world, **end)
    assert put(world)["operation"] == "ConfigureBackup"
    world.clock.jump(60)
    assert world.back_up()["status"] == "Completed"
    assert (world.item()["protectionState"], world.item()["policyName"]) == ("Protected", "DefaultPolicy")
    assert len(world.points()) == 2


def test_what_was_under_an_enhanced_policy_is_not_resumed_under_a_standard_one(world: BackupWorld) -> None:
    put(world, policyId=f"{VAULT}/backupPolicies/EnhancedPolicy")
    put(world, **STOP)
    assert refusal(lambda: begin(world)) == "BMSUserErrorInvalidInput"


def test_protection_of_a_machine_that_is_gone_is_stopped(world: BackupWorld) -> None:
    world.store.delete(virtual_machine.KIND, VM)
    assert put(world, **STOP)["status"] == "Completed"


def test_a_backup_that_runs_when_protection_is_stopped_ends(world: BackupWorld) -> None:
    jobs: list[Json] = []

    def stop_at_the_first_snapshot(verb: str, blob: object) -> None:
        if verb == "snapshot" and not jobs:
            jobs.append({})
            begin(world, **STOP)

    world.blobs.listener = stop_at_the_first_snapshot
    assert world.back_up()["status"] == "Completed"
    item = world.item()
    assert (item["protectionState"], item["lastBackupStatus"]) == ("ProtectionStopped", "Completed")


# -------------------------------------------------------------------------------------------------- delete and undelete


def test_a_deleted_item_is_kept_for_the_days_of_its_vault(world: BackupWorld) -> None:
    world.back_up()
    settings = {"softDeleteRetentionPeriodInDays": 20}
    home = world.store.get(vault.KIND, VAULT)
    assert home is not None
    changed = home.json() | {"properties": {"securitySettings": {"softDeleteSettings": settings}}}
    world.store.put(vault.KIND, VAULT, changed)
    job = delete(world)
    assert (job["operation"], job["status"]) == ("DeleteBackupData", "Completed")
    bag = {"VM Name": "SQL01", "Number of Recovery Points": "1"}
    assert job["extendedInfo"] == {"tasksList": [], "propertyBag": bag}
    item = world.item()
    assert (item["protectionState"], item["policyId"]) == ("ProtectionStopped", "")
    assert item["isScheduledForDeferredDelete"] is True
    assert item["deferredDeleteTimeInUTC"] == "2026-11-22T19:01:00Z"
    world.clock.jump(90.5)
    shown = protected_item.as_of(body(world), world.clock.now())["properties"]
    assert shown["deferredDeleteTimeRemaining"] == "19.23:58:29.5000000"
    assert len(world.snapshots()) == 3


def test_an_undeleted_item_is_a_stopped_one(world: BackupWorld) -> None:
    world.back_up()
    before = put(world, **STOP) and world.item()
    delete(world)
    job = put(world, **UNDELETE)
    assert (job["operation"], job["status"]) == ("Undelete", "Completed")
    assert job["extendedInfo"]["propertyBag"] == {"VM Name": "SQL01", "Undelete flag": "True"}
    assert world.item() == before
    world.clock.jump(60)
    assert world.restore(world.points()[0])["status"] == "Completed"
    assert put(world)["operation"] == "ConfigureBackup"


def test_what_never_had_a_backup_is_soft_deleted_too(world: BackupWorld) -> None:
    assert delete(world)["extendedInfo"]["propertyBag"]["Number of Recovery Points"] == "0"
    assert world.item()["protectionState"] == "ProtectionStopped"


def test_there_may_be_nothing_to_delete(world: BackupWorld) -> None:
    assert stopping.delete(world.ports, world.engine, ITEM + "x") is None


def test_a_soft_deleted_item_takes_no_operation_but_undelete(world: BackupWorld) -> None:
    world.back_up()
    point = world.points()[0]
    delete(world)
    refused: list[Callable[[], object]] = [
        lambda: begin_backup(world),
        lambda: begin(world),
        lambda: begin(world, **STOP),
        lambda: begin(world, **SUSPEND),
        lambda: stopping.delete(world.ports, world.engine, ITEM),
        lambda: restore(world.ports, world.engine, point.document, RESTORE_REQUEST),
    ]
    assert {refusal(act) for act in refused} == {"BMSUserErrorItemIsSoftDeleted"}
    assert world.store.find("run", "running") == []


def test_only_what_is_soft_deleted_is_undeleted(world: BackupWorld) -> None:
    assert refusal(lambda: begin(world, **UNDELETE)) == "BMSUserErrorItemIsNotSoftDeleted"


@pytest.mark.parametrize("busy", ["backup", "restore"])
def test_nothing_is_deleted_while_it_is_in_use(world: BackupWorld, busy: str) -> None:
    world.store.put(records.LOCK, f"{ITEM.lower()}|{busy}", {})
    assert refusal(lambda: stopping.delete(world.ports, world.engine, ITEM)) == "BMSUserErrorObjectLocked"


def test_one_change_at_a_time(world: BackupWorld) -> None:
    world.store.put(records.LOCK, stopping.lock_of(ITEM), {})
    assert refusal(lambda: begin(world, **STOP)) == "BMSUserErrorConflictingProtectionOperation"
