"""A whole ARM service on fakes: blobs in memory, a clock that stands still, guests that answer at once."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import cache
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any

import httpx
from cryptography.hazmat.primitives.asymmetric import rsa
from starlette.applications import Starlette

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.memory_blobs import MemoryBlobs
from controlplane.adapters.store import SqlStore
from controlplane.arm.app import build, internal_client
from controlplane.arm.sign_in.aad import SUBSCRIPTION_ID, Identity, Tokens
from controlplane.caused_ports import CausedStore
from controlplane.domain.compute.virtual_machine import VHD_FOOTER_BYTES
from controlplane.domain.events.service import RetentionDue
from controlplane.jobs.catalog import plans
from controlplane.json_object import Json
from controlplane.ports import Ports, ServiceSettings
from tests.stories import faults
from tests.transaction_guard import GuardedBlobs, TransactionGuard
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric
from tests.unit.controlplane.passing_time import advance, service, stop_schedules
from tests.virtual_clock import VirtualClock

START = datetime(2026, 11, 22, 8, 30, 15, 250_000, tzinfo=UTC)
HOST = "arm.invalid"
BASE_URL = f"https://{HOST}:7443"
SECRET = "secret-of-the-application"
VERSION = {"api-version": "2026-05-01"}

SUBSCRIPTION = f"/subscriptions/{SUBSCRIPTION_ID}"
GROUP = f"{SUBSCRIPTION}/resourceGroups/Demo"
ACCOUNT = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/sql01disks"
TARGET = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/restored01"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/Sql01"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/Vault01"
POLICY = f"{VAULT}/backupPolicies/DefaultPolicy"
CONTAINER = f"{VAULT}/backupFabrics/Azure/protectionContainers/IaasVMContainer;iaasvmcontainerv2;demo;sql01"
ITEM = f"{CONTAINER}/protectedItems/VM;iaasvmcontainerv2;demo;sql01"

IMAGE = {"publisher": "MicrosoftWindowsServer", "offer": "WindowsServer", "sku": "2022-datacenter-g2"}


@cache
def signing_key() -> rsa.RSAPrivateKey:
    """One for all tests: making a key takes longer than most of them, and so does loading one from a text."""
    return rsa.generate_private_key(65537, 2048)


@cache
def empty_store() -> bytes:
    """A store as its migrations make it. They take longer than most tests, so they run once."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        SqlStore(f"sqlite:///{path}", VirtualClock(START)).close()
        return path.read_bytes()


def identity() -> Identity:
    return Identity(client_secret=SECRET, signing_key=signing_key(), hosts=(HOST,))


@cache
def token() -> str:
    """It lives for an hour of real time."""
    return Tokens(identity()).issue("https://management.azure.com/")


@dataclass
class ArmWorld:
    """The service, and a client that has signed in."""

    app: Starlette
    ports: Ports
    fabric: ScriptedFabric
    engine: InlineEngine
    loop: asyncio.Runner
    token: str = field(repr=False)

    def send(self, method: str, url: str, **options: Any) -> httpx.Response:
        """One request as it stands, without the token."""

        async def send() -> httpx.Response:
            transport = httpx.ASGITransport(self.app)
            async with httpx.AsyncClient(transport=transport, base_url=BASE_URL) as client:
                return await client.request(method, url, **options)

        return self.loop.run(send())

    def request(self, method: str, path: str, body: Any = None, **query: str) -> httpx.Response:
        parameters = None if path.startswith(BASE_URL) else {**VERSION, **query}
        headers = {"Authorization": f"Bearer {self.token}"}
        return self.send(method, path, params=parameters, json=body, headers=headers)

    def get(self, path: str, **query: str) -> Json:
        response = self.request("GET", path, **query)
        assert response.status_code == 200, response.text
        found: Json = response.json()
        return found

    def put(self, path: str, body: Json) -> httpx.Response:
        response = self.request("PUT", path, body)
        assert response.status_code in {200, 201, 202}, response.text
        return response

    def post(self, path: str, body: Json | None = None) -> httpx.Response:
        return self.request("POST", path, body or {})

    def error(self, method: str, path: str, body: Any = None, **query: str) -> tuple[int, str]:
        """Status and code of a request that must be refused."""
        response = self.request(method, path, body, **query)
        error = response.json()["error"]
        assert error["message"]
        return response.status_code, error["code"]

    def follow(self, response: httpx.Response) -> Json:
        """The end of the operation that this answer began."""
        assert int(response.headers["Retry-After"]) > 0
        self.settle()
        if "Azure-AsyncOperation" not in response.headers:
            return {"status": "Succeeded", "result": self.get(response.headers["Location"])}
        ended = self.get(response.headers["Azure-AsyncOperation"])
        assert ended["status"] in {"Succeeded", "Failed"}
        return ended

    def settle(self) -> None:
        """Wait for every job that runs."""
        self.engine.settle()

    def later(self, time: timedelta) -> None:
        """World time passes at once."""
        clock = self.ports.clock
        assert isinstance(clock, VirtualClock), "time that is real cannot be moved"
        clock.jump(time.total_seconds())

    def in_a_round(self) -> Ports:
        """The ports as a round of retention has them: what is done through them follows from that."""
        return replace(self.ports, store=CausedStore(self.ports.store, RetentionDue().event()))

    def advance(self, seconds: float) -> None:
        """Let time pass in which the service does what it does by itself, except that no backup is due."""
        stop_schedules(self.ports.store)
        with service(self.ports, self.engine) as timetable:
            advance(self.ports, self.engine, timetable, seconds)

    # ---------------------------------------------------------------------------------------------------- what there is

    def add_group(self) -> None:
        self.put(GROUP, {"location": "westus"})

    def add_account(self, id: str = ACCOUNT) -> str:
        """The account's blob endpoint."""
        self.put(id, {"location": "westus", "sku": {"name": "Standard_LRS"}, "kind": "StorageV2"})
        self.settle()
        return str(self.get(id)["properties"]["primaryEndpoints"]["blob"])

    def add_machine(self) -> None:
        """A machine whose host has made its disks."""
        self.put(VM, machine_body(self.add_account()))
        for disk in self.fabric.disks(VM):
            self.ports.blobs.create(disk.blob, disk.size_bytes + VHD_FOOTER_BYTES)

    def add_vault(self) -> None:
        self.put(VAULT, {"location": "westus", "sku": {"name": "Standard"}, "properties": {}})

    def protect(self, policy: str = POLICY) -> None:
        self.follow(self.put(ITEM, self.protection(policy)))

    @staticmethod
    def protection(policy: str = POLICY) -> Json:
        """The request that protects the machine."""
        kind = "Microsoft.Compute/virtualMachines"
        return {"properties": {"protectedItemType": kind, "sourceResourceId": VM, "policyId": policy}}


