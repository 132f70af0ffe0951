"""What policies keep, day by day over ten years, against an oracle that was written from the documentation.

Ten years from March 2027 have three leap days and twenty changes of the clocks in each zone that has any.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.recovery_services import recovery_point, retention, schedule
from controlplane.domain.recovery_services.forecast.lifetimes import MACHINE, Lifetime, lifetimes
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.json_object import Json
from tests.unit.controlplane.domain import gfs_oracle, policies_for_machines
from tests.unit.controlplane.domain.gfs_oracle import Seen
from tests.unit.controlplane.domain.policies_for_machines import any_policy

EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
BEGIN, END = datetime(2027, 3, 1, tzinfo=UTC), datetime(2037, 3, 1, tzinfo=UTC)
JUST_BEFORE = timedelta(microseconds=1)
MOST = 500
"""Points with snapshots: more than any policy has."""
POLICIES: list[Callable[[str], Json]] = [
    policies_for_machines.grandfather_father_son,
    policies_for_machines.by_the_end_of_months,
    policies_for_machines.twice_a_week,
    policies_for_machines.every_four_hours,
]
THREE_ZONES = ("UTC", "W. Europe Standard Time", "AUS Eastern Standard Time")


def minute(time: datetime) -> int:
    return int((time - EPOCH) / timedelta(minutes=1))


def of_the_oracle(policy: Json, begin: datetime, end: datetime, most: int = MOST) -> Iterator[Seen]:
    return gfs_oracle.days(policy, minute(begin), minute(end), most)


def of_the_product(policy: Json, lives: Sequence[Lifetime], days: Sequence[int]) -> Iterator[Seen]:
    """What is there at the end of each of these days, by the beginnings and ends that the product gives its points."""
    read, first, alive = schedule.Schedule.of(policy), date(2000, 1, 1), list[_Life]()
    coming = [_Life.of(life) for life in reversed(lives)]
    for day in days:
        now = minute(read.end_of(first + timedelta(days=day)))
        while coming and coming[-1].taken < now:
            alive.append(coming.pop())
        alive = [life for life in alive if life.removed >= now]
        yield Seen(
            day,
            tuple(life.taken for life in alive),
            tuple(life.taken for life in alive if life.snapshots_until >= now),
            tuple(life.taken for life in alive if life.in_vault and life.archived >= now),
            tuple(life.taken for life in alive if life.archived < now),
        )


@dataclass(frozen=True, slots=True)
class _Life:
    """One in minutes; what does not end in the time of the forecast, ends never."""

    taken: int
    in_vault: bool
    snapshots_until: float
    archived: float
    removed: float

    @classmethod
    def of(cls, life: Lifetime) -> _Life:
        ends = (life.snapshots_until, life.archived, life.removed)
        return cls(minute(life.time), life.in_vault, *(math.inf if end is None else minute(end) for end in ends))


def compare(policy: Json, begin: datetime, end: datetime, most: int = MOST) -> None:
    expected = list(of_the_oracle(policy, begin, end, most))
    lives = lifetimes(policy, begin - JUST_BEFORE, end, most)
    assert len(expected) >= (end - begin).days - 1
    for found, wanted in zip(of_the_product(policy, lives, [seen.day for seen in expected]), expected, strict=True):
        assert found == wanted, date(2000, 1, 1) + timedelta(days=wanted.day)


@pytest.mark.parametrize(
    "zone", [THREE_ZONES[0], *(pytest.param(zone, marks=pytest.mark.slow) for zone in THREE_ZONES[1:])]
)
@pytest.mark.parametrize("make", POLICIES)
def test_ten_years_are_as_documented(make: Callable[[str], Json], zone: str) -> None:
    compare(make(zone), BEGIN, END)


@pytest.mark.parametrize("make", POLICIES)
def test_every_point_has_the_rules_and_the_end_of_the_oracle(make: Callable[[str], Json]) -> None:
    policy = make("Pacific Standard Time")
    lives = lifetimes(policy, BEGIN - JUST_BEFORE, END, MOST)
    expected = gfs_oracle.points(policy, minute(BEGIN), minute(END))
    assert [(minute(life.time), [*life.rules], life.in_vault, minute(life.expires)) for life in lives] == [
        (point.taken, point.rules, point.in_vault, point.expires) for point in expected
    ]


def test_ten_years_have_what_is_hard() -> None:
    """Or the tests above would say less than they seem to."""
    lives = lifetimes(policies_for_machines.by_the_end_of_months("UTC"), BEGIN - JUST_BEFORE, END, MOST)
    leap_days = [life for life in lives if (life.day.month, life.day.day) == (2, 29)]
    assert [(life.day.year, "Yearly" in life.rules) for life in leap_days] == [(2028, True), (2032, True), (2036, True)]
    assert any(life.archived for life in lives)
    of_weeks = lifetimes(policies_for_machines.twice_a_week("UTC"), BEGIN - JUST_BEFORE, END, MOST)
    assert {rules for life in of_weeks if (rules := life.rules)} >= {("Weekly", "Monthly"), ("Weekly", "Yearly")}


@settings(max_examples=25, deadline=None)
@given(any_policy(), st.dates(date(2027, 1, 1), date(2031, 1, 1)), st.sampled_from((3, 18, MOST)))
def test_two_years_of_any_policy_are_as_documented(policy: Json, day: date, most: int) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    compare(policy, begin, begin + timedelta(days=2 * 365), most)


@pytest.mark.long
@settings(max_examples=400, deadline=None)
@given(any_policy(), st.dates(date(2025, 1, 1), date(2060, 1, 1)), st.sampled_from((3, 18, MOST)))
def test_ten_years_of_any_policy_are_as_documented(policy: Json, day: date, most: int) -> None:
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    compare(policy, begin, begin + timedelta(days=3653), most)


# ------------------------------------------------------------------------------- the rules by which the service cleans


@settings(max_examples=15, deadline=None)
@given(any_policy(), st.dates(date(2027, 1, 1), date(2031, 1, 1)))
def test_a_daily_clean_up_by_the_service_s_rules_leaves_what_is_documented(policy: Json, day: date) -> None:
    """Whoever looks once a day finds the same as whoever lets each point end at its own minute."""
    begin = datetime(day.year, day.month, day.day, tzinfo=UTC)
    end = begin + timedelta(days=500)
    runs = list(schedule.due_between(policy, begin - JUST_BEFORE, end))
    keep = retention.snapshot_age(policy)
    there: list[RecoveryPoint] = []
    for seen in of_the_oracle(policy, begin, end):
        now = schedule.Schedule.of(policy).end_of(date(2000, 1, 1) + timedelta(days=seen.day)) - JUST_BEFORE
        while runs and runs[0].due <= now:
            there.append(taken(policy, runs.pop(0)))
        over = {point.id for point in recovery_point.expired_points(there, now)}
        there = [point for point in there if point.id not in over]
        spent = {point.id for point in recovery_point.expired_snapshots(there, now, keep, MOST)}
        there = [recovery_point.changed(p, "snapshot_expired") if p.id in spent else p for p in there]
        assert [minute(point.time) for point in there] == list(seen.points)
        assert [minute(point.time) for point in there if point.has_snapshots] == list(seen.instant)


def taken(policy: Json, run: schedule.Run) -> RecoveryPoint:
    day = retention.day_in_vault(run)
    rules = retention.rules_of(policy, day)
    expires = retention.expiry(policy, rules, run.due)
    assert expires is not None
    return RecoveryPoint(
        id=run.due.isoformat(),
        item="item",
        job="job",
        task_id="",
        time=run.due,
        expires=expires,
        consistency="AppConsistent",
        machine=MACHINE,
        disks=(),
        tiers="Instant" if day is None else "InstantAndVault",
        rules=rules,
    )
