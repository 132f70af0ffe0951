"""Each ARM answer has the keys, kinds of values and words of the real service's in the same situation.

The shapes were taken from recorded answers. Where ours differs, the difference stands here with its reason; a reason
that no longer applies fails as well.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from threading import Event
from typing import Any
from uuid import uuid4

import httpx
import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.resources import operation
from controlplane.json_object import Json
from controlplane.ports import Blob
from extension.contract.settings import SnapshotSettings
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric, snapshots
from tests.unit.controlplane.arm.arm_shapes import differences, names, shape
from tests.unit.controlplane.arm.arm_world import (
    BASE_URL,
    GROUP,
    ITEM,
    POLICY,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
    machine_body,
    service_storage,
)

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
        "+.properties.isPrivateAccessEnabledOnAnyDisk": NEWER,
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


SITUATIONS: Mapping[str, str] = {
    # What was recorded, in the order of a protection's life -> the shape that our answer to it must have.
    "a group is read": "resource_group",
    "a vault is asked for that is not there": "error",
    "a vault is put: its headers": "vault_accepted",
    "a vault is put: its body": "vault",
    "a vault is read by an older client": "vault",
    "the putting of a vault goes on": "vault_operation",
    "the soft delete settings of a vault are read": "backup_config",
    "the encryption of a vault is read": "encryption_config",
    "the default policy is read": "default_policy",
    "a policy made from the enhanced one is read": "enhanced_policy",
    "the storage account of a restore is read": "storage_account",
    "versions of an image are listed": "image_versions",
    "a machine with an extension is read": "virtual_machine",
    "what can be protected is listed": "protectable_item",
    "protection begins: its headers": "item_accepted",
    "the job of a protection, older and newer": "configure_job",
    "containers are listed": "container",
    "an item before its first backup, older and newer": "item_before_backup",
    "an operation goes on": "operation_running",
    "an operation has ended": "operation_ended",
    "a backup goes on": "backup_job_running",
    "a backup is cancelled: its headers": "cancel_accepted",
    "a backup has ended": "backup_job",
    "jobs are listed": "job_in_list",
    "recovery points are listed": "recovery_point",
    "a restore goes on": "restore_job_running",
    "a restore has ended": "restore_job",
    "an item after its backup": "item_after_backup",
    "the job that stops protection": "disable_job",
    "a stopped item": "item_stopped",
    "a deletion begins: its headers": "delete_accepted",
    "the job of a deletion": "delete_job",
    "a soft-deleted item": "item_soft_deleted",
    "the job that undeletes": "undelete_job",
    "deleted vaults are listed": "deleted_vault",
}
ELSEWHERE: Mapping[str, str] = {
    "the two deployments of az vm create": "test_az_vm_create.py deploys them, with all their keys",
    "what was asked in these situations": "test_arm_recorded_requests.py asks it",
}


def answers(world: ArmWorld, gate: Gate) -> Iterator[tuple[str, Json]]:
    """The whole way through the service, and what it answers on it."""
    world.add_group()
    yield "resource_group", world.get(GROUP)
    yield "error", world.request("GET", VAULT).json()
    # The recorded request speaks of alerts, and so does its answer.
    created = world.put(VAULT, {"location": "westus", "properties": {"monitoringSettings": {}}})
    yield "vault_accepted", _accepted(created)
    yield "vault", created.json()
    yield "vault_operation", world.follow(created)
    yield "backup_config", world.get(f"{VAULT}/backupconfig/vaultconfig")
    yield "encryption_config", world.get(f"{VAULT}/backupEncryptionConfigs/backupResourceEncryptionConfig")
    yield "default_policy", world.get(POLICY)
    yield "enhanced_policy", world.get(POLICY.replace("Default", "Enhanced"))
    world.add_account(TARGET)
    yield "storage_account", world.get(TARGET)
    yield "image_versions", world.get(IMAGE_VERSIONS, **{"$top": "1", "$orderby": "name desc"})
    world.add_machine()
    yield "protectable_item", world.get(f"{VAULT}/backupProtectableItems")["value"][0]
    yield from _protection(world)
    yield from _backups(world, gate)
    yield "virtual_machine", _update_and_get(world)
    yield "disable_job", _job(world, world.follow(_put_item(world, **STOP)))
    yield "item_stopped", world.get(ITEM)
    world.follow(world.request("DELETE", ITEM))
    world.request("DELETE", VAULT)
    yield "deleted_vault", world.get(DELETED_VAULTS)["value"][0]


def _protection(world: ArmWorld) -> Iterator[tuple[str, Json]]:
    """Protected, deleted, undeleted, and protected again."""
    configured = world.put(ITEM, world.protection())
    yield "item_accepted", _accepted(configured)
    yield "configure_job", _job(world, world.follow(configured))
    yield "container", world.get(f"{VAULT}/backupProtectionContainers")["value"][0]
    yield "item_before_backup", world.get(ITEM)
    deleted = world.request("DELETE", ITEM)
    yield "delete_accepted", _accepted(deleted)
    yield "delete_job", _job(world, world.follow(deleted))
    yield "item_soft_deleted", world.get(ITEM)
    yield "undelete_job", _job(world, world.follow(_put_item(world, isRehydrate=True, **STOP)))
    world.protect()
    running = operation.running(str(uuid4()), world.ports.clock.now())
    world.ports.store.put(operation.KIND, running["id"], running, parent=ITEM)
    yield "operation_running", world.get(f"{VAULT}/backupOperations/{running['id']}")


def _backups(world: ArmWorld, gate: Gate) -> Iterator[tuple[str, Json]]:
    """A backup that is cancelled, one that is not, and a restore of it."""
    world.fabric.script.append(gate.snapshot_when_open)
    with gate.closed() as reached:
        _ask_for_backup(world)
        reached()
        running = _running_job(world)
        yield "backup_job_running", running
        yield "cancel_accepted", _accepted(world.post(f"{running['id']}/cancel"))
    world.settle()
    backup = world.follow(_ask_for_backup(world))
    yield "operation_ended", backup
    yield "backup_job", _job(world, backup)
    backups = {"$filter": "operation eq 'Backup' and status eq 'Completed'"}
    yield "job_in_list", world.get(f"{VAULT}/backupJobs", **backups)["value"][0]
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    yield "recovery_point", point
    with gate.closed() as reached:
        restored = world.post(f"{point['id']}/restore", _restore())
        reached()
        yield "restore_job_running", _running_job(world)
    yield "restore_job", _job(world, world.follow(restored))
    yield "item_after_backup", world.get(ITEM)


class Gate(MemoryBlobs):
    """A storage that keeps a restore waiting when its disks are there, as its scripted guest keeps a backup, while it
    is closed."""

    def __init__(self) -> None:
        super().__init__()
        self._open, self._reached = Event(), Event()
        self._open.set()

    @contextmanager
    def closed(self) -> Iterator[Callable[[], None]]:
        """Gives what waits until somebody stands before the gate."""
        self._open.clear()
        self._reached.clear()
        try:
            yield self._somebody_waits
        finally:
            self._open.set()

    def _somebody_waits(self) -> None:
        assert self._reached.wait(30)

    def _pass(self) -> None:
        self._reached.set()
        assert self._open.wait(30)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        if blob.account == TARGET.rpartition("/")[2]:
            self._pass()
        super().put(blob, data, metadata)

    def snapshot_when_open(self, guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        self._pass()
        snapshots()(guest, settings)


DELETED_VAULTS = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults"
IMAGE_VERSIONS = (
    f"{SUBSCRIPTION}/providers/Microsoft.Compute/locations/westus/publishers/MicrosoftWindowsServer"
    "/artifacttypes/vmimage/offers/WindowsServer/skus/2022-datacenter-g2/versions"
)
PLACES = {
    ITEM: "{vault}/backupFabrics/Azure/protectionContainers/{container}/protectedItems/{item}",
    VAULT: "{vault}",
}


def _accepted(response: httpx.Response) -> Json:
    """Status and headers of an operation that began, its names left open."""
    headers = {
        name: response.headers[name] for name in ("Azure-AsyncOperation", "Location") if name in response.headers
    }
    return {"status": str(response.status_code)} | {name: _place(url) for name, url in headers.items()}


def _place(url: str) -> str:
    path = url.removeprefix(BASE_URL).partition("?")[0]
    for id, name in PLACES.items():
        path = path.replace(id, name)
    path = re.sub(r"[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "{guid}", path)
    return re.sub(r"(?<=/operationStatus/).+", "{operation}", path)


STOP = {"policyId": "", "protectionState": "ProtectionStopped"}


def _ask_for_backup(world: ArmWorld) -> httpx.Response:
    return world.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})


def _running_job(world: ArmWorld) -> Json:
    (running,) = world.get(f"{VAULT}/backupJobs", **{"$filter": "status eq 'InProgress'"})["value"]
    return world.get(running["id"])


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
    gate = Gate()
    with arm_world(service_storage(gate)) as world:
        yield dict(answers(world, gate))


@pytest.mark.parametrize("name", names())
def test_an_answer_has_the_recorded_shape(name: str, found: dict[str, Json]) -> None:
    assert set(differences(shape(name), found[name])) == set(DIFFERENCES.get(name, {}))


def test_every_situation_that_was_recorded_has_its_shape() -> None:
    assert set(SITUATIONS.values()) == set(names())
    assert set(DIFFERENCES) <= set(names())


def test_a_shape_tells_what_is_wrong() -> None:
    wanted = {"a": "integer", "b": ["=x|y"], "c": {}}
    assert list(differences(wanted, {"a": 1, "b": ["x", "y"], "c": {"any": 1}})) == []
    told = set(differences(wanted, {"a": True, "b": ["z"], "d": 1}))
    assert told == {".a: True is not integer", ".b[]: 'z' is not =x|y", "-.c", "+.d"}
