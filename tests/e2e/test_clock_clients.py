"""World time that is moved while clients of all sorts are at work: nothing of theirs fails."""

from __future__ import annotations

import json
import os
import subprocess
import threading
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path

import httpx
import pytest

from controlplane.json_object import Json
from controlplane.templates.relaxed_json import to_json
from simulator.client import Client
from simulator.scenario import RESTORE_ACCOUNT
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import Up, scenario_of, up
from tests.e2e.test_clock import DAY, backups, clock, due_between, hourly_policy, now, protected, standing, starts

SDK_PROGRAM = Path(__file__).with_name("sdk_through_an_advance.py")
TEMPLATE = Path(__file__).parent / "templates" / "machines.json"
COMMAND_LINE_WAITS = {"CommandName": "backup job wait"}
"""What az says of itself with each request of `az backup job wait`."""
PATIENCE_SECONDS = 300


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    state = tmp_path_factory.mktemp("clients") / "world"
    with up(state, standing(state)) as world:
        protected(world.client)
        scenario_of(world.client).create_account(RESTORE_ACCOUNT)
        yield world


def sim(world: Up) -> httpx.Client:
    """The control API as curl sees it."""
    endpoints = world.client.endpoints
    return httpx.Client(base_url=endpoints["sim"], headers={"Authorization": f"Bearer {endpoints['sim_token']}"})


# ----------------------------------------------------------------------------------------------------------- plain REST


def test_a_second_client_is_told_who_advances_and_how_far(world: Up) -> None:
    with sim(world) as rest:
        began = rest.post(
            "/clock/advance", json={"by": "300d", "asked_by": "the first"}, headers={"Prefer": "respond-async"}
        )
        assert (began.status_code, began.json()["status"]) == (202, "advancing")
        for refused in (
            rest.post("/clock/advance", json={"by": "1d", "asked_by": "the second"}),
            rest.post("/clock/set", json={"mode": "real"}),
        ):
            error = refused.json()["error"]
            assert (refused.status_code, error["code"]) == (409, "ClockBusy")
            assert "asked for by the first, which is at 2026-" in error["message"]
        stopped = rest.post("/clock/stop").json()
        assert stopped["reason"] == "stopped"
        polled = rest.get(began.headers["Location"]).json()
        assert (polled["id"], polled["status"], polled["reason"]) == (stopped["id"], "ready", "stopped")
        assert rest.post("/clock/advance", json={"until": "idle"}).json()["reason"] == "reached"
    assert {job["status"] for job in backups(scenario_of(world.client))} <= {"Completed"}


def test_az_is_answered_once_when_its_job_has_ended_also_while_time_stands(world: Up) -> None:
    scenario = scenario_of(world.client)
    job = scenario.start_backup(scenario.item_id())
    assert waited_for(world, job) == "Completed"


@pytest.mark.slow
def test_az_is_told_soon_that_nothing_moves_its_job(world: Up) -> None:
    """Else it would wait for the longest that an answer is held back, while a person has to release the step."""
    scenario, client = scenario_of(world.client), world.client
    client.sim("POST", "/pace", {"hold": ["Take Snapshot"]})
    job = scenario.start_backup(scenario.item_id())
    assert waited_for(world, job) == "InProgress"
    assert clock(client)["holders"] == []
    client.sim("POST", "/pace", {"release": ["Take Snapshot"]})
    assert waited_for(world, job) == "Completed"


def waited_for(world: Up, job: str) -> str:
    """The job's status that one request of az's is answered with."""
    client = world.client
    token = client.arm("GET", scenario_of(client).group_id).request.headers["Authorization"]
    answer = httpx.get(
        f"{client.endpoints['arm_http']}{scenario_of(client).vault_id}/backupJobs/{job}",
        params={"api-version": "2026-05-01"},
        headers={"Authorization": token, **COMMAND_LINE_WAITS},
        timeout=PATIENCE_SECONDS,
    )
    return str(answer.raise_for_status().json()["properties"]["status"])


