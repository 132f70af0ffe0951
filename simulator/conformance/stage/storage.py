"""A storage as far as a handler can see it: page blobs with snapshots, block and page blobs for reports, SAS.

Each blob has a signature of its own, so that a secret that is found somewhere names its blob.
"""

from __future__ import annotations

import threading
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from urllib.parse import parse_qs, quote

from simulator.conformance.recording import BlobSeen
from simulator.conformance.stage.observer import Answered, Asked, Observer, Party

ACCOUNT, CONTAINER = "conformance", "vhds"
WORDS = {"": "write", "snapshot": "snapshot", "page": "pages", "properties": "resize", "metadata": "metadata"}


@dataclass
class Blob:
    name: str
    kind: str
    signature: str
    content: bytes = b""
    snapshots: list[str] = field(default_factory=list)
    permissions: str = "rw"
    expires: datetime = field(default_factory=lambda: datetime.now(UTC) + timedelta(hours=3))
    exists: bool = True


@dataclass(frozen=True)
class Refusal:
    """An answer in place of the usual one. `status` 0 closes the connection."""

    status: int
    code: str
    message: str = ""

    def answered(self) -> Answered:
        text = f'<?xml version="1.0" encoding="utf-8"?><Error><Code>{self.code}</Code><Message>{self.message}</Message>'
        body = f"{text}</Error>".encode() if self.status else b""
        return Answered(self.status, body, {"x-ms-error-code": self.code, "Content-Type": "application/xml"})


class Storage(Party):
    """`refusals`: what is done, as `snapshot disk0` -> the answer. `before`: what is done -> called before it."""

    def __init__(self, observer: Observer) -> None:
        self.blobs: dict[str, Blob] = {}
        self.refusals: dict[str, Refusal] = {}
        self.before: dict[str, Callable[[], None]] = {}
        self._lock = threading.Lock()
        self._last = ""
        super().__init__(observer)

    def add(self, blob: Blob) -> Blob:
        self.blobs[blob.name] = blob
        return blob

    def plain_uri(self, name: str) -> str:
        return f"http://127.0.0.1:{self.port}/{ACCOUNT}/{CONTAINER}/{name}.vhd"

    def uri(self, name: str) -> str:
        blob = self.blobs[name]
        start = (blob.expires - timedelta(hours=4)).strftime("%Y-%m-%dT%H:%M:%SZ")
        end = blob.expires.strftime("%Y-%m-%dT%H:%M:%SZ")
        signed = f"sv=2018-03-28&sr=b&sig={quote(blob.signature, safe='')}&st={quote(start)}&se={quote(end)}"
        return f"{self.plain_uri(name)}?{signed}&sp={blob.permissions}"

    def seen(self) -> tuple[BlobSeen, ...]:
        with self._lock:
            return tuple(
                BlobSeen(blob.name, blob.kind, _text(blob.content), tuple(blob.snapshots))
                for blob in self.blobs.values()
            )

    def take(self, name: str) -> str:
        """A snapshot by the host, which needs no signature; its time stamp."""
        with self._lock:
            self._snapshot(self.blobs[name])
            return self.blobs[name].snapshots[-1]

    # ------------------------------------------------------------------------------------------------------- answering

    def answer(self, asked: Asked) -> Answered:
        query = {key: values[0] for key, values in parse_qs(asked.query, keep_blank_values=True).items()}
        name = asked.path.rpartition("/")[2].removesuffix(".vhd")
        doing = "read" if asked.method in ("GET", "HEAD") else WORDS.get(query.get("comp", ""), query.get("comp", ""))
        what = f"{doing} {name}"
        self.before.get(what, lambda: None)()
        if what in self.refusals:
            answered = self.refusals[what].answered()
        else:
            with self._lock:
                answered = self._usual(asked, query, name, doing)
        answered.party, answered.what = "storage", what
        return answered

    def _usual(self, asked: Asked, query: dict[str, str], name: str, doing: str) -> Answered:
        blob = self.blobs.get(name)
        if blob is None or query.get("sig") != blob.signature:
            return Refusal(403, "AuthenticationFailed", "Server failed to authenticate the request.").answered()
        if blob.expires < datetime.now(UTC):
            return Refusal(403, "AuthenticationFailed", "Signature not valid in the specified time frame.").answered()
        if doing != "read" and "w" not in blob.permissions:
            return Refusal(403, "AuthorizationPermissionMismatch", "Not authorized by this permission.").answered()
        if not blob.exists:
            return Refusal(404, "BlobNotFound", "The specified blob does not exist.").answered()
        if doing == "read":
            return Answered(200, blob.content, {"x-ms-blob-type": blob.kind})
        if doing == "snapshot":
            return self._snapshot(blob)
        if doing in ("pages", "resize"):
            return _written_pages(blob, asked, doing)
        if doing != "write" or asked.header("x-ms-blob-type") != "BlockBlob" or blob.kind != "BlockBlob":
            return Refusal(409, "InvalidBlobType", "The blob type is invalid for this operation.").answered()
        blob.content = asked.body
        return Answered(201)

    def _snapshot(self, blob: Blob) -> Answered:
        stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        while stamp in blob.snapshots:
            stamp = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%S.%f0Z")
        blob.snapshots.append(stamp)
        return Answered(201, b"", {"x-ms-snapshot": stamp})


def _written_pages(blob: Blob, asked: Asked, doing: str) -> Answered:
    if blob.kind != "PageBlob":
        return Refusal(409, "InvalidBlobType").answered()
    if doing == "resize":
        size = int(asked.header("x-ms-blob-content-length") or "0")
        if size % 512:
            return Refusal(400, "InvalidHeaderValue").answered()
        blob.content = blob.content[:size].ljust(size, b"\0")
        return Answered(200)
    first, _, last = (asked.header("x-ms-range") or asked.header("range")).removeprefix("bytes=").partition("-")
    if not (first.isdecimal() and last.isdecimal()) or int(first) % 512 or (int(last) + 1) % 512:
        return Refusal(416, "InvalidPageRange").answered()
    begin, end = int(first), int(last) + 1
    clear = asked.header("x-ms-page-write") == "clear"
    if end > len(blob.content) or (not clear and len(asked.body) != end - begin):
        return Refusal(416, "InvalidPageRange").answered()
    blob.content = blob.content[:begin] + (bytes(end - begin) if clear else asked.body) + blob.content[end:]
    return Answered(201)


def _text(content: bytes) -> str:
    return content.decode("utf-8", errors="replace")
