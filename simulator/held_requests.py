"""An ASGI application around ARM: a request that may change something holds world time while it is served."""

from __future__ import annotations

from collections.abc import Collection
from contextlib import ExitStack

from simulator.clock.served_requests import ServedRequests
from simulator.serving import Application, Message, Receive, Send

ASKS_ONLY = frozenset({"GET", "HEAD", "OPTIONS"})


def holding(service: Application, requests: ServedRequests, roots: Collection[str]) -> Application:
    """The same application. A request of another method to a path below one of these roots holds from the moment its
    body is there, since what a client is slow to send is no work."""

    async def dispatch(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] != "http" or scope["method"] in ASKS_ONLY or _root(scope["path"]) not in roots:
            await service(scope, receive, send)
            return
        with ExitStack() as held:
            what, is_there = f"{scope['method']} {scope['path']}", False

            async def received() -> Message:
                nonlocal is_there
                message = await receive()
                if not is_there and message["type"] == "http.request" and not message.get("more_body", False):
                    is_there = True
                    held.enter_context(requests.served(what))
                return message

            await service(scope, received, send)

    return dispatch


def _root(path: str) -> str:
    return path.lstrip("/").partition("/")[0].lower()
