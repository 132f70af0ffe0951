"""Managed disks in the store: the document beside the blob, and the virtual machine that owns a disk."""

from __future__ import annotations

from controlplane.domain.compute.managed_disk import ATTACHED, KIND, UNATTACHED, ManagedDisk, body
from controlplane.domain.compute.virtual_machine import KIND as MACHINE
from controlplane.json_object import Json
from controlplane.ports import Blob, Document, Ports, Store

CONTAINER = "disks"
FORMER_OWNER = "former_owner"
"""In the private part of a disk: the ARM id of the machine that had it last."""
BEFORE_BYTES = "before_bytes"
"""In the private part of a disk that grows: the bytes of its blob before that."""


def new_blob(ports: Ports, unique_id: str) -> Blob:
    """Where another managed disk is to lie."""
    return Blob(ports.settings.managed_disks_account, CONTAINER, f"{unique_id}.vhd")


def register(
    ports: Ports, store: Store, id: str, disk: ManagedDisk, blob: Blob, provisioning_state: str = "Succeeded"
) -> Document:
    """Write the document of a new disk; DocumentExists where there is one of its name."""
    resource = body(id, disk, blob.name.removesuffix(".vhd"), ports.clock.now())
    resource["properties"]["provisioningState"] = provisioning_state
    private = {"blob": {"account": blob.account, "container": blob.container, "name": blob.name}}
    parent = id.partition("/providers/")[0]
    return store.put(KIND, id, resource, parent=parent, private=private, if_none_match=True)


def blob_of(document: Document) -> Blob:
    return Blob(**document.private["blob"])


def sku(store: Store, id: str | None) -> str:
    """The kind of storage of a managed disk; empty for an unmanaged one, and for one that is gone."""
    document = store.get(KIND, id) if id else None
    return str(document.json()["sku"]["name"]) if document else ""


def size_gib(store: Store, id: str | None) -> int:
    """0 for an unmanaged disk, and for one that is gone."""
    document = store.get(KIND, id) if id else None
    return int(document.json()["properties"]["diskSizeGB"]) if document else 0


def grows(store: Store, id: str | None) -> bool:
    """Whether a managed disk is being made larger, or was and did not end: its footer may not be at its end."""
    document = store.get(KIND, id) if id else None
    if document is None:
        return False
    return BEFORE_BYTES in document.private or document.json()["properties"]["provisioningState"] == "Updating"


def is_private(store: Store, id: str | None) -> bool:
    """Whether a managed disk can only be reached through a private endpoint."""
    document = store.get(KIND, id) if id else None
    return document is not None and document.json()["properties"].get("networkAccessPolicy") == "AllowPrivate"


def set_owner(store: Store, id: str, vm: str | None) -> None:
    """Make a virtual machine the owner of a disk, or none. A deleted disk is ignored."""
    document = store.get(KIND, id)
    if document is None:
        return
    resource = document.json()
    former = resource.pop("managedBy", None)
    if vm is not None:
        resource["managedBy"] = vm
    state = UNATTACHED if vm is None else ATTACHED
    private = document.private if former is None else document.private | {FORMER_OWNER: former}
    store.put(KIND, id, resource | {"properties": resource["properties"] | {"diskState": state}}, private=private)


def show_in_machine(store: Store, disk: Json, changes: Json) -> None:
    """Write into the machine that has a disk, if one has it, what has changed of the disk; `managedDisk` is joined."""
    machine = store.get(MACHINE, disk.get("managedBy", ""))
    if machine is None:
        return
    shown = machine.json()
    profile = shown["properties"]["storageProfile"]
    for each in (profile["osDisk"], *profile.get("dataDisks", [])):
        reference = each.get("managedDisk", {})
        if reference.get("id", "").lower() == disk["id"].lower():
            each |= changes | {"managedDisk": reference | changes.get("managedDisk", {})}
    if shown != machine.json():
        store.put(MACHINE, machine.id, shown)
