"""Steps of a restore after the bytes are there: managed disks get their resources, and a description lies beside."""

from __future__ import annotations

import json

from controlplane.domain.compute.managed_disk import DEFAULT_SKU, KIND, ManagedDisk
from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.restore import RESTORED_DISK_NAME_TAKEN
from controlplane.domain.recovery_services import restored_disks
from controlplane.domain.recovery_services.provider_answers import WRITE_DISK
from controlplane.domain.recovery_services.restore_template import template
from controlplane.domain.recovery_services.restored_disks import RestoredDisk
from controlplane.jobs.documents import locks, managed_disks, providers
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome, Step
from controlplane.jobs.restore import restore_transfer as transfer
from controlplane.jobs.restore.states import RestoreState
from controlplane.json_object import Json
from controlplane.ports import Blob, Ports, Store


def register(ports: Ports, state: RestoreState) -> Outcome:
    """Managed disks are in their resource group from here on; blobs need nothing."""
    point = transfer.point_of(ports.store, state)
    disks = [disk for disk in transfer.restored_disks(ports, state) if disk.id]
    for disk in disks:
        locks.check(ports.store, disk.id)
        providers.require(ports, WRITE_DISK, disk.id)
        if ports.store.get(KIND, disk.id) is not None:
            raise _name_taken(disk)

    def commit(store: Store) -> None:
        for disk in disks:
            resource = ManagedDisk(
                location=point.machine.location,
                size_gib=disk.size_gib,
                create_option="Restore",
                sku=disk.storage or DEFAULT_SKU,
                os_type=point.machine.os_type if disk.lun == OS_DISK_LUN else "",
                zone=state["zone"],
            )
            managed_disks.register(ports, store, disk.id, resource, ports.blobs.parse(disk.uri))

    return Outcome(state, commit)


def unregister(ports: Ports, state: RestoreState) -> Outcome:
    def commit(store: Store) -> None:
        for made in state["disks"]:
            document = store.get(KIND, made["id"]) if made["id"] else None
            if document is not None and managed_disks.blob_of(document) == transfer.blob_of(made):
                store.delete(KIND, made["id"])

    return Outcome(state, commit)


def _name_taken(disk: RestoredDisk) -> ServiceError:
    return RESTORED_DISK_NAME_TAKEN.error(name=disk.name)


def describe(ports: Ports, state: RestoreState) -> Outcome:
    """The configuration and a template, in the storage account of the request."""
    point = transfer.point_of(ports.store, state)
    disks = transfer.restored_disks(ports, state)
    config, deployment = _config_blob(state), _template_blob(state)
    ports.blobs.put(config, _text(restored_disks.configuration(point, disks)))
    ports.blobs.put(deployment, _text(template(point, disks, state["account_id"])))
    places = {
        "Config Blob Name": config.name,
        "Config Blob Container Name": config.container,
        "Config Blob Uri": ports.blobs.url(config),
        "Template Blob Uri": ports.blobs.url(deployment),
    }
    return Outcome(state, lambda store: records.set_properties(store, state, ports.clock.now(), **places))


def delete_description(ports: Ports, state: RestoreState) -> Outcome:
    ports.blobs.delete(_config_blob(state))
    ports.blobs.delete(_template_blob(state))
    return Outcome(state)


REGISTER = Step("Register the restored disks", do=register, undo=unregister, listed=False)
DESCRIBE = Step("Describe the restored disks", do=describe, undo=delete_description, listed=False)


def _config_blob(state: RestoreState) -> Blob:
    name = restored_disks.config_blob_name(state["vm_name"], state["job"])
    return Blob(state["account"], state["container"], name)


def _template_blob(state: RestoreState) -> Blob:
    return Blob(state["account"], state["container"], restored_disks.template_blob_name(state["job"]))


def _text(document: Json) -> bytes:
    return json.dumps(document, indent=2, ensure_ascii=False).encode()
