"""Plans "Restore": disks rebuilt from snapshots or from the vault, with what describes them; and their use case."""

from __future__ import annotations

import json
import time
from collections.abc import Callable
from typing import Any

from controlplane.domain import errors, protected_item, recovery_point, restored_disks, storage_account, vault
from controlplane.domain import job as jobs
from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.errors import ServiceError
from controlplane.domain.job import Job, Progress
from controlplane.domain.recovery_point import PointDisk, RecoveryPoint
from controlplane.domain.restored_disks import RestoredDisk
from controlplane.domain.times import american
from controlplane.jobs import points, records
from controlplane.jobs.plan import Outcome, Plan, Step
from controlplane.jobs.records import Order, Ticket
from controlplane.jobs.sources import PageBlobSource, copy
from controlplane.jobs.vault_store import VaultPoint, VaultStore
from controlplane.ports import Blob, Engine, Json, Ports, Store

RECOVERY_TYPES = frozenset({"RestoreDisks", "OriginalLocation", "AlternateLocation"})
SHOWN_EVERY_SECONDS = 0.5
GIB = 1024**3


# ------------------------------------------------------------------------------------------------------------ use case


def restore(ports: Ports, engine: Engine, recovery_point_id: str, request: Json) -> Ticket:
    """Start a restore (IaasVMRestoreRequest) of the disks of a recovery point into a storage account."""
    point = points.find(ports.store, recovery_point_id)
    if point is None:
        raise errors.recovery_point_not_found(recovery_point_id.rpartition("/")[2])
    item = ports.store.get(protected_item.KIND, point.item)
    if item is not None:
        protected_item.check_alive(item.json())
    asked: Json = request.get("properties") or {}
    _check_request(asked, point)
    vault_id = vault_id_of(point.item)
    account = _target_account(ports.store, vault_id, asked)
    disks = _chosen_disks(point, asked.get("restoreDiskLunList"))
    tier = _tier(ports, point, disks)
    plan = FROM_SNAPSHOTS if tier == "InstantRP" else FROM_VAULT
    # The recorded service gives the job and its operation one id.
    number = records.new_guid(ports.chance)
    order = Order(
        plan=plan,
        job=_job(ports, plan, number, vault_id, point, account),
        scope=point.item,
        state=_first_state(ports.store, point, account, asked, disks, number),
        lock=f"{point.item}|restore",
        conflict=_in_progress(),
        operation_id=number,
        facts={"item": point.item, "point": point.document, "tier": tier},
    )
    return records.open_job(ports, engine, order)


def _check_request(asked: Json, point: RecoveryPoint) -> None:
    if asked.get("objectType") != "IaasVMRestoreRequest":
        raise errors.invalid_backup_input("objectType", "a virtual machine takes an IaasVMRestoreRequest")
    if str(asked.get("recoveryPointId") or point.id) != point.id:
        raise errors.invalid_backup_input("recoveryPointId", "the address names another recovery point")
    kind = asked.get("recoveryType")
    if kind not in RECOVERY_TYPES:
        raise errors.invalid_backup_input("recoveryType", f"it must be one of {', '.join(sorted(RECOVERY_TYPES))}")
    if kind != "RestoreDisks":
        raise errors.operation_not_simulated(f"restore of the type {kind}")
    if asked.get("targetResourceGroupId"):
        raise errors.operation_not_simulated("restore of disks as managed disks")
    if asked.get("originalStorageAccountOption"):
        reason = "this recovery point cannot restore disks to their original storage accounts"
        raise errors.invalid_backup_input("originalStorageAccountOption", reason)


def _target_account(store: Store, vault_id: str, asked: Json) -> Json:
    id = str(asked.get("storageAccountId") or "")
    if not id:
        raise errors.invalid_backup_input("storageAccountId", "it is missing")
    account, home = store.get(storage_account.KIND, id), store.get(vault.KIND, vault_id)
    if account is None:
        raise ServiceError(
            "UserErrorBcmRestoreStorageAccountNotFound",
            "Storage account specified for restore does not exist.",
            remedy="Give an existing account and keep it until the end of the restore.",
        )
    body = account.json()
    if home is not None and home.json()["location"] != body["location"]:
        # The message is the service's, the code is ours.
        raise ServiceError(
            "UserErrorTargetStorageAccountInOtherRegion",
            "The Recovery Services vault and target storage account are in two different regions.",
            remedy="Give an account in the region of the vault.",
        )
    return body


