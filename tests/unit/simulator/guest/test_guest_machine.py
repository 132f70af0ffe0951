"""A guest from boot to shutdown: what it makes of its disks, what it says of itself, what it finds after an end."""

from __future__ import annotations

import shutil
import subprocess
from dataclasses import replace
from pathlib import Path

import pytest

from controlplane.domain.compute.vhd import FOOTER_BYTES, MEBIBYTE, Footer, blob_bytes, of_size
from controlplane.ports import BLOCK_BYTES, Blob, CreateOption, Disk
from extension.contract.bridge import FreezeRequest
from simulator.guest.conditions import MachineConditions
from simulator.guest.disk.disk import CACHE_BYTES
from simulator.guest.disk.image import mount
from simulator.guest.disk.partition import find
from simulator.guest.machine import BootFailed, Guest, NotRunning
from simulator.guest.windows import AGENT, mount_point, profile
from simulator.guest.workload.database import inspect
from simulator.guest.workload.plain_files import inspect_files
from simulator.guest.workload.workload import WorkloadEnded
from tests.unit.simulator.guest.guest_rig import ACCOUNT, BUSY, PLAIN_IMAGE, SMALL, Rig, disk, machine_spec

TEBIBYTE_IN_MIB = 1024 * 1024


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path).boot()


def last_transaction(guest: Guest) -> int:
    number: int = guest.workloads["database"].facts()["last_transaction"]
    return number


def test_a_booted_guest_has_formatted_disks_with_files(rig: Rig) -> None:
    for each in rig.spec.disks:
        assert rig.blobs.properties(each.blob)
        footer = Footer.parse(rig.blobs.read(each.blob, each.size_bytes, FOOTER_BYTES))
        assert footer.size_bytes == each.size_bytes
    images = rig.images()
    assert len(mount(images[-1]).names()) == 7
    assert inspect_files(images).damaged == ()
    assert find(images[-1].read, 32 * MEBIBYTE).offset == MEBIBYTE


@pytest.mark.skipif(shutil.which("qemu-img") is None, reason="qemu-img is not installed (apt-get install qemu-utils)")
def test_qemu_reads_a_downloaded_disk_byte_for_byte(rig: Rig, tmp_path: Path) -> None:
    data = rig.blobs.read(rig.spec.disks[0].blob)
    vhd, raw = tmp_path / "os.vhd", tmp_path / "os.raw"
    vhd.write_bytes(data)
    subprocess.run(["qemu-img", "convert", "-f", "vpc", "-O", "raw", vhd, raw], check=True)
    assert raw.read_bytes() == data[: 32 * MEBIBYTE]


def test_the_same_seed_makes_the_same_disks(tmp_path: Path) -> None:
    def content(folder: Path, seed: int) -> list[bytes]:
        rig = Rig(folder, seed=seed).boot()
        rig.guest.workloads["files"].run(5)
        return [rig.blobs.read(each.blob) for each in rig.spec.disks if each.lun != 1]

    assert content(tmp_path / "a", 5)[0] == content(tmp_path / "b", 5)[0]
    assert content(tmp_path / "a2", 5)[0] != content(tmp_path / "c", 6)[0]


@pytest.mark.parametrize("size_mib", [1, 2, 5, 32 * TEBIBYTE_IN_MIB])
def test_disks_of_any_size_work_and_stay_sparse(tmp_path: Path, size_mib: int) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE)
    rig.spec = machine_spec(PLAIN_IMAGE, [disk("os", -1, 32, "FromImage"), disk("odd", 0, size_mib)])
    rig.guest = rig.make()
    rig.boot()
    rig.guest.workloads["files"].run(8)
    session = rig.guest.open_session("task")
    assert rig.guest.freeze(FreezeRequest(session, 60)).frozen
    images = rig.images()
    rig.guest.thaw(session)
    truth = rig.guest.ground_truth("task")
    assert truth is not None
    verdict = truth.compare(0, images[0])
    assert verdict.equal
    assert verdict.blocks_compared == size_mib * 16 + 1
    assert inspect_files(images).damaged == ()
    assert inspect_files({0: images[0]}).checked == 4
    assert sum(extent.length for extent in images[0].extents()) < MEBIBYTE


