"""The database workload: always in a transaction, clean after a freeze, recoverable from one instant, torn from two."""

from __future__ import annotations

from pathlib import Path
from random import Random
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from controlplane.ports import BlockSource, Range, StorageUnavailable
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.image import MemoryOverlay, mount
from simulator.guest.workload.database import DATABASE, JOURNAL, TOTAL, inspect
from simulator.guest.workload.plain_files import FilesWorkload, content_of, inspect_files, is_whole
from simulator.guest.workload.workload import DatabaseWorkload
from tests.unit.simulator.guest.guest_rig import PLAIN_IMAGE, Rig, mixed


def bank(rig: Rig) -> DatabaseWorkload:
    workload = rig.guest.workloads["database"]
    assert isinstance(workload, DatabaseWorkload)
    return workload


def tick(rig: Rig, times: int = 1) -> None:
    for _ in range(times):
        bank(rig).tick()


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path).boot()


def test_a_run_commits_so_many_transactions_and_keeps_the_sum(rig: Rig) -> None:
    bank(rig).run(12)
    rig.guest.shutdown()
    report = inspect(rig.images())
    assert report.opened_clean
    assert (report.integrity, report.sum_of_balances, report.last_transaction) == ("ok", TOTAL, 12)
    assert report.sum_of_balances_ok
    assert report.problem == ""


def test_database_and_journal_lie_on_different_disks(rig: Rig) -> None:
    bank(rig).run(1)
    images = rig.images()
    assert DATABASE in mount(images[0]).names()
    assert JOURNAL in mount(images[1]).names()
    assert JOURNAL not in mount(images[0]).names()


@pytest.mark.parametrize(("data_disks", "home"), [(0, -1), (1, 0)])
def test_with_fewer_disks_both_lie_together(tmp_path: Path, data_disks: int, home: int) -> None:
    rig = Rig(tmp_path, data_disks=data_disks).boot()
    bank(rig).run(1)
    assert {DATABASE, JOURNAL} <= set(mount(rig.images()[home]).names())


def test_between_ticks_a_transaction_is_open_and_on_the_disk(rig: Rig) -> None:
    for _ in range(30):
        tick(rig)
        report = inspect(rig.images())
        assert not report.opened_clean
        assert report.recovered, "one instant of all disks can always be recovered"


def test_recovery_brings_back_the_last_committed_transaction(rig: Rig) -> None:
    bank(rig).run(5)
    tick(rig)
    report = inspect(rig.images())
    assert not report.opened_clean
    assert report.recovered
    assert report.last_transaction == 5


def test_inspecting_changes_nothing_in_the_images(rig: Rig) -> None:
    tick(rig, 2)
    images = rig.images()
    before = [image.read(0, image.size_bytes) for image in images.values()]
    assert inspect(images) == inspect(images)
    assert [image.read(0, image.size_bytes) for image in images.values()] == before


def test_disks_of_two_instants_are_reported_as_torn(rig: Rig) -> None:
    torn = 0
    for _ in range(10):
        before = rig.images()
        tick(rig)
        report = inspect(mixed(rig.images(), before, 1))
        torn += not report.sum_of_balances_ok or report.integrity != "ok"
    assert torn > 0


def test_no_database_on_the_disks_is_said_so(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE).boot()
    assert set(rig.guest.workloads) == {"files"}
    report = inspect(rig.images())
    assert not report.found
    assert "no disk has a database" in report.problem
    assert not inspect({}).found


def test_a_database_without_its_journals_disk_is_opened_as_it_is(rig: Rig) -> None:
    bank(rig).run(3)
    rig.guest.shutdown()
    images = rig.images()
    del images[1]
    assert inspect(images).last_transaction == 3


class Damaged:
    """An image with some bytes changed."""

    def __init__(self, source: BlockSource, changes: dict[int, bytes]) -> None:
        self._overlay = MemoryOverlay(source)
        for at, data in changes.items():
            self._overlay.write(at, data)
        self.size_bytes = source.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        return self._overlay.read(offset, length)

    def extents(self) -> list[Range]:
        return [Range(0, self.size_bytes)]


@pytest.fixture(scope="module")
def hot_images(tmp_path_factory: pytest.TempPathFactory) -> dict[int, BlockSource]:
    rig = Rig(tmp_path_factory.mktemp("guest")).boot()
    bank(rig).run(2)
    tick(rig)
    return rig.images()


