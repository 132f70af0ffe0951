"""Deleted vaults: a vault is kept with its soft-deleted items, and undeleted or purged with them.

None of it touches the storage: items are purged by their own time (`expiry`), wherever they lie.
"""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.domain.arm_id import ResourceId
from controlplane.domain.due import Due
from controlplane.domain.errors.protection import OBJECT_LOCKED
from controlplane.domain.events import service as events
from controlplane.domain.recovery_services import (
    deleted_vault,
    job,
    policy,
    protected_item,
    recovery_point,
    resource_guard,
    vault,
    vault_settings,
)
from controlplane.domain.recovery_services.deleted_vault import moved, moved_id
from controlplane.jobs.documents import sessions, vault_operations
from controlplane.jobs.engine import records
from controlplane.jobs.retention.expiry import EXPIRED
from controlplane.json_object import Json
from controlplane.ports import Document, Ports, Store

IN_A_VAULT = (policy.KIND, job.KIND, protected_item.KIND, resource_guard.PROXY_KIND, vault_operations.KIND)
VAULT = "vault"
"""Kind of what is due: the end of a deleted vault."""
IN_AN_ITEM = (recovery_point.KIND, EXPIRED, sessions.KIND)


def delete(ports: Ports, vault_document: Document) -> Json:
    """Delete a vault, inside the caller's transaction; returns the deleted vault that is kept."""
    store, body = ports.store, vault_document.json()
    items = [item.json() for item in store.find(protected_item.KIND, vault_document.id)]
    vault.check_deletion(protected_item.state_of(item) for item in items)
    _check_idle(store, vault_document.id)
    kept = deleted_vault.body(body, items, records.new_guid(ports.chance), ports.clock.now())
    _move(store, body["id"], kept["id"])
    place = kept["id"].rpartition("/deletedVaults/")[0]
    store.put(
        deleted_vault.KIND, kept["id"], kept, parent=place, private={"vault": body, "private": vault_document.private}
    )
    store.delete(vault.KIND, vault_document.id)
    _tell(store, body["id"], "Deleted")
    return kept


def undelete(ports: Ports, deleted: Document, group: Json) -> Json:
    """Bring a deleted vault back into a group, inside the caller's transaction, with all that was kept of it."""
    store, kept = ports.store, deleted.json()
    id = deleted_vault.recovered_id(kept, group["id"])
    if store.get(vault.KIND, id) is not None:
        raise deleted_vault.name_taken(ResourceId.parse(id).name, group["name"])
    old = kept["properties"]["vaultId"]
    body = vault.stamped(moved(deleted.private["vault"], old, id), ports.clock.now())
    store.put(vault.KIND, id, body, parent=group["id"], private=deleted.private["private"])
    _move(store, kept["id"], id)
    store.delete(deleted_vault.KIND, deleted.id)
    _tell(store, id, "Active")
    return body


def dues(store: Store) -> Iterator[Due]:
    """The end of each deleted vault. Items keep theirs as long as they are there."""
    for deleted in store.find(deleted_vault.KIND):
        if not store.find(protected_item.KIND, deleted.id, limit=1):
            body = deleted.json()
            yield Due(deleted_vault.end(body), VAULT, body["id"])


def purge(ports: Ports, id: str, early: bool = False) -> bool:
    """Purge a deleted vault whose time is over, with all that is left of it, once its items are gone; whether it was.

    `early`: also one that has time left.
    """
    store = ports.store
    with store.transaction():
        deleted = store.get(deleted_vault.KIND, id)
        if deleted is None or not (early or deleted_vault.end(deleted.json()) <= ports.clock.now()):
            return False
        if store.find(protected_item.KIND, deleted.id, limit=1):
            return False
        for document in list(_inside(store, deleted.id)):
            store.delete(document.kind, document.id)
        store.delete(deleted_vault.KIND, deleted.id)
        _tell(store, deleted.id, "Purged")
    return True


def purge_at_once(ports: Ports) -> int:
    """Deleted vaults end now, whatever time they have left; returns how many did."""
    return sum(purge(ports, deleted.id, early=True) for deleted in ports.store.find(deleted_vault.KIND))


def end_mapping(store: Store, mapping: Document) -> None:
    """A deleted vault has no resource guard any more, inside the caller's transaction."""
    deleted = store.get(deleted_vault.KIND, mapping.parent)
    assert deleted is not None, "a mapping lies in a vault"
    body = deleted.private["vault"]
    alone = body | {"properties": vault_settings.with_authorization(body["properties"], guarded=False)}
    store.put(deleted_vault.KIND, deleted.id, deleted.json(), private=deleted.private | {"vault": alone})
    store.delete(resource_guard.PROXY_KIND, mapping.id)


def _check_idle(store: Store, vault_id: str) -> None:
    """Nothing may move under the feet of a job."""
    jobs = (job.from_json(document.private["job"]) for document in store.find(job.KIND, vault_id))
    if any(each.status not in job.ENDED for each in jobs):
        raise OBJECT_LOCKED.error()


def _inside(store: Store, vault_id: str) -> Iterator[Document]:
    """Everything in a vault, the parts of an item before the item."""
    for item in store.find(protected_item.KIND, vault_id):
        for kind in IN_AN_ITEM:
            yield from store.find(kind, item.id)
    for kind in IN_A_VAULT:
        yield from store.find(kind, vault_id)


def _move(store: Store, old: str, new: str) -> None:
    """Give everything in a vault ids below another one."""
    for document in list(_inside(store, old)):
        store.delete(document.kind, document.id)
        store.put(
            document.kind,
            moved_id(document.id, old, new),
            moved(document.json(), old, new),
            parent=moved_id(document.parent, old, new),
            private=moved(document.private, old, new),
        )


def _tell(store: Store, id: str, state: str) -> None:
    store.record(events.VaultState(id, state).event())
