"""What a policy, once it has changed, means for the recovery points of an item.

Those that it keeps for longer are kept so at once, and those that it took away before come back. What it keeps no
longer is found by the next clean-up (`jobs.retention.expiry`), which is noted with the item.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime

from controlplane.domain.events import service as events
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import protected_item, retention
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from controlplane.ports import Store


def clean_up_noted(private: Json, now: datetime) -> Json:
    """What the service remembers of an item whose points a policy that changes now may keep for less long."""
    return protected_item.with_clean_up(private, now + retention.CLEAN_UP_AFTER)


def begun(store: Store, item: str, private: Json, policy: Json, now: datetime, tell: Callable[[Fact], object]) -> Json:
    """Write the points of an item that a changed policy keeps for longer than before, inside the caller's transaction;
    what the service remembers of the item then. `policy` is its properties, `private` what is remembered now."""
    before = points.of_item(store, item)
    soft_deleted = {point.id for point in before if point.is_soft_deleted}
    for point in retention.lengthened(policy, before, now):
        points.put(store, point)
        if point.id in soft_deleted:
            tell(undeleted(point))
    return clean_up_noted(private, now) if retention.shortened(policy, before, now) else private


def undeleted(point: RecoveryPoint) -> Fact:
    """That a soft-deleted point has come back, to be told."""
    return events.RecoveryPointUndeleted(point.id, point.expires.isoformat())
