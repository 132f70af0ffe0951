"""Who reaches the storage by which way, while which fault is set."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from urllib.parse import urlsplit

import pytest

from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.ports import Blob, Blobs, Disk
from simulator.faults.seams.gateway import storage_answer
from simulator.faults.ways import UNRESOLVED, LedBlobs, Reach, Ways
from simulator.gateway.messages import PASS, Request
from tests.unit.simulator.faults.fault_setting import SQL01, START, WEB01, FaultSetting

OWN = (Disk("os", -1, Blob("disks", "vhds", "os.vhd"), 1024, "FromImage"),)
MANAGED = (Disk("os", -1, Blob("manageddisks", "m", "os"), 1024, "FromImage", managed_disk_id="/disks/os"),)
SNAPSHOT = Request(f"guest {SQL01.lower()}", "PUT", "/disks/vhds/os.vhd", "snapshot")


class WaySetting(FaultSetting):
    def __init__(self, too_soon: set[str] | None = None) -> None:
        """`too_soon`: paths of which the storage takes no snapshot now; None: it has no limit of that sort."""
        super().__init__()
        self.denied: set[str] = set()
        self.refusing: set[str] = set()
        self.too_soon = too_soon
        limit = None if too_soon is None else lambda path: path in (self.too_soon or ())
        reach = Reach(lambda vm: vm not in self.denied, lambda account: account in self.refusing, limit)
        self.ended: list[str] = []
        self.ways = Ways(self.board, self.clock, self.ended.append, reach)
        self.elsewhere: list[str] = []
        self.ways.arrive("http://127.0.0.1:9", self._at)

    def _at(self, address: str) -> Blobs:
        self.elsewhere.append(address)
        return MemoryBlobs()


@pytest.fixture
def world() -> Iterator[WaySetting]:
    made = WaySetting()
    yield made
    made.ways.close()


def test_without_a_fault_nobody_s_way_is_another_one(world: WaySetting) -> None:
    world.faults.set({"fault": "arm-throttled"})
    assert world.ways.address(SQL01, OWN) is None
    usual = MemoryBlobs()
    assert world.ways.blobs("service", usual) is usual
    assert world.ways.gateway is None


def test_the_gateway_stands_before_the_machine_that_a_fault_names_and_no_other(world: WaySetting) -> None:
    world.faults.set({"fault": "guest-snapshot-throttled", "where": {"vm": "sql01"}})
    address = world.ways.address(SQL01, MANAGED)
    assert address is not None
    assert address.startswith("http://127.0.0.1:")
    assert world.ways.address(SQL01, OWN) == address
    assert world.ways.address(WEB01, OWN) is None
    world.faults.clear([], everything=True)
    assert world.ways.address(SQL01, OWN) is None
    assert world.ways.gateway is not None, "what was given out stays good"


def test_a_party_is_led_while_a_fault_is_set_for_it(world: WaySetting) -> None:
    usual = MemoryBlobs()
    usual.add_account("disks")
    world.faults.set({"fault": "vault-connection-cut"})
    led, service = (LedBlobs(usual, party, world.ways) for party in ("vault", "service"))
    blob = Blob("disks", "vhds", "os.vhd")
    assert led.inner is not usual
    assert led.inner is led.inner
    assert service.inner is usual
    assert led.url(blob) == usual.url(blob)
    assert len(world.elsewhere) == 1
    world.faults.clear([], everything=True)
    assert led.inner is usual


@pytest.mark.parametrize("denied_by", ["fault", "group"])
def test_a_machine_without_a_route_is_refused_at_once_if_its_disks_are_its_own(
    world: WaySetting, denied_by: str
) -> None:
    if denied_by == "fault":
        world.faults.set({"fault": "guest-without-route", "where": {"vm": "sql01"}})
    else:
        world.denied.add(SQL01)
    assert world.ways.address(SQL01, MANAGED) is None
    assert world.ways.address(WEB01, OWN) is None
    address = world.ways.address(SQL01, OWN)
    assert address is not None
    with pytest.raises(ConnectionRefusedError):
        socket.create_connection(("127.0.0.1", urlsplit(address).port or 0), 30)


def test_a_name_without_an_address_is_refused_by_the_resolver_itself(world: WaySetting) -> None:
    world.faults.set({"fault": "guest-without-names"})
    assert world.ways.address(SQL01, OWN) == UNRESOLVED
    with pytest.raises(socket.gaierror):
        socket.getaddrinfo(UNRESOLVED.removeprefix("http://").encode(), 80)


def test_a_proxy_and_an_account_that_denies_stand_before_every_fault_of_a_request(world: WaySetting) -> None:
    world.faults.set({"fault": "guest-snapshot-throttled"})
    first = world.ways.judge(SNAPSHOT)
    assert first.answer is not None
    assert first.answer.status == 503
    world.faults.set({"fault": "guest-proxy-refuses", "parameters": {"name": "gate.contoso.com"}})
    proxy = world.ways.judge(SNAPSHOT).answer
    assert proxy is not None
    assert (proxy.status, "gate.contoso.com" in proxy.body) == (407, True)
    world.refusing.add("disks")
    refused = world.ways.judge(SNAPSHOT).answer
    assert refused is not None
    assert (refused.status, refused.headers["x-ms-error-code"]) == (403, "AuthorizationFailure")
    assert world.ways.judge(Request(SNAPSHOT.party, "PUT", "/others/b/c")).answer != refused


def test_a_fault_of_a_request_acts_by_operation_disk_and_attempt(world: WaySetting) -> None:
    where = {"disk": "*/os", "operation": "PUT snapshot"}
    world.faults.set({"fault": "guest-snapshot-slow", "where": where, "when": {"nth": 2}, "parameters": {}})
    others = (Request(SNAPSHOT.party, "PUT", "/disks/vhds/data.vhd", "snapshot"), Request(SNAPSHOT.party, "PUT", "/a"))
    assert [world.ways.judge(each) for each in others] == [PASS, PASS]
    delays = [world.ways.judge(SNAPSHOT).delay_seconds for _ in range(3)]
    assert delays == [0, 1.0, 0]
    (hit,) = world.faults.hits()
    assert hit["facts"] == {"vm": SQL01.lower(), "operation": "PUT snapshot", "disk": "disks/vhds/os"}


def test_attempts_that_nothing_acts_on_are_kept_when_there_is_time(world: WaySetting) -> None:
    world.faults.set({"fault": "guest-snapshot-slow", "when": {"nth": 3}})

    def kept() -> int:
        document = world.store.get("world", "faults")
        assert document is not None
        attempts: int = document.json()["settings"][0]["attempts"]
        return attempts

    world.ways.judge(SNAPSHOT)
    assert (world.board.settings[0].attempts, kept()) == (1, 0)
    world.ways.check()
    assert kept() == 1
    world.ways.judge(SNAPSHOT)
    world.ways.close()
    assert kept() == 2


def test_a_party_that_is_not_led_is_why_a_fault_cannot_act(world: WaySetting) -> None:
    told = [
        world.faults.set({"fault": "service-storage-latency", "where": {"party": party}})["problem"]
        for party in ("host", "*")
    ]
    assert told == ["the storage gateway stands before service, vault and wireserver alone", None]


def test_an_error_is_told_as_azure_storage_tells_it() -> None:
    answer = storage_answer("ServerBusy", "6f2d2b8a-0000-0000-0000-000000000001", START)
    assert answer.headers["x-ms-error-code"] == "ServerBusy"
    assert answer.body == (
        '\ufeff<?xml version="1.0" encoding="utf-8"?><Error><Code>ServerBusy</Code><Message>'
        "The server is currently unable to receive requests. Please retry your request.\n"
        "RequestId:6f2d2b8a-0000-0000-0000-000000000001\n"
        "Time:2026-03-01T08:00:00.0000000Z</Message></Error>"
    )


def test_managed_disks_are_why_a_route_does_not_count(world: WaySetting) -> None:
    body = {"name": "sql01", "properties": {"storageProfile": {"osDisk": {"managedDisk": {"id": "/disks/os"}}}}}
    world.store.put("microsoft.compute/virtualmachines", SQL01, body | {"id": SQL01})
    told = world.faults.set({"fault": "guest-without-route", "where": {"vm": "sql01"}})
    assert told["problem"] == "the disks of sql01 are managed: their snapshots do not pass its network"


def test_where_snapshots_have_a_rate_each_machine_is_led_and_who_comes_too_soon_is_refused() -> None:
    world = WaySetting({SNAPSHOT.path})
    try:
        assert world.ways.address(SQL01, MANAGED) is not None
        assert world.ways.address(WEB01, OWN) is not None
        answer = world.ways.judge(SNAPSHOT).answer
        assert answer is not None
        assert (answer.status, answer.headers["x-ms-error-code"]) == (409, "SnapshotOperationRateExceeded")
        assert world.ways.judge(Request(SNAPSHOT.party, "PUT", SNAPSHOT.path, "page")) is PASS
        assert world.ways.judge(Request(SNAPSHOT.party, "PUT", "/disks/vhds/other.vhd", "snapshot")) is PASS
        world.faults.set({"fault": "guest-snapshot-throttled"})
        first = world.ways.judge(SNAPSHOT).answer
        assert first is not None
        assert first.status == 503, "what a fault refuses is no snapshot, and does not count"
    finally:
        world.ways.close()
