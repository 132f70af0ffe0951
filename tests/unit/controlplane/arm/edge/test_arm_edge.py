"""The edge: what is left of the limits, strict api-versions, HEAD and OPTIONS, the OpenAPI document."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import pytest

from controlplane.arm.app import all_routes
from controlplane.arm.edge.api_versions import OF_NAMESPACES, versions
from controlplane.arm.edge.rate_limits import GLOBAL_TIMES, SIZES, RateLimits
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import (
    ACCOUNT,
    BASE_URL,
    GROUP,
    SUBSCRIPTION,
    VAULT,
    VERSION,
    ArmWorld,
    arm_world,
)


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    with arm_world() as world:
        yield world


class Moments:
    """Real time, told by hand."""

    def __init__(self) -> None:
        self.seconds = 100.0

    def __call__(self) -> float:
        return self.seconds


def left_of(response: httpx.Response) -> dict[str, int]:
    beginning = "x-ms-ratelimit-remaining-"
    return {
        name.removeprefix(beginning): int(value)
        for name, value in response.headers.items()
        if name.startswith(beginning)
    }


# --------------------------------------------------------------------------------------------------------------- limits


def test_every_answer_says_what_is_left_and_that_counts_down() -> None:
    with arm_world(limits=RateLimits(monotonic=Moments())) as world:
        first, second = (left_of(world.request("GET", GROUP)) for _ in range(2))
        assert first == {"subscription-reads": 249, "subscription-global-reads": 250 * GLOBAL_TIMES - 1}
        assert second == {"subscription-reads": 248, "subscription-global-reads": 250 * GLOBAL_TIMES - 2}
        assert left_of(world.request("PUT", GROUP, {"location": "westus"}))["subscription-writes"] == 199
        assert left_of(world.request("POST", f"{GROUP}/exportTemplate", {}))["subscription-writes"] == 198
        assert left_of(world.request("DELETE", f"{GROUP}"))["subscription-deletes"] == 199
        assert left_of(world.request("GET", "/subscriptions")) == {"tenant-reads": 249}


def test_tokens_come_back_with_time() -> None:
    moments = Moments()
    limits = RateLimits(monotonic=moments)
    for _ in range(100):
        limits.take("GET", "s", "me")
    assert limits.left()["subscription-reads"] == 150
    moments.seconds += 2
    assert limits.left()["subscription-reads"] == 200
    moments.seconds += 3600
    assert limits.left() == {
        f"{scope}-{operation}": size * times
        for operation, (size, _) in SIZES.items()
        for scope, times in (("subscription", 1), ("subscription-global", GLOBAL_TIMES), ("tenant", 1))
    }


def test_an_empty_bucket_refuses_only_where_that_is_asked_for() -> None:
    moments = Moments()
    limits = RateLimits(monotonic=moments)
    with arm_world(limits=limits) as world:
        for _ in range(SIZES["writes"][0] + 3):
            answer = world.request("POST", f"{GROUP}/exportTemplate", {})
        assert (answer.status_code, left_of(answer)["subscription-writes"]) == (501, 0)
        limits.enforced = True
        refused = world.request("PUT", GROUP, {"location": "westus"})
        assert (refused.status_code, refused.json()["error"]["code"]) == (429, "SubscriptionRequestsThrottled")
        assert "'write' requests" in refused.json()["error"]["message"]
        assert int(refused.headers["Retry-After"]) == 1
        assert world.request("GET", GROUP).status_code == 404, "reads have a bucket of their own"
        moments.seconds += int(refused.headers["Retry-After"])
        assert world.request("PUT", GROUP, {"location": "westus"}).status_code == 201


def test_a_caller_without_a_token_uses_up_nothing() -> None:
    limits = RateLimits(monotonic=Moments())
    with arm_world(limits=limits) as world:
        assert not left_of(world.send("GET", GROUP))
        assert limits.left()["subscription-reads"] == SIZES["reads"][0]


def test_every_answer_names_its_way_and_asks_for_transport_security(world: ArmWorld) -> None:
    for path in ("/subscriptions?api-version=2022-12-01", "/healthz", "/nowhere"):
        headers = world.send("GET", path).headers
        place, _, rest = headers["x-ms-routing-request-id"].partition(":")
        moment, _, id = rest.partition(":")
        assert (place, len(moment), moment[-1]) == ("WESTUS", 16, "Z")
        assert id == headers["x-ms-correlation-request-id"]
        assert headers["Strict-Transport-Security"] == "max-age=31536000; includeSubDomains"


# --------------------------------------------------------------------------------------------------------- api-versions


def test_a_strict_world_refuses_versions_that_a_type_does_not_know() -> None:
    def asked(world: ArmWorld, path: str, version: str) -> tuple[int, Json]:
        headers = {"Authorization": f"Bearer {world.token}"}
        response = world.send("GET", path, params={"api-version": version}, headers=headers)
        return response.status_code, response.json()

    with arm_world(strict_versions=True) as world:
        status, body = asked(world, VAULT.lower(), "2019-01-01")
        assert (status, body["error"]["code"]) == (400, "NoRegisteredProviderFound")
        assert "for location 'westus' and API version '2019-01-01' for type 'vaults'" in body["error"]["message"]
        assert all(known in body["error"]["message"] for known in OF_NAMESPACES["Microsoft.RecoveryServices"])
        status, body = asked(world, f"{SUBSCRIPTION}/resourcegroups", "2031-01-01")
        assert (status, body["error"]["code"]) == (400, "InvalidApiVersionParameter")
        assert "2024-11-01" in body["error"]["message"]
        for version in OF_NAMESPACES["Microsoft.RecoveryServices"]:
            assert asked(world, VAULT, version)[1]["error"]["code"] == "ResourceGroupNotFound"
        for path in ("/subscriptions", SUBSCRIPTION, f"{SUBSCRIPTION}/locations", "/tenants"):
            assert asked(world, path, "2022-12-01")[0] == 200


def test_a_strict_world_registers_namespaces_by_the_versions_of_resources() -> None:
    """The SDKs for JavaScript and Go send their own package's version, which no other namespace need know."""
    with arm_world(strict_versions=True) as world:
        path = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/register"
        for version in ("2025-04-01", "2020-10-01"):
            assert world.request("POST", path, **{"api-version": version}).status_code == 200
        assert world.error("POST", path, **{"api-version": "2026-08-01"}) == (400, "InvalidApiVersionParameter")


