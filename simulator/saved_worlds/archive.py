"""A saved world as one file: a zip of its state folder with a manifest, which opens under any path.

    manifest.json      format, version, the name that it had, and of each file its size and SHA-256
    world/...          the files

It holds the world's keys, so only its owner may read it. Reading trusts nothing in it: every path, size and digest is
checked before the world is taken into the library, and a file that fails one changes nothing there.
"""

from __future__ import annotations

import errno
import hashlib
import json
import os
import shutil
import stat
import zipfile
import zlib
from collections import Counter
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path, PurePosixPath
from typing import IO, Any

from controlplane.json_object import Json
from simulator.failures import FREE_SPACE, Failure, WrongUse
from simulator.saved_worlds import contents
from simulator.saved_worlds.copying import files_below

FORMAT = "backupsim-world"
VERSION = 1
MANIFEST = "manifest.json"
INSIDE = "world/"
PIECE_BYTES = 2**20
LARGEST_MANIFEST_BYTES = 64 * 2**20
MOST_FILES = 1_000_000
EPOCH = (1980, 1, 1, 0, 0, 0)
"""The earliest time a zip can hold; when a file was written is nobody's matter."""
UNREADABLE = (zipfile.BadZipFile, zlib.error, EOFError, NotImplementedError, RuntimeError)
"""What zipfile raises for a damaged entry, and for a release of the format or a password that it lacks."""
KINDS = frozenset({zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED})
"""Compressions that are read."""
LONGEST_NAME_BYTES = 255
"""Of a file or a folder, as file systems have it (NAME_MAX)."""
LONGEST_PATH_BYTES = 2048
"""Inside of a world; with the folder of saved worlds before it, a path has to stay below 4096 (PATH_MAX)."""
DEEPEST = 100
"""Folders in one another."""
QUICKEST = 1
"""Blocks of disks are mostly empty, or as good as random: trying harder gains little."""


class NoRoom(Failure):
    """What is in an archive does not fit on the disk."""


