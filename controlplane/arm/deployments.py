"""Microsoft.Resources/deployments: templates, deployed into a resource group."""

from __future__ import annotations

import json
from collections.abc import Mapping
from hashlib import blake2b

from controlplane.arm.call import RETRY_AFTER_SECONDS, Answer, Call, as_json, parse_object, rows
from controlplane.arm.deployment_run import carry_on, write
from controlplane.arm.filters import check_keys, holds, terms
from controlplane.arm.routing import GROUP, SUBSCRIPTION, Route, reading, refused
from controlplane.domain import errors
from controlplane.domain.deployment import (
    ENDED,
    KIND,
    TYPE,
    Operation,
    active,
    body,
    check_name,
    facts,
    invalid_template,
    not_found,
    operation_body,
)
from controlplane.domain.errors import ServiceError
from controlplane.domain.times import instant
from controlplane.ports import Document, Json
from controlplane.templates.failure import NotSimulated, TemplateError
from controlplane.templates.planner import Plan, plan
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.scope import Deployment, Scope

DEPLOYMENTS = f"{GROUP}/providers/{TYPE}"
DEPLOYMENT = f"{DEPLOYMENTS}/{{deployment}}"
WITHOUT_PROVIDER = f"{GROUP}/deployments/{{deployment}}"
"""Where clients ask for the operations of a deployment."""


def put_deployment(call: Call) -> Answer:
    check_name(call.names["deployment"])
    request = _request(call)
    planned = _plan(call, request)
    private = _begin(call, request, planned)
    with call.ports.store.transaction():
        known = call.find(KIND)
        if known is not None:
            known = carry_on(call, known)
            if known.json()["properties"]["provisioningState"] not in ENDED:
                raise active(call.names["deployment"])
        id = known.json()["id"] if known else call.id
        write(call, id, private)
    now = call.ports.clock.now()
    path = f"{id}/operationStatuses/{private['operation']}"
    accepted = body(id, private["facts"], "Accepted", now, now)
    return call.accepted(path, status=200 if known else 201, body=accepted)


def get_deployment(call: Call) -> Answer:
    return call.stored(carry_on(call, _deployment(call)))


def has_deployment(call: Call) -> Answer:
    return Answer(404 if call.find(KIND) is None else 204)


def delete_deployment(call: Call) -> Answer:
    """Of its history alone; what it deployed stays."""
    with call.ports.store.transaction():
        known = call.find(KIND)
        if known is None:
            return Answer(204)
        if carry_on(call, known).json()["properties"]["provisioningState"] not in ENDED:
            raise active(call.names["deployment"])
        call.ports.store.delete(KIND, known.id)
    return Answer(204)


def list_deployments(call: Call) -> Answer:
    call.get_group()
    wanted = terms(call.query.get("$filter", ""))
    check_keys(wanted, {"provisioningstate"})
    found = call.by_id(KIND, call.group_id)
    return call.page(rows(each for each in found if not wanted or holds(wanted, _filtered(each))))


def validate(call: Call) -> Answer:
    """Everything that a PUT would look at before it writes anything."""
    name = call.names["deployment"]
    check_name(name)
    request = _request(call)
    private = _begin(call, request, _plan(call, request))
    now = call.ports.clock.now()
    resources = [{"id": operation["resource"]} for operation in private["operations"]]
    id = call.id.rpartition("/")[0]
    return as_json(body(id, private["facts"], "Succeeded", now, now, validatedResources=resources))


def get_status(call: Call) -> Answer:
    """The long-running operation that a PUT began."""
    document = _deployment(call)
    if call.names["operation"] != document.private["operation"]:
        raise errors.operation_not_found(call.names["operation"])
    properties = carry_on(call, document).json()["properties"]
    state = properties["provisioningState"]
    if state not in ENDED:
        return as_json({"status": state}, headers={"Retry-After": str(RETRY_AFTER_SECONDS)})
    return as_json({"status": state} | ({"error": properties["error"]} if state == "Failed" else {}))


def list_operations(call: Call) -> Answer:
    document = carry_on(call, _deployment(call))
    begun = [each for each in _operations(document) if each.state != "NotStarted"]
    return as_json({"value": [operation_body(document.json()["id"], each) for each in begun]})


