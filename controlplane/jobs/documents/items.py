"""Protected items across vaults."""

from __future__ import annotations

from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.deleted_vault import is_below
from controlplane.ports import Document, Store


def held_by(store: Store, machine: str) -> list[Document]:
    """Items by which a vault has a machine for itself: those that are backed up. One that keeps what it has, or is
    soft-deleted, leaves the machine to other vaults."""
    active = (item for item in in_vaults(store) if protected_item.state_of(item.json()) in protected_item.BACKED_UP)
    return [item for item in active if _source_of(item).lower() == machine.lower()]


def _source_of(item: Document) -> str:
    return str(item.json()["properties"]["sourceResourceId"])


def in_vaults(store: Store) -> list[Document]:
    """The items of all vaults. What is kept with a deleted vault is none of them: nobody is kept from protecting its
    machine anew."""
    return [item for item in store.find(protected_item.KIND) if not is_below(item.id)]
