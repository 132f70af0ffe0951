"""A guest's disk: sectors of a page blob behind a write-through cache, with the digest of every block.

What is acknowledged to the guest is in the storage, and its digest in the ledger. What the storage gives back must
have that digest before it is used; the digests therefore never derive from the storage that they are to judge.
"""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from threading import Lock

from controlplane.domain.compute.vhd import FOOTER_BYTES, SECTOR_BYTES, blob_bytes
from controlplane.ports import BLOCK_BYTES, READ_BYTES, WRITE_BYTES, Blob, Blobs, Range
from simulator.guest.disk.digests import ZERO, DigestTable, differing, digest_of, is_zero, read_table
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.ledger import Changes, Ledger
from simulator.guest.disk.write_history import Change, Write, WriteHistory

CACHE_BYTES = 1024 * 1024
"""Of one guest. Its workloads go over about ten blocks again and again; a world may have hundreds of guests."""
LARGEST_CACHED_READ_BYTES = 512 * 1024
"""Longer reads bypass the cache: they are bulk reads and would only empty it."""


class DiskCorrupt(Exception):
    """The storage returned other bytes than it had acknowledged."""

    def __init__(self, disk: str, block: int) -> None:
        super().__init__(f"disk {disk}: the storage returned other bytes than were written to block {block}")
        self.disk = disk
        self.block = block


@dataclass(frozen=True, slots=True)
class LostWrites:
    """Blocks of a disk that the storage had acknowledged and no longer has."""

    disk: str
    lun: int
    blocks: int
    first_offset: int


class StoredImage:
    """A page blob read from the storage, without any cache."""

    def __init__(self, blobs: Blobs, blob: Blob, size_bytes: int) -> None:
        self._blobs = blobs
        self._blob = blob
        self._size_bytes = size_bytes

    @property
    def size_bytes(self) -> int:
        return self._size_bytes

    def read(self, offset: int, length: int) -> bytes:
        return self._blobs.read(self._blob, offset, length)

    def extents(self) -> Sequence[Range]:
        return self._blobs.ranges(self._blob)


class BlockCache:
    """The blocks last used, of all disks of one guest, up to a number of bytes."""

    def __init__(self, capacity_bytes: int = CACHE_BYTES) -> None:
        self._capacity = capacity_bytes // BLOCK_BYTES
        self._blocks: OrderedDict[tuple[int, int], bytes] = OrderedDict()
        self._lock = Lock()

    def get(self, lun: int, block: int) -> bytes | None:
        with self._lock:
            content = self._blocks.get((lun, block))
            if content is not None:
                self._blocks.move_to_end((lun, block))
            return content

    def put(self, lun: int, block: int, content: bytes) -> None:
        with self._lock:
            self._blocks[lun, block] = content
            self._blocks.move_to_end((lun, block))
            if len(self._blocks) > self._capacity:
                self._blocks.popitem(last=False)

    @property
    def held_bytes(self) -> int:
        with self._lock:
            return sum(map(len, self._blocks.values()))

    def clear(self) -> None:
        with self._lock:
            self._blocks.clear()

    def drop(self, lun: int, block: int) -> None:
        with self._lock:
            self._blocks.pop((lun, block), None)


@dataclass(frozen=True, slots=True)
class _Piece:
    """The part of one block that a write touches: bytes `low` to `high` of the block."""

    block: int
    low: int
    high: int


