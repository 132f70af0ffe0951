"""World time that is moved over a running world: real handler processes, a real storage, several clients."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from collections import Counter
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest

from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.scenario import RESTORE_ACCOUNT, Scenario
from simulator.scenario_values import Machine
from tests.e2e.conftest import ROOT, backupsim
from tests.e2e.running import PATIENCE_SECONDS, Up, eventually, scenario_of, up

START = datetime(2026, 3, 1, 8, tzinfo=UTC)
DAY = timedelta(days=1)
DUE = timedelta(hours=21)
"""When a day's backup is due by the DefaultPolicy."""
SMALL_DISKS_GIB = (1, 1)


def arguments(state: Path, *more: str) -> list[str]:
    return ["up", "--port", "0", "--state", str(state), *more]


def standing(state: Path) -> list[str]:
    return arguments(state, "--clock", "virtual", "--start", START.isoformat())


@pytest.fixture(scope="module")
def world(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Up]:
    """A world whose time stands, with a machine that is backed up each day."""
    state = tmp_path_factory.mktemp("clock") / "world"
    with up(state, standing(state)) as world:
        protected(world.client)
        yield world


def protected(client: Client, name: str = "sql01", policy: str | None = None) -> Machine:
    scenario = scenario_of(client)
    machine = scenario.create_machine(name, data_disk_gib=SMALL_DISKS_GIB)
    scenario.work(machine)
    scenario.protect(machine, policy)
    return machine


def clock(client: Client) -> Json:
    return client.sim("GET", "/clock")


def now(client: Client) -> datetime:
    return datetime.fromisoformat(clock(client)["now"])


def backups(scenario: Scenario) -> list[Json]:
    """The properties of all backup jobs, the first one first."""
    jobs = scenario.client.list(f"{scenario.vault_id}/backupJobs")
    found = [{"id": job["name"], **job["properties"]} for job in jobs if job["properties"]["operation"] == "Backup"]
    return sorted(found, key=lambda job: str(job["startTime"]))


def starts(jobs: list[Json]) -> list[datetime]:
    return [datetime.fromisoformat(job["startTime"]) for job in jobs]


def due_between(begin: datetime, end: datetime) -> list[datetime]:
    """When the DefaultPolicy is due."""
    first = begin.replace(hour=0, minute=0, second=0, microsecond=0) + DUE
    times = [first + n * DAY for n in range((end - begin).days + 2)]
    return [time for time in times if begin < time <= end]


def enables(client: Client, since: int) -> int:
    """How many handler processes were started to take a snapshot."""
    count = 0
    while events := client.sim("GET", "/events", since=str(since), limit="10000")["events"]:
        count += sum(
            event["name"] == "handler.command_started" and event["data"]["verb"] == "enable" for event in events
        )
        since = max(event["id"] for event in events)
    return count


def last_event(client: Client) -> int:
    last = 0
    while page := client.sim("GET", "/events", since=str(last), limit="10000"):
        if not page["events"]:
            return last
        last = page["last"]
    return last


# ---------------------------------------------------------------------------------------------------------- one advance


def test_four_days_are_four_backups_each_at_its_minute(world: Up) -> None:
    scenario, client = scenario_of(world.client), world.client
    begin, before, events = now(client), len(backups(scenario)), last_event(client)
    done = backupsim("clock", "advance", "4d", "--json", "--state", str(world.state), timeout_seconds=600)
    assert done.returncode == 0, done.stdout + done.stderr
    result = json.loads(done.stdout)
    due = due_between(begin, begin + 4 * DAY)
    assert len(due) == 4
    assert (result["reason"], result["outcomes"]) == ("reached", {"Completed": 4})
    assert datetime.fromisoformat(result["now"]) == begin + 4 * DAY == now(client)
    jobs = backups(scenario)[before:]
    assert {job["id"] for job in jobs} == {job["id"] for job in result["jobs"]}
    assert starts(jobs) == due
    assert [datetime.fromisoformat(job["endTime"]) for job in jobs] == due, "it took no world time"
    assert enables(client, events) == 4, "each by a process of its own"
    points = scenario.recovery_points(scenario.item_id())
    assert [point.time for point in points if begin < point.time] == due
    assert scenario.verify(points[-1]).verified


