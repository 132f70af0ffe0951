"""Blobs in memory that say of themselves that they lose nothing by themselves, and count what they are asked."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob, BlobProperties


class Lifetime:
    """One process of a world, whose end ends its storage too."""


class LastingBlobs(MemoryBlobs):
    def __init__(self) -> None:
        super().__init__()
        self._lifetime = Lifetime()
        self.asked: Counter[tuple[str, str]] = Counter()
        """How often each verb was called, and of what: the beginning of a blob's name, or of the names looked for."""

    def lifetime(self) -> object | None:
        return self._lifetime

    def start_again(self) -> None:
        """The next process asks it: what the one before remembered is gone."""
        self._lifetime = Lifetime()

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._count("read", blob.name)
        return super().read(blob, offset, length)

    def properties(self, blob: Blob) -> BlobProperties | None:
        self._count("properties", blob.name)
        return super().properties(blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self.asked["find", prefix if prefix == "packs/" else prefix.partition("/")[0]] += 1
        return super().find(account, container, prefix, snapshots)

    def _count(self, verb: str, name: str) -> None:
        self.asked[verb, name.partition("/")[0]] += 1
