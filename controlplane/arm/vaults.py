"""Microsoft.RecoveryServices/vaults: creation with the built-in policies, deletion, and the vault's own operations."""

from __future__ import annotations

from base64 import b64decode, urlsafe_b64encode
from typing import Any

from controlplane.arm.call import Answer, Call, RequestBody, as_json, rows
from controlplane.arm.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.domain import errors, job, location, operation, policy, protected_item
from controlplane.domain.times import instant
from controlplane.domain.vault import KIND, TYPE, Vault, body, check, check_deletion, check_name
from controlplane.ports import Json

VAULTS = f"{GROUP}/providers/{TYPE}"
VAULT = f"{VAULTS}/{{vault}}"

_STAMP = "2047;"
"""What stands before the id in the base64 names of a vault's own operations."""


class SoftDeleteRequest(RequestBody):
    soft_delete_state: str = "AlwaysON"
    enhanced_security_state: str = "AlwaysON"
    soft_delete_retention_period_in_days: int = 14


class SecurityRequest(RequestBody):
    soft_delete_settings: SoftDeleteRequest = SoftDeleteRequest()
    immutability_settings: Any = None


class RedundancyRequest(RequestBody):
    standard_tier_storage_redundancy: str = "LocallyRedundant"
    cross_region_restore: str = "Disabled"


class CrossSubscriptionRequest(RequestBody):
    cross_subscription_restore_state: str = "Enabled"


class RestoreSettingsRequest(RequestBody):
    cross_subscription_restore_settings: CrossSubscriptionRequest = CrossSubscriptionRequest()


class PropertiesRequest(RequestBody):
    security_settings: SecurityRequest = SecurityRequest()
    redundancy_settings: RedundancyRequest = RedundancyRequest()
    restore_settings: RestoreSettingsRequest = RestoreSettingsRequest()
    public_network_access: str = "Enabled"
    monitoring_settings: dict[str, dict[str, str | None] | None] | None = None
    encryption: Any = None


class SkuRequest(RequestBody):
    name: str = "Standard"
    tier: str | None = None


class VaultRequest(RequestBody):
    location: str | None = None
    sku: SkuRequest = SkuRequest()
    tags: dict[str, str] | None = None
    identity: dict[str, Any] | None = None
    properties: PropertiesRequest = PropertiesRequest()


def put_vault(call: Call) -> Answer:
    check_name(call.names["vault"])
    vault = _vault(call.read(VaultRequest))
    check(vault)
    now = call.ports.clock.now()
    with call.ports.store.transaction():
        group = call.get_group().json()
        known = call.find(KIND)
        call.check_precondition(known)
        if known and known.json()["location"] != vault.location:
            raise errors.location_conflict(call.names["vault"], known.json()["location"], group["name"], vault.location)
        id = known.json()["id"] if known else call.id
        document = call.ports.store.put(KIND, id, body(id, vault, now), parent=call.group_id)
        if known:
            return call.stored(document)
        for built_in in policy.built_in(id, now):
            call.ports.store.put(policy.KIND, built_in["id"], built_in, parent=id)
        name = _finished_operation(call)
    # As the service does it: the answer still says Provisioning, and the operation it names is soon done.
    return call.accepted(f"{id}/operationStatus/{name}", status=201, body=body(id, vault, now, "Provisioning"))


def get_vault(call: Call) -> Answer:
    return call.stored(call.get(KIND))


def list_vaults(call: Call) -> Answer:
    call.get_group()
    return call.page(rows(call.by_id(KIND, call.group_id)))


def list_all_vaults(call: Call) -> Answer:
    return call.page(rows(call.by_id(KIND, None)))


def delete_vault(call: Call) -> Answer:
    store = call.ports.store
    with store.transaction():
        known = call.find(KIND)
        if known is None:
            return Answer(204)
        call.check_precondition(known)
        items = store.find(protected_item.KIND, known.id)
        check_deletion(protected_item.state_of(item.json()) for item in items)
        for kind in (policy.KIND, job.KIND):
            for document in store.find(kind, known.id):
                store.delete(kind, document.id)
        store.delete(KIND, known.id)
        name = _finished_operation(call)
    return call.accepted(f"{call.id}/operationStatus/{name}")


def get_operation_status(call: Call) -> Answer:
    name = call.names["operation"]
    try:
        stamp, _, id = b64decode(name, b"-_", validate=True).decode().partition(";")
    except ValueError:
        stamp, id = "", ""
    document = call.ports.store.get(operation.KIND, id) if f"{stamp};" == _STAMP else None
    if document is None:
        raise errors.operation_not_found(name)
    return as_json({"id": call.id, "name": name, "status": document.json()["status"]})


def require_vault(call: Call) -> str:
    """The id of the vault that the path lies in, as it is stored; a 404 without it."""
    id: str = call.get(KIND, vault_id(call)).json()["id"]
    return id


def vault_id(call: Call) -> str:
    """The id of the vault that the path lies in."""
    return f"{call.group_id}/providers/{TYPE}/{call.names['vault']}"


def _vault(request: VaultRequest) -> Vault:
    properties = request.properties
    if request.identity and str(request.identity.get("type", "None")).lower() != "none":
        raise errors.operation_not_simulated("identity of a vault")
    if properties.encryption:
        raise errors.operation_not_simulated("encryption of a vault with a customer's key")
    if properties.security_settings.immutability_settings:
        raise errors.operation_not_simulated("immutability of a vault")
    soft_delete = properties.security_settings.soft_delete_settings
    sku: Json = {"name": request.sku.name} | ({"tier": request.sku.tier} if request.sku.tier else {})
    return Vault(
        location=location.normalised(request.location, TYPE),
        sku=sku,
        tags=request.tags or {},
        redundancy=properties.redundancy_settings.standard_tier_storage_redundancy,
        cross_region_restore=properties.redundancy_settings.cross_region_restore,
        soft_delete_state=soft_delete.soft_delete_state,
        soft_delete_days=soft_delete.soft_delete_retention_period_in_days,
        public_network_access=properties.public_network_access,
        cross_subscription_restore=(
            properties.restore_settings.cross_subscription_restore_settings.cross_subscription_restore_state
        ),
        monitoring=properties.monitoring_settings or {},
    )


def _finished_operation(call: Call) -> str:
    """Record that what this call did is done; returns the operation's name in paths."""
    id = call.new_guid()
    started = instant(call.ports.clock.now())
    call.ports.store.put(operation.KIND, id, operation.succeeded(id, started), parent=vault_id(call))
    return urlsafe_b64encode(f"{_STAMP}{id}".encode()).decode()


ROUTES = (
    Route("PUT", VAULT, put_vault),
    reading(VAULT, get_vault),
    Route("DELETE", VAULT, delete_vault),
    refused("PATCH", VAULT),
    reading(f"{VAULT}/operationStatus/{{operation}}", get_operation_status),
    reading(VAULTS, list_vaults),
    reading(f"{SUBSCRIPTION}/providers/{TYPE}", list_all_vaults),
)
