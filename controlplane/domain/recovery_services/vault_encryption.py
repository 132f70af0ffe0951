"""Encryption of a vault with a customer-managed key: which requests are valid, and the older view of it.

The key itself lies in a key vault, which no simulated world has: only the form of its address is looked at.
"""

from __future__ import annotations

import re

from controlplane.domain import errors
from controlplane.domain.errors.vaults import (
    ENCRYPTION_IDENTITY_NOT_ASSIGNED,
    ENCRYPTION_NOT_ALLOWED_ON_VAULT_IN_USE,
    ENCRYPTION_TYPE_NOT_ALLOWED,
    INFRASTRUCTURE_ENCRYPTION_CANNOT_BE_CHANGED,
)
from controlplane.json_object import Json

_KEY = re.compile(
    r"https://[a-z0-9-]{3,24}\.(vault|managedhsm)\.[a-z0-9.-]+(:\d+)?/keys/[a-z0-9-]{1,127}(/[0-9a-f]{32})?/?",
    re.ASCII | re.IGNORECASE,
)


def normalised(encryption: Json) -> Json:
    """The encryption of a request, its identity in one form: the vault's own, or a user-assigned one."""
    kek = encryption.get("kekIdentity")
    if not kek:
        return {key: value for key, value in encryption.items() if key != "kekIdentity"}
    own, user = bool(kek.get("useSystemAssignedIdentity")), kek.get("userAssignedIdentity")
    if own == bool(user):
        raise errors.invalid_backup_input(
            "kekIdentity", "it must be either the vault's own or one user-assigned identity"
        )
    identity = {"useSystemAssignedIdentity": own} | ({} if own else {"userAssignedIdentity": user})
    return encryption | {"kekIdentity": identity}


def has_identity(identity: Json, user: str | None) -> bool:
    """Whether a vault with this identity has this user-assigned one; None: one of its own."""
    if user is None:
        return "principalId" in identity
    return user.lower() in {id.lower() for id in identity.get("userAssignedIdentities") or {}}


def check_change(before: Json | None, after: Json | None, identity: Json, *, in_use: bool, is_new: bool) -> None:
    """ServiceError unless the vault may go from the encryption it has to the one it shall have.

    A new vault may name a user-assigned identity before it has it: azurerm assigns it in its next request.
    """
    if after is None:
        return
    key = str((after.get("keyVaultProperties") or {}).get("keyUri") or "")
    if not _KEY.fullmatch(key):
        raise errors.invalid_backup_input("keyUri", "it must be the address of a key, https://VAULT/keys/NAME/VERSION")
    kek = after.get("kekIdentity")
    if not kek:
        raise errors.invalid_backup_input("kekIdentity", "it must say which identity of the vault reads the key")
    user = kek.get("userAssignedIdentity")
    if not has_identity(identity, user) and not (is_new and user):
        raise ENCRYPTION_IDENTITY_NOT_ASSIGNED.error()
    if before is None and in_use:
        raise ENCRYPTION_NOT_ALLOWED_ON_VAULT_IN_USE.error()
    if before is not None and before["infrastructureEncryption"] != after["infrastructureEncryption"]:
        raise INFRASTRUCTURE_ENCRYPTION_CANNOT_BE_CHANGED.error()


def config(encryption: Json | None) -> Json:
    """Properties of `backupResourceEncryptionConfig`: the same as an older API shows it."""
    if encryption is None:
        return {
            "useSystemAssignedIdentity": True,
            "encryptionAtRestType": "MicrosoftManaged",
            "lastUpdateStatus": "NotEnabled",
            "infrastructureEncryptionState": "Disabled",
        }
    return {
        "useSystemAssignedIdentity": encryption["kekIdentity"]["useSystemAssignedIdentity"],
        **{key: value for key, value in encryption["kekIdentity"].items() if key == "userAssignedIdentity"},
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": encryption["keyVaultProperties"]["keyUri"],
        "lastUpdateStatus": "Succeeded",
        "infrastructureEncryptionState": encryption["infrastructureEncryption"],
    }


def from_config(config: Json) -> Json:
    """The encryption that a write of the older view requests; it has the view's keys."""
    if str(config.get("encryptionAtRestType") or "CustomerManaged").lower() != "customermanaged":
        raise ENCRYPTION_TYPE_NOT_ALLOWED.error()
    encryption: Json = {}
    if "keyUri" in config:
        encryption["keyVaultProperties"] = {"keyUri": config["keyUri"]}
    if config.get("userAssignedIdentity") or config.get("useSystemAssignedIdentity"):
        encryption["kekIdentity"] = {
            key: config[key] for key in ("useSystemAssignedIdentity", "userAssignedIdentity") if key in config
        }
    if config.get("infrastructureEncryptionState") not in (None, "Invalid"):
        encryption["infrastructureEncryption"] = config["infrastructureEncryptionState"]
    return encryption
