terraform {
  required_providers {
    azurerm = {
      source = "hashicorp/azurerm"
    }
  }
}

provider "azurerm" {
  features {
    resource_group {
      prevent_deletion_if_contains_resources = false
    }
  }
}

variable "changed" {
  type    = bool
  default = false
}
locals {
  tags = var.changed ? { stage = "two" } : { stage = "one" }
}
resource "azurerm_resource_group" "main" {
  name       = "arguments"
  location   = "westus"
  managed_by = "someone"
  tags       = local.tags
}
resource "azurerm_virtual_network" "main" {
  name                           = "net"
  address_space                  = ["10.0.0.0/16"]
  location                       = azurerm_resource_group.main.location
  resource_group_name            = azurerm_resource_group.main.name
  dns_servers                    = var.changed ? ["10.0.0.4"] : ["10.0.0.4", "10.0.0.5"]
  flow_timeout_in_minutes        = var.changed ? 10 : 5
  bgp_community                  = "12076:20000"
  private_endpoint_vnet_policies = var.changed ? "Basic" : "Disabled"
  encryption {
    enforcement = "AllowUnencrypted"
  }
  tags = local.tags
}
resource "azurerm_subnet" "main" {
  name                                          = "inner"
  resource_group_name                           = azurerm_resource_group.main.name
  virtual_network_name                          = azurerm_virtual_network.main.name
  address_prefixes                              = ["10.0.2.0/24"]
  default_outbound_access_enabled               = false
  private_endpoint_network_policies             = "RouteTableEnabled"
  private_link_service_network_policies_enabled = var.changed
  service_endpoint {
    service = "Microsoft.Storage"
  }
  dynamic "service_endpoint" {
    for_each = var.changed ? ["Microsoft.KeyVault"] : []
    content {
      service = service_endpoint.value
    }
  }
}
resource "azurerm_subnet" "delegated" {
  name                 = "delegated"
  resource_group_name  = azurerm_resource_group.main.name
  virtual_network_name = azurerm_virtual_network.main.name
  address_prefixes     = ["10.0.3.0/24"]
  delegation {
    name = "delegation"
    service_delegation {
      name    = "Microsoft.ContainerInstance/containerGroups"
      actions = ["Microsoft.Network/virtualNetworks/subnets/join/action", "Microsoft.Network/virtualNetworks/subnets/prepareNetworkPolicies/action"]
    }
  }
}
resource "azurerm_virtual_network" "inline" {
  name                = "inline"
  address_space       = ["10.1.0.0/16"]
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  subnet {
    name                                          = "one"
    address_prefixes                              = ["10.1.1.0/24"]
    security_group                                = azurerm_network_security_group.main.id
    default_outbound_access_enabled               = false
    private_endpoint_network_policies             = "Enabled"
    private_link_service_network_policies_enabled = false

  }
  dynamic "subnet" {
    for_each = var.changed ? ["10.1.2.0/24"] : []
    content {
      name             = "two"
      address_prefixes = [subnet.value]
    }
  }
}
resource "azurerm_network_security_group" "main" {
  name                = "nsg"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  tags                = local.tags
  security_rule {
    name                         = "many"
    description                  = "of all"
    priority                     = 100
    direction                    = "Outbound"
    access                       = "Deny"
    protocol                     = "*"
    source_port_ranges           = ["100-200", "300"]
    destination_port_ranges      = ["80", "443"]
    source_address_prefixes      = ["10.0.0.0/24", "10.0.1.0/24"]
    destination_address_prefixes = var.changed ? ["10.2.0.0/24"] : ["10.2.0.0/24", "10.3.0.0/24"]
  }
  security_rule {
    name                       = "icmp"
    priority                   = 200
    direction                  = "Inbound"
    access                     = "Allow"
    protocol                   = "Icmp"
    source_port_range          = "*"
    destination_port_range     = "*"
    source_address_prefix      = "VirtualNetwork"
    destination_address_prefix = "*"
  }
}
resource "azurerm_network_security_rule" "one" {
  name                        = "alone"
  priority                    = var.changed ? 310 : 300
  direction                   = "Inbound"
  access                      = "Allow"
  protocol                    = "Tcp"
  source_port_range           = "*"
  destination_port_range      = "22"
  source_address_prefix       = "*"
  destination_address_prefix  = "*"
  resource_group_name         = azurerm_resource_group.main.name
  network_security_group_name = azurerm_network_security_group.other.name
}
resource "azurerm_network_security_group" "other" {
  name                = "nsg2"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
}
resource "azurerm_public_ip" "main" {
  name                    = "pip"
  resource_group_name     = azurerm_resource_group.main.name
  location                = azurerm_resource_group.main.location
  allocation_method       = "Static"
  sku                     = "Standard"
  sku_tier                = "Regional"
  zones                   = ["1", "2", "3"]
  domain_name_label       = var.changed ? "label-two" : "label-one"
  idle_timeout_in_minutes = var.changed ? 20 : 10
  ddos_protection_mode    = var.changed ? "Disabled" : "VirtualNetworkInherited"
  ip_tags                 = { RoutingPreference = "Internet" }
  ip_version              = "IPv4"
  tags                    = local.tags
}
resource "azurerm_public_ip" "scoped" {
  name                    = "pip2"
  resource_group_name     = azurerm_resource_group.main.name
  location                = azurerm_resource_group.main.location
  allocation_method       = "Static"
  domain_name_label       = "scoped"
  domain_name_label_scope = "TenantReuse"
  reverse_fqdn            = "some.example.org."
}
resource "azurerm_public_ip" "six" {
  name                = "pip6"
  resource_group_name = azurerm_resource_group.main.name
  location            = azurerm_resource_group.main.location
  allocation_method   = "Static"
  ip_version          = "IPv6"
}
resource "azurerm_network_interface" "main" {
  name                           = "nic"
  location                       = azurerm_resource_group.main.location
  resource_group_name            = azurerm_resource_group.main.name
  dns_servers                    = var.changed ? ["10.0.0.6"] : ["10.0.0.6", "10.0.0.7"]
  ip_forwarding_enabled          = !var.changed
  accelerated_networking_enabled = !var.changed
  internal_dns_name_label        = var.changed ? "other" : "inside"
  auxiliary_mode                 = "AcceleratedConnections"
  auxiliary_sku                  = var.changed ? "A2" : "A1"
  tags                           = merge(local.tags, { fastpathenabled = "true" })
  ip_configuration {
    name                          = "first"
    primary                       = true
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Static"
    private_ip_address            = var.changed ? "10.0.2.31" : "10.0.2.30"
    public_ip_address_id          = azurerm_public_ip.main.id
  }
  ip_configuration {
    name                          = "second"
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Dynamic"
    private_ip_address_version    = "IPv4"
  }
}
resource "azurerm_network_interface_security_group_association" "main" {
  network_interface_id      = azurerm_network_interface.main.id
  network_security_group_id = azurerm_network_security_group.main.id
}
resource "azurerm_availability_set" "main" {
  name                         = "set"
  location                     = azurerm_resource_group.main.location
  resource_group_name          = azurerm_resource_group.main.name
  platform_fault_domain_count  = 2
  platform_update_domain_count = 7
  managed                      = true
  tags                         = local.tags
}
resource "azurerm_data_protection_resource_guard" "main" {
  name                                    = "guard"
  resource_group_name                     = azurerm_resource_group.main.name
  location                                = azurerm_resource_group.main.location
  vault_critical_operation_exclusion_list = var.changed ? ["Microsoft.RecoveryServices/vaults/backupSecurityPIN/action"] : ["Microsoft.RecoveryServices/vaults/backupSecurityPIN/action", "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/delete"]
  tags                                    = local.tags
}
data "azurerm_client_config" "me" {}
resource "azurerm_role_assignment" "main" {
  name               = "8a1b1d3e-2f4c-4d5e-9a6b-0c1d2e3f4a5b"
  scope              = azurerm_resource_group.main.id
  role_definition_id = "/subscriptions/${data.azurerm_client_config.me.subscription_id}/providers/Microsoft.Authorization/roleDefinitions/acdd72a7-3385-48ef-bd42-f606fba81ae7"
  principal_id       = data.azurerm_client_config.me.object_id
  principal_type     = "ServicePrincipal"
  condition_version  = "2.0"
  condition          = "((!(ActionMatches{'Microsoft.Authorization/roleAssignments/write'})))"
  description        = var.changed ? "two" : "one"
}

