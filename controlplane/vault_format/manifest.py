"""The manifest of a disk in the vault: for each block that is not a hole its digest and the place of its bytes.

A disk is cut into blocks and 1024 blocks make a segment. What changed between two recovery points goes into one pack,
a long stretch of bytes that is written once; a place is a stretch of a pack. A segment names its blocks as runs: blocks
that follow each other on the disk and in one pack, with a digest each. The manifest of a recovery point names, by
place and digest, the segments that hold anything. Segments lie in the packs too, so that a manifest whose segment is
the same as before names the old one: an unchanged stretch costs 36 bytes per 64 MiB, an empty one nothing.

    manifest ─┬─ segment 0 (pack A) ─┬─ run: blocks 0-15   (pack A, from offset 0)
              │                      └─ run: blocks 900-901 (pack A, ...)
              └─ segment 7 (pack B) ─┬─ run: block 3       (pack B, ...)
                                     └─ run: blocks 4-90   (pack A, ...)

Every manifest is complete by itself: it names every block and looks into no other manifest. Digests go all the way
down, so that nothing that was read can be wrong unnoticed.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from hashlib import blake2b
from itertools import accumulate
from struct import Struct
from struct import error as StructError
from typing import Any

DIGEST_BYTES = 16
SEGMENT_BLOCKS = 1024
FORMAT = 1

NO_PACK = bytes(DIGEST_BYTES).hex()
"""Stands for a pack in runs of which the vault keeps the digests and not the blocks."""

_MANIFEST_MAGIC = b"BSM1"
_SEGMENT_MAGIC = b"BSS1"
_MANIFEST_HEAD = Struct("<4sI")
_SEGMENT_HEAD = Struct("<4sHH")
_SEGMENT_RECORD = Struct("<IIQI16s")
_RUN_RECORD = Struct("<HHIQ")


class Damaged(ValueError):
    """These bytes are not a whole manifest or segment."""


def digest_of(data: bytes | bytearray | memoryview) -> bytes:
    return blake2b(data, digest_size=DIGEST_BYTES).digest()


def is_hole(digest: bytes, length: int) -> bool:
    """Whether a block of this digest and length is all zeros."""
    return digest == (_ZEROS if length == _USUAL_LENGTH else digest_of(bytes(length)))


def pack_of(name: str) -> str:
    """The id of the pack that the recovery point of this name brings along."""
    return digest_of(name.encode()).hex()


_USUAL_LENGTH = 64 * 1024
_ZEROS = digest_of(bytes(_USUAL_LENGTH))


@dataclass(frozen=True, slots=True)
class BlockPlace:
    """A stretch of a pack."""

    pack: str
    offset: int
    length: int

    @property
    def end(self) -> int:
        return self.offset + self.length


@dataclass(frozen=True, slots=True)
class Run:
    """Blocks that follow each other both on the disk, from `first` on (counted in the segment), and in a pack."""

    first: int
    pack: str
    offset: int
    digests: bytes = field(repr=False)

    @property
    def count(self) -> int:
        return len(self.digests) // DIGEST_BYTES

    @property
    def end(self) -> int:
        return self.first + self.count

    def digest(self, block: int) -> bytes:
        at = (block - self.first) * DIGEST_BYTES
        return self.digests[at : at + DIGEST_BYTES]


Segment = tuple[Run, ...]


@dataclass(frozen=True, slots=True)
class SegmentEntry:
    """What a manifest knows of one segment."""

    place: BlockPlace
    digest: bytes = field(repr=False)


@dataclass(frozen=True)
class Manifest:
    """One disk at one recovery point."""

    size_bytes: int
    block_bytes: int
    segments: Mapping[int, SegmentEntry]
    """By number, ascending; a segment that is not here is a hole."""
    packs: Mapping[str, int]
    """Every pack named, here or in a segment, and how many of its bytes."""
    facts: Mapping[str, Any]
    """What the service wants to remember of this backup; JSON values."""

    @property
    def segment_bytes(self) -> int:
        return self.block_bytes * SEGMENT_BLOCKS

    def block_length(self, block: int) -> int:
        """Bytes in a block of the disk; only the last may be shorter."""
        return min(self.block_bytes, self.size_bytes - block * self.block_bytes)

    def place_of(self, index: int, run: Run, first: int, end: int) -> BlockPlace:
        """Where the blocks from `first` to `end` (in segment `index`) of a run lie."""
        last = index * SEGMENT_BLOCKS + end - 1
        length = (end - first - 1) * self.block_bytes + self.block_length(last)
        return BlockPlace(run.pack, run.offset + (first - run.first) * self.block_bytes, length)


class ContentDigest:
    """A digest of the content of a whole disk, wherever its blocks lie: segments are added in ascending order."""

    def __init__(self) -> None:
        self._hash = blake2b(digest_size=DIGEST_BYTES)

    def add(self, index: int, segment: Segment) -> None:
        present = bytearray(SEGMENT_BLOCKS // 8)
        for run in segment:
            for block in range(run.first, run.end):
                present[block // 8] |= 1 << block % 8
        self._hash.update(b"".join([index.to_bytes(4, "little"), present, *(run.digests for run in segment)]))

    def hex(self) -> str:
        return self._hash.hexdigest()


class SegmentBuilder:
    """A segment in the making: blocks are added in ascending order and joined into runs."""

    def __init__(self, block_bytes: int) -> None:
        self._block_bytes = block_bytes
        self._runs: list[tuple[int, str, int, bytearray]] = []

    def add(self, block: int, digest: bytes, pack: str, offset: int) -> None:
        if self._runs:
            first, last_pack, start, digests = self._runs[-1]
            count = len(digests) // DIGEST_BYTES
            if (block, pack, offset) == (first + count, last_pack, start + count * self._block_bytes):
                digests += digest
                return
        self._runs.append((block, pack, offset, bytearray(digest)))

    def build(self) -> Segment:
        return tuple(Run(first, pack, offset, bytes(digests)) for first, pack, offset, digests in self._runs)


def encode_segment(segment: Segment) -> bytes:
    """The same segment is always the same bytes."""
    packs = sorted({run.pack for run in segment})
    number = {pack: index for index, pack in enumerate(packs)}
    parts = [_SEGMENT_HEAD.pack(_SEGMENT_MAGIC, len(packs), len(segment))]
    parts += [bytes.fromhex(pack) for pack in packs]
    parts += [_RUN_RECORD.pack(run.first, run.count, number[run.pack], run.offset) for run in segment]
    parts += [run.digests for run in segment]
    return b"".join(parts)


def decode_segment(data: bytes, digest: bytes) -> Segment:
    """Raises Damaged unless these are the bytes the digest was made of."""
    if digest_of(data) != digest:
        raise Damaged("the segment does not match its digest")
    try:
        magic, pack_count, run_count = _SEGMENT_HEAD.unpack_from(data)
        if magic != _SEGMENT_MAGIC:
            raise Damaged("the segment has an unknown format")
        runs_at = _SEGMENT_HEAD.size + pack_count * DIGEST_BYTES
        digests_at = runs_at + run_count * _RUN_RECORD.size
        packs = [data[at : at + DIGEST_BYTES].hex() for at in range(_SEGMENT_HEAD.size, runs_at, DIGEST_BYTES)]
        records = list(_RUN_RECORD.iter_unpack(data[runs_at:digests_at]))
        ends = accumulate((count * DIGEST_BYTES for _, count, _, _ in records), initial=digests_at)
        return tuple(
            Run(first, packs[pack], offset, data[start : start + count * DIGEST_BYTES])
            for (first, count, pack, offset), start in zip(records, ends, strict=False)
        )
    except (StructError, IndexError) as problem:
        raise Damaged("the segment is incomplete") from problem


def encode_manifest(manifest: Manifest) -> bytes:
    packs = list(manifest.packs)
    number = {pack: index for index, pack in enumerate(packs)}
    head = {
        "format": FORMAT,
        "size_bytes": manifest.size_bytes,
        "block_bytes": manifest.block_bytes,
        "segment_blocks": SEGMENT_BLOCKS,
        "packs": [[pack, manifest.packs[pack]] for pack in packs],
        "facts": dict(manifest.facts),
    }
    text = json.dumps(head, separators=(",", ":")).encode()
    parts = [_MANIFEST_HEAD.pack(_MANIFEST_MAGIC, len(text)), text]
    for index, entry in manifest.segments.items():
        place = entry.place
        parts.append(_SEGMENT_RECORD.pack(index, number[place.pack], place.offset, place.length, entry.digest))
    body = b"".join(parts)
    return body + digest_of(body)


def decode_manifest(data: bytes) -> Manifest:
    """Raises Damaged unless every byte is as it was written."""
    body, digest = data[:-DIGEST_BYTES], data[-DIGEST_BYTES:]
    if digest_of(body) != digest:
        raise Damaged("the manifest does not match its digest")
    magic, head_bytes = _MANIFEST_HEAD.unpack_from(body)
    records_at = _MANIFEST_HEAD.size + head_bytes
    head = json.loads(body[_MANIFEST_HEAD.size : records_at])
    if magic != _MANIFEST_MAGIC or (head["format"], head["segment_blocks"]) != (FORMAT, SEGMENT_BLOCKS):
        raise Damaged("the manifest has an unknown format")
    packs = [pack for pack, _ in head["packs"]]
    segments = {
        index: SegmentEntry(BlockPlace(packs[pack], offset, length), digest)
        for index, pack, offset, length, digest in _SEGMENT_RECORD.iter_unpack(body[records_at:])
    }
    return Manifest(head["size_bytes"], head["block_bytes"], segments, dict(head["packs"]), head["facts"])
