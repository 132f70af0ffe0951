"""Plain text files that can be checked by themselves: the first line holds the digest of the rest.

A workload rewrites them in turn, always in the length of a cluster: a file is then one write of a whole block, sent
whole or not at all, and nothing of it need be read or kept in memory. What it writes for the days that have passed goes
to larger files beside them, which are rewritten in turn too.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from hashlib import sha256
from itertools import count
from random import Random
from threading import Lock
from typing import Protocol

from controlplane.json_object import Json
from controlplane.ports import BlockSource
from simulator.daily_work import Work
from simulator.guest.disk.directory import CLUSTER_BYTES, VolumeError
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.image import mount_all
from simulator.guest.disk.volume import Volume
from simulator.guest.workload.database import DATABASE, JOURNAL
from simulator.guest.workload.workload import TROUBLE, OnProblem, WorkloadEnded

FILES_PER_VOLUME = 4
FILE_BYTES = CLUSTER_BYTES
DAILY_FILES_PER_VOLUME = 32
"""At most, and never on more than half of a volume."""
DAILY_FILE_BYTES = 1024 * 1024
MARK = b"sha256 "
PIECE_BYTES = 1024 * 1024
LINE_BYTES = 65
"""64 digits and the end of the line."""


class _Digest(Protocol):
    def hexdigest(self) -> str: ...


def content_of(name: str, generation: int, length: int, seed: int = 0) -> bytes:
    """The same bytes for the same name, generation and seed."""
    return b"".join(_pieces(name, generation, length, seed))


def _pieces(name: str, generation: int, length: int, seed: int) -> Iterator[bytes]:
    """The same content piece by piece, which a large file need not be in memory for."""
    body_bytes = length - len(_head(name, generation, sha256()))
    digest = sha256()
    for piece in _text(f"{seed} {name} {generation}", body_bytes):
        digest.update(piece)
    yield _head(name, generation, digest)
    yield from _text(f"{seed} {name} {generation}", body_bytes)


def _text(seed: str, length: int) -> Iterator[bytes]:
    """Lines of hexadecimal numbers, `length` bytes of them."""
    chance = Random(seed)
    while length > 0:
        rows = -(-min(length, PIECE_BYTES) // LINE_BYTES)
        numbers = chance.randbytes(rows * (LINE_BYTES - 1) // 2).hex("\n", (LINE_BYTES - 1) // 2)
        piece = f"{numbers}\n".encode()[:length]
        length -= len(piece)
        yield piece[:-1] + b"\n"


def with_digest(name: str, body: bytes, generation: int = 0) -> bytes:
    """A file of this content that can be checked by itself."""
    return _head(name, generation, sha256(body)) + body


def is_whole(data: bytes) -> bool:
    head, newline, body = data.partition(b"\n")
    return bool(newline) and head.startswith(MARK) and head.split(b" ")[1] == sha256(body).hexdigest().encode()


def _head(name: str, generation: int, digest: _Digest) -> bytes:
    return b"%s%s %08d %s\n" % (MARK, digest.hexdigest().encode(), generation, name.encode())


class FilesWorkload:
    """Rewrites a few files on every volume, one per tick."""

    name = "files"

    def __init__(self, volumes: Mapping[int, Volume], gate: Gate, chance: Random, on_problem: OnProblem) -> None:
        self.problem = ""
        self._gate = gate
        self._seed = chance.getrandbits(64)
        self._on_problem = on_problem
        self._lock = Lock()
        self._volumes = volumes
        self._places = [
            (volumes[lun], f"report-{number}.txt") for number in range(FILES_PER_VOLUME) for lun in sorted(volumes)
        ]
        self._daily_places = [
            (volumes[lun], f"daily-{number}.txt")
            for number in range(DAILY_FILES_PER_VOLUME)
            for lun in sorted(volumes)
            if (number + 1) * DAILY_FILE_BYTES <= volumes[lun].size_bytes // 2
        ]
        self._written = 0
        self._daily_written = 0
        self._closed = False

    def tick(self) -> None:
        if self._gate.held or not self._lock.acquire(blocking=False):
            return
        try:
            if not self._closed:
                self._write_next()
                self.problem = ""
        except TROUBLE as error:
            problem = f"{type(error).__name__}: {error}"
            if problem != self.problem:
                self.problem = problem
                self._on_problem(self.name, problem)
        finally:
            self._lock.release()

    def run(self, amount: int) -> None:
        """`amount` files."""
        for _ in range(amount):
            with self._lock:
                if self._closed:
                    raise WorkloadEnded(f"the workload {self.name} has ended")
                self._write_next()

    def catch_up(self, due: Work) -> Work:
        """Whole clusters of files; a volume without room has none."""
        done, tries = 0, 0
        with self._lock:
            if self._closed:
                raise WorkloadEnded(f"the workload {self.name} has ended")
            if self._gate.held:
                return Work()
            while due.file_bytes - done >= CLUSTER_BYTES and tries < len(self._daily_places):
                length = min(int(due.file_bytes - done) // CLUSTER_BYTES * CLUSTER_BYTES, DAILY_FILE_BYTES)
                if self._write_daily(length):
                    done, tries = done + length, 0
                else:
                    tries += 1
        return Work(file_bytes=done)

    def _write_daily(self, length: int) -> bool:
        """The next of the files, of this length. False: it has no room."""
        volume, name = self._daily_places[self._daily_written % len(self._daily_places)]
        self._daily_written += 1
        head_bytes = len(_head(name, 0, sha256()))
        body = b"".join(_text(f"{self._seed} {name} {self._daily_written}", length - head_bytes))
        try:
            file = volume.open(name)
            file.write(0, with_digest(name, body, self._daily_written))
            file.truncate(length)
            file.flush()
        except VolumeError:
            volume.delete(name)
            return False
        return True

    def archive(self, lun: int, size_bytes: int) -> str:
        """Write one more file, of this size, which stays as it is; returns its name. VolumeError: no such volume, or no
        room on it."""
        with self._lock:
            if self._closed:
                raise WorkloadEnded(f"the workload {self.name} has ended")
            volume = self._volumes.get(lun)
            if volume is None:
                raise VolumeError(f"there is no volume on disk {lun}")
            name = next(name for number in count() if volume.find(name := f"archive-{number}.txt") is None)
            if size_bytes > volume.size_bytes - volume.used_bytes:
                raise VolumeError(f"no room on volume {volume.label} for {name}")
            try:
                self._write_archive(volume, name, size_bytes)
            except VolumeError:
                volume.delete(name)
                raise
        return name

    def _write_archive(self, volume: Volume, name: str, size_bytes: int) -> None:
        file, at = volume.open(name), 0
        for piece in _pieces(name, 0, size_bytes, self._seed):
            file.write(at, piece)
            at += len(piece)
        file.flush()

    def facts(self) -> Json:
        return {"files_written": self._written + self._daily_written}

    def close(self, clean: bool) -> None:
        with self._lock:
            self._closed = True

    def _write_next(self) -> None:
        volume, name = self._places[self._written % len(self._places)]
        self._written += 1
        try:
            file = volume.open(name)
            file.write(0, content_of(name, self._written, FILE_BYTES, self._seed))
            file.flush()
        except VolumeError:
            volume.delete(name)  # a small disk may have no room; the others go on


@dataclass(frozen=True, slots=True)
class FilesReport:
    """The plain files on images of disks."""

    checked: int
    damaged: tuple[str, ...]
    problems: tuple[str, ...]


def inspect_files(sources: Mapping[int, BlockSource]) -> FilesReport:
    """Check every file on these images but those of the database."""
    volumes, problems = mount_all(sources)
    checked = 0
    damaged: list[str] = []
    for lun, volume in volumes.items():
        for file in volume.files():
            if file.entry.name in (DATABASE, JOURNAL):
                continue
            checked += 1
            if not is_whole(file.read(0, file.size_bytes)):
                damaged.append(f"disk {lun}: {file.entry.name}")
    return FilesReport(checked, tuple(damaged), tuple(problems))
