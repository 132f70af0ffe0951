"""Snapshots disks and uploads reports, by SAS.

The snapshot requests are the only work inside a freeze, so all that can be done outside is: the requests are made and
the connections opened before, the answers read after. Inside, all requests are sent, and then each disk is waited for
until it begins to answer, for then its snapshot exists. One thread does it: the storage works on all of them meanwhile,
and the answers that come first lie in the system's buffers. Over Azurite that took less time (median) for 1, 4, 16 and
64 disks than a thread for each disk, all released at once.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping, Sequence
from time import monotonic

from extension.contract.reports import SnapshotInfo, padded
from extension.http import Answer, ConnectionEnded, Exchange, Url, call

REQUEST_SECONDS = 10.0
TRIES = 3
PAGE_WRITE_BYTES = 4 * 1024 * 1024
PAGE_REPORT_BYTES = 10 * 1024 * 1024
"""No page blob is made larger than this; of a longer report the end is kept."""

_SUCCESSES = (200, 201)


# ------------------------------------------------------------------------------------------------------------ snapshots


class DiskSnapshot:
    """The snapshot of one disk, from before the freeze to after the thaw. What fails is kept until `result`."""

    def __init__(self, uri: str, metadata: Mapping[str, str]) -> None:
        """ValueError when the URI or the metadata can't be sent."""
        self.url = Url(uri)
        headers = [(f"x-ms-meta-{key}", value) for key, value in metadata.items()]
        self._exchange = Exchange(self.url, "PUT", self.url.with_query("comp=snapshot"), headers)
        self._problem: OSError | None = None
        self._sent_again = False

    @property
    def hopeless(self) -> bool:
        return self._problem is not None

    def open(self) -> None:
        self._exchange.deadline = monotonic() + REQUEST_SECONDS
        self._step(self._exchange.open)

    def send(self, deadline: float) -> None:
        self._exchange.deadline = deadline
        self._step(self._send)

    def wait(self) -> None:
        self._step(self._wait)

    def result(self) -> SnapshotInfo:
        """What came of it, read to the end."""
        if self._problem is not None:
            self._exchange.close()
            return SnapshotInfo.failed(str(self._problem))
        self._exchange.deadline = monotonic() + REQUEST_SECONDS
        try:
            status, headers, pieces = self._exchange.stream()
            if status in _SUCCESSES and headers.get("x-ms-snapshot"):
                return SnapshotInfo.taken(self.url.plain, headers["x-ms-snapshot"])
            body = b"".join(pieces).decode(errors="replace")
            return SnapshotInfo.failed(body or f"HTTP status {status}")
        except OSError as problem:
            return SnapshotInfo.failed(str(problem))
        finally:
            self._exchange.close()

    def _step(self, step: Callable[[], None]) -> None:
        if self._problem is None:
            try:
                step()
            except OSError as problem:
                self._problem = problem

    def _send(self) -> None:
        try:
            self._exchange.send()
        except ConnectionError:
            self._send_again()

    def _wait(self) -> None:
        try:
            self._exchange.wait()
        except ConnectionEnded as problem:
            if not problem.unanswered:
                raise
            self._send_again()
            self._exchange.wait()

    def _send_again(self) -> None:
        # Servers close idle connections, and one that has just done so is found out only now.
        if self._sent_again:
            raise ConnectionEnded(unanswered=True)
        self._sent_again = True
        self._exchange.open()
        self._exchange.send()


def open_all(disks: Sequence[DiskSnapshot], *, one_by_one: bool = False) -> None:
    """Connect to the storage of each disk; at once, because a handshake over a distance takes its time."""
    if one_by_one or len(disks) == 1:
        for disk in disks:
            disk.open()
        return
    threads = [threading.Thread(target=disk.open) for disk in disks]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()


def take_all(disks: Sequence[DiskSnapshot], seconds: float, *, one_by_one: bool = False) -> None:
    """Snapshot all disks within so many seconds; whoever has not answered by then has failed."""
    deadline = monotonic() + seconds
    if one_by_one:
        for disk in disks:
            disk.send(deadline)
            disk.wait()
        return
    for disk in disks:
        disk.send(deadline)
    for disk in disks:
        disk.wait()


# -------------------------------------------------------------------------------------------------------------- reports


class ReportRefused(Exception):
    """A report could not be written. The sentence says why, without the signature. `passing`: the storage did not
    answer, or failed itself (5xx), which may be over in a moment."""

    def __init__(self, sentence: str, *, passing: bool = False) -> None:
        super().__init__(sentence)
        self.passing = passing


class ReportBlob:
    """A status or log blob. Each write replaces what it held.

    The blob must be there: an empty block blob, or a page blob of any size. A block blob that holds something when it
    is first touched belongs to another run and is left alone.
    """

    def __init__(self, uri: str) -> None:
        self._url = Url(uri)
        self._kind: str | None = None
        self._page_blob_bytes = 0

    def write(self, text: bytes) -> None:
        if self._kind is None:
            self._look()
        if self._kind == "PageBlob":
            self._write_pages(text)
        else:
            self._put("", [("x-ms-blob-type", "BlockBlob")], text)

    def _look(self) -> None:
        answer = self._call("GET", self._url.target)
        kind = answer.headers.get("x-ms-blob-type", "")
        length = answer.headers.get("content-length", "0")
        size = int(length) if length.isdecimal() else len(answer.body)
        if kind not in ("BlockBlob", "PageBlob"):
            raise ReportRefused(f"a report cannot be written to a {kind or 'resource that is not a blob'}")
        if kind == "BlockBlob" and size:
            raise ReportRefused("a report cannot be written to a block blob that is not empty")
        self._kind = kind
        self._page_blob_bytes = size

    def _write_pages(self, text: bytes) -> None:
        limit = max(PAGE_REPORT_BYTES, self._page_blob_bytes)
        pages = padded(text[-limit:])
        if self._page_blob_bytes:
            whole = f"bytes=0-{self._page_blob_bytes - 1}"
            self._put("comp=page", [("x-ms-page-write", "clear"), ("x-ms-range", whole)])
        if len(pages) > self._page_blob_bytes:
            self._put("comp=properties", [("x-ms-blob-content-length", str(len(pages)))])
            self._page_blob_bytes = len(pages)
        for start in range(0, len(pages), PAGE_WRITE_BYTES):
            part = pages[start : start + PAGE_WRITE_BYTES]
            where = f"bytes={start}-{start + len(part) - 1}"
            self._put("comp=page", [("x-ms-page-write", "update"), ("x-ms-range", where)], part)

    def _put(self, query: str, headers: list[tuple[str, str]], body: bytes = b"") -> None:
        self._call("PUT", self._url.with_query(query) if query else self._url.target, headers, body)

    def _call(self, method: str, target: str, headers: Sequence[tuple[str, str]] = (), body: bytes = b"") -> Answer:
        reason, passing = "", True
        for _ in range(TRIES):
            try:
                answer = call(self._url, method, target, headers, body, timeout_seconds=REQUEST_SECONDS)
            except OSError as problem:
                reason, passing = str(problem), True
                continue
            if answer.status in _SUCCESSES:
                return answer
            passing = answer.status >= 500
            reason = f"HTTP status {answer.status} {answer.headers.get('x-ms-error-code', '')}".strip()
        raise ReportRefused(f"{self._url.plain}: {reason}", passing=passing)
