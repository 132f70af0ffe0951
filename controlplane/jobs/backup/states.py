"""State of a backup: what the use case found out of item and machine, and the names of what the steps make.

No step adds a key, so that a step done twice makes one thing under one name. What the steps find out stands in the
recovery point; the attempts at a snapshot are kept with the job's document, whatever becomes of the step.
"""

from __future__ import annotations

from typing import TypedDict

from controlplane.jobs.engine.job_state import JobInput, OpenedJob
from controlplane.json_object import Json


class ScheduledFacts(TypedDict, total=False):
    """What the state of a scheduled backup says of its run; a backup on demand has none of it."""

    vault_day: str | None
    """The day of the schedule, ISO 8601, for which the backup goes to the vault; None where it does not."""
    run: Json
    """The run, as `retries.run_to_json` writes it."""
    attempt: int
    """The number of this backup among those of the run, from 1."""
    retries_left: int
    """How many more there may be."""


class BackupInput(JobInput, ScheduledFacts):
    """With what the plan Backup begins; also what a restore that replaces disks backs up first."""

    vault: str
    """ARM id of the vault."""
    item: str
    """ARM id of the protected item."""
    item_number: str
    """The item's protectedItemDataId, by which its packs in the vault are named."""
    policy: str
    """ARM id of the item's policy: retention of the point, and of snapshots in the instant tier."""
    vm_name: str
    """Name of the machine, as the item shows it; the blobs of the snapshot task bear it."""
    vm_id: str
    """The machine's vmId in lower case, "unknown" where there was no machine; names the container of these blobs."""
    machine: Json
    """A recovery_point.Machine as JSON: what the machine was when the job was opened."""
    collection: str
    """ARM id of the restore point collection for the snapshots of managed disks; empty: there is none."""
    disks: list[Json]
    """The disks that are backed up, by their LUN, each a ports.Disk as JSON."""
    disks_excluded: bool
    """Whether the machine has disks that are not backed up. Then the handler is told the LUNs."""
    task: str
    """A GUID. The attempts at the snapshot are named by it and their number, counted by their status blobs."""
    point: str
    """Id of the recovery point, 14 digits: "Take Snapshot" makes it, the steps behind it change it."""
    expires: str
    """World time, ISO 8601: the end of the point, unless the schedule rules it by the time of the snapshot."""
    rules: list[str]
    """Retention rules (daily, weekly ...) by which the schedule keeps the point; empty for a backup on demand."""


class BackupState(BackupInput, OpenedJob):
    """What the steps of a backup read."""
