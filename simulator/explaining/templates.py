"""The sentences of explanations: templates for each kind of event, and the kinds that are left out.

A template's blanks are the fields of the event, and `count`, `hresult_name` and `tiers` where a sentence needs them.
"""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.events import (
    clock,
    faults,
    handlers,
    host_snapshots,
    lectern,
    machines,
    monitoring,
    service,
)
from controlplane.domain.events.event import Fact

PLAIN = ""
"""The shape of what comes in one shape alone, or has nothing peculiar."""

SENTENCES: Mapping[type[Fact], Mapping[str, str]] = {
    service.ArmRequest: {
        PLAIN: "the caller {caller} asked Resource Manager for {operation} on {id}, correlation id {correlation_id}"
    },
    service.ServiceRequest: {PLAIN: "the service itself used {operation} on {id}"},
    service.ScheduleDue: {PLAIN: "the schedule of its policy was due at {due}, for attempt {attempt}"},
    service.RetentionDue: {PLAIN: "retention was due"},
    service.ControlRequest: {PLAIN: "the control API was asked for {operation}"},
    service.JobState: {
        PLAIN: "the job ended: {to}",
        "cancelling": "the job was asked to stop",
        "opened": "the service opened the job {operation}",
        "errors": "the job ended: {to}, with {errors}",
    },
    service.TaskState: {PLAIN: "the task {task} is {to}"},
    service.JobMistake: {PLAIN: "the step {step} met an unexpected error, {error}"},
    service.UndoFailed: {PLAIN: "what the step {step} had done could not be undone, {error}"},
    service.DeploymentState: {PLAIN: "the deployment {deployment} is {to}"},
    service.ResourceJobState: {PLAIN: "the work on a resource is {to}"},
    service.GroupState: {PLAIN: "the resource group {group} is {to}"},
    service.SnapshotAsked: {
        PLAIN: "the service gave the task {task} to the extension of the machine",
        "again": "the service gave the task {task} to the extension of the machine, which may now do without a freeze",
    },
    service.SnapshotReported: {
        PLAIN: "the handler reported snapshots that are {consistency}, code {code}",
        "failed": "the handler reported {error_name}, code {code}: {message}",
    },
    service.SnapshotUnreported: {PLAIN: "the service stopped waiting for the report of the task {task}"},
    service.SnapshotFound: {PLAIN: "the storage has the snapshots of {count} disks"},
    service.SnapshotJudged: {
        PLAIN: "the service judged the snapshots to be {consistency}",
        "failed": "the service judged the attempt to have failed with {error}",
    },
    service.SnapshotLost: {PLAIN: "the storage lost snapshots of the recovery point {point}"},
    service.SnapshotLeftBehind: {PLAIN: "snapshots of the job could not be deleted: {reason}"},
    service.VaultCopyLeftBehind: {PLAIN: "what the job wrote into the vault could not be taken back: {reason}"},
    service.DiskVaulted: {PLAIN: "the vault has {transferred_bytes} bytes of {disk}"},
    service.DigestsSkipped: {PLAIN: "digests of the snapshots could not be kept: {reason}"},
    service.RestoreProgress: {PLAIN: "the restore is at {percent} %"},
    service.RecoveryPointState: {
        PLAIN: "the recovery point {point} is in {tiers}",
        "nowhere": "the recovery point {point} is in no tier any more",
    },
    service.RecoveryPointSoftDeleted: {
        PLAIN: "a changed policy soft-deleted the recovery point {point}, until {until}"
    },
    service.RecoveryPointUndeleted: {PLAIN: "a changed policy keeps the recovery point {point} again, until {expires}"},
    service.RecoveryPointLost: {PLAIN: "the storage lost {tier} of the recovery point {point}"},
    service.RecoveryPointDamaged: {PLAIN: "the copy {copy} of the disk {disk} was found damaged: {problem}"},
    service.ItemRecoveryBegun: {PLAIN: "a session began in which the files of {point} can be read"},
    service.ItemRecoveryEnded: {PLAIN: "the sessions in which the files of {point} could be read ended"},
    service.ItemState: {PLAIN: "the protected item is {to}"},
    service.VaultState: {PLAIN: "the vault is {to}"},
    monitoring.AlertFired: {PLAIN: "Azure Monitor fired the alert {rule}, severity {severity}"},
    machines.HostStarted: {PLAIN: "the host started"},
    machines.HostStopping: {PLAIN: "the host ended"},
    machines.MachinePower: {PLAIN: "the host made the machine {power}"},
    machines.MachineFailed: {PLAIN: "the host could not bring the machine into its desired state: {problem}"},
    machines.MachineDeleted: {PLAIN: "the machine was deleted"},
    machines.GoalStatePublished: {
        PLAIN: "the wire server published the goal state {incarnation}",
        "order": "the wire server published the goal state "
        "{incarnation}, which has order {sequence_number} for {handler}",
    },
    machines.StatusUploadFailed: {PLAIN: "the status of the machine could not be written: {reason}"},
    machines.HostSnapshotRefused: {PLAIN: "the host refused to take snapshots: {reason}"},
    machines.HostSnapshotsTaken: {
        PLAIN: "the host took snapshots of {taken} disks for the handler",
        "failed": "the host took snapshots of {taken} disks for the handler, and failed with {failed}",
    },
    machines.AgentGoalState: {PLAIN: "the agent fetched the goal state {incarnation}"},
    machines.AgentFailed: {PLAIN: "the agent could not read a goal state or hand in its report: {reason}"},
    machines.HandlerUnpacked: {PLAIN: "the agent unpacked the package of {handler} {version}"},
    machines.CommandStarted: {PLAIN: "the agent ran the command {verb} of {handler} {version}"},
    machines.CommandEnded: {
        PLAIN: "the command {verb} of {handler} ended well",
        "badly": "the command {verb} of {handler} ended with the exit code {exit_code}",
        "killed": "the command {verb} of {handler} was killed",
    },
    machines.HandlerFailed: {PLAIN: "the agent could not carry out the order for {handler} {version}, code {code}"},
    machines.HandlerRemoved: {PLAIN: "the handler {handler} was removed"},
    handlers.HandlerSilent: {PLAIN: "nothing was seen of the machine for seconds, which works on {works}"},
    handlers.HandlerRuleBroken: {PLAIN: "the handler broke the rule {rule}: {detail}"},
    machines.HandlerStatus: {PLAIN: "the handler {handler} said {status} to the agent, code {code}"},
    machines.GuestBooted: {PLAIN: "the operating system of {computer_name} started"},
    machines.GuestStopped: {PLAIN: "the operating system of {computer_name} ended"},
    machines.DiskLostWrites: {PLAIN: "the storage lost writes to the disk {disk}, in {blocks} blocks"},
    machines.DiskLedgerLost: {PLAIN: "the ledger of the disk {disk} was lost: {problem}"},
    machines.DiskRaw: {PLAIN: "the disk {disk} holds no volume that the guest can read: {problem}"},
    machines.WorkloadFailed: {PLAIN: "the program {workload} in the guest could not go on: {problem}"},
    machines.WorkloadHeld: {PLAIN: "a script brought the program {workload} to rest"},
    machines.WorkloadReleased: {PLAIN: "the program {workload} went on"},
    machines.SessionOpened: {PLAIN: "the handler opened its session with the guest for the task {task_id}"},
    machines.SessionClosed: {
        "frozen": "the handler was gone without asking for a thaw",
    },
    machines.FreezeAsked: {
        PLAIN: "the handler asked the guest for a freeze without writers, for {timeout_seconds} s at most",
        "writers": "the handler asked VSS for a freeze with all writers, for {timeout_seconds} s at most",
    },
    machines.ThawAsked: {PLAIN: "the handler asked for the thaw"},
    machines.WriterState: {
        PLAIN: "{count} writers carried out {step}",
        "failed": "the writer {writer} failed at {step}: {state}, {hresult} {hresult_name}",
    },
    machines.VssRefused: {PLAIN: "VSS made no snapshot set: {hresult} {hresult_name}"},
    machines.VssFrozen: {
        PLAIN: "VSS held all writes, without the writers",
        "writers": "VSS held all writes, with the writers frozen",
    },
    machines.VssThawed: {
        PLAIN: "writes went on after {held_milliseconds} ms",
        "early": "writes went on before the thaw was asked for, after {held_milliseconds} ms: {hresult} {hresult_name}",
    },
    machines.FileSystemFreezeRefused: {PLAIN: "the guest could not freeze its file systems: {message}"},
    machines.FileSystemsFrozen: {PLAIN: "the guest froze its file systems"},
    machines.FileSystemsThawed: {
        PLAIN: "the file systems went on after {held_milliseconds} ms",
        "early": "the file systems went on before the thaw was asked for, after {held_milliseconds} ms: {message}",
    },
    host_snapshots.HostAsked: {
        PLAIN: "the service asked the host for snapshots at one instant, since the policy wants no others",
        "instead": "the service asked the host for snapshots at one instant, since those of the extension had failed",
    },
    host_snapshots.DisksHeld: {
        PLAIN: "the host held all writes for {held_milliseconds} ms and took snapshots of {disks} disks",
        "vain": "the host took no snapshots that count: {problem}",
    },
    faults.FaultHit: {PLAIN: "the fault {fault} acted, which was set as number {number}"},
}
"""By kind of event and shape of it. A kind that comes in one shape has the plain one."""

