"""When backups are due, which rules keep them and until when."""

from __future__ import annotations

from calendar import monthrange
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services import retention, schedule
from controlplane.domain.recovery_services.schedule import DAYS, Run
from controlplane.domain.recovery_services.time_zones import _IANA_BY_WINDOWS, standard_offset, zone
from controlplane.json_object import Json

AT = "2017-01-26T05:30:00Z"
START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
"""A Sunday."""
ZONES = (
    "UTC",
    "W. Europe Standard Time",
    "India Standard Time",
    "Line Islands Standard Time",
    "Dateline Standard Time",
)


def daily(time_zone: str = "UTC") -> Json:
    simple = {"schedulePolicyType": "SimpleSchedulePolicy", "scheduleRunFrequency": "Daily", "scheduleRunTimes": [AT]}
    return {"timeZone": time_zone, "schedulePolicy": simple}


def weekly(days: list[str], time_zone: str = "UTC") -> Json:
    runs = {"scheduleRunFrequency": "Weekly", "scheduleRunDays": days}
    return {"timeZone": time_zone, "schedulePolicy": daily()["schedulePolicy"] | runs}


def hourly(interval: int, window: int, start: str = "2026-01-01T08:00:00Z", time_zone: str = "UTC") -> Json:
    hours = {"interval": interval, "scheduleWindowStartTime": start, "scheduleWindowDuration": window}
    kind = {"schedulePolicyType": "SimpleSchedulePolicyV2", "scheduleRunFrequency": "Hourly", "hourlySchedule": hours}
    return {"timeZone": time_zone, "schedulePolicy": kind}


ANY_POLICY = st.one_of(
    st.builds(daily, st.sampled_from(ZONES)),
    st.builds(weekly, st.lists(st.sampled_from(DAYS), min_size=1, unique=True), st.sampled_from(ZONES)),
    st.builds(
        hourly,
        st.sampled_from(policies.HOURLY_INTERVALS),
        st.integers(12, 24),
        st.integers(0, 23).map(lambda hour: f"2026-01-01T{hour:02}:30:00Z"),
        st.sampled_from(ZONES),
    ),
)
INSTANTS = st.datetimes(datetime(2025, 1, 1), datetime(2030, 1, 1)).map(lambda time: time.replace(tzinfo=UTC))


# ------------------------------------------------------------------------------------------------------------- schedule


def due(policy: Json, day: date) -> list[str]:
    return [f"{run.due:%d %H:%M}" for run in schedule.runs_of_day(policy, day)]


def test_runs_of_a_day() -> None:
    sunday = date(2026, 11, 22)
    assert due(daily(), sunday) == ["22 05:30"]
    assert due(daily("W. Europe Standard Time"), sunday) == ["22 04:30"]
    assert due(weekly(["Sunday", "Tuesday"]), sunday) == ["22 05:30"]
    assert due(weekly(["Tuesday"]), sunday) == []
    assert due(hourly(4, 12), sunday) == ["22 08:00", "22 12:00", "22 16:00", "22 20:00"]
    assert due(hourly(6, 24, "2026-01-01T22:00:00Z"), sunday) == ["22 22:00", "23 04:00", "23 10:00", "23 16:00"]
    runs = list(schedule.runs_of_day(hourly(6, 12), sunday))
    assert [run.first for run in runs] == [True, False, False]
    assert [run.last for run in runs] == [False, False, True]


@pytest.mark.parametrize(
    ("time_zone", "winter", "summer"),
    [
        ("W. Europe Standard Time", date(2027, 1, 1), date(2027, 7, 1)),
        ("Pacific Standard Time", date(2027, 1, 1), date(2027, 7, 1)),
        ("AUS Eastern Standard Time", date(2027, 7, 1), date(2027, 1, 1)),
        ("Morocco Standard Time", date(2027, 7, 1), date(2027, 2, 20)),
    ],
)
def test_clocks_that_change_do_not_move_a_run(time_zone: str, winter: date, summer: date) -> None:
    """The support matrix of Azure Backup: it "doesn't automatically adjust for daylight saving time"."""
    (in_winter,), (in_summer,) = (schedule.runs_of_day(daily(time_zone), day) for day in (winter, summer))
    here = zone(time_zone)
    assert in_winter.due.timetz() == in_summer.due.timetz()
    assert in_winter.due.astimezone(here).strftime("%d %H:%M") == f"{winter:%d} 05:30"
    assert in_summer.due.astimezone(here).strftime("%d %H:%M") != f"{summer:%d} 05:30"


