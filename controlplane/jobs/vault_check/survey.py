"""The structure of a vault: all manifests and segments that points name are read, packs and snapshots looked for."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass

from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.jobs.documents import points
from controlplane.jobs.vault_check.report import Problem, Report
from controlplane.ports import Blob, Ports
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.manifest import BlockPlace
from controlplane.vault_format.packs import Packs
from controlplane.vault_format.sources import in_order
from controlplane.vault_format.vault_source import VaultSource

Place = tuple[str, int]
"""A segment's pack and offset: the same in all manifests that name it."""


@dataclass(frozen=True, slots=True)
class Lost:
    """What is wrong with a segment: a sentence, and the first block of the segment that it concerns."""

    sentence: str
    block_byte: int
    places: tuple[BlockPlace, ...]


class Survey:
    """Goes through recovery points. What several points share is read once."""

    def __init__(self, ports: Ports, report: Report, go_on: Callable[[], None]) -> None:
        """`go_on` is asked often, and raises where the check shall end."""
        self._ports = ports
        self._report = report
        self._go_on = go_on
        self._segments: dict[Place, tuple[Lost, ...]] = {}
        self._touched: set[str] = set()
        self.packs = Packs(ports.vault_blobs, ports.settings.vault_account, fresh=True)
        self.named_bytes: dict[str, int] = {}
        """Every pack that a point names, and the most of its bytes that one manifest names."""
        self.snapshots: dict[Blob, tuple[RecoveryPoint, PointDisk]] = {}
        """Every snapshot that a point names and the storage has."""

    def look_at(self, point: RecoveryPoint) -> Iterator[Problem]:
        """What is wrong with a point, without a look at its blocks."""
        self._report.points += 1
        for disk in point.disks:
            self._go_on()
            if point.has_snapshots:
                yield from self._snapshot(point, disk)
            if disk.vault and (point.has_vault_copy or point.in_archive):
                for byte, sentence in self._manifest(str(disk.vault["name"])):
                    yield Problem(point.document, disk.name, disk.lun, "HardenedRP", sentence, byte)
            if disk.digests:
                for byte, sentence in self._manifest(disk.digests):
                    yield Problem(point.document, disk.name, disk.lun, "InstantRP", f"digests: {sentence}", byte)

    def open(self, name: str) -> VaultSource:
        return VaultSource(self._ports.vault_blobs, self._ports.settings.vault_account, name, self.packs)

    def _snapshot(self, point: RecoveryPoint, disk: PointDisk) -> Iterator[Problem]:
        snapshot = points.snapshot_of(disk)
        self._report.snapshots += 1
        properties = self._ports.blobs.properties(snapshot)
        if properties is None:
            yield Problem(point.document, disk.name, disk.lun, "InstantRP", "the snapshot is gone")
        elif properties.size_bytes != disk.size_bytes:
            sentence = f"the snapshot has {properties.size_bytes} bytes instead of {disk.size_bytes}"
            yield Problem(point.document, disk.name, disk.lun, "InstantRP", sentence)
        else:
            self.snapshots[snapshot] = point, disk

    def _manifest(self, name: str) -> Iterator[tuple[int | None, str]]:
        """What is wrong with a manifest and what it names: the byte of the disk, and a sentence each."""
        self._report.manifests += 1
        try:
            source = self.open(name)
        except VaultCorrupt as problem:
            yield None, str(problem)
            return
        for pack, size_bytes in source.manifest.packs.items():
            self.named_bytes[pack] = max(size_bytes, self.named_bytes.get(pack, 0))
        told: set[str] = set()
        indices = list(source.manifest.segments)
        for index, lost in zip(indices, in_order(lambda index: self._segment(source, index), indices), strict=True):
            for each in lost:
                if each.sentence not in told:
                    told.add(each.sentence)
                    yield index * source.manifest.segment_bytes + each.block_byte, each.sentence

    def _segment(self, source: VaultSource, index: int) -> Sequence[Lost]:
        entry = source.manifest.segments[index]
        key = entry.place.pack, entry.place.offset
        if key not in self._segments:
            self._go_on()
            self._segments[key] = tuple(self._look_into(source, index))
            self._report.segments += 1
        return self._segments[key]

    def _look_into(self, source: VaultSource, index: int) -> Iterator[Lost]:
        try:
            runs = source.segment(index)
        except VaultCorrupt as problem:
            yield Lost(str(problem), 0, problem.places)
            return
        for run, place in source.placed(index, runs):
            try:
                self.packs.locate(place)
                if place.pack not in self._touched:
                    # A storage that crashed may know a blob and have lost what was in it.
                    self.packs.read(BlockPlace(place.pack, place.offset, 1))
                    self._touched.add(place.pack)
            except VaultCorrupt as problem:
                yield Lost(str(problem), run.first * source.manifest.block_bytes, problem.places)
