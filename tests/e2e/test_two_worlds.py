"""Two worlds on one machine: each has its own machine, vault and storage, and finds them again after a restart."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from simulator.client import Client, RequestFailed
from tests.e2e.running import Up, demo_result, good_backup, scenario_of, up

ADDRESSES = ("arm", "arm_http", "blob")
SECRETS = ("client_secret", "sim_token")


def test_two_worlds_side_by_side_leave_each_other_alone(tmp_path: Path) -> None:
    with up(tmp_path / "one") as one, up(tmp_path / "two") as two:
        for key in (*ADDRESSES, *SECRETS):
            assert one.client.endpoints[key] != two.client.endpoints[key]
        with ThreadPoolExecutor() as both:
            results = list(
                both.map(
                    lambda world: demo_result(world.client),
                    (one, two),
                )
            )
        for result in results:
            assert result["verified"], [check for check in result["checks"] if not check["passed"]]
        check_strangers(one, two)
        before = points(one)
        good_backup(scenario_of(two.client))
        assert points(one) == before
    check_restart(tmp_path / "one", before)


def check_strangers(one: Up, two: Up) -> None:
    """Neither's credential opens the other."""
    with Client({**one.client.endpoints, **{key: two.client.endpoints[key] for key in SECRETS}}) as stranger:
        with pytest.raises(RequestFailed, match="invalid_client"):
            stranger.get(scenario_of(stranger).machine_id())
        with pytest.raises(RequestFailed, match="InvalidToken"):
            stranger.sim("GET", "/vms")


def check_restart(state: Path, before: list[str]) -> None:
    """The folder is the world: machine, vault and recovery points are there, and what they hold."""
    with up(state) as again:
        scenario = scenario_of(again.client)
        assert points(again) == before
        scenario.create_machine()  # as a template is applied again: the same, at the address of today
        for point in before:
            verdict = scenario.verify(point)
            assert verdict.verified, verdict.checks
        good_backup(scenario)
        assert set(before) < set(points(again))
        assert scenario.verify(before[0], scenario.restore_disks(before[0])).verified


def points(world: Up) -> list[str]:
    return [point["id"] for point in world.client.list(f"{scenario_of(world.client).item_id()}/recoveryPoints")]
