"""What one machine is and how it behaves: one description that its host, its guest and its agent read.

A world gives every machine conditions of its own. `MachineFactories` makes the parts in which a fault, a recorder or a
foreign handler may want to stand: a wrapper there changes one machine and no other.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field, replace
from datetime import timedelta
from random import Random

from controlplane.ports import MachineSpec
from simulator.clock.real_time import RealTime
from simulator.daily_work import DailyWork
from simulator.guest import profiles
from simulator.guest.agent.client import WireClient
from simulator.guest.agent.process import Command, CommandRunner
from simulator.guest.os_profile import OsProfile
from simulator.guest.vss.scripting import Obstacle, VssScript, no_obstacle, no_script
from simulator.guest.vss.writer import Participant, Writer, WriterClass
from simulator.guest.vss.writers import in_box_writers

SYSTEM_FILE_BYTES = 2 * 1024 * 1024
AGENT_POLL = timedelta(minutes=1)
"""The published agent asks every six seconds; hundreds of them would keep a world busy, and a new goal state rings."""


def _as_it_takes_part(writer: WriterClass, participant: Participant | None) -> Participant | None:
    return participant


def _nothing() -> None:
    return


def _as_installed(profile: OsProfile) -> OsProfile:
    return profile


def _has_room() -> bool:
    return True


def _right() -> timedelta:
    return timedelta(0)


@dataclass(frozen=True)
class MachineFactories:
    """Who makes the parts of a machine."""

    wire_client: Callable[[str, str, str], WireClient] = WireClient
    """(address, token of the machine, name of the agent) -> the agent's way to the wire server."""
    run_command: CommandRunner = Command
    """Starts a command of a handler."""
    writers: Callable[[Random], list[Writer]] = in_box_writers
    """The VSS writers of the operating system; those of workloads join them."""
    participant: Callable[[WriterClass, Participant | None], Participant | None] = _as_it_takes_part
    """(writer, what its program does at events) -> what is done at them."""


def _as_the_host_has_it(address: str) -> str:
    return address


@dataclass(frozen=True)
class Network:
    """How a machine reaches what lies outside of it. Its way to the storage is the fabric's to say: every SAS bears
    it."""

    wire_server: Callable[[str], str] = _as_the_host_has_it
    """(address of the wire server for this machine) -> where its agent and its handlers look for it."""
    private_address: str | None = None
    """Of its first interface: the goal state and programs in the guest show it. None: it has none."""


@dataclass(frozen=True)
class MachineConditions:
    profile: Callable[[str, str, bool], OsProfile] = profiles.profile
    """(Windows or Linux, image on the OS disk, whether VSS works) -> what its operating system is."""
    vss_available: bool = True
    """False: VSS is disabled. A machine whose system has none is not concerned."""
    services: Mapping[str, str] = field(default_factory=dict)
    """Service -> its state, Running, Stopped or Disabled; in place of what the system has. The handler looks at them
    before a snapshot, and programs in the guest show them."""
    registry: Mapping[str, str] = field(default_factory=dict)
    """Path -> value, in place of what the system has; the handler reads it. A system without a registry has none."""
    now: Callable[[OsProfile], OsProfile] = _as_installed
    """The system as installed -> as it is at this moment: asked by everything that looks at services and registry."""
    looked: Callable[[], None] = _nothing
    """Called when a handler or the agent looks at services and registry."""
    clock_ahead: Callable[[], timedelta] = _right
    """By how much the clock of the guest is ahead of world time at this moment; negative: behind."""
    has_room: Callable[[], bool] = _has_room
    """Whether the system disk takes what programs write to it now, beside its volume: packages and settings."""
    obstacle: Callable[[bool], Obstacle | None] = no_obstacle
    """Asked when VSS is about to make a snapshot set, with writers or without."""
    vss_script: Callable[[RealTime], VssScript] = no_script
    """(real time) -> what stands in the way of writers and VSS from this boot on."""
    workload_rate: float = 1.0
    """Multiplies how often workloads are ticked; 0: they do only what they are told."""
    daily_work: DailyWork | None = None
    """What its programs do beside that for each day of world time, at once, when a handler asks for a freeze."""
    system_file_bytes: int = SYSTEM_FILE_BYTES
    """Length of each file that an installation writes."""
    agent_poll: timedelta = AGENT_POLL
    """Real time between two looks of the agent for a goal state."""
    network: Network = field(default_factory=Network)
    factories: MachineFactories = field(default_factory=MachineFactories)

    def system(self, os_type: str, image: str) -> OsProfile:
        """The operating system of this machine; `os_type` is Windows or Linux."""
        usual = self.profile(os_type, image, self.vss_available)
        registry = {**usual.registry, **self.registry} if usual.registry else usual.registry
        return replace(usual, services={**usual.services, **self.services}, registry=registry)


ConditionsOf = Callable[[str, MachineSpec], MachineConditions]
"""(ARM id, specification) -> the conditions under which that machine boots; asked at each boot."""
