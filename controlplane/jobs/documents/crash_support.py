"""Whether a virtual machine of the store can have crash-consistent snapshots without its agent."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.compute import managed_disk, virtual_machine
from controlplane.domain.recovery_services import supported_machines
from controlplane.json_object import Json
from controlplane.ports import Disk, Store


def check(store: Store, vm: str, disks: Sequence[Disk]) -> None:
    """ServiceError where the machine cannot; a machine that is gone is the matter of others."""
    machine = store.get(virtual_machine.KIND, vm)
    if machine is not None:
        supported_machines.check_crash_consistent(machine.json(), _bodies(store, disks))


def is_supported(store: Store, vm: str, disks: Sequence[Disk]) -> bool:
    """Whether the machine is there and can have them."""
    machine = store.get(virtual_machine.KIND, vm)
    return (
        machine is not None
        and supported_machines.crash_consistency_objection(machine.json(), _bodies(store, disks)) is None
    )


def _bodies(store: Store, disks: Sequence[Disk]) -> list[Json | None]:
    return [None if disk.managed_disk_id is None else _body(store, disk) for disk in disks]


def _body(store: Store, disk: Disk) -> Json:
    """What ARM shows of a managed disk; of one that is gone only its name."""
    document = store.get(managed_disk.KIND, disk.managed_disk_id or "")
    return document.json() if document is not None else {"name": disk.name, "properties": {}}
