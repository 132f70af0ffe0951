"""Backup-now: what a good backup leaves, and what a bad one does not."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.jobs.backup.backup import backup_now, confirm_point
from controlplane.jobs.backup.vault_copy import transfer_to_vault
from controlplane.json_object import Json
from controlplane.ports import Blob, Limits, PowerState, ServiceSettings, StorageUnavailable
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from extension.contract.reports import SnapshotConsistency, SnapshotInfo
from extension.contract.settings import SnapshotSettings
from tests.unit.controlplane.adapters.scripted_fabric import (
    ScriptedFabric,
    apply_desired,
    begins,
    fails,
    silent,
    snapshots,
)
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    BLOCK,
    DISKS,
    ITEM,
    START,
    VM,
    VM_ID,
    BackupWorld,
    backup_world,
)


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


def title(job: Json) -> str:
    """The name of the error that a job shows."""
    (error,) = job["errorDetails"]
    assert error["errorString"]
    assert error["recommendations"]
    return str(error["errorTitle"])


def tasks(job: Json) -> list[tuple[str, str]]:
    return [(task["taskId"], task["status"]) for task in job["extendedInfo"]["tasksList"]]


# -------------------------------------------------------------------------------------------------------- a good backup


def test_the_job_of_a_good_backup(world: BackupWorld) -> None:
    job = world.back_up()
    assert job["status"] == "Completed"
    assert tasks(job) == [("Take Snapshot", "Completed"), ("Transfer data to vault", "Completed")]
    assert job["extendedInfo"]["propertyBag"] == {
        "VM Name": "SQL01",
        "Recovery Point Expiry Time in UTC": "12/22/2026 7:01:00 PM",
        "Backup Size": "1 MB",
    }
    assert job["extendedInfo"]["internalPropertyBag"] == {"IsInstantRpJob": "True"}
    assert "errorDetails" not in job


def test_the_recovery_point_of_a_good_backup(world: BackupWorld) -> None:
    world.back_up()
    (shown,) = world.shown_points()
    assert shown["recoveryPointType"] == "AppConsistent"
    assert [tier["type"] for tier in shown["recoveryPointTierDetails"]] == ["InstantRP", "HardenedRP"]
    assert shown["virtualMachineSize"] == "Standard_D2s_v5"
    assert not shown["isManagedVirtualMachine"]
    (point,) = world.points()
    assert [(disk.name, disk.lun, disk.blob) for disk in point.disks] == [
        ("os", -1, "os.vhd"),
        ("data", 0, "data.vhd"),
        ("logs", 1, "logs.vhd"),
    ]
    assert [(disk.allocated_bytes, disk.changed_bytes, disk.transferred_bytes) for disk in point.disks] == [
        (BLOCK, BLOCK, BLOCK)
    ] * 3
    assert point.telemetry["FreezeTime"] == "0:00:00.120000"


def test_the_item_of_a_good_backup(world: BackupWorld) -> None:
    world.back_up()
    item = world.item()
    assert (item["protectionState"], item["lastBackupStatus"]) == ("Protected", "Completed")
    assert item["lastBackupTime"] == item["lastRecoveryPoint"] == "2026-11-22T19:01:00Z"
    assert item["kpisHealths"]["BackupOperationStatusKPI"]["resourceHealthStatus"] == "Healthy"


def test_every_snapshot_bears_its_task_and_job(world: BackupWorld) -> None:
    world.back_up()
    (point,) = world.points()
    assert len(world.snapshots()) == 3
    for snapshot in world.snapshots():
        found = world.blobs.properties(snapshot)
        assert found is not None
        assert found.metadata == {"taskid": point.task_id, "jobid": point.job}
    assert point.task_id.endswith("_1")


def test_what_the_extension_is_asked(world: BackupWorld) -> None:
    world.back_up()
    (request,) = world.fabric.delivered
    assert (request.publisher, request.type, request.version) == (
        "Microsoft.Azure.RecoveryServices",
        "VMSnapshot",
        "1.9",
    )
    settings = SnapshotSettings.parse(request.public, request.protected)
    assert [world.blobs.parse(uri) for uri in settings.disks] == [disk.blob for disk in DISKS]
    assert all("sp=rw" in uri and "sig=" in uri for uri in settings.disks)
    assert settings.custom.take_snapshot_from == "onlyGuest"
    assert (settings.custom.can_take_crash_consistent_snapshot, settings.custom.backup_retry_count) == (False, 0)
    assert not settings.included.is_any_disk_excluded
    assert "sig=" not in repr(request.public)


def test_addresses_are_signed_for_no_longer_than_the_attempt(world: BackupWorld) -> None:
    """A handler that wakes up after its attempt was given up finds all its signatures expired."""
    before = datetime.now(START.tzinfo).replace(microsecond=0)
    world.back_up()
    (request,) = world.fabric.delivered
    settings = SnapshotSettings.parse(request.public, request.protected)
    for uri in (*settings.disks, settings.report.status_uri, settings.report.logs_uri):
        assert uri is not None
        ends = next(part[3:] for part in uri.partition("?")[2].split("&") if part.startswith("se="))
        lifetime = datetime.fromisoformat(ends.replace("%3A", ":")) - before
        assert lifetime <= timedelta(seconds=world.ports.settings.snapshot_timeout_seconds + 5)


def test_a_task_is_told_in_real_time_when_it_began(world: BackupWorld) -> None:
    """A handler compares that with its machine's clock, whatever the world's says."""
    began: list[datetime] = []

    def look(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        began.append(settings.started)
        snapshots()(guest, settings)

    world.fabric.script = [look]
    world.clock.jump(timedelta(days=10 * 365).total_seconds())
    before = datetime.now(UTC)
    world.back_up()
    assert before - timedelta(milliseconds=1) <= began[0] <= datetime.now(UTC)


def test_the_blobs_for_the_report_are_there_and_empty_before_the_extension_is_asked(world: BackupWorld) -> None:
    sizes: list[int | None] = []

    def look(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        for uri in (settings.report.status_uri, settings.report.logs_uri):
            assert uri is not None
            found = guest.blobs.properties(guest.blobs.parse(uri))
            sizes.append(found.size_bytes if found and found.kind == "block" else None)
        snapshots()(guest, settings)

    world.fabric.script = [look]
    world.back_up()
    assert sizes == [0, 0]


def test_both_blobs_of_an_attempt_stay_with_the_job(world: BackupWorld) -> None:
    world.back_up()
    (attempt,) = world.job_private()["attempts"]
    assert (attempt["code"], attempt["consistency"]) == (0, "AppConsistent")
    for key, text in (("status_blob", b'"taskId"'), ("logs_blob", b"a line of the log")):
        address = attempt[key]
        assert address["container"] == f"bcdrextensionlogs-{VM_ID}"
        assert text in world.blobs.read(Blob(address["account"], address["container"], address["name"]))


def test_no_more_has_changed_than_is_allocated_since_both_are_counted_in_blocks(world: BackupWorld) -> None:
    world.blobs.write(world.disks[1].blob, 2 * BLOCK + 512, b"x" * 512)
    world.back_up()
    (point,) = world.points()
    assert [(disk.allocated_bytes, disk.changed_bytes) for disk in point.disks] == [
        (BLOCK, BLOCK),
        (2 * BLOCK, 2 * BLOCK),
        (BLOCK, BLOCK),
    ]


def test_the_second_backup_moves_only_what_changed(world: BackupWorld) -> None:
    world.back_up()
    world.write(1, 2, 9)
    world.clock.jump(60)
    job = world.back_up()
    assert job["status"] == "Completed"
    second = world.points()[-1]
    assert [disk.transferred_bytes for disk in second.disks] == [0, BLOCK, 0]
    assert [disk.allocated_bytes for disk in second.disks] == [BLOCK, 2 * BLOCK, BLOCK]
    assert second.task_id.partition("_")[0] != world.points()[0].task_id.partition("_")[0]


def test_each_point_reads_back_as_the_disks_were(world: BackupWorld) -> None:
    world.back_up()
    world.write(0, 0, 200)
    world.clock.jump(60)
    world.back_up()
    vault = VaultStore(world.blobs, world.ports.settings.vault_account)
    first, second = (VaultPoint.from_json(point.disks[0].vault or {}) for point in world.points())
    assert vault.source(first).read(0, 3) == b"\x01\x01\x01"
    assert vault.source(second).read(0, 3) == b"\xc8\xc8\xc8"


def test_file_system_consistency_is_said(world: BackupWorld) -> None:
    world.fabric.script = [snapshots(1, SnapshotConsistency.file_system)]
    world.back_up()
    assert world.shown_points()[0]["recoveryPointType"] == "FileSystemConsistent"


def test_an_expiry_can_be_asked_for(world: BackupWorld) -> None:
    asked = BACKUP_REQUEST["properties"] | {"recoveryPointExpiryTimeInUTC": "2027-01-01T00:00:00.000Z"}
    world.ended(backup_now(world.ports, world.engine, ITEM, {"properties": asked}))
    (shown,) = world.shown_points()
    assert shown["recoveryPointProperties"]["expiryTime"] == "2027-01-01T00:00:00Z"


def test_excluded_disks_stay_out(world: BackupWorld) -> None:
    from controlplane.jobs.protection.lifecycle import configure_protection
    from tests.unit.controlplane.jobs.backup_world import PROTECT_REQUEST

    exclusion = {"extendedProperties": {"diskExclusionProperties": {"diskLunList": [1], "isInclusionList": False}}}
    request = {"properties": PROTECT_REQUEST["properties"] | exclusion}
    world.ended(configure_protection(world.ports, world.engine, ITEM, request))
    assert world.back_up()["status"] == "Completed"
    settings = SnapshotSettings.parse(world.fabric.delivered[0].public, world.fabric.delivered[0].protected)
    assert settings.included.is_any_disk_excluded
    assert len(settings.disks) == 2
    configuration = world.shown_points()[0]["recoveryPointDiskConfiguration"]
    assert configuration["numberOfDisksIncludedInBackup"] == 2
    assert configuration["excludedDiskList"] == [{"lun": 1, "name": "logs"}]


# -------------------------------------------------------------------------------------------- requests that are refused


@pytest.mark.parametrize(
    "properties",
    [
        {"objectType": "AzureFileShareBackupRequest"},
        {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": "soon"},
        {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": "2020-01-01T00:00:00Z"},
        {},
    ],
)
def test_bad_requests_are_refused(world: BackupWorld, properties: Json) -> None:
    with pytest.raises(ServiceError) as refused:
        backup_now(world.ports, world.engine, ITEM, {"properties": properties})
    assert refused.value.code == "BMSUserErrorInvalidInput"


def test_an_item_that_is_not_there_cannot_be_backed_up(world: BackupWorld) -> None:
    with pytest.raises(ServiceError) as refused:
        backup_now(world.ports, world.engine, ITEM.replace("sql01", "other"), BACKUP_REQUEST)
    assert refused.value.status == 404


def test_a_second_backup_while_one_runs_is_refused(world: BackupWorld) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def slow(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        entered.set()
        go_on.wait(10)
        snapshots()(guest, settings)

    world.fabric.script = [slow]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert entered.wait(10)
    with pytest.raises(ServiceError) as refused:
        backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    assert refused.value.code == "UserErrorBackupOperationInProgress"
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"
    assert world.back_up()["status"] == "Completed"


# ------------------------------------------------------------------------------------------------ attempts and failures


@pytest.mark.parametrize(
    ("code", "telemetry"),
    [(2, {"extErrorCode": "ExtensionFailedVssServiceInBadState"}), (2, {}), (121, {}), (122, {})],
)
def test_when_the_freeze_is_in_the_way_a_second_attempt_does_without(
    world: BackupWorld, code: int, telemetry: dict[str, str]
) -> None:
    def refuses(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, code, message="no VSS", telemetry=telemetry)

    world.fabric.script = [refuses, snapshots(1, SnapshotConsistency.crash)]
    job = world.back_up()
    assert job["status"] == "Completed"
    assert world.shown_points()[0]["recoveryPointType"] == "CrashConsistent"
    first, second = (SnapshotSettings.parse(asked.public, asked.protected) for asked in world.fabric.delivered)
    assert first.task_id.removesuffix("_1") == second.task_id.removesuffix("_2")
    assert second.custom.can_take_crash_consistent_snapshot
    assert second.custom.backup_retry_count == 1
    assert first.report.status_uri != second.report.status_uri
    assert len(world.snapshots()) == 3


@pytest.mark.parametrize(
    ("code", "name"),
    [
        (11, "ExtensionConfigParsingFailure"),
        (12, "ExtensionCommandExecFailure"),
        (16, "GuestAgentCertificateNotFound"),
        (76, "ExtensionSnapshotFailedNoNetwork"),
        (85, "ExtensionFailedSnapshotLimitReachedError"),
        (123, "UserErrorUnableToOpenMount"),
        (173, "ExtensionFailedSnapshotRateExceededError"),
        (300, "ExtensionOperationFailed"),
        (402, "ExtensionFailedTimeoutVMNetworkUnresponsive"),
        (9999, "ExtensionOperationFailed"),
    ],
)
def test_other_failures_have_a_name_and_no_second_attempt(world: BackupWorld, code: int, name: str) -> None:
    world.fabric.script = [fails(code, "the handler's words")]
    job = world.back_up()
    assert job["status"] == "Failed"
    assert title(job) == name
    assert "the handler's words" in job["errorDetails"][0]["errorString"]
    assert tasks(job) == [("Take Snapshot", "Failed"), ("Transfer data to vault", "Failed")]
    assert len(world.fabric.delivered) == 1
    assert world.points() == []
    assert world.snapshots() == []


@pytest.mark.parametrize(
    ("code", "error_name", "name"),
    [
        (2, "ExtensionFailedVssWriterInBadState", "ExtensionFailedVssWriterInBadState"),
        (121, "", "UserErrorFsFreezeFailed"),
        (122, "", "UserErrorFsFreezeTimeout"),
    ],
)
def test_a_second_failure_is_the_end(world: BackupWorld, code: int, error_name: str, name: str) -> None:
    def refuses(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, code, telemetry={"extErrorCode": error_name})

    world.fabric.script = [refuses, refuses]
    assert title(world.back_up()) == name
    assert len(world.fabric.delivered) == 2


def test_snapshots_of_a_failed_attempt_are_deleted(world: BackupWorld) -> None:
    world.fabric.script = [fails(76, places={0, 2})]
    assert title(world.back_up()) == "ExtensionSnapshotFailedNoNetwork"
    assert world.snapshots() == []


def test_success_with_code_76_is_a_failure(world: BackupWorld) -> None:
    def quirk(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, 76, status="success", snapshots=guest.take(settings, {1}))

    world.fabric.script = [quirk]
    assert title(world.back_up()) == "ExtensionSnapshotFailedNoNetwork"
    assert world.snapshots() == []


def test_a_failed_backup_shows_in_the_item_and_the_next_one_heals_it(world: BackupWorld) -> None:
    world.back_up()
    world.fabric.script = [fails(85)]
    world.clock.jump(3600)
    world.back_up()
    item = world.item()
    assert (item["protectionState"], item["lastBackupStatus"]) == ("ProtectionError", "Failed")
    assert item["lastRecoveryPoint"] == "2026-11-22T19:01:00Z"
    world.back_up()
    assert world.item()["protectionState"] == "Protected"


@pytest.mark.parametrize("answer", [silent, begins])
def test_a_handler_that_never_finishes_is_given_up(world: BackupWorld, answer: object) -> None:
    world.fabric.script = [answer]  # type: ignore[list-item]
    ticket = backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)
    waiting = threading.Event()
    while not world.fabric.delivered:
        waiting.wait(0.01)
    world.clock.jump(world.ports.settings.snapshot_timeout_seconds + 1)
    job = world.ended(ticket)
    assert title(job) == "GuestAgentSnapshotTaskStatusError"
    assert world.snapshots() == []
    assert len(world.fabric.delivered) == 1


def test_a_report_of_another_task_is_not_taken(world: BackupWorld) -> None:
    """The handler of an earlier attempt wakes up and reports where it was told to: nobody reads that any more."""
    earlier: list[SnapshotSettings] = []

    def refuses(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        earlier.append(settings)
        guest.report(settings, 121)

    def late(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(earlier[0], 0, snapshots=guest.take(earlier[0]))
        confused = replace_task(settings, earlier[0].task_id)
        guest.report(confused, 0, snapshots=guest.take(confused))
        snapshots(1, SnapshotConsistency.crash)(guest, settings)

    world.fabric.script = [refuses, late]
    assert world.back_up()["status"] == "Completed"
    (point,) = world.points()
    assert point.task_id.endswith("_2")
    owned = {(disk.blob, disk.snapshot) for disk in point.disks}
    assert {(blob.name, blob.snapshot) for blob in world.snapshots()} == owned


def replace_task(settings: SnapshotSettings, task_id: str) -> SnapshotSettings:
    return settings._replace(task_id=task_id, metadata={**settings.metadata, "taskid": task_id})


def lies(change: object) -> object:
    def answer(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        taken = list(guest.take(settings))
        assert callable(change)
        change(taken, guest, settings)
        guest.report(settings, 0, snapshots=tuple(taken), snapshot_consistency=SnapshotConsistency.application)

    return answer


def drops_one(taken: list[SnapshotInfo], guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    taken.pop()


def invents_one(taken: list[SnapshotInfo], guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    taken[1] = SnapshotInfo.taken(settings.disks[1], "2020-01-01T00:00:00.0000000Z")


def loses_one(taken: list[SnapshotInfo], guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    guest.blobs.delete(guest.disk(settings, 2).at(taken[2].stamp))


def takes_it_for_another(taken: list[SnapshotInfo], guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    stamp = guest.blobs.snapshot(guest.disk(settings, 0), {"taskid": "another"})
    taken[0] = taken[0]._replace(snapshot_uri=f"{settings.disks[0].partition('?')[0]}?snapshot={stamp}")


@pytest.mark.parametrize("change", [drops_one, invents_one, loses_one, takes_it_for_another])
def test_a_snapshot_counts_only_when_it_is_found(world: BackupWorld, change: object) -> None:
    world.fabric.script = [lies(change)]  # type: ignore[list-item]
    assert title(world.back_up()) == "ManagedRpCreationFailedInCrpButExtensionSucceeded"
    assert world.points() == []
    left = [world.blobs.properties(blob) for blob in world.snapshots()]
    assert all(found is not None and found.metadata["taskid"] == "another" for found in left)


def test_signatures_in_what_a_handler_says_are_not_repeated(world: BackupWorld) -> None:
    def leaks(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, 76, message=f"PUT {settings.disks[0]}&comp=snapshot failed")

    world.fabric.script = [leaks]
    job = world.back_up()
    assert "sig=REDACTED" in job["errorDetails"][0]["errorString"]
    signature = world.fabric.delivered[0].protected["statusBlobUri"].partition("sig=")[2].partition("&")[0]
    assert signature
    told = repr(world.store.events()) + repr(job) + repr(world.job_private()) + repr(world.store.find("run"))
    assert "sig=REDACTED" in told
    assert all(part.partition("&")[0].startswith("REDACTED") for part in told.split("sig=")[1:])


# --------------------------------------------------------------------------------------------------- the machine itself


def test_a_machine_that_is_gone_fails_the_job(world: BackupWorld) -> None:
    world.fabric.delete_vm(VM)
    job = world.back_up()
    assert title(job) == "BCMV2VMNotFound"
    assert job["errorDetails"][0]["errorCode"] == 400094


def test_an_agent_that_is_not_ready_fails_the_job(world: BackupWorld) -> None:
    apply_desired(world.store, VM, agent="Not Ready")
    assert title(world.back_up()) == "UserErrorGuestAgentStatusUnavailable"
    assert world.fabric.delivered == []


@pytest.mark.parametrize("power", ["stopped", "deallocated"])
def test_a_machine_that_is_off_is_snapshotted_by_the_service(world: BackupWorld, power: PowerState) -> None:
    world.fabric.power(VM, power)
    assert world.back_up()["status"] == "Completed"
    (point,) = world.points()
    assert (point.consistency, point.task_id, point.telemetry) == ("CrashConsistent", "", {})
    assert world.fabric.delivered == []
    assert len(world.snapshots()) == 3


def test_a_machine_that_stops_during_the_snapshot_fails_the_job_at_once(world: BackupWorld) -> None:
    def stops(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.take(settings)
        guest.power(VM, "stopped")

    world.back_up()
    taken = world.snapshots()
    world.fabric.script = [stops]
    assert title(world.back_up()) == "UserErrorVmNotInDesirableState"
    assert world.snapshots() == taken


def test_a_machine_that_starts_while_the_service_snapshots_it_fails_the_job(world: BackupWorld) -> None:
    world.fabric.power(VM, "deallocated")

    def start(verb: str, blob: Blob) -> None:
        if verb == "snapshot done":
            world.blobs.listener = None
            world.fabric.power(VM, "running")

    world.blobs.listener = start
    assert title(world.back_up()) == "UserErrorVmNotInDesirableState"
    assert world.snapshots() == []
    assert world.points() == []


def test_an_extension_that_is_being_removed_fails_the_job(world: BackupWorld) -> None:
    world.back_up()
    world.fabric._real.remove_extension(VM, "VMSnapshot")
    assert title(world.back_up()) == "ExtensionStuckInDeletionState"


# --------------------------------------------------------------------------------------------------------- the transfer


def refuse_the_vault(verb: str, blob: Blob) -> None:
    if verb in {"put", "commit"} and blob.container == "vault":
        raise StorageUnavailable("no answer from the vault")


def test_a_transfer_that_fails_keeps_the_instant_point(world: BackupWorld) -> None:
    world.blobs.listener = refuse_the_vault
    job = world.back_up()
    assert job["status"] == "CompletedWithWarnings"
    assert tasks(job) == [("Take Snapshot", "Completed"), ("Transfer data to vault", "Failed")]
    assert title(job) == "BackUpOperationFailedV2"
    assert [tier["type"] for tier in world.shown_points()[0]["recoveryPointTierDetails"]] == ["InstantRP"]
    assert world.vault_blobs() == []
    assert (world.item()["protectionState"], world.item()["lastBackupStatus"]) == ("Protected", "CompletedWithWarnings")


def test_the_next_transfer_is_compared_with_the_newest_point_in_the_vault(world: BackupWorld) -> None:
    world.back_up()
    world.clock.jump(60)
    world.blobs.listener = refuse_the_vault
    world.write(0, 1, 7)
    world.back_up()
    world.blobs.listener = None
    world.clock.jump(60)
    world.write(0, 2, 8)
    world.back_up()
    assert [point.tiers for point in world.points()] == ["InstantAndVault", "Instant", "InstantAndVault"]
    assert world.points()[-1].disks[0].transferred_bytes == 2 * BLOCK


def test_what_the_vault_lost_of_the_transfer_is_named(world: BackupWorld) -> None:
    def lose_packs(verb: str, blob: Blob) -> None:
        if verb == "commit done" and blob.container == "vault":
            world.blobs.delete(blob)

    world.blobs.listener = lose_packs
    job = world.back_up()
    assert job["status"] == "CompletedWithWarnings"
    assert "lost part of the transferred data" in job["errorDetails"][0]["errorString"]


def test_snapshots_that_the_storage_lost_are_no_backup(world: BackupWorld) -> None:
    """They vanish after they were confirmed, and the transfer finds nothing to read."""

    def lose_snapshots(verb: str, blob: Blob) -> None:
        if blob.container == "vault":
            for snapshot in world.snapshots():
                world.blobs.inner.delete(snapshot)
            refuse_the_vault(verb, blob)

    world.blobs.listener = lose_snapshots
    job = world.back_up()
    assert job["status"] == "Failed"
    assert job["errorDetails"][-1]["errorTitle"] == "UserErrorInstantRpNotFound"
    assert world.points() == []


@pytest.mark.parametrize("step", [confirm_point, transfer_to_vault])
def test_a_backup_whose_point_was_found_lost_at_a_start_has_lost_its_snapshots(world: BackupWorld, step: Any) -> None:
    state = {"item": ITEM, "point": "gone", "disks": [disk.to_json() for disk in world.disks]}
    with pytest.raises(ServiceError) as refused:
        step(world.ports, state)
    assert refused.value.code == "UserErrorInstantRpNotFound"


def test_a_point_whose_snapshots_are_lost_lives_on_in_the_vault(world: BackupWorld) -> None:
    def lose_snapshot(verb: str, blob: Blob) -> None:
        if verb == "put done" and blob.container == "vault":
            world.blobs.inner.delete(next(each for each in world.snapshots() if each.name == "os.vhd"))
            world.blobs.listener = None

    world.blobs.listener = lose_snapshot
    assert world.back_up()["status"] == "Completed"
    assert [point.tiers for point in world.points()] == ["Vault"]
    (told,) = world.events("snapshot.lost")
    assert told["disks"] == ["os"]


# --------------------------------------------------------------------------------------------------------- the clean-up


def test_old_snapshots_go_and_the_vault_keeps_their_points(world: BackupWorld) -> None:
    for _ in range(4):
        world.back_up()
        world.clock.jump(timedelta(days=1).total_seconds())
    tiers = [[tier["type"] for tier in point["recoveryPointTierDetails"]] for point in world.shown_points()]
    by_age = sorted(tiers, key=len)
    assert by_age[0] == ["HardenedRP"]
    assert [point.tiers for point in world.points()] == ["Vault", "Vault", "InstantAndVault", "InstantAndVault"]
    assert len(world.snapshots()) == 6


def test_no_more_than_so_many_snapshots_are_kept() -> None:
    with backup_world(settings=ServiceSettings(limits=Limits(snapshots=2))) as world:
        for _ in range(4):
            world.back_up()
            world.clock.jump(60)
        assert [point.tiers for point in world.points()] == ["Vault", "Vault", "InstantAndVault", "InstantAndVault"]
        assert len(world.snapshots()) == 6


def test_snapshots_that_no_point_names_go_with_the_next_backup(world: BackupWorld) -> None:
    stray = DISKS[0].blob.at(world.blobs.snapshot(DISKS[0].blob, {"jobid": "ended long ago", "taskid": "x_1"}))
    foreign = DISKS[0].blob.at(world.blobs.snapshot(DISKS[0].blob, {"made-by": "somebody else"}))
    world.back_up()
    assert world.blobs.properties(stray) is None
    assert world.blobs.properties(foreign) is not None


def test_an_older_snapshot_costs_a_backup_no_request(world: BackupWorld) -> None:
    """Each new snapshot is looked at twice: when it is reported, and when the job has done its work."""
    world.back_up()
    world.back_up()
    asked: list[Blob] = []

    def note(verb: str, blob: Blob) -> None:
        if verb == "properties" and blob.snapshot is not None:
            asked.append(blob)

    world.blobs.listener = note
    assert world.back_up()["status"] == "Completed"
    assert sorted(blob.name for blob in asked) == sorted(disk.blob.name for disk in 2 * DISKS)
