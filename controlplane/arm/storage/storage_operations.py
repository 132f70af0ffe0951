"""Long-running operations of Microsoft.Storage: asked for at their Location until the account is there."""

from __future__ import annotations

from controlplane.arm.edge.call import RETRY_AFTER_SECONDS, Answer, Call
from controlplane.arm.edge.routing import SUBSCRIPTION, Route
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.resources.operation import KIND
from controlplane.domain.storage.storage_account import KIND as ACCOUNTS
from controlplane.domain.times import instant_with_offset

OPERATION = f"{SUBSCRIPTION}/providers/Microsoft.Storage/locations/{{location}}/asyncoperations/{{operation}}"


def begin(call: Call) -> str:
    """Record that the account of this path is being made; returns the operation's id."""
    id = call.new_guid()
    body = {"startTime": instant_with_offset(call.ports.clock.now()), "status": "InProgress", "name": id}
    call.ports.store.put(KIND, id, body, parent=call.id, private={"account": call.id})
    return id


def accepted(call: Call, location: str, id: str) -> Answer:
    """Answer that the operation goes on."""
    path = f"{call.subscription_id}/providers/Microsoft.Storage/locations/{location}/asyncoperations/{id}"
    headers = {"Location": call.url(path, {"monitor": "true"}), "Retry-After": str(RETRY_AFTER_SECONDS)}
    return Answer(202, headers=headers)


def get_operation(call: Call) -> Answer:
    document = call.ports.store.get(KIND, call.names["operation"])
    if document is None or "account" not in document.private:
        raise errors.operation_not_found(call.names["operation"])
    body = document.json()
    if body["status"] == "InProgress":
        return accepted(call, call.names["location"], body["name"])
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"], status=409)
    account = call.ports.store.get(ACCOUNTS, document.private["account"])
    return Answer(200) if account is None else call.stored(account)


ROUTES = (Route("GET", OPERATION, get_operation, blocks=True, codes=(200, 202)),)
