"""Protected item: its states and the body that ARM shows."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.protected_item import PolicyReference, Source
from controlplane.domain.state_machine import IllegalTransition

START = datetime(2022, 5, 13, 10, 9, 27, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/VaultRG/providers/Microsoft.RecoveryServices/vaults/V1"
VM = "/subscriptions/s/resourceGroups/RG1/providers/Microsoft.Compute/virtualMachines/SQL01"
POLICY = PolicyReference(f"{VAULT}/backupPolicies/DefaultPolicy", "V1")


def pending() -> dict[str, object]:
    return protected_item.configured(protected_item.new(VAULT, Source(VM, "westus"), "52778289515187"), POLICY, None)


def test_a_configured_item_waits_for_its_first_backup() -> None:
    assert pending() == {
        "id": f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;rg1;sql01"
        "/protectedItems/VM;iaasvmcontainerv2;rg1;sql01",
        "name": "VM;iaasvmcontainerv2;rg1;sql01",
        "type": "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems",
        "properties": {
            "kpisHealths": {},
            "friendlyName": "SQL01",
            "virtualMachineId": VM,
            "protectionStatus": "Healthy",
            "protectionState": "IRPending",
            "healthStatus": "Passed",
            "lastBackupStatus": "",
            "lastBackupTime": "2001-01-01T00:00:00Z",
            "lastRecoveryPoint": None,
            "protectedItemDataId": "52778289515187",
            "policyType": "V1",
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "backupManagementType": "AzureIaasVM",
            "workloadType": "VM",
            "containerName": "iaasvmcontainerv2;rg1;sql01",
            "sourceResourceId": VM,
            "policyId": f"{VAULT}/backupPolicies/DefaultPolicy",
            "policyName": "DefaultPolicy",
            "vaultId": f"https://management.azure.com{VAULT}",
            "isArchiveEnabled": False,
            "softDeleteRetentionPeriod": 0,
            "sourceLocation": "westus",
            "sourceSideScanInfo": {"sourceSideScanStatus": "NotConfigured", "sourceSideScanSummary": "Unknown"},
        },
    }


def test_a_backup_protects_it() -> None:
    item = protected_item.with_last_point(pending(), datetime(2022, 5, 13, 10, 9, 31, tzinfo=UTC))
    shown = protected_item.backed_up(item, START, "Completed")["properties"]
    assert shown["protectionState"] == "Protected"
    assert shown["lastBackupStatus"] == "Completed"
    assert shown["lastBackupTime"] == "2022-05-13T10:09:27Z"
    assert shown["lastRecoveryPoint"] == "2022-05-13T10:09:31Z"
    assert shown["kpisHealths"] == {
        "BackupOperationStatusKPI": {
            "resourceHealthStatus": "Healthy",
            "resourceHealthDetails": [{"code": 0, "title": "Success", "message": "", "recommendations": []}],
        }
    }
    assert shown["healthDetails"][0]["title"] == "IaasVmHealthGreenDefault"


def test_a_failed_backup_shows_what_to_do_and_a_good_one_heals() -> None:
    error = ServiceError("UserErrorGuestAgentStatusUnavailable", "No agent.", remedy="Start it.")
    item = protected_item.backup_failed(protected_item.backed_up(pending(), START, "Completed"), START, "Failed", error)
    shown = item["properties"]
    assert (shown["protectionState"], shown["healthStatus"]) == ("ProtectionError", "ActionRequired")
    kpi = shown["kpisHealths"]["BackupOperationStatusKPI"]
    assert kpi["resourceHealthDetails"][0]["recommendations"] == ["Start it."]
    healed = protected_item.backed_up(item, START, "Completed")["properties"]
    assert (healed["protectionState"], healed["healthStatus"]) == ("Protected", "Passed")
    assert healed["kpisHealths"]["BackupOperationStatusKPI"]["resourceHealthStatus"] == "Healthy"


def test_a_first_backup_that_fails_leaves_it_pending() -> None:
    item = protected_item.backup_failed(pending(), START, "Failed", ServiceError("X", "y"))
    assert item["properties"]["protectionState"] == "IRPending"


def test_restores_touch_only_their_own_indicator() -> None:
    item = protected_item.backed_up(pending(), START, "Completed")
    error = ServiceError("UserErrorJobSuccessfullyCancelled", "Job is cancelled.", number=400158)
    shown = protected_item.restored(item, error)["properties"]
    assert shown["kpisHealths"]["RestoreOperationStatusKPI"] == {
        "resourceHealthStatus": "TransientDegraded",
        "resourceHealthDetails": [
            {
                "code": 400158,
                "title": "UserErrorJobSuccessfullyCancelled",
                "message": "Job is cancelled.",
                "recommendations": [],
            }
        ],
    }
    assert "BackupOperationStatusKPI" in shown["kpisHealths"]
    assert shown["protectionState"] == "Protected"


def test_a_soft_deleted_item_cannot_be_configured() -> None:
    item = pending()
    properties = item["properties"]
    assert isinstance(properties, dict)
    properties["isScheduledForDeferredDelete"] = True
    with pytest.raises(IllegalTransition):
        protected_item.configured(item, POLICY, None)


@pytest.mark.parametrize(
    ("exclusion", "luns"),
    [
        (None, [-1, 0, 1, 2]),
        ({"diskLunList": ["0", 2], "isInclusionList": True}, [-1, 0, 2]),
        ({"diskLunList": [0, 2], "isInclusionList": False}, [-1, 1]),
        ({"diskLunList": [], "isInclusionList": True}, [-1]),
        ({"diskLunList": [], "isInclusionList": False}, [-1, 0, 1, 2]),
    ],
)
def test_disks_are_included_or_excluded_by_lun(exclusion: dict[str, object] | None, luns: list[int]) -> None:
    item = protected_item.configured(pending(), POLICY, exclusion)
    assert protected_item.included_luns(item, [2, 0, -1, 1]) == luns


def test_a_new_policy_keeps_the_exclusion() -> None:
    item = protected_item.configured(pending(), POLICY, {"diskLunList": ["1"], "isInclusionList": True})
    other = PolicyReference(f"{VAULT}/backupPolicies/Weekly", "V2")
    shown = protected_item.configured(item, other, None)["properties"]
    assert (shown["policyName"], shown["policyType"]) == ("Weekly", "V2")
    assert shown["extendedProperties"]["diskExclusionProperties"] == {"diskLunList": [1], "isInclusionList": True}
