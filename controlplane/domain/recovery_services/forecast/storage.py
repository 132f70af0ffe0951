"""What the recovery points of a day take of storage, estimated from the share of a disk that changes each day.

Azure Backup documents what is stored: of the first point everything, of every later one the blocks that have changed
since the one before; what a point leaves behind merges into the next one; in the archive every point is whole; a
snapshot takes what is overwritten after it. How much changes is the reader's own estimate. Blocks change at random, so
of a disk of which 5 % change each day, 1 - 0.95 ** 7 have changed after a week.
"""

from __future__ import annotations

from bisect import bisect_left, insort
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime, timedelta

from controlplane.domain.recovery_services.forecast.days import Step

DAY = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Disk:
    """What is on the disks of the machine, and how much of that changes."""

    gib: float
    change_percent_per_day: float

    def changed_gib(self, time: timedelta) -> float:
        unchanged: float = (1 - self.change_percent_per_day / 100) ** (time / DAY)
        return self.gib * (1 - unchanged)


@dataclass(frozen=True, slots=True)
class DayCount:
    """What there is at the end of a day."""

    day: date
    end: datetime
    points: int
    instant: int
    vault: int
    archive: int
    instant_gib: float
    vault_gib: float
    archive_gib: float


@dataclass
class _Chain:
    """Points of one tier, of each of which is stored what has changed since the one before."""

    disk: Disk
    taken: list[datetime] = field(default_factory=list)
    changed_gib: float = 0.0

    def add(self, time: datetime) -> None:
        insort(self.taken, time)
        self._count(time, 1)

    def remove(self, time: datetime) -> None:
        self._count(time, -1)
        del self.taken[bisect_left(self.taken, time)]

    def _count(self, time: datetime, sign: int) -> None:
        """Of two neighbours the gap between them is counted; a point between them makes two gaps of it."""
        place = bisect_left(self.taken, time)
        before = self.taken[place - 1] if place else None
        behind = self.taken[place + 1] if place + 1 < len(self.taken) else None
        gaps = ((before, time, sign), (time, behind, sign), (before, behind, -sign))
        for earlier, later, each in gaps:
            if earlier is not None and later is not None:
                self.changed_gib += each * self.disk.changed_gib(later - earlier)


def counts(happens: Sequence[Step], days: Sequence[tuple[date, datetime]], disk: Disk) -> list[DayCount]:
    """The points and the storage of each of these days, which stand with the instants of their ends."""
    numbers = {"points": 0, "instant": 0, "vault": 0, "archive": 0}
    chains = {"instant": _Chain(disk), "vault": _Chain(disk)}
    found, place = [], 0
    for day, end in days:
        while place < len(happens) and happens[place].time < end:
            step, place = happens[place], place + 1
            numbers[step.tier] += step.change
            chain = chains.get(step.tier)
            if chain is not None:
                (chain.add if step.change > 0 else chain.remove)(step.taken)
        snapshots, vault = chains["instant"], chains["vault"]
        found.append(
            DayCount(
                day,
                end,
                **numbers,
                instant_gib=snapshots.changed_gib + _since(snapshots, end, disk),
                vault_gib=vault.changed_gib + (disk.gib if vault.taken else 0.0),
                archive_gib=numbers["archive"] * disk.gib,
            )
        )
    return found


def _since(snapshots: _Chain, end: datetime, disk: Disk) -> float:
    """What the newest snapshot takes: it holds what was overwritten since."""
    return disk.changed_gib(end - snapshots.taken[-1]) if snapshots.taken else 0.0
