"""Where a script can stand in the way of a snapshot set: at each step of VSS, and at each event of a writer.

A guest without a script has NO_SCRIPT, which does nothing. Whoever writes another one changes what programs, provider
and VSS do; states, limits and their consequences stay those of this package.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from simulator.clock.real_time import RealTime
from simulator.guest.vss.hresult import Hresult

if TYPE_CHECKING:
    from simulator.guest.vss.writer import State, Writer, WriterClass, WriterEvent


class Step(StrEnum):
    """Calls of a requester to VSS, and of VSS to its provider and to the kernel, in their order."""

    INITIALIZE = "InitializeForBackup"
    GATHER = "GatherWriterMetadata"
    START = "StartSnapshotSet"
    ADD = "AddToSnapshotSet"
    PREPARE = "PrepareForBackup"
    FLUSH = "FlushVolumes"
    COMMIT = "CommitSnapshots"
    """The provider's moment: writers are frozen and volumes flushed."""
    HOLD = "HoldWrites"
    """The kernel holds writes, and lets go of them too early."""
    FINAL_COMMIT = "PostFinalCommitSnapshots"
    """Behind the thaw."""


BEFORE_WRITERS = (Step.INITIALIZE, Step.GATHER, Step.START, Step.ADD, Step.PREPARE)
OF_WRITERS = frozenset({Step.GATHER})
"""Taken only where writers take part."""


@dataclass(frozen=True, slots=True)
class Obstacle:
    """Why VSS or its provider makes no snapshot set, though writers and volumes were ready."""

    hresult: Hresult
    message: str


def no_obstacle(with_writers: bool) -> Obstacle | None:
    return None


@dataclass(frozen=True, slots=True)
class Change:
    """A writer is in a failed state without having been told anything."""

    state: State
    hresult: Hresult
    why: str


class VssScript(Protocol):
    """Asked by VSS and its writers; thread-safe."""

    def roster(self, installed: Sequence[Writer]) -> list[Writer]:
        """The writers that answer now: those installed, without the missing, with others."""

    def before(self, writer: WriterClass, event: WriterEvent, deadline: datetime) -> None:
        """A writer is told something, which it has to do until a deadline in real time. Raises WriterFailed."""

    def after(self, writer: WriterClass, event: WriterEvent) -> Change | None:
        """It has done it. What it becomes then by itself."""

    def at(self, step: Step, with_writers: bool) -> Obstacle | None:
        """VSS or its provider takes a step."""

    def hold_seconds(self, with_writers: bool) -> float | None:
        """How long the kernel holds writes; None: as long as it can."""

    def restarted(self, service: str) -> None:
        """Somebody restarted a service of the guest."""

    def end(self) -> None:
        """The guest stops: nobody waits for a slow program any more."""


class NoScript:
    """Everybody does what he is there for."""

    def roster(self, installed: Sequence[Writer]) -> list[Writer]:
        return list(installed)

    def before(self, writer: WriterClass, event: WriterEvent, deadline: datetime) -> None:
        return

    def after(self, writer: WriterClass, event: WriterEvent) -> Change | None:
        return None

    def at(self, step: Step, with_writers: bool) -> Obstacle | None:
        return None

    def hold_seconds(self, with_writers: bool) -> float | None:
        return None

    def restarted(self, service: str) -> None:
        return

    def end(self) -> None:
        return


NO_SCRIPT = NoScript()


def no_script(real_time: RealTime) -> VssScript:
    return NO_SCRIPT
