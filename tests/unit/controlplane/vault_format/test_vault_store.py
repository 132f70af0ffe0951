"""The vault over blobs in memory: what is kept reads back, what did not change does not move, what is lost is named."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import replace

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import BLOCK_BYTES, READ_BYTES, Blob, BlobConflict, BlobNotFound, Range
from controlplane.vault_format.manifest import SEGMENT_BLOCKS, pack_of
from controlplane.vault_format.sources import PageBlobSource, copy
from controlplane.vault_format.vault_store import VaultCorrupt, VaultPoint, VaultStore
from tests.unit.controlplane.vault_format.lasting_blobs import LastingBlobs

SEGMENT_BYTES = SEGMENT_BLOCKS * BLOCK_BYTES
SIZE = 3 * SEGMENT_BYTES + 5 * BLOCK_BYTES + 512
"""Four segments; the last block is short, as that of every fixed VHD."""
DISK = Blob("disks", "vhds", "sql01.vhd")
TARGET = Blob("restored", "vhds", "copy.vhd")
VAULT = "vault"


class Setting:
    """A disk, a vault, and the content that each recovery point must have."""

    def __init__(self, size_bytes: int = SIZE, blobs: MemoryBlobs | None = None) -> None:
        self.blobs = blobs or MemoryBlobs()
        for account in (DISK.account, TARGET.account, VAULT):
            self.blobs.add_account(account)
        self.size_bytes = size_bytes
        self.vault = VaultStore(self.blobs, VAULT)
        self.blobs.create(DISK, size_bytes)
        self.points: list[VaultPoint] = []
        self.backups = 0

    def write(self, block: int, data: bytes) -> None:
        self.blobs.write(DISK, block * BLOCK_BYTES, data)

    def back_up(self, previous: VaultPoint | None = None) -> VaultPoint:
        self.backups += 1
        source = DISK.at(self.blobs.snapshot(DISK))
        point = self.vault.back_up(source, self.size_bytes, f"job{self.backups}/disk", previous)
        self.points.append(point)
        return point

    def restored(self, point: VaultPoint) -> Blob:
        self.vault.restore(point, TARGET)
        return TARGET

    def same_as_snapshot(self, point: VaultPoint) -> bool:
        snapshot, target = DISK.at(point.snapshot), self.restored(point)
        return held_blocks(self.blobs, snapshot) == held_blocks(self.blobs, target)

    def vault_names(self) -> list[str]:
        return [blob.name for blob in self.blobs.find(VAULT, "vault")]

    def vault_bytes(self) -> int:
        found = [self.blobs.properties(blob) for blob in self.blobs.find(VAULT, "vault", "packs/")]
        return sum(properties.size_bytes for properties in found if properties)


def held_blocks(blobs: MemoryBlobs, blob: Blob) -> dict[int, bytes]:
    """What a page blob holds besides zeros, block by block."""
    found: dict[int, bytes] = {}
    for held in blobs.ranges(blob):
        for block in range(held.offset // BLOCK_BYTES, -(-held.end // BLOCK_BYTES)):
            data = blobs.read(blob, block * BLOCK_BYTES, BLOCK_BYTES)
            if any(data):
                found[block] = data
    return found


def block(filling: int) -> bytes:
    return bytes([filling]) * BLOCK_BYTES


# The law


OFFSETS = st.sampled_from([0, 1, 15, 16, 900, 1023, 1024, 1025, 2047, 2048, 3072, 3076, 3077])
WRITES = st.tuples(st.just("write"), OFFSETS, st.integers(1, 3), st.integers(1, 4))
CLEARS = st.tuples(st.just("clear"), OFFSETS, st.integers(1, 1200), st.just(0))
ZEROS = st.tuples(st.just("write"), OFFSETS, st.integers(1, 3), st.just(0))
BACKUPS = st.tuples(st.just("back up"), st.integers(0, 3), st.just(0), st.just(0))
DELETIONS = st.tuples(st.just("delete"), st.integers(0, 3), st.just(0), st.just(0))
STORY = st.lists(st.one_of(WRITES, WRITES, CLEARS, ZEROS, BACKUPS, BACKUPS, DELETIONS), max_size=25)


class Model:
    """The same story told with a dict from page number to the byte it is filled with."""

    def __init__(self, blobs: MemoryBlobs) -> None:
        self.setting = Setting(blobs=blobs)
        self.pages: dict[int, int] = {}
        self.kept: dict[VaultPoint, dict[int, int]] = {}

    def write(self, first: int, count: int, filling: int) -> None:
        """From the middle of one block to the middle of another, so that blocks change in part."""
        start, end = self.clipped(first * 128 + 40, (first + count) * 128 - 30)
        self.setting.blobs.write(DISK, start * 512, bytes([filling]) * ((end - start) * 512))
        self.pages |= dict.fromkeys(range(start, end), filling)

    def clear(self, first: int, count: int) -> None:
        start, end = self.clipped(first * 128 + 20, (first + count) * 128)
        self.setting.blobs.clear(DISK, start * 512, (end - start) * 512)
        for page in range(start, end):
            self.pages.pop(page, None)

    def clipped(self, start: int, end: int) -> tuple[int, int]:
        last = SIZE // 512
        return min(start, last - 1), min(end, last)

    def back_up(self, which: int) -> None:
        before = dict(list(self.kept.items())[-1 - which :][:1]) if which < len(self.kept) else {}
        point = self.setting.back_up(next(iter(before), None))
        now = self.content()
        then = next(iter(before.values()), {})
        moved = blocks_of({page for page in now if now[page] != then.get(page)} | (set(then) - set(now)))
        assert point.transferred_bytes <= len(moved) * BLOCK_BYTES
        assert point.changed_bytes <= len(moved) * BLOCK_BYTES
        assert point.transferred_bytes <= point.changed_bytes
        self.kept[point] = now

    def delete(self, which: int) -> None:
        if which < len(self.kept):
            point = list(self.kept)[which]
            del self.kept[point]
            self.setting.vault.delete(point.name, list(self.kept))

    def content(self) -> dict[int, int]:
        return {page: filling for page, filling in self.pages.items() if filling}

    def check(self) -> None:
        for point, pages in self.kept.items():
            assert self.setting.vault.check(point) == []
            found = held_blocks(self.setting.blobs, self.setting.restored(point))
            restored = {
                number * 128 + page: data[page * 512]
                for number, data in found.items()
                for page in range(len(data) // 512)
                if data[page * 512]
            }
            assert restored == pages


def blocks_of(pages: set[int]) -> set[int]:
    return {page // 128 for page in pages}


@pytest.mark.parametrize("storage", [MemoryBlobs, LastingBlobs])
@settings(max_examples=60, deadline=None)
@given(story=STORY)
def test_every_kept_recovery_point_reads_back_exactly(
    storage: type[MemoryBlobs], story: list[tuple[str, int, int, int]]
) -> None:
    model = Model(storage())
    for verb, number, count, filling in story:
        if verb == "write":
            model.write(number, count, filling)
        elif verb == "clear":
            model.clear(number, count)
        elif verb == "back up":
            model.back_up(number)
        else:
            model.delete(number)
    model.check()
    for point in list(model.kept):
        del model.kept[point]
        model.setting.vault.delete(point.name, list(model.kept))
    assert model.setting.vault_names() == []


# Only changed blocks move


def test_a_first_backup_moves_what_is_there_and_no_hole() -> None:
    setting = Setting(32 * 1024**4)
    setting.write(7, block(1) * 2)
    setting.write(2**29 - 1, block(2))
    point = setting.back_up()
    assert (point.allocated_bytes, point.changed_bytes, point.transferred_bytes) == (3 * BLOCK_BYTES,) * 3
    assert setting.vault_bytes() < 3 * BLOCK_BYTES + 1000
    assert setting.same_as_snapshot(point)


def test_an_unchanged_disk_moves_nothing_and_makes_no_pack() -> None:
    setting = Setting()
    setting.write(3, block(1))
    first = setting.back_up()
    second = setting.back_up(first)
    assert (second.changed_bytes, second.transferred_bytes, second.segment_bytes) == (0, 0, 0)
    assert sum(name.startswith("packs/") for name in setting.vault_names()) == 1
    assert setting.same_as_snapshot(second)


def test_one_changed_byte_moves_one_block() -> None:
    setting = Setting()
    setting.write(0, b"".join(block(filling) for filling in range(1, 101)))
    first = setting.back_up()
    setting.blobs.write(DISK, 50 * BLOCK_BYTES + 512, b"\xff" * 512)
    second = setting.back_up(first)
    assert (second.changed_bytes, second.transferred_bytes) == (BLOCK_BYTES, BLOCK_BYTES)
    assert second.segment_bytes < 3000
    assert setting.same_as_snapshot(second)
    assert setting.same_as_snapshot(first)


def test_rewriting_the_same_bytes_moves_nothing() -> None:
    setting = Setting()
    setting.write(3, block(1) * 4)
    first = setting.back_up()
    setting.write(4, block(1))
    assert setting.back_up(first).transferred_bytes == 0


def test_cleared_and_zeroed_blocks_change_but_do_not_move() -> None:
    setting = Setting()
    setting.write(3, block(1) * 4)
    setting.write(1030, block(1))
    first = setting.back_up()
    setting.blobs.clear(DISK, 3 * BLOCK_BYTES, BLOCK_BYTES)
    setting.write(4, bytes(BLOCK_BYTES))
    setting.blobs.clear(DISK, 1030 * BLOCK_BYTES, BLOCK_BYTES)
    second = setting.back_up(first)
    assert (second.changed_bytes, second.transferred_bytes) == (3 * BLOCK_BYTES, 0)
    assert setting.same_as_snapshot(second)


def test_a_snapshot_that_is_gone_is_no_longer_needed() -> None:
    setting = Setting()
    setting.write(3, block(1) * 4)
    first = setting.back_up()
    setting.blobs.delete(DISK.at(first.snapshot))
    setting.write(3, block(2))
    second = setting.back_up(first)
    assert second.transferred_bytes == BLOCK_BYTES
    assert setting.same_as_snapshot(second)


def test_a_disk_that_grew_is_compared_block_by_block() -> None:
    setting = Setting(2 * BLOCK_BYTES + 512)
    setting.write(0, block(1))
    setting.blobs.write(DISK, 2 * BLOCK_BYTES, b"f" * 512)
    first = setting.back_up()
    setting.size_bytes = 4 * BLOCK_BYTES + 512
    setting.blobs.create(DISK, setting.size_bytes)
    setting.write(0, block(1))
    setting.blobs.write(DISK, 4 * BLOCK_BYTES, b"f" * 512)
    second = setting.back_up(first)
    assert second.transferred_bytes == 512
    assert setting.same_as_snapshot(second)


def test_a_disk_that_grew_in_place_is_restored_at_both_sizes() -> None:
    setting = Setting(2 * BLOCK_BYTES + 512)
    setting.write(0, block(1))
    setting.blobs.write(DISK, 2 * BLOCK_BYTES, b"f" * 512)
    first = setting.back_up()
    setting.size_bytes = 4 * BLOCK_BYTES + 512
    setting.blobs.grow(DISK, setting.size_bytes)
    setting.blobs.write(DISK, 4 * BLOCK_BYTES, b"g" * 512)
    setting.blobs.clear(DISK, 2 * BLOCK_BYTES, 512)
    second = setting.back_up(first)
    assert second.transferred_bytes == 512
    for point in (second, first):
        restored = setting.blobs.properties(setting.restored(point))
        assert restored is not None
        assert restored.size_bytes == point.size_bytes
        assert setting.same_as_snapshot(point)


class DiskReadingBlobs(MemoryBlobs):
    """Counts what is read of the disk."""

    read_bytes = 0

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        data = super().read(blob, offset, length)
        self.read_bytes += len(data) if blob.account == DISK.account else 0
        return data


class TellingBlobs(DiskReadingBlobs):
    """Knows what changed between two snapshots, as Azure does."""

    told: Sequence[Range] = ()

    def changed_ranges(self, blob: Blob, previous: str) -> Sequence[Range]:
        return self.told


def test_what_the_storage_knows_to_be_unchanged_is_not_read() -> None:
    blobs = TellingBlobs()
    setting = Setting(blobs=blobs)
    for number in (0, 20, 1024, 2048):
        setting.write(number, block(number % 7 + 1) * 10)
    first = setting.back_up()
    setting.write(25, block(9))
    blobs.told, blobs.read_bytes = [Range(25 * BLOCK_BYTES + 512, 512)], 0
    second = setting.back_up(first)
    assert (blobs.read_bytes, second.transferred_bytes) == (BLOCK_BYTES, BLOCK_BYTES)
    assert setting.same_as_snapshot(second)


def test_a_disk_that_nobody_wrote_to_is_not_read() -> None:
    blobs = DiskReadingBlobs()
    setting = Setting(blobs=blobs)
    setting.write(7, block(1) * 3)
    first = setting.back_up()
    blobs.read_bytes = 0
    second = setting.back_up(first)
    assert (blobs.read_bytes, second.changed_bytes, second.transferred_bytes) == (0, 0, 0)
    assert second.allocated_bytes == first.allocated_bytes
    assert setting.same_as_snapshot(second)
    setting.write(8, block(1))
    blobs.read_bytes = 0
    assert setting.back_up(second).transferred_bytes == 0
    assert blobs.read_bytes == 3 * BLOCK_BYTES


def test_what_is_unchanged_but_lost_is_read_again() -> None:
    setting = Setting(blobs=TellingBlobs())
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    lose(setting, pack_name(first))
    second = setting.back_up(first)
    assert second.transferred_bytes == 3 * BLOCK_BYTES
    assert setting.same_as_snapshot(second)


def test_the_storage_is_not_asked_about_a_disk_that_grew() -> None:
    setting = Setting(BLOCK_BYTES + 512, TellingBlobs())
    setting.write(0, block(1))
    setting.blobs.write(DISK, BLOCK_BYTES, b"f" * 512)
    first = setting.back_up()
    setting.size_bytes = 2 * BLOCK_BYTES
    setting.blobs.create(DISK, setting.size_bytes)
    setting.write(0, block(2) * 2)
    assert setting.same_as_snapshot(setting.back_up(first))


# Done again, and broken off


def test_the_same_backup_done_again_is_the_same_point_and_reads_nothing() -> None:
    setting = Setting()
    setting.write(3, block(1))
    first = setting.back_up()
    again = setting.vault.back_up(DISK.at(first.snapshot), SIZE, first.name, None, refuse)
    assert again == first


def refuse(done_bytes: int, total_bytes: int) -> None:
    raise InterruptedError


def test_a_name_is_not_used_twice() -> None:
    setting = Setting()
    first = setting.back_up()
    with pytest.raises(BlobConflict):
        setting.vault.back_up(DISK.at(setting.blobs.snapshot(DISK)), SIZE, first.name, None)


def test_a_backup_that_broke_off_leaves_nothing_and_can_be_done_again() -> None:
    setting = Setting()
    setting.write(3, block(1))
    setting.write(2000, block(1))
    source = DISK.at(setting.blobs.snapshot(DISK))
    with pytest.raises(InterruptedError):
        setting.vault.back_up(source, SIZE, "job1/disk", None, refuse)
    assert setting.vault_names() == []
    assert setting.same_as_snapshot(setting.vault.back_up(source, SIZE, "job1/disk", None))


def test_a_pack_without_manifest_does_not_count_and_is_dropped_by_name() -> None:
    setting = Setting()
    setting.write(3, block(1))
    point = setting.back_up()
    setting.blobs.delete(Blob(VAULT, "vault", f"manifests/{point.name}"))
    setting.vault.delete(point.name, [])
    assert setting.vault_names() == []


def test_deleting_twice_is_fine() -> None:
    setting = Setting()
    setting.write(3, block(1))
    first = setting.back_up()
    second = setting.back_up(first)
    setting.vault.delete(first.name, [second])
    setting.vault.delete(first.name, [second])
    assert setting.same_as_snapshot(second)


def test_a_snapshot_that_is_not_there_is_not_backed_up() -> None:
    setting = Setting()
    with pytest.raises(BlobNotFound):
        setting.vault.back_up(DISK.at("2026-01-02T03:04:05.6780000Z"), SIZE, "job", None)
    assert setting.vault_names() == []


def test_progress_ends_with_everything_done() -> None:
    setting = Setting()
    setting.write(0, block(1) * 3)
    setting.write(1500, block(1))
    told: list[tuple[int, int]] = []
    point = setting.vault.back_up(
        DISK.at(setting.blobs.snapshot(DISK)), SIZE, "job", None, lambda done, total: told.append((done, total))
    )
    assert told == [(3 * BLOCK_BYTES, 4 * BLOCK_BYTES), (4 * BLOCK_BYTES, 4 * BLOCK_BYTES)]
    told.clear()
    setting.vault.restore(point, TARGET, lambda done, total: told.append((done, total)))
    assert told[-1] == (4 * BLOCK_BYTES, 4 * BLOCK_BYTES)


def test_a_point_survives_json() -> None:
    point = Setting().back_up()
    assert VaultPoint.from_json(point.to_json()) == point


# Reading back


def test_any_stretch_can_be_read() -> None:
    setting = Setting()
    setting.write(1020, b"".join(block(filling) for filling in range(1, 9)))
    setting.blobs.write(DISK, SIZE - 512, b"f" * 512)
    point = setting.back_up()
    source, disk = setting.vault.source(point), PageBlobSource(setting.blobs, DISK.at(point.snapshot))
    assert source.size_bytes == disk.size_bytes == SIZE
    start = 1020 * BLOCK_BYTES
    for offset, length in (
        (start - 100, 9 * BLOCK_BYTES),
        (start + 10, 20),
        (SIZE - 700, 700),
        (0, 0),
        (5, READ_BYTES),
    ):
        assert source.read(offset, length) == disk.read(offset, length)
    assert list(source.extents()) == [Range(start, 8 * BLOCK_BYTES), Range(SIZE - 512, 512)]


def test_nothing_is_read_past_the_end() -> None:
    setting = Setting()
    source = setting.vault.source(setting.back_up())
    disk = PageBlobSource(setting.blobs, DISK)
    for reader in (source, disk):
        with pytest.raises(BlobConflict):
            reader.read(SIZE - 512, 1024)


def test_a_restore_replaces_what_was_there() -> None:
    setting = Setting()
    setting.write(3, block(1))
    point = setting.back_up()
    setting.blobs.create(TARGET, SIZE * 2 - 512)
    setting.blobs.write(TARGET, 9 * BLOCK_BYTES, block(9))
    assert setting.same_as_snapshot(point)
    found = setting.blobs.properties(TARGET)
    assert found is not None
    assert found.size_bytes == SIZE


def test_a_snapshot_is_copied_without_its_holes() -> None:
    setting = Setting()
    setting.write(3, block(1))
    setting.blobs.write(DISK, SIZE - 512, b"f" * 512)
    copy(PageBlobSource(setting.blobs, DISK.at(setting.blobs.snapshot(DISK))), setting.blobs, TARGET)
    assert list(setting.blobs.ranges(TARGET)) == [Range(3 * BLOCK_BYTES, BLOCK_BYTES), Range(SIZE - 512, 512)]


# Deleting


def test_a_pack_lives_as_long_as_somebody_names_it() -> None:
    setting = Setting()
    setting.write(0, block(1) * 10)
    first = setting.back_up()
    setting.write(0, block(2))
    second = setting.back_up(first)
    setting.vault.delete(first.name, [second])
    assert setting.same_as_snapshot(second)
    setting.vault.delete(second.name, [])
    assert setting.vault_names() == []


def test_a_mostly_dead_pack_is_thinned_out_and_its_offsets_stay() -> None:
    setting = Setting()
    setting.write(0, b"".join(block(filling) for filling in range(1, 41)))
    setting.write(1500, block(1))
    first = setting.back_up()
    for number in (*range(10), *range(12, 30)):
        setting.write(number, block(100 + number))
    second = setting.back_up(first)
    before = setting.vault_bytes()
    setting.vault.delete(first.name, [second])
    assert setting.vault_bytes() < before - 27 * BLOCK_BYTES
    assert f"packs/{pack_of(first.name)}/0001" in setting.vault_names()
    assert f"packs/{pack_of(first.name)}/0000" not in setting.vault_names()
    assert setting.vault.check(second) == []
    assert setting.same_as_snapshot(second)
    third = setting.back_up(second)
    assert third.transferred_bytes == 0


def test_a_pack_is_thinned_out_more_than_once() -> None:
    setting = Setting()
    setting.write(0, b"".join(block(filling) for filling in range(1, 65)))
    points = [setting.back_up()]
    for rest in (20, 5):
        for number in range(rest, 64):
            setting.write(number, block(100 + rest))
        points.append(setting.back_up(points[-1]))
        setting.vault.delete(points[-2].name, [points[-1]])
    assert f"packs/{pack_of(points[0].name)}/0002" in setting.vault_names()
    assert setting.same_as_snapshot(points[-1])


def test_a_reader_goes_on_while_a_pack_is_thinned_out() -> None:
    setting = Setting()
    setting.write(0, b"".join(block(filling) for filling in range(1, 41)))
    first = setting.back_up()
    for number in range(30):
        setting.write(number, block(100 + number))
    second = setting.back_up(first)
    source = setting.vault.source(second)
    disk = PageBlobSource(setting.blobs, DISK.at(second.snapshot))
    assert source.read(0, 40 * BLOCK_BYTES) == disk.read(0, 40 * BLOCK_BYTES)
    setting.vault.delete(first.name, [second])
    assert source.read(0, 40 * BLOCK_BYTES) == disk.read(0, 40 * BLOCK_BYTES)


# What the vault has lost


def lose(setting: Setting, name: str) -> None:
    setting.blobs.delete(Blob(VAULT, "vault", name))


def shorten(setting: Setting, name: str) -> None:
    blob = Blob(VAULT, "vault", name)
    setting.blobs.put(blob, setting.blobs.read(blob)[:-1])


def turn_a_bit(setting: Setting, name: str) -> None:
    blob = Blob(VAULT, "vault", name)
    data = bytearray(setting.blobs.read(blob))
    data[0] ^= 1
    setting.blobs.put(blob, bytes(data))


def pack_name(point: VaultPoint) -> str:
    return f"packs/{pack_of(point.name)}/0000"


@pytest.mark.parametrize("damage", [lose, shorten])
def test_a_missing_or_short_pack_is_named(damage: Callable[[Setting, str], None]) -> None:
    setting = Setting()
    setting.write(3, block(1))
    point = setting.back_up()
    damage(setting, pack_name(point))
    [problem] = setting.vault.check(point)
    assert pack_of(point.name) in problem
    with pytest.raises(VaultCorrupt):
        setting.vault.restore(point, TARGET)


@pytest.mark.parametrize("damage", [lose, shorten, turn_a_bit])
def test_a_missing_or_damaged_manifest_is_named(damage: Callable[[Setting, str], None]) -> None:
    setting = Setting()
    point = setting.back_up()
    damage(setting, f"manifests/{point.name}")
    [problem] = setting.vault.check(point)
    assert point.name in problem
    with pytest.raises(VaultCorrupt):
        setting.vault.source(point)


def test_a_wrong_byte_is_never_restored() -> None:
    setting = Setting()
    setting.write(3, block(1))
    point = setting.back_up()
    turn_a_bit(setting, pack_name(point))
    with pytest.raises(VaultCorrupt, match=f"at byte {3 * BLOCK_BYTES}"):
        setting.vault.restore(point, TARGET)


@pytest.mark.parametrize("damage", [lose, shorten])
def test_what_the_vault_has_lost_is_moved_again(damage: Callable[[Setting, str], None]) -> None:
    setting = Setting()
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    setting.write(2000, block(2))
    second = setting.back_up(first)
    damage(setting, pack_name(first))
    third = setting.back_up(second)
    assert third.transferred_bytes == 3 * BLOCK_BYTES
    assert setting.vault.check(third) == []
    assert setting.same_as_snapshot(third)


class CountingBlobs(MemoryBlobs):
    """Notes the prefixes by which blobs are looked for."""

    def __init__(self) -> None:
        super().__init__()
        self.prefixes: list[str] = []

    def find(self, account: str, container: str, prefix: str = "", snapshots: bool = False) -> Iterator[Blob]:
        self.prefixes.append(prefix)
        return super().find(account, container, prefix, snapshots)


def test_a_pack_is_looked_up_once_however_many_segments_lie_in_it() -> None:
    blobs = CountingBlobs()
    setting = Setting(blobs=blobs)
    for number in (0, SEGMENT_BLOCKS, 2 * SEGMENT_BLOCKS):
        setting.write(number, block(1))
    first = setting.back_up()
    setting.write(1, block(2))
    blobs.prefixes.clear()
    second = setting.back_up(first)
    assert blobs.prefixes == [f"packs/{pack_of(first.name)}/"]
    blobs.prefixes.clear()
    assert setting.vault.check(second) == []
    assert sorted(blobs.prefixes) == sorted(f"packs/{pack_of(point.name)}/" for point in (first, second))


def test_blocks_are_missed_although_their_segment_is_there() -> None:
    setting = Setting()
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    setting.write(5, block(2))
    second = setting.back_up(first)
    name = Blob(VAULT, "vault", pack_name(first))
    setting.blobs.put(name, setting.blobs.read(name)[:BLOCK_BYTES])
    assert [pack_of(first.name) in problem for problem in setting.vault.check(second)] == [True]
    third = setting.back_up(second)
    assert third.transferred_bytes == 3 * BLOCK_BYTES
    assert setting.same_as_snapshot(third)


def test_blocks_that_became_zeros_are_counted_once() -> None:
    setting = Setting()
    setting.write(0, block(1) * 2)
    first = setting.back_up()
    setting.write(0, bytes(2 * BLOCK_BYTES))  # the storage goes on holding them, so they are read
    second = setting.back_up(first)
    assert (second.changed_bytes, second.transferred_bytes) == (2 * BLOCK_BYTES, 0)


def test_a_pack_that_is_known_but_cannot_be_read_is_moved_again() -> None:
    blobs = ForgetfulBlobs()
    setting = Setting(blobs=blobs)
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    setting.write(5, block(2))
    second = setting.back_up(first)
    blobs.forgotten = pack_name(first)
    assert [pack_of(first.name) in problem for problem in setting.vault.check(second)] == [True]
    third = setting.back_up(second)
    assert setting.vault.check(third) == []
    assert setting.same_as_snapshot(third)


class ForgetfulBlobs(MemoryBlobs):
    """Knows a blob and has lost what was in it, as a storage may that was killed."""

    forgotten = ""

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        if blob.name == self.forgotten:
            raise BlobNotFound(f"the storage no longer has the content of {blob.name}")
        return super().read(blob, offset, length)


def test_a_lost_previous_point_makes_a_whole_copy_and_says_so() -> None:
    setting = Setting()
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    lose(setting, f"manifests/{first.name}")
    second = setting.back_up(first)
    assert (second.previous, second.transferred_bytes) == (None, 3 * BLOCK_BYTES)
    assert setting.same_as_snapshot(second)


def test_a_lost_kept_point_does_not_hinder_a_deletion() -> None:
    setting = Setting()
    setting.write(0, block(1) * 3)
    first = setting.back_up()
    second = setting.back_up(first)
    lose(setting, f"manifests/{second.name}")
    setting.vault.delete(first.name, [second, replace(first, name="never written")])
    assert setting.vault_names() == []
