"""Policies of machines for tests: some with every kind of rule, and random ones that the service takes."""

from __future__ import annotations

from typing import Any

from hypothesis import strategies as st

from controlplane.domain.recovery_services import policy as policies
from controlplane.json_object import Json
from tests.unit.controlplane.domain import gfs_oracle

DAYS = gfs_oracle.WEEKDAYS
ZONES = ("UTC", *(name for name in gfs_oracle.AHEAD_OF_UTC if name != "UTC"))


def clock(hour: int, minute: int = 0) -> str:
    return f"2026-11-01T{hour:02}:{minute:02}:00Z"


def kept(at: str, count: int, unit: str, **more: Any) -> Json:
    return {"retentionTimes": [at], "retentionDuration": {"count": count, "durationType": unit}, **more}


def by_date(*dates: int, is_last: bool = False) -> Json:
    days = [{"date": date, "isLast": False} for date in dates] + ([{"date": 0, "isLast": True}] if is_last else [])
    return {"retentionScheduleFormatType": "Daily", "retentionScheduleDaily": {"daysOfTheMonth": days}}


def by_week(weeks: list[str], days: list[str]) -> Json:
    named = {"daysOfTheWeek": days, "weeksOfTheMonth": weeks}
    return {"retentionScheduleFormatType": "Weekly", "retentionScheduleWeekly": named}


def tier_after(count: int, unit: str = "Months") -> Json:
    return {"ArchivedRP": {"tieringMode": "TierAfter", "duration": count, "durationType": unit}}


RECOMMENDED: Json = {"ArchivedRP": {"tieringMode": "TierRecommended"}}


def daily(at: str, version: str = "V1") -> Json:
    if version == "V1":
        simple = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": "Daily"}
        return simple | {"scheduleRunTimes": [at]}
    enhanced = {"schedulePolicyType": "SimpleSchedulePolicyV2", "scheduleRunFrequency": "Daily"}
    return enhanced | {"dailySchedule": {"scheduleRunTimes": [at]}}


