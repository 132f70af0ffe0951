"""A machine's backup by the Python SDKs, as a program of a user's does it; run in the environment that has them.

`told` by `backupsim env` where Azure is, or, under `backupsim run`, an unchanged program that knows the real addresses
only. Pollers wait as they do by default. It prints what it has seen as one JSON object.
"""

from __future__ import annotations

import json
import os
import time
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

from azure.identity import DefaultAzureCredential
from azure.mgmt.compute import ComputeManagementClient
from azure.mgmt.network import NetworkManagementClient
from azure.mgmt.recoveryservices import RecoveryServicesClient
from azure.mgmt.recoveryservices import models as vault_models
from azure.mgmt.recoveryservicesbackup import RecoveryServicesBackupClient
from azure.mgmt.recoveryservicesbackup import models as backup_models
from azure.mgmt.resource import ResourceManagementClient
from azure.mgmt.storage import StorageManagementClient

LOCATION, GROUP, TARGET, VAULT, VM, ACCOUNT = "westus", "sdk", "sdktarget", "vault01", "vm1", "sdkstore"
CONTAINER = f"IaasVMContainer;iaasvmcontainerv2;{GROUP};{VM}"
ITEM = f"VM;iaasvmcontainerv2;{GROUP};{VM}"
PATIENCE_SECONDS = 60
TEMPLATE = {
    "$schema": "https://schema.management.azure.com/schemas/2019-04-01/deploymentTemplate.json#",
    "contentVersion": "1.0.0.0",
    "parameters": {"name": {"type": "string"}},
    "resources": [
        {
            "type": "Microsoft.Network/publicIPAddresses",
            "apiVersion": "2022-01-01",
            "name": "[parameters('name')]",
            "location": "[resourceGroup().location]",
        }
    ],
}


def clients(credential: DefaultAzureCredential, subscription: str, told: dict[str, Any]) -> dict[str, Any]:
    kinds = {
        "resources": ResourceManagementClient,
        "storage": StorageManagementClient,
        "network": NetworkManagementClient,
        "compute": ComputeManagementClient,
        "vaults": RecoveryServicesClient,
        "backup": RecoveryServicesBackupClient,
    }
    return {name: kind(credential, subscription, **told) for name, kind in kinds.items()}