class GuestDisk:
    """One disk. `size_bytes` is what the guest sees; the blob is one sector longer, the VHD's footer.

    Thread-safe. A write passes the gate before it takes the disk's lock. So a write that waits at a closed gate holds
    no lock that a freeze or a thaw needs, and no digest changes while the gate is closed.
    """

    def __init__(
        self,
        *,
        lun: int,
        name: str,
        blob: Blob,
        size_bytes: int,
        blobs: Blobs,
        gate: Gate,
        ledger: Ledger,
        cache: BlockCache,
        history: WriteHistory,
    ) -> None:
        self.lun = lun
        self.name = name
        self.blob = blob
        self.size_bytes = size_bytes
        self.bytes_written = 0
        """Since boot, as acknowledged."""
        self.ledger = ledger
        self._blobs = blobs
        self._gate = gate
        self._cache = cache
        self._history = history
        self._lock = Lock()

    def read(self, offset: int, length: int) -> bytes:
        """Bytes of the disk; holes that are known as such cost no request."""
        if not 0 <= offset <= offset + length <= blob_bytes(self.size_bytes):
            raise ValueError(f"disk {self.name} has no bytes from {offset} to {offset + length}")
        result = bytearray(length)
        with self._lock:
            keep = length <= LARGEST_CACHED_READ_BYTES
            missing: list[_Piece] = []
            for piece in _pieces(offset, length):
                content = self._known(piece.block)
                if content is None:
                    missing.append(piece)
                else:
                    at = piece.block * BLOCK_BYTES + piece.low - offset
                    result[at : at + piece.high - piece.low] = content[piece.low : piece.high]
            for run in _runs(missing):
                for piece, content in zip(run, self._load(run[0].block, run[-1].block, keep), strict=True):
                    at = piece.block * BLOCK_BYTES + piece.low - offset
                    result[at : at + piece.high - piece.low] = content[piece.low : piece.high]
        return bytes(result)

    def write(self, offset: int, data: bytes | bytearray | memoryview) -> None:
        """Whole sectors; returns when the storage has acknowledged all of it."""
        end = offset + len(data)
        if offset % SECTOR_BYTES or end % SECTOR_BYTES or not 0 <= offset <= end <= blob_bytes(self.size_bytes):
            raise ValueError(f"disk {self.name} has no sectors from {offset} to {end}")
        view = memoryview(data)
        start = offset
        while start < end:
            cut = min(start - start % BLOCK_BYTES + WRITE_BYTES, end)
            with self._gate.passage(), self._lock:
                self._write_pages(start, view[start - offset : cut - offset])
            start = cut

    def image(self) -> StoredImage:
        return StoredImage(self._blobs, self.blob, blob_bytes(self.size_bytes))

    def digests(self) -> tuple[DigestTable, int]:
        """What the disk holds now, and the number of this moment in the order of writes."""
        with self._lock:
            if self.ledger.doubts:
                self._history.gap(self.lun)
            return self.ledger.table.copy(), self._history.number()

    def table(self) -> DigestTable:
        """What the disk holds now, for whoever only looks."""
        with self._lock:
            return self.ledger.table.copy()

    def settle(self) -> None:
        """Read back every block whose last write was not answered."""
        with self._lock:
            for block in list(self.ledger.doubts):
                self._load(block, block, keep=False)

    def adopt(self) -> None:
        """Take the storage's present contents as the truth: for a disk from another machine."""
        self.ledger.table = read_table(self.image())
        self.ledger.compact()

    def follow_size(self) -> None:
        """At a start: where the service made the disk larger meanwhile, the block of its former footer is zero, unless
        that failed half-way, and the one at the new end is the service's. Others stay as the ledger has them."""
        before_bytes, now_bytes = self.ledger.table.size_bytes, blob_bytes(self.size_bytes)
        if before_bytes >= now_bytes:
            return
        ends = (end - FOOTER_BYTES for end in (before_bytes, now_bytes))
        former, latter = (self._blobs.read(self.blob, end, FOOTER_BYTES) for end in ends)
        block = (before_bytes - FOOTER_BYTES) // BLOCK_BYTES
        changes = [((now_bytes - FOOTER_BYTES) // BLOCK_BYTES, digest_of(latter))]
        if is_zero(former) or self.ledger.allows(block, digest_of(former)):
            changes.append((block, digest_of(former.ljust(BLOCK_BYTES, b"\0"))))  # it was the last one, and short
        self.ledger.grow(now_bytes, changes)

    def close(self, clean: bool) -> None:
        if clean:
            self.ledger.compact()
        self.ledger.close()

    def lost_writes(self) -> LostWrites | None:
        """At a start: compare the storage with what it had acknowledged, then go on from what it has.

        After an orderly end too: the storage may have lost something while the guest ran, and nobody read it since.
        """
        differences = list(differing(self.ledger.table, self.image()))
        lost = [block for block, digest in differences if not self.ledger.allows(block, digest)]
        undoubted = [(block, self.ledger.table.get(block)) for block in self.ledger.doubts]
        self.ledger.settle([*undoubted, *differences])
        self.ledger.compact()
        return LostWrites(self.name, self.lun, len(lost), lost[0] * BLOCK_BYTES) if lost else None

    def _write_pages(self, offset: int, data: memoryview) -> None:
        """One page write: intended, sent, acknowledged. With passage and lock."""
        contents = {piece.block: self._merged(piece, offset, data) for piece in _pieces(offset, len(data))}
        changes = [(block, digest_of(content)) for block, content in contents.items()]
        before = [self.ledger.table.get(block) for block in contents]
        zeros, doubtful = is_zero(data), not self.ledger.doubts.keys().isdisjoint(contents)
        if doubtful:
            self._history.gap(self.lun)
        elif zeros and all(digest == ZERO for digest in before):
            return  # a hole stays a hole
        self.ledger.intend(changes)
        started = self._history.number()
        try:
            if zeros:
                self._blobs.clear(self.blob, offset, len(data))
            else:
                self._blobs.write(self.blob, offset, data)
        except BaseException:
            self._lose_sight(changes)
            raise
        self.ledger.acknowledge()
        self.bytes_written += len(data)
        described = tuple(Change(block, old, new) for (block, new), old in zip(changes, before, strict=True))
        self._history.record(Write(self.lun, started, self._history.number(), described))
        for block, content in contents.items():
            if len(data) < BLOCK_BYTES or self._cache.get(self.lun, block) is not None:
                self._cache.put(self.lun, block, bytes(content))

    def _lose_sight(self, changes: Changes) -> None:
        """The storage did not answer: it may have the old bytes or the new ones."""
        self.ledger.doubt()
        self._history.gap(self.lun)
        for block, _ in changes:
            self._cache.drop(self.lun, block)

    def _merged(self, piece: _Piece, offset: int, data: memoryview) -> bytes | memoryview:
        """The block's content once the piece is written."""
        at = piece.block * BLOCK_BYTES + piece.low - offset
        new = data[at : at + piece.high - piece.low]
        length = self._block_length(piece.block)
        if len(new) == length:
            return new
        old = self._known(piece.block) or self._load(piece.block, piece.block, keep=True)[0]
        return b"".join((old[: piece.low], new, old[piece.high : length]))

    def _known(self, block: int) -> bytes | None:
        """The block's content where no request is needed for it."""
        content = self._cache.get(self.lun, block)
        if content is None and self.ledger.table.get(block) == ZERO and block not in self.ledger.doubts:
            return bytes(self._block_length(block))
        return content

    def _load(self, first: int, last: int, keep: bool) -> list[bytes]:
        """Read blocks from the storage and compare their digests with the ledger's."""
        offset = first * BLOCK_BYTES
        end = min((last + 1) * BLOCK_BYTES, blob_bytes(self.size_bytes))
        data = self._blobs.read(self.blob, offset, end - offset)
        contents = [data[at : at + BLOCK_BYTES] for at in range(0, end - offset, BLOCK_BYTES)]
        for block, content in enumerate(contents, first):
            digest = digest_of(content)
            if not self.ledger.allows(block, digest):
                raise DiskCorrupt(self.name, block)
            if block in self.ledger.doubts:
                self.ledger.settle([(block, digest)])
                self._history.gap(self.lun)
            if keep:
                self._cache.put(self.lun, block, content)
        return contents

    def _block_length(self, block: int) -> int:
        return min(BLOCK_BYTES, blob_bytes(self.size_bytes) - block * BLOCK_BYTES)


def _pieces(offset: int, length: int) -> Iterator[_Piece]:
    for block in range(offset // BLOCK_BYTES, -(-(offset + length) // BLOCK_BYTES)):
        start = block * BLOCK_BYTES
        yield _Piece(block, max(offset - start, 0), min(offset + length - start, BLOCK_BYTES))


def _runs(pieces: list[_Piece]) -> Iterator[list[_Piece]]:
    """Neighbouring pieces together, as far as one bulk read goes."""
    run: list[_Piece] = []
    for piece in pieces:
        if run and (piece.block != run[-1].block + 1 or len(run) == READ_BYTES // BLOCK_BYTES):
            yield run
            run = []
        run.append(piece)
    if run:
        yield run
