"""Sizes of virtual machines: the common ones, with the figures that the service's documentation gives for them."""

from __future__ import annotations

import re
from dataclasses import dataclass

OS_DISK_MIB = 1_047_552
"""The largest OS disk of every size."""

_NAME = re.compile(r"(Standard|Basic)_[A-Za-z][A-Za-z0-9_-]{0,60}", re.ASCII | re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class Size:
    name: str
    cores: int
    memory_mib: int
    data_disks: int
    """How many data disks can be attached."""
    resource_disk_mib: int = 0
    """The temporary disk of the machine's host; newer sizes have none."""

    @property
    def family(self) -> str:
        """Under which name its cores are counted: the size without its number of cores."""
        return re.sub(r"(?<=[A-Z])\d+", "", self.name.replace("_", "").removeprefix("Standard"), count=1)


SIZES = tuple(
    Size(*row)
    for row in (
        ("Standard_B1s", 1, 1024, 2, 4096),
        ("Standard_B1ms", 1, 2048, 2, 4096),
        ("Standard_B2s", 2, 4096, 4, 8192),
        ("Standard_B2ms", 2, 8192, 4, 16384),
        ("Standard_B4ms", 4, 16384, 8, 32768),
        ("Standard_DS1_v2", 1, 3584, 4, 7168),
        ("Standard_DS2_v2", 2, 7168, 8, 14336),
        ("Standard_DS3_v2", 4, 14336, 16, 28672),
        ("Standard_D2s_v3", 2, 8192, 4, 16384),
        ("Standard_D4s_v3", 4, 16384, 8, 32768),
        ("Standard_D8s_v3", 8, 32768, 16, 65536),
        ("Standard_D2s_v5", 2, 8192, 4),
        ("Standard_D4s_v5", 4, 16384, 8),
        ("Standard_D8s_v5", 8, 32768, 16),
        ("Standard_D16s_v5", 16, 65536, 32),
        ("Standard_E2s_v5", 2, 16384, 4),
        ("Standard_E4s_v5", 4, 32768, 8),
        ("Standard_E8s_v5", 8, 65536, 16),
        ("Standard_F2s_v2", 2, 4096, 4, 16384),
        ("Standard_F4s_v2", 4, 8192, 8, 32768),
    )
)
_BY_NAME = {size.name.lower(): size for size in SIZES}


def find(name: str) -> Size | None:
    return _BY_NAME.get(name.lower())


def could_be(name: str) -> bool:
    """Whether this is the name of a size, be it listed or not."""
    return _NAME.fullmatch(name) is not None
