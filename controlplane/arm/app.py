"""What every ARM answer obeys: token, api-version, request ids, error envelope; and the table of all operations.

ARM requests never reach the router. One ASGI middleware authenticates them, finds the operation in a table by one look,
runs it (reads at once, everything else in a thread) and turns whatever was raised into the error envelope.
"""

from __future__ import annotations

import asyncio
import logging
import threading
import time
from collections.abc import Callable, Mapping
from dataclasses import replace
from functools import cache, partial
from http import HTTPStatus
from urllib.parse import parse_qsl

from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import JSONResponse, Response
from starlette.types import ASGIApp, Receive, Scope, Send

from controlplane.arm.alerts_management import routes as alerts_management
from controlplane.arm.authorization import routes as authorization
from controlplane.arm.compute import routes as compute
from controlplane.arm.data_protection import routes as data_protection
from controlplane.arm.edge import api_versions, openapi, unsimulated
from controlplane.arm.edge.call import Answer, Call, as_json, encode
from controlplane.arm.edge.dispatch import Operations, answered, begun, check
from controlplane.arm.edge.error_mapping import as_service_error
from controlplane.arm.edge.internal_client import InternalClient
from controlplane.arm.edge.long_poll import LongPolls
from controlplane.arm.edge.rate_limits import RateLimits
from controlplane.arm.edge.reply import Raw, Reply, outside_of_requests
from controlplane.arm.edge.routing import Route, RouteMatch, Table, group_resources, operation_name, split, type_of
from controlplane.arm.insights import routes as insights
from controlplane.arm.managed_identity import routes as managed_identity
from controlplane.arm.network import routes as network
from controlplane.arm.recovery_services import routes as recovery_services
from controlplane.arm.resource_graph import query as resource_graph
from controlplane.arm.resources import routes as resources
from controlplane.arm.sign_in import routes as sign_in
from controlplane.arm.sign_in.aad import Identity, Tokens
from controlplane.arm.storage import routes as storage
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import REQUEST_CONTENT_TOO_LARGE
from controlplane.domain.events import service as events
from controlplane.ports import Engine, Ports

ROOTS = {"subscriptions", "providers", "tenants"}
"""The first segments of ARM paths. Everything else, such as signing in, is answered without a token."""

PROVIDERS = (
    recovery_services,
    data_protection,
    compute,
    network,
    managed_identity,
    storage,
    resources,
    insights,
    alerts_management,
)
ROUTES: tuple[Route, ...] = tuple(route for provider in PROVIDERS for route in provider.ROUTES)
"""The operations of each resource type."""

_log = logging.getLogger(__name__)


def build(
    ports: Ports,
    engine: Engine,
    identity: Identity,
    limits: RateLimits | None = None,
    strict_versions: bool = False,
    works: Callable[[], bool] = lambda: False,
) -> Starlette:
    """The service's HTTP face. Add routes of your own to it as you like: they are outside ARM and ask for no token.

    `strict_versions`: an api-version that a resource type does not know is refused, as the real service does. `works`
    says whether anybody works, so that it is worth to hold an answer back where time stands.
    """
    tokens = Tokens(identity)
    edge = Middleware(
        Arm,
        ports=ports,
        engine=engine,
        tokens=tokens,
        operations=Operations(identity, _table()),
        limits=limits or RateLimits(),
        strict_versions=strict_versions,
        works=works,
    )
    outside = [
        *openapi.open_routes(_table().routes),
        *sign_in.open_routes(tokens),
        *recovery_services.open_routes(ports),
    ]
    return Starlette(routes=outside, middleware=[edge], exception_handlers={HTTPException: _outside_arm})


def refused_unread(status: HTTPStatus, sentence: str) -> tuple[Raw, bytes]:
    """Headers and body of the answer to a request that its listener refuses before anything here sees it: for its size,
    its form, or its slowness."""
    is_too_large = status == HTTPStatus.REQUEST_ENTITY_TOO_LARGE
    code = REQUEST_CONTENT_TOO_LARGE.code if is_too_large else _code_of(status)
    return outside_of_requests(), encode({"error": {"code": code, "message": sentence}})


