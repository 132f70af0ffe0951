"""Choices of ours about what the service does by itself: scheduled backups, the tiers they go to, and clean-ups."""

from __future__ import annotations

from controlplane.domain.recovery_services.retention import CLEAN_UP_AFTER
from docs.generator.choices import Choice

_HOURS = f"{CLEAN_UP_AFTER.total_seconds() / 3600:.0f} hour"

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
)
