"""What of a machine follows from what, and how events refer to others that have no number yet."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Cause, Event
from controlplane.domain.events.service import JobState, SnapshotAsked, TaskState
from controlplane.fabric_documents import DesiredExtension
from controlplane.port_wrappers import StoreWrapper
from simulator.host.event_buffer import EventBuffer
from simulator.host.machine_story import MachineStory
from tests.stories import faults
from tests.virtual_clock import VirtualClock

VM, SNAPSHOT, CUSTOM = "/vm/sql01", "Microsoft.Azure.RecoveryServices.VMSnapshot", "Contoso.Custom"
START = datetime(2026, 11, 22, tzinfo=UTC)


class Told:
    """A store, a buffer and the story of one machine."""

    def __init__(self) -> None:
        self.clock = VirtualClock(START)
        self.store = SqlStore(":memory:", self.clock)
        self.buffer = EventBuffer(self.store, self.clock)
        self.story = MachineStory(VM, self.buffer)

    def written(self) -> list[Event]:
        self.buffer.write()
        return list(self.store.events())

    def names_up_from(self, last: Event) -> list[str]:
        known = {event.id: event for event in self.written()}
        names = [last.name]
        while last.parent in known:
            last = known[last.parent or 0]
            names.append(last.name)
        return names


@pytest.fixture
def told() -> Iterator[Told]:
    told = Told()
    yield told
    told.store.close()


def extension(handler: str, number: int, cause: Cause, task: str = "") -> tuple[str, DesiredExtension]:
    publisher, _, type = handler.rpartition(".")
    public = {"taskId": task} if task else {}
    return handler, DesiredExtension(type, publisher, type, "1.0", True, number, "enabled", public, cause=cause)


def run_snapshot(told: Told, handler: str, number: int, task: str) -> None:
    for fact in (
        events.AgentGoalState(number),
        events.CommandStarted(handler, "1.0", "enable", number),
        events.SessionOpened(task),
        events.FreezeAsked(task, 60, True),
        events.WriterState(task, "SqlServerWriter", "Freeze", "WAITING_FOR_THAW", "0x00000000"),
        events.VssFrozen(task, True, ""),
        events.ThawAsked(task),
        events.VssThawed(task, True, True, 1.0, "0x00000000", ""),
        events.SessionClosed(task, False),
        events.CommandEnded(handler, "1.0", "enable", 0, 1.0),
        events.HandlerStatus(handler, number, "success", 1),
        events.AgentReported(number, 1),
    ):
        told.story.tell(fact)


def test_the_way_up_leads_from_the_thaw_to_the_order(told: Told) -> None:
    told.story.tell(events.GuestBooted("sql01", 2))
    told.story.publish(2, 1, [extension(SNAPSHOT, 0, Cause(1000, "job"), "t1")])
    run_snapshot(told, SNAPSHOT, 0, "t1")
    written = told.written()
    thawed = next(event for event in written if event.name == events.VssThawed.NAME)
    assert told.names_up_from(thawed) == [
        "vss.thawed",
        "bridge.thaw_asked",
        "vss.frozen",
        "bridge.freeze_asked",
        "bridge.session_opened",
        "handler.command_started",
        "agent.goal_state",
        "goal_state.published",
    ]
    assert {(event.job, event.vm) for event in written if event.name != events.GuestBooted.NAME} == {("job", VM)}


def test_every_parent_is_one_that_the_catalogue_allows(told: Told) -> None:
    asked = Cause(told.store.record(JobState("InProgress").event(job="job")), "job")
    for fact in (TaskState("Take Snapshot", "InProgress"), SnapshotAsked("t1", 0)):
        asked = Cause(told.store.record(fact.event(job="job", vm=VM, parent=asked.event)), "job")
    told.story.cause = Cause(told.store.record(events.HostStarted().event()))
    told.story.tell(events.GuestBooted("sql01", 2))
    told.story.publish(2, 1, [extension(SNAPSHOT, 0, asked, "t1")])
    run_snapshot(told, SNAPSHOT, 0, "t1")
    begun, *followed = told.written()
    assert [fault for fault in faults([begun, *followed]) if str(begun) not in fault] == []


def test_orders_of_one_goal_state_go_on_apart(told: Told) -> None:
    orders = [extension(SNAPSHOT, 3, Cause(1, "one"), "t"), extension(CUSTOM, 5, Cause(2, "two"))]
    told.story.publish(7, 2, orders)
    told.story.tell(events.AgentGoalState(7))
    for handler, number in ((SNAPSHOT, 3), (CUSTOM, 5)):
        told.story.tell(events.CommandStarted(handler, "1.0", "enable", number))
    told.story.tell(events.SessionOpened("t"))
    jobs = [(event.name, event.job) for event in told.written()][-3:]
    assert jobs == [
        (events.CommandStarted.NAME, "one"),
        (events.CommandStarted.NAME, "two"),
        (events.SessionOpened.NAME, "one"),
    ]


def test_after_a_boot_the_agent_acts_because_of_the_boot(told: Told) -> None:
    told.story.publish(2, 1, [extension(SNAPSHOT, 0, Cause(1, "job"))])
    told.story.tell(events.AgentGoalState(2))
    told.story.cause = Cause(9)
    told.story.tell(events.GuestBooted("sql01", 1))
    told.story.tell(events.AgentGoalState(2))
    told.story.tell(events.CommandStarted(SNAPSHOT, "1.0", "enable", 0))
    *_, booted, goal, started = told.written()
    assert (booted.parent, goal.parent, started.parent) == (9, booted.id, goal.id)
    assert {booted.job, goal.job, started.job} == {None}


def test_what_an_earlier_host_has_told_is_done_again_because_this_one_started(told: Told) -> None:
    """So an old backup's order that is published once more does not go on with the story of that backup."""
    story = MachineStory(VM, told.buffer, started=Cause(50))
    story.forget(40)
    assert story.why(Cause(40, "old")) == Cause(50)
    assert story.why(None) == Cause(50)
    assert story.why(Cause(60, "new")) == Cause(60, "new")
    story.publish(3, 2, [extension(SNAPSHOT, 4, Cause(40, "old"), "t"), extension(CUSTOM, 1, Cause(60, "new"))])
    assert [(event.parent, event.job) for event in told.written()] == [(50, None), (60, "new")]


class FailingStore(StoreWrapper):
    """A store that cannot take its second event, once."""

    fails = 1

    def record(self, event: Event) -> int:
        if event.parent and self.fails:
            self.fails -= 1
            raise OSError("disk full")
        return self.inner.record(event)


def test_what_could_not_be_written_is_written_later_with_the_same_parents(told: Told) -> None:
    buffer = EventBuffer(FailingStore(told.store), told.clock)
    above = buffer.add(VM, events.GuestBooted("sql01", 1), None)
    buffer.add(VM, events.WorkloadFailed("database", "x"), above)
    with suppress(OSError):
        buffer.write()
    assert told.store.events() == []
    buffer.write()
    first, second = told.store.events()
    assert second.parent == first.id == above.id


def test_times_are_those_of_the_moment_not_of_the_commit(told: Told) -> None:
    told.story.tell(events.GuestBooted("sql01", 1))
    told.clock.jump(30)
    told.story.tell(events.GuestStopped("sql01", True))
    told.clock.jump(30)
    booted, stopped = told.written()
    assert booted.time == START
    assert stopped.time is not None
    assert (stopped.time - START).total_seconds() == 30
    assert booted.monotonic_seconds <= stopped.monotonic_seconds
