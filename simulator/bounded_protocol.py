"""The HTTP protocol of every server here: uvicorn's, which keeps the bounds of its listener by itself.

It also refuses a Host header that is none, for all applications alike.
"""

from __future__ import annotations

import asyncio
import logging
import re
import socket
import struct
from collections.abc import Callable
from dataclasses import dataclass, field
from http import HTTPStatus
from itertools import count
from typing import Any

import uvicorn
from uvicorn.protocols.http.httptools_impl import HttpToolsProtocol

from simulator.bounds import Bounds, RefusalText, Refuse

OnDropped = Callable[[str, int], None]
LONGEST_PATH = 256
FAREWELL_SECONDS = 0.1
"""Within which an idle client may end its encrypted connection when the server stops."""


@dataclass
class Held:
    """Bytes of bodies that one listener holds."""

    total: int = 0


class BoundedConfig(uvicorn.Config):
    """uvicorn's configuration, with what the protocol below needs besides. It has the protocol and no access log."""

    def __init__(self, app: Any, bounds: Bounds, refuse: Refuse, on_dropped: OnDropped, **options: Any) -> None:
        super().__init__(
            app,
            http=BoundedProtocol,
            log_config=None,
            access_log=False,
            timeout_keep_alive=bounds.idle_seconds,
            **options,
        )
        self.bounds, self.refuse, self.held, self.on_dropped = bounds, refuse, Held(), on_dropped
        self.turns = count()
        """Numbers the waits of all connections; the loop's time, in milliseconds, does not tell which came first."""


_HOST = re.compile(rb"([A-Za-z0-9._-]*|\[[0-9A-Fa-f:.]+\])(:[0-9]{0,5})?")
"""A name or an address, and a port. A server must refuse what is none (RFC 9112, section 3.2): what a client calls it
stands in addresses that it answers with."""
_RESET_AT_ONCE = struct.pack("ii", 1, 0)
_log = logging.getLogger(__name__)


@dataclass
class _Incoming:
    """How far the request is that is being received."""

    head_bytes: int = 0
    body_bytes: int = 0
    raw_bytes: int = 0
    hosts: list[bytes] = field(default_factory=list)
    length: bytes = b""
    in_head: bool = True


