"""Makes the allocator of this process give large buffers back as soon as they are free, where it is glibc's.

Left alone, glibc learns from the first freed buffer of 8 MiB to keep such buffers, with one heap for each few threads;
small objects that outlive them then pin them. A world with many machines is so some MiB larger for each.
"""

from __future__ import annotations

import ctypes
import platform

LARGE_BYTES = 1024 * 1024
"""Buffers of this size and above are the system's again when they are freed."""
MOST_HEAPS = 2

_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8


def give_back_large_buffers() -> bool:
    """Whether it could be set. It holds for the whole process, so only a program does it, never a library."""
    if platform.libc_ver()[0] != "glibc":
        return False
    mallopt = ctypes.CDLL(None).mallopt
    return bool(mallopt(_M_MMAP_THRESHOLD, LARGE_BYTES) and mallopt(_M_ARENA_MAX, MOST_HEAPS))
