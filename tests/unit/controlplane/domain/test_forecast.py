"""What is told of the points of a forecast: counts, storage, how far back one can restore, and what is odd."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from itertools import pairwise

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services.forecast.days import Reach
from controlplane.domain.recovery_services.forecast.forecast import Forecast, forecast, to_json
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime
from controlplane.domain.recovery_services.forecast.storage import DayCount, Disk
from controlplane.json_object import Json
from tests.unit.controlplane.domain import policies_for_machines
from tests.unit.controlplane.domain.policies_for_machines import (
    RECOMMENDED,
    any_policy,
    by_date,
    clock,
    daily,
    hourly,
    kept,
    tier_after,
    weekly,
)

BEGIN = datetime(2027, 1, 4, tzinfo=UTC)
"""A Monday."""
DISK = Disk(gib=100.0, change_percent_per_day=10.0)
AT = clock(12)
HOURS_TO_MIDNIGHT = timedelta(hours=12)


def of_days(policy: Json, days: float, disk: Disk = DISK) -> Forecast:
    return forecast(policy, BEGIN, BEGIN + timedelta(days=days), keep_count=500, disk=disk)


def simple(days: int = 7, snapshot_days: int = 2, **rules: Json) -> Json:
    retention = {"dailySchedule": kept(AT, days, "Days"), **rules}
    return policies_for_machines.policy(daily(AT), retention, snapshot_days)


def kinds(found: Forecast) -> list[str]:
    return [finding.kind for finding in found.findings]


# ---------------------------------------------------------------------------------------------------------------- days


def test_a_week_of_a_daily_policy() -> None:
    found = of_days(simple(), 10)
    assert [(day.day.day, day.points, day.instant, day.vault) for day in found.days] == [
        (4, 1, 1, 1),
        (5, 2, 2, 2),
        *((day, day - 3, 2, day - 3) for day in range(6, 10)),
        (10, 7, 2, 7),
        *((day, 7, 2, 7) for day in range(11, 14)),
    ]
    first = found.lives[0]
    assert (first.removed, first.snapshots_until) == (first.time + timedelta(days=7), first.time + timedelta(days=2))
    assert found.lives[-1].removed is None


def test_the_last_day_need_not_be_whole() -> None:
    found = of_days(simple(), 2.25)
    assert [(day.day, day.end) for day in found.days[-2:]] == [
        (date(2027, 1, 5), datetime(2027, 1, 6, tzinfo=UTC)),
        (date(2027, 1, 6), datetime(2027, 1, 6, 6, tzinfo=UTC)),
    ]


def test_days_are_those_of_the_policy_s_zone() -> None:
    line_islands = simple() | {"timeZone": "Line Islands Standard Time"}
    assert of_days(line_islands, 1).days[0].end == datetime(2027, 1, 4, 10, tzinfo=UTC)


def test_how_far_back_one_can_restore() -> None:
    """Daily points for a week, and those of Sundays for four: behind the week the newest is up to six days older."""
    found = of_days(simple(7, weeklySchedule=kept(AT, 4, "Weeks", daysOfTheWeek=["Sunday"])), 90)
    reaches = {reach.days_back: reach for reach in found.reaches}
    assert reaches[1] == Reach(1, date(2027, 1, 5), 0, HOURS_TO_MIDNIGHT)
    assert reaches[2] == Reach(2, date(2027, 1, 6), 0, HOURS_TO_MIDNIGHT)
    assert reaches[7] == Reach(7, date(2027, 1, 17), 0, timedelta(days=6) + HOURS_TO_MIDNIGHT)
    assert reaches[14] == Reach(14, date(2027, 1, 24), 0, timedelta(days=6) + HOURS_TO_MIDNIGHT)
    assert reaches[30] == Reach(30, None, 0, timedelta())
    assert max(reaches) == 90


def test_days_on_which_nothing_so_old_is_left_are_counted() -> None:
    """Only the first day of a month is kept for a month: on some days of February it is not thirty days old yet."""
    found = of_days(simple(7, monthlySchedule=kept(AT, 1, "Months", **by_date(5))), 100)
    reach = next(reach for reach in found.reaches if reach.days_back == 14)
    assert reach.first_day == date(2027, 1, 19)
    lost = [day for day in found.days if day.day > date(2027, 1, 19) and not oldest(found, day)]
    assert reach.days_without == len(lost) > 0


def oldest(found: Forecast, day: DayCount) -> list[Lifetime]:
    """Points of the end of a day that are fourteen days old."""
    return [life for life in alive(found, day) if day.end - life.time >= timedelta(days=14)]


def alive(found: Forecast, day: DayCount) -> list[Lifetime]:
    return [life for life in found.lives if life.time < day.end and (not life.removed or life.removed >= day.end)]


# ------------------------------------------------------------------------------------------------------------- storage


def test_of_a_disk_nothing_changes_twice() -> None:
    assert DISK.changed_gib(timedelta(days=1)) == pytest.approx(10.0)
    assert DISK.changed_gib(timedelta(days=2)) == pytest.approx(19.0)
    assert DISK.changed_gib(timedelta()) == 0
    assert Disk(100.0, 100.0).changed_gib(timedelta(hours=1)) == 100.0
    assert Disk(100.0, 0.0).changed_gib(timedelta(days=9999)) == 0


def test_the_first_point_is_whole_and_each_further_one_takes_what_changed() -> None:
    found = of_days(simple(), 5)
    assert [day.vault_gib for day in found.days] == pytest.approx([100, 110, 120, 130, 140])
    since_noon = DISK.changed_gib(HOURS_TO_MIDNIGHT)
    assert [day.instant_gib for day in found.days] == pytest.approx([since_noon, *[10 + since_noon] * 4])


@settings(max_examples=30, deadline=None)
@given(any_policy(), st.integers(0, 400), st.floats(0, 100))
def test_storage_is_what_the_points_of_the_day_take(policy: Json, place: int, percent: float) -> None:
    """Counted from point to point, it is the same as summed up anew."""
    disk = Disk(64.0, percent)
    found = of_days(policy, 401, disk)
    day = found.days[place]
    there = alive(found, day)
    archived = [life for life in there if life.archived is not None and life.archived < day.end]
    vault = [life.time for life in there if life.in_vault and life not in archived]
    snapshots = [life.time for life in there if not life.snapshots_until or life.snapshots_until >= day.end]
    assert (day.points, day.instant, day.vault, day.archive) == (
        len(there),
        len(snapshots),
        len(vault),
        len(archived),
    )
    assert day.archive_gib == 64.0 * len(archived)
    assert day.vault_gib == pytest.approx(changes(disk, vault) + (64.0 if vault else 0.0))
    assert day.instant_gib == pytest.approx(changes(disk, [*snapshots, day.end]))


def changes(disk: Disk, times: list[datetime]) -> float:
    return sum(disk.changed_gib(later - earlier) for earlier, later in pairwise(times))


# ------------------------------------------------------------------------------------------------------------ findings


def test_nothing_is_odd_about_the_built_in_policies() -> None:
    for body in policies.built_in("/vault", BEGIN)[1:]:
        assert kinds(of_days(body["properties"], 400)) == []


def test_a_rule_that_takes_nothing_in_this_time() -> None:
    yearly = kept(AT, 1, "Years", monthsOfYear=["December"], **by_date(1))
    assert kinds(of_days(simple(yearlySchedule=yearly), 300)) == ["rule_takes_nothing"]
    assert kinds(of_days(simple(yearlySchedule=yearly), 360)) == []


def test_a_rule_that_keeps_nothing_longer() -> None:
    weekly_rule = kept(AT, 2, "Weeks", daysOfTheWeek=["Sunday"])
    found = of_days(simple(60, weeklySchedule=weekly_rule), 100)
    assert [(rule.rule, rule.taken, rule.decides) for rule in found.rules] == [("Daily", 100, 100), ("Weekly", 14, 0)]
    assert kinds(found) == ["rule_without_effect"]


def beyond(change: Callable[[Json], None], policy: Json | None = None) -> list[str]:
    """What is found of a policy after a change that the service would refuse."""
    properties = policy or simple(60)
    change(properties)
    policies.check_form(properties)
    return [finding.detail for finding in of_days(properties, 400).findings]


def test_what_the_service_would_refuse_is_told_and_forecast_all_the_same() -> None:
    def longer(properties: Json) -> None:
        properties["instantRpRetentionRangeInDays"] = 6

    assert beyond(longer) == [
        "the service refuses this policy: instant recovery points can be kept between 1 and 5 days"
    ]

    def outliving(properties: Json) -> None:
        properties["instantRpRetentionRangeInDays"] = 17
        properties["retentionPolicy"]["dailySchedule"]["retentionDuration"]["count"] = 7

    around_the_clock = policies_for_machines.policy(hourly(AT, 4, 24), {"dailySchedule": kept(AT, 30, "Days")}, 2)
    (detail,) = beyond(outliving, around_the_clock)
    assert detail.startswith(
        "the service refuses this policy: The retention of instant recovery points must be shorter"
    )


def test_retention_that_is_shorter_than_the_gap_between_two_backups() -> None:
    def shorter(properties: Json) -> None:
        properties["retentionPolicy"]["weeklySchedule"]["retentionDuration"] = {"count": 6, "durationType": "Days"}

    rule = {"weeklySchedule": kept(AT, 2, "Weeks", daysOfTheWeek=["Sunday"])}
    refused, short = beyond(shorter, policies_for_machines.policy(weekly(AT, ["Sunday"]), rule, 5))
    assert refused == "the service refuses this policy: weeklySchedule must keep between 1 and 5163 Weeks"
    assert short.startswith("a recovery point expires up to 24 hours before the next backup")


def test_a_tiering_rule_that_moves_nothing_in_this_time() -> None:
    monthly = kept(AT, 12, "Months", **by_date(1))
    policy = simple(monthlySchedule=monthly) | {"tieringPolicy": tier_after(6)}
    assert kinds(of_days(policy, 180)) == ["archive_takes_nothing"]
    assert kinds(of_days(policy, 220)) == []
    recommended = of_days(policy | {"tieringPolicy": RECOMMENDED}, 220)
    assert next(life for life in recommended.lives if life.archived).archived == datetime(2027, 5, 2, 12, tzinfo=UTC)


def test_clocks_that_change_are_mentioned() -> None:
    berlin = simple() | {"timeZone": "W. Europe Standard Time"}
    assert kinds(of_days(berlin, 60)) == []
    assert kinds(of_days(berlin, 120)) == ["standard_time"]
    assert kinds(of_days(simple() | {"timeZone": "India Standard Time"}, 400)) == []


# ---------------------------------------------------------------------------------------------------------------- JSON


@settings(max_examples=20, deadline=None)
@given(any_policy())
def test_the_report_tells_of_every_day_and_every_point(policy: Json) -> None:
    found = of_days(policy, 300)
    told = to_json(found)
    assert len(told["recovery_points"]) == len(found.lives)
    assert len(told["days"]) == len(found.days)
    for point, life in zip(told["recovery_points"], found.lives, strict=True):
        assert datetime.fromisoformat(point["time"]) == life.time
        assert datetime.fromisoformat(point["expires"]) == life.expires
        assert (point["removed"] is None) == (life.removed is None)
        assert (point["archived"] is None) == (life.archived is None)
    assert told["longest_gap_hours"] * 3600 == max(
        (later.time - earlier.time).total_seconds() for earlier, later in pairwise(found.lives)
    )
