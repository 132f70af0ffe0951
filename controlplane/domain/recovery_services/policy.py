"""Backup policy: the three built-in ones of every vault, and the rules that the service checks.

A policy is a schedule and a retention that must fit each other. `check` takes a policy's properties in their normalised
form (documented spelling of keys, integers as integers, no nulls) and raises the service's error for an
invalid one.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from datetime import datetime, time, timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.policies import (
    BUILT_IN_POLICY_CANNOT_BE_DELETED,
    INSTANT_RP_RETENTION_EXCEEDS_VAULTED_RETENTION,
    INVALID_POLICY_FOR_GIVEN_PROVIDER,
    INVALID_POLICY_INPUT,
    POLICY_NOT_FOUND,
    POLICY_OBJECT_IN_USE,
    POLICY_PROTECTED_ITEM_LIMIT_REACHED,
    VAULT_POLICY_LIMIT_REACHED,
)
from controlplane.domain.recovery_services.schedule import hours_of_runs
from controlplane.domain.recovery_services.time_zones import zone
from controlplane.domain.times import parse_instant
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/vaults/backupPolicies"
KIND = TYPE.lower()

BUILT_IN = ("HourlyLogBackup", "DefaultPolicy", "EnhancedPolicy")
"""In the order in which lists show them."""

DAYS = ("Sunday", "Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday")
WEEKS = ("First", "Second", "Third", "Fourth", "Last")
HOURLY_INTERVALS = (4, 6, 8, 12, 24)

RETENTION_RANGES = {
    "dailySchedule": ("Days", range(7, 10_000)),
    "weeklySchedule": ("Weeks", range(1, 5_164)),
    "monthlySchedule": ("Months", range(1, 1_189)),
    "yearlySchedule": ("Years", range(1, 100)),
}
SNAPSHOT_DAYS = {
    ("V1", "Daily"): range(1, 6),
    ("V1", "Weekly"): range(5, 6),
    ("V2", "Hourly"): range(1, 31),
    ("V2", "Daily"): range(1, 31),
    ("V2", "Weekly"): range(1, 31),
}
"""How many days snapshots may be kept, by policy type and frequency."""
FEW_RUNS_PER_DAY = 2
LONGEST_SNAPSHOT_DAYS = {3: 26, 4: 22, 5: 19, 6: 17}
"""How many days at most where an hourly schedule runs more than a few times a day, by the number of its runs. The page
of the enhanced policy names 17 days for six, 22 for four and 30 for two; what lies between is ours."""

TIERING_MODES = ("TierRecommended", "TierAfter", "DoNotTier", "Invalid")
TIER_AFTER_MONTHS = 3
"""What is moved to the archive has been in the vault for three months at least, and stays there for six."""
ARCHIVE_MONTHS = 9
"""So only what is kept at least this long may be moved."""
DAYS_PER_MONTH = 30
CRASH_CONSISTENT = "OnlyCrashConsistent"

MONTHS = (
    *("January", "February", "March", "April", "May", "June"),
    *("July", "August", "September", "October", "November", "December"),
)

_GROUP_NAME_PART = re.compile(r"[\w().-]{0,80}", re.ASCII)
_NAME = re.compile(r"[A-Za-z][-_!A-Za-z0-9]{2,149}", re.ASCII)
"""As the azurerm provider of Terraform has it."""


def input_invalid(reason: str) -> ServiceError:
    """The service's own text says no more than its first two sentences."""
    return INVALID_POLICY_INPUT.error(reason=reason)


def reason_of(error: ServiceError) -> str:
    """What is wrong with a policy, without the sentences with which the service begins each such message."""
    return error.message.removeprefix(INVALID_POLICY_INPUT.message.partition("{reason}")[0]).rstrip(".")


def snapshots_outlive_vault() -> ServiceError:
    return INSTANT_RP_RETENTION_EXCEEDS_VAULTED_RETENTION.error()


def not_for_provider() -> ServiceError:
    return INVALID_POLICY_FOR_GIVEN_PROVIDER.error()


def in_use() -> ServiceError:
    return POLICY_OBJECT_IN_USE.error()


def is_built_in() -> ServiceError:
    return BUILT_IN_POLICY_CANNOT_BE_DELETED.error()


def unknown(name: str) -> ServiceError:
    return POLICY_NOT_FOUND.error(name=name)


