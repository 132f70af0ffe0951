"""The late half of a deployment: evaluates what reads other resources, once these are there.

The planner leaves bodies and outputs in closed form: JSON whose expressions name no parameter, variable or loop any
more and read resources by their full ids, so that it can be stored and evaluated at any later time.

Who imports this module gets the functions of the language with the first of these evaluations: a world without
deployments never needs them.
"""

from __future__ import annotations

from datetime import UTC, datetime

from controlplane.domain.errors.resources import OUTPUTS_INVALID
from controlplane.json_object import Json
from controlplane.templates.language.context import Context, Position, Resolver
from controlplane.templates.language.failure import UNPROCESSED, TemplateError
from controlplane.templates.language.limits import Meter
from controlplane.templates.language.scope import Deployment, Scope

_OUTPUTS = "Unable to evaluate template outputs: '{1}'. Please see error details and deployment operations. Please see "
_SEE_ERRORS = "https://aka.ms/arm-common-errors for usage details."


def settle_body(id: str, body: Json, scope: Scope, resolver: Resolver) -> Json:
    """The body to send for a resource of a plan. Every body needs this, also one that reads nothing: text that begins
    with a bracket is still escaped in it. TemplateError when an expression fails."""
    from controlplane.templates.evaluation.walking import settled  # see the head of this file

    context = _context(scope, resolver)
    try:
        value = settled(body, context)
        context.meter.measure(value)
    except (TemplateError, RecursionError) as error:
        raise TemplateError(_reason(error), form=UNPROCESSED, resource=id) from None
    return dict(value)


def settle_outputs(outputs: Json, scope: Scope, resolver: Resolver) -> Json:
    """The outputs to show, `{name: {type, value}}`; of those with a secret in them the type alone.
    TemplateError with code DeploymentOutputEvaluationFailed and a detail for each that fails."""
    from controlplane.templates.outputs import settle

    settled_outputs: Json = {}
    problems: dict[str, str] = {}
    for name, output in outputs.items():
        try:
            context = _context(scope, resolver)
            value = settle(name, output, context)
            context.meter.measure(value)
        except (TemplateError, RecursionError) as error:
            problems[name] = _reason(error)
            continue
        settled_outputs[name] = {"type": output["type"]} | ({} if output.get("secure") else {"value": value})
    if problems:
        raise TemplateError(
            "Template outputs are not valid",
            OUTPUTS_INVALID.code,
            form=_OUTPUTS + _SEE_ERRORS,
            resource=",".join(problems),
            details=tuple(
                {
                    "code": OUTPUTS_INVALID.code,
                    "target": name,
                    "message": f"The template output '{name}' is not valid: {reason}..",
                }
                for name, reason in problems.items()
            ),
        )
    return settled_outputs


def _context(scope: Scope, resolver: Resolver) -> Context:
    """Closed expressions ask for no instant, seed or name any more."""
    deployment = Deployment(scope, "", datetime(1, 1, 1, tzinfo=UTC), "")
    return Context(deployment, Meter(), Position.SETTLING, resolver=resolver)


def _reason(error: Exception) -> str:
    return str(error) if isinstance(error, TemplateError) else "The template is nested too deeply"
