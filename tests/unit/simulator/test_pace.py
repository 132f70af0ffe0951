"""Pace: a job takes at least as long as it shall at its visible steps, a held step waits, and both give way at once."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from datetime import datetime, timedelta
from pathlib import Path

import pytest

from controlplane.domain.recovery_services.job import KINDS
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.catalog import PLANS
from controlplane.jobs.engine.cancellation import cancel
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.protection import stopping
from controlplane.jobs.provisioning.disks import IMPORT
from controlplane.jobs.restore.restore import restore
from controlplane.json_object import Json
from simulator.failures import WrongUse
from simulator.pace import Pace, PaceSettings
from simulator.plausible_durations import STEP_SECONDS
from tests.patience import comes_true
from tests.unit.controlplane.jobs.backup_world import BACKUP_REQUEST, ITEM, RESTORE_REQUEST, BackupWorld, backup_world

SNAPSHOT, TRANSFER, REBUILD = "Take Snapshot", "Transfer data to vault", "Create the restored disks"
SOURCES = Path(__file__).parents[3] / "controlplane" / "jobs"


@pytest.fixture
def world() -> Iterator[BackupWorld]:
    with backup_world() as world:
        yield world


def paced(world: BackupWorld, settings: PaceSettings | None = None) -> Pace:
    """The pace of the next process, whose engine is this world's from now on."""
    pace = Pace(world.store, settings)
    world.new_engine(*pace.paced(PLANS).values())
    return pace


def start_backup(world: BackupWorld) -> Ticket:
    return backup_now(world.ports, world.engine, ITEM, BACKUP_REQUEST)


def start_restore(world: BackupWorld) -> Ticket:
    return restore(world.ports, world.engine, world.points()[-1].document, RESTORE_REQUEST)


def waits_at(world: BackupWorld, pace: Pace, step: str) -> None:
    """Until the job waits there."""
    assert comes_true(lambda: [each["step"] for each in pace.to_json()["waiting"]] == [step])


def shown(world: BackupWorld, ticket: Ticket) -> Json:
    properties: Json = world.job(ticket)["properties"]
    return properties


def tasks(world: BackupWorld, ticket: Ticket) -> list[str]:
    return [task["status"] for task in shown(world, ticket)["extendedInfo"]["tasksList"]]


def test_without_a_pace_nothing_waits(world: BackupWorld) -> None:
    pace = paced(world)
    assert world.back_up()["status"] == "Completed"
    assert pace.to_json() | {"steps": []} == {
        "seconds": 0,
        "kinds": {},
        "plausible": False,
        "held": [],
        "waiting": [],
        "steps": [],
    }


def test_each_visible_step_takes_at_least_the_pace(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings(5))
    ticket = start_backup(world)
    waits_at(world, pace, SNAPSHOT)
    assert (shown(world, ticket)["status"], tasks(world, ticket)) == ("InProgress", ["InProgress", "NotStarted"])
    (waiting,) = pace.to_json()["waiting"]
    assert (waiting["job"], waiting["kind"]) == (ticket.job_id, "Backup")
    assert waiting["until"] == (world.clock.now() + timedelta(seconds=5)).isoformat()
    world.clock.jump(4.9)
    assert world.points() == []
    world.clock.jump(0.1)
    waits_at(world, pace, TRANSFER)
    assert tasks(world, ticket) == ["Completed", "InProgress"]
    world.clock.jump(5)
    assert world.ended(ticket)["status"] == "Completed"
    assert [task["duration"] for task in shown(world, ticket)["extendedInfo"]["tasksList"]] == ["PT5S", "PT5S"]


def test_a_kind_of_job_can_have_a_pace_of_its_own(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings.parse(["3600", "Backup=0"]))
    assert world.back_up()["status"] == "Completed"
    ticket = start_restore(world)
    waits_at(world, pace, REBUILD)
    world.clock.jump(3600)
    assert world.ended(ticket)["status"] == "Completed"


def test_a_job_without_a_visible_step_waits_at_its_first(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings(5))
    ticket = stopping.stop(world.ports, world.engine, ITEM)
    waits_at(world, pace, "Stop protection")
    assert (shown(world, ticket)["status"], shown(world, ticket)["operation"]) == ("InProgress", "DisableBackup")
    world.clock.jump(5)
    assert world.ended(ticket)["status"] == "Completed"


