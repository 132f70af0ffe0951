"""Changes of a vault by requests: its own API, identities, and the older APIs for some of its settings."""

from __future__ import annotations

from collections.abc import Iterator

import httpx
import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, VAULT, VERSION, ArmWorld, arm_world
from tests.virtual_clock import VirtualClock

BACKUP_CONFIG = f"{VAULT}/backupconfig/vaultconfig"
STORAGE_CONFIG = f"{VAULT}/backupstorageconfig/vaultstorageconfig"
ENCRYPTION_CONFIG = f"{VAULT}/backupEncryptionConfigs/backupResourceEncryptionConfig"
IDENTITY = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Keys"
KEY = "https://keys.vault.azure.net/keys/backup/0123456789abcdef0123456789abcdef"
GEO = {"redundancySettings": {"standardTierStorageRedundancy": "GeoRedundant", "crossRegionRestore": "Disabled"}}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        yield world


def jump(world: ArmWorld, seconds: float) -> None:
    assert isinstance(world.ports.clock, VirtualClock)
    world.ports.clock.jump(seconds)


def patch(world: ArmWorld, body: Json) -> Json:
    """The vault after a change that takes an operation."""
    response = world.request("PATCH", VAULT, body)
    assert response.status_code == 202, response.text
    assert world.follow(response)["status"] == "Succeeded"
    changed = world.get(VAULT)
    assert world.get(response.headers["Location"]) == changed
    return changed


def patch_error(world: ArmWorld, **properties: object) -> tuple[int, str]:
    return world.error("PATCH", VAULT, {"properties": properties})


def add_identity(world: ArmWorld, id: str = IDENTITY) -> Json:
    world.put(id, {"location": "westus"})
    found: Json = world.get(id)["properties"]
    return found


# ------------------------------------------------------------------------------------------------------------- settings


def test_a_patch_changes_what_it_names(world: ArmWorld) -> None:
    before = world.get(VAULT)
    after = patch(world, {"properties": GEO | {"publicNetworkAccess": "Disabled"}})
    expected = before["properties"] | GEO | {"publicNetworkAccess": "Disabled"}
    assert after["properties"] == expected


def test_tags_alone_are_changed_at_once(world: ArmWorld) -> None:
    response = world.request("PATCH", VAULT, {"tags": {"cost": "low"}, "properties": {}})
    assert (response.status_code, response.json()["tags"]) == (200, {"cost": "low"})
    assert world.get(VAULT) == response.json()
    assert "tags" not in world.request("PATCH", VAULT, {"tags": {}}).json()


def test_a_change_that_asks_for_nothing_new_leaves_the_vault_as_it_is(world: ArmWorld) -> None:
    patch(world, {"properties": GEO})
    before = world.get(VAULT)
    jump(world, 3600)
    assert patch(world, {"properties": before["properties"]}) == before
    assert world.put(VAULT, before).json() == before
    assert patch(world, {"properties": {"publicNetworkAccess": "Disabled"}})["etag"] != before["etag"]


def test_a_put_leaves_settings_and_takes_tags(world: ArmWorld) -> None:
    patch(world, {"tags": {"a": "b"}, "properties": GEO})
    shown = world.put(VAULT, {"location": "West US", "properties": {}}).json()
    assert shown["properties"]["redundancySettings"] == GEO["redundancySettings"]
    assert "tags" not in shown


def test_a_write_may_be_tied_to_what_was_read(world: ArmWorld) -> None:
    def tagging(etag: str) -> httpx.Response:
        headers = {"Authorization": f"Bearer {world.token}", "If-Match": etag}
        return world.send("PATCH", VAULT, params=VERSION, json={"tags": {"by": etag[-3:]}}, headers=headers)

    etag = world.get(VAULT)["etag"]
    jump(world, 1)
    assert tagging(etag).status_code == 200
    assert tagging(etag).json()["error"]["code"] == "PreconditionFailed"
    assert tagging("*").status_code == 200


