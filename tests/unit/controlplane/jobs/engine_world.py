"""Ports on a store in memory, and plans of small steps: what the tests of the engine act on."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random
from typing import Any

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Action, Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.json_object import Json
from controlplane.ports import Engine, Ports, ServiceSettings, Store
from tests.patience import comes_true
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/rg/providers/Microsoft.RecoveryServices/vaults/v"
MADE = "made"
BUSY = ServiceError("UserErrorBackupOperationInProgress", "busy")


def failing(error: Exception) -> Action:
    def do(ports: Ports, state: Json) -> Outcome:
        raise error

    return do


def slow_step(inside: threading.Event, go_on: threading.Event, calls: list[str]) -> Action:
    def do(ports: Ports, state: Json) -> Outcome:
        calls.append("slow")
        inside.set()
        go_on.wait(10)
        return Outcome(state)

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
        by_name = {plan.name: plan for plan in plans}
        engine = InlineEngine(by_name, lambda: self.ports, self.store.runs, undo_poll_seconds=0.01)
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

    def single_worker(self, *plans: Plan) -> InlineEngine:
        """An engine with a pool of one."""
        engine = InlineEngine({plan.name: plan for plan in plans}, lambda: self.ports, self.store.runs, workers=1)
        self.engines.append(engine)
        return engine

    def until(self, condition: Callable[[], bool]) -> None:
        assert comes_true(condition)

    def open(self, engine: Engine, plan: Plan, item: str = "/item", **options: Any) -> Ticket:
        number = records.new_guid(self.ports.chance)
        job = Job(number, VAULT, "Backup", "c", "sql01", "a", self.clock.now(), records.tasks_of(plan))
        order = JobOrder(
            plan=plan,
            job=job,
            scope="/item",
            state={"vm": "/vm"},
            lock=f"{item}|backup",
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
            run = self.store.runs.get(ticket.job_id)
            return (run is not None and run.status == "ended") or over.is_set()

        assert comes_true(until)
        found = self.store.get(jobs.KIND, document)
        assert found is not None
        properties: Json = found.json()["properties"]
        return properties

    def made(self) -> list[str]:
        return [document.id for document in self.store.find(MADE)]


@contextmanager
def engine_world() -> Iterator[World]:
    clock = VirtualClock(START)
    store = SqlStore(":memory:", clock)
    blobs = MemoryBlobs()
    ports = Ports(clock, blobs, store, StoreFabric(store, clock), Random(1), ServiceSettings(), blobs)
    world = World(clock, store, ports)
    yield world
    for engine in world.engines:
        engine.close()
    store.close()
    clock.close()
