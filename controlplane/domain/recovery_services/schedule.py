"""When a policy's backups are due.

Times of a policy are times of day in the policy's zone; their dates are ignored. A schedule runs
daily, weekly, or hourly within a window of the day, and each of its runs belongs to the day on which its window began.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from typing import Any

from controlplane.domain.recovery_services.time_zones import zone
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json

DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")
"""As `date.weekday` counts them."""
LONGEST_PAUSE_DAYS = 8
"""Every schedule runs once a week at least; a window may end on the day after the one it belongs to."""


_TIME_ALONE = re.compile(r"\d\d:\d\d(:\d\d(\.\d+)?)?(Z|[+-]\d\d:\d\d)?", re.ASCII)
_KEYS_OF_TIMES = frozenset({"scheduleRunTimes", "retentionTimes", "scheduleWindowStartTime"})


@dataclass(frozen=True, slots=True)
class Run:
    """One due backup. `day` is the policy's own; `first` of the day is the one that weekly and longer rules keep."""

    due: datetime
    day: date
    first: bool


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


def last_run(policy: Json, since: datetime, until: datetime) -> Run | None:
    """The newest run after `since` and not after `until`; None if there is none. `policy` is its properties."""
    here = zone(policy.get("timeZone") or "UTC")
    today = until.astimezone(here).date()
    for days_ago in range(LONGEST_PAUSE_DAYS):
        day = today - timedelta(days=days_ago)
        for run in reversed(list(runs_of_day(policy, day))):
            if run.due <= since:
                return None
            if run.due <= until:
                return run
    return None


def runs_of_day(policy: Json, day: date) -> Iterator[Run]:
    """The runs that belong to a day of the policy's zone, in order."""
    schedule = policy["schedulePolicy"]
    frequency = schedule["scheduleRunFrequency"]
    if frequency == "Hourly":
        yield from _hourly_runs(policy, schedule["hourlySchedule"], day)
        return
    if schedule["schedulePolicyType"] == "SimpleSchedulePolicyV2":
        schedule = schedule["dailySchedule" if frequency == "Daily" else "weeklySchedule"]
    if frequency == "Weekly" and DAYS[day.weekday()] not in schedule["scheduleRunDays"]:
        return
    yield Run(_instant(policy, day, _time_of_day(schedule["scheduleRunTimes"][0])), day, first=True)


def _hourly_runs(policy: Json, hourly: Json, day: date) -> Iterator[Run]:
    """Every `interval` hours, the end of the window included; a window of a whole day ends where the next begins."""
    start, window = _time_of_day(hourly["scheduleWindowStartTime"]), hourly["scheduleWindowDuration"]
    for hours in range(0, min(window, 23) + 1, hourly["interval"]):
        yield Run(_instant(policy, day, start, hours), day, first=hours == 0)


def _instant(policy: Json, day: date, at: time, hours_later: int = 0) -> datetime:
    """By the clock on the wall: a run at nine is at nine in summer and in winter."""
    on_the_wall = datetime.combine(day, at) + timedelta(hours=hours_later)
    return on_the_wall.replace(tzinfo=zone(policy.get("timeZone") or "UTC")).astimezone(UTC)


def _time_of_day(text: str) -> time:
    return parse_instant(text).timetz()
