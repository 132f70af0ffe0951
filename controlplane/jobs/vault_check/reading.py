"""Reads the data of a vault: packs and snapshots, all or those that were read longest ago, each block once.

A pack's blocks are compared with the digests that manifests have of them. So that memory stays bounded whatever the
size of the vault, some packs are taken at a time: the segments are gone through for what they name of these, and the
blocks are then read in the order in which they lie. What was read is remembered after each pack and each snapshot, so a
check that is stopped has not been for nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from hashlib import sha256
from itertools import groupby

from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.domain.spans import Span, merged, pieces, widened
from controlplane.jobs.vault_check.report import Report
from controlplane.jobs.vault_check.survey import Survey
from controlplane.ports import BLOCK_BYTES, READ_BYTES, Blob, Ports
from controlplane.vault_format.damage import DAMAGE, VaultCorrupt
from controlplane.vault_format.manifest import NO_PACK, BlockPlace, digest_of
from controlplane.vault_format.sources import PageBlobSource, in_order, spans_of
from controlplane.vault_format.tiered_source import CheckedSource
from controlplane.vault_format.vault_source import VaultSource

READ = "vault.read"
"""Kind of the documents that say when a pack or a snapshot was read last."""
BATCH_BYTES = 2 * 1024**3
"""Of packs that are dealt with together; their blocks' digests are in memory, some ten megabytes."""

Expected = dict[int, tuple[int, bytes]]
"""Offset in a pack -> length and digest of the block there."""


@dataclass(frozen=True, slots=True)
class Unit:
    """What is read at once and remembered as read: a pack, or a snapshot."""

    id: str
    size_bytes: int
    pack: str = ""
    snapshot: Blob | None = None


@dataclass(frozen=True, slots=True)
class BlockRun:
    """Blocks that lie one after the other in a pack, up to READ_BYTES of them."""

    pack: str
    offset: int
    blocks: tuple[tuple[int, bytes], ...]
    """Length and digest of each."""

    @property
    def place(self) -> BlockPlace:
        return BlockPlace(self.pack, self.offset, sum(length for length, _ in self.blocks))


def chosen(ports: Ports, survey: Survey, percent: float, seed: int) -> list[Unit]:
    """What is to be read: never read things first, then those that were read longest ago, until they make this share of
    all bytes. `seed` decides between equals."""
    units = [Unit(f"pack {pack}", size, pack=pack) for pack, size in survey.named_bytes.items()]
    for snapshot, (_, disk) in survey.snapshots.items():
        size = disk.allocated_bytes or disk.size_bytes
        name = f"snapshot {snapshot.account}/{snapshot.container}/{snapshot.name} {snapshot.snapshot}"
        units.append(Unit(name, size, snapshot=snapshot))
    if percent >= 100:
        return units
    last_read = {each.id: str(each.private["time"]) for each in ports.store.find(READ)}

    def age(unit: Unit) -> tuple[str, bytes]:
        return last_read.get(unit.id.lower(), ""), sha256(f"{seed} {unit.id}".encode()).digest()

    bytes_left = sum(unit.size_bytes for unit in units) * percent / 100
    result: list[Unit] = []
    for unit in sorted(units, key=age):
        if bytes_left <= 0:
            break
        result.append(unit)
        bytes_left -= unit.size_bytes
    return result


