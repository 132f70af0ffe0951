"""What the file system of the state folder refuses, told as what a guest's disk refuses."""

from __future__ import annotations

import errno
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from controlplane.ports import StorageFull, StorageUnavailable


@contextmanager
def written_to(path: Path) -> Iterator[None]:
    """StorageFull where there is no room, and StorageUnavailable where it fails otherwise: a guest's disk is as much in
    its ledger as in the storage."""
    try:
        yield
    except OSError as problem:
        kind = StorageFull if problem.errno in (errno.ENOSPC, errno.EDQUOT) else StorageUnavailable
        raise kind(f"{path}: {problem.strerror}") from None
