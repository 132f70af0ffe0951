terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
  }
}

provider "azurerm" {
  features {}
}

variable "changed" {
  type    = bool
  default = false
}

locals {
  tags = var.changed ? { stage = "two" } : { stage = "one" }
}

resource "azurerm_resource_group" "main" {
  name     = "tf-main"
  location = "westus"
  tags     = local.tags
}

resource "azurerm_storage_account" "main" {
  name                     = "tfmainacct"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  account_tier             = "Standard"
  account_replication_type = "LRS"
  tags                     = local.tags
}

resource "azurerm_virtual_network" "main" {
  name                = "tf-net"
  address_space       = ["10.0.0.0/16"]
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_subnet" "main" {
  name                 = "inner"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = ["10.0.2.0/24"]

  private_endpoint_network_policies = var.changed ? "Enabled" : "Disabled"
}

resource "azurerm_network_security_group" "main" {
  name                = "tf-nsg"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags

  security_rule {
    name                       = "rdp"
    priority                   = var.changed ? 110 : 100
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Tcp"
    source_port_range          = "*"
    destination_port_range     = "3389"
    source_address_prefix      = "*"
    destination_address_prefix = "*"
  }
}

resource "azurerm_subnet_network_security_group_association" "main" {
  subnet_id                 = azurerm_subnet.main.id
  network_security_group_id = azurerm_network_security_group.main.id
}

resource "azurerm_public_ip" "main" {
  name                = "tf-pip"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  allocation_method   = "Static"
  tags                = local.tags
}

resource "azurerm_network_interface" "windows" {
  name                = "tf-nic-w"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags

  ip_configuration {
    name                          = "internal"
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Dynamic"
    public_ip_address_id          = azurerm_public_ip.main.id
  }
}

resource "azurerm_network_interface" "linux" {
  name                = "tf-nic-l"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name

  ip_configuration {
    name                          = "internal"
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Static"
    private_ip_address            = "10.0.2.50"
  }
}

resource "azurerm_availability_set" "main" {
  name                = "tf-set"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_windows_virtual_machine" "main" {
  name                  = "tf-win"
  resource_group_name   = azurerm_resource_group.main.name
  location              = azurerm_resource_group.main.location
  size                  = var.changed ? "Standard_D4s_v3" : "Standard_D2s_v3"
  admin_username        = "adminuser"
  admin_password        = "P@$$w0rd1234!"
  availability_set_id   = azurerm_availability_set.main.id
  network_interface_ids = [azurerm_network_interface.windows.id]
  tags                  = local.tags

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

resource "azurerm_linux_virtual_machine" "main" {
  name                            = "tf-lin"
  resource_group_name             = azurerm_resource_group.main.name
  location                        = azurerm_resource_group.main.location
  size                            = "Standard_B1s"
  admin_username                  = "adminuser"
  admin_password                  = "P@$$w0rd1234!"
  disable_password_authentication = false
  network_interface_ids           = [azurerm_network_interface.linux.id]
  tags                            = local.tags

  os_disk {
    name                 = "tf-lin-os"
    caching              = "ReadWrite"
    storage_account_type = "Premium_LRS"
  }

  source_image_reference {
    publisher = "Canonical"
    offer     = "0001-com-ubuntu-server-jammy"
    sku       = "22_04-lts"
    version   = "latest"
  }

  boot_diagnostics {}

  identity {
    type = "SystemAssigned"
  }
}

resource "azurerm_managed_disk" "main" {
  name                 = "tf-data"
  location             = azurerm_resource_group.main.location
  resource_group_name  = azurerm_resource_group.main.name
  storage_account_type = var.changed ? "StandardSSD_LRS" : "Standard_LRS"
  create_option        = "Empty"
  disk_size_gb         = 4
  tags                 = local.tags
}

resource "azurerm_virtual_machine_data_disk_attachment" "main" {
  managed_disk_id    = azurerm_managed_disk.main.id
  virtual_machine_id = azurerm_windows_virtual_machine.main.id
  lun                = 10
  caching            = var.changed ? "None" : "ReadWrite"
}

resource "azurerm_recovery_services_vault" "main" {
  name                = "tf-vault"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  sku                 = "Standard"
  tags                = local.tags
}

resource "azurerm_backup_policy_vm" "daily" {
  name                = "tf-daily"
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name

  backup {
    frequency = "Daily"
    time      = "23:00"
  }

  retention_daily {
    count = var.changed ? 12 : 10
  }
}

resource "azurerm_backup_protected_vm" "main" {
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  source_vm_id        = azurerm_windows_virtual_machine.main.id
  backup_policy_id    = azurerm_backup_policy_vm.daily.id
  exclude_disk_luns   = var.changed ? [10, 11] : [10]
}


data "azurerm_client_config" "me" {}

resource "azurerm_role_assignment" "main" {
  scope              = azurerm_recovery_services_vault.main.id
  role_definition_name = "Backup Reader"
  principal_id       = data.azurerm_client_config.me.object_id
  description        = var.changed ? "second" : "first"
}

resource "azurerm_storage_container" "main" {
  name               = "box"
  storage_account_id = azurerm_storage_account.main.id
  metadata           = local.tags
}

resource "azurerm_recovery_services_vault" "full" {
  name                          = "tf-vault-full"
  location                      = azurerm_resource_group.main.location
  resource_group_name           = azurerm_resource_group.main.name
  sku                           = var.changed ? "Standard" : "RS0"
  storage_mode_type             = "LocallyRedundant"
  cross_region_restore_enabled  = false
  public_network_access_enabled = !var.changed
  immutability                  = "Unlocked"
  tags                          = local.tags

  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.main.id]
  }

  monitoring {
    alerts_for_all_job_failures_enabled            = true
    alerts_for_all_failover_issues_enabled         = !var.changed
    alerts_for_all_replication_issues_enabled      = true
    alerts_for_critical_operation_failures_enabled = false
    email_notifications_for_site_recovery_enabled  = true
  }
}

