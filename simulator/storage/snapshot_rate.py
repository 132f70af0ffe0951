"""How often one blob may be snapshotted: Azure Storage refuses who asks for it again too soon.

The storage below knows no such rule, so it stands where the world's parties and its machines ask.
"""

from __future__ import annotations

from collections.abc import Mapping
from contextlib import suppress
from datetime import datetime, timedelta

from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, BlobConflict, Blobs, Clock, PortError, Store

KIND, DOCUMENT = "storage.snapshots", "times"
"""Where the store has the time of the last snapshot of each blob, as far as its interval is not over."""
MOST_REMEMBERED = 10_000
"""Blobs; beyond that the oldest times are forgotten."""
REFUSAL = "409 SnapshotOperationRateExceeded: The rate of snapshot blob calls is exceeded."


class SnapshotRate:
    """Thread-safe. Time is the world's. The times stand in the store, so a start of the world changes nothing, and a
    reset forgets them with the blobs."""

    def __init__(self, store: Store, clock: Clock, seconds: int) -> None:
        """`seconds` have to lie between two snapshots of a blob; 0: none."""
        self._store = store
        self._clock = clock
        self._interval = timedelta(seconds=seconds)

    @property
    def counts(self) -> bool:
        return bool(self._interval)

    def refuses(self, path: str) -> bool:
        """Whether a snapshot of the blob at /account/container/name comes too soon; one that does not is counted."""
        if not self.counts:
            return False
        now, key = self._clock.now(), path.lower()
        with suppress(PortError), self._store.transaction():  # a store that takes nothing now refuses no snapshot
            document = self._store.get(KIND, DOCUMENT)
            times: dict[str, str] = document.json() if document is not None else {}
            young = {each: at for each, at in times.items() if now - datetime.fromisoformat(at) < self._interval}
            if key in young:
                return True
            kept = sorted(young.items(), key=lambda each: each[1])[-(MOST_REMEMBERED - 1) :]
            self._store.put(KIND, DOCUMENT, dict(kept) | {key: now.isoformat()})
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
