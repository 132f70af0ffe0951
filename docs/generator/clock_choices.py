"""Choices of ours about what the service does by itself: scheduled backups, the tiers they go to, and clean-ups."""

from __future__ import annotations

from controlplane.domain.recovery_services.retention import CLEAN_UP_AFTER
from controlplane.jobs.backup.retries import AFTER
from controlplane.ports import Limits, ServiceSettings
from docs.generator.choices import Choice

_HOURS = f"{CLEAN_UP_AFTER.total_seconds() / 3600:.0f} hour"
_MINUTES = f"{AFTER.total_seconds() / 60:.0f} minutes"

CLOCK = (
    Choice(
        "Recovery points that a changed policy keeps no longer",
        f"the clean-up {_HOURS} after the change soft-deletes them, for the days that the vault names then; until they "
        "are purged they can be restored, `expiryTime` is the time of the purge, and a policy that keeps them again "
        "brings them back at once. What reaches the end that it was promised is removed at once",
        "documented: within 24 hours, for the vault's days, restorable, and undone by a longer retention (Configure "
        "and manage soft delete, Secure by default); what `expiryTime` shows is not public",
        "controlplane/jobs/retention/expiry.py",
    ),
    Choice(
        "Soft-deleted recovery points in a list",
        "only where the filter says `includeSoftDeletedRP eq 'true'`; by its name each can be read",
        "the key is published, and its description says included or excluded; az does not send it",
        "controlplane/arm/recovery_services/recovery_points.py",
    ),
    Choice(
        "The snapshots of what a changed policy keeps no longer",
        "stay with a recovery point that is soft-deleted, also where it has nothing else; a point that is in the vault "
        "too loses them at once when the policy's days of snapshots become fewer",
        "documented since 2025 that soft delete applies to snapshots for instant restore too (Secure by default), "
        "before that it did not; how it treats a point with both is not public",
        "controlplane/jobs/retention/expiry.py",
    ),
    Choice(
        "The newest recovery point of an item",
        "stays when a changed policy keeps it no longer; it is soft-deleted once there is a newer one",
        "documented that the latest one stays; when it is soft-deleted is not public",
        "controlplane/domain/recovery_services/recovery_point.py",
    ),
    Choice(
        "Soft-deleted recovery points of an item that is stopped or deleted",
        "are purged in their time while its protection is stopped, and not while it is soft-deleted itself",
        "documented for a soft-deleted item: nothing is cleaned up; for a stopped one it is not public",
        "controlplane/jobs/retention/expiry.py",
    ),
    Choice(
        "Several backups a day",
        "the last one of a day goes to the vault and is kept by the rules of the policy; the others stay in the "
        "instant tier and expire with it, their job's task `Transfer data to vault` is Skipped, and `ruleName` is "
        "empty. If none of a day got there, the next backup takes its place and bears the rules of that day, as often "
        "as it takes",
        "documented: the last of a day is transferred, and if it fails the first of the next day; what jobs and "
        "recovery points show is not public",
        "controlplane/domain/recovery_services/retention.py",
    ),
    Choice(
        "How many snapshots of an item are kept under an enhanced policy",
        f"{Limits().enhanced_snapshots}, as many restore points as Compute keeps of a machine; "
        f"{Limits().snapshots} under a standard one",
        "17 days of six snapshots are allowed; the limit itself is not public",
        "controlplane/service_settings.py",
    ),
    Choice(
        "A scheduled backup while another one of the item is going on",
        "while the other one takes its snapshot, a job that fails at once with `UserErrorBackupOperationInProgress`, "
        "and the item stays as it is; while the other one only transfers, a snapshot that stays in the instant tier. A "
        "backup on demand is refused in both phases",
        "documented, the code too; what such jobs show is not public",
        "controlplane/jobs/backup/due.py",
    ),
    Choice(
        "When a scheduled backup starts",
        "at its due time, to the second; with `up --start-spread` up to two hours later, at a time that the seed draws "
        "for each run of each item",
        "documented: within two hours of the scheduled time (FAQ)",
        "controlplane/jobs/backup/starts.py",
    ),
    Choice(
        "Scheduled backups whose time passed while no service ran",
        "the last one of an item is made up for when the service is back, the others are not; a retry that was open is "
        "made unless a due time has passed too",
        "documented that after an outage backups start outside of their window (FAQ); how many is not public",
        "controlplane/jobs/timetable.py",
    ),
    Choice(
        "A scheduled backup that failed",
        f"is tried again {_MINUTES} after it has ended, at most {ServiceSettings.scheduled_backup_retries} times, if "
        "the error was one of the service, whose documented remedy is to retry in a few minutes; never after the next "
        "due time, and not for an error that the owner of the machine has to mend. Each try is a job",
        "documented that scheduled backups may be retried (FAQ); after which errors, how often and when is not public",
        "controlplane/jobs/backup/retries.py",
    ),
    Choice(
        "How long jobs take",
        "no world time, unless a pace gives their steps some; a plausible pace draws it for each step from ranges, the "
        "transfer to the vault from a quarter of an hour to three hours",
        "documented that the snapshot comes first, that its transfer may take hours at peak times, and that a backup "
        "takes less than 24 hours (About Azure VM backup); how they are spread is not public",
        "simulator/plausible_durations.py",
    ),
)
