"""How often one blob may be snapshotted: Azure Storage refuses who asks for it again too soon.

The storage below knows no such rule, so it stands where the world's parties and its machines ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from threading import Lock

from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, BlobConflict, Blobs, Clock

MOST_REMEMBERED = 10_000
"""Blobs; beyond that those whose time is over are forgotten."""
REFUSAL = "409 SnapshotOperationRateExceeded: The rate of snapshot blob calls is exceeded."


class SnapshotRate:
    """Thread-safe. Time is the world's; what was taken before a start of the world counts for nothing."""

    def __init__(self, clock: Clock, seconds: int) -> None:
        """`seconds` have to lie between two snapshots of a blob; 0: none."""
        self._clock = clock
        self._interval = timedelta(seconds=seconds)
        self._lock = Lock()
        self._last: dict[str, datetime] = {}

    @property
    def counts(self) -> bool:
        return bool(self._interval)

    def refuses(self, path: str) -> bool:
        """Whether a snapshot of the blob at /account/container/name comes too soon; one that does not is counted."""
        if not self.counts:
            return False
        now, key = self._clock.now(), path.lower()
        with self._lock:
            last = self._last.get(key)
            if last is not None and now - last < self._interval:
                return True
            if len(self._last) >= MOST_REMEMBERED:
                self._last = {each: at for each, at in self._last.items() if now - at < self._interval}
            self._last[key] = now
        return False


class RatedBlobs(BlobsWrapper):
    """The storage as a party of the world asks it."""

    def __init__(self, inner: Blobs, rate: SnapshotRate) -> None:
        super().__init__(inner)
        self._rate = rate

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        if self._rate.refuses(f"/{blob.account}/{blob.container}/{blob.name}"):
            raise BlobConflict(REFUSAL)
        return self.inner.snapshot(blob, metadata)
