"""How many recovery points there are at the end of each day, in which tiers, and how far back one can restore."""

from __future__ import annotations

from bisect import bisect_left, bisect_right, insort
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime
from controlplane.domain.recovery_services.schedule import Schedule

DAYS_BACK = (1, 2, 7, 14, 30, 60, 90, 180, 365, 730, 1095, 1825, 2555, 3650, 7300)


@dataclass(frozen=True, slots=True)
class Step:
    """Something begins or ends at an instant: a point is there, or it has snapshots, or is in the vault or archive."""

    time: datetime
    tier: str
    """points, instant, vault or archive."""
    change: int
    """1 or -1."""
    taken: datetime
    """When the point was taken."""


@dataclass(frozen=True, slots=True)
class Reach:
    """Whether what a machine was so many days ago can be restored."""

    days_back: int
    first_day: date | None
    """The first day at whose end there is a point that is so old; None: there is none in the time of the forecast."""
    days_without: int
    """How many later days end without one."""
    farthest_back: timedelta
    """How much older than that the newest such point is at worst."""


def steps(lives: Sequence[Lifetime]) -> list[Step]:
    """What happens to the points, in order."""
    found = []
    for life in lives:
        spans = [("points", life.time, life.removed), ("instant", life.time, life.snapshots_until)]
        if life.in_vault:
            spans.append(("vault", life.time, life.archived or life.removed))
        if life.archived is not None:
            spans.append(("archive", life.archived, life.removed))
        for tier, begin, end in spans:
            found.append(Step(begin, tier, 1, life.time))
            if end is not None:
                found.append(Step(end, tier, -1, life.time))
    return sorted(found, key=lambda step: step.time)


def ends_of_days(schedule: Schedule, after: datetime, until: datetime) -> Iterator[tuple[date, datetime]]:
    """Each day behind `after` with the instant at which it ends. The last one may not be whole."""
    moment = timedelta(microseconds=1)
    day, last = schedule.day_of(after + moment), schedule.day_of(until - moment)
    while day <= last:
        yield day, min(schedule.end_of(day), until)
        day += timedelta(days=1)


def reaches(happens: Sequence[Step], days: Sequence[tuple[date, datetime]]) -> list[Reach]:
    """For each of the usual numbers of days that fit into the forecast. `days` stand with the instants of their
    ends."""
    happens = [step for step in happens if step.tier == "points"]
    fitting = [number for number in DAYS_BACK if number <= len(days)]
    firsts: dict[int, date] = {}
    without = dict.fromkeys(fitting, 0)
    farthest = dict.fromkeys(fitting, timedelta())
    alive: list[datetime] = []
    place = 0
    for day, end in days:
        while place < len(happens) and happens[place].time < end:
            _keep(alive, happens[place])
            place += 1
        for number in fitting:
            then = end - timedelta(days=number)
            older = bisect_right(alive, then)
            if older:
                firsts.setdefault(number, day)
                farthest[number] = max(farthest[number], then - alive[older - 1])
            elif number in firsts:
                without[number] += 1
    return [Reach(number, firsts.get(number), without[number], farthest[number]) for number in fitting]


def _keep(alive: list[datetime], step: Step) -> None:
    if step.change > 0:
        insort(alive, step.taken)
    else:
        del alive[bisect_left(alive, step.taken)]
