"""Plan "ConfigureBackup": protects a machine with a policy; and the other meanings of a PUT of a protected item."""

from __future__ import annotations

from functools import partial

from controlplane.domain import errors
from controlplane.domain.arm_id import ResourceId, backup_name, item_id, vault_id_of
from controlplane.domain.compute import virtual_machine
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.protection import (
    CONTAINER_IS_ALREADY_REGISTERED_WITH_ANOTHER_VAULT,
    INVALID_CONFIGURE_PROTECTION_REQUEST,
    MACHINE_NOT_FOUND,
    PROTECTION_QUOTA_EXCEEDED,
    SOURCE_IS_NOT_A_MACHINE,
    VM_VAULT_LOCATION_MISMATCH,
)
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import policy, protected_item, supported_machines, vault
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.protected_item import PolicyReference, Source
from controlplane.domain.recovery_services.provider_answers import (
    ITEMS_OF_POLICY,
    PROTECTED_ITEMS,
    READ_MACHINE,
    VAULTS_OF_MACHINE,
)
from controlplane.jobs.documents import crash_support, items, machines, managed_disks, policy_effects, providers
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Outcome, Plan, Step
from controlplane.jobs.engine.records import JobOrder, Ticket
from controlplane.jobs.protection import security_alerts, stopping
from controlplane.jobs.protection.states import ConfigureInput, ConfigureState
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, Ports, Store

# ------------------------------------------------------------------------------------------------------------ use case


def configure_protection(ports: Ports, engine: Engine, item_id: str, request: Json) -> Ticket:
    """Protect a machine by a policy, give a protected one another policy, or resume a stopped one. Nothing is installed
    in the machine: the first backup does that. The same request stops, suspends and undeletes; a choice of disks that
    comes with it is part of the change."""
    properties: Json = request.get("properties") or {}
    _check_kind(properties)
    state, exclusion = properties.get("protectionState"), _exclusion(properties)
    if properties.get("isRehydrate"):
        return stopping.undelete(ports, engine, item_id, exclusion)
    if state == "ProtectionStopped":
        return stopping.stop(ports, engine, item_id, exclusion)
    if state == "BackupsSuspended":
        return _suspend(ports, engine, item_id, properties)
    _check_others(ports, item_id, properties)
    with ports.store.transaction():
        return records.open_job(ports, engine, _order(ports, item_id, properties))


def _suspend(ports: Ports, engine: Engine, item_id: str, properties: Json) -> Ticket:
    """The item keeps its policy unless the request names another one."""
    with ports.store.transaction():
        other = _other_policy(ports, item_id, properties)
        return stopping.suspend(ports, engine, item_id, _exclusion(properties), other)


def _other_policy(ports: Ports, item_id: str, properties: Json) -> PolicyReference | None:
    store = ports.store
    item = store.get(protected_item.KIND, item_id)
    present = str(item.json()["properties"].get("policyId") or "").lower() if item else ""
    if not present or str(properties.get("policyId") or present).lower() == present:
        return None
    home = _vault(store, item_id)
    chosen = _policy(store, home, properties)
    _check_change(item, chosen)
    _check_limits(ports, item_id, home, chosen)
    return PolicyReference(chosen.json()["id"], policy.type_of(chosen.json()["properties"]))


def _order(ports: Ports, item_id: str, properties: Json) -> JobOrder:
    home = _vault(ports.store, item_id)
    machine = _machine(ports.store, properties)
    _check_item_name(item_id, home, machine)
    _check_place(ports.store, home, machine)
    chosen = _policy(ports.store, home, properties)
    _check_change(ports.store.get(protected_item.KIND, item_id), chosen)
    _check_supported(ports, machine, chosen)
    _check_limits(ports, item_id, home, chosen)
    job = _job(ports, home.json()["id"], ResourceId.parse(machine.json()["id"]), chosen)
    return _configure(ports, item_id, job, _first_state(ports, item_id, home, machine, chosen, properties))


def order_for(ports: Ports, item: Document, chosen: Document) -> JobOrder:
    """Configures an item again after a change of its policy."""
    body = item.json()
    properties, home = body["properties"], vault_id_of(body["id"])
    state: ConfigureInput = {
        "item": item.id,
        "vault": home,
        "vm": properties["sourceResourceId"],
        "policy": chosen.json()["id"],
        "policy_type": policy.type_of(chosen.json()["properties"]),
        "exclusion": None,
    }
    job = _job(ports, home, ResourceId.parse(properties["sourceResourceId"]), chosen)
    return _configure(ports, item.id, job, state)


