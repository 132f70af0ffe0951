"""Restore of disks: from either tier, byte for byte, with what describes them; and what is refused."""

from __future__ import annotations

import json
import threading
from collections.abc import Iterator
from dataclasses import replace

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import recovery_point, restored_disks
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.recovery_services.restore_template import template
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.domain.storage import storage_account
from controlplane.jobs.documents import points
from controlplane.jobs.restore.restore import restore
from controlplane.json_object import Json
from controlplane.ports import Blob
from tests.unit.controlplane.jobs.backup_world import (
    DISKS,
    RESTORE_REQUEST,
    SIZE,
    TARGET,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    """Two points; between them the OS disk changed."""
    with backup_world() as world:
        world.back_up()
        world.write(0, 3, 99)
        world.clock.jump(60)
        world.back_up()
        yield world


def lose_snapshots(world: BackupWorld) -> None:
    for snapshot in world.snapshots():
        world.blobs.delete(snapshot)


def restored(world: BackupWorld) -> list[Json]:
    """What the job says it rebuilt."""
    found: list[Json] = world.job_private()["restored"]
    return found


def image(world: BackupWorld, disk: Json) -> bytes:
    return world.blobs.read(Blob(disk["account"], disk["container"], disk["blob"]))


@pytest.mark.parametrize("tier", ["InstantRP", "HardenedRP"])
def test_each_disk_comes_back_as_it_was(world: BackupWorld, tier: str) -> None:
    expected = [world.blobs.read(points.snapshot_of(disk)) for disk in world.points()[0].disks]
    if tier == "HardenedRP":
        lose_snapshots(world)
    job = world.restore(world.points()[0])
    assert job["status"] == "Completed"
    assert world.job_private()["tier"] == tier
    assert [(disk["name"], disk["lun"]) for disk in restored(world)] == [("os", -1), ("data", 0), ("logs", 1)]
    assert [image(world, disk) for disk in restored(world)] == expected
    assert image(world, restored(world)[0]) != world.blobs.read(DISKS[0].blob)


def test_the_job_of_a_restore_from_the_vault(world: BackupWorld) -> None:
    lose_snapshots(world)
    first = world.points()[0]
    job = world.restore(first)
    extended = job["extendedInfo"]
    assert extended["tasksList"] == [
        {
            "taskId": "Transfer data from vault",
            "duration": "PT0S",
            "status": "Completed",
            "taskExecutionDetails": "0 GBs / 0 GBs Transferred",
        }
    ]
    assert extended["progressPercentage"] == 100.0
    assert extended["estimatedRemainingDuration"] == "PT0S"
    assert extended["internalPropertyBag"] == {"restoreLocationType": "RestoreDisks"}
    number = world.job_private()["job"]["id"]
    container = f"sql01-{number.replace('-', '')}"
    assert extended["propertyBag"] == {
        "Job Type": "Recover disks",
        "Target VM Name": "vmName",
        "Target Storage Account Name": "restored01",
        "Recovery point time ": "11/22/2026 7:01:00 PM",
        "Config Blob Name": f"config-sql01-{number}.json",
        "Config Blob Container Name": container,
        "Config Blob Uri": f"http://blobs.invalid/restored01/{container}/config-sql01-{number}.json",
        "Template Blob Uri": f"http://blobs.invalid/restored01/{container}/azuredeploy{number}.json",
        "Damaged Copies": "os (InstantRP), data (InstantRP), logs (InstantRP)",
    }
    assert job["containerName"] == "iaasvmcontainerv2;demo;sql01"
    assert job["actionsInfo"] == ["Cancellable"]


def test_a_restore_from_snapshots_names_its_task_otherwise(world: BackupWorld) -> None:
    (task,) = world.restore(world.points()[1])["extendedInfo"]["tasksList"]
    assert task["taskId"] == "Create the restored disks"


def test_job_and_operation_of_a_restore_have_one_id(world: BackupWorld) -> None:
    ticket = restore(world.ports, world.engine, world.points()[0].document, RESTORE_REQUEST)
    assert ticket.job_id == ticket.operation_id
    assert world.ended(ticket)["status"] == "Completed"


def test_the_description_beside_the_disks(world: BackupWorld) -> None:
    job = world.restore(world.points()[0])
    bag = job["extendedInfo"]["propertyBag"]
    config = json.loads(world.blobs.read(world.blobs.parse(bag["Config Blob Uri"])))
    disks = {disk["name"]: disk for disk in restored(world)}
    assert config["properties.hardwareProfile"] == {"vmSize": "Standard_D2s_v5"}
    storage = config["properties.storageProfile"]
    assert storage["osDisk"]["vhd"]["uri"].endswith(disks["os"]["blob"])
    assert storage["osDisk"]["osType"] == "Windows"
    assert [(disk["lun"], disk["name"]) for disk in storage["dataDisks"]] == [(0, "data"), (1, "logs")]
    template = json.loads(world.blobs.read(world.blobs.parse(bag["Template Blob Uri"])))
    kinds = [resource["type"] for resource in template["resources"]]
    assert kinds == [
        *["Microsoft.Compute/disks"] * 3,
        "Microsoft.Network/networkInterfaces",
        "Microsoft.Compute/virtualMachines",
    ]
    assert template["resources"][0]["properties"]["creationData"]["storageAccountId"] == TARGET
    assert "sig=" not in json.dumps([config, template, job])


@pytest.mark.parametrize(("luns", "names"), [([], ["os"]), ([1], ["os", "logs"]), (["0", -1], ["os", "data"])])
def test_only_the_disks_asked_for_come_back(world: BackupWorld, luns: list[object], names: list[str]) -> None:
    assert world.restore(world.points()[0], restoreDiskLunList=luns)["status"] == "Completed"
    assert [disk["name"] for disk in restored(world)] == names


def test_a_restore_touches_neither_the_disks_nor_the_points(world: BackupWorld) -> None:
    before = [world.blobs.read(disk.blob) for disk in DISKS], world.points(), world.snapshots(), world.vault_blobs()
    world.restore(world.points()[0])
    after = [world.blobs.read(disk.blob) for disk in DISKS], world.points(), world.snapshots(), world.vault_blobs()
    assert after == before
    assert world.item()["kpisHealths"]["RestoreOperationStatusKPI"]["resourceHealthStatus"] == "Healthy"


def test_a_vault_that_lost_data_fails_the_restore_and_leaves_nothing(world: BackupWorld) -> None:
    lose_snapshots(world)
    vaults = world.ports.settings.vault_account
    for blob in list(world.blobs.find(vaults, "vault")):
        if not blob.name.startswith("manifests/"):
            world.blobs.delete(blob)
    job = world.restore(world.points()[0])
    assert job["status"] == "Failed"
    assert world.restored_blobs() == []
    item = world.item()
    assert item["kpisHealths"]["RestoreOperationStatusKPI"]["resourceHealthStatus"] == "TransientDegraded"
    assert item["protectionState"] == "Protected"


def test_a_point_with_no_tier_left_cannot_be_restored(world: BackupWorld) -> None:
    point = world.points()[0]
    bare = replace(point, tiers="Instant")
    points.put(world.store, bare)
    lose_snapshots(world)
    with pytest.raises(ServiceError) as refused:
        world.restore(bare)
    assert refused.value.code == "UserErrorInstantRpNotFound"


def test_only_one_restore_of_an_item_at_a_time(world: BackupWorld) -> None:
    entered, go_on = threading.Event(), threading.Event()

    def wait(verb: str, blob: Blob) -> None:
        if blob.account == "restored01" and not entered.is_set():
            entered.set()
            go_on.wait(10)

    world.blobs.listener = wait
    ticket = restore(world.ports, world.engine, world.points()[0].document, RESTORE_REQUEST)
    assert entered.wait(10)
    with pytest.raises(ServiceError) as refused:
        restore(world.ports, world.engine, world.points()[1].document, RESTORE_REQUEST)
    assert refused.value.code == "UserErrorRestoreOperationInProgress"
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"sourceResourceId": "x"}, "BMSUserErrorInvalidInput"),
        ({"sourceResourceId": f"{VM}x"}, "BMSUserErrorInvalidInput"),
        ({"objectType": "AzureFileShareRestoreRequest"}, "BMSUserErrorInvalidInput"),
        ({"recoveryPointId": "1"}, "BMSUserErrorInvalidInput"),
        ({"recoveryType": "Everything"}, "BMSUserErrorInvalidInput"),
        ({"recoveryType": "Offline"}, "BMSUserErrorInvalidInput"),
        ({"targetResourceGroupId": "/subscriptions/s/resourceGroups/x"}, "BMSUserErrorInvalidInput"),
        ({"restoreWithManagedDisks": True}, "BMSUserErrorInvalidInput"),
        ({"objectType": "IaasVMRestoreWithRehydrationRequest"}, "UserErrorRecoveryPointRehydrationNotAllowed"),
        ({"diskEncryptionSetId": "/x"}, "OperationNotSimulated"),
        ({"encryptionDetails": {"encryptionEnabled": True}}, "OperationNotSimulated"),
        ({"identityInfo": {"isSystemAssignedIdentity": True}}, "OperationNotSimulated"),
        ({"securedVMDetails": {"securedVMOsDiskEncryptionSetId": "/x"}}, "OperationNotSimulated"),
        ({"region": "eastus"}, "OperationNotSimulated"),
        ({"originalStorageAccountOption": True}, "BMSUserErrorInvalidInput"),
        ({"storageAccountId": None}, "BMSUserErrorInvalidInput"),
        ({"storageAccountId": f"{TARGET}x"}, "UserErrorBcmRestoreStorageAccountNotFound"),
        ({"restoreDiskLunList": [7]}, "BMSUserErrorInvalidInput"),
    ],
)
def test_what_cannot_be_restored_is_refused_by_name(world: BackupWorld, asked: Json, code: str) -> None:
    with pytest.raises(ServiceError) as refused:
        world.restore(world.points()[0], **asked)
    assert refused.value.code == code
    assert world.store.find("run", "running") == []


