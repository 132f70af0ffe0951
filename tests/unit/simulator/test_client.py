"""The client asks how far an advance is less and less often, and no later than it must."""

from __future__ import annotations

import json

import httpx

from simulator.client import LONGEST_POLL_SECONDS, POLL_SECONDS, Client

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
