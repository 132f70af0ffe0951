"""Every error the service can show: code, message, HTTP status, remedy.

Expected errors are one family, `ServiceError`; anything else is a bug and crashes. Adapters and ARM translate nothing:
what is raised here is what the ARM error envelope or the job's errorDetails shows.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import Any


@dataclass
class ServiceError(Exception):
    """An error as the service names it. `status` is the HTTP status where it answers a request."""

    code: str
    message: str
    status: int = 400
    remedy: str = ""
    number: int = 0
    """errorCode of a job's errorDetails; 0 where no public number is known."""
    target: str | None = None
    details: list[dict[str, Any]] = field(default_factory=list)
    additional_info: list[dict[str, Any]] = field(default_factory=list)
    """Each with a `type` and an `info`."""
    retry_after_seconds: int = 0
    """When to ask again; 0 where asking again changes nothing."""

    def __str__(self) -> str:
        return f"{self.code}: {self.message}"

    def envelope(self) -> dict[str, Any]:
        """The ARM error body."""
        error: dict[str, Any] = {"code": self.code, "message": self.message}
        if self.target is not None:
            error["target"] = self.target
        if self.details:
            error["details"] = self.details
        if self.additional_info:
            error["additionalInfo"] = self.additional_info
        return {"error": error}


# ------------------------------------------------------------------------------------------ what every ARM answer obeys


def resource_not_found(full_type: str, name: str, group: str) -> ServiceError:
    return ServiceError(
        "ResourceNotFound",
        f"The Resource '{full_type}/{name}' under resource group '{group}' was not found. "
        "For more details please go to https://aka.ms/ARMResourceNotFoundFix",
        status=404,
    )


def resource_group_not_found(group: str) -> ServiceError:
    return ServiceError("ResourceGroupNotFound", f"Resource group '{group}' could not be found.", status=404)


def subscription_not_found(subscription: str) -> ServiceError:
    return ServiceError("SubscriptionNotFound", f"The subscription '{subscription}' could not be found.", status=404)


def operation_not_simulated(operation: str) -> ServiceError:
    """Ours: Azure has no such code. `operation` is a verb and a resource type, or a feature in plain words."""
    return ServiceError(
        "OperationNotSimulated", f"The operation '{operation}' is not simulated.", status=501, target=operation
    )


def invalid_namespace(namespace: str) -> ServiceError:
    return ServiceError("InvalidResourceNamespace", f"The resource namespace '{namespace}' is invalid.", status=404)


def method_not_allowed(method: str) -> ServiceError:
    """The message is Azure's, the code is ours."""
    return ServiceError("MethodNotAllowed", f"The requested resource does not support http method '{method}'.", 405)


def missing_api_version() -> ServiceError:
    return ServiceError(
        "MissingApiVersionParameter",
        "The api-version query parameter (?api-version=) is required for all requests.",
    )


def invalid_api_version(version: str) -> ServiceError:
    return ServiceError(
        "InvalidApiVersionParameter",
        f"The api-version '{version}' is invalid. It must be a date such as '2024-11-01' or '2024-11-01-preview'.",
    )


def api_version_unknown(version: str, known: Sequence[str]) -> ServiceError:
    return ServiceError(
        "InvalidApiVersionParameter",
        f"The api-version '{version}' is invalid. The supported versions are '{','.join(known)}'.",
    )


def no_registered_provider(
    location: str, version: str, kind: str, known: Sequence[str], locations: Sequence[str]
) -> ServiceError:
    return ServiceError(
        "NoRegisteredProviderFound",
        f"No registered resource provider found for location '{location}' and API version '{version}' for type "
        f"'{kind}'. The supported api-versions are '{', '.join(known)}'. "
        f"The supported locations are '{', '.join(locations)}'.",
    )


def subscription_throttled(operation: str, subscription: str, caller: str, wait_seconds: int) -> ServiceError:
    return ServiceError(
        "SubscriptionRequestsThrottled",
        f"Number of '{operation.removesuffix('s')}' requests for subscription '{subscription}' actor '{caller}' "
        f"exceeded. {_try_again(wait_seconds)}",
        status=429,
        retry_after_seconds=wait_seconds,
    )


def tenant_throttled(operation: str, caller: str, wait_seconds: int) -> ServiceError:
    """The code is ours."""
    return ServiceError(
        "TenantRequestsThrottled",
        f"Number of '{operation.removesuffix('s')}' requests for the tenant actor '{caller}' exceeded. "
        f"{_try_again(wait_seconds)}",
        status=429,
        retry_after_seconds=wait_seconds,
    )


def _try_again(wait_seconds: int) -> str:
    return (
        f"Please try again after '{wait_seconds}' seconds after additional tokens are available. "
        "Refer to https://aka.ms/arm-throttling for additional information."
    )


def invalid_content(reason: str) -> ServiceError:
    return ServiceError(
        "InvalidRequestContent", f"The request content was invalid and could not be deserialized: '{reason}'."
    )


def client_left() -> ServiceError:
    """Nobody hears it; the journal does."""
    return ServiceError("ClientClosedRequest", "The client closed the connection before the answer.", status=499)


def content_too_large(limit_bytes: int) -> ServiceError:
    return ServiceError(
        "RequestContentTooLarge",
        f"The request content size exceeds the maximum size of {limit_bytes} bytes.",
        status=413,
    )


def precondition_failed(reason: str) -> ServiceError:
    return ServiceError("PreconditionFailed", reason, status=412)


def invalid_query(key: str, reason: str) -> ServiceError:
    """The code is ours."""
    return ServiceError("InvalidQueryParameter", f"The value of the query parameter '{key}' is invalid: {reason}.")


