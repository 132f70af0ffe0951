"""The control API: who may ask, the journal as it grows, time, limits, and a world that is empty again."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from ipaddress import ip_network
from pathlib import Path
from typing import Any, cast

import httpx
import pytest

from controlplane.arm.edge.rate_limits import RateLimits
from controlplane.domain.events.event import Event
from controlplane.domain.events.service import JobState
from controlplane.domain.recovery_services.protected_item import KIND as ITEMS
from controlplane.domain.recovery_services.recovery_point import KIND as POINTS
from controlplane.jobs.catalog import PLANS
from controlplane.json_object import Json
from controlplane.ports import Blob, StorageFull, Store
from simulator.clock import kept_clock
from simulator.clock.kept_clock import ClockSettings
from simulator.clock.world_clock import WorldClock
from simulator.clock.world_time import WorldTime
from simulator.control import api as control
from simulator.control.clock import ClockControls
from simulator.control.reset import OF_THE_WORLD, Resetter
from simulator.control.vault_checks import VaultChecks
from simulator.control.world import WorldControls
from simulator.faults.board import Board
from simulator.faults.faults import Faults, kept
from simulator.host.documents import machine_key
from simulator.host.host import Host
from simulator.pace import Pace
from simulator.serving import Serving
from tests.unit.controlplane.arm.arm_world import GROUP, ITEM, SUBSCRIPTION, VAULT, VM, ArmWorld, arm_world
from tests.unit.simulator.host import host_setting

TOKEN = "token-of-the-control-api"


class NoHost:
    """Machines that are only wanted: the fabric of these tests has no host behind it."""

    def machines(self) -> list[str]:
        return []

    def tick(self) -> None:
        raise AssertionError("there is nothing to wait for")


@dataclass
class Controlled:
    arm: ArmWorld
    limits: RateLimits
    url: str

    def ask(self, method: str, path: str, body: Json | None = None, **query: Any) -> httpx.Response:
        headers = {"Authorization": f"Bearer {TOKEN}"}
        with httpx.Client(trust_env=False, timeout=30) as client:
            return client.request(method, f"{self.url}{path}", json=body, params=query, headers=headers)


def clock_of(store: Store) -> ClockControls:
    """One that is not driven."""
    clock = WorldClock()
    kept = kept_clock.restored(clock, kept_clock.read(store), ClockSettings())
    return ClockControls(WorldTime(clock, store, kept, lambda error: None), lambda job: None, lambda path: None)


@contextmanager
def controlled() -> Iterator[Controlled]:
    limits = RateLimits()
    with arm_world(limits=limits, catalogued=False) as arm:
        pace = Pace(arm.ports.store)
        pace.paced(PLANS)
        resetter = Resetter(arm.ports, arm.engine, cast(Host, NoHost()), pace)
        store, clock = arm.ports.store, clock_of(arm.ports.store)
        world = WorldControls(store, clock, limits, pace, resetter, lambda: {"schema_version": 1, "arm": "x"})
        unused = cast(Any, None)
        checks = VaultChecks(arm.ports)
        faults = Faults(Board(store, arm.ports.clock, 0, kept), store, arm.ports.clock)
        controls = control.Controls(TOKEN, store, unused, unused, world, checks, faults, unused, unused)
        serving = Serving(control.build(controls))
        try:
            yield Controlled(arm, limits, serving.url)
        finally:
            checks.close()
            serving.close()


@pytest.fixture
def world() -> Iterator[Controlled]:
    with controlled() as world:
        yield world


def test_nobody_gets_in_without_the_world_s_token(world: Controlled) -> None:
    for path in ("/endpoints", "/events", "/clock", "/limits"):
        answer = httpx.get(f"{world.url}{path}", trust_env=False)
        assert (answer.status_code, answer.json()["error"]["code"]) == (401, "InvalidToken")
    for path in ("/reset", "/purge", "/clock/set", "/clock/advance", "/clock/stop"):
        assert httpx.post(f"{world.url}{path}", trust_env=False).status_code == 401


@pytest.mark.parametrize(
    ("asker", "status"), [("172.18.0.1", 200), ("8.8.8.8", 403), ("not an address", 403), ("127.0.0.1", 200)]
)
def test_others_than_this_machine_are_admitted_by_name(asker: str, status: int) -> None:
    unused = cast(Any, None)
    with arm_world() as arm:
        world = WorldControls(arm.ports.store, clock_of(arm.ports.store), unused, unused, unused, unused)
        networks = [ip_network("172.16.0.0/12"), ip_network("fd00::/8")]
        app = control.build(
            control.Controls(TOKEN, arm.ports.store, unused, unused, world, unused, unused, unused, unused, networks)
        )

        async def ask() -> httpx.Response:
            transport = httpx.ASGITransport(app, client=(asker, 1))
            async with httpx.AsyncClient(transport=transport, base_url="http://sim") as client:
                return await client.get("/clock", headers={"Authorization": f"Bearer {TOKEN}"})

        assert asyncio.run(ask()).status_code == status


def test_the_endpoints_are_those_of_the_file(world: Controlled) -> None:
    assert world.ask("GET", "/endpoints").json() == {"schema_version": 1, "arm": "x"}


# --------------------------------------------------------------------------------------------------------------- events


NOON = datetime(2026, 11, 1, 12, tzinfo=UTC)


def test_the_journal_comes_by_pages(world: Controlled) -> None:
    numbers = [world.arm.ports.store.record(Event(f"event.{n}", "service", job=f"job{n % 2}")) for n in range(4)]
    found = world.ask("GET", "/events", since=numbers[0], limit=2).json()["events"]
    assert [event["id"] for event in found] == numbers[1:3]
    keys = {"id", "schema", "name", "party", "time", "monotonic_seconds", "parent", "job", "vm", "data"}
    assert {frozenset(event) for event in found} == {frozenset(keys)}
    assert [event["name"] for event in world.ask("GET", "/events", job="job1").json()["events"]] == [
        "event.1",
        "event.3",
    ]


def test_a_page_reads_in_the_order_in_which_things_happened(world: Controlled) -> None:
    """Machines tell their events later than the service tells its own."""
    store = world.arm.ports.store

    def record(name: str, second: int, monotonic: float, parent: int | None = None) -> int:
        time = NOON + timedelta(seconds=second)
        return store.record(Event(name, "service", parent=parent, time=time, monotonic_seconds=monotonic))

    first = record("asked", 1, 10.0)
    judged = record("judged", 3, 12.0, first)
    record("frozen", 2, 11.0, first)
    record("thawed", 3, 11.5, first)
    last = record("by a clock that is late", 1, 9.0, judged)
    told = world.ask("GET", "/events", since=first - 1).json()
    assert [event["name"] for event in told["events"]] == [
        "asked",
        "frozen",
        "thawed",
        "judged",
        "by a clock that is late",
    ]
    assert told["last"] == last


def test_each_page_says_where_the_next_one_begins(world: Controlled) -> None:
    store = world.arm.ports.store
    backwards = [store.record(Event(f"event.{n}", "service", time=NOON - timedelta(seconds=n))) for n in range(5)]
    since, pages = backwards[0] - 1, []
    while (page := world.ask("GET", "/events", since=since, limit=2).json())["events"]:
        pages.append([event["id"] for event in page["events"]])
        since = page["last"]
    assert pages == [backwards[1::-1], backwards[3:1:-1], backwards[4:]]
    assert page == {"events": [], "last": backwards[-1]}


def test_an_event_shows_the_version_that_it_was_written_with(world: Controlled) -> None:
    """Whatever version the catalogue has by now."""
    store = world.arm.ports.store
    number = store.record(JobState("InProgress").event(job="job"))
    store.record(Event(JobState.NAME, "service", schema=JobState.VERSION + 1))
    shown = world.ask("GET", "/events", since=number - 1).json()["events"]
    assert [event["schema"] for event in shown] == [JobState.VERSION, JobState.VERSION + 1]


def test_a_page_has_what_machines_have_told_and_nobody_has_written_yet() -> None:
    unused = cast(Any, None)
    with arm_world(catalogued=False) as arm:
        store = arm.ports.store

        def full() -> None:
            raise StorageFull("no room")

        def write() -> None:
            store.record(JobState("InProgress").event(job="job"))

        of = partial(WorldControls, store, clock_of(store), unused, unused, unused, unused)
        since = of().page(0, 10_000, None)["last"]
        assert [event["job"] for event in of(write).page(since, 10, None)["events"]] == ["job"]
        assert [event["job"] for event in of(full).page(since, 10, None)["events"]] == ["job"]


def test_a_follower_sees_what_happens_as_it_happens_and_nothing_twice(world: Controlled) -> None:
    store = world.arm.ports.store
    first, second = (store.record(Event(name, "service")) for name in ("before", "last seen"))
    headers = {"Authorization": f"Bearer {TOKEN}", "Last-Event-ID": str(first)}
    with (
        httpx.Client(trust_env=False, timeout=30) as client,
        client.stream("GET", f"{world.url}/events?follow=true", headers=headers) as stream,
    ):
        assert stream.headers["content-type"].startswith("text/event-stream")
        lines = stream.iter_lines()
        assert next(event_of(lines)) == (second, "last seen")
        third = store.record(Event("while somebody looks", "service", {"größe": 1}))
        assert next(event_of(lines)) == (third, "while somebody looks")


def event_of(lines: Iterator[str]) -> Iterator[tuple[int, str]]:
    """The next events of a stream."""
    for line in lines:
        if line.startswith("data: "):
            shown = json.loads(line.removeprefix("data: "))
            yield shown["id"], shown["name"]


# -------------------------------------------------------------------------------------------------------------- limits


def test_reads_are_counted_and_are_no_events(world: Controlled) -> None:
    store, before = world.arm.ports.store, world.ask("GET", "/limits").json()["counted"]
    events = len(store.events(limit=10_000))
    world.arm.request("GET", VAULT)
    world.arm.request("GET", VAULT)
    after = world.ask("GET", "/limits").json()["counted"]
    assert after["reads"] == before["reads"] + 2
    assert len(store.events(limit=10_000)) == events


def test_limits_are_switched_on_and_filled_up(world: Controlled) -> None:
    assert world.ask("GET", "/limits").json()["enforced"] is False
    assert world.ask("POST", "/limits", {"enforced": True}).json()["enforced"] is True
    assert world.limits.enforced
    for _ in range(50):
        world.arm.request("DELETE", GROUP)
    left = world.ask("GET", "/limits").json()["left"]
    assert left["subscription-deletes"] < 200
    assert world.ask("POST", "/limits", {"refill": True}).json()["left"]["subscription-deletes"] == 200
    assert world.limits.enforced, "filling up changes nothing else"


# ----------------------------------------------------------------------------------------------------------------- pace


def test_the_pace_is_shown_and_changed_key_by_key(world: Controlled) -> None:
    world.ask("POST", "/pace", {"seconds": 5, "kinds": {"Restore": 20, "Backup": 1}, "hold": ["take snapshot"]})
    world.ask("POST", "/pace", {"kinds": {"Backup": None}})
    shown = world.ask("GET", "/pace").json()
    assert "Transfer data to vault" in shown.pop("steps")
    assert shown == {
        "seconds": 5,
        "kinds": {"Restore": 20},
        "plausible": False,
        "held": ["Take Snapshot"],
        "waiting": [],
    }
    assert world.ask("POST", "/pace", {"plausible": True}).json()["plausible"] is True
    assert world.ask("POST", "/pace", {"seconds": 5}).json()["plausible"] is True
    world.ask("POST", "/reset")
    assert world.ask("GET", "/pace").json()["held"] == [], "what is held belongs to the jobs that are gone"
    assert world.ask("GET", "/pace").json()["seconds"] == 5


@pytest.mark.parametrize(
    ("body", "said"),
    [
        ({"kinds": {"Restores": 20}}, "Restores is not a kind of job; the kinds are Backup, "),
        ({"hold": ["Fly"]}, "Fly is not a step that can be held; the steps are "),
        ({"seconds": -1}, "a pace of -1 seconds is not possible"),
    ],
)
def test_what_is_no_pace_is_refused(world: Controlled, body: Json, said: str) -> None:
    answer = world.ask("POST", "/pace", body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")
    assert answer.json()["error"]["message"].startswith(said)
    assert world.ask("GET", "/pace").json()["held"] == []


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/pace", {"seconds": True}),
        ("/pace", {"seconds": "5"}),
        ("/pace", {"kinds": {"Restore": True}}),
        ("/pace", {"plausible": 1}),
        ("/limits", {"enforced": 1}),
        ("/limits", {"refill": "yes"}),
        ("/clock/set", {"rate": True}),
        ("/clock/advance", {"resume": "yes"}),
        ("/clock/advance", {"by": 30}),
        ("/workload", {"vm": "x", "transactions": True}),
        ("/files", {"vm": "x", "lun": True, "mebibytes": 1}),
        ("/files", {"vm": "x", "lun": 0, "mebibytes": "1"}),
    ],
)
def test_a_value_of_another_type_is_not_taken_for_one(world: Controlled, path: str, body: Json) -> None:
    answer = world.ask("POST", path, body)
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")
    assert world.ask("GET", "/pace").json()["seconds"] == 0


# ------------------------------------------------------------------------------------------------------ what is unknown


@pytest.mark.parametrize(
    ("method", "path", "body", "said"),
    [
        (
            "POST",
            "/limits",
            {"enforce": True},
            "POST /_sim/limits does not know the key enforce; it takes enforced",
        ),
        ("POST", "/reset", {"hard": True}, "POST /_sim/reset does not know the key hard; it takes none"),
        ("GET", "/clock?zone=UTC", None, "GET /_sim/clock does not know the query parameter zone; it takes none"),
        ("GET", "/events?form=1", None, "GET /_sim/events does not know the query parameter form; it takes follow, "),
        ("POST", "/clock/set?rate=2", {}, "POST /_sim/clock/set does not know the query parameter rate; send "),
    ],
)
def test_an_unknown_key_is_refused_with_those_that_are_known(
    world: Controlled, method: str, path: str, body: Json | None, said: str
) -> None:
    address, _, query = path.partition("?")
    answer = world.ask(method, address, body, **dict(part.split("=") for part in query.split("&") if part))
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "UnknownKey")
    assert answer.json()["error"]["message"].startswith(said)


@pytest.mark.parametrize(
    ("path", "body", "said"),
    [
        ("/reset", b"[]", "the body of POST /_sim/reset is no JSON object"),
        ("/reset", b'{"hard": ' + b"1" * 5000 + b"}", "the body of POST /_sim/reset is no JSON in UTF-8"),
        ("/purge", b"{", "the body of POST /_sim/purge is no JSON in UTF-8"),
        ("/pace", b'{"hold": ["\\ud800"]}', "the body of POST /_sim/pace is no JSON in UTF-8"),
        ("/pace", b"[" * 100_000, "There was an error parsing the body"),
        ("/pace", b"null", "the body of POST /_sim/pace is no JSON object"),
    ],
)
def test_a_body_that_is_no_object_is_refused_and_nothing_is_done(
    world: Controlled, path: str, body: bytes, said: str
) -> None:
    world.arm.add_group()
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json"}
    answer = httpx.post(f"{world.url}{path}", content=body, headers=headers, trust_env=False)
    assert (answer.status_code, answer.json()["error"]) == (400, {"code": "InvalidRequest", "message": said})
    assert world.arm.get(GROUP)["name"] == GROUP.rpartition("/")[2]


@pytest.mark.parametrize("path", ["", "/"])
def test_the_root_of_the_control_api_says_what_there_is(world: Controlled, path: str) -> None:
    answer = world.ask("GET", path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NotFound")
    assert "it has /_sim/clock, /_sim/clock/advance, " in answer.json()["error"]["message"]


@pytest.mark.parametrize(("key", "number"), [("since", 2**63), ("limit", -1)])
def test_numbers_that_the_journal_cannot_have_are_refused(world: Controlled, key: str, number: int) -> None:
    answer = world.ask("GET", "/events", None, **{key: number})
    assert (answer.status_code, answer.json()["error"]["code"]) == (400, "InvalidRequest")


@pytest.mark.parametrize(
    ("method", "path", "status", "code", "said"),
    [
        ("GET", "/event", 404, "NotFound", "the control API has no /_sim/event; did you mean /_sim/events?"),
        ("GET", "/zzzzzzzzzzzz", 404, "NotFound", "the control API has no /_sim/zzzzzzzzzzzz; it has /_sim/clock, "),
        ("GET", "/", 404, "NotFound", "the control API has no /_sim/; "),
        ("GET", "/reset", 405, "MethodNotAllowed", "/_sim/reset does not take GET; use POST"),
    ],
)
def test_an_unknown_path_or_method_is_refused_with_a_hint(
    world: Controlled, method: str, path: str, status: int, code: str, said: str
) -> None:
    answer = world.ask(method, path)
    assert (answer.status_code, answer.json()["error"]["code"]) == (status, code)
    assert answer.json()["error"]["message"].startswith(said)


@pytest.mark.parametrize(
    ("kind", "body", "status", "said"),
    [
        (
            "application/x-www-form-urlencoded",
            b'{"seconds": 5}',
            415,
            "takes JSON; send it with the header Content-Type",
        ),
        ("application/json", b"{seconds: 5}", 400, "the body is not JSON: Expecting property name"),
        ("application/json", b"[5]", 400, "the body of POST /_sim/pace is no JSON object"),
        ("application/json; charset=utf-8", b'{"seconds": 5}', 200, '"seconds":5.0'),
    ],
)
def test_a_body_is_a_json_object_and_says_so(world: Controlled, kind: str, body: bytes, status: int, said: str) -> None:
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": kind}
    with httpx.Client(trust_env=False, timeout=30) as client:
        answer = client.post(f"{world.url}/pace", content=body, headers=headers)
    assert answer.status_code == status
    assert said in answer.text.replace("\\", "")


# ------------------------------------------------------------------------------------------------------ reset and purge


def protect(world: Controlled) -> None:
    world.arm.add_group()
    world.arm.add_machine()
    world.arm.add_vault()
    world.arm.protect()


def test_a_reset_leaves_an_empty_world_that_can_be_filled_again(world: Controlled) -> None:
    protect(world)
    world.arm.post(f"{ITEM}/backup", {"properties": {"objectType": "IaasVMBackupRequest"}})
    last = world.arm.ports.store.events(limit=10_000)[-1].id or 0
    assert len(disks(world)) == 3
    counted = world.ask("POST", "/reset").json()
    assert counted["documents"] > 5
    store = world.arm.ports.store
    assert set(store.kinds()) <= OF_THE_WORLD
    assert world.arm.request("GET", GROUP).status_code == 404
    assert disks(world) == []
    told = [event.name for event in store.events(last)]
    assert told[-1] == "world.reset", "the journal goes on"
    protect(world)
    assert world.arm.get(ITEM)["properties"]["protectionState"] == "IRPending"


def disks(world: Controlled) -> list[Blob]:
    return list(world.arm.ports.blobs.find("sql01disks", "vhds"))


def test_a_purge_ends_what_is_soft_deleted_and_nothing_else(world: Controlled) -> None:
    protect(world)
    assert world.ask("POST", "/purge").json() == {"items": 0, "recovery_points": 0, "vaults": 0}
    assert world.arm.request("GET", ITEM).status_code == 200
    world.arm.request("DELETE", ITEM)
    world.arm.settle()
    assert world.arm.get(ITEM)["properties"]["isScheduledForDeferredDelete"] is True
    assert world.ask("POST", "/purge").json() == {"items": 1, "recovery_points": 0, "vaults": 0}
    assert world.arm.request("GET", ITEM).status_code == 404
    assert world.arm.ports.store.find(ITEMS) == []
    assert world.arm.ports.store.find(POINTS) == []
    assert world.arm.request("GET", VM).status_code == 200


def test_a_purge_ends_deleted_vaults_with_what_they_kept(world: Controlled) -> None:
    protect(world)
    world.arm.request("DELETE", ITEM)
    world.arm.settle()
    assert world.arm.request("DELETE", VAULT).status_code == 202
    deleted = f"{SUBSCRIPTION}/providers/Microsoft.RecoveryServices/locations/westus/deletedVaults"
    assert len(world.arm.get(deleted)["value"]) == 1
    assert world.ask("POST", "/purge").json() == {"items": 1, "recovery_points": 0, "vaults": 1}
    assert world.arm.get(deleted)["value"] == []
    assert world.arm.ports.store.find(ITEMS) == []


def test_a_reset_ends_machines_with_all_that_was_on_their_disks(tmp_path: Path) -> None:
    world = host_setting.World(tmp_path)
    with arm_world() as arm, world.host() as host:
        world.started()
        assert (tmp_path / machine_key(host_setting.VM)).exists()
        ports = arm.ports
        ports = type(ports)(
            clock=world.clock,
            blobs=ports.blobs,
            store=world.store,
            fabric=world.fabric,
            chance=ports.chance,
            settings=ports.settings,
            vault_blobs=ports.vault_blobs,
        )
        ended: list[str] = []
        resetter = Resetter(ports, arm.engine, host, Pace(world.store), lambda: ended.append("advance"))
        assert resetter.reset()["machines"] == 1
        assert ended == ["advance"], "which would go on to begin what is due"
        assert host.machines() == []
        assert not (tmp_path / machine_key(host_setting.VM)).exists()
        world.started()
        assert world.view().agent_status == "Ready", "there may be one of that name again"
        world.fabric.delete_vm(host_setting.VM)
        resetter.reset()
        assert host.machines() == [], "a machine that somebody deleted is no hindrance"


# --------------------------------------------------------------------------------------------------------- vault check


def test_a_check_of_the_vaults_is_an_operation(world: Controlled) -> None:
    begun = world.ask("POST", "/vaultcheck", {"read_data_percent": 100})
    assert begun.status_code == 202
    operation = ended(world, begun.json()["id"])
    assert operation["status"] == "Succeeded"
    assert (operation["report"]["problems"], operation["report"]["healthy"]) == ([], True)
    assert world.ask("GET", "/vaultcheck", id="77").json()["error"]["code"] == "NoSuchCheck"


def ended(world: Controlled, id: str) -> Json:
    while (operation := world.ask("GET", "/vaultcheck", id=id).json())["status"] == "InProgress":
        pass
    return cast(Json, operation)


def test_a_vault_that_is_not_there_and_a_share_of_more_than_all_are_refused(world: Controlled) -> None:
    answer = world.ask("POST", "/vaultcheck", {"vault": "nobody's"})
    assert (answer.status_code, answer.json()["error"]["code"]) == (404, "NoSuchVault")
    assert world.ask("POST", "/vaultcheck", {"read_data_percent": 101}).status_code == 400
    assert world.ask("POST", "/vaultcheck", {"repair": True}).json()["error"]["code"] == "UnknownKey"
