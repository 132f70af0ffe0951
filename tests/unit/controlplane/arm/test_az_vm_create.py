"""The requests that `az vm create` sends, one after the other, and what it reads from the answers."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, SUBSCRIPTION, ArmWorld, arm_world

PASSWORD = "%j^VYw9Q3Z@Cu$*h"
NETWORK = f"{GROUP}/providers/Microsoft.Network"
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/vm_deploy_1"
PUBLISHERS = f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westus/publishers"
WINDOWS = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}
LINUX = {"publisher": "Canonical", "offer": "0001-com-ubuntu-server-jammy", "sku": "22_04-lts-gen2"}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def resource(kind: str, name: str, version: str, *after: str, **more: object) -> Json:
    about = {"type": kind, "name": name, "apiVersion": version, "location": "westus", "tags": {}}
    return about | {"dependsOn": list(after), **more}


def network_resources(vm: str) -> list[Json]:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnets = [{"name": f"{vm}Subnet", "properties": {"addressPrefix": "10.0.0.0/24"}}]
    configuration = {
        "privateIPAllocationMethod": "Dynamic",
        "subnet": {"id": f"{NETWORK}/virtualNetworks/{vm}VNET/subnets/{vm}Subnet"},
        "publicIPAddress": {"id": f"{NETWORK}/publicIPAddresses/{vm}PublicIP"},
    }
    interface = {
        "ipConfigurations": [{"name": f"ipconfig{vm}", "properties": configuration}],
        "networkSecurityGroup": {"id": f"{NETWORK}/networkSecurityGroups/{vm}NSG"},
    }
    # The interface stands first and the public address is spelt otherwise where it is waited for: both as az may do.
    return [
        resource(
            "Microsoft.Network/networkInterfaces",
            f"{vm}VMNic",
            "2015-06-15",
            f"Microsoft.Network/virtualNetworks/{vm}VNET",
            f"Microsoft.Network/networkSecurityGroups/{vm}NSG",
            f"Microsoft.Network/publicIpAddresses/{vm}PublicIP",
            properties=interface,
        ),
        resource(
            "Microsoft.Network/virtualNetworks", f"{vm}VNET", "2015-06-15", properties=space | {"subnets": subnets}
        ),
        resource("Microsoft.Network/networkSecurityGroups", f"{vm}NSG", "2015-06-15"),
        resource(
            "Microsoft.Network/publicIPAddresses",
            f"{vm}PublicIP",
            "2022-01-01",
            properties={"publicIPAllocationMethod": "Static"},
            sku={"name": "Standard"},
        ),
    ]


def machine_resource(vm: str, image: Json, sizes: tuple[int, ...]) -> Json:
    interface = {"id": f"{NETWORK}/networkInterfaces/{vm}VMNic", "properties": {"deleteOption": None}}
    disks = [
        {"lun": lun, "managedDisk": {"storageAccountType": None}, "createOption": "empty", "diskSizeGB": size}
        for lun, size in enumerate(sizes)
    ]
    os_disk = {"createOption": "fromImage", "name": None, "caching": "ReadWrite"}
    properties = {
        "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
        "networkProfile": {"networkInterfaces": [interface]},
        "storageProfile": {
            "osDisk": os_disk | {"managedDisk": {"storageAccountType": None}},
            "imageReference": image | {"version": "latest"},
            **({"dataDisks": disks} if disks else {}),
        },
        "osProfile": {
            "computerName": vm,
            "adminUsername": "azureuser",
            "adminPassword": "[parameters('adminPassword')]",
        },
    }
    after = f"Microsoft.Network/networkInterfaces/{vm}VMNic"
    return resource("Microsoft.Compute/virtualMachines", vm, "2026-04-01", after, properties=properties)


def deployment(vm: str, image: Json, sizes: tuple[int, ...]) -> Json:
    template = {
        "$schema": "https://schema.management.azure.com/schemas/2015-01-01/deploymentTemplate.json#",
        "contentVersion": "1.0.0.0",
        "parameters": {"adminPassword": {"type": "securestring", "metadata": {"description": "Secure adminPassword"}}},
        "variables": {},
        "resources": [*network_resources(vm), machine_resource(vm, image, sizes)],
        "outputs": {},
    }
    given = {"adminPassword": {"value": PASSWORD}}
    return {"properties": {"template": template, "parameters": given, "mode": "incremental"}}


@pytest.mark.parametrize(
    ("vm", "image", "sizes", "os_type"), [("vmw", WINDOWS, (), "Windows"), ("vml", LINUX, (4, 8), "Linux")]
)
def test_a_machine_is_created_as_az_creates_it(
    world: ArmWorld, vm: str, image: Json, sizes: tuple[int, ...], os_type: str
) -> None:
    versions = (
        f"{PUBLISHERS}/{image['publisher']}/artifacttypes/vmimage/offers/{image['offer']}/skus/{image['sku']}/versions"
    )
    (newest,) = world.request("GET", versions, **{"$expand": "properties", "$orderby": "name desc", "$top": "1"}).json()
    described = world.get(f"{versions}/{newest['name']}")["properties"]
    assert described["osDiskImage"]["operatingSystem"] == os_type
    assert world.error("GET", f"{versions}/9.9.9") == (404, "PlatformImageNotFound")
    assert world.get(f"{NETWORK}/virtualNetworks") == {"value": []}

    response = world.put(DEPLOYMENT, deployment(vm, image, sizes))
    assert response.status_code == 201
    assert world.follow(response) == {"status": "Succeeded"}
    assert world.get(DEPLOYMENT)["properties"]["provisioningState"] == "Succeeded"

    machine = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/{vm}"
    shown = world.get(machine, **{"$expand": "instanceView"})
    assert shown["properties"]["provisioningState"] == "Succeeded"
    assert shown["properties"]["instanceView"]["statuses"][-1]["displayStatus"] == "VM running"
    profile = shown["properties"]["storageProfile"]
    assert profile["osDisk"]["osType"] == os_type
    assert profile["osDisk"]["name"].startswith(f"{vm}_OsDisk_1_")
    assert world.get(profile["osDisk"]["managedDisk"]["id"])["managedBy"] == machine
    assert [disk["diskSizeGB"] for disk in profile["dataDisks"]] == list(sizes)

    (reference,) = shown["properties"]["networkProfile"]["networkInterfaces"]
    interface = world.get(reference["id"])["properties"]
    assert interface["macAddress"].startswith("00-0D-3A-")
    configuration = interface["ipConfigurations"][0]["properties"]
    assert configuration["privateIPAddress"] == "10.0.0.4"
    address = world.get(configuration["publicIPAddress"]["id"])["properties"]
    assert address["ipAddress"].startswith("203.0.113.")


def test_the_password_is_nowhere(world: ArmWorld) -> None:
    world.follow(world.put(DEPLOYMENT, deployment("vmw", WINDOWS, ())))
    answers = [
        world.request("GET", path).text for path in (DEPLOYMENT, f"{DEPLOYMENT}/operations", f"{GROUP}/resources")
    ]
    kinds = ("microsoft.resources/deployments", "microsoft.compute/virtualmachines", "fabric.vm", "operation")
    stored = [str((document.body, document.private)) for kind in kinds for document in world.ports.store.find(kind)]
    told = [str(event.data) for event in world.ports.store.events()]
    assert len(stored) >= 3
    assert all(PASSWORD not in text for text in (*answers, *stored, *told))


def test_everything_goes_with_the_group(world: ArmWorld) -> None:
    world.follow(world.put(DEPLOYMENT, deployment("vmw", WINDOWS, ())))
    assert len(world.get(f"{GROUP}/resources")["value"]) == 6
    response = world.request("DELETE", GROUP)
    world.settle()
    assert world.request("GET", response.headers["Location"]).status_code == 200
    assert world.get(f"{SUBSCRIPTION}/resources") == {"value": []}
