"""Templates by the real az and the real SDK: machines, their protection in another group, and one snapshot task."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from azure.storage.blob import BlobSasPermissions, BlobServiceClient, generate_blob_sas

from controlplane.json_object import Json
from controlplane.templates.relaxed_json import to_json
from extension.contract.settings import to_ticks
from extension.contract.settings_json import encode_object
from simulator.client import Client
from simulator.scenario import MACHINE, Scenario, account_name, agent_is_ready
from tests.e2e.conftest import ROOT
from tests.e2e.running import Up, eventually, is_ready, scenario_of, up

Deploy = Callable[[str, str, str, Json], Json]

TEMPLATES = Path(__file__).parent / "templates"
MACHINES = "machines"
VAULTS = "vaults"
PASSWORD = "aB3!aB3!aB3!xx"

SDK = """
import json, os, sys
from azure.identity import DefaultAzureCredential
from azure.mgmt.resource.deployments import DeploymentsMgmtClient
from azure.mgmt.resource.deployments.models import Deployment, DeploymentProperties
client = DeploymentsMgmtClient(DefaultAzureCredential(), os.environ["AZURE_SUBSCRIPTION_ID"])
asked = json.load(sys.stdin)
group, name = asked["group"], asked["name"]
order = Deployment(properties=DeploymentProperties(
    mode="Incremental", template=asked["template"], parameters=asked["parameters"]
))
validated = client.deployments.begin_validate(group, name, order).result()
assert validated.error is None, validated.error
client.deployments.begin_create_or_update(group, name, order).result()
shown = client.deployments.get(group, name).properties
operations = list(client.deployment_operations.list(group, name))
print(json.dumps({
    "state": shown.provisioning_state,
    "outputs": {key: each["value"] for key, each in (shown.outputs or {}).items()},
    "written": [each.properties.target_resource.id for each in operations if each.properties.target_resource],
}))
"""


@pytest.fixture(scope="module")
def world(az: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    with up(tmp_path_factory.mktemp("templates") / "world") as world:
        for group in (MACHINES, VAULTS):
            world.client.put(world.client.group(group), {"location": "westus"})
        yield world


@pytest.fixture(scope="module")
def run(world: Up, az: Path) -> Callable[..., str]:
    """One run of the `backupsim` command against the world."""
    environment = {**os.environ, "BACKUPSIM_STATE": str(world.state), "BACKUPSIM_AZ": str(az)}

    def run(*arguments: str, stdin: str = "") -> str:
        command = [sys.executable, "-m", "simulator.command.cli", *arguments]
        done = subprocess.run(
            command, cwd=ROOT, env=environment, input=stdin, capture_output=True, text=True, timeout=300
        )
        assert done.returncode == 0, done.stderr
        return done.stdout

    return run


@pytest.fixture(params=["az", "sdk"])
def client_name(request: pytest.FixtureRequest) -> str:
    name: str = request.param
    return name


@pytest.fixture
def deploy(client_name: str, run: Callable[..., str], azure_python: Path, tmp_path: Path) -> Deploy:
    """Deploys a template into a group under a name; what the deployment shows in the end."""

    def by_az(group: str, name: str, template: str, values: Json) -> Json:
        file = tmp_path / "parameters.json"
        file.write_text(json.dumps({"parameters": {key: {"value": value} for key, value in values.items()}}))
        here = ("deployment", "group", "create", "-g", group, "-n", name)
        told = json.loads(
            run("az", "--", *here, "--template-file", str(TEMPLATES / template), "--parameters", f"@{file}")
        )["properties"]
        return {
            "state": told["provisioningState"],
            "outputs": {key: each["value"] for key, each in (told["outputs"] or {}).items()},
            "written": [each["id"] for each in told["outputResources"]],
        }

    def by_sdk(group: str, name: str, template: str, values: Json) -> Json:
        asked = {
            "group": group,
            "name": name,
            "template": json.loads(to_json((TEMPLATES / template).read_text())),
            "parameters": {key: {"value": value} for key, value in values.items()},
        }
        told: Json = json.loads(run("run", "--", str(azure_python), "-c", SDK, stdin=json.dumps(asked)))
        return told

    return by_az if client_name == "az" else by_sdk


# ----------------------------------------------------------------------------------------------------------- protection


def test_machines_of_another_group_are_protected_and_backed_up(world: Up, deploy: Deploy, client_name: str) -> None:
    client = world.client
    made = deploy(MACHINES, f"{client_name}-machines", "machines.json", {"prefix": client_name, "password": PASSWORD})
    names = made["outputs"]["names"]
    assert (made["state"], names) == ("Succeeded", [f"{client_name}{index}" for index in range(3)])
    assert made["outputs"]["firstAddress"].startswith("10.1.0.")
    assert len(made["written"]) == 7
    vault = f"{client_name}-vault"
    values = {"machinesGroup": MACHINES, "machines": names, "vault": vault}
    new = values | {"makeVault": True, "policy": "nightly", "makePolicy": True}
    assert deploy(VAULTS, f"{client_name}-new", "protect.json", new)["state"] == "Succeeded"
    assert _policies(client, vault) == {"nightly"}
    existing = deploy(VAULTS, f"{client_name}-existing", "protect.json", values)
    assert (existing["state"], len(existing["written"])) == ("Succeeded", 3)
    assert _policies(client, vault) == {"DefaultPolicy"}
    for item in _items(client, vault):
        _back_up(client, vault, item)


def _vault(client: Client, vault: str) -> str:
    return f"{client.group(VAULTS)}/providers/Microsoft.RecoveryServices/vaults/{vault}"


def _items(client: Client, vault: str) -> list[Json]:
    items = list(client.list(f"{_vault(client, vault)}/backupProtectedItems"))
    assert len(items) == 3
    return items


def _policies(client: Client, vault: str) -> set[str]:
    """The policies under which the items of a vault are, once every job has ended."""
    jobs = f"{_vault(client, vault)}/backupJobs"
    eventually(lambda: all(each["properties"]["status"] == "Completed" for each in client.list(jobs)), "jobs end")
    return {each["properties"]["policyName"] for each in _items(client, vault)}


def _back_up(client: Client, vault: str, item: Json) -> None:
    """A backup of the item, compared with what the machine wrote."""
    view = f"{item['properties']['sourceResourceId']}/instanceView"
    eventually(lambda: agent_is_ready(client.get(view)), "the agent is ready")
    client.post(f"{item['id']}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})
    points = f"{item['id']}/recoveryPoints"

    def is_in_vault() -> bool:
        found = [each["properties"]["recoveryPointTierDetails"] for each in client.list(points)]
        return bool(found) and any(tier["type"] == "HardenedRP" for tier in found[0])

    eventually(is_in_vault, "the recovery point is in the vault")
    (point,) = client.list(points)
    verdict = client.sim("POST", "/verify", {"recovery_point": point["id"]})
    assert verdict["verified"], verdict["checks"]


# ------------------------------------------------------------------------------------------------------------- snapshot


@pytest.fixture(scope="module")
def machine(world: Up) -> Scenario:
    """The demo's machine, whose disks are blobs in an account that the test has the key of."""
    scenario = scenario_of(world.client)
    scenario.create_machine()
    eventually(lambda: is_ready(scenario), "the machine runs and its agent is ready")
    return scenario


