"""Every disk has a partition table that tools can read, whatever its size."""

from __future__ import annotations

import json
import shutil
import subprocess
import zlib
from pathlib import Path
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.compute.vhd import LARGEST_BYTES, MEBIBYTE
from simulator.guest.disk.partition import SMALLEST_GPT_BYTES, Partition, PartitionError, Piece, find, layout

DISK, PARTITION = UUID(int=0x11), UUID(int=0x22)


class Sparse:
    """A disk that holds only the pieces of its table."""

    def __init__(self, pieces: list[Piece]) -> None:
        self.pieces = [(piece.offset, bytearray(piece.data)) for piece in pieces]

    def read(self, offset: int, length: int) -> bytes:
        result = bytearray(length)
        for start, data in self.pieces:
            low, high = max(start, offset), min(start + len(data), offset + length)
            if low < high:
                result[low - offset : high - offset] = data[low - start : high - start]
        return bytes(result)


@given(st.integers(1, LARGEST_BYTES // MEBIBYTE))
def test_the_partition_is_found_where_it_was_laid(size_mib: int) -> None:
    size_bytes = size_mib * MEBIBYTE
    partition, pieces = layout(size_bytes, DISK, PARTITION)
    assert find(Sparse(pieces).read, size_bytes) == partition
    assert partition.offset % 65536 == 0
    assert partition.length >= size_bytes - 2 * MEBIBYTE
    for piece in pieces:
        end = piece.offset + len(piece.data)
        assert end <= partition.offset or piece.offset >= partition.offset + partition.length
        assert 0 <= piece.offset < end <= size_bytes


def test_small_disks_have_an_mbr_and_larger_ones_a_gpt() -> None:
    assert layout(MEBIBYTE, DISK, PARTITION)[0] == Partition(65536, MEBIBYTE - 65536)
    assert layout(SMALLEST_GPT_BYTES, DISK, PARTITION)[0] == Partition(MEBIBYTE, SMALLEST_GPT_BYTES - 2 * MEBIBYTE)


def test_a_damaged_gpt_is_found_by_its_backup() -> None:
    size_bytes = 64 * MEBIBYTE
    partition, pieces = layout(size_bytes, DISK, PARTITION)
    disk = Sparse(pieces)
    disk.pieces[0][1][512 + 40] ^= 1
    assert find(disk.read, size_bytes) == partition
    disk.pieces[1][1][-512 + 40] ^= 1
    with pytest.raises(PartitionError, match="wrong CRC"):
        find(disk.read, size_bytes)


def test_both_headers_and_the_entries_carry_right_crcs() -> None:
    size_bytes = 64 * MEBIBYTE
    disk = Sparse(layout(size_bytes, DISK, PARTITION)[1])
    last = size_bytes // 512 - 1
    for at, other in ((1, last), (last, 1)):
        header = disk.read(at * 512, 92)
        assert header[:8] == b"EFI PART"
        assert int.from_bytes(header[16:20], "little") == zlib.crc32(header[:16] + bytes(4) + header[20:])
        assert int.from_bytes(header[24:32], "little") == at
        assert int.from_bytes(header[32:40], "little") == other
        entries = disk.read(int.from_bytes(header[72:80], "little") * 512, 128 * 128)
        assert int.from_bytes(header[88:92], "little") == zlib.crc32(entries)


@pytest.mark.parametrize("sector", [bytes(512), b"\xff" * 512, bytes(510) + b"\x55\xaa"])
def test_what_is_no_table_is_refused(sector: bytes) -> None:
    disk = Sparse([Piece(0, sector)])
    with pytest.raises(PartitionError):
        find(disk.read, MEBIBYTE)


@pytest.mark.skipif(
    shutil.which("sfdisk") is None, reason="sfdisk is not installed (Debian and Ubuntu: apt-get install fdisk)"
)
@pytest.mark.parametrize(
    ("size_mib", "label"), [(1, "dos"), (3, "dos"), (4, "gpt"), (127 * 1024, "gpt"), (4 << 20, "gpt")]
)
def test_sfdisk_reads_the_table(tmp_path: Path, size_mib: int, label: str) -> None:
    size_bytes = size_mib * MEBIBYTE
    partition, pieces = layout(size_bytes, DISK, PARTITION)
    path = tmp_path / "disk.raw"
    with path.open("wb") as file:
        file.truncate(size_bytes)
        for piece in pieces:
            file.seek(piece.offset)
            file.write(piece.data)
    found = subprocess.run(["sfdisk", "--json", str(path)], check=True, capture_output=True, text=True)
    table = json.loads(found.stdout)["partitiontable"]
    assert table["label"] == label
    assert found.stderr == ""
    assert [(each["start"], each["size"]) for each in table["partitions"]] == [
        (partition.offset // 512, partition.length // 512)
    ]
