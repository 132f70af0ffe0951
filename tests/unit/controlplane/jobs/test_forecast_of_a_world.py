"""A forecast is what a world comes to: its recovery points, their rules, ends and tiers, after each step of time."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from datetime import datetime, timedelta

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services import protected_item, recovery_point, retention
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime, lifetimes
from controlplane.json_object import Json
from tests.unit.controlplane.domain import policies_for_machines
from tests.unit.controlplane.domain.policies_for_machines import any_policy, by_date, clock, kept
from tests.unit.controlplane.jobs.backup_world import ITEM, POLICY, VM, BackupWorld, backup_world

HOUR, DAY = 3600.0, 24 * 3600.0
Shown = tuple[datetime, tuple[str, ...], datetime, tuple[str, ...]]
"""Time, rules, expiry and tiers of a recovery point."""


@contextmanager
def under(properties: Json) -> Iterator[BackupWorld]:
    """A world whose machine, which is off, has come under this policy just now."""
    with backup_world(protected=False) as world:
        world.fabric.power(VM, "deallocated")
        found = world.store.get(policies.KIND, POLICY)
        assert found is not None
        world.store.put(policies.KIND, POLICY, found.json() | {"properties": properties}, private=found.private)
        world.protect()
        yield world


def in_the_world(world: BackupWorld) -> list[Shown]:
    return [
        (
            point.time,
            tuple(rule for rule in point.rules if rule in retention.RULES),
            point.expires,
            recovery_point.TIERS[point.tiers],
        )
        for point in world.points()
    ]


def forecast(lives: Sequence[Lifetime], now: datetime) -> list[Shown]:
    return [(life.time, life.rules, life.expires, tiers(life, now)) for life in lives if tiers(life, now)]


def tiers(life: Lifetime, now: datetime) -> tuple[str, ...]:
    """Those of a point at an instant; none where it is not there."""
    if life.time > now or (life.removed is not None and life.removed <= now):
        return ()
    is_archived = life.archived is not None and life.archived <= now
    spans = {
        "InstantRP": life.snapshots_until is None or life.snapshots_until > now,
        "HardenedRP": life.in_vault and not is_archived,
        "ArchivedRP": is_archived,
    }
    return tuple(tier for tier, is_there in spans.items() if is_there)


def compare(properties: Json, steps: Sequence[float]) -> int:
    """How many backups there were."""
    with under(properties) as world:
        item = world.store.get(protected_item.KIND, ITEM.lower())
        after = protected_item.scheduled_until(item.private) if item else None
        assert after is not None
        until = world.clock.now() + timedelta(seconds=sum(steps))
        most = world.ports.settings.limits.snapshots_of(policies.type_of(properties))
        lives = lifetimes(properties, after, until, most)
        for step in steps:
            world.advance(step)
            now = world.clock.now()
            assert in_the_world(world) == forecast(lives, now), now
        return len(lives)


def weekly_with_an_archive() -> Json:
    at = clock(20)
    retention_rules = {
        "weeklySchedule": kept(at, 6, "Weeks", daysOfTheWeek=["Sunday"]),
        "monthlySchedule": kept(at, 12, "Months", **policies_for_machines.by_week(["First", "Last"], ["Sunday"])),
    }
    schedule = policies_for_machines.weekly(at, ["Sunday"])
    return policies_for_machines.policy(schedule, retention_rules, 5, "UTC", policies_for_machines.RECOMMENDED)


def daily_with_months() -> Json:
    at = clock(22, 30)
    retention_rules = {
        "dailySchedule": kept(at, 7, "Days"),
        "monthlySchedule": kept(at, 1, "Months", **by_date(1, is_last=True)),
    }
    return policies_for_machines.policy(policies_for_machines.daily(at), retention_rules, 2, "Pacific Standard Time")


def every_six_hours() -> Json:
    at = clock(9)
    retention_rules = {"dailySchedule": kept(at, 7, "Days")}
    return policies_for_machines.policy(
        policies_for_machines.hourly(at, 6, 18), retention_rules, 3, "India Standard Time"
    )


@pytest.mark.parametrize(
    ("make", "steps", "backups"),
    [
        (weekly_with_an_archive, [30 * DAY + HOUR] * 9, 39),
        (daily_with_months, [9.5 * DAY] * 5, 48),
        (every_six_hours, [1.7 * DAY] * 7, 48),
    ],
)
def test_a_world_has_what_was_forecast(make: Callable[[], Json], steps: list[float], backups: int) -> None:
    assert compare(make(), steps) == backups


@settings(max_examples=20, deadline=None)
@given(any_policy(), st.lists(st.floats(60.0, 3 * DAY), min_size=1, max_size=4))
def test_a_world_under_any_policy_has_what_was_forecast(properties: Json, steps: list[float]) -> None:
    compare(properties, steps)


@pytest.mark.long
@settings(max_examples=40, deadline=None)
@given(any_policy(), st.lists(st.floats(60.0, 60 * DAY), min_size=3, max_size=8))
def test_a_world_has_for_a_year_what_was_forecast(properties: Json, steps: list[float]) -> None:
    compare(properties, steps)