def _chosen_disks(point: RecoveryPoint, luns: list[Any] | None) -> list[PointDisk]:
    """All of them, or the OS disk and those listed."""
    if luns is None:
        return list(point.disks)
    wanted = {int(lun) for lun in luns} | {protected_item.OS_DISK_LUN}
    unknown = wanted - {disk.lun for disk in point.disks} - {protected_item.OS_DISK_LUN}
    if unknown:
        reason = f"the recovery point has no disk at {', '.join(str(lun) for lun in sorted(unknown))}"
        raise errors.invalid_backup_input("restoreDiskLunList", reason)
    return [disk for disk in point.disks if disk.lun in wanted]


def _tier(ports: Ports, point: RecoveryPoint, disks: list[PointDisk]) -> str:
    alive = point.has_snapshots and all(ports.blobs.properties(points.snapshot_of(disk)) for disk in disks)
    tier = recovery_point.tier_to_restore(point, alive)
    if tier is None:
        raise snapshot_gone()
    return tier


def _job(ports: Ports, plan: Plan, number: str, vault_id: str, point: RecoveryPoint, account: Json) -> Job:
    return Job(
        id=number,
        vault=vault_id,
        operation="Restore",
        container=point.item.rpartition("/VM;")[2],
        friendly_name=point.machine.name,
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=records.tasks_of(plan),
        properties={
            "Job Type": "Recover disks",
            "Target VM Name": "vmName",
            "Target Storage Account Name": account["name"],
            "Recovery point time ": american(point.time),
        },
        internal={"restoreLocationType": "RestoreDisks"},
    )


def _first_state(
    store: Store, point: RecoveryPoint, account: Json, asked: Json, disks: list[PointDisk], number: str
) -> Json:
    item = store.get(protected_item.KIND, point.item)
    return {
        "item": point.item,
        "vm": item.json()["properties"]["sourceResourceId"] if item else asked.get("sourceResourceId"),
        "point": point.document,
        "luns": [disk.lun for disk in disks],
        "account_id": account["id"],
        "account": account["name"],
        "container": restored_disks.container_name(point.machine.name, number),
    }


def _in_progress() -> ServiceError:
    """The code is ours."""
    return ServiceError(
        "UserErrorRestoreOperationInProgress",
        "Another restore operation is in progress for this item.",
        remedy="Wait for it or cancel it, then retry.",
    )


def snapshot_gone() -> ServiceError:
    return ServiceError(
        "UserErrorInstantRpNotFound",
        "Restore failed because the snapshot of the VM was not found. The snapshot could have been deleted.",
        remedy="Pick another recovery point.",
    )


# --------------------------------------------------------------------------------------------------------------- steps


def rebuild_from_snapshots(ports: Ports, state: Json) -> Outcome:
    def rebuild(disk: PointDisk, target: Blob, progress: Callable[[int, int], None]) -> None:
        snapshot = points.snapshot_of(disk)
        if ports.blobs.properties(snapshot) is None:
            raise snapshot_gone()
        copy(PageBlobSource(ports.blobs, snapshot), ports.blobs, target, progress)

    return _rebuild(ports, state, FROM_SNAPSHOTS.steps[0].name, rebuild)


def rebuild_from_vault(ports: Ports, state: Json) -> Outcome:
    copies = VaultStore(ports.blobs, ports.settings.vault_account)

    def rebuild(disk: PointDisk, target: Blob, progress: Callable[[int, int], None]) -> None:
        copies.restore(VaultPoint.from_json(disk.vault or {}), target, progress)

    return _rebuild(ports, state, FROM_VAULT.steps[0].name, rebuild)


def _rebuild(
    ports: Ports, state: Json, task: str, rebuild: Callable[[PointDisk, Blob, Callable[[int, int], None]], None]
) -> Outcome:
    disks = _disks(ports.store, state)
    gauge = _Gauge(ports, state, task, sum(disk.size_bytes for disk in disks))
    for disk in disks:
        rebuild(disk, _target(state, disk), gauge.of(disk))
        gauge.finished(disk)
    restored = [{"lun": disk.lun, "name": disk.name, **_address(_target(state, disk))} for disk in disks]

    def commit(store: Store) -> None:
        now = ports.clock.now()
        details, progress = gauge.reading()
        records.change(
            store,
            state["job_document"],
            now,
            lambda job: jobs.with_progress(job, task, details, progress),
            restored=restored,
        )

    return Outcome(state, commit)


def delete_disks(ports: Ports, state: Json) -> Outcome:
    for disk in _disks(ports.store, state):
        ports.blobs.delete(_target(state, disk))
    return Outcome(state)


