"""A storage that is still starting: who needs it waits, who does not does not, and who waits in vain is told."""

from __future__ import annotations

import threading
from pathlib import Path

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.ports import StorageUnavailable
from simulator.storage import storage_address
from simulator.storage.deferred_blobs import DeferredStorage
from tests.unit.controlplane.arm.arm_world import START
from tests.virtual_clock import VirtualClock


def test_a_request_made_before_the_storage_is_there_is_done_when_it_comes() -> None:
    late, storage = DeferredStorage(), MemoryBlobs()
    blobs = late.blobs()
    asked = threading.Thread(target=lambda: blobs.add_account("sql01disks"))
    asked.start()
    late.arrive(storage)
    asked.join()
    assert blobs.account_url("sql01disks") == storage.account_url("sql01disks")


def test_who_waits_for_a_storage_that_never_comes_is_told() -> None:
    late = DeferredStorage()
    told: list[Exception] = []

    def ask() -> None:
        try:
            late.blobs().add_account("sql01disks")
        except StorageUnavailable as error:
            told.append(error)

    asked = threading.Thread(target=ask)
    asked.start()
    late.give_up()
    asked.join()
    assert [str(error) for error in told] == ["the storage did not start"]


def test_giving_up_takes_nothing_back() -> None:
    late = DeferredStorage()
    late.arrive(MemoryBlobs())
    late.give_up()
    late.blobs().add_account("sql01disks")


@pytest.mark.parametrize(
    ("now", "named", "settled"),
    [
        ("http://127.0.0.1:10000", True, True),
        ("http://127.0.0.1:10001", True, False),
        (None, True, False),
        (None, False, True),
        ("http://127.0.0.1:10001", False, True),
    ],
)
def test_arm_answers_early_only_where_no_address_that_it_shows_may_change(
    tmp_path: Path, now: str | None, named: bool, settled: bool
) -> None:
    clock = VirtualClock(START)
    store = SqlStore(f"sqlite:///{tmp_path}/store.db", clock)
    storage_address.settle(store, "http://127.0.0.1:10000", foreign=False)
    if named:
        store.put("microsoft.storage/storageaccounts", "a", {})
    assert storage_address.is_settled(store, now) is settled
    store.close()
    clock.close()
