"""What of a machine stays for good: a request that says otherwise is refused, one that says the same is not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.arm.edge import kept_keys
from controlplane.domain.compute.machine_changes import FIXED
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, IMAGE, VM, ArmWorld, arm_world

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
LINUX = VM.replace("Sql01", "Web01")
BARE = VM.replace("Sql01", "Bare01")
SPARE = f"{COMPUTE}/disks/spare"
LINUX_IMAGE = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server", "version": "latest"}
KEYS = [{"path": "/keys/authorized_keys", "keyData": "ssh-rsa one"}]


def windows() -> Json:
    return {
        "location": "westus",
        "zones": ["1"],
        "plan": {"name": "plan", "publisher": "publisher", "product": "product"},
        "properties": {
            "availabilitySet": {"id": f"{COMPUTE}/availabilitySets/one"},
            "priority": "Spot",
            "evictionPolicy": "Deallocate",
            "platformFaultDomain": 1,
            "osProfile": {
                "computerName": "sql01",
                "adminUsername": "azureuser",
                "adminPassword": "Pa$$w0rd-of-sql01",
                "windowsConfiguration": {
                    "timeZone": "UTC",
                    "enableAutomaticUpdates": True,
                    "provisionVMAgent": True,
                    "winRM": {"listeners": [{"protocol": "Http"}]},
                },
            },
            "storageProfile": {
                "imageReference": {**IMAGE, "version": "latest"},
                "osDisk": {
                    "name": "system",
                    "osType": "Windows",
                    "createOption": "FromImage",
                    "caching": "ReadWrite",
                    "managedDisk": {"storageAccountType": "Premium_LRS"},
                    "diffDiskSettings": {"option": "Local"},
                },
                "dataDisks": [
                    {
                        "lun": 0,
                        "name": "data",
                        "createOption": "Empty",
                        "diskSizeGB": 8,
                        "managedDisk": {"storageAccountType": "Premium_LRS"},
                    }
                ],
            },
        },
    }


def linux() -> Json:
    return {
        "location": "westus",
        "properties": {
            "osProfile": {
                "computerName": "web01",
                "adminUsername": "azureuser",
                "linuxConfiguration": {
                    "provisionVMAgent": True,
                    "disablePasswordAuthentication": True,
                    "ssh": {"publicKeys": KEYS},
                },
            },
            "storageProfile": {"imageReference": LINUX_IMAGE, "osDisk": {"createOption": "FromImage"}},
        },
    }


def bare() -> Json:
    """A machine on a disk that was there already."""
    disk = {"createOption": "Attach", "osType": "Windows", "managedDisk": {"id": SPARE}}
    return {"location": "westus", "properties": {"storageProfile": {"osDisk": disk}}}


PROFILE, SYSTEM = "properties.storageProfile", "properties.osProfile"
OTHERS: dict[str, tuple[str, Any]] = {
    "zones": (VM, ["2"]),
    "plan": (VM, {"name": "other", "publisher": "publisher", "product": "product"}),
    "extendedLocation": (VM, {"name": "losangeles", "type": "EdgeZone"}),
    "properties.availabilitySet.id": (VM, f"{COMPUTE}/availabilitySets/two"),
    "properties.priority": (VM, "Regular"),
    "properties.evictionPolicy": (VM, "Delete"),
    "properties.platformFaultDomain": (VM, 2),
    f"{PROFILE}.imageReference": (VM, {**IMAGE, "sku": "2019-datacenter"}),
    f"{PROFILE}.osDisk.createOption": (VM, "Attach"),
    f"{PROFILE}.osDisk.name": (VM, "other"),
    f"{PROFILE}.osDisk.osType": (VM, "Linux"),
    f"{PROFILE}.osDisk.vhd.uri": (VM, "https://account.blob.core.windows.net/vhds/other.vhd"),
    f"{PROFILE}.osDisk.managedDisk.storageAccountType": (VM, "Standard_LRS"),
    f"{PROFILE}.osDisk.diffDiskSettings": (VM, {"option": "Local", "placement": "CacheDisk"}),
    f"{SYSTEM}.computerName": (VM, "other"),
    f"{SYSTEM}.adminUsername": (VM, "other"),
    f"{SYSTEM}.windowsConfiguration.provisionVMAgent": (VM, False),
    f"{SYSTEM}.windowsConfiguration.enableAutomaticUpdates": (VM, False),
    f"{SYSTEM}.windowsConfiguration.timeZone": (VM, "Pacific Standard Time"),
    f"{SYSTEM}.windowsConfiguration.winRM": (VM, {"listeners": [{"protocol": "Https"}]}),
    f"{SYSTEM}.windowsConfiguration.additionalUnattendContent": (VM, [{"settingName": "AutoLogon", "content": "x"}]),
    f"{SYSTEM}.linuxConfiguration.provisionVMAgent": (LINUX, False),
    f"{SYSTEM}.linuxConfiguration.disablePasswordAuthentication": (LINUX, False),
    f"{SYSTEM}.linuxConfiguration.ssh.publicKeys": (LINUX, [{**KEYS[0], "keyData": "ssh-rsa two"}]),
}
"""Path of a fixed property -> a machine, and another value."""


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        for name in ("one", "two"):
            world.put(f"{COMPUTE}/availabilitySets/{name}", {"location": "westus"})
        empty = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}}
        world.put(SPARE, empty)
        world.settle()
        for path, body in ((VM, windows()), (LINUX, linux()), (BARE, bare())):
            world.follow(world.put(path, body))
        yield world


def saying(body: Json, path: str, value: Any) -> Json:
    step, _, rest = path.partition(".")
    return {**body, step: saying(body.get(step, {}), rest, value) if rest else value}


def refusal(world: ArmWorld, method: str, path: str, body: Json) -> tuple[int, str, str]:
    response = world.request(method, path, body)
    error = response.json().get("error", {})
    return response.status_code, error.get("code", ""), error.get("target", "")


def test_every_fixed_property_is_tried() -> None:
    assert OTHERS.keys() == FIXED.keys()


@pytest.mark.parametrize("path", FIXED)
def test_what_is_fixed_does_not_change(world: ArmWorld, path: str) -> None:
    machine, other = OTHERS[path]
    before = world.get(machine)
    refused = (409, "PropertyChangeNotAllowed", FIXED[path])
    assert refusal(world, "PUT", machine, saying(world.get(machine), path, other)) == refused
    sendable = kept_keys.table()["PATCH Microsoft.Compute/virtualMachines"]["keys"]
    if path.partition(".")[0] in sendable:
        assert refusal(world, "PATCH", machine, saying({}, path, other)) == refused
    assert world.get(machine) == before


@pytest.mark.parametrize(("path", "body"), [(VM, windows), (LINUX, linux), (BARE, bare)])
def test_the_same_request_changes_nothing(world: ArmWorld, path: str, body: Any) -> None:
    before = world.get(path)
    for again in (body(), world.get(path)):
        world.follow(world.put(path, again))
        assert world.get(path) == before
    described = {"properties": body()["properties"]}
    world.follow(world.request("PATCH", path, described))
    assert world.get(path) == before


def test_texts_are_the_same_in_any_case(world: ArmWorld) -> None:
    body = saying(windows(), "properties.availabilitySet.id", f"{COMPUTE}/availabilitySets/ONE".upper())
    body = saying(body, f"{PROFILE}.osDisk.createOption", "fromimage")
    world.follow(world.put(VM, body))
    assert world.get(VM)["properties"]["storageProfile"]["osDisk"]["createOption"] == "FromImage"


def test_a_machine_on_a_disk_that_was_there_has_no_system_to_set_up(world: ArmWorld) -> None:
    body = saying(bare(), SYSTEM, {"computerName": "bare01"})
    assert refusal(world, "PUT", BARE, body) == (409, "PropertyChangeNotAllowed", "osProfile")
    assert refusal(world, "PATCH", BARE, {"properties": {"osProfile": {"allowExtensionOperations": False}}})[0] == 409
    assert refusal(world, "PUT", f"{BARE}2", body) == (400, "InvalidParameter", "osProfile")
    windows_on_linux = {"properties": {"osProfile": {"windowsConfiguration": {"timeZone": "UTC"}}}}
    assert refusal(world, "PATCH", LINUX, windows_on_linux)[0] == 409


@pytest.mark.parametrize(
    ("key", "value"), [("createOption", "Attach"), ("managedDisk", {"storageAccountType": "Standard_LRS"})]
)
def test_a_data_disk_that_stays_is_not_made_anew(world: ArmWorld, key: str, value: Any) -> None:
    (disk,) = world.get(VM)["properties"]["storageProfile"]["dataDisks"]
    asked = {"lun": 0, "createOption": "Empty", "name": disk["name"], key: value}
    target = "dataDisk." + ("createOption" if key == "createOption" else "managedDisk.storageAccountType")
    body = {"properties": {"storageProfile": {"dataDisks": [asked]}}}
    assert refusal(world, "PATCH", VM, body) == (409, "PropertyChangeNotAllowed", target)


@pytest.mark.parametrize("disk", ["osDisk", "dataDisks"])
def test_a_disk_does_not_become_larger_by_its_machine(world: ArmWorld, disk: str) -> None:
    before = world.get(VM)
    shown = before["properties"]["storageProfile"][disk]
    larger = {**shown, "diskSizeGB": 200} if disk == "osDisk" else [{**shown[0], "diskSizeGB": 200}]
    body = {"properties": {"storageProfile": {disk: larger}}}
    assert refusal(world, "PATCH", VM, body) == (409, "Conflict", "disk.diskSizeGB")
    world.follow(world.post(f"{VM}/deallocate"))
    assert refusal(world, "PATCH", VM, body) == (409, "ResizeDiskError", "disk.diskSizeGB")
    assert world.get(VM)["properties"]["storageProfile"] == before["properties"]["storageProfile"]


def test_another_os_disk_is_refused_by_its_name(world: ArmWorld) -> None:
    body = saying(windows(), f"{PROFILE}.osDisk.managedDisk.id", f"{COMPUTE}/disks/other")
    assert world.error("PUT", VM, body) == (501, "OperationNotSimulated")


def test_null_says_nothing(world: ArmWorld) -> None:
    before = world.get(VM)
    for properties in (
        {"storageProfile": {"dataDisks": None}},
        {"storageProfile": {"osDisk": None, "imageReference": None}},
        {"storageProfile": None, "osProfile": {"computerName": None}, "availabilitySet": None},
    ):
        world.follow(world.request("PATCH", VM, {"properties": properties}))
        assert world.get(VM) == before
    world.follow(world.put(VM, saying(windows(), f"{PROFILE}.dataDisks", None)))
    assert world.get(VM) == before


def test_a_machine_shows_the_kind_of_storage_that_its_disk_has(world: ArmWorld) -> None:
    disk = world.get(VM)["properties"]["storageProfile"]["osDisk"]["managedDisk"]["id"]
    assert world.request("PATCH", disk, {"sku": {"name": "StandardSSD_LRS"}}).status_code == 200
    shown = world.get(VM)["properties"]["storageProfile"]["osDisk"]["managedDisk"]
    assert (shown["id"], shown["storageAccountType"]) == (disk, "StandardSSD_LRS")
    world.follow(world.put(VM, world.get(VM)))


# --------------------------------------------------------------------------- disks, snapshots, subnets and accounts


@pytest.mark.parametrize(
    ("path", "change", "key"),
    [
        (SPARE, {"properties": {"creationData": {"createOption": "Copy"}}}, "createOption"),
        (SPARE, {"properties": {"creationData": {"sourceResourceId": f"{SPARE}2"}}}, "sourceResourceId"),
        (SPARE, {"zones": ["1"]}, "zones"),
        (f"{COMPUTE}/snapshots/one", {"properties": {"incremental": True}}, "incremental"),
        (
            f"{COMPUTE}/snapshots/one",
            {"properties": {"creationData": {"createOption": "Copy", "sourceResourceId": f"{SPARE}2"}}},
            "sourceResourceId",
        ),
    ],
)
def test_a_disk_keeps_its_origin(world: ArmWorld, path: str, change: Json, key: str) -> None:
    world.follow(world.request("POST", f"{BARE}/deallocate"))
    blob = world.fabric.disks(BARE)[0]
    world.ports.blobs.create(blob.blob, blob.size_bytes + 512)
    taken = {"createOption": "Copy", "sourceResourceId": SPARE}
    world.put(f"{COMPUTE}/snapshots/one", {"location": "westus", "properties": {"creationData": taken}})
    world.settle()
    before = world.get(path)
    answer = world.request("PUT", path, {"location": "westus", **change})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "BadRequest")
    assert f"'{key}'" in answer.json()["error"]["message"]
    assert world.request("PUT", path, before).status_code == 200
    assert world.get(path) == before


def test_the_system_of_a_disk_is_not_dropped(world: ArmWorld) -> None:
    assert world.request("PATCH", SPARE, {"properties": {"osType": "Linux"}}).status_code == 200
    assert world.get(SPARE)["properties"]["osType"] == "Linux"


def test_the_range_of_a_subnet_in_use_stays(world: ArmWorld) -> None:
    network = f"{GROUP}/providers/Microsoft.Network"
    net, subnet = f"{network}/virtualNetworks/net", f"{network}/virtualNetworks/net/subnets/one"
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}

    def ranged(prefix: str) -> Json:
        return {"name": "one", "properties": {"addressPrefix": prefix}}

    world.put(net, {"location": "westus", "properties": {**space, "subnets": [ranged("10.0.0.0/24")]}})
    world.put(net, {"location": "westus", "properties": {**space, "subnets": [ranged("10.0.1.0/24")]}})
    configuration = {"name": "ip", "properties": {"subnet": {"id": subnet}}}
    nic = {"location": "westus", "properties": {"ipConfigurations": [configuration]}}
    world.put(f"{network}/networkInterfaces/nic", nic)
    refused = (400, "InUseSubnetCannotBeUpdated")
    assert world.error("PUT", subnet, {"properties": {"addressPrefix": "10.0.2.0/24"}}) == refused
    other = {"location": "westus", "properties": {**space, "subnets": [ranged("10.0.2.0/24")]}}
    assert world.error("PUT", net, other) == refused
    assert world.request("PUT", subnet, {"properties": {"addressPrefix": "10.0.1.0/24"}}).status_code == 200


def test_a_public_address_keeps_its_zones_and_its_sku(world: ArmWorld) -> None:
    address = f"{GROUP}/providers/Microsoft.Network/publicIPAddresses/front"
    body: Json = {
        "location": "westus",
        "sku": {"name": "Standard"},
        "zones": ["1", "2"],
        "properties": {"publicIPAllocationMethod": "Static"},
    }
    world.put(address, body)
    before = world.get(address)
    assert before["zones"] == ["1", "2"]
    others: tuple[list[str] | None, ...] = (["1"], [], None)
    for zones in others:
        assert world.error("PUT", address, body | {"zones": zones}) == (
            400,
            "ResourceAvailabilityZonesCannotBeModified",
        )
    lower = {**body, "sku": {"name": "Basic"}}
    assert world.error("PUT", address, lower) == (400, "SkuCannotBeChangedOnUpdate")
    assert world.get(address) == before
    assert world.put(address, body | {"zones": ["2", "1"]}).status_code == 200
    regional = f"{address}2"
    world.put(regional, {**lower, "zones": None})
    assert world.error("PUT", regional, lower) == (400, "ResourceAvailabilityZonesCannotBeModified")
    assert world.put(regional, {**body, "zones": None}).status_code == 200


def test_an_account_keeps_its_kind_and_its_namespaces(world: ArmWorld) -> None:
    world.add_account()
    refused = (400, "AccountPropertyCannotBeUpdated")
    full = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    assert world.error("PUT", ACCOUNT, {**full, "properties": {"isHnsEnabled": True}}) == refused
    assert world.error("PATCH", ACCOUNT, {"properties": {"isHnsEnabled": True}}) == refused
    assert world.error("PATCH", ACCOUNT, {"kind": "BlobStorage"}) == refused
    assert world.error("PUT", ACCOUNT, {**full, "kind": "Storage"}) == refused
    assert (
        world.request("PATCH", ACCOUNT, {"kind": "StorageV2", "properties": {"isHnsEnabled": False}}).status_code == 200
    )
