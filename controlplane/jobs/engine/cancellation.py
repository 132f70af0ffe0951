"""Asks a running job to stop."""

from __future__ import annotations

from controlplane.domain.errors.jobs import JOB_NOT_FOUND
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.resources import operation
from controlplane.domain.times import instant
from controlplane.jobs.engine import records
from controlplane.ports import Engine, Ports


def cancel(ports: Ports, engine: Engine, job: str) -> str:
    """The id of the operation: it succeeds once the job has been asked, which ends when the step it is in has ended,
    at once where that step only waits.

    `job` is the id of the job's document. Looking and asking are one transaction, so that a backup which is told to
    stop in its snapshot has not begun to transfer.
    """
    store = ports.store
    with store.transaction():
        document = store.get(jobs.KIND, job)
        if document is None:
            raise JOB_NOT_FOUND.error(name=job.rpartition("/")[2])
        running = jobs.from_json(document.private["job"])
        jobs.check_cancel(running)
        if not engine.cancel(running.id):
            raise jobs.already_ended()
        id = records.new_guid(ports.chance)
        body = operation.succeeded(id, instant(ports.clock.now()), running.id)
        store.put(operation.KIND, id, body, parent=document.id)
    return id
