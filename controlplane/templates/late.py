"""The late half of a deployment: evaluates what reads other resources, once these are there.

The planner leaves bodies and outputs in closed form: JSON whose expressions name no parameter, variable or loop any
more and read resources by their full ids, so that it can be stored and evaluated at any later time.
"""

from __future__ import annotations

from typing import Any, Protocol

from controlplane.templates.scope import Scope

Json = dict[str, Any]


class Resolver(Protocol):
    """How the caller reads resources. What these raise passes through."""

    def get(self, id: str, api_version: str | None) -> Json:
        """The resource as ARM shows it. `api_version` is None for one of the template that the expression names
        without a version, where the template's own was not known either."""

    def act(self, action: str, id: str, api_version: str, body: Json | None) -> Json:
        """What `POST {id}/{action}` answers, for `listKeys` and its like; `action` as written."""


def settle_body(id: str, body: Json, scope: Scope, resolver: Resolver) -> Json:
    """The body to send for a resource of a plan. Every body needs this, also one that reads nothing: text that begins
    with a bracket is still escaped in it. TemplateError when an expression fails."""
    return dict(body)


def settle_outputs(outputs: Json, scope: Scope, resolver: Resolver) -> Json:
    """The outputs to show, `{name: {type, value}}`; of secure ones the type alone. TemplateError with code
    DeploymentOutputEvaluationFailed and a detail for each that fails."""
    return dict(outputs)