def internal_client(ports: Ports, engine: Engine, identity: Identity) -> InternalClient:
    """How jobs use the same operations."""
    kinds = [type_of(path).lower() for path in group_resources(ROUTES)]
    return InternalClient(ports, engine, identity, Operations(identity, _table()), kinds)


@cache
def _table() -> Table:
    """The same for every world: it knows paths, and no ports."""
    return Table(all_routes())


def all_routes() -> tuple[Route, ...]:
    """Every operation: of each resource type, of what exists for all types alike, and those refused by name."""
    below = (*authorization.below(ROUTES), *insights.below(ROUTES))
    described = (*ROUTES, *recovery_services.listing(ROUTES), *resource_graph.routes(ROUTES), *below)
    simulated = (*described, *resources.over_all(ROUTES, described))
    return (*simulated, *unsimulated.routes(simulated))


class Arm:
    """The middleware. Paths outside ARM pass through it and get the request ids and the error envelope too."""

    def __init__(
        self,
        app: ASGIApp,
        ports: Ports,
        engine: Engine,
        tokens: Tokens,
        operations: Operations,
        limits: RateLimits,
        strict_versions: bool,
        works: Callable[[], bool],
    ) -> None:
        self._app = app
        self._ports = ports
        self._engine = engine
        self._tokens = tokens
        self._operations = operations
        self._limits = limits
        self._strict_versions = strict_versions
        self._long_polls = LongPolls(works)
        self._place = ports.settings.location.upper()

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return
        headers = {name.decode("latin-1").lower(): value.decode("latin-1") for name, value in scope["headers"]}
        reply = Reply(send, headers, self._place)
        left: dict[str, str] = {}
        head = scope["method"] == "HEAD"
        try:
            if scope["path"].lstrip("/").partition("/")[0].lower() in ROOTS:
                answer = await self._answer(scope, receive, headers, left, reply.correlation_id)
                await reply.answer(answer, left, head)
            else:
                await self._app(scope, receive, reply.send)
        except ClientDisconnect:
            return  # while its body was read: nobody hears an answer
        except Exception as error:
            if reply.started:
                raise
            await reply.answer(_error_answer(error, self._tokens.identity), left, head)

    async def _answer(
        self,
        scope: Scope,
        receive: Receive,
        headers: Mapping[str, str],
        left: dict[str, str],
        correlation_id: str,
    ) -> Answer:
        """The answer to one ARM request; whatever is wrong with it is raised. `left` takes the caller's limits."""
        base_url = f"{scope['scheme']}://{headers.get('host', 'localhost')}"
        caller = self._tokens.check(headers.get("authorization"))
        path = scope["path"]
        left.update(self._limits.take(scope["method"], _subscription(path), caller))
        query = _query(scope)
        api_versions.check(query.get("api-version"))
        place = self._operations.find(scope["method"], path)
        if self._strict_versions:
            api_versions.check_strictly(query["api-version"], split(place.id), self._ports.settings.location)
        method = scope["method"]
        # HEAD asks whether there is something, which is known where GET is.
        asks_only = method == "HEAD" and "HEAD" not in place.routes
        route = place.routes.get("GET" if asks_only else method)
        if route is None:
            if method == "OPTIONS":
                return Answer(headers={"Allow": _allowed(place)})
            return _refused(self._operations.missing(method, place), place)
        call = Call(
            ports=self._ports,
            engine=self._engine,
            identity=self._tokens.identity,
            method=route.method,
            id=place.id,
            names=place.names,
            query=query,
            headers=headers,
            content=b"" if route.method in {"GET", "HEAD"} else await _body(receive),
            base_url=base_url,
            dispatcher=self._operations,
            caller=caller,
            correlation_id=correlation_id,
        )
        if route.method != "GET":
            call = self._begun(call, caller, correlation_id)
        if route.unfinished is not None:
            await self._long_polls.hold(call.ports.clock, partial(route.unfinished, call))
        answer = await self._run_watched(route, call, receive) if route.blocks else route.run(call)
        return Answer(204, headers=answer.headers) if asks_only and answer.status == 200 else answer

    async def _run_watched(self, route: Route, call: Call, receive: Receive) -> Answer:
        """Run a request in a thread, and tell it when its client leaves."""
        if call.method == "GET":
            return await run_in_threadpool(self._run, route, call)
        left = threading.Event()
        watch = asyncio.create_task(_watch_for_leaving(receive, left))
        try:
            return await run_in_threadpool(self._run, route, replace(call, cancelled=left.is_set))
        finally:
            watch.cancel()

    def _run(self, route: Route, call: Call) -> Answer:
        """A request that may block, and the event of its answer if it may change something."""
        if call.method == "GET":
            return route.run(call)
        code = None
        try:
            check(call)
            result = route.run(call)
        except Exception as error:  # noqa: BLE001 - what the client is told is an event too
            refusal = as_service_error(error)
            code = refusal.code if refusal else None
            result = _error_answer(error, call.identity)
        answered(call, result, code)
        return result

    def _begun(self, call: Call, caller: str, correlation_id: str) -> Call:
        """A request that may change something, with the event that it begins with."""
        request = events.ArmRequest(
            operation=operation_name(call.method, split(call.id)),
            id=call.id,
            api_version=call.query["api-version"],
            caller=caller,
            correlation_id=correlation_id,
        )
        return begun(call, request.event(time=call.ports.clock.now(), monotonic_seconds=time.monotonic()))


