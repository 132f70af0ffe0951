"""Restores that end in managed disks or in a virtual machine, on fakes: what is made, what is kept, what is refused."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.network import network
from controlplane.domain.recovery_services import vault
from controlplane.domain.resources import lock
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.restore.restore import restore
from controlplane.json_object import Json
from controlplane.ports import Blob, PowerState
from tests.unit.controlplane.jobs.backup_world import (
    ALTERNATE,
    COPY,
    GROUP,
    ITEM,
    NETWORK,
    RESTORE_REQUEST,
    SUBNET,
    VAULT,
    VM,
    BackupWorld,
    backup_world,
)

ORIGINAL: Json = {"recoveryType": "OriginalLocation"}
MANAGED: Json = {"targetResourceGroupId": GROUP}
OTHER_SUBSCRIPTION = GROUP.replace("/s/", "/other/")


@pytest.fixture(params=[True, False], ids=["managed", "unmanaged"])
def world(request: pytest.FixtureRequest) -> Iterator[BackupWorld]:
    """A machine with a recovery point, whose OS disk has changed since."""
    with backup_world(managed=request.param) as world:
        world.back_up()
        world.write(0, 3, 99)
        yield world


@pytest.fixture
def managed() -> Iterator[BackupWorld]:
    with backup_world(managed=True) as world:
        world.back_up()
        world.write(0, 3, 99)
        yield world


def images(world: BackupWorld) -> list[bytes]:
    """What the last job restored."""
    found = world.job_private()["restored"]
    return [world.blobs.read(Blob(disk["account"], disk["container"], disk["blob"])) for disk in found]


def originals(world: BackupWorld) -> list[bytes]:
    return [world.blobs.read(points.snapshot_of(disk)) for disk in world.points()[0].disks]


def machine(world: BackupWorld, id: str = VM) -> Json:
    found = world.resource(id)
    assert found is not None
    return found


def power(world: BackupWorld, id: str = VM) -> str | None:
    view = world.fabric.instance_view(id)
    return view.power if view else None


def refusal(world: BackupWorld, **asked: object) -> ServiceError:
    with pytest.raises(ServiceError) as refused:
        world.restore(world.points()[0], **asked)
    assert world.store.find("run", "running") == []
    return refused.value


def add_lock(world: BackupWorld, scope: str, level: str) -> None:
    id = f"{scope}/providers/{lock.TYPE}/keep"
    world.store.put(lock.KIND, id, {"id": id}, parent=scope, private={"scope": scope, "level": level})


# -------------------------------------------------------------------------------------------------------- managed disks


def test_disks_become_managed_disks_of_the_target_group(world: BackupWorld) -> None:
    expected = originals(world)
    job = world.restore(world.points()[0], **MANAGED)
    assert job["status"] == "Completed"
    assert job["extendedInfo"]["propertyBag"]["Target resource group"] == "Demo"
    assert images(world) == expected
    names = ["SQL01-osdisk-20261122-190200", "SQL01-datadisk-000-20261122-190200", "SQL01-datadisk-001-20261122-190200"]
    made = [machine(world, f"{GROUP}/providers/Microsoft.Compute/disks/{name}") for name in names]
    assert [disk["properties"]["diskState"] for disk in made] == ["Unattached"] * 3
    assert [disk["properties"].get("osType") for disk in made] == ["Windows", None, None]
    assert {disk["properties"]["creationData"]["createOption"] for disk in made} == {"Restore"}


def test_managed_disks_keep_their_kind_of_storage(managed: BackupWorld) -> None:
    managed.restore(managed.points()[0], **MANAGED)
    restored = [id for id in managed.resources() if "osdisk-" in id]
    assert [machine(managed, id)["sku"]["name"] for id in restored] == ["StandardSSD_LRS"]


def test_two_restores_in_one_second_make_disks_of_different_names(managed: BackupWorld) -> None:
    before, request = len(managed.resources()), {"properties": RESTORE_REQUEST["properties"] | MANAGED}
    for _ in range(2):
        managed.ended(restore(managed.ports, managed.engine, managed.points()[0].document, request))
    assert len(managed.resources()) == before + 6


def test_the_template_attaches_managed_disks_by_their_ids(managed: BackupWorld) -> None:
    job = managed.restore(managed.points()[0], **MANAGED)
    uri = job["extendedInfo"]["propertyBag"]["Template Blob Uri"]
    text = managed.blobs.read(managed.blobs.parse(uri)).decode()
    assert "Import" not in text
    assert all(id.rpartition("/")[2] in text.lower() for id in managed.resources() if "osdisk-" in id)


def test_a_locked_target_group_fails_the_job_and_leaves_nothing(managed: BackupWorld) -> None:
    before = managed.resources()
    add_lock(managed, GROUP, "ReadOnly")
    job = managed.restore(managed.points()[0], **MANAGED)
    assert job["status"] == "Failed"
    assert job["errorDetails"][0]["errorTitle"] == "UserErrorResourceIsInLockedState"
    assert managed.resources() == before
    assert managed.restored_blobs() == []


# --------------------------------------------------------------------------------------------------- alternate location


def test_another_machine_is_made_from_the_point_and_runs(world: BackupWorld) -> None:
    expected = originals(world)
    job = world.restore(world.points()[0], **ALTERNATE)
    assert job["status"] == "Completed", job.get("errorDetails")
    assert job["extendedInfo"]["propertyBag"]["Target VM Name"] == "Copy"
    assert job["extendedInfo"]["internalPropertyBag"] == {"restoreLocationType": "AlternateLocation"}
    tasks = [task["taskId"] for task in job["extendedInfo"]["tasksList"]]
    assert tasks == ["Create the restored disks", "Create the restored virtual machine"]
    assert images(world) == expected
    made = machine(world, COPY)
    assert made["properties"]["hardwareProfile"] == {"vmSize": "Standard_D2s_v5"}
    assert "osProfile" not in made["properties"], "it was set up before it was backed up"
    assert power(world, COPY) == "running"
    assert [disk.create_option for disk in world.fabric.disks(COPY)] == ["Attach"] * 3
    assert machine(world)["properties"]["storageProfile"]["osDisk"]["name"] == world.disks[0].name, "left as it was"


def test_its_interface_lies_in_the_subnet_with_a_free_address(managed: BackupWorld) -> None:
    managed.restore(managed.points()[0], **ALTERNATE)
    profile = machine(managed, COPY)["properties"]["networkProfile"]
    interface = machine(managed, profile["networkInterfaces"][0]["id"])
    (configuration,) = interface["properties"]["ipConfigurations"]
    assert configuration["properties"]["subnet"] == {"id": SUBNET}
    assert configuration["properties"]["privateIPAddress"] == "10.0.0.4"
    assert interface["properties"]["virtualMachine"] == {"id": COPY}


def test_its_managed_disks_belong_to_it(managed: BackupWorld) -> None:
    managed.restore(managed.points()[0], **ALTERNATE)
    profile = machine(managed, COPY)["properties"]["storageProfile"]
    ids = [disk["managedDisk"]["id"] for disk in (profile["osDisk"], *profile["dataDisks"])]
    assert [machine(managed, id)["managedBy"] for id in ids] == [COPY] * 3


def test_a_machine_that_is_gone_can_be_made_again(managed: BackupWorld) -> None:
    managed.fabric.delete_vm(VM)
    managed.store.delete("microsoft.compute/virtualmachines", VM)
    job = managed.restore(managed.points()[0], **ALTERNATE | {"targetVirtualMachineId": VM})
    assert job["status"] == "Completed"
    assert power(managed) == "running"


def test_a_machine_that_does_not_boot_fails_the_job_and_goes(managed: BackupWorld) -> None:
    before = managed.resources()
    managed.fabric.boot_problem = "the OS disk cannot be started from"
    job = managed.restore(managed.points()[0], **ALTERNATE)
    assert job["status"] == "Failed"
    assert "cannot be started from" in job["errorDetails"][0]["errorString"]
    assert managed.resources() == before
    assert managed.restored_blobs() == []
    assert power(managed, COPY) is None


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"targetVirtualMachineId": VM}, "UserErrorVmAlreadyExistWithSameName"),
        ({"targetVirtualMachineId": GROUP}, "BMSUserErrorInvalidInput"),
        ({"targetVirtualMachineId": NETWORK}, "BMSUserErrorInvalidInput"),
        ({"targetVirtualMachineId": None}, "BMSUserErrorInvalidInput"),
        ({"targetResourceGroupId": f"{GROUP}2"}, "BMSUserErrorInvalidInput"),
        ({"virtualNetworkId": None}, "BMSUserErrorInvalidInput"),
        ({"virtualNetworkId": f"{NETWORK}2"}, "UserErrorRestoreVirtualNetworkInvalid"),
        ({"subnetId": f"{SUBNET}2"}, "UserErrorRestoreSubnetNotFound"),
    ],
)
def test_a_place_that_is_not_there_is_refused(managed: BackupWorld, asked: Json, code: str) -> None:
    assert refusal(managed, **ALTERNATE | asked).code == code


def test_a_network_of_another_region_is_refused(managed: BackupWorld) -> None:
    kind = network.VIRTUAL_NETWORK.lower()
    found = managed.store.get(kind, NETWORK)
    assert found is not None
    managed.store.put(kind, NETWORK, found.json() | {"location": "eastus"})
    assert refusal(managed, **ALTERNATE).code == "UserErrorRestoreVirtualNetworkInvalid"


# ---------------------------------------------------------------------------------------------------- original location


@pytest.mark.parametrize("state", ["running", "stopped", "deallocated"])
def test_the_machine_gets_the_disks_of_the_point_and_its_power_back(world: BackupWorld, state: PowerState) -> None:
    world.fabric.power(VM, state)
    expected, before = originals(world), machine(world)
    job = world.restore(world.points()[0], **ORIGINAL)
    assert job["status"] == "Completed", job.get("errorDetails")
    assert [world.blobs.read(disk.blob) for disk in world.fabric.disks(VM)] == expected
    after = machine(world)
    assert power(world) == state
    unchanged = {"vmId", "hardwareProfile"}
    assert {key: after["properties"][key] for key in unchanged} == {key: before["properties"][key] for key in unchanged}
    assert after["properties"]["storageProfile"]["osDisk"]["caching"] == "ReadOnly"
    assert [world.blobs.properties(disk.blob) is not None for disk in world.disks] == [True] * 3, "the old ones stay"


def test_old_disks_belong_to_nobody_and_new_ones_to_the_machine(managed: BackupWorld) -> None:
    managed.restore(managed.points()[0], **ORIGINAL)
    old = [machine(managed, disk.managed_disk_id or "") for disk in managed.disks]
    assert [(disk["properties"]["diskState"], disk.get("managedBy")) for disk in old] == [("Unattached", None)] * 3
    new = [machine(managed, disk.managed_disk_id or "") for disk in managed.fabric.disks(VM)]
    assert [(disk["properties"]["diskState"], disk.get("managedBy")) for disk in new] == [("Attached", VM)] * 3


def test_what_is_replaced_was_backed_up_before(world: BackupWorld) -> None:
    changed = [world.blobs.read(disk.blob) for disk in world.disks]
    world.restore(world.points()[0], **ORIGINAL)
    _, safety = world.points()
    assert safety.tiers == "InstantAndVault"
    assert [world.blobs.read(points.snapshot_of(disk)) for disk in safety.disks] == changed
    world.clock.jump(60)
    assert world.restore(safety, **ORIGINAL)["status"] == "Completed", "and the way back leads through it"
    assert [world.blobs.read(disk.blob) for disk in world.fabric.disks(VM)] == changed


def test_backups_go_on_with_the_new_disks(world: BackupWorld) -> None:
    world.restore(world.points()[0], **ORIGINAL)
    world.clock.jump(60)
    assert world.back_up()["status"] == "Completed"
    last = world.points()[-1]
    assert [disk.blob for disk in last.disks] == [disk.blob.name for disk in world.fabric.disks(VM)]


def test_a_machine_that_cannot_be_backed_up_is_not_replaced(world: BackupWorld) -> None:
    world.fabric.agent = "Not Ready"
    world.fabric.restart(VM)
    job = world.restore(world.points()[0], **ORIGINAL)
    (error,) = job["errorDetails"]
    assert error["errorTitle"] == "OlrBackupFailed"
    assert "VM Agent" in error["errorString"]
    assert world.fabric.disks(VM) == world.disks


def test_a_machine_that_does_not_start_from_the_point_gets_its_disks_back(world: BackupWorld) -> None:
    before = machine(world), world.resources()
    world.fabric.boot_problem = "the OS disk cannot be started from"
    job = world.restore(world.points()[0], **ORIGINAL)
    assert job["status"] == "Failed"
    assert world.fabric.disks(VM) == world.disks
    assert (machine(world), world.resources()) == before
    assert power(world) == "running"


def test_a_locked_machine_is_not_replaced(world: BackupWorld) -> None:
    add_lock(world, VM, "ReadOnly")
    job = world.restore(world.points()[0], **ORIGINAL)
    assert job["errorDetails"][0]["errorTitle"] == "UserErrorResourceIsInLockedState"
    assert world.fabric.disks(VM) == world.disks


def test_a_machine_that_is_gone_cannot_be_replaced(world: BackupWorld) -> None:
    world.fabric.delete_vm(VM)
    world.store.delete("microsoft.compute/virtualmachines", VM)
    assert refusal(world, **ORIGINAL).code == "UserErrorOLRVirtualMachineNotFound"


def test_only_whole_machines_are_replaced(world: BackupWorld) -> None:
    assert refusal(world, **ORIGINAL, restoreDiskLunList=[0]).code == "UserErrorOLRNotSupported"
    point = world.points()[0]
    points.put(world.store, replace(point, disks=point.disks[:-1]))
    assert refusal(world, **ORIGINAL).code == "UserErrorOLRNotSupportedOnRPWithDisksExcluded"
    excluded = refusal(world, restoreDiskLunList=[1])
    assert (excluded.code, "excluded from backup" in excluded.message) == ("BMSUserErrorInvalidInput", True)


def test_a_backup_that_runs_comes_first(world: BackupWorld) -> None:
    world.store.put(records.LOCK, f"{ITEM}|backup", {})
    assert refusal(world, **ORIGINAL).code == "UserErrorBackupOperationInProgress"


# ------------------------------------------------------------------------------------------------- zones, subscriptions


def set_vault(world: BackupWorld, redundancy: str, across: str = "Enabled") -> None:
    properties = {
        "redundancySettings": {"standardTierStorageRedundancy": redundancy},
        "restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": across}},
    }
    shown = {"id": VAULT, "name": "vault01", "location": "westus", "properties": properties}
    world.store.put(vault.KIND, VAULT, shown)


def test_a_zone_redundant_vault_restores_into_a_zone(managed: BackupWorld) -> None:
    set_vault(managed, "ZoneRedundant")
    job = managed.restore(managed.points()[0], **ALTERNATE, zones=["2"])
    assert job["status"] == "Completed"
    assert managed.job_private()["tier"] == "HardenedRP", "though there are snapshots"
    made = machine(managed, COPY)
    assert made["zones"] == ["2"]
    assert machine(managed, made["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"])["zones"] == ["2"]


@pytest.mark.parametrize(
    ("redundancy", "asked", "code"),
    [
        ("LocallyRedundant", {**MANAGED, "zones": ["1"]}, "UserErrorCrossZonalRestoreNotSupported"),
        ("ZoneRedundant", {**MANAGED, "zones": ["NoZone", "1"]}, "BMSUserErrorInvalidInput"),
        ("ZoneRedundant", {"zones": ["1"]}, "UserErrorCrossZonalRestoreNotSupported"),
        ("ZoneRedundant", {**MANAGED, "zones": ["4"]}, "BMSUserErrorInvalidInput"),
        ("ZoneRedundant", {**MANAGED, "zones": ["1", "2"]}, "BMSUserErrorInvalidInput"),
        ("ZoneRedundant", {**ORIGINAL, "zones": ["1"]}, "UserErrorOLRNotSupported"),
    ],
)
def test_what_cannot_lie_in_a_zone_is_refused(managed: BackupWorld, redundancy: str, asked: Json, code: str) -> None:
    set_vault(managed, redundancy)
    assert refusal(managed, **asked).code == code


def test_a_point_without_a_vault_copy_stays_in_its_zone(managed: BackupWorld) -> None:
    set_vault(managed, "ZoneRedundant")
    point = managed.points()[0]
    points.put(managed.store, replace(point, tiers="Instant"))
    refused = refusal(managed, **MANAGED, zones=["1"])
    assert refused.code == "UserErrorCrossZonalRestoreNotSupported"
    assert "vault tier" in refused.message


@pytest.mark.parametrize(
    ("asked", "across", "tiers", "suffix"),
    [
        ({}, "Enabled", "InstantAndVault", "InvalidTargetSubscription"),
        ({}, "Disabled", "InstantAndVault", "Disabled"),
        ({}, "Enabled", "Instant", "NotSuppportedFromSnapshot"),
        (ORIGINAL, "Enabled", "InstantAndVault", "NotSuppportedForOLR"),
    ],
)
def test_another_subscription_is_none_of_this_cloud(
    managed: BackupWorld, asked: Json, across: str, tiers: str, suffix: str
) -> None:
    set_vault(managed, "LocallyRedundant", across)
    points.put(managed.store, replace(managed.points()[0], tiers=tiers))
    refused = refusal(managed, **asked | {"targetResourceGroupId": OTHER_SUBSCRIPTION})
    assert refused.code == f"UserErrorCrossSubscriptionRestore{suffix}"


def test_unmanaged_disks_stay_in_their_subscription() -> None:
    with backup_world() as world:
        world.back_up()
        account = f"{OTHER_SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts/restored01"
        refused = refusal(world, storageAccountId=account)
    assert refused.code == "UserErrorCrossSubscriptionRestoreNotSuppportedForUnManagedAzureVM"
