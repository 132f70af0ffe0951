"""What Azure Backup tells of a machine without a vault: backup status, pre-validation and supported features."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import SUBSCRIPTION, Route
from controlplane.domain import errors, location
from controlplane.domain.arm_id import ResourceId, container_name, item_name
from controlplane.domain.compute.virtual_machine import TYPE as MACHINE
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.protection import RESOURCE_IS_NOT_A_MACHINE
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.supported_systems import system_of
from controlplane.jobs.engine.records import LOCK
from controlplane.jobs.protection import pre_validation
from controlplane.jobs.protection.stopping import lock_of
from controlplane.json_object import Json
from controlplane.ports import Document

LOCATION = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/{{location}}"
OTHER_SOURCES = frozenset({"AzureFileShare", "SQLDataBase", "SAPHanaDatabase", "SAPAseDatabase", "SAPHanaDBInstance"})
"""What else can be asked about, and is not simulated."""


class StatusRequest(RequestBody):
    resource_type: str | None = None
    resource_id: str | None = None
    po_logical_name: str | None = None


class PreValidateRequest(RequestBody):
    resource_type: str | None = None
    resource_id: str | None = None
    vault_id: str | None = None
    properties: str | None = None


class FeatureRequest(RequestBody):
    feature_type: str | None = None
    vm_size: str | None = None
    vm_sku: str | None = None


def post_status(call: Call) -> Answer:
    """An item counts as protection in every state: it names the vault."""
    request = call.read(StatusRequest)
    machine, region = _machine(request.resource_type, request.resource_id), _region(call)
    items = pre_validation.items_of(call.ports.store, machine)
    item_in_region = next((item for item in items if item.json()["properties"]["sourceLocation"] == region), None)
    return as_json({"protectionStatus": "NotProtected"} if item_in_region is None else _protected(call, item_in_region))


def _protected(call: Call, item: Document) -> Json:
    body = item.json()
    vm = ResourceId.parse(body["properties"]["sourceResourceId"])
    busy = call.ports.store.get(LOCK, lock_of(item.id)) is not None
    fresh = protected_item.state_of(body) == "IRPending"
    return {
        "protectionStatus": "Protecting" if busy and fresh else "Protected",
        "vaultId": body["id"].partition("/backupFabrics/")[0],
        "fabricName": "Azure",
        "containerName": container_name(vm.group, vm.name),
        "protectedItemName": item_name(vm.group, vm.name),
        "errorCode": "Success",
        "errorMessage": "",
        "policyName": body["properties"].get("policyName", ""),
        "registrationStatus": "Registered",
    }


def post_pre_validate(call: Call) -> Answer:
    """The answer is a 200 in either case."""
    request = call.read(PreValidateRequest)
    machine = _machine(request.resource_type, request.resource_id)
    region, vault, vm = _region(call), _vault(request.vault_id), ResourceId.parse(machine)
    names = {"containerName": container_name(vm.group, vm.name), "protectedItemName": item_name(vm.group, vm.name)}
    try:
        pre_validation.check(call.ports, machine, region, vault)
    except ServiceError as error:
        refusal = {"errorCode": error.code, "errorMessage": error.message, "recommendation": error.remedy}
        return as_json({"status": "Failed", **refusal, **names})
    return as_json({"status": "Succeeded", "errorCode": "", "errorMessage": "", "recommendation": "", **names})


def post_features(call: Call) -> Answer:
    """Every size of a machine can be backed up; of the images those on the list."""
    request = call.read(FeatureRequest)
    _region(call)
    if request.feature_type not in {"AzureBackupGoals", "AzureVMResourceBackup"}:
        raise errors.invalid_backup_input("featureType", "it must be AzureBackupGoals or AzureVMResourceBackup")
    supported = request.feature_type == "AzureBackupGoals" or _is_supported(request.vm_sku or "")
    return as_json({"supportStatus": "Supported" if supported else "NotSupported"})


def _is_supported(image: str) -> bool:
    """An image is written as publisher:offer:sku. A machine without an image is not checked."""
    parts = image.split(":")
    return len(parts) < 3 or system_of(*parts[:3]) is not None


def _machine(kind: str | None, id: str | None) -> str:
    if kind in OTHER_SOURCES:
        raise errors.operation_not_simulated(f"backup of {kind}")
    if kind != "VM":
        raise errors.invalid_backup_input("resourceType", "it must be VM")
    if not _is_a(id, MACHINE):
        raise RESOURCE_IS_NOT_A_MACHINE.error()
    return str(id)


def _vault(id: str | None) -> str:
    if id and not _is_a(id, "Microsoft.RecoveryServices/vaults"):
        raise errors.invalid_backup_input("vaultId", "it is not the id of a vault")
    return id or ""


def _is_a(id: str | None, full_type: str) -> bool:
    try:
        return ResourceId.parse(id or "").is_a(full_type)
    except ValueError:
        return False


def _region(call: Call) -> str:
    return location.normalised(call.names["location"], "Microsoft.RecoveryServices/vaults")


ROUTES = (
    Route("POST", f"{LOCATION}/backupStatus", post_status, body=StatusRequest),
    Route("POST", f"{LOCATION}/backupPreValidateProtection", post_pre_validate, body=PreValidateRequest),
    Route("POST", f"{LOCATION}/backupValidateFeatures", post_features, body=FeatureRequest),
)
