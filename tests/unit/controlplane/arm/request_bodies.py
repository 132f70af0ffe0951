"""Requests that every operation with a body accepts, and ways to say more in them."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any

from controlplane.arm.edge import choices
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
    "POST Microsoft.AlertsManagement/alerts/changestate",
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


def managed_machine() -> Json:
    body = _machine()
    profile = body["properties"]["storageProfile"]
    body["properties"]["storageProfile"] = {
        "imageReference": IMAGE,
        "osDisk": {"createOption": "FromImage", "managedDisk": {"storageAccountType": "Premium_LRS"}},
        "dataDisks": [{"lun": 0, "createOption": "Empty", "diskSizeGB": 8, "managedDisk": {}}],
    }
    assert profile
    return body


def linux_machine() -> Json:
    body = managed_machine()
    image = {"publisher": "Canonical", "offer": "ubuntu-24_04-lts", "sku": "server"}
    body["properties"]["storageProfile"]["imageReference"] = image
    return body


def snapshot_body() -> Json:
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
    "PUT Microsoft.Compute/snapshots": (f"{COMPUTE}/snapshots/new", snapshot_body),
    "PATCH Microsoft.Compute/snapshots": (f"{COMPUTE}/snapshots/present", dict),
    "PUT Microsoft.Compute/virtualMachines": (VM, managed_machine),
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


@contextmanager
def furnished_for_bodies() -> Iterator[ArmWorld]:
    """A world with all that the requests of KEEPING name."""
    with arm_world() as world:
        world.add_group()
        world.add_account()
        world.put(f"{NETWORK}/virtualNetworks/net", NETWORK_BODY)
        world.put(f"{COMPUTE}/availabilitySets/present", PLACE)
        world.put(f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/present", PLACE)
        send(world, "PUT", f"{COMPUTE}/disks/source", EMPTY_DISK)
        send(world, "PUT", f"{COMPUTE}/snapshots/present", snapshot_body())
        send(world, "PUT", f"{COMPUTE}/virtualMachines/present", managed_machine())
        yield world


def send(world: ArmWorld, method: str, path: str, body: Json) -> Json:
    """A request that is followed to its end; what is there then."""
    response = world.request(method, path, body)
    assert response.status_code in {200, 201, 202}, response.text
    world.settle()
    return world.get(path)


def sample(tree: Any, operation: str = "", path: str = "") -> Any:
    """A value of the kind that a key takes."""
    if isinstance(tree, dict):
        return {
            "some-key" if key == "*" else key: sample(below, operation, f"{path}.{key}".lstrip("."))
            for key, below in tree.items()
        }
    if isinstance(tree, list):
        return [sample(tree[0], operation, f"{path}.{ELEMENT}")]
    if enumeration := choices.paths(operation).get(path):
        return choices.values(enumeration)[-1]
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