@contextmanager
def arm_world(
    blobs: MemoryBlobs | None = None,
    rate: float = 0.0,
    workers: int | None = None,
    settings: ServiceSettings = ServiceSettings(),  # noqa: B008 - it is frozen
    catalogued: bool = True,
    **edge: Any,
) -> Iterator[ArmWorld]:
    """`rate`: world seconds per real one; `workers`: of the engine; `catalogued`: every event must have the place in a
    story that the catalogue gives it; `edge`: what else the service's face is to be built with."""
    with TemporaryDirectory() as folder:
        path = Path(folder) / "store.db"
        path.write_bytes(empty_store())
        clock = VirtualClock(START, rate)
        store = SqlStore(f"sqlite:///{path}", clock)
        yield from _arm_world(store, clock, blobs or service_storage(), workers, edge, settings, catalogued)


@contextmanager
def furnished_world(blobs: MemoryBlobs | None = None) -> Iterator[ArmWorld]:
    """A world with a machine, a vault beside it, and an account to restore to."""
    with arm_world(blobs) as world:
        world.add_group()
        world.add_machine()
        world.add_account(TARGET)
        world.add_vault()
        yield world


def service_storage(blobs: MemoryBlobs | None = None) -> MemoryBlobs:
    """A storage that has the service's own accounts."""
    blobs = blobs or MemoryBlobs()
    for account in ServiceSettings().own_accounts:
        blobs.add_account(account)
    return blobs


def _arm_world(
    store: SqlStore,
    clock: VirtualClock,
    blobs: MemoryBlobs,
    workers: int | None,
    edge: Json,
    settings: ServiceSettings = ServiceSettings(),  # noqa: B008 - it is frozen
    catalogued: bool = True,
) -> Iterator[ArmWorld]:
    fabric = ScriptedFabric(store, blobs, clock)
    guard = TransactionGuard(store)
    guarded = GuardedBlobs(blobs, guard)
    ports = Ports(clock, guarded, store, fabric, Random(7), settings, vault_blobs=guarded)

    engine = InlineEngine(plans(lambda: requests), lambda: ports, store.runs, workers=workers, undo_poll_seconds=0.01)
    app = build(ports, engine, identity(), **edge)
    requests = internal_client(ports, engine, identity())
    loop = asyncio.Runner()
    try:
        yield ArmWorld(app, ports, fabric, engine, loop, token())
    finally:
        loop.close()
        engine.close()
        wrong = faults(store.events(limit=100_000)) if catalogued else []
        store.close()
        clock.close()
    assert guard.violations == []
    assert not wrong, "\n".join(wrong)


def machine_body(blob_endpoint: str, data_disks: int = 2) -> Json:
    """A Windows machine on unmanaged disks."""
    return {
        "location": "westus",
        "properties": {
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "osProfile": {"computerName": "sql01", "adminUsername": "azureuser", "adminPassword": "Pa$$w0rd-of-sql01"},
            "storageProfile": {
                "imageReference": dict(IMAGE),
                "osDisk": {
                    "name": "sql01-os",
                    "osType": "Windows",
                    "createOption": "FromImage",
                    "vhd": {"uri": f"{blob_endpoint}vhds/sql01-os.vhd"},
                },
                "dataDisks": [
                    {
                        "name": f"sql01-data{lun}",
                        "lun": lun,
                        "createOption": "Empty",
                        "diskSizeGB": 8,
                        "vhd": {"uri": f"{blob_endpoint}vhds/sql01-data{lun}.vhd"},
                    }
                    for lun in range(data_disks)
                ],
            },
        },
    }