def get_operation(call: Call) -> Answer:
    document = carry_on(call, _deployment(call))
    for operation in _operations(document):
        if operation.id == call.names["operation"].upper():
            return as_json(operation_body(document.json()["id"], operation))
    raise errors.operation_not_found(call.names["operation"])


# ---------------------------------------------------------------------------------------------------------- the request


def _request(call: Call) -> Json:
    """The properties of the request. az puts template files into it as they are, which makes it no JSON."""
    try:
        content = parse_object(call.content)
    except ServiceError:
        content = parse_object(to_json(call.content.decode("utf-8", "replace")).encode())
    properties = content.get("properties")
    if not isinstance(properties, dict):
        raise errors.invalid_content("the properties of a deployment are missing")
    if str(properties.get("mode", "")).lower() != "incremental":
        raise errors.operation_not_simulated(f"a deployment of mode '{properties.get('mode')}'")
    for key in ("templateLink", "parametersLink"):
        if properties.get(key):
            raise errors.operation_not_simulated(f"a deployment with a {key}")
    if not isinstance(properties.get("template"), dict):
        raise errors.invalid_content("the template of a deployment must be an object")
    return properties


def _plan(call: Call, request: Json) -> Plan:
    identity, group = call.identity, call.get_group().json()
    scope = Scope(identity.subscription_id, identity.tenant_id, group)
    try:
        deployment = Deployment(scope, call.names["deployment"], call.ports.clock.now(), call.new_guid())
        planned = plan(request["template"], request.get("parameters") or {}, deployment)
    except TemplateError as problem:
        raise invalid_template(str(problem)) from None
    except NotSimulated as feature:
        raise errors.operation_not_simulated(str(feature)) from None
    for resource in planned.resources:
        if not call.knows("PUT", resource.id):
            raise errors.operation_not_simulated(f"PUT {resource.type}")
    return planned


def _begin(call: Call, request: Json, planned: Plan) -> Json:
    """What is remembered of a deployment beside what it shows."""
    operations = [
        Operation(call.new_guid().replace("-", "")[:16].upper(), each.id, each.type, each.name, each.after, each.body)
        for each in planned.resources
    ]
    template = json.dumps(request["template"], sort_keys=True).encode()
    template_hash = str(int.from_bytes(blake2b(template, digest_size=8).digest()))
    return {
        "operation": f"{call.ports.chance.getrandbits(63):020}",
        "started": instant(call.ports.clock.now()),
        "facts": facts(operations, planned.parameters, template_hash, call.new_guid()),
        "operations": [operation.to_json() for operation in operations],
        "outputs": planned.outputs,
    }


def _deployment(call: Call) -> Document:
    call.get_group()
    found = call.find(KIND, f"{call.group_id}/providers/{TYPE}/{call.names['deployment']}")
    if found is None:
        raise not_found(call.names["deployment"])
    return found


def _operations(document: Document) -> list[Operation]:
    return [Operation.from_json(each) for each in document.private["operations"]]


def _filtered(document: Document) -> Mapping[str, str]:
    return {"provisioningstate": document.json()["properties"]["provisioningState"]}


ROUTES = (
    Route("PUT", DEPLOYMENT, put_deployment),
    Route("GET", DEPLOYMENT, get_deployment),
    Route("HEAD", DEPLOYMENT, has_deployment, blocks=False),
    Route("DELETE", DEPLOYMENT, delete_deployment),
    reading(DEPLOYMENTS, list_deployments),
    Route("POST", f"{DEPLOYMENT}/validate", validate),
    Route("GET", f"{DEPLOYMENT}/operationStatuses/{{operation}}", get_status),
    *(
        route
        for path in (DEPLOYMENT, WITHOUT_PROVIDER)
        for route in (
            Route("GET", f"{path}/operations", list_operations),
            Route("GET", f"{path}/operations/{{operation}}", get_operation),
        )
    ),
    refused("POST", f"{DEPLOYMENT}/cancel"),
    refused("POST", f"{DEPLOYMENT}/whatIf"),
    refused("POST", f"{DEPLOYMENT}/exportTemplate"),
    refused("PUT", f"{SUBSCRIPTION}/providers/{TYPE}/{{deployment}}"),
)
