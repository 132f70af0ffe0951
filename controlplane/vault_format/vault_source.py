"""Reads a disk back from the vault, and checks every block against its digest in the manifest."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from functools import lru_cache

from controlplane.domain.spans import merged
from controlplane.ports import Blob, BlobConflict, BlobNotFound, Blobs, Range
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.manifest import (
    DIGEST_BYTES,
    NO_PACK,
    SEGMENT_BLOCKS,
    BlockPlace,
    Damaged,
    Manifest,
    Run,
    Segment,
    SegmentEntry,
    decode_manifest,
    decode_segment,
    digest_of,
)
from controlplane.vault_format.packs import CONTAINER, Packs

SEGMENTS_REMEMBERED = 32
"""Segments (64 MiB of disk each) that stay in memory for the next read."""


def manifest_blob(account: str, name: str) -> Blob:
    return Blob(account, CONTAINER, f"manifests/{name}")


class VaultSource:
    """One disk at one recovery point, as bytes. Raises VaultCorrupt where the vault lacks or has other ones."""

    def __init__(
        self, blobs: Blobs, account: str, name: str, packs: Packs | None = None, *, trusting: bool = False
    ) -> None:
        """`packs`: where several disks are read, those that were looked up for them; else its own. `trusting`: what
        this process has read before of manifests and segments is not read again, whether or not it is still there."""
        self.name = name
        self.packs = packs or Packs(blobs, account)
        self._trusting = trusting
        try:
            self.manifest: Manifest = self._open(blobs, manifest_blob(account, name))
        except BlobNotFound:
            raise VaultCorrupt(f"the manifest of {name} is missing") from None
        except Damaged as problem:
            raise VaultCorrupt(f"{problem} ({name})") from None
        self.segment = lru_cache(SEGMENTS_REMEMBERED)(self._read_segment)
        """The segment of this number; an empty one for a hole."""
        self.digests = lru_cache(SEGMENTS_REMEMBERED)(self._read_digests)
        """The digests of the blocks of a segment, by their number in it; holes have none."""

    @property
    def size_bytes(self) -> int:
        return self.manifest.size_bytes

    def extents(self) -> Sequence[Range]:
        spans = (
            (start, start + place.length)
            for index in self.manifest.segments
            for place, start, _ in self._stretches(index, 0, SEGMENT_BLOCKS)
        )
        return [Range(start, end - start) for start, end in merged(spans)]

    def places(self, index: int) -> Sequence[BlockPlace]:
        """Where the blocks of a segment lie, those that the vault keeps."""
        return [place for _, place in self.placed(index, self.segment(index))]

    def placed(self, index: int, runs: Segment) -> Sequence[tuple[Run, BlockPlace]]:
        """The runs of a segment whose blocks the vault keeps, and where they lie."""
        kept = [run for run in runs if run.pack != NO_PACK]
        return [(run, self.manifest.place_of(index, run, run.first, run.end)) for run in kept]

    def _read_digests(self, index: int) -> Mapping[int, bytes]:
        return {block: run.digest(block) for run in self.segment(index) for block in range(run.first, run.end)}

    def lost_packs(self, index: int) -> Mapping[str, str]:
        """Packs in which blocks of a segment should lie and do not, each with a sentence.

        One byte of each pack is read, unless this process has read it before.
        """
        lost: dict[str, str] = {}
        for place in self.places(index):
            try:
                self.packs.locate(place)
                self.packs.touch(place)
            except VaultCorrupt as problem:
                lost[place.pack] = str(problem)
        return lost

    def read(self, offset: int, length: int) -> bytes:
        end = offset + length
        if offset < 0 or length < 0 or end > self.size_bytes:
            raise BlobConflict(f"{self.name} has no bytes from {offset} to {end}")
        parts: list[bytes | memoryview] = []
        at = offset
        for place, start, digests in self._stretches_between(offset, end):
            data = self._read_blocks(place, start, digests)
            low, high = max(start, at), min(start + place.length, end)
            if at < low:
                parts.append(bytes(low - at))
            parts.append(data if high - low == len(data) else memoryview(data)[low - start : high - start])
            at = high
        if at < end:
            parts.append(bytes(end - at))
        return b"".join(parts)

    def _stretches_between(self, offset: int, end: int) -> Iterator[tuple[BlockPlace, int, bytes]]:
        """The stretches of packs that hold the blocks from the one at `offset` to the one before `end`."""
        block_bytes = self.manifest.block_bytes
        first, last = offset // block_bytes, -(-end // block_bytes)
        for index in range(first // SEGMENT_BLOCKS, -(-last // SEGMENT_BLOCKS)):
            base = index * SEGMENT_BLOCKS
            yield from self._stretches(index, max(first - base, 0), min(last - base, SEGMENT_BLOCKS))

    def _stretches(self, index: int, first: int, end: int) -> Iterator[tuple[BlockPlace, int, bytes]]:
        """Each run, cut to the blocks from `first` to `end` of a segment: its place, where on the disk, its digests."""
        for run in self.segment(index):
            low, high = max(run.first, first), min(run.end, end)
            if low < high:
                start = (index * SEGMENT_BLOCKS + low) * self.manifest.block_bytes
                digests = run.digests[(low - run.first) * DIGEST_BYTES : (high - run.first) * DIGEST_BYTES]
                yield self.manifest.place_of(index, run, low, high), start, digests

    def _read_blocks(self, place: BlockPlace, start: int, digests: bytes) -> bytes:
        try:
            data = self.packs.read(place)
        except VaultCorrupt as problem:
            raise VaultCorrupt(str(problem), byte=start, places=problem.places) from None
        block_bytes = self.manifest.block_bytes
        if wrong := wrong_blocks(data, digests, block_bytes):
            byte = start + wrong[0] * block_bytes
            places = [BlockPlace(place.pack, place.offset + at * block_bytes, block_bytes) for at in wrong]
            sentence = f"pack {place.pack} does not hold what was written for {self.name} at byte {byte}"
            raise VaultCorrupt(sentence, byte=byte, places=places)
        return data

    def _read_segment(self, index: int) -> Segment:
        entry = self.manifest.segments.get(index)
        if entry is None:
            return ()
        try:
            return self._open_segment(entry)
        except Damaged as problem:
            sentence = f"{problem} (pack {entry.place.pack}, {self.name})"
            raise VaultCorrupt(sentence, byte=index * self.manifest.segment_bytes, places=(entry.place,)) from None

    def _open(self, blobs: Blobs, blob: Blob) -> Manifest:
        """Raises BlobNotFound and Damaged."""
        memory = self.packs.memory
        if self._trusting and memory is not None and (known := memory.text(blob.account, blob.name)) is not None:
            return decode_manifest(known)
        data = blobs.read(blob)
        manifest = decode_manifest(data)
        if memory is not None:
            memory.remember_text(blob.account, blob.name, data)
        return manifest

    def _open_segment(self, entry: SegmentEntry) -> Segment:
        """Remembered by its digest, since every segment that has it is the same; but its pack must be there. Raises
        VaultCorrupt and Damaged."""
        memory, name = self.packs.memory, entry.digest.hex()
        if memory is not None and (known := memory.text("", name)) is not None:
            if not self._trusting:
                self.packs.touch(entry.place)
            return decode_segment(known, entry.digest)
        data = self.packs.read(entry.place)
        segment = decode_segment(data, entry.digest)
        if memory is not None:
            memory.remember_text("", name, data)
        return segment


def wrong_blocks(data: bytes, digests: bytes, block_bytes: int) -> list[int]:
    """The numbers of those blocks of `data` that do not have their digest, of `digests` one after the other."""
    view = memoryview(data)
    return [
        number
        for number in range(len(digests) // DIGEST_BYTES)
        if digest_of(view[number * block_bytes : (number + 1) * block_bytes])
        != digests[number * DIGEST_BYTES : (number + 1) * DIGEST_BYTES]
    ]
