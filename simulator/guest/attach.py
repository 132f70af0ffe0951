"""Attaches a disk to its guest: creates the page blob, checks it against the ledger, formats a new one, mounts it.

Only a disk that is to be created is ever formatted, and only while it holds no volume; one that this guest knows is
compared with its ledger instead, and one that comes from elsewhere is taken as it is.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from pathlib import Path
from random import Random
from urllib.parse import quote
from uuid import UUID

from controlplane.domain.compute import vhd
from controlplane.ports import Blobs, Clock, Disk
from simulator.clock.real_time import RealTime
from simulator.guest.disk import partition
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.disk import BlockCache, GuestDisk, LostWrites
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.ledger import Ledger, LedgerDamaged, require_whole
from simulator.guest.disk.volume import Volume
from simulator.guest.disk.write_history import WriteHistory
from simulator.guest.files import write_whole
from simulator.guest.vss.writers import guid


class DiskMissing(Exception):
    """The machine cannot start: a disk's page blob is not there, or is not what it should be."""


@dataclass(frozen=True, slots=True)
class Attached:
    disk: GuestDisk
    volume: Volume | None
    """None for a disk without a volume, as Windows shows it: raw. `problem` says why."""
    is_new: bool
    """First seen by this guest at this start."""
    lost: LostWrites | None
    problem: str = ""
    ledger_problem: str = ""
    """Why nothing can be said of what was written to it before."""


class KnownDisksUnreadable(Exception):
    """Nobody can say which disks are new to the guest, so none is formatted."""


class KnownDisks:
    """Which disks this guest has had, and where their blobs lay: what is not here is new to it."""

    def __init__(self, folder: Path) -> None:
        self._path = folder / "disks.json"
        self._addresses = self._read()
        """By the disk's name: the address of its blob. An earlier version wrote a second line, which says nothing."""

    def _read(self) -> dict[str, str]:
        try:
            read: dict[str, str] = json.loads(self._path.read_bytes())
            if isinstance(read, dict) and all(isinstance(each, str) for each in read.values()):
                return read
        except FileNotFoundError:
            return {}
        except ValueError:
            pass
        remedy = "restore it from a copy, or remove it: the guest then takes its disks for new ones"
        raise KnownDisksUnreadable(f"{self._path} is damaged; {remedy}")

    def has(self, disk: Disk) -> bool:
        return self._addresses.get(disk.name, "").partition("\n")[0] == _address(disk)

    def add(self, disk: Disk) -> None:
        if not self.has(disk):
            self._addresses[disk.name] = _address(disk)
            write_whole(self._path, json.dumps(self._addresses))


class DiskBay:
    """What all disks of one guest share."""

    def __init__(self, folder: Path, blobs: Blobs, clock: Clock, real_time: RealTime, chance: Random) -> None:
        self.gate = Gate(real_time)
        self.history = WriteHistory()
        self._folder = folder
        self._blobs = blobs
        self._clock = clock
        self._chance = chance
        self.cache = BlockCache()
        self._known = KnownDisks(folder)

    def attach(self, spec: Disk) -> Attached:
        is_known = self._known.has(spec)
        properties = self._blobs.properties(spec.blob)
        if properties is None:
            if is_known or spec.create_option == "Attach":
                raise DiskMissing(f"disk {spec.name}: there is no page blob {_address(spec)}")
            self._blobs.create(spec.blob, vhd.blob_bytes(spec.size_bytes))
        size_bytes = properties.size_bytes - vhd.FOOTER_BYTES if properties else spec.size_bytes
        if properties and (properties.kind != "page" or size_bytes % vhd.MEBIBYTE):
            raise DiskMissing(f"disk {spec.name}: {_address(spec)} is not a page blob of whole MiB with a VHD footer")
        if not is_known:
            self._ledger_files_removed(spec)
        disk, ledger_problem = self._known_disk(spec, size_bytes) if is_known else (self._disk(spec, size_bytes), "")
        lost = None
        if is_known and not ledger_problem:
            disk.follow_size()
            lost = disk.lost_writes()
        else:
            disk.adopt()
        volume, problem = self._mounted(disk, spec)
        return Attached(disk, volume, not is_known, lost, problem, ledger_problem)

    def remember(self, spec: Disk) -> None:
        """The disk is set up: from now on it is never formatted, only checked."""
        self._known.add(spec)

    def _known_disk(self, spec: Disk, size_bytes: int) -> tuple[GuestDisk, str]:
        """And what is wrong with its ledger, which is begun anew then."""
        try:
            require_whole(self._folder, _file_name(spec))
            return self._disk(spec, size_bytes), ""
        except LedgerDamaged as problem:
            self._ledger_files_removed(spec)
            return self._disk(spec, size_bytes), str(problem)

    def _disk(self, spec: Disk, size_bytes: int) -> GuestDisk:
        return GuestDisk(
            lun=spec.lun,
            name=spec.name,
            blob=spec.blob,
            size_bytes=size_bytes,
            blobs=self._blobs,
            gate=self.gate,
            ledger=Ledger(self._folder, _file_name(spec), vhd.blob_bytes(size_bytes)),
            cache=self.cache,
            history=self.history,
        )

    def _mounted(self, disk: GuestDisk, spec: Disk) -> tuple[Volume | None, str]:
        """The disk's volume, or why it has none."""
        try:
            return Volume.mount(disk, partition.find(disk.read, disk.size_bytes)), ""
        except (partition.PartitionError, VolumeError) as error:
            if self._known.has(spec) or spec.create_option == "Attach":
                return None, str(error)
        return self._formatted(disk, spec), ""

    def _formatted(self, disk: GuestDisk, spec: Disk) -> Volume:
        """Footer first: an image with a volume is then always a whole VHD."""
        ids = [UUID(guid(self._chance)) for _ in range(4)]
        disk.write(disk.size_bytes, vhd.Footer(disk.size_bytes, self._clock.now(), ids[0]).render())
        place, pieces = partition.layout(disk.size_bytes, ids[1], ids[2])
        for piece in pieces:
            disk.write(piece.offset, piece.data)
        return Volume.format(disk, place, "Windows" if spec.lun < 0 else f"Data {spec.lun}", ids[3])

    def _ledger_files_removed(self, spec: Disk) -> None:
        for path in self._folder.glob(f"{_file_name(spec)}.*"):
            path.unlink()


def _address(disk: Disk) -> str:
    return f"{disk.blob.account}/{disk.blob.container}/{disk.blob.name}"


def _file_name(disk: Disk) -> str:
    return quote(disk.name, safe="")
