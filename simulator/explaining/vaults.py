"""Explains what stands in the way of a vault's deletion, and the az commands that clear it, in their order.

The order matters: a lock refuses every later command, a resource guard wants its owner's consent for them, an immutable
vault keeps its items, a job holds the item that it works on, and the vault goes once no item in it is alive.
"""

from __future__ import annotations

import shlex
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime

from controlplane.domain.arm_id import ResourceId
from controlplane.domain.recovery_services import immutability, protected_item, resource_guard
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.resources import lock
from controlplane.domain.resources.lock import Lock
from controlplane.domain.times import instant
from controlplane.jobs.documents import points
from controlplane.json_object import Json
from controlplane.ports import Document, Store

KIND = "vault"


@dataclass(frozen=True, slots=True)
class Blocker:
    """Something that stands in the way; without commands nothing clears it now."""

    what: str
    commands: tuple[str, ...]
    until: datetime | None = None
    """When it goes by itself."""


def explain(store: Store, document: Document, now: datetime) -> Json:
    """What blocks the deletion of the vault at this moment."""
    vault = document.json()
    id = ResourceId.parse(vault["id"])
    blockers = list(_blockers(store, vault, now))
    can_be_cleared = all(each.commands for each in blockers)
    last = _az("backup vault delete", "-g", id.group, "-n", id.name, "--yes")
    items = [item.json() for item in store.find(protected_item.KIND, document.id)]
    return {
        "kind": KIND,
        "id": vault["id"],
        "name": id.name,
        "deletable": not blockers,
        "blockers": [
            {
                "what": each.what,
                "commands": list(each.commands),
                "until": None if each.until is None else instant(each.until),
            }
            for each in blockers
        ],
        "commands": [*(command for each in blockers for command in each.commands), last] if can_be_cleared else [],
        "soft_deleted_items": sum(protected_item.state_of(item) == "SoftDeleted" for item in items),
    }


def _blockers(store: Store, vault: Json, now: datetime) -> Iterator[Blocker]:
    id = ResourceId.parse(vault["id"])
    alive = [
        item.json()
        for item in store.find(protected_item.KIND, vault["id"])
        if protected_item.state_of(item.json()) != "SoftDeleted"
    ]
    yield from _locks(store, vault["id"])
    if alive:
        yield from _guard(store, vault, id)
        yield from _immutability(store, vault, id, alive, now)
    yield from _jobs(store, vault["id"], id)
    for item in alive:
        yield _item(item, id)


def _locks(store: Store, vault: str) -> Iterator[Blocker]:
    for document in store.find(lock.KIND):
        of_lock, body = Lock(**document.private), document.json()
        if of_lock.forbids("DELETE", vault):
            what = f"the lock {body['name']}, {of_lock.level}, on {of_lock.scope}"
            yield Blocker(what, (_az("lock delete", "--ids", body["id"]),))


def _guard(store: Store, vault: Json, id: ResourceId) -> Iterator[Blocker]:
    for mapping in store.find(resource_guard.PROXY_KIND, vault["id"], limit=1):
        guard = str(mapping.private["guard"]).rpartition("/")[2]
        what = f"the resource guard {guard}, whose owner has to allow that the vault is mapped to it no more"
        yield Blocker(what, (_az("backup vault resource-guard-mapping delete", "-g", id.group, "-n", id.name),))


def _immutability(store: Store, vault: Json, id: ResourceId, alive: list[Json], now: datetime) -> Iterator[Blocker]:
    """An immutable vault keeps items that have recovery points which have not expired."""
    state = immutability.state_of(vault)
    if state == "Disabled":
        return
    held = [point for item in alive for point in points.of_item(store, item["id"].lower())]
    until = max((immutability.kept_until(vault, point) for point in held), default=now)
    if until <= now:
        return
    if state == "Unlocked":
        update = _az("backup vault update", "-g", id.group, "-n", id.name, "--immutability-state", "Disabled")
        yield Blocker("immutability, which is unlocked", (update,), until)
        return
    what = f"immutability, which is locked: nothing deletes its recovery points before {instant(until)}"
    yield Blocker(what, (), until)


def _jobs(store: Store, vault: str, id: ResourceId) -> Iterator[Blocker]:
    for document in store.find(jobs.KIND, vault):
        job = jobs.from_json(document.private["job"])
        if job.status not in jobs.ENDED:
            wait = _az("backup job wait", "-g", id.group, "-v", id.name, "-n", job.id)
            yield Blocker(f"the job {job.operation} of {job.friendly_name}, which is {job.status}", (wait,))


def _item(item: Json, id: ResourceId) -> Blocker:
    properties = item["properties"]
    container = item["id"].split("/")[-3]
    disable = _az(
        "backup protection disable",
        *("-g", id.group, "-v", id.name, "-c", container, "-i", item["name"]),
        *("--backup-management-type", properties["backupManagementType"]),
        *("--workload-type", properties["workloadType"]),
        *("--delete-backup-data", "true", "--yes"),
    )
    state = protected_item.state_of(item)
    return Blocker(f"the protected item {properties['friendlyName']}, which is {state}", (disable,))


def _az(command: str, *words: str) -> str:
    return f"az {command} {shlex.join(words)}"
