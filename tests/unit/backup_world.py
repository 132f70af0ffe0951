"""A service with a vault, a policy, a protected machine and its disks in memory: what the tests of the jobs act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.store import SqlStore
from controlplane.domain import job as jobs
from controlplane.domain import (
    policy,
    protected_item,
    recovery_point,
    restored_disks,
    storage_account,
    vault,
    virtual_machine,
)
from controlplane.domain.arm_id import item_id
from controlplane.domain.recovery_point import RecoveryPoint
from controlplane.jobs import points
from controlplane.jobs.backup import backup_now
from controlplane.jobs.catalog import PLANS
from controlplane.jobs.lifecycle import configure_protection
from controlplane.jobs.records import Ticket
from controlplane.jobs.restore import restore
from controlplane.ports import Blob, Blobs, Disk, Json, MachineSpec, Ports, ServiceSettings
from simulator.clock import VirtualClock
from tests.unit.faulty_blobs import FaultyBlobs
from tests.unit.scripted_fabric import ScriptedFabric

START = datetime(2026, 11, 22, 19, 0, tzinfo=UTC)
GROUP = "/subscriptions/s/resourceGroups/Demo"
VM = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/SQL01"
VM_ID = "7d3c0c39-0000-4000-8000-000000000001"
VAULT = f"{GROUP}/providers/Microsoft.RecoveryServices/vaults/vault01"
POLICY = f"{VAULT}/backupPolicies/DefaultPolicy"
ITEM = item_id(VAULT, "Demo", "SQL01")
TARGET = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/restored01"
BLOCK = 64 * 1024
SIZE = 4 * BLOCK + 512

DISKS = (
    Disk("os", -1, Blob("sql01disks", "vhds", "os.vhd"), SIZE, "FromImage"),
    Disk("data", 0, Blob("sql01disks", "vhds", "data.vhd"), SIZE, "Empty"),
    Disk("logs", 1, Blob("sql01disks", "vhds", "logs.vhd"), SIZE, "Empty"),
)

BACKUP_REQUEST: Json = {"properties": {"objectType": "IaasVMBackupRequest"}}
PROTECT_REQUEST: Json = {
    "properties": {
        "protectedItemType": "Microsoft.Compute/virtualMachines",
        "sourceResourceId": VM,
        "policyId": POLICY,
    }
}
RESTORE_REQUEST: Json = {
    "properties": {
        "objectType": "IaasVMRestoreRequest",
        "recoveryType": "RestoreDisks",
        "sourceResourceId": VM,
        "storageAccountId": TARGET,
        "region": "westus",
        "createNewCloudService": False,
        "originalStorageAccountOption": False,
    }
}


@dataclass
class BackupWorld:
    clock: VirtualClock
    blobs: FaultyBlobs
    store: SqlStore
    fabric: ScriptedFabric
    ports: Ports
    engines: list[InlineEngine] = field(default_factory=list)

    @property
    def engine(self) -> InlineEngine:
        return self.engines[-1]

    def new_engine(self) -> InlineEngine:
        """The engine of the next process."""
        self.engines.append(InlineEngine(PLANS, lambda: self.ports))
        return self.engine

    # ---------------------------------------------------------------------------------------------------- what is done

    def protect(self) -> Json:
        return self.ended(configure_protection(self.ports, self.engine, ITEM, PROTECT_REQUEST))

    def back_up(self) -> Json:
        return self.ended(backup_now(self.ports, self.engine, ITEM, BACKUP_REQUEST))

    def restore(self, point: RecoveryPoint, **asked: object) -> Json:
        request = {"properties": RESTORE_REQUEST["properties"] | asked}
        self.clock.jump(60)
        return self.ended(restore(self.ports, self.engine, point.document, request))

    def write(self, place: int, block: int, byte: int) -> None:
        """The guest fills a block of a disk."""
        self.blobs.write(DISKS[place].blob, block * BLOCK, bytes([byte]) * BLOCK)

    # --------------------------------------------------------------------------------------------------- what there is

    def ended(self, ticket: Ticket) -> Json:
        """The properties of the job, once it has ended."""
        self.engine.settle()
        return self.job(ticket)["properties"]  # type: ignore[no-any-return]

    def job(self, ticket: Ticket) -> Json:
        found = self.store.get(jobs.KIND, f"{VAULT}/backupJobs/{ticket.job_id}")
        assert found is not None
        return found.json()

    def job_private(self) -> Json:
        """What the service remembers of the last job."""
        found = self.store.find(jobs.KIND, VAULT)
        return max(found, key=lambda document: document.private["job"]["started"]).private

    def item(self) -> Json:
        found = self.store.get(protected_item.KIND, ITEM)
        assert found is not None
        return found.json()["properties"]  # type: ignore[no-any-return]

    def points(self) -> list[RecoveryPoint]:
        return points.of_item(self.store, ITEM)

    def shown_points(self) -> list[Json]:
        return [document.json()["properties"] for document in self.store.find(recovery_point.KIND, ITEM)]

    def snapshots(self) -> list[Blob]:
        """All snapshots of the machine's disks."""
        return [blob for blob in self.blobs.find("sql01disks", "vhds", snapshots=True) if blob.snapshot]

    def vault_blobs(self) -> list[str]:
        return [blob.name for blob in self.blobs.find(self.ports.settings.vault_account, "vault")]

    def restored_blobs(self) -> list[Blob]:
        numbers = [document.id.rpartition("/")[2] for document in self.store.find(jobs.KIND, VAULT)]
        containers = [restored_disks.container_name("SQL01", number) for number in numbers]
        return [blob for container in containers for blob in self.blobs.find("restored01", container)]

    def events(self, name: str) -> list[Json]:
        return [event.data for event in self.store.events(limit=100_000) if event.name == name]


