"""Microsoft.RecoveryServices/vaults/backupResourceGuardProxies: a vault's mapping to a guard, and unlocking."""

from __future__ import annotations

from controlplane.arm.edge.call import Answer, Call, RequestBody, as_json, encode
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services.vault_request import ENVELOPE
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId
from controlplane.domain.recovery_services import resource_guard, vault, vault_settings
from controlplane.domain.recovery_services.resource_guard import DELETE_ITEM, DELETE_PROXY, PROXY_KIND, PROXY_TYPE
from controlplane.domain.times import instant
from controlplane.jobs.protection import security_alerts, vault_rules
from controlplane.json_object import Json
from controlplane.ports import Document

PROXIES = f"{VAULT}/backupResourceGuardProxies"
PROXY = f"{PROXIES}/{{proxy}}"


class ProxyPropertiesRequest(RequestBody):
    resource_guard_resource_id: str = ""


class ProxyRequest(RequestBody):
    decided = (
        *ENVELOPE,
        "properties.description",
        "properties.lastUpdatedTime",
        "properties.resourceGuardOperationDetails",
    )

    properties: ProxyPropertiesRequest = ProxyPropertiesRequest()


class UnlockRequest(RequestBody):
    resource_guard_operation_requests: list[str] | None = None
    resource_to_be_deleted: str | None = None


def list_proxies(call: Call) -> Answer:
    require_vault(call)
    store = call.ports.store
    documents = call.by_id(PROXY_KIND, vault_id(call))
    return call.page((document.id, encode(vault_rules.shown_mapping(store, document))) for document in documents)


def get_proxy(call: Call) -> Answer:
    return as_json(vault_rules.shown_mapping(call.ports.store, _proxy(call)))


def put_proxy(call: Call) -> Answer:
    """Map the vault to a guard. It has one at most, so this ends another mapping, which its guard must have allowed."""
    guard_id = call.read(ProxyRequest).properties.resource_guard_resource_id
    store, now = call.ports.store, call.ports.clock.now()
    with store.transaction():
        home = require_vault(call)
        guard = _guard(call, guard_id)
        id = f"{home}/backupResourceGuardProxies/{call.names['proxy']}"
        existing = vault_rules.mapping_document(store, home)
        if existing is not None and (existing.id, existing.private["guard"]) == (id.lower(), guard["id"]):
            return as_json(vault_rules.shown_mapping(store, existing))
        if existing is None:
            _show_in_vault(call, guarded=True)
        else:
            vault_rules.check_unlocked(call.ports, home, DELETE_PROXY, existing.id)
            store.delete(PROXY_KIND, existing.id)
        private = {"id": id, "guard": guard["id"], "updated": instant(now), "unlocks": {}}
        document = store.put(PROXY_KIND, id, {"id": id}, parent=home, private=private)
    return as_json(vault_rules.shown_mapping(store, document))


def delete_proxy(call: Call) -> Answer:
    with call.ports.store.transaction():
        home = require_vault(call)
        existing = call.find(PROXY_KIND)
        if existing is None:
            return Answer(204)
        vault_rules.check_unlocked(call.ports, home, DELETE_PROXY, existing.id)
        call.ports.store.delete(PROXY_KIND, existing.id)
        _show_in_vault(call, guarded=False)
        security_alerts.guard_removed(call.ports.store, home, existing.private["guard"], call.ports.clock.now())
    return Answer(200)


def unlock_delete(call: Call) -> Answer:
    """Allow a deletion for a while: of the named resource, or of the mapping itself."""
    request = call.read(UnlockRequest)
    store, now = call.ports.store, call.ports.clock.now()
    with store.transaction():
        existing = _proxy(call, call.id.removesuffix("/unlockDelete"))
        mapping = vault_rules.shown_mapping(store, existing)
        resource = request.resource_to_be_deleted or existing.id
        operation = DELETE_PROXY if resource.lower() == existing.id else DELETE_ITEM
        resource_guard.check_request(mapping, operation, request.resource_guard_operation_requests)
        unlocks = resource_guard.unlocked(existing.private["unlocks"], resource, now)
        store.put(PROXY_KIND, existing.id, existing.json(), private=existing.private | {"unlocks": unlocks})
    return as_json({"unlockDeleteExpiryTime": instant(now + resource_guard.UNLOCKED_FOR)})


def _proxy(call: Call, id: str | None = None) -> Document:
    document = call.find(PROXY_KIND, id)
    if document is None:
        require_vault(call)
        raise errors.resource_not_found(PROXY_TYPE, call.names["proxy"], call.group)
    return document


def _guard(call: Call, id: str) -> Json:
    """The guard that a vault shall be mapped to, which must be there and in the vault's region."""
    try:
        named = ResourceId.parse(id)
    except ValueError:
        named = None
    if named is None or not named.is_a(resource_guard.TYPE):
        raise errors.invalid_backup_input("resourceGuardResourceId", "it is not the id of a resource guard")
    guard = call.find(resource_guard.KIND, id)
    if guard is None:
        raise errors.resource_not_found(resource_guard.TYPE, named.name, named.group)
    body = guard.json()
    if body["location"] != call.get(vault.KIND, vault_id(call)).json()["location"]:
        raise errors.invalid_backup_input("resourceGuardResourceId", "the guard must be in the region of the vault")
    return body


def _show_in_vault(call: Call, guarded: bool) -> None:
    home = call.get(vault.KIND, vault_id(call)).json()
    changed = home | {"properties": vault_settings.with_authorization(home["properties"], guarded)}
    call.ports.store.put(vault.KIND, home["id"], vault.stamped(changed, call.ports.clock.now()))


ROUTES = (
    reading(PROXIES, list_proxies),
    reading(PROXY, get_proxy),
    Route("PUT", PROXY, put_proxy, body=ProxyRequest, codes=(200,)),
    Route("DELETE", PROXY, delete_proxy, codes=(200, 204)),
    Route("POST", f"{PROXY}/unlockDelete", unlock_delete, body=UnlockRequest, codes=(200,)),
)
