"""Guards the store's writer: who holds it must ask no storage and start no process.

A slow answer would keep everybody else from writing. The guard is put around the ports and factories of a world under
test, from outside; the product knows nothing of it. That nobody waits there the product sees to itself, by
`controlplane.writer_held`.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path

from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, BlobProperties, Blobs, BlobWriter, Container, Range, Store
from simulator.guest.agent.process import CommandRunner, RunningCommand
from simulator.guest.conditions import MachineConditions


class AskedInTransaction(AssertionError):
    """Something outside was asked inside a transaction of the store."""


class TransactionGuard:
    """Watches one store: from the beginning, or from `watch` on."""

    def __init__(self, store: Store | None = None) -> None:
        self._store = store
        self.violations: list[str] = []
        """What was refused: whoever asked may have caught the error."""

    def watch(self, store: Store) -> None:
        self._store = store

    def check(self, what: str) -> None:
        if self._store is not None and self._store.in_transaction():
            self.violations.append(what)
            raise AskedInTransaction(f"{what} inside a transaction of the store")

    def runner(self, run: CommandRunner) -> CommandRunner:
        """The same, for processes."""

        def guarded(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
            self.check("a process was started")
            return run(arguments, folder, environment)

        return guarded

    def conditions(self, given: MachineConditions) -> MachineConditions:
        """The same for the processes of a machine."""
        factories = replace(given.factories, run_command=self.runner(given.factories.run_command))
        return replace(given, factories=factories)


class GuardedBlobs(BlobsWrapper):
    """Fails where a verb that reaches the storage is called inside a transaction. Verbs that only compute an address
    or a key are let through."""

    def __init__(self, inner: Blobs, guard: TransactionGuard) -> None:
        super().__init__(inner)
        self._guard = guard

    def _check(self, verb: str) -> None:
        self._guard.check(f"Blobs.{verb} was called")

    def add_account(self, account: str) -> None:
        self._check("add_account")
        super().add_account(account)

    def empty_account(self, account: str) -> None:
        self._check("empty_account")
        super().empty_account(account)

    def containers(self, account: str) -> Sequence[Container]:
        self._check("containers")
        return super().containers(account)

    def container(self, account: str, name: str) -> Container | None:
        self._check("container")
        return super().container(account, name)

    def put_container(self, account: str, container: Container) -> None:
        self._check("put_container")
        super().put_container(account, container)

    def delete_container(self, account: str, name: str) -> None:
        self._check("delete_container")
        super().delete_container(account, name)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._check("create")
        super().create(blob, size_bytes, metadata)

    def grow(self, blob: Blob, size_bytes: int) -> None:
        self._check("grow")
        super().grow(blob, size_bytes)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._check("put")
        super().put(blob, data, metadata)

    def put_if_absent(self, blob: Blob, data: bytes) -> bool:
        self._check("put_if_absent")
        return super().put_if_absent(blob, data)

    def writer(self, blob: Blob) -> BlobWriter:
        self._check("writer")
        return super().writer(blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._check("read")
        return super().read(blob, offset, length)

    def fetch(self, blob: Blob, query: str, most_bytes: int) -> bytes:
        self._check("fetch")
        return super().fetch(blob, query, most_bytes)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._check("write")
        super().write(blob, offset, data)

    def clear(self, blob: Blob, offset: int, length: int) -> None:
        self._check("clear")
        super().clear(blob, offset, length)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._check("snapshot")
        return super().snapshot(blob, metadata)

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        self._check("ranges")
        return super().ranges(blob, offset, length)

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range] | None:
        self._check("changed_ranges")
        return super().changed_ranges(blob, previous)

    def properties(self, blob: Blob) -> BlobProperties | None:
        self._check("properties")
        return super().properties(blob)

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self._check("find")
        return super().find(account, container, prefix, snapshots)

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self._check("delete")
        super().delete(blob, snapshots)
