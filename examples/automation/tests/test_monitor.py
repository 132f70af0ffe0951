"""The monitor over a quarter of backups: it says nothing where all is well, and names what went wrong."""

import pytest
from contoso_backups.monitor import problems

from simulator.testing import assert_job, assert_recoverable


def vault_of(world):
    return f"{world.subscription}/resourceGroups/demo/providers/Microsoft.RecoveryServices/vaults/contoso"


def machine_of(world):
    return world.find_protected_vm(vault=world.find_vault("contoso"))


@pytest.mark.backup_world(fork_of="quarter")
def test_a_quarter_without_a_failure(backup_world, backup_arm, backup_clock):
    assert problems(backup_arm, vault_of(backup_world), backup_clock.now()) == []
    machine = machine_of(backup_world)
    assert len(machine.points()) == 12, "the thirteenth of a quarter is over"
    assert_recoverable(machine, rpo="7d", rto="1h")


@pytest.mark.backup_world(fork_of="quarter")
@pytest.mark.fault("guest-out-of-memory", vm="sql01")
def test_weeks_in_which_backups_fail(backup_world, backup_arm, backup_clock, backup_faults):
    backup_clock.advance("14d")
    backup_faults.clear()
    told = problems(backup_arm, vault_of(backup_world), backup_clock.now())
    assert "sql01: the newest recovery point is of 2026-03-29" in told
    assert "sql01: Backup failed: ExtensionFailedOutOfMemoryError" in told
    assert_job(machine_of(backup_world).back_up()).completed()
    told = problems(backup_arm, vault_of(backup_world), backup_clock.now())
    assert not [sentence for sentence in told if "newest" in sentence]
