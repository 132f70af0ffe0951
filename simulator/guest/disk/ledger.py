"""The ledger of the blocks a guest wrote: digests in memory, and a journal that survives a killed process.

Before a page write the journal names the blocks and the digests they are going to have; when the storage has said yes,
one more record acknowledges them. So after any end, also SIGKILL between the two, each block is known (the storage
must have this digest) or in doubt (this one or one of those). So a storage that lost what it had acknowledged is
detected, and a write that was never answered is not mistaken for such a loss.

Two files per disk: NAME.table, the digests at the last compaction, and NAME.journal, the records since. A compaction
replaces the table first and empties the journal then; old records replayed over the newer table end in the same state.
"""

from __future__ import annotations

import os
import struct
from collections.abc import Iterable
from io import FileIO
from pathlib import Path

from simulator.guest.disk.digests import DIGEST_BYTES, ZERO, DigestTable
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
    """The digests of one disk. Raises LedgerDamaged for files that are none. Not thread-safe: its disk calls it under
    the disk's lock."""

    def __init__(self, folder: Path, name: str, size_bytes: int) -> None:
        self._table_path = folder / f"{name}.table"
        self._journal_path = folder / f"{name}.journal"
        self._records = 0
        self._pending: Changes = []
        self.doubts: dict[int, set[bytes]] = {}
        """Blocks that may have one of these digests instead of the table's."""
        self.table = DigestTable(size_bytes)
        folder.mkdir(parents=True, exist_ok=True)
        self._load()
        self._journal = self._open_journal()
        if self._pending:
            self.doubt()  # a kill came before the answer

    def intend(self, changes: Changes) -> None:
        """These blocks are about to be written."""
        self._pending = changes
        self._append((_INTENDED, block, digest) for block, digest in changes)

    def acknowledge(self) -> None:
        """The storage acknowledged the intended bytes."""
        self._append([(_ACKNOWLEDGED, 0, ZERO)])
        self._acknowledge()

    def doubt(self) -> None:
        """It is unknown whether the storage has the intended bytes."""
        self._append([(_IN_DOUBT, 0, ZERO)])
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
        write_whole(self._table_path, self.table.to_bytes())
        doubts = [
            _RECORD.pack(*record)
            for block, digests in self.doubts.items()
            for digest in digests
            for record in ((_INTENDED, block, digest), (_IN_DOUBT, 0, ZERO))
        ]
        self._journal.close()
        write_whole(self._journal_path, _HEADER + b"".join(doubts))
        self._journal = self._open_journal()
        self._records = len(doubts)

    def close(self) -> None:
        self._journal.close()

    def _append(self, records: Iterable[tuple[int, int, bytes]]) -> None:
        data = b"".join(_RECORD.pack(*record) for record in records)
        self._journal.write(data)
        self._records += len(data) // _RECORD.size

    def _acknowledge(self) -> None:
        for block, digest in self._pending:
            self.table.set(block, digest)
            self.doubts.pop(block, None)
        self._pending = []
        if self._records > COMPACT_ABOVE_RECORDS:
            self.compact()

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
        if data and not data.startswith(_HEADER):
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
        journal = self._journal_path.open("ab", buffering=0)
        if journal.tell() == 0:
            journal.write(_HEADER)
        return journal
