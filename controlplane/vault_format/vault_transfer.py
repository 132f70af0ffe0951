"""One transfer to the vault: reads a snapshot, compares it with the previous recovery point, writes what differs."""

from __future__ import annotations

import heapq
from collections import Counter
from collections.abc import Callable, Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import lru_cache
from itertools import groupby

from controlplane.domain.spans import Span, pieces, widened, within, without
from controlplane.ports import BLOCK_BYTES, MAX_IN_FLIGHT, READ_BYTES, Blob, BlobConflict, BlobNotFound, Blobs
from controlplane.vault_format.damage import NO_DAMAGE, KnownDamage, VaultCorrupt
from controlplane.vault_format.manifest import (
    SEGMENT_BLOCKS,
    BlockPlace,
    ContentDigest,
    SegmentBuilder,
    SegmentEntry,
    digest_of,
    encode_segment,
    is_hole,
)
from controlplane.vault_format.packs import PackWriter
from controlplane.vault_format.sources import Progress, in_order, spans_of
from controlplane.vault_format.vault_source import VaultSource

SEGMENT_BYTES = BLOCK_BYTES * SEGMENT_BLOCKS
SEGMENTS_AT_HAND = MAX_IN_FLIGHT + 2
"""Of the previous recovery point: those of the reads that run ahead of the writing, and the present one."""


@dataclass(frozen=True, slots=True)
class KnownBlock:
    """A block that the vault has already."""

    digest: bytes
    place: BlockPlace


class Previous:
    """The recovery point compared with, as far as the vault still holds it; nothing where it does not.

    `snapshot` is the one it was read from, if the storage may be asked what changed since. Nothing is made of blocks
    that lie where the vault is known to be damaged; `tell` gets what else is found to be lost or wrong, by any thread.
    """

    def __init__(
        self,
        source: VaultSource | None,
        snapshot: str | None,
        damage: KnownDamage = NO_DAMAGE,
        tell: Callable[[VaultCorrupt], None] = lambda problem: None,
    ) -> None:
        usable = source is not None and source.manifest.block_bytes == BLOCK_BYTES
        self._source = source if usable else None
        self.snapshot = snapshot if usable else None
        self._damage = damage
        self._tell = tell
        self.blocks = lru_cache(SEGMENTS_AT_HAND)(self._read_blocks)
        """The blocks of a segment by their number in it."""

    @property
    def size_bytes(self) -> int | None:
        return self._source.size_bytes if self._source else None

    @property
    def segments(self) -> Iterable[int]:
        return self._source.manifest.segments if self._source else ()

    def entry(self, index: int) -> SegmentEntry | None:
        return self._source.manifest.segments.get(index) if self._source and self.blocks(index) else None

    def _read_blocks(self, index: int) -> Mapping[int, KnownBlock]:
        if self._source is None:
            return {}
        try:
            runs, lost = self._source.segment(index), self._source.lost_packs(index)
        except VaultCorrupt as problem:
            self._tell(problem)
            return {}
        for sentence in lost.values():
            self._tell(VaultCorrupt(sentence))
        place_of = self._source.manifest.place_of
        blocks = {
            block: KnownBlock(run.digest(block), place_of(index, run, block, block + 1))
            for run in runs
            if run.pack not in lost
            for block in range(run.first, run.end)
        }
        return {number: block for number, block in blocks.items() if not self._damage.touches(block.place)}


@dataclass
class Moved:
    """What a transfer has done."""

    allocated_bytes: int = 0
    """Of the blocks in which the storage holds anything."""
    changed_bytes: int = 0
    transferred_bytes: int = 0
    segment_bytes: int = 0
    segments: dict[int, SegmentEntry] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    content: ContentDigest = field(default_factory=ContentDigest)


@dataclass(frozen=True, slots=True)
class Stretch:
    """Whole blocks of the disk; `digests` where they are known to be what the previous recovery point had."""

    start: int
    end: int
    digests: Sequence[bytes] | None = None
    begins_segment: bool = False
    """It is the first one of its segment."""

    @property
    def segment(self) -> int:
        return self.start // SEGMENT_BYTES


@dataclass(frozen=True, slots=True)
class Found:
    """What was found in a stretch; no data where there was no need to read."""

    start: int
    length: int
    digests: Sequence[bytes]
    data: memoryview | None

    @property
    def segment(self) -> int:
        return self.start // SEGMENT_BYTES


