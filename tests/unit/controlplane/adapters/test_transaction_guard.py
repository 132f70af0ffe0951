"""The guard bites: nothing outside is reached inside a transaction, and outside of one everything is."""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from datetime import UTC, datetime
from pathlib import Path

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.ports import Blob, Blobs
from simulator.guest.agent.process import Output, RunningCommand
from simulator.guest.conditions import MachineConditions, MachineFactories
from tests.transaction_guard import AskedInTransaction, GuardedBlobs, TransactionGuard
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 8, 30, tzinfo=UTC)
ADDRESSES = {"account_key", "account_url", "lifetime", "url", "parse", "sas"}
"""Verbs that only compute, or tell which storage it is."""


class Ended:
    """A command that has ended at once."""

    def poll(self) -> int | None:
        return 0

    def kill(self) -> None:
        return None

    def written_bytes(self) -> int:
        return 0

    def output(self) -> Output:
        return Output("")


def ended(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
    return Ended()


@pytest.fixture
def store() -> Iterator[SqlStore]:
    with closing(VirtualClock(START)) as clock, closing(SqlStore(":memory:", clock)) as store:
        yield store


def ways_out(guard: TransactionGuard) -> dict[str, Callable[[], object]]:
    blobs = MemoryBlobs()
    blobs.add_account("a")
    guarded = GuardedBlobs(blobs, guard)
    conditions = guard.conditions(MachineConditions(factories=MachineFactories(run_command=ended)))
    return {
        "Blobs.put was called": lambda: guarded.put(Blob("a", "c", "b"), b""),
        "a process was started": lambda: conditions.factories.run_command([], Path(), {}),
    }


def test_what_reaches_outside_is_refused_in_a_transaction_and_noted(store: SqlStore) -> None:
    guard = TransactionGuard(store)
    ways = ways_out(guard)
    for go_out in ways.values():
        go_out()
    for what, go_out in ways.items():
        with store.transaction(), pytest.raises(AskedInTransaction, match=what):
            go_out()
    assert guard.violations == list(ways)


def test_a_guard_watches_from_the_moment_it_has_a_store(store: SqlStore) -> None:
    guard = TransactionGuard()
    (put, *_) = ways_out(guard).values()
    with store.transaction():
        put()
        guard.watch(store)
        with pytest.raises(AskedInTransaction):
            put()


def test_every_verb_that_reaches_the_storage_is_guarded() -> None:
    verbs = {name for name, member in vars(Blobs).items() if inspect.isfunction(member) and not name.startswith("_")}
    assert verbs - ADDRESSES <= vars(GuardedBlobs).keys()
