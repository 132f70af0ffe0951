"""Store on SQLAlchemy Core: resources as JSON documents, and the journal of events.

Two tables serve nearly everything: what ARM answers is already JSON, so an object model would only describe it twice.
The runs of jobs have tables of their own (`sql_runs`).
SQLite (a file in WAL mode, or `:memory:`) and PostgreSQL are reached by the same statements.
"""

from __future__ import annotations

import json
import sqlite3
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.pool import StaticPool

from controlplane.adapters.quick_reads import QuickReads
from controlplane.adapters.schema import DOCUMENTS, EVENTS, METADATA, REVISION, VERSIONS
from controlplane.adapters.sql_runs import SqlRuns
from controlplane.domain.events.event import Event
from controlplane.ports import Clock, Document, DocumentExists, EtagMismatch, Json, PortError, StoreView
from extension.contract.redaction import redact

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MILLISECONDS = 30_000
SETTINGS = (f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
"""Of every SQLite connection. NORMAL survives the end of the process at any moment; only a power cut may cost the last
commits. What is forgotten since it may be secret is not left on a free page either; builds of SQLite differ in that."""
IN_USE = "another world uses this database; end that one, or give this one a database of its own"
MAPPED_BYTES = 256 * 2**20
WRITER_LOCK = 0x6261636B
"""Key of PostgreSQL's advisory lock: one writer at a time, as SQLite has it by nature."""
WORLD_LOCK = 0x6261636C
"""Key of PostgreSQL's advisory lock of whoever has the database for itself."""
CLAIM_SECONDS = 2.0
"""How long PostgreSQL may take to see that the process of a connection was killed."""

# Columns in the order in which Document and Event take them.
_DOCUMENT = (
    DOCUMENTS.c.kind,
    DOCUMENTS.c.id,
    DOCUMENTS.c.parent,
    DOCUMENTS.c.body,
    DOCUMENTS.c.private,
    DOCUMENTS.c.etag,
)
_THIS = sa.and_(DOCUMENTS.c.kind == sa.bindparam("of_kind"), DOCUMENTS.c.id == sa.bindparam("of_id"))
_GET = sa.select(*_DOCUMENT).where(_THIS)
_INSERT = sa.insert(DOCUMENTS)
_UPDATE = sa.update(DOCUMENTS).where(_THIS)
_DELETE = sa.delete(DOCUMENTS).where(_THIS)
_KINDS = sa.select(DOCUMENTS.c.kind).distinct().order_by(DOCUMENTS.c.kind)
_FIRST = sa.select(DOCUMENTS.c.kind).limit(1)
_RECORD = sa.insert(EVENTS)
_WANTED = {
    "of_kind": DOCUMENTS.c.kind == sa.bindparam("of_kind"),
    "of_parent": DOCUMENTS.c.parent == sa.bindparam("of_parent"),
    "behind_id": DOCUMENTS.c.id > sa.bindparam("behind_id"),
}


@cache
def _finding(asked: frozenset[str]) -> sa.Select[Any]:
    """Made once for each set of wishes: to put the same question together again takes longer than its answer."""
    query = sa.select(*_DOCUMENT).where(*(_WANTED[name] for name in sorted(asked - {"most"}))).order_by(DOCUMENTS.c.id)
    return query.limit(sa.bindparam("most", type_=sa.Integer)) if "most" in asked else query


class StoreUnusable(PortError):
    """The database is none, is not there, or its driver is missing."""


class StoreTooNew(StoreUnusable):
    """The store was written by a newer release."""


class StoreInUse(StoreUnusable):
    """Another world has this database."""


class _Reads(StoreView):
    """What is read through one connection."""

    def __init__(self, connection: sa.Connection) -> None:
        self._connection = connection

    def get(self, kind: str, id: str) -> Document | None:
        row = self._connection.execute(_GET, {"of_kind": kind, "of_id": id.lower()}).fetchone()
        return None if row is None else _document(row)

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        asked: dict[str, str | int] = {"of_kind": kind}
        if parent is not None:
            asked["of_parent"] = parent.lower()
        if after:
            asked["behind_id"] = after.lower()
        if limit is not None:
            asked["most"] = limit
        rows = self._connection.execute(_finding(frozenset(asked)), asked).fetchall()
        return [_document(row) for row in rows]

    def kinds(self) -> Sequence[str]:
        return self._connection.execute(_KINDS).scalars().all()

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None) -> Sequence[Event]:
        query = sa.select(EVENTS).where(EVENTS.c.id > since).order_by(EVENTS.c.id).limit(limit)
        if job is not None:
            query = query.where(EVENTS.c.job == job)
        return [_event(row) for row in self._connection.execute(query).fetchall()]


