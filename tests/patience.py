"""Waits for what another thread is about to do, and gives up only where it will never come."""

from __future__ import annotations

import time
from collections.abc import Callable

PATIENCE_SECONDS = 120.0
"""Real time; far more than it takes on a busy machine."""
LOOK_SECONDS = 0.01


def comes_true(
    condition: Callable[[], bool], within_seconds: float = PATIENCE_SECONDS, look_seconds: float = LOOK_SECONDS
) -> bool:
    """Whether it came true in time; looked at again and again."""
    deadline = time.monotonic() + within_seconds
    while not condition():
        if time.monotonic() >= deadline:
            return False
        time.sleep(look_seconds)
    return True
