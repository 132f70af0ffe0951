"""What a policy keeps, worked out a second time: slowly, from Azure's documentation, with nothing of the product's.

Time is a number of minutes since the beginning of 2000, UTC. Every half hour is asked whether a backup is due then, and
every day is asked of every point whether it is still there. Days, weekdays, leap years and zones are counted here, too.

From learn.microsoft.com: a policy's times do not follow daylight saving (backup-support-matrix-iaas). Of the backups of
an hourly policy the last of the day goes to the vault (backup-azure-vms-enhanced-policy), so only that one can be kept
for longer than snapshots are. A longer rule overrides a shorter one (backup-azure-arm-userestapi-createorupdatepolicy).
The newest recovery point stays until the next successful backup, and so does its snapshot
(backup-instant-restore-capability). Monthly and yearly points go to the archive after three months at the earliest, if
they are kept for six more and have no snapshot any more (archive-tier-support); a month counts 30 days there, since
the six are also called 180. What is kept for months or years ends on the same day of the month, or on the last one of a
shorter month; the documentation does not say so.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

DAY = 24 * 60
WEEKDAYS = ["Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday"]
SATURDAY = 5
"""The first day of 2000 was one."""
MONTHS = [
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
]
AHEAD_OF_UTC = {
    "UTC": 0,
    "W. Europe Standard Time": 60,
    "Pacific Standard Time": -8 * 60,
    "India Standard Time": 5 * 60 + 30,
    "AUS Eastern Standard Time": 10 * 60,
    "Line Islands Standard Time": 14 * 60,
}
"""Minutes, without daylight saving."""


@dataclass
class Point:
    taken: int
    day: int
    """Days since the beginning of 2000, in the zone's standard time."""
    rules: list[str]
    in_vault: bool
    expires: int


@dataclass(frozen=True)
class Seen:
    """What is there at the end of a day: points by when they were taken."""

    day: int
    points: tuple[int, ...]
    instant: tuple[int, ...]
    vault: tuple[int, ...]
    archive: tuple[int, ...]


# ------------------------------------------------------------------------------------------------------------- calendar


def is_leap(year: int) -> bool:
    return year % 4 == 0 and (year % 100 != 0 or year % 400 == 0)


def month_days(year: int, month: int) -> int:
    if month == 2:
        return 29 if is_leap(year) else 28
    return 30 if month in (4, 6, 9, 11) else 31


def date_of(day: int) -> tuple[int, int, int]:
    """Year, month and day of the month."""
    year = 2000
    while day >= (366 if is_leap(year) else 365):
        day -= 366 if is_leap(year) else 365
        year += 1
    month = 1
    while day >= month_days(year, month):
        day -= month_days(year, month)
        month += 1
    return year, month, day + 1


def day_of(year: int, month: int, day: int) -> int:
    whole_years = sum(366 if is_leap(each) else 365 for each in range(2000, year))
    return whole_years + sum(month_days(year, each) for each in range(1, month)) + day - 1


def weekday(day: int) -> str:
    return WEEKDAYS[(SATURDAY + day) % 7]


