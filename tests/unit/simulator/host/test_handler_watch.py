"""A task is looked at once it has ended, with everything that its guest saw before its report."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.events import machines, service
from controlplane.domain.events.event import Fact
from controlplane.fabric_documents import DESIRED, DesiredExtension, DesiredMachine
from controlplane.ports import Blob
from extension.contract.reports import SnapshotConsistency, SnapshotInfo, StatusReport
from simulator.guest.agent.handler import Handler
from simulator.guest.profiles import AGENTS
from simulator.host.documents import machine_key
from simulator.host.handler_watch import GRACE_SECONDS, LONGEST_SECONDS, HandlerWatch
from tests.unit.simulator.guest.guest_rig import PLAIN_IMAGE, START, machine_spec
from tests.virtual_clock import VirtualClock

VM = "/subscriptions/s/resourceGroups/Demo/providers/Microsoft.Compute/virtualMachines/sql01"
JOB, TASK, HANDLER = "job", "t_1", "Contoso.Backup"
DATE = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
SECRET = "https://x.blob.core.windows.net/c/b?sv=2020-10-02&sig=c2VjcmV0c2VjcmV0c2VjcmV0"


@dataclass
class Watched:
    """A watch over a store, with a machine whose handler has one task."""

    store: SqlStore
    folder: Path
    now: float = 1000.0
    unwritten: list[Callable[[], object]] = field(default_factory=list)
    """What the machine has told and its host has not recorded."""

    def __post_init__(self) -> None:
        self.blobs = MemoryBlobs()
        self.blobs.add_account("service")
        self.watch = HandlerWatch(
            self.store,
            self.blobs,
            "service",
            self.folder,
            self.write_down,
            monotonic=lambda: self.now,
            date=lambda: DATE + timedelta(seconds=self.now - 1000.0),
        )
        extension = DesiredExtension("Backup", "Contoso", "Backup", "1.0", True, 3, "enabled", public={"taskId": TASK})
        machine = DesiredMachine(VM, machine_spec(PLAIN_IMAGE, ()), "running", False, 1, 1, (extension,))
        self.store.put(DESIRED, VM, machine.to_json())
        self.handler = Handler(self.folder / machine_key(VM), AGENTS[0], HANDLER, "1.0")
        self.handler.initialize("d", "r")
        self.watch.begin(0)
        self.asked = self.tell(service.SnapshotAsked(TASK, 0, ["os"], "logs/sql01_1"))
        self.tell(machines.CommandEnded(HANDLER, "1.0", "enable", 0, 0.1))

    def write_down(self) -> None:
        while self.unwritten:
            self.unwritten.pop(0)()

    def tell(self, fact: Fact, parent: int | None = None) -> int:
        return self.store.record(fact.event(vm=VM, job=JOB, parent=parent, monotonic_seconds=self.now))

    def tell_late(self, fact: Fact) -> None:
        """The machine tells it now, and the host records it when it is made to."""
        event = fact.event(vm=VM, job=JOB, monotonic_seconds=self.now)
        self.unwritten.append(lambda: self.store.record(event))

    def freeze(self) -> None:
        self.tell_late(machines.SessionOpened(TASK))
        self.tell_late(machines.VssFrozen(TASK, True, ""))
        self.now += 0.5
        self.tell_late(machines.VssThawed(TASK, True, True, 500.0, "0x00000000", ""))

    def report(self, *, blob: bool = True, file: bool = True, note: str = "") -> None:
        told = StatusReport(
            name="x",
            status="success",
            code=0,
            task_id=TASK,
            time=DATE,
            snapshot_consistency=SnapshotConsistency.application,
            snapshots=(SnapshotInfo.taken("https://x/c/os", "2026-11-22T08:30:00.2500000Z"),),
        )
        if blob:
            self.blobs.put(Blob("service", "logs", "sql01_1.Status.txt"), told.render().encode())
        self.blobs.put(Blob("service", "logs", "sql01_1.Logs.txt"), f"done {note}".encode())
        if file:
            self.handler.status_file(3).write_text(told.status_file("").render())

    def judge(self, stamp: str = "2026-11-22T08:30:00.2500000Z") -> None:
        reported = self.tell(service.SnapshotReported(TASK, 0, None, "AppConsistent", ""), self.asked)
        self.tell(service.SnapshotFound("os", -1, stamp), reported)
        self.tell(service.SnapshotJudged(TASK, "AppConsistent"), reported)

    def broken(self, after_seconds: float = 0.0) -> list[str]:
        self.now += after_seconds
        self.watch.tick()
        return [event.data["rule"] for event in self.store.events() if event.name == "handler.rule_broken"]


@pytest.fixture
def watched(tmp_path: Path) -> Iterator[Watched]:
    store = SqlStore(":memory:", VirtualClock(START))
    yield Watched(store, tmp_path)
    store.close()


def test_what_the_guest_saw_counts_though_it_is_recorded_after_the_report(watched: Watched) -> None:
    watched.freeze()
    watched.report()
    watched.tell_late(machines.SessionClosed(TASK, left_frozen=False))
    watched.judge()
    assert watched.broken() == []
    assert watched.broken(LONGEST_SECONDS) == []


def test_a_handler_that_is_still_connected_is_waited_for_and_not_for_ever(watched: Watched) -> None:
    watched.tell(machines.SessionOpened(TASK))
    watched.report()
    watched.judge()
    assert watched.broken() == []
    assert watched.broken(LONGEST_SECONDS - 1) == []
    assert watched.broken(1) == ["freeze"]


def test_a_snapshot_is_compared_with_the_dates_of_the_freeze(watched: Watched) -> None:
    watched.freeze()
    watched.report()
    watched.judge("2026-11-22T08:30:00.9000000Z")
    watched.tell_late(machines.SessionClosed(TASK, left_frozen=False))
    assert watched.broken() == ["snapshot_in_freeze"]


@pytest.mark.parametrize("missing", ["status_blob", "status_file"])
def test_a_report_that_is_missing_has_some_seconds_to_come(watched: Watched, missing: str) -> None:
    watched.freeze()
    watched.report(blob=missing != "status_blob", file=missing != "status_file")
    watched.tell_late(machines.SessionClosed(TASK, left_frozen=False))
    watched.judge()
    assert watched.broken(GRACE_SECONDS / 2) == []
    assert watched.broken(GRACE_SECONDS) == [missing]


def test_a_report_that_comes_late_is_none_that_is_missing(watched: Watched) -> None:
    watched.freeze()
    watched.tell_late(machines.SessionClosed(TASK, left_frozen=False))
    watched.report(file=False)
    watched.judge()
    assert watched.broken() == []
    watched.report()
    assert watched.broken(GRACE_SECONDS) == []


@pytest.mark.parametrize("place", ["the log blob", "extension.log"])
def test_a_signature_is_found_wherever_it_is_written(watched: Watched, place: str) -> None:
    watched.freeze()
    watched.report(note=SECRET if place == "the log blob" else "")
    if place != "the log blob":
        (watched.handler.log_folder / place).write_text(SECRET)
    watched.tell_late(machines.SessionClosed(TASK, left_frozen=False))
    watched.judge()
    assert watched.broken() == ["no_signature"]
    told = [event.data for event in watched.store.events() if event.name == "handler.rule_broken"]
    assert place in told[0]["detail"]
    assert "c2VjcmV0" not in json.dumps(told)


def test_a_machine_that_stops_and_a_handler_that_was_not_enabled_break_nothing(watched: Watched) -> None:
    watched.tell(machines.SessionOpened(TASK))
    watched.tell(machines.SessionClosed(TASK, left_frozen=True))
    watched.tell(machines.GuestStopped("sql01", True))
    watched.tell(service.SnapshotUnreported(TASK))
    assert watched.broken(LONGEST_SECONDS) == []


def test_a_world_that_ends_looks_at_what_has_ended(watched: Watched) -> None:
    watched.freeze()
    watched.report(blob=False)
    watched.judge()
    watched.watch.tick(last=True)
    assert watched.broken() == ["status_blob"]


def test_what_was_not_begun_is_not_waited_for(tmp_path: Path) -> None:
    store = SqlStore(":memory:", VirtualClock(START))
    HandlerWatch(store, MemoryBlobs(), None, tmp_path, lambda: None).settle(patience_seconds=float("inf"))
    store.close()
