"""The tutorials for backing up a machine by az, from an empty subscription to an empty one, by the real az."""

from __future__ import annotations

import json
import shlex
from pathlib import Path
from typing import Any

import pytest

from tests.e2e.real_az import IMAGE, Az, Refused, az_in

GROUP, TARGET, VAULT, VM, ACCOUNT = "learn", "restored", "vault01", "vm1", "learnstore"
IN_VAULT = f"-g {GROUP} -v {VAULT}"
MANAGED = "--backup-management-type AzureIaasVM"
OF_VM = f"{MANAGED} --workload-type VM"
ITEM = f"{IN_VAULT} -c {VM} -i {VM} {OF_VM}"
SHOW_ITEM = f"{IN_VAULT} -c {VM} -n {VM} {OF_VM}"
CONTAINER = f"IaasVMContainer;iaasvmcontainerv2;{GROUP};{VM}"
PROTECTED = f"VM;iaasvmcontainerv2;{GROUP};{VM}"


@pytest.mark.slow
def test_a_machine_is_backed_up_restored_and_forgotten(az: Path, tmp_path: Path) -> None:
    with az_in(tmp_path / "world", az) as run:
        _create(run)
        _protect(run)
        point = _back_up(run)
        _restore(run, point)
        _change_policy(run, tmp_path)
        _stop_and_come_back(run)
        _delete_the_vault_and_come_back(run)
        _leave_nothing(run)


def _create(az: Az) -> None:
    assert az("group create --name learn --location westus")["properties"]["provisioningState"] == "Succeeded"
    assert az(f"group create --name {TARGET} --location westus")["name"] == TARGET
    account = az(f"storage account create -g {GROUP} -n {ACCOUNT} -l westus --sku Standard_LRS")
    assert (account["kind"], account["sku"]["name"]) == ("StorageV2", "Standard_LRS")
    assert [key["keyName"] for key in az(f"storage account keys list -g {GROUP} -n {ACCOUNT}")] == ["key1", "key2"]
    vault = az(f"backup vault create --resource-group {GROUP} --name {VAULT} --location westus")
    assert (vault["properties"]["provisioningState"], vault["sku"]["name"]) == ("Succeeded", "Standard")
    created = az(f"vm create -g {GROUP} -n {VM} {IMAGE} --nsg-rule NONE")
    assert (created["powerState"], created["resourceGroup"]) == ("VM running", GROUP)
    (row,) = az.table(f"vm list -g {GROUP} -d")
    assert (row["Name"], row["PowerState"], row["Location"]) == (VM, "VM running", "westus")
    assert az.table(f"backup vault list -g {GROUP}") == [
        {"Location": "westus", "Name": VAULT, "ResourceGroup": GROUP},
    ]
    changed = az(f"backup vault update -g {GROUP} -n {VAULT} --backup-storage-redundancy LocallyRedundant")
    assert changed["properties"]["redundancySettings"]["standardTierStorageRedundancy"] == "LocallyRedundant"


def _protect(az: Az) -> None:
    assert az(f"backup protection check-vm -g {GROUP} --vm {VM}") is None
    assert [(row["Name"], row["Type"]) for row in az.table(f"backup policy list {IN_VAULT}")] == [
        ("HourlyLogBackup", "AzureWorkload"),
        ("DefaultPolicy", "AzureIaasVM"),
        ("EnhancedPolicy", "AzureIaasVM"),
    ]
    assert az(f"backup policy show {IN_VAULT} -n DefaultPolicy")["properties"]["protectedItemsCount"] == 0
    enabled = az(
        f"backup protection enable-for-vm --resource-group {GROUP} --vault-name {VAULT} --vm {VM} "
        "--policy-name DefaultPolicy"
    )
    assert (enabled["properties"]["operation"], enabled["properties"]["status"]) == ("ConfigureBackup", "Completed")
    vault_id = az(f"backup vault show -g {GROUP} -n {VAULT} --query id")
    assert az(f"backup protection check-vm --vm-id {az(f'vm show -g {GROUP} -n {VM} --query id')}") == vault_id
    assert az.table(f"backup container list {IN_VAULT} {MANAGED}") == [
        {
            "Name": CONTAINER,
            "Friendly Name": VM,
            "Resource Group": GROUP,
            "Type": "AzureIaasVM",
            "Registration Status": "Registered",
        }
    ]
    (row,) = az.table(f"backup item list {IN_VAULT}")
    assert (row["Name"], row["Protection Status"], row["Last Backup Status"]) == (PROTECTED, "Healthy", "")
    assert _item(az)["protectionState"] == "IRPending"
    assert az(f"backup policy show {IN_VAULT} -n DefaultPolicy")["properties"]["protectedItemsCount"] == 1