def write(world: Path, name: str, file: Path) -> int:
    """A saved state folder into a new file, under the name that an import gives it unless told otherwise; its size.
    WrongUse where the file is there already."""
    if not file.parent.is_dir():
        raise WrongUse(f"{file} cannot be written; name a file in an existing folder")
    try:
        handle = os.open(file, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    except FileExistsError:
        raise WrongUse(f"{file} is there already; name a new file") from None
    try:
        with os.fdopen(handle, "w+b") as written, zipfile.ZipFile(written, "w", zipfile.ZIP_DEFLATED) as archive:
            files = {path.relative_to(world).as_posix(): path for path in files_below(world)}
            described = {inside: _pack(archive, INSIDE + inside, path) for inside, path in files.items()}
            folders = [path.relative_to(world).as_posix() for path in sorted(world.rglob("*")) if path.is_dir()]
            manifest = {"format": FORMAT, "version": VERSION, "name": name, "folders": folders, "files": described}
            archive.writestr(_info(MANIFEST), json.dumps(manifest))
    except BaseException:
        file.unlink(missing_ok=True)
        raise
    return file.stat().st_size


def _info(name: str, *, executable: bool = False) -> zipfile.ZipInfo:
    info = zipfile.ZipInfo(name, EPOCH)
    info.compress_type = zipfile.ZIP_DEFLATED
    info.external_attr = (stat.S_IFREG | (0o700 if executable else 0o600)) << 16
    return info


def _pack(archive: zipfile.ZipFile, name: str, path: Path) -> Json:
    digest, size = hashlib.sha256(), 0
    info = _info(name, executable=bool(path.stat().st_mode & stat.S_IXUSR))
    info.file_size = path.stat().st_size  # says whether the entry needs large numbers
    with path.open("rb") as read, archive.open(info, "w") as write:
        while piece := read.read(PIECE_BYTES):
            digest.update(piece)
            size += len(piece)
            write.write(piece)
    return {"size_bytes": size, "sha256": digest.hexdigest()}


class Archive:
    """An archive that is open to be read; a context. WrongUse for a file that is none, or none of this release."""

    def __init__(self, file: Path) -> None:
        self.file = file
        if not file.is_file():
            raise WrongUse(f"there is no file {file}; name one that backupsim world export wrote")
        with self._refusing("is no exported world, or was cut"):
            self._zip = zipfile.ZipFile(file)
        try:
            self._files = self._checked()
        except BaseException:
            self._zip.close()
            raise

    def __enter__(self) -> Archive:
        return self

    def __exit__(self, *_: object) -> None:
        self._zip.close()

    @property
    def name(self) -> str:
        return self._name

    def unpack(self, target: Path) -> None:
        """The world into a new folder, each file compared with the manifest."""
        size = sum(told["size_bytes"] for told in self._files.values())
        free = shutil.disk_usage(target.parent).free
        if size > free:
            raise NoRoom(
                f"{self.file} holds {size // 2**20} MiB, and {target.parent} has {free // 2**20} MiB; {FREE_SPACE}"
            )
        target.mkdir(mode=0o700)
        above = [str(parent) for name in self._files for parent in PurePosixPath(name).parents]
        for folder in sorted({*above, *self._folders} - {"."}):
            target.joinpath(*folder.split("/")).mkdir(mode=0o700)
        for name, told in self._files.items():
            self._unpack(name, told, target.joinpath(*name.split("/")))

    def _unpack(self, name: str, told: Json, path: Path) -> None:
        info = self._zip.getinfo(INSIDE + name)
        digest = hashlib.sha256()
        mode = 0o600 | ((info.external_attr >> 16) & stat.S_IXUSR)
        with (
            os.fdopen(os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb", buffering=0) as write,
            self._refusing(f"is damaged: {name} cannot be read"),
            self._zip.open(info) as read,
        ):
            _spread(read, write, digest, int(told["size_bytes"]))
        if digest.hexdigest() != told["sha256"]:
            raise self._refused(f"is damaged: {name} is not what was exported")

    def _checked(self) -> Mapping[str, Json]:
        """The files by the manifest, whose paths and sizes fit what the zip has."""
        manifest = self._manifest()
        self._name = str(manifest.get("name") or "")
        files: Any = manifest.get("files")
        folders: Any = manifest.get("folders")
        entries = [info for info in self._zip.infolist() if info.filename != MANIFEST]
        if not isinstance(files, dict) or not all(_is_description(told) for told in files.values()):
            raise self._refused("is damaged: its manifest cannot be read")
        if not isinstance(folders, list) or not all(isinstance(each, str) for each in folders):
            raise self._refused("is damaged: its manifest cannot be read")
        for folder in folders:
            if not _is_inside(folder):
                raise self._refused(f"names the path {folder!r}, which lies outside of a world")
        self._folders = [str(parent) for each in folders for parent in (each, *PurePosixPath(each).parents)]
        for info in entries:
            inside = info.filename.removeprefix(INSIDE)
            if not info.filename.startswith(INSIDE) or not _is_inside(inside):
                raise self._refused(f"names the path {info.filename!r}, which lies outside of a world")
            if info.is_dir() or stat.S_IFMT(info.external_attr >> 16) not in {0, stat.S_IFREG}:
                raise self._refused(f"holds {info.filename!r}, which is no plain file")
            if inside not in files:
                raise self._refused(f"holds {inside}, of which its manifest does not tell")
            if info.file_size != files[inside]["size_bytes"] or info.compress_type not in KINDS:
                raise self._refused(f"is damaged: {inside} is not what was exported")
        names = [info.filename.removeprefix(INSIDE) for info in entries]
        for name in sorted(set(files) - set(names)):
            raise self._refused(f"is damaged: {name!r} is missing")
        for name in (each for each, count in Counter(names).items() if count > 1):
            raise self._refused(f"holds {name} twice")
        above = {str(parent) for name in files for parent in PurePosixPath(name).parents}
        for name in sorted(set(files) & {*above, *self._folders}):
            raise self._refused(f"holds {name} as a file and as a folder")
        if len(files) > MOST_FILES:
            raise self._refused(f"holds more than {MOST_FILES} files")
        return files

    def _manifest(self) -> Json:
        try:
            info = self._zip.getinfo(MANIFEST)
        except KeyError:
            raise self._refused("is no exported world") from None
        with self._refusing("is damaged: its manifest cannot be read"):  # too deep a manifest is a RuntimeError too
            if info.file_size > LARGEST_MANIFEST_BYTES or info.compress_type not in KINDS:
                raise ValueError
            manifest = json.loads(self._zip.read(info))
        if not isinstance(manifest, dict) or manifest.get("format") != FORMAT:
            raise self._refused("is no exported world")
        version = manifest.get("version")
        if not isinstance(version, int) or isinstance(version, bool):
            raise self._refused("is damaged: its manifest cannot be read")
        if version > VERSION:
            raise WrongUse(
                f"{self.file} was written by a newer release, in version {version}; use that release, or export it "
                f"there for version {VERSION}"
            )
        return manifest

    @contextmanager
    def _refusing(self, what: str) -> Iterator[None]:
        """Within this the zip is read; what is wrong with it is refused as `what`."""
        try:
            yield
        except (ValueError, *UNREADABLE):
            raise self._refused(what) from None
        except OSError as problem:
            if problem.errno != errno.EINVAL:  # a place before the beginning of the file
                raise
            raise self._refused(what) from None

    def _refused(self, what: str) -> WrongUse:
        return WrongUse(f"{self.file} {what}; export the world again")


def _is_description(told: Any) -> bool:
    return (
        isinstance(told, dict)
        and isinstance(told.get("size_bytes"), int)
        and told["size_bytes"] >= 0
        and isinstance(told.get("sha256"), str)
    )


def _is_inside(name: str) -> bool:
    """Whether this is a path in a world, on every system: nothing absolute, nothing that climbs, nothing too long."""
    parts = name.split("/")
    if any(part in {"", ".", ".."} for part in parts) or any(letter in name for letter in "\\:\0"):
        return False
    try:
        sizes = [len(part.encode()) for part in parts]
    except UnicodeEncodeError:  # half of a pair, as JSON can write it
        return False
    if len(parts) > DEEPEST or max(sizes) > LONGEST_NAME_BYTES or sum(sizes) + len(parts) > LONGEST_PATH_BYTES:
        return False
    return parts[0] in contents.TOP


def _spread(read: IO[bytes], write: Any, digest: Any, size: int) -> None:
    """The content of an entry into a file, where zeros become holes. EOFError for one of another size."""
    at = 0
    while piece := read.read(PIECE_BYTES):
        digest.update(piece)
        at += len(piece)
        if at > size:
            raise EOFError
        if piece.count(0) == len(piece):
            write.seek(at)
            continue
        view = memoryview(piece)
        while view:
            view = view[write.write(view) :]
    if at != size:
        raise EOFError
    write.truncate(size)
