"""The events of a whole run are stories: each leads up to the one request or schedule that it follows from."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from threading import Barrier
from typing import Any

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.domain.events import machines, service
from controlplane.domain.events.event import Event, Party
from controlplane.ports import MachineSpec
from simulator.client import Client
from simulator.guest.agent.client import Goal, WireClient
from simulator.guest.agent.process import Command, RunningCommand
from simulator.guest.conditions import MachineConditions, MachineFactories
from simulator.guest.vss.writer import Writer, WriterClass
from simulator.guest.vss.writers import in_box_writers
from simulator.scenario import Scenario
from simulator.world import Config, build
from tests.e2e.conftest import KeptDemo
from tests.stories import ROOTS, above, faults
from tests.virtual_clock import VirtualClock

OF_JOBS = {service.ArmRequest.NAME, service.ScheduleDue.NAME, service.RetentionDue.NAME}
"""What a job may begin with."""
SHORTEST: Mapping[str, int] = {
    # How many events stand above one of these at least, in a job: the layers that it has come through.
    service.JobState.NAME: 1,
    service.ResourceJobState.NAME: 1,
    service.TaskState.NAME: 2,
    service.ItemState.NAME: 2,
    service.SnapshotAsked.NAME: 3,
    service.SnapshotReported.NAME: 4,
    service.SnapshotFound.NAME: 5,
    service.SnapshotJudged.NAME: 5,
    service.RecoveryPointState.NAME: 3,
    service.TransferProgress.NAME: 3,
    service.DiskVaulted.NAME: 3,
    service.RestoreProgress.NAME: 3,
    machines.GoalStatePublished.NAME: 4,
    machines.AgentGoalState.NAME: 5,
    machines.HandlerUnpacked.NAME: 6,
    machines.CommandStarted.NAME: 6,
    machines.CommandEnded.NAME: 7,
    machines.HandlerStatus.NAME: 6,
    machines.AgentReported.NAME: 7,
    machines.SessionOpened.NAME: 7,
    machines.FreezeAsked.NAME: 8,
    machines.WriterState.NAME: 9,
    machines.VssFrozen.NAME: 9,
    machines.ThawAsked.NAME: 10,
    machines.VssThawed.NAME: 11,
    machines.SessionClosed.NAME: 8,
}
PATIENCE_SECONDS = 120
"""How long one handler waits for the other to be started."""


@pytest.fixture(scope="module")
def told(kept_demo: KeptDemo) -> dict[int, Event]:
    """Every event of the run, by id."""
    return events_of(kept_demo.folder)


def events_of(folder: Path) -> dict[int, Event]:
    with closing(
        SqlStore(f"sqlite:///{folder / 'store.db'}", VirtualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    ) as store:
        return {event.id: event for event in store.events(limit=100_000)}


def owners(told: Mapping[int, Event]) -> dict[int, set[str]]:
    """To which jobs each event belongs, or leads down."""
    found: dict[int, set[str]] = {}
    for event in told.values():
        if event.job:
            for each in (event, *above(event, told)):
                found.setdefault(each.id, set()).add(event.job)
    return found


def too_short(told: Mapping[int, Event]) -> list[Event]:
    return [
        event for event in told.values() if event.job and len(list(above(event, told))) < SHORTEST.get(event.name, 0)
    ]


def test_every_event_follows_from_what_the_catalogue_says(told: dict[int, Event]) -> None:
    assert faults(told.values()) == []


def test_every_event_of_a_job_leads_up_to_one_request_or_schedule(told: dict[int, Event]) -> None:
    of_jobs = [event for event in told.values() if event.job]
    assert len({event.job for event in of_jobs}) >= 4
    for event in of_jobs:
        way = [event, *above(event, told)]
        assert [each.name for each in way if each.name in ROOTS] == [way[-1].name], event
        assert way[-1].name in OF_JOBS, event
        assert {each.job for each in way[:-1]} == {event.job}, event


def test_two_jobs_share_nothing_below_their_requests(told: dict[int, Event]) -> None:
    assert [told[id] for id, jobs in owners(told).items() if len(jobs) > 1] == []


def test_no_way_up_is_shorter_than_its_layers(told: dict[int, Event]) -> None:
    seen = Counter(event.name for event in told.values() if event.job)
    assert seen.keys() <= SHORTEST.keys()
    assert SHORTEST.keys() - seen.keys() <= {service.TransferProgress.NAME}, "a quick transfer tells nothing on its way"
    assert too_short(told) == []


def test_a_world_that_ends_shuts_its_machines_down_because_of_that(told: dict[int, Event]) -> None:
    (stopped,) = [event for event in told.values() if event.name == machines.GuestStopped.NAME]
    assert [each.name for each in above(stopped, told)] == [machines.HostStopping.NAME]


def test_a_backup_is_told_by_everybody_who_takes_part(told: dict[int, Event]) -> None:
    backups = {event.job for event in told.values() if event.name == service.SnapshotAsked.NAME}
    assert len(backups) == 2
    for job in backups:
        parties = {event.party for event in told.values() if event.job == job}
        parts = {Party.SERVICE, Party.HOST, Party.AGENT, Party.GUEST, Party.HANDLER, Party.STORAGE}
        assert parties == parts


# ---------------------------------------------------------------------------------------------- two backups at one time


class Together:
    """Holds the command that takes snapshots on a machine until that of the other machine is there, too."""

    def __init__(self) -> None:
        self._barrier = Barrier(2)

    def __call__(self, arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
        if any(argument.endswith("enable") for argument in arguments):
            self._barrier.wait(PATIENCE_SECONDS)
        return Command(arguments, folder, environment)


class Counted(WireClient):
    """Notes the addresses at which agents ask for their goal state by it."""

    def __init__(self, address: str, token: str, agent_name: str, asked: set[str]) -> None:
        super().__init__(address, token, agent_name)
        self._asked = asked

    def goal(self) -> Goal:
        self._asked.add(self.address)
        return super().goal()


@pytest.mark.slow
def test_two_simultaneous_backups_share_no_ancestor_below_their_requests(tmp_path: Path) -> None:
    """With what the world makes for each machine in particular: its commands, its way to the wire server, its VSS."""
    together, names, asked = Together(), ("sql01", "sql02"), set[str]()

    def writers_of(name: str) -> list[Writer]:
        own = WriterClass(f"Writer of {name}", "2a40fd15-dfca-4aa8-a654-1f8c654603f6", "")
        return [*in_box_writers(Random(0)), Writer(own, "00000000-0000-4000-8000-000000000001")]

    def conditions(vm: str, spec: MachineSpec) -> MachineConditions:
        factories = MachineFactories(
            wire_client=lambda address, token, agent: Counted(address, token, agent, asked),
            run_command=together,
            writers=lambda chance: writers_of(spec.name),
        )
        return MachineConditions(factories=factories)

    with build(Config(tmp_path, conditions=conditions)) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        items = [scenario.protect(scenario.create_machine(name, data_disk_gib=(1,))) for name in names]
        jobs = [scenario.start_backup(item) for item in items]
        assert [scenario.wait_for_job(job).status for job in jobs] == ["Completed", "Completed"]
        listing = client.sim("GET", "/events", limit="10000")
    assert len(asked) == 2

    told = events_of(tmp_path)
    assert faults(told.values()) == []
    assert too_short(told) == []
    assert [told[id] for id, owning in owners(told).items() if len(owning) > 1] == []
    of_backups = [[event for event in told.values() if event.job == job] for job in jobs]
    assert _interleave(*of_backups), "the two backups were not at work at one time"
    for events, name in zip(of_backups, names, strict=True):
        assert {event.vm for event in events} == {scenario.machine_id(name)}
        assert f"Writer of {name}" in {event.data.get("writer") for event in events}
        assert _milestones(events) == MILESTONES
    assert reads_as_a_story(listing["events"])
    assert listing["last"] == max(event["id"] for event in listing["events"])


def reads_as_a_story(listed: Sequence[dict[str, Any]]) -> bool:
    """Whether times never go back and no event stands before the one that it follows from."""
    times = [datetime.fromisoformat(event["time"]) for event in listed]
    places = {event["id"]: place for place, event in enumerate(listed)}
    children = [event for event in listed if event["parent"] is not None]
    return times == sorted(times) and all(places[event["parent"]] < places[event["id"]] for event in children)


MILESTONES = [
    "job.state InProgress",
    "task.state InProgress Take Snapshot",
    "snapshot.asked",
    "goal_state.published",
    "agent.goal_state",
    "handler.command_started enable",
    "bridge.session_opened",
    "bridge.freeze_asked",
    "vss.frozen",
    "bridge.thaw_asked",
    "vss.thawed",
    "snapshot.reported",
    "snapshot.found",
    "snapshot.found",
    "snapshot.judged",
    "recovery_point.state Instant",
    "task.state Completed Take Snapshot",
    "task.state InProgress Transfer data to vault",
    "transfer.disk_vaulted",
    "transfer.disk_vaulted",
    "recovery_point.state InstantAndVault",
    "task.state Completed Transfer data to vault",
    "job.state Completed",
    "item.state Protected",
]
"""How a backup reads, in the order in which things happen, without what may come at any moment between them."""


def _milestones(events: Iterable[Event]) -> list[str]:
    def line(event: Event) -> str:
        parts = (event.name, event.data.get("to"), event.data.get("task") if "to" in event.data else None)
        return " ".join(part for part in (*parts, event.data.get("verb")) if part)

    lines = [line(event) for event in sorted(events, key=lambda event: event.monotonic_seconds)]
    return [each for each in lines if each in MILESTONES]


def _interleave(one: list[Event], other: list[Event]) -> bool:
    first, second = ((events[0].monotonic_seconds, events[-1].monotonic_seconds) for events in (one, other))
    return first[0] < second[1] and second[0] < first[1]
