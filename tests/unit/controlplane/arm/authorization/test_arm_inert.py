"""Role assignments and diagnostic settings: kept, shown, checked as the service checks them, and without effect."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ACCOUNT, GROUP, SUBSCRIPTION, VAULT, ArmWorld, arm_world

ASSIGNMENTS = "providers/Microsoft.Authorization/roleAssignments"
DEFINITIONS = "providers/Microsoft.Authorization/roleDefinitions"
SETTINGS = f"{VAULT}/providers/Microsoft.Insights/diagnosticSettings"
NAME = "11111111-2222-4333-8444-555555555555"
OTHER = "11111111-2222-4333-8444-666666666666"
PRINCIPAL = "99999999-2222-4333-8444-555555555555"
BACKUP_CONTRIBUTOR = "5e467623-bb1f-42f4-a55d-6e525e11384b"
SINK = {"workspaceId": f"{GROUP}/providers/Microsoft.OperationalInsights/workspaces/w"}


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        world.add_group()
        world.add_vault()
        yield world


def assignment(**changed: str) -> Json:
    definition = f"{SUBSCRIPTION}/{DEFINITIONS}/{BACKUP_CONTRIBUTOR}"
    said = {"roleDefinitionId": definition, "principalId": PRINCIPAL, "principalType": "ServicePrincipal"}
    return {"properties": said | changed}


def test_a_role_is_assigned_at_every_scope(world: ArmWorld) -> None:
    for scope in (SUBSCRIPTION, GROUP, VAULT):
        path = f"{scope}/{ASSIGNMENTS}/{NAME}"
        created = world.put(path, assignment())
        assert created.status_code == 201
        assert world.get(path)["properties"]["scope"] == scope
        assert world.put(path, assignment()).status_code == 201
    everywhere = world.get(f"{SUBSCRIPTION}/{ASSIGNMENTS}")["value"]
    assert len(everywhere) == 3
    at_group = world.get(f"{GROUP}/{ASSIGNMENTS}", **{"$filter": "atScope()"})["value"]
    assert [each["properties"]["scope"] for each in at_group] == [SUBSCRIPTION, GROUP]
    of_nobody = {"$filter": f"principalId eq '{NAME}'"}
    assert world.get(f"{SUBSCRIPTION}/{ASSIGNMENTS}", **of_nobody) == {"value": []}
    assert world.request("DELETE", f"{VAULT}/{ASSIGNMENTS}/{NAME}").status_code == 200
    assert world.request("DELETE", f"{VAULT}/{ASSIGNMENTS}/{NAME}").status_code == 204
    assert world.error("GET", f"{VAULT}/{ASSIGNMENTS}/{NAME}") == (404, "RoleAssignmentNotFound")


def test_a_role_whose_id_is_built_like_an_assignment_is_told_by_its_guid(world: ArmWorld) -> None:
    path = f"{VAULT}/{ASSIGNMENTS}/{NAME}"
    world.put(path, assignment(roleDefinitionId=f"{SUBSCRIPTION}/{ASSIGNMENTS}/{BACKUP_CONTRIBUTOR}"))
    assert world.get(path)["properties"]["roleDefinitionId"] == f"{SUBSCRIPTION}/{DEFINITIONS}/{BACKUP_CONTRIBUTOR}"


BAD = [
    ("no guid", "first", assignment(), (400, "InvalidRoleAssignmentId")),
    ("role", NAME, assignment(roleDefinitionId="Owner"), (400, "InvalidRoleDefinitionId")),
    ("principal", NAME, assignment(principalId="me"), (400, "InvalidPrincipalId")),
    ("kind", NAME, assignment(principalType="Robot"), (400, "InvalidPrincipalType")),
    ("empty", NAME, {}, (400, "InvalidRequestContent")),
]


@pytest.mark.parametrize(("name", "body", "expected"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_assignment_is_refused(world: ArmWorld, name: str, body: Json, expected: tuple[int, str]) -> None:
    assert world.error("PUT", f"{GROUP}/{ASSIGNMENTS}/{name}", body) == expected
    assert world.get(f"{GROUP}/{ASSIGNMENTS}") == {"value": []}


def test_an_assignment_is_made_once_and_stays_what_it_is(world: ArmWorld) -> None:
    world.put(f"{GROUP}/{ASSIGNMENTS}/{NAME}", assignment())
    assert world.error("PUT", f"{GROUP}/{ASSIGNMENTS}/{OTHER}", assignment()) == (409, "RoleAssignmentExists")
    other = assignment(principalId=OTHER)
    assert world.error("PUT", f"{GROUP}/{ASSIGNMENTS}/{NAME}", other) == (400, "RoleAssignmentUpdateNotPermitted")
    assert world.error("PUT", f"{ACCOUNT}/{ASSIGNMENTS}/{NAME}", other) == (404, "ResourceNotFound")


def test_built_in_roles_are_found_by_name(world: ArmWorld) -> None:
    (found,) = world.get(f"{GROUP}/{DEFINITIONS}", **{"$filter": "roleName eq 'Backup Contributor'"})["value"]
    assert found["name"] == BACKUP_CONTRIBUTOR
    assert world.get(found["id"]) == found
    assert world.error("GET", f"{SUBSCRIPTION}/{DEFINITIONS}/{NAME}") == (404, "RoleDefinitionDoesNotExist")


def test_there_are_no_custom_roles_and_no_roles_of_another_type(world: ArmWorld) -> None:
    path = f"{GROUP}/{DEFINITIONS}"
    assert world.get(path, **{"$filter": "type eq 'CustomRole'"}) == {"value": []}
    assert world.get(path, **{"$filter": "type eq 'builtinrole'"}) == world.get(path)
    assert world.error("GET", path, **{"$filter": "type eq 'Custom'"}) == (400, "InvalidQueryParameter")


def test_built_in_roles_are_found_without_a_subscription(world: ArmWorld) -> None:
    (found,) = world.get(f"/{DEFINITIONS}", **{"$filter": "roleName eq 'Role Based Access Control Administrator'"})[
        "value"
    ]
    assert found["id"] == f"/{DEFINITIONS}/{found['name']}"
    assert world.get(found["id"]) == found


@pytest.mark.parametrize("scope", ["", f"{SUBSCRIPTION}/", f"{GROUP}/"])
@pytest.mark.parametrize("method", ["PUT", "DELETE"])
def test_custom_roles_are_refused_by_name(world: ArmWorld, method: str, scope: str) -> None:
    path = f"/{scope.lstrip('/')}{DEFINITIONS}/{NAME}"
    assert world.error(method, path, {"properties": {}}) == (501, "OperationNotSimulated")


def test_diagnostic_settings_are_kept(world: ArmWorld) -> None:
    logs = [{"categoryGroup": "allLogs", "enabled": True}]
    created = world.put(f"{SETTINGS}/all", {"properties": SINK | {"logs": logs}})
    assert created.json()["properties"]["logs"] == logs
    assert world.get(SETTINGS)["value"] == [world.get(f"{SETTINGS}/all")]
    assert world.request("DELETE", f"{SETTINGS}/all").status_code == 200
    assert world.request("DELETE", f"{SETTINGS}/all").status_code == 204
    assert world.error("GET", f"{SETTINGS}/all") == (404, "ResourceNotFound")


def test_diagnostic_settings_need_a_sink_and_a_resource(world: ArmWorld) -> None:
    assert world.error("PUT", f"{SETTINGS}/all", {"properties": {"logs": []}}) == (400, "BadRequest")
    elsewhere = SETTINGS.replace("Vault01", "Vault02")
    assert world.error("PUT", f"{elsewhere}/all", {"properties": SINK}) == (404, "ResourceNotFound")


def test_both_go_with_their_group(world: ArmWorld) -> None:
    world.put(f"{VAULT}/{ASSIGNMENTS}/{NAME}", assignment())
    world.put(f"{SETTINGS}/all", {"properties": SINK})
    world.request("DELETE", GROUP)
    world.settle()
    world.add_group()
    world.add_vault()
    assert world.get(f"{VAULT}/{ASSIGNMENTS}") == {"value": []}
    assert world.get(SETTINGS) == {"value": []}
