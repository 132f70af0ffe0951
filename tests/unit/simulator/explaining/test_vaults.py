"""What blocks the deletion of a vault, one obstacle after the other, and that it goes once all are cleared."""

from __future__ import annotations

from collections.abc import Iterator

import jsonschema
import pytest

from controlplane.domain.recovery_services import vault as vaults
from controlplane.json_object import Json
from simulator.explaining.explain import explain
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, SUBSCRIPTION, VAULT, ArmWorld, arm_world
from tests.unit.controlplane.arm.data_protection.test_arm_resource_guards import map_vault
from tests.unit.controlplane.arm.recovery_services.test_arm_immutability import (
    add_protected_machine,
    back_up,
    set_immutability,
)
from tests.unit.simulator.explaining.test_explain import SCHEMA

LOCK = "providers/Microsoft.Authorization/locks/keep"
DELETE = "az backup vault delete -g Demo -n Vault01 --yes"
DISABLE = (
    "az backup protection disable -g Demo -v Vault01 -c 'IaasVMContainer;iaasvmcontainerv2;demo;sql01' "
    "-i 'VM;iaasvmcontainerv2;demo;sql01' --backup-management-type AzureIaasVM --workload-type VM "
    "--delete-backup-data true --yes"
)
PREVENTED = (400, "BMSUserErrorVaultDeletionNotAllowed")


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        add_protected_machine(world)
        yield world


def explained(world: ArmWorld) -> Json:
    told = explain(world.ports.store, VAULT, world.ports.clock.now())
    jsonschema.validate(told, SCHEMA)
    return told


def lock(world: ArmWorld, scope: str, level: str = "CanNotDelete") -> None:
    world.put(f"{scope}/{LOCK}", {"properties": {"level": level}})


def test_an_empty_vault_goes_at_once(world: ArmWorld) -> None:
    world.follow(world.request("DELETE", ITEM))
    told = explained(world)
    assert (told["kind"], told["deletable"], told["blockers"]) == ("vault", True, [])
    assert (told["commands"], told["soft_deleted_items"]) == ([DELETE], 1)
    assert world.request("DELETE", VAULT).status_code == 202
    assert world.ports.store.get(vaults.KIND, VAULT) is None


def test_an_item_blocks_and_its_command_says_how_it_goes(world: ArmWorld) -> None:
    told = explained(world)
    assert [each["what"] for each in told["blockers"]] == ["the protected item Sql01, which is IRPending"]
    assert (told["deletable"], told["commands"]) == (False, [DISABLE, DELETE])
    assert world.error("DELETE", VAULT) == PREVENTED


@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, VAULT])
def test_a_lock_comes_first(world: ArmWorld, scope: str) -> None:
    lock(world, scope, "ReadOnly")
    told = explained(world)
    assert told["blockers"][0] == {
        "what": f"the lock keep, ReadOnly, on {scope}",
        "commands": [f"az lock delete --ids {scope}/{LOCK}"],
        "until": None,
    }
    assert told["commands"][1:] == [DISABLE, DELETE]


def test_a_lock_elsewhere_does_not_count(world: ArmWorld) -> None:
    world.put(f"{SUBSCRIPTION}/resourceGroups/other", {"location": "westus"})
    lock(world, f"{SUBSCRIPTION}/resourceGroups/other")
    assert explained(world)["commands"] == [DISABLE, DELETE]


def test_guard_and_immutability_come_before_the_items_that_they_keep(world: ArmWorld) -> None:
    back_up(world)
    set_immutability(world, "Unlocked")
    map_vault(world)
    lock(world, VAULT)
    told = explained(world)
    assert [each["what"].partition(",")[0] for each in told["blockers"]] == [
        "the lock keep",
        "the resource guard Guard01",
        "immutability",
        "the protected item Sql01",
    ]
    assert told["commands"][1:] == [
        "az backup vault resource-guard-mapping delete -g Demo -n Vault01",
        "az backup vault update -g Demo -n Vault01 --immutability-state Disabled",
        DISABLE,
        DELETE,
    ]


def test_immutability_without_recovery_points_blocks_nothing(world: ArmWorld) -> None:
    set_immutability(world, "Unlocked")
    assert explained(world)["commands"] == [DISABLE, DELETE]
    assert world.follow(world.request("DELETE", ITEM))["status"] == "Succeeded"


def test_what_is_locked_has_no_command_and_a_day_on_which_it_ends(world: ArmWorld) -> None:
    back_up(world)
    set_immutability(world, "Unlocked")
    set_immutability(world, "Locked")
    told = explained(world)
    locked = told["blockers"][0]
    assert (locked["commands"], locked["until"]) == ([], "2026-12-22T00:00:00Z")
    assert (told["deletable"], told["commands"]) == (False, [])


def test_it_is_found_by_its_name_in_any_case(world: ArmWorld) -> None:
    assert explain(world.ports.store, "VAULT01", world.ports.clock.now())["id"] == VAULT
