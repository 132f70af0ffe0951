"""Lets the C library give memory back that a transfer has used.

Large buffers come and go in many threads. By default glibc keeps what they used, in an arena for each thread, and
raises the size from which a buffer gets pages of its own: after a hundred backups the process holds hundreds of MiB
that nobody uses.
"""

from __future__ import annotations

import ctypes
import sys
from contextlib import suppress

ARENAS = 2
OWN_PAGES_BYTES = 2**20
"""From this size on a buffer has pages of its own, which go back to the system with it."""
_M_MMAP_THRESHOLD, _M_ARENA_MAX = -3, -8
"""From malloc.h."""


def give_back() -> None:
    """From now on, in this process. Where the C library is another one this does nothing."""
    if not sys.platform.startswith("linux"):
        return
    with suppress(OSError, AttributeError):
        library = ctypes.CDLL(None)
        library.mallopt(_M_ARENA_MAX, ARENAS)
        library.mallopt(_M_MMAP_THRESHOLD, OWN_PAGES_BYTES)
