"""What every Store must do, run over a file, over a database in memory, and over PostgreSQL.

An overlay obeys the same rules but for those about threads, of which it serves one.
"""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.adapters.store import SqlStore
from controlplane.domain.events.event import Event
from controlplane.overlay_store import OverlayStore
from controlplane.ports import Commit, DocumentExists, EtagMismatch, Store
from tests.unit.controlplane.adapters.databases import DATABASES, address
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
KIND = "microsoft.recoveryservices/vaults"


@pytest.fixture(params=[*DATABASES, "overlay"])
def store(request: pytest.FixtureRequest, tmp_path: Path, clock: VirtualClock) -> Iterator[Store]:
    below = "file" if request.param == "overlay" else request.param
    with closing(SqlStore(address(below, tmp_path, request), clock)) as database:
        if request.param != "overlay":
            yield database
            return
        with database.view() as view:
            yield OverlayStore(view, clock)


def test_a_document_comes_back_as_it_was_put(store: Store) -> None:
    put = store.put(KIND, "/Sub/V1", {"id": "/Sub/V1", "name": "größe"}, parent="/Sub", private={"disks": [1, 2]})
    got = store.get(KIND, "/SUB/v1")
    assert got == put
    assert got is not None
    assert got.id == "/sub/v1"
    assert got.parent == "/sub"
    assert got.json() == {"id": "/Sub/V1", "name": "größe"}
    assert got.private == {"disks": [1, 2]}


def test_there_is_no_document_of_another_kind_or_id(store: Store) -> None:
    store.put(KIND, "a", {})
    assert store.get(KIND, "b") is None
    assert store.get("operation", "a") is None


def test_private_and_parent_stay_when_not_given(store: Store) -> None:
    store.put(KIND, "a", {"n": 1}, parent="/p", private={"secret": 1})
    assert store.put(KIND, "a", {"n": 2}) == store.get(KIND, "a")
    got = store.get(KIND, "a")
    assert got is not None
    assert (got.json(), got.parent, got.private) == ({"n": 2}, "/p", {"secret": 1})
    store.put(KIND, "a", {"n": 2}, private={})
    emptied = store.get(KIND, "a")
    assert emptied is not None
    assert emptied.private == {}


def test_each_put_gives_a_new_etag(store: Store) -> None:
    assert len({store.put(KIND, "a", {"n": 1}).etag for _ in range(5)}) == 5


def test_if_match_refuses_what_changed_since(store: Store) -> None:
    first = store.put(KIND, "a", {"n": 1})
    store.put(KIND, "a", {"n": 2}, if_match=first.etag)
    with pytest.raises(EtagMismatch):
        store.put(KIND, "a", {"n": 3}, if_match=first.etag)
    with pytest.raises(EtagMismatch):
        store.put(KIND, "missing", {}, if_match=first.etag)
    with pytest.raises(EtagMismatch):
        store.delete(KIND, "a", if_match=first.etag)
    got = store.get(KIND, "a")
    assert got is not None
    assert got.json() == {"n": 2}
    assert store.delete(KIND, "a", if_match=got.etag)


def test_if_none_match_refuses_what_is_there(store: Store) -> None:
    store.put(KIND, "a", {"n": 1}, if_none_match=True)
    with pytest.raises(DocumentExists):
        store.put(KIND, "A", {"n": 2}, if_none_match=True)


def test_delete_says_whether_it_was_there(store: Store) -> None:
    store.put(KIND, "a", {})
    assert store.delete(KIND, "A")
    assert not store.delete(KIND, "a")
    assert store.get(KIND, "a") is None


def test_every_kind_of_which_there_is_something_is_named(store: Store) -> None:
    assert list(store.kinds()) == []
    for kind, id in (("b", "1"), ("a", "1"), ("b", "2")):
        store.put(kind, id, {})
    assert list(store.kinds()) == ["a", "b"]
    store.delete("a", "1")
    assert list(store.kinds()) == ["b"]


