"""Addresses are given to one owner each, the lowest free one first, whatever was given back before."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import ExitStack, closing, contextmanager
from datetime import UTC, datetime
from ipaddress import IPv4Address

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.adapters.store import SqlStore
from controlplane.domain.errors import ServiceError
from controlplane.jobs.documents import addresses
from controlplane.overlay_store import OverlayStore
from controlplane.ports import Document, Store
from tests.virtual_clock import VirtualClock

SCOPE, PREFIX = "/Net/subnets/Front", "10.0.0.0/28"
NUMBERS = range(4, 15)
"""Of the addresses in the range that somebody may get."""


class CountingStore(OverlayStore):
    """Counts the documents that are read."""

    reads = 0

    def get(self, kind: str, id: str) -> Document | None:
        self.reads += 1
        return super().get(kind, id)


@contextmanager
def new_store() -> Iterator[CountingStore]:
    with ExitStack() as keep:
        clock = keep.enter_context(closing(VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))))
        yield CountingStore(keep.enter_context(closing(SqlStore(":memory:", clock))), clock)


@pytest.fixture
def store() -> Iterator[Store]:
    with new_store() as store:
        yield store


def take(store: Store, owner: str, asked: str = "", prefix: str = PREFIX) -> str | None:
    return addresses.take(store, SCOPE, prefix, owner, lambda: (), asked)


def address(number: int) -> str:
    return f"10.0.0.{number}"


act = st.one_of(
    st.tuples(st.just("take"), st.just(0)),
    st.tuples(st.just("ask"), st.sampled_from(NUMBERS)),
    st.tuples(st.just("give back"), st.sampled_from(NUMBERS)),
)


@given(st.lists(act, max_size=40))
def test_the_lowest_free_address_is_given(acts: list[tuple[str, int]]) -> None:
    owners: dict[int, str] = {}
    with new_store() as store:
        for order, (verb, number) in enumerate(acts):
            owner = f"/owner{order}"
            if verb == "give back":
                addresses.give_back(store, SCOPE, address(number), owners.pop(number, "nobody"))
            elif verb == "ask" and number in owners:
                with pytest.raises(ServiceError):
                    take(store, owner, address(number))
            elif verb == "ask":
                assert take(store, owner, address(number)) == address(number)
                owners[number] = owner
            else:
                lowest = min((each for each in NUMBERS if each not in owners), default=None)
                assert take(store, owner) == (None if lowest is None else address(lowest))
                owners |= {} if lowest is None else {lowest: owner}


def test_an_owner_may_ask_for_what_it_has(store: Store) -> None:
    assert take(store, "/Owner") == take(store, "/owner", address(4)) == address(4)
    addresses.give_back(store, SCOPE, address(4), "/another")
    assert take(store, "/another") == address(5)


@pytest.mark.parametrize("asked", [address(3), address(15), "10.0.1.5", "ten"])
def test_an_address_outside_of_the_range_is_refused(store: Store, asked: str) -> None:
    with pytest.raises(ServiceError):
        take(store, "/owner", asked)


def test_a_range_that_became_wider_is_looked_through_anew(store: Store) -> None:
    assert take(store, "/one", prefix="10.0.0.128/28") == address(132)
    assert take(store, "/two", prefix="10.0.0.0/24") == address(4)
    assert take(store, "/three", address(133), prefix="10.0.0.0/24") == address(133)


def test_what_was_given_before_addresses_were_kept_is_not_given_again(store: Store) -> None:
    def owned() -> list[tuple[str, str]]:
        return [(address(4), "/old"), (address(6), "/older")]

    taken = [addresses.take(store, SCOPE, PREFIX, f"/new{number}", owned) for number in range(2)]
    assert taken == [address(5), address(7)]


def test_one_more_address_costs_as_much_however_many_are_taken() -> None:
    reads = []
    with new_store() as store:
        for number in range(300):
            store.reads = 0
            address = addresses.take(store, SCOPE, "10.0.0.0/16", f"/owner{number}", lambda: ())
            assert address == str(IPv4Address("10.0.0.4") + number)
            reads.append(store.reads)
    assert reads[-1] == reads[10]
