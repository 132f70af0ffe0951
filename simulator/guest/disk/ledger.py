"""The ledger of the blocks a guest wrote: digests in memory, and a journal that survives a killed process.

Before a page write the journal names the blocks and the digests they are going to have; when the storage has said yes,
one more record acknowledges them. So after any end, also SIGKILL between the two, each block is known (the storage
must have this digest) or in doubt (this one or one of those). So a storage that lost what it had acknowledged is
detected, and a write that was never answered is not mistaken for such a loss.

Where the disk of the state folder is full, no further write is intended, so the guest's disk refuses it. What became of
a write that was intended before is told in one record; it is kept in memory until there is room. A kill before that
leaves the blocks in doubt, which is true of them.

Two files per disk: NAME.table, the digests at the last compaction, and NAME.journal, the records since. A compaction
replaces the table first and empties the journal then; old records replayed over the newer table end in the same state.
"""

from __future__ import annotations

import os
import struct
from contextlib import suppress
from io import FileIO
from pathlib import Path

from controlplane.ports import StorageUnavailable
from simulator.guest.disk.digests import DIGEST_BYTES, ZERO, DigestTable
from simulator.guest.disk.written_to import written_to
from simulator.guest.files import write_whole

Changes = list[tuple[int, bytes]]
"""Blocks with the digests that they get."""

COMPACT_ABOVE_RECORDS = 1 << 20

_RECORD = struct.Struct(f"<BQ{DIGEST_BYTES}s")
_INTENDED, _ACKNOWLEDGED, _IN_DOUBT = range(3)
_HEADER = b"digest journal 1\n".ljust(_RECORD.size, b"\0")


class LedgerDamaged(Exception):
    """A file of a ledger is gone, or is none."""


def require_whole(folder: Path, name: str) -> None:
    """Raises LedgerDamaged where one of the two files of a disk that had both is gone."""
    for file in (folder / f"{name}.table", folder / f"{name}.journal"):
        if not file.exists():
            raise LedgerDamaged(f"{file} is gone")


class Ledger:
    """The digests of one disk. Raises LedgerDamaged for files that are none, and StorageFull or StorageUnavailable for
    files that cannot be written. Not thread-safe: its disk calls it under the disk's lock."""

    def __init__(self, folder: Path, name: str, size_bytes: int) -> None:
        self._table_path = folder / f"{name}.table"
        self._journal_path = folder / f"{name}.journal"
        self._records = 0
        self._pending: Changes = []
        self._owed = b""
        """The record that says what became of the last intended write, where the journal had no room for it."""
        self.doubts: dict[int, set[bytes]] = {}
        """Blocks that may have one of these digests instead of the table's."""
        self.table = DigestTable(size_bytes)
        with written_to(folder):
            folder.mkdir(parents=True, exist_ok=True)
        self._load()
        self._journal = self._open_journal()
        if self._pending:
            self.doubt()  # a kill came before the answer

    def intend(self, changes: Changes) -> None:
        """These blocks are about to be written. StorageFull, StorageUnavailable: they must not be."""
        self._append(b"".join(_RECORD.pack(_INTENDED, block, digest) for block, digest in changes))
        self._pending = changes

    def acknowledge(self) -> None:
        """The storage acknowledged the intended bytes."""
        self._conclude(_ACKNOWLEDGED)
        self._acknowledge()
        if self._records > COMPACT_ABOVE_RECORDS:
            with suppress(StorageUnavailable):  # tried again with the next write
                self.compact()

    def doubt(self) -> None:
        """It is unknown whether the storage has the intended bytes."""
        self._conclude(_IN_DOUBT)
        self._doubt()

    def settle(self, changes: Changes) -> None:
        """These blocks were read back and have these digests."""
        if changes:
            self.intend(changes)
            self.acknowledge()

    def grow(self, size_bytes: int, changes: Changes) -> None:
        """The disk has this size now. The journal first: a kill before the new table means that it is done again."""
        self.settle(changes)
        self.table.size_bytes = size_bytes
        self.compact()

    def allows(self, block: int, digest: bytes) -> bool:
        return digest == self.table.get(block) or digest in self.doubts.get(block, ())

    def compact(self) -> None:
        doubts = [
            _RECORD.pack(*record)
            for block, digests in self.doubts.items()
            for digest in digests
            for record in ((_INTENDED, block, digest), (_IN_DOUBT, 0, ZERO))
        ]
        with written_to(self._journal_path.parent):
            write_whole(self._table_path, self.table.to_bytes())
            write_whole(self._journal_path, _HEADER + b"".join(doubts))
        before, self._journal = self._journal, self._open_journal()
        before.close()
        self._records, self._owed = len(doubts), b""

    def close(self) -> None:
        self._journal.close()

    def _conclude(self, kind: int) -> None:
        """Say what became of the intended write, at the latest before the next one."""
        record = _RECORD.pack(kind, 0, ZERO)
        try:
            self._append(record)
        except StorageUnavailable:
            self._owed = record

    def _append(self, records: bytes) -> None:
        """All of them, or none. What is owed goes first."""
        data = self._owed + records
        with written_to(self._journal_path):
            _write_all(self._journal, data)
        self._owed = b""
        self._records += len(data) // _RECORD.size

    def _acknowledge(self) -> None:
        for block, digest in self._pending:
            self.table.set(block, digest)
            self.doubts.pop(block, None)
        self._pending = []

    def _doubt(self) -> None:
        for block, digest in self._pending:
            self.doubts.setdefault(block, set()).add(digest)
        self._pending = []

    def _load(self) -> None:
        if self._table_path.exists():
            try:
                self.table = DigestTable.from_bytes(self._table_path.read_bytes())
            except (ValueError, struct.error):
                raise LedgerDamaged(f"{self._table_path} is damaged") from None
        data = self._journal_path.read_bytes() if self._journal_path.exists() else b""
        first = not self._table_path.exists()
        if data and not data.startswith(_HEADER) and not (first and _HEADER.startswith(data)):
            raise LedgerDamaged(f"{self._journal_path} is damaged")
        whole = len(data) // _RECORD.size * _RECORD.size
        for kind, block, digest in _RECORD.iter_unpack(data[len(_HEADER) : whole]):
            if kind == _INTENDED:
                self._pending.append((block, digest))
            elif kind == _ACKNOWLEDGED:
                self._acknowledge()
            elif kind == _IN_DOUBT:
                self._doubt()
            else:
                raise LedgerDamaged(f"{self._journal_path} is damaged")
        if whole != len(data):
            os.truncate(self._journal_path, whole)

    def _open_journal(self) -> FileIO:
        with written_to(self._journal_path):
            journal = self._journal_path.open("ab", buffering=0)
            try:
                if journal.tell() < len(_HEADER):
                    journal.truncate(0)  # a kill came when the first one was being made
                    _write_all(journal, _HEADER)
            except OSError:
                journal.close()
                raise
        return journal


def _write_all(file: FileIO, data: bytes) -> None:
    """To the end of a file, or not at all: a disk with little room takes a part without an error."""
    before = file.seek(0, os.SEEK_END)
    try:
        written = 0
        while written < len(data):
            written += file.write(data[written:])
    except OSError:
        file.truncate(before)
        raise
