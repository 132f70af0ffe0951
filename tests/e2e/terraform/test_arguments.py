"""What a type of resource can be told: each with as many arguments as it takes, which a plan finds as they were set.

Not here, since a world refuses it by name or has none of it: keys of a key vault, disk encryption sets, proximity
groups, hosts, galleries, route tables, address pools, edge zones and addresses of version 6 of networks.
"""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.e2e.running import up
from tests.e2e.terraform.real_terraform import Terraform, imports_of

pytestmark = pytest.mark.slow

NOT_READ_BACK = {
    "azurerm_linux_virtual_machine.main",
    "azurerm_snapshot.os",
    "azurerm_windows_virtual_machine.main",
}
"""The provider wants a new one of each where it is imported: Azure shows neither custom data nor the content of
unattended settings, and the provider does not read what a snapshot is of."""


def test_every_argument_is_found_as_it_was_set(tmp_path: Path, terraform: Path) -> None:
    configuration = Path(__file__).with_name("arguments.tf").read_text(encoding="utf-8")
    with up(tmp_path / "world") as world:
        first = Terraform(terraform, world, tmp_path / "first", configuration)
        first.apply()
        assert first.plan() == {}
        changes = first.plan(changed=True)
        assert {address: each["actions"] for address, each in changes.items()} == {
            address: ["update"] for address in changes
        }
        first.apply(changed=True)
        assert first.plan(changed=True) == {}
        second = Terraform(terraform, world, tmp_path / "second", configuration)
        second.write(imports_of(first.resources()), "imports.tf")
        assert second.plan(changed=True).keys() == NOT_READ_BACK
        first.destroy(changed=True)
        assert list(world.client.list(f"{world.client.subscription}/resourceGroups")) == []