resource "azurerm_user_assigned_identity" "main" {
  name                = "identity"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
}

resource "azurerm_network_interface" "machine" {
  for_each            = toset(["lin", "win", "spot", "old"])
  name                = "nic-${each.key}"
  location            = azurerm_resource_group.main.location
  resource_group_name = azurerm_resource_group.main.name
  ip_configuration {
    name                          = "first"
    subnet_id                     = azurerm_subnet.main.id
    private_ip_address_allocation = "Dynamic"
  }
}

resource "azurerm_storage_account" "diag" {
  name                     = "tfdiagacct"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  account_tier             = "Standard"
  account_replication_type = "LRS"
}

resource "azurerm_linux_virtual_machine" "main" {
  name                                                   = "lin"
  resource_group_name                                    = azurerm_resource_group.main.name
  location                                               = azurerm_resource_group.main.location
  size                                                   = var.changed ? "Standard_D4s_v5" : "Standard_D2s_v5"
  admin_username                                         = "adminuser"
  admin_password                                         = "P@$$w0rd1234!"
  disable_password_authentication                        = false
  network_interface_ids                                  = [azurerm_network_interface.machine["lin"].id]
  allow_extension_operations                             = var.changed ? false : true
  bypass_platform_safety_checks_on_user_schedule_enabled = !var.changed
  computer_name                                          = "otherhost"
  custom_data                                            = base64encode("#cloud-config")
  user_data                                              = base64encode(var.changed ? "data two" : "data one")
  disk_controller_type                                   = "SCSI"
  encryption_at_host_enabled                             = !var.changed
  extensions_time_budget                                 = var.changed ? "PT1H" : "PT45M"
  license_type                                           = var.changed ? "RHEL_BYOS" : "SLES_BYOS"
  patch_assessment_mode                                  = "AutomaticByPlatform"
  patch_mode                                             = "AutomaticByPlatform"
  provision_vm_agent                                     = true
  reboot_setting                                         = var.changed ? "Never" : "IfRequired"
  secure_boot_enabled                                    = true
  vtpm_enabled                                           = true
  zone                                                   = "1"
  tags                                                   = local.tags
  additional_capabilities {
    ultra_ssd_enabled = true
  }
  admin_ssh_key {
    username   = "adminuser"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKGQUUWlFO2BYdGMgZ5jHi7yFdLjgJ4AYwFbSKc5mq"
  }
  boot_diagnostics {
    storage_account_uri = var.changed ? null : azurerm_storage_account.diag.primary_blob_endpoint
  }
  identity {
    type         = var.changed ? "UserAssigned" : "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.main.id]
  }
  os_disk {
    name                      = "lin-os"
    caching                   = var.changed ? "ReadOnly" : "None"
    storage_account_type      = "Premium_LRS"
    disk_size_gb              = var.changed ? 64 : 48
    write_accelerator_enabled = false
  }
  os_image_notification {
    timeout = "PT15M"
  }
  termination_notification {
    enabled = true
    timeout = var.changed ? "PT10M" : "PT5M"
  }
  source_image_reference {
    publisher = "Canonical"
    offer     = "0001-com-ubuntu-server-jammy"
    sku       = "22_04-lts-gen2"
    version   = "latest"
  }
  plan {
    name      = "plan"
    product   = "product"
    publisher = "publisher"
  }
}

