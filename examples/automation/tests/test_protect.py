"""Machines are protected by their tag, once, and what Azure refuses is told by its code."""

import httpx
import pytest
from conftest import deploy_vault, shortly, tag
from contoso_backups.protect import protect_tagged


def test_only_tagged_machines_are_protected_and_once(backup_world, backup_arm):
    vault = deploy_vault(backup_world)
    machine = backup_world.create_vm("web01", data_disk_gib=())
    assert protect_tagged(backup_arm, backup_world.subscription_id, vault, shortly) == []
    tag(backup_world, machine, "weekly")
    assert protect_tagged(backup_arm, backup_world.subscription_id, vault, shortly) == ["web01"]
    assert protect_tagged(backup_arm, backup_world.subscription_id, vault, shortly) == []


def test_a_policy_that_is_not_there_is_told(backup_world, backup_arm):
    vault = deploy_vault(backup_world)
    tag(backup_world, backup_world.create_vm("web01", data_disk_gib=()), "hourly")
    with pytest.raises(httpx.HTTPStatusError, match="404 Not Found"):
        protect_tagged(backup_arm, backup_world.subscription_id, vault, shortly)
