"""What a database answers when it cannot do its work, as errors of the port.

SQLite says it by a number, whose last byte is the kind: https://sqlite.org/rescode.html; PostgreSQL by five characters:
https://www.postgresql.org/docs/current/errcodes-appendix.html.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager

import sqlalchemy as sa

from controlplane.ports import PortError, StoreDamaged, StoreFull, StoreUnavailable

DAMAGED = "the store is damaged; end the world, and restore the store from a copy"

_SQLITE: Mapping[int, Callable[[], PortError]] = {
    sqlite3.SQLITE_FULL: lambda: StoreFull("the disk of the store is full; free some space there"),
    sqlite3.SQLITE_CORRUPT: lambda: StoreDamaged(DAMAGED),
    sqlite3.SQLITE_NOTADB: lambda: StoreDamaged(DAMAGED),
    sqlite3.SQLITE_IOERR: lambda: StoreUnavailable("the disk of the store has an error; see the log of the system"),
    sqlite3.SQLITE_CANTOPEN: lambda: StoreUnavailable("the store cannot be opened; see the rights on its folder"),
    sqlite3.SQLITE_READONLY: lambda: StoreUnavailable("the store cannot be written to; see the rights on its folder"),
}
_POSTGRESQL: Mapping[str, int] = {
    "53100": sqlite3.SQLITE_FULL,  # disk_full
    "XX001": sqlite3.SQLITE_CORRUPT,  # data_corrupted
    "XX002": sqlite3.SQLITE_CORRUPT,  # index_corrupted
    "58030": sqlite3.SQLITE_IOERR,  # io_error
}


@contextmanager
def translated() -> Iterator[None]:
    """Raises an error of the port for what the database cannot help; what we asked wrongly stays as it is."""
    try:
        yield
    except (sa.exc.DBAPIError, sqlite3.Error) as problem:
        failure = _failure(problem)
        if failure is None:
            raise
        raise failure from None


def _failure(problem: BaseException) -> PortError | None:
    """By the first in the row of causes: once a disk is full, SQLite ends the transaction, and whoever goes on in it
    is told that there is none."""
    failure = None
    each: BaseException | None = problem
    while each is not None:
        cause = getattr(each, "orig", None) or each
        code = _POSTGRESQL.get(str(getattr(cause, "sqlstate", "")), 0)
        if isinstance(cause, sqlite3.Error):
            code = getattr(cause, "sqlite_errorcode", 0) & 0xFF
        if code in _SQLITE:
            failure = _SQLITE[code]()
        each = each.__context__
    return failure
