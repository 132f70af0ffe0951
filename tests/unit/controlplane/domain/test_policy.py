"""Which backup policies the service takes, and with which code it refuses the others."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from copy import deepcopy
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import policy
from controlplane.json_object import Json

NOW = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/g/providers/Microsoft.RecoveryServices/vaults/v"
AT = "2017-01-26T05:30:00Z"

INPUT = "BMSUserErrorInvalidPolicyInput"
RETENTION = "BMSUserErrorInvalidPolicyInput"
OUTLIVES = "BMSUserErrorInstantRPRetentionExceedsVaultedRetention"
PROVIDER = "BMSUserErrorInvalidPolicyForGivenProvider"


def kept(count: int, unit: str, **more: object) -> Json:
    return {"retentionTimes": [AT], "retentionDuration": {"count": count, "durationType": unit}, **more}


def daily() -> Json:
    """A daily policy with every kind of retention, as the quickstart template has it."""
    days = {"daysOfTheWeek": ["Sunday", "Tuesday"], "weeksOfTheMonth": ["First", "Third"]}
    return {
        "backupManagementType": "AzureIaasVM",
        "instantRpRetentionRangeInDays": 5,
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Daily",
            "scheduleRunTimes": [AT],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(104, "Days"),
            "weeklySchedule": kept(104, "Weeks", daysOfTheWeek=["Sunday", "Tuesday"]),
            "monthlySchedule": kept(
                60,
                "Months",
                retentionScheduleFormatType="Daily",
                retentionScheduleDaily={"daysOfTheMonth": [{"date": 1, "isLast": False}]},
            ),
            "yearlySchedule": kept(
                10,
                "Years",
                retentionScheduleFormatType="Weekly",
                retentionScheduleWeekly=days,
                monthsOfYear=["January"],
            ),
        },
    }


def weekly() -> Json:
    return {
        "backupManagementType": "AzureIaasVM",
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicy",
            "scheduleRunFrequency": "Weekly",
            "scheduleRunDays": ["Monday"],
            "scheduleRunTimes": [AT],
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=["Monday"]),
        },
    }


def hourly() -> Json:
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V2",
        "instantRpRetentionRangeInDays": 7,
        "schedulePolicy": {
            "schedulePolicyType": "SimpleSchedulePolicyV2",
            "scheduleRunFrequency": "Hourly",
            "hourlySchedule": {"interval": 4, "scheduleWindowStartTime": AT, "scheduleWindowDuration": 12},
        },
        "retentionPolicy": {
            "retentionPolicyType": "LongTermRetentionPolicy",
            "dailySchedule": kept(30, "Days"),
        },
    }


def weekly_v2() -> Json:
    found = weekly()
    found["schedulePolicy"] = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Weekly",
        "weeklySchedule": {"scheduleRunDays": ["Monday"], "scheduleRunTimes": [AT]},
    }
    return found


@pytest.mark.parametrize("properties", [daily(), weekly(), hourly(), weekly_v2()], ids=["v1", "v1w", "v2h", "v2w"])
def test_good_policies_are_taken(properties: Json) -> None:
    policy.check(properties)


def test_the_built_in_policies_for_machines_are_good() -> None:
    found = {each["name"]: each["properties"] for each in policy.built_in(VAULT, NOW)}
    assert tuple(found) == policy.BUILT_IN
    policy.check(found["DefaultPolicy"])
    policy.check(found["EnhancedPolicy"])
    with pytest.raises(ServiceError, match=PROVIDER):
        policy.check(found["HourlyLogBackup"])


def put(value: object, *path: str) -> Callable[[Json], None]:
    """The change that writes `value` at this path; None takes away what is there."""

    def change(properties: Json) -> None:
        for key in path[:-1]:
            properties = properties[key]
        if value is None:
            del properties[path[-1]]
        else:
            properties[path[-1]] = value

    return change


def tiered(mode: str, months: int | None = 3) -> Json:
    return {"ArchivedRP": {"tieringMode": mode, "duration": months, "durationType": "Months"}}


def by_date() -> Json:
    days = {"daysOfTheMonth": [{"date": 1, "isLast": False}]}
    return kept(12, "Months", retentionScheduleFormatType="Daily", retentionScheduleDaily=days)


def by_week(day: str) -> Json:
    days = {"daysOfTheWeek": [day], "weeksOfTheMonth": ["First"]}
    return kept(12, "Months", retentionScheduleFormatType="Weekly", retentionScheduleWeekly=days)


SCHEDULE, KEPT = "schedulePolicy", "retentionPolicy"
MONTH, YEAR = (KEPT, "monthlySchedule"), (KEPT, "yearlySchedule")

BAD: list[tuple[str, Json, Callable[[Json], None], str]] = [
    ("provider", daily(), put("AzureStorage", "backupManagementType"), PROVIDER),
    ("no schedule", daily(), put(None, SCHEDULE), INPUT),
    ("no retention", daily(), put(None, KEPT), INPUT),
    ("retention kind", daily(), put("SimpleRetentionPolicy", KEPT, "retentionPolicyType"), INPUT),
    ("v1 by the hour", daily(), put("Hourly", SCHEDULE, "scheduleRunFrequency"), INPUT),
    ("v2 with a v1 schedule", daily(), put("V2", "policyType"), INPUT),
    ("v1 with a v2 schedule", hourly(), put("V1", "policyType"), INPUT),
    ("no time", daily(), put([], SCHEDULE, "scheduleRunTimes"), INPUT),
    ("two times", daily(), put([AT, AT], SCHEDULE, "scheduleRunTimes"), INPUT),
    ("a quarter past", daily(), put(["2017-01-26T05:15:00Z"], SCHEDULE, "scheduleRunTimes"), INPUT),
    ("no time at all", daily(), put(["soon"], SCHEDULE, "scheduleRunTimes"), INPUT),
    ("other time", daily(), put(["2017-01-26T06:00:00Z"], KEPT, "dailySchedule", "retentionTimes"), INPUT),
    ("interval", hourly(), put(5, SCHEDULE, "hourlySchedule", "interval"), INPUT),
    ("window", hourly(), put(3, SCHEDULE, "hourlySchedule", "scheduleWindowDuration"), INPUT),
    ("long window", hourly(), put(25, SCHEDULE, "hourlySchedule", "scheduleWindowDuration"), INPUT),
    ("few days", daily(), put(6, KEPT, "dailySchedule", "retentionDuration", "count"), RETENTION),
    ("many days", daily(), put(10_000, KEPT, "dailySchedule", "retentionDuration", "count"), RETENTION),
    ("many weeks", daily(), put(5_164, KEPT, "weeklySchedule", "retentionDuration", "count"), RETENTION),
    ("many months", daily(), put(1_189, KEPT, "monthlySchedule", "retentionDuration", "count"), RETENTION),
    ("many years", daily(), put(100, KEPT, "yearlySchedule", "retentionDuration", "count"), RETENTION),
    ("unit", daily(), put("Weeks", KEPT, "dailySchedule", "retentionDuration", "durationType"), RETENTION),
    ("snapshots v1", daily(), put(6, "instantRpRetentionRangeInDays"), RETENTION),
    ("snapshots weekly", weekly(), put(4, "instantRpRetentionRangeInDays"), RETENTION),
    ("snapshots v2", hourly(), put(31, "instantRpRetentionRangeInDays"), RETENTION),
    ("snapshots of four a day", hourly(), put(23, "instantRpRetentionRangeInDays"), RETENTION),
    ("snapshots outlive", hourly(), put(7, KEPT, "dailySchedule", "retentionDuration", "count"), OUTLIVES),
    ("no days of the week", weekly(), put([], SCHEDULE, "scheduleRunDays"), INPUT),
    ("other days", weekly(), put(["Friday"], SCHEDULE, "scheduleRunDays"), INPUT),
    ("no such day", weekly(), put(["Caturday"], SCHEDULE, "scheduleRunDays"), INPUT),
    ("weekly kept daily", weekly(), put(kept(30, "Days"), KEPT, "dailySchedule"), INPUT),
    ("daily kept weekly", daily(), put(None, KEPT, "dailySchedule"), INPUT),
    ("no day of the month", daily(), put({}, KEPT, "monthlySchedule", "retentionScheduleDaily"), INPUT),
    ("no week of the month", daily(), put({}, KEPT, "yearlySchedule", "retentionScheduleWeekly"), INPUT),
    ("no month", daily(), put([], KEPT, "yearlySchedule", "monthsOfYear"), INPUT),
    ("tiering", hourly(), put({"ArchivedRP": {"tieringMode": "TierRecommended"}}, "tieringPolicy"), INPUT),
    ("tiering mode", daily(), put(tiered("Sometimes"), "tieringPolicy"), INPUT),
    ("tiering target", daily(), put({"HardenedRP": {"tieringMode": "TierRecommended"}}, "tieringPolicy"), INPUT),
    ("tiering too soon", daily(), put(tiered("TierAfter", 2), "tieringPolicy"), INPUT),
    ("tiering too late", daily(), put(tiered("TierAfter", 115), "tieringPolicy"), INPUT),
    ("tiering some time", daily(), put(tiered("TierAfter", None), "tieringPolicy"), INPUT),
    ("window of no whole intervals", hourly(), put(10, SCHEDULE, "hourlySchedule", "scheduleWindowDuration"), INPUT),
    (
        "window at a quarter past",
        hourly(),
        put("2017-01-26T05:15:00Z", SCHEDULE, "hourlySchedule", "scheduleWindowStartTime"),
        INPUT,
    ),
    ("no window start", hourly(), put(None, SCHEDULE, "hourlySchedule", "scheduleWindowStartTime"), INPUT),
    ("no hours", hourly(), put({}, SCHEDULE, "hourlySchedule"), INPUT),
    ("no such month", daily(), put(["Brumaire"], KEPT, "yearlySchedule", "monthsOfYear"), INPUT),
    (
        "the thirtieth",
        daily(),
        put([{"date": 30}], KEPT, "monthlySchedule", "retentionScheduleDaily", "daysOfTheMonth"),
        INPUT,
    ),
    (
        "no such week",
        daily(),
        put(["Fifth"], KEPT, "yearlySchedule", "retentionScheduleWeekly", "weeksOfTheMonth"),
        INPUT,
    ),
    ("format", daily(), put("Hourly", KEPT, "monthlySchedule", "retentionScheduleFormatType"), INPUT),
    ("weekly without days", daily(), put([], KEPT, "weeklySchedule", "daysOfTheWeek"), INPUT),
    ("dates beside a weekly schedule", weekly(), put(by_date(), KEPT, "monthlySchedule"), INPUT),
    ("kept without a backup", weekly(), put(by_week("Friday"), KEPT, "monthlySchedule"), INPUT),
    ("nothing is kept", hourly(), put(None, KEPT, "dailySchedule"), INPUT),
    ("no duration", daily(), put(None, KEPT, "dailySchedule", "retentionDuration"), RETENTION),
    ("no retention time", daily(), put([], KEPT, "dailySchedule", "retentionTimes"), INPUT),
    ("policy type", daily(), put("V3", "policyType"), INPUT),
    ("weekly by v1 snapshots", weekly(), put(6, "instantRpRetentionRangeInDays"), RETENTION),
    ("snapshots for no time", hourly(), put(0, "instantRpRetentionRangeInDays"), RETENTION),
    ("group suffix alone", daily(), put({"azureBackupRGNameSuffix": "x"}, "instantRPDetails"), INPUT),
    ("group name", daily(), put({"azureBackupRGNamePrefix": "a/b"}, "instantRPDetails"), INPUT),
    ("consistency", hourly(), put("Whatever", "snapshotConsistencyType"), INPUT),
    ("consistency of v1", daily(), put("OnlyCrashConsistent", "snapshotConsistencyType"), INPUT),
]


@pytest.mark.parametrize(("properties", "spoil", "code"), [row[1:] for row in BAD], ids=[row[0] for row in BAD])
def test_a_bad_policy_gets_its_code(properties: Json, spoil: Callable[[Json], None], code: str) -> None:
    bad = deepcopy(properties)
    policy.check(bad)
    spoil(bad)
    with pytest.raises(ServiceError) as caught:
        policy.check(bad)
    assert (caught.value.code, caught.value.status) == (code, 400)


def test_tiering_is_taken_with_a_long_retention() -> None:
    properties = daily()
    properties["tieringPolicy"] = {"ArchivedRP": {"tieringMode": "TierAfter", "duration": 3, "durationType": "Months"}}
    policy.check(properties)
    del properties["retentionPolicy"]["monthlySchedule"]
    policy.check(properties)
    del properties["retentionPolicy"]["yearlySchedule"]
    with pytest.raises(ServiceError, match=INPUT):
        policy.check(properties)


def test_a_weekly_policy_keeps_the_days_on_which_it_runs() -> None:
    properties = weekly()
    properties["retentionPolicy"]["monthlySchedule"] = by_week("Monday")
    policy.check(properties)


@pytest.mark.parametrize("name", ["abc", "a_b", "A!-9_", "a" * 150])
def test_good_names_are_taken(name: str) -> None:
    policy.check_name(name)


def test_a_weekly_enhanced_policy_keeps_points_longer_than_snapshots() -> None:
    properties = weekly_v2() | {"instantRpRetentionRangeInDays": 14}
    kept = properties["retentionPolicy"]["weeklySchedule"]["retentionDuration"]
    kept["count"] = 3
    policy.check(properties)
    kept["count"] = 2
    with pytest.raises(ServiceError, match=OUTLIVES):
        policy.check(properties)


def test_an_enhanced_policy_may_run_every_24_hours() -> None:
    properties = hourly()
    properties["schedulePolicy"]["hourlySchedule"] |= {"interval": 24, "scheduleWindowDuration": 24}
    policy.check(properties)


@pytest.mark.parametrize(
    ("interval", "window", "days"), [(4, 24, 17), (4, 16, 19), (6, 24, 22), (8, 24, 26), (12, 24, 30), (24, 24, 30)]
)
def test_the_more_snapshots_a_day_the_fewer_days_they_are_kept(interval: int, window: int, days: int) -> None:
    properties = hourly()
    properties["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 180
    properties["schedulePolicy"]["hourlySchedule"] |= {"interval": interval, "scheduleWindowDuration": window}
    policy.check(properties | {"instantRpRetentionRangeInDays": days})
    with pytest.raises(ServiceError, match=f"between 1 and {days} days"):
        policy.check(properties | {"instantRpRetentionRangeInDays": days + 1})


@pytest.mark.parametrize("name", ["Kamchatka Standard Time", "Mid-Atlantic Standard Time"])
def test_zones_that_windows_has_kept_are_taken(name: str) -> None:
    policy.check(daily() | {"timeZone": name})


def test_an_enhanced_policy_may_want_crash_consistent_snapshots_alone() -> None:
    policy.check(hourly() | {"snapshotConsistencyType": "OnlyCrashConsistent"})


def test_an_enhanced_policy_stays_one() -> None:
    policy.check_change(daily(), hourly())
    policy.check_change(hourly(), hourly())
    with pytest.raises(ServiceError, match=INPUT):
        policy.check_change(hourly(), daily())


@pytest.mark.parametrize("name", ["ab", "1abc", "a b", "a.b", "_ab", "!ab", "a" * 151, "", "naïve"])
def test_bad_names_are_refused(name: str) -> None:
    with pytest.raises(ServiceError, match=INPUT):
        policy.check_name(name)


@given(spoilt=st.sampled_from([daily, weekly, hourly, weekly_v2]), data=st.data())
def test_a_policy_without_any_of_its_parts_is_taken_or_refused(spoilt: Callable[[], Json], data: st.DataObject) -> None:
    properties = part = spoilt()
    while True:
        key = data.draw(st.sampled_from(sorted(part)))
        inner = part[key]
        if not isinstance(inner, dict) or not inner or data.draw(st.booleans()):
            break
        part = inner
    del part[key]
    with suppress(ServiceError):
        policy.check(properties)


def test_a_time_zone_that_nobody_knows_is_refused() -> None:
    policy.check(daily() | {"timeZone": "w. europe standard time"})
    with pytest.raises(ServiceError) as refused:
        policy.check(daily() | {"timeZone": "Europe/Berlin"})
    assert refused.value.code == INPUT
