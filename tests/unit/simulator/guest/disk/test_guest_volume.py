"""Files on a volume: what was flushed is on the disk, and the disk alone is enough to find it."""

from __future__ import annotations

from random import Random
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.domain.compute.vhd import MEBIBYTE
from simulator.guest.disk.directory import CLUSTER_BYTES, ENTRIES, MOST_EXTENTS, Entry, Extent, VolumeError, gaps, grown
from simulator.guest.disk.partition import Partition
from simulator.guest.disk.volume import Volume


class MemoryDisk:
    """Sectors in memory; counts the writes."""

    def __init__(self, size_bytes: int = 4 * MEBIBYTE) -> None:
        self.data = bytearray(size_bytes)
        self.writes: list[tuple[int, int]] = []

    def read(self, offset: int, length: int) -> bytes:
        return bytes(self.data[offset : offset + length])

    def write(self, offset: int, data: bytes) -> None:
        assert offset % 512 == len(data) % 512 == 0
        self.data[offset : offset + len(data)] = data
        self.writes.append((offset, len(data)))


PLACE = Partition(CLUSTER_BYTES, 3 * MEBIBYTE)


def new_volume(disk: MemoryDisk) -> Volume:
    return Volume.format(disk, PLACE, "Data 0", UUID(int=9))


actions = st.lists(
    st.one_of(
        st.tuples(st.just("write"), st.sampled_from("abc"), st.integers(0, 200_000), st.integers(1, 30_000)),
        st.tuples(st.just("truncate"), st.sampled_from("abc"), st.integers(0, 200_000), st.just(0)),
        st.tuples(st.just("flush"), st.sampled_from("abc"), st.just(0), st.just(0)),
        st.tuples(st.just("delete"), st.sampled_from("abc"), st.just(0), st.just(0)),
    ),
    max_size=30,
)


@settings(max_examples=60, deadline=None)
@given(actions)
def test_files_are_what_was_written_and_stay_so_when_mounted_anew(plan: list[tuple[str, str, int, int]]) -> None:
    disk = MemoryDisk()
    volume = new_volume(disk)
    model: dict[str, bytearray] = {}
    for number, (action, name, at, length) in enumerate(plan):
        if action == "delete":
            volume.delete(name)
            model.pop(name, None)
            continue
        file, expected = volume.open(name), model.setdefault(name, bytearray())
        if action == "write":
            data = Random(number).randbytes(length)
            file.write(at, data)
            expected.extend(bytes(max(0, at - len(expected))))
            expected[at : at + length] = data
        elif action == "truncate":
            file.truncate(at)
            expected[:] = expected[:at].ljust(at, b"\0")
        else:
            file.flush()
        assert file.read(0, 1 << 20) == expected
    volume.flush()
    again = Volume.mount(disk, PLACE)
    assert {file.entry.name: file.read(0, 1 << 20) for file in again.files() if file.size_bytes} == {
        name: data for name, data in model.items() if data
    }


def test_nothing_reaches_the_disk_before_the_flush_and_neighbours_go_together() -> None:
    disk = MemoryDisk()
    file = new_volume(disk).open("log")
    disk.writes.clear()
    for page in (3, 0, 1, 2, 9):
        file.write(page * 4096, b"x" * 4096)
    assert disk.writes == []
    assert file.read(0, 4) == b"xxxx"
    file.flush()
    first = PLACE.offset + CLUSTER_BYTES
    entry = (PLACE.offset + 512, 512)
    assert disk.writes == [(first, 10 * 4096), entry], "bytes in between were filled with zeros; the entry comes last"


def test_pages_of_the_same_clusters_go_together_and_what_lies_between_stays() -> None:
    disk = MemoryDisk()
    file = new_volume(disk).open("table")
    before = bytes(range(256)) * 16 * 16 * 8  # 8 clusters
    file.write(0, before)
    file.flush()
    disk.writes.clear()
    for page in (2, 9, 15, 20, 70):
        file.write(page * 4096, b"x" * 4096)
    file.flush()
    first = PLACE.offset + CLUSTER_BYTES
    assert disk.writes == [(first + 2 * 4096, 19 * 4096), (first + 70 * 4096, 4096)]
    expected = bytearray(before)
    for page in (2, 9, 15, 20, 70):
        expected[page * 4096 : (page + 1) * 4096] = b"x" * 4096
    assert disk.read(first, len(before)) == expected


def test_one_write_of_a_flush_has_a_bound() -> None:
    disk = MemoryDisk()
    file = new_volume(disk).open("table")
    file.write(0, bytes(2 * MEBIBYTE))
    file.flush()
    disk.writes.clear()
    for page in range(0, 512, 2):
        file.write(page * 4096, b"x" * 4096)
    file.flush()
    assert [length for _, length in disk.writes] == [255 * 4096, 255 * 4096]