def test_a_vault_that_is_not_there_is_not_patched(world: ArmWorld) -> None:
    assert world.error("PATCH", f"{VAULT}x", {"tags": {}}) == (404, "ResourceNotFound")
    assert world.error("PATCH", VAULT, {"location": "eastus"}) == (409, "InvalidResourceLocation")


def test_a_refused_change_changes_nothing(world: ArmWorld) -> None:
    before = world.get(VAULT)
    lock = {"immutabilitySettings": {"state": "Locked"}}
    refusal = patch_error(world, publicNetworkAccess="Disabled", securitySettings=lock)
    assert refusal == (400, "UserErrorUnsupportedVaultImmutabilityStateChange")
    assert world.get(VAULT) == before


def test_redundancy_is_fixed_by_the_first_item(world: ArmWorld) -> None:
    world.add_machine()
    world.protect()
    assert patch_error(world, **GEO) == (400, "BMSUserErrorRedundancyChangeNotAllowed")
    assert world.error("PUT", STORAGE_CONFIG, {"properties": {"storageType": "GeoRedundant"}}) == (
        400,
        "BMSUserErrorRedundancyChangeNotAllowed",
    )


# ----------------------------------------------------------------------------------------------------------- identities


def test_a_vault_gets_an_identity_of_its_own_and_loses_it(world: ArmWorld) -> None:
    assert "identity" not in world.get(VAULT)
    first = patch(world, {"identity": {"type": "systemassigned"}})["identity"]
    assert (first["type"], set(first)) == ("SystemAssigned", {"type", "principalId", "tenantId"})
    assert patch(world, {"identity": {"type": "SystemAssigned"}})["identity"] == first
    assert patch(world, {"identity": {"type": "none"}})["identity"] == {"type": "None"}
    assert patch(world, {"identity": {"type": "systemassigned"}})["identity"]["principalId"] != first["principalId"]


def test_a_vault_takes_user_assigned_identities_beside_its_own(world: ArmWorld) -> None:
    one, two = add_identity(world), add_identity(world, f"{IDENTITY}2")
    patch(world, {"identity": {"type": "userassigned", "userAssignedIdentities": {IDENTITY: {}}}})
    both = {"type": "systemassigned,userassigned", "userAssignedIdentities": {f"{IDENTITY}2": {}}}
    shown = patch(world, {"identity": both})["identity"]
    assert shown["type"] == "SystemAssigned, UserAssigned"
    assert shown["userAssignedIdentities"] == {
        IDENTITY: {"clientId": one["clientId"], "principalId": one["principalId"]},
        f"{IDENTITY}2": {"clientId": two["clientId"], "principalId": two["principalId"]},
    }
    less = {"type": "systemassigned,userassigned", "userAssignedIdentities": {IDENTITY.upper(): None}}
    assert list(patch(world, {"identity": less})["identity"]["userAssignedIdentities"]) == [f"{IDENTITY}2"]
    assert set(patch(world, {"identity": {"type": "userassigned"}})["identity"]) == {"type", "userAssignedIdentities"}
    assert "userAssignedIdentities" not in patch(world, {"identity": {"type": "systemassigned"}})["identity"]


@pytest.mark.parametrize(
    ("identity", "code"),
    [
        ({"type": "userassigned", "userAssignedIdentities": {f"{IDENTITY}3": {}}}, "FailedIdentityOperation"),
        ({"type": "userassigned"}, "BMSUserErrorInvalidInput"),
        ({"type": "systemassigned", "userAssignedIdentities": {IDENTITY: {}}}, "BMSUserErrorInvalidInput"),
        ({"type": "none, systemassigned"}, "BMSUserErrorInvalidInput"),
        ({"type": ["SystemAssigned"]}, "InvalidRequestContent"),
    ],
)
def test_a_bad_identity_is_refused(world: ArmWorld, identity: Json, code: str) -> None:
    add_identity(world)
    assert world.error("PATCH", VAULT, {"identity": identity}) == (400, code)
    assert "identity" not in world.get(VAULT)


