"""Packs: block blobs in which the vault keeps blocks and segments; written once, read by ranges, compacted.

A pack's bytes are addressed by their offset when it was written, for ever. When most of them are named by nobody, the
rest moves to a new blob of the same pack, the next generation, which ends with a table of what it has kept. So no
manifest changes when a pack is thinned out, and a blob never changes under a reader: it finds its blob gone, looks for
the newer one and reads on.
"""

from __future__ import annotations

from collections.abc import Collection, Sequence
from itertools import accumulate, islice
from struct import Struct
from threading import Lock

from controlplane.domain.spans import Span, pieces
from controlplane.ports import READ_BYTES, Blob, BlobNotFound, Blobs, BlobWriter
from controlplane.vault_format.damage import VaultCorrupt
from controlplane.vault_format.manifest import BlockPlace
from controlplane.vault_format.memory import PackBlob, SeenPack, listing_sizes_of, memory_of
from controlplane.vault_format.sources import in_order

CONTAINER = "vault"
LEAST_NAMED_SHARE = 0.5
"""A pack of which a smaller share is named by anybody is thinned out. At a half, the vault holds at most twice what is
named, and no byte is moved that does not free another."""
FEW_PACKS = 3
"""So many packs are looked up by a request or two each; more by a listing."""
LISTED_AT_MOST = 5000
"""Blobs in a page of a listing. Where a vault has more, packs are looked up one by one."""
_TABLE_AT = "table_offset"
"""Metadata of a blob that is not the first of its pack: where its table begins."""
_KEPT = Struct("<QQ")