resource "azurerm_linux_virtual_machine" "spot" {
  name                  = "spot"
  resource_group_name   = azurerm_resource_group.main.name
  location              = azurerm_resource_group.main.location
  size                  = "Standard_D2s_v5"
  admin_username        = "adminuser"
  network_interface_ids = [azurerm_network_interface.machine["spot"].id]
  priority              = "Spot"
  eviction_policy       = "Deallocate"
  max_bid_price         = 0.5
  admin_ssh_key {
    username   = "adminuser"
    public_key = "ssh-ed25519 AAAAC3NzaC1lZDI1NTE5AAAAIGPKGQUUWlFO2BYdGMgZ5jHi7yFdLjgJ4AYwFbSKc5mq"
  }
  os_disk {
    caching              = "ReadOnly"
    storage_account_type = "StandardSSD_LRS"
    diff_disk_settings {
      option    = "Local"
      placement = "CacheDisk"
    }
  }
  source_image_reference {
    publisher = "Canonical"
    offer     = "0001-com-ubuntu-server-jammy"
    sku       = "22_04-lts-gen2"
    version   = "latest"
  }
}

resource "azurerm_windows_virtual_machine" "main" {
  name                      = "win"
  resource_group_name       = azurerm_resource_group.main.name
  location                  = azurerm_resource_group.main.location
  size                      = "Standard_D2s_v5"
  admin_username            = "adminuser"
  admin_password            = "P@$$w0rd1234!"
  network_interface_ids     = [azurerm_network_interface.machine["win"].id]
  availability_set_id       = azurerm_availability_set.main.id
  automatic_updates_enabled = true
  hotpatching_enabled       = false
  patch_mode                = "AutomaticByOS"
  license_type              = var.changed ? "Windows_Server" : "None"
  timezone                  = "W. Europe Standard Time"
  custom_data               = base64encode("custom")
  user_data                 = base64encode(var.changed ? "data two" : "data one")
  extensions_time_budget    = "PT30M"
  tags                      = local.tags
  additional_unattend_content {
    content = "<AutoLogon></AutoLogon>"
    setting = "AutoLogon"
  }
  winrm_listener {
    protocol = "Http"
  }
  boot_diagnostics {}
  identity {
    type = "SystemAssigned"
  }
  os_disk {
    caching              = "ReadWrite"
    storage_account_type = "StandardSSD_LRS"
  }
  source_image_reference {
    publisher = "MicrosoftWindowsServer"
    offer     = "WindowsServer"
    sku       = "2022-datacenter"
    version   = "latest"
  }
}

