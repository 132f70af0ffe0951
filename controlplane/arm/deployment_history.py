"""The history of a resource group's deployments: it holds 800, and the oldest leave it by themselves.

As documented, each deployment and each validation looks after it: beyond 700 the oldest are deleted until there are
600, but none that is active, and none that a lock keeps.
"""

from __future__ import annotations

from controlplane.arm.call import Call
from controlplane.domain.deployment import ENDED, KIND
from controlplane.domain.lock import KIND as LOCK
from controlplane.domain.lock import Lock
from controlplane.jobs.deployment import state_of
from controlplane.ports import Document

MOST = 800
TOO_MANY = 700
ENOUGH = 600


def has_room(call: Call) -> bool:
    """For one of another name."""
    return len(call.ports.store.find(KIND, call.group_id)) < MOST


def tidy(call: Call) -> None:
    """Delete the oldest, if there are too many. Belongs into a transaction."""
    found = call.ports.store.find(KIND, call.group_id)
    if len(found) <= TOO_MANY:
        return
    locks = [Lock(**lock.private) for lock in call.ports.store.find(LOCK)]
    free = [each for each in found if state_of(each) in ENDED and not any(_keeps(lock, each) for lock in locks)]
    free.sort(key=lambda each: (each.private["started"], each.id))
    for each in free[: len(found) - ENOUGH]:
        call.ports.store.delete(KIND, each.id)


def _keeps(lock: Lock, deployment: Document) -> bool:
    return lock.forbids("DELETE", deployment.id)
