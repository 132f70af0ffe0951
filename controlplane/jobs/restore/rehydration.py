"""Restores from every tier: what lies in the archive is taken out of it for a while first.

Nothing has to be brought back for that: the packs of the archive lie in a storage that is always at hand. But whoever
restores has to ask for it, as in Azure.
"""

from __future__ import annotations

import re
from datetime import timedelta

from controlplane.domain import errors
from controlplane.domain.errors.restore import ARCHIVED_POINT_NOT_REHYDRATED, RECOVERY_POINT_ALREADY_REHYDRATED
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.restore import restore as restores
from controlplane.json_object import Json
from controlplane.ports import Engine, Ports

WITH_REHYDRATION = "IaasVMRestoreWithRehydrationRequest"
DAYS = range(10, 31)
PRIORITIES = ("Standard", "High")

_PERIOD = re.compile(r"P(\d{1,4})D", re.ASCII)


def restore(ports: Ports, engine: Engine, recovery_point_id: str, request: Json) -> Ticket:
    """Start a restore; a recovery point of the archive can be restored once its rehydration is asked for."""
    point = points.find(ports.store, recovery_point_id)
    if point is None or not point.in_archive:
        return restores.restore(ports, engine, recovery_point_id, request)
    with ports.store.transaction():
        taken_out = _out_of_the_archive(ports, recovery_point_id, request.get("properties") or {})
        return restores.restore(ports, engine, recovery_point_id, {"properties": taken_out})


def _out_of_the_archive(ports: Ports, id: str, properties: Json) -> Json:
    """The request as one for a recovery point in the vault."""
    point = points.find(ports.store, id)
    if point is None:
        raise errors.recovery_point_not_found(id.rpartition("/")[2])
    waiting, asks = point.tiers == "Archive", properties.get("objectType") == WITH_REHYDRATION
    if waiting and not asks:
        raise ARCHIVED_POINT_NOT_REHYDRATED.error()
    if asks and not waiting:
        raise RECOVERY_POINT_ALREADY_REHYDRATED.error()
    if asks:
        _rehydrate(ports, point, _duration(properties.get("recoveryPointRehydrationInfo") or {}))
    return properties | {"objectType": "IaasVMRestoreRequest"}


def _rehydrate(ports: Ports, point: RecoveryPoint, keep: timedelta) -> None:
    changed = recovery_point.rehydrated(point, ports.clock.now() + keep)
    points.put(ports.store, changed)
    told = events.RecoveryPointState(point.id, changed.tiers, point.consistency)
    ports.store.record(told.event(vm=points.machine_of(ports.store, point)))


def _duration(info: Json) -> timedelta:
    if info.get("rehydrationPriority", "Standard") not in PRIORITIES:
        raise errors.invalid_backup_input("rehydrationPriority", f"it must be one of {', '.join(PRIORITIES)}")
    period = _PERIOD.fullmatch(str(info.get("rehydrationRetentionDuration")))
    if period is None or int(period[1]) not in DAYS:
        reason = f"it must be from P{DAYS.start}D to P{DAYS.stop - 1}D"
        raise errors.invalid_backup_input("rehydrationRetentionDuration", reason)
    return timedelta(days=int(period[1]))