# Whichever identity reads its key, a vault's encryption stays what it is but for the key.
resource "azurerm_recovery_services_vault" "encrypted" {
  name                = "tf-vault-encrypted"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  sku                 = "Standard"

  identity {
    type         = "UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.main.id]
  }

  encryption {
    key_id                            = "https://tf-keys.vault.azure.net/keys/${var.changed ? "second" : "first"}/0123456789abcdef0123456789abcdef"
    infrastructure_encryption_enabled = true
    use_system_assigned_identity      = false
    user_assigned_identity_id         = azurerm_user_assigned_identity.main.id
  }
}

resource "azurerm_recovery_services_vault" "encrypted_by_itself" {
  name                               = "tf-vault-encrypted-self"
  location                           = azurerm_resource_group.main.location
  resource_group_name                = azurerm_resource_group.main.name
  sku                                = "Standard"
  classic_vmware_replication_enabled = true

  identity {
    type = "SystemAssigned"
  }

  encryption {
    key_id                            = "https://tf-keys.vault.azure.net/keys/${var.changed ? "second" : "first"}"
    infrastructure_encryption_enabled = false
  }
}

resource "azurerm_user_assigned_identity" "main" {
  name                = "tf-identity"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
}

resource "azurerm_backup_policy_vm" "weekly" {
  name                           = "tf-weekly"
  resource_group_name            = azurerm_resource_group.main.name
  recovery_vault_name            = azurerm_recovery_services_vault.main.name
  timezone                       = "W. Europe Standard Time"
  instant_restore_retention_days = 5

  backup {
    frequency = "Weekly"
    time      = "23:30"
    weekdays  = ["Wednesday", "Sunday"]
  }

  retention_weekly {
    count    = 42
    weekdays = ["Wednesday", "Sunday"]
  }

  retention_monthly {
    count    = var.changed ? 8 : 7
    weekdays = ["Sunday"]
    weeks    = ["First", "Last"]
  }

  retention_yearly {
    count    = 77
    weekdays = ["Sunday"]
    weeks    = ["Last"]
    months   = ["January"]
  }
}

resource "azurerm_backup_policy_vm" "all" {
  name                = "tf-all"
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  timezone            = "UTC"

  backup {
    frequency = "Daily"
    time      = "23:00"
  }

  retention_daily {
    count = 10
  }

  retention_weekly {
    count    = 42
    weekdays = ["Sunday", "Wednesday", "Friday", "Saturday"]
  }

  retention_monthly {
    count             = 12
    days              = [1, 15]
    include_last_days = true
  }

  retention_yearly {
    count    = 2
    weekdays = ["Sunday"]
    weeks    = ["Last"]
    months   = ["January"]
  }

  tiering_policy {
    archived_restore_point {
      mode          = "TierAfter"
      duration      = var.changed ? 6 : 5
      duration_type = "Months"
    }
  }
}

resource "azurerm_backup_policy_vm" "hourly" {
  name                           = "tf-hourly"
  resource_group_name            = azurerm_resource_group.main.name
  recovery_vault_name            = azurerm_recovery_services_vault.main.name
  policy_type                    = "V2"
  timezone                       = "Pacific Standard Time"
  instant_restore_retention_days = var.changed ? 6 : 5

  instant_restore_resource_group {
    prefix = "snap"
    suffix = "end"
  }

  backup {
    frequency     = "Hourly"
    time          = "08:00"
    hour_interval = 4
    hour_duration = 12
  }

  retention_daily {
    count = 30
  }

  retention_weekly {
    count    = 12
    weekdays = ["Sunday"]
  }
}

resource "azurerm_backup_policy_vm" "enhanced_daily" {
  name                = "tf-enhanced-daily"
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  policy_type         = "V2"

  backup {
    frequency = "Daily"
    time      = var.changed ? "22:30" : "23:00"
  }

  retention_daily {
    count = 10
  }
}

resource "azurerm_backup_policy_vm" "enhanced_weekly" {
  name                = "tf-enhanced-weekly"
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  policy_type         = "V2"

  backup {
    frequency = "Weekly"
    time      = "23:00"
    weekdays  = var.changed ? ["Monday"] : ["Sunday"]
  }

  retention_weekly {
    count    = 4
    weekdays = var.changed ? ["Monday"] : ["Sunday"]
  }
}

resource "azurerm_backup_protected_vm" "linux" {
  resource_group_name = azurerm_resource_group.main.name
  recovery_vault_name = azurerm_recovery_services_vault.main.name
  source_vm_id        = azurerm_linux_virtual_machine.main.id
  backup_policy_id    = var.changed ? null : azurerm_backup_policy_vm.daily.id
  include_disk_luns   = [0]
  protection_state    = var.changed ? "ProtectionStopped" : "Protected"
}

resource "azurerm_data_protection_resource_guard" "main" {
  name                = "tf-guard"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  tags                = local.tags
}

resource "azurerm_recovery_services_vault_resource_guard_association" "main" {
  vault_id          = azurerm_recovery_services_vault.full.id
  resource_guard_id = azurerm_data_protection_resource_guard.main.id
}
