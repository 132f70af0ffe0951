"""What comes of what a running machine and its host are asked to do once: scripts, and snapshots at one instant."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field


@dataclass(frozen=True, slots=True)
class CommandResult:
    """What a script in a guest wrote to its two streams. `number` counts the scripts of a machine."""

    number: int
    output: str
    errors: str


@dataclass(frozen=True, slots=True)
class DiskSnapshotOrder:
    """Disks of which snapshots are to be taken while all writes of the machine are held."""

    task_id: str
    """Another one for each order: a host carries out each once."""
    luns: tuple[int, ...]
    metadata: Mapping[str, str] = field(default_factory=dict)
    """Written with each snapshot."""


@dataclass(frozen=True, slots=True)
class DiskSnapshots:
    """What came of an order: a snapshot of each disk, or a problem and none that counts."""

    task_id: str
    stamps: Mapping[int, str] = field(default_factory=dict)
    """By LUN, the time stamps that the storage gave the snapshots."""
    held_milliseconds: float = 0.0
    """Real time for which writes were held."""
    problem: str | None = None
