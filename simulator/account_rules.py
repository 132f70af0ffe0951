"""The network rules of storage accounts, kept where the storage is asked: what an account's owner denies is refused.

Azure Backup comes from no network that an owner could name, so an account that denies by default lets it in by the
exception for trusted services alone. ARM's own operations and the disks of a running machine do not pass these rules.
Nor does what a job asks about snapshots and deletes: one that was refused still cleans up, and tells its reason.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence

from controlplane.domain.storage.network_rules import admits_services
from controlplane.domain.storage.storage_account import KIND
from controlplane.port_wrappers import BlobsWrapper
from controlplane.ports import Blob, BlobRefused, Blobs, BlobWriter, Commit, Range, Store

KEPT = frozenset({"Backup", "Restore"})
"""Kinds of jobs for which the service goes to the accounts of others by their network."""
REFUSAL = "403 AuthorizationFailure: This request is not authorized to perform this operation."


class AccountRules:
    """Thread-safe. Accounts are read again after one was written."""

    def __init__(self, store: Store) -> None:
        self._store = store
        self._denying: frozenset[str] | None = None
        self._changes = 0
        self._kind = KIND.lower()
        self.close = store.on_commit(self._committed)

    def _committed(self, commit: Commit) -> None:
        if any(kind == self._kind for kind, _ in commit.documents):
            self._changes += 1
            self._denying = None

    @property
    def any(self) -> bool:
        """Whether any account refuses the service."""
        return bool(self._refusing())

    def refuses(self, account: str) -> bool:
        return account in self._refusing()

    def _refusing(self) -> frozenset[str]:
        denying = self._denying
        if denying is None:
            changes = self._changes
            accounts = (document.json() for document in self._store.find(KIND))
            denying = frozenset(str(each["name"]) for each in accounts if not admits_services(each))
            if changes == self._changes:  # else it was read too early
                self._denying = denying
        return denying


class RuledBlobs(BlobsWrapper):
    """The storage as the service asks it. `job` is the kind of job that it works for, empty outside of jobs."""

    def __init__(self, inner: Blobs, rules: AccountRules, job: Callable[[], str]) -> None:
        super().__init__(inner)
        self._rules = rules
        self._job = job

    def _ask(self, blob: Blob) -> None:
        if self._rules.any and self._rules.refuses(blob.account) and self._job() in KEPT:
            raise BlobRefused(REFUSAL)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._ask(blob)
        self.inner.create(blob, size_bytes, metadata)

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._ask(blob)
        self.inner.put(blob, data, metadata)

    def writer(self, blob: Blob) -> BlobWriter:
        self._ask(blob)
        return self.inner.writer(blob)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._ask(blob)
        return self.inner.read(blob, offset, length)

    def write(self, blob: Blob, offset: int, data: bytes | bytearray | memoryview) -> None:
        self._ask(blob)
        self.inner.write(blob, offset, data)

    def snapshot(self, blob: Blob, metadata: Mapping[str, str] | None = None) -> str:
        self._ask(blob)
        return self.inner.snapshot(blob, metadata)

    def ranges(self, blob: Blob, offset: int = 0, length: int | None = None) -> Sequence[Range]:
        self._ask(blob)
        return self.inner.ranges(blob, offset, length)
