"""Microsoft.RecoveryServices/locations/deletedVaults: deleted vaults with their items, and undeletion."""

from __future__ import annotations

from controlplane.arm.edge.call import GROUP_KIND, Answer, Call, RequestBody, as_json, rows
from controlplane.arm.edge.routing import SUBSCRIPTION, Route, reading
from controlplane.domain import errors, location
from controlplane.domain.errors.arm import SUBSCRIPTION_NOT_FOUND
from controlplane.domain.recovery_services import deleted_vault
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.jobs.retention import deleted_vaults
from controlplane.json_object import Json
from controlplane.ports import Document

LOCATION = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/{{location}}"
DELETED_VAULTS = f"{LOCATION}/deletedVaults"
DELETED_VAULT = f"{DELETED_VAULTS}/{{vault}}"


class UndeletePropertiesRequest(RequestBody):
    recovery_resource_group_id: str = ""


class UndeleteRequest(RequestBody):
    properties: UndeletePropertiesRequest = UndeletePropertiesRequest()


def list_deleted_vaults(call: Call) -> Answer:
    return call.page(rows(call.by_id(deleted_vault.KIND, _place(call))))


def get_deleted_vault(call: Call) -> Answer:
    return call.stored(_deleted(call))


def undelete(call: Call) -> Answer:
    """Bring the vault back into a group of the subscription, under the name that it had."""
    request = call.read(UndeleteRequest)
    store, id = call.ports.store, call.new_guid()
    with store.transaction():
        existing = _deleted(call)
        deleted_vaults.undelete(call.ports, existing, _group(call, request.properties.recovery_resource_group_id))
        done = operation.succeeded(id, instant(call.ports.clock.now()))
        store.put(operation.KIND, id, done, parent=existing.id)
    return call.accepted(f"{call.id.removesuffix('/undelete')}/operations/{id}")


def get_operation(call: Call) -> Answer:
    """How an undeletion went; the vault is no deleted one by then."""
    document = call.ports.store.get(operation.KIND, call.names["operation"])
    if document is None or document.parent != _id(call).lower():
        raise errors.operation_not_found(call.names["operation"])
    return as_json(document.json() | {"id": call.id})


def _place(call: Call) -> str:
    """The id of the region, whichever way the path spells it."""
    place = location.normalised(call.names["location"], deleted_vault.TYPE)
    return deleted_vault.collection(call.names["subscription"], place)


def _id(call: Call) -> str:
    return f"{_place(call)}/deletedVaults/{call.names['vault']}"


def _deleted(call: Call) -> Document:
    document = call.find(deleted_vault.KIND, _id(call))
    if document is None:
        raise deleted_vault.not_found(call.names["vault"])
    return document


def _group(call: Call, id: str) -> Json:
    """The group that a vault shall be brought back into."""
    parts = id.strip("/").split("/")
    if len(parts) != 4 or [parts[0].lower(), parts[2].lower()] != ["subscriptions", "resourcegroups"]:
        raise errors.invalid_backup_input("recoveryResourceGroupId", "it must be the id of a resource group")
    if parts[1].lower() != call.names["subscription"].lower():
        raise SUBSCRIPTION_NOT_FOUND.error(subscription=parts[1])
    document = call.find(GROUP_KIND, f"/{'/'.join(parts)}")
    if document is None:
        raise errors.resource_group_not_found(parts[3])
    return document.json()


ROUTES = (
    reading(DELETED_VAULTS, list_deleted_vaults),
    reading(DELETED_VAULT, get_deleted_vault),
    Route("POST", f"{DELETED_VAULT}/undelete", undelete, body=UndeleteRequest, codes=(202,)),
    reading(f"{DELETED_VAULT}/operations/{{operation}}", get_operation),
)
