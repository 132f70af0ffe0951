"""Change of a policy: each of its items is configured again by a job of its own."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import partial

from controlplane.domain.errors import ServiceError
from controlplane.domain.events.event import Fact
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services import protected_item
from controlplane.domain.resources import operation
from controlplane.jobs.documents import policy_effects
from controlplane.jobs.engine import records
from controlplane.jobs.protection import lifecycle
from controlplane.json_object import Json
from controlplane.ports import Document, Engine, Ports, Store


def items_under(store: Store, policy: Document) -> list[Document]:
    """The items that are backed up by this policy."""
    items = store.find(protected_item.KIND, policy.parent)
    return [item for item in items if _is_under(item.json(), policy.id)]


def _is_under(item: Json, policy: str) -> bool:
    active = protected_item.state_of(item) in protected_item.BACKED_UP
    return active and str(item["properties"].get("policyId")).lower() == policy


def take_effect(ports: Ports, policy: Document) -> None:
    """Note what a changed policy means for the recovery points of all its items, suspended ones too. To be called in
    the transaction that changes it, before `configure_anew`."""
    store, now, properties = ports.store, ports.clock.now(), policy.json()["properties"]
    for item in store.find(protected_item.KIND, policy.parent):
        body = item.json()
        state = protected_item.state_of(body)
        if state not in protected_item.UNDER_POLICY or str(body["properties"].get("policyId")).lower() != policy.id:
            continue
        if state in protected_item.BACKED_UP:
            # It is configured anew, which does the rest unless something else is done to it.
            private = policy_effects.clean_up_noted(item.private, now)
        else:
            tell = partial(_tell, store, body["properties"]["sourceResourceId"])
            private = policy_effects.begun(store, item.id, item.private, properties, now, tell)
        store.put(protected_item.KIND, item.id, body, private=private)


def _tell(store: Store, vm: str, fact: Fact) -> None:
    store.record(fact.event(vm=vm))


def configure_anew(ports: Ports, engine: Engine, policy: Document, items: Sequence[Document]) -> str:
    """The id of the operation that ends with the last of the jobs. To be called in the transaction that changes the
    policy. An item that something else is done to is named among what failed, and goes on by its old settings."""
    begun: list[str] = []
    refused: dict[str, str] = {}
    for item in items:
        order = lifecycle.order_for(ports, item, policy)
        try:
            records.open_job(ports, engine, order)
        except ServiceError as error:
            refused[item.json()["name"]] = error.code
        else:
            begun.append(order.job.document)
    id = records.new_guid(ports.chance)
    body = operation.running(id, ports.clock.now())
    ports.store.put(operation.KIND, id, body, parent=policy.id, private={"jobs": begun, "refused": refused})
    return id


@dataclass(frozen=True, slots=True)
class Progress:
    """What became of the jobs of such an operation."""

    ended: bool
    ids: list[str]
    failed: dict[str, str]
    """Job or item, and the code of what went wrong with it."""


def progress_of(store: Store, operation: Document) -> Progress:
    jobs_of_change = [jobs.from_json(document.private["job"]) for document in _documents(store, operation)]
    failed = {job.id: str(job.errors[0]["errorTitle"]) for job in jobs_of_change if job.errors}
    return Progress(
        ended=all(job.ended for job in jobs_of_change),
        ids=[job.id for job in jobs_of_change],
        failed=operation.private["refused"] | failed,
    )


def _documents(store: Store, operation: Document) -> list[Document]:
    documents = (store.get(jobs.KIND, id) for id in operation.private["jobs"])
    return [document for document in documents if document is not None]