def test_a_paced_restore_shows_how_far_it_is(world: BackupWorld) -> None:
    world.back_up()
    pace = paced(world, PaceSettings(10))
    ticket = start_restore(world)
    waits_at(world, pace, REBUILD)
    shares: list[float] = []
    for _ in range(3):
        world.clock.jump(2.5)
        assert comes_true(lambda: shown(world, ticket)["extendedInfo"].get("progressPercentage", 0) > sum(shares[-1:]))
        shares.append(shown(world, ticket)["extendedInfo"]["progressPercentage"])
    assert shares == [25, 50, 75]
    assert shown(world, ticket)["duration"] == "PT7.5S"
    world.clock.jump(2.5)
    assert world.ended(ticket)["extendedInfo"]["progressPercentage"] == 100


def test_where_time_stands_a_pace_takes_one_move_of_the_clock_for_each_step(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings(24 * 3600))
    ticket = start_backup(world)
    moves = 0
    for step in (SNAPSHOT, TRANSFER):
        waits_at(world, pace, step)
        assert comes_true(lambda: world.engine.holders() == [])
        assert world.engine.look() is False
        deadline = world.engine.next_deadline()
        assert deadline is not None
        world.clock.jump((deadline - world.clock.now()).total_seconds())
        moves += 1
    shown_job = world.ended(ticket)
    assert (shown_job["status"], moves) == ("Completed", 2)
    assert [task["duration"] for task in shown_job["extendedInfo"]["tasksList"]] == ["P1D", "P1D"]


def test_a_clock_that_is_moved_past_several_moments_shows_each_and_keeps_the_end(world: BackupWorld) -> None:
    """As an advance does that has something to run on its way."""
    world.back_up()
    pace = paced(world, PaceSettings(24 * 3600))
    ticket = start_restore(world)
    waits_at(world, pace, REBUILD)
    end = world.engine.next_deadline()
    for hours in (6, 12):
        world.clock.jump(6 * 3600)
        percent = 100 * hours / 24
        assert comes_true(lambda: shown(world, ticket)["extendedInfo"].get("progressPercentage") == percent)  # noqa: B023
        assert world.engine.next_deadline() == end
    world.clock.jump(365 * 24 * 3600)
    assert world.ended(ticket)["status"] == "Completed"


def test_a_paced_job_is_cancelled_at_once_and_has_done_nothing(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings(3600))
    ticket = start_backup(world)
    waits_at(world, pace, SNAPSHOT)
    cancel(world.ports, world.engine, world.job(ticket)["id"])
    assert world.ended(ticket)["status"] == "Cancelled"
    assert (world.points(), world.snapshots(), pace.to_json()["waiting"]) == ([], [], [])


def test_a_new_pace_counts_for_what_waits_already(world: BackupWorld) -> None:
    pace = paced(world, PaceSettings(3600))
    ticket = start_backup(world)
    waits_at(world, pace, SNAPSHOT)
    pace.change(PaceSettings())
    assert pace.to_json()["waiting"] == []
    assert world.ended(ticket)["status"] == "Completed"
    assert world.events("world.paced") == [{"seconds": 0.0, "kinds": {}, "plausible": False, "held": []}]


def test_a_held_step_waits_until_it_is_released(world: BackupWorld) -> None:
    pace = paced(world)
    pace.change(hold=["take snapshot", TRANSFER])
    ticket = start_backup(world)
    waits_at(world, pace, SNAPSHOT)
    assert pace.to_json()["waiting"][0]["until"] is None
    world.clock.jump(24 * 3600)
    waits_at(world, pace, SNAPSHOT)
    pace.change(release=[SNAPSHOT])
    waits_at(world, pace, TRANSFER)
    pace.release_all()
    assert world.ended(ticket)["status"] == "Completed"


def test_a_held_step_is_still_held_after_a_restart_and_a_paced_one_begins_anew(world: BackupWorld) -> None:
    pace = paced(world)
    pace.change(hold=[TRANSFER])
    ticket = start_backup(world)
    waits_at(world, pace, TRANSFER)
    pace = paced(world, PaceSettings(60))
    world.engine.recover()
    waits_at(world, pace, TRANSFER)
    assert pace.held == (TRANSFER,)
    assert tasks(world, ticket) == ["Completed", "InProgress"]
    pace.release_all()
    waits_at(world, pace, TRANSFER)
    pace = paced(world)
    world.engine.recover()
    assert world.ended(ticket)["status"] == "Completed"
    assert len(world.points()) == 1


def step_seconds(world: BackupWorld, ticket: Ticket) -> list[float]:
    """How long the steps of a job take, which time is moved through as a clock that stands moves itself."""
    taken = []
    while True:
        assert comes_true(lambda: not world.engine.holders() and not world.engine.look() and not world.engine.holders())
        deadline = world.engine.next_deadline()
        if deadline is None:
            break
        taken.append((deadline - world.clock.now()).total_seconds())
        world.clock.jump(taken[-1])
    assert world.ended(ticket)["status"] == "Completed"
    return taken


