"""Storage that can fail or forget, at any of its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.port_wrappers import BlobsWrapper, BlobWriterWrapper
from controlplane.ports import Blob, BlobProperties, Blobs, BlobWriter, StorageUnavailable

Listener = Callable[[str, Blob], None]


class FaultyBlobs(BlobsWrapper):
    """The storage `inner`, seen through a `listener` that is told of calls and may raise.

    It hears `read`, `find` and `properties` before such a call, and `create`, `put`, `commit`, `write`, `snapshot` and
    `delete` before and, with ` done` added, after it.
    """

    def __init__(self, inner: Blobs | None = None) -> None:
        super().__init__(inner or MemoryBlobs())
        self.listener: Listener | None = None
        self.flipped: set[tuple[Blob, int]] = set()
        """Bytes of blobs and snapshots that are read as others than were written."""

    def _tell(self, verb: str, blob: Blob) -> None:
        if self.listener is not None:
            self.listener(verb, blob)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("create", blob)
        super().create(blob, size_bytes, metadata)
        self._tell("create done", blob)

    def grow(self, blob: Blob, size_bytes: int) -> None:
        self._tell("grow", blob)
        super().grow(blob, size_bytes)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("put", blob)
        super().put(blob, data, metadata)
        self._tell("put done", blob)

    def writer(self, blob: Blob) -> BlobWriter:
        return _FaultyWriter(super().writer(blob), self._tell, blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._tell("read", blob)
        data = super().read(blob, offset, length)
        for at in [byte - offset for flipped, byte in self.flipped if flipped == blob]:
            if 0 <= at < len(data):
                data = data[:at] + bytes([data[at] ^ 1]) + data[at + 1 :]
        return data

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._tell("write", blob)
        super().write(blob, offset, data)
        self._tell("write done", blob)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._tell("snapshot", blob)
        stamp = super().snapshot(blob, metadata)
        self._tell("snapshot done", blob.at(stamp))
        return stamp

    def properties(self, blob: Blob) -> BlobProperties | None:
        self._tell("properties", blob)
        return super().properties(blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self._tell("find", Blob(account, container, prefix))
        return super().find(account, container, prefix, snapshots)

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._tell("delete", blob)
        super().delete(blob, snapshots)
        self._tell("delete done", blob)


class _FaultyWriter(BlobWriterWrapper):
    """A writer whose commit is told of."""

    def __init__(self, inner: BlobWriter, tell: Listener, blob: Blob) -> None:
        super().__init__(inner)
        self._tell = tell
        self._blob = blob

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        self._tell("commit", self._blob)
        size_bytes = super().commit(metadata)
        self._tell("commit done", self._blob)
        return size_bytes


class FailOnce:
    """Counts the calls, and refuses the n-th (from 0) once; None = none."""

    def __init__(self, at: int | None = None) -> None:
        self.calls: list[str] = []
        self._at = at

    def __call__(self, verb: str, blob: Blob) -> None:
        self.calls.append(f"{verb} {blob.account}/{blob.container}")
        if self._at == len(self.calls) - 1:
            raise StorageUnavailable("no answer")
