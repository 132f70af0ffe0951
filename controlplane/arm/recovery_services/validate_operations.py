"""Validation of an operation without starting it: whether a restore request would be accepted."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services.recovery_points import RestorePropertiesRequest
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId, item_id, vault_id_of
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.jobs.dry_run import refusal_of
from controlplane.jobs.restore.rehydration import restore
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, Ports

KIND = "validation"
RESTORES = frozenset({"ValidateIaasVMRestoreOperationRequest", "ValidateRestoreOperationRequest"})


class ValidatePropertiesRequest(RequestBody):
    object_type: str | None = None
    restore_request: RestorePropertiesRequest = RestorePropertiesRequest()


class ValidateRequest(ValidatePropertiesRequest):
    """api-versions before 2023-06-01 have no envelope around the properties; there the restore names its point."""

    also_read = ("objectType", "restoreRequest", "properties.restoreRequest.recoveryPointRehydrationInfo")

    id: str | None = None
    properties: ValidatePropertiesRequest | None = None


def post_validate(call: Call) -> Answer:
    require_vault(call)
    return as_json(_findings(call))


def post_trigger(call: Call) -> Answer:
    """It is done when the answer is given; the result is asked for as if it had taken its time."""
    require_vault(call)
    findings, id = _findings(call), call.new_guid()
    call.ports.store.put(KIND, id, findings, parent=vault_id(call), private={"at": instant(call.ports.clock.now())})
    home = vault_id(call)
    return call.accepted(f"{home}/backupValidateOperationsStatuses/{id}", f"{home}/backupValidateOperationResults/{id}")


def get_status(call: Call) -> Answer:
    document = _known(call)
    body = operation.succeeded(document.id, document.private["at"])
    properties = {"objectType": "OperationStatusValidateOperationExtendedInfo", **document.json()}
    return as_json(body | {"properties": properties})


def get_result(call: Call) -> Answer:
    return as_json(_known(call).json())


def _findings(call: Call) -> Json:
    request = call.read(ValidateRequest)
    validation = request.properties or request
    if validation.object_type not in RESTORES:
        raise errors.invalid_backup_input("objectType", f"it must be one of {', '.join(sorted(RESTORES))}")
    restore_body = {"properties": validation.restore_request.model_dump(by_alias=True, exclude_none=True)}
    point = _point(call, request.id or "") if request.properties else _point_of(call, validation.restore_request)

    def attempt(ports: Ports, engine: Engine) -> None:
        restore(ports, engine, point, restore_body)

    refusal = refusal_of(call.ports, attempt)
    results = [] if refusal is None else [_finding(refusal)]
    return {"validateOperationResponse": {"validationResults": results}}


def _finding(error: errors.ServiceError) -> Json:
    return {
        "code": error.code,
        "message": error.message,
        "recommendations": [error.remedy] if error.remedy else [],
    }


def _point(call: Call, id: str) -> str:
    """The id of a recovery point of this vault."""
    try:
        inside = vault_id_of(id).lower() == vault_id(call).lower() and "/recoverypoints/" in id.lower()
    except ValueError:
        inside = False
    if not inside:
        raise errors.invalid_backup_input("id", "it must be the id of a recovery point in the vault")
    return id


def _point_of(call: Call, restore: RestorePropertiesRequest) -> str:
    """The id of the recovery point that the restore names, of the machine that it names."""
    try:
        machine = ResourceId.parse(restore.source_resource_id or "")
    except ValueError:
        raise errors.invalid_backup_input("sourceResourceId", "it must be the id of a virtual machine") from None
    item = item_id(vault_id(call), machine.group, machine.name)
    return f"{item}/recoveryPoints/{restore.recovery_point_id or ''}"


def _known(call: Call) -> Document:
    document = call.ports.store.get(KIND, call.names["operation"])
    if document is None or document.parent != vault_id(call).lower():
        raise errors.operation_not_found(call.names["operation"])
    return document


ROUTES = (
    Route("POST", f"{VAULT}/backupValidateOperation", post_validate, body=ValidateRequest),
    Route("POST", f"{VAULT}/backupTriggerValidateOperation", post_trigger, body=ValidateRequest, codes=(202,)),
    reading(f"{VAULT}/backupValidateOperationsStatuses/{{operation}}", get_status),
    reading(f"{VAULT}/backupValidateOperationResults/{{operation}}", get_result),
)
