"""The provider's features that decide what becomes of a protected machine, each both ways, and immutable vaults."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.running import Up, up
from tests.e2e.terraform.real_terraform import PROVIDER, Terraform, TerraformFailed

pytestmark = pytest.mark.slow

CONFIGURATION = """
variable "immutability" {
  type    = string
  default = "Disabled"
}

variable "protection_state" {
  type    = string
  default = null
}

variable "is_protected" {
  type    = bool
  default = true
}

resource "azurerm_resource_group" "main" {
  name     = "GROUP"
  location = "westus"
}

resource "azurerm_virtual_network" "main" {
  name                = "net"
  address_space       = ["10.0.0.0/16"]
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
}

resource "azurerm_subnet" "main" {
  name                 = "inner"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = ["10.0.2.0/24"]
}

resource "azurerm_network_interface" "main" {
  name                = "nic"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name

  ip_configuration {
    name                          = "internal"
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_windows_virtual_machine" "main" {
  name                  = "vm"
  resource_group_name   = azurerm_resource_group.main.name
  location              = azurerm_resource_group.main.location
  size                  = "Standard_D2s_v3"
  admin_username        = "adminuser"
  admin_password        = "P@$$w0rd1234!"
  network_interface_ids = [azurerm_network_interface.main.id]

  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "Standard_LRS"
  }

  source_image_reference {
    publisher = "MicrosoftWindowsServer"
    offer     = "WindowsServer"
    sku       = "2022-datacenter"
    version   = "latest"
  }
}

resource "azurerm_recovery_services_vault" "main" {
  name                = "vault"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  sku                 = "Standard"
  immutability        = var.immutability
}

resource "azurerm_backup_policy_vm" "main" {
  name                = "daily"
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name

  backup {
    frequency = "Daily"
    time      = "23:00"
  }

  retention_daily {
    count = 10
  }
}

resource "azurerm_backup_protected_vm" "main" {
  count               = var.is_protected ? 1 : 0
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  source_vm_id        = azurerm_windows_virtual_machine.main.id
  backup_policy_id    = var.protection_state == "ProtectionStopped" ? null : azurerm_backup_policy_vm.main.id
  protection_state    = var.protection_state
}
"""
ITEM = "azurerm_backup_protected_vm.main[0]"


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("features") / "world") as world:
        yield world


class Setting:
    """The configuration in a group of its own, whose provider has the features given."""

    def __init__(self, program: Path, world: Up, folder: Path, group: str, features: str = "") -> None:
        self._group = group
        self._world = world
        self.terraform = Terraform(program, world, folder, self._with(features))

    def give(self, features: str) -> None:
        self.terraform.write(self._with(features))

    def item(self) -> dict[str, Any]:
        """The properties of the protected item, which Terraform may have forgotten."""
        home = f"{self._world.client.subscription}/resourceGroups/{self._group}"
        vault = f"{home}/providers/Microsoft.RecoveryServices/vaults/vault"
        (item,) = self._world.client.list(f"{vault}/backupProtectedItems")
        properties: dict[str, Any] = item["properties"]
        return properties

    def group_is_there(self) -> bool:
        groups = self._world.client.list(f"{self._world.client.subscription}/resourceGroups")
        return self._group in [group["name"] for group in groups]

    def _with(self, features: str) -> str:
        provider = f'provider "azurerm" {{\n  features {{\n{features}\n  }}\n}}\n'
        return PROVIDER + provider + CONFIGURATION.replace("GROUP", self._group)


def on_destroy(**features: bool) -> str:
    """The features of `recovery_service`, by their names without what all of them end with."""
    set_to = "".join(f"{name}_on_destroy = {str(value).lower()}\n" for name, value in features.items())
    return f"recovery_service {{\n{set_to}}}"


def recovering(wanted: bool) -> str:
    return f"recovery_services_vaults {{\nrecover_soft_deleted_backup_protected_vm = {str(wanted).lower()}\n}}"


PURGING = on_destroy(vm_backup_stop_protection_and_retain_data=False, purge_protected_items_from_vault=True)


def test_what_was_soft_deleted_is_recovered_or_named(world: Up, tmp_path: Path, terraform: Path) -> None:
    setting = Setting(terraform, world, tmp_path, "deleted", recovering(False))
    setting.terraform.apply()
    setting.terraform.apply(is_protected=False)
    assert setting.item()["isScheduledForDeferredDelete"], "without a feature, the destruction deletes it"
    with pytest.raises(TerraformFailed, match="automatically recovering this Backup Protected VM"):
        setting.terraform.apply()
    setting.give(recovering(True))
    setting.terraform.apply()
    assert setting.item()["protectionState"] == "IRPending"
    assert setting.terraform.plan() == {}
    setting.terraform.destroy()
    assert not setting.group_is_there()


def test_protection_is_stopped_in_place_of_a_deletion(world: Up, tmp_path: Path, terraform: Path) -> None:
    setting = Setting(terraform, world, tmp_path, "stopped")
    setting.give(on_destroy(vm_backup_stop_protection_and_retain_data=True))
    setting.terraform.apply()
    setting.terraform.apply(is_protected=False)
    assert setting.item()["protectionState"] == "ProtectionStopped"
    with pytest.raises(TerraformFailed, match="vault"):
        setting.terraform.destroy(is_protected=False)
    setting.give(PURGING)
    setting.terraform.destroy(is_protected=False)
    assert not setting.group_is_there()


def test_an_immutable_vault_suspends_and_goes_back(world: Up, tmp_path: Path, terraform: Path) -> None:
    setting = Setting(terraform, world, tmp_path, "suspended")
    setting.terraform.apply()
    with pytest.raises(TerraformFailed, match="immutable"):
        setting.terraform.apply(protection_state="BackupsSuspended")
    setting.terraform.apply(immutability="Unlocked", protection_state="BackupsSuspended")
    assert setting.item()["protectionState"] == "BackupsSuspended"
    assert setting.terraform.plan(immutability="Unlocked", protection_state="BackupsSuspended") == {}
    setting.terraform.apply(immutability="Unlocked", protection_state="Protected")
    assert setting.item()["protectionState"] in {"IRPending", "Protected"}
    assert setting.terraform.plan(immutability="Unlocked", protection_state="Protected") == {}
    setting.give(on_destroy(vm_backup_suspend_protection_and_retain_data=True))
    setting.terraform.apply(immutability="Unlocked", is_protected=False)
    assert setting.item()["protectionState"] == "BackupsSuspended"
    setting.give(PURGING)
    with pytest.raises(TerraformFailed, match="BMSUserErrorPolicyObjectInUse"):
        setting.terraform.destroy(immutability="Unlocked", is_protected=False)
    assert setting.item()["protectionState"] == "BackupsSuspended", "it keeps its policy, which Terraform deletes first"
