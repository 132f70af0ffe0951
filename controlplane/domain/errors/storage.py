"""Errors of storage accounts."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN, OURS, QUOTED

ACCOUNT_NAME_INVALID = ErrorKind(
    code="AccountNameInvalid",
    message="{name} {rule}",
    target="name",
    source=DEPLOYMENT_ERRORS,
)

STORAGE_ACCOUNT_ALREADY_TAKEN = ErrorKind(
    code="StorageAccountAlreadyTaken",
    message="The storage account named {name} is already taken.",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

STORAGE_ACCOUNT_IN_ANOTHER_RESOURCE_GROUP = ErrorKind(
    code="StorageAccountInAnotherResourceGroup",
    message="The account {name} is already in another resource group in this subscription.",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

STORAGE_ACCOUNT_IN_USE = ErrorKind(
    code="StorageAccountInUse",
    message="The storage account {name} cannot be deleted: it holds disks of virtual machines.",
    status=409,
    source=OURS,
)

STORAGE_ACCOUNT_NOT_PROVISIONED = ErrorKind(
    code="StorageAccountIsNotProvisioned",
    message="The storage account provisioning state must be 'Succeeded' before executing the operation.",
    status=409,
    remedy="Wait until its creation has ended.",
    source=KNOWN,
)

STORAGE_ACCOUNT_CREATION_FAILED = ErrorKind(
    code="StorageAccountOperationFailed",
    message="The storage account {name} could not be made: {reason}.",
    status=500,
    source=OURS,
)

ACCOUNT_NOT_EMPTIED = ErrorKind(
    code="StorageAccountOperationFailed",
    message="What the storage account {name} held could not be deleted: {reason}.",
    status=500,
    source=OURS,
)

INVALID_VALUES_FOR_REQUEST_PARAMETERS = ErrorKind(
    code="InvalidValuesForRequestParameters",
    message="Values for request parameters are invalid: {parameter}.",
    target="{parameter}",
    source=KNOWN,
)

ACCOUNT_PROPERTY_CANNOT_BE_UPDATED = ErrorKind(
    code="AccountPropertyCannotBeUpdated",
    message=(
        "The property '{key}' was specified in the input, but it cannot be updated as it is read-only. For more "
        "information, see - https://aka.ms/storageaccountupdate"
    ),
    source=QUOTED,
)

BLOB_CONTAINER_NOT_FOUND = ErrorKind(
    code="ContainerNotFound",
    message="The specified container does not exist.",
    status=404,
    source=KNOWN,
)

BLOB_CONTAINER_NAME_INVALID = ErrorKind(
    code="InvalidResourceName",
    message="The specified resource name contains invalid characters.",
    source=KNOWN,
)

BLOB_CONTAINER_IN_USE = ErrorKind(
    code="LeaseIdMissing",
    message="There is currently a lease on the blob and no lease ID was specified in the request.",
    status=412,
    remedy="Delete the virtual machines whose disks lie in the container, or detach the disks.",
    source=KNOWN,
)

PUBLIC_ACCESS_NOT_PERMITTED = ErrorKind(
    code="PublicAccessNotPermitted",
    message="Public access is not permitted on this storage account.",
    status=409,
    source=KNOWN,
)
