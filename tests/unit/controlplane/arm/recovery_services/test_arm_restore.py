"""Restores by requests: managed disks, another machine, a template that can be deployed, and the traces in Compute."""

from __future__ import annotations

import json
from collections.abc import Iterator

import pytest

from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import (
    GROUP,
    IMAGE,
    ITEM,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
)
from tests.unit.controlplane.arm.test_races import meanwhile

COMPUTE, NETWORKS = f"{GROUP}/providers/Microsoft.Compute", f"{GROUP}/providers/Microsoft.Network"
NETWORK = f"{NETWORKS}/virtualNetworks/net"
COPY = f"{COMPUTE}/virtualMachines/copy"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/again"
TRACES = f"{SUBSCRIPTION}/resourceGroups/AzureBackupRG_westus_1"
COLLECTIONS = f"{TRACES}/providers/Microsoft.Compute/restorePointCollections"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    """A machine on two managed disks, backed up once."""
    with arm_world() as world:
        world.add_group()
        disks = [{"lun": 0, "name": "data", "createOption": "Empty", "diskSizeGB": 4}]
        profile = {"imageReference": dict(IMAGE), "osDisk": {"createOption": "FromImage", "name": "os"}}
        machine = {"storageProfile": profile | {"dataDisks": disks}, "osProfile": {"adminUsername": "me"}}
        world.put(VM, {"location": "westus", "properties": machine})
        for place, disk in enumerate(world.fabric.disks(VM)):
            world.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)
            world.ports.blobs.write(disk.blob, 0, bytes([place + 1]) * 512)
        world.add_account(TARGET)
        subnets = [{"name": "back", "properties": {"addressPrefix": "10.0.0.0/24"}}]
        space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": subnets}
        world.put(NETWORK, {"location": "westus", "properties": space})
        world.add_vault()
        world.protect()
        world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
        yield world


