"""Ids of ARM and names of Azure Backup, read and written."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.arm_id import (
    ResourceId,
    container_name,
    item_id,
    item_name,
    parse_container_name,
    parse_item_name,
    vault_id_of,
)

VAULT = "/subscriptions/s/resourceGroups/Demo/providers/Microsoft.RecoveryServices/vaults/Vault01"
NAMES = st.text("abcDEF019._-()", min_size=1, max_size=20)


def test_an_id_is_read_and_written_back() -> None:
    text = f"{VAULT}/backupPolicies/DefaultPolicy"
    parsed = ResourceId.parse(text)
    assert str(parsed) == text
    assert parsed.type == "Microsoft.RecoveryServices/vaults/backupPolicies"
    assert parsed.name == "DefaultPolicy"
    assert parsed.group_id == "/subscriptions/s/resourceGroups/Demo"


def test_keywords_may_be_in_any_case_and_names_keep_theirs() -> None:
    parsed = ResourceId.parse("/Subscriptions/S/resourcegroups/rG/Providers/microsoft.compute/VirtualMachines/Vm1/")
    assert (parsed.group, parsed.name) == ("rG", "Vm1")
    assert parsed.is_a("Microsoft.Compute/virtualMachines")


@pytest.mark.parametrize(
    "text",
    [
        "",
        "/subscriptions/s",
        "/subscriptions/s/resourceGroups/g",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines",
        "/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm/extensions",
        "/subscriptions/s/resourceGroups//providers/Microsoft.Compute/virtualMachines/vm",
        "/tenants/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm",
    ],
)
def test_what_is_no_resource_id_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="not the id"):
        ResourceId.parse(text)


@given(group=NAMES, vm=NAMES)
def test_container_and_item_name_their_machine(group: str, vm: str) -> None:
    wanted = (group.lower(), vm.lower())
    assert parse_container_name(container_name(group, vm)) == wanted
    assert parse_item_name(item_name(group, vm)) == wanted


@pytest.mark.parametrize(
    "text", ["vm;iaasvmcontainerv2;RG;VM", "VM;IaasVMContainerV2;RG;VM", "iaasvmcontainer;iaasvmcontainerv2;RG;VM"]
)
def test_an_item_is_recognised_in_every_spelling(text: str) -> None:
    assert parse_item_name(text) == ("RG", "VM")


@pytest.mark.parametrize(
    "text",
    ["", "VM", "VM;iaasvmcontainerv2;rg", "sql;iaasvmcontainerv2;rg;vm", "VM;other;rg;vm", "VM;iaasvmcontainerv2;;vm"],
)
def test_other_kinds_of_items_are_refused(text: str) -> None:
    with pytest.raises(ValueError, match="does not name"):
        parse_item_name(text)


def test_a_container_is_not_named_like_an_item() -> None:
    with pytest.raises(ValueError, match="does not name"):
        parse_container_name("VM;iaasvmcontainerv2;rg;vm")


def test_the_vault_is_found_from_everything_below_it() -> None:
    assert vault_id_of(f"{item_id(VAULT, 'G', 'V')}/recoveryPoints/1") == VAULT
    with pytest.raises(ValueError, match="below a vault"):
        vault_id_of("/subscriptions/s/resourceGroups/g/providers/Microsoft.Compute/virtualMachines/vm")