def test_a_dry_run_lists_what_then_comes(world: Up) -> None:
    begin = now(world.client)
    listed = backupsim("clock", "advance", "2d", "--dry-run", "--json", "--state", str(world.state))
    assert listed.returncode == 0, listed.stderr
    due = [each for each in json.loads(listed.stdout)["due"] if each["kind"] == "backup"]
    assert [datetime.fromisoformat(each["time"]) for each in due] == due_between(begin, begin + 2 * DAY)
    assert now(world.client) == begin
    assert world.client.advance(by="2d")["outcomes"] == {"Completed": 2}


def test_until_next_and_until_a_condition(world: Up) -> None:
    scenario, client = scenario_of(world.client), world.client
    (due,) = due_between(now(client), now(client) + DAY)
    assert datetime.fromisoformat(client.advance(until="next")["now"]) <= due
    count = len(list(client.list(f"{scenario.item_id()}/recoveryPoints")))
    path = f"{scenario.item_id()}/recoveryPoints?api-version=2026-05-01"
    result = client.advance(until={"path": path, "condition": f"length(value) >= `{count + 2}`"})
    assert result["reason"] == "reached"
    assert len(list(client.list(f"{scenario.item_id()}/recoveryPoints"))) == count + 2


def test_ctrl_c_stops_between_two_instants(world: Up) -> None:
    begin, before = now(world.client), len(backups(scenario_of(world.client)))
    process = subprocess.Popen(
        [sys.executable, "-m", "simulator.command.cli", "clock", "advance", "300d", "--json", "--state", world.state],
        cwd=ROOT,
        stdout=subprocess.PIPE,
        text=True,
    )
    eventually(lambda: (clock(world.client)["advance"] or {}).get("job_count", 0) >= 1, "a backup ends")
    process.send_signal(signal.SIGINT)
    told = json.loads(process.communicate(timeout=PATIENCE_SECONDS)[0])
    assert (process.returncode, told["reason"]) == (130, "stopped")
    world.client.advance(until="idle")
    stopped = now(world.client)
    jobs = backups(scenario_of(world.client))[before:]
    assert {job["status"] for job in jobs} == {"Completed"}
    assert starts(jobs) == due_between(begin, stopped), "nothing is missing, and nothing was begun too early"


# --------------------------------------------------------------------------------------- in the middle of what goes on


def test_an_advance_in_the_middle_of_a_backup_and_of_a_restore(world: Up) -> None:
    scenario, client = scenario_of(world.client), world.client
    scenario.create_account(RESTORE_ACCOUNT)
    begin = now(client)
    by_hand = scenario.start_backup(scenario.item_id())
    assert client.advance(by="2d")["outcomes"] == {"Completed": 3}
    job = client.get(f"{scenario.vault_id}/backupJobs/{by_hand}")["properties"]
    assert job["status"] == "Completed"
    assert datetime.fromisoformat(job["endTime"]) == begin, "it ended before time moved"
    point = scenario.recovery_points(scenario.item_id())[-1]
    restores: list[Any] = []
    restoring = threading.Thread(target=lambda: restores.append(scenario.restore_disks(point)))
    restoring.start()
    eventually(lambda: any("Restore" in who for who in clock(client)["holders"]), "the restore holds world time")
    result = client.advance(by="2d")
    restoring.join(PATIENCE_SECONDS)
    assert result["outcomes"] == {"Completed": 3}
    assert scenario.verify(point, restores[0]).verified


def test_two_clients_advance_one_after_the_other(world: Up) -> None:
    begin, refused = now(world.client), list[str]()
    ended: list[Json] = []

    def advances(name: str) -> None:
        with Client(world.client.endpoints) as client:
            for _ in range(3):
                while True:
                    try:
                        ended.append(client.advance(by="1d", asked_by=name))
                        break
                    except RequestFailed as problem:
                        refused.append(str(problem))

    threads = [threading.Thread(target=advances, args=(name,)) for name in ("the first", "the second")]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert now(world.client) == begin + 6 * DAY
    assert Counter(result["reason"] for result in ended) == {"reached": 6}
    assert sum(result["job_count"] for result in ended) == 6
    assert all(sentence.startswith("ClockBusy: ") for sentence in refused)
    assert any("asked for by the first, which is at" in sentence for sentence in refused)
    assert any("asked for by the second, which is at" in sentence for sentence in refused)


