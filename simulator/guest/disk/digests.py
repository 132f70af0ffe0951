"""Digests of a disk's blocks: one table per disk, and its comparison with an image.

A block of zeros has the digest ZERO whether the storage holds it or not, so a hole and written zeros are equal. The
table is a dict of leaves, each for the blocks of one bulk read; a leaf is immutable, so the copy taken at the instant
of a freeze is one copy of a dict of references (a third of a millisecond for a million blocks) and nothing written
later can reach into it.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from hashlib import blake2b

from controlplane.ports import BLOCK_BYTES, READ_BYTES, BlockSource

DIGEST_BYTES = 16
ZERO = bytes(DIGEST_BYTES)
BLOCKS_PER_LEAF = READ_BYTES // BLOCK_BYTES
LEAF_BYTES = BLOCKS_PER_LEAF * DIGEST_BYTES
EMPTY_LEAF = bytes(LEAF_BYTES)
ZERO_BLOCK = bytes(BLOCK_BYTES)

_MAGIC = b"digest table 1\n\0"
_HEADER = struct.Struct("<16sQ")
_LEAF = struct.Struct(f"<Q{LEAF_BYTES}s")


def is_zero(data: bytes | memoryview) -> bool:
    if data[0]:  # nearly all data ends here, uncopied
        return False
    return bytes(data) == (ZERO_BLOCK if len(data) == BLOCK_BYTES else bytes(len(data)))


def digest_of(content: bytes | memoryview) -> bytes:
    """Digest of one block (the last of a disk may be shorter)."""
    return ZERO if is_zero(content) else blake2b(content, digest_size=DIGEST_BYTES).digest()


class DigestTable:
    """Digest of every block of a disk of `size_bytes`; what was never set is ZERO."""

    def __init__(self, size_bytes: int, leaves: dict[int, bytes] | None = None) -> None:
        self.size_bytes = size_bytes
        self._leaves = {} if leaves is None else leaves

    @property
    def block_count(self) -> int:
        return -(-self.size_bytes // BLOCK_BYTES)

    def get(self, block: int) -> bytes:
        leaf, index = divmod(block, BLOCKS_PER_LEAF)
        at = index * DIGEST_BYTES
        return self._leaves.get(leaf, EMPTY_LEAF)[at : at + DIGEST_BYTES]

    def set(self, block: int, digest: bytes) -> None:
        leaf, index = divmod(block, BLOCKS_PER_LEAF)
        at = index * DIGEST_BYTES
        before = self._leaves.get(leaf, EMPTY_LEAF)
        self._leaves[leaf] = before[:at] + digest + before[at + DIGEST_BYTES :]

    def copy(self) -> DigestTable:
        return DigestTable(self.size_bytes, self._leaves.copy())

    def leaf(self, number: int) -> bytes:
        return self._leaves.get(number, EMPTY_LEAF)

    def leaf_numbers(self) -> frozenset[int]:
        return frozenset(self._leaves)

    def to_bytes(self) -> bytes:
        held = (_LEAF.pack(number, leaf) for number, leaf in self._leaves.items() if leaf != EMPTY_LEAF)
        return _HEADER.pack(_MAGIC, self.size_bytes) + b"".join(held)

    def digest(self) -> str:
        """Of the whole content: equal for equal disks, in whatever order they were written."""
        held = (
            _LEAF.pack(number, self._leaves[number]) for number in sorted(self._leaves) if any(self._leaves[number])
        )
        return blake2b(_HEADER.pack(_MAGIC, self.size_bytes) + b"".join(held), digest_size=32).hexdigest()

    @classmethod
    def from_bytes(cls, data: bytes) -> DigestTable:
        magic, size_bytes = _HEADER.unpack_from(data)
        if magic != _MAGIC:
            raise ValueError("not a digest table")
        return cls(size_bytes, dict(_LEAF.iter_unpack(memoryview(data)[_HEADER.size :])))

    def __eq__(self, other: object) -> bool:
        return isinstance(other, DigestTable) and self.to_dict() == other.to_dict()

    def to_dict(self) -> dict[int, bytes]:
        """The blocks that are not zero."""
        return {
            leaf * BLOCKS_PER_LEAF + index: digest
            for leaf in sorted(self._leaves)
            for index in range(BLOCKS_PER_LEAF)
            if (digest := self._leaves[leaf][index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]) != ZERO
        }


def read_table(source: BlockSource) -> DigestTable:
    """The digests of what an image holds now."""
    table = DigestTable(source.size_bytes)
    for block, digest in differing(DigestTable(source.size_bytes), source):
        table.set(block, digest)
    return table


def differing(table: DigestTable, source: BlockSource) -> Iterator[tuple[int, bytes]]:
    """Every block of `source` that is not what the table says, ascending, with the digest it has instead.

    Reads extents only, a leaf's worth at a time; what is neither an extent nor in the table is zero on both sides.
    """
    runs = _runs_by_leaf(source)
    for leaf in sorted(table.leaf_numbers() | runs.keys()):
        expected, actual = table.leaf(leaf), _leaf_of(source, runs.get(leaf, ()))
        if expected == actual:
            continue
        for index in range(BLOCKS_PER_LEAF):
            digest = actual[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]
            if digest != expected[index * DIGEST_BYTES : (index + 1) * DIGEST_BYTES]:
                yield leaf * BLOCKS_PER_LEAF + index, digest


Run = tuple[int, int]
"""First block, and the one after the last."""


def _runs_by_leaf(source: BlockSource) -> dict[int, list[Run]]:
    """The blocks that extents touch, neighbours joined, cut at the borders of leaves."""
    runs: dict[int, list[Run]] = {}
    for extent in source.extents():
        block, end = extent.offset // BLOCK_BYTES, -(-extent.end // BLOCK_BYTES)
        while block < end:
            leaf = block // BLOCKS_PER_LEAF
            cut = min(end, (leaf + 1) * BLOCKS_PER_LEAF)
            here = runs.setdefault(leaf, [])
            if here and block <= here[-1][1]:
                here[-1] = (here[-1][0], max(cut, here[-1][1]))
            else:
                here.append((block, cut))
            block = cut
    return runs


def _leaf_of(source: BlockSource, runs: list[Run] | tuple[()]) -> bytes:
    leaf = bytearray(EMPTY_LEAF)
    for first, end in runs:
        offset = first * BLOCK_BYTES
        data = memoryview(source.read(offset, min(end * BLOCK_BYTES, source.size_bytes) - offset))
        for block in range(first, end):
            content = data[(block - first) * BLOCK_BYTES : (block - first + 1) * BLOCK_BYTES]
            at = block % BLOCKS_PER_LEAF * DIGEST_BYTES
            leaf[at : at + DIGEST_BYTES] = digest_of(content)
    return bytes(leaf)
