"""Restores: the use case that checks and starts one, and the plan of each type of restore from either tier."""

from __future__ import annotations

from collections.abc import Sequence
from functools import partial

from controlplane.domain import errors
from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.compute import managed_disk, virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import (
    BCM_RESTORE_STORAGE_ACCOUNT_NOT_FOUND,
    ORIGINAL_MACHINE_NOT_FOUND,
    RESTORE_OPERATION_IN_PROGRESS,
    RESTORE_VIRTUAL_NETWORK_INVALID,
    TARGET_STORAGE_ACCOUNT_IN_OTHER_REGION,
)
from controlplane.domain.network import network, network_interface
from controlplane.domain.recovery_services import protected_item, recovery_point, restore_request, restored_disks, vault
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.recovery_point import PointDisk, RecoveryPoint
from controlplane.domain.recovery_services.restore_request import ALTERNATE, DISKS, ORIGINAL, CheckedRestore, VaultFacts
from controlplane.domain.resources import resource_group
from controlplane.domain.storage import storage_account
from controlplane.domain.times import american
from controlplane.jobs.backup import backup, vault_copy
from controlplane.jobs.documents import health_events, managed_disks, points, vault_operations
from controlplane.jobs.documents.networks import NETWORKS, find_subnet
from controlplane.jobs.engine import item_locks, records
from controlplane.jobs.engine.plan import Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.jobs.restore.restore_disks import DESCRIBE, REGISTER
from controlplane.jobs.restore.restore_machine import CREATE, name_taken, no_subnet
from controlplane.jobs.restore.restore_original import BACK_UP, KEEP_DIGESTS, REPLACE, VAULT
from controlplane.jobs.restore.restore_transfer import FROM_SNAPSHOTS, FROM_VAULT, PROVIDE_DIGESTS, snapshot_gone
from controlplane.jobs.restore.states import (
    AlternateInput,
    BlobAddress,
    MadeDisk,
    NewMachine,
    OriginalInput,
    RestoreInput,
    RestoreState,
)
from controlplane.json_object import Json
from controlplane.ports import Engine, Ports, Store

JOB_TYPES = {DISKS: "Recover disks", ALTERNATE: "Recover virtual machine", ORIGINAL: "Replace existing"}
"""Type of restore -> what the job's property bag calls it. The first is recorded, the others are our words."""


# ------------------------------------------------------------------------------------------------------------ use case


def restore(ports: Ports, engine: Engine, recovery_point_id: str, request: Json) -> Ticket:
    """Start a restore (IaasVMRestoreRequest): of disks, to the machine they are from, or to another one."""
    point = points.find(ports.store, recovery_point_id)
    if point is None:
        raise errors.recovery_point_not_found(recovery_point_id.rpartition("/")[2])
    item = ports.store.get(protected_item.KIND, point.item)
    if item is None:
        raise errors.item_not_found(point.item.rpartition("/")[2])
    protected_item.check_alive(item.json())
    properties: Json = request.get("properties") or {}
    home = _vault(ports, vault_id_of(point.item))
    checked = restore_request.read(properties, point, home)
    restore_request.check_source(properties, item.json()["properties"]["sourceResourceId"])
    account = _account(ports.store, checked.account, home)
    tier = _tier(ports, point, checked)
    # The recorded service gives the job and its operation one id.
    number = records.new_guid(ports.chance)
    plan = PLANS[checked.kind, checked.managed, tier]
    with ports.store.transaction():
        _check_targets(ports, checked, item.json(), home)
        limit = ports.settings.limits.restores
        vault_operations.count(ports, vault_id_of(point.item), vault_operations.RESTORES, limit)
        state = _first_state(ports, item.json(), point, checked, account, number)
        order = JobOrder(
            plan=plan,
            job=_job(ports, plan, number, point, checked, account),
            scope=point.item,
            state=state,
            lock=item_locks.of_restore(point.item),
            conflict=_in_progress(),
            operation_id=number,
            facts={
                "item": point.item,
                "point": point.document,
                "tier": tier,
                records.WRITES: state["writes"],
            },
        )
        return records.open_job(ports, engine, order)


