"""A fabric whose host and guests answer at once: by a script for each delivery, without processes or threads."""

from __future__ import annotations

from collections.abc import Callable, Sequence, Set
from dataclasses import asdict, dataclass, field
from functools import cache

from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.hazmat.primitives.serialization import Encoding, NoEncryption, PrivateFormat

from controlplane.adapters.fabric import StoreFabric
from controlplane.domain.events.event import Cause
from controlplane.fabric_documents import DESIRED, HANDLER, OBSERVED, snapshots_to_json
from controlplane.json_object import Json
from controlplane.ports import (
    Blob,
    Blobs,
    Clock,
    Disk,
    DiskSnapshotOrder,
    DiskSnapshots,
    ExtensionRequest,
    InstanceView,
    MachineSpec,
    PowerState,
    PublishedHandler,
    Store,
)
from extension.contract.reports import SnapshotConsistency, SnapshotInfo, StatusReport
from extension.contract.settings import SnapshotSettings, canonical_publisher
from simulator.host.certificates import TenantCertificate, make_tenant_certificate


@cache
def tenant() -> TenantCertificate:
    """One for all tests: making a key takes longer than most of them."""
    return make_tenant_certificate()


def tenant_key_pem() -> bytes:
    key: rsa.RSAPrivateKey = tenant().key
    return key.private_bytes(Encoding.PEM, PrivateFormat.PKCS8, NoEncryption())


PUBLISHED = (
    PublishedHandler("Contoso", "Agent", ("1.0.0.0", "1.0.7.0", "1.2.0.0", "2.0.0.0")),
    PublishedHandler("Contoso", "Tux", ("1.0.0.0",), os_type="Linux"),
    PublishedHandler("Microsoft.Azure.RecoveryServices", "VMSnapshot", ("1.9.0.0", "1.9.1.0", "1.10.0.0")),
)


def publish(store: Store) -> None:
    """What a host has packages of."""
    with store.transaction():
        for handler in PUBLISHED:
            store.put(HANDLER, f"{handler.publisher}.{handler.type}", asdict(handler))


def _version(extension: Json) -> str:
    publisher = canonical_publisher(extension["publisher"], extension["type"]) or extension["publisher"]
    wanted = (publisher.lower(), extension["type"].lower())
    fitting = [handler for handler in PUBLISHED if (handler.publisher.lower(), handler.type.lower()) == wanted]
    chosen = fitting and fitting[0].choose(extension["version"], extension["auto_upgrade_minor_version"])
    return chosen or f"{extension['version']}.0.0"


def apply_desired(
    store: Store,
    vm: str,
    *,
    agent: str = "Ready",
    status: Json | None = None,
    problem: str | None = None,
    snapshots: DiskSnapshots | None = None,
) -> None:
    """What a host does that succeeds in everything at once; with a `problem` it cannot boot. `snapshots` is what it
    says of the last order to take some."""
    found = store.get(DESIRED, vm)
    assert found is not None
    desired = found.json()
    if desired["deleted"]:
        store.delete(OBSERVED, vm)
        return
    command = desired.get("command")
    ran = {"number": command["number"], "output": "\n".join(command["script"]), "errors": ""} if command else None
    running = desired["power"] == "running" and not problem
    body = {
        "vm": vm,
        "generation": desired["generation"],
        "power": "stopped" if problem else desired["power"],
        "provisioning_state": "Failed" if problem else "Succeeded",
        "problem": problem,
        "certificate": tenant().pem,
        "thumbprint": tenant().thumbprint,
        "agent": {"status": agent, "version": "2.7.41491.1", "reported": None} if running else None,
        "computer_name": desired["spec"]["computer_name"],
        "os_name": "Windows Server 2022 Datacenter",
        "os_version": "10.0.20348.2966",
        "booted": None,
        "command": ran,
        "extensions": [
            {
                "name": extension["name"],
                "publisher": extension["publisher"],
                "type": extension["type"],
                "handler_version": _version(extension),
                "handler_status": "Ready",
                "handler_message": "",
                "sequence_number": extension["sequence_number"],
                "status": status or {"status": "success", "code": "1"},
            }
            for extension in desired["extensions"]
            if extension["state"] == "enabled"
        ],
    }
    if snapshots is not None:
        body["snapshots"] = snapshots_to_json(snapshots)
    store.put(OBSERVED, vm, body)


Answer = Callable[["ScriptedFabric", SnapshotSettings], None]
HostAnswer = Callable[["ScriptedFabric", str, DiskSnapshotOrder], DiskSnapshots | None]
"""What a host says of an order; None: nothing."""


