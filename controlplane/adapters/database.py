"""The database under a store: opened, prepared, brought to the newest schema, and claimed for one world.

SQLite (a file in WAL mode, or `:memory:`) and PostgreSQL are reached by the same statements; what they have of their
own is here.
"""

from __future__ import annotations

import sqlite3
import threading
from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager, nullcontext
from pathlib import Path
from typing import Any

import sqlalchemy as sa
from filelock import FileLock, Timeout
from sqlalchemy.pool import StaticPool

from controlplane.adapters.database_failures import DAMAGED, translated
from controlplane.adapters.schema import DOCUMENTS, METADATA, REVISION, VERSIONS
from controlplane.ports import PortError, StoreDamaged
from extension.contract.redaction import redact

MIGRATIONS = Path(__file__).parent / "migrations"
BUSY_TIMEOUT_MILLISECONDS = 30_000
SETTINGS = (f"busy_timeout={BUSY_TIMEOUT_MILLISECONDS}", "journal_mode=WAL", "synchronous=NORMAL", "secure_delete=ON")
"""Of every SQLite connection. NORMAL survives the end of the process at any moment; only a power cut may cost the last
commits. What is forgotten since it may be secret is not left on a free page either; builds of SQLite differ in that."""
IN_USE = "another world is using this database; stop it, or give this world a database of its own"
MAPPED_BYTES = 256 * 2**20
WRITER_LOCK = 0x6261636B
"""Key of PostgreSQL's advisory lock: one writer at a time, as SQLite has it by nature."""
WORLD_LOCK = 0x6261636C
"""Key of PostgreSQL's advisory lock of whoever has the database for itself."""
CLAIM_SECONDS = 2.0
"""How long PostgreSQL may take to see that the process of a connection was killed."""

_FIRST = sa.select(DOCUMENTS.c.kind).limit(1)
_BROKEN_TEXTS = (
    "SELECT 1 FROM documents WHERE NOT json_valid(private) OR NOT json_valid(CAST(body AS TEXT)) LIMIT 1",
    "SELECT 1 FROM events WHERE NOT json_valid(data) LIMIT 1",
    "SELECT 1 FROM runs WHERE NOT json_valid(state) LIMIT 1",
)
"""What is no JSON any more, in SQLite's words."""


class StoreUnusable(PortError):
    """This is no database, it cannot be reached, or its driver is missing."""


class StoreTooNew(StoreUnusable):
    """The store was written by a newer release."""


class StoreInUse(StoreUnusable):
    """Another world has this database."""


class Database:
    """`dsn`: an SQLAlchemy URL such as `sqlite:////folder/state.db`, or `:memory:`. Raises StoreUnusable."""

    def __init__(self, dsn: str) -> None:
        self._turn = threading.RLock()
        self._claims = ExitStack()
        with _usable():
            url = sa.make_url("sqlite://" if dsn == ":memory:" else dsn)
            self._sqlite = url.get_backend_name() == "sqlite"
            # An SQLite database in memory lives in its one connection, which the threads then take in turns.
            self._shared = self._sqlite and url.database in (None, "", ":memory:")
            self._engine = _sqlite_engine(url, self._shared) if self._sqlite else sa.create_engine(url)
            try:
                self._migrate()
            except BaseException:
                self.close()
                raise

    def close(self) -> None:
        self._claims.close()
        self._engine.dispose()

    @property
    def is_file(self) -> bool:
        """Whether it is a file of SQLite, which `beside_the_pool` may read too."""
        return self._sqlite and not self._shared

    @property
    def dialect(self) -> sa.Dialect:
        return self._engine.dialect

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

    def check(self) -> None:
        """Read through an SQLite file, whose time grows with its size: about 0.5 s for 100 MiB. Raises StoreDamaged for
        a wrong structure, for a row that an index knows otherwise, and for a text that is no JSON. PostgreSQL checks
        its pages itself."""
        if not self.is_file:
            return
        with self.reading() as connection:
            answer = connection.exec_driver_sql("PRAGMA integrity_check(1)").scalar()
            if answer != "ok" or any(connection.exec_driver_sql(query).first() for query in _BROKEN_TEXTS):
                raise StoreDamaged(DAMAGED)

    # ----------------------------------------------------------------------------------------------------- connections

    @contextmanager
    def reading(self) -> Iterator[sa.Connection]:
        with translated(), self._turn if self._shared else nullcontext(), self._engine.connect() as connection:
            yield connection

    @contextmanager
    def writing(self) -> Iterator[sa.Connection]:
        """A transaction of the one writer, committed at the end. What is read in it still holds when it is written.
        The lock in front spares our own threads SQLite's polling for its one write lock."""
        with translated(), self._turn, self._engine.connect() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN IMMEDIATE")
            else:
                connection.execute(sa.select(sa.func.pg_advisory_xact_lock(WRITER_LOCK)))
            try:
                yield connection
                connection.commit()
            except BaseException:
                connection.rollback()
                raise

    @contextmanager
    def standing_still(self) -> Iterator[sa.Connection]:
        """The database as it is now, whatever others write meanwhile; nobody is kept from writing."""
        if self._shared:
            with self._copied() as connection:
                yield connection
            return
        with translated(), self._engine.connect() as connection:
            if self._sqlite:
                connection.exec_driver_sql("BEGIN")
            else:
                connection.exec_driver_sql("SET TRANSACTION ISOLATION LEVEL REPEATABLE READ, READ ONLY")
            connection.execute(_FIRST).fetchall()  # A transaction sees what there was at its first question.
            try:
                yield connection
            finally:
                connection.rollback()

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

    def copy_to(self, file: Path) -> None:
        """The database of an SQLite file as it is now, into a new file that nobody has open; nobody is kept from
        writing. StoreUnavailable and its kin where that fails."""
        assert self.is_file, "only a file of SQLite can be copied"
        with translated(), closing(sqlite3.connect(str(self._engine.url.database))) as connection:
            connection.execute(f"PRAGMA busy_timeout={BUSY_TIMEOUT_MILLISECONDS}")
            connection.execute("VACUUM INTO ?", (str(file),))
        file.chmod(0o600)

    def beside_the_pool(self) -> sqlite3.Connection:
        """One more connection to the file, which any thread may use."""
        connection = sqlite3.connect(str(self._engine.url.database), check_same_thread=False)
        _prepare(connection)
        # A row out of thousands lies on a page that no connection has yet; mapped, it costs no call of the system.
        connection.execute(f"PRAGMA mmap_size={MAPPED_BYTES}")
        return connection

    # ---------------------------------------------------------------------------------------------------------- schema

    def _migrate(self) -> None:
        version = self._version()
        if version == REVISION:
            return
        with self.writing() as connection:
            if version is None and not sa.inspect(connection).get_table_names():
                _create(connection)
            else:
                upgrade(connection)

    def _version(self) -> str | None:
        with self.reading() as connection:
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
    METADATA.create_all(connection, checkfirst=False)
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
        schema = connection.execute(sa.text("SELECT version_num FROM alembic_version")).scalar()
        try:
            ScriptDirectory.from_config(config).get_revision(str(schema))
        except CommandError:
            raise StoreTooNew(
                f"the state was written by a newer release (schema {schema}, supported up to {REVISION}); "
                "use that release, or another state folder"
            ) from None
    command.upgrade(config, revision)
