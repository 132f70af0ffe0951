"""Plan "DeleteGroup": deletes everything in a resource group by its own deletion, then the group.

What is being made when the deletion begins is waited for, without a worker: Azure does not refuse a deletion for it.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime, timedelta

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Cause, Event, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources import operation
from controlplane.domain.resources.resource_group import KIND, in_state
from controlplane.jobs.engine.plan import JobLog, Outcome, Plan, Step
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.jobs.provisioning.resource_log import ResourceState
from controlplane.jobs.requests import Requests
from controlplane.json_object import Json
from controlplane.ports import Ports, Store

DELETE_GROUP = "DeleteGroup"
LONGEST = timedelta(hours=1)
"""World time for which what is being made is waited for."""
LOOK_SECONDS = 0.1
_ENDED = frozenset({"Succeeded", "Failed", "Canceled"})


class GroupState(ResourceState):
    """`resource` is the ARM id of the group."""

    history: list[str]
    """Kinds of the documents below the group that have no deletion of their own."""


def deleting(requests_of: Callable[[], Requests]) -> Plan:
    """The plan. `requests_of` is asked at each start, so that engine and service can be made in either order."""

    def delete(ports: Ports, state: GroupState) -> Waiting[Outcome]:
        requests, group = requests_of(), state["resource"]
        cause, limit = Cause(state["event"], state["job"]), ports.clock.now() + LONGEST
        while left := _delete_resources(requests, group, cause):
            if not (yield from _one_more_has_ended(requests, group, set(left), limit)):
                raise _blocked(group, left)
        return Outcome(state, lambda store: _forget(store, state))

    return Plan(DELETE_GROUP, (Step("Delete resources", do=delete, listed=False),), job_log=_GroupLog())


def _delete_resources(requests: Requests, group: str, cause: Cause) -> dict[str, ServiceError]:
    """Delete what can be deleted; returns the ids of what stays, and why. Some resources only go after others that use
    them, so all are tried again for as long as that helps."""
    left = -1
    while True:
        refusals: dict[str, ServiceError] = {}
        for resource in requests.resources_of(group):
            try:
                requests.delete(resource["id"], cause)
            except ServiceError as error:
                refusals[resource["id"]] = error
        if len(refusals) in (0, left):
            return refusals
        left = len(refusals)


def _one_more_has_ended(requests: Requests, group: str, left: set[str], limit: datetime) -> Waiting[bool]:
    """False: nothing of what is left is being made, or it takes too long."""
    busy = left & _under_way(requests, group)
    if not busy:
        return False
    what = f"what is being made in the resource group {group.rpartition('/')[2]}"
    return (yield Wait(what, lambda: not busy <= _under_way(requests, group), limit, LOOK_SECONDS))


def _under_way(requests: Requests, group: str) -> set[str]:
    """The ids of what is still being made or changed."""
    return {resource["id"] for resource in requests.resources_of(group) if not _has_ended(resource)}


def _has_ended(resource: Json) -> bool:
    return (resource.get("properties") or {}).get("provisioningState", "Succeeded") in _ENDED


def _blocked(group: str, left: dict[str, ServiceError]) -> ServiceError:
    names = [id.partition("/providers/")[2] for id in left]
    details: list[Json] = [
        {"code": refusal.code, "target": id, "message": refusal.message} for id, refusal in left.items()
    ]
    return errors.group_deletion_blocked(group.rpartition("/")[2], names, details)


def _forget(store: Store, state: GroupState) -> None:
    """The group, and what is kept of it beside its resources."""
    group = state["resource"].lower()
    for kind in state["history"]:
        for document in store.find(kind):
            if document.id.startswith(f"{group}/"):
                store.delete(kind, document.id)
    store.delete(KIND, group)


class _GroupLog(JobLog):
    """Written down in the operation, and in the group where that stays."""

    def change_task(self, store: Store, state: GroupState, task: str, event: str, now: datetime) -> int | None:
        return None

    def cancel_asked(self, store: Store, state: GroupState, now: datetime) -> None:
        return None

    def close(
        self, store: Store, state: GroupState, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        group, begun = store.get(KIND, state["resource"]), store.get(operation.KIND, state["operation"])
        if group is not None:
            store.put(KIND, group.id, in_state(group.json(), "Succeeded"), private={})
        if begun is not None:
            id, started = state["operation"], begun.json()["startTime"]
            ended = operation.failed(id, started, errors[0]) if errors else operation.succeeded(id, started)
            store.put(operation.KIND, id, ended)
        store.record(self.event(state, events.GroupState(state["resource"], "Succeeded" if group else "Deleted")))
        return None

    def event(self, state: GroupState, fact: Fact) -> Event:
        return fact.event(job=state["job"], parent=state["event"])