LEFT_OUT: frozenset[type[Fact]] = frozenset(
    {
        service.RequestAnswered,
        service.WorldRestarted,
        service.WorldDeletionsRepeated,
        service.WorldExamining,
        service.BackupSkipped,
        service.TransferProgress,
        service.RestoreLost,
        service.ExpiryLeftBehind,
        service.ArchiveSkipped,
        service.ClientDropped,
        service.WorldReset,
        service.WorldSaved,
        service.WorldPaced,
        service.WorldPurged,
        monitoring.AlertState,
        machines.AgentReported,
        machines.WorkloadCaughtUp,
        clock.ClockChanged,
        clock.AdvanceBegan,
        clock.ClockMoved,
        clock.AdvanceEnded,
        clock.HoldLapsed,
        faults.FaultSet,
        faults.FaultCleared,
        faults.GatewayEnded,
        lectern.LecternSet,
        lectern.LecternHeld,
        lectern.LecternWentOn,
        lectern.StoryMoment,
        handlers.HandlerPackage,
    }
)
"""Kinds that are no part of the story of a job or of a point, or that change nothing in it."""

TROUBLES: frozenset[type[Fact]] = frozenset(
    {
        service.JobMistake,
        service.UndoFailed,
        service.SnapshotUnreported,
        service.SnapshotLost,
        service.SnapshotLeftBehind,
        service.VaultCopyLeftBehind,
        service.DigestsSkipped,
        service.RecoveryPointLost,
        service.RecoveryPointDamaged,
        machines.MachineFailed,
        machines.StatusUploadFailed,
        machines.HostSnapshotRefused,
        machines.AgentFailed,
        machines.HandlerFailed,
        handlers.HandlerSilent,
        handlers.HandlerRuleBroken,
        machines.DiskLostWrites,
        machines.DiskLedgerLost,
        machines.DiskRaw,
        machines.WorkloadFailed,
        machines.VssRefused,
        machines.FileSystemFreezeRefused,
        faults.FaultHit,
    }
)
"""Kinds that are told only when something goes wrong."""
