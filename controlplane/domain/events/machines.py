"""The catalogue's part of the machines: what host, agent and guest tell."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ALWAYS, ROOT, SOMETIMES, Fact, Party

# ------------------------------------------------------------------------------------------------------------- the host


@dataclass(frozen=True)
class HostStarted(Fact, name="host.started", party=Party.HOST, parents=(ROOT,)):
    """A host has begun to run the machines of the world. Those that are to run boot, as after a power cut."""


@dataclass(frozen=True)
class HostStopping(Fact, name="host.stopping", party=Party.HOST, parents=(ROOT,)):
    """A host ends, and shuts its machines down. What they are to be stays as it is, for the next host."""


ORDERS = (
    "arm.request",
    "service.request",
    "task.state",
    "control.request",
    HostStarted.NAME,
)
"""What a machine is created, deleted, switched on or off by."""


@dataclass(frozen=True)
class MachinePower(Fact, name="machine.power", party=Party.HOST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """The host switched a machine on or off."""

    power: str


@dataclass(frozen=True)
class MachineFailed(Fact, name="machine.failed", party=Party.HOST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """The host could not bring a machine into its desired state."""

    problem: str


@dataclass(frozen=True)
class MachineDeleted(Fact, name="machine.deleted", party=Party.HOST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """Nothing of a machine is left on the host."""


@dataclass(frozen=True)
class GoalStatePublished(
    Fact,
    name="goal_state.published",
    party=Party.HOST,
    parents=("arm.request", "service.request", "task.state", HostStarted.NAME, "snapshot.asked"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The wire server has another goal state for a machine."""

    incarnation: int
    handlers: int
    """How many handlers it names."""
    handler: str | None = None
    """The one whose order is new; a goal state with several new orders is told once for each."""
    sequence_number: int | None = None
    """Of the new order."""


