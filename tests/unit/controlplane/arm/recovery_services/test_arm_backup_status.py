"""What can be asked about a machine, and about a restore, before anything is done."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

from controlplane.domain.recovery_services.supported_systems import SYSTEMS, system_of
from controlplane.json_object import Json
from tests.unit.controlplane.adapters.scripted_fabric import apply_desired
from tests.unit.controlplane.arm.arm_world import (
    CONTAINER,
    GROUP,
    ITEM,
    SUBSCRIPTION,
    TARGET,
    VAULT,
    VM,
    ArmWorld,
    furnished_world,
    machine_body,
)
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import (
    back_up,
    delete_item,
    listed,
    put_item,
    restore_body,
)

WEST = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus"
ABOUT = {"resourceType": "VM", "resourceId": VM}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with furnished_world() as world:
        yield world


def ask(world: ArmWorld, operation: str, body: Json, place: str = WEST) -> Json:
    answer = world.post(f"{place}/{operation}", body)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


# --------------------------------------------------------------------------------------------------------------- status


def test_a_machine_that_no_vault_has_is_not_protected(world: ArmWorld) -> None:
    assert ask(world, "backupStatus", ABOUT) == {"protectionStatus": "NotProtected"}


def test_the_status_names_vault_container_and_item(world: ArmWorld) -> None:
    world.protect()
    assert ask(
        world, "backupStatus", ABOUT | {"resourceId": VM.upper().replace("/SUBSCRIPTIONS", "/subscriptions")}
    ) == {
        "protectionStatus": "Protected",
        "vaultId": VAULT,
        "fabricName": "Azure",
        "containerName": CONTAINER.rpartition("/")[2],
        "protectedItemName": ITEM.rpartition("/")[2],
        "errorCode": "Success",
        "errorMessage": "",
        "policyName": "DefaultPolicy",
        "registrationStatus": "Registered",
    }
    east = WEST.replace("westus", "East US")
    assert ask(world, "backupStatus", ABOUT, east) == {"protectionStatus": "NotProtected"}


def test_what_is_asked_about_must_be_a_machine(world: ArmWorld) -> None:
    for body, expected in (
        ({}, (400, "BMSUserErrorInvalidInput")),
        (ABOUT | {"resourceType": "Toaster"}, (400, "BMSUserErrorInvalidInput")),
        (ABOUT | {"resourceType": "AzureFileShare"}, (501, "OperationNotSimulated")),
        (ABOUT | {"resourceId": VAULT}, (400, "BMSUserErrorInvalidSourceResourceId")),
        (ABOUT | {"resourceId": "sql01"}, (400, "BMSUserErrorInvalidSourceResourceId")),
    ):
        assert world.error("POST", f"{WEST}/backupStatus", body) == expected
        assert world.error("POST", f"{WEST}/backupPreValidateProtection", body) == expected
    nowhere = WEST.replace("westus", "atlantis")
    assert world.error("POST", f"{nowhere}/backupStatus", ABOUT) == (400, "LocationNotAvailableForResourceType")


# ------------------------------------------------------------------------------------------------------- pre-validation


def verdict(world: ArmWorld, vault: str | None = VAULT, machine: str = VM, place: str = WEST) -> str:
    """Succeeded, or the code of what stands against it."""
    body = {"resourceType": "VM", "resourceId": machine, "vaultId": vault, "properties": ""}
    found = ask(world, "backupPreValidateProtection", body, place)
    assert found["containerName"].lower().startswith("iaasvmcontainer;iaasvmcontainerv2;demo;")
    assert (found["status"] == "Failed") == bool(found["errorCode"]) == bool(found["errorMessage"])
    return str(found["errorCode"] or found["status"])


def test_a_machine_that_runs_and_is_free_passes(world: ArmWorld) -> None:
    assert verdict(world) == "Succeeded"
    assert verdict(world, vault=None) == "Succeeded"


def test_places_must_fit(world: ArmWorld) -> None:
    assert verdict(world, machine=f"{VM}x") == "UserErrorVmNotFoundV2"
    assert verdict(world, place=WEST.replace("westus", "eastus")) == "UserErrorVmVaultLocationMismatch"
    assert verdict(world, vault=f"{VAULT}x") == "ResourceNotFound"
    far = VAULT.replace("Vault01", "Far01")
    world.put(far, {"location": "eastus", "sku": {"name": "Standard"}, "properties": {}})
    assert verdict(world, vault=far) == "UserErrorVmVaultLocationMismatch"
    about = ABOUT | {"vaultId": GROUP}
    assert world.error("POST", f"{WEST}/backupPreValidateProtection", about) == (400, "BMSUserErrorInvalidInput")


def test_a_machine_that_a_vault_has_does_not_pass(world: ArmWorld) -> None:
    other = VAULT.replace("Vault01", "Vault02")
    world.put(other, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})
    world.protect()
    assert verdict(world) == "BMSUserErrorVirtualMachineAlreadyInVault"
    assert verdict(world, vault=other) == "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault"
    put_item(world, policyId="", protectionState="ProtectionStopped")
    assert verdict(world, vault=other) == "Succeeded"
    delete_item(world)
    assert verdict(world, vault=other) == "Succeeded"


def test_the_agent_of_a_machine_that_runs_must_be_ready(world: ArmWorld) -> None:
    apply_desired(world.ports.store, VM, agent="Not Ready")
    assert verdict(world) == "UserErrorGuestAgentStatusUnavailable"
    world.fabric.power(VM, "deallocated")
    assert verdict(world) == "Succeeded"


def test_an_image_that_is_not_on_the_list_does_not_pass(world: ArmWorld) -> None:
    body = machine_body(world.add_account())
    other = VM.replace("Sql01", "Old01")
    profile = body["properties"]["storageProfile"]
    profile["imageReference"] = {"publisher": "OpenLogic", "offer": "CentOS", "sku": "5.9"}
    profile["osDisk"] |= {"osType": "Linux", "name": "old", "vhd": {"uri": profile["osDisk"]["vhd"]["uri"] + "x.vhd"}}
    profile["dataDisks"] = []
    world.put(other, body)
    assert verdict(world, machine=other) == "UserErrorUnsupportedDistribution"


@pytest.mark.parametrize(
    ("image", "supported"),
    [
        ("MicrosoftWindowsServer:WindowsServer:2022-datacenter-azure-edition", True),
        ("MicrosoftWindowsServer:WindowsServer:2008-R2-SP1", True),
        ("MicrosoftWindowsServer:WindowsServer:2003", False),
        ("MicrosoftSQLServer:sql2022-ws2022:sqldev-gen2", True),
        ("Canonical:0001-com-ubuntu-server-jammy:22_04-lts-gen2", True),
        ("canonical:ubuntu-24_04-lts:server", True),
        ("Canonical:UbuntuServer:14.04.5-LTS", False),
        ("RedHat:RHEL:9-lvm-gen2", True),
        ("RedHat:RHEL:6.5", False),
        ("SUSE:sles-15-sp5:gen2", True),
        ("Nobody:nothing:1", False),
    ],
)
def test_the_list_of_systems(world: ArmWorld, image: str, supported: bool) -> None:
    assert (system_of(*image.split(":")) is not None) == supported
    asked = {"featureType": "AzureVMResourceBackup", "vmSize": "Standard_D2s_v5", "vmSku": image}
    expected = "Supported" if supported else "NotSupported"
    assert ask(world, "backupValidateFeatures", asked) == {"supportStatus": expected}


def test_features_have_names(world: ArmWorld) -> None:
    assert ask(world, "backupValidateFeatures", {"featureType": "AzureBackupGoals"}) == {"supportStatus": "Supported"}
    wrong = {"featureType": "Magic"}
    assert world.error("POST", f"{WEST}/backupValidateFeatures", wrong) == (400, "BMSUserErrorInvalidInput")


def test_the_page_of_supported_systems_is_the_list() -> None:
    page = (Path(__file__).parents[5] / "docs" / "supported-systems.md").read_text(encoding="utf-8")
    rows = [line.split("|")[1].strip() for line in page.splitlines() if line.startswith("| ")]
    assert rows[1:] == [system.name for system in SYSTEMS]


# ---------------------------------------------------------------------------------------------- validation of a restore


def validation(world: ArmWorld, point: Json, **changes: object) -> Json:
    request = restore_body(point)["properties"] | changes
    return {
        "id": point["id"],
        "properties": {"objectType": "ValidateIaasVMRestoreOperationRequest", "restoreRequest": request},
    }


def test_a_restore_is_validated_and_not_begun(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    before = listed(world, f"{VAULT}/backupJobs")
    answer = world.post(f"{VAULT}/backupTriggerValidateOperation", validation(world, point))
    assert (answer.status_code, answer.content) == (202, b"")
    status = world.follow(answer)
    fine: Json = {"validateOperationResponse": {"validationResults": []}}
    assert status["properties"] == {"objectType": "OperationStatusValidateOperationExtendedInfo"} | fine
    assert world.get(answer.headers["Location"]) == fine
    assert listed(world, f"{VAULT}/backupJobs") == before
    assert world.follow(world.post(f"{point['id']}/restore", restore_body(point)))["status"] == "Succeeded"


def test_clients_before_2023_ask_without_an_envelope(world: ArmWorld) -> None:
    """As the Go SDK of api-version 2022-03-01 does."""
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    path, asked = f"{VAULT}/backupTriggerValidateOperation", validation(world, point)["properties"]
    answer = world.request("POST", path, asked, **{"api-version": "2022-03-01"})
    assert answer.status_code == 202
    assert world.get(answer.headers["Location"]) == {"validateOperationResponse": {"validationResults": []}}

    def told(**changes: object) -> list[str]:
        wrong = asked | {"restoreRequest": asked["restoreRequest"] | changes}
        found = world.post(f"{VAULT}/backupValidateOperation", wrong).json()["validateOperationResponse"]
        return [each["code"] for each in found["validationResults"]]

    assert told(storageAccountId=f"{TARGET}x") == ["UserErrorBcmRestoreStorageAccountNotFound"]
    assert told(recoveryPointId="1") == told(sourceResourceId=f"{VM}x") == ["BMSUserErrorRecoveryPointNotFound"]
    nowhere = asked | {"restoreRequest": asked["restoreRequest"] | {"sourceResourceId": "sql01"}}
    assert world.error("POST", path, nowhere) == (400, "BMSUserErrorInvalidInput")


def test_what_a_restore_would_be_told_is_told(world: ArmWorld) -> None:
    world.protect()
    back_up(world)
    (point,) = listed(world, f"{ITEM}/recoveryPoints")
    path = f"{VAULT}/backupValidateOperation"
    found = world.post(path, validation(world, point, storageAccountId=f"{TARGET}x")).json()
    (problem,) = found["validateOperationResponse"]["validationResults"]
    assert problem["code"] == "UserErrorBcmRestoreStorageAccountNotFound"
    assert problem["message"]
    assert problem["recommendations"]
    wrong = validation(world, point)
    assert world.error("POST", path, wrong | {"id": VM}) == (400, "BMSUserErrorInvalidInput")
    assert world.error("POST", path, wrong | {"properties": {}}) == (400, "BMSUserErrorInvalidInput")
    unknown = f"{VAULT}/backupValidateOperationResults/none"
    assert world.error("GET", unknown) == (404, "OperationNotFound")
