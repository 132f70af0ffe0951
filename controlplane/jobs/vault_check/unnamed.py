"""What lies in the storage and belongs to no recovery point: manifests, packs, and the service's own snapshots.

What is being written is no such thing: the storage is listed first, then the jobs that run, then the points. So what a
job has finished in between is named by then.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import protected_item, recovery_point
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.jobs.engine import records
from controlplane.jobs.retention import expiry, left_in_vault, snapshots
from controlplane.jobs.vault_check.report import Unnamed
from controlplane.ports import Blob, Ports
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.manifest import pack_of
from controlplane.vault_format.packs import CONTAINER
from controlplane.vault_format.vault_source import VaultSource, manifest_blob

MANIFESTS, PACKS = "manifests/", "packs/"


@dataclass
class Listing:
    """What the storage has."""

    manifests: set[str] = field(default_factory=set)
    packs: set[str] = field(default_factory=set)
    snapshots: set[Blob] = field(default_factory=set)


def listed(ports: Ports) -> Listing:
    """Names only: of a vault account with a million packs they take some hundred megabytes."""
    listing, account = Listing(), ports.settings.vault_account
    listing.manifests = {
        blob.name.removeprefix(MANIFESTS) for blob in ports.vault_blobs.find(account, CONTAINER, MANIFESTS)
    }
    listing.packs = {blob.name.split("/")[1] for blob in ports.vault_blobs.find(account, CONTAINER, PACKS)}
    for place in _containers(ports):
        listing.snapshots |= {blob for blob in ports.blobs.find(*place, snapshots=True) if blob.snapshot}
    return listing


def find(ports: Ports, listing: Listing) -> Iterator[Unnamed]:
    """What of the listing belongs to nobody, and is still there."""
    running, written = _running(ports)
    all_points = [*_points(ports), *_being_erased(ports)]
    names = {name for point in all_points for disk in point.disks for name in (disk.digests, _copy(disk.vault)) if name}
    named = {points.snapshot_of(disk) for point in all_points if point.has_snapshots for disk in point.disks}
    names |= left_in_vault.names(ports.store)
    for name in sorted(listing.manifests - names - written):
        if (size := _size(ports, manifest_blob(ports.settings.vault_account, name))) is not None:
            yield Unnamed("manifest", name, size)
    packs = {pack_of(name) for name in written} | {pack for name in names for pack in _packs(ports, name)}
    for pack in sorted(listing.packs - packs):
        sizes = [_size(ports, blob) for blob in _generations(ports, pack)]
        if sizes:
            yield Unnamed("pack", pack, sum(size or 0 for size in sizes))
    for snapshot in sorted(listing.snapshots - named, key=lambda blob: (blob.name, blob.snapshot or "")):
        properties = ports.blobs.properties(snapshot)
        job = snapshots.metadata_in(properties).get(snapshots.JOB_METADATA)
        if properties and job and job.lower() not in running:
            name = f"{snapshot.account}/{snapshot.container}/{snapshot.name} {snapshot.snapshot}"
            yield Unnamed("snapshot", name, properties.size_bytes)


def _points(ports: Ports) -> list[RecoveryPoint]:
    return [recovery_point.from_json(each.private["point"]) for each in ports.store.find(recovery_point.KIND)]


def _being_erased(ports: Ports) -> list[RecoveryPoint]:
    """They are no more; the next round of retention erases what they had."""
    return [recovery_point.from_json(each.private["point"]) for each in ports.store.find(expiry.EXPIRED)]


def _running(ports: Ports) -> tuple[set[str], set[str]]:
    """The ids of the jobs that run or whose snapshots are deleted as they come, and the names of what they may be
    writing in the vault."""
    ids = snapshots.expected_late(ports.store)
    names: set[str] = set()
    for lock in ports.store.find(records.LOCK):
        document = ports.store.get(jobs.KIND, str(lock.json().get("job")))
        if document is not None:
            ids.add(str(document.private["job"]["id"]).lower())
            names.update(document.private.get(records.WRITES, ()))
    return ids, names


def _containers(ports: Ports) -> set[tuple[str, str]]:
    """Where the disks of protected machines lie, now and at their points: account and container."""
    places = {(disk.account, disk.container) for point in _points(ports) for disk in point.disks}
    for item in ports.store.find(protected_item.KIND):
        disks = ports.fabric.disks(item.json()["properties"]["sourceResourceId"])
        places |= {(disk.blob.account, disk.blob.container) for disk in disks}
    return places


def _packs(ports: Ports, name: str) -> list[str]:
    """The packs that a manifest names, and its own. Where it cannot be read, what it named is nobody's."""
    try:
        source = VaultSource(ports.vault_blobs, ports.settings.vault_account, name)
    except VaultCorrupt:
        return [pack_of(name)]
    return [pack_of(name), *source.manifest.packs]


def _generations(ports: Ports, pack: str) -> list[Blob]:
    return list(ports.vault_blobs.find(ports.settings.vault_account, CONTAINER, f"{PACKS}{pack}/"))


def _size(ports: Ports, blob: Blob) -> int | None:
    properties = ports.vault_blobs.properties(blob)
    return properties.size_bytes if properties else None


def _copy(vault: dict[str, object] | None) -> str:
    return str(vault["name"]) if vault else ""
