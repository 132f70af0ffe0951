"""How long each recovery point of a policy lives, and in which tiers, when every scheduled backup succeeds.

The forecast has no rule of its own: it asks the schedule for the runs, and the rules of retention, snapshots and
archive for what ends when, as the service does, and keeps what they answer.
"""

from __future__ import annotations

import heapq
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import date, datetime

from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services import recovery_point, retention, schedule
from controlplane.domain.recovery_services.recovery_point import Machine, RecoveryPoint
from controlplane.domain.recovery_services.schedule import Run
from controlplane.json_object import Json

MACHINE = Machine(name="", size="", os_type="", location="", managed=True, attached=())


@dataclass(slots=True)
class Lifetime:
    """A recovery point from its backup to its end; None for what comes only after the end of the forecast."""

    time: datetime
    day: date
    """The policy's day to which the run belongs."""
    rules: tuple[str, ...]
    """The rules of retention that keep it, the longest last; none for one that stays in the instant tier."""
    in_vault: bool
    expires: datetime
    snapshots_until: datetime | None = None
    archived: datetime | None = None
    removed: datetime | None = None
    """When it is gone. That is later than `expires` where it was the newest then."""


def lifetimes(policy: Json, after: datetime, until: datetime, keep_count: int) -> Sequence[Lifetime]:
    """The recovery points of a machine that comes under a policy at `after`, in order, up to `until`. `policy` is the
    properties of a well formed one; `keep_count` is how many points of one machine have snapshots at most."""
    item = _Item(policy, keep_count)
    for run in schedule.due_between(policy, after, until):
        item.pass_to(run.due)
        item.back_up(run)
    item.pass_to(until)
    return item.lives


@dataclass
class _Item:
    """A protected machine's points at one instant, and what lies ahead of them."""

    policy: Json
    keep_count: int
    lives: list[Lifetime] = field(default_factory=list)
    """In order. The place of one in this list stands for it below."""
    _with_snapshots: dict[int, RecoveryPoint] = field(default_factory=dict)
    _snapshots_end: list[tuple[datetime, int]] = field(default_factory=list)
    """When those whose snapshots may end lose them."""
    _expire: list[tuple[datetime, int]] = field(default_factory=list)
    _move: list[tuple[datetime, int]] = field(default_factory=list)
    """Heaps of what expires, and of what goes to the archive."""

    def back_up(self, run: Run) -> None:
        """The backup of a run succeeds, and what a newer point has made dispensable ends at once."""
        day = retention.day_in_vault(run)
        rules = retention.rules_of(self.policy, day)
        expires = retention.expiry(self.policy, rules, run.due) or run.due
        place, tiers = len(self.lives), "Instant" if day is None else "InstantAndVault"
        point = RecoveryPoint(
            id=str(place),
            item="",
            job="",
            task_id="",
            time=run.due,
            expires=expires,
            consistency="",
            machine=MACHINE,
            disks=(),
            tiers=tiers,
            rules=rules,
        )
        shown = tuple(name for name in rules if name in retention.RULES)
        self.lives.append(Lifetime(run.due, run.day, shown, day is not None, expires))
        self._with_snapshots[place] = point
        heapq.heappush(self._expire, (expires, place))
        self._remove_expired(run.due)
        self._end_snapshots(run.due)

    def pass_to(self, now: datetime) -> None:
        """What is over until `now` ends, each at its own time."""
        for end, place in self._snapshots_end:
            if end <= now:
                self._lose_snapshots(place, end)
        self._snapshots_end = [(end, place) for end, place in self._snapshots_end if end > now]
        while self._move and self._move[0][0] <= now:
            moved, place = heapq.heappop(self._move)
            if self.lives[place].removed is None:
                self.lives[place].archived = moved
        self._remove_expired(now)

    def _remove_expired(self, now: datetime) -> None:
        newest = self.lives[-1].time if self.lives else None
        kept = []
        while self._expire and self._expire[0][0] <= now:
            expires, place = heapq.heappop(self._expire)
            if self.lives[place].time == newest:
                kept.append((expires, place))
            else:
                self._remove(place, max(expires, self.lives[place + 1].time))
        for each in kept:
            heapq.heappush(self._expire, each)

    def _remove(self, place: int, time: datetime) -> None:
        life = self.lives[place]
        life.removed = time
        if self._with_snapshots.pop(place, None) is not None:
            life.snapshots_until = time

    def _end_snapshots(self, now: datetime) -> None:
        """By the points that there are now; what is over already ends at once. Another one that is not in the vault
        changes nothing, unless there are too many."""
        if not self.lives[-1].in_vault and len(self._with_snapshots) <= self.keep_count:
            return
        days = retention.snapshot_age(self.policy)
        ends = recovery_point.ends_of_snapshots(list(self._with_snapshots.values()), days, self.keep_count)
        self._snapshots_end = [(end, int(point.id)) for point, end in ends]
        for end, place in self._snapshots_end:
            if end <= now:
                self._lose_snapshots(place, now)
        self._snapshots_end = [(end, place) for end, place in self._snapshots_end if end > now]

    def _lose_snapshots(self, place: int, time: datetime) -> None:
        if place not in self._with_snapshots or self.lives[place].expires <= time:
            return
        self.lives[place].snapshots_until = time
        left = recovery_point.changed(self._with_snapshots.pop(place), "snapshot_expired")
        age = policies.age_to_archive(self.policy)
        moved = None if age is None else recovery_point.archivable_from(left, age, time)
        if moved is not None:
            heapq.heappush(self._move, (max(moved, time), place))
