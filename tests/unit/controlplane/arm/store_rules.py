"""What holds of every store that ARM has written to, whatever happened."""

from __future__ import annotations

from controlplane.arm.edge.call import GROUP_KIND
from controlplane.domain.recovery_services.vault import KIND as VAULTS
from controlplane.ports import Document, Store


def check_store(store: Store) -> None:
    """Every resource is under its own id, and lies in what exists."""
    for found in every_document(store):
        body = found.json()
        assert isinstance(body, dict), found.id
        if not found.kind.startswith("microsoft.") or "/resourcegroups/" not in found.id:
            continue
        assert body.get("id", found.id).lower() == found.id
        group = "/".join(found.id.split("/")[:5])
        assert store.get(GROUP_KIND, group), f"{found.id} lies in no group"
        above, vaults, below = found.id.partition(f"/{VAULTS}/")
        if "/" in below:
            vault = f"{above}{vaults}{below.partition('/')[0]}"
            assert store.get(VAULTS, vault), f"{found.id} lies in no vault"


def every_document(store: Store) -> list[Document]:
    return [found for kind in store.kinds() for found in store.find(kind)]
