"""An engine with one worker: what hangs or waits keeps nobody from going on."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress

from controlplane.domain.arm_id import item_id
from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.json_object import Json
from tests.patience import comes_true
from tests.unit.controlplane.adapters.scripted_fabric import silent
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, POLICY, VAULT, VM, ArmWorld, arm_world, machine_body
from tests.unit.controlplane.templates import template_world

OTHER_VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/Sql02"
OTHER_ITEM = item_id(VAULT, "Demo", "Sql02")
DEPLOYMENT = f"{GROUP}/providers/Microsoft.Resources/deployments/outer"
BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
SCHEMA = {"$schema": template_world.SCHEMA, "contentVersion": "1.0.0.0"}


def until(world: ArmWorld, condition: Callable[[], bool]) -> None:
    """The world's clock stands, so it is the condition that ends this."""
    assert comes_true(condition)


def add_other_machine(world: ArmWorld) -> None:
    account = world.add_account(f"{GROUP}/providers/Microsoft.Storage/storageAccounts/sql02disks")
    world.put(OTHER_VM, machine_body(account))
    for disk in world.fabric.disks(OTHER_VM):
        world.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)
    kind = "Microsoft.Compute/virtualMachines"
    properties = {"protectedItemType": kind, "sourceResourceId": OTHER_VM, "policyId": POLICY}
    world.follow(world.put(OTHER_ITEM, {"properties": properties}))


def nested(*levels: str) -> list[Json]:
    """A deployment in a deployment, so many deep; the innermost writes an account."""
    kind = {"apiVersion": "2024-01-01", "dependsOn": []}
    if not levels:
        sku = {"location": "westus", "sku": {"name": "Standard_LRS"}}
        return [{**kind, "type": "Microsoft.Storage/storageAccounts", "name": "innermost", **sku}]
    properties = {"mode": "Incremental", "template": SCHEMA | {"resources": nested(*levels[1:])}}
    return [{**kind, "type": "Microsoft.Resources/deployments", "name": levels[0], "properties": properties}]


def test_a_hung_backup_a_nested_deployment_and_another_backup_all_go_on() -> None:
    with arm_world(workers=1) as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        add_other_machine(world)
        world.fabric.script = [silent]
        world.post(f"{ITEM}/backup", BACKUP)
        until(world, lambda: bool(world.engine.waiting()))
        (hung,) = world.engine.waiting()
        assert "report" in hung.what
        assert hung.deadline is not None

        template = SCHEMA | {"resources": nested("middle", "inner")}
        world.put(DEPLOYMENT, {"properties": {"mode": "Incremental", "template": template, "parameters": {}}})
        world.post(f"{OTHER_ITEM}/backup", BACKUP)

        def others_have_ended() -> bool:
            with suppress(KeyError):
                state = world.get(DEPLOYMENT)["properties"]["provisioningState"]
                return bool(state == "Succeeded" and world.get(OTHER_ITEM)["properties"]["lastBackupStatus"])
            return False

        until(world, others_have_ended)
        assert world.get(OTHER_ITEM)["properties"]["lastBackupStatus"] == "Completed"
        assert [parked.job for parked in world.engine.waiting()] == [hung.job]
        assert world.get(f"{VAULT}/backupJobs/{hung.job}")["properties"]["status"] == "InProgress"

        world.post(f"{VAULT}/backupJobs/{hung.job}/cancel")
        world.settle()
        assert world.get(f"{VAULT}/backupJobs/{hung.job}")["properties"]["status"] == "Cancelled"
        assert world.get(VM)["properties"]["provisioningState"] == "Succeeded"
