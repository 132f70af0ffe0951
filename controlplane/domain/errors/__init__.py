"""Every error of the service: the modules here are its table, and functions make the errors of many operations.

A row of the table is an `ErrorKind`: code, number, HTTP status, message, remedy and source. A code with several
messages has several kinds, next to each other. docs/errors.md is made from them; nothing else makes a `ServiceError`.

`KIND.error(name="daily")` makes an error. A function stands here only where many operations raise the error, or where
the values have to be put into form first.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from typing import Any

from controlplane.domain.errors.arm import (
    API_VERSION_UNKNOWN,
    INTERNAL_SERVER_ERROR,
    INVALID_QUERY_PARAMETER,
    INVALID_REQUEST_CONTENT,
    INVALID_RESOURCE_LOCATION,
    INVALID_RESOURCE_NAME,
    INVALID_RESOURCE_NAMESPACE,
    LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE,
    NO_REGISTERED_PROVIDER,
    OPERATION_NOT_FOUND,
    OPERATION_NOT_SIMULATED,
    PRECONDITION_FAILED,
    RESOURCE_GROUP_DELETION_BLOCKED,
    RESOURCE_GROUP_NOT_FOUND,
    RESOURCE_NOT_FOUND,
    SUBSCRIPTION_REQUESTS_THROTTLED,
    TENANT_REQUESTS_THROTTLED,
)
from controlplane.domain.errors.kind import ServiceError as ServiceError
from controlplane.domain.errors.protection import (
    CONTAINER_NAME_INCORRECT,
    INVALID_BACKUP_INPUT,
    ITEM_NOT_FOUND,
)
from controlplane.domain.errors.restore import RECOVERY_POINT_NOT_FOUND

# ------------------------------------------------------------------------------------------ what every ARM answer obeys


def resource_not_found(full_type: str, name: str, group: str) -> ServiceError:
    return RESOURCE_NOT_FOUND.error(type=full_type, name=name, group=group)


def resource_group_not_found(group: str) -> ServiceError:
    return RESOURCE_GROUP_NOT_FOUND.error(group=group)


def operation_not_simulated(operation: str) -> ServiceError:
    """`operation` is a verb and a resource type, or a feature in plain words."""
    return OPERATION_NOT_SIMULATED.error(operation=operation)


def invalid_namespace(namespace: str) -> ServiceError:
    return INVALID_RESOURCE_NAMESPACE.error(namespace=namespace)


def api_version_unknown(version: str, supported: Sequence[str]) -> ServiceError:
    return API_VERSION_UNKNOWN.error(version=version, supported=",".join(supported))


def no_registered_provider(
    location: str, version: str, kind: str, supported: Sequence[str], locations: Sequence[str]
) -> ServiceError:
    return NO_REGISTERED_PROVIDER.error(
        location=location, version=version, type=kind, versions=", ".join(supported), locations=", ".join(locations)
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


def precondition_failed(reason: str) -> ServiceError:
    return PRECONDITION_FAILED.error(reason=reason)


def invalid_query(key: str, reason: str) -> ServiceError:
    return INVALID_QUERY_PARAMETER.error(key=key, reason=reason)


def invalid_resource_name(name: str, rule: str) -> ServiceError:
    return INVALID_RESOURCE_NAME.error(name=name, rule=rule)


def location_not_available(location: str, full_type: str, regions: Iterable[str]) -> ServiceError:
    return LOCATION_NOT_AVAILABLE_FOR_RESOURCE_TYPE.error(location=location, type=full_type, regions=",".join(regions))


def location_conflict(name: str, location: str, group: str, requested: str) -> ServiceError:
    return INVALID_RESOURCE_LOCATION.error(name=name, location=location, group=group, requested=requested)


def internal_error() -> ServiceError:
    return INTERNAL_SERVER_ERROR.error()


def group_deletion_blocked(group: str, resources: Sequence[str], details: list[dict[str, Any]]) -> ServiceError:
    """`resources` are type and name of what stayed, `details` the errors that say why."""
    return RESOURCE_GROUP_DELETION_BLOCKED.error(group=group, resources=",".join(resources), details=details)


def operation_not_found(operation: str) -> ServiceError:
    return OPERATION_NOT_FOUND.error(operation=operation)


# --------------------------------------------------------------------------------------------------------- Azure Backup


def invalid_backup_input(parameter: str, reason: str) -> ServiceError:
    """The code is the service's; it says no more than the first sentence."""
    return INVALID_BACKUP_INPUT.error(parameter=parameter, reason=reason)


def container_name_incorrect(reason: str) -> ServiceError:
    return CONTAINER_NAME_INCORRECT.error(reason=reason)


def item_not_found(name: str) -> ServiceError:
    return ITEM_NOT_FOUND.error(name=name)


def recovery_point_not_found(name: str) -> ServiceError:
    return RECOVERY_POINT_NOT_FOUND.error(name=name)
