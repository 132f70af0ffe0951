"""The inline engine: a job runs once, is journalled, goes on after a crash, and can be asked to stop."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from datetime import datetime, timedelta

import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.domain.errors import ServiceError
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.events.service import JobState
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources import operation
from controlplane.fabric_documents import DESIRED, OBSERVED
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome, Plan, State, Step, completed
from controlplane.jobs.engine.records import JobOrder
from controlplane.jobs.engine.runs import RunLost
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.json_object import Json
from controlplane.ports import MachineSpec, Ports, StorageUnavailable, Store, StoreFull
from tests.unit.controlplane.jobs.engine_world import BUSY, MADE, START, VAULT, World, engine_world, failing, slow_step

MACHINE = MachineSpec("vm", "late", "Standard_D2s_v5", "Windows", "", "late", ())


@pytest.fixture
def world() -> Iterator[World]:
    with engine_world() as world:
        yield world


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
    began, started, ended, closed = events
    assert [event.parent for event in (started, ended, closed)] == [began.id, started.id, began.id]
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
    assert list(world.store.runs.unfinished()) == []


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
    assert "SECRET" not in repr(world.store.events()) + repr(stored) + repr(world.store.runs.log(ticket.job_id))


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


def test_an_undo_waits_a_while_for_a_storage_that_does_not_answer(world: World) -> None:
    """A storage that has ended takes its world with it, and the next start must find the run unfinished."""
    refusals = [StorageUnavailable("gone"), StorageUnavailable("gone")]

    def undo(ports: Ports, state: Json) -> Outcome:
        if refusals:
            raise refusals.pop()
        return Outcome(state, lambda store: world._leave(store, "undone"))

    plan = Plan("p", (world.step("One", undo=undo), world.step("Two", do=failing(ServiceError("X", "y")))))
    ticket = world.open(world.engine(plan), plan)
    assert world.ended(ticket)["status"] == "Failed"
    assert "undone" in world.made()
    assert [event for event in world.store.events() if event.name == "job.undo_failed"] == []


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

    def slow(ports: Ports, state: Json) -> Waiting[Outcome]:
        inside.set()
        go_on.wait(10)
        return (yield from completed(world.make("slow")(ports, state)))

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

    def wait_for_ever(ports: Ports, state: Json) -> Waiting[Outcome]:
        waiting.set()
        yield Wait("nothing", lambda: False, deadline=None)
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
    shown = world.ended(ticket)
    assert shown["status"] == "Completed"
    assert world.calls == ["do One", "do Two", "do Three"]
    assert world.engine(after).recover() == 0


def test_a_failure_is_remembered_across_the_end_of_the_process(world: World) -> None:
    """The second step failed and its undo was interrupted: after the start the undo goes on, the step is not redone."""
    waiting = threading.Event()

    def hang(ports: Ports, state: Json) -> Waiting[Outcome]:
        waiting.set()
        yield Wait("nothing", lambda: False, deadline=None)
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


class FullLog:
    """The log of a vault's jobs, on a store that has no room for the first task."""

    def __init__(self) -> None:
        self.refusals = [StoreFull("no room")]

    def change_task(self, store: Store, state: State, task: str, event: str, now: datetime) -> int | None:
        if self.refusals:
            raise self.refusals.pop()
        return records.change_task(store, state, task, event, now)

    def cancel_asked(self, store: Store, state: State, now: datetime) -> None:
        records.cancel_asked(store, state, now)

    def close(
        self, store: Store, state: State, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        return records.close(store, state, now, errors, cancelled)

    def event(self, state: State, fact: Fact) -> Event:
        return records.event(state, fact)


def test_a_job_that_met_a_full_store_goes_on_with_the_next_look_and_not_with_the_end_of_its_lease(
    world: World, caplog: pytest.LogCaptureFixture
) -> None:
    plan = Plan("p", (world.step("One"),), job_log=FullLog())
    engine = InlineEngine({"p": plan}, lambda: world.ports, world.store.runs, real_time=lambda: 0.0)
    world.engines.append(engine)
    ticket = world.open(engine, plan)
    world.until(lambda: "a run is left until later: no room" in caplog.text)
    engine.recover()
    assert world.ended(ticket)["status"] == "Completed"
    assert world.calls == ["do One"]


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


# ------------------------------------------------------------------------------------------- several engines, one store


def test_what_a_live_engine_has_is_left_to_it(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    plan = Plan("p", (Step("One", do=slow_step(inside, go_on, world.calls)),))
    ticket = world.open(world.engine(plan), plan)
    assert inside.wait(10)
    other = world.engine(plan)
    assert other.recover() == 0
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"
    assert world.calls == ["slow"]


def test_two_engines_do_each_job_once(world: World) -> None:
    plan = Plan("p", (world.step("One"), world.step("Two")))
    engines = [world.engine(plan), world.engine(plan)]
    with world.store.transaction():
        for number in range(20):
            world.store.runs.add(f"j{number}", "p", records_of(world, plan, f"j{number}"))
    for engine in engines:
        engine.settle()
    assert list(world.store.runs.unfinished()) == []
    assert world.calls.count("do One") == world.calls.count("do Two") == 20


def records_of(world: World, plan: Plan, number: str) -> Json:
    """The documents of a job that nobody has started yet; its first state."""
    job = Job(number, VAULT, "Backup", "c", "sql01", "a", world.clock.now(), records.tasks_of(plan))
    order = JobOrder(
        plan=plan,
        job=job,
        scope="/item",
        state={"vm": "/vm"},
        lock=f"/item{number}|backup",
        conflict=BUSY,
        operation_id=f"op-{number}",
    )
    started = Started()
    records.open_job(world.ports, started, order)
    return started.state


class Started:
    """An engine that only notes the state with which it was to begin."""

    state: Json

    def start(self, plan: str, job_id: str, state: Json) -> None:
        self.state = state

    def cancel(self, job_id: str) -> bool:
        return False

    def recover(self) -> int:
        return 0

    def close(self) -> None:
        return None


def test_an_engine_that_lost_its_run_writes_nothing_more_of_it(world: World) -> None:
    """It stood still for longer than its lease: another engine has begun the step anew."""
    inside, go_on = threading.Event(), threading.Event()
    frozen = Plan("p", (Step("One", do=slow_step(inside, go_on, [])), world.step("Two")))
    first = InlineEngine({"p": frozen}, lambda: world.ports, world.store.runs, real_time=lambda: 0.0)
    world.engines.append(first)
    ticket = world.open(first, frozen)
    assert inside.wait(10)
    plan = Plan("p", (world.step("One"), world.step("Two")))
    assert world.engine(plan).recover() == 1
    assert world.ended(ticket)["status"] == "Completed"
    go_on.set()
    first.settle()
    assert world.calls == ["do One", "do Two"]
    assert [entry.step for entry in world.store.runs.log(ticket.job_id)] == ["One", "Two"]


def test_a_step_whose_run_another_engine_took_writes_no_document(world: World) -> None:
    """Neither alone, nor in a transaction, nor by the host's port: the new owner has done the step meanwhile."""
    inside, go_on = threading.Event(), threading.Event()
    refused: list[str] = []

    def slow(ports: Ports, state: Json) -> Outcome:
        inside.set()
        go_on.wait(10)
        attempts: dict[str, Callable[[], object]] = {
            "put": lambda: ports.store.put(MADE, "late", {}),
            "delete": lambda: ports.store.delete(MADE, "One"),
            "record": lambda: ports.store.record(JobState("InProgress").event(job="late")),
            "transaction": lambda: in_transaction(ports.store),
            "fabric": lambda: ports.fabric.create_vm("/late", MACHINE),
            "job": lambda: world.store.runs.add("late", "p", {}),
        }
        for name, attempt in attempts.items():
            with suppress(RunLost):
                attempt()
                continue
            refused.append(name)
        return Outcome(state)

    frozen = Plan("p", (Step("One", do=slow), world.step("Two")))
    first = InlineEngine({"p": frozen}, lambda: world.ports, world.store.runs, real_time=lambda: 0.0)
    world.engines.append(first)
    ticket = world.open(first, frozen)
    assert inside.wait(10)
    plan = Plan("p", (world.step("One"), world.step("Two")))
    assert world.engine(plan).recover() == 1
    assert world.ended(ticket)["status"] == "Completed"
    before = world.store.events()
    go_on.set()
    first.settle()
    assert refused == ["put", "delete", "record", "transaction", "fabric", "job"]
    assert world.made() == ["one", "two"]
    assert world.store.events() == before
    assert world.store.find(DESIRED) == []
    assert world.store.runs.get("late") is None


def in_transaction(store: Store) -> None:
    with store.transaction():
        store.put(MADE, "late", {})


# ----------------------------------------------------------------------------------------- waits that occupy no worker


def test_more_jobs_wait_than_there_are_workers(world: World) -> None:
    come = threading.Event()

    def wait(ports: Ports, state: Json) -> Waiting[Outcome]:
        came_true = yield Wait("somebody", come.is_set, ports.clock.now() + timedelta(hours=1), poll_seconds=0.001)
        return Outcome(state | {"came_true": came_true})

    waits, works = Plan("waits", (Step("One", do=wait),)), Plan("works", (world.step("One"),))
    engine = world.single_worker(waits, works)
    waiting = [world.open(engine, waits, item=f"/item{number}") for number in range(3)]
    assert world.ended(world.open(engine, works))["status"] == "Completed"
    assert {(parked.what, parked.deadline) for parked in engine.waiting()} == {("somebody", START + timedelta(hours=1))}
    come.set()
    assert {world.ended(ticket)["status"] for ticket in waiting} == {"Completed"}
    logged = [world.store.runs.log(ticket.job_id)[0].state for ticket in waiting]
    assert [state and state["came_true"] for state in logged] == [True] * 3
    assert list(engine.waiting()) == []


def test_a_wait_is_looked_at_when_the_host_tells_of_its_machine(world: World) -> None:
    """No poll comes in the time of a test; what is told while a look is under way leads to another one."""
    looks: list[str] = []

    def look() -> bool:
        looks.append("look")
        if len(looks) == 2:
            world.store.put(OBSERVED, "/vm", {"told": "during the look"})
        if len(looks) == 3:
            engine.look_at("/another")
            engine.look_at("/VM")
        return len(looks) == 4

    def wait(ports: Ports, state: Json) -> Waiting[Outcome]:
        yield Wait("the machine", look, None, poll_seconds=3600, machine="/VM")
        return Outcome(state)

    plan = Plan("p", (Step("One", do=wait),))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.until(lambda: bool(looks))
    world.store.put(OBSERVED, "/another", {})
    world.store.put(MADE, "/vm", {})
    world.store.put(OBSERVED, "/vm", {})
    assert world.ended(ticket)["status"] == "Completed"
    assert len(looks) == 4


def test_a_wait_ends_at_its_deadline_in_world_time(world: World) -> None:
    told: list[bool] = []

    def wait(ports: Ports, state: Json) -> Waiting[Outcome]:
        told.append((yield Wait("nobody", lambda: False, ports.clock.now() + timedelta(hours=1), poll_seconds=0.001)))
        return Outcome(state)

    plan = Plan("p", (Step("One", do=wait),))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.until(lambda: bool(engine.waiting()))
    world.clock.jump(3601)
    assert world.ended(ticket)["status"] == "Completed"
    assert told == [False]


def test_a_condition_that_cannot_be_looked_at_fails_the_step(world: World) -> None:
    def broken() -> bool:
        raise StorageUnavailable("no answer")

    def wait(ports: Ports, state: Json) -> Waiting[Outcome]:
        yield Wait("somebody", broken, None)
        raise AssertionError("the condition fails the step")

    plan = Plan("p", (Step("One", do=wait, undo=world.unmake("one")),))
    shown = world.ended(world.open(world.engine(plan), plan))
    assert "no answer" in shown["errorDetails"][0]["errorString"]
    assert world.calls == ["undo one"]


def test_a_job_that_waits_is_cancelled_where_it_is(world: World) -> None:
    def wait(ports: Ports, state: Json) -> Waiting[Outcome]:
        try:
            yield Wait("nobody", lambda: False, None)
        except ServiceError:
            world.calls.append("told")
            raise
        raise AssertionError("nothing comes")

    plan = Plan("p", (world.step("One"), world.step("Two", do=wait)))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.until(lambda: bool(engine.waiting()))
    assert engine.cancel(ticket.job_id)
    shown = world.ended(ticket)
    assert shown["status"] == "Cancelled"
    assert shown["errorDetails"][0]["errorTitle"] == "UserErrorJobSuccessfullyCancelled"
    assert world.calls == ["do One", "told", "undo Two", "undo One"]


def test_an_undo_that_waits_is_let_end(world: World) -> None:
    come = threading.Event()

    def undo(ports: Ports, state: Json) -> Waiting[Outcome]:
        yield Wait("somebody", come.is_set, None, poll_seconds=0.001)
        world.calls.append("undone")
        return Outcome(state)

    plan = Plan("p", (world.step("One", undo=undo), world.step("Two", do=failing(ServiceError("X", "y")))))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    world.until(lambda: bool(engine.waiting()))
    assert engine.cancel(ticket.job_id)
    come.set()
    assert world.ended(ticket)["status"] == "Failed"
    assert world.calls == ["do One", "undo Two", "undone"]


def test_a_queued_job_shows_its_first_task_as_not_started(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    slow = Plan("slow", (Step("One", do=slow_step(inside, go_on, [])),))
    quick = Plan("quick", (world.step("One"), world.step("Two")))
    engine = world.single_worker(slow, quick)
    first = world.open(engine, slow, item="/item1")
    assert inside.wait(10)
    queued = world.open(engine, quick)
    found = world.store.get(jobs.KIND, f"{VAULT}/backupJobs/{queued.job_id}")
    assert found is not None
    shown = found.json()["properties"]
    assert (shown["status"], {task["status"] for task in shown["extendedInfo"]["tasksList"]}) == (
        "InProgress",
        {"NotStarted"},
    )
    go_on.set()
    assert {world.ended(ticket)["status"] for ticket in (first, queued)} == {"Completed"}
