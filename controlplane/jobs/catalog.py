"""Every plan by its name: what an engine can run."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.jobs.archive import MOVE
from controlplane.jobs.backup import BACKUP
from controlplane.jobs.lifecycle import CONFIGURE
from controlplane.jobs.plan import Plan
from controlplane.jobs.restore import FROM_SNAPSHOTS, FROM_VAULT
from controlplane.jobs.stopping import DELETE, STOP, SUSPEND, UNDELETE

PLANS: Mapping[str, Plan] = {
    plan.name: plan for plan in (CONFIGURE, STOP, SUSPEND, DELETE, UNDELETE, BACKUP, MOVE, FROM_SNAPSHOTS, FROM_VAULT)
}
