"""The simulator is killed while it deploys: the deployment goes on at the next start, and everything is there once."""

from __future__ import annotations

import json
import time
from functools import partial
from pathlib import Path

import pytest

from controlplane.domain.resources.deployment import ENDED
from controlplane.templates.relaxed_json import to_json
from simulator.client import Client
from simulator.scenario import agent_is_ready
from tests.e2e.running import Up, eventually, handlers, up
from tests.e2e.test_killed import gone

TEMPLATE = Path(__file__).parent / "templates" / "machines.json"
GROUP = "machines"
PASSWORD = "aB3!aB3!aB3!xx"


@pytest.mark.slow
@pytest.mark.parametrize("moment", [0.02, 0.3])
def test_a_deployment_survives(tmp_path: Path, moment: float) -> None:
    state = tmp_path / "world"
    world = Up(state)
    group = world.client.group(GROUP)
    world.client.put(group, {"location": "westus"})
    deployment = f"{group}/providers/Microsoft.Resources/deployments/machines"
    values = {"prefix": {"value": "m"}, "password": {"value": PASSWORD}}
    template = json.loads(to_json(TEMPLATE.read_text()))
    properties = {"mode": "Incremental", "template": template, "parameters": values}
    world.client.arm("PUT", deployment, {"properties": properties})
    time.sleep(moment)  # the moment is the test's draw, not a wait for anything
    children = world.children()
    world.process.kill()
    world.process.wait()
    eventually(lambda: gone([*children, *handlers(state)]), "every child has ended")
    with up(state) as again:
        client = again.client
        eventually(lambda: client.get(deployment)["properties"]["provisioningState"] in ENDED, "it ends")
        shown = client.get(deployment)["properties"]
        assert (shown["provisioningState"], len(shown["outputResources"])) == ("Succeeded", 7)
        operations = list(client.list(f"{deployment}/operations"))
        assert len({each["operationId"] for each in operations}) == len(operations) == 8
        for machine in client.list(f"{group}/providers/Microsoft.Compute/virtualMachines"):
            eventually(partial(runs, client, machine["id"]), "the machine runs")
    files = [path for path in state.rglob("*") if path.is_file()]
    assert [path for path in files if PASSWORD.encode() in path.read_bytes()] == []


def runs(client: Client, machine: str) -> bool:
    return agent_is_ready(client.get(f"{machine}/instanceView"))
