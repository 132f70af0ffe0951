"""Files of a running guest, by their paths: what a person, a program or an intruder does to them.

A path is one of the guest's own, such as `F:\\report.txt` or `/data0/report.txt`: a mount point and a name, since the
file system has no folders. What is done is on the disk when the act returns; while VSS holds the volumes it waits.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping
from dataclasses import dataclass
from fnmatch import fnmatchcase
from hashlib import sha256, shake_256

from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.volume import File, Volume

PIECE_BYTES = 1024 * 1024
Volumes = Mapping[str, Volume]
"""By mount point."""


class NoSuchFile(Exception):
    """A path leads to no file of the guest; says which."""


class FileInUse(Exception):
    """A program has the file open and lets nobody else at it; says which."""


@dataclass(frozen=True, slots=True)
class FileFacts:
    """A file and what it holds, by its digest."""

    name: str
    size_bytes: int
    sha256: str


def volume_of(volumes: Volumes, path: str) -> tuple[str, str]:
    """The mount point that a path begins with, empty without one, and what stands behind it."""
    for mount in sorted(volumes, key=len, reverse=True):
        if f"{path}\\".lower().startswith(mount.lower()) or f"{path}/".startswith(mount):
            return mount, path[len(mount) :].strip("\\/")
    return "", path


def put(volumes: Volumes, path: str, content: bytes, in_use: Collection[str] = ()) -> None:
    """Write a file with this content, in place of one that is there. NoSuchFile, FileInUse, VolumeError."""
    volume, name = _placed(volumes, path)
    _refuse(path, name, in_use)
    file = volume.open(name)
    try:
        file.write(0, content or b"\0")  # a new file is on the disk once something of it was written
        file.truncate(len(content))
        file.flush()
    except VolumeError:
        volume.delete(name)
        raise


def remove(volumes: Volumes, path: str, in_use: Collection[str] = ()) -> None:
    """Delete a file. NoSuchFile, FileInUse."""
    volume, name = _placed(volumes, path)
    _refuse(path, name, in_use)
    if volume.find(name) is None:
        raise NoSuchFile(f"{path}: there is no such file")
    volume.delete(name)


def encrypt(volumes: Volumes, pattern: str, key: str, in_use: Collection[str] = ()) -> tuple[list[str], list[str]]:
    """Overwrite each file that the pattern (`F:\\*.txt`) fits with what only the key makes readable again; the paths of
    those that were, and of those that a program keeps open. The same act with the same key brings them back."""
    mount, names = volume_of(volumes, pattern)
    if not mount:
        raise NoSuchFile(f"{pattern}: there is no such volume")
    done: list[str] = []
    left: list[str] = []
    for file in sorted(volumes[mount].files(), key=lambda file: file.entry.name):
        if fnmatchcase(file.entry.name, names or "*"):
            path = f"{mount}{file.entry.name}"
            if file.entry.name in in_use:
                left.append(path)
            else:
                _encrypt(file, key)
                done.append(path)
    if not done and not left:
        raise NoSuchFile(f"{pattern}: there is no such file")
    return done, left


def read(volumes: Volumes, path: str) -> bytes:
    """What a file holds. NoSuchFile."""
    volume, name = _placed(volumes, path)
    file = volume.find(name)
    if file is None:
        raise NoSuchFile(f"{path}: there is no such file")
    return file.read(0, file.size_bytes)


def facts_of(volume: Volume, pattern: str = "*") -> list[FileFacts]:
    """The files of a volume whose names fit the pattern, by name."""
    chosen = [file for file in volume.files() if fnmatchcase(file.entry.name, pattern)]
    return [_facts(file) for file in sorted(chosen, key=lambda file: file.entry.name)]


def _facts(file: File) -> FileFacts:
    digest, size = sha256(), file.size_bytes
    for _, piece in _pieces(file, size):
        digest.update(piece)
    return FileFacts(file.entry.name, size, digest.hexdigest())


def _encrypt(file: File, key: str) -> None:
    for at, piece in _pieces(file, file.size_bytes):
        stream = shake_256(f"{key} {file.entry.name} {at}".encode()).digest(len(piece))
        mixed = int.from_bytes(piece, "big") ^ int.from_bytes(stream, "big")
        file.write(at, mixed.to_bytes(len(piece), "big"))
    file.flush()


def _pieces(file: File, size_bytes: int) -> Iterator[tuple[int, bytes]]:
    for at in range(0, size_bytes, PIECE_BYTES):
        yield at, file.read(at, min(PIECE_BYTES, size_bytes - at))


def _placed(volumes: Volumes, path: str) -> tuple[Volume, str]:
    mount, name = volume_of(volumes, path)
    if not mount or not name or "/" in name or "\\" in name:
        raise NoSuchFile(f"{path}: there is no such place; a file lies right on a volume, as in {_example(volumes)}")
    return volumes[mount], name


def _example(volumes: Volumes) -> str:
    return f"{max(volumes, default='')}report.txt"


def _refuse(path: str, name: str, in_use: Collection[str]) -> None:
    if name in in_use:
        raise FileInUse(f"{path} is in use by the database of the machine")