async def _body(receive: Receive) -> bytes:
    content = bytearray()
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            raise errors.invalid_content("the connection ended before the request did")
        content += message.get("body", b"")
        if not message.get("more_body", False):
            return bytes(content)


async def _watch_for_leaving(receive: Receive, left: threading.Event) -> None:
    while (await receive())["type"] != "http.disconnect":
        continue
    left.set()


def _query(scope: Scope) -> dict[str, str]:
    pairs = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
    return {key.lower(): value for key, value in pairs}


def _subscription(path: str) -> str | None:
    """Whose limits a request counts against; None: the tenant's."""
    first, _, rest = path.lstrip("/").partition("/")
    return rest.lstrip("/").partition("/")[0] or None if first.lower() == "subscriptions" else None


def _refused(error: ServiceError, place: RouteMatch) -> Answer:
    refusal = _envelope(error)
    return Answer(refusal.status, refusal.content, {"Allow": _allowed(place)} if refusal.status == 405 else {})


def _allowed(place: RouteMatch) -> str:
    return ", ".join(sorted(place.routes))


def _error_answer(error: Exception, identity: Identity) -> Answer:
    """What the client is told of an exception."""
    refusal = as_service_error(error)
    if refusal is None:
        _log.error("a request ended in an unexpected error", exc_info=error)
        refusal = errors.internal_error()
    headers = {}
    if refusal.status == 401:
        place = f"https://login.microsoftonline.com/{identity.tenant_id}"
        headers["WWW-Authenticate"] = f'Bearer authorization_uri="{place}", error="invalid_token"'
    if refusal.retry_after_seconds:
        headers["Retry-After"] = str(refusal.retry_after_seconds)
    return as_json(refusal.envelope(), refusal.status, headers)


def _envelope(error: ServiceError) -> Answer:
    return as_json(error.envelope(), error.status)


async def _outside_arm(request: Request, error: Exception) -> Response:
    """Refusals of routes outside ARM, in the same envelope."""
    assert isinstance(error, HTTPException)
    body = {"error": {"code": _code_of(HTTPStatus(error.status_code)), "message": str(error.detail)}}
    return JSONResponse(body, error.status_code, headers=error.headers)


def _code_of(status: HTTPStatus) -> str:
    return status.phrase.replace(" ", "").replace("-", "")
