"""The network rules of a storage account: whom it lets in, as far as a backup asks."""

from __future__ import annotations

from controlplane.domain.storage.storage_account import one_of
from controlplane.json_object import Json

ACTIONS = ("Allow", "Deny")
NOBODY, SERVICES = "None", "AzureServices"
BYPASSES = (NOBODY, "Logging", "Metrics", SERVICES)


def updated(existing: Json | None, default_action: str | None, bypass: str | None) -> Json | None:
    """The rules after a request that names these; None: neither it nor the account has any. An account that names no
    exception lets Azure's own services in. ServiceError for a value that the service does not know."""
    if default_action is None and bypass is None:
        return existing
    rules = existing or {"defaultAction": "Allow", "bypass": SERVICES}
    if default_action is not None:
        rules = rules | {"defaultAction": one_of("networkAcls.defaultAction", default_action, ACTIONS)}
    if bypass is not None:
        named = [one_of("networkAcls.bypass", each.strip(), BYPASSES) for each in bypass.split(",")]
        rules = rules | {"bypass": ", ".join(named)}
    return rules


def admits_services(account: Json) -> bool:
    """Whether Azure Backup reaches an account: one that denies by default has to except the services that it trusts.

    https://learn.microsoft.com/azure/storage/common/storage-network-security-trusted-azure-services"""
    rules = account["properties"].get("networkAcls") or {}
    return rules.get("defaultAction", "Allow") != "Deny" or SERVICES in str(rules.get("bypass", SERVICES))
