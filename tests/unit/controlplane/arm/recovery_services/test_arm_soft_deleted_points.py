"""Recovery points that a changed policy takes away, as REST shows them."""

from __future__ import annotations

from collections.abc import Iterator
from copy import deepcopy
from dataclasses import replace
from datetime import timedelta

import pytest

from controlplane.jobs.documents import points
from controlplane.json_object import Json
from tests.unit.controlplane.arm.arm_world import ITEM, POLICY, ArmWorld, furnished_world
from tests.unit.controlplane.arm.recovery_services.test_arm_backup import back_up, listed, restore_body

DAY = 86_400.0
POINTS = f"{ITEM}/recoveryPoints"
ALL = "includeSoftDeletedRP eq 'true'"


@pytest.fixture
def world() -> Iterator[ArmWorld]:
    """An item with points of ten and of two days ago, which its policy keeps for seven days since an hour."""
    with furnished_world() as world:
        world.protect()
        back_up(world)
        world.advance(8 * DAY)
        back_up(world)
        for point in points.of_item(world.ports.store, ITEM.lower()):
            # As if its schedule had taken it.
            points.put(world.ports.store, replace(point, rules=("Daily",), expires=point.time + timedelta(days=30)))
        world.advance(2 * DAY)
        keep_for(world, 7)
        world.advance(3600)
        yield world


def keep_for(world: ArmWorld, days: int) -> None:
    """A request that changes the policy."""
    body = deepcopy(world.get(POLICY))
    body["properties"]["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = days
    answer = world.put(POLICY, body)
    assert answer.status_code == 202, answer.text
    world.follow(answer)


def ends(point: Json) -> Json:
    properties: Json = point["properties"]["recoveryPointProperties"]
    return properties


def test_a_list_leaves_soft_deleted_points_out_unless_it_is_asked_for_them(world: ArmWorld) -> None:
    (young,) = listed(world, POINTS)
    assert listed(world, POINTS, "includeSoftDeletedRP eq 'false'") == [young]
    newest, oldest = listed(world, POINTS, ALL)
    assert newest == young
    assert ends(young) == {"expiryTime": ends(young)["expiryTime"], "ruleName": "Daily", "isSoftDeleted": False}
    assert ends(oldest)["isSoftDeleted"] is True
    purge = world.ports.clock.now() + timedelta(days=14)
    assert ends(oldest)["expiryTime"].startswith(f"{purge:%Y-%m-%dT%H:%M:%S}")


def test_it_is_read_and_restored_by_its_name(world: ArmWorld) -> None:
    _, oldest = listed(world, POINTS, ALL)
    path = f"{POINTS}/{oldest['name']}"
    assert ends(world.get(path))["isSoftDeleted"] is True
    answer = world.post(f"{path}/restore", restore_body(oldest))
    assert answer.status_code == 202, answer.text
    assert world.follow(answer)["status"] == "Succeeded"


def test_the_item_counts_what_is_not_soft_deleted(world: ArmWorld) -> None:
    (young,) = listed(world, POINTS)
    info = world.get(ITEM, **{"$expand": "extendedInfo"})["properties"]["extendedInfo"]
    assert info["recoveryPointCount"] == 1
    assert info["oldestRecoveryPoint"] == young["properties"]["recoveryPointTime"]
    assert world.get(ITEM)["properties"]["lastRecoveryPoint"] == young["properties"]["recoveryPointTime"]


def test_a_policy_that_keeps_it_again_brings_it_back(world: ArmWorld) -> None:
    keep_for(world, 30)
    newest, oldest = listed(world, POINTS)
    assert [ends(point)["isSoftDeleted"] for point in (newest, oldest)] == [False, False]


def test_it_is_gone_after_the_days_of_the_vault(world: ArmWorld) -> None:
    _, oldest = listed(world, POINTS, ALL)
    world.advance(14 * DAY)
    assert oldest["name"] not in [point["name"] for point in listed(world, POINTS, ALL)]
    assert world.error("GET", f"{POINTS}/{oldest['name']}")[0] == 404
