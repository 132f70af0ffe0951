"""A machine that first one vault and then another one protects."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.arm_id import item_id
from controlplane.domain.recovery_services import policy, vault
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.documents import points
from controlplane.jobs.protection import stopping
from controlplane.jobs.protection.lifecycle import configure_protection
from tests.unit.controlplane.jobs.backup_world import (
    BACKUP_REQUEST,
    GROUP,
    ITEM,
    PROTECT_REQUEST,
    START,
    BackupWorld,
    backup_world,
)

SECOND = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault02"
SECOND_ITEM = item_id(SECOND, "Demo", "SQL01")


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    """A machine with a recovery point in a vault that takes no more of it, and in the care of another one."""
    with backup_world() as world:
        world.store.put(vault.KIND, SECOND, {"id": SECOND, **vault.new(SECOND, "westus")}, parent=GROUP)
        for body in policy.built_in(SECOND, START):
            world.store.put(policy.KIND, body["id"], body, parent=SECOND)
        world.back_up()
        world.ended(stopping.stop(world.ports, world.engine, ITEM))
        request = {"properties": PROTECT_REQUEST["properties"] | {"policyId": f"{SECOND}/backupPolicies/DefaultPolicy"}}
        configure_protection(world.ports, world.engine, SECOND_ITEM, request)
        world.engine.settle()
        yield world


def test_a_backup_leaves_the_snapshots_of_the_other_vault_alone(world: BackupWorld) -> None:
    (first,) = world.points()
    backup_now(world.ports, world.engine, SECOND_ITEM, BACKUP_REQUEST)
    world.engine.settle()
    assert [point.tiers for point in points.of_item(world.store, SECOND_ITEM)] == ["InstantAndVault"]
    assert all(world.blobs.properties(points.snapshot_of(disk)) for disk in first.disks)
    assert len(world.snapshots()) == 6
