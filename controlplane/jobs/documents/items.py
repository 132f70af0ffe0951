"""Protected items across vaults."""

from __future__ import annotations

from controlplane.domain.recovery_services import protected_item
from controlplane.domain.recovery_services.deleted_vault import is_below
from controlplane.ports import Document, Store


def in_vaults(store: Store) -> list[Document]:
    """The items of all vaults. What is kept with a deleted vault is none of them: nobody is kept from protecting its
    machine anew."""
    return [item for item in store.find(protected_item.KIND) if not is_below(item.id)]
