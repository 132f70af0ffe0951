"""Writes down what becomes of a job that makes or removes an ARM resource: in the resource and in its operation.

Both documents are there before the job begins. It is no job of a vault, and has no other document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources import operation
from controlplane.domain.times import instant_with_offset
from controlplane.jobs.engine.plan import JobLog
from controlplane.ports import Store


class ResourceState(TypedDict):
    """What every such plan begins with."""

    job: str
    """Id of the run, a GUID."""
    kind: str
    """Kind of the document of the resource that is made; empty where one is removed, whose document is gone already."""
    resource: str
    """Id of that document: the ARM id of the resource."""
    operation: str
    """Id of the document of the ARM operation that ends with the job; empty where there is none."""
    event: int
    """Id of the event that tells of the job's beginning."""


def begun(store: Store, job: str, resource: str) -> int:
    """Tell that such a job begins, with the ARM id of its resource; the id of the event."""
    return store.record(events.ResourceJobState("InProgress", resource).event(job=job))


class ResourceLog(JobLog):
    """Ends the operation, and shows in the resource whether it was made."""

    def change_task(self, store: Store, state: ResourceState, task: str, event: str, now: datetime) -> None:
        return None

    def cancel_asked(self, store: Store, state: ResourceState, now: datetime) -> None:
        return None

    def close(
        self, store: Store, state: ResourceState, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        failed = errors[0] if errors else None
        ended = "Failed" if failed else "Succeeded"
        store.record(self.event(state, events.ResourceJobState(ended)))
        self.show(store, state, ended)
        end_operation(store, state["operation"], now, failed)
        return None

    def show(self, store: Store, state: ResourceState, provisioning_state: str) -> None:
        """Show in the resource what became of it."""
        made = store.get(state["kind"], state["resource"]) if state["kind"] else None
        if made is not None:
            body = made.json()
            properties = body["properties"] | {"provisioningState": provisioning_state}
            store.put(state["kind"], made.id, body | {"properties": properties})

    def event(self, state: ResourceState, fact: Fact) -> Event:
        return fact.event(job=state["job"], parent=state.get("event"))


def end_operation(store: Store, id: str, now: datetime, failed: ServiceError | None) -> None:
    """Write into the operation how it ended."""
    begun = store.get(operation.KIND, id) if id else None
    if begun is not None:
        ended = begun.json() | {"status": "Failed" if failed else "Succeeded", "endTime": instant_with_offset(now)}
        store.put(operation.KIND, begun.id, ended | ({"error": failed.envelope()["error"]} if failed else {}))
