"""Whose request a request to the storage is, and that a machine can be given a way of its own to it."""

from __future__ import annotations

import json
import socket
import threading
import zipfile
from collections import defaultdict
from collections.abc import Iterator, Mapping
from contextlib import contextmanager, suppress
from datetime import datetime
from pathlib import Path

import pytest

from controlplane.domain.events.event import Cause
from controlplane.domain.events.machines import CommandStarted, HandlerUnpacked
from controlplane.port_wrappers import BlobsWrapper, FabricWrapper
from controlplane.ports import Blob, Blobs, BlobWriter, ExtensionRequest, Fabric, ServiceSettings
from extension.contract.settings import SnapshotSettings
from simulator.client import Client
from simulator.failures import WrongUse
from simulator.guest.conditions import MachineConditions
from simulator.packages import HANDLER_FOLDER, packed
from simulator.parties import CONTROL, HOST, SERVICE, VAULT, WIRE_SERVER, Wrappers, guest
from simulator.scenario import Scenario
from simulator.state.folder import StateFolder
from simulator.world import Config, build
from tests.transaction_guard import GuardedBlobs, TransactionGuard


class Heard(BlobsWrapper):
    """Notes what its party asks."""

    def __init__(self, inner: Blobs, asked: set[str]) -> None:
        super().__init__(inner)
        self._asked = asked

    def put(self, blob: Blob, data: bytes, metadata: Mapping[str, str] | None = None) -> None:
        self._asked.add(f"put {blob.account}/{blob.container.split('-')[0]}")
        super().put(blob, data, metadata)

    def writer(self, blob: Blob) -> BlobWriter:
        self._asked.add(f"writer {blob.account}")
        return super().writer(blob)

    def create(self, blob: Blob, size_bytes: int, metadata: Mapping[str, str] | None = None) -> None:
        self._asked.add(f"create {blob.account}")
        super().create(blob, size_bytes, metadata)

    def read(self, blob: Blob, offset: int = 0, length: int | None = None) -> bytes:
        self._asked.add(f"read {blob.account}")
        return super().read(blob, offset, length)

    def sas(self, blob: Blob, permissions: str, expires: datetime) -> str:
        self._asked.add(f"sas {blob.account}")
        return super().sas(blob, permissions, expires)


class Elsewhere(FabricWrapper):
    """Gives every machine another way to the storage."""

    def __init__(self, inner: Fabric, address: str) -> None:
        super().__init__(inner)
        self._address = address
        self.delivered: list[ExtensionRequest] = []

    def storage_address(self, vm: str) -> str | None:
        return self._address

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        self.delivered.append(request)
        return super().deliver(vm, request, cause)


class Forwarder:
    """A port of its own that leads to the storage."""

    def __init__(self) -> None:
        self._listener = socket.create_server(("127.0.0.1", 0))
        self.address = f"http://127.0.0.1:{self._listener.getsockname()[1]}"
        self.to = 0
        self.taken = 0
        threading.Thread(target=self._accept, daemon=True).start()

    def close(self) -> None:
        self._listener.close()

    def _accept(self) -> None:
        with suppress(OSError):
            while True:
                inside, _ = self._listener.accept()
                self.taken += 1
                outside = socket.create_connection(("127.0.0.1", self.to))
                for source, sink in ((inside, outside), (outside, inside)):
                    threading.Thread(target=_pump, args=(source, sink), daemon=True).start()


def _pump(source: socket.socket, sink: socket.socket) -> None:
    with suppress(OSError):
        while data := source.recv(65536):
            sink.sendall(data)
    with suppress(OSError):
        sink.shutdown(socket.SHUT_WR)


@contextmanager
def forwarder() -> Iterator[Forwarder]:
    made = Forwarder()
    try:
        yield made
    finally:
        made.close()


