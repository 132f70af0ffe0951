"""Microsoft.RecoveryServices/vaults/backupJobs: the jobs of a vault, newest first, and their cancellation."""

from __future__ import annotations

from collections.abc import Iterator

from controlplane.arm.edge.call import Answer, Call, as_json, encode
from controlplane.arm.edge.filters import holds, within
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services import list_filters
from controlplane.arm.recovery_services.vaults import VAULT, require_vault, vault_id
from controlplane.domain.errors.jobs import JOB_NOT_FOUND
from controlplane.domain.recovery_services.job import ENDED, KIND, body, from_json
from controlplane.domain.times import parse_instant
from controlplane.jobs.engine.cancellation import cancel
from controlplane.json_object import Json
from controlplane.ports import Document

JOBS = f"{VAULT}/backupJobs"
JOB = f"{JOBS}/{{job}}"
FIRST_VERSION_WITH_NAMES = "2023-04-01"
"""api-versions before number what can be done to a job. Number and name were both recorded, 2022-02-01 and 2025-02-01;
at this one, users of the Go SDK, which reads names alone, stopped complaining."""
NUMBER_OF_CANCELLABLE = 1
WAITING_COMMAND = "backup job wait"
"""As the command line names itself in the header CommandName."""


def get_job(call: Call) -> Answer:
    document = call.find(KIND)
    if document is None:
        require_vault(call)
        raise JOB_NOT_FOUND.error(name=call.names["job"])
    if document.json()["properties"]["status"] not in ENDED:
        return as_json(_in_version(call, _as_of_now(call, document)))
    return as_json(_in_version(call, document.json())) if _numbers(call) else call.stored(document)


def is_waited_for(call: Call) -> bool:
    """Whether this is the command line's `backup job wait`, and the job still runs. It would ask again after half a
    minute only."""
    if call.headers.get("commandname", "").lower() != WAITING_COMMAND:
        return False
    document = call.find(KIND)
    return document is not None and document.json()["properties"]["status"] not in ENDED


def cancel_job(call: Call) -> Answer:
    require_vault(call)
    job = call.id.removesuffix("/cancel")
    operation = cancel(call.ports, call.engine, job)
    return call.accepted(f"{job}/operationsStatus/{operation}", f"{job}/operationResults/{operation}")


def list_jobs(call: Call) -> Answer:
    require_vault(call)
    filters = list_filters.read(call, list_filters.JOBS)
    return call.page(call.newest_first((key, encode(body)) for key, body in listed(call, filters)))


def listed(call: Call, filters: dict[str, str]) -> Iterator[tuple[str, Json]]:
    """The jobs of the filter as lists show them, under keys that start with their time."""
    for document in call.ports.store.find(KIND, vault_id(call)):
        body = document.json()
        properties = body["properties"]
        started = parse_instant(properties["startTime"])
        facts = {
            "backupmanagementtype": properties["backupManagementType"],
            "operation": properties["operation"],
            "status": properties["status"],
            "jobid": body["name"],
        }
        if not holds(filters, facts) or not within(filters, "starttime", "endtime", started):
            continue
        if properties["status"] not in ENDED:
            body = _as_of_now(call, document)
        del body["properties"]["extendedInfo"]
        yield f"{started.isoformat()} {document.id}", _in_version(call, body)


def _as_of_now(call: Call, document: Document) -> Json:
    """A running job: its duration grows although nothing is written."""
    return body(from_json(document.private["job"]), call.ports.clock.now())


def _numbers(call: Call) -> bool:
    return call.query["api-version"] < FIRST_VERSION_WITH_NAMES


def _in_version(call: Call, body: Json) -> Json:
    """The job as the caller's api-version shows it."""
    if _numbers(call) and "actionsInfo" in body["properties"]:
        body["properties"]["actionsInfo"] = [NUMBER_OF_CANCELLABLE]
    return body


ROUTES = (
    Route("GET", JOB, get_job, blocks=False, unfinished=is_waited_for),
    Route("POST", f"{JOB}/cancel", cancel_job, codes=(202,)),
    reading(JOBS, list_jobs),
)
