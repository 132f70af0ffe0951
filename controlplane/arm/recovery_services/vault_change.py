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


def apply(call: Call, before: Json, known: Document | None, asked: Asked) -> Document:
    """Write the vault as asked, inside the caller's transaction. `before` is its body, or that of a new vault with
    `known` None. A request that asks for nothing new leaves the document as it is, its ETags too."""
    store = call.ports.store
    after = dict(before)
    if asked.identity is not None:
        directory = _directory(call, asked.identity)
        after["identity"] = vault_identity.changed(before.get("identity", {}), asked.identity, directory)
    if asked.tags is not None:
        after["tags"] = dict(asked.tags)
        if not asked.tags:
            del after["tags"]
    if asked.sku is not None:
        after["sku"] = vault.check_sku(asked.sku)
    after["properties"] = vault_settings.merged(before["properties"], asked.settings, call.query["api-version"])
    if known is not None and after == before:
        return known
    in_use = known is not None and bool(store.find(protected_item.KIND, known.id, limit=1))
    identity = after.get("identity", {})
    vault_settings.check(vault_settings.Change(before["properties"], after["properties"], identity, in_use))
    if known is not None:
        _check_guard(call, known, before["properties"], after["properties"], asked.guard_requests)
    private = (known.private if known else {}) | _traces(asked)
    body = vault.stamped(after, call.ports.clock.now())
    return store.put(vault.KIND, before["id"], body, parent=call.group_id, private=private)


def redundancy_is_of_vault_api(document: Document) -> bool:
    """Whether the vault API ever set the redundancy: from then on the older API may not change it."""
    return bool(document.private.get("redundancy_by_vault_api"))


def _traces(asked: Asked) -> Json:
    told = asked.by_vault_api and "redundancySettings" in asked.settings
    return {"redundancy_by_vault_api": True} if told else {}


def _directory(call: Call, asked: Request) -> Directory:
    found = {id: call.find(IDENTITIES.kind, id) for id, wanted in (asked.users or {}).items() if wanted}
    users = {id.lower(): document.json()["properties"] for id, document in found.items() if document is not None}
    return Directory(call.identity.tenant_id, call.new_guid(), users)


def _check_guard(call: Call, known: Document, before: Json, after: Json, requests: Sequence[str] | None) -> None:
    """What a resource guard wants a second person for."""
    guarded = {
        resource_guard.REDUCE_IMMUTABILITY: immutability.is_weakened(
            before["securitySettings"], after["securitySettings"]
        ),
        resource_guard.MODIFY_ENCRYPTION: before.get("encryption") != after.get("encryption"),
    }
    for operation, happens in guarded.items():
        if happens:
            vault_rules.check_guard(call.ports.store, known.id, operation, requests)
