"""The inline engine: a job runs once, is journalled, goes on after a crash, and can be asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random
from typing import Any

import pytest

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources import operation
from controlplane.jobs.engine import records
from controlplane.jobs.engine.execution import RUN, RUNNING
from controlplane.jobs.engine.plan import Action, Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.ports import Engine, Json, Ports, ServiceSettings, StorageUnavailable, Store
from simulator.clock.virtual import VirtualClock

START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v"
MADE = "made"
BUSY = ServiceError("UserErrorBackupOperationInProgress", "busy")


def failing(error: Exception) -> Action:
    def do(ports: Ports, state: Json) -> Outcome:
        raise error

    return do


@dataclass
class World:
    """The ports, and steps that leave a document of their name and note what was called."""

    clock: VirtualClock
    store: SqlStore
    ports: Ports
    calls: list[str] = field(default_factory=list)
    engines: list[InlineEngine] = field(default_factory=list)

    def engine(self, *plans: Plan) -> InlineEngine:
        engine = InlineEngine({plan.name: plan for plan in plans}, lambda: self.ports)
        self.engines.append(engine)
        return engine

    def make(self, name: str, seconds: float = 0) -> Action:
        def do(ports: Ports, state: Json) -> Outcome:
            if seconds:
                self.clock.jump(seconds)
            self.calls.append(f"do {name}")
            return Outcome(state | {name: True}, lambda store: self._leave(store, name))

        return do

    def unmake(self, name: str) -> Action:
        def undo(ports: Ports, state: Json) -> Outcome:
            self.calls.append(f"undo {name}")
            return Outcome(state, lambda store: self._remove(store, name))

        return undo

    def step(self, name: str, **options: Any) -> Step:
        return Step(name, **{"do": self.make(name), "undo": self.unmake(name), **options})

    @staticmethod
    def _leave(store: Store, name: str) -> None:
        store.put(MADE, name, {})

    @staticmethod
    def _remove(store: Store, name: str) -> None:
        store.delete(MADE, name)

    def open(self, engine: Engine, plan: Plan, **options: Any) -> Ticket:
        number = records.new_guid(self.ports.chance)
        job = Job(number, VAULT, "Backup", "c", "sql01", "a", self.clock.now(), records.tasks_of(plan))
        order = JobOrder(
            plan=plan,
            job=job,
            scope="/item",
            state={"vm": "/vm"},
            lock="/item|backup",
            conflict=BUSY,
            operation_id=f"op-{number}",
            **options,
        )
        return records.open_job(self.ports, engine, order)

    def ended(self, ticket: Ticket) -> Json:
        """The properties of the job, once it has ended."""
        document = f"{VAULT}/backupJobs/{ticket.job_id}"
        over = threading.Event()

        def until() -> bool:
            found = self.store.get(RUN, ticket.job_id)
            return (found is not None and found.parent != RUNNING) or over.is_set()

        assert self.clock.wait(until, self.clock.now() + timedelta(days=1))
        found = self.store.get(jobs.KIND, document)
        assert found is not None
        properties: Json = found.json()["properties"]
        return properties

    def made(self) -> list[str]:
        return [document.id for document in self.store.find(MADE)]


@pytest.fixture
def world() -> Iterator[World]:
    clock = VirtualClock(START)
    store = SqlStore(":memory:", clock)
    ports = Ports(clock, MemoryBlobs(), store, StoreFabric(store, clock), Random(1), ServiceSettings())
    world = World(clock, store, ports)
    yield world
    for engine in world.engines:
        engine.close()
    store.close()
    clock.close()


def test_a_job_runs_to_its_end_and_tells_its_tasks(world: World) -> None:
    plan = Plan("p", (Step("One", do=world.make("one", seconds=90)), Step("Two", do=world.make("two", seconds=10))))
    shown = world.ended(world.open(world.engine(plan), plan))
    assert shown["status"] == "Completed"
    assert [(task["taskId"], task["status"], task["duration"]) for task in shown["extendedInfo"]["tasksList"]] == [
        ("One", "Completed", "PT1M30S"),
        ("Two", "Completed", "PT10S"),
    ]
    assert shown["duration"] == "PT1M40S"
    assert world.made() == ["one", "two"]


def test_each_change_of_state_is_an_event_of_the_job(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    ticket = world.open(world.engine(plan), plan)
    world.ended(ticket)
    events = world.store.events(job=ticket.job_id)
    told = [(event.name, event.data.get("task"), event.data["to"]) for event in events]
    assert told == [
        ("job.state", None, "InProgress"),
        ("task.state", "One", "InProgress"),
        ("task.state", "One", "Completed"),
        ("job.state", None, "Completed"),
    ]
    assert {event.parent for event in events[1:]} == {events[0].id}
    assert {event.vm for event in events} == {"/vm"}


def test_an_operation_can_succeed_at_once_or_wait_for_its_job(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    at_once = world.open(world.engine(plan), plan)
    found = world.store.get(operation.KIND, at_once.operation_id)
    assert found is not None
    assert found.json()["status"] == "Succeeded"
    assert found.json()["properties"]["jobId"] == at_once.job_id
    world.ended(at_once)
    waiting = world.open(world.engine(plan), plan, operation_waits=True)
    world.ended(waiting)
    found = world.store.get(operation.KIND, waiting.operation_id)
    assert found is not None
    assert found.json()["status"] == "Succeeded"


def test_the_operation_of_a_failed_job_fails_with_its_error(world: World) -> None:
    plan = Plan("p", (world.step("One", do=failing(ServiceError("Broken", "It broke."))),))
    ticket = world.open(world.engine(plan), plan, operation_waits=True)
    world.ended(ticket)
    found = world.store.get(operation.KIND, ticket.operation_id)
    assert found is not None
    assert found.json()["status"] == "Failed"
    assert found.json()["error"] == {"code": "Broken", "message": "It broke."}


def test_a_second_operation_of_a_sort_is_refused_until_the_first_has_ended(world: World) -> None:
    go_on = threading.Event()

    def slow(ports: Ports, state: Json) -> Outcome:
        go_on.wait(10)
        return Outcome(state)

    plan = Plan("p", (Step("One", do=slow),))
    engine = world.engine(plan)
    first = world.open(engine, plan)
    with pytest.raises(ServiceError) as refused:
        world.open(engine, plan)
    assert refused.value is BUSY
    assert len(world.store.find(jobs.KIND)) == 1
    go_on.set()
    world.ended(first)
    assert world.ended(world.open(engine, plan))["status"] == "Completed"


def test_a_job_whose_transaction_fails_never_was(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    engine = world.engine(plan)

    def open_and_fail() -> None:
        with world.store.transaction():
            world.open(engine, plan)
            raise RuntimeError("refused after all")

    with pytest.raises(RuntimeError, match="after all"):
        open_and_fail()
    engine.close()
    assert world.calls == []
    assert world.store.find(RUN) == []


def test_a_job_id_that_was_started_is_left_alone(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.ended(ticket)
    engine.start("p", ticket.job_id, {})
    engine.close()
    assert world.calls == ["do One"]


def test_an_expected_error_fails_the_job_under_its_name(world: World) -> None:
    error = ServiceError("ExtensionFailedVssWriterInBadState", "VSS.", remedy="Restart.", number=5)
    plan = Plan("p", (world.step("One"), world.step("Two", do=failing(error)), world.step("Three")))
    shown = world.ended(world.open(world.engine(plan), plan))
    assert shown["status"] == "Failed"
    assert shown["errorDetails"] == [
        {
            "errorCode": 5,
            "errorTitle": "ExtensionFailedVssWriterInBadState",
            "errorString": "VSS.",
            "recommendations": ["Restart."],
        }
    ]
    assert world.calls == ["do One", "undo Two", "undo One"]
    assert world.made() == []


def test_an_optional_step_that_fails_leaves_warnings(world: World) -> None:
    plan = Plan(
        "p", (world.step("One"), world.step("Two", do=failing(StorageUnavailable("no answer")), required=False))
    )
    shown = world.ended(world.open(world.engine(plan), plan))
    assert shown["status"] == "CompletedWithWarnings"
    assert shown["errorDetails"][0]["errorTitle"] == "BackUpOperationFailedV2"
    assert "no answer" in shown["errorDetails"][0]["errorString"]
    assert world.made() == ["one"]


def test_a_mistake_fails_the_job_and_its_text_goes_nowhere(world: World) -> None:
    plan = Plan("p", (world.step("One", do=failing(ValueError("https://a/b?sig=SECRET"))),))
    ticket = world.open(world.engine(plan), plan)
    shown = world.ended(ticket)
    assert shown["errorDetails"][0]["errorTitle"] == "InternalOperationError"
    (told,) = [event for event in world.store.events(job=ticket.job_id) if event.name == "job.mistake"]
    assert told.data["error"] == "ValueError"
    assert told.data["where"]
    stored = [document.body + repr(document.private).encode() for document in world.store.find(jobs.KIND)]
    assert "SECRET" not in repr(world.store.events()) + repr(stored) + repr(world.store.find(RUN))


def test_what_cannot_be_committed_fails_the_step(world: World) -> None:
    def commit(store: Store) -> None:
        store.put(MADE, "half", {})
        raise ValueError("no")

    plan = Plan("p", (Step("One", do=lambda ports, state: Outcome(state, commit)),))
    assert world.ended(world.open(world.engine(plan), plan))["status"] == "Failed"
    assert world.made() == []


def test_an_undo_that_fails_does_not_keep_others_from_it(world: World) -> None:
    plan = Plan(
        "p",
        (
            world.step("One"),
            world.step("Two", undo=failing(ValueError("stuck"))),
            world.step("Three", do=failing(ServiceError("X", "y"))),
        ),
    )
    ticket = world.open(world.engine(plan), plan)
    assert world.ended(ticket)["status"] == "Failed"
    assert world.made() == ["two"]
    assert [event.data["step"] for event in world.store.events() if event.name == "job.undo_failed"] == ["Two"]


def test_on_finished_is_called_once_with_what_became_of_the_job(world: World) -> None:
    finished: list[tuple[str, str | None]] = []

    def on_finished(store: Store, state: Json, job: Job, error: ServiceError | None) -> None:
        finished.append((job.status, error.code if error else None))

    good = Plan("good", (world.step("One"),), on_finished)
    bad = Plan("bad", (world.step("One", do=failing(ServiceError("X", "y"))),), on_finished)
    engine = world.engine(good, bad)
    world.ended(world.open(engine, good))
    world.ended(world.open(engine, bad))
    assert finished == [("Completed", None), ("Failed", "X")]


def test_a_job_is_cancelled_before_its_next_step(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()

    def slow(ports: Ports, state: Json) -> Outcome:
        inside.set()
        go_on.wait(10)
        return world.make("slow")(ports, state)

    plan = Plan("p", (world.step("slow", do=slow), world.step("Two", required=False)))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    assert inside.wait(10)
    assert engine.cancel(ticket.job_id)
    found = world.store.get(jobs.KIND, f"{VAULT}/backupJobs/{ticket.job_id}")
    assert found is not None
    assert found.json()["properties"]["status"] == "Cancelling"
    go_on.set()
    shown = world.ended(ticket)
    assert shown["status"] == "Cancelled"
    assert [task["status"] for task in shown["extendedInfo"]["tasksList"]] == ["Completed", "Cancelled"]
    assert shown["errorDetails"][0]["errorTitle"] == "UserErrorJobSuccessfullyCancelled"
    assert world.made() == []


def test_what_does_not_run_cannot_be_cancelled(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.ended(ticket)
    assert not engine.cancel(ticket.job_id)
    assert not engine.cancel("unknown")


def test_a_job_of_an_ended_process_goes_on_from_the_interrupted_step(world: World) -> None:
    waiting = threading.Event()

    def wait_for_ever(ports: Ports, state: Json) -> Outcome:
        waiting.set()
        ports.clock.wait(lambda: False, ports.clock.now() + timedelta(days=1))
        raise AssertionError("closing the engine ends the wait")

    before = Plan("p", (world.step("One"), world.step("Two", do=wait_for_ever), world.step("Three")))
    after = Plan("p", (world.step("One"), world.step("Two"), world.step("Three")))
    first = world.engine(before)
    ticket = world.open(first, before)
    assert waiting.wait(10)
    first.close()
    assert world.made() == ["one"]
    second = world.engine(after)
    assert second.recover() == 1
    assert second.recover() == 0
    shown = world.ended(ticket)
    assert shown["status"] == "Completed"
    assert world.calls == ["do One", "do Two", "do Three"]
    assert world.engine(after).recover() == 0


def test_a_failure_is_remembered_across_the_end_of_the_process(world: World) -> None:
    """The second step failed and its undo was interrupted: after the start the undo goes on, the step is not redone."""
    waiting = threading.Event()

    def hang(ports: Ports, state: Json) -> Outcome:
        waiting.set()
        ports.clock.wait(lambda: False, ports.clock.now() + timedelta(days=1))
        return Outcome(state)

    broken = failing(ServiceError("X", "y", remedy="z"))
    before = Plan("p", (world.step("One"), world.step("Two", do=broken, undo=hang)))
    after = Plan("p", (world.step("One"), world.step("Two")))
    first = world.engine(before)
    ticket = world.open(first, before)
    assert waiting.wait(10)
    first.close()
    world.engine(after).recover()
    shown = world.ended(ticket)
    assert shown["status"] == "Failed"
    assert shown["errorDetails"][0]["errorTitle"] == "X"
    assert world.calls == ["do One", "undo Two", "undo One"]


def test_a_closed_engine_starts_nothing_but_keeps_the_job(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    closed = world.engine(plan)
    closed.close()
    ticket = world.open(closed, plan)
    assert world.calls == []
    assert world.engine(plan).recover() == 1
    assert world.ended(ticket)["status"] == "Completed"


def test_a_plan_that_nobody_knows_is_refused(world: World) -> None:
    with pytest.raises(KeyError):
        world.engine().start("nothing", "id", {})