def check_room(machines: int, limit: int) -> None:
    """ServiceError where a policy that protects so many machines cannot protect another; no limit is 0."""
    if limit and machines >= limit:
        raise POLICY_PROTECTED_ITEM_LIMIT_REACHED.error(limit=limit)


def check_count(present: int, limit: int) -> None:
    """ServiceError where a vault that has so many policies cannot have another; no limit is 0."""
    if limit and present >= limit:
        raise VAULT_POLICY_LIMIT_REACHED.error(limit=limit)


def check_name(name: str) -> None:
    if not _NAME.fullmatch(name):
        raise input_invalid("the name must have 3 to 150 letters, digits, '-', '_' and '!', and begin with a letter")


def type_of(properties: Json) -> str:
    """V1 or V2, as requested, else by the kind of schedule."""
    enhanced = properties.get("schedulePolicy", {}).get("schedulePolicyType") == "SimpleSchedulePolicyV2"
    return str(properties.get("policyType") or ("V2" if enhanced else "V1"))


def check(properties: Json) -> None:
    """ServiceError for a policy of virtual machines that the service would refuse."""
    check_form(properties)
    for error in beyond_limits(properties):
        raise error


def check_form(properties: Json) -> None:
    """ServiceError for a policy that does not say when machines are backed up and how long points are kept."""
    if properties.get("backupManagementType") != "AzureIaasVM":
        raise not_for_provider()
    schedule = properties.get("schedulePolicy") or {}
    retention = properties.get("retentionPolicy") or {}
    if retention.get("retentionPolicyType") != "LongTermRetentionPolicy":
        raise input_invalid("the retention policy must be a LongTermRetentionPolicy")
    version = type_of(properties)
    schedule_type = {"V1": "SimpleSchedulePolicy", "V2": "SimpleSchedulePolicyV2"}.get(version)
    if schedule_type is None or schedule.get("schedulePolicyType") != schedule_type:
        raise input_invalid("policyType and schedulePolicyType do not match")
    frequency = str(schedule.get("scheduleRunFrequency"))
    if (version, frequency) not in SNAPSHOT_DAYS:
        raise input_invalid(f"a policy of type {version} cannot run {frequency}")
    _check_time_zone(properties)
    _run_time(properties)
    if frequency == "Weekly" and not _all_of(_days_of_runs(properties), DAYS):
        raise input_invalid("a weekly schedule must name its days")
    _check_retention(retention)
    if not 0 < snapshot_days_of(properties) < RETENTION_RANGES["dailySchedule"][1].stop:
        raise _snapshot_days_wrong(properties)


def beyond_limits(properties: Json) -> Iterator[ServiceError]:
    """What the service would refuse of a policy that is well formed; the first is what it would say."""
    for check_limit in _LIMITS:
        try:
            check_limit(properties)
        except ServiceError as error:
            yield error


def check_change(before: Json, after: Json) -> None:
    """ServiceError for a change of a policy that the service would refuse."""
    if type_of(before) == "V2" and type_of(after) == "V1":
        raise input_invalid("an enhanced policy cannot be changed to a standard one")


def _check_snapshot_groups(properties: Json) -> None:
    """Prefix and suffix of the resource groups for snapshots: what a group's name may hold."""
    details = properties.get("instantRPDetails") or {}
    prefix, suffix = details.get("azureBackupRGNamePrefix"), details.get("azureBackupRGNameSuffix")
    if suffix and not prefix:
        raise input_invalid("the resource group for snapshots can only have a suffix if it has a prefix")
    if not all(_GROUP_NAME_PART.fullmatch(part or "") for part in (prefix, suffix)):
        raise input_invalid(
            "the name of the resource group for snapshots has characters that a resource group's name cannot have"
        )


def _check_time_zone(properties: Json) -> None:
    try:
        zone(str(properties.get("timeZone") or "UTC"))
    except ValueError as error:
        raise input_invalid(str(error)) from None


def _run_time(properties: Json) -> time:
    """The time of day at which the schedule runs, or first runs."""
    schedule = properties["schedulePolicy"]
    if schedule["scheduleRunFrequency"] == "Hourly":
        return _hourly_start(schedule.get("hourlySchedule") or {})
    times = [_time_of_day(text) for text in _simple_schedule_of(properties).get("scheduleRunTimes") or []]
    if len(times) != 1:
        raise input_invalid("there must be exactly one schedule time")
    return _at_half_hour(times[0])


