"""Programs in the guest that write checkable data; here the one with a database and a VSS writer.

The bank moves money between accounts: the sum of all balances never changes, and a number counts its transactions. A
transaction is left open between two ticks, its pages already on the disk: some because SQLite's small
cache had no room for them, the rest because an idle system writes back what waits. So an image that was not taken at a
freeze nearly always has something to recover.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime
from random import Random
from threading import Event, Lock
from typing import Protocol

import apsw

from controlplane.json_object import Json
from controlplane.ports import PortError
from controlplane.writer_held import about_to_wait
from simulator.clock.real_time import RealTime
from simulator.daily_work import Work
from simulator.guest.disk.directory import VolumeError
from simulator.guest.disk.disk import DiskCorrupt
from simulator.guest.disk.gate import Gate
from simulator.guest.disk.volume import Volume
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.writer import WriterEvent, WriterFailed
from simulator.guest.workload.database import ACCOUNTS, DATABASE, JOURNAL, OPENING_BALANCE, Database, Homes, homes_of

TRANSFERS_PER_TRANSACTION = 16
TRANSFERS_PER_TICK = 6
LARGEST_TRANSFER = 100
NOTE_BYTES = 200
CACHED_PAGES = 8
PAGES_OF_ALL = 256
"""More than the database has."""
OS_DISK = -1
LOOK_SECONDS = 0.02
"""How often a caller that waits for a workload looks at the time."""

TROUBLE = (apsw.Error, PortError, DiskCorrupt, VolumeError)
"""The errors of a program whose disks fail."""


class WorkloadEnded(RuntimeError):
    """The machine was shut down; the program does nothing more."""


OnProblem = Callable[[str, str], None]
"""(workload, what is wrong)"""


class Workload(Protocol):
    """A program of the guest. Thread-safe."""

    name: str
    problem: str
    """Why it cannot work at the moment; empty while it can."""

    def tick(self) -> None:
        """A slice of work; never waits for a freeze to end, and tells problems instead of raising them."""

    def run(self, amount: int) -> None:
        """So many units of work at once (transactions, files). Waits while frozen; raises WorkloadEnded."""

    def catch_up(self, due: Work) -> Work:
        """Do its part of the work of world time that has passed, at once; what it has done. Nothing while frozen."""

    def facts(self) -> Json:
        """What an image taken now must contain at least."""

    def close(self, clean: bool) -> None:
        """End orderly, or as when the power goes."""


class DatabaseWorkload:
    """The bank. Its database is created on the first start and recovered on any other."""

    name = "database"

    def __init__(
        self, volumes: Mapping[int, Volume], gate: Gate, real_time: RealTime, chance: Random, on_problem: OnProblem
    ) -> None:
        self.problem = ""
        self._gate = gate
        self._homes = homes_of(list(volumes.values())) or new_homes(volumes)
        self._real_time = real_time
        self._chance = chance
        self._on_problem = on_problem
        self._lock = Lock()
        self._running = Event()
        self._running.set()
        self._transfers = 0
        self._facts: Json = {}
        self._database: Database | None = None
        self._closed = False
        with self._lock:
            self._attempt(self._open)

    def tick(self) -> None:
        if self._gate.held or not self._lock.acquire(blocking=False):
            return
        try:
            if self._running.is_set() and not self._closed:
                self._attempt(self._work)
        finally:
            self._lock.release()

    def run(self, amount: int) -> None:
        """`amount` whole transactions."""
        about_to_wait("a workload that is held")
        while amount:
            self._running.wait()
            with self._lock:
                if self._closed:
                    raise WorkloadEnded(f"the workload {self.name} has ended")
                if not self._running.is_set():
                    continue
                try:
                    self._run_transaction()
                except TROUBLE as error:
                    self._fail(error)
                    raise
                amount -= 1

    def catch_up(self, due: Work) -> Work:
        """Whole transactions, in one of the database's own: nobody could see them one by one."""
        amount = int(due.transactions)
        with self._lock:
            if self._closed:
                raise WorkloadEnded(f"the workload {self.name} has ended")
            if not amount or self._gate.held or not self._running.is_set():
                return Work()
            try:
                self._commit_at_once(amount)
            except TROUBLE as error:
                self._fail(error)
                raise
        return Work(transactions=amount)

    def on_vss(self, event: WriterEvent, deadline: datetime) -> None:
        """The VSS writer of this program."""
        if event is WriterEvent.FREEZE:
            self.freeze(deadline)
        elif event in (WriterEvent.THAW, WriterEvent.ABORT):
            self.thaw()

    def freeze(self, deadline: datetime) -> None:
        """End the running transaction and begin no other; then there is nothing that a restore would replay."""
        self._running.clear()  # first, so that no next transaction comes between
        try:
            self._come_to_rest(deadline)
        except BaseException:
            self._running.set()
            raise

    def thaw(self) -> None:
        self._running.set()

    def facts(self) -> Json:
        """As of the last freeze while frozen, else as of the last transaction."""
        return dict(self._facts)

    def close(self, clean: bool) -> None:
        self.thaw()
        with self._lock:
            self._closed = True
            database, self._database = self._database, None
            if database is None:
                return
            try:
                if clean and self._transfers:
                    self._commit(database)
            finally:
                database.close()

    def _come_to_rest(self, deadline: datetime) -> None:
        while not self._lock.acquire(timeout=LOOK_SECONDS):
            if self._real_time.now() >= deadline:
                raise WriterFailed(Hresult.WRITER_TIMEOUT, "the database did not become idle in time")
        try:
            database = self._database or self._open()
            if self._transfers:
                self._commit(database)
            self._facts = {
                "last_transaction": database.number("SELECT last_transaction FROM bank"),
                "sum_of_balances": database.number("SELECT sum(balance) FROM account"),
            }
        except TROUBLE as error:
            self._fail(error)
            raise WriterFailed(Hresult.WRITER_RETRYABLE, f"the database cannot write: {error}") from error
        finally:
            self._lock.release()

    def _attempt(self, work: Callable[[], object]) -> None:
        try:
            work()
            self.problem = ""
        except TROUBLE as error:
            self._fail(error)

    def _fail(self, error: Exception) -> None:
        """Give up the connection; the next attempt opens the database anew and recovers it."""
        database, self._database = self._database, None
        if database:
            database.close()
        self._transfers = 0
        problem = f"{type(error).__name__}: {error}"
        if problem != self.problem:
            self.problem = problem
            self._on_problem(self.name, problem)

    def _open(self) -> Database:
        self._database = database = Database(self._homes)
        self._transfers = 0
        if not database.number("SELECT count(*) FROM sqlite_schema WHERE name = 'bank'"):
            self._create(database)
        _set_cache(database, CACHED_PAGES)
        self._facts = {"last_transaction": database.number("SELECT last_transaction FROM bank")}
        return database

    def _create(self, database: Database) -> None:
        with database.connection as connection:
            connection.execute(
                "CREATE TABLE account (id INTEGER PRIMARY KEY, balance INTEGER NOT NULL, note BLOB NOT NULL);"
                "CREATE TABLE bank (id INTEGER PRIMARY KEY CHECK (id = 1), last_transaction INTEGER NOT NULL);"
                "INSERT INTO bank VALUES (1, 0)"
            )
            rows = ((id, OPENING_BALANCE, self._chance.randbytes(NOTE_BYTES)) for id in range(ACCOUNTS))
            connection.executemany("INSERT INTO account VALUES (?, ?, ?)", rows)

    def _run_transaction(self) -> None:
        """The rest of the running one, or a whole one."""
        database = self._database or self._open()
        self._transfer(database)
        while self._transfers:
            self._transfer(database)

    def _commit_at_once(self, amount: int) -> None:
        database = self._database or self._open()
        while self._transfers:  # the rest of the running one
            self._transfer(database)
        changes: Counter[int] = Counter()
        for _ in range(amount * TRANSFERS_PER_TRANSACTION):
            giver, taker, money = self._draw()
            changes[giver] -= money
            changes[taker] += money
        with _room_for_all(database), database.connection as connection:
            rows = [(change, account) for account, change in sorted(changes.items())]
            connection.executemany("UPDATE account SET balance = balance + ? WHERE id = ?", rows)
            connection.execute("UPDATE bank SET last_transaction = last_transaction + ?", (amount,))
        self._facts = {"last_transaction": database.number("SELECT last_transaction FROM bank")}

    def _draw(self) -> tuple[int, int, int]:
        """A transfer: from which account, to which, how much."""
        giver, taker = self._chance.sample(range(ACCOUNTS), 2)
        return giver, taker, self._chance.randint(1, LARGEST_TRANSFER)

    def _work(self) -> None:
        """End inside a transaction, and with its pages on the disk."""
        database = self._database or self._open()
        for _ in range(TRANSFERS_PER_TICK):
            self._transfer(database)
        if not self._transfers:
            self._transfer(database)
        database.write_back()

    def _transfer(self, database: Database) -> None:
        """One of the transfers of a transaction; the first begins it, the last commits it."""
        execute = database.connection.execute
        if not self._transfers:
            execute("BEGIN")
        giver, taker, amount = self._draw()
        execute("UPDATE account SET balance = balance - ? WHERE id = ?", (amount, giver))
        execute("UPDATE account SET balance = balance + ? WHERE id = ?", (amount, taker))
        self._transfers += 1
        if self._transfers == TRANSFERS_PER_TRANSACTION:
            self._commit(database)

    def _commit(self, database: Database) -> None:
        execute = database.connection.execute
        execute("UPDATE bank SET last_transaction = last_transaction + 1")
        execute("COMMIT")
        self._transfers = 0
        self._facts = {"last_transaction": database.number("SELECT last_transaction FROM bank")}


def _set_cache(database: Database, pages: int) -> None:
    database.connection.execute(f"PRAGMA cache_size = {pages}; PRAGMA cache_spill = {pages}")


@contextmanager
def _room_for_all(database: Database) -> Iterator[None]:
    """Its whole file fits into the cache, so that each page is written once."""
    _set_cache(database, PAGES_OF_ALL)
    try:
        yield
    finally:
        _set_cache(database, CACHED_PAGES)


def new_homes(volumes: Mapping[int, Volume]) -> Homes:
    """Where a new database goes: on the first data disk, its journal on the second, as far as there are any."""
    data = [volumes[lun] for lun in sorted(volumes) if lun != OS_DISK] or [volumes[OS_DISK]]
    return {DATABASE: data[0], JOURNAL: data[min(1, len(data) - 1)]}
