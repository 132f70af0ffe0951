"""Passes what the page's scripts ask on to ARM and the control API, with the tokens that a browser is never given.

`/_page/arm/subscriptions/...` becomes a request to ARM and `/_page/sim/...` one to the control API, as any client would
make it: the same faults, limits and events. The streams of the control API go through as they come.
"""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Mapping
from dataclasses import dataclass

from starlette.responses import JSONResponse

from simulator.serving import Application, Message, Receive, Send

VIEWS_AT_ONCE = 8
"""Of one listener. A view asks ARM while it is made, so that it takes two threads of the listener: with many at once
there would be none left for ARM."""
NOT_PASSED_ON = frozenset({b"cookie", b"authorization", b"x-backupsim-page"})
THIS_MACHINE = ("127.0.0.1", 0)
"""By whom it is asked: the page asks for whoever has signed in to it, and its guard has looked where they come from."""
HIDDEN = frozenset({"/endpoints"})
"""Of the control API: what only answers with secrets is not for a browser."""


@dataclass(frozen=True)
class Target:
    app: Application
    prefix: str
    """Where it is mounted."""
    token: Callable[[], str]
    hidden: frozenset[str] = frozenset()


@dataclass(frozen=True)
class Relay:
    """`targets`: by the first part of a path behind `prefix`. Every other request is for `app`."""

    app: Application
    prefix: str
    targets: Mapping[str, Target]

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        name, _, rest = scope["path"].removeprefix(f"{self.prefix}/").partition("/")
        target = self.targets.get(name)
        if target is None:
            await self.app(scope, receive, send)
        elif f"/{rest}".rstrip("/") in target.hidden:
            message = "This answer has secrets; ask the control API itself for it."
            await JSONResponse({"error": {"code": "NotForBrowsers", "message": message}}, 403)(scope, receive, send)
        else:
            await target.app(self._passed_on(scope, name, rest, target), receive, send)

    def _passed_on(self, scope: Message, name: str, rest: str, target: Target) -> Message:
        raw = scope.get("raw_path") or scope["path"].encode()
        path = raw.removeprefix(f"{self.prefix}/{name}/".encode())
        headers = [(key, value) for key, value in scope["headers"] if key not in NOT_PASSED_ON]
        return dict(scope) | {
            "path": f"{target.prefix}/{rest}",
            "raw_path": target.prefix.encode() + b"/" + path,
            "root_path": target.prefix,
            "client": THIS_MACHINE,
            "headers": [*headers, (b"authorization", f"Bearer {target.token()}".encode())],
        }


class AtOnce:
    """An application that is asked for so many things at once by each listener; further ones wait."""

    def __init__(self, app: Application, most: int = VIEWS_AT_ONCE) -> None:
        self._app = app
        self._most = most
        self._places: dict[asyncio.AbstractEventLoop, asyncio.Semaphore] = {}

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        places = self._places.setdefault(asyncio.get_running_loop(), asyncio.Semaphore(self._most))
        async with places:
            await self._app(scope, receive, send)
