"""Every plan by its name: what an engine can run."""

from __future__ import annotations

from collections.abc import Callable, Mapping

from controlplane.jobs.backup.backup import BACKUP, SNAPSHOT
from controlplane.jobs.deployment import deploying
from controlplane.jobs.engine.plan import Plan
from controlplane.jobs.protection.lifecycle import CONFIGURE
from controlplane.jobs.protection.stopping import DELETE, STOP, SUSPEND, UNDELETE
from controlplane.jobs.provisioning import accounts, disks, restore_points
from controlplane.jobs.provisioning.group_deletion import deleting
from controlplane.jobs.requests import Requests
from controlplane.jobs.restore.restore import PLANS as RESTORES
from controlplane.jobs.retention.archive import MOVE

PLANS: Mapping[str, Plan] = {
    plan.name: plan for plan in (CONFIGURE, STOP, SUSPEND, DELETE, UNDELETE, BACKUP, SNAPSHOT, MOVE, *RESTORES.values())
}
"""The jobs of a vault."""


def plans(requests_of: Callable[[], Requests]) -> Mapping[str, Plan]:
    """These, the one that itself uses the operations of the service, and those that make and remove other resources."""
    return {
        **PLANS,
        **{plan.name: plan for plan in (deploying(requests_of), deleting(requests_of))},
        **{plan.name: plan for plan in (*disks.PLANS, *accounts.PLANS, restore_points.DELETE)},
    }
