"""What the service calls the refusals of other providers, and which agents it works with."""

from __future__ import annotations

import pytest

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import provider_answers, supported_machines
from controlplane.domain.recovery_services.provider_answers import (
    LIST_KEYS,
    READ_SECRET,
    WRITE_DISK,
    WRITE_MACHINE,
    WRITE_POINT,
    service_error,
)

CORES = "Operation could not be completed as it results in exceeding approved Total Regional Cores quota."


@pytest.mark.parametrize(
    ("operation", "status", "code", "message", "expected"),
    [
        (WRITE_MACHINE, 409, "OperationNotAllowed", CORES, "UserErrorCoreCountSubscriptionQuotaReached"),
        (WRITE_MACHINE, 409, "OperationNotAllowed", "The VM is locked.", "UserErrorCrpReportedUserError"),
        (WRITE_DISK, 409, "OperationNotAllowed", "", "UserErrorInvalidManagedDiskOperation"),
        (WRITE_POINT, 409, "OperationNotAllowed", "Changes were made to it", "ExtensionOperationInProgress"),
        (WRITE_POINT, 409, "OperationNotAllowed", "have not been allocated", "UserErrorProt32DAllocationPending"),
        (WRITE_POINT, 503, "ServiceUnavailable", "", "BcmCrpInternalError"),
        (WRITE_POINT, 409, "Conflict", "", "UserErrorCrpReportedUserError"),
        (LIST_KEYS, 409, "ScopeLocked", "", "UserErrorStorageAccountIsLocked"),
        (WRITE_DISK, 409, "ScopeLocked", "", "UserErrorResourceIsInLockedState"),
        (READ_SECRET, 403, "Forbidden", "", "UserErrorKeyvaultPermissionsNotConfigured"),
        (WRITE_DISK, 403, "Forbidden", "", "UserErrorCrpReportedUserError"),
    ],
)
def test_a_refusal_is_called_by_operation_code_and_message(
    operation: str, status: int, code: str, message: str, expected: str
) -> None:
    error = service_error(operation, status, code, message)
    assert error.code == expected
    assert f"{operation.partition('/')[0]} answered {status} {code}: {message}" in error.message
    assert error.remedy


def test_every_row_can_be_reached() -> None:
    """None stands behind one that takes all that it would."""
    for row in provider_answers._ROWS:
        operation = row.operation or "Microsoft.Other/things/write"
        assert service_error(operation, 409, row.code, row.says).code == row.kind.code


@pytest.mark.parametrize("version", ["2.6.1198.718", "2.7.0", "10.0", "Unknown", None, ""])
def test_an_agent_that_is_new_enough_or_unknown_is_accepted(version: str | None) -> None:
    supported_machines.check_agent("Windows", version)


@pytest.mark.parametrize("version", ["2.6.1198.717", "2.6", "1.0.0.0"])
def test_an_agent_that_is_too_old_is_not(version: str) -> None:
    with pytest.raises(ServiceError, match=version) as refused:
        supported_machines.check_agent("Windows", version)
    assert refused.value.code == "UserErrorGuestAgentVersionUnsupported"
    supported_machines.check_agent("Linux", version)
