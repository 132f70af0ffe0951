"""Vaults: what may be asked of one, and when it may go."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.vault import Vault, backup_config, body, check, check_deletion, check_name, storage_config

NOW = datetime(2026, 9, 9, 13, 19, 4, 215869, tzinfo=UTC)
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v1"
VAULT = Vault(location="westus", sku={"name": "Standard"})


@pytest.mark.parametrize("name", ["ab", "a1", "Vault-01", "a" * 50])
def test_good_names(name: str) -> None:
    check_name(name)


@pytest.mark.parametrize("name", ["", "a", "1a", "a_b", "a" * 51, "vault\n", "väult"])
def test_bad_names(name: str) -> None:
    with pytest.raises(ServiceError, match="InvalidResourceName"):
        check_name(name)


@pytest.mark.parametrize(
    ("bad", "code"),
    [
        (replace(VAULT, soft_delete_state="Disabled"), "BMSUserErrorSoftDeleteStateNotSetToAlwaysON"),
        (replace(VAULT, soft_delete_days=13), "BMSUserErrorInvalidInput"),
        (replace(VAULT, soft_delete_days=181), "BMSUserErrorInvalidInput"),
        (replace(VAULT, redundancy="Twice"), "BMSUserErrorInvalidInput"),
        (replace(VAULT, public_network_access="Sometimes"), "BMSUserErrorInvalidInput"),
        (replace(VAULT, sku={"name": "Gold"}), "BMSUserErrorInvalidInput"),
    ],
)
def test_bad_settings_are_refused(bad: Vault, code: str) -> None:
    with pytest.raises(ServiceError) as caught:
        check(bad)
    assert (caught.value.code, caught.value.status) == (code, 400)


def test_the_request_s_spelling_of_always_on_is_taken() -> None:
    vault = replace(VAULT, soft_delete_state="AlwaysOn", soft_delete_days=180)
    check(vault)
    shown = body(ID, vault, NOW)["properties"]["securitySettings"]["softDeleteSettings"]
    assert shown == {
        "softDeleteRetentionPeriodInDays": 180,
        "softDeleteState": "AlwaysON",
        "enhancedSecurityState": "AlwaysON",
    }


def test_the_etag_is_the_time_of_the_write() -> None:
    assert body(ID, VAULT, NOW)["etag"] == "W/\"datetime'2026-09-09T13%3A19%3A04.215869Z'\""


def test_an_alert_that_was_switched_off_stays_off() -> None:
    asked = {"azureMonitorAlertSettings": {"alertsForAllJobFailures": "Disabled"}, "classicAlertSettings": None}
    shown = body(ID, replace(VAULT, monitoring=asked), NOW)["properties"]["monitoringSettings"]
    assert shown["azureMonitorAlertSettings"]["alertsForAllJobFailures"] == "Disabled"
    assert shown["azureMonitorAlertSettings"]["alertsForAllFailoverIssues"] == "Enabled"
    assert shown["classicAlertSettings"]["alertsForCriticalOperations"] == "Enabled"


def test_only_an_empty_vault_may_go() -> None:
    check_deletion([])
    for states in (["Protected"], ["IRPending", "SoftDeleted"], ["ProtectionStopped"]):
        with pytest.raises(ServiceError, match="existing resources within the vault"):
            check_deletion(states)
    with pytest.raises(ServiceError, match="ServiceResourceNotEmptyWithBackendMessage"):
        check_deletion(["SoftDeleted"])


def test_the_older_settings_mirror_the_vault() -> None:
    vault = body(ID, replace(VAULT, redundancy="ZoneRedundant", soft_delete_days=30), NOW)
    storage = storage_config(ID, vault, in_use=False)["properties"]
    assert (storage["storageType"], storage["storageTypeState"]) == ("ZoneRedundant", "Unlocked")
    assert storage_config(ID, vault, in_use=True)["properties"]["storageTypeState"] == "Locked"
    assert backup_config(ID, vault)["properties"]["softDeleteRetentionPeriodInDays"] == 30
