"""Containers of a storage account and the settings of its services, by requests."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.ports import Blob
from tests.unit.controlplane.arm.arm_world import ACCOUNT, ArmWorld, arm_world

SERVICE = f"{ACCOUNT}/blobServices/default"
CONTAINER = f"{SERVICE}/containers/tfstate"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_account()
        yield world


def test_a_container_is_made_read_changed_and_deleted(world: ArmWorld) -> None:
    assert world.error("GET", CONTAINER) == (404, "ContainerNotFound")
    made = world.put(CONTAINER, {"properties": {"publicAccess": "None", "metadata": {"a": "b"}}})
    assert made.status_code == 201
    shown = world.get(CONTAINER)
    assert (shown["id"], shown["name"]) == (CONTAINER, "tfstate")
    assert shown["type"] == "Microsoft.Storage/storageAccounts/blobServices/containers"
    assert (
        shown["properties"].items()
        >= {
            "publicAccess": "None",
            "metadata": {"a": "b"},
            "hasImmutabilityPolicy": False,
            "hasLegalHold": False,
            "defaultEncryptionScope": "$account-encryption-key",
        }.items()
    )
    assert world.put(CONTAINER, {"properties": {}}).status_code == 200
    assert world.get(CONTAINER)["properties"]["metadata"] == {"a": "b"}, "not spoken of, and so not changed"
    changed = world.request("PATCH", CONTAINER, {"properties": {"publicAccess": "Blob", "metadata": {}}}).json()
    assert changed["properties"]["publicAccess"] == "Blob"
    assert "metadata" not in changed["properties"]
    assert world.request("DELETE", CONTAINER).status_code == 200
    assert world.request("DELETE", CONTAINER).status_code == 204
    assert world.error("GET", CONTAINER) == (404, "ContainerNotFound")
    assert world.error("PATCH", CONTAINER, {}) == (404, "ContainerNotFound")


def test_containers_that_the_storage_has_are_listed(world: ArmWorld) -> None:
    world.ports.blobs.put(Blob("sql01disks", "other", "b"), b"data")
    world.put(CONTAINER, {})
    listed = world.get(f"{SERVICE}/containers")["value"]
    assert [each["name"] for each in listed] == ["other", "tfstate"]
    assert [each["id"] for each in listed] == [f"{SERVICE}/containers/other", CONTAINER]


def test_what_no_container_can_be_is_refused(world: ArmWorld) -> None:
    for name in ("UPPER", "a", "a--b", "-ab", "x" * 64):
        assert world.error("PUT", f"{SERVICE}/containers/{name}", {}) == (400, "InvalidResourceName")
    wrong = {"properties": {"publicAccess": "Everybody"}}
    assert world.error("PUT", CONTAINER, wrong) == (400, "InvalidValuesForRequestParameters")
    scoped = {"properties": {"defaultEncryptionScope": "mine"}}
    assert world.error("PUT", CONTAINER, scoped) == (501, "OperationNotSimulated")
    missing = CONTAINER.replace("sql01disks", "nobody")
    assert world.error("PUT", missing, {}) == (404, "ResourceNotFound")


def test_a_container_with_the_disks_of_a_machine_stays(world: ArmWorld) -> None:
    world.add_machine()
    assert world.error("DELETE", f"{SERVICE}/containers/vhds") == (412, "LeaseIdMissing")
    assert world.get(f"{SERVICE}/containers/vhds")["name"] == "vhds"


@pytest.mark.parametrize("service", ["blobServices", "fileServices"])
def test_the_settings_of_a_service_are_kept_and_shown(world: ArmWorld, service: str) -> None:
    path = f"{ACCOUNT}/{service}/default"
    shown = world.get(path)
    assert (shown["id"], shown["name"], shown["type"]) == (
        path,
        "default",
        f"Microsoft.Storage/storageAccounts/{service}",
    )
    rules = {"corsRules": [{"allowedOrigins": ["*"]}]}
    assert world.put(path, {"properties": {"cors": rules}}).status_code == 200
    assert world.get(path)["properties"] == shown["properties"] | {"cors": rules}
    assert world.get(f"{ACCOUNT}/{service}")["value"] == [world.get(path)]
    assert world.error("GET", f"{ACCOUNT}/{service}/other")[0] == 400


def test_settings_go_with_their_account(world: ArmWorld) -> None:
    world.put(SERVICE, {"properties": {"isVersioningEnabled": True}})
    world.request("DELETE", ACCOUNT)
    assert world.error("GET", SERVICE) == (404, "ResourceNotFound")
    world.add_account()
    assert "isVersioningEnabled" not in world.get(SERVICE)["properties"]


def test_services_that_are_not_here_are_refused_by_name(world: ArmWorld) -> None:
    for path in ("queueServices/default", "tableServices/default", "fileServices/default/shares/one"):
        assert world.error("GET", f"{ACCOUNT}/{path}") == (501, "OperationNotSimulated")
