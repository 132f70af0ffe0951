"""Long-running operations of Azure Backup: their status and their result, under every path that leads to them.

Clients take the address they were given, or only its last segment and ask the vault for it; the documents are the same.
"""

from __future__ import annotations

from controlplane.arm.edge.call import RETRY_AFTER_SECONDS, Answer, Call, as_json
from controlplane.arm.edge.routing import Route, reading
from controlplane.arm.recovery_services.backup_jobs import JOB
from controlplane.arm.recovery_services.backup_policies import POLICY, get_policy
from controlplane.arm.recovery_services.item_recovery import encoded_scripts
from controlplane.arm.recovery_services.protected_items import ITEM, find_item, item_answer
from controlplane.arm.recovery_services.vaults import VAULT, vault_id
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.resources import operation
from controlplane.jobs.documents import sessions
from controlplane.jobs.protection import policy_change
from controlplane.json_object import Json
from controlplane.ports import Document

_WAIT = {"Retry-After": str(RETRY_AFTER_SECONDS)}


def get_status(call: Call) -> Answer:
    body = _body(call)
    return as_json(body, headers=_WAIT if body["status"] == "InProgress" else None)


def is_waited_for(call: Call) -> bool:
    """Whether a command line asks for an operation that still runs. It would ask again after five seconds only, while
    SDKs ask when they are told to."""
    return "commandname" in call.headers and _body(call)["status"] == "InProgress"


def get_result(call: Call) -> Answer:
    return _result(call, Answer(204))


def get_item_result(call: Call) -> Answer:
    item = find_item(call)
    return _result(call, Answer(204) if item is None else item_answer(call, item))


def get_policy_result(call: Call) -> Answer:
    """The policy, which has changed, whatever happens to its items."""
    _operation(call)
    return get_policy(call)


def _result(call: Call, done: Answer) -> Answer:
    body = _body(call)
    if body["status"] == "InProgress":
        return Answer(202, headers={"Location": call.url(call.id), **_WAIT})
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"])
    return done


def _body(call: Call) -> Json:
    """The operation as it is now: one that began several jobs ends with the last of them."""
    document = _operation(call)
    body = document.json()
    if "session" in document.private:
        return _with_scripts(call, body)
    if "jobs" not in document.private:
        return body
    progress = policy_change.progress_of(call.ports.store, document)
    if not progress.ended:
        return body
    return operation.succeeded_with_jobs(document.id, body["startTime"], progress.ids, progress.failed)


def _with_scripts(call: Call, body: Json) -> Json:
    """Older clients read the scripts of a file recovery here, newer ones request them."""
    try:
        session = sessions.find(call.ports, body["id"])
    except ServiceError:
        return body
    target = encoded_scripts(call.ports, session, call.base_url)
    return body | {"properties": {"objectType": "OperationStatusProvisionILRExtendedInfo", "recoveryTarget": target}}


def _operation(call: Call) -> Document:
    name = call.names["operation"]
    document = call.ports.store.get(operation.KIND, name)
    vault = vault_id(call).lower()
    if document is None or not f"{document.parent}/".startswith(f"{vault}/"):
        raise errors.operation_not_found(name)
    return document


ROUTES = (
    Route("GET", f"{VAULT}/backupOperations/{{operation}}", get_status, blocks=False, unfinished=is_waited_for),
    reading(f"{VAULT}/backupOperationResults/{{operation}}", get_result, codes=(202, 204)),
    reading(f"{JOB}/operationsStatus/{{operation}}", get_status),
    reading(f"{JOB}/operationResults/{{operation}}", get_result, codes=(202, 204)),
    reading(f"{POLICY}/operations/{{operation}}", get_status),
    reading(f"{POLICY}/operationResults/{{operation}}", get_policy_result),
    reading(f"{ITEM}/operationsStatus/{{operation}}", get_status),
    reading(f"{ITEM}/operationResults/{{operation}}", get_item_result, codes=(200, 202, 204)),
)
