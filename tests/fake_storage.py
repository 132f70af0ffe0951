"""A storage endpoint of a few lines: page and block blobs, snapshots, reports, and what can go wrong with them."""

from __future__ import annotations

import ssl
import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from time import monotonic
from typing import Any, Literal
from urllib.parse import parse_qsl, urlsplit

SECRET = "c2lnbmF0dXJl"
"""The signature that every URI of this storage carries, and that nobody may repeat."""


@dataclass
class Request:
    method: str
    path: str
    query: dict[str, str]
    headers: list[tuple[str, str]]
    body: bytes
    time: float

    @property
    def what(self) -> str:
        return f"{self.method} {self.query.get('comp', 'blob')} {self.path}"


@dataclass
class FakeBlob:
    kind: Literal["BlockBlob", "PageBlob"] = "BlockBlob"
    content: bytearray = field(default_factory=bytearray)
    snapshots: list[dict[str, str]] = field(default_factory=list)
    """The metadata of each."""


Answer = tuple[int, dict[str, str], bytes]


class FakeStorage:
    """Answers at `url`. `before` is asked first: an answer of its own, "hang up", or None for the usual one."""

    def __init__(self, tls: ssl.SSLContext | None = None) -> None:
        self.blobs: dict[str, FakeBlob] = {}
        self.requests: list[Request] = []
        self.before: Callable[[Request], Answer | Literal["hang up"] | None] = lambda request: None
        self.connections = 0
        self._lock = threading.Lock()
        storage = self

        class Handler(_Handler):
            owner = storage

        self._server = _Server(("127.0.0.1", 0), Handler)
        if tls is not None:
            self._server.socket = tls.wrap_socket(self._server.socket, server_side=True)
        self.url = f"{'https' if tls else 'http'}://127.0.0.1:{self._server.server_port}"
        threading.Thread(target=self._server.serve_forever, args=(0.01,), daemon=True).start()

    def close(self) -> None:
        self._server.shutdown()
        self._server.server_close()

    def add(self, name: str, kind: Literal["BlockBlob", "PageBlob"], content: bytes = b"") -> str:
        """Make a blob; returns its URI with a signature."""
        path = f"/account/vhds/{name}"
        self.blobs[path] = FakeBlob(kind, bytearray(content))
        return f"{self.url}{path}?sv=2018-03-28&sr=b&sig={SECRET}%3D&sp=rw"

    def blob(self, name: str) -> FakeBlob:
        return self.blobs[f"/account/vhds/{name}"]

    def text(self, name: str) -> str:
        return self.blob(name).content.decode()

    def answer(self, request: Request) -> Answer | Literal["hang up"]:
        with self._lock:
            self.requests.append(request)
        changed = self.before(request)
        return changed if changed is not None else self._usual(request)

    def _usual(self, request: Request) -> Answer:
        blob = self.blobs.get(request.path)
        if blob is None:
            return 404, {"x-ms-error-code": "BlobNotFound"}, b"<Error><Code>BlobNotFound</Code></Error>"
        if request.query.get("sig") != SECRET + "=":
            return refusal(403, "AuthorizationFailure")
        headers = dict(request.headers)
        with self._lock:
            if request.method == "GET":
                return 200, {"x-ms-blob-type": blob.kind}, bytes(blob.content)
            comp = request.query.get("comp")
            if comp == "snapshot":
                blob.snapshots.append(
                    {key[10:]: value for key, value in headers.items() if key.startswith("x-ms-meta-")}
                )
                return 201, {"x-ms-snapshot": f"2026-11-22T19:13:38.{len(blob.snapshots):03}0000Z"}, b""
            if comp == "properties":
                size = int(headers["x-ms-blob-content-length"])
                blob.content[:] = blob.content[:size].ljust(size, b"\0")
            elif comp == "page":
                first, last = map(int, headers["x-ms-range"].removeprefix("bytes=").split("-"))
                assert first % 512 == 0
                assert (last + 1) % 512 == 0
                assert last < len(blob.content)
                clear = headers["x-ms-page-write"] == "clear"
                blob.content[first : last + 1] = bytes(last + 1 - first) if clear else request.body
            else:
                assert headers["x-ms-blob-type"] == blob.kind == "BlockBlob"
                blob.content[:] = request.body
        return 201, {}, b""


def refusal(status: int, code: str, message: str = "Server failed to authenticate the request.") -> Answer:
    body = (
        f'<?xml version="1.0"?>\n<Error>\n  <Code>{code}</Code>\n  <Message>{message}\nRequestId:1</Message>\n</Error>'
    )
    return status, {"x-ms-error-code": code}, body.encode()


class _Server(ThreadingHTTPServer):
    daemon_threads = True
    request_queue_size = 128
    """All disks of a machine connect at once; what does not fit into the queue would wait a second to try again."""

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Clients that are killed, or don't trust this server, hang up in the middle: that is what some tests want."""


class _Handler(BaseHTTPRequestHandler):
    owner: FakeStorage
    protocol_version = "HTTP/1.1"
    disable_nagle_algorithm = True

    def setup(self) -> None:
        super().setup()
        self.owner.connections += 1

    def serve(self) -> None:
        parts = urlsplit(self.path)
        body = self.rfile.read(int(self.headers.get("Content-Length", "0")))
        query = dict(parse_qsl(parts.query))
        answer = self.owner.answer(
            Request(self.command, parts.path, query, list(self.headers.items()), body, monotonic())
        )
        if answer == "hang up":
            self.close_connection = True
            return
        status, headers, content = answer
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.send_header("Content-Length", str(len(content)))
        self.end_headers()
        self.wfile.write(content)

    do_GET = do_PUT = do_POST = serve

    def log_message(self, format: str, *args: Any) -> None:
        """Quiet."""
