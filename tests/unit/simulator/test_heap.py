"""Memory that many threads have used goes back to the system."""

from __future__ import annotations

import gc
import sys
from concurrent.futures import ThreadPoolExecutor

import psutil
import pytest

from simulator import heap

MIB = 2**20


@pytest.mark.skipif(not sys.platform.startswith("linux"), reason="only glibc is told")
def test_large_buffers_of_many_threads_leave_nothing_behind() -> None:
    heap.give_back()
    process = psutil.Process()
    before = process.memory_info().rss
    with ThreadPoolExecutor(8) as pool:
        sizes = list(pool.map(lambda number: len(bytes(8 * MIB) + bytes([number])), range(64)))
    gc.collect()
    assert sizes == [8 * MIB + 1] * 64
    assert process.memory_info().rss - before < 16 * MIB
