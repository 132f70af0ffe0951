"""Terraform as docs/clients.md describes it: its configurations as they stand there."""

from __future__ import annotations

import re
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, up
from tests.e2e.terraform.real_terraform import PROVIDER, Terraform, TerraformFailed

pytestmark = pytest.mark.slow

GUIDE, BACKEND = re.findall(r"```hcl\n(.*?)```", (ROOT / "docs/clients.md").read_text(encoding="utf-8"), re.DOTALL)
CONTAINER = '\nresource "azurerm_storage_container"'
WITH_STATE = f"""
{PROVIDER}
{BACKEND}
provider "azurerm" {{
  features {{}}
}}

resource "azurerm_resource_group" "other" {{
  name     = "other"
  location = "westus"
}}
"""


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("guide") / "world") as world:
        yield world


def test_the_guide_is_applied_and_its_container_holds_a_state(world: Up, tmp_path: Path, terraform: Path) -> None:
    guide = Terraform(terraform, world, tmp_path / "guide", GUIDE)
    guide.apply()
    assert guide.plan() == {}
    first = Terraform(terraform, world, tmp_path / "first", WITH_STATE)
    first.apply()
    second = Terraform(terraform, world, tmp_path / "second", WITH_STATE)
    assert second.run("state", "list").split() == ["azurerm_resource_group.other"]
    assert second.plan() == {}
    second.destroy()
    assert first.resources() == {}
    guide.destroy()
    assert "shop" not in [group["name"] for group in world.client.list(f"{world.client.subscription}/resourceGroups")]


def test_told_where_azure_is_it_does_the_same_but_for_containers(world: Up, tmp_path: Path, terraform: Path) -> None:
    before, _, rest = GUIDE.partition(CONTAINER)
    without = before + rest.partition("\n}\n")[2]
    told = Terraform(terraform, world, tmp_path / "told", without, proxied=False)
    told.apply()
    assert told.plan() == {}
    told.write(GUIDE)
    with pytest.raises(TerraformFailed, match="parsing Account ID"):
        told.apply()
    told.run("state", "rm", "azurerm_storage_container.state")
    told.write(without)
    told.destroy()