def test_what_was_not_flushed_is_gone_after_a_power_cut() -> None:
    disk = MemoryDisk()
    volume = new_volume(disk)
    file = volume.open("log")
    file.write(0, b"first")
    file.flush()
    file.write(0, b"after")
    volume.forget()
    assert file.read(0, 5) == b"first"


def test_a_lengthened_file_shows_zeros_and_not_what_lay_there() -> None:
    disk = MemoryDisk()
    volume = new_volume(disk)
    old = volume.open("old")
    old.write(0, b"secret" * 10_000)
    old.flush()
    volume.delete("old")
    new = volume.open("new")
    new.write(0, b"n")
    new.write(50_000, b"n")
    new.flush()
    assert new.read(0, 50_001) == b"n" + bytes(49_999) + b"n"


def test_a_full_volume_says_so_and_keeps_what_it_has() -> None:
    volume = new_volume(MemoryDisk())
    volume.open("kept").write(0, b"kept")
    with pytest.raises(VolumeError, match="no room"):
        volume.open("large").write(0, bytes(4 * MEBIBYTE))
    assert volume.open("kept").read(0, 4) == b"kept"
    for number in range(ENTRIES - 2):
        volume.open(f"file {number}")
    with pytest.raises(VolumeError, match="directory"):
        volume.open("one more")


def test_the_smallest_disk_has_a_volume_with_room() -> None:
    disk = MemoryDisk(MEBIBYTE)
    volume = Volume.format(disk, Partition(CLUSTER_BYTES, MEBIBYTE - CLUSTER_BYTES), "tiny", UUID(int=1))
    volume.open("a").write(0, bytes(CLUSTER_BYTES * 14))
    volume.flush()
    assert volume.used_bytes == volume.size_bytes == 15 * CLUSTER_BYTES


@given(st.data())
def test_growing_takes_only_what_is_free(data: st.DataObject) -> None:
    clusters = 64
    starts = data.draw(st.sets(st.integers(0, clusters - 1), max_size=40))
    used = [Extent(start, 1) for start in starts]
    mine = tuple(used[: len(used) // 3])
    wanted = data.draw(st.integers(1, clusters))
    free = gaps(used, clusters)
    result = grown(mine, wanted, free)
    if wanted > clusters - len(used):
        assert result is None
    elif result is not None:
        held = [cluster for extent in result for cluster in range(extent.first, extent.end)]
        assert len(held) == len(set(held)) == len(mine) + wanted
        assert set(held) - {extent.first for extent in mine} <= set(range(clusters)) - starts
        assert len(result) <= MOST_EXTENTS


def test_a_file_grows_in_one_piece_where_it_can() -> None:
    disk = MemoryDisk(16 * MEBIBYTE)
    volume = Volume.format(disk, Partition(CLUSTER_BYTES, 15 * MEBIBYTE), "Data", UUID(int=1))
    file = volume.open("growing")
    for at in range(0, 4 * MEBIBYTE, 4096):
        file.write(at, b"p" * 4096)
    assert len(file.entry.extents) == 1


@pytest.mark.parametrize("at", [0, 9, 200, 511])
def test_a_damaged_superblock_or_entry_is_refused_by_name(at: int) -> None:
    disk = MemoryDisk()
    volume = new_volume(disk)
    volume.open("a").write(0, b"a")
    volume.flush()
    for sector, what in ((0, "superblock|no volume"), (1, "directory entry")):
        damaged = MemoryDisk()
        damaged.data[:] = disk.data
        damaged.data[PLACE.offset + sector * 512 + at] ^= 0x40
        with pytest.raises(VolumeError, match=what):
            Volume.mount(damaged, PLACE)


def test_an_entry_that_points_outside_is_refused() -> None:
    with pytest.raises(VolumeError, match="outside"):
        Entry.parse(Entry("a", 10, (Extent(60, 8),)).render(), clusters=64)
    with pytest.raises(VolumeError, match="outside"):
        Entry.parse(Entry("a", 9 * CLUSTER_BYTES, (Extent(0, 8),)).render(), clusters=64)


def test_who_holds_a_deleted_file_open_cannot_reach_what_now_lies_there() -> None:
    volume = new_volume(MemoryDisk())
    old = volume.open("old")
    old.write(0, b"old")
    volume.flush()
    volume.delete("old")
    new = volume.open("new")
    new.write(0, b"new")
    with pytest.raises(VolumeError, match="deleted"):
        old.write(0, b"bad")
    old.flush()
    new.flush()
    assert new.read(0, 3) == b"new"
