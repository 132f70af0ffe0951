"""Managed identities of a vault: how a request changes them, and how they are shown.

Clients write the type in any case and with any blanks around its commas; the service answers `SystemAssigned`,
`UserAssigned`, `SystemAssigned, UserAssigned` or `None`.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.vaults import VAULT_IDENTITY_NOT_FOUND
from controlplane.json_object import Json

SYSTEM, USER = "SystemAssigned", "UserAssigned"
_KINDS = {each.lower(): each for each in (SYSTEM, USER, "None")}


@dataclass(frozen=True, slots=True)
class Request:
    """What is asked for. `users`: ids of user-assigned identities -> whether the vault shall have them; None where
    nothing is said of them."""

    type: str | None
    users: Mapping[str, bool] | None
    replaces: bool
    """Whether `users` names all of them, as in a PUT, or only those that change."""


@dataclass(frozen=True, slots=True)
class Directory:
    """What is known of identities in the tenant."""

    tenant_id: str
    new_principal: str
    """The id of the principal that is made if the vault gets an identity of its own."""
    users: Mapping[str, Json]
    """Properties of the user-assigned identities that there are, by their ids in lower case."""


def kinds(text: str) -> frozenset[str]:
    """Which identities a type names; ServiceError for another type."""
    named = {_KINDS.get(part.strip().lower(), "") for part in text.split(",")}
    if "" in named or ("None" in named and len(named) > 1):
        raise errors.invalid_backup_input("identity.type", f"it must be {SYSTEM}, {USER}, both, or None")
    return frozenset(named - {"None"})


def changed(before: Json, request: Request, directory: Directory) -> Json:
    """The identity of a vault after a request; an empty one was never given any."""
    new_kinds = kinds(request.type if request.type is not None else str(before.get("type", "None")))
    users = _users(before, request, directory) if USER in new_kinds else {}
    if USER not in new_kinds and any((request.users or {}).values()):
        raise errors.invalid_backup_input("identity.type", f"user-assigned identities need the type {USER}")
    if USER in new_kinds and not users:
        raise errors.invalid_backup_input("userAssignedIdentities", f"the type {USER} needs at least one of them")
    identity: Json = {"type": ", ".join(kind for kind in (SYSTEM, USER) if kind in new_kinds) or "None"}
    if SYSTEM in new_kinds:
        identity |= {"principalId": before.get("principalId", directory.new_principal), "tenantId": directory.tenant_id}
    return identity | ({"userAssignedIdentities": users} if users else {})


def _users(before: Json, request: Request, directory: Directory) -> Json:
    kept = {} if request.replaces and request.users is not None else dict(before.get("userAssignedIdentities") or {})
    for id, user in (request.users or {}).items():
        spelt = next((other for other in kept if other.lower() == id.lower()), id)
        if not user:
            kept.pop(spelt, None)
            continue
        identity = directory.users.get(id.lower())
        if identity is None:
            raise _no_such_identity(id)
        kept[spelt] = {"clientId": identity["clientId"], "principalId": identity["principalId"]}
    return kept


def _no_such_identity(id: str) -> ServiceError:
    return VAULT_IDENTITY_NOT_FOUND.error(identity=id)
