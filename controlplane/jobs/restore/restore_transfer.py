"""Steps of every restore that move bytes: each disk rebuilt where it is to lie, from its snapshot or from the vault.

The state says where: `disks` holds for each disk its LUN and the address of its blob, drawn when the restore began, so
that whoever does a step again writes to the same place.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.restore import (
    INSUFFICIENT_SPACE_FOR_RESTORE,
    NETWORK_ACLS_NOT_SUPPORTED,
    RECOVERY_POINT_DAMAGED,
    REHYDRATION_ALREADY_IN_PROGRESS,
    RESTORE_DESTINATION_BLOB_NOT_FOUND,
    SNAPSHOT_NOT_FOUND,
    STILL_ARCHIVED,
)
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Progress
from controlplane.domain.recovery_services.provider_answers import LIST_KEYS
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.jobs.backup import digests
from controlplane.jobs.documents import points, providers
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome, Step
from controlplane.jobs.restore.point_source import open_disk
from controlplane.jobs.restore.states import MadeDisk, RestoreState
from controlplane.jobs.retention import findings
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobNotFound, BlobRefused, PortError, Ports, StorageFull, Store
from controlplane.vault_format.sources import copy
from controlplane.vault_format.tiered_source import Damage, NowhereWhole

SHOWN_EVERY_SECONDS = 0.5
GIB = 1024**3
DESTINATION_FAILURES: Mapping[type[PortError], ErrorKind] = {
    BlobNotFound: RESTORE_DESTINATION_BLOB_NOT_FOUND,
    BlobRefused: NETWORK_ACLS_NOT_SUPPORTED,
    StorageFull: INSUFFICIENT_SPACE_FOR_RESTORE,
}
"""What the service calls it that a disk cannot be written; what cannot be read of its copies is a damage instead."""
OFFLINE: Mapping[str, ErrorKind] = {
    "BlobBeingRehydrated": REHYDRATION_ALREADY_IN_PROGRESS,
    "BlobArchived": STILL_ARCHIVED,
}
"""Code with which the storage refuses to read a blob of its archive tier -> what the service calls it."""


def snapshot_gone() -> ServiceError:
    return SNAPSHOT_NOT_FOUND.error()


# --------------------------------------------------------------------------------------------------------------- steps


def provide_digests(ports: Ports, state: RestoreState) -> Outcome:
    """A point whose transfer did not come about may have none yet, and the vault may have lost those that it had."""
    return digests.kept(ports, state, point_of(ports.store, state), point_disks(ports.store, state))


def forget_digests(ports: Ports, state: RestoreState) -> Outcome:
    """Those that the point names stay with it."""
    point = points.find(ports.store, state["point"])
    named = [disk.digests for disk in point.disks] if point else []
    luns = [disk["lun"] for disk in state["disks"]]
    return digests.forgotten(ports, state, state["point"], luns, named)


def rebuild_from_snapshots(ports: Ports, state: RestoreState) -> Outcome:
    return _rebuild(ports, state, FROM_SNAPSHOTS.name, "InstantRP")


def rebuild_from_vault(ports: Ports, state: RestoreState) -> Outcome:
    return _rebuild(ports, state, FROM_VAULT.name, "HardenedRP")


def _rebuild(ports: Ports, state: RestoreState, task: str, tier: str) -> Outcome:
    """From this tier; what is damaged there comes from the other one. The storage account of the request is opened with
    its keys, as every caller does."""
    providers.require(ports, LIST_KEYS, state["account_id"])
    point, disks = point_of(ports.store, state), point_disks(ports.store, state)
    gauge = _Gauge(ports, state, task, sum(disk.size_bytes for disk in disks))
    damaged = []
    for disk in disks:
        damaged += _rebuild_disk(ports, state, point, disk, tier, gauge.of(disk))
        gauge.finished(disk)
    restored = [{"lun": disk.lun, "name": disk.name, **_address(target(state, disk))} for disk in disks]

    details, progress = gauge.reading()

    def commit(store: Store) -> None:
        records.change(
            store,
            state["job_document"],
            ports.clock.now(),
            lambda job: jobs.with_progress(job, task, details, progress),
            restored=restored,
        )
        if damaged:
            records.set_properties(store, state, ports.clock.now(), **{"Damaged Copies": ", ".join(damaged)})

    told = records.event(state, events.RestoreProgress(details, progress.percent))
    return Outcome(state, commit, (told,))


def _rebuild_disk(
    ports: Ports,
    state: RestoreState,
    point: RecoveryPoint,
    disk: PointDisk,
    tier: str,
    progress: Callable[[int, int], None],
) -> list[str]:
    """Where the disk was found damaged, although it could be restored whole."""
    if not disk.vault and ports.blobs.properties(points.snapshot_of(disk)) is None:
        raise snapshot_gone()
    damages: Sequence[Damage] = ()
    try:
        source = open_disk(ports, point, disk, digests.opened(ports, disk), tier)
        damages = source.damages
        copy(source, ports.blobs, target(state, disk), progress)
    except NowhereWhole as nowhere:
        damages = [*damages, *nowhere.damages]
        where = "" if nowhere.byte is None else f" at byte {nowhere.byte}"
        raise RECOVERY_POINT_DAMAGED.error(activity="Restore", disk=disk.name, where=where, problems=nowhere) from None
    except tuple(DESTINATION_FAILURES) as problem:
        offline = next((kind for code, kind in OFFLINE.items() if code in str(problem)), None)
        raise (offline or DESTINATION_FAILURES[type(problem)]).error(problem=problem) from None
    finally:
        findings.tell_by_tier(ports, point.document, disk, damages, findings.of_job(state))
    return [f"{disk.name} ({each})" for each in dict.fromkeys(damage.tier for damage in damages)]


def delete_disks(ports: Ports, state: RestoreState) -> Outcome:
    for disk in state["disks"]:
        ports.blobs.delete(blob_of(disk))
    return Outcome(state)


PROVIDE_DIGESTS = Step("Provide the digests", do=provide_digests, undo=forget_digests, listed=False)
FROM_SNAPSHOTS = Step("Create the restored disks", do=rebuild_from_snapshots, undo=delete_disks)
FROM_VAULT = Step("Transfer data from vault", do=rebuild_from_vault, undo=delete_disks)


# --------------------------------------------------------------------------------------------- what the state speaks of


def point_of(store: Store, state: RestoreState) -> RecoveryPoint:
    point = points.find(store, state["point"])
    if point is None:
        raise errors.recovery_point_not_found(state["point"].rpartition("/")[2])
    return point


def point_disks(store: Store, state: RestoreState) -> list[PointDisk]:
    """The disks of the recovery point that are restored."""
    luns = {disk["lun"] for disk in state["disks"]}
    return [disk for disk in point_of(store, state).disks if disk.lun in luns]


def restored_disks(ports: Ports, state: RestoreState) -> list[RestoredDisk]:
    """The disks as they are now: managed ones under their new names, blobs under those of the machine's disks."""
    disks = []
    for disk in point_disks(ports.store, state):
        made = _made(state, disk)
        uri = ports.blobs.url(blob_of(made))
        disks.append(RestoredDisk(made["name"], disk.lun, disk.size_bytes, uri, made["id"], disk.storage))
    return disks


