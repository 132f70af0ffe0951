"""Plans that end protection or restore it: stop, suspend, delete, undelete.

None of them touches the storage: a deleted item keeps all it has until its time is over. What happens then stands in
controlplane.jobs.retention.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from functools import partial

from controlplane.domain import errors
from controlplane.domain.arm_id import vault_id_of
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.protection import (
    CONFLICTING_PROTECTION_OPERATION,
    ITEM_HAS_NO_POLICY,
    ITEM_IS_NOT_SOFT_DELETED,
    OBJECT_LOCKED,
)
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import policy, protected_item, recovery_point, vault
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.protected_item import PolicyReference
from controlplane.jobs.documents import policy_effects
from controlplane.jobs.engine import item_locks, records
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.jobs.protection import security_alerts, vault_rules
from controlplane.jobs.protection.states import ItemChanges, StoppingInput, StoppingState
from controlplane.json_object import Json
from controlplane.ports import Engine, Ports, Store

# ----------------------------------------------------------------------------------------------------------- use cases


def stop(ports: Ports, engine: Engine, item_id: str, exclusion: Json | None = None) -> Ticket:
    """No more backups; what there is stays until somebody deletes it. `exclusion` is what the request says of disks,
    here and in the two below: diskExclusionProperties, which count once protection is resumed."""
    with ports.store.transaction():
        item = _require_alive(ports.store, item_id)
        return _open(ports, engine, STOP, item, "DisableBackup", {"Policy Name": ""}, {"exclusion": exclusion})


def suspend(
    ports: Ports,
    engine: Engine,
    item_id: str,
    exclusion: Json | None = None,
    other_policy: PolicyReference | None = None,
) -> Ticket:
    """No more backups; existing recovery points expire as the policy says, or from now on as another one says."""
    with ports.store.transaction():
        item = _require_alive(ports.store, item_id)
        if protected_item.state_of(item) == "ProtectionStopped":
            raise ITEM_HAS_NO_POLICY.error()
        name = other_policy.name if other_policy else item["properties"]["policyName"]
        changes: ItemChanges = {"exclusion": exclusion}
        if other_policy is not None:
            changes |= {"policy": other_policy.id, "policy_type": other_policy.type}
        return _open(ports, engine, SUSPEND, item, "DisableBackup", {"Policy Name": name}, changes)


def delete(ports: Ports, engine: Engine, item_id: str) -> Ticket | None:
    """Soft-delete an item with all its recovery points; None if there is no such item."""
    with ports.store.transaction():
        if ports.store.get(protected_item.KIND, item_id) is None:
            return None
        item = _require_alive(ports.store, item_id)
        id = item_id.lower()
        if item_locks.is_backed_up(ports.store, id) or item_locks.is_restored(ports.store, id):
            raise object_locked()
        count = len(ports.store.find(recovery_point.KIND, item_id))
        return _open(ports, engine, DELETE, item, "DeleteBackupData", {"Number of Recovery Points": str(count)}, {})


def undelete(ports: Ports, engine: Engine, item_id: str, exclusion: Json | None = None) -> Ticket:
    """Take a soft-deleted item back, with protection stopped."""
    with ports.store.transaction():
        item = _require(ports.store, item_id)
        if protected_item.state_of(item) != "SoftDeleted":
            raise ITEM_IS_NOT_SOFT_DELETED.error()
        return _open(ports, engine, UNDELETE, item, "Undelete", {"Undelete flag": "True"}, {"exclusion": exclusion})


def lock_of(item_id: str) -> str:
    """What changes the state of an item happens one at a time."""
    return f"{item_id.lower()}|configure"


def object_locked() -> ServiceError:
    return OBJECT_LOCKED.error()


def in_progress() -> ServiceError:
    return CONFLICTING_PROTECTION_OPERATION.error()


def _require(store: Store, item_id: str) -> Json:
    document = store.get(protected_item.KIND, item_id)
    if document is None:
        raise errors.item_not_found(item_id.rpartition("/")[2])
    return document.json()


def _require_alive(store: Store, item_id: str) -> Json:
    item = _require(store, item_id)
    protected_item.check_alive(item)
    return item


def _open(
    ports: Ports,
    engine: Engine,
    plan: Plan,
    item: Json,
    operation: str,
    properties: Mapping[str, str],
    changes: ItemChanges,
) -> Ticket:
    item_properties, home = item["properties"], vault_id_of(item["id"])
    job = Job(
        id=records.new_guid(ports.chance),
        vault=home,
        operation=operation,
        container=item_properties["containerName"],
        friendly_name=item_properties["friendlyName"],
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=records.tasks_of(plan),
        properties={"VM Name": item_properties["friendlyName"], **properties},
    )
    state: StoppingInput = {
        "item": item["id"].lower(),
        "vault": home,
        "vm": item_properties["sourceResourceId"],
        **changes,
    }
    order = JobOrder(
        plan=plan,
        job=job,
        scope=item["id"].lower(),
        state=state,
        lock=lock_of(item["id"]),
        conflict=in_progress(),
        operation_id=records.new_guid(ports.chance),
        operation_waits=True,
        facts={"item": item["id"].lower()},
    )
    return records.open_job(ports, engine, order)


# --------------------------------------------------------------------------------------------------------------- plans


def _fire_nothing(ports: Ports, store: Store, state: StoppingState, body: Json) -> None:
    return None


@dataclass(frozen=True, slots=True)
class _Change:
    """A step that does no more than change the item, in one transaction: there is nothing to undo. What the request
    says of disks is part of every such change."""

    to: Callable[[Ports, StoppingState, Json], Json]
    """The new body, from the ports, the state of the job and the body before."""
    warn: Callable[[Ports, Store, StoppingState, Json], None] = _fire_nothing
    """Fires an alert of the change, from the body after."""

    def __call__(self, ports: Ports, state: StoppingState) -> Outcome:
        def commit(store: Store) -> None:
            before = _require(store, state["item"])
            if "policy" in state:
                now, tell = ports.clock.now(), partial(records.event, state)
                security_alerts.item_kept_for_less(store, before, state["policy"], now, state["job"], tell)
            body = self.to(ports, state, before)
            body = protected_item.with_exclusion(body, state.get("exclusion"))
            store.put(protected_item.KIND, state["item"], body, private=_private(ports, store, state))
            told = events.ItemState(body["id"], protected_item.state_of(body))
            store.record(records.event(state, told))
            self.warn(ports, store, state, body)

        return Outcome(state, commit)


def _private(ports: Ports, store: Store, state: StoppingState) -> Json | None:
    """What the service remembers of an item that comes under another policy, whose effects begin; None: what it
    remembered before."""
    item = store.get(protected_item.KIND, state["item"])
    rules = store.get(policy.KIND, state["policy"]) if "policy" in state else None
    if item is None or rules is None:
        return None
    now = ports.clock.now()

    def tell(fact: Fact) -> None:
        store.record(records.event(state, fact))

    private = protected_item.with_policy_applied(item.private, rules.etag)
    return policy_effects.begun(store, item.id, private, rules.json()["properties"], now, tell)


def _suspended(ports: Ports, state: StoppingState, item: Json) -> Json:
    other = PolicyReference(state["policy"], state["policy_type"]) if "policy" in state else None
    return protected_item.suspended(item, other)


def _soft_deleted(ports: Ports, state: StoppingState, item: Json) -> Json:
    if protected_item.state_of(item) == "SoftDeleted":
        return item
    home = ports.store.get(vault.KIND, state["vault"])
    return protected_item.deleted(item, ports.clock.now(), vault.soft_delete_days(home.json() if home else {}))


def _delete(ports: Ports, state: StoppingState) -> Outcome:
    vault_rules.check_immutability(ports, state["item"])
    return _Change(_soft_deleted, _warn_of_deletion)(ports, state)


def _warn_of_deletion(ports: Ports, store: Store, state: StoppingState, body: Json) -> None:
    security_alerts.data_deleted(store, body, ports.clock.now(), state["job"], partial(records.event, state))


def _undeleted(ports: Ports, state: StoppingState, item: Json) -> Json:
    return protected_item.undeleted(item) if protected_item.state_of(item) == "SoftDeleted" else item


STOP = Plan(
    "DisableBackup",
    (Step("Stop protection", do=_Change(lambda ports, state, item: protected_item.stopped(item)), listed=False),),
)
SUSPEND = Plan(
    "SuspendBackup",
    (Step("Suspend backups", do=_Change(_suspended), listed=False),),
)
DELETE = Plan("DeleteBackupData", (Step("Delete backup data", do=_delete, listed=False),))
UNDELETE = Plan("Undelete", (Step("Undelete", do=_Change(_undeleted), listed=False),))