def describe(ports: Ports, state: Json) -> Outcome:
    """The configuration and a template beside the disks."""
    point = _point(ports.store, state)
    disks = [
        RestoredDisk(disk.name, disk.lun, disk.size_bytes, ports.blobs.url(_target(state, disk)))
        for disk in _disks(ports.store, state)
    ]
    config, template = _config_blob(state, point), _template_blob(state)
    ports.blobs.put(config, _text(restored_disks.configuration(point, disks)))
    ports.blobs.put(template, _text(restored_disks.template(point, disks, state["account_id"])))
    shown = {
        "Config Blob Name": config.name,
        "Config Blob Container Name": config.container,
        "Config Blob Uri": ports.blobs.url(config),
        "Template Blob Uri": ports.blobs.url(template),
    }
    return Outcome(state, lambda store: records.set_properties(store, state, ports.clock.now(), **shown))


def delete_description(ports: Ports, state: Json) -> Outcome:
    ports.blobs.delete(_config_blob(state, _point(ports.store, state)))
    ports.blobs.delete(_template_blob(state))
    return Outcome(state)


def conclude(store: Store, state: Json, job: Job, error: ServiceError | None) -> None:
    item = store.get(protected_item.KIND, state["item"])
    if item is not None:
        store.put(protected_item.KIND, state["item"], protected_item.restored(item.json(), error))


_DESCRIBE = Step("Describe the restored disks", do=describe, undo=delete_description, listed=False)

FROM_VAULT = Plan(
    "Restore from vault",
    (Step("Transfer data from vault", do=rebuild_from_vault, undo=delete_disks), _DESCRIBE),
    conclude,
)
FROM_SNAPSHOTS = Plan(
    "Restore from snapshots",
    (Step("Create the restored disks", do=rebuild_from_snapshots, undo=delete_disks), _DESCRIBE),
    conclude,
)


# ----------------------------------------------------------------------------------------------------------- addresses


def _point(store: Store, state: Json) -> RecoveryPoint:
    point = points.find(store, state["point"])
    if point is None:
        raise errors.recovery_point_not_found(state["point"].rpartition("/")[2])
    return point


def _disks(store: Store, state: Json) -> list[PointDisk]:
    return [disk for disk in _point(store, state).disks if disk.lun in state["luns"]]


def _target(state: Json, disk: PointDisk) -> Blob:
    return Blob(state["account"], state["container"], restored_disks.disk_blob_name(disk.name, state["job"]))


def _config_blob(state: Json, point: RecoveryPoint) -> Blob:
    name = restored_disks.config_blob_name(point.machine.name, state["job"])
    return Blob(state["account"], state["container"], name)


def _template_blob(state: Json) -> Blob:
    return Blob(state["account"], state["container"], restored_disks.template_blob_name(state["job"]))


def _address(blob: Blob) -> Json:
    return {"account": blob.account, "container": blob.container, "blob": blob.name}


def _text(document: Json) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()


# ------------------------------------------------------------------------------------------------------------ progress


class _Gauge:
    """How far the disks are, in the size that they have for their owner, holes and all."""

    def __init__(self, ports: Ports, state: Json, task: str, total_bytes: int) -> None:
        self._ports = ports
        self._state = state
        self._task = task
        self._total_bytes = total_bytes
        self._finished_bytes = 0.0
        self._current_bytes = 0.0
        self._began = ports.clock.now()
        self._last = time.monotonic()

    def of(self, disk: PointDisk) -> Callable[[int, int], None]:
        def tell(done_bytes: int, total_bytes: int) -> None:
            self._current_bytes = disk.size_bytes * done_bytes / max(1, total_bytes)
            # Of real time: that is what a transfer takes.
            if time.monotonic() - self._last >= SHOWN_EVERY_SECONDS:
                self._last = time.monotonic()
                records.show_progress(self._ports, self._state, self._task, *self.reading())

        return tell

    def finished(self, disk: PointDisk) -> None:
        self._finished_bytes += disk.size_bytes
        self._current_bytes = 0.0

    def reading(self) -> tuple[str, Progress]:
        done = self._finished_bytes + self._current_bytes
        share = done / self._total_bytes if self._total_bytes else 1.0
        passed = (self._ports.clock.now() - self._began).total_seconds()
        remaining = passed * (1 - share) / share if share else 0.0
        details = f"{_gigabytes(done)} GBs / {_gigabytes(self._total_bytes)} GBs Transferred"
        return details, Progress(round(100 * share, 1), remaining)


def _gigabytes(size_bytes: float) -> str:
    return f"{size_bytes / GIB:.2f}".rstrip("0").rstrip(".")