def test_facts_follow_from_the_image_and_the_identity_stays(rig: Rig) -> None:
    facts = rig.guest.facts()
    assert (facts.computer_name, facts.os_name) == ("sql01", "Windows Server 2022 Datacenter")
    assert facts.agent_version == AGENT.version
    assert {"VSS", "COMSysApp", "MSDTC", "WindowsAzureGuestAgent", "RdAgent", "SQLWriter"} <= facts.services.keys()
    assert facts.registry[r"HKLM\SYSTEM\CurrentControlSet\Services\VSS\Start"] == "3"
    assert rig.make().facts().machine_id == facts.machine_id
    assert rig.make().now() == rig.clock.now()


@pytest.mark.parametrize(
    ("image", "name", "sql"),
    [
        (PLAIN_IMAGE, "Windows Server 2019 Datacenter", False),
        ("MicrosoftWindowsServer:WindowsServer:2025-datacenter-g2:latest", "Windows Server 2025 Datacenter", False),
        ("MicrosoftSQLServer:sql2019-ws2022:enterprise", "Windows Server 2022 Datacenter", True),
        ("microsoftsqlserver:SQL2022-WS2019:web", "Windows Server 2019 Datacenter", True),
        ("", "Windows Server 2022 Datacenter", False),
    ],
)
def test_an_image_decides_windows_and_workloads(image: str, name: str, sql: bool) -> None:
    windows = profile(image)
    assert (windows.name, windows.has_sql_server) == (name, sql)


def test_a_machine_from_a_restored_os_disk_is_what_the_disk_was(rig: Rig, tmp_path: Path) -> None:
    """Its image is told by nobody: the disk holds it."""
    rig.guest.shutdown()
    attached = tuple(replace(disk, create_option="Attach") for disk in rig.spec.disks)
    rig.spec = replace(rig.spec, name="copy", computer_name="copy", image="", disks=attached)
    rig.folder = tmp_path / "copy"
    guest = rig.make()
    guest.boot()
    assert guest.facts().computer_name == "sql01"
    assert "SQLWriter" in guest.facts().services
    assert set(guest.workloads) == {"database", "files"}
    guest.shutdown()


def test_volumes_tell_where_they_are_and_what_they_hold(rig: Rig) -> None:
    volumes = rig.guest.volumes()
    assert [(each.name, each.lun) for each in volumes] == [("C:\\", -1), ("F:\\", 0), ("G:\\", 1)]
    assert all(0 < each.used_bytes < each.size_bytes <= 32 * MEBIBYTE for each in volumes)


def test_sixty_four_data_disks_have_sixty_four_mount_points() -> None:
    points = {mount_point(lun, lun + 1) for lun in range(-1, 64)}
    assert len(points) == 65


def test_workloads_are_ticked_in_real_time_while_the_machine_runs(tmp_path: Path) -> None:
    rig = Rig(tmp_path, conditions=BUSY).boot()
    for _ in range(20):
        rig.jump(0.2)
    assert last_transaction(rig.guest) == 7
    assert rig.guest.workloads["files"].facts()["files_written"] == 20
    written = sum(each.bytes_written for each in rig.guest.disks.values())
    assert written > 0
    rig.guest.shutdown()
    count = len(rig.blobs.writes)
    rig.jump(10)
    assert len(rig.blobs.writes) == count


def test_a_clean_restart_goes_on_where_it_ended(rig: Rig) -> None:
    rig.guest.workloads["database"].run(7)
    rig.guest.shutdown()
    assert not rig.guest.running
    guest = rig.boot_again()
    assert guest.lost_writes == ()
    assert last_transaction(guest) == 7


