"""What else a virtual machine is asked to be: its size, its identities, and what is only shown."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, SUBSCRIPTION, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.compute.test_arm_compute import managed_body

NOBODY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/nobody"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def test_sizes_are_listed_for_a_location_for_a_machine_and_as_skus(world: ArmWorld) -> None:
    world.add_machine()
    compute = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
    sizes = world.get(f"{compute}/locations/westus/vmSizes")
    assert sizes == world.get(f"{VM}/vmSizes")
    (size,) = [each for each in sizes["value"] if each["name"] == "Standard_D2s_v5"]
    assert (size["numberOfCores"], size["memoryInMB"], size["maxDataDiskCount"]) == (2, 8192, 4)
    skus = world.get(f"{compute}/skus", **{"$filter": "location eq 'westus'"})["value"]
    assert [sku["name"] for sku in skus] == [each["name"] for each in sizes["value"]]
    assert {"name": "MemoryGB", "value": "3.5"} in next(s for s in skus if s["name"] == "Standard_DS1_v2")[
        "capabilities"
    ]
    assert world.error("GET", f"{compute}/locations/nowhere/vmSizes")[0] == 400


def test_usages_count_machines_and_their_cores(world: ArmWorld) -> None:
    world.add_machine()
    compute = f"{SUBSCRIPTION}/providers/Microsoft.Compute"
    used = {
        each["name"]["value"]: each["currentValue"] for each in world.get(f"{compute}/locations/westus/usages")["value"]
    }
    assert (used["cores"], used["virtualMachines"], used["standardDsv5Family"]) == (2, 1, 2)
    assert not any(each["currentValue"] for each in world.get(f"{compute}/locations/eastus/usages")["value"])


@pytest.mark.parametrize("size", ["Huge", "Standard_", "D2s_v5", "Standard D2s"])
def test_a_size_that_cannot_be_one_is_refused(world: ArmWorld, size: str) -> None:
    body = managed_body()
    body["properties"]["hardwareProfile"] = {"vmSize": size}
    assert world.error("PUT", VM, body) == (400, "InvalidParameter")
    world.put(VM, managed_body())
    assert world.error("PUT", VM, body) == (400, "InvalidParameter")
    assert world.error("PATCH", VM, {"properties": {"hardwareProfile": {"vmSize": size}}}) == (400, "InvalidParameter")


def test_what_changes_nothing_is_shown_as_it_came(world: ArmWorld) -> None:
    body = managed_body() | {"tags": {}, "zones": ["1"]}
    body["properties"]["securityProfile"] = {"securityType": "TrustedLaunch"}
    world.put(VM, body)
    shown = world.get(VM)
    assert (shown["tags"], shown["zones"]) == ({}, ["1"])
    assert shown["properties"]["securityProfile"] == {"securityType": "TrustedLaunch"}
    body["properties"]["licenseType"] = "Windows_Server"
    world.follow(world.put(VM, body))
    assert world.get(VM)["properties"]["licenseType"] == "Windows_Server"


def test_identities_are_assigned_and_taken_away(world: ArmWorld) -> None:
    mine = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/mine"
    world.put(mine, {"location": "westus"})
    world.put(VM, managed_body() | {"identity": {"type": "SystemAssigned"}})
    own = world.get(VM)["identity"]
    assert (own["type"], own["tenantId"]) == ("SystemAssigned", world.get(mine)["properties"]["tenantId"])
    both = {"type": "SystemAssigned, UserAssigned", "userAssignedIdentities": {mine: {}}}
    world.request("PATCH", VM, {"identity": both})
    shown = world.get(VM)["identity"]
    assert shown["principalId"] == own["principalId"]
    assert shown["userAssignedIdentities"][mine]["clientId"] == world.get(mine)["properties"]["clientId"]
    world.follow(world.put(VM, managed_body()))
    assert world.get(VM)["identity"] == shown
    world.request("PATCH", VM, {"identity": {"type": "SystemAssigned", "userAssignedIdentities": {mine: None}}})
    assert world.get(VM)["identity"] == own
    world.request("PATCH", VM, {"identity": {"type": "None"}})
    assert "identity" not in world.get(VM)


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ({"type": "Somehow"}, "InvalidParameter"),
        ({"type": "UserAssigned"}, "InvalidParameter"),
        ({"type": "SystemAssigned", "userAssignedIdentities": {NOBODY: {}}}, "InvalidParameter"),
        ({"type": "UserAssigned", "userAssignedIdentities": {"no id": {}}}, "FailedIdentityOperation"),
        (
            {"type": "UserAssigned", "userAssignedIdentities": {NOBODY: {}}},
            "FailedIdentityOperation",
        ),
    ],
)
def test_an_identity_that_is_none_is_refused(world: ArmWorld, identity: Json, code: str) -> None:
    assert world.error("PUT", VM, managed_body() | {"identity": identity}) == (400, code)
    assert world.error("GET", VM) == (404, "ResourceNotFound")
