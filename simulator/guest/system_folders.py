"""Folders of a Linux guest's root file system that its owner puts files into: settings, scripts and programs.

Programs of the guest are processes of this machine, so these files have to lie in a folder of this machine, beside the
disk. They belong to the OS disk all the same: what they hold is kept as one file of its volume, before each freeze and
at each shutdown, and a machine that boots from a disk with other ones, as a restored one does, gets those.
"""

from __future__ import annotations

import io
import shutil
import stat
import zipfile
from collections.abc import Callable, Iterator
from hashlib import sha256
from pathlib import Path, PurePosixPath

from simulator.guest.disk.volume import Volume
from simulator.guest.files import write_whole
from simulator.guest.os_profile import OsProfile
from simulator.guest.workload.plain_files import with_digest
from simulator.guest.workload.workload import TROUBLE

FOLDERS = ("etc", "opt", "root", "usr/local")
KEPT_AS = "system-files.zip"
"""On the volume."""
LAST_KEPT = "system-files.digest"
"""Beside the disk: which files those on it were last."""
LARGEST_BYTES = 4 * 1024 * 1024
MOST_FILES = 500
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time that a zip can hold."""

OS_RELEASE = "etc/os-release"
NAMES = {
    "ubuntu": "Ubuntu",
    "rhel": "Red Hat Enterprise Linux",
    "sles": "SLES",
    "debian": "Debian GNU/Linux",
    "ol": "Oracle Linux Server",
    "almalinux": "AlmaLinux",
    "linux": "Linux",
}
DATABASE_PROGRAM = "usr/local/bin/bankctl"
DATABASE_MODULE = "usr/local/lib/bank/bankctl.py"
_PROGRAM = """#!/bin/sh
exec "${VMSNAPSHOT_PYTHON:-python3}" -I "${0%/*}/../lib/bank/bankctl.py" "$@"
"""


class Unkept(Exception):
    """The files of these folders are not on the disk, or not those of the disk; says why."""


class SystemFolders:
    """Those below `root`. `on_problem` is told why they and the disk differ; a machine runs all the same."""

    def __init__(self, root: Path, on_problem: Callable[[str], None]) -> None:
        self._root = root
        self._on_problem = on_problem

    def wake(self, volume: Volume, profile: OsProfile) -> None:
        """The machine boots from this volume."""
        self._attempt(lambda: self._take_from(volume))
        self._install(profile)

    def keep(self, volume: Volume) -> None:
        """Bring what they hold now to the volume."""
        self._attempt(lambda: self._bring_to(volume))

    def _attempt(self, work: Callable[[], None]) -> None:
        try:
            work()
        except (Unkept, OSError, zipfile.BadZipFile, ValueError, RuntimeError, *TROUBLE) as problem:
            self._on_problem(f"{', '.join(FOLDERS)}: {problem}")

    # ------------------------------------------------------------------------------------------------------ to the disk

    def _bring_to(self, volume: Volume) -> None:
        content = self._packed()
        digest = sha256(content).hexdigest()
        if digest == self._last_kept() and volume.find(KEPT_AS) is not None:
            return
        volume.delete(KEPT_AS)
        file = volume.open(KEPT_AS)
        file.write(0, with_digest(KEPT_AS, content))
        file.flush()
        write_whole(self._root / LAST_KEPT, digest)

    def _packed(self) -> bytes:
        """The same bytes for the same files: names, modes and contents. Links and devices are left out."""
        buffer = io.BytesIO()
        left, count = LARGEST_BYTES, 0
        with zipfile.ZipFile(buffer, "w") as archive:
            for file in self._files():
                about = file.stat()
                left, count = left - about.st_size, count + 1
                if left < 0 or count > MOST_FILES:
                    raise Unkept(f"more than {MOST_FILES} files or {LARGEST_BYTES} bytes are not kept on the disk")
                entry = zipfile.ZipInfo(file.relative_to(self._root).as_posix(), EPOCH)
                entry.create_system = 3
                entry.external_attr = about.st_mode << 16
                archive.writestr(entry, file.read_bytes())
        return buffer.getvalue()

    def _files(self) -> Iterator[Path]:
        for folder in FOLDERS:
            for path in sorted((self._root / folder).rglob("*")):
                if path.is_file() and not path.is_symlink():
                    yield path

    def _last_kept(self) -> str:
        try:
            return (self._root / LAST_KEPT).read_text(encoding="ascii")
        except (FileNotFoundError, UnicodeDecodeError):
            return ""

    # ---------------------------------------------------------------------------------------------------- from the disk

    def _take_from(self, volume: Volume) -> None:
        """A disk that holds other files than this machine put there last is another disk, or an earlier one."""
        file = volume.find(KEPT_AS)
        if file is None:
            return
        _, _, content = file.read(0, file.size_bytes).partition(b"\n")
        digest = sha256(content).hexdigest()
        if digest == self._last_kept():
            return
        with zipfile.ZipFile(io.BytesIO(content)) as archive:
            entries = [(entry, _place(self._root, entry.filename)) for entry in archive.infolist()]
            if sum(entry.file_size for entry, _ in entries) > LARGEST_BYTES:
                raise Unkept("the files on the disk are larger than any that are kept there")
            for folder in FOLDERS:
                shutil.rmtree(self._root / folder, ignore_errors=True)
            for entry, place in entries:
                write_whole(place, archive.read(entry))
                place.chmod(stat.S_IMODE(entry.external_attr >> 16) & 0o777)
        write_whole(self._root / LAST_KEPT, digest)

    def _install(self, profile: OsProfile) -> None:
        """What comes with the system and is not there yet."""
        name = NAMES.get(profile.name, profile.name)
        release = (
            f'NAME="{name}"\nID={profile.name}\nVERSION_ID="{profile.version}"\n'
            f'PRETTY_NAME="{f"{name} {profile.version}".strip()}"\n'
        )
        files = {OS_RELEASE: (release, 0o644)}
        if profile.has_sql_server:
            module = Path(__file__).with_name("bankctl.py").read_text(encoding="utf-8")
            files |= {DATABASE_PROGRAM: (_PROGRAM, 0o755), DATABASE_MODULE: (module, 0o644)}
        for where, (text, mode) in files.items():
            if not (self._root / where).exists():
                write_whole(self._root / where, text, mode)


def _place(root: Path, name: str) -> Path:
    path = PurePosixPath(name)
    inside = any(path.is_relative_to(folder) for folder in FOLDERS)
    if path.is_absolute() or ".." in path.parts or not inside:
        raise Unkept("the files on the disk lie in other folders than these")
    return root / path