def test_the_versions_that_a_provider_names_are_those_that_a_strict_world_serves(world: ArmWorld) -> None:
    providers = {each["namespace"]: each for each in world.get(f"{SUBSCRIPTION}/providers")["value"]}
    assert "Microsoft.DataProtection" in providers
    assert all(namespace.startswith("Microsoft.") for namespace in providers)
    of_arm = {kind["resourceType"] for kind in providers["Microsoft.Resources"]["resourceTypes"]}
    assert {"resourceGroups", "deployments"} <= of_arm
    for provider in providers.values():
        for kind in provider["resourceTypes"]:
            assert kind["apiVersions"] == list(versions(provider["namespace"], kind["resourceType"]))
            assert kind["apiVersions"] == sorted(kind["apiVersions"], reverse=True) != []


# ---------------------------------------------------------------------------------------------------------------- verbs


def test_head_tells_whether_there_is_something(world: ArmWorld) -> None:
    world.add_group()
    world.add_account()
    found = world.request("HEAD", ACCOUNT)
    assert (found.status_code, found.content) == (204, b"")
    assert found.headers["ETag"] == world.request("GET", ACCOUNT).headers["ETag"]
    absent = world.request("HEAD", VAULT)
    assert (absent.status_code, absent.content) == (404, b"")
    assert world.request("HEAD", f"{GROUP}/exportTemplate").status_code in {405, 501}


def test_options_names_what_can_be_done(world: ArmWorld) -> None:
    answer = world.request("OPTIONS", ACCOUNT)
    assert (answer.status_code, answer.headers["Allow"]) == (200, "DELETE, GET, PATCH, PUT")
    assert world.send("OPTIONS", ACCOUNT).status_code == 401


def test_unknown_query_keys_mean_nothing(world: ArmWorld) -> None:
    world.add_group()
    signed = {"t": "638000000000000000", "c": "MIIHhz", "s": "x/+=", "h": "y"}
    assert world.request("GET", GROUP, **signed).json() == world.get(GROUP)


def test_a_list_of_policies_is_found_with_a_slash_behind_it(world: ArmWorld) -> None:
    world.add_group()
    world.add_vault()
    assert world.get(f"{VAULT}/backupPolicies/") == world.get(f"{VAULT}/backupPolicies")


@pytest.mark.parametrize("kind", [None, "text/plain", "application/json; charset=utf-8", "application/octet-stream"])
def test_a_body_is_read_whatever_it_is_called(world: ArmWorld, kind: str | None) -> None:
    headers = {"Authorization": f"Bearer {world.token}"} | ({"Content-Type": kind} if kind else {})
    answer = world.send("PUT", GROUP, params=VERSION, content=b'{"location":"westus"}', headers=headers)
    assert answer.status_code == 201


@pytest.mark.parametrize("name", ["a<b", "a*b", "a\\b", "50%", "x" * 300, "�"])
def test_what_no_name_holds_is_refused_before_anything_is_asked(world: ArmWorld, name: str) -> None:
    path = str(httpx.URL(BASE_URL).copy_with(path=f"{SUBSCRIPTION}/resourceGroups/{name}"))
    response = world.send("GET", path, params=VERSION, headers={"Authorization": f"Bearer {world.token}"})
    assert (response.status_code, response.json()["error"]["code"]) == (400, "InvalidResourceName")


# ------------------------------------------------------------------------------------------------------------- document


def test_the_document_has_every_operation_and_asks_for_no_token(world: ArmWorld) -> None:
    answer = world.send("GET", "/openapi.json")
    assert answer.headers["content-type"] == "application/json"
    document: dict[str, Any] = answer.json()
    assert document["openapi"] == "3.1.0"
    for route in all_routes():
        operation = document["paths"][route.path][route.method.lower()]
        assert {int(status) for status in operation["responses"]} >= {*route.successes, 400, 401, 404, 501, 503}
        assert next(each["name"] for each in operation["parameters"] if each["in"] == "query") == "api-version"
    assert document["paths"]["/healthz"]["get"]["security"] == []


def test_bodies_stand_in_the_document_with_the_keys_of_the_wire(world: ArmWorld) -> None:
    document = world.send("GET", "/openapi.json").json()
    put = document["paths"][ACCOUNT_PATH]["put"]
    name = put["requestBody"]["content"]["application/json"]["schema"]["$ref"].rpartition("/")[2]
    properties = document["components"]["schemas"][name]["properties"]
    assert {"location", "sku", "kind", "tags", "properties"} <= set(properties)
    inner = properties["properties"]["$ref"].rpartition("/")[2]
    assert "accessTier" in document["components"]["schemas"][inner]["properties"]


ACCOUNT_PATH = (
    "/subscriptions/{subscription}/resourceGroups/{group}/providers/Microsoft.Storage/storageAccounts/{account}"
)
