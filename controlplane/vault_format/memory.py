"""What this process has seen of a vault, so that it need not be asked for again: bounded, and never a proof by itself.

Manifests, segments and the blobs of packs never change under their names. A storage that ends together with us loses
nothing of what it once gave back, unless somebody deletes it. So what is remembered saves reads where nothing hangs on
whether it is still there; whether a pack is there is always asked for anew.
"""

from __future__ import annotations

from bisect import bisect_right
from collections import Counter, OrderedDict
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import count
from threading import Lock
from typing import Generic, TypeVar
from weakref import WeakKeyDictionary

from controlplane.ports import Blob, Blobs
from controlplane.vault_format.manifest import BlockPlace

MOST_TEXT_BYTES = 8 * 1024 * 1024
"""Of manifests and segments, all vaults together."""
MOST_STRETCHES = 16 * 1024
"""Of packs: each counts as much as the kept stretches in its table, of some 200 bytes each."""
BLOBS_FOR_A_PACK = 50
"""A look-up of one pack costs about as much as so many more blobs in a listing."""
LISTED_ANYWAY = 100
MOST_FORGOTTEN = 4096
"""More than anybody forgets during one look."""

_Value = TypeVar("_Value")
Key = tuple[str, str]


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


@dataclass(frozen=True, slots=True)
class SeenPack:
    """A pack as it was seen."""

    newest: PackBlob
    is_alone: bool
    """There were no older generations beside it."""
    was_read: bool = False
    """The storage has given back some of its content."""


class Bounded(Generic[_Value]):
    """Values with a weight each; those that were not asked for the longest go. Thread-safe."""

    def __init__(self, most_weight: int) -> None:
        self._most = most_weight
        self._weight = 0
        self._values: OrderedDict[Key, tuple[_Value, int]] = OrderedDict()
        self._lock = Lock()

    def get(self, key: Key) -> _Value | None:
        with self._lock:
            found = self._values.get(key)
            if found is None:
                return None
            self._values.move_to_end(key)
            return found[0]

    def put(self, key: Key, value: _Value, weight: int) -> None:
        """A value that is heavier than all together may be is not kept."""
        with self._lock:
            self._drop(key)
            self._values[key] = value, weight
            self._weight += weight
            while self._weight > self._most:
                self._drop(next(iter(self._values)))

    def drop(self, key: Key) -> None:
        with self._lock:
            self._drop(key)

    @property
    def weight(self) -> int:
        return self._weight

    def _drop(self, key: Key) -> None:
        _, weight = self._values.pop(key, (None, 0))
        self._weight -= weight


class Memory:
    """Of the vaults in one storage, as long as that runs."""

    def __init__(self, most_text_bytes: int = MOST_TEXT_BYTES, most_stretches: int = MOST_STRETCHES) -> None:
        self.texts: Bounded[bytes] = Bounded(most_text_bytes)
        """Manifests by account and name, segments by account and digest, as they lie in the storage."""
        self._packs: Bounded[SeenPack] = Bounded(most_stretches)
        self._forgotten: Bounded[int] = Bounded(MOST_FORGOTTEN)
        """When each pack was forgotten last."""
        self._ticks = count(1)

    def remember_text(self, account: str, name: str, data: bytes) -> None:
        self.texts.put((account, name), data, len(data))

    def text(self, account: str, name: str) -> bytes | None:
        return self.texts.get((account, name))

    def forget_text(self, account: str, name: str) -> None:
        self.texts.drop((account, name))

    def pack(self, account: str, pack: str) -> SeenPack | None:
        return self._packs.get((account, pack))

    def moment(self) -> int:
        """Now, as `remember_pack` counts."""
        return next(self._ticks)

    def remember_pack(self, account: str, pack: str, seen: SeenPack, since: int) -> None:
        """`since`: a moment before the look. What has been changed by somebody since then is not remembered."""
        if (self._forgotten.get((account, pack)) or 0) > since:
            return
        before = self.pack(account, pack)
        if before is not None and before.newest.blob == seen.newest.blob:
            seen = replace(seen, was_read=before.was_read or seen.was_read)
        self._packs.put((account, pack), seen, len(seen.newest.starts))

    def note_read(self, account: str, pack: str, blob: Blob) -> None:
        seen = self.pack(account, pack)
        if seen is not None and seen.newest.blob == blob:
            self._packs.put((account, pack), replace(seen, was_read=True), len(seen.newest.starts))

    def forget_pack(self, account: str, pack: str) -> None:
        self._forgotten.put((account, pack), self.moment(), 1)
        self._packs.drop((account, pack))


class ListingSizes:
    """How many blobs of packs the listings of a vault account have shown, to tell whether another one is worth it: a
    listing costs for each blob of all disks there, a look-up for each pack that is wanted. Thread-safe."""

    def __init__(self) -> None:
        self._lock = Lock()
        self._shown: dict[str, int] = {}
        self._left_out: Counter[str] = Counter()

    def is_listed(self, account: str, wanted_packs: int) -> bool:
        """Whether to list for so many packs; now and then anyway, since a vault may have emptied."""
        with self._lock:
            if self._shown.get(account, 0) <= BLOBS_FOR_A_PACK * wanted_packs:
                return True
            self._left_out[account] += 1
            return self._left_out[account] % LISTED_ANYWAY == 0

    def shown(self, account: str, blobs: int) -> None:
        with self._lock:
            self._shown[account] = blobs


_memories: WeakKeyDictionary[object, Memory] = WeakKeyDictionary()
_listing_sizes: WeakKeyDictionary[object, ListingSizes] = WeakKeyDictionary()
_making = Lock()


def listing_sizes_of(blobs: Blobs) -> ListingSizes:
    with _making:
        return _listing_sizes.setdefault(blobs, ListingSizes())


def memory_of(blobs: Blobs) -> Memory | None:
    """None where the storage may lose what it has given back, and nobody would know."""
    lifetime = blobs.lifetime()
    if lifetime is None:
        return None
    with _making:
        return _memories.setdefault(lifetime, Memory())