def _configure(ports: Ports, item_id: str, job: Job, state: ConfigureInput) -> JobOrder:
    return JobOrder(
        plan=CONFIGURE,
        job=job,
        scope=item_id.lower(),
        state=state,
        lock=stopping.lock_of(item_id),
        conflict=stopping.in_progress(),
        operation_id=records.new_guid(ports.chance),
        operation_waits=True,
        facts={"item": item_id.lower()},
    )


def _check_kind(properties: Json) -> None:
    kind = str(properties.get("protectedItemType") or "")
    if kind.lower() != virtual_machine.KIND:
        raise _invalid_request(f"protectedItemType must be {virtual_machine.TYPE}")
    state = properties.get("protectionState")
    if state is not None and state not in protected_item.STATES.keys() - {"SoftDeleted"}:
        raise _invalid_request(f"the protectionState of an item cannot be set to '{state}'")


def _vault(store: Store, item_id: str) -> Document:
    id = vault_id_of(item_id)
    document = store.get(vault.KIND, id)
    if document is None:
        name = ResourceId.parse(id)
        raise errors.resource_not_found(vault.TYPE, name.name, name.group)
    return document


def _machine(store: Store, properties: Json) -> Document:
    id = str(properties.get("sourceResourceId") or "")
    try:
        is_machine = ResourceId.parse(id).is_a(virtual_machine.TYPE)
    except ValueError:
        is_machine = False
    if not is_machine:
        raise SOURCE_IS_NOT_A_MACHINE.error()
    return machine_of(store, id)


def machine_of(store: Store, id: str) -> Document:
    machine = store.get(virtual_machine.KIND, id)
    if machine is None:
        raise MACHINE_NOT_FOUND.error()
    return machine


def _check_item_name(id: str, home: Document, machine: Document) -> None:
    name = ResourceId.parse(machine.json()["id"])
    if id.lower() != item_id(home.json()["id"], name.group, name.name).lower():
        raise _invalid_request(
            "the names of the container and the item must be those of the machine and its resource group"
        )


def _check_place(store: Store, home: Document, machine: Document) -> None:
    if home.json()["location"] != machine.json()["location"]:
        raise other_region()
    if any(item.parent != home.id for item in items.held_by(store, machine.id)):
        raise in_other_vault()


def other_region() -> ServiceError:
    return VM_VAULT_LOCATION_MISMATCH.error()


def in_other_vault() -> ServiceError:
    return CONTAINER_IS_ALREADY_REGISTERED_WITH_ANOTHER_VAULT.error()


def _check_supported(ports: Ports, machine: Document, chosen: Document) -> None:
    attached = ports.fabric.disks(machine.json()["id"])
    skus = [managed_disks.sku(ports.store, disk.managed_disk_id) for disk in attached]
    rules = chosen.json()["properties"]
    supported_machines.check_policy(policy.type_of(rules), machines.security_type(machine.json()), skus)
    if supported_machines.wants_crash_consistent_alone(rules):
        crash_support.check(ports.store, machine.id, attached)


def _check_limits(ports: Ports, item_id: str, home: Document, chosen: Document) -> None:
    """So many machines a vault, and so many of them under one policy."""
    limits = ports.settings.limits
    others = [item for item in ports.store.find(protected_item.KIND, home.id) if item.id != item_id.lower()]
    _check_quota(len(others), limits.protected)
    policies = (str(item.json()["properties"].get("policyId")).lower() for item in others)
    policy.check_room(sum(id == chosen.id for id in policies), limits.machines_per_policy)


def _check_quota(present: int, limit: int) -> None:
    if limit and present >= limit:
        raise PROTECTION_QUOTA_EXCEEDED.error(limit=limit)


def _check_others(ports: Ports, item_id: str, properties: Json) -> None:
    """The same limits, and the vault of the machine, where others count that are not documents of this world."""
    id, others = vault_id_of(item_id), ports.providers.others
    if others(VAULTS_OF_MACHINE, str(properties.get("sourceResourceId") or "")):
        raise in_other_vault()
    more, limits = others(PROTECTED_ITEMS, id), ports.settings.limits
    if more:
        _check_quota(more + len(ports.store.find(protected_item.KIND, id)), limits.items)
    policy.check_room(others(ITEMS_OF_POLICY, str(properties.get("policyId") or "")), limits.machines_per_policy)


def _policy(store: Store, home: Document, properties: Json) -> Document:
    id = str(properties.get("policyId") or "")
    if not id:
        raise _invalid_request("a policy must be specified")
    document = store.get(policy.KIND, id)
    if document is None or document.parent != home.id:
        raise policy.unknown(id.rpartition("/")[2])
    if document.json()["properties"].get("backupManagementType") != "AzureIaasVM":
        raise policy.not_for_provider()
    return document


