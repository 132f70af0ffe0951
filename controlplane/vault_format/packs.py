"""Packs: block blobs in which the vault keeps blocks and segments; written once, read by ranges, compacted.

A pack's bytes are addressed by their offset when it was written, for ever. When most of them are named by nobody, the
rest moves to a new blob of the same pack, the next generation, which ends with a table of what it has kept. So no
manifest changes when a pack is thinned out, and a blob never changes under a reader: it finds its blob gone, looks for
the newer one and reads on.
"""

from __future__ import annotations

from bisect import bisect_right
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import accumulate
from struct import Struct
from threading import Lock

from controlplane.domain.spans import Span, pieces
from controlplane.ports import READ_BYTES, Blob, BlobNotFound, Blobs, BlobWriter
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.manifest import BlockPlace
from controlplane.vault_format.sources import in_order

CONTAINER = "vault"
LEAST_NAMED_SHARE = 0.5
"""A pack of which a smaller share is named by anybody is thinned out. At a half, the vault holds at most twice what is
named, and no byte is moved that does not free another."""
_TABLE_AT = "table_offset"
"""Metadata of a blob that is not the first of its pack: where its table begins."""
_KEPT = Struct("<QQ")


@dataclass(frozen=True)
class PackBlob:
    """The blob in which a pack's bytes lie now."""

    blob: Blob
    stored_bytes: int
    starts: Sequence[int]
    """Offset, in the pack, of each kept stretch, ascending."""
    lengths: Sequence[int]
    positions: Sequence[int]
    """Where in the blob each kept stretch begins."""

    def position(self, place: BlockPlace) -> int | None:
        """Where in the blob the place begins; None when it does not lie in it whole."""
        at = bisect_right(self.starts, place.offset) - 1
        if at < 0 or place.end > self.starts[at] + self.lengths[at]:
            return None
        return self.positions[at] + place.offset - self.starts[at]


class Packs:
    """The packs of a vault account. Caches the blob of each pack, so use one instance for one piece of work."""

    def __init__(self, blobs: Blobs, account: str) -> None:
        self._blobs = blobs
        self._account = account
        self._lock = Lock()
        self._turns: dict[str, Lock] = {}
        """One for each pack: it is looked up once, while others are looked up too."""
        self._known: dict[str, PackBlob | None] = {}

    def writer(self, pack: str) -> PackWriter:
        return PackWriter(pack, self._blobs.writer(self._blob(pack, 0)))

    def find(self, pack: str) -> PackBlob | None:
        """The blob of the pack; None where there is none."""
        with self._lock:
            turn = self._turns.setdefault(pack, Lock())
        with turn:
            if pack not in self._known:
                self._known[pack] = self._look_up(pack)
            return self._known[pack]

    def locate(self, place: BlockPlace) -> tuple[Blob, int]:
        """The blob and where in it the place begins. Raises VaultCorrupt when there is none, without reading it."""
        blob_of_pack = self.find(place.pack)
        if blob_of_pack is None:
            raise VaultCorrupt(f"pack {place.pack} is missing", places=(place,))
        position = blob_of_pack.position(place)
        if position is None:
            problem = f"pack {place.pack} is too short for its bytes {place.offset} to {place.end}"
            raise VaultCorrupt(problem, places=(place,))
        return blob_of_pack.blob, position

    def is_sparse(self, pack: str, named_bytes: int) -> bool:
        """Whether so little of the pack is named that it should be thinned out."""
        blob_of_pack = self.find(pack)
        return blob_of_pack is not None and named_bytes < LEAST_NAMED_SHARE * blob_of_pack.stored_bytes

    def read(self, place: BlockPlace) -> bytes:
        for _ in range(2):
            blob, position = self.locate(place)
            try:
                data = self._blobs.read(blob, position, place.length)
            except BlobNotFound:
                self._forget(place.pack)
                continue
            if len(data) != place.length:
                raise VaultCorrupt(f"pack {place.pack} ends before its byte {place.end}", places=(place,))
            return data
        problem = f"pack {place.pack} no longer has its bytes {place.offset} to {place.end}"
        raise VaultCorrupt(problem, places=(place,))

    def thin_out(self, pack: str, kept: Sequence[Span]) -> None:
        """Keep only these stretches of a pack, which must be there."""
        old = self.find(pack)
        assert old
        generation = int(old.blob.name.rpartition("/")[2]) + 1
        writer = self._blobs.writer(self._blob(pack, generation))
        try:
            parts = (BlockPlace(pack, start, end - start) for start, end in pieces(kept, READ_BYTES))
            for data in in_order(self.read, parts):
                writer.write(data)
            writer.write(b"".join(_KEPT.pack(start, end - start) for start, end in kept))
            writer.commit({_TABLE_AT: str(sum(end - start for start, end in kept))})
        except BaseException:
            writer.abort()
            raise
        self._forget(pack)

    def drop_older(self, pack: str) -> None:
        """Delete the generations before the present one, which a crash may have left."""
        present = self.find(pack)
        for blob in self._generations(pack):
            if present and blob.name < present.blob.name:
                self._blobs.delete(blob)

    def delete(self, pack: str) -> None:
        for blob in self._generations(pack):
            self._blobs.delete(blob)
        self._forget(pack)

    def _look_up(self, pack: str) -> PackBlob | None:
        newest = max(self._generations(pack), key=lambda blob: blob.name, default=None)
        properties = self._blobs.properties(newest) if newest else None
        if newest is None or properties is None:
            return None
        if _TABLE_AT not in properties.metadata:
            return PackBlob(newest, properties.size_bytes, (0,), (properties.size_bytes,), (0,))
        table = list(_KEPT.iter_unpack(self._blobs.read(newest, int(properties.metadata[_TABLE_AT]))))
        starts, lengths = [start for start, _ in table], [length for _, length in table]
        return PackBlob(newest, properties.size_bytes, starts, lengths, list(accumulate(lengths[:-1], initial=0)))

    def _generations(self, pack: str) -> list[Blob]:
        return list(self._blobs.find(self._account, CONTAINER, f"packs/{pack}/"))

    def _forget(self, pack: str) -> None:
        self._known.pop(pack, None)

    def _blob(self, pack: str, generation: int) -> Blob:
        return Blob(self._account, CONTAINER, f"packs/{pack}/{generation:04}")


def is_later_generation(blob: Blob, of: Blob) -> bool:
    """Whether both are blobs of the same pack, and this one is the later."""
    folder, _, generation = of.name.rpartition("/")
    return (
        folder.startswith("packs/")
        and (blob.account, blob.container, blob.name.rpartition("/")[0]) == (of.account, CONTAINER, folder)
        and blob.name.rpartition("/")[2] > generation
    )


class PackWriter:
    """A pack in the making; it exists once committed."""

    def __init__(self, pack: str, writer: BlobWriter) -> None:
        self.pack = pack
        self.size_bytes = 0
        self._writer = writer

    def write(self, data: bytes | memoryview) -> BlockPlace:
        place = BlockPlace(self.pack, self.size_bytes, len(data))
        self._writer.write(data)
        self.size_bytes += len(data)
        return place

    def commit(self) -> None:
        self._writer.commit()

    def abort(self) -> None:
        self._writer.abort()
