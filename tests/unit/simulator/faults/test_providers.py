"""Azure's other providers with faults: what they refuse, and what others have beside the world."""

from __future__ import annotations

from controlplane.azure_providers import AzureProviders, Refusal
from simulator.faults.seams.providers import FaultyProviders
from tests.unit.simulator.faults.fault_setting import FaultSetting

GROUP = "/subscriptions/s/resourceGroups/g"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault01"
SQL01 = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/sql01"
DISK = f"{GROUP}/providers/Microsoft.Compute/disks/disk01"
READ, WRITE_DISK = "Microsoft.Compute/virtualMachines/read", "Microsoft.Compute/disks/write"


def test_nothing_refuses_where_nothing_is_set() -> None:
    for providers in (AzureProviders(), FaultyProviders(FaultSetting().board)):
        assert providers.refusal(READ, SQL01) is None
        assert providers.key_refusal(SQL01) is None
        assert providers.others("policies", VAULT) == 0
        assert providers.registrations(VAULT) == ()
        assert providers.is_evaluated(VAULT)
        assert providers.denies_creation(DISK) is None


def test_a_refusal_is_of_its_operation_and_names_the_resource() -> None:
    world = FaultSetting()
    providers = FaultyProviders(world.board)
    world.faults.set({"fault": "restore-group-locked"})
    assert providers.refusal(READ, SQL01) is None
    refusal = providers.refusal(WRITE_DISK, DISK)
    assert isinstance(refusal, Refusal)
    assert (refusal.status, refusal.code) == (409, "ScopeLocked")
    assert f"The scope '{DISK}'" in refusal.message
    assert str(refusal).startswith("409 ScopeLocked: The scope")


def test_a_place_is_told_by_machine_and_vault_of_the_resource() -> None:
    world = FaultSetting()
    providers = FaultyProviders(world.board)
    world.faults.set({"fault": "key-vault-secret-gone", "where": {"vm": "sql01"}})
    world.faults.set({"fault": "vault-policies-used-up", "where": {"vault": "vault01"}, "parameters": {"count": 3}})
    world.faults.set({"fault": "archive-readiness-unknown", "where": {"vault": "vault01"}})
    world.faults.set({"fault": "vault-holds-a-server", "where": {"vault": "vault01"}})
    other = VAULT.replace("vault01", "vault02")
    assert providers.key_refusal(SQL01.replace("sql01", "web01")) is None
    assert providers.key_refusal(SQL01) is not None
    assert [providers.others("policies", id) for id in (VAULT, other)] == [3, 0]
    assert providers.others("protected items", VAULT) == 0
    assert [providers.is_evaluated(f"{id}/items/i/recoveryPoints/p") for id in (VAULT, other)] == [False, True]
    assert [providers.registrations(id) for id in (VAULT, other)] == [("Windows;server01",), ()]
