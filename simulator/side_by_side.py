"""What one port of a world serves: ARM, and below prefixes of their own the control API and the page."""

from __future__ import annotations

from asyncio import wrap_future
from collections.abc import Callable, Mapping
from concurrent.futures import Future
from contextlib import ExitStack
from dataclasses import dataclass
from time import monotonic

from controlplane.arm.sign_in.aad import TOKEN_SECONDS, Identity, Tokens
from controlplane.json_object import Json
from simulator.serving import Application, Message, Receive, Send, WhenAsked

PAGE_PREFIX = "/_page"
AUDIENCE = "https://management.azure.com"


def side_by_side(service: Application, others: Mapping[str, Application]) -> Application:
    """`others` by their prefixes; every other request is for the service."""

    async def dispatch(scope: Message, receive: Receive, send: Send) -> None:
        if scope["type"] == "http":
            for prefix, other in others.items():
                if f"{scope['path']}/".startswith(f"{prefix}/"):
                    await other(dict(scope) | {"root_path": prefix}, receive, send)
                    return
        await service(scope, receive, send)

    return dispatch


def when_ready(made: Future[Application]) -> Application:
    """Requests to it wait until it is made."""

    async def waiting(scope: Message, receive: Receive, send: Send) -> None:
        await (await wrap_future(made))(scope, receive, send)

    return waiting


@dataclass(frozen=True)
class Reach:
    """`host` is where ARM listens, `password` what opens the page to other machines, by HTTPS; None: nothing does."""

    host: str
    password: str | None = None


def page(
    service: Application,
    controls: Application,
    identity: Identity,
    endpoints: Callable[[], Json],
    reach: Reach,
    keep: ExitStack,
) -> Application:
    """The page of a world, which is loaded with the first request to it; `keep` ends it."""

    def build() -> Application:
        from simulator.dashboard import app as dashboard
        from simulator.dashboard.guard import LOOPBACK_NAMES
        from simulator.dashboard.page import Page, PageContext
        from simulator.dashboard.sessions import Sessions

        names = frozenset({*LOOPBACK_NAMES, reach.host.lower()})
        sessions = Sessions(password=reach.password)
        context = PageContext(endpoints, service, controls, arm_token(identity), names, sessions)
        made = Page(context)
        keep.callback(made.close)
        return dashboard.build(made)

    return WhenAsked(build)


def arm_token(identity: Identity, now: Callable[[], float] = monotonic) -> Callable[[], str]:
    """Gives a token of the world's application that is good for at least half of the time that tokens are."""
    tokens = Tokens(identity)
    issued: tuple[float, str] | None = None

    def token() -> str:
        nonlocal issued
        if issued is None or now() - issued[0] > TOKEN_SECONDS / 2:
            issued = now(), tokens.issue(AUDIENCE)
        return issued[1]

    return token