def weekly(at: str, days: list[str], version: str = "V1") -> Json:
    runs = {"scheduleRunDays": days, "scheduleRunTimes": [at]}
    if version == "V1":
        return {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": "Weekly"} | runs
    enhanced = {"schedulePolicyType": "SimpleSchedulePolicyV2", "scheduleRunFrequency": "Weekly"}
    return enhanced | {"weeklySchedule": runs}


def hourly(at: str, interval: int, window: int) -> Json:
    hours = {"interval": interval, "scheduleWindowStartTime": at, "scheduleWindowDuration": window}
    return {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": hours,
    }


def policy(schedule: Json, retention: Json, snapshot_days: int, zone: str = "UTC", tiering: Json | None = None) -> Json:
    """The properties, which are checked."""
    enhanced = schedule["schedulePolicyType"] == "SimpleSchedulePolicyV2"
    properties = {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2" if enhanced else "V1",
        "schedulePolicy": schedule,
        "retentionPolicy": {"retentionPolicyType": "LongTermRetentionPolicy", **retention},
        "instantRpRetentionRangeInDays": snapshot_days,
        "timeZone": zone,
        "tieringPolicy": tiering or {},
    }
    policies.check(properties)
    return properties


def grandfather_father_son(zone: str) -> Json:
    """A daily policy with every rule, by date and by weekday, and an archive."""
    at = clock(23, 30)
    retention = {
        "dailySchedule": kept(at, 30, "Days"),
        "weeklySchedule": kept(at, 12, "Weeks", daysOfTheWeek=["Sunday", "Wednesday"]),
        "monthlySchedule": kept(at, 60, "Months", **by_week(["First", "Last"], ["Sunday", "Saturday"])),
        "yearlySchedule": kept(at, 7, "Years", monthsOfYear=["February", "November"], **by_date(1, 28, is_last=True)),
    }
    return policy(daily(at), retention, 5, zone, RECOMMENDED)


def by_the_end_of_months(zone: str) -> Json:
    """A daily enhanced policy that keeps the last day of each month, and the archive later than it could be."""
    at = clock(0)
    retention = {
        "dailySchedule": kept(at, 7, "Days"),
        "monthlySchedule": kept(at, 13, "Months", **by_date(is_last=True)),
        "yearlySchedule": kept(at, 2, "Years", monthsOfYear=["February"], **by_date(is_last=True)),
    }
    return policy(daily(at, "V2"), retention, 6, zone, tier_after(5))


def twice_a_week(zone: str) -> Json:
    at, days = clock(2, 30), ["Tuesday", "Saturday"]
    retention = {
        "weeklySchedule": kept(at, 3, "Weeks", daysOfTheWeek=days),
        "monthlySchedule": kept(at, 12, "Months", **by_week(["Second", "Last"], ["Saturday"])),
        "yearlySchedule": kept(at, 3, "Years", monthsOfYear=["March", "October"], **by_week(["First"], ["Tuesday"])),
    }
    return policy(weekly(at, days), retention, 5, zone, tier_after(14, "Weeks"))


def every_four_hours(zone: str) -> Json:
    """Round the clock; its day begins in the evening, so that its last backup is one of the next date."""
    at = clock(20, 30)
    retention = {
        "dailySchedule": kept(at, 18, "Days"),
        "weeklySchedule": kept(at, 5, "Weeks", daysOfTheWeek=["Friday"]),
        "monthlySchedule": kept(at, 10, "Months", **by_date(1, 15)),
    }
    return policy(hourly(at, 4, 24), retention, 17, zone, RECOMMENDED)


# --------------------------------------------------------------------------------------------------------------- random

_TIMES = st.builds(clock, st.integers(0, 23), st.sampled_from((0, 30)))
_SOME_DAYS = st.lists(st.sampled_from(DAYS), min_size=1, max_size=4, unique=True)
_SOME_MONTHS = st.lists(st.sampled_from(gfs_oracle.MONTHS), min_size=1, max_size=4, unique=True)
_SOME_WEEKS = st.lists(st.sampled_from(("First", "Second", "Third", "Fourth", "Last")), min_size=1, unique=True)
_DATES = st.builds(
    lambda dates, is_last: by_date(*dates, is_last=is_last or not dates),
    st.lists(st.integers(1, 28), max_size=4, unique=True),
    st.booleans(),
)


@st.composite
def any_policy(draw: st.DrawFn) -> Json:
    """A policy that the service takes, with a retention that is over now and then within a few years."""
    at, zone = draw(_TIMES), draw(st.sampled_from(ZONES))
    kind = draw(st.sampled_from(("daily", "daily V2", "weekly", "weekly V2", "hourly")))
    version = "V2" if "V2" in kind else "V1"
    days = draw(_SOME_DAYS)
    if kind.startswith("weekly"):
        schedule = weekly(at, days, version)
        retention = {"weeklySchedule": kept(at, draw(st.integers(6, 30)), "Weeks", daysOfTheWeek=days)}
        named = st.builds(by_week, _SOME_WEEKS, st.lists(st.sampled_from(days), min_size=1, unique=True))
    else:
        schedule = hourly(at, *draw(_windows())) if kind == "hourly" else daily(at, version)
        retention = {"dailySchedule": kept(at, draw(st.integers(31, 60)), "Days")}
        if draw(st.booleans()):
            retention["weeklySchedule"] = kept(at, draw(st.integers(1, 30)), "Weeks", daysOfTheWeek=days)
        named = st.one_of(_DATES, st.builds(by_week, _SOME_WEEKS, _SOME_DAYS))
    if draw(st.booleans()):
        retention["monthlySchedule"] = kept(at, draw(st.integers(1, 24)), "Months", **draw(named))
    if draw(st.booleans()):
        months = draw(_SOME_MONTHS)
        retention["yearlySchedule"] = kept(at, draw(st.integers(1, 3)), "Years", monthsOfYear=months, **draw(named))
    made = policy(schedule, retention, 5, zone)
    snapshots = policies.snapshot_days(made)
    made["instantRpRetentionRangeInDays"] = draw(st.integers(snapshots.start, snapshots.stop - 1))
    longest = policies.longest_months(made["retentionPolicy"])
    if longest >= policies.ARCHIVE_MONTHS and draw(st.booleans()):
        later = st.builds(tier_after, st.integers(3, longest - 6))
        made["tieringPolicy"] = draw(st.one_of(st.just(RECOMMENDED), later))
    policies.check(made)
    return made


@st.composite
def _windows(draw: st.DrawFn) -> tuple[int, int]:
    """An interval, and a window of whole intervals."""
    interval = draw(st.sampled_from(policies.HOURLY_INTERVALS))
    return interval, interval * draw(st.integers(1, 24 // interval))