def test_plausible_durations_are_drawn_for_each_step(world: BackupWorld) -> None:
    paced(world, PaceSettings.parse(["plausible"]))
    began = world.clock.now()
    ticket = start_backup(world)
    snapshot, transfer = step_seconds(world, ticket)
    for step, seconds in ((SNAPSHOT, snapshot), (TRANSFER, transfer)):
        least, most = STEP_SECONDS[step]
        assert least <= seconds <= most
    job = shown(world, ticket)
    assert datetime.fromisoformat(job["startTime"]) == began
    assert datetime.fromisoformat(job["endTime"]) - began == timedelta(seconds=snapshot + transfer)
    assert world.points()[0].time == began + timedelta(seconds=snapshot), "the snapshot is taken at the end of its step"


def test_a_seed_draws_the_same_durations_again_and_another_one_others() -> None:
    def of(seed: int) -> list[list[float]]:
        with backup_world() as world:
            world.new_engine(*Pace(world.store, PaceSettings(plausible=True), seed).paced(PLANS).values())
            return [step_seconds(world, start_backup(world)) for _ in range(2)]

    first = of(1)
    assert first[0] != first[1], "each job draws anew"
    assert of(1) == first
    assert of(2) != first


def test_plausible_durations_give_way_to_those_of_a_kind_and_are_no_shorter_than_those_of_all(
    world: BackupWorld,
) -> None:
    world.back_up()
    paced(world, PaceSettings.parse(["plausible", "Backup=7", "36000"]))
    assert step_seconds(world, start_backup(world)) == [7, 7]
    assert step_seconds(world, start_restore(world)) == [36000]


def test_a_world_keeps_plausible_durations_until_a_start_names_another_pace(world: BackupWorld) -> None:
    paced(world, PaceSettings.parse(["plausible"]))
    assert paced(world).settings == PaceSettings(plausible=True)
    paced(world, PaceSettings(5))
    assert paced(world).settings == PaceSettings()
    paced(world).change(PaceSettings(plausible=True))
    assert paced(world).settings == PaceSettings(plausible=True)


def test_all_that_can_be_paced_has_a_plausible_duration_and_a_job_stays_below_a_day(world: BackupWorld) -> None:
    """Below the 24 hours that the service documents for a backup."""
    assert set(paced(world).to_json()["steps"]) == set(STEP_SECONDS)
    for plan in PLANS.values():
        names = [step.name for step in plan.steps if step.listed] or [plan.steps[0].name]
        assert sum(STEP_SECONDS[name][1] for name in names if name in STEP_SECONDS) < 24 * 3600


def test_a_paced_step_needs_no_worker(world: BackupWorld) -> None:
    world.back_up()
    pace = Pace(world.store, PaceSettings.parse(["Backup=3600"]))
    world.new_engine(*pace.paced(PLANS).values(), workers=1)
    start_backup(world)
    waits_at(world, pace, SNAPSHOT)
    ticket = start_restore(world)
    assert comes_true(lambda: shown(world, ticket)["status"] == "Completed")


@pytest.mark.parametrize("words", [["fast"], ["Restore=slow"], ["Backupp=5"], ["-1"], ["Restore=1e9"], ["nan"]])
def test_what_is_no_pace_is_refused(words: list[str]) -> None:
    with pytest.raises(WrongUse):
        PaceSettings.parse(words)


def test_a_step_that_is_none_is_refused_with_those_that_are(world: BackupWorld) -> None:
    with pytest.raises(WrongUse, match=rf"Take Snapshots is not a step .* {SNAPSHOT}"):
        paced(world).change(hold=["Take Snapshots"])


def test_the_kinds_are_those_of_all_jobs() -> None:
    """What the code gives to a Job as its operation, by keyword or through the function that opens it."""
    calls = [
        node
        for path in SOURCES.rglob("*.py")
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8")))
        if isinstance(node, ast.Call)
    ]
    named = {
        word.value.value
        for call in calls
        for word in call.keywords
        if word.arg == "operation" and isinstance(word.value, ast.Constant)
    }
    opened = {
        call.args[4].value
        for call in calls
        if ast.unparse(call.func) == "_open" and len(call.args) > 4 and isinstance(call.args[4], ast.Constant)
    }
    assert named | opened == set(KINDS)


def test_only_the_jobs_of_a_vault_are_paced(world: BackupWorld) -> None:
    assert Pace(world.store).paced({IMPORT.name: IMPORT}) == {IMPORT.name: IMPORT}
