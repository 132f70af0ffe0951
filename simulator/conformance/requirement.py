"""A requirement: what is expected of a handler, where that is known from, and a check of a recording."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from typing import Any

from simulator.conformance.recording import Recording

MUST, SHOULD = "must", "should"
WINDOWS, LINUX = "windows", "linux"
PROFILES = (WINDOWS, LINUX)

Check = Callable[[Recording], str | None]
"""None when the requirement is met, else what is wrong in a few words. What cannot be read raises LookupError,
TypeError, ValueError or AttributeError, which counts as not met."""


@dataclass(frozen=True, slots=True)
class Requirement:
    """`id` is never given to another requirement. `needs`: ids without which this one cannot be judged;
    it fails with them, so each of those implies this one."""

    id: str
    chapter: str
    level: str
    scene: str
    expected: str
    source: str
    check: Check = field(repr=False)
    needs: Sequence[str] = ()
    profiles: Sequence[str] = PROFILES
    also_fails: Sequence[str] = ()
    """Ids that fail for the same reason, in whatever scene."""


@dataclass
class Chapter:
    """Collects the requirements of one chapter as they are written down."""

    name: str
    scene: str
    source: str
    requirements: list[Requirement] = field(default_factory=list)

    def must(self, id: str, expected: str, **more: Any) -> Callable[[Check], Check]:
        return self._kept(MUST, id, expected, more)

    def should(self, id: str, expected: str, **more: Any) -> Callable[[Check], Check]:
        return self._kept(SHOULD, id, expected, more)

    def _kept(self, level: str, id: str, expected: str, more: dict[str, Any]) -> Callable[[Check], Check]:
        values: dict[str, Any] = {"scene": self.scene, "source": self.source, **more}

        def keep(check: Check) -> Check:
            self.requirements.append(
                Requirement(id=id, chapter=self.name, level=level, expected=expected, check=check, **values)
            )
            return check

        return keep


def unless(met: object, problem: str) -> str | None:
    return None if met else problem
