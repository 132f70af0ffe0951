"""`POST /_sim/forecast`: policies of the world by name, and those that a request brings along."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest

from controlplane.domain.recovery_services import policy as policies
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import VAULT
from tests.unit.controlplane.domain import policies_for_machines
from tests.unit.simulator.control.test_control import Controlled, controlled

GFS = policies_for_machines.grandfather_father_son("UTC")


@pytest.fixture
def world() -> Iterator[Controlled]:
    with controlled() as world:
        world.arm.add_group()
        world.arm.add_vault()
        yield world


def ask(world: Controlled, **body: Any) -> httpx.Response:
    return world.ask("POST", "/forecast", body)


def add(world: Controlled, vault: str, name: str, properties: Json) -> None:
    store = world.arm.ports.store
    store.put(
        policies.KIND, f"{vault}/backupPolicies/{name}", policies.body(f"{vault}/backupPolicies/{name}", properties)
    )


def _name(vault: str) -> str:
    return vault.rpartition("/")[2]


def told(world: Controlled) -> datetime:
    return datetime.fromisoformat(world.ask("GET", "/clock").json()["now"])


def test_a_policy_of_the_world_from_the_world_s_own_time(world: Controlled) -> None:
    before, found, after = told(world), ask(world, policy="defaultpolicy", years=1).json(), told(world)
    assert found["policy"] == "DefaultPolicy"
    assert before <= datetime.fromisoformat(found["from"]) <= after
    ahead = datetime.fromisoformat(found["until"]) - datetime.fromisoformat(found["from"])
    assert len(found["recovery_points"]) == ahead.days > 364
    assert found["days"][-1]["recovery_points"] == 30


def test_a_policy_as_it_is_in_the_world_now(world: Controlled) -> None:
    add(world, VAULT, "Mine", GFS)
    question = {"years": 2, "from": "2027-01-01"}
    by_name = ask(world, policy="mine", **question).json()
    assert by_name["policy_properties"]["retentionPolicy"] == GFS["retentionPolicy"]
    by_id = ask(world, policy=f"{VAULT}/backupPolicies/Mine", **question).json()
    assert by_id == by_name


def test_a_policy_that_the_request_brings_along(world: Controlled) -> None:
    question = {"years": 2, "from": "2027-01-01", "disk_gib": 10, "change_percent_per_day": 50.0}
    found = ask(world, body={"name": "brought", "properties": GFS}, **question).json()
    assert (found["policy"], found["from"], found["disk_gib"]) == ("brought", "2027-01-01T00:00:00Z", 10)
    assert ask(world, body=GFS, **question).json() == found | {"policy": "body"}
    assert found["days"][1]["vault_gib"] == 15.0


def test_several_vaults_may_have_a_policy_of_the_name(world: Controlled) -> None:
    other = f"{VAULT}2"
    add(world, VAULT, "Mine", GFS)
    add(world, other, "Mine", GFS | {"instantRpRetentionRangeInDays": 1})
    refused = ask(world, policy="Mine")
    assert (refused.status_code, refused.json()["error"]["code"]) == (400, "AmbiguousPolicy")
    assert f"name one of {_name(VAULT).lower()}, {_name(other).lower()}" in refused.json()["error"]["message"]
    found = ask(world, policy="Mine", vault=_name(other).upper(), years=1).json()
    assert found["policy_properties"]["instantRpRetentionRangeInDays"] == 1


@pytest.mark.parametrize(
    ("body", "status", "code", "message"),
    [
        ({"policy": "Nope"}, 404, "NoSuchPolicy", "no policy Nope exists in this world"),
        ({"policy": "DefaultPolicy", "vault": "other"}, 404, "NoSuchPolicy", "exists in vault other"),
        ({}, 400, "InvalidRequest", "either policy, a name, or body, a policy"),
        ({"policy": "DefaultPolicy", "body": GFS}, 400, "InvalidRequest", "either policy, a name, or body, a policy"),
        ({"body": {"properties": {}}}, 400, "InvalidRequest", "Policy is not valid for given provider"),
        ({"policy": "HourlyLogBackup"}, 400, "InvalidRequest", "protects AzureWorkload"),
        ({"policy": "DefaultPolicy", "from": "soon"}, 400, "InvalidRequest", "soon is no date"),
        ({"policy": "DefaultPolicy", "years": 31}, 400, "InvalidRequest", "body.years"),
        ({"policy": "DefaultPolicy", "years": "ten"}, 400, "InvalidRequest", "body.years"),
        ({"policy": "DefaultPolicy", "change_percent_per_day": 101}, 400, "InvalidRequest", "change_percent_per_day"),
        ({"policy": "DefaultPolicy", "disk_gib": -1}, 400, "InvalidRequest", "disk_gib"),
        ({"policy": "DefaultPolicy", "year": 1}, 400, "UnknownKey", "does not know the key year"),
    ],
)
def test_a_bad_question_is_refused(world: Controlled, body: Json, status: int, code: str, message: str) -> None:
    refused = ask(world, **body)
    assert (refused.status_code, refused.json()["error"]["code"]) == (status, code)
    assert message in refused.json()["error"]["message"]


def test_the_time_of_a_question_is_one_of_utc(world: Controlled) -> None:
    found = ask(world, policy="DefaultPolicy", years=1, **{"from": "2027-01-01T00:00:00+02:00"}).json()
    assert datetime.fromisoformat(found["from"]) == datetime(2026, 12, 31, 22, tzinfo=UTC)
