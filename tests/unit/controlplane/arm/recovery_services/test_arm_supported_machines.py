"""Which machines can be backed up, how often, and what a point and a job tell of them; by requests."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.json_object import Json
from controlplane.ports import ServiceSettings
from tests.unit.controlplane.arm.arm_world import GROUP, IMAGE, ITEM, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.arm_world import furnished_world as furnished
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import (
    BACKUP,
    back_up,
    listed,
    pass_time,
    put_item,
    restore_body,
)

ENHANCED = f"{VAULT}/backupPolicies/EnhancedPolicy"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/Data"
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
DAY = 24 * 3600


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        yield world


@pytest.fixture
def furnished_world() -> Iterator[ArmWorld]:
    with furnished() as world:
        yield world


def add_managed_machine(
    world: ArmWorld, *, os_sku: str = "Standard_LRS", data_skus: list[str] | None = None, **rest: Any
) -> None:
    """A machine on managed disks; `rest` are other properties, and `zones` its zones."""
    data: list[Json] = [
        {"lun": lun, "createOption": "Empty", "diskSizeGB": 4, "managedDisk": {"storageAccountType": sku}}
        for lun, sku in enumerate(data_skus or [])
    ]
    os_disk = {"createOption": "FromImage", "managedDisk": {"storageAccountType": os_sku}}
    zones = {"zones": rest.pop("zones")} if "zones" in rest else {}
    properties = {
        "storageProfile": {"imageReference": dict(IMAGE), "osDisk": os_disk, "dataDisks": data},
        "osProfile": {"adminUsername": "me"},
        **rest,
    }
    world.follow(world.put(VM, {"location": "westus", **zones, "properties": properties}))
    for disk in world.fabric.disks(VM):
        if world.ports.blobs.properties(disk.blob) is None:
            world.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)


def pre_validated(world: ArmWorld) -> Json:
    path = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/backupPreValidateProtection"
    answer: Json = world.post(path, {"resourceType": "VM", "resourceId": VM, "vaultId": VAULT}).json()
    return answer


def only_point(world: ArmWorld) -> Json:
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    properties: Json = world.get(point["id"])["properties"]
    return properties


# ------------------------------------------------------------------------------------------------------------ how often


def test_nine_backups_on_demand_begin_within_a_day(furnished_world: ArmWorld) -> None:
    world = furnished_world
    world.protect()
    for _ in range(9):
        back_up(world)
        pass_time(world, 60)
    assert world.error("POST", f"{ITEM}/backup", BACKUP) == (400, "CloudDosAbsoluteLimitReached")
    pass_time(world, DAY - 9 * 60 - 1)
    assert world.error("POST", f"{ITEM}/backup", BACKUP) == (400, "CloudDosAbsoluteLimitReached")
    pass_time(world, 2)
    back_up(world)
    assert world.error("POST", f"{ITEM}/backup", BACKUP) == (400, "CloudDosAbsoluteLimitReached")


def test_a_request_that_is_refused_does_not_count(furnished_world: ArmWorld) -> None:
    world = furnished_world
    world.protect()
    for _ in range(8):
        back_up(world)
    wrong = {"properties": {"objectType": "IaasVMBackupRequest", "recoveryPointExpiryTimeInUTC": "soon"}}
    assert world.error("POST", f"{ITEM}/backup", wrong)[0] == 400
    back_up(world)


@pytest.mark.parametrize(("limit", "allowed"), [(1, 1), (0, 11)])
def test_a_world_sets_or_lifts_the_limit(limit: int, allowed: int) -> None:
    with arm_world(settings=ServiceSettings(on_demand_backups_per_day=limit)) as world:
        world.add_group()
        world.add_vault()
        world.add_machine()
        world.protect()
        for _ in range(allowed):
            back_up(world)
        if limit:
            assert world.error("POST", f"{ITEM}/backup", BACKUP) == (400, "CloudDosAbsoluteLimitReached")


# --------------------------------------------------------------------------------------------------------- which policy


@pytest.mark.parametrize("sku", ["UltraSSD_LRS", "PremiumV2_LRS"])
def test_some_disks_need_an_enhanced_policy(world: ArmWorld, sku: str) -> None:
    add_managed_machine(world, data_skus=[sku], additionalCapabilities={"ultraSSDEnabled": True})
    code = "UserErrorUltraAndPremiumSSDv2DiskNotSupportedWithStandardPolicy"
    assert world.error("PUT", ITEM, world.protection()) == (400, code)
    world.protect(ENHANCED)
    assert back_up(world)["properties"]["status"] == "Completed"


def test_such_a_disk_that_is_attached_later_fails_the_backup(world: ArmWorld) -> None:
    add_managed_machine(world)
    world.protect()
    disk = {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4}
    world.follow(world.put(DISK, {"location": "westus", "sku": {"name": "PremiumV2_LRS"}, "properties": disk}))
    machine = world.get(VM)
    attached = {"lun": 3, "createOption": "Attach", "managedDisk": {"id": DISK}}
    machine["properties"]["storageProfile"]["dataDisks"] = [attached]
    world.follow(world.put(VM, machine))
    (error,) = back_up(world)["properties"]["errorDetails"]
    assert error["errorTitle"] == "UserErrorUltraAndPremiumSSDv2DiskNotSupportedWithStandardPolicy"


def test_a_confidential_machine_needs_an_enhanced_policy(world: ArmWorld) -> None:
    add_managed_machine(world, securityProfile={"securityType": "ConfidentialVM"})
    code = "UserErrorConfidentialVMNotSupportedWithStandardPolicy"
    assert world.error("PUT", ITEM, world.protection()) == (400, code)
    world.protect(ENHANCED)
    back_up(world)
    assert only_point(world)["securityType"] == "ConfidentialVM"


# ------------------------------------------------------------------------------------------------------- how many disks


def test_a_machine_with_too_many_data_disks_is_not_backed_up() -> None:
    with arm_world(settings=ServiceSettings(data_disks_per_machine=2)) as world:
        world.add_group()
        world.add_vault()
        add_managed_machine(world, data_skus=["Standard_LRS"] * 3)
        assert pre_validated(world)["errorCode"] == "UserErrorBcmUnsupportedDiskCount"
        world.protect()
        job = back_up(world)["properties"]
        assert (job["status"], job["errorDetails"][0]["errorTitle"]) == ("Failed", "UserErrorBcmUnsupportedDiskCount")
        assert "3" in job["errorDetails"][0]["errorString"]


def test_the_limits_are_those_that_are_documented() -> None:
    settings = ServiceSettings()
    assert (settings.data_disks_of(managed=True), settings.data_disks_of(managed=False)) == (32, 16)


# ----------------------------------------------------------------------------------------------------- what points tell


def test_a_point_tells_of_its_machine(world: ArmWorld) -> None:
    add_managed_machine(
        world,
        os_sku="Premium_LRS",
        data_skus=["Standard_LRS"],
        securityProfile={"securityType": "TrustedLaunch"},
        zones=["2"],
    )
    world.protect()
    back_up(world)
    shown = only_point(world)
    assert shown["sourceVMStorageType"] == "PremiumVMOnPartialPremiumStorage"
    assert (shown["securityType"], shown["zones"]) == ("TrustedLaunch", ["2"])
    assert shown["isPrivateAccessEnabledOnAnyDisk"] is False
    assert "extendedLocation" not in shown


def test_a_point_of_a_plain_machine_says_no_more_than_applies(world: ArmWorld) -> None:
    add_managed_machine(world)
    world.protect()
    back_up(world)
    shown = only_point(world)
    assert shown["sourceVMStorageType"] == "NormalStorage"
    assert {"securityType", "zones", "extendedLocation"}.isdisjoint(shown)


def test_a_point_tells_of_a_disk_behind_a_private_endpoint(world: ArmWorld) -> None:
    add_managed_machine(world)
    disk = world.get(VM)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    change = world.request("PATCH", disk, {"properties": {"networkAccessPolicy": "AllowPrivate"}})
    assert change.status_code in {200, 202}, change.text
    world.settle()
    world.protect()
    back_up(world)
    assert only_point(world)["isPrivateAccessEnabledOnAnyDisk"] is True


# ------------------------------------------------------------------------------------------------------- excluded disks


def protect_without(world: ArmWorld, lun: int) -> None:
    world.protect()
    choice = {"diskExclusionProperties": {"diskLunList": [lun], "isInclusionList": False}}
    put_item(world, extendedProperties=choice)


def test_a_job_tells_which_disks_it_takes_and_which_not(furnished_world: ArmWorld) -> None:
    world = furnished_world
    protect_without(world, 1)
    bag = back_up(world)["properties"]["extendedInfo"]["propertyBag"]
    assert (bag["Backed-up disk(s)"], bag["Excluded disk(s)"]) == ("sql01-os; sql01-data0", "sql01-data1")
    put_item(world, extendedProperties={"diskExclusionProperties": None})
    assert "Excluded disk(s)" not in back_up(world)["properties"]["extendedInfo"]["propertyBag"]


def test_a_list_of_points_has_the_numbers_of_disks_only(furnished_world: ArmWorld) -> None:
    world = furnished_world
    protect_without(world, 1)
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    numbers = {"numberOfDisksIncludedInBackup": 2, "numberOfDisksAttachedToVm": 3}
    assert point["properties"]["recoveryPointDiskConfiguration"] == numbers
    assert only_point(world)["recoveryPointDiskConfiguration"] == numbers | {
        "includedDiskList": [{"lun": -1, "name": "sql01-os"}, {"lun": 0, "name": "sql01-data0"}],
        "excludedDiskList": [{"lun": 1, "name": "sql01-data1"}],
    }


def test_no_machine_is_made_of_a_point_with_excluded_disks(furnished_world: ArmWorld) -> None:
    world = furnished_world
    protect_without(world, 1)
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    body = restore_body(point)
    body["properties"] |= {
        "recoveryType": "AlternateLocation",
        "targetVirtualMachineId": VM.replace("Sql01", "other"),
        "targetResourceGroupId": GROUP,
        "virtualNetworkId": NETWORK,
        "subnetId": f"{NETWORK}/subnets/default",
    }
    refused = (400, "UserErrorALRNotSupportedOnRPWithDisksExcluded")
    assert world.error("POST", f"{point['id']}/restore", body) == refused
