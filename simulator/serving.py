"""Serves an ASGI application on a port, in a separate thread."""

from __future__ import annotations

import errno
import logging
import socket
import threading
from collections.abc import Awaitable, Callable, MutableMapping
from contextvars import copy_context
from pathlib import Path
from typing import Any

import uvicorn
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response

from simulator.bounded_protocol import BoundedConfig, OnDropped
from simulator.bounds import Bounds, Refuse, bounds_of_process, plainly
from simulator.failures import Failure

GRACE_SECONDS = 2
"""How long open responses may continue after close(); an event stream would otherwise block it forever."""
START_SECONDS = 30.0

Message = MutableMapping[str, Any]
Receive = Callable[[], Awaitable[Message]]
Send = Callable[[Message], Awaitable[None]]
Application = Callable[[Message, Receive, Send], Awaitable[None]]


class WhenAsked:
    """An application that is built with the first request to it."""

    def __init__(self, build: Callable[[], Application]) -> None:
        """`build` is called once, in a thread."""
        self._build = build
        self._building = threading.Lock()
        self._built: Application | None = None

    async def __call__(self, scope: Message, receive: Receive, send: Send) -> None:
        application = self._built if self._built is not None else await run_in_threadpool(self._once)
        await application(scope, receive, send)

    def _once(self) -> Application:
        with self._building:
            if self._built is None:
                self._built = self._build()
            return self._built


def from_here(url: str) -> str:
    """A server that listens on all addresses is reached by the loopback address."""
    return url.replace("//0.0.0.0:", "//127.0.0.1:").replace("//[::]:", "//[::1]:")


def serve_text(service: Starlette, path: str, content: Callable[[], bytes], media_type: str) -> None:
    """Have an application answer a path, to anybody, with what this is then."""

    async def text(request: Request) -> Response:
        return Response(content(), media_type=media_type)

    service.add_route(path, text)


class AddressTaken(Failure):
    """The address cannot be used, or another program listens on it."""


class Serving:
    """An application that is being served; ready to answer once constructed. With a certificate, over HTTPS."""

    def __init__(
        self,
        app: Application,
        host: str = "127.0.0.1",
        port: int = 0,
        certificate: Path | None = None,
        *,
        bounds: Bounds | None = None,
        refuse: Refuse = plainly,
        on_dropped: OnDropped = lambda path, waiting_bytes: None,
    ) -> None:
        """`refuse` says what a client is told that goes beyond the bounds, by default those of this process.
        `on_dropped` is told, in a thread, of each client that was dropped since it read nothing: what it had asked for,
        and how much waited for it."""
        self._listener = _listen(host, port)
        self._scheme = "https" if certificate else "http"
        self.host = host
        self.port: int = self._listener.getsockname()[1]
        config = BoundedConfig(
            app,
            bounds or bounds_of_process(),
            refuse,
            on_dropped,
            ws="none",
            interface="asgi3",
            proxy_headers=False,
            server_header=False,
            timeout_graceful_shutdown=GRACE_SECONDS,
            ssl_certfile=certificate,
        )
        logging.getLogger("uvicorn").setLevel(logging.WARNING)
        self._server = _Server(config)
        self._thread = threading.Thread(
            target=copy_context().run, args=(self._run,), name=f"serving-{self.port}", daemon=True
        )
        self._thread.start()
        if not self._server.settled.wait(START_SECONDS) or not self._server.started:
            self.close()
            raise RuntimeError(f"the server at {self.url} did not start")

    @property
    def address(self) -> str:
        """host:port, as a client writes it."""
        return f"[{self.host}]:{self.port}" if ":" in self.host else f"{self.host}:{self.port}"

    @property
    def url(self) -> str:
        return f"{self._scheme}://{self.address}"

    def close(self) -> None:
        """Finish open requests within a short time, and stop."""
        self._server.should_exit = True
        self._thread.join(GRACE_SECONDS + 5)
        self._listener.close()

    def _run(self) -> None:
        try:
            self._server.run(sockets=[self._listener])
        finally:
            self._server.settled.set()


class _Server(uvicorn.Server):
    """Signals when its start has succeeded or failed."""

    def __init__(self, config: uvicorn.Config) -> None:
        super().__init__(config)
        self.settled = threading.Event()

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        self.settled.set()


def _listen(host: str, port: int) -> socket.socket:
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    try:
        return socket.create_server((host, port), family=family)
    except OSError as problem:
        # The library adds to the reason what the sentence says anyway.
        reason = (problem.strerror or str(problem)).partition(" (while")[0]
        wrong_port = problem.errno in {errno.EADDRINUSE, errno.EACCES}
        remedy = (
            "choose another port, or use --port 0 for free ports" if wrong_port else "name an address of this machine"
        )
        raise AddressTaken(f"cannot listen on {host} port {port}: {reason}; {remedy}") from None
