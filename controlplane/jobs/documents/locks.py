"""Management locks for jobs: which scopes of a subscription a job must not write to or delete from."""

from __future__ import annotations

from controlplane.domain.compute.restore_point_collection import locked
from controlplane.domain.errors import ServiceError
from controlplane.domain.resources import lock
from controlplane.ports import Store


def forbids(store: Store, method: str, id: str) -> bool:
    """Whether a lock forbids this verb of ARM on a resource."""
    return any(lock.Lock(**document.private).forbids(method, id) for document in store.find(lock.KIND))


def check(store: Store, id: str) -> None:
    """ServiceError where a resource must not be written."""
    try:
        lock.check((lock.Lock(**document.private) for document in store.find(lock.KIND)), "PUT", id)
    except ServiceError as refusal:
        raise locked(refusal.message.rstrip(".")) from None
