"""The history of a resource group's deployments: it holds 800, and the oldest leave it by themselves.

As documented, each deployment and each validation looks after it: beyond 700 the oldest are deleted until there are
600, but none that is active, and none that a lock keeps.
"""

from __future__ import annotations

from controlplane.arm.edge.call import Call
from controlplane.domain.resources.deployment import ENDED, KIND
from controlplane.domain.resources.lock import KIND as LOCK
from controlplane.domain.resources.lock import Lock
from controlplane.jobs.deployment import state_of
from controlplane.ports import Document

MOST = 800
TOO_MANY = 700
ENOUGH = 600


def make_room(call: Call, coming: int = 0) -> bool:
    """Whether there is room for those that come; and delete the oldest if there are too many then. What is deleted
    where there was no room makes some for the next. Belongs into a transaction."""
    deployments = call.ports.store.find(KIND, call.group_id)
    has_room = len(deployments) + coming <= MOST
    count = len(deployments) + (coming if has_room else 0)
    if count > TOO_MANY:
        locks = [Lock(**lock.private) for lock in call.ports.store.find(LOCK)]
        free = [each for each in deployments if each.id != call.id.lower() and _may_go(each, locks)]
        free.sort(key=lambda each: (each.private["started"], each.id))
        for each in free[: count - ENOUGH]:
            call.ports.store.delete(KIND, each.id)
    return has_room


def _may_go(deployment: Document, locks: list[Lock]) -> bool:
    return state_of(deployment) in ENDED and not any(lock.forbids("DELETE", deployment.id) for lock in locks)
