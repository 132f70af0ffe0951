"""Large buffers go back to the system, also when small objects were made between them."""

from __future__ import annotations

import platform
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parents[4]
PROGRAM = """
import psutil
from simulator.state.memory import give_back_large_buffers

assert give_back_large_buffers()
bytes(bytearray(8 * 2**20))  # the first free of a large buffer is what glibc learns from
before = psutil.Process().memory_info().rss
large, small = [], []
for _ in range(40):
    large.append(bytearray(b"x") * 2**21)
    small.append(bytearray(2000))
held = psutil.Process().memory_info().rss
large.clear()
after = psutil.Process().memory_info().rss
print((held - before) // 2**20, (after - before) // 2**20)
"""


@pytest.mark.skipif(platform.libc_ver()[0] != "glibc", reason="another allocator than glibc's")
def test_large_buffers_go_back_to_the_system() -> None:
    done = subprocess.run([sys.executable, "-c", PROGRAM], cwd=ROOT, capture_output=True, text=True, check=True)
    held, left = map(int, done.stdout.split())
    assert held >= 75
    assert left <= 5
