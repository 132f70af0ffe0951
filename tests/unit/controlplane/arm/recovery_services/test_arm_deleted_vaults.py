"""Deleted vaults by requests: what is kept of one, for how long, and how it comes back."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import timedelta

import pytest

from controlplane.domain.recovery_services import deleted_vault, job, policy, protected_item, recovery_point
from controlplane.domain.times import parse_instant
from controlplane.jobs.documents import points
from controlplane.jobs.retention import expiry
from controlplane.json_object import Json
from controlplane.vault_format.packs import CONTAINER
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.controlplane.arm.recovery_services.test_arm_vaults import policy_body
from tests.virtual_clock import VirtualClock

DELETED = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults"
MINE = f"{VAULT}/backupPolicies/mine"
OTHER_GROUP = f"{SUBSCRIPTION}/resourceGroups/Other"
BACKUP = {"properties": {"objectType": "IaasVMBackupRequest"}}
UNDELETE_ITEM = {
    "properties": {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "sourceResourceId": VM,
        "policyId": "",
        "protectionState": "ProtectionStopped",
        "isRehydrate": True,
    }
}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    """A world with a vault whose one item, backed up once, is soft-deleted."""
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.ports.blobs.write(world.fabric.disks(VM)[0].blob, 0, b"data" * 16384)
        world.add_vault()
        world.put(MINE, policy_body())
        world.protect(MINE)
        world.follow(world.post(f"{ITEM}/backup", BACKUP))
        world.settle()
        world.follow(world.request("DELETE", ITEM))
        yield world


def jump(world: ArmWorld, seconds: float) -> None:
    assert isinstance(world.ports.clock, VirtualClock)
    world.ports.clock.jump(seconds)


def delete_vault(world: ArmWorld) -> Json:
    """What is kept of the vault."""
    assert world.follow(world.request("DELETE", VAULT))["status"] == "Succeeded"
    (kept,) = world.get(DELETED)["value"]
    assert isinstance(kept, dict)
    return kept


def undelete(world: ArmWorld, kept: Json, group: str = GROUP) -> Json:
    response = world.post(f"{kept['id']}/undelete", {"properties": {"recoveryResourceGroupId": group}})
    assert response.status_code == 202, response.text
    return world.follow(response)


def pass_time(world: ArmWorld, **time: float) -> None:
    """Let time pass in which the service does what it does by itself."""
    world.advance(timedelta(**time).total_seconds())


def test_a_vault_with_only_soft_deleted_items_becomes_a_deleted_vault(world: ArmWorld) -> None:
    purge = protected_item.purge_time(world.get(ITEM))
    jump(world, 60)
    kept = delete_vault(world)
    assert kept["name"].startswith("Demo_")
    assert kept["id"] == f"{DELETED}/{kept['name']}"
    assert kept["properties"]["vaultId"] == VAULT
    assert parse_instant(kept["properties"]["purgeAt"]) == purge
    assert parse_instant(kept["properties"]["vaultDeletionTime"]) == world.ports.clock.now()
    assert world.get(kept["id"]) == kept
    assert world.get(f"{DELETED.replace('westus', 'West US')}/{kept['name'].upper()}") == kept
    assert world.get(DELETED.replace("westus", "eastus"))["value"] == []
    assert world.error("GET", VAULT) == (404, "ResourceNotFound")
    assert world.error("GET", ITEM) == (404, "ResourceNotFound")


def test_an_empty_vault_is_kept_for_an_hour(world: ArmWorld) -> None:
    empty = f"{VAULT}2"
    world.put(empty, {"location": "westus", "properties": {}})
    world.follow(world.request("DELETE", empty))
    (kept,) = world.get(DELETED)["value"]
    assert kept["properties"]["purgeAt"] == kept["properties"]["vaultDeletionTime"]
    pass_time(world, minutes=59)
    assert world.get(DELETED)["value"] == [kept]
    pass_time(world, minutes=1)
    assert world.get(DELETED)["value"] == []


def test_an_undeleted_vault_has_everything_that_it_had(world: ArmWorld) -> None:
    def everything() -> dict[str, Json]:
        paths = ("", "/backupPolicies", "/backupJobs", "/backupProtectedItems", "/backupProtectionContainers")
        found = {path: world.get(f"{VAULT}{path}") for path in paths}
        del found[""]["etag"]
        return found | {"points": world.get(f"{ITEM}/recoveryPoints")}

    before = everything()
    assert before["points"]["value"]
    ended = undelete(world, delete_vault(world))
    assert ended["status"] == "Succeeded"
    assert everything() == before
    assert world.get(DELETED)["value"] == []


def test_an_undeleted_vault_goes_on(world: ArmWorld) -> None:
    undelete(world, delete_vault(world))
    world.follow(world.put(ITEM, UNDELETE_ITEM))
    assert world.get(ITEM)["properties"]["protectionState"] == "ProtectionStopped"
    world.protect(MINE)
    assert world.follow(world.post(f"{ITEM}/backup", BACKUP))["status"] == "Succeeded"
    world.settle()
    assert len(world.get(f"{ITEM}/recoveryPoints")["value"]) == 2


def test_a_vault_may_come_back_into_another_group(world: ArmWorld) -> None:
    world.put(OTHER_GROUP, {"location": "westus"})
    undelete(world, delete_vault(world), OTHER_GROUP)
    vault = world.get(VAULT.replace("/Demo/", "/Other/"))
    item = world.get(ITEM.replace("/Demo/", "/Other/"))
    (point,) = world.get(f"{item['id']}/recoveryPoints")["value"]
    assert vault["id"].startswith(OTHER_GROUP)
    assert item["properties"]["vaultId"].endswith(vault["id"])
    assert point["id"].lower().startswith(item["id"].lower())
    assert world.error("GET", VAULT) == (404, "ResourceNotFound")


def test_a_new_vault_of_the_same_name_is_another_vault(world: ArmWorld) -> None:
    kept = delete_vault(world)
    world.add_vault()
    assert world.get(f"{VAULT}/backupProtectedItems")["value"] == []
    assert world.error("GET", MINE) == (404, "BMSUserErrorPolicyNotFound")
    body = {"properties": {"recoveryResourceGroupId": GROUP}}
    assert world.error("POST", f"{kept['id']}/undelete", body) == (409, "BMSUserErrorVaultNameAlreadyInUse")
    assert world.get(kept["id"]) == kept
    world.follow(world.request("DELETE", VAULT))
    assert undelete(world, kept)["status"] == "Succeeded"
    assert world.get(ITEM)["properties"]["isScheduledForDeferredDelete"]


def test_a_deleted_vault_keeps_no_machine_from_a_new_one(world: ArmWorld) -> None:
    status = {"resourceType": "VM", "resourceId": VM}
    path = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/backupStatus"
    kept = delete_vault(world)
    assert world.post(path, status).json() == {"protectionStatus": "NotProtected"}
    world.put(f"{VAULT}2", {"location": "westus", "properties": {}})
    (machine,) = world.get(f"{VAULT}2/backupProtectableItems")["value"]
    assert machine["properties"]["virtualMachineId"] == VM
    world.follow(
        world.put(ITEM.replace("Vault01", "Vault012"), world.protection(f"{VAULT}2/backupPolicies/DefaultPolicy"))
    )
    undelete(world, kept)
    world.follow(world.put(ITEM, UNDELETE_ITEM))
    elsewhere = (400, "BMSUserErrorContainerIsAlreadyRegisteredWithAnotherVault")
    assert world.error("PUT", ITEM, world.protection(MINE)) == elsewhere


@pytest.mark.parametrize(
    ("group", "expected"),
    [
        (f"{GROUP}2", (404, "ResourceGroupNotFound")),
        ("Demo", (400, "BMSUserErrorInvalidInput")),
        (VAULT, (400, "BMSUserErrorInvalidInput")),
        (f"/subscriptions/00000000-0000-0000-0000-000000000000{GROUP[51:]}", (404, "SubscriptionNotFound")),
    ],
)
def test_a_vault_comes_back_into_a_group_that_is_there(world: ArmWorld, group: str, expected: tuple[int, str]) -> None:
    kept = delete_vault(world)
    body = {"properties": {"recoveryResourceGroupId": group}}
    assert world.error("POST", f"{kept['id']}/undelete", body) == expected
    assert world.get(DELETED)["value"] == [kept]


def test_what_is_no_deleted_vault_is_not_found(world: ArmWorld) -> None:
    body = {"properties": {"recoveryResourceGroupId": GROUP}}
    assert world.error("GET", f"{DELETED}/x") == (404, "DeletedVaultNotFound")
    assert world.error("POST", f"{DELETED}/x/undelete", body) == (404, "DeletedVaultNotFound")
    assert world.error("GET", f"{DELETED}/x/operations/y") == (404, "OperationNotFound")


def test_a_deleted_vault_is_purged_with_its_items_when_their_time_is_over(world: ArmWorld) -> None:
    kept = delete_vault(world)
    pass_time(world, days=13, hours=23)
    assert world.get(DELETED)["value"] == [kept]
    pass_time(world, hours=2)
    assert world.get(DELETED)["value"] == []
    store = world.ports.store
    kinds = (deleted_vault.KIND, protected_item.KIND, recovery_point.KIND, policy.KIND, job.KIND)
    assert [store.find(kind) for kind in kinds] == [[], [], [], [], []]
    assert list(world.ports.blobs.find(world.ports.settings.vault_account, CONTAINER)) == []
    assert world.error("GET", kept["id"]) == (404, "DeletedVaultNotFound")


def test_what_was_to_be_erased_spares_what_other_points_need(world: ArmWorld) -> None:
    """A note of what is to be erased moves with the item, whose other points it must look at."""
    store = world.ports.store
    world.follow(world.put(ITEM, UNDELETE_ITEM))
    world.protect(MINE)
    jump(world, 3600)
    world.follow(world.post(f"{ITEM}/backup", BACKUP))
    world.settle()
    jump(world, timedelta(days=31).total_seconds())
    expiry.expire(world.in_a_round(), ITEM.lower(), expiry.policy_of(store, MINE))
    world.follow(world.request("DELETE", ITEM))
    kept = delete_vault(world)
    (note,) = store.find(expiry.EXPIRED)
    assert note.parent.startswith(kept["id"].lower())
    pass_time(world, seconds=0)
    assert store.find(expiry.EXPIRED) == []
    undelete(world, kept)
    (item,) = store.find(protected_item.KIND)
    (point,) = points.of_item(store, item.id)
    vault = VaultStore(world.ports.blobs, world.ports.settings.vault_account)
    for disk in point.disks:
        assert disk.vault is not None
        assert vault.check(VaultPoint.from_json(disk.vault)) == []
    assert len(list(world.ports.blobs.find(world.ports.settings.vault_account, CONTAINER, "packs/"))) == 1


def test_the_items_of_deleted_vaults_are_found_by_a_query(world: ArmWorld) -> None:
    def query(part: str) -> list[Json]:
        kind = "microsoft.recoveryservices/locations/deletedvaults/backupfabrics/protectioncontainers/protecteditems"
        text = f"""recoveryservicesresources