def _simple_schedule_of(properties: Json) -> Json:
    """Where a daily or weekly policy names its times, and its days."""
    schedule: Json = properties["schedulePolicy"]
    if type_of(properties) == "V1":
        return schedule
    return schedule.get("dailySchedule" if schedule["scheduleRunFrequency"] == "Daily" else "weeklySchedule") or {}


def _days_of_runs(properties: Json) -> list[str]:
    """Those of a weekly policy."""
    return _simple_schedule_of(properties).get("scheduleRunDays") or []


def _at_half_hour(at: time) -> time:
    if at.minute % 30 or at.second or at.microsecond:
        raise input_invalid("a schedule time must be at a full or half hour")
    return at


def _hourly_start(hourly: Json) -> time:
    interval, duration = hourly.get("interval"), hourly.get("scheduleWindowDuration")
    if interval not in HOURLY_INTERVALS:
        raise input_invalid("the interval must be 4, 6, 8, 12 or 24 hours")
    if not isinstance(duration, int) or not interval <= duration <= 24:
        raise input_invalid("the schedule window must be at least as long as the interval, and at most 24 hours")
    if duration % interval:
        raise input_invalid("the schedule window must be a multiple of the interval")
    if "scheduleWindowStartTime" not in hourly:
        raise input_invalid("the schedule window must have a start time")
    return _at_half_hour(_time_of_day(hourly["scheduleWindowStartTime"]))


def _check_retention(retention: Json) -> None:
    present = [name for name in RETENTION_RANGES if retention.get(name)]
    if not present:
        raise input_invalid("the retention policy must keep something")
    for name in present:
        duration = retention[name].get("retentionDuration") or {}
        longest = {unit: counts.stop for unit, counts in RETENTION_RANGES.values()}
        if not 0 < (duration.get("count") or 0) < longest.get(str(duration.get("durationType")), 0):
            raise _duration_wrong(name)
    if retention.get("weeklySchedule") and not _all_of(retention["weeklySchedule"].get("daysOfTheWeek"), DAYS):
        raise input_invalid("weeklySchedule must name its days")
    for name in ("monthlySchedule", "yearlySchedule"):
        if retention.get(name):
            _check_days_of_month(name, retention[name])


def _check_durations(properties: Json) -> None:
    retention, at = properties["retentionPolicy"], _run_time(properties)
    for name, (unit, allowed) in RETENTION_RANGES.items():
        if not retention.get(name):
            continue
        duration = retention[name]["retentionDuration"]
        if duration["durationType"] != unit or duration["count"] not in allowed:
            raise _duration_wrong(name)
        if [_time_of_day(text) for text in retention[name].get("retentionTimes") or []] != [at]:
            raise input_invalid(f"the retention time of {name} must be the schedule time")


def _duration_wrong(name: str) -> ServiceError:
    unit, allowed = RETENTION_RANGES[name]
    return input_invalid(f"{name} must keep between {allowed.start} and {allowed.stop - 1} {unit}")


def _check_days_of_month(name: str, schedule: Json) -> None:
    """A monthly or yearly schedule names days by their date, or by weekday and week."""
    kind = schedule.get("retentionScheduleFormatType")
    weekly = schedule.get("retentionScheduleWeekly") or {}
    daily = schedule.get("retentionScheduleDaily") or {}
    if kind == "Weekly":
        named = _all_of(weekly.get("daysOfTheWeek"), DAYS) and _all_of(weekly.get("weeksOfTheMonth"), WEEKS)
    else:
        days = daily.get("daysOfTheMonth") or []
        named = kind == "Daily" and bool(days)
        named = named and all(day.get("isLast") or day.get("date") in range(1, 29) for day in days)
    if not named:
        raise input_invalid(f"{name} must name its days")
    if name == "yearlySchedule" and not _all_of(schedule.get("monthsOfYear"), MONTHS):
        raise input_invalid("yearlySchedule must name its months")


def _check_shortest(properties: Json) -> None:
    """What is backed up on some days only cannot be kept by the day."""
    retention = properties["retentionPolicy"]
    if properties["schedulePolicy"]["scheduleRunFrequency"] != "Weekly":
        if not retention.get("dailySchedule"):
            raise input_invalid("a daily or hourly schedule needs a daily retention")
        return
    days = set(_days_of_runs(properties))
    if retention.get("dailySchedule") or not retention.get("weeklySchedule"):
        raise input_invalid("a weekly schedule must have a weekly retention and no daily one")
    if set(retention["weeklySchedule"]["daysOfTheWeek"]) != days:
        raise input_invalid("the days of the weekly retention must be those of the schedule")
    for name in ("monthlySchedule", "yearlySchedule"):
        if retention.get(name):
            _check_days_with_a_backup(name, retention[name], days)