@pytest.mark.slow
def test_an_advance_in_the_middle_of_a_deployment(world: Up) -> None:
    """Machines boot in it, and a poll of its operation goes on meanwhile."""
    client = world.client
    begin, before = now(client), len(backups(scenario_of(client)))
    deployment = f"{scenario_of(client).group_id}/providers/Microsoft.Resources/deployments/machines"
    parameters = {"prefix": {"value": "far"}, "count": {"value": 2}, "password": {"value": "aB3!aB3!aB3!xx"}}
    template = json.loads(to_json(TEMPLATE.read_text(encoding="utf-8")))
    properties = {"mode": "Incremental", "template": template, "parameters": parameters}
    started = client.arm("PUT", deployment, {"properties": properties})
    assert started.status_code == 201
    ended: list[Json] = []

    def poll() -> None:
        with Client(client.endpoints) as own:
            ended.append(own.finish(started))

    polling = threading.Thread(target=poll)
    polling.start()
    result = client.advance(by="3d")
    polling.join(PATIENCE_SECONDS)
    assert (result["reason"], result["outcomes"]) == ("reached", {"Completed": 3})
    assert [each["status"] for each in ended] == ["Succeeded"]
    shown = client.get(deployment)["properties"]
    assert (shown["provisioningState"], shown.get("error")) == ("Succeeded", None)
    assert shown["timestamp"] == begin.isoformat().replace("+00:00", "Z"), "it had ended before time moved"
    assert len(backups(scenario_of(client))) == before + 3
    assert now(client) == begin + 3 * DAY


# ------------------------------------------------------------------------------------------------------------- forecast


def test_a_policy_of_the_running_world_is_forecast_and_comes_true(world: Up) -> None:
    """It is asked of the world, which alone knows its policies and its time."""
    scenario, client = scenario_of(world.client), world.client
    begin = now(client)
    told = backupsim("forecast", "defaultpolicy", "--years", "1", "--json", "--state", str(world.state))
    assert told.returncode == 0, told.stderr
    report = json.loads(told.stdout)
    assert (report["policy"], datetime.fromisoformat(report["from"])) == ("DefaultPolicy", now(client))
    client.advance(by="3d")
    times = [datetime.fromisoformat(point["time"]) for point in report["recovery_points"]]
    foreseen = [time for time in times if begin < time <= begin + 3 * DAY]  # what is due now has run already
    assert [each for each in starts(backups(scenario)) if each > begin] == foreseen
    own = hourly_policy(scenario)
    in_words = backupsim("forecast", own, "--years", "1", "--state", str(world.state))
    assert in_words.returncode == 0, in_words.stderr
    assert "every 4 h from 00:00 for 24 h, 6 a day, UTC" in in_words.stdout
    missing = backupsim("forecast", "absent", "--state", str(world.state))
    assert (missing.returncode, missing.stdout) == (2, "")
    assert "has no policy absent; name another one, or a file" in missing.stderr


# ------------------------------------------------------------------------------------------------------------------ SDK


@pytest.mark.slow
def test_the_sdk_works_and_polls_through_an_advance(world: Up, azure_python: Path) -> None:
    scenario, client = scenario_of(world.client), world.client
    before, begin = len(backups(scenario)), now(client)
    _, _, container, _, item = scenario.item_id().rsplit("/", 4)
    vault = scenario.vault_id.rpartition("/")[2]
    place = [vault, scenario.group, container, item, scenario.machine_id(), scenario.account_id(RESTORE_ACCOUNT)]
    printed = backupsim("env", "--shell", "json", "--state", str(world.state))
    program = subprocess.Popen(
        [str(azure_python), str(SDK_PROGRAM), *place],
        cwd=ROOT,
        env={**os.environ, **json.loads(printed.stdout)},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )
    advances = []
    while program.poll() is None:
        advances.append(client.advance(by="6h"))
    out, problems = program.communicate(timeout=PATIENCE_SECONDS)
    assert program.returncode == 0, problems
    assert json.loads(out) == ["Completed"] * 4
    assert {each["reason"] for each in advances} == {"reached"}
    assert set().union(*(each["outcomes"] for each in advances)) <= {"Completed"}
    client.advance(until="idle")
    assert now(client) == begin + len(advances) * DAY / 4
    jobs = backups(scenario)[before:]
    assert {job["status"] for job in jobs} == {"Completed"}
    assert set(due_between(begin, now(client))) <= set(starts(jobs)), "none of the schedule's is missing"
