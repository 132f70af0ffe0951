"""After an end that was not orderly: which recovery points the storage no longer has, tier by tier, by name.

A storage that was killed may have forgotten what it had acknowledged. A recovery point that it hit is worth nothing,
and the next backup must not build on it, so the tier is taken from the point before anything else happens.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.ports import Ports
from controlplane.vault_format.vault_store import VaultPoint, VaultStore


@dataclass(frozen=True, slots=True)
class Loss:
    """One tier of one recovery point. `missing` says what of it is gone."""

    point: str
    tier: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return (
            f"recovery point {self.point.rpartition('/')[2]} has lost its {self.tier} tier: {'; '.join(self.missing)}"
        )


def name_losses(ports: Ports) -> Sequence[Loss]:
    """Look at every recovery point, take from it what is lost, and tell. A point without any tier left is removed."""
    all_losses: list[Loss] = []
    restarted = ports.store.record(events.WorldRestarted().event())
    for document in ports.store.find(recovery_point.KIND):
        point = recovery_point.from_json(document.private["point"])
        losses = [*_lost_snapshots(ports, point), *_lost_copies(ports, point)]
        if losses:
            _take_from(ports, point, losses, restarted)
            all_losses += losses
    return all_losses


def _lost_snapshots(ports: Ports, point: RecoveryPoint) -> list[Loss]:
    if not point.has_snapshots:
        return []
    missing = [disk.name for disk in point.disks if ports.blobs.properties(points.snapshot_of(disk)) is None]
    return [Loss(point.document, "InstantRP", tuple(f"no snapshot of {name}" for name in missing))] if missing else []


def _lost_copies(ports: Ports, point: RecoveryPoint) -> list[Loss]:
    if not (point.has_vault_copy or point.in_archive):
        return []
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    copies = [VaultPoint.from_json(disk.vault) for disk in point.disks if disk.vault]
    problems = [problem for copy in copies for problem in vault.check(copy)]
    return (
        [Loss(point.document, "ArchivedRP" if point.in_archive else "HardenedRP", tuple(problems))] if problems else []
    )


def _take_from(ports: Ports, point: RecoveryPoint, losses: Sequence[Loss], cause: int) -> None:
    """`cause`: the event that the loss follows from. The job that made the point has no part in it."""
    left = point
    for loss in losses:
        if loss.tier == "InstantRP":
            left = recovery_point.changed(left, "snapshot_expired")
        else:
            without = [replace(disk, vault=None) for disk in left.disks]
            left = recovery_point.changed(left, "vault_expired", without)
    with ports.store.transaction():
        if recovery_point.TIERS[left.tiers]:
            keep = points.put if left.has_snapshots else points.lose_snapshots
            keep(ports.store, left)
        else:
            points.remove(ports.store, point.item, point.id)
        for loss in losses:
            told = events.RecoveryPointLost(loss.point, loss.tier, list(loss.missing))
            ports.store.record(told.event(vm=points.machine_of(ports.store, point), parent=cause))
