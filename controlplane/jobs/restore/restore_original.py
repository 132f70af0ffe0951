"""Steps of a restore to the original location: a safety backup, then other disks for the machine that is there.

The machine keeps its name, size and network; it is deallocated while its disks change, and goes back to the power state
it was in. The disks it had stay where they are, and belong to nobody.
"""

from __future__ import annotations

from dataclasses import replace

from controlplane.domain.compute.virtual_machine import KIND, OS_DISK_LUN
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import BACKUP_BEFORE_REPLACE_FAILED, REPLACED_MACHINE_GONE
from controlplane.domain.recovery_services import restored_machine
from controlplane.domain.recovery_services.provider_answers import WRITE_MACHINE
from controlplane.jobs.backup import backup, digests, vault_copy
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.documents import locks, machines, managed_disks, providers
from controlplane.jobs.engine.job_state import OpenedJob
from controlplane.jobs.engine.plan import Outcome, Step
from controlplane.jobs.engine.waiting import Waiting
from controlplane.jobs.restore import power_state
from controlplane.jobs.restore import restore_transfer as transfer
from controlplane.jobs.restore.restore_machine import backed_disks
from controlplane.jobs.restore.states import MachineBefore, OriginalState
from controlplane.jobs.retention import snapshots
from controlplane.json_object import Json
from controlplane.ports import Disk, Document, Ports


def back_up(ports: Ports, state: OriginalState) -> Waiting[Outcome]:
    """What is about to be replaced becomes a recovery point of its own. The machine as it is now is remembered."""
    machine = _machine(ports, state)
    locks.check(ports.store, state["vm"])
    view = ports.fabric.instance_view(state["vm"])
    safety = _safety_backup(state)
    # Those of an attempt that the end of a process interrupted: no recovery point will ever name them.
    snapshots.delete_snapshots(ports, vault_copy.disks_of(safety), lambda job, task: job == state["job"])
    try:
        taken = yield from backup.take_snapshot(ports, safety)
    except ServiceError as error:
        raise BACKUP_BEFORE_REPLACE_FAILED.error(
            reason=error.message, what_to_do=error.remedy or "Create another virtual machine from the recovery point."
        ) from error
    before: MachineBefore = {
        "profile": machine.json()["properties"]["storageProfile"],
        "disks": [disk.to_json() for disk in ports.fabric.disks(state["vm"])],
        "power": view.power if view else "running",
    }
    return Outcome(state | {"before": before}, taken.commit, taken.events)


def forget_backup(ports: Ports, state: OriginalState) -> Outcome:
    return replace(backup.forget_snapshots(ports, _safety_backup(state)), state=state)


def vault_backup(ports: Ports, state: OriginalState) -> Outcome:
    safety = _safety_backup(state)
    point, _ = vault_copy.vaulted(ports, safety)
    return Outcome(state, lambda store: vault_copy.put_vaulted(store, safety, point))


def forget_vault_copy(ports: Ports, state: OriginalState) -> Outcome:
    return replace(vault_copy.delete_vault_copy(ports, _safety_backup(state)), state=state)


def keep_digests(ports: Ports, state: OriginalState) -> Outcome:
    return replace(digests.keep_digests(ports, _safety_backup(state)), state=state)


def forget_digests(ports: Ports, state: OriginalState) -> Outcome:
    return replace(digests.forget_digests(ports, _safety_backup(state)), state=state)


def _safety_backup(state: OriginalState) -> BackupState:
    """The state of the backup that is a part of this job."""
    opened: OpenedJob = state
    return {**opened, **state["safety"]}


def replace_disks(ports: Ports, state: OriginalState) -> Waiting[Outcome]:
    point = transfer.point_of(ports.store, state)
    disks = transfer.restored_disks(ports, state)
    providers.require(ports, WRITE_MACHINE, state["vm"])
    profile = restored_machine.storage_profile(point.machine, disks, state["before"]["profile"])
    yield from _exchange(ports, state, profile, backed_disks(ports, disks))
    return Outcome(state)


def put_back(ports: Ports, state: OriginalState) -> Waiting[Outcome]:
    """The machine gets the disks again that it had; one that never lost them is left alone."""
    before = state["before"]
    disks = tuple(Disk.from_json(disk) for disk in before["disks"])
    if ports.store.get(KIND, state["vm"]) is None:
        return Outcome(state)
    if ports.fabric.disks(state["vm"]) != disks:
        yield from _exchange(ports, state, _profile_of_today(ports, before["profile"], disks), disks)
    else:
        yield from power_state.bring(ports, state["vm"], before["power"])
    return Outcome(state)


def _profile_of_today(ports: Ports, profile: Json, disks: tuple[Disk, ...]) -> Json:
    """The profile with the addresses of its blobs: the storage may have moved since it was remembered."""
    uris = {disk.lun: ports.blobs.url(disk.blob) for disk in disks}

    def shown(disk: Json) -> Json:
        return disk | {"vhd": {"uri": uris[disk.get("lun", OS_DISK_LUN)]}} if "vhd" in disk else disk

    return profile | {
        "osDisk": shown(profile["osDisk"]),
        "dataDisks": [shown(disk) for disk in profile.get("dataDisks", [])],
    }


def _exchange(ports: Ports, state: OriginalState, profile: Json, disks: tuple[Disk, ...]) -> Waiting[None]:
    vm, store = state["vm"], ports.store
    power = state["before"]["power"]
    yield from power_state.bring(ports, vm, "deallocated")
    with store.transaction():
        machine = _machine(ports, state)
        body = machine.json()
        for disk in ports.fabric.disks(vm):
            if disk.managed_disk_id is not None:
                managed_disks.set_owner(store, disk.managed_disk_id, None)
        for disk in disks:
            if disk.managed_disk_id is not None:
                managed_disks.set_owner(store, disk.managed_disk_id, vm)
        body["properties"] = body["properties"] | {"storageProfile": profile}
        private = machine.private | {"blobs": [disk.blob_key for disk in disks]}
        store.put(KIND, vm, body, private=private)
        ports.fabric.create_vm(vm, machines.spec_of(body, disks))
    yield from power_state.bring(ports, vm, power)


def _machine(ports: Ports, state: OriginalState) -> Document:
    document = ports.store.get(KIND, state["vm"])
    if document is None:
        raise REPLACED_MACHINE_GONE.error()
    return document


BACK_UP = Step("Back up the existing virtual machine", do=back_up, undo=forget_backup)
VAULT = Step("Transfer the backup to the vault", do=vault_backup, undo=forget_vault_copy, required=False, listed=False)
KEEP_DIGESTS = Step("Keep the backup's digests", do=keep_digests, undo=forget_digests, required=False, listed=False)
REPLACE = Step("Replace the existing disks", do=replace_disks, undo=put_back)