resource "azurerm_linux_virtual_machine" "from_disk" {
  name                  = "old"
  resource_group_name   = azurerm_resource_group.main.name
  location              = azurerm_resource_group.main.location
  size                  = "Standard_D2s_v5"
  network_interface_ids = [azurerm_network_interface.machine["old"].id]
  os_managed_disk_id    = azurerm_managed_disk.os.id
  os_disk {
    caching = "ReadWrite"
  }
}

resource "azurerm_managed_disk" "os" {
  name                 = "osdisk"
  location             = azurerm_resource_group.main.location
  resource_group_name  = azurerm_resource_group.main.name
  storage_account_type = "Standard_LRS"
  create_option        = "Copy"
  source_resource_id   = "${azurerm_resource_group.main.id}/providers/Microsoft.Compute/snapshots/snap"
  depends_on           = [azurerm_snapshot.os]
  os_type              = "Linux"
  hyper_v_generation   = "V2"
}

resource "azurerm_snapshot" "os" {
  name                          = "snap"
  location                      = azurerm_resource_group.main.location
  resource_group_name           = azurerm_resource_group.main.name
  create_option                 = "Copy"
  source_uri                    = "${azurerm_resource_group.main.id}/providers/Microsoft.Compute/disks/lin-os"
  depends_on                    = [azurerm_linux_virtual_machine.main]
  incremental_enabled           = true
  network_access_policy         = "DenyAll"
  public_network_access_enabled = false
  tags                          = local.tags
}

resource "azurerm_managed_disk" "ultra" {
  name                 = "ultra"
  location             = azurerm_resource_group.main.location
  resource_group_name  = azurerm_resource_group.main.name
  storage_account_type = "UltraSSD_LRS"
  create_option        = "Empty"
  disk_size_gb         = 8
  disk_iops_read_write = var.changed ? 1000 : 900
  disk_mbps_read_write = var.changed ? 10 : 8
  disk_iops_read_only  = 200
  disk_mbps_read_only  = 4
  logical_sector_size  = 512
  max_shares           = 2
  zone                 = "1"
  tags                 = local.tags
}

resource "azurerm_managed_disk" "premium" {
  name                              = "premium"
  location                          = azurerm_resource_group.main.location
  resource_group_name               = azurerm_resource_group.main.name
  storage_account_type              = "Premium_LRS"
  create_option                     = "Empty"
  disk_size_gb                      = 1024
  tier                              = var.changed ? "P40" : "P30"
  on_demand_bursting_enabled        = false
  optimized_frequent_attach_enabled = !var.changed
  performance_plus_enabled          = true
  network_access_policy             = var.changed ? "AllowAll" : "DenyAll"
  public_network_access_enabled     = var.changed
  hyper_v_generation                = "V2"
  os_type                           = "Linux"
  trusted_launch_enabled            = false
  tags                              = local.tags
}

resource "azurerm_managed_disk" "copy" {
  name                 = "copy"
  location             = azurerm_resource_group.main.location
  resource_group_name  = azurerm_resource_group.main.name
  storage_account_type = "Premium_LRS"
  create_option        = "Copy"
  source_resource_id   = azurerm_managed_disk.premium.id
  disk_size_gb         = 1024
  os_type              = "Linux"
  hyper_v_generation   = "V2"
  max_shares           = 2
}

