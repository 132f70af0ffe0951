"""A blob of ours is a VHD: by the specification, and by a tool that is not ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from datetime import UTC, datetime
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.compute.vhd import (
    FOOTER_BYTES,
    LARGEST_BYTES,
    MEBIBYTE,
    Footer,
    Geometry,
    VhdError,
    blob_bytes,
    checksum,
    geometry_of,
)

GIBIBYTE = 1024 * MEBIBYTE
CREATED = datetime(2026, 3, 1, 12, 0, tzinfo=UTC)
ID = UUID("12345678-9abc-4def-8123-456789abcdef")

needs_qemu = pytest.mark.skipif(
    shutil.which("qemu-img") is None, reason="qemu-img is not installed (Debian and Ubuntu: apt-get install qemu-utils)"
)


@given(st.integers(1, LARGEST_BYTES // MEBIBYTE))
def test_a_footer_reads_back_as_what_it_says(size_mib: int) -> None:
    footer = Footer(size_mib * MEBIBYTE, CREATED, ID)
    assert Footer.parse(footer.render()) == footer


def test_the_footer_has_every_field_where_the_specification_puts_it() -> None:
    data = Footer(GIBIBYTE, CREATED, ID).render()
    assert len(data) == FOOTER_BYTES
    assert data[0:8] == b"conectix"
    assert data[8:16] == bytes.fromhex("0000000200010000")
    assert data[16:24] == b"\xff" * 8
    assert int.from_bytes(data[24:28], "big") == (CREATED - datetime(2000, 1, 1, tzinfo=UTC)).total_seconds()
    assert data[28:32] == b"win "
    assert data[36:40] == b"Wi2k"
    assert int.from_bytes(data[40:48], "big") == int.from_bytes(data[48:56], "big") == GIBIBYTE
    assert data[56:60] == bytes.fromhex("0820103f")  # 2080 cylinders, 16 heads, 63 sectors
    assert int.from_bytes(data[60:64], "big") == 2
    assert int.from_bytes(data[64:68], "big") == checksum(data)
    assert data[68:84] == ID.bytes
    assert data[84:] == bytes(428)


@pytest.mark.parametrize(
    ("size_bytes", "geometry"),
    [
        (1 * MEBIBYTE, Geometry(30, 4, 17)),
        (40 * MEBIBYTE, Geometry(963, 5, 17)),
        (500 * MEBIBYTE, Geometry(1015, 16, 63)),
        (127 * GIBIBYTE, Geometry(65278, 16, 255)),
        (2040 * GIBIBYTE, Geometry(65535, 16, 255)),
        (LARGEST_BYTES, Geometry(65535, 16, 255)),
    ],
)
def test_the_geometry_follows_the_specifications_algorithm(size_bytes: int, geometry: Geometry) -> None:
    assert geometry_of(size_bytes) == geometry


@given(st.integers(1, LARGEST_BYTES // MEBIBYTE))
def test_the_geometry_never_describes_more_than_the_disk_has(size_mib: int) -> None:
    geometry = geometry_of(size_mib * MEBIBYTE)
    assert geometry.cylinders <= 65535
    assert geometry.heads <= 16
    assert geometry.cylinders * geometry.heads * geometry.sectors_per_track <= size_mib * MEBIBYTE // 512


@given(st.integers(0, FOOTER_BYTES - 1), st.integers(1, 255))
def test_no_changed_byte_goes_unnoticed(at: int, change: int) -> None:
    data = bytearray(Footer(GIBIBYTE, CREATED, ID).render())
    data[at] ^= change
    with pytest.raises(VhdError):
        Footer.parse(bytes(data))


@pytest.mark.parametrize("size_bytes", [0, MEBIBYTE - 512, MEBIBYTE + 512, LARGEST_BYTES + MEBIBYTE])
def test_a_disk_has_whole_mebibytes_up_to_32_tebibytes(size_bytes: int) -> None:
    with pytest.raises(VhdError):
        Footer(size_bytes, CREATED, ID)


def test_a_dynamic_vhd_is_refused_by_name() -> None:
    data = bytearray(Footer(GIBIBYTE, CREATED, ID).render())
    data[63] = 3
    with pytest.raises(VhdError, match="type 3"):
        Footer.parse(bytes(data))


def sparse_vhd(path: Path, size_bytes: int) -> Path:
    with path.open("wb") as file:
        file.truncate(blob_bytes(size_bytes))
        file.seek(size_bytes)
        file.write(Footer(size_bytes, CREATED, ID).render())
    return path


def qemu_img(*arguments: str | Path) -> str:
    return subprocess.run(["qemu-img", *map(str, arguments)], check=True, capture_output=True, text=True).stdout


@needs_qemu
@pytest.mark.parametrize("size_bytes", [MEBIBYTE, 3 * MEBIBYTE, 127 * GIBIBYTE, 1024 * GIBIBYTE, 2040 * GIBIBYTE])
def test_qemu_sees_the_exact_size(tmp_path: Path, size_bytes: int) -> None:
    info: dict[str, Any] = json.loads(
        qemu_img("info", "--output=json", "-f", "vpc", sparse_vhd(tmp_path / "disk.vhd", size_bytes))
    )
    assert info["virtual-size"] == size_bytes


@needs_qemu
def test_qemu_reads_the_same_bytes(tmp_path: Path) -> None:
    size_bytes = 5 * MEBIBYTE
    vhd, raw = sparse_vhd(tmp_path / "disk.vhd", size_bytes), tmp_path / "disk.raw"
    data = Random(3).randbytes(MEBIBYTE)
    with vhd.open("r+b") as file:
        file.seek(2 * MEBIBYTE)
        file.write(data)
    qemu_img("convert", "-f", "vpc", "-O", "raw", vhd, raw)
    assert raw.read_bytes() == vhd.read_bytes()[:size_bytes]
    assert data in raw.read_bytes()
    qemu_img("compare", "-f", "vpc", "-F", "raw", vhd, raw)
