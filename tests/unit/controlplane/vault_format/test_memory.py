"""What a process remembers of a vault saves requests, is bounded, and hides neither a loss nor what a kill has left."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from itertools import count

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import BLOCK_BYTES, Blob, StorageUnavailable
from controlplane.vault_format.manifest import pack_of
from controlplane.vault_format.memory import (
    BLOBS_FOR_A_PACK,
    LISTED_ANYWAY,
    Bounded,
    Memory,
    PackBlob,
    SeenPack,
    memory_of,
)
from controlplane.vault_format.packs import FEW_PACKS, Packs
from controlplane.vault_format.vault_store import VaultPoint, VaultStore
from tests.unit.controlplane.vault_format.lasting_blobs import LastingBlobs

DISK = Blob("disks", "vhds", "sql01.vhd")
VAULT = "vault"
SIZE = 100 * BLOCK_BYTES


class Setting:
    """A disk of 100 blocks with a few backups, each of which changes some blocks that no other one does."""

    def __init__(self, blobs: MemoryBlobs, backups: int) -> None:
        self.blobs = blobs
        for account in (DISK.account, VAULT):
            blobs.add_account(account)
        blobs.create(DISK, SIZE)
        self.vault = VaultStore(blobs, VAULT)
        self.points: list[VaultPoint] = []
        self.blobs.write(DISK, 0, bytes([200]) * (10 * BLOCK_BYTES))
        for _ in range(backups):
            self.back_up()

    def back_up(self) -> VaultPoint:
        number = len(self.points) + 1
        self.blobs.write(DISK, (number - 1) * BLOCK_BYTES, bytes([number]) * BLOCK_BYTES)
        source = DISK.at(self.blobs.snapshot(DISK))
        before = self.points[-1] if self.points else None
        self.points.append(self.vault.back_up(source, SIZE, f"job{number}/disk", before))
        return self.points[-1]

    def delete_oldest(self) -> None:
        self.vault.delete(self.points[0].name, self.points[1:])
        self.points.pop(0)

    def content(self, point: VaultPoint) -> bytes:
        return self.vault.source(point).read(0, SIZE)

    def was(self, point: VaultPoint) -> bytes:
        return self.blobs.read(DISK.at(point.snapshot))

    def names(self) -> list[str]:
        return [blob.name for blob in self.blobs.find(VAULT, "vault")]


def requests_of(blobs: LastingBlobs, act: Callable[[], object]) -> int:
    blobs.asked.clear()
    act()
    return blobs.asked.total()


def back_up_and_check(setting: Setting) -> None:
    assert setting.vault.check(setting.back_up()) == []


# ---------------------------------------------------------------------------------------------------------- it saves


def test_a_backup_asks_no_more_where_its_blocks_lie_in_many_packs() -> None:
    few, many = Setting(LastingBlobs(), 2 * FEW_PACKS), Setting(LastingBlobs(), 10 * FEW_PACKS)
    asked = []
    for setting in (few, many):
        assert isinstance(setting.blobs, LastingBlobs)
        point = setting.back_up()
        setting.vault.check(point)
        asked.append(requests_of(setting.blobs, partial(back_up_and_check, setting)))
        assert setting.blobs.asked["find", "packs/"] == 2
    assert asked[0] == asked[1]


def test_a_deletion_asks_no_more_where_many_points_are_kept() -> None:
    asked = []
    for backups in (2 * FEW_PACKS, 10 * FEW_PACKS):
        blobs = LastingBlobs()
        setting = Setting(blobs, backups)
        setting.back_up()
        setting.delete_oldest()
        asked.append(requests_of(blobs, setting.delete_oldest))
    assert asked[0] == asked[1]


def test_a_vault_that_is_full_of_others_packs_is_not_listed_for_a_few() -> None:
    blobs = LastingBlobs()
    setting = Setting(blobs, FEW_PACKS + 1)
    for number in range(BLOBS_FOR_A_PACK * 2 * FEW_PACKS):
        blobs.put(Blob(VAULT, "vault", f"packs/other{number}/0000"), b"x")
    setting.back_up()
    assert blobs.asked["find", "packs/"] > 0
    blobs.asked.clear()
    for _ in range(LISTED_ANYWAY):
        assert setting.vault.check(setting.points[-1]) == []
    assert blobs.asked["find", "packs/"] == 1, "now and then, since it may have emptied"


def test_nothing_is_remembered_of_a_storage_that_may_start_again_unseen() -> None:
    assert memory_of(MemoryBlobs()) is None


# -------------------------------------------------------------------------------------------------- it hides nothing


def test_a_pack_that_was_seen_is_missed_by_the_next_backup_all_the_same() -> None:
    setting = Setting(LastingBlobs(), 3 * FEW_PACKS)
    setting.blobs.delete(Blob(VAULT, "vault", f"packs/{pack_of(setting.points[4].name)}/0000"))
    point = setting.back_up()
    assert point.transferred_bytes == 2 * BLOCK_BYTES  # one that has changed, one that was lost
    assert setting.vault.check(point) == []
    assert setting.content(point) == setting.was(point)


def test_a_manifest_that_was_read_is_missed_by_the_next_backup_all_the_same() -> None:
    setting = Setting(LastingBlobs(), 3)
    setting.blobs.delete(Blob(VAULT, "vault", f"manifests/{setting.points[-1].name}"))
    assert setting.back_up().previous is None


def test_a_manifest_that_is_gone_still_keeps_what_it_named() -> None:
    """It may be restored from a copy of the storage; a point that cannot be read is no reason to delete more."""
    setting = Setting(LastingBlobs(), 4)
    setting.delete_oldest()
    manifest = Blob(VAULT, "vault", f"manifests/{setting.points[-1].name}")
    text = setting.blobs.read(manifest)
    setting.blobs.delete(manifest)
    setting.delete_oldest()
    setting.blobs.put(manifest, text)
    assert setting.content(setting.points[-1]) == setting.was(setting.points[-1])


def test_a_check_of_the_vault_looks_at_everything() -> None:
    setting = Setting(LastingBlobs(), 2)
    pack = Blob(VAULT, "vault", f"packs/{pack_of(setting.points[0].name)}/0000")
    setting.vault.check(setting.points[-1])
    setting.blobs.put(pack, setting.blobs.read(pack)[:-1])
    found = Packs(setting.blobs, VAULT, fresh=True).find(pack_of(setting.points[0].name))
    properties = setting.blobs.properties(pack)
    assert found is not None
    assert properties is not None
    assert found.stored_bytes == properties.size_bytes


def test_what_is_remembered_of_a_thinned_pack_is_what_a_look_would_find() -> None:
    setting = Setting(LastingBlobs(), 9)
    while len(setting.points) > 2:
        setting.delete_oldest()
    pack = pack_of("job1/disk")
    memory, found = memory_of(setting.blobs), Packs(setting.blobs, VAULT, fresh=True).find(pack)
    assert memory is not None
    seen = memory.pack(VAULT, pack)
    assert found is not None
    assert found.blob.name.endswith("/0001")
    assert seen is not None
    assert seen.newest == found


def test_a_look_that_began_before_a_change_is_not_remembered() -> None:
    memory = Memory()
    seen = SeenPack(PackBlob(Blob(VAULT, "vault", "packs/p/0000"), 1, (0,), (1,), (0,)), is_alone=True)
    since = memory.moment()
    memory.forget_pack(VAULT, "p")
    memory.remember_pack(VAULT, "p", seen, since)
    assert memory.pack(VAULT, "p") is None
    memory.remember_pack(VAULT, "p", seen, memory.moment())
    assert memory.pack(VAULT, "p") == seen


# ---------------------------------------------------------------------------------------------- what breaks off goes on


class FrailBlobs(LastingBlobs):
    """One deletion or write fails: it was not done, or it was and the answer got lost."""

    def __init__(self, *, is_done: bool) -> None:
        super().__init__()
        self.changes_until_failure = -1
        self._is_done = is_done

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self.change(lambda: super(FrailBlobs, self).put(blob, data, metadata))

    def delete(self, blob: Blob, snapshots: bool = False) -> None:
        self.change(lambda: super(FrailBlobs, self).delete(blob, snapshots))

    def change(self, act: Callable[[], None]) -> None:
        self.changes_until_failure -= 1
        if self.changes_until_failure != 0 or self._is_done:
            act()
        if self.changes_until_failure == 0:
            raise StorageUnavailable("the storage does not answer")


@pytest.mark.parametrize("is_new_process", [False, True])
@pytest.mark.parametrize("is_done", [False, True])
def test_a_deletion_that_broke_off_is_done_again(is_done: bool, is_new_process: bool) -> None:
    for failure in count(1):
        blobs = FrailBlobs(is_done=is_done)
        setting = Setting(blobs, 9)
        blobs.changes_until_failure = failure
        while len(setting.points) > 2:
            try:
                setting.delete_oldest()
            except StorageUnavailable:
                if is_new_process:
                    blobs.start_again()
        never_failed, blobs.changes_until_failure = blobs.changes_until_failure > 0, -1
        assert all(setting.vault.check(point) == [] for point in setting.points)
        assert all(setting.content(point) == setting.was(point) for point in setting.points)
        left = [name.split("/")[1:] for name in setting.names() if name.startswith("packs/")]
        assert len(left) == len({pack for pack, _ in left}), "a generation was left beside its successor"
        assert [pack_of("job1/disk"), "0001"] in left
        while setting.points:
            setting.delete_oldest()
        assert setting.names() == []
        if never_failed:  # there were fewer changes than that
            assert failure > 7
            return


# ------------------------------------------------------------------------------------------------------ it is bounded


def test_what_was_not_asked_for_the_longest_goes_first() -> None:
    values: Bounded[str] = Bounded(10)
    for name in "abc":
        values.put(("", name), name, 3)
    assert values.get(("", "a")) == "a"
    values.put(("", "d"), "d", 3)
    assert [values.get(("", name)) for name in "abcd"] == ["a", None, "c", "d"]
    values.put(("", "a"), "heavier", 4)
    assert values.weight <= 10
    values.put(("", "e"), "too heavy", 11)
    assert values.get(("", "e")) is None


def test_a_memory_holds_no_more_than_it_may() -> None:
    memory = Memory(most_text_bytes=100, most_stretches=10)
    for number in range(50):
        memory.remember_text(VAULT, str(number), bytes(30))
        newest = PackBlob(Blob(VAULT, "vault", f"packs/{number}/0000"), 1, (0, 2), (1, 1), (0, 1))
        memory.remember_pack(VAULT, str(number), SeenPack(newest, is_alone=True), memory.moment())
    assert memory.texts.weight == 90
    assert sum(memory.pack(VAULT, str(number)) is not None for number in range(50)) == 5
