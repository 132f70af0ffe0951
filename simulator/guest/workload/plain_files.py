"""Plain files that can be checked by themselves: the first line holds the digest of the rest.

A workload rewrites them in turn, always in the length of a cluster: a file is then one write of a whole block, sent
whole or not at all, and nothing of it need be read or kept in memory.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from random import Random
from threading import Lock

from controlplane.ports import BlockSource, Json
from simulator.guest.disk.directory import CLUSTER_BYTES, VolumeError
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.image import mount_all
from simulator.guest.disk.volume import Volume
from simulator.guest.workload.database import DATABASE, JOURNAL
from simulator.guest.workload.workload import TROUBLE, OnProblem, WorkloadEnded

FILES_PER_VOLUME = 4
FILE_BYTES = CLUSTER_BYTES
MARK = b"sha256 "


def content_of(name: str, generation: int, length: int, seed: int = 0) -> bytes:
    """The same bytes for the same name, generation and seed."""
    head_bytes = len(_head(name, generation, b""))
    body = Random(f"{seed} {name} {generation}").randbytes(length - head_bytes)
    return _head(name, generation, body) + body


def with_digest(name: str, body: bytes) -> bytes:
    """A file of this content that can be checked by itself."""
    return _head(name, 0, body) + body


def is_whole(data: bytes) -> bool:
    head, newline, body = data.partition(b"\n")
    return bool(newline) and head.startswith(MARK) and head.split(b" ")[1] == sha256(body).hexdigest().encode()


def _head(name: str, generation: int, body: bytes) -> bytes:
    return b"%s%s %08d %s\n" % (MARK, sha256(body).hexdigest().encode(), generation, name.encode())


class FilesWorkload:
    """Rewrites a few files on every volume, one per tick."""

    name = "files"

    def __init__(self, volumes: Mapping[int, Volume], gate: Gate, chance: Random, on_problem: OnProblem) -> None:
        self.problem = ""
        self._gate = gate
        self._seed = chance.getrandbits(64)
        self._on_problem = on_problem
        self._lock = Lock()
        self._places = [
            (volumes[lun], f"report-{number}.txt") for number in range(FILES_PER_VOLUME) for lun in sorted(volumes)
        ]
        self._written = 0
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

    def facts(self) -> Json:
        return {"files_written": self._written}

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