def test_a_power_cut_loses_the_open_transaction_and_nothing_else(rig: Rig) -> None:
    rig.guest.workloads["database"].run(3)
    rig.guest.workloads["database"].tick()
    rig.guest.shutdown(clean=False)
    assert not inspect(rig.images()).opened_clean
    guest = rig.boot_again()
    assert guest.lost_writes == ()
    assert last_transaction(guest) == 3
    guest.workloads["database"].run(1)
    guest.shutdown()
    report = inspect(rig.images())
    assert (report.opened_clean, report.last_transaction, report.sum_of_balances_ok) == (True, 4, True)


def test_after_a_kill_the_next_start_works_and_finds_nothing_lost(rig: Rig) -> None:
    rig.guest.workloads["database"].run(3)
    rig.guest.workloads["database"].tick()
    session = rig.guest.open_session("task")
    rig.guest.freeze(FreezeRequest(session, 60))
    guest = rig.boot_again()
    assert guest.lost_writes == ()
    guest.workloads["database"].run(1)
    guest.workloads["files"].run(1)
    assert "disk.lost_writes" not in rig.names()


def test_acknowledged_writes_that_the_storage_lost_are_named_at_the_next_start(rig: Rig) -> None:
    rig.guest.workloads["files"].run(3)
    rig.blobs.forget = True
    rig.guest.workloads["files"].run(3)
    rig.blobs.forget = False
    guest = rig.boot_again()
    assert {lost.disk for lost in guest.lost_writes} == {"os", "data0", "data1"}
    assert rig.names().count("disk.lost_writes") == 3
    told = rig.told("disk.lost_writes")
    assert told["blocks"] >= 1
    assert rig.boot_again().lost_writes == (), "the guest goes on from what the storage has"


def test_lost_writes_are_found_after_a_clean_end_too(rig: Rig) -> None:
    rig.blobs.forget = True
    rig.guest.workloads["files"].run(1)
    rig.blobs.forget = False
    rig.guest.shutdown()
    assert [lost.disk for lost in rig.boot_again().lost_writes] == ["os"]


def grow(rig: Rig, disk: Disk) -> None:
    """Give a disk twice its size, as the service does."""
    size_bytes = 2 * disk.size_bytes
    footer = rig.blobs.read(disk.blob, disk.size_bytes, FOOTER_BYTES)
    rig.blobs.grow(disk.blob, blob_bytes(size_bytes))
    rig.blobs.write(disk.blob, size_bytes, of_size(footer, size_bytes))
    rig.blobs.clear(disk.blob, disk.size_bytes, FOOTER_BYTES)


def test_writes_that_were_lost_before_a_disk_grew_are_named(rig: Rig) -> None:
    rig.blobs.forget = True
    rig.guest.workloads["files"].run(1)
    rig.blobs.forget = False
    rig.guest.shutdown()
    grow(rig, rig.spec.disks[0])
    assert [lost.disk for lost in rig.boot_again().lost_writes] == ["os"]
    assert rig.boot_again().lost_writes == ()


def test_a_disk_whose_growth_failed_half_way_has_lost_nothing(rig: Rig) -> None:
    rig.guest.shutdown()
    disk = rig.spec.disks[0]
    rig.blobs.grow(disk.blob, blob_bytes(2 * disk.size_bytes))
    assert rig.boot_again().lost_writes == ()


@pytest.mark.parametrize("which", [0, 1])
def test_a_disk_that_grew_meanwhile_is_used_as_before_and_nothing_is_lost(rig: Rig, which: int) -> None:
    rig.guest.workloads["database"].run(7)
    rig.guest.shutdown()
    grow(rig, rig.spec.disks[which])
    guest = rig.boot_again()
    assert guest.lost_writes == ()
    assert "disk.raw" not in rig.names()
    assert last_transaction(guest) == 7
    guest.workloads["database"].run(1)
    guest.shutdown()
    guest = rig.boot_again()
    assert (guest.lost_writes, last_transaction(guest)) == ((), 8)


