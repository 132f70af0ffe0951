"""Resource groups, providers and storage accounts, by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.domain.location import REGIONS
from controlplane.ports import Blob
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, SUBSCRIPTION, VERSION, ArmWorld, arm_world

ACCOUNT_BODY = {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def test_a_group_is_created_once_and_written_again(world: ArmWorld) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups/other"
    assert world.put(path, {"location": "westus"}).status_code == 201
    again = world.put(path, {"location": "westus", "tags": {"a": "b"}})
    assert (again.status_code, again.json()["tags"]) == (200, {"a": "b"})
    assert world.error("PUT", path, {"location": "eastus"}) == (409, "InvalidResourceGroupLocation")
    assert world.error("PUT", path, {}) == (400, "LocationRequired")
    assert world.error("PUT", path, {"location": "moon"}) == (400, "LocationNotAvailableForResourceType")
    assert world.error("PUT", f"{path}.", {"location": "westus"}) == (400, "InvalidResourceName")
    assert [group["name"] for group in world.get(f"{SUBSCRIPTION}/resourceGroups")["value"]] == ["Demo", "other"]


def test_a_group_s_presence_is_asked_by_head(world: ArmWorld) -> None:
    assert world.request("HEAD", GROUP).status_code == 204
    assert world.request("HEAD", f"{GROUP}2").status_code == 404


def test_providers_are_read_off_the_table_of_operations(world: ArmWorld) -> None:
    found = {each["namespace"]: each for each in world.get(f"{SUBSCRIPTION}/providers")["value"]}
    assert {"Microsoft.Authorization", "Microsoft.Compute", "Microsoft.RecoveryServices"} <= set(found)
    one = world.get(f"{SUBSCRIPTION}/providers/microsoft.storage")
    assert one == found["Microsoft.Storage"]
    assert one["registrationState"] == "Registered"
    services = ("blobServices", "fileServices", "blobServices/containers")
    kinds = ["storageAccounts", *(f"storageAccounts/{service}" for service in services)]
    assert [kind["resourceType"] for kind in one["resourceTypes"]] == kinds
    registered = world.post(f"{SUBSCRIPTION}/providers/Microsoft.Compute/register")
    assert registered.json()["registrationState"] == "Registered"
    for name, refusal in {
        "Contoso.Things": (404, "InvalidResourceNamespace"),
        "Microsoft.Web": (501, "OperationNotSimulated"),
    }.items():
        assert world.error("GET", f"{SUBSCRIPTION}/providers/{name}") == refusal
        assert world.error("POST", f"{SUBSCRIPTION}/providers/{name}/register") == refusal


def test_a_signed_in_client_finds_subscription_tenant_and_locations(world: ArmWorld) -> None:
    (subscription,) = world.get("/subscriptions")["value"]
    assert world.get(SUBSCRIPTION) == subscription
    (tenant,) = world.get("/tenants")["value"]
    assert tenant["tenantId"] == subscription["tenantId"]
    locations = [place["name"] for place in world.get(f"{SUBSCRIPTION}/locations")["value"]]
    assert locations == list(REGIONS)
    assert "westus" in locations


def test_an_account_is_one_on_the_storage(world: ArmWorld) -> None:
    endpoint = world.add_account()
    assert endpoint == f"{world.ports.blobs.account_url('sql01disks')}/"
    world.ports.blobs.put(Blob("sql01disks", "c", "b"), b"content")
    again = world.put(ACCOUNT, ACCOUNT_BODY | {"tags": {"a": "b"}})
    assert again.status_code == 200
    assert again.json()["tags"] == {"a": "b"}
    assert world.ports.blobs.read(Blob("sql01disks", "c", "b")) == b"content"


def test_by_azure_s_address_an_account_has_azure_s_addresses(world: ArmWorld) -> None:
    """Who reached us so, through a proxy, can use no other; Terraform's provider reads the account's name off them."""
    world.add_account()
    public, headers = "https://management.azure.com", {"Authorization": f"Bearer {world.token}"}
    here = world.get(ACCOUNT)
    shown = world.send("GET", f"{public}{ACCOUNT}", params=VERSION, headers=headers).json()
    assert shown["properties"]["primaryEndpoints"] == {"blob": "https://sql01disks.blob.core.windows.net/"}
    listed = world.send("GET", f"{public}{ACCOUNT.rpartition('/')[0]}", params=VERSION, headers=headers).json()
    assert listed["value"] == [shown]
    assert world.get(ACCOUNT) == here
    assert here["properties"]["primaryEndpoints"]["blob"].startswith(world.ports.blobs.account_url("sql01disks"))


def test_an_account_has_the_identities_that_it_is_given(world: ArmWorld) -> None:
    user = f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/Reader"
    world.put(user, {"location": "westus"})
    both = {"type": "SystemAssigned,UserAssigned", "userAssignedIdentities": {user: {}}}
    world.follow(world.put(ACCOUNT, ACCOUNT_BODY | {"identity": both}))
    shown = world.get(ACCOUNT)["identity"]
    assert shown["userAssignedIdentities"][user].keys() == {"principalId", "clientId"}
    assert shown["principalId"]
    world.put(ACCOUNT, ACCOUNT_BODY)
    assert world.get(ACCOUNT)["identity"] == shown, "what a request does not speak of stays"
    world.request("PATCH", ACCOUNT, {"identity": {"type": "SystemAssigned"}})
    assert "userAssignedIdentities" not in world.get(ACCOUNT)["identity"]
    world.put(ACCOUNT, ACCOUNT_BODY | {"identity": {"type": "None"}})
    assert "identity" not in world.get(ACCOUNT)
    missing = {"type": "UserAssigned", "userAssignedIdentities": {f"{user}2": {}}}
    assert world.error("PATCH", ACCOUNT, {"identity": missing}) == (400, "FailedIdentityOperation")


def test_a_put_that_names_no_kind_leaves_kind_and_access_tier(world: ArmWorld) -> None:
    body = {"location": "westus", "sku": {"name": "Standard_LRS"}}
    tier = {"properties": {"accessTier": "Cool"}}
    world.follow(world.put(ACCOUNT, body | {"kind": "StorageV2"} | tier))
    assert world.put(ACCOUNT, body).status_code == 200
    account = world.get(ACCOUNT)
    assert (account["kind"], account["properties"]["accessTier"]) == ("StorageV2", "Cool")


def test_keys_are_shown_by_list_keys_alone(world: ArmWorld) -> None:
    world.add_account()
    key = world.ports.blobs.account_key("sql01disks")
    shown = world.post(f"{ACCOUNT}/listKeys").json()["keys"]
    assert [each["keyName"] for each in shown] == ["key1", "key2"]
    assert {each["value"] for each in shown} == {key}
    lists = (
        f"{GROUP}/providers/Microsoft.Storage/storageAccounts",
        f"{SUBSCRIPTION}/providers/Microsoft.Storage/storageAccounts",
    )
    for path in (ACCOUNT, *lists):
        assert key not in world.request("GET", path).text
    assert all(key not in str(event.data) for event in world.ports.store.events())
    assert world.error("POST", f"{ACCOUNT}x/listKeys", {}) == (404, "ResourceNotFound")


@pytest.mark.parametrize(
    ("name", "changes", "expected"),
    [
        ("ab", {}, (400, "AccountNameInvalid")),
        ("a" * 25, {}, (400, "AccountNameInvalid")),
        ("UpperCase", {}, (400, "AccountNameInvalid")),
        ("with-hyphen", {}, (400, "AccountNameInvalid")),
        ("goodname", {"location": None}, (400, "LocationRequired")),
        ("goodname", {"location": "moon"}, (400, "LocationNotAvailableForResourceType")),
        ("goodname", {"sku": {"name": "Gold"}}, (400, "InvalidValuesForRequestParameters")),
        ("goodname", {"sku": None}, (400, "InvalidValuesForRequestParameters")),
        ("goodname", {"kind": "Floppy"}, (400, "InvalidValuesForRequestParameters")),
        ("goodname", {"sku": "Standard_LRS"}, (400, "InvalidRequestContent")),
        ("backupservice", {}, (409, "StorageAccountAlreadyTaken")),
        ("backupvaults", {}, (409, "StorageAccountAlreadyTaken")),
        ("manageddisks", {}, (409, "StorageAccountAlreadyTaken")),
    ],
)
def test_a_bad_account_gets_its_code(
    world: ArmWorld, name: str, changes: dict[str, object], expected: tuple[int, str]
) -> None:
    path = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{name}"
    assert world.error("PUT", path, ACCOUNT_BODY | changes) == expected
    assert world.request("GET", path).status_code == 404


def test_a_name_belongs_to_one_account_in_all_groups(world: ArmWorld) -> None:
    world.add_account()
    other = f"{SUBSCRIPTION}/resourceGroups/other"
    world.put(other, {"location": "westus"})
    path = f"{other}/providers/Microsoft.Storage/storageAccounts/sql01disks"
    assert world.error("PUT", path, ACCOUNT_BODY) == (409, "StorageAccountInAnotherResourceGroup")
    assert world.error("PUT", ACCOUNT, ACCOUNT_BODY | {"location": "eastus"}) == (409, "InvalidResourceLocation")
    gone = f"{SUBSCRIPTION}/resourceGroups/gone/providers/Microsoft.Storage/storageAccounts/abc"
    assert world.error("PUT", gone, ACCOUNT_BODY) == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize(
    ("name", "reason"),
    [
        ("freename", None),
        ("No", "AccountNameInvalid"),
        ("sql01disks", "AlreadyExists"),
        ("backupservice", "AlreadyExists"),
    ],
)
def test_a_name_is_asked_for_first(world: ArmWorld, name: str, reason: str | None) -> None:
    world.add_account()
    path = f"{SUBSCRIPTION}/providers/Microsoft.Storage/checkNameAvailability"
    told = world.post(path, {"name": name, "type": "Microsoft.Storage/storageAccounts"}).json()
    assert (told["nameAvailable"], told.get("reason")) == (reason is None, reason)
