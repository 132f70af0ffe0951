"""States of the restores: of disks, to an alternate and to the original location.

The input names everything that the steps make, so that a step done twice makes one thing.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from controlplane.jobs.backup.states import BackupInput
from controlplane.jobs.engine.job_state import JobInput, OpenedJob
from controlplane.json_object import Json
from controlplane.ports import PowerState


class BlobAddress(TypedDict):
    """Where the bytes of a disk are moved to."""

    account: str
    container: str
    blob: str


class MadeDisk(BlobAddress):
    """What a disk of the recovery point becomes."""

    lun: int
    """LUN of the disk in the recovery point; that of the OS disk is `OS_DISK_LUN`."""
    name: str
    """Name of the new managed disk; where none is made, that of the disk in the recovery point."""
    id: str
    """ARM id of the new managed disk; empty: the disk stays a blob."""


class RestoreInput(JobInput):
    """With what every restore begins. `vm` is the machine that was backed up."""

    item: str
    """Id of the document of the protected item."""
    vm_name: str
    """Name of the machine in the recovery point; "Describe the restored disks" names its blobs by it."""
    point: str
    """Id of the document of the recovery point, of which every step reads."""
    account_id: str
    """ARM id of the storage account of the request."""
    account: str
    """Its name."""
    container: str
    """Container in this account for the restored blobs and their description."""
    zone: str
    """Availability zone of the restored disks and machine; empty: none."""
    disks: list[MadeDisk]
    """What is made of the disks that are restored."""
    writes: list[str]
    """Under which names the job may write to the vault: digests that the point lacks, and a backup of its own."""


class RestoreState(RestoreInput, OpenedJob):
    """What the steps of every restore read."""


class NewMachine(TypedDict):
    """The machine and its network interface that a restore to an alternate location makes."""

    machine: str
    """ARM id of the machine."""
    vm_id: str
    """Its vmId, a GUID, by which a step done twice knows the machine that it has made."""
    subnet: str
    """ARM id of the subnet, in which the interface takes the lowest free address."""
    interface: str
    """ARM id of the interface."""
    interface_guid: str
    """Its resourceGuid."""
    etag: str
    """Its etag, a GUID, without quotes."""
    mac: str
    """Its MAC address."""


class AlternateInput(RestoreInput):
    """With what a restore to an alternate location begins."""

    place: NewMachine
    """What "Create the restored virtual machine" makes."""


class AlternateState(AlternateInput, OpenedJob):
    """What its steps read."""


class MachineBefore(TypedDict):
    """The machine as it was before its disks were replaced."""

    profile: Json
    """The storageProfile as ARM shows it."""
    disks: list[Json]
    """Its disks, each a ports.Disk as JSON; an undo attaches them again."""
    power: PowerState
    """The power state that it goes back to."""


class OriginalInput(RestoreInput):
    """With what a restore to the original location begins."""

    safety: BackupInput
    """The backup of the disks that are about to be replaced."""


class OriginalState(OriginalInput, OpenedJob):
    """What its steps read."""

    before: NotRequired[MachineBefore]
    """Written by "Back up the existing virtual machine", read by "Replace the existing disks"."""
