"""What every ARM answer obeys, whatever the resource."""

from __future__ import annotations

import json
from collections.abc import Iterator
from http import HTTPStatus
from uuid import UUID

import httpx
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.arm.app import ROUTES, refused_unread
from controlplane.arm.edge.routing import Table, operation_name, split
from controlplane.domain.events.service import ArmRequest, RequestAnswered
from controlplane.ports import StorageRefused, StorageUnavailable
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    BASE_URL,
    GROUP,
    POLICY,
    SUBSCRIPTION,
    VAULT,
    VM,
    ArmWorld,
    arm_world,
)


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        yield world


# ------------------------------------------------------------------------------------------------------- who may ask


def test_nothing_of_arm_is_told_without_a_token(world: ArmWorld) -> None:
    for path in ("/subscriptions", GROUP, VAULT, "/providers", "/SUBSCRIPTIONS/x", f"{BASE_URL}/{GROUP}"):
        response = world.send("GET", path)
        assert response.status_code == 401
        assert response.json()["error"]["code"] == "AuthenticationFailed"
        assert response.headers["WWW-Authenticate"].startswith("Bearer authorization_uri=")


def test_health_and_the_cloud_s_endpoints_need_no_token(world: ArmWorld) -> None:
    assert world.send("GET", "/healthz").json() == {"status": "ok"}
    cloud = world.send("GET", "/metadata/endpoints?api-version=2022-09-01").json()
    assert cloud["resourceManager"] == BASE_URL
    assert cloud["authentication"]["loginEndpoint"] == BASE_URL
    assert "suffixes" in cloud


