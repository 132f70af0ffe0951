"""Writes files atomically, and private files readable by their owner only."""

from __future__ import annotations

import os
from pathlib import Path


def write_whole(path: Path, data: bytes | str, mode: int = 0o644) -> None:
    """Replace a file atomically: readers find the old or the new one. Creates the folders above."""
    path.parent.mkdir(parents=True, exist_ok=True)
    beside = path.with_name(path.name + ".new")
    beside.unlink(missing_ok=True)
    # Created with its mode: a private file is at no moment readable by others.
    with os.fdopen(os.open(beside, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode), "wb") as file:
        file.write(data.encode() if isinstance(data, str) else data)
    beside.replace(path)


def write_private(path: Path, data: bytes | str) -> None:
    """For keys and tokens: nobody but the owner may read."""
    write_whole(path, data, 0o600)
