"""A guest on storage in memory and on clocks that stand, and storage that fails in the ways real storage does."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Literal

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.domain.compute.vhd import MEBIBYTE, blob_bytes
from controlplane.domain.events.event import Fact
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    Blobs,
    BlockSource,
    CreateOption,
    Disk,
    MachineSpec,
    Range,
    StorageUnavailable,
)
from simulator.clock.real_time import RealTime
from simulator.guest.conditions import MachineConditions
from simulator.guest.disk.disk import BlockCache, GuestDisk, StoredImage
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.ledger import Ledger
from simulator.guest.disk.write_history import WriteHistory
from simulator.guest.machine import Guest
from tests.virtual_clock import VirtualClock

ACCOUNT = "sql01disks"
START = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
REAL_START = datetime(2025, 8, 9, 10, 11, tzinfo=UTC)
"""Of the tests' real time, so that what mixes the two up is seen."""
SQL_IMAGE = "MicrosoftSQLServer:sql2022-ws2022:enterprise-gen2"
PLAIN_IMAGE = "MicrosoftWindowsServer:WindowsServer:2019-Datacenter"
UBUNTU_IMAGE = "Canonical:ubuntu-24_04-lts:server"
SMALL = MachineConditions(workload_rate=0, system_file_bytes=128 * 1024)
BUSY = MachineConditions(workload_rate=1, system_file_bytes=128 * 1024)


class FailingBlobs(MemoryBlobs):
    """Storage that can be told to refuse writes, to do them and not say so, or to acknowledge and forget them."""

    def __init__(self) -> None:
        super().__init__()
        self.refuse = False
        self.refuse_reads = False
        self.keep_silent = False
        self.forget = False
        self.reads: list[tuple[int, int]] = []
        self.writes: list[tuple[str, int, int]] = []

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        data = super().read(blob, offset, length)
        if self.refuse_reads and blob.snapshot is None:
            raise StorageUnavailable("the storage does not answer")
        self.reads.append((offset, len(data)))
        return data

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        if self.refuse:
            raise StorageUnavailable("the storage does not answer")
        self.writes.append((blob.name, offset, len(data)))
        if not self.forget:
            super().write(blob, offset, data)
        if self.keep_silent:
            raise StorageUnavailable("the answer was lost")


def disk(name: str, lun: int, size_mib: int = 16, option: CreateOption = "Empty") -> Disk:
    return Disk(name, lun, Blob(ACCOUNT, "vhds", f"{name}.vhd"), size_mib * MEBIBYTE, option)


def machine_spec(image: str, disks: Sequence[Disk]) -> MachineSpec:
    os_type: Literal["Windows", "Linux"] = "Windows" if "windows" in image.lower() or "-ws" in image else "Linux"
    return MachineSpec("vm-id", "sql01", "Standard_D2s_v3", os_type, image, "sql01", tuple(disks))


class Rig:
    """One guest, what it runs on, and what it told."""

    def __init__(
        self,
        folder: Path,
        *,
        data_disks: int = 2,
        image: str = SQL_IMAGE,
        conditions: MachineConditions = SMALL,
        real_time: RealTime | None = None,
        clock: VirtualClock | None = None,
        seed: int = 1,
    ) -> None:
        self.blobs = FailingBlobs()
        self.blobs.add_account(ACCOUNT)
        self.clock = clock or VirtualClock(START)
        """World time, which few tests need to move."""
        self.real_time = real_time or VirtualClock(REAL_START)
        self.folder = folder
        self.conditions = conditions
        self.seed = seed
        self.events: list[tuple[str, Json]] = []
        self.on_fact: Callable[[str], None] = lambda name: None
        data = [disk(f"data{lun}", lun) for lun in range(data_disks)]
        self.spec = machine_spec(image, [disk("os", -1, 32, "FromImage"), *data])
        self._left: list[Guest] = []
        self.guest = self.make()

    def make(self) -> Guest:
        """The guest in its folder, as a simulator that starts would make it."""
        return Guest(
            vm="/vm/sql01",
            spec=self.spec,
            folder=self.folder,
            blobs=self.blobs,
            clock=self.clock,
            real_time=self.real_time,
            chance=Random(self.seed),
            conditions=self.conditions,
            on_event=self._heard,
        )

    def _heard(self, fact: Fact) -> None:
        self.events.append((fact.NAME, fact.event().data))
        self.on_fact(fact.NAME)

    def boot(self) -> Rig:
        self.guest.boot()
        return self

    def boot_again(self) -> Guest:
        """As after a SIGKILL of the simulator: the old guest is left as it is and never heard of again."""
        self._left.append(self.guest)  # collected as garbage, its database would still write as it closes
        self.guest = self.make()
        self.guest.boot()
        return self.guest

    def jump(self, seconds: float) -> None:
        """Let so much real time pass at once."""
        assert isinstance(self.real_time, VirtualClock)
        self.real_time.jump(seconds)

    def images(self) -> dict[int, BlockSource]:
        """A snapshot of every disk, one after the other."""
        return {each.lun: snapshot(self.blobs, each) for each in self.spec.disks}

    def names(self) -> list[str]:
        return [name for name, _ in self.events]

    def told(self, name: str) -> Json:
        return next(data for told, data in reversed(self.events) if told == name)


def snapshot(blobs: Blobs, each: Disk) -> StoredImage:
    return StoredImage(blobs, each.blob.at(blobs.snapshot(each.blob)), blob_bytes(each.size_bytes))


def lone_disk(blobs: MemoryBlobs, folder: Path, *, size_mib: int = 4, cache_bytes: int = 4 * MEBIBYTE) -> GuestDisk:
    """One disk without a guest around it; opened again in the same folder it knows what it wrote."""
    blobs.add_account(ACCOUNT)
    blob = Blob(ACCOUNT, "vhds", "lone.vhd")
    size_bytes = size_mib * MEBIBYTE
    if blobs.properties(blob) is None:
        blobs.create(blob, blob_bytes(size_bytes))
    return GuestDisk(
        lun=0,
        name="lone",
        blob=blob,
        size_bytes=size_bytes,
        blobs=blobs,
        gate=Gate(VirtualClock(REAL_START)),
        ledger=Ledger(folder, "lone", blob_bytes(size_bytes)),
        cache=BlockCache(cache_bytes),
        history=WriteHistory(),
    )


class BytesSource:
    """A disk image in memory."""

    def __init__(self, data: bytes, extents: Sequence[tuple[int, int]] = ()) -> None:
        self.data = data
        self._extents = [Range(offset, length) for offset, length in extents] or [Range(0, len(data))]

    @property
    def size_bytes(self) -> int:
        return len(self.data)

    def read(self, offset: int, length: int) -> bytes:
        return self.data[offset : offset + length]

    def extents(self) -> Sequence[Range]:
        return self._extents


def mixed(images: Mapping[int, BlockSource], other: Mapping[int, BlockSource], *luns: int) -> dict[int, BlockSource]:
    """Some disks from another moment."""
    return {lun: other[lun] if lun in luns else image for lun, image in images.items()}
