"""Deletion of a resource group: it begins here, and a job deletes everything in it by its own deletion."""

from __future__ import annotations

from controlplane.arm.edge.call import GROUP_KIND, RETRY_AFTER_SECONDS, Answer, Call
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading
from controlplane.arm.insights import diagnostic_settings
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.events import service as events
from controlplane.domain.resources import deployment, operation, role
from controlplane.domain.resources.resource_group import in_state, is_being_deleted
from controlplane.jobs.provisioning.group_deletion import DELETE_GROUP, GroupState

RESULT = f"{SUBSCRIPTION}/operationresults/{{operation}}"
HISTORY = (deployment.KIND, role.KIND, diagnostic_settings.KIND)


def delete_group(call: Call) -> Answer:
    with call.ports.store.transaction():
        document = call.get_group()
        call.check_precondition(document)
        group = document.json()
        if is_being_deleted(group):
            return _accepted(call, document.private["deletion"])
        id, job = call.new_guid(), call.new_guid()
        call.ports.store.put(GROUP_KIND, call.id, in_state(group, "Deleting"), private={"deletion": id})
        begun = operation.running(id, call.ports.clock.now())
        call.ports.store.put(operation.KIND, id, begun, parent=call.subscription_id)
        state: GroupState = {
            "job": job,
            "kind": "",
            "resource": group["id"],
            "operation": id,
            "history": list(HISTORY),
            "event": call.ports.store.record(events.GroupState(group["id"], "Deleting").event(job=job)),
        }
        call.engine.start(DELETE_GROUP, job, dict(state))
        return _accepted(call, id)


def _accepted(call: Call, id: str) -> Answer:
    location = call.url(f"{call.subscription_id}/operationresults/{id}")
    return Answer(202, headers={"Location": location, "Retry-After": str(RETRY_AFTER_SECONDS)})


def get_result(call: Call) -> Answer:
    document = call.ports.store.get(operation.KIND, call.names["operation"])
    if document is None or document.parent != call.subscription_id.lower():
        raise errors.operation_not_found(call.names["operation"])
    body = document.json()
    if body["status"] == "InProgress":
        return _accepted(call, body["name"])
    if body["status"] == "Failed":
        raise ServiceError.stored(body["error"], status=409)
    return Answer(200)


ROUTES = (Route("DELETE", GROUP, delete_group, codes=(202,)), reading(RESULT, get_result))
