"""Store and fabric on behalf of a request: it is told first, in the transaction that it changes something with."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import suppress
from datetime import UTC, datetime

import pytest

from controlplane.adapters.fabric import StoreFabric
from controlplane.adapters.store import SqlStore
from controlplane.caused_ports import CausedFabric, CausedStore
from controlplane.domain.events.event import Cause, Event
from controlplane.domain.events.service import ItemState, ServiceRequest
from controlplane.fabric_documents import DESIRED, DesiredMachine
from controlplane.ports import Blob, Disk, MachineSpec
from tests.virtual_clock import VirtualClock

VM = "/vm/sql01"
DISK = Disk("os", -1, Blob("a", "vhds", "os.vhd"), 2**30, "FromImage")
SPEC = MachineSpec("id", "sql01", "Standard_D2s_v3", "Windows", "p:o:s", "sql01", (DISK,))


@pytest.fixture
def store() -> Iterator[SqlStore]:
    store = SqlStore(":memory:", VirtualClock(datetime(2026, 11, 22, tzinfo=UTC)))
    yield store
    store.close()


def request(store: SqlStore, id: str = "/a") -> CausedStore:
    return CausedStore(store, ServiceRequest("PUT x", id, "2024-11-01").event(job="j"))


def item(name: str = "i") -> Event:
    return ItemState(name, "Protected").event(vm=VM)


def told(store: SqlStore) -> list[tuple[str, int | None]]:
    return [(event.name, event.parent) for event in store.events()]


def test_the_request_is_told_before_the_first_change(store: SqlStore) -> None:
    caused = request(store)
    with caused.transaction():
        caused.put("k", "one", {})
        caused.record(item())
    caused.record(item())
    assert told(store) == [(ServiceRequest.NAME, None), (ItemState.NAME, 1), (ItemState.NAME, 1)]


@pytest.mark.parametrize("write", ["put", "delete", "ask"])
def test_every_kind_of_write_tells_it(store: SqlStore, write: str) -> None:
    caused = request(store)
    writes = {"put": lambda: caused.put("k", "x", {}), "delete": lambda: caused.delete("k", "x"), "ask": caused.cause}
    writes[write]()
    assert told(store)[0] == (ServiceRequest.NAME, None)


def test_who_only_reads_tells_nothing(store: SqlStore) -> None:
    caused = request(store)
    with caused.transaction():
        assert caused.get("k", "one") is None
    assert told(store) == []


def test_a_transaction_that_is_rolled_back_takes_the_request_with_it(store: SqlStore) -> None:
    caused = request(store)
    with suppress(ValueError), caused.transaction():
        caused.put("k", "one", {})
        raise ValueError
    assert told(store) == []
    caused.record(item())
    (first, second) = store.events()
    assert (first.name, second.parent) == (ServiceRequest.NAME, first.id)
    assert store.find("k") == []


def test_an_inner_transaction_that_is_rolled_back_takes_only_what_it_told(store: SqlStore) -> None:
    caused = request(store)
    with caused.transaction():
        caused.put("k", "one", {})
        with suppress(ValueError), caused.transaction():
            caused.record(item())
            raise ValueError
        caused.record(item("after"))
    assert told(store) == [(ServiceRequest.NAME, None), (ItemState.NAME, 1)]


def test_two_requests_share_no_cause(store: SqlStore) -> None:
    first, second = request(store, "/a"), request(store, "/b")
    for name in ("one", "two"):
        first.record(item(name))
        second.record(item(name))
    by_request = {event.id: event.data["id"] for event in store.events() if event.name == ServiceRequest.NAME}
    owners = [by_request[event.parent or 0] for event in store.events() if event.name == ItemState.NAME]
    assert owners == ["/a", "/b", "/a", "/b"]


def test_orders_to_the_host_bear_the_cause(store: SqlStore) -> None:
    caused = request(store)
    fabric = CausedFabric(StoreFabric(store, VirtualClock(datetime(2026, 11, 22, tzinfo=UTC))), caused.cause)
    fabric.create_vm(VM, SPEC)
    assert _desired(store).cause == Cause(1, "j")
    fabric.power(VM, "stopped", Cause(7))
    assert _desired(store).cause == Cause(7)
    assert told(store) == [(ServiceRequest.NAME, None)]


def _desired(store: SqlStore) -> DesiredMachine:
    document = store.get(DESIRED, VM)
    assert document is not None
    return DesiredMachine.parse(document.json())
