"""The catalogue's part of snapshots that a host takes of a running machine by itself."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ALWAYS, SOMETIMES, Fact, Party
from controlplane.domain.events.machines import HostStarted
from controlplane.domain.events.service import TaskState


@dataclass(frozen=True)
class HostAsked(
    Fact, name="host_snapshot.asked", party=Party.SERVICE, parents=(TaskState.NAME,), job=ALWAYS, vm=ALWAYS
):
    """The service asked the host of a running machine for snapshots of its disks at one instant, without the guest."""

    task_id: str
    reason: str
    """policy: its policy wants no other snapshots; fallback: those of the extension failed."""


@dataclass(frozen=True)
class DisksHeld(
    Fact,
    name="host_snapshot.held",
    party=Party.HOST,
    parents=(HostAsked.NAME, HostStarted.NAME),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The host held the writes of a machine to all its disks and snapshotted them; the guest had no part in it."""

    task_id: str
    disks: int
    """Of how many there is a snapshot."""
    held_milliseconds: float
    problem: str | None = None
    """Why the snapshots do not count."""