@pytest.mark.parametrize("identity", [{}, {"type": ""}, {"type": None, "userAssignedIdentities": None}])
def test_an_identity_that_says_nothing_changes_none(world: ArmWorld, identity: Json) -> None:
    world.request("PATCH", VAULT, {"identity": identity})
    assert "identity" not in world.get(VAULT)


def test_a_put_names_all_user_assigned_identities(world: ArmWorld) -> None:
    add_identity(world)
    add_identity(world, f"{IDENTITY}2")
    for id in (IDENTITY, f"{IDENTITY}2"):
        identity = {"type": "UserAssigned", "userAssignedIdentities": {id: {}}}
        shown = world.put(VAULT, {"location": "westus", "identity": identity, "properties": {}}).json()
        assert list(shown["identity"]["userAssignedIdentities"]) == [id]


# ----------------------------------------------------------------------------------------------------------- encryption


def test_a_vault_is_encrypted_with_a_customer_s_key(world: ArmWorld) -> None:
    add_identity(world)
    patch(world, {"identity": {"type": "userassigned", "userAssignedIdentities": {IDENTITY: {}}}})
    asked = {"keyVaultProperties": {"keyUri": KEY}, "kekIdentity": {"userAssignedIdentity": IDENTITY}}
    shown = patch(world, {"properties": {"encryption": asked}})["properties"]["encryption"]
    assert shown == {
        "keyVaultProperties": {"keyUri": KEY},
        "kekIdentity": {"userAssignedIdentity": IDENTITY, "useSystemAssignedIdentity": False},
        "infrastructureEncryption": "Disabled",
    }
    assert world.get(ENCRYPTION_CONFIG)["properties"] == {
        "encryptionAtRestType": "CustomerManaged",
        "keyUri": KEY,
        "useSystemAssignedIdentity": False,
        "userAssignedIdentity": IDENTITY,
        "lastUpdateStatus": "Succeeded",
        "infrastructureEncryptionState": "Disabled",
    }
    assert world.error("PATCH", VAULT, {"identity": {"type": "none"}}) == (
        400,
        "BMSUserErrorEncryptionIdentityNotAssigned",
    )
    world.put(VAULT, {"location": "westus", "properties": {}})
    assert world.get(VAULT)["properties"]["encryption"] == shown


def test_a_new_vault_may_name_the_identity_that_it_gets_later(world: ArmWorld) -> None:
    add_identity(world)
    encryption = {"keyVaultProperties": {"keyUri": KEY}, "kekIdentity": {"userAssignedIdentity": IDENTITY}}
    other = f"{VAULT}2"
    body = {"location": "westus", "identity": {"type": "None"}, "properties": {"encryption": encryption}}
    world.put(other, body)
    world.request("PATCH", other, {"identity": {"type": "UserAssigned", "userAssignedIdentities": {IDENTITY: {}}}})
    shown = world.get(other)
    assert list(shown["identity"]["userAssignedIdentities"]) == [IDENTITY]
    assert shown["properties"]["encryption"]["kekIdentity"]["userAssignedIdentity"] == IDENTITY
    own = encryption | {"kekIdentity": {"useSystemAssignedIdentity": True}}
    refusal = world.error("PUT", f"{VAULT}3", body | {"properties": {"encryption": own}})
    assert refusal == (400, "BMSUserErrorEncryptionIdentityNotAssigned")


def test_the_older_api_encrypts_too(world: ArmWorld) -> None:
    assert world.get(ENCRYPTION_CONFIG)["properties"]["encryptionAtRestType"] == "MicrosoftManaged"
    asked = {"encryptionAtRestType": "CustomerManaged", "keyUri": KEY, "useSystemAssignedIdentity": True}
    refusal = world.error("PUT", ENCRYPTION_CONFIG, {"properties": asked})
    assert refusal == (400, "BMSUserErrorEncryptionIdentityNotAssigned")
    patch(world, {"identity": {"type": "systemassigned"}})
    response = world.put(ENCRYPTION_CONFIG, {"properties": asked | {"infrastructureEncryptionState": "Enabled"}})
    assert response.json()["properties"]["infrastructureEncryptionState"] == "Enabled"
    assert world.get(VAULT)["properties"]["encryption"]["keyVaultProperties"] == {"keyUri": KEY}
    back = world.error("PUT", ENCRYPTION_CONFIG, {"properties": {"encryptionAtRestType": "MicrosoftManaged"}})
    assert back == (400, "BMSUserErrorEncryptionTypeNotAllowed")


