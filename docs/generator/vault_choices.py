"""Choices of ours about vaults: policies, protected items, recovery points, backups and restores."""

from __future__ import annotations

from controlplane.domain.compute.restore_point_collection import FIRST_GROUP
from controlplane.domain.recovery_services.recovery_point import ARCHIVE_AFTER, ARCHIVED_FOR
from controlplane.domain.recovery_services.resource_guard import UNLOCKED_FOR
from controlplane.domain.recovery_services.vault import DEFAULT_REDUNDANCY
from controlplane.jobs.restore.rehydration import DAYS
from controlplane.jobs.restore.restore import JOB_TYPES
from controlplane.jobs.restore.restore_machine import CREATE
from controlplane.jobs.restore.restore_original import BACK_UP, REPLACE
from controlplane.jobs.restore.restore_transfer import FROM_SNAPSHOTS
from controlplane.ports import Limits, ServiceSettings
from docs.generator.choices import NOT_PUBLIC, Choice
from simulator.host.wireserver import FREEZE_PATIENCE_SECONDS, FREEZES

VAULTS = (
    Choice(
        "Redundancy of a vault whose request names none",
        f"`{DEFAULT_REDUNDANCY}`",
        "an answer recorded in September 2026 shows it; older threads and quickstarts say geo-redundant",
        "controlplane/domain/recovery_services/vault.py",
    ),
    Choice(
        "The switch of Cross Region Restore",
        "kept and shown, without effect: there is no second region, and the operations on it are refused by name; it "
        "can be set in a geo-redundant vault, and then stays",
        "documented; the code of the refusal in other vaults is not public",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "The code of a move to the archive that is refused",
        "the documented ones: snapshots count as active dependencies, and a point that is not in the vault yet as too "
        "short a time there",
        "documented as a list of codes and causes",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "A PUT of an existing vault",
        "settings and identity that it omits stay, tags that it omits are removed; a request without changes keeps "
        "the ETag",
        "which settings a PUT resets is not public",
        "controlplane/arm/recovery_services/vault_change.py",
    ),
    Choice(
        "A PATCH of a vault",
        "200 where it changes only tags, else 202 with an operation that has succeeded",
        "documented: 200 or 202",
        "controlplane/arm/recovery_services/vaults.py",
    ),
    Choice(
        "The customer-managed key of a vault",
        "only the form of its address is checked: no world has a key vault; a new vault may name a user-assigned "
        "identity that it is given later, as azurerm does",
        "the service wraps its own key with it",
        "controlplane/domain/recovery_services/vault_encryption.py",
    ),
    Choice(
        "Immutability",
        "the deletion of an item is accepted, and fails while one of its recovery points is held; no policy of the "
        "vault may keep less, used or not; with TimeBased, a point is held for the given days or until it expires",
        "documented, the failing deletion quoted in a report; what TimeBased forbids besides deletion is not public",
        "controlplane/domain/recovery_services/immutability.py",
    ),
    Choice(
        "Resource guards",
        "must be in this subscription and in the vault's region; everybody who is signed in gets a guard's consent by "
        f"naming its request object; unlockDelete lasts {UNLOCKED_FOR.total_seconds() / 60:.0f} minutes",
        "a guard may be in another tenant; its owner gives consent by a role; for how long is not public",
        "controlplane/domain/recovery_services/resource_guard.py",
    ),
    Choice(
        "Names of four request objects of a resource guard",
        "those of stopping, restoring, immutability and encryption follow the pattern of the others",
        NOT_PUBLIC,
        "controlplane/domain/recovery_services/resource_guard.py",
    ),
    Choice(
        "An empty vault that is deleted",
        "is listed as a deleted vault for an hour of world time",
        "recorded: `purgeAt` is the time of the deletion, and the vault is still listed days later",
        "controlplane/domain/recovery_services/deleted_vault.py",
    ),
    Choice(
        "When the service does what it does by itself",
        "each recovery point, snapshot, session, item and vault ends at its own instant; changed rules apply to the "
        "points of an item at once; what the storage refuses is tried again after 1, 2, 4, 8, 16 and then each 24 "
        "hours of world time",
        "documented is that the service cleans up within 24 hours, not when",
        "controlplane/jobs/ahead.py",
    ),
    Choice(
        "The machines of a deleted vault",
        "may be protected by another vault at once",
        NOT_PUBLIC,
        "controlplane/jobs/documents/items.py",
    ),
    Choice(
        "Names of a vault's usages",
        "counts of items, policies and recovery points, and the bytes moved into the vault",
        NOT_PUBLIC,
        "controlplane/domain/recovery_services/vault_usage.py",
    ),
    Choice(
        "Values of a vault's settings that no vault may have",
        "`InvalidRestApiParameter`, naming the group of settings",
        "quoted in reports for `properties`, `monitoringSettings` and `redundancySettings`; for the others by analogy. "
        "In 2024 incomplete alert settings were refused too, since 2024-02-01; here they are completed",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "Snapshots of a weekly enhanced policy",
        "1 to 30 days, shorter than the weekly retention",
        "documented for enhanced policies; a report of 2024 says that weekly ones want 5 days, as standard ones do",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "How long an hourly policy may keep snapshots",
        "30 days for one or two runs a day, then 26, 22, 19 and 17 days for three to six",
        "documented are 30 days for every 12 hours, 22 for every 6, 17 for every 4, and that the number of snapshots a "
        "day decides (learn.microsoft.com, backup-azure-vms-enhanced-policy); what lies between is ours",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The window of an hourly policy",
        "a multiple of the interval",
        "so refuses azurerm; a sample of PowerShell has a window of 23 hours with an interval of 4",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The 200 policies of a vault",
        "those that came with it count; another one is refused",
        "documented; the code of the refusal is not public",
        "controlplane/domain/recovery_services/policy.py",
    ),
    Choice(
        "The change of a policy that protects something",
        "202 and a ConfigureBackup job for each item that it backs up; suspended items need none",
        "PowerShell shows such jobs; when the service answers 200 at once is not public",
        "controlplane/arm/recovery_services/backup_policies.py",
    ),
    Choice(
        "A machine that cannot have crash-consistent snapshots, under a policy of OnlyCrashConsistent",
        "refused when it is protected, and its backup fails, with a code of ours: unmanaged, shared, ephemeral, "
        "write-accelerated, Ultra and Premium SSD v2 disks, confidential machines, sizes without premium storage",
        "documented (Agentless multi-disk crash-consistent backup); the code is not public",
        "controlplane/domain/recovery_services/supported_machines.py",
    ),
    Choice(
        "When a crash-consistent snapshot takes the place of one that failed, under another enhanced policy",
        "when the extension has reported that it failed, in the same job, on a machine that can have one",
        "retries with crash-consistent snapshots on supported machines; after which failures is not public",
        "controlplane/jobs/backup/crash_snapshots.py",
    ),
    Choice(
        "How a host makes one instant of several disks",
        "holds the writes to all disks for at most 10 s, below the guest, while the storage snapshots them",
        "write-order consistent across disks, documented; by which means is not",
        "simulator/host/held_snapshots.py",
    ),
    Choice(
        "A request to set soft delete to Enabled, with an api-version before 2026",
        "the vault has AlwaysON, as every vault; with later versions the request is refused",
        "accepts it with 2025-08-01 and refuses it in 2026; since which version, and what it then shows, is not public",
        "controlplane/domain/recovery_services/vault_settings.py",
    ),
    Choice(
        "A machine whose protection is stopped or suspended, or whose item is soft-deleted",
        "may be protected in another vault, and is then not resumed in the first; a soft-deleted item may be undeleted "
        "meanwhile, and is stopped then",
        "documented (Soft-deleted items reregistration, Reconfigure backup in an alternate vault): one vault at a time "
        "backs up; that an undeletion waits for the other vault is documented for containers of databases alone",
        "controlplane/jobs/documents/items.py",
    ),
    Choice(
        "A request that stops or suspends protection and says more",
        "a choice of disks is kept and shown; another policy counts for a suspended item, and stopping takes the "
        "policy away whatever the request names; who resumes a stopped item without a choice of disks gets all of them",
        "azurerm sends such requests and reads the disks back; that disks are chosen again is documented; the rest is "
        "not public",
        "controlplane/jobs/protection/lifecycle.py",
    ),
    Choice(
        "Scheduled times in zones with daylight saving",
        "in the standard time of the policy's zone, all year: a run at nine begins at ten while the clocks show summer "
        "time; days of retention count in standard time too",
        "documented: Azure Backup \"doesn't automatically adjust for daylight saving time when you're backing up a "
        'VM" (learn.microsoft.com, backup-support-matrix-iaas); which of the two times stands all year is not public',
        "controlplane/domain/recovery_services/schedule.py",
    ),
    Choice(
        "More than nine backups on demand of a machine within 24 hours",
        "400 `CloudDosAbsoluteLimitReached`; every backup that begins counts, whatever becomes of it. "
        "`up --on-demand-backups` sets another number",
        "limit and code are documented, status and way of counting are not public",
        "controlplane/jobs/backup/backup.py",
    ),
    Choice(
        "Many restores or changed policies within 24 hours",
        "any number, unless `up --limit restores=10 --limit policy-edits=50` or the like counts them, by vault: then "
        "400 `CloudDosAbsoluteLimitReached`. A restore counts when it begins; a policy's PUT when it is accepted, also "
        "one that changes nothing",
        "documented: at most 50 policies added or edited in 24 hours by templates, PowerShell and CLI (FAQ of Azure "
        "Backup); ten restores were seen in a public report; the code is documented for operations in general, status "
        "and way of counting are not public",
        "controlplane/jobs/documents/vault_operations.py",
    ),
    Choice(
        "Snapshots of a disk in a row",
        "any number, unless `up --limit snapshot-interval=60` has the storage refuse with "
        "`SnapshotOperationRateExceeded` what comes within a minute of world time",
        "about one a minute, by support's article on ExtensionFailedSnapshotRateExceededError; premium page blobs have "
        "a longer one",
        "simulator/storage/snapshot_rate.py",
    ),
    Choice(
        "A vault that is full",
        f"{Limits().machines} machines, the {Limits().items} items of the FAQ being of all workloads; `up --limit` "
        "sets other numbers",
        "both numbers are documented; machines that are soft-deleted count too, which is not public",
        "controlplane/jobs/protection/lifecycle.py",
    ),
    Choice(
        "What other providers refuse the service",
        "nothing, unless a fault has them refuse: then the job has the documented code for it, or "
        "`UserErrorCrpReportedUserError` for a 4xx and `BcmCrpInternalError` for a 5xx, with the answer in its message",
        "the codes and their causes are documented; which answer of a provider becomes which code is not public",
        "controlplane/domain/recovery_services/provider_answers.py",
    ),
    Choice(
        "A guest agent of Windows that is older than 2.6.1198.718",
        "its backup fails; an agent of Linux may have any version",
        "the version is documented with how to verify the agent, the code with its cause; the oldest one of Linux is "
        "not public",
        "controlplane/domain/recovery_services/supported_machines.py",
    ),
    Choice(
        "Too many data disks",
        f"more than {ServiceSettings().data_disks_per_machine} managed or "
        f"{ServiceSettings().unmanaged_data_disks_per_machine} unmanaged ones attached, backed up or not: the backup "
        "fails, and pre-validation says so; protection itself is accepted",
        "the numbers and the code are documented; when the service looks is not public",
        "controlplane/domain/recovery_services/supported_machines.py",
    ),
    Choice(
        "A confidential machine under a standard policy",
        "refused with a code of ours, made after the one for Ultra disks and Premium SSD v2",
        "documented that it is not supported; the code is not public",
        "controlplane/domain/recovery_services/supported_machines.py",
    ),
    Choice(
        "`sourceVMStorageType` of a recovery point",
        "`PremiumVMOnPartialPremiumStorage` where a disk of it is on premium storage, else `NormalStorage`",
        "both are recorded, the first of a machine with one disk, a premium one; other values are not public",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "A virtual machine from a recovery point with excluded disks",
        "refused with a code of ours, made after that of Replace existing",
        "documented that only the disks can be restored; the code is not public",
        "controlplane/domain/recovery_services/restore_request.py",
    ),
    Choice(
        "The disks of a job",
        "told where the backup leaves some out, in the job's property bag from its start",
        "documented for a job with excluded disks; a recorded job without them does not tell",
        "controlplane/jobs/backup/backup.py",
    ),
    Choice(
        "A filter of a list of Azure Backup",
        "a value that no SDK knows is refused with `BMSUserErrorInvalidInput`, one about another workload by its name; "
        "only containers of databases and shares are an empty list, since az asks for them to delete a vault; "
        "an unknown key with a code of ours. A query parameter that an operation does not know is passed over, as "
        "Resource Manager does; `useSecondaryRegion` is refused by name",
        "the code is quoted in a report about the list of items; the rest is not public",
        "controlplane/arm/recovery_services/list_filters.py",
    ),
    Choice(
        "Backup status",
        "Protected for an item in every state, so that it names the vault",
        "not public for items that are stopped or soft-deleted",
        "controlplane/arm/recovery_services/backup_status.py",
    ),
    Choice(
        "Validation of a restore",
        "the checks of the restore itself, rolled back before it begins",
        "checks more than the request, for instance permissions",
        "controlplane/jobs/dry_run.py",
    ),
    Choice(
        "Export of jobs",
        "a JSON blob with the jobs as lists show them, readable for an hour; no workbook",
        "a workbook for a spreadsheet",
        "controlplane/arm/recovery_services/job_export.py",
    ),
    Choice(
        "Archive",
        f"for points of a monthly or yearly rule, {ARCHIVE_AFTER.days} days old, kept for {ARCHIVED_FOR.days} more and "
        "without snapshots; each ready one is recommended; the job is called MoveRecoveryPoint",
        "the rules are documented; when a point is recommended is not",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "Rehydration",
        f"at once, for {DAYS.start} to {DAYS.stop - 1} days, together with the restore that requests it",
        "takes up to fifteen hours",
        "controlplane/jobs/restore/rehydration.py",
    ),
    Choice(
        "Recovery of files",
        "a Python script for every system, which reads the disks over HTTPS with a password and copies the files; any "
        "number of sessions for a recovery point",
        "an executable on Windows; the script mounts the disks over iSCSI",
        "controlplane/jobs/restore/recover_files.py",
    ),
    Choice(
        "Source scan",
        "can be switched on and off; nothing scans for threats, so the summary stays Unknown",
        "Defender scans",
        "controlplane/arm/recovery_services/source_scan.py",
    ),
    Choice(
        "Keys of a storage account",
        "key1 and key2 are the same",
        "two different keys; clients expect two, and the storage here has one",
        "controlplane/arm/storage/storage_accounts.py",
    ),
    Choice(
        "A virtual machine without adminPassword",
        "accepted: passwords are never read, so nothing can keep or show them",
        "a new machine needs a password or a key",
        "controlplane/arm/compute/virtual_machine_request.py",
    ),
    Choice(
        "Managed disks",
        "page blobs in the service's own account, backed up through the same handler as disks in user accounts; "
        "the machine shows the extension either way",
        "the service backs managed disks up through restore points of Compute",
        "controlplane/arm/compute/disks.py",
    ),
    Choice(
        "Restore point collections",
        f"one group for each location, number {FIRST_GROUP}; a collection is deleted with its last restore point, the "
        "group stays; a user cannot create collections",
        "a group holds 600 collections, then comes the next number; when a collection is deleted is not public",
        "controlplane/domain/compute/restore_point_collection.py",
    ),
    Choice(
        "A restore point that its owner deletes",
        "its recovery point is only in the vault from that moment on",
        "when the service notices is not public",
        "controlplane/arm/compute/restore_point_collections.py",
    ),
    Choice(
        "A lock on the group of the restore points",
        f"snapshots stay, and so do expired recovery points; from "
        f"{Limits().snapshots} on, and under an enhanced policy from "
        f"{Limits().enhanced_snapshots} on, backups fail with "
        "`UserErrorRpCollectionLimitReached`, "
        "under a read-only lock at once with `UserErrorResourceIsInLockedState`",
        "clean-up and backups fail, as documented; how the first failure shows is not public",
        "controlplane/jobs/documents/restore_points.py",
    ),
    Choice(
        "Restore to the original location",
        "backs the machine up, deallocates it, replaces its disks and brings it back to its power state; for "
        "machines on unmanaged disks too; a machine that does not start again gets its old disks back",
        "documented for managed disks; the order, and what happens to a machine that does not start, are not public",
        "controlplane/jobs/restore/restore_original.py",
    ),
    Choice(
        "Restore to an alternate location",
        "the machine has the size of the recovery point, one network interface and no public address; it is up when "
        "the job ends",
        "what the interface is called, and what else is created, is not public",
        "controlplane/jobs/restore/restore_machine.py",
    ),
    Choice(
        "Texts in a restore job",
        "property `Job Type`: "
        + ", ".join(f"`{word}`" for word in JOB_TYPES.values())
        + "; tasks: "
        + ", ".join(f"`{step.name}`" for step in (FROM_SNAPSHOTS, CREATE, BACK_UP, REPLACE)),
        "recorded are `Recover disks` and `Transfer data from vault`",
        "controlplane/jobs/restore/restore.py",
    ),
    Choice(
        "A failed or cancelled restore",
        "leaves nothing: no disks, no machine, and not the backup that was taken first",
        "the service may leave the disks",
        "controlplane/jobs/engine/plan.py",
    ),
    Choice(
        "How long a snapshot task may stay silent",
        f"{ServiceSettings().snapshot_timeout_seconds // 60} minutes, {ServiceSettings().snapshot_attempts} attempts",
        "the service's numbers are not public; the handler itself gives up later",
        "controlplane/service_settings.py",
    ),
    Choice(
        "A backup of a machine that boots",
        f"the job waits up to {ServiceSettings().machine_timeout_seconds // 60} minutes for the first report of the "
        "agent, then fails with `UserErrorGuestAgentStatusUnavailable`; an agent that reports that it is not ready "
        "fails it at once",
        NOT_PUBLIC,
        "controlplane/jobs/backup/snapshot_task.py",
    ),
    Choice(
        "Second attempt",
        "only after a failure that the freeze may have caused; it may do without one",
        "when the service tries again, and with what, is not public",
        "controlplane/jobs/backup/snapshot_task.py",
    ),
    Choice(
        "How many machines freeze at once",
        f"{FREEZES} in a world; a further freeze waits for {FREEZE_PATIENCE_SECONDS:.0f} seconds and is then refused, "
        "and the job's error says so",
        "machines do not share the processes that freeze them",
        "simulator/host/wireserver.py",
    ),
)
