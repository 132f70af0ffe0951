"""After an end that was not orderly: what the storage no longer has of recovery points and of restores, by name.

A storage that was killed may have forgotten what it had acknowledged. A disk of a recovery point that it hit is marked,
tier by tier, and a tier that lost all its disks is taken from the point, before anything else happens: the next backup
must not build on it. What a restore made belongs to whoever asked for it, so of the latest ones it is only told.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import timedelta
from functools import partial
from threading import Semaphore

from controlplane.domain.events import service as events
from controlplane.domain.events.event import Party
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import recovery_point
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.spans import without
from controlplane.jobs.documents import points
from controlplane.jobs.forgotten_deletions import repeat
from controlplane.jobs.retention import expiry
from controlplane.json_object import Json
from controlplane.ports import Blob, BlobMade, Deletion, Document, Ports
from controlplane.vault_format.sources import in_order, spans_of
from controlplane.vault_format.vault_source import VaultSource
from controlplane.vault_format.vault_store import VaultCorrupt, VaultPoint, VaultStore

RECENT = timedelta(seconds=60)
"""Restores that ended so long before the last event, in world time, are looked at. A killed storage forgets some
seconds; what is older may be gone because its owner wanted that."""
LATEST_EVENTS = 100
STORAGE_FORGETS_SECONDS = 60.0
"""What a killed storage may forget, real time: Azurite saves every five seconds, on a slow machine later."""
MOST_EVENTS = 10_000
OF_A_START = frozenset(
    kind.NAME
    for kind in (
        events.WorldRestarted,
        events.WorldExamining,
        events.WorldDeletionsRepeated,
        events.RecoveryPointLost,
        events.RestoreLost,
    )
)
"""What a start records before anything else happens."""
AT_ONCE = 8
"""How many recovery points are looked at at a time."""
TELLINGS = 10
"""How often it is told how far that has come."""
LOST = "lost"
"""What a job remembers to have lost, unseen in ARM: it is told once."""


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


@dataclass(frozen=True, slots=True)
class PartLoss(Loss):
    """Some disks of the tier are whole."""

    def __str__(self) -> str:
        name = self.point.rpartition("/")[2]
        return f"recovery point {name} has lost a part of its {self.tier} tier: {'; '.join(self.missing)}"


@dataclass(frozen=True, slots=True)
class RestoreLoss:
    """What a restore had made."""

    job: str
    missing: tuple[str, ...]

    def __str__(self) -> str:
        return f"restore {self.job} has lost what it made: {'; '.join(self.missing)}"


def name_losses(
    ports: Ports,
    *,
    at_work: Collection[str] | None = None,
    forgotten: Sequence[Deletion | BlobMade] = (),
    on_progress: Callable[[int, int], None] | None = None,
) -> Sequence[Loss | RestoreLoss]:
    """Repeat the deletions that the storage has `forgotten`. Then look at the recovery points and the latest restores,
    take from points what is lost, and tell. A point without any tier left is removed.

    `at_work`: ARM ids of the machines with unfinished jobs, if the storage was whole when it was used last; then only
    points of these are looked at, and of machines of which something was recorded in the last seconds. `on_progress` is
    told how many points were looked at, of how many.
    """
    restarted = ports.store.record(events.WorldRestarted().event())
    repeat(ports, forgotten, restarted)
    recent = None if at_work is None else _recently_touched(ports, restarted)
    touched = None if recent is None else recent | {vm.lower() for vm in at_work or ()}
    restores = list(_lost_restores(ports, restarted))
    each_point = [recovery_point.from_json(each.private["point"]) for each in ports.store.find(recovery_point.KIND)]
    if touched is not None:
        each_point = [point for point in each_point if (points.machine_of(ports.store, point) or "").lower() in touched]
    all_losses: list[Loss] = []
    total = len(each_point)
    budget = Semaphore(AT_ONCE)
    for done, (point, lost) in enumerate(in_order(partial(_lost, ports), each_point, AT_ONCE, budget), 1):
        if any(lost.values()):
            all_losses += _take_from(ports, point, lost, restarted)
        if done * TELLINGS // total > (done - 1) * TELLINGS // total:
            ports.store.record(events.WorldExamining(done, total).event(parent=restarted))
            if on_progress is not None:
                on_progress(done, total)
    return [*all_losses, *restores]


def _lost(ports: Ports, point: RecoveryPoint) -> tuple[RecoveryPoint, Mapping[str, Mapping[int, Sequence[str]]]]:
    return point, {"InstantRP": _lost_snapshots(ports, point), "HardenedRP": _lost_copies(ports, point)}


def _recently_touched(ports: Ports, restarted: int) -> Set[str] | None:
    """The machines of which something was recorded in the last seconds before the event `restarted`, ARM ids in lower
    case; None where that was too much to tell. Real seconds count, whatever the world's clock did. Starts that were
    themselves ended in their look have done nothing."""
    before = ports.store.events(max(0, restarted - 1 - MOST_EVENTS), limit=MOST_EVENTS)
    latest = [event for event in before if event.id < restarted and event.name not in OF_A_START]
    if not latest:
        return set()
    last = latest[-1].monotonic_seconds
    recent = [each for each in latest if last - STORAGE_FORGETS_SECONDS <= each.monotonic_seconds <= last]
    if len(recent) == MOST_EVENTS:
        return None
    return {event.vm.lower() for event in recent if event.vm}


# ------------------------------------------------------------------------------------------------------ recovery points


def _lost_snapshots(ports: Ports, point: RecoveryPoint) -> Mapping[int, Sequence[str]]:
    """By LUN, what is missing of the snapshots."""
    if not point.has_snapshots:
        return {}
    gone = [disk for disk in point.disks if ports.blobs.properties(points.snapshot_of(disk)) is None]
    return {disk.lun: [f"no snapshot of {disk.name}"] for disk in gone}


def _lost_copies(ports: Ports, point: RecoveryPoint) -> Mapping[int, Sequence[str]]:
    if not (point.has_vault_copy or point.in_archive):
        return {}
    vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
    copies = {disk.lun: VaultPoint.from_json(disk.vault) for disk in point.disks if disk.vault}
    problems = {lun: vault.check(copy) for lun, copy in copies.items()}
    return {lun: sentences for lun, sentences in problems.items() if sentences}


def _take_from(
    ports: Ports, point: RecoveryPoint, lost: Mapping[str, Mapping[int, Sequence[str]]], cause: int
) -> list[Loss]:
    """What is new of the losses. `cause`: the event that they follow from; the job that made the point has no part."""
    losses: list[Loss] = []
    left = point
    for copy, by_lun in lost.items():
        fresh = {lun: by_lun[lun] for lun in by_lun if not _is_marked(point, lun, copy)}
        tier = "ArchivedRP" if copy == "HardenedRP" and point.in_archive else copy
        missing = tuple(dict.fromkeys(sentence for sentences in fresh.values() for sentence in sentences))
        if by_lun and len(by_lun) == len(point.disks):
            losses.append(Loss(point.document, tier, missing or ("no disk of it is left",)))
            left = _without_tier(left, copy)
        elif fresh:
            losses.append(PartLoss(point.document, tier, missing))
            for lun in fresh:
                left = recovery_point.with_damage(left, lun, copy)
    if losses:
        _write(ports, point, left, losses, cause)
    return losses


def _is_marked(point: RecoveryPoint, lun: int, copy: str) -> bool:
    return any(disk.lun == lun and copy in disk.damaged for disk in point.disks)


def _without_tier(point: RecoveryPoint, copy: str) -> RecoveryPoint:
    if copy == "InstantRP":
        return recovery_point.changed(point, "snapshot_expired")
    return recovery_point.changed(point, "vault_expired", [replace(disk, vault=None) for disk in point.disks])


def _write(ports: Ports, point: RecoveryPoint, left: RecoveryPoint, losses: Sequence[Loss], cause: int) -> None:
    with ports.store.transaction():
        if left.tiers != point.tiers:
            expiry.note_remains(ports.store, point, left)
        if recovery_point.TIERS[left.tiers]:
            keep = points.put if left.has_snapshots else points.lose_snapshots
            keep(ports.store, left)
        else:
            points.remove(ports.store, point.item, point.id)
        for loss in losses:
            told = events.RecoveryPointLost(loss.point, loss.tier, list(loss.missing))
            ports.store.record(told.event(vm=points.machine_of(ports.store, point), parent=cause))


# ------------------------------------------------------------------------------------------------------------- restores


def _lost_restores(ports: Ports, restarted: int) -> Iterator[RestoreLoss]:
    latest = [
        event.time
        for event in ports.store.events(max(0, restarted - LATEST_EVENTS), limit=LATEST_EVENTS)
        if event.id is not None and event.id < restarted and event.time and event.party != Party.WORLD
    ]
    if not latest:
        return
    for document in ports.store.find(jobs.KIND):
        restored: Sequence[Json] = document.private.get("restored", ())
        job = jobs.from_json(document.private["job"]) if restored else None
        if job is None or job.ended is None or job.ended_badly or job.ended < max(latest) - RECENT:
            continue
        if LOST not in document.private and (missing := tuple(_missing(ports, document, job, restored))):
            with ports.store.transaction():
                private = document.private | {LOST: list(missing)}
                ports.store.put(jobs.KIND, document.id, document.json(), private=private)
                ports.store.record(events.RestoreLost(job.id, list(missing)).event(parent=restarted))
            yield RestoreLoss(job.id, missing)


def _missing(ports: Ports, document: Document, job: Job, restored: Sequence[Json]) -> Iterator[str]:
    point = points.find(ports.store, str(document.private.get("point")))
    for disk in restored:
        blob = Blob(disk["account"], disk["container"], disk["blob"])
        if ports.blobs.properties(blob) is None:
            yield f"no disk {disk['name']}"
        elif point is not None and _has_holes(ports, point, disk["lun"], blob):
            yield f"parts of the disk {disk['name']}"
    descriptions = [str(text) for key, text in job.properties.items() if key.endswith("Uri")]
    for uri in descriptions:
        if ports.blobs.properties(ports.blobs.parse(uri)) is None:
            yield f"no blob {uri.rpartition('/')[2]}"


def _has_holes(ports: Ports, point: RecoveryPoint, lun: int, blob: Blob) -> bool:
    """Whether the storage holds nothing where the disk of the point had something, by the digests in the vault."""
    disk = next((each for each in point.disks if each.lun == lun), None)
    name = disk.digests or (disk.vault or {}).get("name") if disk else None
    if not name:
        return False
    try:
        source = VaultSource(ports.vault_blobs, ports.settings.vault_account, name)
        expected = spans_of(source.extents())
    except VaultCorrupt:
        return False
    return bool(without(expected, spans_of(ports.blobs.ranges(blob))))
