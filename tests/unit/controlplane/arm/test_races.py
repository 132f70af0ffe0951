"""What a request relies on is read in the transaction that writes: whoever gets in between is not overlooked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest

from controlplane.arm.app import build
from controlplane.arm.edge.call import GROUP_KIND
from controlplane.domain.compute.virtual_machine import KIND as MACHINES
from controlplane.domain.recovery_services import job
from controlplane.domain.recovery_services.protected_item import KIND as ITEMS
from controlplane.domain.storage.storage_account import KIND as ACCOUNTS
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    GROUP,
    ITEM,
    VM,
    ArmWorld,
    arm_world,
    furnished_world,
    identity,
    machine_body,
)
from tests.unit.controlplane.arm.resources.test_arm_deployments import DEPLOYMENT, account, request
from tests.unit.controlplane.interposed_store import InterposedStore

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
DISK = f"{COMPUTE}/disks/Data"
OTHER_ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/another01"
EMPTY = {"location": "westus", "properties": {"creationData": {"createOption": "Empty"}, "diskSizeGB": 1}}
COPY = {"location": "westus", "properties": {"creationData": {"createOption": "Copy", "sourceResourceId": DISK}}}
OF_ACCOUNT = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}
BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}

Gone = tuple[str, str]
"""Kind and id of a document that somebody deletes."""
THE_GROUP: Gone = (GROUP_KIND, GROUP)


def meanwhile(world: ArmWorld, action: Callable[[], object]) -> tuple[ArmWorld, InterposedStore]:
    """The same world, in whose next request the action happens before it writes."""
    store = InterposedStore(world.ports.store, action)
    app = build(replace(world.ports, store=store), world.engine, identity())
    return replace(world, app=app), store


def refused(world: ArmWorld, gone: Gone, method: str, path: str, body: Any = None) -> tuple[int, str]:
    """The refusal of a request that finds this document gone when it comes to write."""
    other, store = meanwhile(world, lambda: world.ports.store.delete(*gone))
    refusal = other.error(method, path, body)
    assert store.happened
    return refusal


@pytest.mark.parametrize(
    ("path", "body"),
    [
        (f"{DISK}2", EMPTY),
        (f"{COMPUTE}/snapshots/Copy", COPY),
        (OTHER_ACCOUNT, OF_ACCOUNT),
        (DEPLOYMENT, request(account())),
        (VM, None),
    ],
    ids=["disk", "snapshot", "account", "deployment", "machine"],
)
def test_nothing_is_put_into_a_group_that_goes_meanwhile(path: str, body: Any) -> None:
    with arm_world() as world:
        world.add_group()
        endpoint = world.add_account(ACCOUNT)
        world.follow(world.put(DISK, EMPTY))
        before = len(world.get(f"{GROUP}/resources")["value"])
        answer = refused(world, THE_GROUP, "PUT", path, body or machine_body(endpoint))
        assert answer == (404, "ResourceGroupNotFound")
        world.settle()
        world.add_group()
        assert len(world.get(f"{GROUP}/resources")["value"]) == before


def test_a_machine_is_not_made_on_an_account_that_goes_meanwhile() -> None:
    with arm_world() as world:
        world.add_group()
        body = machine_body(world.add_account(ACCOUNT))
        assert refused(world, (ACCOUNTS, ACCOUNT), "PUT", VM, body) == (409, "StorageAccountNotFound")
        assert world.ports.store.find(MACHINES) == []


@pytest.mark.parametrize("action", ["start", "powerOff", "deallocate", "restart"])
def test_a_machine_that_goes_meanwhile_is_not_found(action: str) -> None:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        assert refused(world, (MACHINES, VM), "POST", f"{VM}/{action}") == (404, "ResourceNotFound")


def test_no_backup_begins_of_an_item_that_goes_meanwhile() -> None:
    with furnished_world() as world:
        world.protect()
        before = len(world.ports.store.find(job.KIND))
        status, _ = refused(world, (ITEMS, ITEM), "POST", f"{ITEM}/backup", BACKUP)
        assert status == 404
        assert len(world.ports.store.find(job.KIND)) == before


def backed_up(world: ArmWorld) -> str:
    """The id of the one recovery point."""
    world.protect()
    world.post(f"{ITEM}/backup", BACKUP)
    world.settle()
    (point,) = world.get(f"{ITEM}/recoveryPoints")["value"]
    return str(point["id"])


def test_no_session_begins_of_an_item_that_goes_meanwhile() -> None:
    with furnished_world() as world:
        point = backed_up(world)
        body = {"properties": {"objectType": "IaasVMILRRegistrationRequest", "recoveryPointId": point}}
        status, _ = refused(world, (ITEMS, ITEM), "POST", f"{point}/provisionInstantItemRecovery", body)
        assert status == 404
