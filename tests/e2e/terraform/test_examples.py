"""The examples of the provider's own documentation, as they stand there but for names that Azure wants to be unique.

They lie beside the provider where CI built it. Two want something that is there before: a key of whoever runs
Terraform, and a machine to protect. That of a guard's association is not here, since Terraform itself refuses it: it
names a vault that it does not have, and an argument that the provider no longer knows. Nor are those that make roles
of their own, which this service refuses by name.
"""

from __future__ import annotations

import re
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, PublicFormat

from simulator.scenario import Scenario
from tests.e2e.running import up
from tests.e2e.terraform.real_terraform import PROVIDER, Terraform, TerraformFailed

pytestmark = pytest.mark.slow

PAGES = {
    "availability_set": 0,
    "backup_policy_vm": 0,
    "backup_protected_vm": 0,
    "data_protection_resource_guard": 0,
    "linux_virtual_machine": 0,
    "managed_disk": 0,
    "network_interface": 0,
    "network_interface_security_group_association": 0,
    "network_security_group": 0,
    "network_security_rule": 0,
    "public_ip": 0,
    "recovery_services_vault": 0,
    "role_assignment": 0,
    "snapshot": 0,
    "storage_account": 1,
    "storage_container": 0,
    "subnet_network_security_group_association": 0,
    "user_assigned_identity": 0,
    "virtual_machine": 0,
    "virtual_machine_data_disk_attachment": 0,
    "virtual_network": 0,
    "windows_virtual_machine": 0,
}
"""Page -> the number of its example, from 0."""
FEATURES = """
provider "azurerm" {
  features {
    resource_group {
      prevent_deletion_if_contains_resources = false
    }
  }
}
"""
"""Of two examples something stays in their groups: the disk of a legacy machine, and the machine made beforehand. The
provider waits ten minutes for it to go away, and then refuses to delete the group, unless told so."""
GROUP = re.compile(r'(resource "azurerm_resource_group" "\w+" \{\s*name\s*=\s*")[^"]*')
MACHINE = "example-vm"


def test_the_examples_are_applied_and_a_plan_finds_nothing_to_do(tmp_path: Path, terraform: Path) -> None:
    root = PROVIDER + FEATURES
    for page, number in PAGES.items():
        module = tmp_path / "all" / page
        module.mkdir(parents=True)
        (module / "main.tf").write_text(_example(terraform, page, number), encoding="utf-8")
        root += f'module "{page}" {{\n  source = "./{page}"\n}}\n'
    _make_key(tmp_path / "home")
    with up(tmp_path / "world") as world:
        examples = Terraform(terraform, world, tmp_path / "all", root, home=tmp_path / "home")
        examples.run("apply", "-auto-approve", "-target=module.backup_protected_vm.azurerm_resource_group.example")
        scenario = Scenario(world.client, group="backup-protected-vm", location="westeurope")
        scenario.create_machine(MACHINE)
        examples.apply()
        assert examples.plan() == {}
        examples.destroy()
        assert list(world.client.list(f"{world.client.subscription}/resourceGroups")) == []


def test_terraform_itself_refuses_the_example_of_a_guards_association(tmp_path: Path, terraform: Path) -> None:
    example = _example(terraform, "recovery_services_vault_resource_guard_association", 0)
    with up(tmp_path / "world") as world:
        written = Terraform(terraform, world, tmp_path / "association", PROVIDER + FEATURES + example)
        with pytest.raises(TerraformFailed, match="Unsupported argument") as refusal:
            written.run("validate", "-no-color")
    assert '"soft_delete_enabled" is not expected here' in str(refusal.value)
    assert '"azurerm_recovery_services_vault" "test"' in str(refusal.value)


def _example(terraform: Path, page: str, number: int) -> str:
    pages = terraform.parent.parent / "docs"
    if not pages.exists():
        pytest.skip(f"no documentation of the provider beside {terraform}; .ci/run keeps it there")
    text = (pages / f"{page}.html.markdown").read_text(encoding="utf-8")
    example: str = re.findall(r"```(?:hcl|terraform)\n(.*?)```", text, re.DOTALL)[number]
    named = GROUP.sub(rf"\g<1>{page.replace('_', '-')}", example)
    named = re.sub(r'"storageaccountname"', f'"example{len(page)}name"', named)
    return named.replace("examplestoraccount", f"example{len(page)}acct")


def _make_key(home: Path) -> None:
    """The key that a person who runs Terraform has."""
    public = rsa.generate_private_key(65537, 2048).public_key()
    folder = home / ".ssh"
    folder.mkdir(parents=True)
    (folder / "id_rsa.pub").write_bytes(public.public_bytes(Encoding.OpenSSH, PublicFormat.OpenSSH))
