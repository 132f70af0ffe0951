"""Where a disk's bytes are read from, and how they are copied to a page blob: several at once, holes left out."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from typing import TypeVar

from controlplane.domain.spans import Span, merged, pieces
from controlplane.ports import MAX_IN_FLIGHT, READ_BYTES, Blob, BlobConflict, BlobNotFound, Blobs, BlockSource, Range

Progress = Callable[[int, int], None]
"""Told how many bytes are dealt with and how many there are in all; what it raises ends the transfer."""

COPIES_AT_ONCE = MAX_IN_FLIGHT + 2
"""More than may be in flight, which the storage's adapter sees to: some are checking digests meanwhile."""

_Item = TypeVar("_Item")
_Result = TypeVar("_Result")


def silent(done_bytes: int, total_bytes: int) -> None:
    """Progress that is ignored."""


class PageBlobSource:
    """A page blob or one of its snapshots."""

    def __init__(self, blobs: Blobs, blob: Blob) -> None:
        found = blobs.properties(blob)
        if found is None:
            raise BlobNotFound(f"there is no {blob.account}/{blob.container}/{blob.name} (snapshot {blob.snapshot})")
        self._blobs = blobs
        self._blob = blob
        self._size_bytes = found.size_bytes

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
    return merged((found.offset, found.end) for found in ranges)


def in_order(
    act: Callable[[_Item], _Result], items: Iterable[_Item], at_once: int = MAX_IN_FLIGHT
) -> Iterator[_Result]:
    """The result for each item, in the order of the items, with `at_once` of them being worked on.

    Items are taken only as results are, so that whatever the number of items only a few results are in memory.
    """
    with ThreadPoolExecutor(at_once, thread_name_prefix="transfer") as pool:
        waiting: deque[Future[_Result]] = deque()
        try:
            for item in items:
                done = [waiting.popleft().result()] if len(waiting) == at_once else []
                waiting.append(pool.submit(act, item))
                yield from done
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()
