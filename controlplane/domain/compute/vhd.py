"""The footer that makes a page blob a fixed VHD.

A fixed VHD is the disk's bytes followed by one sector that describes them, all numbers big-endian. The creator "win "
matters: readers such as qemu-img then trust the size field, where for other creators they multiply out the geometry,
which is rounded down and ends at 127 GiB.
"""

from __future__ import annotations

import struct
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from uuid import UUID

SECTOR_BYTES = 512
FOOTER_BYTES = 512
MEBIBYTE = 1024 * 1024
SMALLEST_BYTES = MEBIBYTE
LARGEST_BYTES = 32 * 1024 * 1024 * MEBIBYTE

COOKIE = b"conectix"
EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
FEATURES_RESERVED = 2
FORMAT_VERSION = 0x00010000
NO_DATA_OFFSET = 0xFFFF_FFFF_FFFF_FFFF
CREATOR = b"win "
CREATOR_VERSION = 0x000A0000
HOST_WINDOWS = b"Wi2k"
FIXED = 2
LARGEST_GEOMETRY = 65535 * 16 * 255

# cookie, features, version, data offset, time stamp, creator, its version, its host, original size, current size,
# cylinders, heads, sectors per track, type, checksum, unique id, saved state, reserved
_FOOTER = struct.Struct(">8sIIQI4sI4sQQHBBII16sB427s")
_CHECKSUM_AT = 64


class VhdError(ValueError):
    """These bytes are not the footer of a fixed VHD; says why."""


@dataclass(frozen=True, slots=True)
class Geometry:
    cylinders: int
    heads: int
    sectors_per_track: int


@dataclass(frozen=True, slots=True)
class Footer:
    size_bytes: int
    created: datetime
    unique_id: UUID

    def __post_init__(self) -> None:
        if not SMALLEST_BYTES <= self.size_bytes <= LARGEST_BYTES or self.size_bytes % MEBIBYTE:
            raise VhdError(f"the size of a disk must be whole MiB from 1 MiB to 32 TiB, not {self.size_bytes} bytes")

    def render(self) -> bytes:
        geometry = geometry_of(self.size_bytes)
        seconds = int((self.created - EPOCH).total_seconds())
        unsigned = _FOOTER.pack(
            COOKIE,
            FEATURES_RESERVED,
            FORMAT_VERSION,
            NO_DATA_OFFSET,
            min(max(seconds, 0), 0xFFFF_FFFF),
            CREATOR,
            CREATOR_VERSION,
            HOST_WINDOWS,
            self.size_bytes,
            self.size_bytes,
            geometry.cylinders,
            geometry.heads,
            geometry.sectors_per_track,
            FIXED,
            0,
            self.unique_id.bytes,
            0,
            b"",
        )
        return unsigned[:_CHECKSUM_AT] + struct.pack(">I", checksum(unsigned)) + unsigned[_CHECKSUM_AT + 4 :]

    @classmethod
    def parse(cls, data: bytes) -> Footer:
        if len(data) != FOOTER_BYTES or not data.startswith(COOKIE):
            raise VhdError("no VHD footer at the end")
        fields = _FOOTER.unpack(data)
        current_size, disk_type, found_checksum = fields[9], fields[13], fields[14]
        if disk_type != FIXED:
            raise VhdError(f"a VHD of type {disk_type}; only fixed ones (2) can be page blobs")
        if found_checksum != checksum(data):
            raise VhdError("the checksum of the VHD footer is wrong")
        return cls(current_size, EPOCH + timedelta(seconds=fields[4]), UUID(bytes=fields[15]))


def checksum(footer: bytes) -> int:
    """One's complement of the sum of all bytes, those of the checksum itself left out."""
    return ~(sum(footer) - sum(footer[_CHECKSUM_AT : _CHECKSUM_AT + 4])) & 0xFFFF_FFFF


def geometry_of(size_bytes: int) -> Geometry:
    """Cylinders, heads and sectors by the algorithm in the VHD specification's appendix."""
    sectors = min(size_bytes // SECTOR_BYTES, LARGEST_GEOMETRY)
    if sectors >= 65535 * 16 * 63:
        per_track, heads = 255, 16
        return Geometry(sectors // per_track // heads, heads, per_track)
    per_track = 17
    tracks = sectors // per_track
    heads = max((tracks + 1023) // 1024, 4)
    if tracks >= heads * 1024 or heads > 16:
        per_track, heads = 31, 16
        tracks = sectors // per_track
    if tracks >= heads * 1024:
        per_track, heads = 63, 16
        tracks = sectors // per_track
    return Geometry(tracks // heads, heads, per_track)


def of_size(footer: bytes, size_bytes: int) -> bytes:
    """The footer of the same disk, once it has this size; VhdError where `footer` is none."""
    former = Footer.parse(footer)
    return Footer(size_bytes, former.created, former.unique_id).render()


def blob_bytes(size_bytes: int) -> int:
    """Size of the page blob that holds a disk of this size."""
    return size_bytes + FOOTER_BYTES
