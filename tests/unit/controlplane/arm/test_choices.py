"""Values of which an SDK lists what they may be: another one is refused, each is taken in any case."""

from __future__ import annotations

from collections.abc import Callable, Iterator

import pytest

from controlplane.arm.edge import choices
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, ArmWorld
from tests.unit.controlplane.arm.request_bodies import (
    BODIES,
    COMPUTE,
    KEEPING,
    NETWORK,
    PLACE,
    RULE,
    furnished_for_bodies,
    said,
    saying,
    send,
)

GROUP_PATH = f"{NETWORK}/networkSecurityGroups/group"
CONTAINERS = f"{ACCOUNT}/blobServices/default/containers"
ASKING: dict[str, tuple[str, Callable[[], Json]]] = {
    **KEEPING,
    "POST Microsoft.Compute/disks/beginGetAccess": (
        f"{COMPUTE}/disks/source/beginGetAccess",
        lambda: {"access": "Read", "durationInSeconds": 60},
    ),
    "POST Microsoft.Compute/snapshots/beginGetAccess": (
        f"{COMPUTE}/snapshots/present/beginGetAccess",
        lambda: {"access": "Read", "durationInSeconds": 60},
    ),
    "PUT Microsoft.Network/networkSecurityGroups/securityRules": (f"{GROUP_PATH}/securityRules/one", lambda: RULE),
    "PUT Microsoft.Storage/storageAccounts/blobServices": (f"{ACCOUNT}/blobServices/default", dict),
    "PUT Microsoft.Storage/storageAccounts/blobServices/containers": (f"{CONTAINERS}/one", dict),
    "PATCH Microsoft.Storage/storageAccounts/blobServices/containers": (f"{CONTAINERS}/present", dict),
    "PUT Microsoft.Storage/storageAccounts/fileServices": (f"{ACCOUNT}/fileServices/default", dict),
}
"""Operation -> a path, and a request that is accepted there."""


def is_left_out(operation: str, path: str) -> bool:
    """Whether the key is refused by name, whatever its value, or is the service's own."""
    model = BODIES[operation]
    return any(path == each or path.startswith(f"{each}.") for each in (*model.refused, *model.decided))


ALL = [
    (operation, path, choice)
    for operation in sorted(BODIES)
    for path, choice in choices.paths(operation).items()
    if not is_left_out(operation, path)
]
CODES = {
    "Microsoft.Compute": "BadRequest",
    "Microsoft.Network": "InvalidRequestFormat",
    "Microsoft.Storage": "InvalidValuesForRequestParameters",
    "Microsoft.ManagedIdentity": "BadRequest",
}


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    with furnished_for_bodies() as world:
        world.put(GROUP_PATH, PLACE)
        world.put(f"{CONTAINERS}/present", {})
        yield world


def test_many_keys_have_a_choice() -> None:
    assert len(ALL) > 150
    assert {operation for operation, _, _ in ALL} <= ASKING.keys()


@pytest.mark.parametrize(("operation", "path", "enumeration"), ALL)
def test_a_value_that_is_none_is_refused(world: ArmWorld, operation: str, path: str, enumeration: str) -> None:
    where, body = ASKING[operation]
    answer = world.request(operation.partition(" ")[0], where, saying(body(), path.split("."), "Bogus"))
    error = answer.json()["error"]
    code = CODES[operation.partition(" ")[2].partition("/")[0]]
    assert (answer.status_code, error["code"]) == (400, code)
    told = str(error)
    assert path.rpartition(".")[2].strip("[]") in told or path.endswith(("sku.name", "[]"))
    if code != "InvalidValuesForRequestParameters":
        assert "Bogus" in told
        assert enumeration.partition(".")[2] in told


@pytest.mark.parametrize(
    ("operation", "path", "value", "shown"),
    [
        ("PUT Microsoft.Compute/disks", "properties.osType", "LINUX", "Linux"),
        ("PUT Microsoft.Compute/disks", "properties.networkAccessPolicy", "denyall", "DenyAll"),
        ("PUT Microsoft.Compute/virtualMachines", "properties.storageProfile.osDisk.caching", "readonly", "ReadOnly"),
        ("PUT Microsoft.Network/publicIPAddresses", "properties.publicIPAllocationMethod", "static", "Static"),
        (
            "PUT Microsoft.Network/networkInterfaces",
            "properties.ipConfigurations.[].properties.privateIPAllocationMethod",
            "dynamic",
            "Dynamic",
        ),
        (
            "PUT Microsoft.Network/networkSecurityGroups",
            "properties.securityRules.[].properties.protocol",
            "TCP",
            "Tcp",
        ),
        ("PUT Microsoft.Storage/storageAccounts", "properties.minimumTlsVersion", "tls1_2", "TLS1_2"),
    ],
)
def test_a_value_is_shown_as_the_service_spells_it(
    world: ArmWorld, operation: str, path: str, value: str, shown: str
) -> None:
    where, body = ASKING[operation]
    assert said(send(world, "PUT", where, saying(body(), path.split("."), value)), path.split(".")) == shown