def later(minute: int, count: int, unit: str) -> int:
    if unit == "Days":
        return minute + count * DAY
    if unit == "Weeks":
        return minute + count * 7 * DAY
    year, month, day = date_of(minute // DAY)
    for _ in range(count * (12 if unit == "Years" else 1)):
        month += 1
        if month > 12:
            year, month = year + 1, 1
    return day_of(year, month, min(day, month_days(year, month))) * DAY + minute % DAY


# ------------------------------------------------------------------------------------------------------------- schedule


def minutes(text: str) -> int:
    """Of the day, of a time like 2026-11-01T21:30:00Z."""
    clock = text.partition("T")[2]
    return int(clock[:2]) * 60 + int(clock[3:5])


def runs(policy: dict[str, Any], begin: int, end: int) -> Iterator[tuple[int, int, bool]]:
    """Each half hour from `begin` up to, but not including, `end` at which a backup is due: with the day to which it
    belongs, and whether it is the last of that day."""
    schedule, ahead = policy["schedulePolicy"], AHEAD_OF_UTC[policy.get("timeZone") or "UTC"]
    frequency = schedule["scheduleRunFrequency"]
    hourly = schedule.get("hourlySchedule") or {}
    times = schedule
    if schedule["schedulePolicyType"] == "SimpleSchedulePolicyV2":
        times = schedule.get("dailySchedule" if frequency == "Daily" else "weeklySchedule") or {}
    start = minutes(hourly["scheduleWindowStartTime"] if hourly else times["scheduleRunTimes"][0])
    for minute in range(begin + -begin % 30, end, 30):
        local = minute + ahead
        since_start = (local - start) % DAY
        if frequency == "Hourly":
            hours, interval, window = since_start / 60, hourly["interval"], hourly["scheduleWindowDuration"]
            if hours % interval == 0 and hours <= window:
                is_last = hours + interval > window or hours + interval >= 24
                yield minute, (local - since_start) // DAY, is_last
        elif since_start == 0 and (frequency == "Daily" or weekday(local // DAY) in times["scheduleRunDays"]):
            yield minute, local // DAY, True


# ------------------------------------------------------------------------------------------------------------ retention


def is_named(rule: dict[str, Any], day: int) -> bool:
    """Whether a monthly or yearly rule names the day."""
    year, month, number = date_of(day)
    if "monthsOfYear" in rule and MONTHS[month - 1] not in rule["monthsOfYear"]:
        return False
    if rule["retentionScheduleFormatType"] == "Daily":
        days = rule["retentionScheduleDaily"]["daysOfTheMonth"]
        last = month_days(year, month)
        return any(number == (last if each.get("isLast") else each["date"]) for each in days)
    named = rule["retentionScheduleWeekly"]
    if weekday(day) not in named["daysOfTheWeek"]:
        return False
    first = day_of(year, month, 1)
    same = [each for each in range(first, first + month_days(year, month)) if weekday(each) == weekday(day)]
    place = same.index(day)
    is_last = place == len(same) - 1
    return any(
        is_last if week == "Last" else place == ["First", "Second", "Third", "Fourth"].index(week)
        for week in named["weeksOfTheMonth"]
    )


def point_of(policy: dict[str, Any], taken: int, day: int, is_last: bool) -> Point:
    rules = policy["retentionPolicy"]
    if not is_last:
        return Point(taken, day, [], False, taken + policy["instantRpRetentionRangeInDays"] * DAY)
    named = []
    if rules.get("dailySchedule"):
        named.append(("Daily", rules["dailySchedule"]))
    if rules.get("weeklySchedule") and weekday(day) in rules["weeklySchedule"]["daysOfTheWeek"]:
        named.append(("Weekly", rules["weeklySchedule"]))
    if rules.get("monthlySchedule") and is_named(rules["monthlySchedule"], day):
        named.append(("Monthly", rules["monthlySchedule"]))
    if rules.get("yearlySchedule") and is_named(rules["yearlySchedule"], day):
        named.append(("Yearly", rules["yearlySchedule"]))
    durations = [rule["retentionDuration"] for _, rule in named]
    ends = [later(taken, each["count"], each["durationType"]) for each in durations]
    return Point(taken, day, [name for name, _ in named], True, max(ends))


def points(policy: dict[str, Any], begin: int, end: int) -> list[Point]:
    return [point_of(policy, *run) for run in runs(policy, begin, end)]


# ------------------------------------------------------------------------------------------------------- day after day


def days(policy: dict[str, Any], begin: int, end: int, most_with_snapshots: int) -> Iterator[Seen]:
    """What is there when each whole day of the zone's standard time ends."""
    ahead = AHEAD_OF_UTC[policy.get("timeZone") or "UTC"]
    taken = points(policy, begin, end)[::-1]
    alive: list[Point] = []
    for day in range((begin + ahead) // DAY, (end + ahead) // DAY):
        now = (day + 1) * DAY - ahead
        while taken and taken[-1].taken < now:
            alive.append(taken.pop())
        alive = [point for point in alive if point is alive[-1] or point.expires >= now]
        yield seen(policy, day, now, alive, most_with_snapshots)


def seen(policy: dict[str, Any], day: int, now: int, alive: Sequence[Point], most_with_snapshots: int) -> Seen:
    """Of the points that there are just before `now`."""
    instant = [point.taken for point in with_snapshots(policy, now, alive, most_with_snapshots)]
    in_vault = [point for point in alive if point.in_vault]
    archive = [point.taken for point in in_vault if is_archived(policy, now, point) and point.taken not in instant]
    return Seen(
        day,
        tuple(point.taken for point in alive),
        tuple(instant),
        tuple(point.taken for point in in_vault if point.taken not in archive),
        tuple(archive),
    )


def with_snapshots(policy: dict[str, Any], now: int, alive: Sequence[Point], most: int) -> list[Point]:
    keep = policy["instantRpRetentionRangeInDays"] * DAY
    newest_in_vault = max((point.taken for point in alive if point.in_vault), default=None)
    kept: list[Point] = []
    for point in reversed(alive):
        is_young = point.taken + keep >= now and len(kept) < most
        if point.taken == newest_in_vault or not point.in_vault or is_young:
            kept.append(point)
    return kept[::-1]


def is_archived(policy: dict[str, Any], now: int, point: Point) -> bool:
    rule = (policy.get("tieringPolicy") or {}).get("ArchivedRP") or {}
    if rule.get("tieringMode") not in ("TierAfter", "TierRecommended") or not {"Monthly", "Yearly"} & set(point.rules):
        return False
    age = 90 * DAY
    if rule["tieringMode"] == "TierAfter":
        per_unit = {"Days": 1, "Weeks": 7, "Months": 30, "Years": 360}
        age = max(age, rule["duration"] * per_unit[rule["durationType"]] * DAY)
    moved = point.taken + age
    return moved < now and point.expires - moved >= 180 * DAY
