"""Applies a change to a vault, requested by the vault's own API or by an older view of its settings."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from controlplane.arm.edge.call import Call
from controlplane.arm.managed_identity.user_assigned_identities import IDENTITIES
from controlplane.domain.recovery_services import (
    immutability,
    protected_item,
    resource_guard,
    vault,
    vault_identity,
    vault_settings,
)
from controlplane.domain.recovery_services.vault_identity import Directory, Request
from controlplane.jobs.protection import vault_rules
from controlplane.json_object import Json
from controlplane.ports import Document


@dataclass(frozen=True, slots=True)
class Asked:
    """The change that a request makes to a vault; None changes nothing."""

    settings: Json
    identity: Request | None = None
    tags: Mapping[str, str] | None = None
    sku: Json | None = None
    guard_requests: Sequence[str] | None = None
    """Ids of the resource guard's request objects."""
    by_vault_api: bool = True


def apply(call: Call, before: Json, existing: Document | None, request: Asked) -> Document:
    """Write the vault as asked, inside the caller's transaction. `before` is its body, or that of a new vault with
    `existing` None. A request that asks for nothing new leaves the document as it is, its ETags too."""
    store = call.ports.store
    after = dict(before)
    if request.identity is not None:
        directory = _directory(call, request.identity)
        after["identity"] = vault_identity.changed(before.get("identity", {}), request.identity, directory)
    if request.tags is not None:
        after["tags"] = dict(request.tags)
        if not request.tags:
            del after["tags"]
    if request.sku is not None:
        after["sku"] = vault.check_sku(request.sku)
    after["properties"] = vault_settings.merged(before["properties"], request.settings, call.query["api-version"])
    if existing is not None and after == before:
        return existing
    in_use = existing is not None and bool(store.find(protected_item.KIND, existing.id, limit=1))
    identity = after.get("identity", {})
    vault_settings.check(
        vault_settings.Change(before["properties"], after["properties"], identity, in_use, is_new=existing is None)
    )
    if existing is not None:
        _check_guard(call, existing, before["properties"], after["properties"], request.guard_requests)
    private = (existing.private if existing else {}) | _traces(request)
    body = vault.stamped(after, call.ports.clock.now())
    return store.put(vault.KIND, before["id"], body, parent=call.group_id, private=private)


def redundancy_is_of_vault_api(document: Document) -> bool:
    """Whether the vault API ever set the redundancy: from then on the older API may not change it."""
    return bool(document.private.get("redundancy_by_vault_api"))


def _traces(request: Asked) -> Json:
    told = request.by_vault_api and "redundancySettings" in request.settings
    return {"redundancy_by_vault_api": True} if told else {}


def _directory(call: Call, request: Request) -> Directory:
    documents = {id: call.find(IDENTITIES.kind, id) for id, is_assigned in (request.users or {}).items() if is_assigned}
    users = {id.lower(): document.json()["properties"] for id, document in documents.items() if document is not None}
    return Directory(call.identity.tenant_id, call.new_guid(), users)


def _check_guard(call: Call, existing: Document, before: Json, after: Json, requests: Sequence[str] | None) -> None:
    """What a resource guard wants a second person for."""
    guarded = {
        resource_guard.REDUCE_IMMUTABILITY: immutability.is_weakened(
            before["securitySettings"], after["securitySettings"]
        ),
        resource_guard.MODIFY_ENCRYPTION: before.get("encryption") != after.get("encryption"),
    }
    for operation, happens in guarded.items():
        if happens:
            vault_rules.check_guard(call.ports.store, existing.id, operation, requests)
