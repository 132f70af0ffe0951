"""How the service behaves where Azure leaves room or names no number."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import dataclass, replace


@dataclass(frozen=True, slots=True)
class OrderedExtension:
    """What the service has a machine install to snapshot it. The resource is named as its type."""

    publisher: str
    type: str
    version: str

    @property
    def auto_upgrade_minor_version(self) -> bool:
        """All four numbers mean exactly this version; fewer, the newest of the same major one from it on."""
        return self.version.count(".") < 3


@dataclass(frozen=True, slots=True)
class Limits:
    """How much a vault may have and do, and how soon a disk is snapshotted again; 0 lifts a limit.

    What stands at 0 is off: Azure counts it, and publishes no number or one that a busy test exceeds."""

    policies: int = 200
    """Policies of a vault."""
    machines: int = 1000
    """Protected machines of a vault."""
    items: int = 2000
    """Protected items of a vault, of all workloads."""
    machines_per_policy: int = 1000
    """Machines that one policy protects."""
    snapshots: int = 18
    """How many recovery points of an item under a standard policy may have their snapshots kept, however young they
    are."""
    enhanced_snapshots: int = 500
    """The same under an enhanced policy: as many restore points as Compute keeps of a machine."""
    restores: int = 0
    """Restores that may begin in a vault within 24 hours of world time. Azure was seen to stop at 10."""
    policy_edits: int = 0
    """Policies that may be created or changed in a vault within 24 hours of world time. Azure stops at 50."""

    snapshot_interval: int = 0
    """Seconds of world time between two snapshots of a disk, below which the storage refuses the second. Azure has
    about 60."""

    @property
    def protected(self) -> int:
        """How many machines a vault protects at most, nothing else being in it."""
        return min((limit for limit in (self.machines, self.items) if limit), default=0)

    def snapshots_of(self, policy_type: str) -> int:
        """How many recovery points of an item under a policy of this type, V1 or V2, may have their snapshots kept."""
        return (self.enhanced_snapshots if policy_type == "V2" else self.snapshots) or sys.maxsize


@dataclass(frozen=True)
class ServiceSettings:
    """How this service behaves where Azure leaves room or names no number."""

    location: str = "westus"
    service_account: str = "backupservice"
    """Storage account of the service: status and log blobs. Not shown in ARM."""
    vault_account: str = "backupvaults"
    """Storage account of what the vaults hold. No guest ever gets an address in it. Not shown in ARM."""
    managed_disks_account: str = "manageddisks"
    claim: str = ""
    """What this world writes into each storage account that it makes, so that no other one over the same storage takes
    the name; empty: no other world can reach the storage."""
    snapshot_timeout_seconds: int = 20 * 60
    """How long a snapshot task may stay silent; the extension itself gives up at 140 minutes."""
    snapshot_attempts: int = 2
    machine_timeout_seconds: int = 20 * 60
    """How long a restore waits for a virtual machine to stop or to start, and a backup for the agent of one that
    boots."""
    report_poll_seconds: float = 0.1
    """Real time between two looks at the status blob of a task, in the beginning."""
    slowest_report_poll_seconds: float = 0.8
    """The same later: the time doubles up to this. Most ends are told of, and looked for at once."""
    report_grace_seconds: float = 5.0
    """Real time for which a report may reach the agent before the status blob."""
    storage_pause_seconds: float = 5.0
    """Real time between two tries of what a storage that does not answer must not leave undone."""
    storage_patience_seconds: float = 300.0
    """Real time for which a storage that does not answer is waited for."""
    limits: Limits = Limits()
    on_demand_backups_per_day: int = 9
    """How many backups on demand a machine may begin within 24 hours of world time; 0: any number."""
    scheduled_backup_retries: int = 3
    """How often a scheduled backup that failed by an error of the service is tried again; 0: never."""
    start_spread_seconds: float = 0.0
    """Within which time after its due time a scheduled backup starts."""
    start_spread_seed: int = 0
    """Draws when it does."""
    data_disks_per_machine: int = 32
    """With how many data disks a machine can be backed up."""
    unmanaged_data_disks_per_machine: int = 16
    """The same where its disks are blobs of its owner's storage accounts."""
    take_snapshot_from: str = "onlyGuest"
    """Who takes the snapshots of machines that run: onlyGuest, onlyHost, firstHostThenGuest or firstGuestThenHost."""
    locale: str = "en-us"
    windows_extension: OrderedExtension = OrderedExtension("Microsoft.Azure.RecoveryServices", "VMSnapshot", "1.9")
    """The extension that snapshots machines with Windows."""
    linux_extension: OrderedExtension = OrderedExtension("Microsoft.Azure.RecoveryServices", "VMSnapshotLinux", "1.0")

    def extension_for(self, os_type: str) -> OrderedExtension:
        """The extension that snapshots a machine."""
        return self.linux_extension if os_type == "Linux" else self.windows_extension

    def data_disks_of(self, managed: bool) -> int:
        """With how many data disks such a machine can be backed up."""
        return self.data_disks_per_machine if managed else self.unmanaged_data_disks_per_machine

    @property
    def own_accounts(self) -> tuple[str, ...]:
        """Storage accounts that belong to no subscription."""
        return (self.service_account, self.vault_account, self.managed_disks_account)

    def with_accounts(self, named: Callable[[str], str]) -> ServiceSettings:
        """The same with its own accounts under the names that `named` gives for these."""
        service, vault, disks = map(named, self.own_accounts)
        return replace(self, service_account=service, vault_account=vault, managed_disks_account=disks)
