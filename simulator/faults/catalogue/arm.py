"""Faults towards clients of Resource Manager. Codes and messages here are bodies that Azure itself sends."""

from __future__ import annotations

from collections.abc import Mapping

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.arm import ArmAnswerSeam, ArmConnectionSeam, ArmListSeam, ArmOperationSeam, ArmReadSeam

_THROTTLED = (
    "Number of requests for subscription '{subscription}' and operation '{operation}' exceeded the backend storage "
    "limit. Please try again after '{seconds}' seconds."
)
_FORBIDDEN = (
    "The client does not have authorization to perform action '{operation}' over scope '{path}' or the scope is "
    "invalid. If access was recently granted, please refresh your credentials."
)
_DONE = Parameter(False, "whether the request is carried out all the same, and only its answer is lost")


_CREATE_MACHINE = {"operation": "PUT Microsoft.Compute/virtualMachines"}


def _answer(
    name: str, status: int, code: str, message: str, what: str, wait: int = 0, where: Mapping[str, str] | None = None
) -> Definition:
    parameters = {
        "status": Parameter(status, "HTTP status", least=400, most=599),
        "code": Parameter(code, "code of the error in the body"),
        "message": Parameter(
            message, "message of the error; {operation}, {path}, {subscription} and {seconds} are put in"
        ),
        "retry_after_seconds": Parameter(wait, "Retry-After in seconds, 0: none", most=86_400),
        "is_done": _DONE,
    }
    return Definition(name, ArmAnswerSeam.NAME, what, parameters=parameters, where=where or {})


FAULTS = (
    _answer(
        "arm-throttled",
        429,
        "SubscriptionRequestsThrottled",
        _THROTTLED,
        "Resource Manager has no more requests left for the subscription.",
        wait=1,
    ),
    _answer(
        "arm-unavailable",
        503,
        "ServiceUnavailable",
        "The service is unavailable.",
        "Resource Manager is unavailable.",
        wait=1,
    ),
    _answer(
        "arm-internal-error",
        500,
        "InternalServerError",
        "Encountered internal server error.",
        "Resource Manager ends a request with an internal error.",
    ),
    _answer(
        "arm-bad-gateway", 502, "BadGateway", "Bad gateway.", "A gateway before Resource Manager gets no answer of it."
    ),
    _answer(
        "arm-gateway-timeout",
        504,
        "GatewayTimeout",
        "The gateway did not receive a response from '{path}' within the specified time period.",
        "Resource Manager does not answer its gateway in time.",
    ),
    _answer(
        "arm-authorization-failed",
        403,
        "AuthorizationFailed",
        _FORBIDDEN,
        "The caller may not do what it asks for.",
    ),
    _answer(
        "arm-request-disallowed-by-policy",
        403,
        "RequestDisallowedByPolicy",
        "Resource '{path}' was disallowed by policy.",
        "An Azure Policy denies what is asked for.",
    ),
    _answer(
        "arm-conflict",
        409,
        "Conflict",
        "Another operation is in progress on '{path}'.",
        "Another operation on the resource is in progress.",
    ),
    _answer(
        "arm-core-quota-reached",
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional "
        "details - Deployment Model: Resource Manager, Location: westus, Current Limit: 10, Current Usage: 10, "
        "Additional Required: 2, (Minimum) New Limit Required: 12.",
        "The subscription has no cores left for another virtual machine.",
        where=_CREATE_MACHINE,
    ),
    _answer(
        "arm-size-not-available",
        409,
        "SkuNotAvailable",
        "The requested VM size for resource '{path}' is currently not available in location 'westus'. Please try "
        "another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for "
        "details.",
        "The size of a virtual machine is not available in its region.",
        where=_CREATE_MACHINE,
    ),
    _answer(
        "arm-allocation-failed",
        409,
        "AllocationFailed",
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
        "The region has no capacity for another virtual machine.",
        where=_CREATE_MACHINE,
    ),
    Definition(
        "arm-connection-cut",
        ArmConnectionSeam.NAME,
        "The connection ends in the midst of an answer.",
        parameters={"is_done": _DONE},
    ),
    Definition(
        "arm-not-found-after-create",
        ArmReadSeam.NAME,
        "A resource that was just created is not found yet.",
        parameters={"reads": Parameter(2, "how often it is not found after each create", least=1, most=1000)},
    ),
    Definition("arm-stale-list", ArmListSeam.NAME, "A list stays as it was when it was first asked for."),
    Definition(
        "arm-operation-never-ends",
        ArmOperationSeam.NAME,
        "A long-running operation is in progress for ever.",
        {"ends": "never", "code": "", "message": ""},
    ),
    Definition(
        "arm-operation-fails-late",
        ArmOperationSeam.NAME,
        "A long-running operation that succeeded is told as failed.",
        {"ends": "failed"},
        {
            "code": Parameter("InternalOperationError", "code of the error in the status"),
            "message": Parameter("An internal execution error occurred. Please retry later.", "its message"),
        },
    ),
)
