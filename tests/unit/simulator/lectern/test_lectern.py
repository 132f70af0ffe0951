"""The lectern: jobs wait at each border, rest there, or run; a handler's command waits as well, and no longer than it
may."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import pytest

from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.catalog import PLANS
from controlplane.jobs.engine.cancellation import cancel
from controlplane.jobs.engine.records import Ticket
from simulator.failures import WrongUse
from simulator.guest.agent.process import Output
from simulator.lectern.lectern import LONGEST_SECONDS, Lectern
from simulator.lectern.machines import LONGEST_HOLD_SECONDS, held_runner
from tests.patience import comes_true
from tests.unit.controlplane.jobs.backup_world import BACKUP_REQUEST, ITEM, VM, BackupWorld, backup_world

BORDERS = [step.name for step in PLANS["Backup"].steps]


class RealTime:
    def __init__(self) -> None:
        self.seconds = 0.0

    def __call__(self) -> float:
        return self.seconds


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


@pytest.fixture
def now() -> RealTime:
    return RealTime()


@pytest.fixture
def lectern(world: BackupWorld, now: RealTime) -> Lectern:
    made = Lectern(world.store, now)
    world.new_engine(*made.over(PLANS).values())
    return made


def start(world: BackupWorld) -> Ticket:
    return backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)


def borders(lectern: Lectern) -> list[str]:
    return [held["border"] for held in lectern.to_json()["held"]]


def told(world: BackupWorld, name: str) -> list[str]:
    return [str(event.data["border"]) for event in world.store.events() if event.name == name]


def waits_at(lectern: Lectern, border: str) -> bool:
    return comes_true(lambda: borders(lectern) == [border])


def test_a_job_waits_at_each_border_until_it_is_let_on(world: BackupWorld, lectern: Lectern) -> None:
    lectern.set("step")
    ticket = start(world)
    seen = []
    for border in BORDERS:
        assert waits_at(lectern, border)
        seen += borders(lectern)
        assert lectern.go("another job") == 0
        assert lectern.go(ticket.job_id) == 1
    assert world.ended(ticket)["status"] == "Completed"
    assert seen == BORDERS == told(world, "lectern.held") == told(world, "lectern.went_on")
    assert borders(lectern) == []


def test_in_slow_motion_it_rests_at_each_border(world: BackupWorld, lectern: Lectern, now: RealTime) -> None:
    lectern.set("slow", 2)
    ticket = start(world)
    for border in BORDERS:
        assert waits_at(lectern, border)
        now.seconds += 2
    assert world.ended(ticket)["status"] == "Completed"


def test_what_waits_goes_on_as_soon_as_jobs_run_again(world: BackupWorld, lectern: Lectern) -> None:
    lectern.set("step")
    ticket = start(world)
    assert comes_true(lambda: borders(lectern) == BORDERS[:1])
    lectern.set("run")
    assert world.ended(ticket)["status"] == "Completed"
    assert told(world, "lectern.held") == BORDERS[:1]


def test_a_job_that_waits_can_be_stopped(world: BackupWorld, lectern: Lectern) -> None:
    lectern.set("step")
    ticket = start(world)
    assert comes_true(lambda: borders(lectern) == BORDERS[:1])
    cancel(world.ports, world.engine, world.job(ticket)["id"])
    assert world.ended(ticket)["status"] == "Cancelled"
    assert comes_true(lambda: borders(lectern) == [])


def test_a_job_that_waits_holds_world_time(world: BackupWorld, lectern: Lectern) -> None:
    lectern.set("step")
    ticket = start(world)
    assert comes_true(lambda: borders(lectern) == BORDERS[:1])
    assert comes_true(lambda: f"the lectern, before {BORDERS[0]}" in " ".join(world.engine.holders()))
    lectern.set("run")
    world.ended(ticket)


@pytest.mark.parametrize(
    ("mode", "seconds", "sentence"),
    [
        ("fast", 1.0, "fast is no mode of the lectern; the modes are run, slow, step"),
        ("slow", 0.0, "a rest of 0 seconds is not possible"),
        ("slow", LONGEST_SECONDS + 1, "a rest of 61 seconds is not possible"),
        ("slow", float("nan"), "a rest of nan seconds is not possible"),
    ],
)
def test_what_is_no_mode_changes_nothing(lectern: Lectern, mode: str, seconds: float, sentence: str) -> None:
    with pytest.raises(WrongUse, match=sentence):
        lectern.set(mode, seconds)
    assert lectern.to_json()["mode"] == "run"


# ------------------------------------------------------------------------------------------------ commands of handlers


class Ran:
    """A command that has ended well."""

    def poll(self) -> int | None:
        return 0

    def kill(self) -> None: ...

    def written_bytes(self) -> int:
        return 7

    def output(self) -> Output:
        return Output("done")


class Commands:
    def __init__(self) -> None:
        self.started: list[list[str]] = []

    def __call__(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> Any:
        self.started.append(arguments)
        return Ran()


def job_at(lectern: Lectern) -> Any:
    """Within this a step of a job works on the machine."""
    return lectern._working(VM, "job1", "Backup")


def test_a_command_of_a_job_begins_once_it_is_let_on(lectern: Lectern, tmp_path: Path) -> None:
    commands = Commands()
    lectern.set("step")
    with job_at(lectern):
        command = held_runner(VM.upper(), commands, lectern)(["enable"], tmp_path, {})
        assert command.poll() is None
        life = command.written_bytes()
        assert command.poll() is None
        assert command.written_bytes() > life, "a sign of life, so that its machine goes on to hold world time"
        assert commands.started == []
        assert borders(lectern) == [f"unknown {tmp_path.parent.name}"], "a command that no manifest names"
        lectern.go("job1")
        assert (command.poll(), commands.started, borders(lectern)) == (0, [["enable"]], [])
        assert command.output().text == "done"


def test_it_is_held_no_longer_than_its_agent_would_wait(lectern: Lectern, now: RealTime, tmp_path: Path) -> None:
    commands = Commands()
    lectern.set("step")
    with job_at(lectern):
        command = held_runner(VM, commands, lectern)(["enable"], tmp_path, {})
        now.seconds = LONGEST_HOLD_SECONDS - 1
        assert command.poll() is None
        now.seconds = LONGEST_HOLD_SECONDS
        assert command.poll() == 0


def test_one_that_is_killed_while_it_is_held_never_starts(lectern: Lectern, tmp_path: Path) -> None:
    commands = Commands()
    lectern.set("step")
    with job_at(lectern):
        command = held_runner(VM, commands, lectern)(["enable"], tmp_path, {})
        command.kill()
    assert (commands.started, borders(lectern), command.output().text) == ([], [], "")


def test_commands_of_no_job_and_those_while_jobs_run_are_not_held(lectern: Lectern, tmp_path: Path) -> None:
    commands = Commands()
    runner = held_runner(VM, commands, lectern)
    with job_at(lectern):
        assert runner(["enable"], tmp_path, {}).poll() == 0
    lectern.set("step")
    assert runner(["install"], tmp_path, {}).poll() == 0
