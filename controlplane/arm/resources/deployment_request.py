"""Reads the request for a deployment, plans its template and checks it: all that is done before anything is written."""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from hashlib import blake2b
from typing import TYPE_CHECKING, Any, ClassVar, TypeVar

from controlplane.arm.edge import azure_namespaces
from controlplane.arm.edge.call import Call, RequestBody, parse_object
from controlplane.arm.edge.internal_client import is_own
from controlplane.arm.resources import preflight, subscriptions
from controlplane.arm.resources.deployment_links import Content, LinkedRequest, inlined, place_of, read_content
from controlplane.arm.sign_in import cloud
from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.resources import INVALID_TEMPLATE, OUTPUTS_INVALID
from controlplane.domain.resources import deployment as domain
from controlplane.domain.resources.deployment import Operation
from controlplane.json_object import Json
from controlplane.templates.language.failure import NotSimulated, TemplateError
from controlplane.templates.language.scope import Deployment, Scope
from controlplane.templates.relaxed_json import to_json
from controlplane.templates.secrets import hide, hide_in_error, texts_in, without_defaults
from controlplane.templates.source import Source

if TYPE_CHECKING:
    from controlplane.templates.planner import Resource, TemplatePlan

LEVELS = {"provider": "Provider", "providernorbac": "ProviderNoRbac", "template": "Template"}
"""How far a template is validated; there is no access control, so the first two are the same."""


class DebugRequest(RequestBody):
    detail_level: str | None = None


class PropertiesRequest(LinkedRequest):
    mode: str
    debug_setting: DebugRequest = DebugRequest()
    on_error_deployment: dict[str, Any] | None = None
    validation_level: str | None = None
    expression_evaluation_options: dict[str, Any] | None = None
    extension_configs: dict[str, Any] | None = None
    external_inputs: dict[str, Any] | None = None


class DeploymentRequest(RequestBody):
    refused: ClassVar[Mapping[str, str]] = {
        "identity": "a deployment with a managed identity",
        "properties.externalInputDefinitions": "a deployment with external inputs",
    }

    properties: PropertiesRequest
    location: str | None = None
    tags: dict[str, str] | None = None


Request = TypeVar("Request", bound=DeploymentRequest)


@dataclass(frozen=True, slots=True)
class DeploymentOrder:
    """A deployment that may begin. `facts` are what it shows from its beginning on."""

    scope: Scope
    template: Json | None
    """As it may be shown. None: it holds what the deployment around it put into it, which may be secret."""
    operations: tuple[Operation, ...]
    outputs: Json = field(repr=False)
    secrets: tuple[str, ...] = field(repr=False)
    """What none of its errors may tell: its own secrets and those of the deployment that it is nested in."""
    facts: Json
    tags: dict[str, str] | None


def read_order(call: Call) -> DeploymentOrder:
    """What the request orders; whatever is wrong with it is raised."""
    text, request = read_text(call, DeploymentRequest)
    return order_of(call, text, request, ("incremental",))


def order_of(call: Call, text: str, request: DeploymentRequest, modes: Sequence[str]) -> DeploymentOrder:
    """The same for a request that was read already; `modes` are those that its sender can carry out."""
    domain.check_name(call.names["deployment"])
    _check(request.properties, modes)
    place = place_of(call, text)
    content = read_content(call, request.properties, place, Source(text, ("properties", "template")))
    template = content.template
    group = call.get_group().json()
    scope = Scope(call.identity.subscription_id, call.identity.tenant_id, group, subscriptions.NAME)
    planned = _planned(call, content, scope)
    secrets = texts_in([*planned.secrets, *call.secrets, content.query])
    correlation = call.headers.get("x-ms-correlation-request-id") or call.new_guid()
    level = _level(request.properties)
    with _hiding(secrets):
        planned = inlined(call, planned, content, place)
        _check_resources(call, planned, scope)
        if level != "Template":
            _preflight(call, planned, scope, correlation)
    operations = tuple(_operation(call, each) for each in planned.resources)
    facts = domain.facts(operations, planned.parameters, template_hash(template), correlation)
    facts |= content.shown()
    if request.properties.validation_level:
        facts |= {"validationLevel": level}
    is_outer = is_own(call) and _scope_of(request.properties) != "inner" and not content.template_link
    visible_template = None if is_outer else without_defaults(template)
    return DeploymentOrder(scope, visible_template, operations, planned.outputs, secrets, facts, request.tags)


