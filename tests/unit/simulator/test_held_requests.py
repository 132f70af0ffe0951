"""Which requests hold world time while they are served."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import pytest

from simulator.clock.served_requests import ServedRequests
from simulator.held_requests import holding
from simulator.serving import Message, Receive, Send

ROOTS = frozenset({"subscriptions", "providers"})


def served(method: str, path: str, body: Sequence[Message], *, kind: str = "http") -> list[list[str]]:
    """Who holds: before each piece of the body is there, after the last one, and after the request."""
    requests, seen = ServedRequests(), list[list[str]]()
    pieces = list(body)

    async def receive() -> Message:
        return pieces.pop(0)

    async def send(message: Message) -> None: ...

    async def service(scope: Message, receive: Receive, send: Send) -> None:
        seen.append(list(requests.holders()))
        for _ in body:
            await receive()
            seen.append(list(requests.holders()))

    async def ask() -> None:
        await holding(service, requests, ROOTS)({"type": kind, "method": method, "path": path}, receive, send)

    asyncio.run(ask())
    seen.append(list(requests.holders()))
    return seen


def piece(more: bool) -> Message:
    return {"type": "http.request", "body": b"x", "more_body": more}


@pytest.mark.parametrize("method", ["PUT", "POST", "PATCH", "DELETE"])
def test_one_that_may_change_something_holds_once_its_body_is_there(method: str) -> None:
    who = f"{method} /Subscriptions/a"
    assert served(method, "/Subscriptions/a", [piece(True), piece(False)]) == [[], [], [who], []]


def test_what_comes_after_the_body_changes_nothing() -> None:
    seen = served("PUT", "/subscriptions/a", [piece(False), {"type": "http.disconnect"}])
    assert seen == [[], ["PUT /subscriptions/a"], ["PUT /subscriptions/a"], []]


def test_a_client_that_leaves_before_its_body_is_there_holds_nothing() -> None:
    assert served("PUT", "/subscriptions/a", [piece(True), {"type": "http.disconnect"}]) == [[]] * 4


@pytest.mark.parametrize("method", ["GET", "HEAD", "OPTIONS"])
def test_one_that_only_asks_does_not_hold(method: str) -> None:
    assert served(method, "/subscriptions/a", [piece(False)]) == [[]] * 3


@pytest.mark.parametrize("path", ["/tenant/oauth2/v2.0/token", "/ca.pem", "/"])
def test_one_outside_arm_does_not_hold(path: str) -> None:
    assert served("POST", path, [piece(False)]) == [[]] * 3


def test_what_is_no_request_passes_through() -> None:
    assert served("PUT", "/subscriptions/a", [], kind="lifespan") == [[], []]


def test_a_request_that_fails_holds_no_more() -> None:
    requests = ServedRequests()

    async def receive() -> Message:
        return piece(False)

    async def send(message: Message) -> None: ...

    async def service(scope: Message, receive: Receive, send: Send) -> None:
        await receive()
        assert list(requests.holders()) == ["PUT /subscriptions/a"]
        raise LookupError

    async def ask() -> None:
        scope = {"type": "http", "method": "PUT", "path": "/subscriptions/a"}
        await holding(service, requests, ROOTS)(scope, receive, send)

    with pytest.raises(LookupError):
        asyncio.run(ask())
    assert requests.holders() == []
