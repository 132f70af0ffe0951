"""Where a disk's bytes are read from, and how they are copied to a page blob: several at once, holes left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Iterable, Sequence
from concurrent.futures import Future
from functools import partial
from threading import BoundedSemaphore, Semaphore
from typing import TypeVar

from controlplane import side_threads
from controlplane.domain.spans import Span, merged, pieces
from controlplane.ports import MAX_IN_FLIGHT, READ_BYTES, Blob, BlobConflict, BlobNotFound, Blobs, BlockSource, Range

Progress = Callable[[int, int], None]
"""Told how many bytes are dealt with and how many there are in all; what it raises ends the transfer."""

COPIES_AT_ONCE = MAX_IN_FLIGHT + 2
"""More than may be in flight, which the storage's adapter sees to: some are checking digests meanwhile."""

PIECES_IN_MEMORY = BoundedSemaphore(2 * MAX_IN_FLIGHT)
"""What all transfers of the process share: pieces of up to READ_BYTES beyond the one that each may always have, and as
many threads."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def silent(done_bytes: int, total_bytes: int) -> None:
    """Progress that is ignored."""


class PageBlobSource:
    """A page blob or one of its snapshots."""

    def __init__(self, blobs: Blobs, blob: Blob) -> None:
        properties = blobs.properties(blob)
        if properties is None:
            raise BlobNotFound(f"there is no {blob.account}/{blob.container}/{blob.name} (snapshot {blob.snapshot})")
        self._blobs = blobs
        self._blob = blob
        self._size_bytes = properties.size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, offset: int, length: int) -> bytes:
        data = self._blobs.read(self._blob, offset, length)
        if len(data) != length:
            raise BlobConflict(f"{self._blob.name!r} ends before byte {offset + length}")
        return data

    def extents(self) -> Sequence[Range]:
        return self._blobs.ranges(self._blob)


def copy(source: BlockSource, blobs: Blobs, target: Blob, progress: Progress = silent) -> None:
    """Make `target` a page blob with the bytes of `source`; replaces an existing one."""
    extents = spans_of(source.extents())
    total = sum(end - start for start, end in extents)

    def move(span: Span) -> int:
        start, end = span
        blobs.write(target, start, source.read(start, end - start))
        return end - start

    blobs.create(target, source.size_bytes)
    done = 0
    for moved in in_order(move, pieces(extents, READ_BYTES), COPIES_AT_ONCE):
        done += moved
        progress(done, total)


def spans_of(ranges: Iterable[Range]) -> list[Span]:
    return merged((each.offset, each.end) for each in ranges)


def in_order(
    act: Callable[[_Item], _Result],
    items: Iterable[_Item],
    at_once: int = MAX_IN_FLIGHT,
    budget: Semaphore = PIECES_IN_MEMORY,
) -> Generator[_Result, None, None]:
    """The result for each item, in the order of the items, with up to `at_once` of them being worked on.

    Items are taken only as results are, so that whatever the number of items only a few results are in memory. One is
    always worked on; further ones must be had from the budget, which all that run at once share.
    """
    waiting: deque[tuple[Future[_Result], bool]] = deque()
    try:
        for item in items:
            done = []
            is_from_budget = 0 < len(waiting) < at_once and budget.acquire(blocking=False)
            if waiting and not is_from_budget:
                done.append(side_threads.result_of(waiting[0][0]))
                _, is_from_budget = waiting.popleft()  # its place is taken over
            waiting.append((side_threads.begin("transfer", partial(act, item)), is_from_budget))
            yield from done
        while waiting:
            result = side_threads.result_of(waiting[0][0])
            if waiting.popleft()[1]:
                budget.release()
            yield result
    finally:
        side_threads.wait_for_all([future for future, _ in waiting])
        for _, is_from_budget in waiting:
            if is_from_budget:
                budget.release()
