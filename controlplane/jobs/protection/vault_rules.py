"""Checks of a vault's immutability and resource guard before a change of its items or policies.

Each check reads the store and raises the ServiceError that the request is answered with. `requests` are the ids of the
guard's request objects that the request names.
"""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.recovery_services import immutability, policy, protected_item, resource_guard, vault
from controlplane.domain.recovery_services.resource_guard import Operation
from controlplane.domain.times import parse_instant
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from controlplane.ports import Document, Ports, Store

NO_VAULT: Json = {"properties": {"securitySettings": {}}}


def check_item_put(ports: Ports, item_id: str, request: Json) -> None:
    """A request that changes an item; `request` is its properties."""
    item = ports.store.get(protected_item.KIND, item_id)
    if item is None or request.get("isRehydrate"):
        return
    if request.get("protectionState") == "BackupsSuspended":
        immutability.check_suspension(_vault(ports.store, vault_id_of(item_id)))
    requests = request.get("resourceGuardOperationRequests")
    if request.get("protectionState") == "ProtectionStopped":
        check_guard(ports.store, vault_id_of(item_id), resource_guard.STOP_PROTECTION, requests)
        return
    old = _policy(ports.store, str(item.json()["properties"].get("policyId") or ""))
    new = _policy(ports.store, str(request.get("policyId") or ""))
    if old and new:
        _check_retention(ports.store, vault_id_of(item_id), (old, new), resource_guard.UPDATE_ITEM, requests)


def check_item_deletion(ports: Ports, item_id: str) -> None:
    """A request that deletes an item with all its recovery points. What immutability forbids fails the operation."""
    check_unlocked(ports, vault_id_of(item_id), resource_guard.DELETE_ITEM, item_id)


def check_immutability(ports: Ports, item_id: str) -> None:
    """A job that deletes an item with all its recovery points."""
    held = points.of_item(ports.store, item_id.lower())
    immutability.check_item_deletion(_vault(ports.store, vault_id_of(item_id)), held, ports.clock.now())


def check_policy_put(ports: Ports, former: Document | None, new: Json, requests: Sequence[str] | None) -> None:
    """A request that changes a policy; `new` is its properties."""
    if former is not None:
        change = (former.json()["properties"], new)
        _check_retention(ports.store, former.parent, change, resource_guard.UPDATE_POLICY, requests)


def check_guard(store: Store, vault_id: str, operation: Operation, requests: Sequence[str] | None) -> None:
    """An operation for which a vault's guard may want a request object."""
    if (guard_mapping := mapping(store, vault_id)) is not None:
        resource_guard.check_request(guard_mapping, operation, requests)


def check_unlocked(ports: Ports, vault_id: str, operation: Operation, resource: str) -> None:
    """A deletion that a vault's guard may want unlocked."""
    document = mapping_document(ports.store, vault_id)
    if document is not None:
        guard_mapping, unlocks = shown_mapping(ports.store, document), document.private.get("unlocks", {})
        resource_guard.check_unlocked(guard_mapping, unlocks, operation, resource, ports.clock.now())


def mapping(store: Store, vault_id: str) -> Json | None:
    """A vault's mapping to a resource guard; None without one."""
    document = mapping_document(store, vault_id)
    return shown_mapping(store, document) if document else None


def mapping_document(store: Store, vault_id: str) -> Document | None:
    """The same as it is stored. A vault has one at most."""
    return next(iter(store.find(resource_guard.PROXY_KIND, vault_id, limit=1)), None)


def shown_mapping(store: Store, document: Document) -> Json:
    """What GET answers of a mapping: the operations are those that its guard watches now."""
    guard = store.get(resource_guard.KIND, document.private["guard"])
    assert guard is not None, "a guard stays while a vault is mapped to it"
    return resource_guard.proxy(document.private["id"], guard.json(), parse_instant(document.private["updated"]))


def _check_retention(
    store: Store, vault_id: str, change: tuple[Json, Json], operation: Operation, requests: Sequence[str] | None
) -> None:
    """A change from one policy to another, or of one policy; both are properties."""
    old, new = change
    immutability.check_retention(_vault(store, vault_id), old, new)
    if keeps_for_less(old, new):
        check_guard(store, vault_id, operation, requests)


def keeps_for_less(old: Json, new: Json) -> bool:
    """Whether the new policy keeps recovery points or snapshots for less long than the old one; both are properties."""
    key = "instantRpRetentionRangeInDays"
    return immutability.is_retention_reduced(old, new) or int(new.get(key) or 0) < int(old.get(key) or 0)


def _vault(store: Store, vault_id: str) -> Json:
    document = store.get(vault.KIND, vault_id)
    return document.json() if document else NO_VAULT


def policy_of(store: Store, id: str) -> Json:
    """The properties of a policy; empty if there is none."""
    return _policy(store, id)


def _policy(store: Store, id: str) -> Json:
    document = store.get(policy.KIND, id)
    properties: Json = document.json()["properties"] if document else {}
    return properties
