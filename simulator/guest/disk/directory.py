"""The first cluster of a volume: superblock, files, and from them the free clusters.

Little-endian, each sector with a CRC of its own:

    0      superblock: magic, version, bytes of a cluster, clusters, volume id, label
    512    127 entries: name, size in bytes, and up to 43 extents (first cluster, count); a free one is zero
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Iterable
from dataclasses import dataclass
from uuid import UUID

from controlplane.domain.compute.vhd import SECTOR_BYTES

CLUSTER_BYTES = 64 * 1024
"""As large as a block of digests, so that two files never share one."""
ENTRIES = CLUSTER_BYTES // SECTOR_BYTES - 1
MOST_EXTENTS = 43
LONGEST_NAME_BYTES = 128

_SUPERBLOCK = struct.Struct("<8sHIQ16s64s")
_MAGIC = b"GUESTVOL"
_VERSION = 1
_ENTRY = struct.Struct(f"<4sBBQ{LONGEST_NAME_BYTES}s")
_FILE = b"FILE"
_EXTENT = struct.Struct("<II")
_CRC = struct.Struct("<I")
_CRC_AT = SECTOR_BYTES - _CRC.size


class VolumeError(Exception):
    """The volume cannot do this, or there is none that can be read; says why."""


@dataclass(frozen=True, slots=True)
class Extent:
    first: int
    count: int

    @property
    def end(self) -> int:
        return self.first + self.count


@dataclass(frozen=True, slots=True)
class Superblock:
    clusters: int
    """Those for data; the directory's is not counted."""
    volume_id: UUID
    label: str

    def render(self) -> bytes:
        fields = (_MAGIC, _VERSION, CLUSTER_BYTES, self.clusters, self.volume_id.bytes, self.label.encode())
        return _sealed(_SUPERBLOCK.pack(*fields))

    @classmethod
    def parse(cls, sector: bytes) -> Superblock:
        if not sector.startswith(_MAGIC):
            raise VolumeError("the partition holds no volume")
        _check_seal(sector, "the superblock")
        _, version, cluster_bytes, clusters, volume_id, label = _SUPERBLOCK.unpack_from(sector)
        if (version, cluster_bytes) != (_VERSION, CLUSTER_BYTES):
            raise VolumeError("the superblock describes another kind of volume")
        return cls(clusters, UUID(bytes=volume_id), label.rstrip(b"\0").decode())


@dataclass(slots=True)
class Entry:
    """One file."""

    name: str
    size_bytes: int = 0
    extents: tuple[Extent, ...] = ()

    @property
    def clusters(self) -> int:
        return sum(extent.count for extent in self.extents)

    def render(self) -> bytes:
        name = self.name.encode()
        head = _ENTRY.pack(_FILE, len(name), len(self.extents), self.size_bytes, name)
        return _sealed(head + b"".join(_EXTENT.pack(extent.first, extent.count) for extent in self.extents))

    @classmethod
    def parse(cls, sector: bytes, clusters: int) -> Entry | None:
        """None for a free one. `clusters` = how many the volume has."""
        if sector == bytes(SECTOR_BYTES):
            return None
        _check_seal(sector, "a directory entry")
        magic, name_bytes, count, size_bytes, name = _ENTRY.unpack_from(sector)
        if magic != _FILE or count > MOST_EXTENTS:
            raise VolumeError("a directory entry is not a file")
        pairs = (_EXTENT.unpack_from(sector, _ENTRY.size + index * _EXTENT.size) for index in range(count))
        entry = cls(name[:name_bytes].decode(), size_bytes, tuple(Extent(*pair) for pair in pairs))
        if any(extent.end > clusters for extent in entry.extents) or size_bytes > entry.clusters * CLUSTER_BYTES:
            raise VolumeError(f"file {entry.name} lies outside of the volume")
        return entry


def gaps(used: Iterable[Extent], clusters: int) -> list[Extent]:
    """What is free between the extents in use."""
    free: list[Extent] = []
    at = 0
    for extent in [*sorted(used, key=lambda extent: extent.first), Extent(clusters, 0)]:
        if extent.first > at:
            free.append(Extent(at, extent.first - at))
        at = extent.end
    return free


def grown(extents: tuple[Extent, ...], needed: int, free: list[Extent]) -> tuple[Extent, ...] | None:
    """The extents of a file with `needed` clusters more: behind its last extent if free, else in a gap that
    holds them all, else in the largest gaps. None where there is no room or they would become too many."""
    result, free = list(extents), list(free)
    while needed:
        end = result[-1].end if result else None
        gap = next((gap for gap in free if gap.first == end), None)
        gap = gap or next((gap for gap in free if gap.count >= needed), None)
        gap = gap or max(free, key=lambda gap: gap.count, default=None)
        if gap is None:
            return None
        free.remove(gap)
        taken = min(gap.count, needed)
        needed -= taken
        if gap.first == end:
            result[-1] = Extent(result[-1].first, result[-1].count + taken)
        else:
            result.append(Extent(gap.first, taken))
    return tuple(result) if len(result) <= MOST_EXTENTS else None


def _sealed(data: bytes) -> bytes:
    body = data.ljust(_CRC_AT, b"\0")
    return body + _CRC.pack(zlib.crc32(body))


def _check_seal(sector: bytes, what: str) -> None:
    if zlib.crc32(sector[:_CRC_AT]) != _CRC.unpack_from(sector, _CRC_AT)[0]:
        raise VolumeError(f"{what} has a wrong CRC")
