"""Plan "ImportDisk": copies a VHD to the blob of a new managed disk, which until then is being created.

The disk and the ARM operation are written before the copy begins. Its end is written into both: the job has no other
document.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import TypedDict

from controlplane.domain.compute.managed_disk import KIND
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.compute import DISK_IMPORT_FAILED
from controlplane.domain.events.event import Event, Fact
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.resources import operation
from controlplane.domain.times import instant_with_offset
from controlplane.jobs.engine.plan import JobLog, Outcome, Plan, Step
from controlplane.ports import Blob, PortError, Ports, Store
from controlplane.vault_format.sources import PageBlobSource, copy


class ImportState(TypedDict):
    """What the plan begins with; its one step adds nothing. An import is no job of a vault."""

    job: str
    """Id of the run, a GUID."""
    disk: str
    """Id of the document of the new managed disk: its ARM id."""
    operation: str
    """Id of the document of the ARM operation that ends with the import."""
    source: list[str]
    """The VHD that is copied: account, container, name."""
    target: list[str]
    """The blob of the disk: account, container, name."""


def state(job: str, disk: str, operation_id: str, source: Blob, target: Blob) -> ImportState:
    """What the plan begins with. `disk` is an ARM id, `operation_id` that of a document."""
    return {
        "job": job,
        "disk": disk,
        "operation": operation_id,
        "source": [source.account, source.container, source.name],
        "target": [target.account, target.container, target.name],
    }


def _copy(ports: Ports, state: ImportState) -> Outcome:
    try:
        copy(PageBlobSource(ports.blobs, Blob(*state["source"])), ports.blobs, Blob(*state["target"]))
    except PortError as problem:
        raise DISK_IMPORT_FAILED.error(reason=problem) from problem
    return Outcome(state)


def _delete(ports: Ports, state: ImportState) -> Outcome:
    ports.blobs.delete(Blob(*state["target"]))
    return Outcome(state)


class _DiskLog(JobLog):
    """An import is written down in its disk and its operation."""

    def change_task(self, store: Store, state: ImportState, task: str, event: str, now: datetime) -> None:
        return None

    def cancel_asked(self, store: Store, state: ImportState, now: datetime) -> None:
        return None

    def close(
        self, store: Store, state: ImportState, now: datetime, errors: Sequence[ServiceError], cancelled: bool
    ) -> Job | None:
        failed = errors[0] if errors else None
        shown = "Failed" if failed else "Succeeded"
        disk = store.get(KIND, state["disk"])
        if disk is not None:
            body = disk.json()
            store.put(KIND, disk.id, body | {"properties": body["properties"] | {"provisioningState": shown}})
        begun = store.get(operation.KIND, state["operation"])
        if begun is not None:
            ended = begun.json() | {"status": shown, "endTime": instant_with_offset(now)}
            store.put(operation.KIND, begun.id, ended | ({"error": failed.envelope()["error"]} if failed else {}))
        return None

    def event(self, state: ImportState, fact: Fact) -> Event:
        return fact.event(job=state["job"])


IMPORT = Plan("ImportDisk", (Step("Copy the VHD", do=_copy, undo=_delete, listed=False),), job_log=_DiskLog())