@contextmanager
def backup_world(
    protected: bool = True, settings: ServiceSettings | None = None, storage: Blobs | None = None, rate: float = 0.0
) -> Iterator[BackupWorld]:
    """`storage`: in memory unless given. `rate`: the clock stands still unless given."""
    clock = VirtualClock(START, rate)
    blobs = FaultyBlobs(storage)
    store = SqlStore(":memory:", clock)
    fabric = ScriptedFabric(store, blobs, clock)
    ports = Ports(clock, blobs, store, fabric, Random(1), settings or ServiceSettings())
    world = BackupWorld(clock, blobs, store, fabric, ports)
    world.new_engine()
    _furnish(world)
    try:
        if protected:
            world.protect()
            clock.jump(timedelta(minutes=1).total_seconds())
        yield world
    finally:
        for engine in world.engines:
            engine.close()
        store.close()
        clock.close()


def _furnish(world: BackupWorld) -> None:
    for account in ("sql01disks", "restored01", *world.ports.settings.own_accounts):
        world.blobs.add_account(account)
    for place, disk in enumerate(DISKS):
        world.blobs.create(disk.blob, SIZE)
        world.write(place, 0, place + 1)
    store = world.store
    store.put(vault.KIND, VAULT, {"id": VAULT, "name": "vault01", "location": "westus"}, parent=GROUP)
    for body in policy.built_in(VAULT, START):
        store.put(policy.KIND, body["id"], body, parent=VAULT)
    machine = {
        "id": VM,
        "name": "SQL01",
        "location": "westus",
        "properties": {
            "vmId": VM_ID,
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {"osDisk": {"osType": "Windows"}},
        },
    }
    store.put(virtual_machine.KIND, VM, machine, parent=GROUP)
    target = {"id": TARGET, "name": "restored01", "location": "westus"}
    store.put(storage_account.KIND, TARGET, target, parent=GROUP)
    spec = MachineSpec(VM_ID, "SQL01", "Standard_D2s_v5", "Windows", "a:b:c", "sql01", DISKS)
    world.fabric.create_vm(VM, spec)
