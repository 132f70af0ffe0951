"""Which machines can have crash-consistent snapshots without agent and extension."""

from __future__ import annotations

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import supported_machines
from controlplane.json_object import Json

SIZES = {
    "Standard_D2s_v5": True,
    "Standard_DS2_v2": True,
    "Standard_GS5": True,
    "Standard_B1ls": True,
    "Standard_E8-4ds_v5": True,
    "Standard_NC24rs_v3": True,
    "standard_f2s": True,
    "Standard_D2_v3": False,
    "Standard_A1_v2": False,
    "Basic_A1": False,
    "Standard_NV6": False,
    "Standard_D2d_v4": False,
}
DISK: Json = {"name": "data0", "sku": {"name": "Premium_LRS"}, "properties": {}}


def machine(**properties: object) -> Json:
    return {"properties": {"hardwareProfile": {"vmSize": "Standard_D2s_v5"}, **properties}}


@pytest.mark.parametrize("size", SIZES)
def test_premium_storage_is_in_the_name_of_a_size(size: str) -> None:
    assert supported_machines.can_have_premium_storage(size) is SIZES[size]


def test_a_machine_on_managed_disks_can_have_them() -> None:
    assert supported_machines.crash_consistency_objection(machine(), [DISK, DISK]) is None
    supported_machines.check_crash_consistent(machine(securityProfile={"securityType": "TrustedLaunch"}), [DISK])


@pytest.mark.parametrize(
    ("body", "disks", "reason"),
    [
        (machine(hardwareProfile={"vmSize": "Standard_A1_v2"}), [DISK], "its size Standard_A1_v2"),
        (machine(securityProfile={"securityType": "ConfidentialVM"}), [DISK], "confidential"),
        (machine(storageProfile={"osDisk": {"diffDiskSettings": {"option": "Local"}}}), [DISK], "ephemeral"),
        (
            machine(storageProfile={"osDisk": {}, "dataDisks": [{"name": "log", "writeAcceleratorEnabled": True}]}),
            [DISK],
            "its disk log is write-accelerated",
        ),
        (machine(), [DISK, None], "unmanaged"),
        (machine(), [DISK | {"sku": {"name": "UltraSSD_LRS"}}], "its disk data0 is an Ultra disk"),
        (machine(), [DISK | {"sku": {"name": "PremiumV2_LRS"}}], "Premium SSD v2"),
        (machine(), [DISK | {"properties": {"maxShares": 2}}], "its disk data0 is shared"),
    ],
)
def test_what_is_not_supported_is_refused_with_its_reason(body: Json, disks: list[Json | None], reason: str) -> None:
    with pytest.raises(ServiceError) as refused:
        supported_machines.check_crash_consistent(body, disks)
    assert refused.value.code == "UserErrorCrashConsistentSnapshotNotSupported"
    assert reason in refused.value.message


def test_enhanced_policies_fall_back_and_one_kind_wants_nothing_else() -> None:
    assert supported_machines.falls_back_to_crash_consistent({"policyType": "V2"})
    assert not supported_machines.falls_back_to_crash_consistent({"policyType": "V1"})
    assert supported_machines.wants_crash_consistent_alone({"snapshotConsistencyType": "OnlyCrashConsistent"})
    assert not supported_machines.wants_crash_consistent_alone({})
