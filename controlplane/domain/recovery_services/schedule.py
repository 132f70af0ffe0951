"""When a policy's backups are due.

Times of a policy are times of day in the standard time of the policy's zone, all year: Azure Backup does not adjust
them for daylight saving. Their dates are ignored. A schedule runs daily, weekly, or hourly within a window of the day,
and each of its runs belongs to the day on which its window began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta, tzinfo
from typing import Any

from controlplane.domain.recovery_services.time_zones import standard_offset, zone
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""As `date.weekday` counts them."""
LONGEST_PAUSE = timedelta(days=8)
"""Every schedule runs once a week at least."""


_TIME_ALONE = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_KEYS_OF_TIMES = frozenset({"scheduleRunTimes", "retentionTimes", "scheduleWindowStartTime"})


@dataclass(frozen=True, slots=True)
class Run:
    """One due backup. `day` is the policy's own; `first` and `last` say its place among the runs of the day."""

    due: datetime
    day: date
    first: bool
    last: bool


def with_dates(policy: Json, day: date) -> Json:
    """The policy's properties with `day` before each time that a request writes without a date, as in `23:00:00Z`: the
    service shows every time with one."""

    def dated(key: str, value: Any) -> Any:
        if isinstance(value, dict):
            return with_dates(value, day)
        if isinstance(value, list):
            return [dated(key, each) for each in value]
        alone = key in _KEYS_OF_TIMES and isinstance(value, str) and _TIME_ALONE.fullmatch(value)
        return f"{day:%Y-%m-%d}T{value}" if alone else value

    return {key: dated(key, value) for key, value in policy.items()}


def date_of(policy: Json) -> date | None:
    """The date that stands before the times of a stored policy."""
    retention = policy.get("retentionPolicy", {})
    rules = [retention[rule] for rule in retention if isinstance(retention[rule], dict)]
    times = [text for rule in rules for text in rule.get("retentionTimes") or []]
    return parse_instant(times[0]).date() if times else None


def due_between(policy: Json, since: datetime, until: datetime) -> Iterator[Run]:
    """The runs after `since` and not after `until`, in order. `policy` is its properties."""
    schedule = Schedule.of(policy)
    # The window of the day before may reach into the first one.
    day, last_day = schedule.day_of(since) - timedelta(days=1), schedule.day_of(until)
    while day <= last_day:
        for run in schedule.runs_of(day):
            if since < run.due <= until:
                yield run
        day += timedelta(days=1)


def next_run(policy: Json, after: datetime) -> Run | None:
    """The first run after an instant; None for a schedule that never runs."""
    return next(due_between(policy, after, after + LONGEST_PAUSE), None)


def last_run(policy: Json, since: datetime, until: datetime) -> Run | None:
    """The newest run after `since` and not after `until`; None if there is none."""
    newest = None
    for run in due_between(policy, max(since, until - LONGEST_PAUSE), until):
        newest = run
    return newest


def runs_of_day(policy: Json, day: date) -> Iterator[Run]:
    """The runs that belong to a day of the policy's zone, in order."""
    return Schedule.of(policy).runs_of(day)


def hours_of_runs(hourly: Json) -> Sequence[int]:
    """The hours between the beginning of the window of an hourly schedule and each of its runs. The end of the window
    is included; a window of a whole day ends where the next begins."""
    return range(0, min(hourly["scheduleWindowDuration"], 23) + 1, hourly["interval"])


@dataclass(frozen=True, slots=True)
class Schedule:
    """A policy's schedule, read once."""

    zone: tzinfo
    start: time
    """Of the day's first run, in standard time."""
    hours: Sequence[int]
    """Between the first run of a day and each of them."""
    weekdays: frozenset[int]
    """Those with runs, as `date.weekday` counts them."""

    @classmethod
    def of(cls, policy: Json) -> Schedule:
        schedule, here = policy["schedulePolicy"], zone(policy.get("timeZone") or "UTC")
        frequency = schedule["scheduleRunFrequency"]
        if frequency == "Hourly":
            hourly = schedule["hourlySchedule"]
            start = _time_of_day(hourly["scheduleWindowStartTime"])
            return cls(here, start, hours_of_runs(hourly), frozenset(range(7)))
        if schedule["schedulePolicyType"] == "SimpleSchedulePolicyV2":
            schedule = schedule["dailySchedule" if frequency == "Daily" else "weeklySchedule"]
        names = schedule["scheduleRunDays"] if frequency == "Weekly" else DAYS
        weekdays = frozenset(DAYS.index(name) for name in names)
        return cls(here, _time_of_day(schedule["scheduleRunTimes"][0]), (0,), weekdays)

    def day_of(self, instant: datetime) -> date:
        """The day of standard time in which an instant lies."""
        return (instant.astimezone(UTC) + standard_offset(self.zone, instant.date())).date()

    def end_of(self, day: date) -> datetime:
        """Where the next day of standard time begins."""
        midnight = datetime(day.year, day.month, day.day, tzinfo=UTC) + timedelta(days=1)
        return midnight - standard_offset(self.zone, day)

    def runs_of(self, day: date) -> Iterator[Run]:
        """A run at nine is at nine in winter, and at ten by the clocks that show summer time."""
        if day.weekday() not in self.weekdays:
            return
        start = datetime.combine(day, self.start, UTC) - standard_offset(self.zone, day)
        for hours in self.hours:
            yield Run(start + timedelta(hours=hours), day, first=hours == 0, last=hours == self.hours[-1])


def _time_of_day(text: str) -> time:
    return parse_instant(text).timetz()
