"""Settings of a vault: their values, how a request changes them, and which changes are irreversible."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controlplane.domain import errors
from controlplane.domain.errors.vaults import (
    CROSS_REGION_RESTORE_CANNOT_BE_DISABLED,
    CROSS_REGION_RESTORE_NEEDS_GEO_REDUNDANCY,
    CROSS_SUBSCRIPTION_RESTORE_PERMANENTLY_DISABLED,
    INVALID_REST_API_PARAMETER,
    REDUNDANCY_CHANGE_NOT_ALLOWED,
    SOFT_DELETE_STATE_NOT_SET_TO_ALWAYS_ON,
)
from controlplane.domain.recovery_services import immutability, vault_encryption
from controlplane.domain.recovery_services.vault import SOFT_DELETE_DAYS
from controlplane.json_object import Json

SWITCH = ("Enabled", "Disabled")
REDUNDANCIES = ("GeoRedundant", "LocallyRedundant", "ZoneRedundant")
ALWAYS_ON = "AlwaysON"
STRICT_SINCE = "2026-01-01"
"""From this api-version on soft delete is asked for as AlwaysON and no less; the public modules ask for Enabled with
2025-08-01."""

CHOICES: dict[str, tuple[str, ...]] = {
    "publicNetworkAccess": SWITCH,
    "redundancySettings.standardTierStorageRedundancy": REDUNDANCIES,
    "redundancySettings.crossRegionRestore": SWITCH,
    "restoreSettings.crossSubscriptionRestoreSettings.crossSubscriptionRestoreState": (*SWITCH, "PermanentlyDisabled"),
    "monitoringSettings.azureMonitorAlertSettings.alertsForAllJobFailures": SWITCH,
    "monitoringSettings.azureMonitorAlertSettings.alertsForAllReplicationIssues": SWITCH,
    "monitoringSettings.azureMonitorAlertSettings.alertsForAllFailoverIssues": SWITCH,
    "monitoringSettings.classicAlertSettings.alertsForCriticalOperations": SWITCH,
    "monitoringSettings.classicAlertSettings.emailNotificationsForSiteRecovery": SWITCH,
    "costManagementSettings.granularityLevel": ("VaultLevel", "ProtectedItemLevel", "ProtectedItemWithParentTag"),
    "securitySettings.sourceScanConfiguration.state": SWITCH,
    "securitySettings.sourceScanConfiguration.sourceScanIdentity.operationIdentityType": (
        "SystemAssigned",
        "UserAssigned",
    ),
    "securitySettings.immutabilitySettings.state": tuple(immutability.STATES),
    "securitySettings.immutabilitySettings.configuration.type": immutability.TYPES,
    "encryption.infrastructureEncryption": SWITCH,
}
"""Path of a setting below `properties` -> the values it may have. Requests write them in any case."""

MONITORING: Json = {
    "monitoringSettings": {
        "azureMonitorAlertSettings": {
            "alertsForAllJobFailures": "Enabled",
            "alertsForAllReplicationIssues": "Enabled",
            "alertsForAllFailoverIssues": "Enabled",
        },
        "classicAlertSettings": {
            "alertsForCriticalOperations": "Enabled",
            "emailNotificationsForSiteRecovery": "Enabled",
        },
    }
}
"""What a vault shows of alerts once a request speaks of them, for what that request leaves out. Until then it shows
nothing: Terraform's provider takes settings that nobody made for a difference."""

_WHOLE = {"configuration", "sourceScanIdentity", "kekIdentity"}
"""Groups that a request replaces: what one leaves out would contradict what it says."""


@dataclass(frozen=True, slots=True)
class Change:
    """The settings before and after a request, each a vault's `properties`."""

    before: Json
    after: Json
    identity: Json
    """The vault's identity after the request; empty without one."""
    in_use: bool
    """Whether there is an item in the vault, if only a soft-deleted one."""
    is_new: bool = False
    """Whether the request creates the vault."""


