"""What a client is told of an exception that is not a mistake of ours."""

from __future__ import annotations

from controlplane.domain import errors
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import CONFLICT, INSUFFICIENT_STORAGE, SERVICE_UNAVAILABLE, STORE_DAMAGED
from controlplane.ports import (
    DocumentExists,
    EtagMismatch,
    PortError,
    StorageFull,
    StorageRefused,
    StoreDamaged,
    StoreFull,
)

Expected = (ServiceError, PortError)
"""What an operation may raise."""


def as_service_error(error: Exception) -> ServiceError | None:
    """The error as the service names it; None for a mistake of the program."""
    if isinstance(error, ServiceError):
        return error
    if isinstance(error, EtagMismatch):
        return errors.precondition_failed("The resource has changed since it was read.")
    if isinstance(error, DocumentExists | StorageRefused):
        return CONFLICT.error(reason=error)
    if isinstance(error, StoreFull | StorageFull):
        return INSUFFICIENT_STORAGE.error(reason=error)
    if isinstance(error, StoreDamaged):
        return STORE_DAMAGED.error(reason=error)
    if isinstance(error, PortError):
        return SERVICE_UNAVAILABLE.error(reason=error)
    return None


def expected(error: Exception) -> ServiceError:
    """The same for what is known to be no mistake."""
    service_error = as_service_error(error)
    assert service_error is not None, "only what an operation may raise is asked about"
    return service_error
