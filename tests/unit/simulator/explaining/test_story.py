"""The story of a job as it is told: the order of things, alike events told once, causes beyond the job, faults."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime, timedelta

import pytest

from controlplane.adapters.store import SqlStore
from controlplane.domain.events import faults, machines, service
from controlplane.domain.events.event import Event, Fact
from controlplane.ports import Store
from simulator.explaining import journal, story
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 30, 12, tzinfo=UTC)
VM = "/subscriptions/s/resourceGroups/demo/providers/Microsoft.Compute/virtualMachines/sql01"
TASKS = ("Take Snapshot",)


@pytest.fixture
def store() -> Iterator[Store]:
    clock = VirtualClock(START)
    store = SqlStore("sqlite://", clock)
    yield store
    store.close()
    clock.close()


def record(store: Store, fact: Fact, parent: int | None = None, job: str | None = "j1", **when: float) -> int:
    time = START + timedelta(seconds=when["at"]) if "at" in when else None
    with store.transaction():
        return store.record(fact.event(vm=VM, job=job, parent=parent, time=time))


def told(store: Store) -> list[str]:
    return [line["text"] for line in story.told(journal.of_job(store, "j1"), TASKS)]


def test_a_story_goes_back_to_who_asked(store: Store) -> None:
    record(store, service.RetentionDue(), job=None)
    asked = record(store, service.ArmRequest("POST x", "/x", "2026", "anna", "c1"), job=None)
    opened = record(store, service.JobState("InProgress", operation="Backup"), asked)
    record(store, service.JobState("InProgress", operation="Restore"), job="j2")
    record(store, service.TaskState("Take Snapshot", "InProgress"), opened)
    assert told(store) == [
        "the caller anna asked Resource Manager for POST x on /x, correlation id c1",
        "the service opened the job Backup",
        "the task Take Snapshot is InProgress",
    ]


def test_what_happened_first_is_told_first_and_after_its_cause(store: Store) -> None:
    opened = record(store, service.JobState("InProgress", operation="Backup"), at=0)
    record(store, service.SnapshotJudged("t", consistency="AppConsistent"), opened, at=9)
    asked = record(store, machines.FreezeAsked("t", 10.0, True), opened, at=2)
    record(store, machines.VssFrozen("t", True, "x"), asked, at=1)
    assert told(store)[1:] == [
        "the handler asked VSS for a freeze with all writers, for 10 s at most",
        "VSS held all writes, with the writers frozen",
        "the service judged the snapshots to be AppConsistent",
    ]


def test_alike_events_are_told_once_and_failures_each(store: Store) -> None:
    opened = record(store, service.JobState("InProgress", operation="Backup"))
    asked = record(store, machines.FreezeAsked("t", 10.0, True), opened)
    for writer, hresult in (("A", "0x00000000"), ("B", "0x800423f4"), ("C", "0x00000000")):
        record(store, machines.WriterState("t", writer, "Freeze", "S", hresult), asked)
    for lun in range(3):
        record(store, service.SnapshotFound(f"d{lun}", lun, "x"), opened)
    assert told(store)[2:] == [
        "the writer B failed at Freeze: S, 0x800423f4 VSS_E_WRITER_NON_RETRYABLE",
        "2 writers carried out Freeze",
        "the storage has the snapshots of 3 disks",
    ]


def test_tasks_that_arm_does_not_list_are_told_of_only_where_they_fail(store: Store) -> None:
    opened = record(store, service.JobState("InProgress", operation="Backup"))
    record(store, service.TaskState("Confirm recovery point", "InProgress"), opened)
    record(store, service.TaskState("Confirm recovery point", "Failed"), opened)
    assert told(store)[1:] == ["the task Confirm recovery point is Failed"]


def test_faults_that_acted_upon_the_machine_meanwhile_belong_to_the_story(store: Store) -> None:
    def hit(vm: str | None) -> None:
        fact = faults.FaultHit("vss-provider-veto", 3, 1, {})
        with store.transaction():
            store.record(fact.event(vm=vm))

    hit(VM)
    opened = record(store, service.JobState("InProgress", operation="Backup"))
    hit(VM.upper())
    hit(VM)
    hit(VM + "x")
    hit(None)
    record(store, service.JobState("Failed", errors=["E"]), opened)
    hit(VM)
    assert told(store)[1:] == [
        "the fault vss-provider-veto acted, which was set as number 3",
        "the job ended: Failed, with E",
    ]


def test_of_a_job_without_events_there_is_no_story(store: Store) -> None:
    assert journal.of_job(store, "j1") == []


def test_each_line_names_its_event_and_cause(store: Store) -> None:
    opened = record(store, service.JobState("InProgress", operation="Backup"), at=0)
    failed = record(store, service.TaskState("Take Snapshot", "Failed"), opened, at=1)
    line = story.told(journal.of_job(store, "j1"), TASKS)[1]
    assert line == {
        "time": "2026-11-30T12:00:01Z",
        "event": failed,
        "parent": opened,
        "name": "task.state",
        "party": "service",
        "text": "the task Take Snapshot is Failed",
        "trouble": True,
    }


def test_events_without_a_time_stand_first() -> None:
    late = Event("job.state", "service", id=1, time=START)
    assert [event.id for event in story.in_order([late, Event("job.state", "service", id=2)])] == [2, 1]
