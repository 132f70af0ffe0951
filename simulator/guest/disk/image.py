"""Reads disk images from their bytes alone: footer, partition, volume, files."""

from __future__ import annotations

from collections.abc import Mapping

from controlplane.domain.compute import vhd
from controlplane.ports import BlockSource
from simulator.guest.disk import partition
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.volume import Volume

PAGE_BYTES = 4096


class MemoryOverlay:
    """A writable view of an image: writes stay in memory."""

    def __init__(self, source: BlockSource) -> None:
        self._source = source
        self._pages: dict[int, bytearray] = {}

    def read(self, offset: int, length: int) -> bytes:
        if offset + length > self._source.size_bytes:
            raise VolumeError(f"the image ends before byte {offset + length}")
        data = bytearray(self._source.read(offset, length))
        for page in self._pages.keys() & set(range(offset // PAGE_BYTES, -(-(offset + length) // PAGE_BYTES))):
            start = page * PAGE_BYTES
            low, high = max(start, offset), min(start + PAGE_BYTES, offset + length)
            data[low - offset : high - offset] = self._pages[page][low - start : high - start]
        return bytes(data)

    def write(self, offset: int, data: bytes) -> None:
        end = offset + len(data)
        for page in range(offset // PAGE_BYTES, -(-end // PAGE_BYTES)):
            start = page * PAGE_BYTES
            if page not in self._pages:
                length = min(PAGE_BYTES, self._source.size_bytes - start)
                self._pages[page] = bytearray(self._source.read(start, length))
            low, high = max(start, offset), min(start + PAGE_BYTES, end)
            self._pages[page][low - start : high - start] = data[low - offset : high - offset]


def mount(source: BlockSource) -> Volume:
    """The volume on an image of a VHD. VolumeError says what is wrong with the image."""
    overlay = MemoryOverlay(source)
    try:
        footer = vhd.Footer.parse(source.read(source.size_bytes - vhd.FOOTER_BYTES, vhd.FOOTER_BYTES))
        if vhd.blob_bytes(footer.size_bytes) != source.size_bytes:
            raise VolumeError("the size in the VHD footer differs from that of the image")
        return Volume.mount(overlay, partition.find(overlay.read, footer.size_bytes))
    except (vhd.VhdError, partition.PartitionError) as error:
        raise VolumeError(str(error)) from None


def mount_all(sources: Mapping[int, BlockSource]) -> tuple[dict[int, Volume], list[str]]:
    """The volumes that can be mounted, by LUN, and what is wrong with the others."""
    volumes: dict[int, Volume] = {}
    problems: list[str] = []
    for lun, source in sorted(sources.items()):
        try:
            volumes[lun] = mount(source)
        except VolumeError as error:
            problems.append(f"disk {lun}: {error}")
    return volumes, problems