def _back_up(az: Az) -> str:
    assert az.table(f"vm extension list -g {GROUP} --vm-name {VM}") == []
    started = az(
        f"backup protection backup-now {IN_VAULT} --container-name {VM} --item-name {VM} "
        "--backup-management-type AzureIaaSVM --retain-until 22-12-2099"
    )
    assert (started["properties"]["operation"], started["properties"]["entityFriendlyName"]) == ("Backup", VM)
    job = az.wait_for(started, IN_VAULT)
    tasks = [(task["taskId"], task["status"]) for task in job["properties"]["extendedInfo"]["tasksList"]]
    assert tasks == [("Take Snapshot", "Completed"), ("Transfer data to vault", "Completed")]
    assert job["properties"]["extendedInfo"]["propertyBag"]["VM Name"] == VM
    rows = az.table(f"backup job list {IN_VAULT}")
    assert [(row["Operation"], row["Status"], row["Item Name"]) for row in rows] == [
        ("Backup", "Completed", VM),
        ("ConfigureBackup", "Completed", VM),
    ]
    assert rows[0]["Name"] == started["name"]
    assert [row["Operation"] for row in az.table(f"backup job list {IN_VAULT} --operation Backup")] == ["Backup"]
    (extension,) = az.table(f"vm extension list -g {GROUP} --vm-name {VM}")
    assert (extension["Name"], extension["ProvisioningState"], extension["Publisher"]) == (
        "VMSnapshot",
        "Succeeded",
        "Microsoft.Azure.RecoveryServices",
    )
    (row,) = az.table(f"backup recoverypoint list {ITEM}")
    assert row["Consistency"] == "AppConsistent"
    point = az(f"backup recoverypoint show {ITEM} -n {row['Name']}")["properties"]
    assert {tier["type"]: tier["status"] for tier in point["recoveryPointTierDetails"]} == {
        "InstantRP": "Valid",
        "HardenedRP": "Valid",
    }
    item = _item(az)
    assert (item["protectionState"], item["lastBackupStatus"]) == ("Protected", "Completed")
    (row,) = az.table(f"backup item list {IN_VAULT}")
    assert row["Last Backup Status"] == "Completed"
    return str(az(f"backup recoverypoint list {ITEM} --query [0].name"))


def _restore(az: Az, point: str) -> None:
    started = az(
        f"backup restore restore-disks {IN_VAULT} --container-name {VM} --item-name {VM} --rp-name {point} "
        f"--storage-account {ACCOUNT} --target-resource-group {TARGET}"
    )
    assert started["properties"]["operation"] == "Restore"
    bag = az.wait_for(started, IN_VAULT)["properties"]["extendedInfo"]["propertyBag"]
    assert bag["Target Storage Account Name"] == ACCOUNT
    (disk,) = az(f"disk list -g {TARGET}")
    assert (disk["osType"], disk["provisioningState"]) == ("Windows", "Succeeded")
    in_account = f"--connection-string {shlex.quote(_connection(az))}"
    container = bag["Config Blob Container Name"]
    assert container in [each["name"] for each in az(f"storage container list {in_account}")]
    names = [each["name"] for each in az(f"storage blob list {in_account} -c {container}")]
    assert bag["Config Blob Name"] in names
    template = bag["Template Blob Uri"].rpartition("/")[2]
    assert template in names
    (row,) = az.table(f"backup job list {IN_VAULT} --operation Restore --status Completed")
    assert row["Name"] == started["name"]


def _connection(az: Az) -> str:
    return str(az(f"storage account show-connection-string -g {GROUP} -n {ACCOUNT}")["connectionString"])


def _change_policy(az: Az, folder: Path) -> None:
    """As people make policies: one that is there, saved to a file, changed and given back under another name."""
    body = az(f"backup policy get-default-for-vm {IN_VAULT}")
    body["properties"]["instantRpRetentionRangeInDays"] = 3
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 45
    file = folder / "policy.json"
    file.write_text(json.dumps(body))
    made = az(f"backup policy create {IN_VAULT} -n Longer --policy {file} {MANAGED}")
    assert (made["name"], made["properties"]["instantRpRetentionRangeInDays"]) == ("Longer", 3)
    daily = az(f"backup policy show {IN_VAULT} -n Longer")["properties"]["retentionPolicy"]["dailySchedule"]
    assert daily["retentionDuration"] == {"count": 45, "durationType": "Days"}
    moved = az(f"backup item set-policy {IN_VAULT} -c {VM} -n {VM} -p Longer {MANAGED}")
    assert moved["properties"]["operation"] == "ConfigureBackup"
    items = az(f"backup policy list-associated-items {IN_VAULT} -n Longer {MANAGED}")
    assert [item["name"] for item in items] == [PROTECTED]
    with pytest.raises(Refused, match="BMSUserErrorPolicyObjectInUse"):
        az(f"backup policy delete {IN_VAULT} -n Longer")
    az(f"backup item set-policy {IN_VAULT} -c {VM} -n {VM} -p DefaultPolicy {MANAGED}")
    az(f"backup policy delete {IN_VAULT} -n Longer")
    assert "Longer" not in [policy["name"] for policy in az(f"backup policy list {IN_VAULT}")]


