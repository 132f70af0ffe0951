"""One Azurite for several worlds of a process: each has accounts of its own there, under names that begin as its alone.

A world's prefix stands before every account that it names, in addresses too, and nobody above the adapter sees it. All
prefixes have one length, so none is the beginning of another.
"""

from __future__ import annotations

import secrets
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from threading import Lock

from controlplane.adapters.azurite import AzuriteBlobs
from controlplane.ports import PortError
from simulator.state.folder import StateFolder
from simulator.storage.azurite import Azurite, ManagedAccounts

PREFIX = "storage_prefix"
"""What the state folder of a world keeps its prefix as."""
PREFIX_BYTES = 5


def _new_prefix() -> str:
    """Azure's account names are lower-case letters and digits."""
    return f"w{secrets.token_hex(PREFIX_BYTES)}"


class SharedAzurite:
    """An Azurite that keeps its blobs in `folder`. Thread-safe. `close` it after the worlds that use it."""

    def __init__(self, cache: Path, folder: Path) -> None:
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        self._lock = Lock()
        self._told: dict[str, Callable[[int], None]] = {}
        self._prefixes: dict[Path, str] = {}
        self._accounts = ManagedAccounts(folder / "accounts.json")
        self._azurite = Azurite(cache, folder / "azurite", self._accounts, on_exit=self._ended)

    @property
    def url(self) -> str:
        return self._azurite.url

    @property
    def alive(self) -> bool:
        return self._azurite.alive

    def share(self, state: StateFolder, on_exit: Callable[[int], None]) -> StorageShare:
        """The storage of the world in this folder. `on_exit` is told of Azurite's exit code if it ends without being
        asked to."""
        prefix = state.secret(PREFIX, _new_prefix)
        with self._lock:
            self._told[prefix] = on_exit
            self._prefixes[state.path] = prefix
        return StorageShare(self, prefix, self._accounts)

    def forget(self, state: Path) -> None:
        """Delete what the world of this folder kept here, which is closed for good."""
        with self._lock:
            prefix = self._prefixes.pop(state.absolute(), None)
        if prefix is None:
            return
        blobs = AzuriteBlobs(self.url, self._accounts)
        try:
            for name in self._accounts.names():
                if name.startswith(prefix):
                    with suppress(PortError):  # what is left goes with the folder
                        blobs.empty_account(name)
                    self._accounts.remove(name)
        finally:
            blobs.close()

    def close(self) -> None:
        self._azurite.close()

    def leave(self, prefix: str) -> None:
        with self._lock:
            self._told.pop(prefix, None)

    def _ended(self, code: int) -> None:
        with self._lock:
            told = list(self._told.values())
        for tell in told:
            tell(code)


class StorageShare:
    """The storage of one world. It is also the lifetime that `Blobs.lifetime` answers: one for each world, so that none
    remembers what another has read."""

    def __init__(self, azurite: SharedAzurite, prefix: str, accounts: ManagedAccounts) -> None:
        self._azurite, self._prefix = azurite, prefix
        self.url = azurite.url
        self.blobs = AzuriteBlobs(azurite.url, accounts, prefix, lifetime=self)

    def close(self) -> None:
        """What the world kept stays until `SharedAzurite.forget`."""
        self._azurite.leave(self._prefix)
        self.blobs.close()
