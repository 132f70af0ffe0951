"""The Blobs port over a storage that is still starting: calls wait until it has started."""

from __future__ import annotations

import threading

from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blobs, StorageUnavailable
from controlplane.writer_held import about_to_wait


class DeferredStorage:
    """A storage that starts later. Each party has its own `blobs`, usable at once: calls wait for the start."""

    def __init__(self) -> None:
        self._settled = threading.Event()
        self._found: Blobs | None = None

    def blobs(self) -> Blobs:
        """Anew with each call, over the same connections."""
        return _Waiting(self)

    def arrive(self, blobs: Blobs) -> None:
        """The storage has started; waiting calls continue."""
        self._found = blobs
        self._settled.set()

    def give_up(self) -> None:
        """The storage failed to start; waiting calls raise StorageUnavailable. Does nothing after `arrive`."""
        self._settled.set()

    def get(self) -> Blobs:
        if self._found is None:
            about_to_wait("the start of the storage")
            self._settled.wait()
        if self._found is None:
            raise StorageUnavailable("the storage did not start")
        return self._found


class _Waiting(BlobsWrapper):
    """Every verb of the port, called on the storage once it has started."""

    def __init__(self, storage: DeferredStorage) -> None:
        self._storage = storage

    @property
    def inner(self) -> Blobs:
        return self._storage.get()
