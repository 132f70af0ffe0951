"""Microsoft.RecoveryServices as a provider: name availability, and the list of operations.

The parts of a vault that serve servers outside Azure or private networks stand here too, refused by name.
"""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading, refused, split
from controlplane.arm.recovery_services.vaults import VAULT, require_vault
from controlplane.domain import errors, location
from controlplane.domain.recovery_services import vault
from controlplane.domain.resources import resource_names
from controlplane.json_object import Json

NAMESPACE = "Microsoft.RecoveryServices"
NAME_CHECK = f"{GROUP}/providers/{NAMESPACE}/locations/{{location}}/checkNameAvailability"
CAPABILITIES = f"{SUBSCRIPTION}/providers/{NAMESPACE}/locations/{{location}}/capabilities"

_VERBS = {"GET": "read", "PUT": "write", "PATCH": "write", "DELETE": "delete"}


class NameRequest(RequestBody):
    type: str | None = None
    name: str = ""


def check_name(call: Call) -> Answer:
    """Names of vaults are free again as soon as a vault is deleted, whatever is kept of it."""
    request = call.read(NameRequest)
    location.normalised(call.names["location"], vault.TYPE)
    call.get_group()
    if request.type is not None and request.type.lower() != vault.KIND:
        raise errors.invalid_backup_input("type", f"it must be {vault.TYPE}")
    if not resource_names.is_name(vault.TYPE, request.name):
        reason = {"reason": "Invalid", "message": "A vault's name is 2 to 50 letters, digits and hyphens."}
        return as_json({"nameAvailable": False} | reason)
    if call.find(vault.KIND, f"{call.group_id}/providers/{vault.TYPE}/{request.name}") is not None:
        reason = {"reason": "AlreadyExists", "message": "The resource group already has a vault with this name."}
        return as_json({"nameAvailable": False} | reason)
    return as_json({"nameAvailable": True})


def delete_identity(call: Call) -> Answer:
    """Registered identities are servers outside Azure. None can register, so a named one is already gone."""
    require_vault(call)
    return Answer(204)


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    """The list of the namespace's operations, read off the table of all operations."""
    listed = _operations(described)
    return (reading(f"/providers/{NAMESPACE}/operations", lambda call: as_json({"value": listed})),)


def _operations(described: Iterable[Route]) -> list[Json]:
    operations: dict[str, Json] = {}
    for route in described:
        _, _, below = route.path.rpartition("/providers/")
        namespace, *segments = split(below)
        if namespace != NAMESPACE:
            continue
        kinds, verb = segments[::2], _VERBS.get(route.method)
        *resource, last = kinds
        name = "/".join([namespace, *kinds, verb] if verb else [namespace, *resource, last, "action"])
        display = {"provider": NAMESPACE, "resource": "/".join(kinds), "operation": f"{route.method} {last}"}
        operations[name] = {"name": name, "display": display | {"description": ""}, "origin": "user"}
    return [operations[name] for name in sorted(operations)]


ROUTES = (
    Route("POST", NAME_CHECK, check_name, body=NameRequest),
    refused("POST", CAPABILITIES),
    Route("DELETE", f"{VAULT}/registeredIdentities/{{identity}}", delete_identity, codes=(204,)),
    refused("PUT", f"{VAULT}/certificates/{{certificate}}"),
    refused("GET", f"{VAULT}/extendedInformation/vaultExtendedInfo"),
    refused("PUT", f"{VAULT}/extendedInformation/vaultExtendedInfo"),
    refused("PATCH", f"{VAULT}/extendedInformation/vaultExtendedInfo"),
    refused("GET", f"{VAULT}/privateLinkResources"),
    refused("GET", f"{VAULT}/privateLinkResources/{{resource}}"),
    refused("GET", f"{VAULT}/privateEndpointConnections/{{connection}}"),
    refused("PUT", f"{VAULT}/privateEndpointConnections/{{connection}}"),
    refused("DELETE", f"{VAULT}/privateEndpointConnections/{{connection}}"),
    refused("POST", f"{VAULT}/backupSecurityPIN"),
)
