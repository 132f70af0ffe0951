"""Each ARM answer has the keys, kinds of values and words of the real service's in the same situation.

The shapes were taken from recorded answers. Where ours differs, the difference stands here with its reason; a reason
that no longer applies fails as well.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controlplane.domain import operation
from controlplane.ports import Json
from tests.unit.arm_shapes import differences, names, shape
from tests.unit.arm_world import GROUP, ITEM, POLICY, TARGET, VAULT, VM, ArmWorld, arm_world, machine_body

NEWER = "keys of newer api-versions than the recording's"
NEWER_OF_ITEM = {
    "+.properties.policyType": NEWER,
    "+.properties.vaultId": NEWER,
    "+.properties.softDeleteRetentionPeriod": NEWER,
    "+.properties.sourceLocation": NEWER,
    "+.properties.sourceSideScanInfo": NEWER,
}
ASKED = "only shown when asked for, and the recorded machine was"

DIFFERENCES: Mapping[str, Mapping[str, str]] = {
    "backup_config": {"+.properties.softDeleteRetentionPeriodInDays": NEWER},
    "default_policy": {"+.properties.policyType": NEWER},
    "item_before_backup": {
        "+.properties.kpisHealths": "an empty object, as the older recording has it",
        "+.properties.lastRecoveryPoint": "null: without it `az backup item list -o table` fails",
    },
    "item_after_backup": NEWER_OF_ITEM,
    "item_stopped": NEWER_OF_ITEM | {"+.properties.healthDetails": "they were cut out of the recording"},
    "item_soft_deleted": NEWER_OF_ITEM
    | {"+.properties.lastRecoveryPoint": "null: without it `az backup item list -o table` fails"},
    "recovery_point": {
        "+.properties.recoveryPointDiskConfiguration": NEWER,
        "+.properties.recoveryPointProperties": NEWER,
    },
    "storage_account": {
        "-.properties.primaryEndpoints.queue": "there are only blobs",
        "-.properties.primaryEndpoints.table": "there are only blobs",
        "-.properties.primaryEndpoints.file": "there are only blobs",
        "+.properties.accessTier": NEWER,
        "+.properties.encryption.services.blob.keyType": NEWER,
        "+.properties.keyCreationTime": NEWER,
        "+.properties.supportsHttpsTrafficOnly": NEWER,
    },
    "virtual_machine": {
        "-.properties.storageProfile.imageReference.exactVersion": "no image has a version of its own here",
        "-.properties.storageProfile.osDisk.managedDisk": "the machine lies on unmanaged disks",
        "+.properties.storageProfile.osDisk.vhd": "the machine lies on unmanaged disks",
        "+.properties.storageProfile.osDisk.deleteOption": ASKED,
        "+.properties.storageProfile.osDisk.diskSizeGB": ASKED,
        "+.resources[].properties.settings": "the recorded extension had none",
    },
}


def answers(world: ArmWorld) -> Iterator[tuple[str, Json]]:
    """The whole way through the service, and what it answers on it."""
    world.add_group()
    yield "resource_group", world.get(GROUP)
    yield "error", world.request("GET", VAULT).json()
    created = world.put(VAULT, {"location": "westus"})
    yield "vault", created.json()
    yield "vault_operation", world.follow(created)
    yield "backup_config", world.get(f"{VAULT}/backupconfig/vaultconfig")
    yield "encryption_config", world.get(f"{VAULT}/backupEncryptionConfigs/backupResourceEncryptionConfig")
    yield "default_policy", world.get(POLICY)
    yield "enhanced_policy", world.get(POLICY.replace("Default", "Enhanced"))
    world.add_account(TARGET)
    yield "storage_account", world.get(TARGET)
    world.add_machine()
    yield "protectable_item", world.get(f"{VAULT}/backupProtectableItems")["value"][0]
    configured = world.put(ITEM, world.protection())
    yield "configure_job", _job(world, world.follow(configured))
    yield "container", world.get(f"{VAULT}/backupProtectionContainers")["value"][0]
    yield "item_before_backup", world.get(ITEM)
    yield "delete_job", _job(world, world.follow(world.request("DELETE", ITEM)))
    yield "item_soft_deleted", world.get(ITEM)
    yield "undelete_job", _job(world, world.follow(_put_item(world, isRehydrate=True, **STOP)))
    world.protect()
    running = operation.running(str(uuid4()), world.ports.clock.now())
    world.ports.store.put(operation.KIND, running["id"], running, parent=ITEM)
    yield "operation_running", world.get(f"{VAULT}/backupOperations/{running['id']}")
    backup = world.follow(world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}}))
    yield "operation_ended", backup
    yield "backup_job", _job(world, backup)
    yield "job_in_list", world.get(f"{VAULT}/backupJobs", **{"$filter": "operation eq 'Backup'"})["value"][0]
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    yield "recovery_point", point
    yield "restore_job", _job(world, world.follow(world.post(f"{point['id']}/restore", _restore())))
    yield "item_after_backup", world.get(ITEM)
    yield "virtual_machine", _update_and_get(world)
    yield "disable_job", _job(world, world.follow(_put_item(world, **STOP)))
    yield "item_stopped", world.get(ITEM)


STOP = {"policyId": "", "protectionState": "ProtectionStopped"}


def _put_item(world: ArmWorld, **changes: Any) -> httpx.Response:
    return world.put(ITEM, {"properties": world.protection()["properties"] | changes})


def _job(world: ArmWorld, operation: Json) -> Json:
    return world.get(f"{VAULT}/backupJobs/{operation['properties']['jobId']}")


def _restore() -> Json:
    kinds = {"objectType": "IaasVMRestoreRequest", "recoveryType": "RestoreDisks"}
    return {"properties": kinds | {"sourceResourceId": VM, "storageAccountId": TARGET, "region": "westus"}}


def _update_and_get(world: ArmWorld) -> Json:
    """The machine with everything that the recorded one had."""
    body = machine_body(world.add_account())
    interface = f"{GROUP}/providers/Microsoft.Network/networkInterfaces/sql01-nic"
    world.put(f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net", _network())
    subnet = {"id": f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net/subnets/s"}
    configurations = [{"name": "ip", "properties": {"subnet": subnet}}]
    world.put(interface, {"location": "westus", "properties": {"ipConfigurations": configurations}})
    body["tags"] = {"Owner": "tests"}
    body["properties"]["networkProfile"] = {"networkInterfaces": [{"id": interface}]}
    body["properties"]["diagnosticsProfile"] = {"bootDiagnostics": {"enabled": False}}
    world.follow(world.put(VM, body))
    return world.get(VM)


def _network() -> Json:
    subnet = {"name": "s", "properties": {"addressPrefix": "10.0.0.0/24"}}
    properties = {"addressSpace": {"addressPrefixes": ["10.0.0.0/16"]}, "subnets": [subnet]}
    return {"location": "westus", "properties": properties}


@pytest.fixture(scope="module")
def found() -> Iterator[dict[str, Json]]:
    with arm_world() as world:
        yield dict(answers(world))


@pytest.mark.parametrize("name", names())
def test_an_answer_has_the_recorded_shape(name: str, found: dict[str, Json]) -> None:
    assert set(differences(shape(name), found[name])) == set(DIFFERENCES.get(name, {}))


def test_a_shape_tells_what_is_wrong() -> None:
    wanted = {"a": "integer", "b": ["=x|y"], "c": {}}
    assert list(differences(wanted, {"a": 1, "b": ["x", "y"], "c": {"any": 1}})) == []
    told = set(differences(wanted, {"a": True, "b": ["z"], "d": 1}))
    assert told == {".a: True is not integer", ".b[]: 'z' is not =x|y", "-.c", "+.d"}
