"""Two worlds on one machine: side by side, over one storage, and asking for one database."""

from __future__ import annotations

import os
import subprocess
import sys
from base64 import b64encode
from collections.abc import Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from pathlib import Path

import pytest

from simulator.client import Client, RequestFailed
from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, demo_result, eventually, good_backup, protected, scenario_of, up
from tests.e2e.test_foreign_endpoint import TheirAzurite

NAME = "shared01"
KEY = b64encode(b"of all accounts").decode()
ADDRESSES = ("arm", "arm_http", "blob")
SECRETS = ("client_secret", "sim_token")


@pytest.mark.slow
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


@pytest.mark.slow
def test_two_worlds_over_one_storage_have_no_account_in_common(tmp_path: Path) -> None:
    own = ("backupservice", "backupvaults", "manageddisks")
    names = [f"{name}{world}" for world in ("one", "two") for name in own] + [NAME]
    azurite = TheirAzurite(tmp_path / "azurite", ";".join(f"{name}:{KEY}" for name in names))

    def start(world: str) -> AbstractContextManager[Up]:
        listed = ";".join(f"{name}:{KEY}" for name in (*(f"{each}{world}" for each in own), NAME))
        place = ["--blob-endpoint", azurite.url, "--blob-accounts", listed]
        return up(tmp_path / world, ["up", "--port", "0", "--state", str(tmp_path / world), *place])

    try:
        with start("two") as two:
            with start("one") as one:
                claim(one)
                check_is_taken(two)
            with start("one") as again:
                claim(again)  # it knows its account again
                check_is_taken(two)
                assert again.client.arm("DELETE", shared(again)).status_code == 200
                eventually(lambda: is_free(two), "the name is free")
            claim(two)
    finally:
        azurite.close()


def shared(world: Up) -> str:
    return f"{world.client.group('shared')}/providers/Microsoft.Storage/storageAccounts/{NAME}"


def claim(world: Up) -> None:
    world.client.put(world.client.group("shared"), {"location": "westus"})
    made = world.client.put(shared(world), {"location": "westus", "sku": {"name": "Standard_LRS"}})
    assert made["properties"]["provisioningState"] == "Succeeded"


def check_is_taken(world: Up) -> None:
    with pytest.raises(RequestFailed, match="StorageAccountAlreadyTaken"):
        claim(world)
    assert not is_free(world)


def is_free(world: Up) -> bool:
    path = f"{world.client.subscription}/providers/Microsoft.Storage/checkNameAvailability"
    told = world.client.post(path, {"name": NAME}).json()
    return bool(told["nameAvailable"])


@pytest.mark.slow
def test_a_second_world_is_refused_the_database_of_the_first(tmp_path: Path) -> None:
    one_store = {**os.environ, "BACKUPSIM_DSN": f"sqlite:///{tmp_path}/shared.db"}
    with up(tmp_path / "one", environment=one_store) as one:
        scenario = protected(one.client)
        good_backup(scenario)
        before, names = points(one), sorted(each["name"] for each in one.client.list(machines(one)))
        second = start_in_vain(tmp_path / "two", one_store)
        assert (second.returncode, second.stdout) == (2, "")
        assert second.stderr == (
            "backupsim: BACKUPSIM_DSN: another world is using this database; "
            "stop it, or give this world a database of its own\n"
        )
        assert points(one) == before
        assert sorted(each["name"] for each in one.client.list(machines(one))) == names
        good_backup(scenario)
        assert set(before) < set(points(one))


def start_in_vain(state: Path, environment: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, "-m", "simulator.command.cli", "up", "--port", "0", "--state", str(state)]
    return subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=120, check=False)


def machines(world: Up) -> str:
    return f"{world.client.subscription}/providers/Microsoft.Compute/virtualMachines"


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
