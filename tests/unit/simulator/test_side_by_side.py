"""What one port serves: requests find their application by prefix, and the page's token for ARM is renewed in time."""

from __future__ import annotations

import asyncio
from concurrent.futures import Future

from controlplane.arm.sign_in.aad import TOKEN_SECONDS, Identity, Tokens
from simulator.serving import Application, Message, Receive, Send
from simulator.side_by_side import arm_token, side_by_side, when_ready
from tests.unit.controlplane.arm.arm_world import signing_key


class Noted:
    """An application that notes the paths it was asked for, with what they are below."""

    def __init__(self) -> None:
        self.asked: list[tuple[str, str]] = []

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        self.asked.append((scope["path"], scope.get("root_path", "")))


async def nothing() -> Message:
    return {}


async def ignore(message: Message) -> None:
    return None


def ask(app: Application, path: str) -> None:
    async def asking() -> None:
        await app({"type": "http", "path": path}, nothing, ignore)

    asyncio.run(asking())


def test_a_request_finds_its_application_by_prefix() -> None:
    service, control, page = Noted(), Noted(), Noted()
    app = side_by_side(service, {"/_sim": control, "/_page": page})
    for path in ("/_sim", "/_sim/clock", "/_page/", "/_pages", "/subscriptions/_sim"):
        ask(app, path)
    assert control.asked == [("/_sim", "/_sim"), ("/_sim/clock", "/_sim")]
    assert page.asked == [("/_page/", "/_page")]
    assert service.asked == [("/_pages", ""), ("/subscriptions/_sim", "")]


def test_a_request_waits_until_its_application_is_made() -> None:
    made: Future[Application] = Future()
    noted = Noted()

    async def scene() -> None:
        asking = asyncio.ensure_future(when_ready(made)({"type": "http", "path": "/x"}, nothing, ignore))
        await asyncio.sleep(0)
        assert not noted.asked
        made.set_result(noted)
        await asking

    asyncio.run(scene())
    assert noted.asked == [("/x", "")]


def test_a_token_is_used_again_until_half_of_its_time_is_over() -> None:
    seconds = 0.0
    identity = Identity(client_secret="secret", signing_key=signing_key())
    token = arm_token(identity, lambda: seconds)
    first = token()
    seconds = TOKEN_SECONDS / 2
    assert token() == first
    seconds += 1
    assert token() != first
    assert Tokens(identity).check(f"Bearer {first}") == Tokens(identity).application.object_id
