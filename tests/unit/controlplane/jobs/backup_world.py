"""A service with a vault, a policy, a protected machine and its disks in memory: what the tests of the jobs act on."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from random import Random

from controlplane.adapters.inline_engine import InlineEngine
from controlplane.adapters.store import SqlStore
from controlplane.domain.arm_id import ResourceId, item_id
from controlplane.domain.compute import managed_disk, restore_point_collection, virtual_machine
from controlplane.domain.due import Due
from controlplane.domain.network import network
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import policy, protected_item, recovery_point, restored_disks, vault
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.resources import resource_group
from controlplane.domain.storage import storage_account
from controlplane.jobs.backup.backup import backup_now
from controlplane.jobs.catalog import PLANS
from controlplane.jobs.documents import managed_disks, points
from controlplane.jobs.engine.plan import Plan
from controlplane.jobs.engine.records import Ticket
from controlplane.jobs.protection.lifecycle import configure_protection
from controlplane.jobs.restore.restore import restore
from controlplane.json_object import Json
from controlplane.ports import Blob, Blobs, Disk, MachineSpec, Ports, ServiceSettings
from tests.transaction_guard import GuardedBlobs, TransactionGuard
from tests.unit.controlplane.adapters.faulty_blobs import FaultyBlobs
from tests.unit.controlplane.adapters.scripted_fabric import ScriptedFabric
from tests.unit.controlplane.passing_time import advance, service
from tests.virtual_clock import VirtualClock

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

MANAGED_DISKS = tuple(
    Disk(
        f"sql01-{disk.name}",
        disk.lun,
        Blob("manageddisks", "disks", f"{disk.name}.vhd"),
        SIZE,
        disk.create_option,
        f"{GROUP}/providers/Microsoft.Compute/disks/sql01-{disk.name}",
    )
    for disk in DISKS
)
NETWORK = f"{GROUP}/providers/Microsoft.Network/virtualNetworks/net"
SUBNET = f"{NETWORK}/subnets/default"
COPY = f"{GROUP}/providers/Microsoft.Compute/virtualMachines/Copy"

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


ALTERNATE: Json = {
    "recoveryType": "AlternateLocation",
    "targetVirtualMachineId": COPY,
    "targetResourceGroupId": GROUP,
    "virtualNetworkId": NETWORK,
    "subnetId": SUBNET,
}
"""What a restore to another machine asks for beside the rest."""


@dataclass
class BackupWorld:
    clock: VirtualClock
    blobs: FaultyBlobs
    store: SqlStore
    fabric: ScriptedFabric
    ports: Ports
    disks: tuple[Disk, ...] = DISKS
    engines: list[InlineEngine] = field(default_factory=list)

    @property
    def engine(self) -> InlineEngine:
        return self.engines[-1]

    def new_engine(self, *changed: Plan, workers: int | None = None) -> InlineEngine:
        """The engine of the next process, which has the database for itself; `changed` stand in for plans of their
        names."""
        if self.engines:
            self.engine.close()
            self.store.runs.disown()
        plans = {**PLANS, **{plan.name: plan for plan in changed}}
        self.engines.append(
            InlineEngine(plans, lambda: self.ports, self.store.runs, workers=workers, undo_poll_seconds=0.01)
        )
        return self.engine

    # ---------------------------------------------------------------------------------------------------- what is done

    def protect(self) -> Json:
        return self.ended(configure_protection(self.ports, self.engine, ITEM, PROTECT_REQUEST))

    def back_up(self) -> Json:
        return self.ended(backup_now(self.ports, self.engine, ITEM, BACKUP_REQUEST))

    def advance(self, seconds: float) -> list[Due]:
        """Let time pass in which the service does what it does by itself; what that was."""
        with service(self.ports, self.engine) as timetable:
            return advance(self.ports, self.engine, timetable, seconds)

    def restore(self, point: RecoveryPoint, **asked: object) -> Json:
        request = {"properties": RESTORE_REQUEST["properties"] | asked}
        self.clock.jump(60)
        return self.ended(restore(self.ports, self.engine, point.document, request))

    def write(self, place: int, block: int, byte: int) -> None:
        """The guest fills a block of a disk."""
        self.blobs.write(self.disks[place].blob, block * BLOCK, bytes([byte]) * BLOCK)

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
        """In the order of `points`, whatever their names are."""
        shown = {document.id: document.json() for document in self.store.find(recovery_point.KIND, ITEM)}
        return [shown[point.document.lower()]["properties"] for point in self.points()]

    def snapshots(self) -> list[Blob]:
        """All snapshots of the machine's disks."""
        place = self.disks[0].blob
        return [blob for blob in self.blobs.find(place.account, place.container, snapshots=True) if blob.snapshot]

    def vault_blobs(self) -> list[str]:
        return [blob.name for blob in self.blobs.find(self.ports.settings.vault_account, "vault")]

    def restored_blobs(self) -> list[Blob]:
        numbers = [document.id.rpartition("/")[2] for document in self.store.find(jobs.KIND, VAULT)]
        containers = [restored_disks.container_name("SQL01", number) for number in numbers]
        found = [blob for container in containers for blob in self.blobs.find("restored01", container)]
        own = {disk.blob for disk in self.disks}
        return found + [blob for blob in self.blobs.find("manageddisks", "disks") if blob not in own]

    def resource(self, id: str) -> Json | None:
        """A resource of Compute or Network as ARM shows it."""
        parsed = ResourceId.parse(id)
        found = self.store.get(parsed.type.lower(), id)
        return None if found is None else found.json()

    def resources(self) -> list[str]:
        """What there is of Compute and Network."""
        kinds = (
            virtual_machine.KIND,
            managed_disk.KIND,
            network.INTERFACE.lower(),
            restore_point_collection.KIND,
            restore_point_collection.POINT_KIND,
        )
        return [document.id for kind in kinds for document in self.store.find(kind)]

    def events(self, name: str) -> list[Json]:
        return [event.data for event in self.store.events(limit=100_000) if event.name == name]


