"""Storage that can fail or forget, at any of its calls."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from datetime import datetime

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob, BlobProperties, Blobs, BlobWriter, Range, StorageUnavailable

Listener = Callable[[str, Blob], None]


class FaultyBlobs:
    """The storage `inner`, seen through a `listener` that is told of calls and may raise.

    It hears `read`, `find` and `properties` before such a call, and `create`, `put`, `commit`, `write`, `snapshot` and
    `delete` before and, with ` done` added, after it.
    """

    def __init__(self, inner: Blobs | None = None) -> None:
        self.inner: Blobs = inner or MemoryBlobs()
        self.listener: Listener | None = None

    def _tell(self, verb: str, blob: Blob) -> None:
        if self.listener is not None:
            self.listener(verb, blob)

    def add_account(self, account: str) -> None:
        self.inner.add_account(account)

    def empty_account(self, account: str) -> None:
        self.inner.empty_account(account)

    def account_key(self, account: str) -> str:
        return self.inner.account_key(account)

    def account_url(self, account: str) -> str:
        return self.inner.account_url(account)

    def url(self, blob: Blob) -> str:
        return self.inner.url(blob)

    def parse(self, url: str) -> Blob:
        return self.inner.parse(url)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("create", blob)
        self.inner.create(blob, size_bytes, metadata)
        self._tell("create done", blob)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._tell("put", blob)
        self.inner.put(blob, data, metadata)
        self._tell("put done", blob)

    def writer(self, blob: Blob) -> BlobWriter:
        return _FaultyWriter(self._tell, blob, self.inner.writer(blob))

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._tell("read", blob)
        return self.inner.read(blob, offset, length)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._tell("write", blob)
        self.inner.write(blob, offset, data)
        self._tell("write done", blob)

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        self.inner.clear(blob, offset, length)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._tell("snapshot", blob)
        stamp = self.inner.snapshot(blob, metadata)
        self._tell("snapshot done", blob.at(stamp))
        return stamp

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        return self.inner.ranges(blob, offset, length)

    def changed_ranges(self, blob: Blob, previous: str | None) -> Sequence[Range]:
        return self.inner.changed_ranges(blob, previous)

    def properties(self, blob: Blob) -> BlobProperties | None:
        self._tell("properties", blob)
        return self.inner.properties(blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self._tell("find", Blob(account, container, prefix))
        return self.inner.find(account, container, prefix, snapshots)

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        return self.inner.sas(blob, permissions, expires)

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._tell("delete", blob)
        self.inner.delete(blob, snapshots)
        self._tell("delete done", blob)


class _FaultyWriter:
    """A writer whose commit is told of."""

    def __init__(self, tell: Listener, blob: Blob, inner: BlobWriter) -> None:
        self._tell = tell
        self._blob = blob
        self._inner = inner

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self._inner.write(data)

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        self._tell("commit", self._blob)
        size_bytes = self._inner.commit(metadata)
        self._tell("commit done", self._blob)
        return size_bytes

    def abort(self) -> None:
        self._inner.abort()


class FailOnce:
    """Counts the calls, and refuses the n-th (from 0) once; None = none."""

    def __init__(self, at: int | None = None) -> None:
        self.calls: list[str] = []
        self._at = at

    def __call__(self, verb: str, blob: Blob) -> None:
        self.calls.append(f"{verb} {blob.account}/{blob.container}")
        if self._at == len(self.calls) - 1:
            raise StorageUnavailable("no answer")
