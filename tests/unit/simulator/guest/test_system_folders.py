"""What the owner of a Linux machine puts into its folders belongs to its OS disk, and comes back with it."""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from pathlib import Path

import pytest

from simulator.guest import system_folders
from simulator.guest.system_folders import KEPT_AS, LARGEST_BYTES
from simulator.guest.workload.plain_files import inspect_files, with_digest
from tests.guest_scripts import PRE, put, put_scripts
from tests.unit.simulator.guest.guest_rig import SQL_IMAGE, UBUNTU_IMAGE, Rig

LINUX_SQL_IMAGE = "MicrosoftSQLServer:sql2022-ubuntu2204:sqldev-gen2"


@pytest.fixture
def rig(tmp_path: Path) -> Rig:
    return Rig(tmp_path / "one", image=UBUNTU_IMAGE).boot()


def moved(rig: Rig, folder: Path) -> Rig:
    """A machine in another folder, on the same disks: what a restore makes."""
    rig.guest.shutdown()
    rig.folder = folder
    rig.guest = rig.make()
    return rig.boot()


def file_on_disk(rig: Rig) -> bytes:
    volume = rig.guest._attached[-1].volume
    assert volume is not None
    file = volume.find(KEPT_AS)
    assert file is not None
    return file.read(0, file.size_bytes)


def test_it_says_which_system_it_is(rig: Rig) -> None:
    assert (rig.folder / "etc" / "os-release").read_text().splitlines() == [
        'NAME="Ubuntu"',
        "ID=ubuntu",
        'VERSION_ID="24.04"',
        'PRETTY_NAME="Ubuntu 24.04"',
    ]
    assert "VERSION_ID" in rig.guest.run_script(["cat /etc/os-release"])[0]


def test_a_machine_made_of_its_disks_has_its_files_with_their_modes(rig: Rig, tmp_path: Path) -> None:
    put_scripts(rig.folder, "exit 7", timeoutInSeconds=45)
    put(rig.folder, "/opt/bank/notes", "some notes", mode=0o640)
    other = moved(rig, tmp_path / "two")
    script = other.folder / PRE.lstrip("/")
    assert (script.read_text(), stat.S_IMODE(script.stat().st_mode)) == ("exit 7\n", 0o700)
    settings = other.folder / "etc" / "azure" / "VMSnapshotScriptPluginConfig.json"
    assert stat.S_IMODE(settings.stat().st_mode) == 0o600
    notes = other.folder / "opt" / "bank" / "notes"
    assert (notes.read_text(), stat.S_IMODE(notes.stat().st_mode)) == ("some notes\n", 0o640)


def test_what_a_backup_holds_is_what_was_there_when_it_began(rig: Rig) -> None:
    put(rig.folder, PRE, "first")
    rig.guest.open_session("task")
    kept = file_on_disk(rig)
    put(rig.folder, PRE, "second")
    assert file_on_disk(rig) == kept
    rig.guest.open_session("another")
    assert file_on_disk(rig) != kept
    rig.guest.shutdown()
    assert inspect_files(rig.images()).damaged == ()


def test_files_that_did_not_change_are_not_written_again(rig: Rig) -> None:
    rig.guest.open_session("task")
    written = len(rig.blobs.writes)
    rig.guest.open_session("another")
    assert len(rig.blobs.writes) == written


def test_a_machine_that_starts_again_keeps_what_was_changed_meanwhile(rig: Rig) -> None:
    put(rig.folder, PRE, "old")
    rig.guest.shutdown()
    put(rig.folder, PRE, "new")
    (rig.folder / "etc" / "os-release").unlink()
    rig.boot()
    assert (rig.folder / PRE.lstrip("/")).read_text() == "new\n"
    assert (rig.folder / "etc" / "os-release").exists()


def test_an_earlier_disk_brings_its_earlier_files(rig: Rig, tmp_path: Path) -> None:
    """A restore in place: the machine's own folder is newer than the disk."""
    put(rig.folder, PRE, "then")
    rig.guest.shutdown()
    then = rig.blobs.snapshot(rig.spec.disks[0].blob)
    rig.boot()
    put(rig.folder, PRE, "now")
    put(rig.folder, "/etc/azure/later", "later")
    rig.guest.shutdown()
    old = rig.blobs.read(rig.spec.disks[0].blob.at(then))
    rig.blobs.write(rig.spec.disks[0].blob, 0, old)
    shutil.rmtree(rig.folder / "ledger")  # as the host does for disks that were replaced
    rig.boot()
    assert (rig.folder / PRE.lstrip("/")).read_text() == "then\n"
    assert not (rig.folder / "etc" / "azure" / "later").exists()


def test_links_and_other_folders_stay_where_they_are(rig: Rig, tmp_path: Path) -> None:
    put(tmp_path, "/outside", "secret of the user")
    (rig.folder / "etc" / "link").symlink_to(tmp_path / "outside")
    put(rig.folder, "/srv/file", "x")
    other = moved(rig, tmp_path / "two")
    assert not (other.folder / "etc" / "link").exists()
    assert not (other.folder / "srv").exists()


def test_too_much_is_not_kept_and_told(rig: Rig) -> None:
    with put(rig.folder, "/etc/large", "").open("wb") as file:
        file.truncate(LARGEST_BYTES + 1)
    rig.guest.open_session("task")
    assert "not kept on the disk" in rig.told("workload.failed")["problem"]


@pytest.mark.parametrize("name", ["../outside", "/etc/x", "var/lib/waagent/x", "etc/../../x"])
def test_a_disk_cannot_put_files_elsewhere(rig: Rig, tmp_path: Path, name: str) -> None:
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:
        archive.writestr(name, "x")
    volume = rig.guest._attached[-1].volume
    assert volume is not None
    volume.delete(KEPT_AS)
    file = volume.open(KEPT_AS)
    file.write(0, with_digest(KEPT_AS, buffer.getvalue()))
    file.flush()
    rig.guest.shutdown(clean=False)
    rig.folder = tmp_path / "two"
    rig.guest = rig.make()
    rig.boot()
    assert "other folders" in rig.told("workload.failed")["problem"]
    assert not (tmp_path / "outside").exists()


@pytest.mark.parametrize("content", [b"no zip", b"PK\x03\x04" + bytes(range(64))])
def test_damaged_files_on_the_disk_keep_no_machine_from_starting(rig: Rig, tmp_path: Path, content: bytes) -> None:
    volume = rig.guest._attached[-1].volume
    assert volume is not None
    volume.delete(KEPT_AS)
    file = volume.open(KEPT_AS)
    file.write(0, content)
    file.flush()
    rig.guest.shutdown(clean=False)
    rig.folder = tmp_path / "two"
    rig.guest = rig.make()
    rig.boot()
    assert rig.told("workload.failed")["workload"] == "system folders"
    assert (rig.folder / "etc" / "os-release").exists()


def test_windows_has_none_of_this(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=SQL_IMAGE).boot()
    rig.guest.open_session("task")
    assert not (tmp_path / "etc").exists()
    volume = rig.guest._attached[-1].volume
    assert volume is not None
    assert volume.find(KEPT_AS) is None


def test_the_program_of_the_database_comes_with_it(tmp_path: Path) -> None:
    rig = Rig(tmp_path, image=LINUX_SQL_IMAGE).boot()
    program = rig.folder / system_folders.DATABASE_PROGRAM
    assert stat.S_IMODE(program.stat().st_mode) == 0o755
    assert (rig.folder / system_folders.DATABASE_MODULE).exists()