def _check_change(item: Document | None, chosen: Document) -> None:
    if item is None:
        return
    body = item.json()
    protected_item.check_alive(body)
    enhanced = body["properties"].get("policyType") == "V2"
    if enhanced and policy.type_of(chosen.json()["properties"]) == "V1":
        raise errors.invalid_backup_input(
            "policyId", "an item cannot be moved from an enhanced policy to a standard one"
        )


def _invalid_request(reason: str) -> ServiceError:
    return INVALID_CONFIGURE_PROTECTION_REQUEST.error(reason=reason)


def _job(ports: Ports, home: str, name: ResourceId, chosen: Document) -> Job:
    """`name` is the machine's."""
    return Job(
        id=records.new_guid(ports.chance),
        vault=home,
        operation="ConfigureBackup",
        container=backup_name(name.group, name.name),
        friendly_name=name.name,
        activity=records.new_guid(ports.chance),
        started=ports.clock.now(),
        tasks=records.tasks_of(CONFIGURE),
        properties={"VM Name": name.name, "Policy Name": chosen.json()["name"]},
    )


def _first_state(
    ports: Ports, item_id: str, home: Document, machine: Document, chosen: Document, properties: Json
) -> ConfigureInput:
    return {
        "item": item_id.lower(),
        "vault": home.json()["id"],
        "vm": machine.json()["id"],
        "location": machine.json()["location"],
        "policy": chosen.json()["id"],
        "policy_type": policy.type_of(chosen.json()["properties"]),
        "exclusion": _exclusion(properties),
        "item_number": str(ports.chance.randrange(10**13, 10**18)),
    }


def _exclusion(properties: Json) -> Json | None:
    """Extended properties that say nothing of disks take back what was said before; no such properties keep it."""
    extended = properties.get("extendedProperties")
    return None if extended is None else extended.get("diskExclusionProperties") or {}


# --------------------------------------------------------------------------------------------------------------- steps


def protect(ports: Ports, state: ConfigureState) -> Outcome:
    """The item appears, or changes, in one transaction: there is nothing to undo."""
    providers.require(ports, READ_MACHINE, state["vm"])

    def commit(store: Store) -> None:
        item = store.get(protected_item.KIND, state["item"])
        if item is not None:
            before, private = item.json(), item.private
        else:
            before, private = _new_item(state), {}
        chosen, now = PolicyReference(state["policy"], state["policy_type"]), ports.clock.now()
        security_alerts.item_kept_for_less(store, before, chosen.id, now, state["job"], partial(records.event, state))
        body = protected_item.configured(before, chosen, _exclusion_for(before, state["exclusion"]))
        rules = store.get(policy.KIND, chosen.id)
        if item is not None and rules is not None and _keeps_otherwise(item, rules):
            properties, tell = rules.json()["properties"], partial(_tell, store, state)
            private = policy_effects.begun(store, item.id, private, properties, now, tell)
        private = protected_item.with_policy_applied(private, rules.etag if rules else "")
        if _begins_anew(before, chosen):
            private = protected_item.with_owed_day(protected_item.with_schedule_until(private, now), None)
        store.put(protected_item.KIND, state["item"], body, parent=state["vault"], private=private)
        _tell(store, state, events.ItemState(body["id"], protected_item.state_of(body)))

    return Outcome(state, commit)


def _tell(store: Store, state: ConfigureState, fact: Fact) -> None:
    store.record(records.event(state, fact))


def _new_item(state: ConfigureState) -> Json:
    return protected_item.new(state["vault"], Source(state["vm"], state["location"]), state["item_number"])


def _exclusion_for(before: Json, exclusion: Json | None) -> Json | None:
    """Who resumes a stopped item chooses its disks again: documented for selective disk backup."""
    resumed = protected_item.state_of(before) == "ProtectionStopped" and "extendedProperties" in before["properties"]
    return {} if resumed and exclusion is None else exclusion


def _keeps_otherwise(item: Document, rules: Document) -> bool:
    """Whether the policy is another one than the item followed, or has changed since."""
    same = str(item.json()["properties"].get("policyId")).lower() == rules.id
    return not same or protected_item.policy_applied(item.private) != rules.etag


def _begins_anew(before: Json, chosen: PolicyReference) -> bool:
    """Whether the next due time of the policy is the first that counts."""
    active = protected_item.state_of(before) in protected_item.BACKED_UP
    return not active or str(before["properties"].get("policyId")).lower() != chosen.id.lower()


CONFIGURE = Plan("ConfigureBackup", (Step("Configure protection", do=protect, listed=False),))
