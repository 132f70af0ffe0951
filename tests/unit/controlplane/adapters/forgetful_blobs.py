"""Storage in memory that forgets what came after its last save when it is killed, as Azurite does, and knows what."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob, BlobMade, Deletion


class ForgetfulBlobs(MemoryBlobs):
    """`acts` are the deletions since the last save, and what was made."""

    def __init__(self) -> None:
        super().__init__()
        self.acts: list[Deletion | BlobMade] = []
        self.save()

    def save(self) -> None:
        with self._lock:
            self.acts.clear()
            self._saved = deepcopy((self._contents, self._containers))

    def end_killed(self) -> Sequence[Deletion | BlobMade]:
        """What it has forgotten, in the order in which it happened."""
        with self._lock:
            forgotten = list(self.acts)
            self._contents, self._containers = deepcopy(self._saved)
            self.acts.clear()
            return forgotten

    def everything(self) -> set[Blob]:
        """All blobs and snapshots."""
        with self._lock:
            return set(self._contents)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        super().create(blob, size_bytes, metadata)
        self.acts.append(BlobMade(blob))

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        super().put(blob, data, metadata)
        self.acts.append(BlobMade(blob))

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        was_there = self.properties(blob) is not None
        super().delete(blob, snapshots)
        if was_there:
            self.acts.append(Deletion(blob, "include" if snapshots else ""))

    def delete_container(self, account: str, name: str) -> None:
        was_there = self.container(account, name) is not None
        super().delete_container(account, name)
        if was_there:
            self.acts.append(Deletion(Blob(account, name, "")))

    def empty_account(self, account: str) -> None:
        for container in self.containers(account):
            self.delete_container(account, container.name)