def _vault(ports: Ports, id: str) -> VaultFacts:
    document = ports.store.get(vault.KIND, id)
    body = document.json() if document else {}
    properties = body.get("properties") or {}
    across = (properties.get("restoreSettings") or {}).get("crossSubscriptionRestoreSettings") or {}
    return VaultFacts(
        location=body.get("location", ports.settings.location),
        redundancy=(properties.get("redundancySettings") or {}).get("standardTierStorageRedundancy", ""),
        cross_subscription=across.get("crossSubscriptionRestoreState", "Enabled"),
    )


def _account(store: Store, id: str, home: VaultFacts) -> Json:
    account = store.get(storage_account.KIND, id)
    if account is None:
        raise BCM_RESTORE_STORAGE_ACCOUNT_NOT_FOUND.error()
    body = account.json()
    if home.location != body["location"]:
        raise TARGET_STORAGE_ACCOUNT_IN_OTHER_REGION.error()
    return body


def _tier(ports: Ports, point: RecoveryPoint, checked: CheckedRestore) -> str:
    """From where the disks are read. Into a zone they come from the vault, which lies in all of them."""
    if checked.zone:
        return "HardenedRP"
    alive = point.has_snapshots and all(ports.blobs.properties(points.snapshot_of(disk)) for disk in checked.disks)
    tier = recovery_point.tier_to_restore(point, alive)
    if tier is None:
        raise snapshot_gone()
    return tier


def _check_targets(ports: Ports, checked: CheckedRestore, item: Json, home: VaultFacts) -> None:
    """Whether what the restore needs is there now. Its steps look again."""
    store = ports.store
    if checked.group and store.get(resource_group.KIND, checked.group) is None:
        raise errors.invalid_backup_input("targetResourceGroupId", "the resource group does not exist")
    if checked.kind == ALTERNATE:
        _check_network(store, checked, home)
        if store.get(virtual_machine.KIND, checked.machine) is not None:
            raise name_taken(checked.machine)
    if checked.kind == ORIGINAL:
        if store.get(virtual_machine.KIND, item["properties"]["sourceResourceId"]) is None:
            raise ORIGINAL_MACHINE_NOT_FOUND.error()
        if item_locks.is_backed_up(store, item["id"]):
            raise backup.in_progress()


def _check_network(store: Store, checked: CheckedRestore, home: VaultFacts) -> None:
    document = store.get(NETWORKS, checked.network)
    if document is None or document.json()["location"] != home.location:
        raise RESTORE_VIRTUAL_NETWORK_INVALID.error()
    if find_subnet(store, checked.subnet) is None or not checked.subnet.lower().startswith(f"{document.id}/"):
        raise no_subnet()


def _job(ports: Ports, plan: Plan, number: str, point: RecoveryPoint, checked: CheckedRestore, account: Json) -> Job:
    names = {ALTERNATE: checked.machine.rpartition("/")[2], ORIGINAL: point.machine.name}
    properties = {
        "Job Type": JOB_TYPES[checked.kind],
        "Target VM Name": names.get(checked.kind, "vmName"),
        "Target Storage Account Name": account["name"],
        "Recovery point time ": american(point.time),
    }
    if checked.group:
        properties["Target resource group"] = checked.group.rpartition("/")[2]
    return Job(
        id=number,
        vault=vault_id_of(point.item),
        operation="Restore",
        container=point.item.rpartition("/VM;")[2],
        friendly_name=point.machine.name,
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=records.tasks_of(plan),
        properties=properties,
        internal={"restoreLocationType": checked.kind},
    )


# ----------------------------------------------------------------------------------------------------- state of the job


def _first_state(
    ports: Ports, item: Json, point: RecoveryPoint, checked: CheckedRestore, account: Json, number: str
) -> RestoreInput:
    """Everything that the steps make has its name here, so that a step done twice makes one thing."""
    vm = item["properties"]["sourceResourceId"]
    state: RestoreInput = {
        "item": point.item,
        "vm": vm,
        "vm_name": point.machine.name,
        "point": point.document,
        "account_id": account["id"],
        "account": account["name"],
        "container": restored_disks.container_name(point.machine.name, number),
        "zone": checked.zone,
        "disks": [],
        "writes": [vault_copy.digests_name(point.id, number, disk.lun) for disk in checked.disks],
    }
    group = checked.group or vm.partition("/providers/")[0]
    name = checked.machine.rpartition("/")[2] or point.machine.name
    state["disks"] = [_made(ports, state, disk, checked, group, name, number) for disk in checked.disks]
    if checked.kind == ALTERNATE:
        alternate: AlternateInput = {**state, "place": _place(ports, checked, number)}
        return alternate
    if checked.kind == ORIGINAL:
        expires = ports.clock.now() + backup.DEFAULT_RETENTION
        safety = backup.first_state(ports, item, vault_id_of(point.item), expires, rules=())
        state["writes"] += vault_copy.names(safety, number)
        original: OriginalInput = {**state, "safety": safety}
        return original
    return state


