"""What a state folder remembers of its store: that there is one, how it was left, and which run came last.

A store that vanished, was cut or had a page changed while nobody used it would else be begun anew or believed. Every
orderly end leaves the digest of the file; a store put back from a copy is known by the digest of an earlier end. After
an end that was not orderly there is none, and the structure of the file is checked instead.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, replace
from pathlib import Path

from simulator.state.folder import write_private
from simulator.state.kept_files import Damaged, damaged

FILE = "store.mark"
MOST_DIGESTS = 100
"""Of how many orderly ends a copy is known again."""
WITNESSES = ("azurite/__azurite_db_blob__.json",)
"""What a world has only beside a store; for folders of a release that left no mark."""
GONE = "restore it from a copy, or name another folder; BACKUPSIM_DSN names a store that lies elsewhere"


@dataclass(frozen=True, slots=True)
class Left:
    """What the last run left. `digests`: of the store at each orderly end, the newest last. `examined`: it was looked
    for what the storage may have lost before."""

    starts: int
    orderly: bool
    examined: bool
    digests: Sequence[str]


class StoreMark:
    """The mark of one state folder, for a store that is a file in it."""

    def __init__(self, folder: Path, store: Path) -> None:
        self._file = folder / FILE
        self._store = store
        self._folder = folder
        self.left = self._read()
        """None: nobody knows. The folder is new, or of a release that left no mark, or the mark is damaged."""

    def check_store(self) -> bool:
        """Whether the file is, byte by byte, what an orderly end left; False: its structure is to be checked.

        Raises Damaged for a store that is gone, empty or changed.
        """
        size = self._size()
        if size is None:
            if self.left is not None or any((self._folder / name).exists() for name in WITNESSES):
                raise Damaged(f"{self._store} is gone, and what belongs to it is here; {GONE}")
            return True
        if size == 0 and self.left is not None:
            raise damaged(self._store)
        if self.left is None or not self.left.orderly or self._journal_is_there():
            return False
        if self._digest() not in self.left.digests:
            raise Damaged(
                f"{self._store} was changed since the last run ended; restore it from a copy, or remove {self._file} "
                "to use the store as it is"
            )
        return True

    def begin(self, starts: int, examined: bool) -> None:
        """A run has begun, the `starts`th; until it ends in order, nobody knows what the store looks like."""
        self._write(Left(starts, False, examined, self.left.digests if self.left else ()))

    def note_examined(self) -> None:
        left = self._read()
        if left is not None and not left.examined:
            self._write(replace(left, examined=True))

    def end(self) -> None:
        """The run ended in order and has closed the store."""
        left = self._read()
        if left is not None and self._size() and not self._journal_is_there():
            digest = self._digest()
            others = [each for each in left.digests if each != digest]
            self._write(replace(left, orderly=True, digests=[*others, digest][-MOST_DIGESTS:]))

    def _read(self) -> Left | None:
        try:
            left = Left(**json.loads(self._file.read_text(encoding="utf-8")))
        except (OSError, ValueError, TypeError):
            return None
        if not isinstance(left.starts, int) or not isinstance(left.digests, list):
            return None
        return left if left.starts else None  # a first start ended before there was a store

    def _write(self, left: Left) -> None:
        write_private(self._file, json.dumps(asdict(left)) + "\n")

    def _size(self) -> int | None:
        try:
            return self._store.stat().st_size
        except FileNotFoundError:
            return None

    def _journal_is_there(self) -> bool:
        """Whether commits lie beside the file that are not in it yet."""
        return self._store.with_name(f"{self._store.name}-wal").exists()

    def _digest(self) -> str:
        with self._store.open("rb") as file:
            return hashlib.file_digest(file, "sha256").hexdigest()