@pytest.mark.parametrize("value", [None, ""])
def test_nothing_is_no_choice(world: ArmWorld, value: str | None) -> None:
    body = {**PLACE, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 4, "osType": value}}
    assert "osType" not in send(world, "PUT", f"{COMPUTE}/disks/nothing", body)["properties"]


def test_a_body_of_another_shape_is_refused_as_such(world: ArmWorld) -> None:
    body = {**PLACE, "sku": {"name": ["Standard_LRS"]}, "properties": {"creationData": {"createOption": "Empty"}}}
    assert world.error("PUT", f"{COMPUTE}/disks/shape", body) == (400, "InvalidRequestContent")


def test_several_values_may_be_combined(world: ArmWorld) -> None:
    shown = send(world, "PATCH", ACCOUNT, {"properties": {"networkAcls": {"bypass": "logging,metrics"}}})
    assert shown["properties"]["networkAcls"]["bypass"] == "Logging, Metrics"


# ------------------------------------------------------------------------------------ choices that no SDK lists


MACHINE = "PUT Microsoft.Compute/virtualMachines"


@pytest.mark.parametrize(
    ("path", "value", "target"),
    [
        ("properties.licenseType", "Bogus", "licenseType"),
        ("properties.storageProfile.imageReference.version", "newest", "imageReference.version"),
    ],
)
def test_a_machine_has_no_such_license_or_version(world: ArmWorld, path: str, value: str, target: str) -> None:
    where, body = ASKING[MACHINE]
    answer = world.request("PUT", where, saying(body(), path.split("."), value))
    error = answer.json()["error"]
    assert (answer.status_code, error["code"], error["target"]) == (400, "InvalidParameter", target)


def test_licenses_and_versions_that_there_are(world: ArmWorld) -> None:
    where, body = ASKING[MACHINE]
    asked = saying(body(), ["properties", "licenseType"], "windows_server")
    asked = saying(asked, ["properties", "storageProfile", "imageReference", "version"], "20348.2113.231109")
    shown = send(world, "PUT", where.replace("Sql01", "Sql02"), asked)["properties"]
    assert shown["licenseType"] == "Windows_Server"
    assert shown["storageProfile"]["imageReference"]["version"] == "20348.2113.231109"


@pytest.mark.parametrize("priority", [99, 4097, "many", -1])
def test_a_rule_has_a_priority_in_its_range(world: ArmWorld, priority: object) -> None:
    rule = {"properties": {**RULE["properties"], "priority": priority}}
    assert world.error("PUT", f"{GROUP_PATH}/securityRules/two", rule) == (400, "SecurityRuleInvalidPriority")
    group = {**PLACE, "properties": {"securityRules": [{"name": "two", **rule}]}}
    assert world.error("PUT", GROUP_PATH, group) == (400, "SecurityRuleInvalidPriority")


def test_two_rules_of_a_direction_have_two_priorities(world: ArmWorld) -> None:
    outwards = {"properties": {**RULE["properties"], "direction": "Outbound"}}
    group = {**PLACE, "properties": {"securityRules": [{"name": "in", **RULE}, {"name": "out", **outwards}]}}
    world.put(f"{GROUP_PATH}2", group)
    assert world.error("PUT", f"{GROUP_PATH}2/securityRules/third", RULE) == (400, "SecurityRuleConflict")
    assert world.request("PUT", f"{GROUP_PATH}2/securityRules/in", RULE).status_code == 200


def test_a_standard_address_is_static(world: ArmWorld) -> None:
    path = f"{NETWORK}/publicIPAddresses/dynamic"
    dynamic = {**PLACE, "properties": {"publicIPAllocationMethod": "Dynamic"}}
    refused = (400, "StandardSkuPublicIPAddressesMustBeStatic")
    assert world.error("PUT", path, {**dynamic, "sku": {"name": "Standard"}}) == refused
    assert send(world, "PUT", path, dynamic)["sku"]["name"] == "Basic"


def test_a_vault_has_one_tier(world: ArmWorld) -> None:
    path = f"{COMPUTE.rpartition('/')[0]}/Microsoft.RecoveryServices/vaults/tiers"
    vault = {**PLACE, "sku": {"name": "RS0", "tier": "Premium"}, "properties": {}}
    assert world.request("PUT", path, vault).status_code == 400
    assert world.request("PUT", path, {**vault, "sku": {"name": "RS0", "tier": "Standard"}}).status_code in (200, 201)
