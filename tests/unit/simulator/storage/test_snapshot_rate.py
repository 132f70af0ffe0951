"""How often one blob may be snapshotted: by whoever asks, in world time."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.ports import Blob, BlobConflict
from simulator.storage.snapshot_rate import KIND, RatedBlobs, SnapshotRate
from tests.virtual_clock import VirtualClock

DISK = Blob("disks", "vhds", "os.vhd")
PATH = "/disks/vhds/OS.vhd"


@pytest.fixture
def clock() -> VirtualClock:
    return VirtualClock(datetime(2026, 3, 1, tzinfo=UTC))


@pytest.fixture
def store(clock: VirtualClock) -> Iterator[SqlStore]:
    made = SqlStore(":memory:", clock)
    yield made
    made.close()


def test_a_second_snapshot_within_the_interval_is_refused_and_does_not_count(
    store: SqlStore, clock: VirtualClock
) -> None:
    rate = SnapshotRate(store, clock, 60)
    assert rate.counts
    seen = []
    for _ in range(5):
        seen.append(rate.refuses(PATH))
        clock.jump(30)
    assert seen == [False, True, False, True, False]
    assert not rate.refuses("/disks/vhds/data.vhd"), "each blob has a time of its own"


def test_a_start_of_the_world_forgets_no_time_and_keeps_none_that_is_over(store: SqlStore, clock: VirtualClock) -> None:
    assert not SnapshotRate(store, clock, 60).refuses(PATH)
    clock.jump(59)
    assert SnapshotRate(store, clock, 60).refuses(PATH)
    clock.jump(1)
    assert not SnapshotRate(store, clock, 60).refuses("/disks/vhds/data.vhd")
    (kept,) = store.find(KIND)
    assert list(kept.json()) == ["/disks/vhds/data.vhd"]


def test_without_an_interval_nothing_is_counted(store: SqlStore, clock: VirtualClock) -> None:
    rate = SnapshotRate(store, clock, 0)
    assert not rate.counts
    assert [rate.refuses(PATH) for _ in range(3)] == [False] * 3
    assert store.find(KIND) == []


def test_a_party_and_a_machine_share_the_time_of_a_disk(store: SqlStore, clock: VirtualClock) -> None:
    rate, storage = SnapshotRate(store, clock, 60), MemoryBlobs()
    storage.add_account("disks")
    storage.create(DISK, 512)
    party = RatedBlobs(storage, rate)
    assert not rate.refuses(PATH)
    with pytest.raises(BlobConflict, match="SnapshotOperationRateExceeded"):
        party.snapshot(DISK)
    clock.jump(60)
    assert party.snapshot(DISK)
    assert rate.refuses(PATH)