resource "azurerm_storage_account" "full" {
  name                              = "tffullacct"
  resource_group_name               = azurerm_resource_group.main.name
  location                          = azurerm_resource_group.main.location
  account_kind                      = "StorageV2"
  account_tier                      = "Standard"
  account_replication_type          = var.changed ? "LRS" : "GRS"
  cross_tenant_replication_enabled  = !var.changed
  access_tier                       = var.changed ? "Cool" : "Hot"
  https_traffic_only_enabled        = true
  min_tls_version                   = "TLS1_2"
  allow_nested_items_to_be_public   = var.changed
  shared_access_key_enabled         = true
  public_network_access_enabled     = true
  default_to_oauth_authentication   = var.changed
  large_file_share_enabled          = false
  local_user_enabled                = var.changed
  infrastructure_encryption_enabled = true
  queue_encryption_key_type         = "Account"
  table_encryption_key_type         = "Account"
  allowed_copy_scope                = var.changed ? "PrivateLink" : "AAD"
  dns_endpoint_type                 = "Standard"
  tags                              = local.tags
  identity {
    type         = "SystemAssigned, UserAssigned"
    identity_ids = [azurerm_user_assigned_identity.main.id]
  }
  blob_properties {
    versioning_enabled            = true
    change_feed_enabled           = true
    change_feed_retention_in_days = 10
    default_service_version       = "2020-06-12"
    last_access_time_enabled      = var.changed
    cors_rule {
      allowed_headers    = ["*"]
      allowed_methods    = ["GET"]
      allowed_origins    = ["https://example.org"]
      exposed_headers    = ["*"]
      max_age_in_seconds = 100
    }
    delete_retention_policy {
      days                     = var.changed ? 20 : 10
      permanent_delete_enabled = false
    }
    restore_policy {
      days = 5
    }
    container_delete_retention_policy {
      days = 8
    }
  }
  share_properties {
    retention_policy {
      days = var.changed ? 12 : 11
    }
    smb {
      versions                        = ["SMB3.1.1"]
      authentication_types            = ["Kerberos"]
      kerberos_ticket_encryption_type = ["AES-256"]
      channel_encryption_type         = ["AES-256-GCM"]
    }
  }
  network_rules {
    default_action             = "Allow"
    bypass                     = ["AzureServices", "Logging"]
    ip_rules                   = var.changed ? ["100.0.0.1", "100.0.0.2"] : ["100.0.0.1"]
    virtual_network_subnet_ids = [azurerm_subnet.main.id]
  }
  routing {
    publish_internet_endpoints  = false
    publish_microsoft_endpoints = false
    choice                      = "MicrosoftRouting"
  }
  sas_policy {
    expiration_period = var.changed ? "02.00:00:00" : "01.00:00:00"
    expiration_action = "Log"
  }
}

resource "azurerm_storage_account" "immutable" {
  name                     = "tfimmacct"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  account_tier             = "Standard"
  account_replication_type = "LRS"
  immutability_policy {
    allow_protected_append_writes = true
    state                         = "Unlocked"
    period_since_creation_in_days = var.changed ? 8 : 7
  }
}

resource "azurerm_storage_container" "blob" {
  name                  = "boxes"
  storage_account_id    = azurerm_storage_account.immutable.id
  container_access_type = "private"
  metadata              = local.tags
}

resource "azurerm_storage_container" "public" {
  name                  = "public"
  storage_account_id    = azurerm_storage_account.public.id
  container_access_type = var.changed ? "container" : "blob"
}

resource "azurerm_storage_account" "public" {
  name                            = "tfpubacct"
  resource_group_name             = azurerm_resource_group.main.name
  location                        = azurerm_resource_group.main.location
  account_tier                    = "Standard"
  account_replication_type        = "LRS"
  allow_nested_items_to_be_public = true
}

resource "azurerm_storage_account" "premium" {
  name                     = "tfpremacct"
  resource_group_name      = azurerm_resource_group.main.name
  location                 = azurerm_resource_group.main.location
  account_kind             = "BlockBlobStorage"
  account_tier             = "Premium"
  account_replication_type = "LRS"
  is_hns_enabled           = true
  sftp_enabled             = !var.changed
}