def test_find_lists_below_a_parent_in_order_of_ids(store: Store) -> None:
    for name in ("/p/c", "/p/A", "/p/b"):
        store.put(KIND, name, {}, parent="/P")
    store.put(KIND, "/q/a", {}, parent="/q")
    store.put("operation", "/p/a", {}, parent="/p")
    assert [document.id for document in store.find(KIND, "/P")] == ["/p/a", "/p/b", "/p/c"]
    assert [document.id for document in store.find(KIND)] == ["/p/a", "/p/b", "/p/c", "/q/a"]
    assert [document.id for document in store.find(KIND, "/p", after="/P/A", limit=1)] == ["/p/b"]
    assert [document.id for document in store.find(KIND, "/p", after="/p/c")] == []


@given(ids=st.sets(st.text("aäz;/%_", min_size=1, max_size=6), min_size=1), page=st.integers(1, 4))
def test_paging_by_after_yields_every_document_once(ids: set[str], page: int) -> None:
    clock = VirtualClock(START)
    store = SqlStore(":memory:", clock)
    try:
        with store.transaction():
            for id in ids:
                store.put(KIND, id, {})
        seen: list[str] = []
        while found := store.find(KIND, after=seen[-1] if seen else "", limit=page):
            seen += [document.id for document in found]
        assert seen == sorted(ids)
    finally:
        store.close()
        clock.close()


def test_a_transaction_that_fails_leaves_nothing(store: Store) -> None:
    store.put(KIND, "a", {"n": 1})

    def change_and_fail() -> None:
        with store.transaction():
            store.put(KIND, "a", {"n": 2})
            store.put(KIND, "b", {})
            store.delete(KIND, "a")
            store.record(Event("changed", "service"))
            raise RuntimeError("stop")

    with pytest.raises(RuntimeError, match="stop"):
        change_and_fail()
    got = store.get(KIND, "a")
    assert got is not None
    assert got.json() == {"n": 1}
    assert store.get(KIND, "b") is None
    assert store.events() == []


def test_a_transaction_sees_its_own_writes(store: Store) -> None:
    with store.transaction():
        store.put(KIND, "a", {}, parent="/p")
        assert store.get(KIND, "a") is not None
        assert len(store.find(KIND, "/p")) == 1
    assert store.get(KIND, "a") is not None


def test_an_inner_transaction_may_fail_alone(store: Store) -> None:
    def fail_inside() -> None:
        with store.transaction():
            store.put(KIND, "inner", {})
            raise RuntimeError("inner")

    with store.transaction():
        store.put(KIND, "outer", {})
        with pytest.raises(RuntimeError, match="inner"):
            fail_inside()
        store.put(KIND, "after", {})
    assert [document.id for document in store.find(KIND)] == ["after", "outer"]


def test_an_outer_failure_takes_the_inner_transaction_along(store: Store) -> None:
    def fail_outside() -> None:
        with store.transaction():
            with store.transaction():
                store.put(KIND, "inner", {})
            raise RuntimeError("outer")

    with pytest.raises(RuntimeError, match="outer"):
        fail_outside()
    assert store.get(KIND, "inner") is None


def test_nobody_sees_half_a_transaction(database: SqlStore) -> None:
    database.put(KIND, "a", {"n": 0})
    written, go_on = threading.Event(), threading.Event()

    def write() -> None:
        with database.transaction():
            database.put(KIND, "a", {"n": 1})
            written.set()
            go_on.wait(10)
            database.put(KIND, "b", {"n": 1})

    writer = threading.Thread(target=write)
    writer.start()
    assert written.wait(10)
    seen: list[tuple[bool, bool]] = []

    def read() -> None:
        a, b = database.get(KIND, "a"), database.get(KIND, "b")
        assert a is not None
        seen.append((a.json() == {"n": 1}, b is not None))

    reader = threading.Thread(target=read)
    reader.start()
    reader.join(0.1)
    go_on.set()
    writer.join()
    reader.join()
    assert seen in ([(False, False)], [(True, True)], [(False, True)])
    assert (True, False) not in seen