def _check_days_with_a_backup(name: str, schedule: Json, days: set[str]) -> None:
    """Beside a weekly schedule: a date may fall on a day without a backup, so days are named by weekday and week."""
    if schedule.get("retentionScheduleFormatType") != "Weekly":
        raise input_invalid(f"with a weekly schedule, {name} must name its days by weekday and week")
    if not set(schedule["retentionScheduleWeekly"]["daysOfTheWeek"]) <= days:
        raise input_invalid(f"{name} keeps days on which there is no backup")


def _check_snapshot_days(properties: Json) -> None:
    kept = snapshot_days_of(properties)
    if kept not in snapshot_days(properties):
        raise _snapshot_days_wrong(properties)
    retention = properties["retentionPolicy"]
    shortest = retention.get("dailySchedule") or retention.get("weeklySchedule")
    if shortest and kept >= shortest["retentionDuration"]["count"] * (1 if retention.get("dailySchedule") else 7):
        raise snapshots_outlive_vault()


def _snapshot_days_wrong(properties: Json) -> ServiceError:
    allowed = snapshot_days(properties)
    return input_invalid(f"instant recovery points can be kept between {allowed.start} and {allowed.stop - 1} days")


def snapshot_days(properties: Json) -> range:
    """How many days a policy with this schedule may keep snapshots."""
    schedule = properties["schedulePolicy"]
    frequency = schedule["scheduleRunFrequency"]
    allowed = SNAPSHOT_DAYS[type_of(properties), frequency]
    if frequency != "Hourly":
        return allowed
    runs = len(hours_of_runs(schedule["hourlySchedule"]))
    return allowed if runs <= FEW_RUNS_PER_DAY else range(allowed.start, LONGEST_SNAPSHOT_DAYS[runs] + 1)


def snapshot_days_of(properties: Json) -> int:
    """How many days a policy does keep snapshots."""
    default = default_snapshot_days(type_of(properties), properties["schedulePolicy"]["scheduleRunFrequency"])
    return int(properties.get("instantRpRetentionRangeInDays", default))


def default_snapshot_days(version: str, frequency: str) -> int:
    return 5 if (version, frequency) == ("V1", "Weekly") else 2


def _check_tiering(properties: Json) -> None:
    tiering = properties.get("tieringPolicy") or {}
    if set(tiering) - {"ArchivedRP"}:
        raise input_invalid("recovery points can only be tiered to ArchivedRP")
    for rule in tiering.values():
        mode = rule.get("tieringMode")
        if mode not in {None, *TIERING_MODES}:
            raise input_invalid(f"tieringMode must be one of {', '.join(TIERING_MODES)}")
        if mode in {None, "DoNotTier", "Invalid"}:
            continue
        kept = longest_months(properties["retentionPolicy"])
        if kept < ARCHIVE_MONTHS:
            raise input_invalid("tiering needs a monthly or yearly retention of at least nine months")
        if mode == "TierAfter" and not TIER_AFTER_MONTHS <= tier_after_months(rule) <= kept - 6:
            raise input_invalid(
                "recovery points must be at least three months old when they are tiered, and be kept for six more"
            )


def longest_months(retention: Json) -> int:
    """How many months the longest of the rules by which a point may be archived keeps it."""
    months = (retention.get("monthlySchedule") or {}).get("retentionDuration", {}).get("count", 0)
    years = (retention.get("yearlySchedule") or {}).get("retentionDuration", {}).get("count", 0)
    return int(max(months, years * 12))


def tier_after_months(rule: Json) -> float:
    """The age at which a rule of the mode TierAfter moves a point; zero where it names none that can be read."""
    per_month = {"Days": 1 / 30, "Weeks": 7 / 30, "Months": 1, "Years": 12}
    return (rule.get("duration") or 0) * per_month.get(str(rule.get("durationType")), 0)