class SqlStore:
    """The Store port on a database. `dsn`: an SQLAlchemy URL such as `sqlite:////folder/state.db`, or `:memory:`."""

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._clock = clock
        self._turn = threading.RLock()
        self._local = threading.local()
        self._claims = ExitStack()
        self._listeners: tuple[Callable[[], None], ...] = ()
        """Told after each commit that recorded events."""
        self.runs = SqlRuns(self._reading, self._writing, self._after_commit)
        with _usable():
            url = sa.make_url("sqlite://" if dsn == ":memory:" else dsn)
            self._sqlite = url.get_backend_name() == "sqlite"
            # An SQLite database in memory lives in its one connection, which the threads then take in turns.
            self._shared = self._sqlite and url.database in (None, "", ":memory:")
            self._engine = _sqlite_engine(url, self._shared) if self._sqlite else sa.create_engine(url)
            self._quick: QuickReads | None = None
            try:
                self._migrate()
            except BaseException:
                self.close()
                raise
            if self._sqlite and not self._shared:
                self._quick = QuickReads(self._beside_the_pool, str(_GET.compile(dialect=self._engine.dialect)))

    def close(self) -> None:
        if self._quick is not None:
            self._quick.close()
        self._claims.close()
        self._engine.dispose()

    def claim(self) -> None:
        """Have the database for this world alone, until `close` or the end of the process; raises StoreInUse. Who has
        it knows that whoever had it before is gone."""
        if self._shared:
            return
        if self._sqlite:
            file = Path(str(self._engine.url.database)).resolve()
            lock = FileLock(f"{file}.lock", timeout=0, mode=0o600, thread_local=False)
            try:
                self._claims.enter_context(lock)
            except Timeout:
                raise StoreInUse(IN_USE) from None
            return
        connection = self._claims.enter_context(self._engine.connect())
        connection = connection.execution_options(isolation_level="AUTOCOMMIT")
        connection.execute(sa.text(f"SET lock_timeout = {int(CLAIM_SECONDS * 1000)}"))
        try:
            connection.execute(sa.select(sa.func.pg_advisory_lock(WORLD_LOCK)))
        except sa.exc.DBAPIError:
            raise StoreInUse(IN_USE) from None

    def _beside_the_pool(self) -> sqlite3.Connection:
        connection = sqlite3.connect(str(self._engine.url.database), check_same_thread=False)
        _prepare(connection)
        # A row out of thousands lies on a page that no connection has yet; mapped, it costs no call of the system.
        connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
        return connection

    # ------------------------------------------------------------------------------------------------------- documents

    def get(self, kind: str, id: str) -> Document | None:
        if self._quick is not None and self._current() is None:
            found = self._quick.one(kind, id.lower())
            return None if found is None else _document(found)
        with self._reading() as connection:
            return _Reads(connection).get(kind, id)

    def put(
        self,
        kind: str,
        id: str,
        body: Mapping[str, Any],
        *,
        parent: str = "",
        private: Mapping[str, Any] | None = None,
        if_match: str | None = None,
        if_none_match: bool = False,
    ) -> Document:
        key = {"of_kind": kind, "of_id": id.lower()}
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        with self._writing() as connection:
            row = connection.execute(_GET, key).fetchone()
            old = None if row is None else _document(row)
            if if_none_match and old is not None:
                raise DocumentExists(f"there is a {kind} {id} already")
            if if_match is not None and (old is None or old.etag != if_match):
                raise EtagMismatch(f"{kind} {id} changed since it was read")
            kept = old.private if old is not None else {}
            new = Document(
                kind=kind,
                id=key["of_id"],
                parent=parent.lower() or (old.parent if old is not None else ""),
                body=text,
                private=dict(private) if private is not None else kept,
                etag=str(uuid.uuid4()),
            )
            values = {
                "parent": new.parent,
                "body": text,
                "private": json.dumps(new.private, separators=(",", ":")),
                "etag": new.etag,
            }
            if old is None:
                connection.execute(_INSERT, {"kind": kind, "id": new.id, **values})
            else:
                connection.execute(_UPDATE, {**key, **values})
        return new

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        with self._reading() as connection:
            return _Reads(connection).find(kind, parent, after=after, limit=limit)

    def kinds(self) -> Sequence[str]:
        with self._reading() as connection:
            return _Reads(connection).kinds()

    def delete(self, kind: str, id: str, *, if_match: str | None = None) -> bool:
        key = {"of_kind": kind, "of_id": id.lower()}
        with self._writing() as connection:
            row = connection.execute(_GET, key).fetchone()
            if row is None:
                return False
            if if_match is not None and row.etag != if_match:
                raise EtagMismatch(f"{kind} {id} changed since it was read")
            connection.execute(_DELETE, key)
        return True

    # ----------------------------------------------------------------------------------------------------------- events

    def record(self, event: Event) -> int:
        values = {
            "name": event.name,
            "party": event.party,
            "data": json.dumps(event.data, separators=(",", ":"), ensure_ascii=False),
            "vm": event.vm,
            "job": event.job,
            "parent": event.parent,
            "time": (event.time or self._clock.now()).isoformat(),
            "monotonic_seconds": event.monotonic_seconds or time.monotonic(),
        }
        with self._writing() as connection:
            (identifier,) = connection.execute(_RECORD, values).inserted_primary_key or (0,)
            self._after_commit(self._tell_listeners)
        return int(identifier)

    def on_events(self, listener: Callable[[], None]) -> Callable[[], None]:
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return end

    def _tell_listeners(self) -> None:
        for listener in self._listeners:
            listener()

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None) -> Sequence[Event]:
        with self._reading() as connection:
            return _Reads(connection).events(since, limit=limit, job=job)

    # ----------------------------------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        current = self._current()
        if current is not None:
            with current.begin_nested():
                yield
            return
        with self._writing():
            yield

    def in_transaction(self) -> bool:
        return self._current() is not None

    @contextmanager
    def view(self) -> Iterator[StoreView]:
        current = self._current()
        if current is not None:
            yield _Reads(current)
        elif self._shared:
            with self._copied() as connection:
                yield _Reads(connection)
        else:
            with self._engine.connect() as connection:
                self._begin_view(connection)
                try:
                    yield _Reads(connection)
                finally:
                    connection.rollback()

    def _begin_view(self, connection: sa.Connection) -> None:
        if self._sqlite:
            connection.exec_driver_sql("BEGIN")
        else:
            connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
        connection.execute(_FIRST).fetchall()  # A transaction sees what there was at its first question.

    @contextmanager
    def _copied(self) -> Iterator[sa.Connection]:
        """The whole database in memory once more: its one connection is not to be kept from the others."""
        copy = sqlite3.connect(":memory:", check_same_thread=False)
        with self._turn, self._engine.connect() as connection:
            original = connection.connection.driver_connection
            assert isinstance(original, sqlite3.Connection), "a database in memory is one of SQLite"
            original.backup(copy)
        engine = sa.create_engine("sqlite://", creator=lambda: copy, poolclass=StaticPool)
        try:
            with engine.connect() as connection:
                yield connection
        finally:
            engine.dispose()
            copy.close()

    def _current(self) -> sa.Connection | None:
        """The connection of the transaction this thread is in."""
        connection: sa.Connection | None = getattr(self._local, "connection", None)
        return connection

    @contextmanager
    def _reading(self) -> Iterator[sa.Connection]:
        """The connection of this thread's transaction, else one of its own."""
        current = self._current()
        if current is not None:
            yield current
        elif self._shared:
            with self._turn, self._engine.connect() as connection:
                yield connection
        else:
            with self._engine.connect() as connection:
                yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """The same for a writer. The lock in front spares our own threads SQLite's polling for its one write lock."""
        current = self._current()
        if current is not None:
            yield current
            return
        with self._turn, self._engine.connect() as connection:
            self._begin(connection)
            self._local.connection = connection
            actions: dict[Callable[[], None], None] = {}  # in order, each once
            self._local.after_commit = actions
            try:
                self.runs.check_thread(connection)
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise
            finally:
                self._local.connection = None
        for action in actions:
            action()

    def _after_commit(self, action: Callable[[], None]) -> None:
        """Call this once the transaction that this thread is in has committed."""
        self._local.after_commit[action] = None

    def _begin(self, connection: sa.Connection) -> None:
        """Become the one writer now, so that what is read from here on still holds when it is written."""
        if self._sqlite:
            connection.exec_driver_sql("BEGIN IMMEDIATE")
        else:
            connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))

    def _migrate(self) -> None:
        version = self._version()
        if version == REVISION:
            return
        with self._writing() as connection:
            if version is None and not sa.inspect(connection).get_table_names():
                _create(connection)
            else:
                upgrade(connection)

    def _version(self) -> str | None:
        with self._reading() as connection:
            if not sa.inspect(connection).has_table("alembic_version"):
                return None
            return connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()


