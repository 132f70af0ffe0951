"""Long-running operations of Azure Backup: their status and their result, under every path that leads to them.

Clients take the address they were given, or only its last segment and ask the vault for it; the documents are the same.
"""

from __future__ import annotations

from controlplane.arm.backup_jobs import JOB
from controlplane.arm.call import RETRY_AFTER_SECONDS, Answer, Call, as_json
from controlplane.arm.protected_items import ITEM, find_item, item_answer
from controlplane.arm.routing import reading
from controlplane.arm.vaults import VAULT, vault_id
from controlplane.domain import errors, operation
from controlplane.domain.errors import ServiceError
from controlplane.ports import Document

_WAIT = {"Retry-After": str(RETRY_AFTER_SECONDS)}


def get_status(call: Call) -> Answer:
    body = _operation(call).json()
    return as_json(body, headers=_WAIT if body["status"] == "InProgress" else None)


def get_result(call: Call) -> Answer:
    return _result(call, Answer(204))


def get_item_result(call: Call) -> Answer:
    item = find_item(call)
    return _result(call, Answer(204) if item is None else item_answer(call, item))


def _result(call: Call, done: Answer) -> Answer:
    body = _operation(call).json()
    if body["status"] == "InProgress":
        return Answer(202, headers={"Location": call.url(call.id), **_WAIT})
    if body["status"] == "Failed":
        raise ServiceError(body["error"]["code"], body["error"]["message"])
    return done


def _operation(call: Call) -> Document:
    name = call.names["operation"]
    document = call.ports.store.get(operation.KIND, name)
    vault = vault_id(call).lower()
    if document is None or not f"{document.parent}/".startswith(f"{vault}/"):
        raise errors.operation_not_found(name)
    return document


ROUTES = (
    reading(f"{VAULT}/backupOperations/{{operation}}", get_status),
    reading(f"{VAULT}/backupOperationResults/{{operation}}", get_result),
    reading(f"{JOB}/operationsStatus/{{operation}}", get_status),
    reading(f"{JOB}/operationResults/{{operation}}", get_result),
    reading(f"{ITEM}/operationsStatus/{{operation}}", get_status),
    reading(f"{ITEM}/operationResults/{{operation}}", get_item_result),
)
