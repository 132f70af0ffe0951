"""A policy of OnlyCrashConsistent by the Python SDK: made, used, and read again."""

from __future__ import annotations

import json
import os
import subprocess
from pathlib import Path

import pytest

from simulator.scenario import Scenario, machine_body
from simulator.scenario_values import Machine
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import up

PROGRAM = Path(__file__).with_name("sdk_crash_consistent.py")
PATIENCE_SECONDS = 300


def managed_machine(scenario: Scenario) -> Machine:
    """On managed disks, as such a policy wants them."""
    body = machine_body("sql01", "http://unused/", (4, 4))
    profile = body["properties"]["storageProfile"]
    for disk in (profile["osDisk"], *profile["dataDisks"]):
        del disk["vhd"]
        disk["managedDisk"] = {"storageAccountType": "Standard_LRS"}
    made = scenario.client.put(scenario.machine_id("sql01"), body)
    scenario.wait_until_ready(made["id"])
    return Machine(made["id"], "sql01", (4, 4))


@pytest.mark.slow
def test_the_sdk_has_a_machine_backed_up_without_its_agent(tmp_path: Path, azure_python: Path) -> None:
    state = tmp_path / "world"
    with up(state, ["up", "--port", "0", "--state", str(state)]) as world:
        scenario = Scenario(world.client)
        scenario.create_vault()
        machine = managed_machine(scenario)
        parts = scenario.item_id(machine.name).split("/")
        words = [scenario.vault, scenario.group, parts[-3], parts[-1], machine.id]
        told = json.loads(backupsim("env", "--shell", "json", "--state", str(state)).stdout)
        done = subprocess.run(
            [str(azure_python), str(PROGRAM), *words],
            cwd=ROOT,
            env={**os.environ, **told},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.returncode == 0, done.stderr
        assert json.loads(done.stdout) == {
            "policy": ["V2", True],
            "of a standard policy": "BMSUserErrorInvalidPolicyInput",
            "job": "Completed",
            "points": ["CrashConsistent"],
        }
        (point,) = scenario.recovery_points(scenario.item_id(machine.name))
        assert scenario.extensions(machine) == {}
        verdict = world.client.sim("POST", "/verify", {"recovery_point": point.id})
        assert verdict["verified"], verdict["checks"]
