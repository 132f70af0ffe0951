"""Maps of a disk: for each group of its blocks how many hold data, and how many changed between two moments.

What a recovery point holds is known by the digests in its manifest, what the guest's disk holds now by those in the
guest's own ledger. Both are made by the same function, so no byte of a disk is read.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Protocol

from controlplane.json_object import Json
from controlplane.ports import BLOCK_BYTES
from controlplane.vault_format.manifest import SEGMENT_BLOCKS
from controlplane.vault_format.vault_source import VaultSource
from simulator.guest.disk.digests import BLOCKS_PER_LEAF, DIGEST_BYTES, ZERO, DigestTable

MOST_GROUPS = 4_096
"""Of one disk. A group has a segment of the manifest, 64 MiB; on a larger disk two, four and so on."""
LEAVES = SEGMENT_BLOCKS // BLOCKS_PER_LEAF


class Contents(Protocol):
    """What a disk holds: by the number of a segment its blocks that are not zero, with their digests."""

    @property
    def size_bytes(self) -> int: ...

    def segments(self) -> set[int]: ...

    def mark(self, segment: int) -> bytes | None:
        """Where two contents have the same mark, the segment is the same; None: its digests have to be looked at."""

    def digests(self, segment: int) -> Mapping[int, bytes]: ...


class KeptContents:
    """Of a disk at a recovery point."""

    def __init__(self, source: VaultSource) -> None:
        self._source = source
        self.size_bytes = source.size_bytes

    def segments(self) -> set[int]:
        return set(self._source.manifest.segments)

    def mark(self, segment: int) -> bytes | None:
        entry = self._source.manifest.segments.get(segment)
        return entry.digest if entry else None

    def digests(self, segment: int) -> Mapping[int, bytes]:
        return self._source.digests(segment) if segment in self._source.manifest.segments else {}


class TableContents:
    """Of a guest's disk as it is now."""

    def __init__(self, table: DigestTable) -> None:
        self._table = table
        self.size_bytes = table.size_bytes

    def segments(self) -> set[int]:
        return {leaf // LEAVES for leaf in self._table.leaf_numbers()}

    def mark(self, segment: int) -> bytes | None:
        return None

    def digests(self, segment: int) -> Mapping[int, bytes]:
        found = {}
        for leaf in range(LEAVES):
            content = self._table.leaf(segment * LEAVES + leaf)
            for index in range(BLOCKS_PER_LEAF) if any(content) else ():
                digest = content[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
                if digest != ZERO:
                    found[leaf * BLOCKS_PER_LEAF + index] = digest
        return found


def map_of(before: Contents | None, after: Contents) -> Json:
    """`{"size_bytes", "group_bytes", "group_count", "allocated_bytes", "changed_bytes", "groups"}`. A group that holds
    nothing and did not change is left out; the others are `[number, allocated blocks, changed blocks]`. Without
    `before` nothing is said of changes."""
    segments = -(-after.size_bytes // (BLOCK_BYTES * SEGMENT_BLOCKS))
    per_group = 1
    while segments > per_group * MOST_GROUPS:
        per_group *= 2
    groups: dict[int, list[int]] = {}
    for segment in sorted(after.segments() | (before.segments() if before else set())):
        allocated, changed = _counts(before, after, segment)
        if allocated or changed:
            group = groups.setdefault(segment // per_group, [0, 0])
            group[0] += allocated
            group[1] += changed
    return {
        "size_bytes": after.size_bytes,
        "group_bytes": per_group * SEGMENT_BLOCKS * BLOCK_BYTES,
        "group_count": -(-segments // per_group),
        "allocated_bytes": sum(group[0] for group in groups.values()) * BLOCK_BYTES,
        "changed_bytes": sum(group[1] for group in groups.values()) * BLOCK_BYTES if before else None,
        "groups": [[number, *counts] for number, counts in groups.items()],
    }


def _counts(before: Contents | None, after: Contents, segment: int) -> tuple[int, int]:
    """Blocks that hold data now, and blocks that are other ones than before."""
    now = after.digests(segment)
    if before is None:
        return len(now), 0
    mark = after.mark(segment)
    if mark is not None and mark == before.mark(segment):
        return len(now), 0
    then = before.digests(segment)
    return len(now), sum(now.get(block) != then.get(block) for block in now.keys() | then.keys())
