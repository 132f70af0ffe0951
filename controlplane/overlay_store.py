"""A store of which nothing stays: what is written lies in memory, above a view of another store.

A request that is only tried writes to one of these. Nobody is kept from writing to the store below meanwhile, and
nobody sees what was tried. It is for one thread.
"""

from __future__ import annotations

import json
import time
import uuid
from bisect import bisect_right, insort
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from heapq import merge
from itertools import islice
from operator import attrgetter
from typing import Any

from controlplane.ports import Clock, Commit, Document, DocumentExists, EtagMismatch, Event, Names, Store, StoreView

FIRST_EVENT = 2**62
"""Id of the first event that is recorded here: above every id of a store below."""

_Key = tuple[str, str]


class OverlayStore(Store):
    """The Store port. `below` must not change while this is used."""

    def __init__(self, below: StoreView, clock: Clock) -> None:
        self._below = below
        self._clock = clock
        self._written: dict[_Key, Document | None] = {}
        """Documents by kind and id; None: deleted."""
        self._of_kind = _Index()
        self._of_parent = _Index()
        self._events: list[Event] = []
        self._undo: list[tuple[_Key, bool, Document | None]] = []
        """Per write of this transaction the key, whether it had been written before, and as what."""
        self._depth = 0

    # ------------------------------------------------------------------------------------------------------- documents

    def get(self, kind: str, id: str) -> Document | None:
        key = (kind, id.lower())
        return self._written[key] if key in self._written else self._below.get(kind, id)

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
        text = json.dumps(body, separators=(",", ":"), ensure_ascii=False).encode()
        old = self.get(kind, id)
        if if_none_match and old is not None:
            raise DocumentExists(f"there is a {kind} {id} already")
        if if_match is not None and (old is None or old.etag != if_match):
            raise EtagMismatch(f"{kind} {id} changed since it was read")
        kept = old.private if old is not None else {}
        new = Document(
            kind=kind,
            id=id.lower(),
            parent=parent.lower() or (old.parent if old is not None else ""),
            body=text,
            # As it would come back from a database: a copy, of JSON alone.
            private=json.loads(json.dumps(private)) if private is not None else kept,
            etag=str(uuid.uuid4()),
        )
        self._write((kind, new.id), new)
        return new

    def find(
        self, kind: str, parent: str | None = None, *, after: str = "", limit: int | None = None
    ) -> Sequence[Document]:
        hidden = self._of_kind.count((kind,))
        if not hidden:
            return self._below.find(kind, parent, after=after, limit=limit)
        enough = None if limit is None else limit + hidden
        below = self._below.find(kind, parent, after=after, limit=enough)
        seen = [document for document in below if (kind, document.id) not in self._written]
        if parent is None:
            ids = self._of_kind.after((kind,), after)
        else:
            ids = self._of_parent.after((kind, parent.lower()), after)
        own = (each for id in ids if (each := self._written[kind, id]) is not None)
        return list(islice(merge(seen, own, key=attrgetter("id")), limit))

    def kinds(self) -> Sequence[str]:
        own = {kind for (kind, _), document in self._written.items() if document is not None}
        return sorted(own | {kind for kind in self._below.kinds() if self.find(kind, limit=1)})

    def delete(self, kind: str, id: str, *, if_match: str | None = None) -> bool:
        old = self.get(kind, id)
        if old is None:
            return False
        if if_match is not None and old.etag != if_match:
            raise EtagMismatch(f"{kind} {id} changed since it was read")
        self._write((kind, old.id), None)
        return True

    def _write(self, key: _Key, document: Document | None) -> None:
        if self._depth:
            self._undo.append((key, key in self._written, self._written.get(key)))
        self._set(key, document)

    def _set(self, key: _Key, document: Document | None) -> None:
        kind, id = key
        old = self._written.get(key)
        if old is not None:
            self._of_parent.remove((kind, old.parent), id)
        if key not in self._written:
            self._of_kind.add((kind,), id)
        if document is not None:
            self._of_parent.add((kind, document.parent), id)
        self._written[key] = document

    def _unset(self, key: _Key) -> None:
        self._set(key, None)
        self._of_kind.remove((key[0],), key[1])
        del self._written[key]

    # ----------------------------------------------------------------------------------------------------------- events

    def record(self, event: Event) -> int:
        id = FIRST_EVENT + len(self._events)
        at, monotonic = event.time or self._clock.now(), event.monotonic_seconds or time.monotonic()
        self._events.append(replace(event, id=id, time=at, monotonic_seconds=monotonic))
        return id

    def on_commit(self, listener: Callable[[Commit], None]) -> Callable[[], None]:
        """Nothing is ever committed here, so there is nothing to tell."""
        return lambda: None

    def events(self, since: int = 0, *, limit: int = 1000, job: str | None = None, of: Names = ()) -> Sequence[Event]:
        below = list(self._below.events(since, limit=limit, job=job, of=of))
        own = (event for event in self._events if event.id > since and job in (None, event.job))
        own = (event for event in own if not of or event.name in of)
        return [*below, *islice(own, max(0, limit - len(below)))]

    # ----------------------------------------------------------------------------------------------------- transactions

    @contextmanager
    def transaction(self) -> Iterator[None]:
        writes, events = len(self._undo), len(self._events)
        self._depth += 1
        try:
            yield
        except BaseException:
            while len(self._undo) > writes:
                key, was_written, document = self._undo.pop()
                if was_written:
                    self._set(key, document)
                else:
                    self._unset(key)
            del self._events[events:]
            raise
        finally:
            self._depth -= 1
            if not self._depth:
                self._undo.clear()

    def in_transaction(self) -> bool:
        return self._depth > 0

    @contextmanager
    def view(self) -> Iterator[StoreView]:
        """It does not change as long as its thread writes nothing: put another overlay above it to try something."""
        yield self


class _Index:
    """Ids in order, by what they are found under."""

    def __init__(self) -> None:
        self._ids: dict[tuple[str, ...], list[str]] = {}

    def add(self, place: tuple[str, ...], id: str) -> None:
        insort(self._ids.setdefault(place, []), id)

    def remove(self, place: tuple[str, ...], id: str) -> None:
        ids = self._ids[place]
        del ids[bisect_right(ids, id) - 1]

    def count(self, place: tuple[str, ...]) -> int:
        return len(self._ids.get(place, ()))

    def after(self, place: tuple[str, ...], after: str) -> Iterator[str]:
        ids = self._ids.get(place, [])
        return islice(ids, bisect_right(ids, after.lower()), None)
