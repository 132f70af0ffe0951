"""Store on SQLAlchemy Core: resources as JSON documents, and the journal of events.

Two tables serve nearly everything: what ARM answers is already JSON, so an object model would only describe it twice.
The runs of jobs have tables of their own (`sql_runs`). The database under it is opened in `database`.
"""

from __future__ import annotations

import json
import threading
import time
import uuid
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import datetime
from functools import cache
from pathlib import Path
from typing import Any

import sqlalchemy as sa

from controlplane.adapters.database import Database
from controlplane.adapters.database_failures import DAMAGED, translated
from controlplane.adapters.quick_reads import QuickReads
from controlplane.adapters.schema import DOCUMENTS, EVENTS
from controlplane.adapters.sql_runs import SqlRuns
from controlplane.domain.events.event import Event, Names
from controlplane.json_object import Json
from controlplane.ports import Clock, Commit, Document, DocumentExists, EtagMismatch, StoreDamaged, StoreView
from controlplane.writer_held import held

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
_RECORD = sa.insert(EVENTS)
_WANTED = {
    "of_kind": DOCUMENTS.c.kind == sa.bindparam("of_kind"),
    "of_parent": DOCUMENTS.c.parent == sa.bindparam("of_parent"),
    "behind_id": DOCUMENTS.c.id > sa.bindparam("behind_id"),
}


@cache
def _finding(conditions: frozenset[str]) -> sa.Select[Any]:
    """The statement with these conditions, built once for each set: building it takes longer than running it."""
    query = (
        sa.select(*_DOCUMENT).where(*(_WANTED[name] for name in sorted(conditions - {"most"}))).order_by(DOCUMENTS.c.id)
    )
    return query.limit(sa.bindparam("most", type_=sa.Integer)) if "most" in conditions else query


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
        conditions: dict[str, str | int] = {"of_kind": kind}
        if parent is not None:
            conditions["of_parent"] = parent.lower()
        if after:
            conditions["behind_id"] = after.lower()
        if limit is not None:
            conditions["most"] = limit
        rows = self._connection.execute(_finding(frozenset(conditions)), conditions).fetchall()
        return [_document(row) for row in rows]

    def kinds(self) -> Sequence[str]:
        return self._connection.execute(_KINDS).scalars().all()

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        query = sa.select(EVENTS).where(EVENTS.c.id > since).order_by(EVENTS.c.id).limit(limit)
        if job is not None:
            query = query.where(EVENTS.c.job == job)
        if of:
            query = query.where(EVENTS.c.name.in_(of))
        return [_event(row) for row in self._connection.execute(query).fetchall()]


class SqlStore:
    """The Store port on a database. `dsn`: an SQLAlchemy URL such as `sqlite:////folder/state.db`, or `:memory:`."""

    def __init__(self, dsn: str, clock: Clock) -> None:
        self._clock = clock
        self._local = threading.local()
        self._listeners: tuple[Callable[[Commit], None], ...] = ()
        self.runs = SqlRuns(self._reading, self._writing, self._after_commit)
        self._database = database = Database(dsn)
        self._quick: QuickReads | None = None
        if database.is_file:
            self._quick = QuickReads(database.beside_the_pool, str(_GET.compile(dialect=database.dialect)))

    def close(self) -> None:
        if self._quick is not None:
            self._quick.close()
        self._database.close()

    def claim(self) -> None:
        """Have the database for this world alone, until `close` or the end of the process; raises StoreInUse. Who has
        it knows that whoever had it before is gone."""
        self._database.claim()

    def copy_to(self, file: Path) -> None:
        """The store as it is now, into a new file; only one that is a file itself."""
        self._database.copy_to(file)

    def check(self) -> None:
        """Read through the structure of the database; raises StoreDamaged."""
        self._database.check()

    # ------------------------------------------------------------------------------------------------------- documents

    def get(self, kind: str, id: str) -> Document | None:
        if self._quick is not None and self._current() is None:
            with translated():
                row = self._quick.one(kind, id.lower())
            return None if row is None else _document(row)
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
            self._note_change(kind, new.id)
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
            self._note_change(kind, key["of_id"])
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
            "schema": event.schema,
        }
        with self._writing() as connection:
            (identifier,) = connection.execute(_RECORD, values).inserted_primary_key or (0,)
            self._local.has_events = True
        return int(identifier)

    def on_commit(self, listener: Callable[[Commit], None]) -> Callable[[], None]:
        self._listeners = (*self._listeners, listener)

        def end() -> None:
            self._listeners = tuple(each for each in self._listeners if each is not listener)

        return end

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        with self._reading() as connection:
            return _Reads(connection).events(since, limit=limit, job=job, of=of)

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
            return
        with self._database.standing_still() as connection:
            yield _Reads(connection)

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
            return
        with self._database.reading() as connection:
            yield connection

    @contextmanager
    def _writing(self) -> Iterator[sa.Connection]:
        """The same for a writer; afterwards does what was left for after the commit."""
        current = self._current()
        if current is not None:
            yield current
            return
        local = self._local
        changed: set[tuple[str, str]] = set()
        actions: dict[Callable[[], None], None] = {}  # in order, each once
        with self._database.writing() as connection, held():
            local.connection, local.changed, local.has_events, local.after_commit = connection, changed, False, actions
            try:
                self.runs.check_thread(connection)
                yield connection
            finally:
                local.connection = None
        commit = Commit(frozenset(changed), local.has_events)
        if commit.documents or commit.has_events:
            for listener in self._listeners:
                listener(commit)
        for action in actions:
            action()

    def _note_change(self, kind: str, id: str) -> None:
        self._local.changed.add((kind, id))

    def _after_commit(self, action: Callable[[], None]) -> None:
        """Call this once the transaction that this thread is in has committed."""
        self._local.after_commit[action] = None


def _document(row: Sequence[Any]) -> Document:
    kind, id, parent, body, private, etag = row
    try:
        return Document(kind, id, parent, bytes(body), json.loads(private), etag)
    except (ValueError, TypeError):
        raise StoreDamaged(DAMAGED) from None


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
        schema=row.schema,
    )