def _made(
    ports: Ports, state: RestoreInput, disk: PointDisk, checked: CheckedRestore, group: str, vm: str, number: str
) -> MadeDisk:
    """The blob, and the managed disk if it is to be one, that a disk of the point becomes."""
    if not checked.managed:
        blob = restored_disks.disk_blob_name(disk.name, number)
        place: BlobAddress = {"account": state["account"], "container": state["container"], "blob": blob}
        return {"lun": disk.lun, "name": disk.name, "id": "", **place}
    made = managed_disks.new_blob(ports, records.new_guid(ports.chance))
    name = restored_disks.managed_disk_name(vm, disk.lun, ports.clock.now())
    first = id = f"{group}/providers/{managed_disk.TYPE}/{name}"
    again = 1
    while ports.store.get(managed_disk.KIND, id) is not None:
        # The world's clock may stand still.
        again += 1
        id = f"{first}-{again}"
    place = {"account": made.account, "container": made.container, "blob": made.name}
    return {"lun": disk.lun, "name": id.rpartition("/")[2], "id": id, **place}


def _place(ports: Ports, checked: CheckedRestore, number: str) -> NewMachine:
    """The machine and its interface, which are made later."""
    name = checked.machine.rpartition("/")[2]
    return {
        "machine": checked.machine,
        "vm_id": records.new_guid(ports.chance),
        "subnet": checked.subnet,
        "interface": f"{checked.group}/providers/{network.INTERFACE}/{name[:40]}-nic-{number.replace('-', '')}",
        "interface_guid": records.new_guid(ports.chance),
        "etag": records.new_guid(ports.chance),
        "mac": network_interface.mac_address(ports.chance.getrandbits(24)),
    }


def _in_progress() -> ServiceError:
    return RESTORE_OPERATION_IN_PROGRESS.error()


def on_finished(store: Store, state: RestoreState, job: Job, error: ServiceError | None) -> None:
    item = store.get(protected_item.KIND, state["item"])
    if item is not None:
        item = store.put(protected_item.KIND, state["item"], protected_item.restored(item.json(), error))
        health_events.job_ended(store, item, job, error, partial(records.event, state))


# --------------------------------------------------------------------------------------------------------------- plans

_TIERS = {"InstantRP": ("from snapshots", FROM_SNAPSHOTS), "HardenedRP": ("from vault", FROM_VAULT)}


def _plans(
    name: str, kind: str, managed: bool, before: Sequence[Step], after: Sequence[Step]
) -> dict[tuple[str, bool, str], Plan]:
    """One plan for each tier, which differ in the step that moves the bytes."""
    return {
        (kind, managed, tier): Plan(f"{name} {source}", (*before, PROVIDE_DIGESTS, move, *after), on_finished)
        for tier, (source, move) in _TIERS.items()
    }


PLANS = {
    **_plans("Restore", DISKS, False, (), (DESCRIBE,)),
    **_plans("Restore managed disks", DISKS, True, (), (REGISTER, DESCRIBE)),
    **_plans("Restore machine on blobs", ALTERNATE, False, (), (CREATE,)),
    **_plans("Restore machine", ALTERNATE, True, (), (REGISTER, CREATE)),
    **_plans("Replace blobs", ORIGINAL, False, (BACK_UP, VAULT, KEEP_DIGESTS), (REPLACE,)),
    **_plans("Replace disks", ORIGINAL, True, (BACK_UP, VAULT, KEEP_DIGESTS), (REGISTER, REPLACE)),
}
"""By the type of restore, whether its disks are managed ones, and the tier that it reads."""
