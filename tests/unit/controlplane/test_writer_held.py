"""A wait inside a transaction of the store is refused, wherever it is; outside of one everything waits."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import UTC, datetime

import pytest

from controlplane import side_threads
from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.ports import Ports
from controlplane.vault_format.sources import in_order
from controlplane.writer_held import WaitedWithWriter, about_to_wait
from simulator.guest.disk.gate import Gate
from simulator.storage.deferred_blobs import DeferredStorage
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with closing(VirtualClock(START)) as clock, closing(SqlStore(":memory:", clock)) as store:
        yield store


def nothing() -> Ports:
    raise AssertionError("no run begins here")


def waits(store: SqlStore) -> dict[str, Callable[[], object]]:
    clock, engine = VirtualClock(START), InlineEngine({}, nothing, store.runs)
    begun = side_threads.begin("piece", lambda: 1)
    return {
        "a thread": lambda: side_threads.result_of(begun),
        "threads": lambda: side_threads.wait_for_all([begun]),
        "a transfer": lambda: list(in_order(lambda item: item, [1, 2])),
        "what an engine runs": engine.settle,
        "the end of an engine": engine.close,
        "the actions of a clock": clock.close,
        "pending writes": lambda: Gate(clock).hold(START),
    }


@pytest.mark.parametrize(
    "what",
    [
        "a thread",
        "threads",
        "a transfer",
        "what an engine runs",
        "the end of an engine",
        "the actions of a clock",
        "pending writes",
    ],
)
def test_a_wait_is_refused_in_a_transaction_and_goes_on_outside(store: SqlStore, what: str) -> None:
    wait = waits(store)[what]
    with store.transaction(), pytest.raises(WaitedWithWriter, match="inside a transaction"):
        wait()
    wait()


def test_a_storage_that_still_starts_is_not_waited_for_in_a_transaction(store: SqlStore) -> None:
    storage = DeferredStorage()
    with store.transaction(), pytest.raises(WaitedWithWriter, match="the start of the storage"):
        storage.get()
    blobs = MemoryBlobs()
    storage.arrive(blobs)
    with store.transaction():
        assert storage.get() is blobs, "there is nothing to wait for"


def test_other_threads_may_wait_meanwhile(store: SqlStore) -> None:
    refused: list[BaseException] = []

    def wait() -> None:
        try:
            about_to_wait("somebody")
        except WaitedWithWriter as refusal:
            refused.append(refusal)

    with store.transaction():
        thread = threading.Thread(target=wait)
        thread.start()
        thread.join()
    assert refused == []


def test_a_nested_transaction_does_not_end_the_outer_one(store: SqlStore) -> None:
    with store.transaction():
        with store.transaction():
            pass
        with pytest.raises(WaitedWithWriter):
            about_to_wait("somebody")
    about_to_wait("somebody")


def test_what_failed_holds_nothing(store: SqlStore) -> None:
    with pytest.raises(ValueError, match="no"), store.transaction():
        raise ValueError("no")
    about_to_wait("somebody")


def test_listeners_of_a_commit_hold_nothing(store: SqlStore) -> None:
    store.on_commit(lambda commit: about_to_wait("somebody"))
    store.put("a.b", "1", {})
