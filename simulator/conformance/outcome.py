"""What a run of the suite found, and what it means beside a list of failures that are known."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.conformance.recording import Recording
from simulator.conformance.requirement import MUST
from simulator.conformance.suite import FAILED, PASSED, SUITE_VERSION, Verdict, implied

SCHEMA_VERSION = 1
SKIPPED = "skipped"


class BadBaseline(ValueError):
    """The text is no list of known failures."""


@dataclass(frozen=True)
class Outcome:
    handler: str
    version: str
    profile: str
    seed: int
    repeat: int
    platform: str
    begun: str
    """RFC 3339 UTC."""
    duration_seconds: float
    reproduce: str
    """The command that judges the handler again; a requirement's id comes behind it."""
    total: int
    """How many requirements the suite has."""
    verdicts: Sequence[Verdict]
    recordings: Mapping[str, Recording] = field(default_factory=dict, repr=False)
    known: frozenset[str] | None = None
    """Failures that a baseline names; None: there is no baseline."""

    def of(self, result: str) -> list[Verdict]:
        return [each for each in self.verdicts if each.result == result]

    @property
    def failed_musts(self) -> list[Verdict]:
        return [each for each in self.of(FAILED) if each.requirement.level == MUST]

    @property
    def new_failures(self) -> list[Verdict]:
        """With a baseline: those that it does not name."""
        return [each for each in self.of(FAILED) if each.requirement.id not in (self.known or ())]

    @property
    def unexpected_passes(self) -> list[Verdict]:
        return [each for each in self.of(PASSED) if each.requirement.id in (self.known or ())]

    @property
    def is_well(self) -> bool:
        """Without a baseline: every must is met. With one: exactly what it names has failed, of what was judged."""
        if self.known is None:
            return not self.failed_musts
        return not self.new_failures and not self.unexpected_passes

    def to_json(self) -> dict[str, Any]:
        return {
            "schema_version": SCHEMA_VERSION,
            "suite_version": SUITE_VERSION,
            "handler": self.handler,
            "version": self.version,
            "profile": self.profile,
            "seed": self.seed,
            "repeat": self.repeat,
            "platform": self.platform,
            "begun": self.begun,
            "duration_seconds": round(self.duration_seconds, 3),
            "passed": self.is_well,
            "requirements_in_suite": self.total,
            "new_failures": None if self.known is None else [each.requirement.id for each in self.new_failures],
            "unexpected_passes": [each.requirement.id for each in self.unexpected_passes],
            "requirements": [_told(each, self.reproduce) for each in self.verdicts],
        }


def _told(verdict: Verdict, reproduce: str) -> dict[str, Any]:
    requirement = verdict.requirement
    return {
        "id": requirement.id,
        "chapter": requirement.chapter,
        "level": requirement.level,
        "scene": requirement.scene,
        "expected": requirement.expected,
        "source": requirement.source,
        "implies": sorted(implied(requirement.id)),
        "result": verdict.result,
        "reason": verdict.reason,
        "reproduce": f"{reproduce} --select {requirement.id}",
    }


def known_failures(text: str) -> frozenset[str]:
    """The ids that have failed in what `--json` wrote. Raises BadBaseline."""
    try:
        listed = json.loads(text)["requirements"]
        return frozenset(str(each["id"]) for each in listed if each["result"] == FAILED)
    except (ValueError, LookupError, TypeError, AttributeError):
        raise BadBaseline("it is not what --json writes") from None


def worst_of(runs: Sequence[Sequence[Verdict]]) -> list[Verdict]:
    """One verdict for each requirement of several runs: the first failure, and in how many runs it failed."""
    merged = []
    for verdicts in zip(*runs, strict=True):
        failed = [each for each in verdicts if each.result == FAILED]
        if not failed or len(runs) == 1:
            merged.append(verdicts[0] if not failed else failed[0])
            continue
        first = failed[0]
        merged.append(Verdict(first.requirement, FAILED, f"{first.reason}; in {len(failed)} of {len(runs)} runs"))
    return merged
