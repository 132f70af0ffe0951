"""Microsoft.Resources/deployments: templates, deployed into a resource group."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from itertools import islice

from controlplane.arm.edge.call import RETRY_AFTER_SECONDS, Answer, Call, as_json
from controlplane.arm.edge.filters import check_keys, check_value, holds, terms
from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.arm.resources import what_if
from controlplane.arm.resources.deployment_history import MOST, make_room
from controlplane.arm.resources.deployment_request import DeploymentOrder, DeploymentRequest, read_order, template_hash
from controlplane.domain import errors
from controlplane.domain.events import service as events
from controlplane.domain.resources import deployment as domain
from controlplane.domain.resources import operation
from controlplane.domain.resources.deployment import ENDED, KIND, STATES, TYPE
from controlplane.domain.times import instant, parse_instant
from controlplane.jobs.deployment import DEPLOY, DeployState, cancel, operations_of, state_of
from controlplane.json_object import Json
from controlplane.ports import Document

DEPLOYMENTS = f"{GROUP}/providers/{TYPE}"
DEPLOYMENT = f"{DEPLOYMENTS}/{{deployment}}"
WITHOUT_PROVIDER = f"{GROUP}/deployments/{{deployment}}"
"""Where clients ask for the operations of a deployment."""
IN_SUBSCRIPTION = f"{SUBSCRIPTION}/providers/{TYPE}"
LISTED_STATES = {*STATES, "NotSpecified", "Ready", "Creating", "Created", "Updating", "Deleting", "Deleted"}
"""What the published SDK knows as a deployment's provisioning state; some of them no deployment has here."""
HASH = "/providers/Microsoft.Resources/calculateTemplateHash"


def put_deployment(call: Call) -> Answer:
    order = read_order(call)
    with call.ports.store.transaction():
        call.get_group()
        former = call.find(KIND)
        if former is not None and state_of(former) not in ENDED:
            raise domain.active(call.names["deployment"], parse_instant(former.private["started"]))
        if make_room(call, coming=0 if former else 1):
            return _begin(call, order, former)
    raise domain.history_is_full(call.names["deployment"], MOST)


def _begin(call: Call, order: DeploymentOrder, former: Document | None) -> Answer:
    now = call.ports.clock.now()
    private = _memory(call, order)
    id = former.json()["id"] if former else call.id
    accepted = domain.body(id, order.facts, "Accepted", now, now) | ({"tags": order.tags} if order.tags else {})
    job = private["job"]
    event = call.ports.store.record(events.DeploymentState(id, "Accepted").event(job=job))
    call.ports.store.put(KIND, id, accepted, parent=call.group_id, private=private | {"event": event})
    state: DeployState = {"job": job, "deployment": id.lower(), "event": event}
    call.engine.start(DEPLOY, job, dict(state))
    path = f"{id}/operationStatuses/{private['operation']}"
    return call.accepted(path, status=200 if former else 201, body=accepted)


def _memory(call: Call, order: DeploymentOrder) -> Json:
    """What is remembered of a deployment beside what it shows."""
    return {
        "job": call.new_guid(),
        "operation": f"{call.ports.chance.getrandbits(63):020}",
        "output_operation": f"{call.ports.chance.getrandbits(63):020}",
        "started": instant(call.ports.clock.now()),
        "facts": order.facts,
        "scope": order.scope.to_json(),
        "template": order.template,
        "operations": [each.to_json() for each in order.operations],
        "outputs": order.outputs,
        "secrets": list(order.secrets),
        "evaluated": None,
    }


def validate(call: Call) -> Answer:
    """Everything that a PUT would look at before it writes anything."""
    order = read_order(call)
    with call.ports.store.transaction():
        make_room(call)
    now = call.ports.clock.now()
    resources = [{"id": each.resource} for each in order.operations]
    id = call.id.rpartition("/")[0]
    return as_json(domain.body(id, order.facts, "Succeeded", now, now, validatedResources=resources))


def get_deployment(call: Call) -> Answer:
    return call.stored(_deployment(call))


def has_deployment(call: Call) -> Answer:
    return Answer(404 if call.find(KIND) is None else 204)


def list_deployments(call: Call) -> Answer:
    """The newest first."""
    call.get_group()
    filters = terms(call.query.get("$filter", ""))
    check_keys(filters, {"provisioningstate"})
    check_value(filters, "provisioningstate", LISTED_STATES)
    deployments = call.ports.store.find(KIND, call.group_id)
    rows = ((f"{each.private['started']} {each.id}", each.body) for each in deployments if _is_wanted(each, filters))
    return call.page(islice(call.newest_first(rows), _top(call)))


