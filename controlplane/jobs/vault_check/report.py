"""What a check of the vault reports: problems of recovery points, what nobody names, and how much was looked at."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import asdict, dataclass, field
from typing import Literal

from controlplane.json_object import Json

MOST_LISTED = 1000
"""Problems and unnamed things that are listed; the rest is counted."""


@dataclass(frozen=True, slots=True)
class Problem:
    """A copy of one disk of a recovery point that lacks data, or holds other data than was written."""

    point: str
    """ARM id."""
    disk: str
    lun: int
    copy: Literal["InstantRP", "HardenedRP"]
    """InstantRP: the snapshot; HardenedRP: the copy in the vault or in the archive."""
    problem: str
    byte: int | None = None
    """Offset on the disk of the first damaged block, where one is known."""


@dataclass(frozen=True, slots=True)
class Unnamed:
    """Something that no recovery point names and no running job is writing."""

    kind: Literal["manifest", "pack", "snapshot"]
    name: str
    size_bytes: int


@dataclass
class Report:
    """The result, as `to_json` has it."""

    vaults: list[str] = field(default_factory=list)
    read_data_percent: float = 0.0
    problems: list[Problem] = field(default_factory=list)
    problem_count: int = 0
    unnamed: list[Unnamed] | None = None
    """None where it was not looked for."""
    unnamed_count: int = 0
    uncheckable: list[str] = field(default_factory=list)
    """Snapshots of which the vault has no digests yet: account/container/name and time stamp."""
    points: int = 0
    manifests: int = 0
    segments: int = 0
    packs: int = 0
    snapshots: int = 0
    packs_read: int = 0
    snapshots_read: int = 0
    read_bytes: int = 0
    oldest_read: str | None = None
    """World time at which what was read longest ago was read; None while something was never read."""

    def add(self, problems: Iterable[Problem]) -> None:
        for problem in problems:
            self.problem_count += 1
            if len(self.problems) < MOST_LISTED:
                self.problems.append(problem)

    def to_json(self) -> Json:
        fields = asdict(self)
        return {
            "schema_version": 1,
            "vaults": fields["vaults"],
            "healthy": self.problem_count == 0,
            "read_data_percent": self.read_data_percent,
            "problems": fields["problems"],
            "problem_count": self.problem_count,
            "unnamed": fields["unnamed"],
            "unnamed_count": self.unnamed_count,
            "snapshots_without_digests": self.uncheckable,
            "checked": {
                name: fields[name]
                for name in (
                    *("points", "manifests", "segments", "packs", "snapshots"),
                    *("packs_read", "snapshots_read", "read_bytes"),
                )
            },
            "oldest_read": self.oldest_read,
        }
