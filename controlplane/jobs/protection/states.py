"""States of the jobs that begin, change and end the protection of an item.

Each of their plans is one step, which reads the state and adds nothing to it.
"""

from __future__ import annotations

from typing import NotRequired, TypedDict

from controlplane.jobs.engine.job_state import JobInput, OpenedJob
from controlplane.json_object import Json


class ProtectionInput(JobInput):
    """With what every plan of this package begins."""

    item: str
    """Id of the document of the protected item: its ARM id in lower case."""
    vault: str
    """ARM id of the vault. "Delete backup data" reads there for how many days deleted items are kept."""


class ItemChanges(TypedDict, total=False):
    """What a request that stops, suspends or undeletes may change besides."""

    exclusion: Json | None
    """As in ConfigureInput."""
    policy: str
    """ARM id of another policy under which an item is suspended."""
    policy_type: str
    """Its type, V1 or V2."""


class StoppingInput(ProtectionInput, ItemChanges):
    """With what the plans DisableBackup, SuspendBackup, DeleteBackupData and Undelete begin."""


class StoppingState(StoppingInput, OpenedJob):
    """What their steps read."""


class ConfigureInput(ProtectionInput):
    """With what the plan ConfigureBackup begins."""

    policy: str
    """ARM id of the policy that the item comes under."""
    policy_type: str
    """V1 (standard) or V2 (enhanced), as the policy was when the job was opened."""
    exclusion: Json | None
    """diskExclusionProperties as ARM has them. Empty: all disks are included from now on; None: as it was before."""
    location: NotRequired[str]
    """Azure region of the machine. Only a request has it, since only that can make an item."""
    item_number: NotRequired[str]
    """What a new item bears as protectedItemDataId. Only a request has it, as with `location`."""


class ConfigureState(ConfigureInput, OpenedJob):
    """What "Configure protection" reads."""
