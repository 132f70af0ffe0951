"""Deletion of a resource group: of everything in it by its own deletion, then of the group."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

from controlplane.arm.edge.call import GROUP_KIND, RETRY_AFTER_SECONDS, Answer, Call
from controlplane.arm.edge.error_mapping import Expected, expected
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, group_resources, reading, type_of
from controlplane.arm.insights import diagnostic_settings
from controlplane.arm.resources.resources import found
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.resources import deployment, operation, role
from controlplane.domain.times import instant
from controlplane.json_object import Json

RESULT = f"{SUBSCRIPTION}/operationresults/{{operation}}"


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    kinds = [type_of(path).lower() for path in group_resources(described)]

    def delete_group(call: Call) -> Answer:
        group = call.get_group().json()
        call.check_precondition(call.get_group())
        left = _delete_resources(call, kinds)
        id, started = call.new_guid(), instant(call.ports.clock.now())
        with call.ports.store.transaction():
            if left:
                body = operation.failed(id, started, _blocked(group["name"], left))
            else:
                body = operation.succeeded(id, started)
                _forget_history(call)
                call.ports.store.delete(GROUP_KIND, call.id)
            call.ports.store.put(operation.KIND, id, body, parent=call.subscription_id)
        location = call.url(f"{call.subscription_id}/operationresults/{id}")
        return Answer(202, headers={"Location": location, "Retry-After": str(RETRY_AFTER_SECONDS)})

    return (Route("DELETE", GROUP, delete_group, codes=(202,)), reading(RESULT, get_result))


def _forget_history(call: Call) -> None:
    """What is kept of a group beside its resources goes without a deletion of its own."""
    for known in call.ports.store.find(deployment.KIND, call.group_id):
        call.ports.store.delete(deployment.KIND, known.id)
    for kind in (role.KIND, diagnostic_settings.KIND):
        for known in call.ports.store.find(kind):
            if known.id.startswith(f"{call.group_id.lower()}/"):
                call.ports.store.delete(kind, known.id)


def get_result(call: Call) -> Answer:
    document = call.ports.store.get(operation.KIND, call.names["operation"])
    if document is None or document.parent != call.subscription_id.lower():
        raise errors.operation_not_found(call.names["operation"])
    body = document.json()
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"], status=409)
    return Answer(200)


def _delete_resources(call: Call, kinds: Sequence[str]) -> dict[str, ServiceError]:
    """Delete what can be deleted; returns the ids of what stays, and why. Some resources only go after others that use
    them, so all are tried again for as long as that helps."""
    left = -1
    while True:
        refusals: dict[str, ServiceError] = {}
        for resource in list(found(call, kinds, call.group_id)):
            id = resource.json()["id"]
            try:
                call.ask("DELETE", id)
            except Expected as error:
                refusals[id] = expected(error)
        if len(refusals) in (0, left):
            return refusals
        left = len(refusals)


def _blocked(group: str, left: dict[str, ServiceError]) -> ServiceError:
    names = [id.partition("/providers/")[2] for id in left]
    details: list[Json] = [
        {"code": refusal.code, "target": id, "message": refusal.message} for id, refusal in left.items()
    ]
    return errors.group_deletion_blocked(group, names, details)