@pytest.mark.slow
def test_every_party_has_its_own_storage_and_a_machine_its_own_way_there(tmp_path: Path) -> None:
    asked: dict[str, set[str]] = defaultdict(set)
    fabrics: list[Elsewhere] = []

    with forwarder() as way:

        def around(fabric: Fabric) -> Fabric:
            fabrics.append(Elsewhere(fabric, way.address))
            return fabrics[-1]

        guard = TransactionGuard()
        wrappers = Wrappers(blobs=lambda party, blobs: GuardedBlobs(Heard(blobs, asked[party]), guard), fabric=around)
        config = Config(tmp_path / "world", conditions=lambda vm, spec: guard.conditions(MachineConditions()))
        with build(config, wrappers) as world, Client(world.endpoints) as client:
            guard.watch(world.store)
            own = world.endpoints["blob"]
            way.to = int(own.rpartition(":")[2])
            scenario = Scenario(client)
            machine = scenario.create_machine("sql01", data_disk_gib=(1,))
            item = scenario.protect(machine)
            assert scenario.back_up(item).status == "Completed"
            (point,) = scenario.recovery_points(item)
            assert scenario.verify(point).verified

        service, vault = world.ports.settings.service_account, world.ports.settings.vault_account
        assert f"writer {vault}" in asked[VAULT]
        assert f"sas {service}" in asked[SERVICE]
        assert f"writer {vault}" not in asked[SERVICE]
        assert asked[HOST] == {f"sas {service}"}
        assert asked[WIRE_SERVER] == {f"put {service}/agent"}
        assert "create sql01disks" in asked[guest(machine.id)]
        assert not [each for each in asked[guest(machine.id)] if service in each or vault in each]
        assert f"read {vault}" in asked[CONTROL]

        given = [url for fabric in fabrics for request in fabric.delivered for url in urls(request)]
        assert len(given) >= 4, "two disks, a status blob and a log blob"
        assert all(url.startswith(way.address + "/") for url in given)
        assert not [url for url in given if own in url]
        assert way.taken, "nothing came this way"
        assert guard.violations == []


def test_what_handlers_a_world_publishes_is_said_in_its_config(tmp_path: Path) -> None:
    mine = tmp_path / "mine.zip"
    commands = {f"{verb}Command": verb for verb in ("install", "enable", "disable", "update", "uninstall")}
    with zipfile.ZipFile(mine, "w") as archive:
        manifest = [{"name": "Example.Handlers.Probe", "version": "1.0.0.0", "handlerManifest": commands}]
        archive.writestr("HandlerManifest.json", json.dumps(manifest))
    with build(Config(tmp_path / "world", packages=(mine,))) as world:
        (handler,) = (each for each in world.ports.fabric.handlers() if not each.inert)
        assert (handler.publisher, handler.type, handler.versions) == ("Example.Handlers", "Probe", ("1.0.0.0",))
    mine.write_bytes(b"no zip")
    with pytest.raises(
        WrongUse, match=r"mine\.zip cannot be published as a handler package: a handler package must be a zip"
    ):
        build(Config(tmp_path / "world", packages=(mine,)))


@pytest.mark.slow
def test_another_version_of_the_handler_that_a_world_publishes_is_the_one_that_runs(tmp_path: Path) -> None:
    newer = tmp_path / "newer.zip"
    newer.write_bytes(packed(HANDLER_FOLDER, "1.99.0.0"))
    config = Config(tmp_path / "world", packages=(HANDLER_FOLDER, newer))
    with build(config) as world, Client(world.endpoints) as client:
        scenario = Scenario(client)
        item = scenario.protect(scenario.create_machine("sql01", data_disk_gib=()))
        assert scenario.back_up(item).status == "Completed"
        assert scenario.verify(scenario.recovery_points(item)[0]).verified
        told = client.sim("GET", "/events", limit="10000")["events"]
    of_the_handler = [event["data"] for event in told if event["name"] in (HandlerUnpacked.NAME, CommandStarted.NAME)]
    assert {data["version"] for data in of_the_handler} == {"1.99.0.0"}
    assert {data.get("verb") for data in of_the_handler} == {None, "install", "enable"}


@pytest.mark.slow
def test_the_services_accounts_bear_a_mark_of_their_world_and_keep_it(tmp_path: Path) -> None:
    def accounts(state: Path) -> tuple[str, ...]:
        with build(Config(state, boot=False)) as world:
            return world.ports.settings.own_accounts

    usual = ServiceSettings().own_accounts
    one = accounts(tmp_path / "one")
    assert accounts(tmp_path / "one") == one
    assert not set(one) & set(accounts(tmp_path / "two"))
    assert all(name.startswith(begin) and len(name) <= 24 for name, begin in zip(one, usual, strict=True))
    StateFolder.open(tmp_path / "old").close()  # as an older release made it: without a mark
    assert accounts(tmp_path / "old") == usual


def urls(request: ExtensionRequest) -> list[str]:
    """Every address in a task, as the machine gets it."""
    settings = SnapshotSettings.parse(request.public, request.protected)
    reports = (settings.report.status_uri, settings.report.logs_uri)
    return [*settings.disks, *(uri for uri in reports if uri)]
