"""Partition tables: GPT, and MBR on disks too small for it.

Every disk carries one partition. Windows aligns partitions to 1 MiB and GPT wants 33 sectors at the end besides, so a
disk of less than 4 MiB gets an MBR and a partition at 64 KiB: one digest block, so that table and data never share one.
"""

from __future__ import annotations

import struct
import zlib
from collections.abc import Callable
from dataclasses import dataclass
from uuid import UUID

from controlplane.domain.compute.vhd import MEBIBYTE, SECTOR_BYTES

SMALLEST_GPT_BYTES = 4 * MEBIBYTE
MBR_ALIGNMENT_BYTES = 64 * 1024
BASIC_DATA = UUID("ebd0a0a2-b9e5-4433-87c0-68b6b72699c7")
GPT_ENTRIES = 128
GPT_ENTRY_BYTES = 128
GPT_ENTRIES_SECTORS = GPT_ENTRIES * GPT_ENTRY_BYTES // SECTOR_BYTES
TYPE_NTFS = 0x07
TYPE_PROTECTIVE = 0xEE
BOOT_SIGNATURE = b"\x55\xaa"

# signature, revision, header bytes, header CRC, reserved, this sector, the other header's sector, first and last usable
# sector, disk id, sector of the entries, how many, bytes of each, their CRC
_HEADER = struct.Struct("<8sIIIIQQQQ16sQIII")
# type, id, first and last sector, attributes, name
_ENTRY = struct.Struct("<16s16sQQQ72s")
_MBR_ENTRY = struct.Struct("<B3sB3sII")
_MBR_TABLE_AT = 446

Read = Callable[[int, int], bytes]
"""(offset, length) -> bytes of the disk."""


class PartitionError(ValueError):
    """The disk has no partition table that can be read; says why."""


@dataclass(frozen=True, slots=True)
class Partition:
    offset: int
    length: int


@dataclass(frozen=True, slots=True)
class Piece:
    """Bytes of the table and where on the disk they lie."""

    offset: int
    data: bytes


def layout(size_bytes: int, disk_id: UUID, partition_id: UUID) -> tuple[Partition, list[Piece]]:
    """Where the one partition of a disk of this size lies, and the table that says so."""
    if size_bytes < SMALLEST_GPT_BYTES:
        partition = Partition(MBR_ALIGNMENT_BYTES, size_bytes - MBR_ALIGNMENT_BYTES)
        first, sectors = partition.offset // SECTOR_BYTES, partition.length // SECTOR_BYTES
        return partition, [Piece(0, _mbr(disk_id, TYPE_NTFS, first, sectors))]
    partition = Partition(MEBIBYTE, size_bytes - 2 * MEBIBYTE)
    return partition, _gpt(size_bytes // SECTOR_BYTES, partition, disk_id, partition_id)


def find(read: Read, size_bytes: int) -> Partition:
    """The partition of a disk, by its GPT (the backup where the first is damaged) or its MBR."""
    sector = read(0, SECTOR_BYTES)
    if sector[510:] != BOOT_SIGNATURE:
        raise PartitionError("no partition table")
    _, _, kind, _, first, sectors = _MBR_ENTRY.unpack_from(sector, _MBR_TABLE_AT)
    if kind != TYPE_PROTECTIVE:
        return _checked(Partition(first * SECTOR_BYTES, sectors * SECTOR_BYTES), size_bytes)
    last_sector = size_bytes // SECTOR_BYTES - 1
    problems: list[str] = []
    for at in (1, last_sector):
        try:
            return _checked(_read_gpt(read, at, size_bytes), size_bytes)
        except PartitionError as error:
            problems.append(str(error))
    raise PartitionError("; ".join(problems))


def _checked(partition: Partition, size_bytes: int) -> Partition:
    if not 0 < partition.offset < partition.offset + partition.length <= size_bytes:
        raise PartitionError("the partition lies outside of the disk")
    return partition


def _mbr(disk_id: UUID, kind: int, first: int, sectors: int) -> bytes:
    """A master boot record with one entry. Cylinder numbers are the customary "look at the sector numbers"."""
    beyond = b"\xfe\xff\xff"
    start = b"\x00\x02\x00" if kind == TYPE_PROTECTIVE else beyond
    entry = _MBR_ENTRY.pack(0, start, kind, beyond, first, min(sectors, 0xFFFF_FFFF))
    signature = b"\0\0\0\0" if kind == TYPE_PROTECTIVE else disk_id.bytes[:4]
    return (bytes(440) + signature + bytes(2) + entry).ljust(510, b"\0") + BOOT_SIGNATURE


def _gpt(sectors: int, partition: Partition, disk_id: UUID, partition_id: UUID) -> list[Piece]:
    first = partition.offset // SECTOR_BYTES
    last = first + partition.length // SECTOR_BYTES - 1
    name = "Basic data partition".encode("utf-16-le")
    entry = _ENTRY.pack(BASIC_DATA.bytes_le, partition_id.bytes_le, first, last, 0, name)
    entries = entry.ljust(GPT_ENTRIES * GPT_ENTRY_BYTES, b"\0")
    backup_entries = sectors - 1 - GPT_ENTRIES_SECTORS

    def header(at: int, other: int, entries_at: int) -> bytes:
        def pack(crc: int) -> bytes:
            return _HEADER.pack(
                b"EFI PART",
                0x00010000,
                _HEADER.size,
                crc,
                0,
                at,
                other,
                2 + GPT_ENTRIES_SECTORS,
                backup_entries - 1,
                disk_id.bytes_le,
                entries_at,
                GPT_ENTRIES,
                GPT_ENTRY_BYTES,
                zlib.crc32(entries),
            )

        return pack(zlib.crc32(pack(0))).ljust(SECTOR_BYTES, b"\0")

    return [
        Piece(0, _mbr(disk_id, TYPE_PROTECTIVE, 1, sectors - 1) + header(1, sectors - 1, 2) + entries),
        Piece(backup_entries * SECTOR_BYTES, entries + header(sectors - 1, 1, backup_entries)),
    ]


def _read_gpt(read: Read, at: int, size_bytes: int) -> Partition:
    sector = read(at * SECTOR_BYTES, SECTOR_BYTES)
    fields = _HEADER.unpack_from(sector)
    signature, header_bytes, crc, here = fields[0], fields[2], fields[3], fields[5]
    entries_at, count, entry_bytes, entries_crc = fields[10:14]
    if signature != b"EFI PART" or header_bytes != _HEADER.size or here != at:
        raise PartitionError(f"no GPT header in sector {at}")
    if zlib.crc32(sector[:16] + bytes(4) + sector[20:header_bytes]) != crc:
        raise PartitionError(f"the GPT header in sector {at} has a wrong CRC")
    length = count * entry_bytes
    if entries_at * SECTOR_BYTES + length > size_bytes:
        raise PartitionError(f"the GPT header in sector {at} points outside of the disk")
    entries = read(entries_at * SECTOR_BYTES, length)
    if zlib.crc32(entries) != entries_crc:
        raise PartitionError(f"the GPT entries of sector {at} have a wrong CRC")
    kind, _, first, last, _, _ = _ENTRY.unpack_from(entries)
    if kind == bytes(16):
        raise PartitionError("the GPT has no partition")
    return Partition(first * SECTOR_BYTES, (last + 1 - first) * SECTOR_BYTES)
