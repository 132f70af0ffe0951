"""A guest's disk: what it acknowledged is stored, known by digest, and told apart from what is not."""

from __future__ import annotations

import threading
from pathlib import Path
from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.compute.vhd import MEBIBYTE
from controlplane.ports import BLOCK_BYTES, WRITE_BYTES, StorageUnavailable
from simulator.guest.disk.digests import read_table
from simulator.guest.disk.disk import DiskCorrupt, GuestDisk
from tests.unit.simulator.guest.guest_rig import FailingBlobs, lone_disk

SIZE = 4 * MEBIBYTE
SECTORS = SIZE // 512

writes = st.lists(
    st.tuples(st.integers(0, SECTORS - 1), st.integers(1, 400), st.integers(0, 3)), min_size=1, max_size=25
)


def content(number: int, length: int, kind: int) -> bytes:
    """Zeros in one of four cases: they become holes."""
    return bytes(length) if kind == 0 else Random(number * 7 + kind).randbytes(length)


@settings(max_examples=20, deadline=None)
@given(writes, st.sampled_from([2 * BLOCK_BYTES, SIZE]))
def test_disk_storage_and_digests_agree_with_a_model(
    tmp_path_factory: pytest.TempPathFactory, plan: list[tuple[int, int, int]], cache_bytes: int
) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path_factory.mktemp("disk"), cache_bytes=cache_bytes)
    model = bytearray(SIZE + 512)
    for number, (sector, sectors, kind) in enumerate(plan):
        length = min(sectors, SECTORS - sector) * 512
        data = content(number, length, kind)
        disk.write(sector * 512, data)
        model[sector * 512 : sector * 512 + length] = data
        assert disk.read(sector * 512, length) == data
    assert disk.read(0, len(model)) == model
    assert disk.image().read(0, len(model)) == model
    assert read_table(disk.image()) == disk.ledger.table
    disk.close(clean=False)