def target(state: RestoreState, disk: PointDisk) -> Blob:
    return blob_of(_made(state, disk))


def blob_of(made: MadeDisk) -> Blob:
    return Blob(made["account"], made["container"], made["blob"])


def _made(state: RestoreState, disk: PointDisk) -> MadeDisk:
    return next(each for each in state["disks"] if each["lun"] == disk.lun)


def _address(blob: Blob) -> Json:
    return {"account": blob.account, "container": blob.container, "blob": blob.name}


# ------------------------------------------------------------------------------------------------------------ progress


class _Gauge:
    """The progress of the disks, in bytes of their full sizes, holes included."""

    def __init__(self, ports: Ports, state: RestoreState, task: str, total_bytes: int) -> None:
        self._ports = ports
        self._state = state
        self._task = task
        self._total_bytes = total_bytes
        self._finished_bytes = 0.0
        self._current_bytes = 0.0
        self._began = self._last = time.monotonic()

    def of(self, disk: PointDisk) -> Callable[[int, int], None]:
        def tell(done_bytes: int, total_bytes: int) -> None:
            self._current_bytes = disk.size_bytes * done_bytes / max(1, total_bytes)
            # Of real time: that is what a transfer takes.
            if time.monotonic() - self._last >= SHOWN_EVERY_SECONDS:
                self._last = time.monotonic()
                records.show_progress(self._ports, self._state, self._task, *self.reading())

        return tell

    def finished(self, disk: PointDisk) -> None:
        self._finished_bytes += disk.size_bytes
        self._current_bytes = 0.0

    def reading(self) -> tuple[str, Progress]:
        done = self._finished_bytes + self._current_bytes
        share = done / self._total_bytes if self._total_bytes else 1.0
        passed = time.monotonic() - self._began  # a transfer takes real time, also while the world's stands
        remaining = passed * (1 - share) / share if share else 0.0
        details = f"{_gigabytes(done)} GBs / {_gigabytes(self._total_bytes)} GBs Transferred"
        return details, Progress(round(100 * share, 1), remaining)


def _gigabytes(size_bytes: float) -> str:
    return f"{size_bytes / GIB:.2f}".rstrip("0").rstrip(".")