@contextmanager
def backup_world(
    protected: bool = True,
    settings: ServiceSettings | None = None,
    storage: Blobs | None = None,
    rate: float = 0.0,
    managed: bool = False,
) -> Iterator[BackupWorld]:
    """`storage`: in memory unless given. `rate`: the clock stands still unless given. `managed`: on managed disks."""
    clock = VirtualClock(START, rate)
    blobs = FaultyBlobs(storage)
    store = SqlStore(":memory:", clock)
    fabric = ScriptedFabric(store, blobs, clock)
    guard = TransactionGuard(store)
    guarded = GuardedBlobs(blobs, guard)
    ports = Ports(
        clock,
        guarded,
        store,
        fabric,
        Random(1),
        settings or ServiceSettings(),
        vault_blobs=guarded,
    )
    world = BackupWorld(clock, blobs, store, fabric, ports, MANAGED_DISKS if managed else DISKS)
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
    assert guard.violations == []


def _furnish(world: BackupWorld) -> None:
    for account in ("sql01disks", "restored01", *world.ports.settings.own_accounts):
        world.blobs.add_account(account)
    for place, disk in enumerate(world.disks):
        world.blobs.create(disk.blob, SIZE)
        world.write(place, 0, place + 1)
    store = world.store
    store.put(resource_group.KIND, GROUP, resource_group.body(GROUP, "westus", {}), parent="/subscriptions/s")
    store.put(vault.KIND, VAULT, {"id": VAULT, **vault.new(VAULT, "westus")}, parent=GROUP)
    for body in policy.built_in(VAULT, START):
        store.put(policy.KIND, body["id"], body, parent=VAULT)
    _furnish_machine(world)
    target = {"id": TARGET, "name": "restored01", "location": "westus"}
    store.put(storage_account.KIND, TARGET, target, parent=GROUP)
    subnets = [{"name": "default", "id": SUBNET, "properties": {"addressPrefix": "10.0.0.0/24"}}]
    net = {"id": NETWORK, "name": "net", "location": "westus", "properties": {"subnets": subnets}}
    store.put(network.VIRTUAL_NETWORK.lower(), NETWORK, net, parent=GROUP)


def _furnish_machine(world: BackupWorld) -> None:
    shown = [_shown(world, disk) for disk in world.disks]
    machine = {
        "id": VM,
        "name": "SQL01",
        "location": "westus",
        "properties": {
            "vmId": VM_ID,
            "hardwareProfile": {"vmSize": "Standard_D2s_v5"},
            "storageProfile": {"osDisk": {"osType": "Windows", **shown[0]}, "dataDisks": shown[1:]},
        },
    }
    private = {"blobs": [disk.blob_key for disk in world.disks]}
    world.store.put(virtual_machine.KIND, VM, machine, parent=GROUP, private=private)
    spec = MachineSpec(VM_ID, "SQL01", "Standard_D2s_v5", "Windows", "", "SQL01", world.disks)
    world.fabric.create_vm(VM, spec)
    for disk in world.disks:
        if disk.managed_disk_id:
            resource = managed_disk.ManagedDisk("westus", 1, disk.create_option, "StandardSSD_LRS", owner=VM)
            managed_disks.register(world.ports, world.store, disk.managed_disk_id, resource, disk.blob)


def _shown(world: BackupWorld, disk: Disk) -> Json:
    """A disk as the machine's storage profile shows it."""
    place: Json = {"vhd": {"uri": world.blobs.url(disk.blob)}}
    if disk.managed_disk_id:
        place = {"managedDisk": {"id": disk.managed_disk_id, "storageAccountType": "StandardSSD_LRS"}}
    lun = {} if disk.lun < 0 else {"lun": disk.lun}
    return {**lun, "name": disk.name, "createOption": disk.create_option, "caching": "ReadOnly", **place}
