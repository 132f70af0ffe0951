"""The verbs of a Scenario against ARM on fakes: what they create, what they return, and what they raise."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Any

import httpx
import pytest

from controlplane.arm.sign_in.aad import CLIENT_ID, TENANT_ID
from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from simulator.client import Client, RequestFailed, StillRunning
from simulator.command.demo import Demo, DemoOptions, data_disk_sizes
from simulator.failures import BAD, explain
from simulator.scenario import RESTORE_ACCOUNT, Scenario, account_name, machine_body
from simulator.scenario_values import Job, JobFailed, Machine, Verdict, duration_seconds
from tests.unit.controlplane.adapters.scripted_fabric import fails
from tests.unit.controlplane.arm.arm_world import BASE_URL, SECRET, SUBSCRIPTION, ArmWorld, arm_world

POINT_DISK = {"lun": 0, "size_bytes": 9, "allocated_bytes": 5, "changed_bytes": 4, "transferred_bytes": 3}
CHECK = {"name": "snapshots: readable", "passed": True, "detail": ""}


@dataclass
class World(httpx.BaseTransport):
    """Carries a client's requests into ARM on fakes, and answers those to `/_sim` itself."""

    arm: ArmWorld
    asked: list[tuple[str, str]] = field(default_factory=list)
    transactions: int = 0

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        path = request.url.path
        self.asked.append((request.method, path))
        if path.startswith("/_sim"):
            return httpx.Response(200, json=self.control(path, request), request=request)
        headers = dict(request.headers)
        answer = self.arm.send(request.method, str(request.url), content=request.read(), headers=headers)
        plain = {name: value for name, value in answer.headers.items() if name.lower() != "content-encoding"}
        return httpx.Response(answer.status_code, content=answer.content, headers=plain, request=request)

    def control(self, path: str, request: httpx.Request) -> dict[str, Any]:
        if path == "/_sim/workload":
            self.transactions += 7
            return {"last_transaction": self.transactions}
        if path == "/_sim/files":
            asked = json.loads(request.read())
            return {**asked, "file": f"archive-{asked['lun']}-{asked['mebibytes']}.txt"}
        if path == "/_sim/recoverypoint":
            id = request.url.params["id"]
            time = self.arm.get(id)["properties"]["recoveryPointTime"]
            disks = [{"name": "sql01-data0", **POINT_DISK}]
            kind = {"consistency": "AppConsistent", "tiers": ["InstantRP"], "freeze_window_milliseconds": 1.5}
            return {"id": id, "time": time, "disks": disks, **kind}
        if path == "/_sim/handlers/broken":
            return {"broken": []}
        assert path == "/_sim/verify"
        named = {"recovery_point": "p", "consistency": "AppConsistent", "verified": True, "checks": [CHECK]}
        return {**named, "restored": [{"name": "sql01-os", "equal": True}], "database": None}

    def make_disks(self, machine: Machine) -> None:
        """What a host does when a machine boots."""
        for disk in self.arm.fabric.disks(machine.id):
            self.arm.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)


@pytest.fixture
def world() -> Iterator[World]:
    with arm_world() as arm:
        yield World(arm)


@pytest.fixture
def scenario(world: World) -> Iterator[Scenario]:
    with client_of(world) as client:
        yield Scenario(client)


def client_of(world: World, **limits: Any) -> Client:
    endpoints = {
        "subscription_id": SUBSCRIPTION.rpartition("/")[2],
        "arm_http": BASE_URL,
        "sim": f"{BASE_URL}/_sim",
        "sim_token": "t",
        "tenant_id": TENANT_ID,
        "client_id": CLIENT_ID,
        "client_secret": SECRET,
    }
    return Client(endpoints, lambda seconds: world.arm.settle(), transport=world, **limits)


def machine_with_disks(scenario: Scenario, world: World, name: str = "sql01") -> Machine:
    machine = scenario.create_machine(name)
    world.make_disks(machine)
    return machine


def test_a_machine_has_the_disks_that_were_named(scenario: Scenario) -> None:
    machine = scenario.create_machine("web-01", os_disk_gib=200, data_disk_gib=[4, 8, 16])
    profile = scenario.client.get(machine.id)["properties"]["storageProfile"]
    assert machine.disk_gib == (200, 4, 8, 16)
    assert [disk["diskSizeGB"] for disk in (profile["osDisk"], *profile["dataDisks"])] == [200, 4, 8, 16]
    assert "web01disks" in profile["osDisk"]["vhd"]["uri"]


def test_creating_again_changes_nothing(scenario: Scenario) -> None:
    assert scenario.create_machine() == scenario.create_machine()
    assert scenario.create_vault() == scenario.create_vault()


def test_each_verb_returns_what_arm_shows(scenario: Scenario, world: World) -> None:
    machine = machine_with_disks(scenario, world)
    assert (scenario.work(machine), scenario.work(machine)) == (7, 14)
    assert scenario.fill(machine, 48) == "archive-0-48.txt"
    item = scenario.protect(machine)
    assert item.job is not None
    assert (item.job.operation, item.job.status) == ("ConfigureBackup", "Completed")
    backup = scenario.back_up(item)
    assert (backup.operation, backup.status, backup.tasks[0].id) == (
        "Backup",
        "Completed",
        "Take Snapshot",
    )
    assert scenario.extensions(machine) == {"VMSnapshot": "Succeeded"}
    (point,) = scenario.recovery_points(item)
    assert point.disks[0].transferred_bytes == 3
    restore = scenario.restore_disks(point)
    assert (restore.operation, restore.status) == ("Restore", "Completed")
    verdict = scenario.verify(point, restore)
    assert verdict.verified
    assert verdict.checks[0].name == "snapshots: readable"
    assert {job.operation for job in scenario.jobs()} == {"Restore", "Backup", "ConfigureBackup"}


