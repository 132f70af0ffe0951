"""Plan that deletes the snapshots behind restore points whose documents are gone."""

from __future__ import annotations

from controlplane.domain.errors.compute import DISK_BLOB_NOT_DELETED
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.provisioning.disks import Place
from controlplane.jobs.provisioning.resource_log import ResourceLog, ResourceState
from controlplane.jobs.provisioning.retrying import retried
from controlplane.ports import Blob, PortError, Ports


class RestorePointsState(ResourceState):
    """Restore points that are gone, and what is left of them."""

    snapshots: list[Place]


def _delete(ports: Ports, state: RestorePointsState) -> Waiting[Outcome]:
    """What cannot be deleted belongs to no recovery point any more: the item's next backup tries again."""

    def delete() -> None:
        for place in state["snapshots"]:
            ports.blobs.delete(Blob(**place))

    try:
        yield from retried(ports.settings, "delete snapshots", delete)
    except PortError as problem:
        raise DISK_BLOB_NOT_DELETED.error(reason=problem) from problem
    return Outcome(state)


DELETE = Plan("DeleteRestorePoints", (Step("Delete the snapshots", do=_delete, listed=False),), job_log=ResourceLog())
