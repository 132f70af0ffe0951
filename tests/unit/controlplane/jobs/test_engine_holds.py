"""The engine holds world time while its runs work: from the commit that queues one, without a gap, to its end."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise

import pytest

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.domain.errors import ServiceError
from controlplane.fabric_documents import OBSERVED
from controlplane.jobs.engine.plan import Action, Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Wait, Waiting, real_pause
from controlplane.json_object import Json
from controlplane.ports import Ports, StorageUnavailable
from tests.patience import comes_true
from tests.unit.controlplane.jobs.engine_world import World, engine_world, failing, slow_step

HOUR = timedelta(hours=1)
NEVER_POLLED = 3600.0
"""Real seconds between two polls that no test lasts: who goes on was looked at, and not found by a poll."""


@pytest.fixture
def world() -> Iterator[World]:
    with engine_world() as world:
        yield world


@dataclass
class Witness:
    """What a clock is told by the engine, and whether anybody was a holder then."""

    engine: InlineEngine | None = None
    taken: int = 0
    unseen: int = 0
    """Holds that were told before they could be seen."""
    changed: threading.Event = field(default_factory=threading.Event)

    def watch(self, engine: InlineEngine) -> None:
        self.engine = engine
        engine.watch(self._note_taken, self.changed.set)

    def _note_taken(self) -> None:
        assert self.engine is not None
        self.taken += 1
        self.unseen += not self.engine.holders()


def waiting_for(condition: Callable[[], bool], deadline: datetime | None = None, **more: object) -> Action:
    def do(ports: Ports, state: Json) -> Waiting[Outcome]:
        options = {"poll_seconds": NEVER_POLLED} | more
        came = yield Wait("somebody", condition, deadline, **options)  # type: ignore[arg-type]
        return Outcome(state | {"came": came})

    return do


def parked(world: World, do: Action) -> InlineEngine:
    """An engine with a run that waits, and nothing else to do."""
    plan = Plan("p", (Step("One", do=do),))
    engine = world.engine(plan)
    world.open(engine, plan)
    assert comes_true(lambda: bool(engine.waiting()) and len(engine.holders()) <= 1)
    return engine


def idle(engine: InlineEngine) -> bool:
    return comes_true(lambda: engine.holders() == [])


# ---------------------------------------------------------------------------------------------------------- who holds


def test_an_engine_without_work_holds_nothing(world: World) -> None:
    engine = world.engine(Plan("p", (world.step("One"),)))
    assert (engine.holders(), engine.look(), engine.next_deadline()) == ([], False, None)


def test_a_run_holds_from_the_commit_that_queues_it_until_it_has_ended(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    plan = Plan("p", (Step("One", do=slow_step(inside, go_on, [])), world.step("Two")))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    assert engine.holders(), "in the thread that committed, before anything was dispatched"
    assert inside.wait(10)
    assert f"the job {ticket.job_id} (p)" in engine.holders(), "the dispatcher may not be done with its round"
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"
    assert idle(engine)


def test_a_run_that_is_rolled_back_holds_nothing(world: World) -> None:
    plan = Plan("p", (world.step("One"),))
    engine = world.engine(plan)

    def rolled_back() -> None:
        with world.store.transaction():
            world.open(engine, plan)
            raise LookupError

    with pytest.raises(LookupError):
        rolled_back()
    assert engine.holders() == []


def test_runs_for_which_there_is_no_worker_hold(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    slow, quick = Plan("slow", (Step("One", do=slow_step(inside, go_on, [])),)), Plan("quick", (world.step("Two"),))
    engine = world.single_worker(slow, quick)
    world.open(engine, slow)
    assert inside.wait(10)
    queued = world.open(engine, quick, item="/another")
    assert comes_true(lambda: len(engine.holders()) == 2)
    go_on.set()
    world.ended(queued)
    assert idle(engine)


def test_what_an_ended_process_left_holds_once_it_is_to_be_gone_on_with(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    plan = Plan("p", (Step("One", do=slow_step(inside, go_on, [])),))
    first = world.engine(plan)
    first.close()
    ticket = world.open(first, plan)
    engine = world.engine(plan)
    assert engine.holders() == []
    assert engine.recover() == 1
    assert engine.holders()
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"
    assert idle(engine)


def test_a_run_that_waits_holds_nothing_and_tells_its_deadline(world: World) -> None:
    deadline = world.clock.now() + HOUR
    engine = parked(world, waiting_for(lambda: False, deadline))
    assert idle(engine)
    assert engine.next_deadline() == deadline
    assert engine.look() is False


def test_the_earliest_deadline_counts_and_a_wait_without_one_does_not(world: World) -> None:
    now = world.clock.now()
    deadlines = [None, now + 2 * HOUR, now + HOUR]
    plans = [
        Plan(str(number), (Step("One", do=waiting_for(lambda: False, each)),)) for number, each in enumerate(deadlines)
    ]
    engine = world.engine(*plans)
    for plan in plans:
        world.open(engine, plan, item=plan.name)
    assert comes_true(lambda: len(engine.waiting()) == len(plans))
    assert engine.next_deadline() == now + HOUR


def test_a_wait_may_hold_and_cease_to(world: World) -> None:
    holds = True
    engine = parked(world, waiting_for(lambda: False, poll_seconds=0.001, holds=lambda: holds))
    assert comes_true(lambda: engine.holders() == ["somebody"])
    holds = False
    assert idle(engine)


# ------------------------------------------------------------------------------------------------------- who goes on


def test_a_look_asks_everything_at_once_and_what_goes_on_is_a_holder(world: World) -> None:
    come = threading.Event()
    inside, go_on = threading.Event(), threading.Event()
    plan = Plan("p", (Step("One", do=waiting_for(come.is_set)), Step("Two", do=slow_step(inside, go_on, []))))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    assert comes_true(lambda: bool(engine.waiting()))
    assert idle(engine)
    assert engine.look() is False
    come.set()
    assert engine.look() is True
    assert engine.holders(), "before anything else can happen"
    assert inside.wait(10)
    go_on.set()
    assert world.ended(ticket)["status"] == "Completed"


def test_a_deadline_that_has_come_makes_a_look_go_on(world: World) -> None:
    engine = parked(world, waiting_for(lambda: False, world.clock.now() + HOUR))
    world.clock.jump(365 * 24 * 3600)
    assert engine.look() is True
    assert idle(engine)
    (job,) = world.store.find("microsoft.recoveryservices/vaults/backupjobs")
    assert job.json()["properties"]["status"] == "Completed"


def test_news_of_a_machine_hold_until_they_are_looked_at(world: World) -> None:
    asked, answer = threading.Event(), threading.Event()

    def look() -> bool:
        if asked.is_set():
            answer.wait(10)
        return False

    engine = parked(world, waiting_for(look, machine="/vm"))
    assert idle(engine)
    asked.set()
    world.store.put(OBSERVED, "/vm", {})
    assert engine.holders() == ["somebody"], "in the thread that committed"
    answer.set()
    assert idle(engine)


def test_a_job_that_is_to_stop_holds_until_it_has_stopped(world: World) -> None:
    inside, go_on = threading.Event(), threading.Event()
    plan = Plan("p", (Step("One", do=waiting_for(lambda: False), undo=slow_step(inside, go_on, [])),))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    assert comes_true(lambda: bool(engine.waiting()))
    assert idle(engine)
    assert engine.cancel(ticket.job_id)
    assert engine.holders(), "in the thread that asked"
    go_on.set()
    assert world.ended(ticket)["status"] == "Cancelled"
    assert idle(engine)


def test_no_hold_is_told_before_it_can_be_seen_and_every_end_is_told(world: World) -> None:
    witness = Witness()
    looks = iter(range(40))
    steps = [Step(str(number), do=waiting_for(lambda: next(looks) % 3 == 2, poll_seconds=0.001)) for number in range(8)]
    plan = Plan("p", tuple(steps))
    engine = world.engine(plan)
    witness.watch(engine)
    ticket = world.open(engine, plan)
    assert world.ended(ticket)["status"] == "Completed"
    assert idle(engine)
    assert witness.changed.is_set()
    assert witness.taken >= len(steps)
    assert witness.unseen == 0


def test_there_is_no_gap_while_a_job_that_never_waits_for_long_is_looked_at_from_two_sides(world: World) -> None:
    """Whoever sees no holder, finds nothing that goes on, and saw no hold taken meanwhile, could move time: that is
    never so before the job has ended."""
    witness, moments = Witness(), []
    plan = Plan("p", tuple(Step(str(n), do=waiting_for(lambda: True, poll_seconds=0.001)) for n in range(60)))
    engine = world.engine(plan)
    witness.watch(engine)
    ticket = world.open(engine, plan)
    while True:
        before = witness.taken
        is_settled = not engine.holders() and not engine.look() and not engine.holders()
        run = world.store.runs.get(ticket.job_id)
        if is_settled and witness.taken == before:
            assert run is not None
            moments.append(run.status)
            break
    assert moments == ["ended"]


# -------------------------------------------------------------------------------------------- what takes real time


def test_an_undo_that_a_storage_does_not_answer_holds_and_is_not_hurried_by_looks(world: World) -> None:
    tries: list[datetime] = []

    def undo(ports: Ports, state: Json) -> Outcome:
        tries.append(ports.clock.now())
        if len(tries) < 5:
            raise StorageUnavailable("gone")
        return Outcome(state)

    plan = Plan("p", (world.step("One", undo=undo), Step("Two", do=failing(ServiceError("X", "y")))))
    engine = world.engine(plan)
    ticket = world.open(engine, plan)
    seen: set[str] = set()
    while (run := world.store.runs.get(ticket.job_id)) is not None and run.status != "ended":
        engine.look()
        seen.update(engine.holders())
        world.clock.jump(3600)
    assert "the storage, to undo a step" in seen
    assert len(tries) == 5
    assert [event for event in world.store.events() if event.name == "job.undo_failed"] == []


def test_a_real_pause_ends_after_its_seconds_whatever_is_asked() -> None:
    pause = real_pause("a while", 0.02)
    assert (pause.is_holding, pause.deadline) == (True, None)
    assert comes_true(pause.until)
    assert pause.until(), "asked again it says the same"


def test_polls_get_rarer_where_a_wait_says_so(world: World) -> None:
    looks: list[float] = []

    def look() -> bool:
        looks.append(time.monotonic())
        return len(looks) == 6

    engine = parked(world, waiting_for(look, poll_seconds=0.01, slowest_poll_seconds=0.08))
    assert comes_true(lambda: engine.waiting() == [])
    pauses = [later - earlier for earlier, later in pairwise(looks)]
    assert pauses[-1] >= 0.08 > 0.01 <= pauses[0]
