"""Transfer data to vault: each disk's snapshot compared with the newest copy there, and what of it moved."""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import replace

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.jobs import SNAPSHOTS_LOST, TRANSFER_LOST
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event
from controlplane.domain.recovery_services import protected_item, recovery_point
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.backup.states import BackupInput, BackupState
from controlplane.jobs.documents import damage, points
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome
from controlplane.jobs.retention import findings, left_in_vault
from controlplane.ports import Disk, Ports, Store
from controlplane.vault_format.damage import KnownDamage, VaultCorrupt
from controlplane.vault_format.vault_store import VaultPoint, VaultStore

TOLD_EVERY_SECONDS = 0.5
MIB = 1024**2
TOLD_BY_TRANSFER = ("vault", "content", "allocated_bytes", "changed_bytes", "transferred_bytes")
"""Fields of a disk of a recovery point that its transfer fills in."""


def transfer_to_vault(ports: Ports, state: BackupState) -> Outcome:
    vaulted_point, moved = vaulted(ports, state)

    def commit(store: Store) -> None:
        put_vaulted(store, state, vaulted_point)
        records.set_properties(store, state, ports.clock.now(), **{"Backup Size": f"{-(-moved // MIB)} MB"})

    told = [records.event(state, _disk_vaulted(disk)) for disk in vaulted_point.disks]
    return Outcome(state, commit, (*told, tiers_event(state, vaulted_point)))


def _disk_vaulted(disk: PointDisk) -> events.DiskVaulted:
    return events.DiskVaulted(disk.name, disk.changed_bytes or 0, disk.transferred_bytes or 0)


def vaulted(ports: Ports, state: BackupState) -> tuple[RecoveryPoint, int]:
    """The point with its copy in the vault, and the bytes that moved: only what changed since the newest point there.
    What has been written is then looked for."""
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    known_damage = KnownDamage(damage.spans_of_packs(ports.store))
    all_points = points.of_item(ports.store, state["item"])
    point = next((each for each in all_points if each.id == state["point"]), None)
    if point is None:
        raise point_lost(state)
    disks = []
    packs_before, packs_after = vault.packs(), vault.packs()
    for disk in point.disks:
        before = points.latest_vaulted([each for each in all_points if each.id != point.id], disk.lun)
        problems: list[VaultCorrupt] = []
        copy = vault.back_up(
            points.snapshot_of(disk),
            disk.size_bytes,
            _vault_name(state, disk.lun),
            VaultPoint.from_json(before[1].vault) if before and before[1].vault else None,
            _teller(ports, state, disk.name),
            damage=known_damage,
            tell=problems.append,
            packs=packs_before,
        )
        disks.append(_vaulted(disk, copy))
        if before and problems:
            findings.tell(ports, before[0].document, before[1], "HardenedRP", problems, findings.of_job(state))
    lost = [sentence for disk in disks for sentence in vault.check(VaultPoint.from_json(disk.vault or {}), packs_after)]
    if lost:
        raise TRANSFER_LOST.error(problems="; ".join(lost[:3]))
    return recovery_point.changed(point, "vaulted", disks), sum(disk.transferred_bytes or 0 for disk in disks)


def put_vaulted(store: Store, state: BackupState, vaulted_point: RecoveryPoint) -> None:
    """Write what the transfer has found out to the point as it is now: a policy or a restore may have changed it
    meanwhile."""
    now = points.find(store, vaulted_point.document)
    if now is None:
        raise point_lost(state)
    found = {disk.lun: disk for disk in vaulted_point.disks}
    disks = [_with_copy(disk, found[disk.lun]) for disk in now.disks]
    points.put(store, recovery_point.changed(now, "vaulted", disks))


def point_lost(state: BackupState) -> ServiceError:
    """The start after a kill found nothing of the point of a backup that goes on, and has named it."""
    return SNAPSHOTS_LOST.error(disks=", ".join(disk.name for disk in disks_of(state)))


def _with_copy(disk: PointDisk, vaulted_disk: PointDisk) -> PointDisk:
    """The disk with what a transfer tells of it."""
    return replace(disk, **{name: getattr(vaulted_disk, name) for name in TOLD_BY_TRANSFER})


def _vaulted(disk: PointDisk, copy: VaultPoint) -> PointDisk:
    return replace(
        disk,
        vault=copy.to_json(),
        content=copy.content,
        allocated_bytes=copy.allocated_bytes,
        changed_bytes=copy.changed_bytes,
        transferred_bytes=copy.transferred_bytes,
    )


def delete_vault_copy(ports: Ports, state: BackupState) -> Outcome:
    names = {_vault_name(state, disk.lun): disk.lun for disk in disks_of(state)}
    return left_in_vault.taken_back(ports, state, state["item"], names)


def names(state: BackupInput, job: str) -> list[str]:
    """Under which names a backup may write to the vault, the digests of its point included."""
    luns = [int(disk["lun"]) for disk in state["disks"]]
    return [_vault_name(state, lun) for lun in luns] + [digests_name(state["point"], job, lun) for lun in luns]


def digests_name(point: str, job: str, lun: int) -> str:
    """Under which name a job keeps the digests of a disk of the recovery point of this id."""
    return f"digests/{point}/{job}/{lun}"


def _vault_name(state: BackupInput, lun: int) -> str:
    return f"{state['item_number']}/{state['point']}/{'os' if lun == protected_item.OS_DISK_LUN else f'lun{lun}'}"


def _teller(ports: Ports, state: BackupState, disk: str) -> Callable[[int, int], None]:
    """Tells how far a disk is, now and then: of real time, since that is what a transfer takes."""
    last = time.monotonic()

    def tell(done_bytes: int, total_bytes: int) -> None:
        nonlocal last
        if time.monotonic() - last < TOLD_EVERY_SECONDS:
            return
        last = time.monotonic()
        ports.store.record(records.event(state, events.TransferProgress(disk, done_bytes, total_bytes)))

    return tell


def disks_of(state: BackupState) -> list[Disk]:
    return [Disk.from_json(disk) for disk in state["disks"]]


def tiers_event(state: BackupState, point: RecoveryPoint) -> Event:
    return records.event(state, events.RecoveryPointState(point.id, point.tiers, point.consistency))
