"""Sends an answer, with what every answer carries beside its own headers: request ids, and that nothing is kept."""

from __future__ import annotations

import time
from collections.abc import Mapping
from datetime import UTC, datetime
from functools import lru_cache
from uuid import uuid4

from starlette.types import Message, Send

from controlplane.arm.edge.call import Answer

Raw = list[tuple[bytes, bytes]]

EVERY: Raw = [
    (b"cache-control", b"no-cache"),
    (b"pragma", b"no-cache"),
    (b"expires", b"-1"),
    (b"x-content-type-options", b"nosniff"),
    (b"strict-transport-security", b"max-age=31536000; includeSubDomains"),
]
JSON = (b"content-type", b"application/json; charset=utf-8")
WITHOUT_BODY = frozenset({204, 304})


class Reply:
    """The answer to one request. `place`: the region whose front door the answer is said to have come through."""

    def __init__(self, send: Send, request_headers: Mapping[str, str], place: str) -> None:
        self._send = send
        self._request_headers = request_headers
        self._place = place
        self.started = False
        self._request_id = str(uuid4())
        self.correlation_id = request_headers.get("x-ms-correlation-request-id", self._request_id)

    async def answer(self, answer: Answer, more: Mapping[str, str], head: bool = False) -> None:
        """An answer of ARM. `head`: for a HEAD request, its headers without its body."""
        headers = [*EVERY, *self._ids(), *raw(more), *raw(answer.headers)]
        if answer.content:
            headers.append(JSON)
        if answer.status not in WITHOUT_BODY:
            headers.append((b"content-length", b"%d" % len(answer.content)))
        self.started = True
        await self._send({"type": "http.response.start", "status": answer.status, "headers": headers})
        await self._send({"type": "http.response.body", "body": b"" if head else answer.content})

    async def send(self, message: Message) -> None:
        """A message of a route that is no operation of ARM."""
        if message["type"] == "http.response.start":
            self.started = True
            present = {name.lower() for name, _ in message["headers"]}
            added = [pair for pair in (*EVERY, *self._ids()) if pair[0] not in present]
            message = {**message, "headers": [*message["headers"], *added]}
        await self._send(message)

    def _ids(self) -> Raw:
        moment = _moment(int(time.time()))
        ids = [
            (b"x-ms-request-id", self._request_id.encode()),
            (b"x-ms-correlation-request-id", self.correlation_id.encode("latin-1")),
            (b"x-ms-routing-request-id", f"{self._place}:{moment}:{self.correlation_id}".encode("latin-1")),
        ]
        if client_request_id := self._request_headers.get("x-ms-client-request-id"):
            ids.append((b"x-ms-client-request-id", client_request_id.encode("latin-1")))
        return ids


def outside_of_requests() -> Raw:
    """What an answer carries to a request of which nothing was read."""
    return [*EVERY, (b"x-ms-request-id", str(uuid4()).encode())]


@lru_cache(maxsize=2)
def _moment(second: int) -> str:
    """The same for every answer of a second."""
    return datetime.fromtimestamp(second, UTC).strftime("%Y%m%dT%H%M%SZ")


def raw(headers: Mapping[str, str]) -> Raw:
    return [(name.lower().encode("latin-1"), value.encode("latin-1")) for name, value in headers.items()]