def test_a_hole_stays_a_hole_and_costs_no_request(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    disk.write(0, bytes(MEBIBYTE))
    assert disk.read(0, SIZE) == bytes(SIZE)
    assert blobs.writes == []
    assert blobs.reads == []
    assert list(disk.image().extents()) == []


def test_zeros_over_data_become_a_hole_again(tmp_path: Path) -> None:
    disk = lone_disk(FailingBlobs(), tmp_path)
    disk.write(0, b"x" * 2 * BLOCK_BYTES)
    disk.write(0, bytes(BLOCK_BYTES))
    assert [(extent.offset, extent.length) for extent in disk.image().extents()] == [(BLOCK_BYTES, BLOCK_BYTES)]


def test_long_writes_go_out_as_page_writes_of_at_most_4_mebibytes(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path, size_mib=16)
    disk.write(512, b"y" * (9 * MEBIBYTE))
    assert [length for _, _, length in blobs.writes] == [WRITE_BYTES - 512, WRITE_BYTES, MEBIBYTE + 512]
    assert disk.bytes_written == 9 * MEBIBYTE


def test_an_altered_block_is_named_before_anything_is_merged_into_it(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path, cache_bytes=BLOCK_BYTES)
    disk.write(5 * BLOCK_BYTES, b"a" * 512)
    disk.write(9 * BLOCK_BYTES, b"b" * 512)  # the cache has room for one block
    blobs.write(disk.blob, 5 * BLOCK_BYTES + 512, b"!" * 512)
    with pytest.raises(DiskCorrupt, match="block 5") as caught:
        disk.write(5 * BLOCK_BYTES + 1024, b"c" * 512)
    assert (caught.value.disk, caught.value.block) == ("lone", 5)
    with pytest.raises(DiskCorrupt):
        disk.read(5 * BLOCK_BYTES, 512)


@pytest.mark.parametrize(("offset", "length"), [(1, 512), (0, 100), (SIZE + 512, 512), (SIZE, 1024), (-512, 512)])
def test_a_write_is_whole_sectors_inside_the_disk(tmp_path: Path, offset: int, length: int) -> None:
    disk = lone_disk(FailingBlobs(), tmp_path)
    with pytest.raises(ValueError, match="no sectors"):
        disk.write(offset, bytes(length))


@pytest.mark.parametrize("arrived", [False, True])
def test_a_write_without_an_answer_is_in_doubt_until_it_is_read(tmp_path: Path, arrived: bool) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    disk.write(0, b"old!" * 128)
    blobs.refuse, blobs.keep_silent = not arrived, arrived
    with pytest.raises(StorageUnavailable):
        disk.write(0, b"new!" * 128)
    blobs.refuse = blobs.keep_silent = False
    assert disk.ledger.doubts.keys() == {0}
    assert disk.read(0, 4) == (b"new!" if arrived else b"old!")
    assert disk.ledger.doubts == {}
    assert read_table(disk.image()) == disk.ledger.table


def killed(disk: GuestDisk) -> None:
    """The process ends: only the files remain."""
    disk.ledger._journal.close()


def test_after_a_kill_nothing_is_lost_that_the_storage_kept(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    for block in range(10):
        disk.write(block * BLOCK_BYTES, bytes([block + 1]) * 512)
    killed(disk)
    again = lone_disk(blobs, tmp_path)
    assert again.lost_writes() is None
    assert again.ledger.table == read_table(again.image())


def test_acknowledged_writes_that_the_storage_lost_are_named_and_counted(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    disk.write(0, b"kept" * 128)
    blobs.forget = True
    disk.write(3 * BLOCK_BYTES, b"lost" * 128)
    disk.write(4 * BLOCK_BYTES, b"lost" * 128)
    killed(disk)
    blobs.forget = False
    again = lone_disk(blobs, tmp_path)
    lost = again.lost_writes()
    assert lost is not None
    assert (lost.disk, lost.blocks, lost.first_offset) == ("lone", 2, 3 * BLOCK_BYTES)
    assert again.read(3 * BLOCK_BYTES, 4) == bytes(4)
    assert again.lost_writes() is None, "the guest goes on from what the storage has"


@pytest.mark.parametrize("arrived", [False, True])
def test_a_kill_between_sending_and_answer_loses_nothing_acknowledged(tmp_path: Path, arrived: bool) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    disk.write(0, b"old!" * 128)
    disk.ledger.intend([(0, read_table_of(b"new!" * 128, disk))])
    if arrived:
        blobs.write(disk.blob, 0, b"new!" * 128)
    killed(disk)
    again = lone_disk(blobs, tmp_path)
    assert again.lost_writes() is None
    assert again.ledger.table == read_table(again.image())


def read_table_of(start: bytes, disk: GuestDisk) -> bytes:
    """The digest that the first block gets by this write."""
    from simulator.guest.disk.digests import digest_of

    return digest_of(start + disk.read(len(start), BLOCK_BYTES - len(start)))


def test_after_an_orderly_end_a_changed_blob_is_found_too(tmp_path: Path) -> None:
    blobs = FailingBlobs()
    disk = lone_disk(blobs, tmp_path)
    disk.write(0, b"data" * 128)
    disk.close(clean=True)
    blobs.write(disk.blob, 0, b"else" * 128)
    lost = lone_disk(blobs, tmp_path).lost_writes()
    assert lost is not None
    assert lost.blocks == 1


def test_writers_of_many_threads_leave_digests_that_are_true(tmp_path: Path) -> None:
    disk = lone_disk(FailingBlobs(), tmp_path, cache_bytes=4 * BLOCK_BYTES)

    def write(seed: int) -> None:
        chance = Random(seed)
        for _ in range(100):
            sectors = chance.randint(1, 200)
            disk.write(chance.randrange(SECTORS - sectors) * 512, chance.randbytes(sectors * 512))

    threads = [threading.Thread(target=write, args=(seed,)) for seed in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert read_table(disk.image()) == disk.ledger.table
