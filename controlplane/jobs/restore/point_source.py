"""A disk of a recovery point to be read: checked block by block, from the chosen tier and the other behind it."""

from __future__ import annotations

from collections.abc import Callable

from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.ports import BlockSource, Ports
from controlplane.vault_format.damage import SnapshotDamaged
from controlplane.vault_format.sources import PageBlobSource
from controlplane.vault_format.tiered_source import CheckedSource, TieredSource
from controlplane.vault_format.vault_source import VaultSource
from controlplane.vault_format.vault_store import VaultPoint, VaultStore


def open_disk(
    ports: Ports, point: RecoveryPoint, disk: PointDisk, digests: VaultSource | None, first: str
) -> TieredSource:
    """`first` is the tier that is read as long as it is whole, InstantRP or HardenedRP. Raises NowhereWhole."""

    def open_snapshot() -> BlockSource:
        snapshot = PageBlobSource(ports.blobs, points.snapshot_of(disk))
        if digests is None:
            raise SnapshotDamaged("the snapshot is not what was backed up, or nothing is left to compare it with")
        return CheckedSource(snapshot, digests)

    def open_copy() -> BlockSource:
        vault = VaultStore(ports.vault_blobs, ports.settings.vault_account)
        return vault.source(VaultPoint.from_json(disk.vault or {}))

    tiers: dict[str, Callable[[], BlockSource]] = {}
    if point.has_snapshots:
        tiers["InstantRP"] = open_snapshot
    if point.has_vault_copy and disk.vault:
        tiers["HardenedRP"] = open_copy
    return TieredSource(dict(sorted(tiers.items(), key=lambda tier: tier[0] != first)))
