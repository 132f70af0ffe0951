"""The order of a guest's writes during a snapshot session, and the search for an image in it.

A snapshot taken without a freeze shows each disk as it was at one instant, if the storage keeps its promise; between
the disks it promises nothing. The history tells both: it is walked backwards from the digests at its end, and wherever
the remaining differences to the image vanish, the image is that state. Each write has two numbers of one sequence over
all disks, drawn before it was sent and after it was acknowledged; the instant of an image lies after the start of the
last write it shows and before the end of the first that it does not.
"""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import count
from threading import Lock

from simulator.guest.disk.digests import DigestTable

LONGEST_HISTORY_WRITES = 100_000
MOST_INTERVALS = 16
"""Instants looked at per disk: a disk that comes back to the same content has several."""


@dataclass(frozen=True, slots=True)
class Change:
    block: int
    before: bytes
    after: bytes


@dataclass(frozen=True, slots=True)
class Write:
    """One page write. `started` and `ended` are its numbers in the order of all disks."""

    lun: int
    started: int
    ended: int
    changes: tuple[Change, ...]


@dataclass(frozen=True, slots=True)
class Interval:
    """Write numbers between which an instant lies; the ends are -inf and inf where no write bounds it."""

    after: float
    before: float


class WriteHistory:
    """Collects writes during sessions of requesters; drops the oldest when there are too many."""

    def __init__(self, longest: int = LONGEST_HISTORY_WRITES) -> None:
        self._lock = Lock()
        self._numbers = count(1)
        self._writes: deque[Write] = deque(maxlen=longest)
        self._readers = 0
        self._dropped_until = 0
        self._gaps: set[int] = set()

    def number(self) -> int:
        return next(self._numbers)

    def begin(self) -> int:
        """A requester's session begins; returns the number at which its history begins."""
        with self._lock:
            self._readers += 1
            return next(self._numbers)

    def end(self, since: int) -> History:
        """A requester's session ends; returns what was written since its `begin`."""
        with self._lock:
            self._readers -= 1
            taken = tuple(write for write in self._writes if write.ended > since)
            history = History(taken, complete=self._dropped_until < since, gaps=frozenset(self._gaps))
            if not self._readers:
                self._writes.clear()
                self._gaps.clear()
            return history

    def record(self, write: Write) -> None:
        with self._lock:
            if not self._readers:
                return
            if len(self._writes) == self._writes.maxlen:
                self._dropped_until = self._writes[0].ended
            self._writes.append(write)

    def gap(self, lun: int) -> None:
        """The outcome of a write is unknown, so the order of this disk's writes is unknown too."""
        with self._lock:
            if self._readers:
                self._gaps.add(lun)


@dataclass(frozen=True, slots=True)
class History:
    """The writes between two moments. `complete` is False when the oldest were dropped."""

    writes: tuple[Write, ...]
    complete: bool = True
    gaps: frozenset[int] = frozenset()

    def of(self, lun: int) -> tuple[Write, ...]:
        return tuple(write for write in self.writes if write.lun == lun)

    def until(self, ends: Mapping[int, int]) -> History:
        """Without what each disk wrote after its number in `ends`."""
        return replace(self, writes=tuple(write for write in self.writes if write.ended <= ends[write.lun]))


def instants(table: DigestTable, writes: Sequence[Write], differing: Mapping[int, bytes]) -> list[Interval]:
    """The instants in the order of one disk's `writes` that an image may show.

    `table` has the digests after the last write; `differing` are the blocks in which the image differs from it, with
    the image's digests. Latest instant first; empty when the image shows no instant of this order.
    """
    image = dict(differing)
    wrong = set(differing)
    before: float = math.inf
    intervals: list[Interval] = []
    for write in reversed(writes):
        if not wrong:
            intervals.append(Interval(write.started, before))
        for change in write.changes:
            digest = image.get(change.block)
            if digest is None:
                digest = image[change.block] = table.get(change.block)
            (wrong.discard if digest == change.before else wrong.add)(change.block)
        before = write.ended
        if len(intervals) == MOST_INTERVALS:
            return intervals
    if not wrong:
        intervals.append(Interval(-math.inf, before))
    return intervals


def meet(disks: Sequence[Sequence[Interval]]) -> bool:
    """Whether one instant lies in an interval of every disk: if so, then also right after the start of one of them."""
    starts = {interval.after for disk in disks for interval in disk}
    return any(
        all(any(interval.after <= start < interval.before for interval in disk) for disk in disks) for start in starts
    )
