"""Microsoft.Authorization/locks: on a subscription, a resource group or a resource, and their effect on every write."""

from __future__ import annotations

from collections.abc import Iterable

from controlplane.arm.edge.call import Answer, Call, RequestBody, rows
from controlplane.arm.edge.filters import AT_SCOPE
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.edge.scopes import every_scope, existing_scope
from controlplane.domain import errors
from controlplane.domain.errors.arm import LOCK_NOT_FOUND
from controlplane.domain.resources.lock import KIND, LEVELS, TYPE, Lock
from controlplane.domain.resources.lock import check as check_locks


class PropertiesRequest(RequestBody):
    level: str | None = None
    notes: str | None = None


class LockRequest(RequestBody):
    properties: PropertiesRequest = PropertiesRequest()


def check(call: Call) -> None:
    """Refuse a request that a lock forbids."""
    locks = call.ports.store.find(KIND)
    check_locks((Lock(**lock.private) for lock in locks), call.method, call.id)


def put_lock(call: Call) -> Answer:
    request = call.read(LockRequest).properties
    level = {each.lower(): each for each in LEVELS}.get((request.level or "").lower())
    if level is None:
        raise errors.invalid_content(f"the level of a lock must be one of {', '.join(LEVELS)}")
    scope = existing_scope(call, TYPE)
    notes = {"notes": request.notes} if request.notes else {}
    with call.ports.store.transaction():
        existing = call.find(KIND)
        id = existing.json()["id"] if existing else call.id
        body = {"properties": {"level": level, **notes}, "id": id, "type": TYPE, "name": id.rpartition("/")[2]}
        body, private = call.with_kept(LockRequest, body), {"scope": scope, "level": level}
        document = call.ports.store.put(KIND, call.id, body, parent=scope, private=private)
    return call.stored(document, 200 if existing else 201)


def get_lock(call: Call) -> Answer:
    document = call.find(KIND)
    if document is None:
        raise LOCK_NOT_FOUND.error(lock=call.names["lock"])
    return call.stored(document)


def delete_lock(call: Call) -> Answer:
    return Answer(200 if call.ports.store.delete(KIND, call.id) else 204)


def list_locks(call: Call) -> Answer:
    """The locks of a scope and of everything below it; with the filter `atScope()` only its own."""
    scope = existing_scope(call, TYPE)
    if call.query.get("$filter", "").lower() == AT_SCOPE:
        return call.page(rows(call.by_id(KIND, scope)))
    inside = f"{scope.lower()}/"
    return call.page(rows(lock for lock in call.by_id(KIND, None) if lock.id.startswith(inside)))


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    """Locks stand below every scope."""
    return tuple(route for scope in every_scope(described) for route in _routes(f"{scope}/providers/{TYPE}"))


def _routes(path: str) -> tuple[Route, ...]:
    lock = f"{path}/{{lock}}"
    return (
        Route("PUT", lock, put_lock, body=LockRequest),
        reading(lock, get_lock),
        Route("DELETE", lock, delete_lock, codes=(200, 204)),
        reading(path, list_locks),
    )