class Packs:
    """The packs of a vault account. Caches the blob of each pack, so use one instance for one piece of work."""

    def __init__(self, blobs: Blobs, account: str, *, trusting: bool = False, fresh: bool = False) -> None:
        """`trusting`: a pack that this process has seen before is not looked up. For whoever tidies up: a pack that is
        gone meanwhile takes nothing along, and reads that find it gone look it up after all. `fresh`: nothing is
        remembered, so that everything is looked at."""
        self._blobs = blobs
        self._account = account
        self._trusting = trusting
        self._lock = Lock()
        self._turns: dict[str, Lock] = {}
        """One for each pack: it is looked up once, while others are looked up too."""
        self._known: dict[str, PackBlob | None] = {}
        self._listed: dict[str, list[Blob]] | None = None
        """The generations of each pack, where many have been listed at once."""
        self._listed_since = 0
        self._touched: set[str] = set()
        self.memory = None if fresh else memory_of(blobs)

    def writer(self, pack: str) -> PackWriter:
        self._forget(pack)
        return PackWriter(pack, self._blobs.writer(self._blob(pack, 0)))

    def expect(self, packs: Collection[str]) -> None:
        """These will be looked up: many are found by one listing, unless the vault has too many others."""
        with self._lock:
            if self._listed is not None or len(packs) < FEW_PACKS:
                return
            sizes = listing_sizes_of(self._blobs)
            if not sizes.is_listed(self._account, len(packs)):
                return
            self._listed, self._listed_since = {}, self._moment()
            blobs = list(islice(self._blobs.find(self._account, CONTAINER, "packs/"), LISTED_AT_MOST))
            is_whole = len(blobs) < LISTED_AT_MOST
            sizes.shown(self._account, len(blobs) if is_whole else 100 * LISTED_AT_MOST)
            if is_whole:
                for blob in blobs:
                    self._listed.setdefault(blob.name.split("/")[1], []).append(blob)

    def find(self, pack: str) -> PackBlob | None:
        """The blob of the pack; None where there is none."""
        with self._lock:
            turn = self._turns.setdefault(pack, Lock())
        with turn:
            if pack not in self._known:
                self._known[pack] = self._remembered(pack) or self._look_up(pack)
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

    def touch(self, place: BlockPlace) -> None:
        """See that the storage has what is in the pack, as far as one byte shows it: one that crashed may know a blob
        and have lost what was in it. What this process has once read no crash can have taken since. Raises
        VaultCorrupt."""
        blob, _ = self.locate(place)
        seen = self.memory.pack(self._account, place.pack) if self.memory else None
        if place.pack in self._touched or (seen is not None and seen.newest.blob == blob and seen.was_read):
            return
        self.read(BlockPlace(place.pack, place.offset, 1))
        self._touched.add(place.pack)

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
            if self.memory is not None:
                self.memory.note_read(self._account, place.pack, blob)
            return data
        problem = f"pack {place.pack} no longer has its bytes {place.offset} to {place.end}"
        raise VaultCorrupt(problem, places=(place,))

    def thin_out(self, pack: str, kept: Sequence[Span]) -> None:
        """Keep only these stretches of a pack, and drop the generations before. Nothing is done where the storage has
        no such pack any more."""
        self._forget(pack)
        generations = self._generations(pack)
        old = self._open(pack, generations, self._moment())
        if old is None:
            return
        newer = self._blob(pack, int(old.blob.name.rpartition("/")[2]) + 1)
        writer = self._blobs.writer(newer)
        self._known[pack] = old
        table = b"".join(_KEPT.pack(start, end - start) for start, end in kept)
        kept_bytes = sum(end - start for start, end in kept)
        try:
            parts = (BlockPlace(pack, start, end - start) for start, end in pieces(kept, READ_BYTES))
            for data in in_order(self.read, parts):
                writer.write(data)
            writer.write(table)
            writer.commit({_TABLE_AT: str(kept_bytes)})
        except BaseException:
            writer.abort()
            raise
        finally:
            self._forget(pack)
        since = self._moment()
        for blob in generations:
            self._blobs.delete(blob)
        thinned = _in_stretches(newer, kept_bytes + len(table), list(_KEPT.iter_unpack(table)))
        self._remember(pack, SeenPack(thinned, is_alone=True), since)

    def drop_older(self, pack: str) -> None:
        """Delete the generations before the present one, which a crash may have left."""
        since = self._moment()
        present = self.find(pack)
        seen = self._seen(pack)
        if present is None or (seen is not None and seen.newest.blob == present.blob and seen.is_alone):
            return
        for blob in self._generations(pack):
            if blob.name < present.blob.name:
                self._blobs.delete(blob)
        self._remember(pack, SeenPack(present, is_alone=True), since)

    def delete(self, pack: str) -> None:
        seen = self._seen(pack)
        self._forget(pack)
        generations = [seen.newest.blob] if seen is not None and seen.is_alone else self._generations(pack)
        for blob in generations:
            self._blobs.delete(blob)

    # ----------------------------------------------------------------------------------------------------- looking up

    def _look_up(self, pack: str) -> PackBlob | None:
        if self._listed is not None and (listed := self._listed.get(pack)):
            found = self._open(pack, listed, self._listed_since)
            if found is not None:
                return found
        since = self._moment()
        return self._open(pack, self._generations(pack), since)

    def _open(self, pack: str, generations: Sequence[Blob], since: int) -> PackBlob | None:
        """The newest of these, which were there at the moment `since`; None where it is gone, or there are none."""
        newest = max(generations, key=lambda blob: blob.name, default=None)
        if newest is None:
            return None
        seen = self.memory.pack(self._account, pack) if self.memory else None
        if seen is not None and seen.newest.blob == newest:
            return seen.newest
        properties = self._blobs.properties(newest)
        if properties is None:
            return None
        if _TABLE_AT not in properties.metadata:
            opened = PackBlob(newest, properties.size_bytes, (0,), (properties.size_bytes,), (0,))
        else:
            table = self._blobs.read(newest, int(properties.metadata[_TABLE_AT]))
            opened = _in_stretches(newest, properties.size_bytes, list(_KEPT.iter_unpack(table)))
        self._remember(pack, SeenPack(opened, is_alone=len(generations) == 1), since)
        return opened

    def _generations(self, pack: str) -> list[Blob]:
        return list(self._blobs.find(self._account, CONTAINER, f"packs/{pack}/"))

    def _seen(self, pack: str) -> SeenPack | None:
        return self.memory.pack(self._account, pack) if self.memory and self._trusting else None

    def _remembered(self, pack: str) -> PackBlob | None:
        seen = self._seen(pack)
        return seen.newest if seen is not None else None

    def _remember(self, pack: str, seen: SeenPack, since: int) -> None:
        if self.memory is not None:
            self.memory.remember_pack(self._account, pack, seen, since)

    def _moment(self) -> int:
        return self.memory.moment() if self.memory is not None else 0

    def _forget(self, pack: str) -> None:
        self._known.pop(pack, None)
        if self._listed is not None:
            self._listed.pop(pack, None)
        if self.memory is not None:
            self.memory.forget_pack(self._account, pack)

    def _blob(self, pack: str, generation: int) -> Blob:
        return Blob(self._account, CONTAINER, f"packs/{pack}/{generation:04}")


def _in_stretches(blob: Blob, stored_bytes: int, table: Sequence[tuple[int, int]]) -> PackBlob:
    """A blob with these stretches of its pack, each with its length."""
    starts, lengths = [start for start, _ in table], [length for _, length in table]
    return PackBlob(blob, stored_bytes, starts, lengths, list(accumulate(lengths[:-1], initial=0)))


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