def delete_deployment(call: Call) -> Answer:
    """Of its history alone; what it deployed stays."""
    with call.ports.store.transaction():
        deployment = call.find(KIND)
        if deployment is None:
            return Answer(204)
        if state_of(deployment) not in ENDED:
            raise domain.still_active(call.names["deployment"])
        call.ports.store.delete(KIND, deployment.id)
        id = call.new_guid()
        done = operation.succeeded(id, instant(call.ports.clock.now()))
        call.ports.store.put(operation.KIND, id, done, parent=call.subscription_id)
    location = call.url(f"{call.subscription_id}/operationresults/{id}")
    return Answer(202, headers={"Location": location, "Retry-After": str(RETRY_AFTER_SECONDS)})


def cancel_deployment(call: Call) -> Answer:
    with call.ports.store.transaction():
        deployment = _deployment(call)
        if (state := state_of(deployment)) in ENDED:
            raise domain.cannot_be_cancelled(call.names["deployment"], state)
        cancel(call.ports.store, deployment, call.ports.clock.now())
    return Answer(204)


def export_template(call: Call) -> Answer:
    template = _deployment(call).private["template"]
    if template is None:
        raise errors.operation_not_simulated("the export of a nested template of outer scope")
    return as_json({"template": template})


def get_status(call: Call) -> Answer:
    """The long-running operation that a PUT began."""
    document = _deployment(call)
    if call.names["operation"] != document.private["operation"]:
        raise errors.operation_not_found(call.names["operation"])
    properties = document.json()["properties"]
    state = properties["provisioningState"]
    if state not in ENDED:
        return as_json({"status": state}, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return as_json({"status": state} | ({"error": properties["error"]} if state == "Failed" else {}))


def list_operations(call: Call) -> Answer:
    return as_json({"value": list(islice(_operations(_deployment(call)), _top(call)))})


def get_operation(call: Call) -> Answer:
    for each in _operations(_deployment(call)):
        if each["operationId"] == call.names["operation"].upper():
            return as_json(each)
    raise errors.operation_not_found(call.names["operation"])


def calculate_hash(call: Call) -> Answer:
    template = call.json()
    minified = call.content.decode("utf-8", "replace").strip()
    return as_json({"minifiedTemplate": minified, "templateHash": template_hash(template)})


# -------------------------------------------------------------------------------------------------------------- finding


def _deployment(call: Call) -> Document:
    call.get_group()
    deployment = call.find(KIND, f"{call.group_id}/providers/{TYPE}/{call.names['deployment']}")
    if deployment is None:
        raise domain.not_found(call.names["deployment"])
    return deployment


def _operations(document: Document) -> Iterator[Json]:
    """What was begun, in the order of the plan, and the evaluation of the outputs if it came to that."""
    id = document.json()["id"]
    for each in operations_of(document):
        if each.state != "NotStarted":
            yield domain.operation_body(id, each)
    if evaluated := document.private["evaluated"]:
        yield domain.output_operation_body(id, document.private["output_operation"], **evaluated)


def _is_wanted(document: Document, filters: Mapping[str, str]) -> bool:
    return not filters or holds(filters, {"provisioningstate": state_of(document)})


def _top(call: Call) -> int | None:
    """How many entries of a list are asked for."""
    top = call.query.get("$top")
    if top is None:
        return None
    if not top.isdecimal() or not 0 < int(top) < 10**6:
        raise errors.invalid_query("$top", "it must be a number of entries")
    return int(top)


ROUTES = (
    Route("PUT", DEPLOYMENT, put_deployment, body=DeploymentRequest),
    reading(DEPLOYMENT, get_deployment),
    Route("HEAD", DEPLOYMENT, has_deployment, blocks=False),
    Route("DELETE", DEPLOYMENT, delete_deployment, codes=(202, 204)),
    reading(DEPLOYMENTS, list_deployments),
    Route("POST", f"{DEPLOYMENT}/validate", validate, body=DeploymentRequest),
    Route("POST", f"{DEPLOYMENT}/cancel", cancel_deployment, codes=(204,)),
    Route("POST", f"{DEPLOYMENT}/exportTemplate", export_template),
    reading(f"{DEPLOYMENT}/operationStatuses/{{operation}}", get_status),
    *(
        route
        for path in (DEPLOYMENT, WITHOUT_PROVIDER)
        for route in (
            reading(f"{path}/operations", list_operations),
            reading(f"{path}/operations/{{operation}}", get_operation),
        )
    ),
    Route("POST", HASH, calculate_hash),
    *what_if.routes(DEPLOYMENT),
    *(refused(method, f"{IN_SUBSCRIPTION}/{{deployment}}") for method in ("PUT", "GET", "HEAD", "DELETE")),
    refused("GET", IN_SUBSCRIPTION),
    *(
        refused("POST", f"{IN_SUBSCRIPTION}/{{deployment}}/{action}")
        for action in ("validate", "cancel", "whatIf", "exportTemplate")
    ),
)
