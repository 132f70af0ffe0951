"""Every error of the service: the modules here are its table, and functions make those of many operations.

A row of the table is an `ErrorKind`: code, number, HTTP status, message, remedy and source. A code with several
messages has several kinds, next to each other. docs/errors.md is made from them; nothing else makes a `ServiceError`.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controlplane.domain.errors.arm import (
    API_VERSION_MALFORMED,
    API_VERSION_UNKNOWN,
    CLIENT_CLOSED_REQUEST,
    IMAGE_NOT_FOUND,
    INTERNAL_SERVER_ERROR,
    INVALID_QUERY_PARAMETER,
    INVALID_REQUEST_CONTENT,
    INVALID_RESOURCE_GROUP_LOCATION,
    INVALID_RESOURCE_LOCATION,
    INVALID_RESOURCE_NAME,
    INVALID_RESOURCE_NAMESPACE,
    LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE,
    LOCATION_REQUIRED,
    LOCK_NOT_FOUND,
    METHOD_NOT_ALLOWED,
    MISSING_API_VERSION_PARAMETER,
    NO_REGISTERED_PROVIDER,
    OPERATION_NOT_FOUND,
    OPERATION_NOT_SIMULATED,
    PRECONDITION_FAILED,
    REQUEST_CONTENT_TOO_LARGE,
    RESOURCE_GROUP_DELETION_BLOCKED,
    RESOURCE_GROUP_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    SERVICE_UNAVAILABLE,
    SUBSCRIPTION_NOT_FOUND,
    SUBSCRIPTION_REQUESTS_THROTTLED,
    TENANT_REQUESTS_THROTTLED,
)
from controlplane.domain.errors.jobs import JOB_NOT_FOUND
from controlplane.domain.errors.kind import ServiceError as ServiceError
from controlplane.domain.errors.protection import (
    CONTAINER_NAME_INCORRECT,
    CONTAINER_NOT_FOUND,
    INVALID_BACKUP_INPUT,
    ITEM_NAME_INCORRECT,
    ITEM_NOT_FOUND,
)
from controlplane.domain.errors.restore import RECOVERY_POINT_NOT_FOUND
from controlplane.domain.errors.sign_in import (
    AUTHORIZATION_MALFORMED,
    AUTHORIZATION_MISSING,
    EXPIRED_AUTHENTICATION_TOKEN,
    INVALID_AUTHENTICATION_TOKEN,
    INVALID_AUTHENTICATION_TOKEN_AUDIENCE,
    INVALID_AUTHENTICATION_TOKEN_TENANT,
)

# ------------------------------------------------------------------------------------------ what every ARM answer obeys


def resource_not_found(full_type: str, name: str, group: str) -> ServiceError:
    return RESOURCE_NOT_FOUND.error(type=full_type, name=name, group=group)


def resource_group_not_found(group: str) -> ServiceError:
    return RESOURCE_GROUP_NOT_FOUND.error(group=group)


def subscription_not_found(subscription: str) -> ServiceError:
    return SUBSCRIPTION_NOT_FOUND.error(subscription=subscription)


def operation_not_simulated(operation: str) -> ServiceError:
    """`operation` is a verb and a resource type, or a feature in plain words."""
    return OPERATION_NOT_SIMULATED.error(operation=operation)


def invalid_namespace(namespace: str) -> ServiceError:
    return INVALID_RESOURCE_NAMESPACE.error(namespace=namespace)


def method_not_allowed(method: str) -> ServiceError:
    return METHOD_NOT_ALLOWED.error(method=method)


def missing_api_version() -> ServiceError:
    return MISSING_API_VERSION_PARAMETER.error()


def invalid_api_version(version: str) -> ServiceError:
    return API_VERSION_MALFORMED.error(version=version)


def api_version_unknown(version: str, known: Sequence[str]) -> ServiceError:
    return API_VERSION_UNKNOWN.error(version=version, supported=",".join(known))


def no_registered_provider(
    location: str, version: str, kind: str, known: Sequence[str], locations: Sequence[str]
) -> ServiceError:
    return NO_REGISTERED_PROVIDER.error(
        location=location, version=version, type=kind, versions=", ".join(known), locations=", ".join(locations)
    )


def subscription_throttled(operation: str, subscription: str, caller: str, wait_seconds: int) -> ServiceError:
    return SUBSCRIPTION_REQUESTS_THROTTLED.error(
        operation=operation.removesuffix("s"),
        subscription=subscription,
        caller=caller,
        wait_seconds=wait_seconds,
        retry_after_seconds=wait_seconds,
    )


def tenant_throttled(operation: str, caller: str, wait_seconds: int) -> ServiceError:
    return TENANT_REQUESTS_THROTTLED.error(
        operation=operation.removesuffix("s"),
        caller=caller,
        wait_seconds=wait_seconds,
        retry_after_seconds=wait_seconds,
    )


def invalid_content(reason: str) -> ServiceError:
    return INVALID_REQUEST_CONTENT.error(reason=reason)


def content_too_large(limit_bytes: int) -> ServiceError:
    return REQUEST_CONTENT_TOO_LARGE.error(limit_bytes=limit_bytes)


def precondition_failed(reason: str) -> ServiceError:
    return PRECONDITION_FAILED.error(reason=reason)


def invalid_query(key: str, reason: str) -> ServiceError:
    return INVALID_QUERY_PARAMETER.error(key=key, reason=reason)


def invalid_resource_name(name: str, rule: str) -> ServiceError:
    return INVALID_RESOURCE_NAME.error(name=name, rule=rule)


def location_required() -> ServiceError:
    return LOCATION_REQUIRED.error()


def location_not_available(location: str, full_type: str, regions: Iterable[str]) -> ServiceError:
    return LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE.error(location=location, type=full_type, regions=",".join(regions))


def location_conflict(name: str, location: str, group: str, asked: str) -> ServiceError:
    return INVALID_RESOURCE_LOCATION.error(name=name, location=location, group=group, requested=asked)


def group_location_conflict(asked: str, location: str) -> ServiceError:
    return INVALID_RESOURCE_GROUP_LOCATION.error(requested=asked, location=location)


def service_unavailable(reason: str) -> ServiceError:
    return SERVICE_UNAVAILABLE.error(reason=reason)


def internal_error() -> ServiceError:
    return INTERNAL_SERVER_ERROR.error()


def client_left() -> ServiceError:
    """Nobody hears it; the journal does."""
    return CLIENT_CLOSED_REQUEST.error()


def image_not_found(image: str, version: str) -> ServiceError:
    return IMAGE_NOT_FOUND.error(image=image, version=version)


def lock_not_found(lock: str) -> ServiceError:
    return LOCK_NOT_FOUND.error(lock=lock)


def group_deletion_blocked(group: str, resources: Sequence[str], details: list[dict[str, Any]]) -> ServiceError:
    """`resources` are type and name of what stayed, `details` the errors that say why."""
    return RESOURCE_GROUP_DELETION_BLOCKED.error(group=group, resources=",".join(resources), details=details)


def operation_not_found(operation: str) -> ServiceError:
    return OPERATION_NOT_FOUND.error(operation=operation)


# --------------------------------------------------------------------------------------------------- who may ask at all


def token_missing() -> ServiceError:
    return AUTHORIZATION_MISSING.error()


def token_malformed() -> ServiceError:
    return AUTHORIZATION_MALFORMED.error()


def token_invalid() -> ServiceError:
    return INVALID_AUTHENTICATION_TOKEN.error()


def token_expired(expiry: str, now: str) -> ServiceError:
    return EXPIRED_AUTHENTICATION_TOKEN.error(expiry=expiry, now=now)


def token_for_other_audience(audience: str) -> ServiceError:
    return INVALID_AUTHENTICATION_TOKEN_AUDIENCE.error(audience=audience)


def token_of_other_tenant(issuer: str, wanted: str) -> ServiceError:
    return INVALID_AUTHENTICATION_TOKEN_TENANT.error(issuer=issuer, tenant=wanted)


# --------------------------------------------------------------------------------------------------------- Azure Backup


def invalid_backup_input(parameter: str, reason: str) -> ServiceError:
    """The code is the service's; it says no more than the first sentence."""
    return INVALID_BACKUP_INPUT.error(parameter=parameter, reason=reason)


def container_name_incorrect(reason: str) -> ServiceError:
    return CONTAINER_NAME_INCORRECT.error(reason=reason)


def item_name_incorrect(reason: str) -> ServiceError:
    return ITEM_NAME_INCORRECT.error(reason=reason)


def container_not_found(name: str) -> ServiceError:
    return CONTAINER_NOT_FOUND.error(name=name)


def item_not_found(name: str) -> ServiceError:
    return ITEM_NOT_FOUND.error(name=name)


def recovery_point_not_found(name: str) -> ServiceError:
    return RECOVERY_POINT_NOT_FOUND.error(name=name)


def job_not_found(name: str) -> ServiceError:
    return JOB_NOT_FOUND.error(name=name)
