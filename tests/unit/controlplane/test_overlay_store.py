"""An overlay shows what lies below it and what was written to it, and the store below never learns of that.

What every store must do it does in adapters/test_ports_store.py.
"""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.adapters.store import SqlStore
from controlplane.overlay_store import FIRST_EVENT, OverlayStore
from controlplane.ports import DocumentExists, Event
from tests.unit.controlplane.jobs.backup_world import START
from tests.virtual_clock import VirtualClock

KIND = "microsoft.recoveryservices/vaults"


class _Failed(Exception):
    """Ends a transaction."""


@pytest.fixture
def clock() -> Iterator[VirtualClock]:
    clock = VirtualClock(START)
    yield clock
    clock.close()


@pytest.fixture
def below(clock: VirtualClock) -> Iterator[SqlStore]:
    store = SqlStore(":memory:", clock)
    for name in ("a", "c", "e"):
        store.put(KIND, name, {"of": "below"}, parent="p", private={"n": 1})
    store.put("other", "x", {})
    store.record(Event("below", "test"))
    yield store
    store.close()


def test_nothing_of_it_reaches_the_store_below(below: SqlStore, clock: VirtualClock) -> None:
    before = [*below.find(KIND), *below.find("other")]
    with below.view() as view:
        overlay = OverlayStore(view, clock)
        overlay.put(KIND, "a", {"of": "overlay"})
        overlay.put(KIND, "b", {}, parent="p")
        overlay.delete(KIND, "c")
        overlay.delete("other", "x")
        overlay.record(Event("above", "test"))
    assert [*below.find(KIND), *below.find("other")] == before
    assert [event.name for event in below.events()] == ["below"]


def test_it_shows_both_in_order(below: SqlStore, clock: VirtualClock) -> None:
    with below.view() as view:
        overlay = OverlayStore(view, clock)
        overlay.put(KIND, "b", {}, parent="P")
        overlay.delete(KIND, "c")
        changed = overlay.put(KIND, "E", {"of": "overlay"}, parent="q")
        overlay.delete("other", "x")
        number = overlay.record(Event("above", "test"))
        assert [document.id for document in overlay.find(KIND, "p")] == ["a", "b"]
        assert [document.id for document in overlay.find(KIND)] == ["a", "b", "e"]
        assert [document.id for document in overlay.find(KIND, after="A", limit=1)] == ["b"]
        assert list(overlay.find(KIND, "q")) == [changed]
        assert changed.private == {"n": 1}
        assert list(overlay.kinds()) == [KIND]
        assert [event.name for event in overlay.events()] == ["below", "above"]
        assert [event.name for event in overlay.events(since=number - 1)] == ["above"]
        assert number >= FIRST_EVENT
        with pytest.raises(DocumentExists):
            overlay.put(KIND, "a", {}, if_none_match=True)


def test_one_lies_above_another(below: SqlStore, clock: VirtualClock) -> None:
    with below.view() as view:
        lower = OverlayStore(view, clock)
        lower.put(KIND, "b", {}, parent="p")
        with lower.view() as shown:
            upper = OverlayStore(shown, clock)
            upper.delete(KIND, "b")
            assert [document.id for document in upper.find(KIND)] == ["a", "c", "e"]
        assert [document.id for document in lower.find(KIND)] == ["a", "b", "c", "e"]


def test_a_failed_transaction_brings_back_what_lay_below(below: SqlStore, clock: VirtualClock) -> None:
    with below.view() as view:
        overlay = OverlayStore(view, clock)
        overlay.put(KIND, "a", {"n": 1})
        with suppress(_Failed), overlay.transaction():
            overlay.put(KIND, "a", {"n": 2}, parent="q")
            overlay.delete(KIND, "c")
            overlay.put(KIND, "d", {}, parent="p")
            raise _Failed
        assert [document.id for document in overlay.find(KIND, "p")] == ["a", "c", "e"]
        found = overlay.get(KIND, "a")
        assert found is not None
        assert found.json() == {"n": 1}


STEPS = st.lists(
    st.tuples(st.sampled_from(["put", "delete", "fail"]), st.sampled_from("abcdefg"), st.sampled_from("pq")),
    max_size=20,
)


@given(steps=STEPS, limit=st.none() | st.integers(1, 4), after=st.sampled_from(["", "b", "d"]))
def test_it_answers_as_a_store_that_was_written_to(
    steps: list[tuple[str, str, str]], limit: int | None, after: str
) -> None:
    clock = VirtualClock(START)
    real, below = SqlStore(":memory:", clock), SqlStore(":memory:", clock)
    try:
        for store in (real, below):
            for name in "ace":
                store.put(KIND, name, {}, parent="p")
        with below.view() as view:
            overlay = OverlayStore(view, clock)
            for either in (real, overlay):
                for verb, name, parent in steps:
                    _do(either, verb, name, parent)
            for below_what in (None, "p", "q"):
                shown, expected = (each.find(KIND, below_what, after=after, limit=limit) for each in (overlay, real))
                assert [(each.id, each.parent) for each in shown] == [(each.id, each.parent) for each in expected]
            assert list(overlay.kinds()) == list(real.kinds())
    finally:
        for store in (real, below):
            store.close()
        clock.close()


def _do(store: SqlStore | OverlayStore, verb: str, name: str, parent: str) -> None:
    if verb == "put":
        store.put(KIND, name, {}, parent=parent)
    elif verb == "delete":
        store.delete(KIND, name)
    else:
        with suppress(_Failed), store.transaction():
            store.put(KIND, name, {}, parent=parent)
            store.delete(KIND, "a")
            raise _Failed