def test_counting_from_many_threads_loses_nothing(database: SqlStore) -> None:
    database.put(KIND, "counter", {"n": 0})

    def count() -> None:
        for _ in range(25):
            with database.transaction():
                got = database.get(KIND, "counter")
                assert got is not None
                database.put(KIND, "counter", {"n": got.json()["n"] + 1})
            database.record(Event("counted", "test"))

    threads = [threading.Thread(target=count) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    got = database.get(KIND, "counter")
    assert got is not None
    assert got.json() == {"n": 100}
    assert len(database.events()) == 100


def test_record_fills_the_times_and_numbers_grow(store: Store, clock: VirtualClock) -> None:
    first = store.record(Event("job.state", "service", {"to": "InProgress"}, vm="/vm", job="j1"))
    clock.jump(60)
    second = store.record(Event("job.state", "service", job="j2", parent=first))
    assert second > first
    one, two = store.events()
    assert (one.id, one.name, one.party, one.data, one.vm, one.job) == (
        first,
        "job.state",
        "service",
        {"to": "InProgress"},
        "/vm",
        "j1",
    )
    assert one.time == START
    assert two.time == START + timedelta(seconds=60)
    assert two.parent == first
    assert 0 < one.monotonic_seconds <= two.monotonic_seconds


def test_record_keeps_times_that_are_given(store: Store) -> None:
    when = datetime(2026, 1, 2, 3, 4, 5, 678901, tzinfo=UTC)
    store.record(Event("froze", "guest", time=when, monotonic_seconds=12.5))
    (event,) = store.events()
    assert (event.time, event.monotonic_seconds) == (when, 12.5)


def test_events_are_read_from_a_point_on_and_by_job(store: Store) -> None:
    numbers = [store.record(Event(f"e{n}", "service", job="odd" if n % 2 else "even")) for n in range(6)]
    assert [event.name for event in store.events(since=numbers[3])] == ["e4", "e5"]
    assert [event.name for event in store.events(limit=2)] == ["e0", "e1"]
    assert [event.name for event in store.events(job="odd")] == ["e1", "e3", "e5"]
    assert [event.name for event in store.events(of=("e4", "e1", "none"))] == ["e1", "e4"]
    assert [event.name for event in store.events(since=numbers[1], job="odd", of={"e1", "e5"}, limit=1)] == ["e5"]


def test_a_listener_is_told_once_after_a_commit_what_it_wrote(database: SqlStore) -> None:
    told: list[tuple[Commit, bool]] = []
    end = database.on_commit(lambda commit: told.append((commit, database.in_transaction())))
    with database.transaction():
        database.record(Event("first", "test"))
        database.put(KIND, "A", {})
        with database.transaction():
            database.put(KIND, "B", {})
        database.delete(KIND, "nothing")
        assert told == []
    assert told == [(Commit(frozenset({(KIND, "a"), (KIND, "b")}), has_events=True), False)]
    database.delete(KIND, "a")
    assert told[1:] == [(Commit(frozenset({(KIND, "a")}), has_events=False), False)]
    with suppress(ZeroDivisionError), database.transaction():
        database.record(Event("never", "test"))
        raise ZeroDivisionError
    with database.transaction():
        database.get(KIND, "a")
    end()
    database.record(Event("unheard", "test"))
    assert len(told) == 2


def test_only_the_thread_of_a_transaction_is_in_it(database: SqlStore) -> None:
    seen: list[bool] = []
    assert not database.in_transaction()
    with database.transaction():
        other = threading.Thread(target=lambda: seen.append(database.in_transaction()))
        other.start()
        other.join()
        assert database.in_transaction()
    assert seen == [False]
    assert not database.in_transaction()


def test_a_view_stands_still_and_keeps_nobody_from_writing(database: SqlStore) -> None:
    database.put(KIND, "a", {"n": 1}, parent="p")
    number = database.record(Event("first", "test"))
    with database.view() as view:
        database.put(KIND, "a", {"n": 2})
        database.put(KIND, "b", {}, parent="p")
        database.put("other", "c", {})
        database.record(Event("second", "test"))
        found = view.get(KIND, "A")
        assert found is not None
        assert found.json() == {"n": 1}
        assert [document.id for document in view.find(KIND, "p")] == ["a"]
        assert list(view.kinds()) == [KIND]
        assert [event.id for event in view.events()] == [number]
    with database.view() as view:
        assert [document.id for document in view.find(KIND, "p")] == ["a", "b"]


def test_a_view_in_a_transaction_shows_what_that_has_written(database: SqlStore) -> None:
    with database.transaction():
        database.put(KIND, "a", {})
        with database.view() as view:
            assert view.get(KIND, "a") is not None
