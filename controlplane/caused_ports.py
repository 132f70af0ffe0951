"""Store and fabric on behalf of one cause: what is written through them follows from its event.

A client's request is told by the transaction that it changes something with: the first write through its CausedStore is
the event of the request itself. If that transaction is rolled back the event goes with it, and is written anew by the
next. So there is no change without its request, and no transaction that is only for telling of one that changed
something.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from controlplane.domain.events.event import Cause, Event
from controlplane.port_wrappers import FabricWrapper, StoreWrapper
from controlplane.ports import (
    DiskSnapshotOrder,
    Document,
    ExtensionRequest,
    Fabric,
    MachineSpec,
    PowerState,
    Store,
)


class CausedStore(StoreWrapper):
    """`first` is the event that everything recorded here without a parent follows from; nothing is written before it.
    What belongs to no job belongs to that of `first`.

    For one thread, as a request is.
    """

    def __init__(self, inner: Store, first: Event) -> None:
        super().__init__(inner)
        self._first = first
        self._cause: Cause | None = None

    def cause(self) -> Cause:
        """What is done here follows from this; recorded now unless it is."""
        if self._cause is None:
            self._cause = Cause(self.inner.record(self._first), self._first.job)
        return self._cause

    @contextmanager
    def transaction(self) -> Iterator[None]:
        before = self._cause
        try:
            with self.inner.transaction():
                yield
        except BaseException:
            self._cause = before
            raise

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
        with self._after_the_first():
            return self.inner.put(
                kind, id, body, parent=parent, private=private, if_match=if_match, if_none_match=if_none_match
            )

    def delete(self, kind: str, id: str, *, if_match: str | None = None) -> bool:
        with self._after_the_first():
            return self.inner.delete(kind, id, if_match=if_match)

    def record(self, event: Event) -> int:
        with self._after_the_first():
            if event.parent:
                return self.inner.record(event)
            cause = self.cause()
            return self.inner.record(replace(event, parent=cause.event, job=event.job or cause.job))

    @contextmanager
    def _after_the_first(self) -> Iterator[None]:
        """One transaction for the first event and what comes after it."""
        if self._cause is not None:
            yield
        elif self.inner.in_transaction():
            self.cause()
            yield
        else:
            with self.transaction():
                self.cause()
                yield


class CausedFabric(FabricWrapper):
    """Gives every order to the host the cause, unless it has one of its own."""

    def __init__(self, inner: Fabric, cause: Callable[[], Cause]) -> None:
        super().__init__(inner)
        self._cause = cause

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None:
        self.inner.create_vm(vm, spec, cause or self._cause())

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None:
        self.inner.delete_vm(vm, cause or self._cause())

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None:
        self.inner.power(vm, state, cause or self._cause())

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        self.inner.restart(vm, cause or self._cause())

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        return self.inner.deliver(vm, request, cause or self._cause())

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None:
        self.inner.remove_extension(vm, name, cause or self._cause())

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        return self.inner.run_command(vm, script, cause or self._cause())

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        self.inner.snapshot_disks(vm, order, cause or self._cause())
