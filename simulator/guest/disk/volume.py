"""The file system of a simulated guest: a volume in a partition, and files as lists of extents.

It stands where NTFS would, and is as small as its users need: one cluster of superblock and directory, then clusters
of data. Nothing else exists, so a restored disk alone tells all its files. What a file is given waits in memory until
it is flushed, as in the cache of any operating system; a flush sends pages near each other together, and the directory
entry last, so that a file never claims bytes which have not arrived.
"""

from __future__ import annotations

from threading import RLock
from typing import Protocol
from uuid import UUID

from controlplane.domain.compute.vhd import SECTOR_BYTES
from simulator.guest.disk.directory import (
    CLUSTER_BYTES,
    ENTRIES,
    LONGEST_NAME_BYTES,
    Entry,
    Superblock,
    VolumeError,
    gaps,
    grown,
)
from simulator.guest.disk.partition import Partition

PAGE_BYTES = 4096
CLUSTER_PAGES = CLUSTER_BYTES // PAGE_BYTES
MOST_PENDING_PAGES = 1024
MOST_PAGES_TOGETHER = 256
MOST_CLUSTERS_AHEAD = 16
"""A growing file is given up to 1 MiB more than it asks for, which keeps it in few pieces."""


class Sectors(Protocol):
    """A disk as a volume sees it. Writes are whole sectors."""

    def read(self, offset: int, length: int) -> bytes: ...

    def write(self, offset: int, data: bytes) -> None: ...