def template_hash(template: Json) -> str:
    """The same for the same template, however it is spaced: a number of 64 bits."""
    text = json.dumps(template, sort_keys=True).encode()
    return str(int.from_bytes(blake2b(text, digest_size=8).digest()))


# ---------------------------------------------------------------------------------------------------------- the request


def read_text(call: Call, model: type[Request]) -> tuple[str, Request]:
    """Text and meaning of the body. az puts template files into it as they are, which makes it no JSON."""
    text = call.content.decode("utf-8", "replace")
    try:
        parse_object(call.content)
    except ServiceError:
        call = replace(call, content=to_json(text).encode())
    return text, call.read(model)


def _check(request: PropertiesRequest, modes: Sequence[str]) -> None:
    """Refuse what is asked for and not simulated."""
    if request.mode.lower() not in modes:
        raise errors.operation_not_simulated(f"a deployment of mode '{request.mode}'")
    if request.on_error_deployment:
        raise errors.operation_not_simulated("a deployment with an onErrorDeployment")
    if request.extension_configs or request.external_inputs:
        raise errors.operation_not_simulated("a deployment with extensions")
    if (request.debug_setting.detail_level or "none").lower() != "none":
        raise errors.operation_not_simulated("a deployment with a debugSetting")
    for name, given in (request.parameters or {}).items():
        if given is None or given == {}:
            raise domain.parameter_without_value(name)


def _scope_of(request: PropertiesRequest) -> str:
    return str((request.expression_evaluation_options or {}).get("scope", "")).lower()


def _level(request: PropertiesRequest) -> str:
    level = LEVELS.get((request.validation_level or "Provider").lower())
    if level is None:
        raise errors.invalid_content(f"the validationLevel of a deployment must be one of {', '.join(LEVELS.values())}")
    return level


# ------------------------------------------------------------------------------------------------------------- the plan


def _planned(call: Call, content: Content, scope: Scope) -> TemplatePlan:
    from controlplane.templates.planner import plan  # the template language: a world without deployments needs none

    name = call.names["deployment"]
    identity = call.identity
    about = Deployment(
        scope,
        name,
        now=call.ports.clock.now(),
        seed=call.new_guid(),
        environment=cloud.seen_from(call.base_url or cloud.PUBLIC_ARM),
        deployer={"objectId": identity.client_id, "tenantId": identity.tenant_id, "userPrincipalName": ""},
        template_link=content.template_link,
    )
    try:
        return plan(content.template, content.parameters, about, content.source)
    except TemplateError as problem:
        kind = INVALID_TEMPLATE if problem.code == INVALID_TEMPLATE.code else OUTPUTS_INVALID
        info = [problem.violation()] if problem.path else []
        raise kind.error(reason=problem.message, details=problem.details, additional_info=info) from None
    except NotSimulated as feature:
        raise errors.operation_not_simulated(str(feature)) from None


def _check_resources(call: Call, planned: TemplatePlan, scope: Scope) -> None:
    """Types and api-versions that there are not."""
    place = str((scope.group or {}).get("location"))
    for resource in planned.resources:
        if not call.knows("PUT", resource.id):
            namespace = resource.type.partition("/")[0]
            if not azure_namespaces.exists(namespace):
                raise errors.invalid_namespace(namespace)
            raise errors.operation_not_simulated(f"PUT {resource.type}")
        # A version is new by the calendar of its users, and world time may stand years before that.
        if not domain.is_version(resource.api_version, max(call.ports.clock.now(), datetime.now(UTC))):
            raise domain.no_registered_provider(resource.type, resource.api_version, place)


def _preflight(call: Call, planned: TemplatePlan, scope: Scope, tracking_id: str) -> None:
    refusals = preflight.refusals(call, planned, scope)
    if refusals:
        raise domain.invalid_deployment(call.names["deployment"], tracking_id, refusals)


@contextmanager
def _hiding(secrets: Sequence[str]) -> Iterator[None]:
    """What is refused in here, also in the resources' own words, is told without these."""
    try:
        yield
    except ServiceError as refusal:
        refusal.message = hide(refusal.message, secrets)
        refusal.target = None if refusal.target is None else hide(refusal.target, secrets)
        refusal.details = [hide_in_error(each, secrets) for each in refusal.details]
        raise


def _operation(call: Call, resource: Resource) -> Operation:
    return Operation(
        id=call.new_guid().replace("-", "")[:16].upper(),
        resource=resource.id,
        type=resource.type,
        name=resource.name,
        version=resource.api_version,
        after=resource.after,
        body=resource.body,
        symbol=resource.symbol,
        request_id=call.new_guid(),
    )
