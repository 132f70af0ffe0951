"""The digests of a snapshot that is not in the vault: read once, and kept there without the blocks.

They make a manifest like every other one, whose runs name no pack. So what is read of the snapshot later is checked in
the same way, and they go as any recovery point of the vault goes.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass, field
from itertools import groupby

from controlplane.domain.spans import Span, pieces, widened, within
from controlplane.ports import BLOCK_BYTES, READ_BYTES, Blob, BlobConflict, Blobs
from controlplane.vault_format.manifest import (
    NO_PACK,
    SEGMENT_BLOCKS,
    ContentDigest,
    SegmentBuilder,
    SegmentEntry,
    digest_of,
    encode_segment,
    is_hole,
)
from controlplane.vault_format.packs import PackWriter
from controlplane.vault_format.sources import in_order, spans_of
from controlplane.vault_format.vault_transfer import SEGMENT_BYTES


@dataclass
class Digested:
    """What was read: parts of a manifest."""

    segments: dict[int, SegmentEntry] = field(default_factory=dict)
    packs: Counter[str] = field(default_factory=Counter)
    content: ContentDigest = field(default_factory=ContentDigest)


def digest_snapshot(blobs: Blobs, source: Blob, size_bytes: int, pack: PackWriter) -> Digested:
    """Read what the snapshot holds, several pieces at once, and write the digests of its blocks into the pack."""
    held = within(spans_of(blobs.ranges(source)), 0, size_bytes)
    stretches = pieces(widened(held, BLOCK_BYTES, size_bytes), READ_BYTES)

    def digests_in(span: Span) -> tuple[int, list[tuple[int, bytes]]]:
        start, end = span
        data = memoryview(blobs.read(source, start, end - start))
        if len(data) != end - start:
            raise BlobConflict(f"{source.name!r} ends before byte {end}")
        parts = ((at, data[at : at + BLOCK_BYTES]) for at in range(0, len(data), BLOCK_BYTES))
        digests = [((start + at) // BLOCK_BYTES, digest_of(part), len(part)) for at, part in parts]
        return start // SEGMENT_BYTES, [
            (block, digest) for block, digest, length in digests if not is_hole(digest, length)
        ]

    result = Digested()
    try:
        for index, parts in groupby(in_order(digests_in, stretches), key=lambda part: part[0]):
            builder = SegmentBuilder(BLOCK_BYTES)
            for _, blocks in parts:
                for block, digest in blocks:
                    builder.add(block % SEGMENT_BLOCKS, digest, NO_PACK, block % SEGMENT_BLOCKS * BLOCK_BYTES)
            if segment := builder.build():
                data = encode_segment(segment)
                result.segments[index] = SegmentEntry(pack.write(data), digest_of(data))
                result.packs[pack.pack] += len(data)
                result.content.add(index, segment)
        if pack.size_bytes:
            pack.commit()
    except BaseException:
        pack.abort()
        raise
    return result
