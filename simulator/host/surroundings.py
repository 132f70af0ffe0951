"""What all machines of a host share: where they find what they need, and whom they tell."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path

from controlplane.domain.events.event import Cause
from controlplane.ports import Blobs, Clock, Store
from simulator.clock.real_time import RealTime
from simulator.guest.conditions import ConditionsOf
from simulator.host.agents import Agents
from simulator.host.event_buffer import EventBuffer
from simulator.host.holds import Holds
from simulator.host.packages import PackageRepository
from simulator.host.wireserver import WireServer


@dataclass(frozen=True)
class Surroundings:
    store: Store
    guest_blobs: Callable[[str], Blobs]
    """The storage of the disks of a virtual machine."""
    blobs: Blobs
    """The storage as the host itself asks it."""
    storage_address: Callable[[str], str | None]
    """Where a virtual machine reaches it, if not where the host does."""
    clock: Clock
    """For what is shown of a machine."""
    real_time: RealTime
    """For everything that takes time."""
    folder: Path
    packages: PackageRepository
    wire: WireServer
    event_buffer: EventBuffer
    conditions: ConditionsOf
    seed: int
    status_account: str | None
    """Storage account of the blobs to which agents report; None: they report to the host alone."""
    ring: Callable[[], None]
    """To be called when a machine should advance before the next tick."""
    session_closed: Callable[[str], None]
    """To be called with the id of a virtual machine in which a handler has ended, and written its report before."""
    holds: Holds
    agents: Agents
    """Whose agent each machine runs."""
    started: Cause | None = None
    """The event of the host's start: why machines run that no request has changed since."""
