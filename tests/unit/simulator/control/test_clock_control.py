"""World time by the control API: shown, set, advanced, stopped, and what lies ahead."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import Any, cast

import httpx
import pytest

from controlplane.adapters.store import SqlStore
from controlplane.json_object import Json
from simulator.clock.advance import Advance
from simulator.clock.targets import Target
from simulator.clock.world_time import WorldTime
from simulator.control import api as control
from simulator.control.clock import ClockControls
from simulator.control.world import WorldControls
from simulator.serving import Serving
from tests.patience import comes_true
from tests.unit.simulator.clock.clock_rig import DAY, HOUR, START
from tests.unit.simulator.clock.threaded_clock import Threaded
from tests.virtual_clock import VirtualClock

TOKEN = "token-of-the-control-api"


@dataclass
class Controlled:
    """A driven clock behind the control API."""

    threaded: Threaded
    jobs: dict[str, bool] = field(default_factory=dict)
    resources: dict[str, Json] = field(default_factory=dict)

    def __post_init__(self) -> None:
        unused = cast(Any, None)
        clock = ClockControls(self.threaded.time, self.jobs.get, self.resources.get)
        store = self.threaded.store
        world = WorldControls(store, clock, unused, unused, unused, unused)
        app = control.build(control.Controls(TOKEN, store, unused, unused, world, unused, unused, unused, unused))
        self.serving = Serving(app)
        headers = {"Authorization": f"Bearer {TOKEN}", "User-Agent": "a client"}
        self._client = httpx.Client(base_url=self.serving.url, headers=headers, trust_env=False, timeout=60)

    def close(self) -> None:
        self._client.close()
        self.threaded.time.close()
        self.serving.close()

    def ask(self, method: str, path: str, body: Json | None = None, **headers: str) -> httpx.Response:
        return self._client.request(method, path, json=body, headers=headers)

    def advance(self, **body: Any) -> httpx.Response:
        return self.ask("POST", "/clock/advance", body)

    def begin(self, **body: Any) -> httpx.Response:
        return self.ask("POST", "/clock/advance", body, Prefer="respond-async")


@contextmanager
def controlled(kind: type[WorldTime] = WorldTime) -> Iterator[Controlled]:
    store = SqlStore(":memory:", VirtualClock(START))
    made = Controlled(Threaded(store, kind=kind))
    yield made
    made.close()
    store.close()


@pytest.fixture
def world() -> Iterator[Controlled]:
    with controlled() as made:
        yield made


def refusal(answer: httpx.Response) -> tuple[int, str, str]:
    error = answer.json()["error"]
    return answer.status_code, error["code"], error["message"]


def test_the_clock_is_shown(world: Controlled) -> None:
    world.threaded.calendar.add("daily", START + HOUR)
    world.threaded.worker.begin("vm: boots")
    assert world.ask("GET", "/clock").json() == {
        "now": "2026-03-01T00:00:00Z",
        "mode": "virtual",
        "rate": 0.0,
        "status": "ready",
        "target": None,
        "next_due": "2026-03-01T01:00:00Z",
        "holders": ["vm: boots"],
        "advance": None,
        "last_advance": None,
        "interrupted": None,
    }


def test_it_is_set(world: Controlled) -> None:
    scaled = world.ask("POST", "/clock/set", {"mode": "scaled", "rate": 600.0}).json()
    assert (scaled["mode"], scaled["rate"]) == ("scaled", 600)
    faster = world.ask("POST", "/clock/set", {"rate": 1200.0}).json()
    assert (faster["mode"], faster["rate"]) == ("scaled", 1200)
    assert world.ask("POST", "/clock/set", {"mode": "real"}).json()["rate"] == 1


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({}, "a clock is set by its mode, its rate or both"),
        ({"mode": "fast"}, "fast is no mode of a clock; it is real, scaled or virtual"),
        ({"mode": "scaled", "rate": 5000.0}, "a rate of 5000 is not above 1 and at most 3600"),
        ({"mode": "real", "rate": 2.0}, "a rate belongs to a scaled clock; a real one has none"),
        ({"rate": 2.0}, "a rate belongs to a scaled clock, and this one is virtual"),
    ],
)
def test_what_it_cannot_be_set_to(world: Controlled, body: Json, said: str) -> None:
    assert refusal(world.ask("POST", "/clock/set", body)) == (400, "InvalidRequest", said)
    assert world.ask("GET", "/clock").json()["mode"] == "virtual"


def test_an_advance_answers_when_it_has_ended(world: Controlled) -> None:
    world.threaded.calendar.add("daily", START + HOUR, DAY)
    answer = world.advance(by="10d", asked_by="a test")
    assert answer.status_code == 200
    result = answer.json()
    assert result == {
        "status": "ready",
        "id": 1,
        "asked": {"by": "10d"},
        "asked_by": "a test",
        "began": "2026-03-01T00:00:00Z",
        "end": "2026-03-11T00:00:00Z",
        "target": "by 10d",
        "now": "2026-03-11T00:00:00Z",
        "instants": 11,
        "reason": "reached",
        "problem": None,
        "job_count": 0,
        "outcomes": {},
        "due": {"backup": 10},
        "changes": {},
        "jobs": [],
    }
    assert world.ask("GET", "/clock/advance").json() == result


@pytest.mark.parametrize(
    ("asked", "now"),
    [
        ({"to": "2026-03-05"}, "2026-03-05T00:00:00Z"),
        ({"until": "next"}, "2026-03-01T01:00:00Z"),
        ({"until": "idle"}, "2026-03-01T00:00:00Z"),
        ({"until": {"job": "/subscriptions/s/backupJobs/ended"}}, "2026-03-01T00:00:00Z"),
        ({"until": {"path": "/there", "condition": "x"}}, "2026-03-01T00:00:00Z"),
    ],
)
def test_every_target(world: Controlled, asked: Json, now: str) -> None:
    world.jobs["ended"], world.resources["/there"] = True, {"x": 1}
    world.threaded.calendar.add("daily", START + HOUR, DAY)
    answer = world.advance(**asked)
    assert (answer.status_code, answer.json()["now"], answer.json()["reason"]) == (200, now, "reached")


def test_until_a_job_ends_and_until_something_is_so(world: Controlled) -> None:
    world.jobs["restore"] = False
    calendar = world.threaded.calendar
    calendar.add("once", START + DAY, act=lambda: world.jobs.update(restore=True))
    calendar.add("then", START + 2 * DAY, act=lambda: world.resources.update({"/p": {"state": "Done"}}))
    assert world.advance(until={"job": "restore"}).json()["now"] == "2026-03-02T00:00:00Z"
    until = {"path": "/p", "condition": "state == 'Done'"}
    assert world.advance(until=until).json()["now"] == "2026-03-03T00:00:00Z"


def test_one_that_is_begun_is_polled(world: Controlled) -> None:
    world.threaded.worker.begin("backup")
    answer = world.begin(by="1d")
    assert answer.status_code == 202
    assert answer.headers["Location"].endswith("/clock/advance?id=1")
    assert answer.headers["Retry-After"] == "1"
    assert answer.headers["Preference-Applied"] == "respond-async"
    assert answer.json()["status"] == "advancing"
    assert answer.json()["asked_by"].startswith("a client at 127.0.0.1 port ")
    assert world.ask("GET", "/clock").json()["target"] == "2026-03-02T00:00:00Z"
    assert world.ask("GET", "/clock/advance").json()["reason"] is None
    world.threaded.worker.go_on()
    assert comes_true(lambda: world.ask("GET", "/clock/advance").json()["status"] == "ready")
    assert world.ask("GET", "/clock").json()["last_advance"]["reason"] == "reached"


class Hurried(WorldTime):
    """World time of which each advance has ended before anybody is told that it began."""

    def advance(self, target: Target, asked_by: str) -> Advance:
        begun = super().advance(target, asked_by)
        begun.over.wait()
        return begun


def test_one_that_has_ended_by_the_answer_shows_all_that_it_did() -> None:
    with controlled(Hurried) as world:
        answer = world.begin(by="1d")
        assert answer.status_code == 202
        assert (answer.json()["status"], answer.json()["jobs"]) == ("ready", [])
        assert answer.json() == world.ask("GET", "/clock/advance?id=1").json()


def test_the_last_ones_are_remembered(world: Controlled) -> None:
    for day in range(1, 11):
        assert world.advance(by="1d").json()["id"] == day
    assert world.ask("GET", "/clock/advance").json()["id"] == 10
    assert world.ask("GET", "/clock/advance?id=5").json()["now"] == "2026-03-06T00:00:00Z"
    said = "advance 2 is none of the last ones of this world"
    assert refusal(world.ask("GET", "/clock/advance?id=2")) == (404, "NoAdvance", said)


def test_a_second_one_is_refused_with_who_and_how_far(world: Controlled) -> None:
    world.threaded.worker.begin("backup")
    world.begin(by="1d", asked_by="the first")
    said = (
        "world time is being advanced by 1d, asked for by the first, which is at 2026-03-01T00:00:00Z of the way to "
        "2026-03-02T00:00:00Z; wait for its end, or stop it"
    )
    for answer in (
        world.advance(by="2d"),
        world.advance(resume=True),
        world.ask("POST", "/clock/set", {"mode": "real"}),
    ):
        assert refusal(answer) == (409, "ClockBusy", said)
    stopped = world.ask("POST", "/clock/stop").json()
    assert (stopped["status"], stopped["reason"], stopped["now"]) == ("ready", "stopped", "2026-03-01T00:00:00Z")
    assert refusal(world.ask("POST", "/clock/stop")) == (409, "NoAdvance", "no advance is under way")
    world.threaded.worker.go_on()
    assert world.advance(by="2d").status_code == 200


def test_one_that_fails_says_why_and_is_gone_on_with(world: Controlled) -> None:
    world.threaded.calendar.add("daily", START + HOUR, DAY)
    world.threaded.calendar.is_stuck = True
    answer = world.advance(by="2d")
    assert (answer.status_code, answer.json()["status"], answer.json()["reason"]) == (500, "internal_failure", "failed")
    assert answer.json()["problem"].startswith("what was due at 2026-03-01T01:00:00Z could not be done")
    assert world.ask("GET", "/clock").json()["status"] == "internal_failure"
    world.threaded.calendar.is_stuck = False
    resumed = world.advance(resume=True)
    assert (resumed.status_code, resumed.json()["now"]) == (200, "2026-03-03T00:00:00Z")
    assert world.ask("GET", "/clock").json()["status"] == "ready"
    assert refusal(world.advance(resume=True))[2].startswith("no advance was cut off")


@pytest.mark.parametrize(
    ("body", "status", "code", "said"),
    [
        ({}, 400, "InvalidRequest", "an advance takes one of by, to, until and resume"),
        ({"by": "1d", "to": "2026-04-01"}, 400, "InvalidRequest", "an advance takes one of by, to, until and resume"),
        ({"by": "1d", "resume": True}, 400, "InvalidRequest", "an advance takes one of by, to, until and resume"),
        ({"by": "soon"}, 400, "InvalidRequest", "soon is no duration; write one as 30d, 36h, 1d12h or P30D"),
        ({"to": "2026-02-01"}, 400, "InvalidRequest", "world time is 2026-03-01T00:00:00Z already"),
        ({"until": "later"}, 400, "InvalidRequest", 'until takes "next", "idle", {"job": ID}'),
        ({"until": {"job": "a", "x": "b"}}, 400, "InvalidRequest", 'until takes "next", "idle", {"job": ID}'),
        ({"until": {"job": "none"}}, 404, "NoSuchJob", "no job none exists in this world"),
        ({"until": {"path": "x", "condition": "y"}}, 400, "InvalidRequest", "x is no path of ARM"),
        ({"until": {"path": "//[x", "condition": "y"}}, 400, "InvalidRequest", "//[x is no path of ARM"),
        ({"until": {"path": "/x", "condition": "y["}}, 400, "InvalidRequest", "y[ is no JMESPath expression"),
        ({"by": "1d", "asked_by": "x" * 201}, 400, "InvalidRequest", "body.asked_by: "),
        (
            {"for": "1d"},
            400,
            "UnknownKey",
            "POST /_sim/clock/advance does not know the key for; it takes asked_by, by, ",
        ),
    ],
)
def test_what_is_no_advance(world: Controlled, body: Json, status: int, code: str, said: str) -> None:
    found = refusal(world.advance(**body))
    assert found[:2] == (status, code)
    assert found[2].startswith(said)
    assert world.ask("GET", "/clock").json()["now"] == "2026-03-01T00:00:00Z"
    assert refusal(world.ask("GET", "/clock/advance"))[1] == "NoAdvance"


def test_what_lies_ahead(world: Controlled) -> None:
    world.threaded.calendar.add("daily", START + HOUR, DAY)
    assert world.ask("GET", "/clock/due?by=2d").json() == {
        "target": "by 2d",
        "end": "2026-03-03T00:00:00Z",
        "due": [
            {"time": "2026-03-01T01:00:00Z", "kind": "backup", "what": "daily"},
            {"time": "2026-03-02T01:00:00Z", "kind": "backup", "what": "daily"},
        ],
        "more": False,
    }
    some = world.ask("GET", "/clock/due?to=2026-04-01&limit=2").json()
    assert (len(some["due"]), some["more"]) == (2, True)
    assert world.ask("GET", "/clock/due?until=next").json()["end"] == "2026-03-01T01:00:00Z"
    assert world.ask("GET", "/clock/due?until=idle").json() == {
        "target": "until nobody works",
        "end": None,
        "due": [],
        "more": False,
    }
    assert world.threaded.calendar.log == []


@pytest.mark.parametrize("query", ["", "?by=1d&to=2026-04-01", "?until=x", "?by=x", "?by=1d&limit=0"])
def test_what_is_no_question_for_what_lies_ahead(world: Controlled, query: str) -> None:
    assert refusal(world.ask("GET", f"/clock/due{query}"))[:2] == (400, "InvalidRequest")
