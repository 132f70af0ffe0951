"""How long a policy keeps a recovery point: daily, weekly, monthly and yearly rules.

A scheduled recovery point bears the names of the rules that its day fulfils, and is kept as long as the longest of them
says. When the policy changes, the new durations also apply to the points it already keeps: longer ones at once, shorter
ones from the next clean-up on.
"""

from __future__ import annotations

import calendar
from collections.abc import Iterable, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta

from controlplane.domain.recovery_services.recovery_point import SNAPSHOT_RULE, RecoveryPoint
from controlplane.domain.recovery_services.schedule import DAYS, Run
from controlplane.json_object import Json

RULES = {
    "Daily": "dailySchedule",
    "Weekly": "weeklySchedule",
    "Monthly": "monthlySchedule",
    "Yearly": "yearlySchedule",
}
"""Name of a rule -> its key in a retention policy, from the shortest to the longest."""
MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)
WEEKS = ("First", "Second", "Third", "Fourth")
DEFAULT_SNAPSHOT_DAYS = 2
CLEAN_UP_AFTER = timedelta(hours=1)
"""When the clean-up comes that finds what a changed policy keeps no longer. Azure Backup names 24 hours at most."""


def day_in_vault(run: Run, owed: date | None = None) -> date | None:
    """The day for which the backup of this run goes to the vault: only the last of a day does. `owed` is a day whose
    last one did not get there; the next run takes its place. None: it stays in the instant tier."""
    return run.day if run.last else owed


def rules_of(policy: Json, day: date | None) -> tuple[str, ...]:
    """The rules that keep the recovery point which went to the vault for this day; for None, one that stays in the
    instant tier. `policy` is its properties."""
    if day is None:
        return (SNAPSHOT_RULE,)
    retention = policy["retentionPolicy"]
    fulfilled = {
        "Daily": True,
        "Weekly": _is_day_of_week(retention.get("weeklySchedule") or {}, day),
        "Monthly": _is_day_of_month(retention.get("monthlySchedule") or {}, day),
        "Yearly": _is_day_of_year(retention.get("yearlySchedule") or {}, day),
    }
    return tuple(name for name, key in RULES.items() if retention.get(key) and fulfilled[name])


def snapshot_age(policy: Json) -> timedelta:
    """How long a policy keeps snapshots."""
    return timedelta(days=policy.get("instantRpRetentionRangeInDays", DEFAULT_SNAPSHOT_DAYS))


def expiry(policy: Json, rules: Sequence[str], taken: datetime) -> datetime | None:
    """When a recovery point with these rules expires; None if the policy no longer has any of them."""
    if SNAPSHOT_RULE in rules:
        return taken + snapshot_age(policy)
    schedules = [policy["retentionPolicy"].get(RULES[name]) for name in rules]
    durations = [schedule["retentionDuration"] for schedule in schedules if schedule]
    return max((later(taken, each["count"], each["durationType"]) for each in durations), default=None)


def lengthened(policy: Json, points: Iterable[RecoveryPoint], now: datetime) -> list[RecoveryPoint]:
    """Those of the points that the policy keeps for longer than was promised, as they are then. One that it took away
    before comes back."""
    longer = []
    for point in points:
        until = _ruled(policy, point)
        if until is not None and until > max(point.expires, now):
            longer.append(replace(point, expires=until, taken_away=False, soft_deleted_until=None))
    return longer


def shortened(policy: Json, points: Iterable[RecoveryPoint], now: datetime) -> list[RecoveryPoint]:
    """Those of the points that the policy keeps for less long than was promised, as they are then. One that would still
    be there is taken away. What was over before is none of them."""
    shorter = []
    for point in points:
        until = _ruled(policy, point)
        if until is not None and now < point.expires and until < point.expires:
            shorter.append(replace(point, expires=until, taken_away=until <= now))
    return shorter


def _ruled(policy: Json, point: RecoveryPoint) -> datetime | None:
    """Until when the rules keep a point; None where its owner said when it ends, or the policy has lost its rules."""
    return expiry(policy, point.rules, point.time) if point.rules and policy else None


def _is_day_of_week(schedule: Json, day: date) -> bool:
    return DAYS[day.weekday()] in (schedule.get("daysOfTheWeek") or [])


def _is_day_of_month(schedule: Json, day: date) -> bool:
    """Days of a month are named by their date, or by weekday and week."""
    if schedule.get("retentionScheduleFormatType") == "Weekly":
        weekly = schedule["retentionScheduleWeekly"]
        return _is_day_of_week(weekly, day) and bool(_weeks(day) & set(weekly["weeksOfTheMonth"]))
    days = (schedule.get("retentionScheduleDaily") or {}).get("daysOfTheMonth") or []
    is_last = day.day == _days_of(day.year, day.month)
    return any(is_last if named.get("isLast") else named.get("date") == day.day for named in days)


def _is_day_of_year(schedule: Json, day: date) -> bool:
    months = schedule.get("monthsOfYear") or []
    return MONTHS[day.month - 1] in months and _is_day_of_month(schedule, day)


def _weeks(day: date) -> set[str]:
    """What this weekday is of its month: the first of them, the second, ..., and the last."""
    names = set(WEEKS[(day.day - 1) // 7 : (day.day - 1) // 7 + 1])
    return names | ({"Last"} if day.day + 7 > _days_of(day.year, day.month) else set())


def later(time: datetime, count: int, unit: str) -> datetime:
    """So many Days, Weeks, Months or Years later; in a shorter month, on its last day."""
    if unit in {"Days", "Weeks"}:
        return time + timedelta(days=count * (7 if unit == "Weeks" else 1))
    months = time.month - 1 + count * (12 if unit == "Years" else 1)
    year, month = time.year + months // 12, months % 12 + 1
    return time.replace(year=year, month=month, day=min(time.day, _days_of(year, month)))


def _days_of(year: int, month: int) -> int:
    return calendar.monthrange(year, month)[1]