class Reader:
    """Reads units and notes what is damaged. `progress` is told bytes done, and raises where the check shall end."""

    def __init__(self, ports: Ports, survey: Survey, report: Report, progress: Callable[[int], None]) -> None:
        self._ports = ports
        self._survey = survey
        self._report = report
        self._progress = progress
        self.damaged_packs: dict[str, list[Span]] = {}
        self.damaged_snapshots: dict[Blob, tuple[int | None, str]] = {}
        """The first damaged byte, and a sentence."""

    def read(self, units: Sequence[Unit], manifests: Sequence[str]) -> None:
        """`manifests` are the names of all that points name."""
        # What is not there at all the survey has told of.
        packs = [unit for unit in units if unit.pack and self._survey.packs.find(unit.pack)]
        for batch in _batches(packs):
            self._read_packs(batch, self._expected({unit.pack for unit in batch}, manifests))
        for unit in units:
            if unit.snapshot is not None:
                self._read_snapshot(unit, unit.snapshot)

    # -------------------------------------------------------------------------------------------------------- packs

    def _expected(self, packs: set[str], manifests: Sequence[str]) -> dict[str, Expected]:
        """What lies in these packs, by all the segments there are."""
        expected: dict[str, Expected] = {pack: {} for pack in packs}
        seen: set[tuple[str, int]] = set()
        for name in manifests:
            source = self._open(name)
            if source is None or packs.isdisjoint(source.manifest.packs):
                continue
            indices = []
            for index, entry in source.manifest.segments.items():
                if (key := (entry.place.pack, entry.place.offset)) not in seen:
                    seen.add(key)
                    indices.append(index)
                if entry.place.pack in packs:
                    expected[entry.place.pack][entry.place.offset] = entry.place.length, entry.digest
            for _ in in_order(partial(self._add_runs, source, expected), indices):
                self._progress(0)
        return expected

    def _add_runs(self, source: VaultSource, expected: dict[str, Expected], index: int) -> None:
        try:
            runs = source.segment(index)
        except VaultCorrupt:
            return  # the survey has said so
        for run in runs:
            of_pack = expected.get(run.pack)
            if of_pack is None or run.pack == NO_PACK:
                continue
            for block in range(run.first, run.end):
                place = source.manifest.place_of(index, run, block, block + 1)
                of_pack[place.offset] = place.length, run.digest(block)

    def _open(self, name: str) -> VaultSource | None:
        try:
            return self._survey.open(name)
        except VaultCorrupt:
            return None

    def _read_packs(self, batch: Sequence[Unit], expected: dict[str, Expected]) -> None:
        units = {unit.pack: unit for unit in batch}
        runs = (run for pack in units for run in _runs(pack, expected[pack]))
        results = in_order(lambda run: (run, self._damaged_in(run)), runs)
        for pack, parts in groupby(results, key=lambda part: part[0].pack):
            spans: list[Span] = []
            for run, damaged in parts:
                spans += damaged
                self._report.read_bytes += run.place.length
                self._progress(run.place.length)
            if spans:
                self.damaged_packs[pack] = merged(spans)
            self._report.packs_read += 1
            self._remember(units[pack])

    def _damaged_in(self, run: BlockRun) -> list[Span]:
        try:
            data = memoryview(self._survey.packs.read(run.place))
        except VaultCorrupt:
            return [(run.place.offset, run.place.end)]
        damaged, at = [], 0
        for length, digest in run.blocks:
            if digest_of(data[at : at + length]) != digest:
                damaged.append((run.offset + at, run.offset + at + length))
            at += length
        return damaged

    # ---------------------------------------------------------------------------------------------------- snapshots

    def _read_snapshot(self, unit: Unit, snapshot: Blob) -> None:
        _, disk = self._survey.snapshots[snapshot]
        digests = self._digests(disk)
        if digests is None:
            self._report.uncheckable.append(unit.id.removeprefix("snapshot "))
            return
        try:
            source = PageBlobSource(self._ports.blobs, snapshot)
            checked = CheckedSource(source, digests)
            held = merged([*spans_of(checked.extents()), *spans_of(source.extents())])
            stretches = list(pieces(widened(held, BLOCK_BYTES, checked.size_bytes), READ_BYTES))

            def wrong(span: Span) -> tuple[int, list[int]]:
                start, end = span
                return end - start, checked.wrong_blocks(start, source.read(start, end - start))

            for length, damaged in in_order(wrong, stretches):
                self._report.read_bytes += length
                self._progress(length)
                if damaged and snapshot not in self.damaged_snapshots:
                    sentence = f"the snapshot does not hold what was backed up at byte {damaged[0]}"
                    self.damaged_snapshots[snapshot] = damaged[0], sentence
        except DAMAGE as problem:
            self.damaged_snapshots[snapshot] = None, str(problem)
        self._report.snapshots_read += 1
        self._remember(unit)

    def _digests(self, disk: PointDisk) -> VaultSource | None:
        for name in (disk.digests, str((disk.vault or {}).get("name", ""))):
            source = self._open(name) if name else None
            if source is None:
                continue
            try:
                for _ in in_order(source.segment, source.manifest.segments):
                    pass
            except VaultCorrupt:
                continue
            return source
        return None

    def _remember(self, unit: Unit) -> None:
        self._ports.store.put(READ, unit.id, {}, private={"time": self._ports.clock.now().isoformat()})


def hits(source: VaultSource, damaged: dict[str, list[Span]]) -> Iterator[tuple[int, str]]:
    """Which blocks of a disk lie in damaged stretches: the byte of the disk, and the pack."""
    for index in source.manifest.segments:
        try:
            runs = source.segment(index)
        except VaultCorrupt:
            continue
        for run in runs:
            for start, end in damaged.get(run.pack, ()):
                for block in range(run.first, run.end):
                    place = source.manifest.place_of(index, run, block, block + 1)
                    if start < place.end and place.offset < end:
                        yield index * source.manifest.segment_bytes + block * source.manifest.block_bytes, run.pack


def manifests_of(points: Sequence[RecoveryPoint]) -> list[str]:
    """The names of all manifests that points name."""
    disks = [disk for point in points for disk in point.disks]
    names = [name for disk in disks for name in (str((disk.vault or {}).get("name", "")), disk.digests) if name]
    return list(dict.fromkeys(names))


def _batches(units: Sequence[Unit]) -> Iterator[list[Unit]]:
    batch: list[Unit] = []
    for unit in units:
        if batch and sum(each.size_bytes for each in batch) + unit.size_bytes > BATCH_BYTES:
            yield batch
            batch = []
        batch.append(unit)
    if batch:
        yield batch


def _runs(pack: str, expected: Expected) -> Iterator[BlockRun]:
    """The blocks of a pack in the order in which they lie, joined as far as one read goes."""
    first, end = 0, 0
    blocks: list[tuple[int, bytes]] = []
    for offset in sorted(expected):
        length, digest = expected[offset]
        if blocks and (offset != end or end + length - first > READ_BYTES):
            yield BlockRun(pack, first, tuple(blocks))
            blocks = []
        if not blocks:
            first = offset
        blocks.append((length, digest))
        end = offset + length
    if blocks:
        yield BlockRun(pack, first, tuple(blocks))
