"""One row by its key from an SQLite file, on kept connections and with one fixed statement.

This is what nearly every GET of the service is made of. The general way costs ten times as much, all of it for
generality: a pool's bookkeeping, a transaction, a compiled statement's processors.
"""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Sequence
from contextlib import suppress
from typing import Any


class QuickReads:
    """`connect` gives a connection that any thread may use; `statement` takes its parameters by place."""

    def __init__(self, connect: Callable[[], sqlite3.Connection], statement: str) -> None:
        self._connect = connect
        self._statement = statement
        self._idle: list[sqlite3.Connection] = []
        self._closed = False

    def one(self, *parameters: str) -> Sequence[Any] | None:
        """The row, as it was when it was asked for."""
        try:
            connection = self._idle.pop()  # by one thread at a time: each takes the last for itself
        except IndexError:
            connection = self._connect()
        try:
            # All rows, though there is but one: a statement that is not run to its end keeps a snapshot of the file.
            rows = connection.execute(self._statement, parameters).fetchall()
        except BaseException:
            connection.close()
            raise
        self._idle.append(connection)
        if self._closed:
            self.close()
        return rows[0] if rows else None

    def close(self) -> None:
        """End the connections; one that is reading just now ends when it has read."""
        self._closed = True
        with suppress(IndexError):
            while True:
                self._idle.pop().close()
