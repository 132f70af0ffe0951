"""Errors of machines, disks and availability sets."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN, OURS, QUOTED

PROPERTY_CHANGE_NOT_ALLOWED = ErrorKind(
    code="PropertyChangeNotAllowed",
    message="Changing property '{key}' is not allowed.",
    status=409,
    target="{key}",
    source=DEPLOYMENT_ERRORS,
)

DOMAIN_COUNT_OUT_OF_RANGE = ErrorKind(
    code="InvalidParameter",
    message="The specified {which} domain count {count} must fall in the range 1 to {most}.",
    target="{parameter}",
    source=DEPLOYMENT_ERRORS,
)

AVAILABILITY_SET_IN_USE = ErrorKind(
    code="OperationNotAllowed",
    message=(
        "Availability Set '{name}' cannot be deleted. Before deleting an Availability Set please ensure that it does "
        "not contain any VM."
    ),
    status=409,
    source=DEPLOYMENT_ERRORS,
)

OS_PROVISIONING_INTERNAL_ERROR = ErrorKind(
    code="OSProvisioningInternalError",
    message="{reason}",
    source=KNOWN,
)

OPERATION_PREEMPTED = ErrorKind(
    code="OperationPreempted",
    message="Operation execution has been preempted by a more recent operation.",
    status=409,
    source=KNOWN,
)

DISK_NOT_CREATED_YET = ErrorKind(
    code="OperationNotAllowed",
    message="The disk has not been created yet.",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

DISK_NAME_TAKEN = ErrorKind(
    code="ConflictingUserInput",
    message="Disk '{name}' already exists in resource group '{group}'. Only CreateOption.Attach is supported.",
    status=409,
    source=KNOWN,
)

DISK_BLOB_IN_USE = ErrorKind(
    code="AcquireDiskLeaseFailed",
    message="Failed to acquire lease while creating disk '{name}'. Blob is already in use.",
    status=409,
    source=KNOWN,
)

DISK_STORAGE_ACCOUNT_NOT_FOUND = ErrorKind(
    code="StorageAccountNotFound",
    message=(
        "Storage account '{account}' not found. Ensure storage account is not deleted and belongs to the same Azure "
        "location as the VM."
    ),
    status=409,
    source=DEPLOYMENT_ERRORS,
)

MACHINE_IDENTITY_NOT_FOUND = ErrorKind(
    code="FailedIdentityOperation",
    message=(
        "Identity operation for resource '{resource}' failed: the user assigned identity '{identity}' was not found."
    ),
    source=KNOWN,
)

DISK_NOT_READY = ErrorKind(
    code="OperationNotAllowed",
    message="Disk {name} cannot be used: its provisioning state is {state}.",
    status=409,
    remedy="Wait until its creation has ended; delete a disk whose creation failed.",
    source=DEPLOYMENT_ERRORS,
)

DISK_NOT_UPLOADED = ErrorKind(
    code="OperationNotAllowed",
    message="Disk {name} cannot be used: it is to be filled by an upload, and its state is {state}.",
    status=409,
    remedy="Grant write access to the disk, upload the VHD and end the access.",
    source=DEPLOYMENT_ERRORS,
)

DISK_WRITE_NOT_ALLOWED = ErrorKind(
    code="OperationNotAllowed",
    message="Write access cannot be granted to disk {name} in the state {state}.",
    status=409,
    remedy="Create a disk with the create option Upload; it can be written until the access is ended.",
    source=DEPLOYMENT_ERRORS,
)

DISK_IMPORT_FAILED = ErrorKind(
    code="InternalExecutionError",
    message="The disk could not be imported: {reason}.",
    status=500,
    remedy="Delete the disk and import it again.",
    source=KNOWN,
)

DISK_CREATION_FAILED = ErrorKind(
    code="InternalExecutionError",
    message="The disk could not be created: {reason}.",
    status=500,
    remedy="Delete the disk and create it again.",
    source=KNOWN,
)

SNAPSHOT_FAILED = ErrorKind(
    code="InternalExecutionError",
    message="The snapshot of the disk could not be taken: {reason}.",
    status=500,
    remedy="Delete the snapshot and create it again.",
    source=KNOWN,
)

SNAPSHOT_NOT_READY = ErrorKind(
    code="OperationNotAllowed",
    message="Snapshot {name} cannot be used: its provisioning state is {state}.",
    status=409,
    remedy="Wait until its creation has ended.",
    source=DEPLOYMENT_ERRORS,
)

DISK_BLOB_NOT_DELETED = ErrorKind(
    code="InternalExecutionError",
    message="The bytes of a deleted disk or snapshot could not be removed: {reason}.",
    status=500,
    source=KNOWN,
)

RUN_COMMAND_IN_PROGRESS = ErrorKind(
    code="Conflict",
    message=(
        "Run command extension execution is in progress. Please wait for completion before invoking a run command."
    ),
    status=409,
    source=KNOWN,
)

ACCESS_OUTSTANDING = ErrorKind(
    code="OperationNotAllowed",
    message=(
        "There is an active shared access signature outstanding for disk {name}. Call EndGetAccess before {act} the "
        "disk."
    ),
    status=409,
    source=KNOWN,
)

DISK_OF_RUNNING_MACHINE = ErrorKind(
    code="OperationNotAllowed",
    message="Disk {name} is attached to VM {owner}, which must be deallocated before it can be done.",
    status=409,
    source=OURS,
)

DISK_NOT_GROWN = ErrorKind(
    code="InternalExecutionError",
    message="The disk could not be given its new size: {reason}.",
    status=500,
    remedy="Give it the size once more.",
    source=KNOWN,
)

DISK_NOT_REDUCED = ErrorKind(
    code="OperationNotAllowed",
    message=(
        "The disk/snapshot resource with id {id} cannot be resized down. Reducing disk/snapshot size is not supported "
        "in Azure to prevent data loss."
    ),
    status=409,
    source=KNOWN,
)

DISK_SIZE_WHILE_RUNNING = ErrorKind(
    code="OperationNotAllowed",
    message=(
        "Cannot resize disk {name} while it is attached to running VM {owner}. Resizing a disk of an Azure Virtual "
        "Machine requires the virtual machine to be deallocated. Please stop your VM and retry the operation."
    ),
    status=409,
    source=KNOWN,
)

DISK_ATTACHED = ErrorKind(
    code="OperationNotAllowed",
    message="Disk {name} is attached to VM {owner}.",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

PARAMETER_MISSING = ErrorKind(
    code="InvalidParameter",
    message="Required parameter '{parameter}' is missing (null).",
    target="{parameter}",
    source=DEPLOYMENT_ERRORS,
)

PARAMETER_INVALID = ErrorKind(
    code="InvalidParameter",
    message="The value of parameter {parameter} is invalid: {reason}.",
    target="{parameter}",
    source=DEPLOYMENT_ERRORS,
)

ENTITY_NAME_INVALID = ErrorKind(
    code="InvalidParameter",
    message="The entity name '{parameter}' is invalid according to its validation rule: {rule}.",
    target="{parameter}",
    source=QUOTED,
)

OPERATION_NOT_ALLOWED = ErrorKind(
    code="OperationNotAllowed",
    message="{reason}",
    status=409,
    source=DEPLOYMENT_ERRORS,
)

SIZE_INVALID = ErrorKind(
    code="InvalidParameter",
    message=(
        "The value {size} provided for the VM size is not valid. The valid sizes in the current region are: {sizes}."
    ),
    target="vmSize",
    source=DEPLOYMENT_ERRORS,
)

DISK_PROPERTY_CHANGE_NOT_ALLOWED = ErrorKind(
    code="BadRequest",
    message="Changing property '{key}' is not allowed for existing disk '{name}'.",
    source=QUOTED,
)

CUSTOM_DATA_INVALID = ErrorKind(
    code="InvalidParameter",
    message="Custom data in OSProfile must be in Base64 encoding and with a maximum length of {most} characters.",
    target="customData",
    source=KNOWN,
)

OS_PROFILE_NOT_ALLOWED = ErrorKind(
    code="InvalidParameter",
    message="Parameter 'osProfile' is not allowed.",
    target="osProfile",
    source=QUOTED,
)

DISK_SIZE_BY_RUNNING_MACHINE = ErrorKind(
    code="Conflict",
    message="Disk resizing is allowed only when creating a VM or when the VM is deallocated.",
    status=409,
    target="disk.diskSizeGB",
    source=QUOTED,
)

DISK_SIZE_BY_MACHINE = ErrorKind(
    code="ResizeDiskError",
    message=(
        "Managed disk resize via Virtual Machine '{machine}' is not allowed. Please resize disk resource at {disk}."
    ),
    status=409,
    target="disk.diskSizeGB",
    source=QUOTED,
)

COMPUTER_NAME_INVALID = ErrorKind(
    code="InvalidParameter",
    message=(
        "Windows computer name cannot be more than 15 characters long, be entirely numeric, or contain the following "
        "characters: ` ~ ! @ # $ % ^ & * ( ) = + _ [ ] {{ }} \\ | ; : . ' \" , < > / ?."
    ),
    target="computerName",
    source=DEPLOYMENT_ERRORS,
)