@dataclass(frozen=True)
class StatusUploadFailed(
    Fact,
    name="status.upload_failed",
    party=Party.HOST,
    parents=("agent.goal_state", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The status of a machine could not be written to its blob."""

    reason: str


@dataclass(frozen=True)
class HostSnapshotRefused(
    Fact,
    name="host_snapshot.refused",
    party=Party.HOST,
    parents=("agent.goal_state", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A handler asked the host for snapshots that it must not take."""

    reason: str


@dataclass(frozen=True)
class HostSnapshotsTaken(
    Fact,
    name="host_snapshot.taken",
    party=Party.HOST,
    parents=("vss.frozen", "filesystem.frozen", "bridge.session_opened", "agent.goal_state", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The host snapshotted disks of a machine for the handler in it."""

    task_id: str
    taken: int
    failed: int


# ------------------------------------------------------------------------------------------------------------ the agent


@dataclass(frozen=True)
class AgentGoalState(
    Fact,
    name="agent.goal_state",
    party=Party.AGENT,
    parents=("goal_state.published", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The agent has fetched a goal state and begins to apply it."""

    incarnation: int


@dataclass(frozen=True)
class AgentFailed(
    Fact,
    name="agent.failed",
    party=Party.AGENT,
    parents=("agent.goal_state", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The agent could not read a goal state or hand in its report."""

    reason: str


@dataclass(frozen=True)
class HandlerUnpacked(
    Fact,
    name="handler.unpacked",
    party=Party.AGENT,
    parents=("agent.goal_state",),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The agent has fetched and unpacked the package of a handler."""

    handler: str
    version: str
    bytes: int


@dataclass(frozen=True)
class CommandStarted(
    Fact,
    name="handler.command_started",
    party=Party.AGENT,
    parents=("agent.goal_state",),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A process of a handler was started."""

    handler: str
    version: str
    verb: str
    sequence_number: int


@dataclass(frozen=True)
class CommandEnded(
    Fact,
    name="handler.command_ended",
    party=Party.AGENT,
    parents=("handler.command_started", "agent.goal_state"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A process of a handler ended. Without an exit code it was killed."""

    handler: str
    version: str
    verb: str
    exit_code: int | None
    seconds: float
    """Real time that it took."""


@dataclass(frozen=True)
class HandlerFailed(
    Fact,
    name="handler.failed",
    party=Party.AGENT,
    parents=("agent.goal_state",),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """An order for a handler could not be carried out."""

    handler: str
    version: str
    code: int


@dataclass(frozen=True)
class HandlerRemoved(
    Fact,
    name="handler.removed",
    party=Party.AGENT,
    parents=("agent.goal_state",),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """No version of a handler is on the machine any more."""

    handler: str
    version: str


@dataclass(frozen=True)
class HandlerStatus(
    Fact,
    name="handler.status",
    party=Party.AGENT,
    parents=("handler.command_started", "agent.goal_state"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The status file of a handler says something else than before."""

    handler: str
    sequence_number: int
    status: str | None
    code: int | None


@dataclass(frozen=True)
class AgentReported(
    Fact,
    name="agent.reported",
    party=Party.AGENT,
    parents=("handler.status", "agent.goal_state", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """The agent has handed in its report, which says something else than the one before."""

    incarnation: int
    """The last goal state that was reached."""
    handlers: int


# ------------------------------------------------------------------------------------------------------------ the guest


@dataclass(frozen=True)
class GuestBooted(Fact, name="guest.booted", party=Party.GUEST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """The operating system has started."""

    computer_name: str
    disks: int


@dataclass(frozen=True)
class GuestStopped(
    Fact, name="guest.stopped", party=Party.GUEST, parents=(*ORDERS, HostStopping.NAME), job=SOMETIMES, vm=ALWAYS
):
    """The operating system has ended."""

    computer_name: str
    clean: bool


@dataclass(frozen=True)
class DiskLostWrites(Fact, name="disk.lost_writes", party=Party.GUEST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """The storage no longer has what the guest had written to a disk."""

    disk: str
    lun: int
    blocks: int
    first_offset: int
    """In bytes."""


@dataclass(frozen=True)
class DiskLedgerLost(Fact, name="disk.ledger_lost", party=Party.GUEST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """The ledger of what a guest had written to a disk is gone or damaged. The disk is taken as it is: whether the
    storage has lost anything of it before cannot be told any more."""

    disk: str
    lun: int
    problem: str


@dataclass(frozen=True)
class DiskRaw(Fact, name="disk.raw", party=Party.GUEST, parents=ORDERS, job=SOMETIMES, vm=ALWAYS):
    """A disk holds no volume that the guest can read."""

    disk: str
    lun: int
    problem: str


@dataclass(frozen=True)
class WorkloadFailed(
    Fact, name="workload.failed", party=Party.GUEST, parents=("guest.booted",), job=SOMETIMES, vm=ALWAYS
):
    """A program in the guest could not go on."""

    workload: str
    problem: str


@dataclass(frozen=True)
class WorkloadHeld(Fact, name="workload.held", party=Party.GUEST, parents=("guest.booted",), job=SOMETIMES, vm=ALWAYS):
    """A script has told a program in the guest to come to rest, and it has."""

    workload: str
    seconds: float
    """After so many it goes on by itself."""


@dataclass(frozen=True)
class WorkloadReleased(
    Fact, name="workload.released", party=Party.GUEST, parents=("guest.booted",), job=SOMETIMES, vm=ALWAYS
):
    """A program in the guest that was at rest goes on."""

    workload: str
    by: str
    """script: as it was told; limit: its time had passed; shutdown: the machine stops."""
    seconds: float
    """Real time for which it was at rest."""


@dataclass(frozen=True)
class SessionOpened(
    Fact,
    name="bridge.session_opened",
    party=Party.GUEST,
    parents=("handler.command_started", "guest.booted"),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A requester came to the guest's bridge."""

    task_id: str


@dataclass(frozen=True)
class WorkloadCaughtUp(
    Fact, name="workload.caught_up", party=Party.GUEST, parents=(SessionOpened.NAME,), job=SOMETIMES, vm=ALWAYS
):
    """The programs in the guest did what they do in the world time that had passed, at once."""

    task_id: str
    seconds: float
    """World time since they did so last, while the machine ran. Of more than 31 days only the work of so many is
    done."""
    file_bytes: int
    transactions: int


@dataclass(frozen=True)
class SessionClosed(
    Fact, name="bridge.session_closed", party=Party.GUEST, parents=(SessionOpened.NAME,), job=SOMETIMES, vm=ALWAYS
):
    """A requester is gone."""

    task_id: str
    left_frozen: bool
    """It went without a thaw."""


@dataclass(frozen=True)
class FreezeAsked(
    Fact, name="bridge.freeze_asked", party=Party.GUEST, parents=(SessionOpened.NAME,), job=SOMETIMES, vm=ALWAYS
):
    """A requester asks for a frozen guest."""

    task_id: str
    timeout_seconds: float
    writers: bool
    """Whether the writers take part."""


@dataclass(frozen=True)
class ThawAsked(
    Fact,
    name="bridge.thaw_asked",
    party=Party.GUEST,
    parents=("vss.frozen", "filesystem.frozen", SessionOpened.NAME),
    job=SOMETIMES,
    vm=ALWAYS,
):
    """A requester has its snapshots, or gives up."""

    task_id: str


FREEZE_STEPS = (FreezeAsked.NAME, ThawAsked.NAME)


@dataclass(frozen=True)
class WriterState(Fact, name="vss.writer", party=Party.GUEST, parents=FREEZE_STEPS, job=SOMETIMES, vm=ALWAYS):
    """A VSS writer was told something, and is in another state."""

    task_id: str
    writer: str
    step: str
    """What it was told."""
    state: str
    hresult: str
    """Its last error; 0x00000000 when there is none."""


@dataclass(frozen=True)
class VssRefused(Fact, name="vss.refused", party=Party.GUEST, parents=FREEZE_STEPS, job=SOMETIMES, vm=ALWAYS):
    """VSS could not make a snapshot set."""

    task_id: str
    hresult: str
    message: str


@dataclass(frozen=True)
class VssFrozen(
    Fact,
    name="vss.frozen",
    party=Party.GUEST,
    parents=(FreezeAsked.NAME,),
    job=SOMETIMES,
    vm=ALWAYS,
    version=2,
):
    """Writes to all disks stand still."""

    task_id: str
    with_writers: bool
    time: str
    """World time, ISO 8601."""
    real_time: str | None = None
    """The same moment in real time, ISO 8601: the storage's time stamps of snapshots compare with it."""


@dataclass(frozen=True)
class VssThawed(Fact, name="vss.thawed", party=Party.GUEST, parents=FREEZE_STEPS, job=SOMETIMES, vm=ALWAYS):
    """Writes go on. Without a thaw that was asked for, VSS has let go by itself, or the requester is gone."""

    task_id: str
    with_writers: bool
    consistent: bool
    """They stood still until the requester asked for the thaw."""
    held_milliseconds: float
    hresult: str
    message: str


@dataclass(frozen=True)
class FileSystemFreezeRefused(
    Fact, name="filesystem.freeze_refused", party=Party.GUEST, parents=FREEZE_STEPS, job=SOMETIMES, vm=ALWAYS
):
    """A guest without VSS could not freeze its file systems."""

    task_id: str
    message: str


@dataclass(frozen=True)
class FileSystemsFrozen(
    Fact,
    name="filesystem.frozen",
    party=Party.GUEST,
    parents=(FreezeAsked.NAME,),
    job=SOMETIMES,
    vm=ALWAYS,
    version=2,
):
    """A guest without VSS has frozen its file systems: writes to all disks stand still."""

    task_id: str
    time: str
    """World time, ISO 8601."""
    real_time: str | None = None
    """The same moment in real time, ISO 8601: the storage's time stamps of snapshots compare with it."""


@dataclass(frozen=True)
class FileSystemsThawed(
    Fact, name="filesystem.thawed", party=Party.GUEST, parents=FREEZE_STEPS, job=SOMETIMES, vm=ALWAYS
):
    """Writes of a guest without VSS go on: it was asked to, the limit has passed, or the requester is gone."""

    task_id: str
    consistent: bool
    """They stood still until the requester asked for the thaw."""
    held_milliseconds: float
    message: str