| where type == "{kind}"
| extend dataSourceType = strcat(properties.backupManagementType, '/', properties.workloadType)
| where tostring(id) contains "{part}"
| project id, type, name, location, resourceGroup, subscriptionId, dataSourceType, properties, tags"""
        found: list[Json] = world.post("/providers/Microsoft.ResourceGraph/resources", {"query": text}).json()["data"]
        return found

    assert query("Vault01") == []
    kept = delete_vault(world)
    (row,) = query(kept["id"])
    assert (row["dataSourceType"], row["location"]) == ("AzureIaasVM/VM", "westus")
    assert row["id"].startswith(kept["id"])
    assert row["properties"]["friendlyName"] == "Sql01"
    assert query("somewhere else") == []


def test_the_deletion_of_a_group_keeps_its_deleted_vaults(world: ArmWorld) -> None:
    response = world.request("DELETE", GROUP)
    world.settle()
    assert world.request("GET", response.headers["Location"]).status_code == 200
    (kept,) = world.get(DELETED)["value"]
    body = {"properties": {"recoveryResourceGroupId": GROUP}}
    assert world.error("POST", f"{kept['id']}/undelete", body) == (404, "ResourceGroupNotFound")
    world.add_group()
    assert undelete(world, kept)["status"] == "Succeeded"
    assert world.get(ITEM)["name"]