def test_whoever_waits_for_a_job_need_not_move_time(world: Up) -> None:
    """A job waits for world time at each of its steps, and time that stands goes there by itself."""
    scenario, client = scenario_of(world.client), world.client
    begin = now(client)
    client.sim("POST", "/pace", {"seconds": 600.0})
    job = scenario.back_up(scenario.item_id())
    client.sim("POST", "/pace", {"seconds": 0.0})
    assert job.status == "Completed"
    assert now(client) >= begin + timedelta(seconds=1200)
    assert now(client) < begin + timedelta(hours=1), "nothing else was gone to"


def test_a_machine_is_made_and_taken_away_while_time_stands(world: Up) -> None:
    scenario, client = scenario_of(world.client), world.client
    begin = now(client)
    machine = scenario.create_machine("vm02", data_disk_gib=())
    client.finish(client.arm("POST", f"{machine.id}/deallocate"))
    client.finish(client.arm("POST", f"{machine.id}/start"))
    client.finish(client.arm("DELETE", machine.id))
    assert now(client) == begin


# ------------------------------------------------------------------------------------------------- kills and the modes


@pytest.mark.slow
def test_a_world_that_is_killed_in_an_advance_goes_on_where_it_was(tmp_path: Path) -> None:
    state = tmp_path / "world"
    world = Up(state, standing(state))
    protected(world.client)
    begin = now(world.client)
    client = world.client
    client.sim_begin("/clock/advance", {"by": "12d", "asked_by": "the first"})
    eventually(lambda: (clock(client)["advance"] or {}).get("job_count", 0) >= 4, "some backups end")
    seen = now(client)
    world.process.kill()
    world.process.wait()
    with up(state, arguments(state)) as again:
        shown = clock(again.client)
        stands = datetime.fromisoformat(shown["now"])
        assert shown["mode"] == "virtual"
        assert stands >= seen, "it never goes back"
        assert stands in due_between(begin, begin + 12 * DAY) or stands == begin
        assert shown["interrupted"]["asked_by"] == "the first"
        done = backupsim("clock", "resume", "--json", "--state", str(state), timeout_seconds=600)
        result = json.loads(done.stdout)
        assert (result["reason"], datetime.fromisoformat(result["now"])) == ("reached", begin + 12 * DAY)
        assert clock(again.client)["interrupted"] is None
        jobs = backups(scenario_of(again.client))
        assert starts(jobs) == due_between(begin, begin + 12 * DAY), "each once"
        assert Counter(job["status"] for job in jobs)["Completed"] >= 11, "all but what the kill cut off"
        points = scenario_of(again.client).recovery_points(scenario_of(again.client).item_id())
        assert scenario_of(again.client).verify(points[-1]).verified


def hourly_policy(scenario: Scenario) -> str:
    """Every four hours, all day."""
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": {
            "interval": 4,
            "scheduleWindowStartTime": "2026-03-01T00:00:00Z",
            "scheduleWindowDuration": 24,
        },
    }
    retention = {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {
            "retentionTimes": ["2026-03-01T00:00:00Z"],
            "retentionDuration": {"count": 7, "durationType": "Days"},
        },
    }
    properties = {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "instantRpRetentionRangeInDays": 2,
        "schedulePolicy": schedule,
        "retentionPolicy": retention,
        "timeZone": "UTC",
    }
    scenario.create_vault()
    scenario.client.put(scenario.policy_id("hourly"), {"properties": properties})
    return "hourly"


@pytest.mark.slow
def test_scaled_time_has_every_backup_made_when_it_is_due(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, standing(state)) as world:
        scenario, client = scenario_of(world.client), world.client
        protected(client, policy=hourly_policy(scenario))
        begin = now(client)
        told = backupsim("clock", "set", "scaled", "--rate", "3600", "--json", "--state", str(state))
        assert json.loads(told.stdout)["rate"] == 3600
        eventually(lambda: now(client) >= begin + DAY, "a day passes")
        assert backupsim("clock", "set", "virtual", "--state", str(state)).returncode == 0
        client.advance(until="idle")
        jobs, end = backups(scenario), now(client)
        four_hours = [begin.replace(hour=0) + n * timedelta(hours=4) for n in range(100)]
        due = [time for time in four_hours if begin < time <= end]
        assert len(due) >= 6
        begun = [time.replace(second=0, microsecond=0) for time in starts(jobs)]
        assert begun == due, "each in its own minute"
        assert {job["status"] for job in jobs} == {"Completed"}
        assert all(
            datetime.fromisoformat(job["endTime"]) - datetime.fromisoformat(job["startTime"]) < timedelta(minutes=2)
            for job in jobs
        ), "time does not run ahead of who works"


