"""The plan "Deploy" by itself: its order, what it does side by side, and how it goes on after a crash."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from random import Random

import pytest

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.domain.errors import ServiceError
from controlplane.domain.events.event import Cause
from controlplane.domain.resources import deployment
from controlplane.domain.resources.deployment import KIND, Operation
from controlplane.jobs.deployment import DEPLOY, deploying, state_of
from controlplane.jobs.engine.runs import Interrupted
from controlplane.jobs.requests import WRITTEN, Progress, Written
from controlplane.json_object import Json
from controlplane.ports import Ports, ServiceSettings
from controlplane.templates.language.scope import Scope
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
ID = "/subscriptions/s/resourceGroups/g/providers/Microsoft.Resources/deployments/d"
MADE = "made"


@dataclass
class NotedRequests:
    """Requests that note what is asked for. `begins` have long-running operations, which end by themselves."""

    store: SqlStore
    begins: frozenset[str] = frozenset()
    refuses: frozenset[str] = frozenset()
    breaks: frozenset[str] = frozenset()
    dies_at: int | None = None
    asked: list[str] = field(default_factory=list)
    running: list[set[str]] = field(default_factory=list)
    _under_way: set[str] = field(default_factory=set)
    _questions: list[str] = field(default_factory=list)

    def write(
        self,
        id: str,
        api_version: str,
        body: Json,
        secrets: tuple[str, ...] = (),
        *,
        once: str = "",
        cause: Cause | None = None,
    ) -> Written:
        if self.store.get(WRITTEN, once):
            return Written(200, f"/operations/{id}" if id in self.begins else None)
        self.asked.append(id)
        if id in self.refuses:
            raise ServiceError("Refused", "no", status=409)
        if id in self.breaks:
            raise ZeroDivisionError
        known = self.store.get(MADE, id)
        with self.store.transaction():
            self.store.put(MADE, id, {"times": known.json()["times"] + 1 if known else 1})
            self.store.put(WRITTEN, once, {})
        if len(self.asked) == self.dies_at:
            raise Interrupted
        if id not in self.begins:
            return Written(201)
        self._under_way.add(id)
        return Written(202, f"/operations/{id}")

    def progress(self, operation: str) -> Progress:
        """Each ends when it is asked for the third time."""
        id = operation.removeprefix("/operations/")
        self.running.append(set(self._under_way))
        self._questions.append(id)
        if self._questions.count(id) < 3:
            return Progress("InProgress")
        self._under_way.discard(id)
        return Progress("Succeeded")

    def get(self, id: str, api_version: str | None) -> Json:
        raise AssertionError("nothing is read")

    def delete(self, id: str, cause: Cause) -> None:
        raise AssertionError("a deployment deletes nothing")

    def resources_of(self, group: str) -> list[Json]:
        raise AssertionError("a deployment asks for no list")

    def act(self, action: str, id: str, api_version: str, body: Json | None, *, cause: Cause | None = None) -> Json:
        raise AssertionError("nothing is asked for")


@dataclass
class World:
    ports: Ports
    store: SqlStore
    engines: list[InlineEngine] = field(default_factory=list)

    def put(self, operations: Sequence[Operation]) -> None:
        shown = deployment.facts(operations, {}, "1", "c")
        private = {
            "job": "j",
            "started": "2026-11-22T19:00:00Z",
            "facts": shown,
            "scope": Scope("s", "t", {"name": "g"}).to_json(),
            "operations": [each.to_json() for each in operations],
            "outputs": {},
            "secrets": [],
            "evaluated": None,
        }
        self.store.put(KIND, ID, deployment.body(ID, shown, "Accepted", START, START), private=private)

    def run(self, requests: NotedRequests) -> str:
        """Start the job, or go on with it; the state of the deployment once nothing runs any more."""
        engine = InlineEngine({DEPLOY: deploying(lambda: requests)}, lambda: self.ports, self.store.runs)
        self.engines.append(engine)
        self.store.runs.disown()  # what was before has ended
        if self.store.runs.unfinished():
            assert engine.recover() == 1
        else:
            engine.start(DEPLOY, "j", {"job": "j", "deployment": ID.lower()})
        engine.settle()
        document = self.store.get(KIND, ID)
        assert document is not None
        return state_of(document)

    def made(self) -> dict[str, int]:
        return {document.id: document.json()["times"] for document in self.store.find(MADE)}


@pytest.fixture
def world() -> Iterator[World]:
    clock = VirtualClock(START)
    store = SqlStore(":memory:", clock)
    blobs = MemoryBlobs()
    ports = Ports(clock, blobs, store, StoreFabric(store, clock), Random(1), ServiceSettings(), blobs)
    world = World(ports, store)
    yield world
    for engine in world.engines:
        engine.close()
    store.close()
    clock.close()


def resource(name: str, *after: str) -> Operation:
    return Operation(name, name, "A.B/c", name, "2024-01-01", after, {"name": name})


CHAIN = [resource("a"), resource("b", "a"), resource("c"), resource("d", "b", "c")]


def test_each_is_written_after_what_it_waits_for(world: World) -> None:
    world.put(CHAIN)
    requests = NotedRequests(world.store, begins=frozenset({"a", "c"}))
    assert world.run(requests) == "Succeeded"
    assert requests.asked == ["a", "c", "b", "d"]


def test_what_waits_for_nothing_is_under_way_together(world: World) -> None:
    world.put(CHAIN)
    requests = NotedRequests(world.store, begins=frozenset({"a", "c"}))
    world.run(requests)
    assert {"a", "c"} in requests.running


@pytest.mark.parametrize("write", [1, 2, 3, 4])
def test_after_a_crash_in_any_write_everything_is_there_once(world: World, write: int) -> None:
    world.put(CHAIN)
    begins = frozenset({"b"})
    assert world.run(NotedRequests(world.store, begins=begins, dies_at=write)) in {"Accepted", "Running"}
    assert world.run(NotedRequests(world.store, begins=begins)) == "Succeeded"
    assert world.made() == {"a": 1, "b": 1, "c": 1, "d": 1}
    assert world.store.find(WRITTEN) == []


def test_what_waits_for_one_that_is_refused_is_not_begun(world: World) -> None:
    world.put(CHAIN)
    requests = NotedRequests(world.store, refuses=frozenset({"b"}))
    assert world.run(requests) == "Failed"
    assert world.made() == {"a": 1, "c": 1}
    document = world.store.get(KIND, ID)
    assert document is not None
    assert [each["code"] for each in document.json()["properties"]["error"]["details"]] == ["Refused"]
    assert [each["state"] for each in document.private["operations"]] == [
        "Succeeded",
        "Failed",
        "Succeeded",
        "NotStarted",
    ]
    assert {each["body"] is None for each in document.private["operations"]} == {True}


def test_a_mistake_of_the_program_ends_it_and_is_told(world: World) -> None:
    world.put(CHAIN)
    assert world.run(NotedRequests(world.store, breaks=frozenset({"c"}))) == "Failed"
    document = world.store.get(KIND, ID)
    assert document is not None
    error = document.json()["properties"]["error"]
    assert [each["code"] for each in error["details"]] == ["InternalServerError"]
    assert "job.mistake" in [event.name for event in world.store.events(job="j")]


def test_one_whose_group_is_deleted_meanwhile_ends(world: World) -> None:
    world.put(CHAIN)
    requests = NotedRequests(world.store, dies_at=2)
    world.run(requests)
    world.store.delete(KIND, ID)
    engine = InlineEngine({DEPLOY: deploying(lambda: requests)}, lambda: world.ports, world.store.runs)
    world.engines.append(engine)
    world.store.runs.disown()
    engine.recover()
    engine.settle()
    assert list(world.store.runs.unfinished()) == []
    assert world.store.get(KIND, ID) is None


def test_many_are_noted_in_several_transactions(world: World) -> None:
    many = [resource(f"r{number:03}") for number in range(50)]
    world.put(many)
    assert world.run(NotedRequests(world.store, dies_at=40)) == "Running"
    assert (len(world.made()), len(world.store.find(WRITTEN))) == (40, 8)
    assert world.run(NotedRequests(world.store)) == "Succeeded"
    assert set(world.made().values()) == {1}


def test_nobody_is_kept_from_writing_while_a_resource_is_written(world: World) -> None:
    world.put(CHAIN)
    seen: list[bool] = []

    class Looking(NotedRequests):
        def write(
            self,
            id: str,
            api_version: str,
            body: Json,
            secrets: tuple[str, ...] = (),
            *,
            once: str = "",
            cause: Cause | None = None,
        ) -> Written:
            seen.append(self.store.in_transaction())
            return super().write(id, api_version, body, secrets, once=once, cause=cause)

    assert world.run(Looking(world.store)) == "Succeeded"
    assert seen == [False] * 4
