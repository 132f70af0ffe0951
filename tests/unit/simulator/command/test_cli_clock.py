"""What `backupsim clock` asks for, and what it tells people."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.json_object import Json
from simulator.client import Client, RequestFailed
from simulator.command import cli_clock
from simulator.failures import WrongUse
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START
from tests.unit.simulator.clock.threaded_clock import Threaded
from tests.unit.simulator.control.test_clock_control import TOKEN, Controlled
from tests.virtual_clock import VirtualClock


@pytest.fixture
def world() -> Iterator[Controlled]:
    store = SqlStore(":memory:", VirtualClock(START))
    made = Controlled(Threaded(store))
    yield made
    made.close()
    store.close()


@pytest.fixture
def client(world: Controlled) -> Iterator[Client]:
    with Client({"sim": world.serving.url, "sim_token": TOKEN, "subscription_id": "s"}) as made:
        yield made


@pytest.mark.parametrize(
    ("words", "until"),
    [
        (["next"], "next"),
        (["idle"], "idle"),
        (["job", "a"], {"job": "a"}),
        (["/subscriptions/s", "x == 'y'"], {"path": "/subscriptions/s", "condition": "x == 'y'"}),
    ],
)
def test_what_until_means(words: list[str], until: Any) -> None:
    assert cli_clock.until_of(words) == until


@pytest.mark.parametrize("words", [[], ["soon"], ["job"], ["next", "x"], ["path", "x"], ["/p", "x", "y"]])
def test_what_until_does_not_mean(words: list[str]) -> None:
    with pytest.raises(WrongUse, match="until takes next, idle, job ID"):
        cli_clock.until_of(words)


def test_an_advance_is_followed_to_its_end(world: Controlled, client: Client) -> None:
    world.threaded.calendar.add("daily", START + HOUR, DAY, lambda: world.threaded.worker.begin("backup"))
    seen: list[Json] = []

    def look(progress: Json) -> None:
        seen.append(progress)
        world.threaded.worker.go_on()

    result = client.advance(look, by="3d")
    assert (result["now"], result["reason"]) == ("2026-03-04T00:00:00Z", "reached")
    assert [each["now"] for each in seen] == sorted(each["now"] for each in seen)
    assert cli_clock.result_lines(result, "en") == ["it is 2026-03-04T00:00:00Z"]


def test_a_failed_advance_is_raised(world: Controlled, client: Client) -> None:
    world.threaded.calendar.add("daily", START + HOUR)
    world.threaded.calendar.is_stuck = True
    with pytest.raises(RequestFailed, match="AdvanceFailed: what was due at 2026-03-01T01:00:00Z could not be done"):
        client.advance(by="3d")


def test_the_clock_in_words(world: Controlled, client: Client) -> None:
    shown = client.sim("GET", "/clock")
    assert cli_clock.lines(shown, "en") == ["2026-03-01T00:00:00Z, stands until it is advanced", "next due   nothing"]
    world.threaded.calendar.add("daily", START + HOUR)
    world.threaded.worker.begin("the job a (Backup)")
    client.sim("POST", "/clock/set", {"mode": "scaled", "rate": 60.0})
    lines = cli_clock.lines(client.sim("GET", "/clock"), "en")
    assert lines[0].endswith("Z, passes 60 times as fast as real time while nobody works")
    assert lines[1:] == ["next due   2026-03-01T01:00:00Z", "works      the job a (Backup)"]
    client.sim("POST", "/clock/set", {"mode": "real"})
    assert cli_clock.lines(client.sim("GET", "/clock"), "en")[0].endswith("Z, passes with real time")
    world.threaded.worker.go_on()


def test_an_advance_that_is_under_way_or_was_cut_off_in_words(world: Controlled, client: Client) -> None:
    world.threaded.worker.begin("backup")
    world.begin(by="4d", asked_by="somebody")
    assert (
        "advancing  2026-03-01T00:00:00Z of 2026-03-05T00:00:00Z, 0 %, jobs ended: 0; asked for by somebody"
        in cli_clock.lines(client.sim("GET", "/clock"), "en")
    )
    world.threaded.time.close()
    assert (
        "cut off    an advance to 2026-03-05T00:00:00Z, asked for by somebody; backupsim clock resume goes on with it"
        in cli_clock.lines(client.sim("GET", "/clock"), "en")
    )


def test_what_lies_ahead_in_words(world: Controlled, client: Client) -> None:
    assert cli_clock.due_lines(client.sim("GET", "/clock/due", None, by="1d"), "en") == ["nothing is due until then"]
    world.threaded.calendar.add("vm1", START + HOUR, DAY)
    assert cli_clock.due_lines(client.sim("GET", "/clock/due", None, by="9d", limit="1"), "en") == [
        "2026-03-01T01:00:00Z  backup        vm1",
        "and more",
    ]


def ended(**changes: Any) -> Json:
    jobs = [
        {"id": f"job{n}", "operation": "Backup", "status": "Completed", "ended": f"2026-03-0{n}T01:00:00Z", "vm": None}
        for n in (1, 2)
    ]
    jobs[1]["status"] = "Failed"
    usual = {
        "jobs": jobs,
        "job_count": 2,
        "outcomes": {"Failed": 1, "Completed": 1},
        "changes": {"recovery_points_expired": 3, "items_purged": 1, "vaults_purged": 2},
        "now": "2026-03-05T00:00:00Z",
        "target": "by 4d",
        "reason": "reached",
        "problem": None,
    }
    return usual | changes


def test_a_result_in_words() -> None:
    assert cli_clock.result_lines(ended(), "en") == [
        "2026-03-01T01:00:00Z  Backup: Completed  job1",
        "2026-03-02T01:00:00Z  Backup: Failed  job2",
        "1 jobs Completed",
        "1 jobs Failed",
        "1 items purged",
        "3 recovery points expired",
        "2 vaults purged",
        "it is 2026-03-05T00:00:00Z",
    ]


def test_of_many_jobs_those_are_named_that_ended_badly() -> None:
    lines = cli_clock.result_lines(ended(job_count=500), "en")
    assert lines[0] == "2026-03-02T01:00:00Z  Backup: Failed  job2"
    assert not any("job1" in line for line in lines)


@pytest.mark.parametrize("reason", ["reached", "nothing_ahead", "limit", "stopped", "closed", "failed"])
def test_every_reason_is_told_in_every_language(reason: str) -> None:
    told = ended(reason=reason, target="until nobody works", problem="no advance was cut off")
    assert "2026-03-05T00:00:00Z" in cli_clock.result_lines(told, "en")[-1]
    assert "2026-03-05T00:00:00Z" in cli_clock.result_lines(told, "zh-cn")[-1]


@pytest.mark.parametrize(
    ("began", "now", "end", "percent"),
    [("01", "01", "01", 100), ("01", "01", "05", 0), ("01", "02", "05", 25), ("01", "05", "05", 100)],
)
def test_how_far_it_is(began: str, now: str, end: str, percent: int) -> None:
    progress = {key: f"2026-03-{day}T00:00:00Z" for key, day in (("began", began), ("now", now), ("end", end))}
    assert cli_clock.percent(progress) == percent