@contextmanager
def _usable() -> Iterator[None]:
    """The library's exceptions may quote the address, and it may hold a password; ours don't."""
    try:
        yield
    except ImportError as problem:
        raise StoreUnusable(f"the database needs the Python package {problem.name}, which is missing") from None
    except sa.exc.ArgumentError:
        raise StoreUnusable("this is not the address of a database; an example is sqlite:////folder/store.db") from None
    except sa.exc.SQLAlchemyError as problem:
        reason = str(getattr(problem, "orig", None) or type(problem).__name__).partition("\n")[0]
        raise StoreUnusable(f"the database cannot be used ({redact(reason)})") from None


def _sqlite_engine(url: sa.URL, shared: bool) -> sa.Engine:
    arguments = {"check_same_thread": False}
    if shared:
        engine = sa.create_engine(url, connect_args=arguments, poolclass=StaticPool)
    else:
        Path(str(url.database)).parent.mkdir(parents=True, exist_ok=True)
        engine = sa.create_engine(url, connect_args=arguments, pool_size=8, max_overflow=-1)

    @sa.event.listens_for(engine, "connect")
    def prepare(connection: Any, record: object) -> None:
        _prepare(connection)

    return engine


def _prepare(connection: Any) -> None:
    for setting in SETTINGS:
        connection.execute(f"PRAGMA {setting}")