class Flow:
    def __init__(self) -> None:
        arm = os.environ.get("BACKUPSIM_ARM")
        told = {"base_url": arm, "credential_scopes": [f"{arm}/.default"]} if arm else {}
        credential = DefaultAzureCredential(disable_instance_discovery=True) if arm else DefaultAzureCredential()
        made = clients(credential, os.environ["AZURE_SUBSCRIPTION_ID"], told)
        self.resources, self.storage, self.network = made["resources"], made["storage"], made["network"]
        self.compute, self.vaults, self.backup = made["compute"], made["vaults"], made["backup"]
        self.seen: dict[str, Any] = {}
        self.took: dict[str, float] = {}

    def run(self) -> None:
        for step in (self.create, self.protect, self.back_up, self.restore, self.deploy, self.stop, self.forget):
            began = time.monotonic()
            step()
            self.took[step.__name__] = round(time.monotonic() - began, 1)

    def create(self) -> None:
        for group in (GROUP, TARGET):
            self.resources.resource_groups.create_or_update(group, {"location": LOCATION})
        account = self.storage.storage_accounts.begin_create(
            GROUP, ACCOUNT, {"location": LOCATION, "kind": "StorageV2", "sku": {"name": "Standard_LRS"}}
        ).result()
        self.account = account.id
        self.seen["keys"] = [key["keyName"] for key in self.storage.storage_accounts.list_keys(GROUP, ACCOUNT)["keys"]]
        self.vm = self.create_machine(self.create_interface()).id
        view = self.compute.virtual_machines.instance_view(GROUP, VM)
        self.seen["power"] = [status.code for status in view.statuses if status.code.startswith("PowerState")]
        vault = self.vaults.vaults.begin_create_or_update(
            GROUP,
            VAULT,
            vault_models.Vault(
                location=LOCATION, sku={"name": "Standard"}, properties={"publicNetworkAccess": "Enabled"}
            ),
        ).result()
        self.vault = vault.id
        self.seen["vault"] = [vault.name, vault.properties.provisioning_state]

    def create_interface(self) -> str:
        network = {
            "location": LOCATION,
            "properties": {
                "addressSpace": {"addressPrefixes": ["10.1.0.0/16"]},
                "subnets": [{"name": "default", "properties": {"addressPrefix": "10.1.0.0/24"}}],
            },
        }
        made = self.network.virtual_networks.begin_create_or_update(GROUP, "net", network).result()
        interface = {
            "location": LOCATION,
            "properties": {
                "ipConfigurations": [
                    {"name": "first", "properties": {"subnet": {"id": made.properties.subnets[0].id}}}
                ],
            },
        }
        nic = self.network.network_interfaces.begin_create_or_update(GROUP, "nic", interface).result()
        self.seen["address"] = nic.properties.ip_configurations[0].properties.private_ip_address
        return str(nic.id)

    def create_machine(self, nic: str) -> Any:
        image = {
            "publisher": "MicrosoftWindowsServer",
            "offer": "WindowsServer",
            "sku": "2022-datacenter-g2",
            "version": "latest",
        }
        machine = {
            "location": LOCATION,
            "hardware_profile": {"vm_size": "Standard_D2s_v5"},
            "storage_profile": {"image_reference": image, "os_disk": {"create_option": "FromImage"}},
            "os_profile": {"computer_name": VM, "admin_username": "azureuser", "admin_password": "aB3!aB3!aB3!xx"},
            "network_profile": {"network_interfaces": [{"id": nic}]},
        }
        return self.compute.virtual_machines.begin_create_or_update(GROUP, VM, machine).result()

    def protect(self) -> None:
        asked = backup_models.BackupStatusRequest(resource_type="VM", resource_id=self.vm)
        self.seen["before"] = self.backup.backup_status.get(LOCATION, asked).protection_status
        policies = self.backup.backup_policies.list(VAULT, GROUP, filter="backupManagementType eq 'AzureIaasVM'")
        self.seen["policies"] = [policy.name for policy in policies]
        item = self.protection(policy_id=f"{self.vault}/backupPolicies/DefaultPolicy")
        self.seen["protected"] = item.properties["protectionState"]
        self.seen["after"] = self.backup.backup_status.get(LOCATION, asked).protection_status
        self.seen["containers"] = [
            container.properties.friendly_name
            for container in self.backup.backup_protection_containers.list(
                VAULT, GROUP, filter="backupManagementType eq 'AzureIaasVM'"
            )
        ]

    def protection(self, **properties: Any) -> Any:
        body = backup_models.ProtectedItemResource(
            properties=backup_models.AzureIaaSComputeVMProtectedItem(source_resource_id=self.vm, **properties)
        )
        return self.backup.protected_items.begin_create_or_update(VAULT, GROUP, "Azure", CONTAINER, ITEM, body).result()

    def back_up(self) -> None:
        expiry = datetime.now(UTC) + timedelta(days=30)
        request = backup_models.BackupRequestResource(
            properties=backup_models.IaasVMBackupRequest(recovery_point_expiry_time_in_utc=expiry)
        )
        self.backup.backups.trigger(VAULT, GROUP, "Azure", CONTAINER, ITEM, request)
        job = self.newest_job("Backup")
        self.seen["backup"] = [(task.task_id, task.status) for task in job.properties.extended_info.tasks_list]
        (point,) = self.points()
        self.point = point.name
        self.seen["consistency"] = point.properties.recovery_point_type
        extensions = self.compute.virtual_machine_extensions.list(GROUP, VM).value
        self.seen["extensions"] = [
            (each.name, each.publisher, each.type_properties_type, each.provisioning_state) for each in extensions
        ]

    def points(self) -> list[Any]:
        return list(self.backup.recovery_points.list(VAULT, GROUP, "Azure", CONTAINER, ITEM))

    def newest_job(self, operation: str) -> Any:
        """The newest job of this operation, ended."""

        def ended() -> Any:
            listed = self.backup.backup_jobs.list(VAULT, GROUP, filter=f"operation eq '{operation}'")
            job = self.backup.job_details.get(VAULT, GROUP, next(iter(listed)).name)
            return job if job.properties.status != "InProgress" else None

        job = eventually(ended)
        assert job.properties.status == "Completed", job.properties.error_details
        return job

    def restore(self) -> None:
        request = backup_models.IaasVMRestoreRequest(
            recovery_point_id=self.point,
            recovery_type="RestoreDisks",
            source_resource_id=self.vm,
            storage_account_id=self.account,
            target_resource_group_id=f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{TARGET}",
            region=LOCATION,
            create_new_cloud_service=False,
            original_storage_account_option=False,
        )
        self.backup.restores.begin_trigger(
            VAULT,
            GROUP,
            "Azure",
            CONTAINER,
            ITEM,
            self.point,
            backup_models.RestoreRequestResource(properties=request),
        ).result()
        bag = self.newest_job("Restore").properties.extended_info.property_bag
        self.seen["restored to"] = bag["Target Storage Account Name"]
        self.seen["disks"] = [disk.os_type for disk in self.compute.disks.list_by_resource_group(TARGET)]

    def deploy(self) -> None:
        properties = {"mode": "Incremental", "template": TEMPLATE, "parameters": {"name": {"value": "ip"}}}
        deployed = self.resources.deployments.begin_create_or_update(TARGET, "d1", {"properties": properties}).result()
        self.seen["deployment"] = deployed.properties.provisioning_state
        self.seen["addresses"] = [address.name for address in self.network.public_ip_addresses.list(TARGET)]

    def stop(self) -> None:
        item = self.protection(policy_id="", protection_state="ProtectionStopped")
        self.seen["stopped"] = item.properties["protectionState"]
        self.backup.protected_items.delete(VAULT, GROUP, "Azure", CONTAINER, ITEM)
        self.newest_job("DeleteBackupData")
        back = self.protection(policy_id="", protection_state="ProtectionStopped", is_rehydrate=True)
        self.seen["came back"] = (back.properties["protectionState"], len(self.points()))
        resumed = self.protection(policy_id=f"{self.vault}/backupPolicies/DefaultPolicy")
        self.seen["resumed"] = resumed.properties["policyName"]
        self.backup.protected_items.delete(VAULT, GROUP, "Azure", CONTAINER, ITEM)
        self.newest_job("DeleteBackupData")

    def forget(self) -> None:
        self.vaults.vaults.begin_delete(GROUP, VAULT).result()
        (deleted,) = self.vaults.deleted_vaults.list_by_subscription_id(LOCATION)
        self.seen["deleted"] = deleted.properties.vault_id.rpartition("/")[2]
        group = f"/subscriptions/{os.environ['AZURE_SUBSCRIPTION_ID']}/resourceGroups/{GROUP}"
        self.vaults.deleted_vaults.begin_undelete(
            LOCATION, deleted.name, {"properties": {"recoveryResourceGroupId": group}}
        ).result()
        self.seen["vaults"] = [vault.name for vault in self.vaults.vaults.list_by_resource_group(GROUP)]
        self.vaults.vaults.begin_delete(GROUP, VAULT).result()
        self.compute.virtual_machines.begin_delete(GROUP, VM).result()
        for group in (GROUP, TARGET):
            self.resources.resource_groups.begin_delete(group).result()
        self.seen["left"] = [group.name for group in self.resources.resource_groups.list()]


def eventually(look: Callable[[], Any]) -> Any:
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not (found := look()):
        assert time.monotonic() < deadline
        time.sleep(0.1)
    return found


if __name__ == "__main__":
    flow = Flow()
    try:
        flow.run()
    finally:
        print(json.dumps({"seen": flow.seen, "took_seconds": flow.took}))  # noqa: T201 - its result