@pytest.mark.parametrize("name", sorted(_IANA_BY_WINDOWS))
def test_a_zone_has_one_standard_time(name: str) -> None:
    """Whatever its clocks do in the course of a year, and of years for which no rule is known yet."""
    here, first = zone(name), date(2026, 1, 1)
    assert len({standard_offset(here, first + timedelta(days=day)) for day in range(0, 12 * 365, 5)}) == 1


def test_an_enhanced_policy_names_its_times_elsewhere() -> None:
    kind = {"schedulePolicyType": "SimpleSchedulePolicyV2", "scheduleRunFrequency": "Weekly"}
    runs = {"scheduleRunDays": ["Sunday"], "scheduleRunTimes": [AT]}
    policy = {"schedulePolicy": kind | {"weeklySchedule": runs}}
    found = schedule.last_run(policy, START - timedelta(days=7), START)
    assert found == Run(datetime(2026, 11, 22, 5, 30, tzinfo=UTC), date(2026, 11, 22), first=True, last=True)


def test_the_start_is_not_due_and_the_end_is() -> None:
    run = datetime(2026, 11, 22, 5, 30, tzinfo=UTC)
    assert schedule.last_run(daily(), run, run + timedelta(hours=1)) is None
    found = schedule.last_run(daily(), run - timedelta(hours=1), run)
    assert found is not None
    assert found.due == run


@settings(deadline=None)
@given(ANY_POLICY, INSTANTS, st.lists(st.integers(1, 5 * 24 * 60), min_size=1, max_size=12))
def test_looking_again_and_again_finds_each_due_time_once(policy: Json, start: datetime, steps: list[int]) -> None:
    """Whenever one looks: never a due time twice, always the newest, and none is left out if one looks often."""
    since, found = start, []
    for minutes in steps:
        until = since + timedelta(minutes=minutes)
        run = schedule.last_run(policy, since, until)
        if run is not None:
            assert since < run.due <= until
            assert schedule.last_run(policy, run.due, until) is None
            found.append(run.due)
        since = until
    assert found == sorted(set(found))
    days = range(-2, (since - start).days + 3)
    all_due = [run.due for day in days for run in schedule.runs_of_day(policy, start.date() + timedelta(days=day))]
    assert all_due == sorted(set(all_due))
    assert set(found) <= set(all_due)
    newest = max((time for time in all_due if start < time <= since), default=None)
    last = schedule.last_run(policy, start, since)
    assert (last.due if last else None) == newest


