"""The examples of the provider's own documentation, as they stand there but for the names of their groups.

They lie beside the provider where CI built it. Not here: that of a protected machine, which reads a machine that it
does not make; that of a guard's association, which has an argument that the provider no longer knows; that of a Linux
machine, which reads a key of whoever runs it.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from tests.e2e.running import up
from tests.e2e.terraform.real_terraform import PROVIDER, Terraform

pytestmark = pytest.mark.slow

PAGES = (
    "availability_set",
    "backup_policy_vm",
    "data_protection_resource_guard",
    "managed_disk",
    "network_interface",
    "network_security_group",
    "public_ip",
    "recovery_services_vault",
    "storage_account",
    "storage_container",
    "subnet_network_security_group_association",
    "user_assigned_identity",
    "windows_virtual_machine",
)
GROUP = re.compile(r'(resource "azurerm_resource_group" "\w+" \{\s*name\s*=\s*")[^"]*')


def test_the_examples_are_applied_and_a_plan_finds_nothing_to_do(tmp_path: Path, terraform: Path) -> None:
    pages = terraform.parent.parent / "docs"
    if not pages.exists():
        pytest.skip(f"no documentation of the provider beside {terraform}; .ci/run keeps it there")
    root = PROVIDER + 'provider "azurerm" {\n  features {}\n}\n'
    for page in PAGES:
        text = (pages / f"{page}.html.markdown").read_text(encoding="utf-8")
        example = re.findall(r"```(?:hcl|terraform)\n(.*?)```", text, re.DOTALL)[0]
        module = tmp_path / "all" / page
        module.mkdir(parents=True)
        named = GROUP.sub(rf"\g<1>{page.replace('_', '-')}", example)
        named = named.replace("storageaccountname", "examplecom01")
        named = named.replace("examplestoraccount", f"example{len(page)}acct")
        (module / "main.tf").write_text(named, encoding="utf-8")
        root += f'module "{page}" {{\n  source = "./{page}"\n}}\n'
    with up(tmp_path / "world") as world:
        examples = Terraform(terraform, world, tmp_path / "all", root)
        examples.apply()
        assert examples.plan() == {}
        examples.destroy()
        assert list(world.client.list(f"{world.client.subscription}/resourceGroups")) == []
