"""Copies files and folders so that a copy costs as little as the file system allows.

Where two files may share their bytes until one changes (btrfs, XFS, bcachefs), a copy is a reflink; elsewhere the bytes
are copied, and holes stay holes.
"""

from __future__ import annotations

import errno
import os
import shutil
import stat
import sys
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path

FICLONE = 0x40049409
"""ioctl_ficlone(2): `_IOW(0x94, 9, int)`."""
PIECE_BYTES = 4 * 2**20
NO_HOLES_KNOWN = frozenset({errno.EINVAL, errno.ENOTSUP})
"""What a file system says that does not tell its holes."""


def copy_file(source: Path, target: Path, size_bytes: int | None = None) -> None:
    """`target` is new; only its owner may read it. `size_bytes`: the copy ends there, whatever was appended since."""
    with source.open("rb") as read:
        found = os.fstat(read.fileno())
        size = found.st_size if size_bytes is None else size_bytes
        mode = 0o600 | (found.st_mode & stat.S_IXUSR)
        with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb", buffering=0) as write:
            if not _cloned(read.fileno(), write.fileno()):
                for begin, end in _filled(read.fileno(), size):
                    _copy(read.fileno(), write.fileno(), begin, end)
            write.truncate(size)


def copy_tree(source: Path, target: Path) -> None:
    """The folders and files of a folder, into a new one. A file that goes away meanwhile is left out, as is what is
    neither: a socket, a link."""
    target.mkdir(mode=0o700)
    with os.scandir(source) as entries:
        for entry in entries:
            if entry.is_dir(follow_symlinks=False):
                copy_tree(Path(entry.path), target / entry.name)
            elif entry.is_file(follow_symlinks=False):
                with suppress(FileNotFoundError):
                    copy_file(Path(entry.path), target / entry.name)


def files_below(folder: Path) -> Iterator[Path]:
    """The files below a folder, in a fixed order."""
    return (path for path in sorted(folder.rglob("*")) if path.is_file() and not path.is_symlink())


def remove(folder: Path) -> None:
    """A folder with all that is in it; nothing where there is none."""
    if folder.exists():
        shutil.rmtree(folder)


def _cloned(source: int, target: int) -> bool:
    if sys.platform != "linux":
        return False
    import fcntl

    try:
        fcntl.ioctl(target, FICLONE, source)
    except OSError:
        return False
    return True


def _filled(file: int, size: int) -> Iterator[tuple[int, int]]:
    """Where a file has bytes, up to this size."""
    if not hasattr(os, "SEEK_DATA"):
        yield 0, size
        return
    at = 0
    while at < size:
        try:
            begin = os.lseek(file, at, os.SEEK_DATA)
            end = os.lseek(file, begin, os.SEEK_HOLE)
        except OSError as problem:
            if problem.errno in NO_HOLES_KNOWN:
                yield at, size
            return  # ENXIO: nothing but a hole up to the end
        if begin < size:
            yield begin, min(end, size)
        at = end


def _copy(source: int, target: int, begin: int, end: int) -> None:
    os.lseek(source, begin, os.SEEK_SET)
    os.lseek(target, begin, os.SEEK_SET)
    while begin < end:
        piece = os.read(source, min(PIECE_BYTES, end - begin))
        if not piece:
            return
        view = memoryview(piece)
        while view:
            view = view[os.write(target, view) :]
        begin += len(piece)
