"""Functions that tell of the deployment and its template."""

from __future__ import annotations

from controlplane.json_object import Json
from controlplane.templates.language.context import Context, Position
from controlplane.templates.language.signature import TEXT, define
from controlplane.templates.language.values import Value


def _deployment(context: Context) -> Value:
    """Parameters are told as the template's own; their values, which may be secret, are not."""
    deployment = context.deployment
    properties: Json = {
        "template": {key: value for key, value in context.template.items() if key != "functions"},
        "mode": "Incremental",
        "provisioningState": "Accepted",
    }
    if deployment.template_link:
        properties["templateLink"] = dict(deployment.template_link)
    told = {"name": deployment.name, "properties": properties}
    return told if deployment.location is None else told | {"location": deployment.location}


_WITHOUT_VARIABLES = frozenset(set(Position) - {Position.PARAMETER})

FUNCTIONS = (
    define("deployer", lambda context: dict(context.deployment.deployer), in_context=True),
    define("deployment", _deployment, in_context=True),
    define("environment", lambda context: dict(context.deployment.environment), in_context=True),
    define("parameters", lambda context, name: context.parameters(name), TEXT, in_context=True),
    define("variables", lambda context, name: context.variables(name), TEXT, in_context=True, only=_WITHOUT_VARIABLES),
)