def _create(connection: sa.Connection) -> None:
    """What the migrations build, without loading what runs them: a third of a second at the first start of a world."""
    METADATA.create_all(connection)
    connection.execute(sa.schema.CreateTable(VERSIONS))
    connection.execute(sa.insert(VERSIONS), {"version_num": REVISION})


def upgrade(connection: sa.Connection, revision: str = "head") -> None:
    """Bring the schema to the newest revision, or to this one, inside the connection's transaction."""
    from alembic import command
    from alembic.config import Config
    from alembic.script import ScriptDirectory
    from alembic.util import CommandError

    config = Config()
    config.set_main_option("script_location", str(MIGRATIONS).replace("%", "%%"))
    config.set_main_option("path_separator", "os")
    config.attributes["connection"] = connection
    if sa.inspect(connection).has_table("alembic_version"):
        found = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        try:
            ScriptDirectory.from_config(config).get_revision(str(found))
        except CommandError:
            raise StoreTooNew(
                f"the state was written by a newer release (its schema is {found}, this one knows up to {REVISION}); "
                "use that release, or another state folder"
            ) from None
    command.upgrade(config, revision)


def _document(row: Sequence[Any]) -> Document:
    kind, id, parent, body, private, etag = row
    return Document(kind, id, parent, bytes(body), json.loads(private), etag)


def _event(row: sa.Row[Any]) -> Event:
    data: Json = json.loads(row.data)
    return Event(
        name=row.name,
        party=row.party,
        data=data,
        vm=row.vm,
        job=row.job,
        parent=row.parent,
        id=row.id,
        time=datetime.fromisoformat(row.time),
        monotonic_seconds=row.monotonic_seconds,
    )
