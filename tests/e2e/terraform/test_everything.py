"""Each type of resource in Terraform's hands: created, planned anew, changed in place, imported and destroyed.

One story in one world, since most of its time goes to what the resources need of each other. Each test looks at one
type in what the story found.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from simulator.client import Client, RequestFailed
from tests.e2e.running import up
from tests.e2e.terraform.real_terraform import Terraform, imports_of

pytestmark = pytest.mark.slow

TYPES = [
    "azurerm_availability_set",
    "azurerm_backup_policy_vm",
    "azurerm_backup_protected_vm",
    "azurerm_data_protection_resource_guard",
    "azurerm_linux_virtual_machine",
    "azurerm_managed_disk",
    "azurerm_network_interface",
    "azurerm_network_security_group",
    "azurerm_public_ip",
    "azurerm_recovery_services_vault",
    "azurerm_recovery_services_vault_resource_guard_association",
    "azurerm_resource_group",
    "azurerm_role_assignment",
    "azurerm_storage_account",
    "azurerm_storage_container",
    "azurerm_subnet",
    "azurerm_subnet_network_security_group_association",
    "azurerm_user_assigned_identity",
    "azurerm_virtual_machine_data_disk_attachment",
    "azurerm_virtual_network",
    "azurerm_windows_virtual_machine",
]
NEVER_CHANGED = {
    "azurerm_recovery_services_vault_resource_guard_association",
    "azurerm_subnet_network_security_group_association",
}
"""The provider knows no change of these: they join two resources."""
NO_RESOURCE = {"azurerm_subnet_network_security_group_association", "azurerm_virtual_machine_data_disk_attachment"}
"""Their ids are the provider's own; in ARM they are a property of another resource."""
Changes = Mapping[str, Any]


@dataclass(frozen=True)
class Story:
    """What Terraform found. Maps have addresses of resources as keys."""

    created: Mapping[str, Any]
    planned_after_creation: Changes
    changes: Changes
    changed: Mapping[str, Any]
    planned_after_change: Changes
    imported: Changes
    planned_after_import: Changes
    left: Mapping[str, int]
    """What ARM answers to a GET of each resource after the end."""


@pytest.fixture(scope="module")
def story(tmp_path_factory: pytest.TempPathFactory, terraform: Path) -> Story:
    folder = tmp_path_factory.mktemp("terraform")
    configuration = Path(__file__).with_name("everything.tf").read_text(encoding="utf-8")
    with up(folder / "world") as world:
        first = Terraform(terraform, world, folder / "first", configuration)
        first.apply()
        created, planned_after_creation = first.resources(), first.plan()
        changes = first.plan(changed=True)
        first.apply(changed=True)
        changed, planned_after_change = first.resources(), first.plan(changed=True)
        second = Terraform(terraform, world, folder / "second", configuration)
        second.write(imports_of(changed), "imports.tf")
        imported = second.plan(changed=True)
        second.apply(changed=True)
        planned_after_import = second.plan(changed=True)
        assert second.resources().keys() == changed.keys()
        second.destroy(changed=True)
        ids = {address: each["values"]["id"] for address, each in changed.items() if each["type"] not in NO_RESOURCE}
        left = {address: _status(world.client, id) for address, id in ids.items()}
    return Story(
        created, planned_after_creation, changes, changed, planned_after_change, imported, planned_after_import, left
    )


def _status(client: Client, id: str) -> int:
    try:
        client.get(id)
    except RequestFailed as failure:
        return failure.status
    return 200


def of_type(found: Mapping[str, Any], kind: str) -> dict[str, Any]:
    return {address: each for address, each in found.items() if address.startswith(f"{kind}.")}


def test_no_type_is_forgotten(story: Story) -> None:
    assert sorted({each["type"] for each in story.created.values()}) == TYPES


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_created_and_a_plan_finds_nothing_to_do(story: Story, kind: str) -> None:
    assert of_type(story.created, kind)
    assert of_type(story.planned_after_creation, kind) == {}


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in NEVER_CHANGED])
def test_it_is_changed_in_place(story: Story, kind: str) -> None:
    actions = {address: change["actions"] for address, change in of_type(story.changes, kind).items()}
    assert actions
    assert all(each == ["update"] for each in actions.values())
    assert of_type(story.planned_after_change, kind) == {}
    for address in actions:
        assert story.changed[address]["values"] != story.created[address]["values"]
        assert story.changed[address]["values"]["id"] == story.created[address]["values"]["id"]


@pytest.mark.parametrize("kind", TYPES)
def test_it_is_imported_as_it_is(story: Story, kind: str) -> None:
    assert of_type(story.imported, kind) == {}
    assert of_type(story.planned_after_import, kind) == {}


@pytest.mark.parametrize("kind", [kind for kind in TYPES if kind not in NO_RESOURCE])
def test_it_is_destroyed(story: Story, kind: str) -> None:
    found = of_type(story.left, kind)
    assert found
    assert set(found.values()) == {404}
