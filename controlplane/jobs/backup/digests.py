"""The digests of a recovery point that has only snapshots: kept by a step that ARM does not list.

A disk that was transferred has its digests in the manifest of its copy, so nothing is read for it. One that was not is
read once more, and its digests are kept in the vault without the blocks: after a transfer that did not come about, and
when a restore asks for a point that has none yet.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Sequence
from contextlib import suppress
from dataclasses import replace
from functools import partial

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.backup.vault_copy import digests_name
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.engine.job_state import JobState
from controlplane.jobs.engine.plan import Outcome, Step
from controlplane.jobs.retention import findings, left_in_vault
from controlplane.ports import PortError, Ports, Store
from controlplane.vault_format.damage import SnapshotDamaged, VaultCorrupt
from controlplane.vault_format.sources import in_order
from controlplane.vault_format.vault_source import VaultSource
from controlplane.vault_format.vault_store import VaultStore


def readable(ports: Ports, disk: PointDisk) -> VaultSource | None:
    """The digests of a disk, once all of them could be read; None where there are none."""
    for manifest in _manifests(ports, disk):
        with suppress(VaultCorrupt):
            for _ in in_order(manifest.segment, manifest.manifest.segments):
                pass
            return manifest
    return None


def opened(ports: Ports, disk: PointDisk) -> VaultSource | None:
    """The digests of a disk as they lie in the vault; None where nothing of them is there."""
    return next(_manifests(ports, disk), None)


def _manifests(ports: Ports, disk: PointDisk) -> Iterator[VaultSource]:
    """What has digests of a disk: made for them alone, or with its copy."""
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    for name in (disk.digests, (disk.vault or {}).get("name")):
        if name:
            with suppress(VaultCorrupt):
                yield vault.manifest(name)


def kept(ports: Ports, state: JobState, point: RecoveryPoint, disks: Sequence[PointDisk]) -> Outcome:
    """Read those of the disks that lack their digests. A snapshot that differs from what was transferred of it is
    marked as damaged, and gets none."""
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    made: dict[int, tuple[str, str]] = {}
    for disk in disks:
        snapshot = points.snapshot_of(disk)
        if not point.has_snapshots or readable(ports, disk) or ports.blobs.properties(snapshot) is None:
            continue
        name = digests_name(point.id, state["job"], disk.lun)
        content = vault.keep_digests(snapshot, disk.size_bytes, name)
        if disk.content and content != disk.content:
            vault.delete(name, [])
            problem = SnapshotDamaged("the snapshot does not hold what was backed up")
            findings.tell(ports, point.document, disk, "InstantRP", [problem], findings.of_job(state))
            continue
        if disk.digests and disk.digests != name:
            vault.delete(disk.digests, [])
        made[disk.lun] = name, content

    if not made:
        return Outcome(state)

    def commit(store: Store) -> None:
        now = points.find(store, point.document)
        if now is None:
            left = {name: lun for lun, (name, _) in made.items()}
            left_in_vault.note(store, ports, state, point.item, left)
            return
        before, other = {disk.lun: disk.digests for disk in disks}, dict[str, int]()
        for disk in now.disks:
            name, content = made.get(disk.lun, ("", ""))
            if name and disk.digests in {"", name, before[disk.lun]}:
                now = recovery_point.with_disk(now, disk.lun, partial(replace, digests=name, content=content))
            elif name:  # a restore has made them beside a backup, or the other way round
                other[name] = disk.lun
        if other:
            left_in_vault.note(store, ports, state, point.item, other)
        points.put(store, now)

    return Outcome(state, commit)


def forgotten(ports: Ports, state: JobState, point: str, luns: Sequence[int], but: Collection[str] = ()) -> Outcome:
    """Without what this job has made for this recovery point, which may be gone by now."""
    item, _, id = point.rpartition("/recoveryPoints/")
    made = {digests_name(id, state["job"], lun): lun for lun in luns}
    return left_in_vault.taken_back(ports, state, item, {name: made[name] for name in made.keys() - set(but)})


# ------------------------------------------------------------------------------------------------- the step of a backup


def keep_digests(ports: Ports, state: BackupState) -> Outcome:
    """Where the storage refuses them as it refused the transfer, the job has said so already: a restore tries again."""
    point = points.find(ports.store, f"{state['item']}/recoveryPoints/{state['point']}")
    if point is None or point.has_vault_copy:
        return Outcome(state)
    try:
        return kept(ports, state, point, point.disks)
    except PortError as problem:
        skipped = records.event(state, events.DigestsSkipped(point.id, str(problem)))
        forgotten = forget_digests(ports, state)
        return replace(forgotten, events=(skipped, *forgotten.events))


def forget_digests(ports: Ports, state: BackupState) -> Outcome:
    """They go with the point."""
    point = f"{state['item']}/recoveryPoints/{state['point']}"
    return forgotten(ports, state, point, [disk["lun"] for disk in state["disks"]])


KEEP_DIGESTS = Step("Keep the digests", do=keep_digests, undo=forget_digests, required=False, listed=False)