def _stop_and_come_back(az: Az) -> None:
    stopped = az(f"backup protection disable {ITEM} --delete-backup-data true --yes")
    assert (stopped["properties"]["operation"], stopped["properties"]["status"]) == ("DeleteBackupData", "Completed")
    item = _item(az)
    assert (item["protectionState"], item["isScheduledForDeferredDelete"]) == ("ProtectionStopped", True)
    soft_deleted = f"backup vault list-soft-deleted-containers -g {GROUP} -n {VAULT}"
    containers = az(f"{soft_deleted} {MANAGED}")
    assert [container["name"] for container in containers] == [CONTAINER]
    back = az(f"backup protection undelete {ITEM}")
    assert (back["properties"]["operation"], back["properties"]["status"]) == ("Undelete", "Completed")
    assert not _item(az).get("isScheduledForDeferredDelete")
    _resume(az)
    stopped = az(f"backup protection disable {ITEM} --yes")
    assert stopped["properties"]["operation"] == "DisableBackup"
    assert _item(az)["protectionState"] == "ProtectionStopped"
    assert len(az(f"backup recoverypoint list {ITEM}")) == 1
    _resume(az)


def _resume(az: Az) -> None:
    resumed = az(f"backup protection resume {IN_VAULT} -c {VM} -i {VM} --policy-name DefaultPolicy {MANAGED}")
    assert (resumed["properties"]["operation"], resumed["properties"]["status"]) == ("ConfigureBackup", "Completed")
    item = _item(az)
    assert (item["protectionState"] == "ProtectionStopped", item["policyName"]) == (False, "DefaultPolicy")


def _delete_the_vault_and_come_back(az: Az) -> None:
    with pytest.raises(Refused, match="BMSUserErrorVaultDeletionNotAllowed"):
        az(f"backup vault delete -g {GROUP} -n {VAULT} --yes")
    az(f"backup protection disable {ITEM} --delete-backup-data true --yes")
    az(f"backup vault delete -g {GROUP} -n {VAULT} --yes")
    assert az(f"backup vault list -g {GROUP}") == []
    (deleted,) = az("backup deleted-vault list --location westus")
    assert deleted["properties"]["vaultId"].endswith(f"/vaults/{VAULT}")
    shown = az(f"backup deleted-vault get --location westus --name {deleted['name']}")
    assert shown["properties"]["purgeAt"] > shown["properties"]["vaultDeletionTime"]
    containers = az(f"backup deleted-vault list-containers --location westus --name {deleted['name']}")
    assert [(held["name"], held["dataSourceType"]) for held in containers] == [(PROTECTED, "AzureIaasVM/VM")]
    az(f"backup deleted-vault undelete --location westus --name {deleted['name']}")
    assert az("backup deleted-vault list --location westus") == []
    assert az(f"backup vault show -g {GROUP} -n {VAULT} --query properties.provisioningState") == "Succeeded"
    assert _item(az)["isScheduledForDeferredDelete"] is True
    az(f"backup protection undelete {ITEM}")
    assert len(az(f"backup recoverypoint list {ITEM}")) == 1


def _leave_nothing(az: Az) -> None:
    az(f"backup protection disable {ITEM} --delete-backup-data true --yes")
    az(f"backup vault delete -g {GROUP} -n {VAULT} --yes")
    az(f"vm delete -g {GROUP} -n {VM} --yes")
    for group in (GROUP, TARGET):
        az(f"group delete --name {group} --yes")
        assert az(f"group exists --name {group}") is False
    with pytest.raises(Refused, match="ResourceGroupNotFound") as refused:
        az(f"group show --name {GROUP}")
    assert refused.value.code == 3


def _item(az: Az) -> dict[str, Any]:
    properties: dict[str, Any] = az(f"backup item show {SHOW_ITEM}")["properties"]
    return properties
