"""The one way to wrap a port: a class per port that hands every verb on, of which a wrapper overrides what it changes.

Each class names its port as its base, so mypy refuses to make one that lacks a verb or whose verb has another shape
(tests/unit/controlplane/test_port_wrappers.py sees to the rest). A verb never calls another verb of its wrapper: what
an override changes is that verb alone.

`inner` is asked anew with each verb. A wrapper that does not have its port from the first moment on overrides it.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import AbstractContextManager
from datetime import datetime
from typing import Any

from controlplane.domain.events.event import Cause, Event, Names
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    BlobProperties,
    Blobs,
    BlobWriter,
    Clock,
    Commit,
    Container,
    Disk,
    DiskSnapshotOrder,
    Document,
    Engine,
    ExtensionRequest,
    Fabric,
    InstanceView,
    MachineSpec,
    PowerState,
    PublishedHandler,
    Range,
    Store,
    StoreView,
)


class ClockWrapper(Clock):
    def __init__(self, inner: Clock) -> None:
        self._inner = inner

    @property
    def inner(self) -> Clock:
        return self._inner

    def now(self) -> datetime:
        return self.inner.now()


class BlobWriterWrapper(BlobWriter):
    def __init__(self, inner: BlobWriter) -> None:
        self._inner = inner

    @property
    def inner(self) -> BlobWriter:
        return self._inner

    def write(self, data: bytes | bytearray | memoryview) -> None:
        self.inner.write(data)

    def commit(self, metadata: Mapping[str, str] | None = None) -> int:
        return self.inner.commit(metadata)

    def abort(self) -> None:
        self.inner.abort()


class BlobsWrapper(Blobs):
    def __init__(self, inner: Blobs) -> None:
        self._inner = inner

    @property
    def inner(self) -> Blobs:
        return self._inner

    def add_account(self, account: str) -> None:
        self.inner.add_account(account)

    def empty_account(self, account: str) -> None:
        self.inner.empty_account(account)

    def containers(self, account: str) -> Sequence[Container]:
        return self.inner.containers(account)

    def container(self, account: str, name: str) -> Container | None:
        return self.inner.container(account, name)

    def put_container(self, account: str, container: Container) -> None:
        self.inner.put_container(account, container)

    def delete_container(self, account: str, name: str) -> None:
        self.inner.delete_container(account, name)

    def account_key(self, account: str) -> str:
        return self.inner.account_key(account)

    def account_url(self, account: str) -> str:
        return self.inner.account_url(account)

    def url(self, blob: Blob) -> str:
        return self.inner.url(blob)

    def parse(self, url: str) -> Blob:
        return self.inner.parse(url)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self.inner.create(blob, size_bytes, metadata)

    def grow(self, blob: Blob, size_bytes: int) -> None:
        self.inner.grow(blob, size_bytes)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.inner.put(blob, data, metadata)

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        return self.inner.put_if_absent(blob, data)

    def writer(self, blob: Blob) -> BlobWriter:
        return self.inner.writer(blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        return self.inner.read(blob, offset, length)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self.inner.write(blob, offset, data)

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        self.inner.clear(blob, offset, length)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        return self.inner.snapshot(blob, metadata)

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        return self.inner.ranges(blob, offset, length)

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        return self.inner.changed_ranges(blob, previous)

    def properties(self, blob: Blob) -> BlobProperties | None:
        return self.inner.properties(blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        return self.inner.find(account, container, prefix, snapshots)

    def fetch(self, blob: Blob, query: str, most_bytes: int) -> bytes:
        return self.inner.fetch(blob, query, most_bytes)

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        return self.inner.sas(blob, permissions, expires)

    def lifetime(self) -> object | None:
        return self.inner.lifetime()

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self.inner.delete(blob, snapshots)


class StoreWrapper(Store):
    def __init__(self, inner: Store) -> None:
        self._inner = inner

    @property
    def inner(self) -> Store:
        return self._inner

    def get(self, kind: str, id: str) -> Document | None:
        return self.inner.get(kind, id)

    def put(
        self,
        kind: str,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str = "",
        private: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> Document:
        return self.inner.put(
            kind, id, body, parent=parent, private=private, if_match=if_match, if_none_match=if_none_match
        )

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        return self.inner.find(kind, parent, after=after, limit=limit)

    def kinds(self) -> Sequence[str]:
        return self.inner.kinds()

    def delete(self, kind: str, id: str, *, if_match: str | None = None) -> bool:
        return self.inner.delete(kind, id, if_match=if_match)

    def transaction(self) -> AbstractContextManager[None]:
        return self.inner.transaction()

    def in_transaction(self) -> bool:
        return self.inner.in_transaction()

    def view(self) -> AbstractContextManager[StoreView]:
        return self.inner.view()

    def record(self, event: Event) -> int:
        return self.inner.record(event)

    def on_commit(self, listener: Callable[[Commit], None]) -> Callable[[], None]:
        return self.inner.on_commit(listener)

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        return self.inner.events(since, limit=limit, job=job, of=of)


class FabricWrapper(Fabric):
    def __init__(self, inner: Fabric) -> None:
        self._inner = inner

    @property
    def inner(self) -> Fabric:
        return self._inner

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None:
        self.inner.create_vm(vm, spec, cause)

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None:
        self.inner.delete_vm(vm, cause)

    def drop_disk(self, vm: str, blob: Blob) -> None:
        self.inner.drop_disk(vm, blob)

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None:
        self.inner.power(vm, state, cause)

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        self.inner.restart(vm, cause)

    def disks(self, vm: str) -> tuple[Disk, ...]:
        return self.inner.disks(vm)

    def storage_address(self, vm: str) -> str | None:
        return self.inner.storage_address(vm)

    def handlers(self) -> Sequence[PublishedHandler]:
        return self.inner.handlers()

    def handler(self, publisher: str, type: str) -> PublishedHandler | None:
        return self.inner.handler(publisher, type)

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        return self.inner.deliver(vm, request, cause)

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None:
        self.inner.remove_extension(vm, name, cause)

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        return self.inner.run_command(vm, script, cause)

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        self.inner.snapshot_disks(vm, order, cause)

    def instance_view(self, vm: str) -> InstanceView | None:
        return self.inner.instance_view(vm)


class EngineWrapper(Engine):
    def __init__(self, inner: Engine) -> None:
        self._inner = inner

    @property
    def inner(self) -> Engine:
        return self._inner

    def start(self, plan: str, job_id: str, state: Json) -> None:
        self.inner.start(plan, job_id, state)

    def cancel(self, job_id: str) -> bool:
        return self.inner.cancel(job_id)

    def recover(self) -> int:
        return self.inner.recover()

    def close(self) -> None:
        self.inner.close()
