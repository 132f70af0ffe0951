"""All requirements, and how recordings are judged by them."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

from simulator.conformance.chapters import (
    faults,
    host,
    package,
    refused_disks,
    report_blobs,
    reports,
    scripts,
    secrets,
    settings,
    snapshots,
    tasks,
)
from simulator.conformance.recording import Recording
from simulator.conformance.requirement import Requirement
from simulator.conformance.scenes import SCENES, Scene
from simulator.conformance.views import without_secrets

SUITE_VERSION = "1.1"
PASSED, FAILED, NOT_APPLICABLE = "passed", "failed", "not applicable"

CHAPTERS = (
    *package.CHAPTERS,
    *settings.CHAPTERS,
    *tasks.CHAPTERS,
    *snapshots.CHAPTERS,
    *refused_disks.CHAPTERS,
    *host.CHAPTERS,
    *scripts.CHAPTERS,
    *faults.CHAPTERS,
    *reports.CHAPTERS,
    *report_blobs.CHAPTERS,
    *secrets.CHAPTERS,
)
REQUIREMENTS: Mapping[str, Requirement] = {
    requirement.id: requirement for chapter in CHAPTERS for requirement in chapter.requirements
}


@dataclass(frozen=True, slots=True)
class Verdict:
    requirement: Requirement
    result: str
    reason: str = ""


def implied(id: str) -> frozenset[str]:
    """The requirements that fail with this one."""
    found: set[str] = set()
    new = {id}
    while new:
        found |= new
        told = {each for one in new for each in REQUIREMENTS[one].also_fails}
        new = (told | {each.id for each in REQUIREMENTS.values() if set(each.needs) & new}) - found
    return frozenset(found - {id})


def scenes_of(requirements: Iterable[Requirement], profile: str) -> list[Scene]:
    """The scenes that must be played for these, in their order."""
    names = {each.scene for each in with_needs(requirements) if profile in each.profiles}
    return [scene for scene in SCENES.values() if scene.name in names and profile in scene.profiles]


def with_needs(requirements: Iterable[Requirement]) -> list[Requirement]:
    found: dict[str, Requirement] = {}
    open_ones = list(requirements)
    while open_ones:
        each = open_ones.pop()
        if each.id not in found:
            found[each.id] = each
            open_ones += [REQUIREMENTS[need] for need in each.needs]
    return list(found.values())


def judged(recordings: Mapping[str, Recording], requirements: Sequence[Requirement], profile: str) -> list[Verdict]:
    """A verdict for each requirement. `recordings` has those of all scenes that `scenes_of` names."""
    told: dict[str, Verdict] = {}

    def verdict(requirement: Requirement) -> Verdict:
        if requirement.id not in told:
            told[requirement.id] = _judged(requirement)
        return told[requirement.id]

    def _judged(requirement: Requirement) -> Verdict:
        if profile not in requirement.profiles or profile not in SCENES[requirement.scene].profiles:
            return Verdict(requirement, NOT_APPLICABLE, f"not for {profile}")
        for need in requirement.needs:
            if verdict(REQUIREMENTS[need]).result == FAILED:
                return Verdict(requirement, FAILED, f"cannot be judged, since {need} failed")
        reason = _reason(requirement, recordings[requirement.scene])
        return Verdict(requirement, PASSED if reason is None else FAILED, reason or "")

    return [verdict(requirement) for requirement in requirements]


def _reason(requirement: Requirement, recording: Recording) -> str | None:
    """What is wrong, without the secrets that it may be wrong with."""
    if recording.problem:
        return f"the scene could not be played: {recording.problem}"
    try:
        reason = requirement.check(recording)
        return None if reason is None else without_secrets(recording, reason)
    except (LookupError, TypeError, ValueError, AttributeError, StopIteration) as problem:
        return f"what it is judged by is missing or cannot be read ({type(problem).__name__})"