@dataclass
class ScriptedFabric:
    """`script` holds the answers to coming deliveries; when it is empty the snapshot is application-consistent."""

    store: Store
    blobs: Blobs
    clock: Clock
    script: list[Answer] = field(default_factory=list)
    delivered: list[ExtensionRequest] = field(default_factory=list)
    host_script: list[HostAnswer] = field(default_factory=list)
    """The answers to coming orders of snapshots of the host's own; when it is empty it takes them."""
    agent: str = "Ready"
    unready: bool = False
    boot_problem: str | None = None
    """Why machines on attached disks do not boot."""

    def __post_init__(self) -> None:
        self._real = StoreFabric(self.store, self.clock)
        publish(self.store)

    def create_vm(self, vm: str, spec: MachineSpec, cause: Cause | None = None) -> None:
        self._real.create_vm(vm, spec)
        if not self.unready:
            self._apply(vm)

    def delete_vm(self, vm: str, cause: Cause | None = None) -> None:
        self._real.delete_vm(vm)
        apply_desired(self.store, vm)

    def drop_disk(self, vm: str, blob: Blob) -> None:
        self._real.drop_disk(vm, blob)

    def power(self, vm: str, state: PowerState, cause: Cause | None = None) -> None:
        self._real.power(vm, state)
        self._apply(vm)

    def restart(self, vm: str, cause: Cause | None = None) -> None:
        self._real.restart(vm)
        self._apply(vm)

    def _apply(self, vm: str) -> None:
        """Only what is to run can fail to boot."""
        desired = self.store.get(DESIRED, vm)
        wanted = desired.json() if desired else {}
        attached = any(disk["create_option"] == "Attach" for disk in wanted["spec"]["disks"]) if wanted else False
        fails = attached and wanted["power"] == "running"
        apply_desired(self.store, vm, agent=self.agent, problem=self.boot_problem if fails else None)

    def disks(self, vm: str) -> tuple[Disk, ...]:
        return self._real.disks(vm)

    def storage_address(self, vm: str) -> str | None:
        return self._real.storage_address(vm)

    def handlers(self) -> tuple[PublishedHandler, ...]:
        return self._real.handlers()

    def handler(self, publisher: str, type: str) -> PublishedHandler | None:
        return self._real.handler(publisher, type)

    def deliver(self, vm: str, request: ExtensionRequest, cause: Cause | None = None) -> int:
        number = self._real.deliver(vm, request)
        self._apply(vm)
        self.delivered.append(request)
        if "commandToExecute" in request.public:
            answer = self.script.pop(0) if self.script else snapshots()
            answer(self, SnapshotSettings.parse(request.public, request.protected))
        return number

    def remove_extension(self, vm: str, name: str, cause: Cause | None = None) -> None:
        self._real.remove_extension(vm, name)
        self._apply(vm)

    def snapshot_disks(self, vm: str, order: DiskSnapshotOrder, cause: Cause | None = None) -> None:
        self._real.snapshot_disks(vm, order, cause)
        answer = self.host_script.pop(0) if self.host_script else snapshots_of_host
        told = answer(self, vm, order)
        if told is not None:
            apply_desired(self.store, vm, agent=self.agent, snapshots=told)

    def run_command(self, vm: str, script: Sequence[str], cause: Cause | None = None) -> int:
        number = self._real.run_command(vm, script)
        self._apply(vm)
        return number

    def instance_view(self, vm: str) -> InstanceView | None:
        return self._real.instance_view(vm)

    # ----------------------------------------------------------------------------------------- what a guest can answer

    def take(self, settings: SnapshotSettings, places: Set[int] | None = None) -> tuple[SnapshotInfo, ...]:
        """Snapshot the disks at these places (None: all), fail at the others."""
        taken = []
        for place, uri in enumerate(settings.disks):
            if places is not None and place not in places:
                taken.append(SnapshotInfo.failed("no network"))
                continue
            stamp = self.blobs.snapshot(self.blobs.parse(uri), settings.metadata)
            taken.append(SnapshotInfo.taken(uri, stamp))
        return tuple(taken)

    def report(self, settings: SnapshotSettings, code: int, **fields: object) -> None:
        report = StatusReport(
            **{  # type: ignore[arg-type]
                "name": "Microsoft.Azure.RecoveryServices.VMSnapshot",
                "status": "success" if code in (0, 1, 3, 4) else "error",
                "code": code,
                "task_id": settings.task_id,
                "time": self.clock.now(),
                "telemetry": {"FreezeTime": "0:00:00.120000"},
                **fields,
            }
        )
        assert settings.report.status_uri is not None
        assert settings.report.logs_uri is not None
        self.blobs.put(self.blobs.parse(settings.report.status_uri), report.render().encode())
        self.blobs.put(self.blobs.parse(settings.report.logs_uri), b"a line of the log\n")

    def disk(self, settings: SnapshotSettings, place: int) -> Blob:
        return self.blobs.parse(settings.disks[place])


def snapshots_of_host(fabric: ScriptedFabric, vm: str, order: DiskSnapshotOrder) -> DiskSnapshots:
    """All disks that are asked for."""
    blobs = {disk.lun: disk.blob for disk in fabric.disks(vm)}
    stamps = {lun: fabric.blobs.snapshot(blobs[lun], order.metadata) for lun in order.luns}
    return DiskSnapshots(order.task_id, stamps, 1.5)


def snapshots(code: int = 0, consistency: SnapshotConsistency = SnapshotConsistency.application) -> Answer:
    """All disks, and the report that says so."""

    def answer(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, code, snapshots=guest.take(settings), snapshot_consistency=consistency)

    return answer


def fails(code: int, message: str = "", places: Set[int] = frozenset()) -> Answer:
    """An error, with snapshots of the disks at these places left behind."""

    def answer(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
        guest.report(settings, code, message=message, snapshots=guest.take(settings, places) if places else None)

    return answer


def silent(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    """A handler that never starts."""


def begins(guest: ScriptedFabric, settings: SnapshotSettings) -> None:
    """A handler that snapshots and never finishes its report."""
    guest.take(settings)
    guest.report(settings, 4)
