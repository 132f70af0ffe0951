"""Every key that the published SDKs can send is used, kept and shown, decided by the service, or refused by name."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from controlplane.arm.edge import kept_keys
from controlplane.arm.edge.kept_keys import kept_paths, offered, unknown_paths
from controlplane.arm.edge.request_body import ELEMENT, find
from controlplane.domain.compute.machine_changes import FIXED
from controlplane.json_object import Json
from docs.generator.request_keys import bodies
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, IMAGE, TARGET, VM, ArmWorld, arm_world, machine_body

NETWORK = f"{GROUP}/providers/Microsoft.Network"
COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
BODIES = bodies()
"""Operation -> what its body is read as."""
WITHOUT_SDK = {
    "PUT Microsoft.DataProtection/resourceGuards",
    "PATCH Microsoft.DataProtection/resourceGuards",
    "PUT Microsoft.Insights/diagnosticSettings",
    "POST Microsoft.ResourceGraph/resources",
    "PUT Microsoft.RecoveryServices/vaults/replicationVaultSettings",
    "POST Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints/"
    "listInstantItemRecoveryOperationResult",
}
"""azure-cli brings no SDK that has these."""

SUBNET = f"{NETWORK}/virtualNetworks/net/subnets/one"
PLACE: Json = {"location": "westus"}
EMPTY_DISK: Json = {**PLACE, "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 8}}
NETWORK_BODY: Json = {
    **PLACE,
    "properties": {
        "addressSpace": {"addressPrefixes": ["10.0.0.0/16"]},
        "subnets": [{"name": "one", "properties": {"addressPrefix": "10.0.0.0/24"}}],
    },
}
RULE: Json = {
    "properties": {
        "access": "Allow",
        "direction": "Inbound",
        "priority": 100,
        "protocol": "*",
        "sourcePortRange": "*",
        "destinationPortRange": "22",
        "sourceAddressPrefix": "*",
        "destinationAddressPrefix": "*",
    }
}
INTERFACE: Json = {
    **PLACE,
    "properties": {"ipConfigurations": [{"name": "ip", "properties": {"subnet": {"id": SUBNET}}}]},
}


def _machine() -> Json:
    return machine_body("https://sql01disks.blob.core.windows.net/")


def _managed_machine() -> Json:
    body = _machine()
    profile = body["properties"]["storageProfile"]
    body["properties"]["storageProfile"] = {
        "imageReference": IMAGE,
        "osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}},
        "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8, "managedDisk": {}}],
    }
    assert profile
    return body


def _linux_machine() -> Json:
    body = _managed_machine()
    image = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    body["properties"]["storageProfile"]["imageReference"] = image
    return body


def _snapshot() -> Json:
    creation = {"createOption": "Copy", "sourceResourceId": f"{COMPUTE}/disks/source"}
    return {**PLACE, "properties": {"creationData": creation}}


KEEPING: dict[str, tuple[str, Callable[[], Json]]] = {
    "PUT Microsoft.Authorization/locks": (
        f"{ACCOUNT}/providers/Microsoft.Authorization/locks/one",
        lambda: {"properties": {"level": "CanNotDelete"}},
    ),
    "PUT Microsoft.Compute/availabilitySets": (f"{COMPUTE}/availabilitySets/set", lambda: PLACE),
    "PATCH Microsoft.Compute/availabilitySets": (f"{COMPUTE}/availabilitySets/present", dict),
    "PUT Microsoft.Compute/disks": (f"{COMPUTE}/disks/new", lambda: EMPTY_DISK),
    "PATCH Microsoft.Compute/disks": (f"{COMPUTE}/disks/source", dict),
    "PUT Microsoft.Compute/snapshots": (f"{COMPUTE}/snapshots/new", _snapshot),
    "PATCH Microsoft.Compute/snapshots": (f"{COMPUTE}/snapshots/present", dict),
    "PUT Microsoft.Compute/virtualMachines": (VM, _managed_machine),
    "PATCH Microsoft.Compute/virtualMachines": (
        f"{COMPUTE}/virtualMachines/present",
        lambda: {"properties": {"storageProfile": {"dataDisks": [{"lun": 0}]}}},
    ),
    "PATCH Microsoft.ManagedIdentity/userAssignedIdentities": (
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/present",
        dict,
    ),
    "PUT Microsoft.ManagedIdentity/userAssignedIdentities": (
        f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/new",
        lambda: PLACE,
    ),
    "PUT Microsoft.Network/networkInterfaces": (f"{NETWORK}/networkInterfaces/new", lambda: INTERFACE),
    "PUT Microsoft.Network/networkSecurityGroups": (
        f"{NETWORK}/networkSecurityGroups/new",
        lambda: {**PLACE, "properties": {"securityRules": [{"name": "ssh", **RULE}]}},
    ),
    "PUT Microsoft.Network/publicIPAddresses": (f"{NETWORK}/publicIPAddresses/new", lambda: PLACE),
    "PUT Microsoft.Network/virtualNetworks": (f"{NETWORK}/virtualNetworks/new", lambda: NETWORK_BODY),
    "PUT Microsoft.Network/virtualNetworks/subnets": (
        f"{NETWORK}/virtualNetworks/net/subnets/two",
        lambda: {"properties": {"addressPrefix": "10.0.1.0/24"}},
    ),
    "PUT Microsoft.Resources/subscriptions/resourceGroups": (f"{GROUP}2", lambda: PLACE),
    "PATCH Microsoft.Resources/subscriptions/resourceGroups": (GROUP, dict),
    "PUT Microsoft.Storage/storageAccounts": (
        TARGET,
        lambda: {**PLACE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"},
    ),
    "PATCH Microsoft.Storage/storageAccounts": (ACCOUNT, dict),
}
"""Operation that keeps what it does not use -> a path, and a request that is accepted there."""
CHANGING = "PATCH Microsoft.Compute/virtualMachines"
"""Operation that refuses to change some of what another keeps."""


def stays_for_good(path: str) -> bool:
    """Of a Windows machine, which has no configuration of Linux either."""
    return "linuxConfiguration" in path or any(path == fixed or path.startswith(f"{fixed}.") for fixed in FIXED)


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_account()
        world.put(f"{NETWORK}/virtualNetworks/net", NETWORK_BODY)
        world.put(f"{COMPUTE}/availabilitySets/present", PLACE)
        world.put(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/present", PLACE)
        send(world, "PUT", f"{COMPUTE}/disks/source", EMPTY_DISK)
        send(world, "PUT", f"{COMPUTE}/snapshots/present", _snapshot())
        send(world, "PUT", f"{COMPUTE}/virtualMachines/present", _managed_machine())
        yield world


def send(world: ArmWorld, method: str, path: str, body: Json) -> Json:
    """A request that is followed to its end; what is there then."""
    response = world.request(method, path, body)
    assert response.status_code in {200, 201, 202}, response.text
    world.settle()
    return world.get(path)


def sample(tree: Any) -> Any:
    """A value of the kind that a key takes."""
    if isinstance(tree, dict):
        return {"some-key" if key == "*" else key: sample(below) for key, below in tree.items()}
    if isinstance(tree, list):
        return [sample(tree[0])]
    values = {"integer": 7, "number": 1.5, "boolean": True, "time": "2031-02-01T00:00:00Z", "anything": {"some": "x"}}
    return values.get(tree, "some-text")


def at(tree: Any, path: list[str]) -> Any:
    for step in path:
        tree = tree[0] if step == ELEMENT else tree[step]
    return tree


def saying(body: Any, path: list[str], value: Any) -> Any:
    """The body with a value at a path, in the first element of each list on the way."""
    if not path:
        return value
    step, *rest = path
    if step == ELEMENT:
        first, *others = body or [{}]
        return [saying(first, rest, value), *others]
    return {**(body or {}), step: saying((body or {}).get(step), rest, value)}


def said(body: Any, path: list[str]) -> Any:
    """What a body says there; None where it says nothing."""
    if not path or body is None:
        return body
    step, *rest = path
    return said((body[0] if body else None) if step == ELEMENT else find(body, step), rest)


def lost(sent: Any, found: Any) -> bool:
    """Whether something of what was sent is not there; more may be."""
    if isinstance(sent, dict):
        return not isinstance(found, dict) or any(lost(value, found.get(key)) for key, value in sent.items())
    return bool(sent != found)


def test_every_body_is_measured_by_an_sdk() -> None:
    assert BODIES.keys() - kept_keys.table().keys() == WITHOUT_SDK
    assert kept_keys.table().keys() <= BODIES.keys()


@pytest.mark.parametrize("operation", sorted(BODIES.keys() - WITHOUT_SDK))
def test_every_key_that_is_read_exists_in_this_spelling(operation: str) -> None:
    assert unknown_paths(operation, BODIES[operation]) == []


@pytest.mark.parametrize("operation", sorted(BODIES.keys() - WITHOUT_SDK - KEEPING.keys()))
def test_every_key_that_can_be_sent_is_read_or_spoken_of(operation: str) -> None:
    assert kept_paths(operation, BODIES[operation]) == []


@pytest.mark.parametrize("operation", sorted(KEEPING))
def test_what_is_not_used_is_kept_and_shown(operation: str, world: ArmWorld) -> None:
    path, base = KEEPING[operation]
    model, body = BODIES[operation], base()
    kept = kept_paths(operation, model)
    assert kept
    steps = [each.split(".") for each in kept if operation != CHANGING or not stays_for_good(each)]
    for each in steps:
        body = saying(body, each, sample(at(offered(operation, model), each)))
    shown = send(world, operation.partition(" ")[0], path, body)
    assert [
        ".".join(each)
        for each in steps
        if "linuxConfiguration" not in each and lost(said(body, each), said(shown, each))
    ] == []


def test_a_linux_machine_keeps_its_configuration(world: ArmWorld) -> None:
    body = _linux_machine()
    operation, path = "PUT Microsoft.Compute/virtualMachines", ["properties", "osProfile", "linuxConfiguration"]
    kept = [each.split(".") for each in kept_paths(operation, BODIES[operation]) if path[2] in each]
    assert kept
    for each in kept:
        body = saying(body, each, sample(at(offered(operation, BODIES[operation]), each)))
    shown = send(world, "PUT", VM, body)
    assert [each for each in kept if lost(said(body, each), said(shown, each))] == []


REFUSED = [
    (operation, path, what)
    for operation, model in sorted(BODIES.items())
    if operation in KEEPING
    for path, what in model.refused.items()
    if kept_keys.offered_of(operation, [path])
]
"""Where the SDK can send it with the operation."""


@pytest.mark.parametrize(("operation", "path", "what"), REFUSED, ids=lambda each: str(each).rpartition(".")[2])
def test_what_would_change_more_is_refused_by_its_name(operation: str, path: str, what: str, world: ArmWorld) -> None:
    where, base = KEEPING[operation]
    tree = kept_keys.table()[operation]["keys"]
    body = saying(base(), path.split("."), sample(at(tree, path.split("."))))
    response = world.request(operation.partition(" ")[0], where, body)
    assert (response.status_code, response.json()["error"]["target"]) == (501, what)


@pytest.mark.parametrize("operation", sorted(KEEPING))
def test_what_the_service_decides_is_not_taken_from_a_request(operation: str, world: ArmWorld) -> None:
    where, base = KEEPING[operation]
    tree, body = kept_keys.table()[operation]["keys"], base()
    for path in [each.split(".") for each in kept_keys.offered_of(operation, BODIES[operation].decided)]:
        value = sample(at(tree, path))
        body = saying(body, path, value)
        shown = send(world, operation.partition(" ")[0], where, body)
        assert said(shown, path) != value, path


def test_what_azure_never_shows_is_not_shown(world: ArmWorld) -> None:
    operation = "PUT Microsoft.Compute/virtualMachines"
    body = _managed_machine()
    tree = kept_keys.table()[operation]["keys"]
    for each in BODIES[operation].unseen:
        body = saying(body, each.split("."), sample(at(tree, each.split("."))))
    shown = send(world, "PUT", VM, body)
    for each in BODIES[operation].unseen:
        assert said(shown, each.split(".")) is None, each


# ------------------------------------------------------------------------------------------------------ how it is kept


DISK = f"{COMPUTE}/disks/new"


def test_keys_match_without_case_and_values_take_their_kind(world: ArmWorld) -> None:
    properties = {**EMPTY_DISK["properties"], "MAXSHARES": "2", "burstingEnabled": "true", "tier": 30}
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": properties})["properties"]
    assert (shown["maxShares"], shown["burstingEnabled"], shown["tier"]) == (2, True, "30")


@pytest.mark.parametrize(
    ("key", "value"), [("maxShares", "two"), ("burstingEnabled", 1), ("tier", {}), ("purchasePlan", 1), ("tier", [1])]
)
def test_a_value_of_another_kind_is_refused(world: ArmWorld, key: str, value: Any) -> None:
    body = {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], key: value}}
    assert world.error("PUT", DISK, body) == (400, "InvalidRequestContent")
    assert world.request("GET", DISK).status_code == 404


def test_what_is_empty_says_nothing(world: ArmWorld) -> None:
    empty = {"maxShares": None, "purchasePlan": {}, "tier": "", "supportedCapabilities": {"architecture": None}}
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], **empty}})
    assert not empty.keys() & shown["properties"].keys()


def test_a_key_that_no_sdk_knows_is_passed_over(world: ArmWorld) -> None:
    shown = send(world, "PUT", DISK, {**EMPTY_DISK, "properties": {**EMPTY_DISK["properties"], "maxShare": 2}})
    assert "maxShare" not in shown["properties"]


def test_elements_of_a_list_are_found_again_by_their_names(world: ArmWorld) -> None:
    body = _managed_machine()
    disks = body["properties"]["storageProfile"]["dataDisks"]
    disks.insert(0, {"lun": 5, "createOption": "Empty", "diskSizeGB": 8, "writeAcceleratorEnabled": True})
    disks.append({"lun": 7, "createOption": "Empty", "diskSizeGB": 8, "toBeDetached": True, "detachOption": "x"})
    shown = send(world, "PUT", VM, body)["properties"]["storageProfile"]["dataDisks"]
    assert {disk["lun"]: disk.get("writeAcceleratorEnabled") for disk in shown} == {0: None, 5: True}


def test_a_change_leaves_what_it_does_not_speak_of(world: ArmWorld) -> None:
    shown = send(world, "PATCH", ACCOUNT, {"properties": {"networkAcls": {"defaultAction": "Deny"}}})
    assert shown["properties"]["networkAcls"] == {"defaultAction": "Deny"}
    shown = send(world, "PATCH", ACCOUNT, {"properties": {"networkAcls": {"bypass": "None"}}})
    assert shown["properties"]["networkAcls"] == {"defaultAction": "Deny", "bypass": "None"}
    full = {**PLACE, "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
    assert "networkAcls" not in send(world, "PUT", ACCOUNT, full)["properties"]
