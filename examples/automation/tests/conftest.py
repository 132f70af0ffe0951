"""A quarter of weekly backups, which is prepared once; tests fork it by the mark `backup_world(fork_of="quarter")`."""

from __future__ import annotations

import json
import time
from pathlib import Path

import pytest
from contoso_backups.protect import protect_tagged

from simulator.testing.access import BackupCredential, arm_client

TEMPLATE = json.loads((Path(__file__).parents[1] / "vault.json").read_text(encoding="utf-8"))
START = "2026-01-01T08:00:00Z"


def shortly(seconds: float) -> None:
    """In place of Azure's own Retry-After: a world answers soon."""
    time.sleep(min(seconds, 0.05))


def deploy_vault(world) -> str:
    """The vault of the template, by a deployment; its ARM id."""
    group = f"{world.subscription}/resourceGroups/demo"
    world.client.put(group, {"location": "westus"})
    deployment = f"{group}/providers/Microsoft.Resources/deployments/vault"
    body = {"properties": {"mode": "Incremental", "template": TEMPLATE}}
    world.client.finish(world.client.arm("PUT", deployment, body))
    return f"{group}/providers/Microsoft.RecoveryServices/vaults/contoso"


def tag(world, machine, policy: str) -> None:
    world.client.finish(world.client.arm("PATCH", machine.id, {"tags": {"backup": policy}}))


@pytest.fixture(scope="session")
def quarter(backup_new_world):
    with backup_new_world(start=START, workload_rate=0) as world:
        vault = deploy_vault(world)
        tag(world, world.create_vm(data_disk_gib=(1,)), "weekly")
        with BackupCredential(world) as credential, arm_client(world, credential) as arm:
            assert protect_tagged(arm, world.subscription_id, vault, shortly) == ["sql01"]
        world.clock.advance("91d")
        return world.save()