@settings(max_examples=60, deadline=None)
@given(st.data())
def test_whatever_is_wrong_with_images_is_reported_and_never_raised(
    hot_images: dict[int, BlockSource], data: st.DataObject
) -> None:
    images: dict[int, BlockSource] = {}
    for lun, image in hot_images.items():
        held = [at for extent in image.extents() for at in range(extent.offset, extent.end, 512)]
        places = data.draw(st.lists(st.sampled_from(held), max_size=3))
        images[lun] = Damaged(image, {at: Random(at).randbytes(512) for at in places})
    report = inspect(images)
    assert report.found or report.problem
    assert not report.recovered or report.problem == ""
    inspect_files(images)


@pytest.mark.parametrize("reads_too", [False, True])
def test_a_storage_that_refuses_is_told_once_and_mended_by_recovery(rig: Rig, reads_too: bool) -> None:
    bank(rig).run(4)
    tick(rig)
    rig.blobs.refuse, rig.blobs.refuse_reads = True, reads_too
    tick(rig, 5)
    assert "StorageUnavailable" in bank(rig).problem
    assert rig.names().count("workload.failed") == 1
    rig.blobs.refuse = rig.blobs.refuse_reads = False
    tick(rig, 2)
    assert bank(rig).problem == ""
    bank(rig).run(1)
    rig.guest.shutdown()
    report = inspect(rig.images())
    assert (report.opened_clean, report.sum_of_balances_ok, report.integrity) == (True, True, "ok")
    assert report.last_transaction is not None
    assert report.last_transaction >= 5


def test_a_run_raises_what_the_storage_does(rig: Rig) -> None:
    rig.blobs.refuse = True
    with pytest.raises(StorageUnavailable):
        bank(rig).run(1)
    rig.blobs.refuse = False
    bank(rig).run(1)
    assert bank(rig).facts() == {"last_transaction": 1}


def test_the_same_seed_does_the_same_transfers(tmp_path: Path) -> None:
    def balances(folder: Path, seed: int) -> Any:
        rig = Rig(folder, seed=seed).boot()
        bank(rig).run(3)
        database = bank(rig)._database
        assert database
        return database.connection.execute("SELECT id, balance FROM account ORDER BY id").fetchall()

    first = balances(tmp_path / "a", 1)
    assert first == balances(tmp_path / "b", 1)
    assert first != balances(tmp_path / "c", 2)


def test_plain_files_are_whole_and_damage_is_found(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE).boot()
    rig.guest.workloads["files"].run(20)
    images = rig.images()
    whole = inspect_files(images)
    assert (whole.damaged, whole.problems) == ((), ())
    assert whole.checked == 1 + 6 + 12  # what is installed, then what the workload keeps
    disk = mount(images[0]).files()[0]
    at = 1024 * 1024 + (disk.entry.extents[0].first + 1) * 65536 + 20_000
    damaged = inspect_files({**images, 0: Damaged(images[0], {at: b"!"})})
    assert damaged.damaged == (f"disk 0: {disk.entry.name}",)


def test_plain_files_are_text() -> None:
    text = content_of("a", 1, 200_000).decode("ascii")
    assert text.endswith("\n")
    assert max(map(len, text.splitlines())) < 100
    assert all(line.isprintable() for line in text.splitlines())


def test_a_file_can_be_added_that_stays_as_it_is(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE).boot()
    files = rig.guest.workloads["files"]
    assert isinstance(files, FilesWorkload)
    names = [files.archive(0, 3 * 1024 * 1024), files.archive(0, 70_000)]
    files.run(20)
    assert names == ["archive-0.txt", "archive-1.txt"]
    images = rig.images()
    sizes = {file.entry.name: file.size_bytes for file in mount(images[0]).files()}
    assert [sizes[name] for name in names] == [3 * 1024 * 1024, 70_000]
    assert inspect_files(images).damaged == ()
    with pytest.raises(VolumeError, match="no volume on disk 9"):
        files.archive(9, 1)
    before = mount(images[0]).names()
    with pytest.raises(VolumeError, match="no room"):
        files.archive(0, 1024**4)
    assert mount(rig.images()[0]).names() == before, "what found no room is gone"


def test_the_content_of_a_plain_file_follows_from_name_generation_and_seed() -> None:
    assert content_of("a", 1, 5000, 7) == content_of("a", 1, 5000, 7)
    assert len({content_of("a", 1, 5000), content_of("a", 2, 5000), content_of("b", 1, 5000)}) == 3
    assert len(content_of("a", 1, 5000)) == 5000
    assert is_whole(content_of("a", 1, 5000))
    assert not is_whole(content_of("a", 1, 5000)[:-1])
    assert not is_whole(b"")
