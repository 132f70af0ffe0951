"""The bridge between a handler and its guest: the contract's messages, and what happens when either end goes."""

from __future__ import annotations

import json
import socket
import threading
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from dataclasses import dataclass, replace
from datetime import UTC, datetime
from http.client import HTTPConnection, HTTPResponse
from queue import SimpleQueue
from typing import Any

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from extension.contract import bridge
from simulator.guest.vss.snapshot_set import NoSuchSession
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import FREEZES, WireServer
from simulator.serving import Serving
from tests.unit.simulator.host.wire_fakes import FACTS, TOKEN, FakeGuest, FakeMachine
from tests.virtual_clock import VirtualClock

PATIENCE_SECONDS = 10


@dataclass
class Handler:
    """A handler's side of the bridge."""

    address: str
    prefix: str
    token: str = TOKEN

    def call(self, method: str, verb: str, body: Any = None) -> tuple[int, Any]:
        connection = HTTPConnection(self.address, timeout=10)
        try:
            headers = {"Authorization": f"Bearer {self.token}"} if self.token else {}
            data = body if isinstance(body, bytes) or body is None else json.dumps(body)
            connection.request(method, f"{self.prefix}/bridge/{verb}", data, headers)
            answer = connection.getresponse()
            return answer.status, json.loads(answer.read())
        finally:
            connection.close()

    def session(self, task_id: str = "task_1") -> tuple[str, HTTPResponse, socket.socket]:
        connection = HTTPConnection(self.address, timeout=10)
        path = f"{self.prefix}/bridge/session?task_id={task_id}"
        connection.request("GET", path, headers={"Authorization": f"Bearer {self.token}"})
        line = connection.sock
        answer = connection.getresponse()
        assert answer.status == 200
        return json.loads(answer.readline())["session"], answer, line


@dataclass
class Setting:
    server: WireServer
    machine: FakeMachine
    guest: FakeGuest
    handler: Handler


@contextmanager
def a_setting(freeze_patience_seconds: float = 30.0) -> Iterator[Setting]:
    clock = VirtualClock(datetime(2026, 1, 1, tzinfo=UTC))
    server = WireServer(clock, MemoryBlobs(), PackageRepository(), freeze_patience_seconds)
    guest = FakeGuest()
    machine = FakeMachine(guest=guest)
    server.attach(machine)
    serving = Serving(server.app)
    server.address = serving.address
    yield Setting(server, machine, guest, Handler(serving.address, f"/vm/{machine.key}"))
    server.close()
    serving.close()


@pytest.fixture
def setting() -> Iterator[Setting]:
    with a_setting() as setting:
        yield setting


def test_a_script_tells_a_workload_to_rest_and_to_go_on(setting: Setting) -> None:
    def tell(act: str, **more: Any) -> tuple[int, Any]:
        return setting.handler.call("POST", "workload", {"workload": "database", "act": act, **more})

    assert tell("freeze", seconds=60) == (200, {"at_rest": True})
    assert tell("status") == (200, {"at_rest": True})
    assert tell("thaw") == (200, {"at_rest": False})
    assert tell("stop") == (409, {"error": "no stop of database here"})
    assert tell("freeze", seconds="soon")[0] == 400
    assert setting.handler.call("POST", "workload", {})[0] == 400
    assert replace(setting.handler, token="").call("POST", "workload", {})[0] == 401


def test_facts_volumes_and_time(setting: Setting) -> None:
    status, facts = setting.handler.call("GET", "facts")
    assert status == 200
    assert bridge.Facts(**facts) == FACTS
    assert setting.handler.call("GET", "volumes")[1]["volumes"][0]["name"] == "F:\\"
    assert setting.handler.call("GET", "now")[1] == {"now": "2026-11-22T19:13:27.466585Z", "ahead_seconds": -90.0}


def test_whoever_is_let_in_is_a_sign_of_life(setting: Setting) -> None:
    for heard, verb in enumerate(("facts", "volumes", "now", "nonsense"), 1):
        setting.handler.call("GET", verb)
        assert setting.machine.heard == heard
    replace(setting.handler, token="wrong").call("GET", "facts")
    assert setting.machine.heard == 4


def test_freeze_and_thaw_within_a_session(setting: Setting) -> None:
    session, answer, _ = setting.handler.session("task_1")
    request = bridge.to_json(bridge.FreezeRequest(session, 10.0))
    status, report = setting.handler.call("POST", "freeze", request)
    assert status == 200
    assert bridge.freeze_report(report).writers[0].name == "SqlServerWriter"
    status, report = setting.handler.call("POST", "thaw", {"session": session})
    assert status == 200
    assert bridge.thaw_report(report) == bridge.ThawReport(True, 12.5)
    answer.close()


def test_writers_can_be_left_alone(setting: Setting) -> None:
    session, answer, _ = setting.handler.session()
    request = bridge.to_json(bridge.FreezeRequest(session, 10.0, writers=False))
    assert setting.handler.call("POST", "freeze", request)[1]["writers"] == []
    answer.close()


def test_a_thaw_without_freeze_is_the_wrong_moment(setting: Setting) -> None:
    session, answer, _ = setting.handler.session()
    assert setting.handler.call("POST", "thaw", {"session": session})[0] == 409
    answer.close()


def test_a_freeze_of_nobody_is_refused(setting: Setting) -> None:
    assert setting.handler.call("POST", "freeze", {"session": "x", "timeout_seconds": 1})[0] == 404


