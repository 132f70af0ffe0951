"""What is odd about a policy: what the service would refuse, rules without effect, and gaps."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from itertools import pairwise

from controlplane.domain.recovery_services import policy as policies
from controlplane.domain.recovery_services import retention
from controlplane.domain.recovery_services.forecast.lifetimes import Lifetime
from controlplane.domain.recovery_services.schedule import Schedule
from controlplane.json_object import Json


@dataclass(frozen=True, slots=True)
class Finding:
    kind: str
    detail: str
    """A sentence without its full stop."""


@dataclass(frozen=True, slots=True)
class RuleUse:
    """What a rule of retention does in the time of the forecast."""

    rule: str
    count: int
    unit: str
    """Days, Weeks, Months or Years for which it keeps a point."""
    taken: int
    """Points that it keeps."""
    decides: int
    """Those that no other rule keeps for as long."""


def uses(policy: Json, lives: Sequence[Lifetime]) -> list[RuleUse]:
    """Of each rule of the policy, the shortest first."""
    taken, decides = Counter[str](), Counter[str]()
    for life in lives:
        taken.update(life.rules)
        longest = [name for name in life.rules if retention.expiry(policy, [name], life.time) == life.expires]
        decides.update(longest[:1] if len(longest) == 1 else ())
    rules = {name: policy["retentionPolicy"].get(key) for name, key in retention.RULES.items()}
    return [
        RuleUse(
            name,
            rule["retentionDuration"]["count"],
            rule["retentionDuration"]["durationType"],
            taken[name],
            decides[name],
        )
        for name, rule in rules.items()
        if rule
    ]


def longest_gap(lives: Sequence[Lifetime]) -> timedelta:
    """Between one backup and the next."""
    return max((later.time - earlier.time for earlier, later in pairwise(lives)), default=timedelta())


def findings(policy: Json, lives: Sequence[Lifetime], used: Sequence[RuleUse], until: datetime) -> list[Finding]:
    """What is odd, the gravest first. `until` is the end of the forecast."""
    return [
        *_of_limits(policy),
        *_of_rules(used),
        *_of_archive(policy, lives),
        *_of_gaps(lives, until),
        *_of_clocks(policy, lives),
    ]


def _of_limits(policy: Json) -> Iterator[Finding]:
    for error in policies.beyond_limits(policy):
        yield Finding("refused", f"the service refuses this policy: {policies.reason_of(error)}")


def _of_rules(used: Sequence[RuleUse]) -> Iterator[Finding]:
    for rule in used:
        if not rule.taken:
            yield Finding("rule_takes_nothing", f"the {rule.rule} rule takes no recovery point in this time")
        elif not rule.decides:
            yield Finding(
                "rule_without_effect", f"the {rule.rule} rule keeps nothing longer than other rules keep it anyway"
            )


def _of_archive(policy: Json, lives: Sequence[Lifetime]) -> Iterator[Finding]:
    if policies.age_to_archive(policy) is not None and not any(life.archived for life in lives):
        yield Finding("archive_takes_nothing", "the tiering rule moves no recovery point to the archive in this time")


def _of_gaps(lives: Sequence[Lifetime], until: datetime) -> Iterator[Finding]:
    """Points whose time ends before the next backup live on only because the newest one always does."""
    early = [(life, later) for life, later in pairwise(lives) if life.expires < later.time]
    if early:
        hours = max(later.time - life.expires for life, later in early) / timedelta(hours=1)
        yield Finding(
            "retention_shorter_than_gap",
            f"a recovery point expires up to {hours:g} hours before the next backup; until then only the newest one is "
            "kept, since the service always keeps that",
        )


def _of_clocks(policy: Json, lives: Sequence[Lifetime]) -> Iterator[Finding]:
    zone = Schedule.of(policy).zone
    if any(life.time.astimezone(zone).dst() for life in lives):
        yield Finding(
            "standard_time",
            "backups stay at the same time in UTC all year; while the clocks of the policy's zone show summer time, "
            "they begin an hour later by them",
        )
