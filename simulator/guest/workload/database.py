"""A real database in a simulated guest: SQLite, whose files are files of the guest's volumes.

The database file and its rollback journal may lie on different disks; images of such disks are whole only if all of
them show one instant. `inspect` opens the database from any set of disk images, with the recovery that a database
server would do at its start, in memory: the images stay as they are.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import count

import apsw

from controlplane.ports import BlockSource
from simulator.guest.disk.image import mount_all
from simulator.guest.disk.volume import File, Volume

DATABASE = "bank.db"
JOURNAL = "bank.db-journal"
PAGE_BYTES = 4096
ACCOUNTS = 1000
OPENING_BALANCE = 1000
TOTAL = ACCOUNTS * OPENING_BALANCE

PRAGMAS = f"""
PRAGMA page_size = {PAGE_BYTES};
PRAGMA locking_mode = EXCLUSIVE;
PRAGMA journal_mode = PERSIST;
PRAGMA synchronous = FULL;
PRAGMA temp_store = MEMORY;
"""

_names = count(1)

Homes = Mapping[str, Volume]
"""On which volume each file of the database lies."""


def homes_of(volumes: Sequence[Volume]) -> Homes | None:
    """Where on these volumes a database lies; a journal that is missing belongs beside it. None: there is none."""
    database = next((volume for volume in volumes if volume.find(DATABASE)), None)
    if database is None:
        return None
    journal = next((volume for volume in volumes if volume.find(JOURNAL)), database)
    return {DATABASE: database, JOURNAL: journal}


class Database:
    """An open connection. Opening recovers what an unclean end left."""

    def __init__(self, homes: Homes) -> None:
        self._vfs = _VolumeVfs(homes)
        self._homes = homes
        try:
            self.connection = apsw.Connection(DATABASE, vfs=self._vfs.name)
            self.connection.execute(PRAGMAS)
        except BaseException:
            self._vfs.unregister()
            raise

    def write_back(self) -> None:
        """Let the pages of a running transaction reach the disk, their journal before them."""
        self.connection.cache_flush()
        self._homes[DATABASE].open(DATABASE).flush()

    def number(self, query: str) -> int | None:
        """The one number a query answers; None when it is something else, as in a damaged file."""
        value = self.connection.execute(query).get
        return value if isinstance(value, int) else None

    def close(self) -> None:
        """Close without touching the files, not even for a rollback: the next open recovers them."""
        self._vfs.alive = False
        try:
            self.connection.close()
        finally:
            self._vfs.unregister()


class _VolumeVfs(apsw.VFS):
    """SQLite's way to the volumes."""

    def __init__(self, homes: Homes) -> None:
        self.name = f"guest-{next(_names)}"
        self.alive = True
        self._homes = homes
        super().__init__(self.name, base="")

    def xOpen(self, name: str | apsw.URIFilename | None, flags: list[int]) -> _VolumeFile:  # type: ignore[override]
        if name is None:
            raise apsw.CantOpenError("there are no temporary files here")
        path = name if isinstance(name, str) else name.filename()
        return _VolumeFile(self, self._homes[path].open(path))

    def xAccess(self, pathname: str, flags: int) -> bool:
        return pathname in self._homes and self._homes[pathname].find(pathname) is not None

    def xDelete(self, filename: str, syncdir: bool) -> None:
        if self.alive:
            self._homes[filename].delete(filename)

    def xFullPathname(self, name: str) -> str:
        return name


class _VolumeFile:
    """One open file. A database has one connection, so locks have nobody to exclude."""

    def __init__(self, vfs: _VolumeVfs, file: File) -> None:
        self._vfs = vfs
        self._file = file

    def xRead(self, amount: int, offset: int) -> bytes:
        return self._file.read(offset, amount) if self._vfs.alive else b""

    def xWrite(self, data: bytes, offset: int) -> None:
        if self._vfs.alive:
            self._file.write(offset, data)

    def xTruncate(self, newsize: int) -> None:
        if self._vfs.alive:
            self._file.truncate(newsize)

    def xSync(self, flags: int) -> None:
        if self._vfs.alive:
            self._file.flush()

    def xFileSize(self) -> int:
        return self._file.size_bytes

    def xSectorSize(self) -> int:
        return PAGE_BYTES

    def xDeviceCharacteristics(self) -> int:
        return 0

    def xFileControl(self, op: int, ptr: int) -> bool:
        return False

    def xLock(self, level: int) -> None:
        pass

    def xUnlock(self, level: int) -> None:
        pass

    def xCheckReservedLock(self) -> bool:
        return False

    def xClose(self) -> None:
        pass


@dataclass(frozen=True, slots=True)
class DatabaseReport:
    """What the disks' images hold of the database."""

    found: bool
    opened_clean: bool = False
    """No journal had to be replayed."""
    recovered: bool = False
    """A journal was replayed, and what came out is whole."""
    integrity: str = ""
    """"ok", or the first thing wrong; empty when it could not be opened."""
    sum_of_balances: int | None = None
    sum_of_balances_ok: bool = False
    last_transaction: int | None = None
    problem: str = ""
    """Why it is not whole, in one sentence; empty when it is."""


def inspect(sources: Mapping[int, BlockSource]) -> DatabaseReport:
    """Open the database from images of disks, by LUN. Problems of the images are reported, not raised."""
    volumes, problems = mount_all(sources)
    homes = homes_of(list(volumes.values()))
    if homes is None:
        return DatabaseReport(found=False, problem="; ".join(["no disk has a database", *problems]))
    hot = _is_hot(homes[JOURNAL])
    try:
        database = Database(homes)
    except apsw.Error as error:
        return DatabaseReport(found=True, opened_clean=False, problem=f"cannot be opened: {error}")
    try:
        return _examined(database, hot)
    except apsw.Error as error:
        return DatabaseReport(found=True, opened_clean=False, problem=f"cannot be read: {error}")
    finally:
        database.close()


def _examined(database: Database, hot: bool) -> DatabaseReport:
    answer = database.connection.execute("PRAGMA integrity_check(1)").get
    integrity = answer if isinstance(answer, str) else repr(answer)
    total = database.number("SELECT sum(balance) FROM account")
    accounts = database.number("SELECT count(*) FROM account")
    last_transaction = database.number("SELECT last_transaction FROM bank")
    problems = [
        *([] if integrity == "ok" else [f"integrity check: {integrity}"]),
        *([] if total == TOTAL and accounts == ACCOUNTS else [f"{accounts} accounts hold {total}, not {TOTAL}"]),
        *([] if last_transaction is not None else ["the transaction number is missing"]),
    ]
    return DatabaseReport(
        found=True,
        opened_clean=not hot,
        recovered=hot and not problems,
        integrity=integrity,
        sum_of_balances=total,
        sum_of_balances_ok=total == TOTAL and accounts == ACCOUNTS,
        last_transaction=last_transaction,
        problem="; ".join(problems),
    )


def _is_hot(volume: Volume) -> bool:
    """Whether the journal asks to be replayed: SQLite goes by its first byte."""
    journal = volume.find(JOURNAL)
    return journal is not None and journal.read(0, 1) not in (b"", b"\0")
