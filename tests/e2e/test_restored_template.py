"""The template that a restore of disks leaves beside them: by the real az, to a machine that goes on with its work."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from azure.storage.blob import BlobClient

from controlplane.json_object import Json
from simulator.client import Client
from simulator.scenario import RESTORE_ACCOUNT, Scenario, agent_is_ready
from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, eventually, good_backup, protected, up, wait_until_ended

COPY = "copy01"


@pytest.fixture(scope="module")
def world(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("restored") / "world") as world:
        yield world


def az_in(world: Up, az: Path, *arguments: str) -> Any:
    environment = {**os.environ, "BACKUPSIM_STATE": str(world.state), "BACKUPSIM_AZ": str(az)}
    command = [sys.executable, "-m", "simulator.command.cli", "az", "--", *arguments]
    done = subprocess.run(command, cwd=ROOT, env=environment, capture_output=True, text=True, timeout=300)
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout) if done.stdout.strip() else None


def restored_template(scenario: Scenario) -> Json:
    """What lies beside the disks of the newest recovery point, once they are restored as blobs."""
    client = scenario.client
    point = next(iter(client.list(f"{scenario.item_id()}/recoveryPoints")))
    account = scenario.account_id(RESTORE_ACCOUNT)
    client.put(account, {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
    order = {
        "objectType": "IaasVMRestoreRequest",
        "recoveryType": "RestoreDisks",
        "sourceResourceId": scenario.machine_id(),
        "storageAccountId": account,
        "region": "westus",
        "originalStorageAccountOption": False,
    }
    client.post(f"{point['id']}/restore", {"properties": order})
    job = wait_until_ended(scenario)["properties"]
    assert job["status"] == "Completed", job.get("errorDetails")
    return template_of(client, account, job["extendedInfo"]["propertyBag"]["Template Blob Uri"])


def template_of(client: Client, account: str, address: str) -> Json:
    key = client.post(f"{account}/listKeys").json()["keys"][0]["value"]
    credential = {"account_name": RESTORE_ACCOUNT, "account_key": key}
    blob = BlobClient.from_blob_url(address, credential=credential, api_version="2021-12-02")
    found: Json = json.loads(blob.download_blob().readall())
    return found


def work(client: Client, vm: str, transactions: int) -> int:
    """The number of the last transaction after so many more."""
    answer = client.sim("POST", "/workload", {"vm": vm, "transactions": transactions})
    return int(answer["last_transaction"])


def test_the_template_of_a_restore_starts_a_machine_with_its_workload(world: Up, az: Path, tmp_path: Path) -> None:
    scenario = protected(world.client)
    before = work(scenario.client, scenario.machine_id(), 1)
    good_backup(scenario)
    after = work(scenario.client, scenario.machine_id(), 30)
    template = tmp_path / "azuredeploy.json"
    template.write_text(json.dumps(restored_template(scenario)))
    az_in(world, az, "network", "vnet", "create", "-g", "demo", "-n", "net", "--subnet-name", "back")
    values = {
        "VirtualMachineName": COPY,
        "VirtualNetwork": "net",
        "VirtualNetworkResourceGroup": "demo",
        "Subnet": "back",
    }
    given = [f"{name}={value}" for name, value in values.items()]
    here = ("deployment", "group", "create", "-g", "demo", "-n", "restored", "--template-file", str(template))
    deployed = az_in(world, az, *here, "--parameters", *given)
    assert deployed["properties"]["provisioningState"] == "Succeeded"
    copy = scenario.machine_id().replace("sql01", COPY)
    eventually(lambda: agent_is_ready(world.client.get(f"{copy}/instanceView")), "the copy runs")
    profile = world.client.get(copy)["properties"]["storageProfile"]
    assert len([profile["osDisk"], *profile["dataDisks"]]) == 3
    assert before < work(scenario.client, copy, 1) < after