@pytest.mark.parametrize("body", [b"", b"[]", b"{}", b'{"session": 1}', b'{"session": "s", "timeout_seconds": "x"}'])
def test_malformed_messages_are_refused(setting: Setting, body: bytes) -> None:
    status, answer = setting.handler.call("POST", "freeze", body)
    assert (status, type(answer["error"])) == (400, str)


@pytest.mark.parametrize("token", ["", "wrong", TOKEN + "x"])
@pytest.mark.parametrize(("method", "verb"), [("GET", "session"), ("GET", "facts"), ("POST", "freeze"), ("GET", "x")])
def test_only_the_token_of_the_machine_opens(setting: Setting, method: str, verb: str, token: str) -> None:
    setting.handler.token = token
    status, answer = setting.handler.call(method, verb, b"" if method == "POST" else None)
    assert status == 401
    assert TOKEN not in answer["error"]
    assert setting.guest.made == 0


def test_an_unknown_verb_is_404(setting: Setting) -> None:
    assert setting.handler.call("GET", "x")[0] == 404
    assert setting.handler.call("POST", "facts", b"")[0] == 404


def test_a_machine_that_is_off_has_no_guest(setting: Setting) -> None:
    setting.machine.guest = None
    assert setting.handler.call("GET", "facts") == (409, {"error": "this machine is not running"})


def test_a_requester_that_dies_is_noticed_at_once(setting: Setting) -> None:
    session, answer, line = setting.handler.session()
    setting.handler.call("POST", "freeze", {"session": session, "timeout_seconds": 10})
    assert setting.guest.frozen == session
    line.shutdown(socket.SHUT_RDWR)
    answer.close()
    assert setting.guest.closed.get(timeout=10) == session
    assert setting.guest.frozen is None


def test_two_sessions_end_each_for_itself(setting: Setting) -> None:
    first, first_answer, line = setting.handler.session("one")
    second, second_answer, _ = setting.handler.session("two")
    line.shutdown(socket.SHUT_RDWR)
    first_answer.close()
    assert setting.guest.closed.get(timeout=10) == first
    assert setting.guest.sessions == [second]
    second_answer.close()


def test_a_guest_that_goes_off_ends_its_requesters_lines(setting: Setting) -> None:
    session, answer, _ = setting.handler.session()
    setting.server.end_sessions(setting.machine.key)
    assert answer.read() == b""  # an orderly end, not a broken line
    assert setting.guest.closed.get(timeout=10) == session


def test_the_end_of_the_server_ends_all_lines(setting: Setting) -> None:
    _, answer, _ = setting.handler.session()
    setting.server.close()
    assert answer.read() == b""
    assert not setting.guest.sessions


def test_a_guest_that_refuses_a_session_says_why(setting: Setting) -> None:
    class Refusing(FakeGuest):
        def open_session(self, task_id: str) -> str:
            raise NoSuchSession("the guest is shutting down")

    setting.machine.guest = Refusing()
    assert setting.handler.call("GET", "session") == (404, {"error": "the guest is shutting down"})


class HeldGuest(FakeGuest):
    """Its freezes do not end until they are let go."""

    def __init__(self) -> None:
        super().__init__()
        self.begun: SimpleQueue[str] = SimpleQueue()
        self.let_go = threading.Event()

    def freeze(self, request: bridge.FreezeRequest) -> bridge.FreezeReport:
        self.begun.put(request.session)
        self.let_go.wait(PATIENCE_SECONDS)
        return bridge.FreezeReport(False, 0x80042319, "a writer does not respond")


def test_thaws_pass_while_every_freeze_thread_waits_for_a_writer(setting: Setting) -> None:
    held = HeldGuest()
    other = FakeMachine(key="held-1", guest=held)
    setting.server.attach(other)
    requester = Handler(setting.handler.address, f"/vm/{other.key}")
    session, answer, _ = setting.handler.session()
    request = bridge.to_json(bridge.FreezeRequest(session, 10.0))
    assert setting.handler.call("POST", "freeze", request)[0] == 200
    with ThreadPoolExecutor(FREEZES + 4) as requesters:
        waiting = [requesters.submit(requester.call, "POST", "freeze", request) for _ in range(FREEZES + 4)]
        for _ in range(FREEZES):
            held.begun.get(timeout=PATIENCE_SECONDS)
        assert setting.handler.call("POST", "thaw", {"session": session})[0] == 200
        assert held.begun.empty(), "no more freezes than there are threads for"
        held.let_go.set()
        assert {freeze.result(PATIENCE_SECONDS)[0] for freeze in waiting} == {200}
    answer.close()


def test_a_freeze_for_which_no_thread_comes_free_is_refused_and_says_so() -> None:
    held = HeldGuest()
    with a_setting(freeze_patience_seconds=0.0) as setting, ThreadPoolExecutor(FREEZES) as requesters:
        other = FakeMachine(key="held-1", guest=held)
        setting.server.attach(other)
        requester = Handler(setting.handler.address, f"/vm/{other.key}")
        session, answer, _ = setting.handler.session()
        request = bridge.to_json(bridge.FreezeRequest(session, 10.0))
        waiting = [requesters.submit(requester.call, "POST", "freeze", request) for _ in range(FREEZES)]
        for _ in range(FREEZES):
            held.begun.get(timeout=PATIENCE_SECONDS)
        sentence = "16 machines are freezing, and no more can at once; try again later"
        assert setting.handler.call("POST", "freeze", request) == (503, {"error": sentence})
        held.let_go.set()
        assert {freeze.result(PATIENCE_SECONDS)[0] for freeze in waiting} == {200}
        assert setting.handler.call("POST", "freeze", request)[0] == 200
        answer.close()