@settings(deadline=None)
@given(ANY_POLICY, INSTANTS, st.integers(0, 40 * 24 * 60))
def test_what_is_due_between_two_instants_is_what_their_days_have(policy: Json, since: datetime, minutes: int) -> None:
    until = since + timedelta(minutes=minutes)
    days = (since.date() + timedelta(days=day) for day in range(-3, minutes // (24 * 60) + 4))
    expected = [run for day in days for run in schedule.runs_of_day(policy, day) if since < run.due <= until]
    assert list(schedule.due_between(policy, since, until)) == expected
    assert schedule.last_run(policy, since, until) == (expected[-1] if expected else None)


@settings(deadline=None)
@given(ANY_POLICY, INSTANTS, st.integers(1, 30))
def test_going_from_run_to_run_meets_each_that_is_due(policy: Json, start: datetime, count: int) -> None:
    """No gap and no overlap: what one look ends with, the next begins after."""
    met: list[Run] = []
    for _ in range(count):
        run = schedule.next_run(policy, met[-1].due if met else start)
        assert run is not None
        met.append(run)
    assert met == list(schedule.due_between(policy, start, met[-1].due))
    assert all(earlier.due < later.due for earlier, later in pairwise(met))


def test_a_schedule_without_days_never_runs() -> None:
    assert schedule.next_run(weekly([]), START) is None
    assert list(schedule.due_between(daily(), START, START - timedelta(days=9))) == []


def test_every_zone_of_windows_is_known() -> None:
    assert all(zone(name.title()) for name in _IANA_BY_WINDOWS)
    with pytest.raises(ValueError, match="Middle-earth"):
        zone("Middle-earth Standard Time")


# ------------------------------------------------------------------------------------------------------------ retention


def kept(count: int, unit: str, **more: Any) -> Json:
    return {"retentionTimes": [AT], "retentionDuration": {"count": count, "durationType": unit}, **more}


FOUR_RULES: Json = {
    "retentionPolicy": {
        "dailySchedule": kept(30, "Days"),
        "weeklySchedule": kept(12, "Weeks", daysOfTheWeek=["Sunday"]),
        "monthlySchedule": kept(
            24,
            "Months",
            retentionScheduleFormatType="Weekly",
            retentionScheduleWeekly={"daysOfTheWeek": ["Sunday"], "weeksOfTheMonth": ["First", "Last"]},
        ),
        "yearlySchedule": kept(
            10,
            "Years",
            retentionScheduleFormatType="Daily",
            retentionScheduleDaily={"daysOfTheMonth": [{"date": 1, "isLast": False}, {"date": 0, "isLast": True}]},
            monthsOfYear=["November", "March"],
        ),
    }
}


def rules(day: date | None) -> tuple[str, ...]:
    return retention.rules_of(FOUR_RULES, day)


@pytest.mark.parametrize(
    ("day", "found"),
    [
        (date(2026, 11, 23), ("Daily",)),
        (date(2026, 11, 22), ("Daily", "Weekly")),
        (date(2026, 11, 29), ("Daily", "Weekly", "Monthly")),
        (date(2026, 11, 1), ("Daily", "Weekly", "Monthly", "Yearly")),
        (date(2026, 11, 30), ("Daily", "Yearly")),
        (date(2026, 12, 31), ("Daily",)),
        (date(2027, 3, 31), ("Daily", "Yearly")),
    ],
)
def test_a_day_fulfils_rules(day: date, found: tuple[str, ...]) -> None:
    assert rules(day) == found


def test_only_the_last_backup_of_a_day_goes_to_the_vault() -> None:
    sunday, monday = date(2026, 11, 22), date(2026, 11, 23)
    eight, sixteen = (Run(START, monday, first=last is False, last=last) for last in (False, True))
    assert retention.day_in_vault(eight) is None
    assert retention.day_in_vault(sixteen) == monday
    assert retention.day_in_vault(eight, owed=sunday) == sunday, "it takes the place of what did not get there"
    assert retention.day_in_vault(sixteen, owed=sunday) == monday, "it has a day of its own"


def test_what_stays_in_the_instant_tier_is_kept_as_long_as_snapshots_are() -> None:
    assert rules(None) == ("Snapshot",)
    three_days = FOUR_RULES | {"instantRpRetentionRangeInDays": 3}
    assert retention.expiry(three_days, rules(None), START) == START + timedelta(days=3)


@pytest.mark.parametrize(
    ("names", "until"),
    [
        (("Daily",), datetime(2026, 12, 22, 19, 0, tzinfo=UTC)),
        (("Daily", "Weekly"), datetime(2027, 2, 14, 19, 0, tzinfo=UTC)),
        (("Monthly",), datetime(2028, 11, 22, 19, 0, tzinfo=UTC)),
        (("Daily", "Weekly", "Yearly"), datetime(2036, 11, 22, 19, 0, tzinfo=UTC)),
        ((), None),
    ],
)
def test_the_longest_rule_counts(names: tuple[str, ...], until: datetime | None) -> None:
    assert retention.expiry(FOUR_RULES, names, START) == until


def test_a_month_may_be_too_short() -> None:
    policy = {"retentionPolicy": {"monthlySchedule": kept(1, "Months"), "yearlySchedule": kept(1, "Years")}}
    assert retention.expiry(policy, ["Monthly"], datetime(2027, 1, 31, tzinfo=UTC)) == datetime(2027, 2, 28, tzinfo=UTC)
    assert retention.expiry(policy, ["Yearly"], datetime(2028, 2, 29, tzinfo=UTC)) == datetime(2029, 2, 28, tzinfo=UTC)


def test_a_rule_that_the_policy_lost_keeps_nothing() -> None:
    policy = {"retentionPolicy": {"dailySchedule": kept(7, "Days")}}
    assert retention.expiry(policy, ["Yearly"], START) is None
    assert retention.expiry(policy, ["Daily", "Yearly"], START) == START + timedelta(days=7)


@given(st.sets(st.sampled_from(sorted(retention.RULES))), st.sampled_from(sorted(retention.RULES)), INSTANTS)
def test_a_further_rule_never_shortens(names: set[str], further: str, taken: datetime) -> None:
    shorter = retention.expiry(FOUR_RULES, sorted(names), taken)
    longer = retention.expiry(FOUR_RULES, sorted({*names, further}), taken)
    assert longer is not None
    assert taken < longer
    assert shorter is None or shorter <= longer


@given(st.dates(date(2025, 1, 1), date(2030, 1, 1)))
def test_every_month_has_one_first_and_one_last_of_each_weekday(day: date) -> None:
    weekly_rule = {"daysOfTheWeek": list(DAYS), "weeksOfTheMonth": ["First", "Last"]}
    policy = {
        "retentionPolicy": {
            "monthlySchedule": kept(
                1, "Months", retentionScheduleFormatType="Weekly", retentionScheduleWeekly=weekly_rule
            )
        }
    }
    month = [day.replace(day=number + 1) for number in range(monthrange(day.year, day.month)[1])]
    marked = [each for each in month if retention.rules_of(policy, each)]
    assert marked == [*month[:7], *month[-7:]]
