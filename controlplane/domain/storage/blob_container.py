"""Container of a storage account: its name rule, its public access, and the body ARM shows of it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.errors import operation_not_simulated
from controlplane.domain.errors.storage import (
    BLOB_CONTAINER_IN_USE,
    BLOB_CONTAINER_NAME_INVALID,
    INVALID_VALUES_FOR_REQUEST_PARAMETERS,
    PUBLIC_ACCESS_NOT_PERMITTED,
)
from controlplane.domain.times import instant
from controlplane.json_object import Json

TYPE = "Microsoft.Storage/storageAccounts/blobServices/containers"

PUBLIC = {"none": "", "blob": "blob", "container": "container"}
"""What ARM calls the public access, in lower case -> what the storage calls it."""
ACCOUNT_KEY = "$account-encryption-key"
"""The encryption scope that every account has; there is no other here."""

_NAME = re.compile(r"\$root|\$web|[a-z0-9](-?[a-z0-9]){2,62}", re.ASCII)


@dataclass(frozen=True, slots=True)
class Traits:
    """What the storage tells of a container."""

    name: str
    etag: str
    modified: datetime
    metadata: Mapping[str, str]
    public: str


def check_name(name: str) -> None:
    if not is_name(name):
        raise BLOB_CONTAINER_NAME_INVALID.error()


def is_name(name: str) -> bool:
    return len(name) <= 63 and _NAME.fullmatch(name) is not None


def is_blob_name(name: str) -> bool:
    """Whether a blob can have this name: 1 to 1,024 characters, none of them a control character, and no segment that a
    URL would lose on its way (Learn, "Naming and referencing containers, blobs, and metadata")."""
    printable = all(character >= " " and not "\x7f" <= character <= "\x9f" for character in name)
    return 1 <= len(name) <= 1024 and printable and not {".", ".."} & set(name.split("/"))


def public_access(requested: str | None, account: Json, former: str) -> str:
    """The public access that the storage is to give; what it was, where none is asked for."""
    if requested is None:
        return former
    public = PUBLIC.get(requested.lower())
    if public is None:
        raise INVALID_VALUES_FOR_REQUEST_PARAMETERS.error(parameter="publicAccess")
    if public and account["properties"].get("allowBlobPublicAccess") is False:
        raise PUBLIC_ACCESS_NOT_PERMITTED.error()
    return public


def check_scope(scope: str | None) -> None:
    if scope is not None and scope.lower() != ACCOUNT_KEY:
        raise operation_not_simulated("a container with an encryption scope")


def check_unused(container: str, disks: list[str]) -> None:
    """`disks`: the blobs that are disks of machines, as account/container/name."""
    if any(blob.startswith(f"{container}/") for blob in disks):
        raise BLOB_CONTAINER_IN_USE.error()


def body(id: str, container: Traits) -> Json:
    """What GET answers."""
    return {
        "id": id,
        "name": container.name,
        "type": TYPE,
        "etag": container.etag,
        "properties": {
            "deleted": False,
            "remainingRetentionDays": 0,
            "defaultEncryptionScope": ACCOUNT_KEY,
            "denyEncryptionScopeOverride": False,
            "publicAccess": container.public.title() or "None",
            "leaseStatus": "Unlocked",
            "leaseState": "Available",
            "lastModifiedTime": instant(container.modified),
            **({"metadata": dict(container.metadata)} if container.metadata else {}),
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
        },
    }
