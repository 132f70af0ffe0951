"""Errors that any request to ARM may get."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind, Source
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN, OURS

CONFLICT = ErrorKind(
    code="Conflict",
    message="{reason}.",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

DATA_SINK_MISSING = ErrorKind(
    code="BadRequest",
    message="At least one data sink needs to be specified.",
    source=DEPLOYMENT_ERRORS,
)

RESOURCE_NOT_FOUND = ErrorKind(
    code="ResourceNotFound",
    message=(
        "The Resource '{type}/{name}' under resource group '{group}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix"
    ),
    status=404,
    source=DEPLOYMENT_ERRORS,
)

RESOURCE_GROUP_NOT_FOUND = ErrorKind(
    code="ResourceGroupNotFound",
    message="Resource group '{group}' could not be found.",
    status=404,
    source=DEPLOYMENT_ERRORS,
)

SUBSCRIPTION_NOT_FOUND = ErrorKind(
    code="SubscriptionNotFound",
    message="The subscription '{subscription}' could not be found.",
    status=404,
    source=DEPLOYMENT_ERRORS,
)

OPERATION_NOT_SIMULATED = ErrorKind(
    code="OperationNotSimulated",
    message="The operation '{operation}' is not simulated.",
    status=501,
    target="{operation}",
    source=Source("ours", "Azure has no such code: what is not simulated says so"),
)

INVALID_RESOURCE_NAMESPACE = ErrorKind(
    code="InvalidResourceNamespace",
    message="The resource namespace '{namespace}' is invalid.",
    status=404,
    source=DEPLOYMENT_ERRORS,
)

INVALID_RESOURCE_TYPE = ErrorKind(
    code="InvalidResourceType",
    message="The resource type '{type}' could not be found in the namespace '{namespace}'.",
    status=404,
    source=KNOWN,
)

METHOD_NOT_ALLOWED = ErrorKind(
    code="MethodNotAllowed",
    message="The requested resource does not support http method '{method}'.",
    status=405,
    source=Source("ours", "not public; the message is Azure's"),
)

MISSING_API_VERSION_PARAMETER = ErrorKind(
    code="MissingApiVersionParameter",
    message="The api-version query parameter (?api-version=) is required for all requests.",
    source=KNOWN,
)

API_VERSION_MALFORMED = ErrorKind(
    code="InvalidApiVersionParameter",
    message=("The api-version '{version}' is invalid. It must be a date such as '2024-11-01' or '2024-11-01-preview'."),
    source=KNOWN,
)

API_VERSION_UNKNOWN = ErrorKind(
    code="InvalidApiVersionParameter",
    message="The api-version '{version}' is invalid. The supported versions are '{supported}'.",
    source=KNOWN,
)

NO_REGISTERED_PROVIDER = ErrorKind(
    code="NoRegisteredProviderFound",
    message=(
        "No registered resource provider found for location '{location}' and API version '{version}' for type "
        "'{type}'. The supported api-versions are '{versions}'. The supported locations are '{locations}'."
    ),
    source=DEPLOYMENT_ERRORS,
)

SUBSCRIPTION_REQUESTS_THROTTLED = ErrorKind(
    code="SubscriptionRequestsThrottled",
    message=(
        "Number of '{operation}' requests for subscription '{subscription}' actor '{caller}' exceeded. Please try "
        "again after '{wait_seconds}' seconds after additional tokens are available. Refer to "
        "https://aka.ms/arm-throttling for additional information."
    ),
    status=429,
    source=KNOWN,
)

TENANT_REQUESTS_THROTTLED = ErrorKind(
    code="TenantRequestsThrottled",
    message=(
        "Number of '{operation}' requests for the tenant actor '{caller}' exceeded. Please try again after "
        "'{wait_seconds}' seconds after additional tokens are available. Refer to https://aka.ms/arm-throttling for "
        "additional information."
    ),
    status=429,
    source=Source("ours", "not public; made after that of a subscription"),
)

INVALID_REQUEST_CONTENT = ErrorKind(
    code="InvalidRequestContent",
    message="The request content was invalid and could not be deserialized: '{reason}'.",
    source=DEPLOYMENT_ERRORS,
)

VALUE_NOT_CONVERTED = ErrorKind(
    code="BadRequest",
    message="Error converting value \"{value}\" to type '{kind}'. Path '{path}'.",
    target="{target}",
    source=Source(
        "observed",
        "answers quoted in reports; the type's full name and the position in the body are left out",
        "https://github.com/jclouds/jclouds-labs/pull/394",
    ),
)

REQUEST_CONTENT_TOO_LARGE = ErrorKind(
    code="RequestContentTooLarge",
    message="The request content size exceeds the maximum size of {limit_bytes} bytes.",
    status=413,
    source=KNOWN,
)

PRECONDITION_FAILED = ErrorKind(
    code="PreconditionFailed",
    message="{reason}",
    status=412,
    source=KNOWN,
)

INVALID_QUERY_PARAMETER = ErrorKind(
    code="InvalidQueryParameter",
    message="The value of the query parameter '{key}' is invalid: {reason}.",
    source=Source("ours", "not public; a filter that cannot be read is refused rather than ignored"),
)

INVALID_RESOURCE_NAME = ErrorKind(
    code="InvalidResourceName",
    message="The provided resource name '{name}' is invalid: {rule}.",
    target="name",
    source=KNOWN,
)

LOCATION_REQUIRED = ErrorKind(
    code="LocationRequired",
    message="The location property is required for this definition.",
    target="location",
    source=DEPLOYMENT_ERRORS,
)

LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE = ErrorKind(
    code="LocationNotAvailableForResourceType",
    message=(
        "The provided location '{location}' is not available for resource type '{type}'. List of available regions "
        "for the resource type is '{regions}'."
    ),
    source=KNOWN,
)

INVALID_RESOURCE_LOCATION = ErrorKind(
    code="InvalidResourceLocation",
    message=(
        "The resource '{name}' already exists in location '{location}' in resource group '{group}'. A resource with "
        "the same name cannot be created in location '{requested}'. Please select a new resource name."
    ),
    status=409,
    source=DEPLOYMENT_ERRORS,
)

INVALID_RESOURCE_GROUP_LOCATION = ErrorKind(
    code="InvalidResourceGroupLocation",
    message=(
        "Invalid resource group location '{requested}'. The Resource group already exists in location '{location}'."
    ),
    status=409,
    source=KNOWN,
)

SERVICE_UNAVAILABLE = ErrorKind(
    code="ServiceUnavailable",
    message="The service cannot do this at the moment: {reason}.",
    status=503,
    retry_after_seconds=5,
    source=KNOWN,
)

INTERNAL_SERVER_ERROR = ErrorKind(
    code="InternalServerError",
    message="The server encountered an internal error. Please retry the request.",
    status=500,
    source=DEPLOYMENT_ERRORS,
)

INSUFFICIENT_STORAGE = ErrorKind(
    code="InsufficientStorage",
    message="{reason}.",
    status=507,
    remedy="Free some space on the disk of the world and send the request again.",
    source=Source("ours", "Azure's own disks are never full; clients do not repeat a 507 by themselves"),
)

STORE_DAMAGED = ErrorKind(
    code="InternalServerError",
    message="{reason}.",
    status=500,
    remedy="End the world and restore its store from a copy.",
    source=Source("ours", "the code is Azure's, the reason a damaged file of the world"),
)

CLIENT_CLOSED_REQUEST = ErrorKind(
    code="ClientClosedRequest",
    message="The client closed the connection before the answer.",
    status=499,
    source=Source("ours", "the journal shows it; nobody is left to answer"),
)

IMAGE_NOT_FOUND = ErrorKind(
    code="PlatformImageNotFound",
    message="The platform image '{image}:{version}' is not available.",
    status=404,
    source=KNOWN,
)

LOCK_NOT_FOUND = ErrorKind(
    code="LockNotFound",
    message="The lock '{lock}' could not be found.",
    status=404,
    source=KNOWN,
)

RESOURCE_GROUP_BEING_DELETED = ErrorKind(
    code="ResourceGroupBeingDeleted",
    message=("The resource group '{group}' is in deprovisioning state and cannot perform this operation."),
    status=409,
    source=DEPLOYMENT_ERRORS,
)

RESOURCE_GROUP_DELETION_BLOCKED = ErrorKind(
    code="ResourceGroupDeletionBlocked",
    message=(
        "Deletion of resource group '{group}' failed as resources with identifiers '{resources}' could not be "
        "deleted. The provisioning state of the resource group will be rolled back."
    ),
    status=409,
    source=KNOWN,
)

OPERATION_NOT_FOUND = ErrorKind(
    code="OperationNotFound",
    message="The operation '{operation}' could not be found.",
    status=404,
    source=OURS,
)