def age_to_archive(properties: Json) -> timedelta | None:
    """The age at which a policy wants recovery points in the archive; None: it does not move them. What its mode
    recommends is everything that may be there, since all costs less there."""
    rule = (properties.get("tieringPolicy") or {}).get("ArchivedRP") or {}
    mode = rule.get("tieringMode")
    if mode not in {"TierAfter", "TierRecommended"}:
        return None
    return timedelta(days=(tier_after_months(rule) if mode == "TierAfter" else 0) * DAYS_PER_MONTH)


def _check_consistency(properties: Json) -> None:
    consistency = properties.get("snapshotConsistencyType")
    if consistency is None:
        return
    if consistency != CRASH_CONSISTENT or type_of(properties) != "V2":
        raise input_invalid(f"snapshotConsistencyType may be {CRASH_CONSISTENT}, in an enhanced policy")


_LIMITS = (
    _check_snapshot_groups,
    _check_durations,
    _check_shortest,
    _check_snapshot_days,
    _check_tiering,
    _check_consistency,
)


def _all_of(values: Iterable[str] | None, allowed: tuple[str, ...]) -> bool:
    """There are values, and the service knows each."""
    given = list(values or [])
    return bool(given) and all(value in allowed for value in given)


def _time_of_day(text: str) -> time:
    try:
        return parse_instant(text).timetz()
    except ValueError:
        raise input_invalid("times must be written like 2026-11-01T21:00:00Z") from None


def body(id: str, properties: Json) -> Json:
    """A policy as it is stored; protectedItemsCount is counted when it is shown."""
    return {"id": id, "name": id.rpartition("/")[2], "type": TYPE, "properties": properties}


def changed_at(private: Json) -> datetime | None:
    """When a policy was changed last; `private` is what the service remembers of it."""
    stored = private.get("changed")
    return datetime.fromisoformat(stored) if stored else None


def with_change(private: Json, now: datetime) -> Json:
    """What the service remembers once a policy was changed."""
    return private | {"changed": now.isoformat()}


def built_in(vault_id: str, now: datetime) -> list[Json]:
    """The policies of a fresh vault."""
    day = f"{now:%Y-%m-%d}"
    properties = (_log_backup(f"{day}T19:30:00Z"), _default(f"{day}T21:00:00Z"), _enhanced(f"{day}T08:00:00+00:00"))
    return [body(f"{vault_id}/backupPolicies/{name}", each) for name, each in zip(BUILT_IN, properties, strict=True)]


def _daily_retention(at: str) -> Json:
    duration = {"count": 30, "durationType": "Days"}
    return {
        "retentionPolicyType": "LongTermRetentionPolicy",
        "dailySchedule": {"retentionTimes": [at], "retentionDuration": duration},
    }


def _simple_schedule(at: str) -> Json:
    return {
        "schedulePolicyType": "SimpleSchedulePolicy",
        "scheduleRunFrequency": "Daily",
        "scheduleRunTimes": [at],
        "scheduleWeeklyFrequency": 0,
    }


def _default(at: str) -> Json:
    return {
        "backupManagementType": "AzureIaasVM",
        "policyType": "V1",
        "instantRPDetails": {},
        "schedulePolicy": _simple_schedule(at),
        "retentionPolicy": _daily_retention(at),
        "instantRpRetentionRangeInDays": 2,
        "timeZone": "UTC",
    }


def _enhanced(at: str) -> Json:
    hourly = {"interval": 4, "scheduleWindowStartTime": at, "scheduleWindowDuration": 12}
    schedule = {
        "schedulePolicyType": "SimpleSchedulePolicyV2",
        "scheduleRunFrequency": "Hourly",
        "hourlySchedule": hourly,
    }
    return _default(at) | {"policyType": "V2", "schedulePolicy": schedule}


def _log_backup(at: str) -> Json:
    """A policy for databases: it is listed, and protects no virtual machine."""
    log = {
        "policyType": "Log",
        "schedulePolicy": {"schedulePolicyType": "LogSchedulePolicy", "scheduleFrequencyInMins": 60},
        "retentionPolicy": {
            "retentionPolicyType": "SimpleRetentionPolicy",
            "retentionDuration": {"count": 30, "durationType": "Days"},
        },
    }
    full = {"policyType": "Full", "schedulePolicy": _simple_schedule(at), "retentionPolicy": _daily_retention(at)}
    return {
        "backupManagementType": "AzureWorkload",
        "workLoadType": "SQLDataBase",
        "settings": {"timeZone": "UTC", "issqlcompression": False, "isCompression": False},
        "subProtectionPolicy": [full, log],
    }
