"""Resource groups with what is in them: deletion, locks, the list of all resources, tags; by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.arm.app import internal_client
from controlplane.jobs.catalog import plans
from controlplane.ports import Blob
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world, identity

OTHER = f"{SUBSCRIPTION}/resourceGroups/other"
LOCKS = "providers/Microsoft.Authorization/locks"
RESOURCES = f"{SUBSCRIPTION}/resources"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        yield world


def lock(world: ArmWorld, scope: str, level: str = "CanNotDelete") -> str:
    path = f"{scope}/{LOCKS}/kept"
    world.put(path, {"properties": {"level": level}})
    return path


def delete_group(world: ArmWorld, group: str = GROUP) -> int:
    """The status that the deletion of a group ends with."""
    response = world.request("DELETE", group)
    assert response.status_code == 202
    assert int(response.headers["Retry-After"]) > 0
    world.settle()
    return world.request("GET", response.headers["Location"]).status_code


# ------------------------------------------------------------------------------------------------------------- deletion


def test_a_group_goes_with_everything_in_it(world: ArmWorld) -> None:
    world.add_machine()
    world.add_vault()
    world.put(OTHER, {"location": "westus"})
    kept = f"{OTHER}/providers/Microsoft.RecoveryServices/vaults/Vault02"
    world.put(kept, {"location": "westus", "properties": {}})
    assert delete_group(world) == 200
    assert world.error("GET", GROUP) == (404, "ResourceGroupNotFound")
    assert [each["id"] for each in world.get(RESOURCES)["value"]] == [kept]
    assert world.ports.fabric.instance_view(VM) is None
    assert world.error("DELETE", GROUP) == (404, "ResourceGroupNotFound")
    world.add_group()
    assert world.get(f"{GROUP}/resources") == {"value": []}


def test_a_deletion_that_a_process_began_is_ended_by_the_next(world: ArmWorld) -> None:
    world.add_machine()
    world.engine.close()
    response = world.request("DELETE", GROUP)
    assert world.request("GET", response.headers["Location"]).status_code == 202
    engine = InlineEngine(plans(lambda: requests), lambda: world.ports, world.engine.runs)
    requests = internal_client(world.ports, engine, identity())
    engine.recover()
    engine.settle()
    engine.close()
    assert world.request("GET", response.headers["Location"]).status_code == 200
    assert world.get(RESOURCES)["value"] == []


def test_a_vault_with_items_keeps_its_group(world: ArmWorld) -> None:
    world.add_machine()
    world.add_vault()
    world.protect()
    response = world.request("DELETE", GROUP)
    assert response.status_code == 202
    world.settle()
    ended = world.request("GET", response.headers["Location"])
    assert ended.status_code == 409
    error = ended.json()["error"]
    assert error["code"] == "ResourceGroupDeletionBlocked"
    assert "Microsoft.RecoveryServices/vaults/Vault01" in error["message"]
    assert [detail["code"] for detail in error["details"]] == ["BMSUserErrorVaultDeletionNotAllowed"]
    assert [each["id"] for each in world.get(f"{GROUP}/resources")["value"]] == [VAULT]
    assert world.get(GROUP)["properties"]["provisioningState"] == "Succeeded"


# ---------------------------------------------------------------------------------------------------------------- locks


def test_a_lock_is_written_listed_and_deleted(world: ArmWorld) -> None:
    path = f"{GROUP}/{LOCKS}/kept"
    created = world.put(path, {"properties": {"level": "cannotdelete", "notes": "ours"}})
    assert created.status_code == 201
    assert created.json()["properties"] == {"level": "CanNotDelete", "notes": "ours"}
    assert world.put(path, {"properties": {"level": "ReadOnly"}}).status_code == 200
    assert world.get(path)["properties"] == {"level": "ReadOnly"}
    assert world.get(f"{GROUP}/{LOCKS}")["value"] == [world.get(path)]
    assert world.get(f"{SUBSCRIPTION}/{LOCKS}")["value"] == [world.get(path)]
    assert world.get(f"{SUBSCRIPTION}/{LOCKS}", **{"$filter": "atScope()"}) == {"value": []}
    assert world.request("DELETE", path).status_code == 200
    assert world.request("DELETE", path).status_code == 204
    assert world.error("GET", path) == (404, "LockNotFound")


def test_a_lock_needs_a_level_and_something_to_lock(world: ArmWorld) -> None:
    body = {"properties": {"level": "ReadOnly"}}
    assert world.error("PUT", f"{GROUP}/{LOCKS}/a", {}) == (400, "InvalidRequestContent")
    assert world.error("PUT", f"{OTHER}/{LOCKS}/a", body) == (404, "ResourceGroupNotFound")
    assert world.error("PUT", f"{ACCOUNT}/{LOCKS}/a", body) == (404, "ResourceNotFound")


@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP, ACCOUNT], ids=["subscription", "group", "resource"])
@pytest.mark.parametrize("target", [GROUP, ACCOUNT], ids=["group", "resource"])
def test_nothing_above_or_below_a_lock_is_deleted(world: ArmWorld, scope: str, target: str) -> None:
    world.add_account()
    path = lock(world, scope)
    world.put(OTHER, {"location": "westus"})
    assert world.error("DELETE", target) == (409, "ScopeLocked")
    assert scope in world.request("DELETE", target).json()["error"]["message"]
    assert world.put(ACCOUNT, {"location": "westus", "sku": {"name": "Standard_LRS"}}).status_code == 200
    assert world.request("DELETE", path).status_code == 200
    assert world.request("DELETE", target).status_code in {200, 202}


def test_a_read_only_group_is_not_written_to(world: ArmWorld) -> None:
    world.add_machine()
    path = lock(world, GROUP, "ReadOnly")
    assert world.error("PUT", GROUP, {"location": "westus"}) == (409, "ScopeLocked")
    assert world.error("PATCH", GROUP, {"tags": {}}) == (409, "ScopeLocked")
    assert world.error("POST", f"{ACCOUNT}/listKeys", {}) == (409, "ScopeLocked")
    assert world.error("POST", f"{VM}/deallocate", {}) == (409, "ScopeLocked")
    assert world.error("DELETE", VM) == (409, "ScopeLocked")
    assert world.get(VM)["name"] == "Sql01"
    assert world.request("DELETE", path).status_code == 200
    assert world.post(f"{VM}/deallocate").status_code == 202


def test_a_lock_on_a_neighbour_of_a_similar_name_means_nothing(world: ArmWorld) -> None:
    world.put(f"{GROUP}2", {"location": "westus"})
    lock(world, f"{GROUP}2")
    assert delete_group(world) == 200


# ------------------------------------------------------------------------------------------------------------ resources


def test_resources_of_all_types_are_in_one_list(world: ArmWorld) -> None:
    world.add_machine()
    world.add_vault()
    listed = world.get(f"{GROUP}/resources")["value"]
    assert [each["id"] for each in listed] == sorted((ACCOUNT, VM, VAULT), key=str.lower)
    assert world.get(RESOURCES, **{"$filter": "resourceGroup eq 'DEMO'"})["value"] == listed
    assert all("properties" not in each for each in listed)
    (vault,) = world.get(RESOURCES, **{"$filter": "resourceType eq 'microsoft.recoveryservices/vaults'"})["value"]
    assert (vault["id"], vault["sku"]["name"]) == (VAULT, "Standard")
    expanded = world.get(RESOURCES, **{"$expand": "createdTime,provisioningState", "$filter": "name eq 'vault01'"})
    assert [each["provisioningState"] for each in expanded["value"]] == ["Succeeded"]
    assert world.error("GET", RESOURCES, **{"$filter": "colour eq 'red'"}) == (400, "InvalidQueryParameter")
    assert world.error("GET", f"{OTHER}/resources") == (404, "ResourceGroupNotFound")


@pytest.mark.parametrize(
    ("filter", "refusal"),
    [
        ("resourceType eq 'Microsoft.Web/sites'", (501, "OperationNotSimulated")),
        ("resourceType eq 'Microsoft.Compute/virtualMachines/extensions'", (501, "OperationNotSimulated")),
        ("resourceType eq 'Microsoft.Compute/virtualMachine'", (400, "InvalidQueryParameter")),
        ("resourceType eq 'Contoso.Web/sites'", (400, "InvalidQueryParameter")),
        ("resourceType eq 'Microsoft.Compute'", (400, "InvalidQueryParameter")),
        ("location eq 'westos'", (400, "InvalidQueryParameter")),
    ],
)
@pytest.mark.parametrize("scope", [SUBSCRIPTION, GROUP])
def test_resources_of_a_type_or_place_that_is_not_here_are_no_empty_list(
    world: ArmWorld, scope: str, filter: str, refusal: tuple[int, str]
) -> None:
    assert world.error("GET", f"{scope}/resources", **{"$filter": filter}) == refusal


def test_resources_are_found_by_their_place(world: ArmWorld) -> None:
    world.add_vault()
    for place, ids in (("westus", [VAULT]), ("West US", [VAULT]), ("uksouth", []), ("global", [])):
        listed = world.get(RESOURCES, **{"$filter": f"location eq '{place}'"})["value"]
        assert [each["id"] for each in listed] == ids, place


def test_resources_are_found_by_their_tags(world: ArmWorld) -> None:
    world.add_account()
    world.request("PATCH", ACCOUNT, {"tags": {"Owner": "Tests"}})
    for filter, is_found in (
        ("tagName eq 'owner'", True),
        ("tagName eq 'owner' and tagValue eq 'Tests'", True),
        ("tagName eq 'owner' and tagValue eq 'tests'", False),
        ("tagName eq 'other'", False),
    ):
        assert bool(world.get(RESOURCES, **{"$filter": filter})["value"]) == is_found, filter


def test_a_long_list_of_resources_comes_by_pages(world: ArmWorld) -> None:
    for number in range(150):
        for kind in ("Microsoft.Storage/storageAccounts", "Microsoft.RecoveryServices/vaults"):
            id = f"{GROUP}/providers/{kind}/name{number:03}"
            body = {"id": id, "name": id[-7:], "type": kind, "location": "westus"}
            world.ports.store.put(kind.lower(), id, body, parent=GROUP)
    first = world.get(f"{GROUP}/resources")
    second = world.get(first["nextLink"])
    assert (len(first["value"]), len(second["value"])) == (200, 100)
    assert len({each["id"] for each in (*first["value"], *second["value"])}) == 300


def test_a_group_s_tags_are_replaced(world: ArmWorld) -> None:
    response = world.request("PATCH", GROUP, {"tags": {"a": "b"}})
    assert (response.status_code, response.json()["tags"]) == (200, {"a": "b"})
    assert world.request("PATCH", GROUP, {}).json()["tags"] == {"a": "b"}
    assert world.error("PATCH", OTHER, {"tags": {}}) == (404, "ResourceGroupNotFound")


# ----------------------------------------------------------------------------------------------------- storage accounts


def test_an_account_goes_with_its_blobs_unless_they_are_disks(world: ArmWorld) -> None:
    assert world.request("DELETE", ACCOUNT).status_code == 204
    world.add_machine()
    disk = world.ports.fabric.disks(VM)[0].blob
    assert world.error("DELETE", ACCOUNT) == (409, "StorageAccountInUse")
    assert world.ports.blobs.properties(disk)
    world.request("DELETE", VM)
    assert world.request("DELETE", ACCOUNT).status_code == 200
    assert world.error("GET", ACCOUNT) == (404, "ResourceNotFound")
    world.add_account()
    assert world.ports.blobs.properties(Blob(disk.account, disk.container, disk.name)) is None


def test_an_account_changes_by_patch_what_it_names(world: ArmWorld) -> None:
    world.add_account()
    before = world.get(ACCOUNT)
    changes = {"sku": {"name": "standard_grs"}, "properties": {"accessTier": "Cool"}}
    changed = world.request("PATCH", ACCOUNT, changes).json()
    assert changed["sku"] == {"name": "Standard_GRS", "tier": "Standard"}
    assert changed["properties"] == before["properties"] | {"accessTier": "Cool"}
    assert world.request("PATCH", ACCOUNT, {"tags": {"a": "b"}}).json() == changed | {"tags": {"a": "b"}}
    assert world.error("PATCH", ACCOUNT, {"sku": {"name": "Gold"}}) == (400, "InvalidValuesForRequestParameters")
    assert world.error("PATCH", f"{ACCOUNT}2", {"tags": {}}) == (404, "ResourceNotFound")
