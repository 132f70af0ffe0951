"""The client: how often it asks while it waits, and what it does not ask for."""

from __future__ import annotations

import json

import httpx
import pytest

from simulator.client import LONGEST_POLL_SECONDS, POLL_SECONDS, SILENCE_SECONDS, Client, RequestFailed

ENDPOINTS = {"sim": "http://sim", "sim_token": "t", "subscription_id": "s"}


class LongAdvance(httpx.BaseTransport):
    """A world whose advance takes so long, by a clock that only the client's pauses move."""

    def __init__(self, seconds: float) -> None:
        self.now = 0.0
        self.pauses: list[float] = []
        self._seconds = seconds

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.pauses.append(seconds)
        self.now += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        status = "ready" if self.now >= self._seconds else "advancing"
        return httpx.Response(200, content=json.dumps({"id": 1, "status": status}))


def test_a_long_advance_is_asked_for_seldom_and_a_short_one_soon() -> None:
    for seconds, most_questions in ((0.1, 2), (10.0, 60), (100.0, 150)):
        world = LongAdvance(seconds)
        with Client(ENDPOINTS, world.pause, monotonic=world.monotonic, transport=world) as client:
            assert client.advance(by="365d")["status"] == "ready"
        assert len(world.pauses) <= most_questions
        assert POLL_SECONDS == world.pauses[0] <= max(world.pauses) <= LONGEST_POLL_SECONDS
        assert world.now - seconds <= max(POLL_SECONDS, seconds / 10), "its end is seen within a tenth of what it took"


class SilentMachine(httpx.BaseTransport):
    """A world in which a resource is never done, and a machine is silent from the tenth second to the twentieth."""

    def __init__(self) -> None:
        self.now = 0.0
        self.questions = 0

    def monotonic(self) -> float:
        return self.now

    def pause(self, seconds: float) -> None:
        self.now += seconds

    def handle_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/handlers/silent"):
            self.questions += 1
            silent = [{"vm": "/x/sql01", "works": ["runs enable"], "seconds": 5.0}] if 10 <= self.now < 20 else []
            return httpx.Response(200, content=json.dumps({"silent": silent}))
        if request.url.path.endswith("/token"):
            return httpx.Response(200, content=json.dumps({"access_token": "t"}))
        return httpx.Response(200, content=json.dumps({"done": self.now >= 40}))


def test_who_waits_is_told_once_of_a_machine_that_falls_silent() -> None:
    world = SilentMachine()
    told: list[tuple[str, float]] = []
    endpoints = {**ENDPOINTS, "arm_http": "http://arm", "tenant_id": "x", "client_id": "x", "client_secret": "x"}
    client = Client(
        endpoints,
        world.pause,
        monotonic=world.monotonic,
        transport=world,
        on_silence=lambda each: told.append((each["vm"], world.now)),
    )
    with client:
        client.wait_for("/x", lambda resource: bool(resource["done"]))
    ((vm, at),) = told
    assert vm == "/x/sql01"
    assert 10 <= at < 10 + 2 * SILENCE_SECONDS
    assert world.questions <= 40 / SILENCE_SECONDS + 1


@pytest.mark.parametrize("name", ["", ".", "..", "%2e", "%2F%2F", "a%2fb", "a\r\nb", "\x00"])
def test_a_path_that_stands_for_another_is_not_asked_for(name: str) -> None:
    asked: list[httpx.Request] = []

    def answer(request: httpx.Request) -> httpx.Response:
        asked.append(request)
        return httpx.Response(200, json={})

    client = Client(ENDPOINTS, transport=httpx.MockTransport(answer))
    with client, pytest.raises(RequestFailed, match="InvalidResourcePath"):
        client.get(f"/subscriptions/x/providers/Microsoft.RecoveryServices/vaults/{name}")
    assert asked == []
