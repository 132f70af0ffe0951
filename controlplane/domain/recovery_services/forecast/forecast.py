"""The forecast of a policy: its recovery points, what is there at the end of each day, how far back one can restore."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from functools import cache

from controlplane.domain.recovery_services.forecast import days, storage
from controlplane.domain.recovery_services.forecast import findings as odd
from controlplane.domain.recovery_services.forecast.days import Reach
from controlplane.domain.recovery_services.forecast.findings import Finding, RuleUse
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime, lifetimes
from controlplane.domain.recovery_services.forecast.storage import DayCount, Disk
from controlplane.domain.recovery_services.schedule import Schedule
from controlplane.domain.times import instant
from controlplane.json_object import Json


@dataclass(frozen=True, slots=True)
class Forecast:
    policy: Json
    """The properties of the policy."""
    after: datetime
    until: datetime
    disk: Disk
    lives: Sequence[Lifetime]
    days: Sequence[DayCount]
    reaches: Sequence[Reach]
    rules: Sequence[RuleUse]
    findings: Sequence[Finding]


def forecast(policy: Json, after: datetime, until: datetime, *, keep_count: int, disk: Disk) -> Forecast:
    """What comes of a machine that comes under a policy at `after` and is backed up as scheduled up to `until`.
    `policy` is the properties of a well formed one; `keep_count` is how many of its points have snapshots at most."""
    lives = lifetimes(policy, after, until, keep_count)
    ends = list(days.ends_of_days(Schedule.of(policy), after, until))
    happens, rules = days.steps(lives), odd.uses(policy, lives)
    return Forecast(
        policy,
        after,
        until,
        disk,
        lives,
        storage.counts(happens, ends, disk),
        days.reaches(happens, ends),
        rules,
        odd.findings(policy, lives, rules, until),
    )


def to_json(found: Forecast) -> Json:
    """`backupsim forecast --json`, without its version and the policy's name."""
    return {
        "from": instant(found.after),
        "until": instant(found.until),
        "time_zone": found.policy.get("timeZone") or "UTC",
        "policy_properties": found.policy,
        "disk_gib": found.disk.gib,
        "change_percent_per_day": found.disk.change_percent_per_day,
        "longest_gap_hours": odd.longest_gap(found.lives) / timedelta(hours=1),
        "rules": [
            {"rule": rule.rule, "count": rule.count, "unit": rule.unit, "taken": rule.taken, "decides": rule.decides}
            for rule in found.rules
        ],
        "findings": [{"kind": each.kind, "detail": each.detail} for each in found.findings],
        "reach": [_reach(each) for each in found.reaches],
        "days": [_day(each) for each in found.days],
        "recovery_points": _lives(found.lives),
    }


def _reach(reach: Reach) -> Json:
    return {
        "days_back": reach.days_back,
        "first_day": reach.first_day.isoformat() if reach.first_day else None,
        "days_without": reach.days_without,
        "farthest_back_hours": reach.farthest_back / timedelta(hours=1),
    }


def _day(count: DayCount) -> Json:
    return {
        "day": count.day.isoformat(),
        "end": instant(count.end),
        "recovery_points": count.points,
        "instant": count.instant,
        "vault": count.vault,
        "archive": count.archive,
        "instant_gib": _gib(count.instant_gib),
        "vault_gib": _gib(count.vault_gib),
        "archive_gib": _gib(count.archive_gib),
    }


def _gib(number: float) -> float:
    """Sums of many differences end in noise."""
    return round(max(number, 0.0), 3)


def _lives(lives: Sequence[Lifetime]) -> list[Json]:
    """The same few thousand instants come again and again as ends of other points."""
    text = cache(instant)
    return [
        {
            "time": text(life.time),
            "day": life.day.isoformat(),
            "rules": list(life.rules),
            "expires": text(life.expires),
            "in_vault": life.in_vault,
            "snapshots_until": life.snapshots_until and text(life.snapshots_until),
            "archived": life.archived and text(life.archived),
            "removed": life.removed and text(life.removed),
        }
        for life in lives
    ]