@pytest.mark.parametrize(
    ("query", "code"),
    [
        ("", "MissingApiVersionParameter"),
        ("?api-version=", "MissingApiVersionParameter"),
        ("?api-version=latest", "InvalidApiVersionParameter"),
        ("?api-version=2024-1-1", "InvalidApiVersionParameter"),
        ("?api-version=2024-01-01%0A", "InvalidApiVersionParameter"),
    ],
)
def test_an_api_version_must_be_given_and_be_a_date(world: ArmWorld, query: str, code: str) -> None:
    response = world.send("GET", f"/subscriptions{query}", headers={"Authorization": f"Bearer {world.token}"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, code)


@pytest.mark.parametrize("version", ["2015-06-15", "2026-08-01", "2031-01-01-preview", "2024-01-01-alpha.1"])
def test_every_well_formed_api_version_is_served(world: ArmWorld, version: str) -> None:
    headers = {"Authorization": f"Bearer {world.token}"}
    for name in ("api-version", "Api-Version"):
        assert world.send("GET", f"/subscriptions?{name}={version}", headers=headers).status_code == 200


# ------------------------------------------------------------------------------------------------------------- headers


def test_every_answer_carries_request_ids(world: ArmWorld) -> None:
    own = {"x-ms-client-request-id": "mine-1", "x-ms-correlation-request-id": "trace-7"}
    for path in ("/subscriptions?api-version=2022-12-01", "/healthz", "/nowhere"):
        response = world.send("GET", path, headers=own)
        assert len(response.headers["x-ms-request-id"]) == 36
        assert response.headers["x-ms-correlation-request-id"] == "trace-7"
        assert response.headers["x-ms-client-request-id"] == "mine-1"
    first, second = (world.request("GET", "/subscriptions").headers["x-ms-request-id"] for _ in range(2))
    assert first != second


def test_outside_arm_a_wrong_path_gets_the_envelope_too(world: ArmWorld) -> None:
    response = world.send("GET", "/nowhere")
    assert (response.status_code, response.json()["error"]["code"]) == (404, "NotFound")


# --------------------------------------------------------------------------------------------------------------- paths


def test_a_path_is_the_same_in_every_spelling(world: ArmWorld) -> None:
    world.add_group()
    world.add_account()
    wanted = world.request("GET", ACCOUNT).json()
    for path in (
        ACCOUNT.upper(),
        ACCOUNT.lower(),
        ACCOUNT.replace("/storageAccounts/", "/storageAccounts//"),
        f"{ACCOUNT}/",
        f"/{ACCOUNT}",
    ):
        response = world.send("GET", f"{BASE_URL}{path}?api-version=2024-01-01", headers=bearer(world))
        assert response.json() == wanted, path


def test_an_encoded_semicolon_is_a_semicolon(world: ArmWorld) -> None:
    world.add_group()
    world.add_vault()
    item = f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;g;v/protectedItems/"
    plain = world.error("GET", f"{item}VM;iaasvmcontainerv2;g;v")
    encoded = world.error("GET", f"{item}VM;iaasvmcontainerv2;g;v".replace(";", "%3B"))
    assert plain == encoded == (404, "BMSUserErrorDataSourceObjectNotFound")


def test_names_keep_the_case_they_were_given(world: ArmWorld) -> None:
    world.put(f"{SUBSCRIPTION}/RESOURCEGROUPS/MixedCase", {"location": "West US"})
    shown = world.get(f"{SUBSCRIPTION}/resourcegroups/MIXEDCASE")
    assert shown["id"] == f"{SUBSCRIPTION}/resourceGroups/MixedCase"
    assert shown["location"] == "westus"


# ------------------------------------------------------------------------------------------------------------ refusals


def test_what_is_not_there_is_named(world: ArmWorld) -> None:
    def refused(path: str) -> tuple[int, str, str]:
        error = world.request("GET", path).json()["error"]
        return world.request("GET", path).status_code, error["code"], error["message"]

    other = SUBSCRIPTION[:-1] + "9"
    assert refused(f"{other}/resourceGroups")[:2] == (404, "SubscriptionNotFound")
    assert refused(VAULT) == (404, "ResourceGroupNotFound", "Resource group 'Demo' could not be found.")
    world.add_group()
    assert refused(VAULT) == (
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.RecoveryServices/vaults/Vault01' under resource group 'Demo' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
    )


@pytest.mark.parametrize(
    ("method", "path", "named"),
    [
        ("PUT", f"{GROUP}/providers/Microsoft.Network/loadBalancers/n", "PUT Microsoft.Network/loadBalancers"),
        ("POST", f"{VAULT}/backupSecurityPIN", "POST Microsoft.RecoveryServices/vaults/backupSecurityPIN"),
        ("POST", f"{GROUP}/exportTemplate", "POST Microsoft.Resources/subscriptions/resourceGroups/exportTemplate"),
        (
            "PUT",
            f"{VAULT}/replicationAlertSettings/default",
            "PUT Microsoft.RecoveryServices/vaults/replicationAlertSettings",
        ),
    ],
)
def test_what_is_not_simulated_is_refused_by_its_name(world: ArmWorld, method: str, path: str, named: str) -> None:
    response = world.request(method, path, {})
    assert response.status_code == 501
    assert response.json()["error"]["code"] == "OperationNotSimulated"
    assert f"'{named}'" in response.json()["error"]["message"]


def test_a_namespace_that_no_azure_has_is_not_found(world: ArmWorld) -> None:
    assert world.error("GET", f"{GROUP}/providers/Contoso.Things/boxes/b") == (404, "InvalidResourceNamespace")


def test_a_verb_that_no_azure_has_there_names_the_others(world: ArmWorld) -> None:
    response = world.request("PATCH", POLICY, {})
    assert (response.status_code, response.json()["error"]["code"]) == (405, "MethodNotAllowed")
    assert response.headers["Allow"] == "DELETE, GET, PUT"


@pytest.mark.parametrize(
    "content",
    [
        b"{",
        b"[]",
        b"1",
        b'"text"',
        b"\xff\xfe",
        b'{"location": NaN}',
        b'{"location": 1e999}',
        b'{"location": "\\ud800"}',
        b"[" * 100_000,
        b'{"location": ' + b"9" * 5_000 + b"}",
    ],
    ids=["cut", "list", "number", "text", "bytes", "nan", "infinite", "surrogate", "deep", "long"],
)
def test_what_is_no_json_object_is_refused(world: ArmWorld, content: bytes) -> None:
    url = f"{GROUP}?api-version=2024-11-01"
    response = world.send("PUT", url, content=content, headers=bearer(world))
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidRequestContent")
    assert world.request("GET", GROUP).status_code == 404


def test_a_wrong_type_is_refused_with_its_place(world: ArmWorld) -> None:
    response = world.request("PUT", GROUP, {"location": "westus", "tags": {"a": [1]}})
    assert response.status_code == 400
    assert "Path 'tags.a'" in response.json()["error"]["message"]


def test_what_a_listener_refuses_has_the_envelope_and_a_request_id() -> None:
    headers, body = refused_unread(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, "It is too large.")
    assert json.loads(body) == {"error": {"code": "RequestContentTooLarge", "message": "It is too large."}}
    assert UUID(dict(headers)[b"x-ms-request-id"].decode())
    _, body = refused_unread(HTTPStatus.REQUEST_TIMEOUT, "It is late.")
    assert json.loads(body)["error"]["code"] == "RequestTimeout"


def test_control_characters_in_a_path_are_refused(world: ArmWorld) -> None:
    assert world.error("GET", f"{SUBSCRIPTION}/resourceGroups/a%00b") == (400, "InvalidResourceName")


def put_account(blobs: MemoryBlobs) -> httpx.Response:
    with arm_world(blobs) as world:
        world.add_group()
        return world.request("PUT", ACCOUNT, {"location": "westus", "sku": {"name": "Standard_LRS"}})


class Failing(MemoryBlobs):
    """A storage that cannot even say where an account is, for this reason."""

    def __init__(self, reason: Exception) -> None:
        super().__init__()
        self._reason = reason

    def account_url(self, account: str) -> str:
        raise self._reason


def test_storage_that_is_away_means_try_again() -> None:
    response = put_account(Failing(StorageUnavailable("the storage does not answer")))
    assert (response.status_code, response.json()["error"]["code"]) == (503, "ServiceUnavailable")
    assert int(response.headers["Retry-After"]) > 0


def test_storage_that_cannot_have_the_account_says_so() -> None:
    response = put_account(Failing(StorageRefused("the endpoint has no account 'sql01disks'")))
    assert response.status_code == 409
    assert "'sql01disks'" in response.json()["error"]["message"]


def test_a_mistake_of_the_program_shows_nothing_of_itself() -> None:
    response = put_account(Failing(RuntimeError("sig=abcdef")))
    assert (response.status_code, response.json()["error"]["code"]) == (500, "InternalServerError")
    assert "sig" not in response.text
    assert "Traceback" not in response.text


# ---------------------------------------------------------------------------------------------------------------- etags


def test_an_etag_guards_a_write_and_spares_a_read(world: ArmWorld) -> None:
    body = {"location": "westus"}
    world.add_group()
    etag = world.request("GET", GROUP).headers["ETag"]
    url = f"{GROUP}?api-version=2024-11-01"
    assert world.send("GET", url, headers=bearer(world) | {"If-None-Match": etag}).status_code == 304
    assert world.send("PUT", url, json=body, headers=bearer(world) | {"If-Match": etag}).status_code == 200
    stale = world.send("PUT", url, json=body, headers=bearer(world) | {"If-Match": etag})
    assert (stale.status_code, stale.json()["error"]["code"]) == (412, "PreconditionFailed")
    new = world.send("PUT", url, json=body, headers=bearer(world) | {"If-None-Match": "*"})
    assert new.status_code == 412
    absent = f"{SUBSCRIPTION}/resourceGroups/absent?api-version=2024-11-01"
    assert world.send("PUT", absent, json=body, headers=bearer(world) | {"If-Match": "*"}).status_code == 412


def test_the_etag_in_a_vault_s_body_is_as_good_as_the_header_s(world: ArmWorld) -> None:
    world.add_group()
    world.add_vault()
    etag = world.get(VAULT)["etag"]
    url = f"{VAULT}?api-version=2026-05-01"
    body = {"location": "westus", "sku": {"name": "Standard"}, "properties": {}}
    assert world.send("PUT", url, json=body, headers=bearer(world) | {"If-Match": etag}).status_code == 200
    other = etag.replace("2026", "2025")
    assert world.send("PUT", url, json=body, headers=bearer(world) | {"If-Match": other}).status_code == 412


# ---------------------------------------------------------------------------------------------------------------- pages


def test_a_long_list_comes_in_pages_of_two_hundred(world: ArmWorld) -> None:
    names = [f"group{number:03}" for number in range(450)]
    for name in names:
        id = f"{SUBSCRIPTION}/resourceGroups/{name}"
        world.ports.store.put("microsoft.resources/resourcegroups", id, {"name": name}, parent=SUBSCRIPTION)
    seen, sizes = [], []
    page = world.get(f"{SUBSCRIPTION}/resourceGroups")
    while True:
        seen += [group["name"] for group in page["value"]]
        sizes.append(len(page["value"]))
        if "nextLink" not in page:
            break
        assert page["nextLink"].startswith(f"{BASE_URL}{SUBSCRIPTION}/resourceGroups?api-version=")
        assert "$skipToken=" in page["nextLink"]
        page = world.get(page["nextLink"])
    assert seen == names
    assert sizes == [200, 200, 50]


def test_a_page_token_of_somebody_else_is_refused(world: ArmWorld) -> None:
    path = f"{SUBSCRIPTION}/resourceGroups"
    assert world.error("GET", path, **{"$skipToken": "%%%"}) == (400, "InvalidQueryParameter")
    assert world.error("GET", path, **{"$skipToken": "é"}) == (400, "InvalidQueryParameter")


# -------------------------------------------------------------------------------------------------------------- journal


def test_a_write_is_an_event_and_a_read_is_none(world: ArmWorld) -> None:
    world.add_group()
    world.get(GROUP)
    world.error("PUT", GROUP, {"location": "nowhere"})
    known = {event.id: event for event in world.ports.store.events()}
    answers = [event for event in known.values() if event.name == RequestAnswered.NAME]
    asked = [known[answer.parent or 0] for answer in answers]
    assert {event.name for event in asked} == {ArmRequest.NAME}
    operation = "PUT Microsoft.Resources/subscriptions/resourceGroups"
    assert [(event.data["operation"], event.data["id"]) for event in asked] == [(operation, GROUP)] * 2
    assert [event.data["status"] for event in answers] == [201, 400]
    assert [answer.data.get("code") is None for answer in answers] == [True, False]
    assert all(event.data["caller"] and event.data["correlation_id"] and event.data["api_version"] for event in asked)


# ----------------------------------------------------------------------------------------------------------- the table


def test_every_operation_is_found_by_its_own_path() -> None:
    table = Table(ROUTES)
    for route in ROUTES:
        names = {part[1:-1]: f"Name{index}" for index, part in enumerate(split(route.path)) if part[0] == "{"}
        place = table.find(split(route.path.format(**names).upper()))
        assert place is not None
        assert place.routes[route.method] is route
        assert {key: value.upper() for key, value in names.items()} == place.names


def test_what_is_shorter_or_longer_than_an_operation_leads_to_another_or_nowhere() -> None:
    table = Table(ROUTES)
    for route in ROUTES:
        segments = split(route.path)
        for asked in (segments[:-1], segments[:-2], [*segments, "more"], [*segments, "more", "still"]):
            place = table.find(asked)
            assert place is None or len(split(place.id)) == len(asked)


@settings(max_examples=50, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(path=st.text(st.characters(exclude_characters="?#", exclude_categories=["Cs"]), max_size=60), deep=st.booleans())
def test_no_path_makes_the_service_fail(world: ArmWorld, path: str, deep: bool) -> None:
    escaped = "".join(f"%{byte:02X}" for byte in path.encode())
    url = f"{VAULT if deep else '/subscriptions'}/{escaped}?api-version=2026-05-01"
    response = world.send("GET", url, headers=bearer(world))
    assert response.status_code in {200, 400, 404, 405, 501}
    assert json.loads(response.content)


def test_operations_are_named_by_verb_and_type() -> None:
    assert (
        operation_name("GET", split("/subscriptions/s/locations")) == "GET Microsoft.Resources/subscriptions/locations"
    )
    assert operation_name("POST", split(f"{VM}/restart")) == "POST Microsoft.Compute/virtualMachines/restart"


def bearer(world: ArmWorld) -> dict[str, str]:
    return {"Authorization": f"Bearer {world.token}"}
