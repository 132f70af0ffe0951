"""What is wrong with a copy of a disk: the error that says so, and places in packs that are known to be damaged."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from controlplane.domain.spans import Span
from controlplane.ports import BlobConflict, BlobNotFound, PortError
from controlplane.vault_format.manifest import BlockPlace


class DataDamaged(PortError):
    """A copy of a disk lacks data, or holds other data than was written. The message names what."""

    def __init__(self, message: str, *, byte: int | None = None, places: Sequence[BlockPlace] = ()) -> None:
        super().__init__(message)
        self.byte = byte
        """Offset on the disk of the first damaged block; None where no block is known."""
        self.places = tuple(places)
        """The damaged stretches of packs, as far as they are known; always empty for a snapshot."""


class VaultCorrupt(DataDamaged):
    """The vault has lost or changed data."""


class SnapshotDamaged(DataDamaged):
    """A snapshot does not hold what was backed up."""


DAMAGE = (DataDamaged, BlobNotFound, BlobConflict)
"""What reading a copy raises when the copy is at fault, and not the way to it."""


class KnownDamage:
    """Stretches of packs that are known to be damaged: spans by pack, ascending."""

    def __init__(self, spans: Mapping[str, Sequence[Span]]) -> None:
        self._spans = spans

    def touches(self, place: BlockPlace) -> bool:
        return any(start < place.end and place.offset < end for start, end in self._spans.get(place.pack, ()))


NO_DAMAGE = KnownDamage({})
