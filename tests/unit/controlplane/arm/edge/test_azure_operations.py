"""What Azure has and we have not is refused by its name; what Azure has not gets Azure's own error."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.arm.edge.azure_operations import has_operation, lacks_type
from controlplane.arm.edge.routing import split
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, VAULT, VM, ArmWorld, arm_world

COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/one"
FABRIC = f"{VAULT}/backupFabrics"
SHARE = f"{FABRIC}/Azure/protectionContainers/StorageContainer;Storage;demo;one/protectedItems/AzureFileShare;docs"
DATABASE = (
    f"{FABRIC}/Azure/protectionContainers/VMAppContainer;Compute;demo;sql01/protectedItems/SQLDataBase;mssqlserver;db"
)


@pytest.fixture(scope="module")
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_machine()
        world.add_vault()
        world.protect()
        yield world


@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("PUT", f"{COMPUTE}/images/one"),
        ("GET", f"{COMPUTE}/images"),
        ("GET", f"{COMPUTE}/galleries/one"),
        ("POST", f"{VM}/reapply"),
        ("PUT", f"{GROUP}/providers/Microsoft.Network/loadBalancers/one"),
        ("POST", f"{STORAGE}/revokeUserDelegationKeys"),
        ("GET", f"{GROUP}/providers/Microsoft.KeyVault/vaults/one"),
        ("GET", f"{VAULT}/replicationFabrics"),
        ("GET", f"{GROUP}/providers/Oracle.Database/autonomousDatabases/one"),
        ("GET", f"{GROUP}/providers/microsoft.operationalinsights/workspaces/one"),
    ],
)
def test_what_azure_has_is_refused_by_its_name(world: ArmWorld, method: str, path: str) -> None:
    response = world.request(method, path, {})
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (501, "OperationNotSimulated")
    namespace = path.rpartition("/providers/")[2].partition("/")[0]
    assert error["target"].startswith(f"{method} {namespace}/")


@pytest.mark.parametrize(
    ("method", "path", "expected"),
    [
        ("GET", f"{COMPUTE}/imagesOfNobody/one", (404, "InvalidResourceType")),
        ("POST", f"{VM}/dance", (404, "InvalidResourceType")),
        ("GET", f"{GROUP}/providers/Contoso.Compute/disks/one", (404, "InvalidResourceNamespace")),
        ("GET", f"{GROUP}/providers/Microsoft.Foo/bar", (404, "InvalidResourceNamespace")),
        ("PUT", f"{GROUP}/providers/Microsoft.RecoveryService/vaults/one", (404, "InvalidResourceNamespace")),
        ("GET", f"{VAULT}/nonsense", (404, "InvalidResourceType")),
        ("PUT", f"{VAULT}/nonsense/one", (404, "InvalidResourceType")),
        ("POST", f"{ITEM}/dance", (404, "InvalidResourceType")),
        ("GET", f"{GROUP}/providers/Microsoft.RecoveryServices/safes/one", (404, "InvalidResourceType")),
        ("DELETE", f"{COMPUTE}/disks", (405, "MethodNotAllowed")),
        ("POST", f"{COMPUTE}/images/one", (405, "MethodNotAllowed")),
        ("PUT", f"{VAULT}/backupstorageconfig/myconfig", (400, "InvalidRestApiParameter")),
        ("GET", f"{VAULT}/backupconfig/other", (400, "InvalidRestApiParameter")),
        ("PUT", f"{VAULT}/backupEncryptionConfigs/mine", (400, "InvalidRestApiParameter")),
        ("GET", ITEM.replace("backupFabrics/Azure", "backupFabrics/Windows"), (400, "InvalidRestApiParameter")),
        ("GET", f"{FABRIC}/Azure/protectionContainers/x;y", (400, "BMSUserErrorContainerNameIncorrectFormat")),
    ],
)
def test_what_azure_has_not_gets_its_own_error(
    world: ArmWorld, method: str, path: str, expected: tuple[int, str]
) -> None:
    assert world.error(method, path, {}) == expected


def test_a_wrong_fabric_is_told_from_a_wrong_name(world: ArmWorld) -> None:
    for path, parameter in (
        (f"{VAULT}/backupconfig/x", "resourceName"),
        (f"{FABRIC}/x/refreshContainers", "fabricName"),
    ):
        message = world.post(path).json()["error"]["message"]
        assert message == f"{parameter} parameter is invalid. Please provide a valid {parameter}"


KINDS = ("AzureFileShareProtectedItem", "AzureVmWorkloadSQLDatabase", "MabFileFolderProtectedItem", "DPMProtectedItem")


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        *(("PUT", ITEM, {"properties": {"protectedItemType": kind}}) for kind in KINDS),
        ("PUT", SHARE, {"properties": {"protectedItemType": "AzureFileShareProtectedItem"}}),
        ("GET", SHARE, None),
        ("DELETE", DATABASE, None),
        ("POST", f"{DATABASE}/backup", {"properties": {"objectType": "AzureWorkloadBackupRequest"}}),
        ("POST", f"{ITEM}/backup", {"properties": {"objectType": "AzureFileShareBackupRequest"}}),
        ("POST", f"{ITEM}/recoveryPoints/1/restore", {"properties": {"objectType": "AzureFileShareRestoreRequest"}}),
        ("GET", SHARE.partition("/protectedItems")[0], None),
    ],
)
def test_other_workloads_are_refused_by_their_names(world: ArmWorld, method: str, path: str, body: Json | None) -> None:
    response = world.request(method, path, body)
    error = response.json()["error"]
    assert (response.status_code, error["code"]) == (501, "OperationNotSimulated")
    assert error["target"].startswith("backup of ")


@pytest.mark.parametrize(
    ("terms", "name"),
    [
        ("backupManagementType eq 'AzureWorkload'", "lists of AzureWorkload"),
        (
            "backupManagementType eq 'AzureWorkload' and workloadType eq 'SQLDataBase'",
            "lists of SQLDataBase of AzureWorkload",
        ),
        ("workloadType eq 'SQLDataBase' and backupManagementType eq 'AzureIaasVM'", "lists of SQLDataBase"),
    ],
)
def test_what_other_workloads_could_be_protected_is_refused_by_all_its_names(
    world: ArmWorld, terms: str, name: str
) -> None:
    response = world.request("GET", f"{VAULT}/backupProtectableItems", **{"$filter": terms})
    error = response.json()["error"]
    assert (response.status_code, error["code"], error["target"]) == (501, "OperationNotSimulated", name)


ITEMS, CONTAINERS = f"{VAULT}/backupProtectedItems", f"{VAULT}/backupProtectionContainers"
DELETED, PROTECTABLE = f"{VAULT}/backupDeletedProtectionContainers", f"{VAULT}/backupProtectableItems"
JOBS, POLICIES, POINTS = f"{VAULT}/backupJobs", f"{VAULT}/backupPolicies", f"{ITEM}/recoveryPoints"


@pytest.mark.parametrize(
    ("path", "key", "value"),
    [
        *((path, "backupManagementType", "MAB") for path in (ITEMS, CONTAINERS, DELETED, PROTECTABLE, JOBS, POLICIES)),
        (ITEMS, "backupManagementType", "AzureWorkload"),
        (ITEMS, "itemType", "SQLDataBase"),
        (ITEMS, "backupEngineName", "engine"),
        (CONTAINERS, "containerType", "StorageContainer"),
        (PROTECTABLE, "workloadType", "SAPHanaDatabase"),
        (POLICIES, "workloadType", "AzureFileShare"),
        (JOBS, "operation", "CrossRegionRestore"),
        (POINTS, "restorePointQueryType", "Log"),
    ],
)
def test_a_filter_by_what_only_azure_has_is_refused_by_its_name(
    world: ArmWorld, path: str, key: str, value: str
) -> None:
    assert world.error("GET", path, **{"$filter": f"{key} eq '{value}'"}) == (501, "OperationNotSimulated")


@pytest.mark.parametrize("management", ["AzureStorage", "AzureWorkload"])
def test_containers_of_what_a_forced_deletion_of_a_vault_asks_for_are_none(world: ArmWorld, management: str) -> None:
    terms = f"backupManagementType eq '{management}' and status eq 'Registered'"
    assert world.get(CONTAINERS, **{"$filter": terms}) == {"value": []}


@pytest.mark.parametrize(
    ("path", "key"),
    [
        *((path, "backupManagementType") for path in (ITEMS, CONTAINERS, DELETED, PROTECTABLE, JOBS, POLICIES)),
        *((path, "fabricName") for path in (ITEMS, CONTAINERS, POLICIES)),
        *((ITEMS, key) for key in ("itemType", "healthState", "expand")),
        *((CONTAINERS, key) for key in ("status", "containerType")),
        *((path, "workloadType") for path in (PROTECTABLE, POLICIES)),
        *((JOBS, key) for key in ("status", "operation")),
        *((POINTS, key) for key in ("restorePointQueryType", "moveReadyRPOnly", "includeSoftDeletedRP")),
        (ITEM, "expand"),
    ],
)
def test_a_filter_by_a_value_that_nobody_has_is_the_users_error(world: ArmWorld, path: str, key: str) -> None:
    assert world.error("GET", path, **{"$filter": f"{key} eq 'Foo'"}) == (400, "BMSUserErrorInvalidInput")


@pytest.mark.parametrize("path", [ITEMS, CONTAINERS, DELETED, PROTECTABLE, JOBS, POLICIES, POINTS, ITEM])
def test_a_filter_by_a_key_that_nobody_has_is_refused(world: ArmWorld, path: str) -> None:
    assert world.error("GET", path, **{"$filter": "colour eq 'red'"}) == (400, "InvalidQueryParameter")


@pytest.mark.parametrize("path", [ITEMS, CONTAINERS, DELETED, PROTECTABLE, JOBS, POLICIES, POINTS, ITEM])
def test_the_secondary_region_as_a_parameter_is_refused_by_its_name(world: ArmWorld, path: str) -> None:
    refused = world.request("GET", path, useSecondaryRegion="true")
    assert (refused.status_code, refused.json()["error"]["target"]) == (501, "reading from the secondary region")
    assert world.get(path, useSecondaryRegion="false") == world.get(path)


@pytest.mark.parametrize("path", [f"{VAULT}/backupProtectedItems", f"{ITEM}/recoveryPoints", f"{VAULT}/backupJobs"])
def test_the_secondary_region_is_refused_by_its_name(world: ArmWorld, path: str) -> None:
    refused = world.request("GET", path, **{"$filter": "useSecondaryRegion eq 'true'"})
    assert (refused.status_code, refused.json()["error"]["target"]) == (501, "reading from the secondary region")
    assert world.get(path, **{"$filter": "useSecondaryRegion eq 'false'"})["value"] == world.get(path)["value"]


def test_the_api_version_of_the_secondary_region_is_refused_where_its_paths_are_those_of_the_first(
    world: ArmWorld,
) -> None:
    for path in (f"{VAULT}/backupProtectedItems", f"{ITEM}/recoveryPoints", f"{VAULT}/backupUsageSummaries"):
        refused = world.request("GET", f"{path}/", **{"api-version": "2021-11-15"})
        assert (refused.status_code, refused.json()["error"]["target"]) == (501, "reading from the secondary region")


def test_the_table_tells_verbs_and_types() -> None:
    assert has_operation("PUT", split(f"{COMPUTE}/IMAGES/one"))
    assert not has_operation("POST", split(f"{COMPUTE}/images/one"))
    assert lacks_type(split(f"{COMPUTE}/images/one/two"))
    assert not lacks_type(split(f"{GROUP}/providers/Microsoft.Web/sites/one"))
    assert not lacks_type(split(GROUP))
