"""A disk of a recovery point as a restore reads it: every block checked, and from another tier where one is damaged.

A snapshot is compared with the digests that the vault keeps of it; the vault compares with its own. What one tier lacks
or has wrong is read from the next, first as the piece that was asked for, then block by block. Where no tier has a
block as it was, nothing of it is handed on.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock

from controlplane.domain.spans import pieces
from controlplane.ports import BLOCK_BYTES, BlockSource, Range
from controlplane.vault_format.damage import DAMAGE, DataDamaged, SnapshotDamaged
from controlplane.vault_format.manifest import SEGMENT_BLOCKS, BlockPlace, digest_of, is_hole
from controlplane.vault_format.vault_source import VaultSource

MOST_DAMAGES = 1000
"""How many are remembered of one disk: more of them say nothing new, and would only cost memory."""


@dataclass(frozen=True, slots=True)
class Damage:
    """What was found of one tier."""

    tier: str
    problem: str
    byte: int | None = None
    """Offset on the disk of the first damaged block; None where no block is known."""
    places: tuple[BlockPlace, ...] = ()

    def error(self) -> DataDamaged:
        return DataDamaged(self.problem, byte=self.byte, places=self.places)


class NowhereWhole(DataDamaged):
    """Every tier has lost or changed the same bytes of a disk. `damages` has one entry for each tier."""

    def __init__(self, byte: int | None, damages: Sequence[Damage]) -> None:
        super().__init__("; ".join(f"{each.tier}: {each.problem}" for each in damages), byte=byte)
        self.damages = tuple(damages)


class CheckedSource:
    """A snapshot, whose blocks are compared with their digests as they are read."""

    def __init__(self, snapshot: BlockSource, digests: VaultSource) -> None:
        self._snapshot = snapshot
        self._digests = digests
        if snapshot.size_bytes != digests.size_bytes:
            raise SnapshotDamaged(f"the snapshot has {snapshot.size_bytes} bytes instead of {digests.size_bytes}")

    @property
    def size_bytes(self) -> int:
        return self._digests.size_bytes

    def extents(self) -> Sequence[Range]:
        """Where there was anything when the digests were made."""
        return self._digests.extents()

    def read(self, offset: int, length: int) -> bytes:
        start = offset - offset % BLOCK_BYTES
        end = min(-(-(offset + length) // BLOCK_BYTES) * BLOCK_BYTES, self.size_bytes)
        data = self._snapshot.read(start, end - start)
        if wrong := self.wrong_blocks(start, data):
            raise SnapshotDamaged(f"the snapshot does not hold what was backed up at byte {wrong[0]}", byte=wrong[0])
        return data if (start, end) == (offset, offset + length) else data[offset - start : offset - start + length]

    def wrong_blocks(self, start: int, data: bytes) -> list[int]:
        """Offsets of the blocks that are not what they were; `data` are whole blocks of the disk from `start` on."""
        view, wrong = memoryview(data), []
        for at in range(0, len(data), BLOCK_BYTES):
            block, part = (start + at) // BLOCK_BYTES, view[at : at + BLOCK_BYTES]
            digest = digest_of(part)
            expected = self._digests.digests(block // SEGMENT_BLOCKS).get(block % SEGMENT_BLOCKS)
            if digest != expected and not (expected is None and is_hole(digest, len(part))):
                wrong.append(start + at)
        return wrong


class TieredSource:
    """Reads from the first tier, and what is damaged there from the next. `tiers`: name, and what opens the copy.

    `damages` is what was found so far. Raises NowhereWhole, here or at any read.
    """

    def __init__(self, tiers: Mapping[str, Callable[[], BlockSource]]) -> None:
        self.damages: list[Damage] = []
        self._lock = Lock()
        self._tiers: dict[str, BlockSource] = {}
        for tier, open_copy in tiers.items():
            try:
                self._tiers[tier] = open_copy()
            except DAMAGE as problem:
                self._note(tier, problem)
        if not self._tiers:
            raise NowhereWhole(None, self.damages)
        self.size_bytes = next(iter(self._tiers.values())).size_bytes

    def extents(self) -> Sequence[Range]:
        damages = []
        for tier, copy in self._tiers.items():
            try:
                return copy.extents()
            except DAMAGE as problem:
                damages.append(self._note(tier, problem))
        raise NowhereWhole(None, damages)

    def read(self, offset: int, length: int) -> bytes:
        try:
            return self._read_whole(offset, length)
        except NowhereWhole:
            if length <= BLOCK_BYTES or len(self._tiers) == 1:
                raise
        blocks = pieces([(offset, offset + length)], BLOCK_BYTES)
        return b"".join(self._read_whole(start, end - start) for start, end in blocks)

    def _read_whole(self, offset: int, length: int) -> bytes:
        """The bytes from the first tier that has all of them."""
        damages = []
        for tier, copy in self._tiers.items():
            try:
                return copy.read(offset, length)
            except DAMAGE as problem:
                damages.append(self._note(tier, problem))
        byte = max((damage.byte for damage in damages if damage.byte is not None), default=offset)
        raise NowhereWhole(byte, damages)

    def _note(self, tier: str, problem: Exception) -> Damage:
        of_data = problem if isinstance(problem, DataDamaged) else DataDamaged(str(problem))
        damage = Damage(tier, str(of_data), of_data.byte, of_data.places)
        with self._lock:
            if damage not in self.damages and len(self.damages) < MOST_DAMAGES:
                self.damages.append(damage)
        return damage
