"""Vaults: their names, what may be asked of one, which settings never go back, and when one may go."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services.vault import (
    TYPE,
    check_deletion,
    check_sku,
    new,
    provisioning,
    stamped,
)
from controlplane.domain.recovery_services.vault_config import (
    backup_config,
    check_backup_config,
    redundancy_asked,
    storage_config,
)
from controlplane.domain.recovery_services.vault_settings import Change, check, merged, with_authorization
from controlplane.domain.resources import resource_names
from controlplane.json_object import Json

STATE_CHANGE = "UserErrorUnsupportedVaultImmutabilityStateChange"

NOW = datetime(2026, 9, 9, 13, 19, 4, 215869, tzinfo=UTC)
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v1"
VAULT = new(ID, "westus")
SETTINGS = VAULT["properties"]
KEY = "https://keys.vault.azure.net/keys/backup/0123456789abcdef0123456789abcdef"
OWN_IDENTITY = {"type": "SystemAssigned", "principalId": "p", "tenantId": "t"}


def redundancy(kind: str | None = None, cross_region: str | None = None) -> Json:
    asked = {"standardTierStorageRedundancy": kind, "crossRegionRestore": cross_region}
    return {"redundancySettings": {key: value for key, value in asked.items() if value}}


def soft_delete(**settings: object) -> Json:
    return {"securitySettings": {"softDeleteSettings": settings}}


def immutable(state: str, **configuration: object) -> Json:
    settings = {"state": state} | ({"configuration": configuration} if configuration else {})
    return {"securitySettings": {"immutabilitySettings": settings}}


def cross_subscription(state: str) -> Json:
    return {"restoreSettings": {"crossSubscriptionRestoreSettings": {"crossSubscriptionRestoreState": state}}}


def encryption(key: str = KEY, kek: Json | None = None, infrastructure: str | None = None) -> Json:
    found: Json = {"keyVaultProperties": {"keyUri": key}, "kekIdentity": kek or {"useSystemAssignedIdentity": True}}
    return {"encryption": found | ({"infrastructureEncryption": infrastructure} if infrastructure else {})}


def after(*requests: Json, in_use: bool = False, identity: Json | None = None) -> Json:
    """The settings after these requests, one by one."""
    settings: Json = SETTINGS
    for asked in requests:
        changed = merged(settings, asked)
        check(Change(settings, changed, identity if identity is not None else OWN_IDENTITY, in_use))
        settings = changed
    return settings


def refused(*requests: Json, in_use: bool = False, identity: Json | None = None) -> str:
    """The code with which the last of these requests is refused."""
    after(*requests[:-1], identity=identity)
    with pytest.raises(ServiceError) as caught:
        after(*requests, in_use=in_use, identity=identity)
    return caught.value.code


@pytest.mark.parametrize("name", ["ab", "a1", "Vault-01", "a" * 50])
def test_good_names(name: str) -> None:
    resource_names.check(TYPE, name)


@pytest.mark.parametrize("name", ["", "a", "1a", "a_b", "a" * 51, "vault\n", "väult"])
def test_bad_names(name: str) -> None:
    with pytest.raises(ServiceError, match="InvalidResourceName"):
        resource_names.check(TYPE, name)


def test_a_sku_is_taken_in_any_case() -> None:
    assert check_sku({"name": "rs0", "tier": "Standard"}) == {"name": "RS0", "tier": "Standard"}
    with pytest.raises(ServiceError, match=r"sku\.name"):
        check_sku({"name": "Gold"})


def test_the_etag_is_the_time_of_the_write() -> None:
    assert stamped(VAULT, NOW)["etag"] == "W/\"datetime'2026-09-09T13%3A19%3A04.215869Z'\""
    assert provisioning(VAULT)["properties"]["provisioningState"] == "Provisioning"
    assert VAULT["properties"]["provisioningState"] == "Succeeded"


# ------------------------------------------------------------------------------------------------------------- settings


def test_what_a_request_leaves_out_stays() -> None:
    settings = after(
        {"monitoringSettings": {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "disabled"}}},
        {"publicNetworkAccess": "Disabled", "costManagementSettings": {"granularityLevel": "ProtectedItemLevel"}},
    )
    assert settings["monitoringSettings"] == {
        "azureMonitorAlertSettings": {
            "alertsForAllJobFailures": "Disabled",
            "alertsForAllReplicationIssues": "Enabled",
            "alertsForAllFailoverIssues": "Enabled",
        },
        "classicAlertSettings": {
            "alertsForCriticalOperations": "Enabled",
            "emailNotificationsForSiteRecovery": "Enabled",
        },
    }
    assert settings["publicNetworkAccess"] == "Disabled"
    assert settings["costManagementSettings"] == {"granularityLevel": "ProtectedItemLevel"}
    assert SETTINGS["publicNetworkAccess"] == "Enabled"


def test_a_vault_that_is_sent_back_as_it_was_read_is_no_change() -> None:
    settings = after(immutable("Unlocked", type="AsPerPolicy"), redundancy("GeoRedundant"), encryption())
    assert merged(settings, settings) == settings


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        (soft_delete(softDeleteState="Disabled"), "BMSUserErrorSoftDeleteStateNotSetToAlwaysON"),
        (soft_delete(enhancedSecurityState="Enabled"), "BMSUserErrorSoftDeleteStateNotSetToAlwaysON"),
        (soft_delete(softDeleteRetentionPeriodInDays=13), "BMSUserErrorInvalidInput"),
        (soft_delete(softDeleteRetentionPeriodInDays=181), "BMSUserErrorInvalidInput"),
        (redundancy("Twice"), "InvalidRestApiParameter"),
        ({"publicNetworkAccess": "Sometimes"}, "InvalidRestApiParameter"),
        ({"costManagementSettings": {"granularityLevel": "Cheap"}}, "InvalidRestApiParameter"),
        (immutable("Sealed"), "InvalidRestApiParameter"),
        (immutable("Unlocked", type="Sometimes"), "InvalidRestApiParameter"),
        (cross_subscription("Maybe"), "InvalidRestApiParameter"),
    ],
)
def test_a_value_that_no_vault_has_is_refused(asked: Json, code: str) -> None:
    assert refused(asked) == code


def test_the_request_s_spelling_of_always_on_is_taken() -> None:
    asked = soft_delete(
        softDeleteState="AlwaysOn", enhancedSecurityState="alwayson", softDeleteRetentionPeriodInDays=180
    )
    shown = after(asked)["securitySettings"]["softDeleteSettings"]
    assert shown == {
        "softDeleteRetentionPeriodInDays": 180,
        "softDeleteState": "AlwaysON",
        "enhancedSecurityState": "AlwaysON",
    }


def test_redundancy_is_fixed_once_an_item_was_protected() -> None:
    after(redundancy("GeoRedundant"), redundancy("ZoneRedundant"))
    after(redundancy("LocallyRedundant"), in_use=True)
    assert refused(redundancy("GeoRedundant"), in_use=True) == "BMSUserErrorRedundancyChangeNotAllowed"


def test_cross_region_restore_needs_geo_redundancy_and_stays() -> None:
    assert refused(redundancy(cross_region="Enabled")) == "BMSUserErrorCrossRegionRestoreNeedsGeoRedundancy"
    geo = redundancy("GeoRedundant", "Enabled")
    after(geo, geo, in_use=False)
    assert refused(geo, redundancy(cross_region="Disabled")) == "BMSUserErrorCrossRegionRestoreCannotBeDisabled"
    assert refused(geo, redundancy("LocallyRedundant")) == "BMSUserErrorCrossRegionRestoreNeedsGeoRedundancy"


def test_cross_subscription_restore_is_disabled_for_a_while_or_for_good() -> None:
    gone = cross_subscription("PermanentlyDisabled")
    after(cross_subscription("Disabled"), cross_subscription("Enabled"), gone, gone)
    code = "BMSUserErrorCrossSubscriptionRestorePermanentlyDisabled"
    assert refused(gone, cross_subscription("Enabled")) == code
    assert refused(gone, cross_subscription("Disabled")) == code


def test_the_source_scan_uses_an_identity_that_the_vault_has() -> None:
    def scan(**identity: str) -> Json:
        settings = {"state": "Enabled"} | ({"sourceScanIdentity": identity} if identity else {})
        return {"securitySettings": {"sourceScanConfiguration": settings}}

    after(scan())
    after(scan(operationIdentityType="SystemAssigned"))
    assert refused(scan(operationIdentityType="SystemAssigned"), identity={}) == "BMSUserErrorInvalidInput"
    user = scan(operationIdentityType="UserAssigned", userAssignedIdentity="/ids/One")
    after(user, identity={"userAssignedIdentities": {"/ids/one": {}}})
    assert refused(user) == "BMSUserErrorInvalidInput"


# --------------------------------------------------------------------------------------------------------- immutability


def test_immutability_is_enabled_then_locked_and_stays_locked() -> None:
    lock = immutable("Locked", type="AsPerPolicy")
    assert refused(lock) == STATE_CHANGE
    after(immutable("Unlocked"), immutable("Disabled"), immutable("Unlocked"), lock, lock)
    for weaker in ("Unlocked", "Disabled"):
        assert refused(immutable("Unlocked"), lock, immutable(weaker)) == STATE_CHANGE


def test_immutability_that_is_disabled_has_no_configuration() -> None:
    settings = after(immutable("Unlocked", type="AsPerPolicy"), immutable("Disabled"))
    assert settings["securitySettings"]["immutabilitySettings"] == {"state": "Disabled"}


def test_immutability_by_time_says_for_how_long_and_only_grows_once_locked() -> None:
    def by_time(state: str, days: int) -> Json:
        return immutable(state, type="TimeBased", durationInDays=days)

    assert refused(immutable("Unlocked", type="TimeBased")) == "BMSUserErrorInvalidInput"
    assert refused(immutable("Unlocked", type="AsPerPolicy", durationInDays=3)) == "BMSUserErrorInvalidInput"
    locked = (by_time("Unlocked", 30), by_time("Locked", 30))
    after(*locked, by_time("Locked", 60))
    assert refused(*locked, by_time("Locked", 29)) == STATE_CHANGE
    assert refused(*locked, immutable("Locked", type="AsPerPolicy")) == STATE_CHANGE


# ----------------------------------------------------------------------------------------------------------- encryption


@pytest.mark.parametrize(
    "key",
    [
        "https://keys.vault.azure.net/keys/backup",
        KEY,
        "https://hsm1.managedhsm.azure.net/keys/k/0123456789abcdef0123456789abcdef",
        "https://keys.vault.azure.cn/keys/backup/",
    ],
)
def test_the_address_of_a_key_is_taken(key: str) -> None:
    settings = after(encryption(key))
    assert settings["encryption"] == {
        "infrastructureEncryption": "Disabled",
        "keyVaultProperties": {"keyUri": key},
        "kekIdentity": {"useSystemAssignedIdentity": True},
    }


@pytest.mark.parametrize(
    "key",
    [
        "",
        "backup",
        "http://keys.vault.azure.net/keys/backup",
        "https://keys.vault.azure.net/secrets/backup",
        "https://keys.vault.azure.net/keys/backup/latest",
        "https://keys.example.org/keys/backup",
    ],
)
def test_what_is_no_address_of_a_key_is_refused(key: str) -> None:
    assert refused(encryption(key)) == "BMSUserErrorInvalidInput"


def test_the_key_is_read_by_one_identity_that_the_vault_has() -> None:
    user: Json = {"userAssignedIdentity": "/ids/One", "useSystemAssignedIdentity": False}
    has_it: Json = {"type": "UserAssigned", "userAssignedIdentities": {"/ids/one": {}}}
    assert after(encryption(kek=user), identity=has_it)["encryption"]["kekIdentity"] == user
    assert refused(encryption(kek=user)) == "BMSUserErrorEncryptionIdentityNotAssigned"
    assert refused(encryption(), identity=has_it) == "BMSUserErrorEncryptionIdentityNotAssigned"
    both: Json = {"userAssignedIdentity": "/ids/One", "useSystemAssignedIdentity": True}
    assert refused(encryption(kek=both)) == "BMSUserErrorInvalidInput"
    assert refused({"encryption": {"keyVaultProperties": {"keyUri": KEY}}}) == "BMSUserErrorInvalidInput"


def test_encryption_begins_before_the_first_item_and_only_its_key_changes() -> None:
    assert refused(encryption(), in_use=True) == "BMSUserErrorEncryptionNotAllowedOnVaultInUse"
    doubly = encryption(infrastructure="Enabled")
    settings = merged(after(doubly), {"encryption": {"keyVaultProperties": {"keyUri": f"{KEY[:-1]}0"}}})
    check(Change(after(doubly), settings, OWN_IDENTITY, in_use=True))
    assert settings["encryption"]["kekIdentity"] == {"useSystemAssignedIdentity": True}
    code = "BMSUserErrorInfrastructureEncryptionCannotBeChanged"
    assert refused(doubly, encryption(infrastructure="Disabled")) == code
    assert refused(encryption(), doubly) == code


# ------------------------------------------------------------------------------------------------------------ the rest


def test_a_guard_makes_a_vault_as_secure_as_can_be() -> None:
    guarded = with_authorization(SETTINGS, guarded=True)
    assert guarded["securitySettings"]["multiUserAuthorization"] == "Enabled"
    assert (guarded["secureScore"], guarded["bcdrSecurityLevel"]) == ("Maximum", "Excellent")
    left = with_authorization(guarded, guarded=False)
    assert left["securitySettings"]["multiUserAuthorization"] == "Disabled"
    assert (left["secureScore"], left["bcdrSecurityLevel"]) == ("Adequate", "Good")


def test_a_vault_goes_once_nothing_in_it_is_active() -> None:
    check_deletion([])
    check_deletion(["SoftDeleted", "SoftDeleted"])
    for states in (["Protected"], ["IRPending", "SoftDeleted"], ["ProtectionStopped"]):
        with pytest.raises(ServiceError, match="existing resources within the vault"):
            check_deletion(states)


def test_the_older_settings_mirror_the_vault() -> None:
    settings = after(redundancy("ZoneRedundant"), soft_delete(softDeleteRetentionPeriodInDays=30))
    vault = VAULT | {"properties": settings}
    storage = storage_config(vault, in_use=False)["properties"]
    assert (storage["storageType"], storage["storageTypeState"]) == ("ZoneRedundant", "Unlocked")
    assert storage_config(vault, in_use=True)["properties"]["storageTypeState"] == "Locked"
    assert backup_config(vault)["properties"]["softDeleteRetentionPeriodInDays"] == 30


def test_a_storage_config_that_says_nothing_new_asks_for_nothing() -> None:
    assert redundancy_asked(VAULT, {"storageType": "locallyredundant", "crossRegionRestoreFlag": False}) == {}
    assert redundancy_asked(VAULT, {"storageModelType": "GeoRedundant"}) == {
        "standardTierStorageRedundancy": "GeoRedundant"
    }
    assert redundancy_asked(VAULT, {"crossRegionRestoreFlag": True}) == {"crossRegionRestore": "Enabled"}


@pytest.mark.parametrize(
    ("asked", "code"),
    [
        ({"softDeleteFeatureState": "Disabled"}, "BMSUserErrorDisablingSoftDeleteStateNotAllowed"),
        ({"enhancedSecurityState": "Disabled"}, "BMSUserErrorDisablingSoftDeleteStateNotAllowed"),
        ({"softDeleteFeatureState": "Enabled"}, "BMSUserErrorSoftDeleteStateAlwaysOn"),
        ({"softDeleteRetentionPeriodInDays": 30}, "BMSUserErrorSoftDeleteUseVaultApi"),
    ],
)
def test_the_older_api_changes_no_soft_delete(asked: Json, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check_backup_config(VAULT, asked)
    assert caught.value.code == code


def test_the_older_api_takes_soft_delete_as_it_is() -> None:
    check_backup_config(VAULT, {})
    check_backup_config(VAULT, backup_config(VAULT)["properties"])
    check_backup_config(VAULT, {"softDeleteFeatureState": "AlwaysOn", "enhancedSecurityState": "Enabled"})