def test_the_extension_takes_a_snapshot(
    machine: Scenario, deploy: Deploy, client_name: str, run: Callable[..., str]
) -> None:
    task = f"11111111-2222-4333-8444-00000000000{len(client_name)}_1"
    service = _storage(machine)
    disks = [blob.name for blob in service.get_container_client("vhds").list_blobs()]
    reports = {name: _empty(service, f"{client_name}.{name}.txt") for name in ("log", "status")}
    values = {
        "machine": "sql01",
        "location": "westus",
        "taskId": task,
        "startTicks": str(to_ticks(datetime.now(UTC))),
        "disks": encode_object(
            {"blobSASUri": [_signed(service, "vhds", name) for name in disks], "backupMetadata": []}
        ),
        "logBlob": reports["log"],
        "statusBlob": reports["status"],
    }
    made = deploy("demo", f"{client_name}-snapshot", "snapshot.json", values)
    assert made["state"] == "Succeeded"
    status = json.loads(service.get_blob_client("reports", f"{client_name}.status.txt").download_blob().readall())
    assert (status[0]["status"]["status"], task in json.dumps(status)) == ("success", True)
    snapshots = [
        blob for blob in service.get_container_client("vhds").list_blobs(include=["snapshots"]) if blob.snapshot
    ]
    assert {blob.name for blob in snapshots} == set(disks)
    shown = run("az", "--", "deployment", "group", "show", "-g", "demo", "-n", f"{client_name}-snapshot")
    extension = machine.client.get(f"{machine.machine_id()}/extensions/VMSnapshot")
    assert extension["properties"]["provisioningState"] == "Succeeded"
    assert all("sig=" not in text for text in (shown, json.dumps(extension)))


def _storage(machine: Scenario) -> BlobServiceClient:
    account = machine.account_id(account_name(MACHINE))
    endpoint = machine.client.get(account)["properties"]["primaryEndpoints"]["blob"]
    key = machine.client.post(f"{account}/listKeys").json()["keys"][0]["value"]
    credential = {"account_name": account_name(MACHINE), "account_key": key}
    return BlobServiceClient(endpoint, credential=credential, api_version="2021-12-02")


def _empty(service: BlobServiceClient, name: str) -> str:
    """An empty blob and its address with a signature."""
    container = service.get_container_client("reports")
    if not container.exists():
        container.create_container()
    container.upload_blob(name, b"")
    return _signed(service, "reports", name)


def _signed(service: BlobServiceClient, container: str, name: str) -> str:
    blob = service.get_blob_client(container, name)
    credential = service.credential
    signature = generate_blob_sas(
        account_name=credential.account_name,
        account_key=credential.account_key,
        container_name=container,
        blob_name=name,
        permission=BlobSasPermissions(read=True, write=True),
        expiry=datetime.now(UTC) + timedelta(hours=1),
    )
    return f"{blob.url}?{signature}"
