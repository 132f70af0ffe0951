"""Pre-validation: whether a machine can be protected, without changing anything."""

from __future__ import annotations

from controlplane.domain.arm_id import ResourceId
from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.errors import resource_not_found
from controlplane.domain.errors.protection import UNSUPPORTED_DISTRIBUTION, VIRTUAL_MACHINE_ALREADY_IN_VAULT
from controlplane.domain.recovery_services import protected_item, snapshot_failure, supported_machines, vault
from controlplane.domain.recovery_services.supported_systems import system_of
from controlplane.jobs.documents import items
from controlplane.jobs.protection import lifecycle
from controlplane.json_object import Json
from controlplane.ports import Document, Ports, Store


def items_of(store: Store, machine: str) -> list[Document]:
    """The items of a machine in all vaults; one by which a vault has it for itself comes first."""
    all_items = items.in_vaults(store)
    own = [item for item in all_items if item.json()["properties"]["sourceResourceId"].lower() == machine.lower()]
    return sorted(own, key=lambda item: protected_item.state_of(item.json()) not in protected_item.BACKED_UP)


def check(ports: Ports, machine_id: str, region: str, vault_id: str) -> None:
    """ServiceError for the first reason why protection would be refused, or its backups would fail."""
    machine = lifecycle.machine_of(ports.store, machine_id).json()
    if machine["location"] != region:
        raise lifecycle.other_region()
    if vault_id:
        _check_vault(ports.store, vault_id, region)
    _check_free(ports.store, machine["id"], vault_id)
    _check_system(machine["properties"].get("storageProfile", {}).get("imageReference") or {})
    _check_disks(ports, machine["id"])
    _check_running(ports, machine["id"])


def _check_vault(store: Store, id: str, region: str) -> None:
    document = store.get(vault.KIND, id)
    if document is None:
        name = ResourceId.parse(id)
        raise resource_not_found(vault.TYPE, name.name, name.group)
    if document.json()["location"] != region:
        raise lifecycle.other_region()


def _check_free(store: Store, machine: str, vault_id: str) -> None:
    """Not one that a vault has; nor one that this vault has stopped, which is resumed instead."""
    for item in items_of(store, machine):
        if item.parent == vault_id.lower():
            raise VIRTUAL_MACHINE_ALREADY_IN_VAULT.error()
        if protected_item.state_of(item.json()) in protected_item.BACKED_UP:
            raise lifecycle.in_other_vault()


def _check_system(image: Json) -> None:
    parts = [str(image.get(key) or "") for key in ("publisher", "offer", "sku")]
    if any(parts) and system_of(*parts) is None:
        raise UNSUPPORTED_DISTRIBUTION.error(image=":".join(parts))


def _check_disks(ports: Ports, machine: str) -> None:
    data_disks = [disk for disk in ports.fabric.disks(machine) if disk.lun != OS_DISK_LUN]
    managed = all(disk.managed_disk_id is not None for disk in data_disks)
    supported_machines.check_disk_count(len(data_disks), ports.settings.data_disks_of(managed))


def _check_running(ports: Ports, machine: str) -> None:
    view = ports.fabric.instance_view(machine)
    if view is None or view.provisioning_state == "Failed":
        raise snapshot_failure.machine_not_provisioned(view.problem if view else None)
    if view.power == "running" and view.agent_status != "Ready":
        raise snapshot_failure.agent_not_ready(f"The agent's status is {view.agent_status or 'unknown'}.")