def point(world: ArmWorld) -> Json:
    (found,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    assert isinstance(found, dict)
    return found


def restore(world: ArmWorld, **asked: object) -> Json:
    """The job of a restore that ended."""
    body = {"objectType": "IaasVMRestoreRequest", "recoveryType": "RestoreDisks", "storageAccountId": TARGET} | asked
    response = world.post(f"{point(world)['id']}/restore", {"properties": body})
    assert response.status_code == 202, response.text
    ended = world.follow(response)
    return world.get(f"{VAULT}/backupJobs/{ended['properties']['jobId']}")["properties"]  # type: ignore[no-any-return]


def template(world: ArmWorld, job: Json) -> Json:
    uri = job["extendedInfo"]["propertyBag"]["Template Blob Uri"]
    found: Json = json.loads(world.ports.blobs.read(world.ports.blobs.parse(uri)))
    return found


def deploy(world: ArmWorld, made: Json) -> Json:
    """The machine that the template of a restore makes."""
    parameters = {
        "VirtualMachineName": {"value": "copy"},
        "VirtualNetwork": {"value": "net"},
        "VirtualNetworkResourceGroup": {"value": "Demo"},
        "Subnet": {"value": "back"},
    }
    body = {"properties": {"mode": "Incremental", "template": made, "parameters": parameters}}
    ended = world.follow(world.put(DEPLOYMENT, body))
    assert ended["status"] == "Succeeded", world.get(DEPLOYMENT)
    return world.get(COPY)


def content(world: ArmWorld, vm: str) -> list[bytes]:
    """The first bytes of each disk."""
    return [world.ports.blobs.read(disk.blob, 0, 512) for disk in world.fabric.disks(vm)]


def test_restored_managed_disks_are_listed_and_can_be_attached(world: ArmWorld) -> None:
    job = restore(world, targetResourceGroupId=GROUP)
    assert job["status"] == "Completed"
    listed = world.get(f"{COMPUTE}/disks")["value"]
    restored = [disk for disk in listed if "managedBy" not in disk]
    assert [disk["properties"]["diskSizeGB"] for disk in restored] == [4, 127]
    os_disk = next(disk for disk in restored if "osdisk" in disk["name"])
    attached = {"osType": "Windows", "createOption": "Attach", "managedDisk": {"id": os_disk["id"]}}
    world.follow(world.put(COPY, {"location": "westus", "properties": {"storageProfile": {"osDisk": attached}}}))
    assert content(world, COPY) == [bytes([1]) * 512]


@pytest.mark.parametrize("asked", [{}, {"targetResourceGroupId": GROUP}], ids=["blobs", "managed disks"])
def test_the_template_of_a_restore_makes_a_machine_of_its_disks(world: ArmWorld, asked: Json) -> None:
    machine = deploy(world, template(world, restore(world, **asked)))
    assert content(world, COPY) == content(world, VM)
    disk = world.get(machine["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"])
    assert (disk["managedBy"], disk["properties"]["osType"]) == (machine["id"], "Windows")
    interface = world.get(machine["properties"]["networkProfile"]["networkInterfaces"][0]["id"])
    subnet = interface["properties"]["ipConfigurations"][0]["properties"]["subnet"]["id"]
    assert subnet == f"{NETWORK}/subnets/back"


def test_a_machine_made_by_a_restore_is_like_one_made_by_a_request(world: ArmWorld) -> None:
    restore(
        world,
        recoveryType="AlternateLocation",
        targetVirtualMachineId=COPY,
        virtualNetworkId=NETWORK,
        subnetId=f"{NETWORK}/subnets/back",
    )
    machine = world.get(COPY)
    assert machine["properties"]["provisioningState"] == "Succeeded"
    assert content(world, COPY) == content(world, VM)
    again = {key: machine[key] for key in ("location", "properties")} | {"tags": {"from": "backup"}}
    assert world.put(COPY, again).status_code == 200, "a client that reads, changes and writes"
    assert world.get(COPY)["tags"] == {"from": "backup"}
    world.follow(world.request("DELETE", COPY))
    assert world.request("GET", COPY).status_code == 404


def test_a_restored_machine_goes_on_as_a_resource(world: ArmWorld) -> None:
    before = world.get(VM)["properties"]["storageProfile"]
    assert restore(world, recoveryType="OriginalLocation")["status"] == "Completed"
    after = world.get(VM)["properties"]["storageProfile"]
    assert after["imageReference"] == before["imageReference"]
    assert after["osDisk"]["managedDisk"]["id"] != before["osDisk"]["managedDisk"]["id"]
    old = before["osDisk"]["managedDisk"]["id"]
    assert world.get(old)["properties"]["diskState"] == "Unattached"
    assert world.request("DELETE", old).status_code == 202, "nobody needs it any more"
    assert world.error("DELETE", after["osDisk"]["managedDisk"]["id"])[1] == "OperationNotAllowed"


def test_a_resource_group_in_no_subscription_of_ours_is_named(world: ArmWorld) -> None:
    body = {
        "objectType": "IaasVMRestoreRequest",
        "recoveryType": "RestoreDisks",
        "storageAccountId": TARGET,
        "targetResourceGroupId": "/subscriptions/00000000-0000-4000-8000-000000000000/resourceGroups/x",
    }
    status, code = world.error("POST", f"{point(world)['id']}/restore", {"properties": body})
    assert (status, code) == (400, "UserErrorCrossSubscriptionRestoreInvalidTargetSubscription")


# ------------------------------------------------------------------------------------------- restore point collections


def test_the_collection_is_found_by_every_list(world: ArmWorld) -> None:
    (collection,) = world.get(COLLECTIONS)["value"]
    assert world.get(f"{SUBSCRIPTION}/providers/Microsoft.Compute/restorePointCollections")["value"] == [collection]
    assert world.get(collection["id"]) == collection
    (listed,) = world.get(f"{TRACES}/resources")["value"]
    assert listed["type"] == "Microsoft.Compute/restorePointCollections"
    expanded = world.get(collection["id"], **{"$expand": "restorePoints"})
    (inside,) = expanded["properties"]["restorePoints"]
    assert world.get(inside["id"]) == inside
    assert "AzureBackupRG_westus_1" in [group["name"] for group in world.get(f"{SUBSCRIPTION}/resourceGroups")["value"]]


def test_whoever_deletes_a_restore_point_keeps_the_copy_in_the_vault(world: ArmWorld) -> None:
    (collection,) = world.get(COLLECTIONS)["value"]
    (inside,) = world.get(collection["id"], **{"$expand": "restorePoints"})["properties"]["restorePoints"]
    assert world.request("DELETE", inside["id"]).status_code == 202
    assert world.request("DELETE", inside["id"]).status_code == 204
    tiers = [tier["type"] for tier in point(world)["properties"]["recoveryPointTierDetails"]]
    assert tiers == ["HardenedRP"]
    job = restore(world, targetResourceGroupId=GROUP)
    assert [task["taskId"] for task in job["extendedInfo"]["tasksList"]] == ["Transfer data from vault"]


def test_a_recovery_point_that_goes_meanwhile_does_not_come_back_with_its_restore_point(world: ArmWorld) -> None:
    (collection,) = world.get(COLLECTIONS)["value"]
    (inside,) = world.get(collection["id"], **{"$expand": "restorePoints"})["properties"]["restorePoints"]
    expired = point(world)["id"]

    def expire() -> None:
        points.remove(world.ports.store, expired.partition("/recoveryPoints/")[0], expired.rpartition("/")[2])

    other, store = meanwhile(world, expire)
    assert other.request("DELETE", inside["id"]).status_code == 204
    assert store.happened
    assert world.get(f"{ITEM}/recoveryPoints")["value"] == []
    assert world.error("GET", inside["id"]) == (404, "ResourceNotFound")


def test_the_group_of_the_service_can_be_deleted_and_comes_again(world: ArmWorld) -> None:
    assert world.request("DELETE", TRACES).status_code == 202
    world.settle()
    assert world.error("GET", COLLECTIONS) == (404, "ResourceGroupNotFound")
    world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
    assert len(world.get(COLLECTIONS)["value"]) == 1


def test_a_lock_on_the_group_of_the_service_keeps_its_points(world: ArmWorld) -> None:
    world.put(f"{TRACES}/providers/Microsoft.Authorization/locks/keep", {"properties": {"level": "CanNotDelete"}})
    (collection,) = world.get(COLLECTIONS)["value"]
    assert world.error("DELETE", collection["id"]) == (409, "ScopeLocked")


def test_restore_points_of_ones_own_are_not_simulated(world: ArmWorld) -> None:
    assert world.error("PUT", f"{COLLECTIONS}/mine", {"location": "westus"}) == (501, "OperationNotSimulated")
    assert world.error("GET", f"{COLLECTIONS}/mine") == (404, "ResourceNotFound")
    (collection,) = world.get(COLLECTIONS)["value"]
    assert world.error("GET", f"{collection['id']}/restorePoints/none") == (404, "ResourceNotFound")


# --------------------------------------------------------------------------------------------------------------- import


def imported(uri: str, **more: object) -> Json:
    creation = {"createOption": "Import", "sourceUri": uri, "storageAccountId": TARGET}
    return {"location": "westus", "properties": {"creationData": creation, **more}}


def test_a_disk_is_imported_byte_for_byte(world: ArmWorld) -> None:
    job = restore(world)
    resource = template(world, job)["resources"][0]
    source = world.ports.blobs.parse(resource["properties"]["creationData"]["sourceUri"])
    disk = f"{COMPUTE}/disks/imported"
    world.follow(world.put(disk, imported(world.ports.blobs.url(source))))
    shown = world.get(disk)
    assert shown["properties"]["creationData"]["createOption"] == "Import"
    assert shown["properties"]["diskSizeGB"] == 127
    world.ports.blobs.write(source, 0, bytes([9]) * 512)
    made = next(
        blob for blob in world.ports.blobs.find("manageddisks", "disks") if shown["properties"]["uniqueId"] in blob.name
    )
    assert world.ports.blobs.read(made, 0, 512) == bytes([1]) * 512, "a copy, not the blob itself"


@pytest.mark.parametrize(
    ("uri", "more", "code"),
    [
        ("", {}, "InvalidParameter"),
        ("https://elsewhere.invalid/disks/x.vhd", {}, "InvalidParameter"),
        ("{account}/vhds/none.vhd", {}, "InvalidParameter"),
        ("{account}/vhds/none.vhd?sig=x", {}, "InvalidParameter"),
        ("{service}/disks/x.vhd", {}, "InvalidParameter"),
    ],
)
def test_what_cannot_be_imported_is_refused(world: ArmWorld, uri: str, more: Json, code: str) -> None:
    places = {
        "account": world.ports.blobs.account_url("restored01"),
        "service": world.ports.blobs.account_url("manageddisks"),
    }
    assert world.error("PUT", f"{COMPUTE}/disks/x", imported(uri.format(**places), **more)) == (400, code)
