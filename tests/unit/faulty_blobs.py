"""Storage in memory that can fail or forget, at any of its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob, StorageUnavailable

Listener = Callable[[str, Blob], None]


class FaultyBlobs(MemoryBlobs):
    """`listener` is told of every call, and of those that change something before and after, and may raise.

    The verbs it hears are `put`, `write`, ... before the call and `put done`, `write done`, ... after it.
    """

    def __init__(self, listener: Listener | None = None) -> None:
        super().__init__()
        self.listener = listener

    def _tell(self, verb: str, blob: Blob) -> None:
        if self.listener is not None:
            self.listener(verb, blob)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("create", blob)
        super().create(blob, size_bytes, metadata)
        self._tell("create done", blob)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("put", blob)
        super().put(blob, data, metadata)
        self._tell("put done", blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._tell("read", blob)
        return super().read(blob, offset, length)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._tell("write", blob)
        super().write(blob, offset, data)
        self._tell("write done", blob)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._tell("snapshot", blob)
        stamp = super().snapshot(blob, metadata)
        self._tell("snapshot done", blob.at(stamp))
        return stamp

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._tell("delete", blob)
        super().delete(blob, snapshots)
        self._tell("delete done", blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self._tell("find", Blob(account, container, prefix))
        return super().find(account, container, prefix, snapshots)


class FailOnce:
    """Counts the calls, and refuses the n-th (from 0) once; None = none."""

    def __init__(self, at: int | None = None) -> None:
        self.calls: list[str] = []
        self._at = at

    def __call__(self, verb: str, blob: Blob) -> None:
        self.calls.append(f"{verb} {blob.account}/{blob.container}")
        if self._at == len(self.calls) - 1:
            raise StorageUnavailable("no answer")