def test_several_machines_share_a_vault(scenario: Scenario, world: World) -> None:
    items = [scenario.protect(machine_with_disks(scenario, world, name)) for name in ("sql01", "sql02")]
    assert [scenario.back_up(item).status for item in items] == ["Completed", "Completed"]
    assert [len(scenario.recovery_points(item)) for item in items] == [1, 1]


def test_a_group_and_a_vault_of_other_names(world: World) -> None:
    with client_of(world) as client:
        scenario = Scenario(client, group="shop", vault="safe")
        item = scenario.protect(machine_with_disks(scenario, world))
        assert "/resourceGroups/shop/providers/Microsoft.RecoveryServices/vaults/safe/" in item.id
        assert scenario.back_up(item.id).succeeded


def test_a_job_that_fails_says_why(scenario: Scenario, world: World) -> None:
    item = scenario.protect(machine_with_disks(scenario, world))
    world.arm.fabric.script.append(fails(301))
    with pytest.raises(JobFailed) as failed:
        scenario.back_up(item)
    job = failed.value.job
    assert (job.operation, job.status) == ("Backup", "Failed")
    assert job.errors[0].message in str(failed.value)
    explained = explain(failed.value)
    assert explained is not None
    assert explained.exit_code == BAD


def test_a_demo_whose_backup_fails_ends_there_and_says_so(world: World, scenario: Scenario) -> None:
    world.arm.fabric.script.append(fails(301))
    steps: list[str] = []

    def say(step: str, values: dict[str, Any]) -> None:
        steps.append(step)
        if step == "vault":
            world.make_disks(Machine(scenario.machine_id(), "sql01", ()))

    result = Demo(scenario, DemoOptions(), say).run()
    assert steps[-1] == "backup_first"
    assert not result["verified"]
    assert [check["name"] for check in result["checks"] if not check["passed"]] == ["first backup completes"]
    assert (result["jobs"][-1]["status"], result["recovery_points"], result["restore"]) == ("Failed", [], None)


def test_a_refusal_keeps_the_service_s_own_words(scenario: Scenario) -> None:
    with pytest.raises(RequestFailed) as refused:
        scenario.protect(Machine(scenario.machine_id("nobody"), "nobody", ()))
    assert refused.value.status >= 400
    assert refused.value.code


def test_a_wait_ends_at_its_limit(world: World) -> None:
    seconds = iter(range(0, 1000, 10))
    with client_of(world, limit_seconds=30, monotonic=lambda: float(next(seconds))) as client:
        scenario = Scenario(client)
        world.arm.fabric.agent = "Not Ready"
        with pytest.raises(StillRunning, match="within 30 s"):
            scenario.create_machine()


@pytest.mark.parametrize(
    ("machine", "account"),
    [("sql01", "sql01disks"), ("Web-Server_1", "webserver1disks"), ("a" * 40, "a" * 19 + "disks")],
)
def test_the_account_of_a_machine_has_a_name_that_azure_accepts(machine: str, account: str) -> None:
    assert account_name(machine) == account
    assert len(account_name(machine)) <= 24


def test_a_body_without_data_disks() -> None:
    profile = machine_body("vm", "http://a/", [])["properties"]["storageProfile"]
    assert profile["dataDisks"] == []


@pytest.mark.parametrize(("count", "sizes"), [(0, []), (1, [32]), (4, [32, 16, 8, 8])])
def test_the_demo_has_as_many_data_disks_as_it_is_told(count: int, sizes: list[int]) -> None:
    assert data_disk_sizes(count) == sizes


@pytest.mark.parametrize(("text", "seconds"), [("PT1H41M17.9270278S", 6077.927), ("PT0.5S", 0.5), ("PT2M", 120.0)])
def test_durations_as_the_service_writes_them(text: str, seconds: float) -> None:
    assert duration_seconds(text) == seconds


def test_another_text_is_no_duration() -> None:
    with pytest.raises(ValueError, match="is not a duration"):
        duration_seconds("soon")


def test_a_job_without_errors_gives_no_reason() -> None:
    assert "the service gives no reason" in str(JobFailed(Job("1", "Backup", "Cancelled", 0.0)))


def test_a_verdict_keeps_what_was_found_of_the_database() -> None:
    told = {"recovery_point": "p", "consistency": "CrashConsistent", "verified": False, "checks": [], "restored": []}
    assert Verdict.from_json({**told, "database": {"found": False}}).database == {"found": False}


def test_a_restore_creates_its_account(scenario: Scenario, world: World) -> None:
    item = scenario.protect(machine_with_disks(scenario, world))
    scenario.back_up(item)
    (point,) = scenario.recovery_points(item)
    scenario.restore_disks(point.id, "elsewhere01")
    assert scenario.client.get(scenario.account_id("elsewhere01"))["name"] == "elsewhere01"
    with pytest.raises(RequestFailed):
        scenario.client.get(scenario.account_id(RESTORE_ACCOUNT))