def merged(before: Json, patch: Json, api_version: str = STRICT_SINCE) -> Json:
    """The settings with what a request asks for. `patch` has the documented keys and no nulls; what it leaves out
    stays as it is. ServiceError for a value that no vault may have."""
    after = _merged(MONITORING | before if "monitoringSettings" in patch else before, patch)
    if "encryption" in after:
        after["encryption"] = {"infrastructureEncryption": "Disabled"} | vault_encryption.normalised(
            after["encryption"]
        )
    _spell(after, ())
    immutable = after["securitySettings"].get("immutabilitySettings", {})
    if immutable.get("state") == "Disabled":
        immutable.pop("configuration", None)
    soft_delete = after["securitySettings"]["softDeleteSettings"]
    enough = {ALWAYS_ON.lower()} if api_version >= STRICT_SINCE else {ALWAYS_ON.lower(), "enabled"}
    for key in ("softDeleteState", "enhancedSecurityState"):
        if str(soft_delete[key]).lower() not in enough:
            raise SOFT_DELETE_STATE_NOT_SET_TO_ALWAYS_ON.error()
        soft_delete[key] = ALWAYS_ON
    if soft_delete["softDeleteRetentionPeriodInDays"] not in SOFT_DELETE_DAYS:
        raise errors.invalid_backup_input("softDeleteRetentionPeriodInDays", "it must be between 14 and 180")
    return after


def check(change: Change) -> None:
    """ServiceError where one of the settings may not change so."""
    for rule in RULES:
        rule(change)


def with_authorization(properties: Json, guarded: bool) -> Json:
    """The settings of a vault that a resource guard protects, or protects no longer. Soft delete is always on: with a
    guard the vault has all that the highest level of security asks for, and without one all of the level below."""
    security = properties["securitySettings"] | {"multiUserAuthorization": "Enabled" if guarded else "Disabled"}
    score, level = ("Maximum", "Excellent") if guarded else ("Adequate", "Good")
    return properties | {"securitySettings": security, "secureScore": score, "bcdrSecurityLevel": level}


def _merged(before: Json, patch: Json) -> Json:
    after = {key: _merged(value, {}) if isinstance(value, dict) else value for key, value in before.items()}
    for key, value in patch.items():
        former = after.get(key)
        grows = isinstance(value, dict) and isinstance(former, dict) and key not in _WHOLE
        after[key] = _merged(former, value) if grows and isinstance(former, dict) else value
    return after


def _spell(group: Json, path: tuple[str, ...]) -> None:
    """Bring every choice in the group to its documented spelling."""
    for key, value in group.items():
        place = (*path, key)
        if isinstance(value, dict):
            _spell(value, place)
        elif (choices := CHOICES.get(".".join(place))) is not None:
            spelt = {each.lower(): each for each in choices}.get(str(value).lower())
            if spelt is None:
                raise INVALID_REST_API_PARAMETER.error(parameter=place[0])
            group[key] = spelt


# --------------------------------------------------------------------------------------------------------------- rules


def _redundancy(change: Change) -> None:
    before, after = change.before["redundancySettings"], change.after["redundancySettings"]
    key = "standardTierStorageRedundancy"
    if change.in_use and before[key] != after[key]:
        raise REDUNDANCY_CHANGE_NOT_ALLOWED.error()
    if before["crossRegionRestore"] == "Enabled" and after["crossRegionRestore"] == "Disabled":
        raise CROSS_REGION_RESTORE_CANNOT_BE_DISABLED.error()
    if after["crossRegionRestore"] == "Enabled" and after[key] != "GeoRedundant":
        raise CROSS_REGION_RESTORE_NEEDS_GEO_REDUNDANCY.error()


def _cross_subscription(change: Change) -> None:
    def state(properties: Json) -> str:
        return str(properties["restoreSettings"]["crossSubscriptionRestoreSettings"]["crossSubscriptionRestoreState"])

    if state(change.before) == "PermanentlyDisabled" != state(change.after):
        raise CROSS_SUBSCRIPTION_RESTORE_PERMANENTLY_DISABLED.error()


def _immutability(change: Change) -> None:
    immutability.check_change(change.before["securitySettings"], change.after["securitySettings"])


def _source_scan(change: Change) -> None:
    identity = change.after["securitySettings"]["sourceScanConfiguration"].get("sourceScanIdentity")
    if not identity:
        return
    user = identity.get("userAssignedIdentity")
    if not vault_encryption.has_identity(change.identity, user if _is_user_assigned(identity) else None):
        raise errors.invalid_backup_input("sourceScanIdentity", "the vault does not have this identity")


def _is_user_assigned(identity: Json) -> bool:
    return identity.get("operationIdentityType") == "UserAssigned" or "userAssignedIdentity" in identity


def _encryption(change: Change) -> None:
    vault_encryption.check_change(
        change.before.get("encryption"),
        change.after.get("encryption"),
        change.identity,
        in_use=change.in_use,
        is_new=change.is_new,
    )


RULES: tuple[Callable[[Change], None], ...] = (
    _redundancy,
    _cross_subscription,
    _immutability,
    _source_scan,
    _encryption,
)
