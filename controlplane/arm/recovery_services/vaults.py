"""Microsoft.RecoveryServices/vaults: creation with the built-in policies, change, deletion, and their operations."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode

from controlplane.arm.edge.call import Answer, Call, as_json, rows
from controlplane.arm.edge.filters import SECONDARY_REGION
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.recovery_services.vault_change import Asked, apply
from controlplane.arm.recovery_services.vault_request import IdentityRequest, PropertiesRequest, VaultRequest
from controlplane.domain import errors, location
from controlplane.domain.errors.vaults import INVALID_REST_API_PARAMETER, VAULT_DELETION_FORBIDDEN
from controlplane.domain.recovery_services import policy, vault, vault_identity
from controlplane.domain.recovery_services.vault import KIND, TYPE
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.jobs.retention import deleted_vaults
from controlplane.ports import Document

VAULTS = f"{GROUP}/providers/{TYPE}"
VAULT = f"{VAULTS}/{{vault}}"

FIRST_VERSION_WITH_A_DELETION = "2024-04-01"
"""api-versions before know no operation to poll: their clients, azurerm among them, take 200 for a deletion alone."""
SECONDARY_REGION_VERSION = "2021-11-15"
"""What the published SDK of the secondary region asks by, and nobody else: the paths are those of the first."""
_STAMP = "2047;"
"""What stands before the id in the base64 names of a vault's own operations."""


def put_vault(call: Call) -> Answer:
    request = call.read(VaultRequest)
    if request.properties is None:
        raise INVALID_REST_API_PARAMETER.error(parameter="properties")
    place = location.normalised(request.location, TYPE)
    with call.ports.store.transaction():
        call.get_group()
        existing = call.find(KIND)
        call.check_precondition(existing)
        if existing:
            _check_location(call, existing, place)
            return call.stored(apply(call, existing.json(), existing, _asked(request, replaces=True)))
        document = apply(call, vault.new(call.id, place), None, _asked(request, replaces=True))
        for built_in in policy.built_in(call.id, call.ports.clock.now()):
            call.ports.store.put(policy.KIND, built_in["id"], built_in, parent=call.id)
        name = _finished_operation(call)
    # As in the service: the answer still says Provisioning, and its operation ends soon.
    return call.accepted(f"{call.id}/operationStatus/{name}", status=201, body=vault.provisioning(document.json()))


def patch_vault(call: Call) -> Answer:
    """A change of tags alone is answered with the vault, any other with an operation."""
    request = call.read(VaultRequest)
    with call.ports.store.transaction():
        existing = call.get(KIND)
        call.check_precondition(existing)
        if request.location is not None:
            _check_location(call, existing, location.normalised(request.location, TYPE))
        change = _asked(request, replaces=False)
        document = apply(call, existing.json(), existing, change)
        if not change.settings and change.identity is None and change.sku is None:
            return call.stored(document)
        name = _finished_operation(call)
    return call.accepted(f"{call.id}/operationStatus/{name}", f"{call.id}/operationResults/{name}")


def get_vault(call: Call) -> Answer:
    return call.stored(call.get(KIND))


def list_vaults(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_vaults(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def delete_vault(call: Call) -> Answer:
    registrations = call.ports.providers.registrations(call.id)
    with call.ports.store.transaction():
        existing = call.find(KIND)
        if existing is None:
            return Answer(204)
        call.check_precondition(existing)
        if registrations:
            raise VAULT_DELETION_FORBIDDEN.error(registrations=", ".join(registrations))
        deleted_vaults.delete(call.ports, existing)
        if call.query["api-version"] < FIRST_VERSION_WITH_A_DELETION:
            return Answer()
        name = _finished_operation(call)
    return call.accepted(f"{call.id}/operationStatus/{name}", f"{call.id}/operationResults/{name}")


def get_operation_status(call: Call) -> Answer:
    status = _operation(call).json()["status"]
    return as_json({"id": call.id, "name": call.names["operation"], "status": status})


def get_operation_result(call: Call) -> Answer:
    """The vault that the operation was about; nothing if it was deleted."""
    _operation(call)
    document = call.find(KIND, vault_id(call))
    return Answer(204) if document is None else call.stored(document)


def check_region(call: Call) -> None:
    """Refuse what is to be read from the secondary region: clients ask for it by an api-version of its own, or by a
    query parameter."""
    asked = call.query.get(SECONDARY_REGION, "false").lower()
    if call.query["api-version"] == SECONDARY_REGION_VERSION or asked != "false":
        raise errors.operation_not_simulated("reading from the secondary region")


def require_vault(call: Call) -> str:
    """The id of the vault that the path lies in, as it is stored; a 404 without it."""
    id: str = call.get(KIND, vault_id(call)).json()["id"]
    return id


def vault_id(call: Call) -> str:
    """The id of the vault that the path lies in."""
    return f"{call.group_id}/providers/{TYPE}/{call.names['vault']}"


def _asked(request: VaultRequest, *, replaces: bool) -> Asked:
    """The change that a PUT (which replaces identities and tags) or a PATCH requests."""
    properties = request.properties or PropertiesRequest()
    return Asked(
        settings=properties.settings(),
        identity=_identity(request.identity, replaces),
        tags=request.tags if request.tags is not None or not replaces else {},
        sku=request.sku.model_dump(by_alias=True, exclude_none=True) if request.sku else None,
        guard_requests=properties.resource_guard_operation_requests,
    )


def _identity(request: IdentityRequest | None, replaces: bool) -> vault_identity.Request | None:
    if request is None or (request.type is None and request.user_assigned_identities is None):
        return None
    users = request.user_assigned_identities
    assigned = None if users is None else {id: entry is not None for id, entry in users.items()}
    return vault_identity.Request(request.type, assigned, replaces)


def _check_location(call: Call, existing: Document, place: str) -> None:
    actual = existing.json()["location"]
    if actual != place:
        raise errors.location_conflict(call.names["vault"], actual, call.group, place)


def _finished_operation(call: Call) -> str:
    """Record that what this call did is done; returns the operation's name in paths."""
    id = call.new_guid()
    started = instant(call.ports.clock.now())
    call.ports.store.put(operation.KIND, id, operation.succeeded(id, started), parent=vault_id(call))
    return urlsafe_b64encode(f"{_STAMP}{id}".encode()).decode()


def _operation(call: Call) -> Document:
    name = call.names["operation"]
    try:
        stamp, _, id = b64decode(name, b"-_", validate=True).decode().partition(";")
    except ValueError:
        stamp, id = "", ""
    document = call.ports.store.get(operation.KIND, id) if f"{stamp};" == _STAMP else None
    if document is None or document.parent != vault_id(call).lower():
        raise errors.operation_not_found(name)
    return document


ROUTES = (
    Route("PUT", VAULT, put_vault, body=VaultRequest, codes=(200, 201)),
    reading(VAULT, get_vault),
    Route("PATCH", VAULT, patch_vault, body=VaultRequest, codes=(200, 202)),
    Route("DELETE", VAULT, delete_vault, codes=(200, 202, 204)),
    reading(f"{VAULT}/operationStatus/{{operation}}", get_operation_status),
    reading(f"{VAULT}/operationResults/{{operation}}", get_operation_result, codes=(200, 204)),
    reading(VAULTS, list_vaults),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_vaults),
)