class BoundedProtocol(HttpToolsProtocol):
    """One connection. After a refusal what still comes is discarded for a while, so that a client that sends all before
    it reads gets its answer and no reset."""

    def __init__(self, config: uvicorn.Config, *arguments: Any, **options: Any) -> None:
        super().__init__(config, *arguments, **options)
        assert isinstance(config, BoundedConfig)
        self._bounds, self._refusal, self._all, self._turns = config.bounds, config.refuse, config.held, config.turns
        self._on_dropped = config.on_dropped
        self._incoming = _Incoming()
        self._deadline: asyncio.TimerHandle | None = None
        self._sending: asyncio.TimerHandle | None = None
        self._refused = False
        self._held = 0
        self.turn = next(self._turns)
        """The number of its wait for a request; meaningless while one is served."""

    # ------------------------------------------------------------------------------------------------------ connection

    # uvicorn narrows the parameter of asyncio's protocol to the transport that it is given, and so must this.
    def connection_made(self, transport: asyncio.Transport) -> None:  # type: ignore[override]
        super().connection_made(transport)
        self._within(self._bounds.head_seconds, self._head_is_late)
        if len(self.connections) > self._bounds.connections:
            others = (each for each in self.connections if isinstance(each, BoundedProtocol) and each.may_give_way)
            longest = min(others, key=lambda each: each.turn, default=self)
            _log.warning("a connection was ended: there are more than %d", self._bounds.connections)
            longest.transport.abort()

    def connection_lost(self, exc: Exception | None) -> None:
        super().connection_lost(exc)
        self._release()
        for timer in (self._deadline, self._sending):
            if timer is not None:
                timer.cancel()

    def shutdown(self) -> None:
        super().shutdown()
        encrypted = self.transport.get_extra_info("sslcontext") is not None
        if encrypted and self.is_idle and not self.transport.get_write_buffer_size():
            # TLS waits for the other side to end it too, and an idle client reads nothing.
            self.loop.call_later(FAREWELL_SECONDS, self.transport.abort)

    @property
    def may_give_way(self) -> bool:
        return self.is_idle and not self.transport.is_closing()

    @property
    def is_idle(self) -> bool:
        """Whether no request of this connection is being served."""
        return self.cycle is None or self.cycle.response_complete

    def data_received(self, data: bytes) -> None:
        if self._refused or self.transport.is_closing():
            return
        if self._incoming.in_head and self._deadline is None:
            self._within(self._bounds.head_seconds, self._head_is_late)
        self._incoming.raw_bytes += len(data)
        super().data_received(data)
        incoming = self._incoming
        if incoming.in_head and incoming.raw_bytes > self._bounds.head_bytes:
            self._refuse_head()
        # Of chunks, most of what is sent may be their sizes; what is neither is a trailer that does not end.
        elif incoming.raw_bytes > 8 * self._bounds.body_bytes + self._bounds.head_bytes:
            self._refuse_body()

    # --------------------------------------------------------------------------------------------------------- request

    def send_400_response(self, msg: str) -> None:
        self._refuse(HTTPStatus.BAD_REQUEST, msg)

    def on_message_begin(self) -> None:
        super().on_message_begin()
        if self._refused:
            return
        self._incoming = _Incoming(raw_bytes=self._incoming.raw_bytes if self._incoming.in_head else 0)
        self._within(self._bounds.head_seconds, self._head_is_late)

    def on_url(self, url: bytes) -> None:
        super().on_url(url)
        self._count_head(len(url))

    def on_header(self, name: bytes, value: bytes) -> None:
        self._count_head(len(name) + len(value))
        if not self._incoming.in_head:
            return  # a trailer, which nobody reads
        super().on_header(name, value)
        lowered = name.lower()
        if lowered == b"host":
            self._incoming.hosts.append(value)
        elif lowered == b"content-length":
            self._incoming.length = value

    def on_headers_complete(self) -> None:
        incoming = self._incoming
        incoming.in_head, incoming.raw_bytes = False, 0
        if self._refused:
            return
        if len(incoming.hosts) > 1 or not all(map(_HOST.fullmatch, incoming.hosts)):
            self._refuse(HTTPStatus.BAD_REQUEST, "The Host header is not the name or address of a host.")
            return
        if incoming.length.isdigit() and _more_than(incoming.length, self._bounds.body_bytes):
            self._refuse_body()
            return
        self._within(self._bounds.body_seconds, self._body_is_late)
        super().on_headers_complete()

    def on_body(self, body: bytes) -> None:
        if self._refused:
            return
        self._incoming.body_bytes += len(body)
        self._held += len(body)
        self._all.total += len(body)
        if self._incoming.body_bytes > self._bounds.body_bytes:
            self._refuse_body()
        elif self._all.total > self._bounds.all_bodies_bytes:
            self._refuse(HTTPStatus.SERVICE_UNAVAILABLE, "Too many bodies are being received; try again later.")
        else:
            super().on_body(body)

    def on_message_complete(self) -> None:
        if self._refused:
            return
        self._within(None)
        self._incoming.in_head = True
        self._incoming.raw_bytes = 0
        super().on_message_complete()

    def on_response_complete(self) -> None:
        self._release()
        self.turn = next(self._turns)
        super().on_response_complete()
        self._watch_sending()

    def _count_head(self, length: int) -> None:
        self._incoming.head_bytes += length
        if self._incoming.head_bytes > self._bounds.head_bytes:
            self._refuse_head()

    def _release(self) -> None:
        self._all.total -= self._held
        self._held = 0

    # --------------------------------------------------------------------------------------------------------- refusals

    def _refuse_head(self) -> None:
        sentence = f"The request line and headers are larger than {self._bounds.head_bytes} bytes."
        self._refuse(HTTPStatus.REQUEST_HEADER_FIELDS_TOO_LARGE, sentence)

    def _refuse_body(self) -> None:
        sentence = f"The request content size exceeds the maximum size of {self._bounds.body_bytes} bytes."
        self._refuse(HTTPStatus.REQUEST_ENTITY_TOO_LARGE, sentence)

    def _refuse(self, status: HTTPStatus, sentence: str) -> None:
        """Answer in the place of the application, whose own answer nobody hears any more. Where an answer is under way,
        or one to an earlier request, the connection ends without it."""
        if self._refused:
            return
        self._refused = True
        self._release()
        self._unset_keepalive_if_required()
        cycle = self.cycle
        answering = cycle is not None and not cycle.response_complete
        if cycle is not None and answering:
            cycle.disconnected = True
            cycle.message_event.set()
        if answering and (cycle.response_started or self.pipeline or not self._is_of(cycle)):
            self.transport.abort()
            return
        has_answer = cycle is not None and self._is_of(cycle)  # which was given before the whole request came
        if not has_answer or answering:
            self.transport.write(_answer(status, self._refusal(status, sentence)))
        self.flow.resume_reading()
        self._within(self._bounds.head_seconds, self.transport.abort)

    def _is_of(self, cycle: Any) -> bool:
        """Whether a cycle is that of the request that is being received."""
        return not self._incoming.in_head and cycle.scope is self.scope

    # ------------------------------------------------------------------------------------------------------------ times

    def _within(self, seconds: float | None, late: Callable[[], None] | None = None) -> None:
        """`late` is called unless this is called anew within that time."""
        if self._deadline is not None:
            self._deadline.cancel()
        self._deadline = self.loop.call_later(seconds, late) if seconds is not None and late is not None else None

    def _head_is_late(self) -> None:
        if not self.is_idle:
            return  # the client waits for an answer, and may send its next request when it likes
        if self._incoming.raw_bytes == 0:
            self.transport.abort()
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request was not sent in time.")

    def _body_is_late(self) -> None:
        if self.is_idle:
            self.transport.abort()  # it has its answer
        else:
            self._refuse(HTTPStatus.REQUEST_TIMEOUT, "The request was not sent in time.")

    def _reset(self) -> None:
        """End the connection so that the other side sees that its answer is not whole, and nothing waits for it in the
        kernel either."""
        connection = self.transport.get_extra_info("socket")
        if connection is not None:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, _RESET_AT_ONCE)
        self.transport.abort()

    def pause_writing(self) -> None:
        super().pause_writing()
        self._watch_sending()

    def resume_writing(self) -> None:
        super().resume_writing()
        if self._sending is not None:
            self._sending.cancel()
            self._sending = None

    def _watch_sending(self) -> None:
        if self._sending is None and (waiting := self.transport.get_write_buffer_size()):
            self._sending = self.loop.call_later(self._bounds.send_seconds, self._look_at_sending, waiting)

    def _look_at_sending(self, before: int) -> None:
        """End a connection of which nothing was read. Nothing was added meanwhile: whoever writes waits too."""
        self._sending = None
        waiting = self.transport.get_write_buffer_size()
        if waiting >= before:
            _log.warning("a client was dropped that reads nothing; %d bytes were waiting for it", waiting)
            path = str(self.cycle.scope["path"])[:LONGEST_PATH] if self.cycle is not None else ""
            self._reset()
            self.loop.run_in_executor(None, self._on_dropped, path, waiting)
        else:
            self._watch_sending()


def _more_than(digits: bytes, limit: int) -> bool:
    """Whether a number of any length is larger."""
    digits = digits.lstrip(b"0")
    return len(digits) > 18 or int(digits or b"0") > limit


def _answer(status: HTTPStatus, text: RefusalText) -> bytes:
    headers = (
        (b"content-type", text.content_type),
        (b"content-length", str(len(text.body)).encode()),
        (b"connection", b"close"),
        *text.headers,
    )
    lines = [f"HTTP/1.1 {status.value} {status.phrase}".encode(), *(name + b": " + value for name, value in headers)]
    return b"\r\n".join([*lines, b"", text.body])