# -------------------------------------------------------------------------------------------------------- Site Recovery


def test_the_settings_of_replication_are_kept_and_shown(world: ArmWorld) -> None:
    settings = f"{VAULT}/replicationVaultSettings"
    unset = {"migrationSolutionId": None, "vmwareToAzureProviderType": None}
    assert world.get(f"{settings}/default")["properties"] == unset
    before = world.get(VAULT)
    put = world.put(f"{settings}/default", {"properties": {"vmwareToAzureProviderType": "Vmware"}})
    assert put.status_code == 200
    assert put.json() == world.get(f"{settings}/default")
    assert put.json()["properties"] == unset | {"vmwareToAzureProviderType": "Vmware"}
    patch(world, {"properties": {"publicNetworkAccess": "Disabled"}})
    assert world.get(settings)["value"] == [put.json()]
    assert world.get(VAULT)["properties"] == before["properties"] | {"publicNetworkAccess": "Disabled"}
    assert world.error("PUT", f"{settings}/other", {"properties": {}}) == (404, "ResourceNotFound")


# ----------------------------------------------------------------------------------------------------------- older APIs


def test_the_older_settings_of_a_vault_are_shown(world: ArmWorld) -> None:
    assert world.error("GET", BACKUP_CONFIG.replace("Vault01", "Vault02")) == (404, "ResourceNotFound")
    assert world.get(f"{VAULT}/backupconfig/VaultConfig")["properties"]["softDeleteFeatureState"] == "AlwaysON"
    assert world.get(STORAGE_CONFIG)["properties"]["storageTypeState"] == "Unlocked"


def test_the_older_api_sets_redundancy_until_the_vault_api_did(world: ArmWorld) -> None:
    zone = {"properties": {"storageModelType": "ZoneRedundant"}}
    assert world.put(STORAGE_CONFIG, zone).json()["properties"]["storageType"] == "ZoneRedundant"
    assert world.request("PATCH", STORAGE_CONFIG, {"properties": {"storageType": "GeoRedundant"}}).status_code == 204
    assert world.get(VAULT)["properties"]["redundancySettings"] == GEO["redundancySettings"]
    local = {"redundancySettings": {"standardTierStorageRedundancy": "LocallyRedundant"}}
    patch(world, {"properties": local})
    for method in ("PUT", "PATCH"):
        assert world.error(method, STORAGE_CONFIG, zone) == (400, "BMSUserErrorRedundancySettingsUseVaultApi")
    unchanged = world.get(STORAGE_CONFIG)
    assert world.put(STORAGE_CONFIG, unchanged).json() == unchanged


def test_the_older_api_refuses_redundancies_that_a_vault_has_not(world: ArmWorld) -> None:
    asked = {"properties": {"storageType": "ReadAccessGeoZoneRedundant"}}
    assert world.error("PUT", STORAGE_CONFIG, asked) == (400, "InvalidRestApiParameter")


def test_the_older_api_changes_no_soft_delete(world: ArmWorld) -> None:
    unchanged = world.get(BACKUP_CONFIG)
    for method in ("PUT", "PATCH"):
        response = world.request(method, BACKUP_CONFIG, {"properties": unchanged["properties"]})
        assert (response.status_code, response.json()) == (200, unchanged)
        days = {"properties": {"softDeleteRetentionPeriodInDays": 30}}
        assert world.error(method, BACKUP_CONFIG, days) == (400, "BMSUserErrorSoftDeleteUseVaultApi")
    soft_delete = {"softDeleteSettings": {"softDeleteRetentionPeriodInDays": 30}}
    patch(world, {"properties": {"securitySettings": soft_delete}})
    assert world.get(BACKUP_CONFIG)["properties"]["softDeleteRetentionPeriodInDays"] == 30