def test_a_disk_the_guest_knows_is_never_formatted_again(rig: Rig) -> None:
    rig.guest.shutdown()
    data = rig.spec.disks[1]
    rig.blobs.clear(data.blob, 0, data.size_bytes)
    guest = rig.boot_again()
    assert [lost.disk for lost in guest.lost_writes] == ["data0"]
    assert rig.told("disk.raw")["disk"] == "data0"
    assert [each.lun for each in guest.volumes()] == [-1, 1]
    assert rig.blobs.read(data.blob, MEBIBYTE, 512) == bytes(512)


def test_an_os_disk_without_a_volume_cannot_be_started_from(rig: Rig) -> None:
    rig.guest.shutdown()
    rig.blobs.clear(rig.spec.disks[0].blob, 0, 32 * MEBIBYTE)
    with pytest.raises(BootFailed, match="OS disk os"):
        rig.boot_again()
    assert not rig.guest.running


def test_an_os_disk_that_is_too_small_for_its_files_cannot_be_started_from(tmp_path: Path) -> None:
    rig = Rig(tmp_path, conditions=MachineConditions(workload_rate=0, system_file_bytes=MEBIBYTE))
    rig.spec = machine_spec(PLAIN_IMAGE, [disk("os", -1, 1, "FromImage")])
    rig.guest = rig.make()
    with pytest.raises(BootFailed, match="no room"):
        rig.boot()


@pytest.mark.parametrize("which", [0, 1])
def test_a_machine_does_not_start_without_the_blob_of_a_disk(rig: Rig, which: int) -> None:
    rig.guest.shutdown()
    rig.blobs.delete(rig.spec.disks[which].blob, snapshots=True)
    with pytest.raises(BootFailed, match="no page blob"):
        rig.boot_again()


def test_a_storage_that_refuses_makes_an_orderly_end_a_power_cut(rig: Rig) -> None:
    rig.guest.workloads["database"].tick()
    rig.blobs.refuse = True
    rig.guest.shutdown()
    assert rig.told("guest.stopped")["clean"] is False
    rig.blobs.refuse = False
    assert rig.boot_again().workloads["database"].problem == ""


def attached_copy(rig: Rig, other: Rig, disks: list[Disk], option: CreateOption = "Attach") -> list[Disk]:
    """Restored disks: the same bytes under new names in another machine's storage."""
    copies = []
    for each in disks:
        blob = Blob(ACCOUNT, "restored", f"{each.name}.vhd")
        other.blobs.create(blob, blob_bytes(each.size_bytes))
        for extent in rig.blobs.ranges(each.blob):
            other.blobs.write(blob, extent.offset, rig.blobs.read(each.blob, extent.offset, extent.length))
        copies.append(replace(each, name=f"restored-{each.name}", blob=blob, create_option=option))
    return copies


def test_restored_disks_attached_to_another_machine_go_on(rig: Rig, tmp_path: Path) -> None:
    rig.guest.workloads["database"].run(6)
    rig.guest.workloads["database"].tick()
    other = Rig(tmp_path / "other", seed=99)
    other.spec = replace(other.spec, disks=tuple(attached_copy(rig, other, list(rig.spec.disks))))
    other.guest = other.make()
    other.boot()
    assert last_transaction(other.guest) == 6
    assert other.guest.facts().machine_id != rig.guest.facts().machine_id
    other.guest.workloads["database"].run(1)
    session = other.guest.open_session("task")
    assert other.guest.freeze(FreezeRequest(session, 60)).frozen
    images = other.images()
    other.guest.thaw(session)
    truth = other.guest.ground_truth("task")
    assert truth is not None
    assert all(truth.compare(lun, image).equal for lun, image in images.items())
    assert inspect(images).last_transaction == 7


