"""Deleted vault: what ARM shows of it, and the new ids of everything in it.

A vault is kept with its soft-deleted items for as long as these are. Meanwhile everything in it bears ids below the
deleted vault, so that a new vault of the same name is another vault.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta
from typing import Any

from controlplane.domain.arm_id import ResourceId
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.vaults import DELETED_VAULT_NOT_FOUND, VAULT_NAME_ALREADY_IN_USE
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.vault import TYPE as VAULT_TYPE
from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/locations/deletedVaults"
KIND = TYPE.lower()
LISTED_FOR = timedelta(hours=1)
"""For which a deleted vault can be seen although nothing was in it."""


def collection(subscription: str, location: str) -> str:
    """The id below which the deleted vaults of a region stand."""
    return f"/subscriptions/{subscription}/providers/Microsoft.RecoveryServices/locations/{location}"


def is_below(id: str) -> bool:
    """Whether an id is below a deleted vault."""
    return "/deletedvaults/" in id.lower()


def body(vault: Json, items: Iterable[Json], guid: str, now: datetime) -> Json:
    """What GET answers. `items` are the bodies of the soft-deleted items; without any, nothing keeps the vault."""
    id = ResourceId.parse(vault["id"])
    name = f"{id.group}_{guid}"
    purge = max((protected_item.purge_time(item) for item in items), default=now)
    return {
        "id": f"{collection(id.subscription, vault['location'])}/deletedVaults/{name}",
        "name": name,
        "type": TYPE,
        "location": vault["location"],
        "properties": {"vaultId": vault["id"], "vaultDeletionTime": instant(now), "purgeAt": instant(purge)},
    }


def end(deleted: Json) -> datetime:
    """When nothing keeps it any more. One that was empty is listed for a while, too."""
    properties = deleted["properties"]
    deletion, purge = (parse_instant(properties[key]) for key in ("vaultDeletionTime", "purgeAt"))
    return max(deletion + LISTED_FOR, purge)


def recovered_id(deleted: Json, group_id: str) -> str:
    """The id that the vault gets when it is undeleted into a group."""
    return f"{group_id}/providers/{VAULT_TYPE}/{deleted['properties']['vaultId'].rpartition('/')[2]}"


def moved(value: Any, old: str, new: str) -> Any:
    """A body, or what the service remembers beside it, with every id below `old` brought below `new`."""
    if isinstance(value, dict):
        return {key: moved(item, old, new) for key, item in value.items()}
    if isinstance(value, list):
        return [moved(item, old, new) for item in value]
    return moved_id(value, old, new) if isinstance(value, str) else value


def moved_id(text: str, old: str, new: str) -> str:
    """The same for one text, which may be no id at all."""
    host = protected_item.HOST if text.startswith(protected_item.HOST) else ""
    rest = text[len(host) :]
    is_inside = f"{rest.lower()}/".startswith(f"{old.lower()}/")
    # Ids in the store stay in lower case.
    target = new.lower() if rest == rest.lower() else new
    return f"{host}{target}{rest[len(old) :]}" if is_inside else text


def not_found(name: str) -> ServiceError:
    return DELETED_VAULT_NOT_FOUND.error(name=name)


def name_taken(vault: str, group: str) -> ServiceError:
    return VAULT_NAME_ALREADY_IN_USE.error(group=group, vault=vault)
