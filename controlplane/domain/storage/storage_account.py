"""Storage account: its name rule and kinds, and the body ARM shows of it."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.storage import (
    ACCOUNT_NAME_INVALID,
    ACCOUNT_PROPERTY_CANNOT_BE_UPDATED,
    INVALID_VALUES_FOR_REQUEST_PARAMETERS,
    STORAGE_ACCOUNT_ALREADY_TAKEN,
    STORAGE_ACCOUNT_IN_ANOTHER_RESOURCE_GROUP,
    STORAGE_ACCOUNT_IN_USE,
    STORAGE_ACCOUNT_NOT_PROVISIONED,
)
from controlplane.domain.times import instant
from controlplane.json_object import Json

TYPE = "Microsoft.Storage/storageAccounts"
KIND = TYPE.lower()

SKUS = (
    "Standard_LRS",
    "Standard_ZRS",
    "Standard_GRS",
    "Standard_RAGRS",
    "Standard_GZRS",
    "Standard_RAGZRS",
    "Premium_LRS",
    "Premium_ZRS",
)
KINDS = ("StorageV2", "Storage", "BlobStorage", "BlockBlobStorage")
KINDS_WITH_A_TIER = ("StorageV2", "BlobStorage")
"""Those that show an access tier unasked; azurerm takes one on another kind for an error."""
FIXED = ("isHnsEnabled", "isNfsV3Enabled")
ACCESS_TIERS = ("Hot", "Cool", "Cold")

_NAME = re.compile(r"[a-z0-9]{3,24}", re.ASCII)
_PUBLIC = re.compile(r"(?i:https?://([a-z0-9]{3,24})\.blob\.core\.windows\.net(?::443)?)/(.+)")
_NAME_RULE = (
    "is not a valid storage account name. Storage account name must be between 3 and 24 characters in length and use "
    "numbers and lower-case letters only."
)


@dataclass(frozen=True, slots=True)
class Account:
    """A request with its defaults filled in, checked."""

    name: str
    location: str
    sku: str
    kind: str
    access_tier: str | None
    tags: dict[str, str]


def name_invalid(name: str) -> ServiceError:
    return ACCOUNT_NAME_INVALID.error(name=name, rule=_NAME_RULE)


def name_taken(name: str) -> ServiceError:
    return STORAGE_ACCOUNT_ALREADY_TAKEN.error(name=name)


def in_other_group(name: str) -> ServiceError:
    return STORAGE_ACCOUNT_IN_ANOTHER_RESOURCE_GROUP.error(name=name)


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise name_invalid(name)


def check_provisioned(account: Json) -> None:
    """Refuse to use an account that is still being made."""
    if not is_provisioned(account):
        raise STORAGE_ACCOUNT_NOT_PROVISIONED.error()


def is_provisioned(account: Json) -> bool:
    return bool(account["properties"].get("provisioningState", "Succeeded") == "Succeeded")


def in_use(name: str) -> ServiceError:
    return STORAGE_ACCOUNT_IN_USE.error(name=name)


def one_of(parameter: str, value: str | None, allowed: tuple[str, ...], default: str | None = None) -> str:
    """`value` as the service spells it; ServiceError for a value it does not know."""
    chosen = {each.lower(): each for each in allowed}.get((value or default or "").lower())
    if chosen is None:
        raise INVALID_VALUES_FOR_REQUEST_PARAMETERS.error(parameter=parameter)
    return chosen


def updated(account: Json, sku: str | None, access_tier: str | None, tags: dict[str, str] | None) -> Json:
    """The body after a PATCH; arguments that are None change nothing."""
    changed = dict(account)
    if sku is not None:
        changed["sku"] = _sku(one_of("sku", sku, SKUS))
    if access_tier is not None:
        tier = one_of("accessTier", access_tier, ACCESS_TIERS)
        changed["properties"] = account["properties"] | {"accessTier": tier}
    return changed if tags is None else changed | {"tags": tags}


def check_fixed(before: Json, after: Json, named: Json) -> None:
    """Refuse another value of what an account keeps for good, where a request names it: `named` is its properties."""
    for key in FIXED:
        value = named.get(key)
        if value is not None and str(value).lower() != str(before["properties"].get(key, False)).lower():
            raise ACCOUNT_PROPERTY_CANNOT_BE_UPDATED.error(key=key)
    if after["kind"] not in (before["kind"], "StorageV2"):
        raise ACCOUNT_PROPERTY_CANNOT_BE_UPDATED.error(key="kind")


def with_public_endpoints(account: Json) -> Json:
    """The account by the addresses that it would have in Azure."""
    endpoints = {"blob": f"https://{account['name']}.blob.core.windows.net/"}
    return account | {"properties": account["properties"] | {"primaryEndpoints": endpoints}}


def own_address(url: str, account_url: Callable[[str], str]) -> str:
    """The address in this world of what a URL names: an account's address in Azure means the account of that name here.

    `account_url` gives the address of an account here, without a slash at its end.
    """
    public = _PUBLIC.fullmatch(url)
    return f"{account_url(public[1].lower())}/{public[2]}" if public else url


def _sku(name: str) -> Json:
    return {"name": name, "tier": name.partition("_")[0]}


def body(id: str, account: Account, blob_endpoint: str, created: datetime, state: str) -> Json:
    """What GET answers. Of the four services only blobs are there, so only they have an endpoint."""
    stamp = instant(created)
    return {
        "sku": _sku(account.sku),
        "kind": account.kind,
        "id": id,
        "name": account.name,
        "type": TYPE,
        "location": account.location,
        "tags": account.tags,
        "properties": {
            "keyCreationTime": {"key1": stamp, "key2": stamp},
            "supportsHttpsTrafficOnly": False,
            "encryption": {
                "services": {"blob": {"keyType": "Account", "enabled": True, "lastEnabledTime": stamp}},
                "keySource": "Microsoft.Storage",
            },
            **({"accessTier": account.access_tier} if account.access_tier else {}),
            "provisioningState": state,
            "creationTime": stamp,
            "primaryEndpoints": {"blob": blob_endpoint},
            "primaryLocation": account.location,
            "statusOfPrimary": "available",
        },
    }