class Volume:
    """One mounted volume. Thread-safe. Nobody waits for the disk while holding the volume's lock."""

    def __init__(self, disk: Sectors, partition: Partition, superblock: Superblock) -> None:
        self._disk = disk
        self._partition = partition
        self._superblock = superblock
        self._lock = RLock()
        self._slots: list[File | None] = [None] * ENTRIES

    @classmethod
    def format(cls, disk: Sectors, partition: Partition, label: str, volume_id: UUID) -> Volume:
        superblock = Superblock(partition.length // CLUSTER_BYTES - 1, volume_id, label)
        if superblock.clusters < 1:
            raise VolumeError("the partition is too small for a volume")
        disk.write(partition.offset, superblock.render().ljust(CLUSTER_BYTES, b"\0"))
        return cls(disk, partition, superblock)

    @classmethod
    def mount(cls, disk: Sectors, partition: Partition) -> Volume:
        head = disk.read(partition.offset, CLUSTER_BYTES)
        superblock = Superblock.parse(head[:SECTOR_BYTES])
        if (superblock.clusters + 1) * CLUSTER_BYTES > partition.length:
            raise VolumeError("the volume is larger than its partition")
        volume = cls(disk, partition, superblock)
        for slot in range(ENTRIES):
            at = (slot + 1) * SECTOR_BYTES
            if entry := Entry.parse(head[at : at + SECTOR_BYTES], superblock.clusters):
                volume._slots[slot] = File(volume, slot, entry)
        return volume

    @property
    def label(self) -> str:
        return self._superblock.label

    @property
    def size_bytes(self) -> int:
        return (self._superblock.clusters + 1) * CLUSTER_BYTES

    @property
    def used_bytes(self) -> int:
        return (1 + sum(file.entry.clusters for file in self.files())) * CLUSTER_BYTES

    def files(self) -> list[File]:
        with self._lock:
            return [file for file in self._slots if file is not None]

    def names(self) -> list[str]:
        return sorted(file.entry.name for file in self.files())

    def find(self, name: str) -> File | None:
        return next((file for file in self.files() if file.entry.name == name), None)

    def open(self, name: str) -> File:
        """The file of this name; a new one is on the disk once it is flushed."""
        with self._lock:
            if file := self.find(name):
                return file
            if len(name.encode()) > LONGEST_NAME_BYTES:
                raise VolumeError(f"a file name must have at most {LONGEST_NAME_BYTES} bytes")
            if None not in self._slots:
                raise VolumeError(f"the directory of volume {self.label} is full")
            slot = self._slots.index(None)
            file = self._slots[slot] = File(self, slot, Entry(name))
            return file

    def delete(self, name: str) -> None:
        """Delete the file and free its clusters; does nothing for an absent file."""
        with self._lock:
            file = self.find(name)
            if file is None:
                return
            self._slots[file.slot] = None
        file.abandon()
        self._disk.write(self._entry_offset(file.slot), bytes(SECTOR_BYTES))

    def flush(self) -> None:
        """Write everything that waits in memory to the disk."""
        for file in self.files():
            file.flush()

    def forget(self) -> None:
        """Drop what was not flushed, as in a power cut."""
        for file in self.files():
            file.forget()

    def grow(self, entry: Entry, clusters: int) -> None:
        """Give a file this many clusters in all, and further ones ahead of need where the volume has room."""
        with self._lock:
            free = gaps((extent for file in self.files() for extent in file.entry.extents), self._superblock.clusters)
            needed = clusters - entry.clusters
            generous = max(needed, min(entry.clusters, MOST_CLUSTERS_AHEAD))
            extents = grown(entry.extents, generous, free) or grown(entry.extents, needed, free)
            if extents is None:
                raise VolumeError(f"no room on volume {self.label} for {entry.name}")
            entry.extents = extents

    def write_entry(self, slot: int, entry: Entry) -> None:
        self._disk.write(self._entry_offset(slot), entry.render())

    def read_data(self, cluster: int, skip: int, length: int) -> bytes:
        return self._disk.read(self._data_offset(cluster) + skip, length)

    def write_data(self, cluster: int, skip: int, data: bytes) -> None:
        self._disk.write(self._data_offset(cluster) + skip, data)

    def _entry_offset(self, slot: int) -> int:
        return self._partition.offset + (slot + 1) * SECTOR_BYTES

    def _data_offset(self, cluster: int) -> int:
        return self._partition.offset + (cluster + 1) * CLUSTER_BYTES


class File:
    """One file. Reads see what was written; the disk sees it after `flush`. Thread-safe."""

    def __init__(self, volume: Volume, slot: int, entry: Entry) -> None:
        self._volume = volume
        self._lock = RLock()
        self._pages: dict[int, bytearray] = {}
        self._entry_changed = False
        self._deleted = False
        self.slot = slot
        self.entry = entry

    @property
    def size_bytes(self) -> int:
        return self.entry.size_bytes

    def read(self, offset: int, length: int) -> bytes:
        """Up to `length` bytes; fewer at the end of the file."""
        with self._lock:
            end = min(offset + length, self.entry.size_bytes)
            if offset >= end:
                return b""
            result = bytearray(self._read_disk(offset, end - offset))
            for page in self._pages.keys() & set(range(offset // PAGE_BYTES, -(-end // PAGE_BYTES))):
                start = page * PAGE_BYTES
                low, high = max(start, offset), min(start + PAGE_BYTES, end)
                result[low - offset : high - offset] = self._pages[page][low - start : high - start]
            return bytes(result)

    def write(self, offset: int, data: bytes) -> None:
        with self._lock:
            if self._deleted:
                raise VolumeError(f"the file {self.entry.name} was deleted")
            if offset > self.entry.size_bytes:  # what lies between reads as zeros, whatever the clusters held before
                self.write(self.entry.size_bytes, bytes(offset - self.entry.size_bytes))
            end = offset + len(data)
            if end > self.entry.clusters * CLUSTER_BYTES:
                self._volume.grow(self.entry, -(-end // CLUSTER_BYTES))
            at = offset
            while at < end:
                page, low = divmod(at, PAGE_BYTES)
                high = min(low + end - at, PAGE_BYTES)
                self._page(page, low, high)[low:high] = data[at - offset : at - offset + high - low]
                at += high - low
                if len(self._pages) >= MOST_PENDING_PAGES:
                    self.flush()
            if end > self.entry.size_bytes:
                self.entry.size_bytes, self._entry_changed = end, True

    def truncate(self, size_bytes: int) -> None:
        """Cut the file, or lengthen it by zeros. What clusters it has stay its own."""
        with self._lock:
            if size_bytes > self.entry.size_bytes:
                self.write(self.entry.size_bytes, bytes(size_bytes - self.entry.size_bytes))
            elif size_bytes < self.entry.size_bytes:
                self.entry.size_bytes, self._entry_changed = size_bytes, True
                self._pages = {page: data for page, data in self._pages.items() if page * PAGE_BYTES < size_bytes}

    def flush(self) -> None:
        """Pages first, neighbours together; then the directory entry, if it changed."""
        with self._lock:
            for first, end in _runs(sorted(self._pages)):
                self._write_disk(first * PAGE_BYTES, self._stretch(first, end))
            self._pages.clear()
            if self._entry_changed:
                self._volume.write_entry(self.slot, self.entry)
                self._entry_changed = False

    def forget(self) -> None:
        with self._lock:
            self._pages.clear()
            self._entry_changed = False

    def abandon(self) -> None:
        """The file was deleted: handles that are still open reach no bytes any more."""
        with self._lock:
            self.forget()
            self.entry = Entry(self.entry.name)
            self._deleted = True

    def _page(self, page: int, low: int, high: int) -> bytearray:
        """The page to write bytes `low` to `high` of; read first where bytes of the file remain around them."""
        if page not in self._pages:
            start = page * PAGE_BYTES
            remain = high - low < PAGE_BYTES and start < self.entry.size_bytes
            self._pages[page] = bytearray(self._read_disk(start, PAGE_BYTES) if remain else PAGE_BYTES)
        return self._pages[page]

    def _stretch(self, first: int, end: int) -> bytes:
        """These pages as they are to be on the disk; those that did not change, as they are there."""
        known = [self._pages.get(page) for page in range(first, end)]
        if all(known):
            return b"".join(page for page in known if page)
        data = bytearray(self._read_disk(first * PAGE_BYTES, (end - first) * PAGE_BYTES))
        for at, page in enumerate(known):
            if page:
                data[at * PAGE_BYTES : (at + 1) * PAGE_BYTES] = page
        return bytes(data)

    def _read_disk(self, offset: int, length: int) -> bytes:
        return b"".join(self._volume.read_data(*span) for span in self._spans(offset, length))

    def _write_disk(self, offset: int, data: bytes) -> None:
        at = 0
        for cluster, skip, length in self._spans(offset, len(data)):
            self._volume.write_data(cluster, skip, data[at : at + length])
            at += length

    def _spans(self, offset: int, length: int) -> list[tuple[int, int, int]]:
        """Where a stretch of the file lies: the extent's first cluster, bytes to skip from there, bytes."""
        spans: list[tuple[int, int, int]] = []
        start = 0
        for extent in self.entry.extents:
            end = start + extent.count * CLUSTER_BYTES
            low, high = max(offset, start), min(offset + length, end)
            if low < high:
                spans.append((extent.first, low - start, high - low))
            start = end
        return spans


def _runs(pages: list[int]) -> list[tuple[int, int]]:
    """Sorted page numbers as stretches to write: first page, and the one after the last.

    Pages between two that changed are written with them where they lie in the same clusters: a disk deals with whole
    clusters anyway, and one request costs less than many.
    """
    runs: list[tuple[int, int]] = []
    for page in pages:
        first, end = runs[-1] if runs else (0, 0)
        lies_near = page // CLUSTER_PAGES <= (end - 1) // CLUSTER_PAGES + 1
        if runs and lies_near and page < first + MOST_PAGES_TOGETHER:
            runs[-1] = first, page + 1
        else:
            runs.append((page, page + 1))
    return runs