@pytest.mark.slow
def test_a_real_clock_is_moved_too_and_stays_ahead(tmp_path: Path) -> None:
    state = tmp_path / "world"
    with up(state, arguments(state)) as world:
        assert clock(world.client)["mode"] == "real"
        protected(world.client)
        result = world.client.advance(by="2d")
        assert result["outcomes"] == {"Completed": 2}
        ahead = now(world.client) - datetime.now(UTC)
        assert timedelta(days=2, minutes=-30) < ahead < timedelta(days=2, minutes=1)
    with up(state, arguments(state)) as again:
        assert abs(now(again.client) - datetime.now(UTC) - ahead) < timedelta(seconds=5)
    for wrong, said in (
        (["--start", "2020-01-01"], "already, and does not run backwards; start it at a later time"),
        (["--rate", "60"], "a rate belongs to a scaled clock, and this one is real; ask for --clock scaled"),
        (["--clock", "fast"], "fast is no mode of a clock; it is real, scaled or virtual"),
        (["--clock", "scaled", "--rate", "1"], "a rate of 1 is not above 1 and at most 3600"),
    ):
        done = backupsim(*arguments(state, *wrong))
        assert done.returncode == 2
        assert said in done.stderr


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (["advance", "soon"], 1, "soon is no duration; write one as 30d, 36h, 1d12h or P30D"),
        (["to", "2020-01-01"], 1, "already, and does not run backwards"),
        (["until", "later"], 2, "until takes next, idle, job ID"),
        pytest.param(["until", "job", "none"], 2, "no job none exists in this world", marks=pytest.mark.slow),
        pytest.param(["until", "/subscriptions/x", "y["], 1, "y[ is no JMESPath expression", marks=pytest.mark.slow),
        pytest.param(
            ["until", "job", "none", "--dry-run"], 2, "nobody knows yet when that will be so", marks=pytest.mark.slow
        ),
        pytest.param(["set", "fast"], 1, "fast is no mode of a clock", marks=pytest.mark.slow),
        pytest.param(["stop"], 2, "no advance is under way", marks=pytest.mark.slow),
        pytest.param(["resume"], 1, "no advance was cut off", marks=pytest.mark.slow),
    ],
)
def test_what_the_command_refuses(world: Up, words: list[str], code: int, said: str) -> None:
    for language, sentence in (("en", said), ("zh-cn", "")):
        done = backupsim("clock", *words, "--state", str(world.state), "--lang", language)
        assert done.returncode == code, done.stderr
        assert sentence in done.stderr
        assert len(done.stderr.strip().splitlines()) == 1
        assert "Traceback" not in done.stderr
    assert "英文" not in done.stderr


def test_the_clock_is_shown_and_asked_for(world: Up) -> None:
    environment = {**os.environ, "BACKUPSIM_STATE": str(world.state)}
    shown = backupsim("clock", "--state", str(world.state))
    assert "stands until it is advanced" in shown.stdout
    assert "next due" in shown.stdout
    alone = backupsim("clock", "now", "--state", str(world.state)).stdout.strip()
    assert datetime.fromisoformat(alone) == now(world.client)
    asks = [sys.executable, "-m", "simulator.command.cli"]
    inner = " ".join([*asks, "clock", "now"])
    for command in ("shell", "run"):
        words = [inner] if command == "shell" else ["sh", "-c", inner]
        done = subprocess.run(
            [*asks, command, "--state", str(world.state), "--", *words],
            cwd=ROOT,
            env={name: value for name, value in environment.items() if name != "BACKUPSIM_STATE"},
            capture_output=True,
            text=True,
            timeout=PATIENCE_SECONDS,
            check=False,
        )
        assert done.stdout.strip() == alone, done.stderr