def test_an_account_in_another_region_is_refused(world: BackupWorld) -> None:
    world.store.put(storage_account.KIND, TARGET, {"id": TARGET, "name": "restored01", "location": "eastus"})
    with pytest.raises(ServiceError, match="two different regions"):
        world.restore(world.points()[0])


def test_an_unknown_point_is_not_found(world: BackupWorld) -> None:
    with pytest.raises(ServiceError) as refused:
        restore(world.ports, world.engine, f"{VAULT}/nothing/recoveryPoints/1", RESTORE_REQUEST)
    assert refused.value.status == 404


# ---------------------------------------------------------------------------------------------- names and descriptions


def test_container_names_obey_the_storage() -> None:
    number = "04f31b5b-eaaf-41f4-be4a-fd45e9b56c05"
    assert restored_disks.container_name("SQL01", number) == "sql01-04f31b5beaaf41f4be4afd45e9b56c05"
    for vm in ("a" * 64, "My_Machine.2", "---", "ünï"):
        name = restored_disks.container_name(vm, number)
        assert len(name) <= 63
        assert name.replace("-", "").isalnum()
        assert name.isascii()
        assert "--" not in name


def test_a_template_without_the_os_disk_makes_disks_only() -> None:
    machine = recovery_point.Machine("sql01", "Standard_D2s_v5", "Windows", "westus", False, ((-1, "os"), (0, "data")))
    with backup_world() as world:
        world.back_up()
        point: RecoveryPoint = replace(world.points()[0], machine=machine)
    made = template(point, [RestoredDisk("data", 0, SIZE, "http://x/data.vhd")], TARGET)
    assert [resource["type"] for resource in made["resources"]] == ["Microsoft.Compute/disks"]
    assert made["parameters"] == {}
    assert "osType" not in made["resources"][0]["properties"]