def invalid_resource_name(name: str, rule: str) -> ServiceError:
    return ServiceError(
        "InvalidResourceName", f"The provided resource name '{name}' is invalid: {rule}.", target="name"
    )


def location_required() -> ServiceError:
    return ServiceError("LocationRequired", "The location property is required for this definition.", target="location")


def location_not_available(location: str, full_type: str, regions: Iterable[str]) -> ServiceError:
    return ServiceError(
        "LocationNotAvailableForResourceType",
        f"The provided location '{location}' is not available for resource type '{full_type}'. List of available "
        f"regions for the resource type is '{','.join(regions)}'.",
    )


def location_conflict(name: str, location: str, group: str, asked: str) -> ServiceError:
    return ServiceError(
        "InvalidResourceLocation",
        f"The resource '{name}' already exists in location '{location}' in resource group '{group}'. "
        f"A resource with the same name cannot be created in location '{asked}'. Please select a new resource name.",
        status=409,
    )


def group_location_conflict(asked: str, location: str) -> ServiceError:
    return ServiceError(
        "InvalidResourceGroupLocation",
        f"Invalid resource group location '{asked}'. The Resource group already exists in location '{location}'.",
        status=409,
    )


def service_unavailable(reason: str) -> ServiceError:
    return ServiceError(
        "ServiceUnavailable",
        f"The service cannot do this at the moment: {reason}.",
        status=503,
        retry_after_seconds=5,
    )


def internal_error() -> ServiceError:
    return ServiceError(
        "InternalServerError", "The server encountered an internal error. Please retry the request.", status=500
    )


def image_not_found(image: str, version: str) -> ServiceError:
    return ServiceError(
        "PlatformImageNotFound", f"The platform image '{image}:{version}' is not available.", status=404
    )


def lock_not_found(lock: str) -> ServiceError:
    return ServiceError("LockNotFound", f"The lock '{lock}' could not be found.", status=404)


def group_deletion_blocked(group: str, resources: Sequence[str], details: list[dict[str, Any]]) -> ServiceError:
    """`resources` are type and name of what stayed, `details` the errors that say why."""
    return ServiceError(
        "ResourceGroupDeletionBlocked",
        f"Deletion of resource group '{group}' failed as resources with identifiers '{','.join(resources)}' could not "
        "be deleted. The provisioning state of the resource group will be rolled back.",
        status=409,
        details=details,
    )


def operation_not_found(operation: str) -> ServiceError:
    """The code is ours."""
    return ServiceError("OperationNotFound", f"The operation '{operation}' could not be found.", status=404)


# --------------------------------------------------------------------------------------------------- who may ask at all


def token_missing() -> ServiceError:
    return ServiceError(
        "AuthenticationFailed", "Authentication failed. The 'Authorization' header is missing.", status=401
    )


def token_malformed() -> ServiceError:
    return ServiceError(
        "AuthenticationFailed",
        "Authentication failed. The 'Authorization' header is provided in an invalid format.",
        status=401,
    )


def token_invalid() -> ServiceError:
    return ServiceError("InvalidAuthenticationToken", "The access token is invalid.", status=401)


def token_expired(expiry: str, now: str) -> ServiceError:
    return ServiceError(
        "ExpiredAuthenticationToken",
        f"The access token expiry UTC time '{expiry}' is earlier than current UTC time '{now}'.",
        status=401,
    )


def token_for_other_audience(audience: str) -> ServiceError:
    return ServiceError(
        "InvalidAuthenticationTokenAudience",
        f"The access token has been obtained for wrong audience or resource '{audience}'. It should exactly match with "
        "one of the allowed audiences 'https://management.core.windows.net/','https://management.core.windows.net',"
        "'https://management.azure.com/','https://management.azure.com'.",
        status=401,
    )


def token_of_other_tenant(issuer: str, wanted: str) -> ServiceError:
    return ServiceError(
        "InvalidAuthenticationTokenTenant",
        f"The access token is from the wrong issuer '{issuer}'. It must match the tenant '{wanted}' associated with "
        "this subscription.",
        status=401,
    )


# --------------------------------------------------------------------------------------------------------- Azure Backup


def invalid_backup_input(parameter: str, reason: str) -> ServiceError:
    """The code is the service's; it says no more than the first sentence."""
    return ServiceError(
        "BMSUserErrorInvalidInput",
        f"Input provided for the call is invalid. The value of '{parameter}' is refused: {reason}.",
        target=parameter,
    )


def container_name_incorrect(reason: str) -> ServiceError:
    return ServiceError("BMSUserErrorContainerNameIncorrectFormat", f"The container name is not valid: {reason}.")


def item_name_incorrect(reason: str) -> ServiceError:
    return ServiceError("BMSUserErrorProtectedItemNameIncorrectFormat", f"The name of the item is not valid: {reason}.")


def container_not_found(name: str) -> ServiceError:
    """The code is ours."""
    return ServiceError("BMSUserErrorContainerNotFound", f"There is no container '{name}' in the vault.", status=404)


def item_not_found(name: str) -> ServiceError:
    return ServiceError(
        "BMSUserErrorDataSourceObjectNotFound", f"There is no protected item '{name}' in the vault.", status=404
    )


def recovery_point_not_found(name: str) -> ServiceError:
    """The code is ours."""
    return ServiceError("BMSUserErrorRecoveryPointNotFound", f"The item has no recovery point '{name}'.", status=404)


def job_not_found(name: str) -> ServiceError:
    """The code is ours."""
    return ServiceError("BMSUserErrorJobNotFound", f"There is no job '{name}' in the vault.", status=404)
