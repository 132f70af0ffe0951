"""What PUT and PATCH change of a machine that is there."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, VM, ArmWorld, arm_world, machine_body

NETWORK = f"{GROUP}/providers/Microsoft.Network"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        yield world


def patched(world: ArmWorld, **properties: Json | str) -> Json:
    """What the machine shows after a PATCH of these properties."""
    world.follow(world.request("PATCH", VM, {"properties": properties}))
    shown: Json = world.get(VM)["properties"]
    return shown


def test_an_object_without_content_is_none(world: ArmWorld) -> None:
    body = machine_body(world.get(ACCOUNT)["properties"]["primaryEndpoints"]["blob"])
    body["properties"] |= {"additionalCapabilities": {}, "securityProfile": {}}
    world.follow(world.put(VM, body))
    assert not {"additionalCapabilities", "securityProfile"} & set(world.get(VM)["properties"])


def test_an_object_without_content_takes_away_what_there_was(world: ArmWorld) -> None:
    shown = patched(world, additionalCapabilities={"ultraSSDEnabled": True}, licenseType="Windows_Server")
    assert (shown["additionalCapabilities"], shown["licenseType"]) == ({"ultraSSDEnabled": True}, "Windows_Server")
    shown = patched(world, additionalCapabilities={})
    assert "additionalCapabilities" not in shown
    assert shown["licenseType"] == "Windows_Server"


def test_the_system_is_set_up_anew_but_for_its_names(world: ArmWorld) -> None:
    settings = {"patchMode": "AutomaticByPlatform", "assessmentMode": "AutomaticByPlatform"}
    shown = patched(world, osProfile={"windowsConfiguration": {"patchSettings": settings}})["osProfile"]
    assert shown["windowsConfiguration"].items() >= {"patchSettings": settings, "provisionVMAgent": True}.items()
    shown = patched(world, osProfile={"allowExtensionOperations": False})["osProfile"]
    assert (shown["allowExtensionOperations"], shown["computerName"]) == (False, "sql01")
    for names in ({"computerName": "other"}, {"adminUsername": "other"}):
        body = {"properties": {"osProfile": names}}
        assert world.error("PATCH", VM, body) == (409, "PropertyChangeNotAllowed")


def test_disks_that_stay_are_cached_as_asked(world: ArmWorld) -> None:
    disks = world.get(VM)["properties"]["storageProfile"]["dataDisks"]
    disks[0]["caching"] = "ReadOnly"
    profile = {"dataDisks": disks, "osDisk": {"caching": "None", "deleteOption": "Delete"}}
    shown = patched(world, storageProfile=profile)["storageProfile"]
    assert [disk["caching"] for disk in shown["dataDisks"]] == ["ReadOnly", "None"]
    assert (shown["osDisk"]["caching"], shown["osDisk"]["deleteOption"]) == ("None", "Delete")
    assert [disk.name for disk in world.fabric.disks(VM)] == ["sql01-os", "sql01-data0", "sql01-data1"]
    body = machine_body(world.get(ACCOUNT)["properties"]["primaryEndpoints"]["blob"])
    body["properties"]["storageProfile"]["dataDisks"][1]["caching"] = "ReadWrite"
    world.follow(world.put(VM, body))
    disks = world.get(VM)["properties"]["storageProfile"]["dataDisks"]
    assert [disk["caching"] for disk in disks] == ["ReadOnly", "ReadWrite"]


def test_data_disks_that_a_patch_leaves_out_are_detached(world: ArmWorld) -> None:
    first = world.get(VM)["properties"]["storageProfile"]["dataDisks"][0]
    shown = patched(world, storageProfile={"dataDisks": [first]})["storageProfile"]
    assert [disk["lun"] for disk in shown["dataDisks"]] == [0]
    assert [disk.name for disk in world.fabric.disks(VM)] == ["sql01-os", "sql01-data0"]


def test_network_interfaces_are_exchanged(world: ArmWorld) -> None:
    space = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}}
    subnet = {"name": "inner", "properties": {"addressPrefix": "10.0.1.0/24"}}
    net = f"{NETWORK}/virtualNetworks/net"
    world.put(net, {"location": "westus", "properties": {**space, "subnets": [subnet]}})
    configuration = {"name": "one", "properties": {"subnet": {"id": f"{net}/subnets/inner"}}}
    nics = [f"{NETWORK}/networkInterfaces/nic{number}" for number in (1, 2)]
    for nic in nics:
        world.put(nic, {"location": "westus", "properties": {"ipConfigurations": [configuration]}})
        shown = patched(world, networkProfile={"networkInterfaces": [{"id": nic, "properties": {"primary": True}}]})
        assert [each["id"] for each in shown["networkProfile"]["networkInterfaces"]] == [nic]
    assert "virtualMachine" not in world.get(nics[0])["properties"]
    assert world.get(nics[1])["properties"]["virtualMachine"]["id"].lower() == VM.lower()


def test_user_data_is_shown_to_who_asks_for_it(world: ArmWorld) -> None:
    def user_data() -> str | None:
        found: str | None = world.get(VM, **{"$expand": "userData"})["properties"].get("userData")
        return found

    assert user_data() is None
    patched(world, userData="b25l")
    assert user_data() == "b25l"
    assert b"b25l" not in world.request("GET", VM).content
    assert b"b25l" not in world.request("GET", VM.rpartition("/")[0]).content
    patched(world, licenseType="Windows_Server")
    world.follow(world.put(VM, world.get(VM)))
    assert user_data() == "b25l"
    body = world.get(VM)
    body["properties"]["userData"] = "dHdv"
    world.follow(world.put(VM, body))
    assert user_data() == "dHdv"
    both = world.get(VM, **{"$expand": "instanceView,userData"})["properties"]
    assert both["userData"] == "dHdv"
    assert both["instanceView"]["statuses"]
    patched(world, userData="")
    assert user_data() is None


def test_user_data_of_a_new_machine_and_what_is_no_base64(world: ArmWorld) -> None:
    body = world.get(VM)
    other = f"{VM}2"
    for key, value in (("userData", "no base64!"), ("userData", 5), ("osProfile", {"customData": "no base64!"})):
        properties = {"properties": {key: value}}
        assert world.error("PATCH", VM, properties) == (400, "InvalidParameter")
    fresh = machine_body(world.get(ACCOUNT)["properties"]["primaryEndpoints"]["blob"], 0)
    fresh["properties"]["storageProfile"]["osDisk"] = {"createOption": "FromImage"}
    fresh["properties"]["userData"] = "b25l"
    world.follow(world.put(other, fresh))
    assert world.get(other, **{"$expand": "userData"})["properties"]["userData"] == "b25l"
    assert world.get(VM) == body