class Transfer:
    """Moves one snapshot into one pack. Several reads are in flight and hashed by their threads; the writing follows in
    the order of the disk. In memory are a few reads and the present segment, whatever the size of the disk."""

    def __init__(self, blobs: Blobs, source: Blob, size_bytes: int, previous: Previous, pack: PackWriter) -> None:
        self._blobs = blobs
        self._source = source
        self._size_bytes = size_bytes
        self._previous = previous
        self._pack = pack
        self._moved = Moved()

    def run(self, progress: Progress) -> Moved:
        held = within(spans_of(self._blobs.ranges(self._source)), 0, self._size_bytes)
        blocks = widened(held, BLOCK_BYTES, self._size_bytes)
        self._moved.allocated_bytes = total = _total(blocks)
        done = 0
        read = set()
        try:
            changed_parts = in_order(self._read, self._plan(blocks))
            for index, parts in groupby(changed_parts, key=lambda part: part.segment):
                read.add(index)
                done += self._add_segment(index, parts)
                progress(done, total)
            self._count_vanished(read)
            if self._pack.size_bytes:
                self._pack.commit()
        except BaseException:
            self._pack.abort()
            raise
        return self._moved

    def _plan(self, blocks: Sequence[Span]) -> Iterator[Stretch]:
        """What to read, in the order of the disk, and what the storage knows to be unchanged."""
        changed = self._changed(blocks)
        unchanged = without(blocks, changed)
        marked = heapq.merge(
            ((start, end, True) for start, end in pieces(changed, READ_BYTES)),
            ((start, end, False) for start, end in pieces(unchanged, READ_BYTES)),
        )
        before = None
        for start, end, has_changed in marked:
            segment = start // SEGMENT_BYTES
            yield Stretch(start, end, None if has_changed else self._known_digests(start, end), segment != before)
            before = segment

    def _changed(self, blocks: Sequence[Span]) -> Sequence[Span]:
        """Those of the blocks that may differ from the previous recovery point, as far as the storage can tell."""
        if self._previous.snapshot is None or self._previous.size_bytes != self._size_bytes:
            return blocks
        try:
            ranges = self._blobs.changed_ranges(self._source, self._previous.snapshot)
        except BlobNotFound:
            return blocks
        if ranges is None:
            return blocks
        unchanged = without(blocks, widened(spans_of(ranges), BLOCK_BYTES, self._size_bytes))
        return without(blocks, unchanged)

    def _known_digests(self, start: int, end: int) -> Sequence[bytes] | None:
        """None if the vault has lost one of these blocks: then they are read like changed ones."""
        blocks_before = self._previous.blocks(start // SEGMENT_BYTES)
        first = start % SEGMENT_BYTES // BLOCK_BYTES
        blocks = [blocks_before.get(block) for block in range(first, first - (start - end) // BLOCK_BYTES)]
        digests = [block.digest for block in blocks if block]
        return digests if len(digests) == len(blocks) else None

    def _read(self, stretch: Stretch) -> Found:
        length = stretch.end - stretch.start
        if stretch.begins_segment:
            self._previous.blocks(stretch.segment)  # at hand when the writing comes to it
        if stretch.digests is not None:
            return Found(stretch.start, length, stretch.digests, None)
        data = memoryview(self._blobs.read(self._source, stretch.start, length))
        if len(data) != length:
            raise BlobConflict(f"{self._source.name!r} ends before byte {stretch.end}")
        digests = [digest_of(data[at : at + BLOCK_BYTES]) for at in range(0, length, BLOCK_BYTES)]
        return Found(stretch.start, length, digests, data)

    def _add_segment(self, index: int, parts: Iterable[Found]) -> int:
        """Write the new blocks of a segment and add the segment to the manifest; returns the bytes it covers."""
        blocks_before = self._previous.blocks(index)
        vanished = set(blocks_before)
        builder = SegmentBuilder(BLOCK_BYTES)
        dealt_with = 0
        for part in parts:
            dealt_with += part.length
            first = part.start % SEGMENT_BYTES // BLOCK_BYTES
            for number, digest in enumerate(part.digests):
                length = min(BLOCK_BYTES, part.length - number * BLOCK_BYTES)
                if is_hole(digest, length):
                    continue
                block = blocks_before.get(first + number)
                vanished.discard(first + number)
                place = block.place if block and block.digest == digest else self._write(part, number, length)
                builder.add(first + number, digest, place.pack, place.offset)
                self._moved.packs[place.pack] += length
        self._moved.changed_bytes += sum(blocks_before[block].place.length for block in vanished)
        self._end_segment(index, builder)
        return dealt_with

    def _write(self, part: Found, number: int, length: int) -> BlockPlace:
        assert part.data is not None
        self._moved.changed_bytes += length
        self._moved.transferred_bytes += length
        return self._pack.write(part.data[number * BLOCK_BYTES : number * BLOCK_BYTES + length])

    def _end_segment(self, index: int, builder: SegmentBuilder) -> None:
        segment = builder.build()
        if not segment:
            return
        self._moved.content.add(index, segment)
        data = encode_segment(segment)
        digest = digest_of(data)
        entry = self._previous.entry(index)
        if entry is None or entry.digest != digest:
            entry = SegmentEntry(self._pack.write(data), digest)
            self._moved.segment_bytes += len(data)
        self._moved.segments[index] = entry
        self._moved.packs[entry.place.pack] += entry.place.length

    def _count_vanished(self, read: Collection[int]) -> None:
        """Segments of the previous recovery point in which the storage now holds nothing, so that none was read."""
        for index in self._previous.segments:
            if index not in read:
                self._moved.changed_bytes += sum(block.place.length for block in self._previous.blocks(index).values())


def _total(spans: Iterable[Span]) -> int:
    return sum(end - start for start, end in spans)