def test_an_attached_disk_without_a_volume_is_raw_and_left_alone(rig: Rig) -> None:
    rig.guest.shutdown()
    blank = disk("blank", 7, 8, "Attach")
    rig.blobs.create(blank.blob, blob_bytes(blank.size_bytes))
    rig.spec = replace(rig.spec, disks=(*rig.spec.disks, blank))
    guest = rig.boot_again()
    assert rig.told("disk.raw") == {"disk": "blank", "lun": 7, "problem": "no partition table"}
    assert rig.blobs.ranges(blank.blob) == []
    assert len(guest.volumes()) == 3


def test_an_attached_disk_brings_its_own_size(rig: Rig) -> None:
    rig.guest.shutdown()
    blank = disk("blank", 7, 8, "Attach")
    rig.blobs.create(blank.blob, blob_bytes(blank.size_bytes))
    rig.spec = replace(rig.spec, disks=(*rig.spec.disks, replace(blank, size_bytes=0)))
    assert rig.boot_again().disks[7].size_bytes == 8 * MEBIBYTE


def test_a_first_boot_that_was_cut_short_is_done_again(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    rig.blobs.refuse = True
    with pytest.raises(Exception, match="does not answer"):
        rig.guest.boot()
    assert not rig.guest.running
    rig.blobs.refuse = False
    rig.boot_again()
    assert inspect_files(rig.images()).damaged == ()
    assert len(mount(rig.images()[-1]).names()) == 7


def test_a_machine_that_is_off_takes_no_requesters(tmp_path: Path) -> None:
    rig = Rig(tmp_path)
    with pytest.raises(NotRunning):
        rig.guest.open_session("task")
    rig.guest.shutdown()


def test_a_shutdown_ends_a_freeze(rig: Rig) -> None:
    session = rig.guest.open_session("task")
    rig.guest.freeze(FreezeRequest(session, 60))
    rig.guest.shutdown()
    assert rig.told("vss.thawed")["consistent"] is False
    assert rig.told("guest.stopped")["clean"] is True
    with pytest.raises(NotRunning):
        rig.guest.thaw(session)


def test_truths_are_kept_over_a_restart_and_only_the_newest(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE, data_disks=0, conditions=SMALL).boot()
    for number in range(34):
        rig.guest.close_session(rig.guest.open_session(f"task {number}"))
    guest = rig.make()
    assert guest.ground_truth("task 1") is None
    truth = guest.ground_truth("task 33")
    assert truth is not None
    assert truth.task_id == "task 33"


def test_programs_of_a_machine_that_was_shut_down_do_nothing_more(rig: Rig) -> None:
    workloads = dict(rig.guest.workloads)
    rig.guest.shutdown()
    count = len(rig.blobs.writes)
    for workload in workloads.values():
        workload.tick()
        with pytest.raises(WorkloadEnded):
            workload.run(1)
    assert len(rig.blobs.writes) == count


def test_an_idle_machine_costs_no_tick(tmp_path: Path) -> None:
    rig = Rig(tmp_path, conditions=MachineConditions(workload_rate=0)).boot()
    count = len(rig.blobs.writes)
    rig.jump(3600)
    assert len(rig.blobs.writes) == count


def test_a_guest_at_rest_keeps_little_of_its_disks_in_memory(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=PLAIN_IMAGE).boot()
    assert rig.guest.cached_bytes == 0
    rig.guest.workloads["files"].run(40)
    assert rig.guest.cached_bytes <= len(rig.spec.disks) * BLOCK_BYTES, "the directories, and none of the files"
    rig.blobs.reads.clear()
    rig.guest.workloads["files"].run(12)
    assert rig.blobs.reads == []


def test_a_database_goes_over_its_blocks_without_reading_them_again(rig: Rig) -> None:
    rig.guest.workloads["database"].run(60)
    rig.blobs.reads.clear()
    rig.guest.workloads["database"].run(20)
    assert rig.blobs.reads == []
    assert rig.guest.cached_bytes <= CACHE_BYTES
