"""Errors of the extensions of a machine, and of their images."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, EXTENSION_OF_OTHER_SYSTEM, KNOWN, OURS, RESTORE_POINTS

PUBLISHER_NOT_FOUND = ErrorKind(
    code="NotFound",
    message="Publisher: {publisher} was not found.",
    status=404,
    source=DEPLOYMENT_ERRORS,
)

EXTENSION_IMAGE_NOT_FOUND = ErrorKind(
    code="NotFound",
    message="Artifact: VMExtension was not found.",
    status=404,
    source=DEPLOYMENT_ERRORS,
)

HANDLER_VERSION_INVALID = ErrorKind(
    code="InvalidParameter",
    message="The value of parameter typeHandlerVersion is invalid.",
    target="typeHandlerVersion",
    source=DEPLOYMENT_ERRORS,
)

ARTIFACT_NOT_FOUND = ErrorKind(
    code="ArtifactNotFound",
    message="The VM extension with publisher '{publisher}' and type '{type}' could not be found.",
    status=404,
    source=KNOWN,
)

ARTIFACT_VERSION_NOT_FOUND = ErrorKind(
    code="ArtifactVersionNotFound",
    message=(
        "No version found in the artifact repository that satisfies the requested version '{version}' for VM "
        "extension with publisher '{publisher}' and type '{type}'."
    ),
    status=404,
    source=KNOWN,
)

HANDLER_ALREADY_ADDED = ErrorKind(
    code="BadRequest",
    message=(
        "Multiple VMExtensions per handler not supported for OS type '{os_type}'. VMExtension '{other}' with handler "
        "'{handler}' already added or specified in input."
    ),
    source=DEPLOYMENT_ERRORS,
)

HANDLER_OF_OTHER_SYSTEM = ErrorKind(
    code="OperationNotAllowed",
    message="Publisher '{publisher}' and type '{type}' are not supported for OS type '{os_type}'.{instead}",
    status=409,
    source=EXTENSION_OF_OTHER_SYSTEM,
)

HANDLER_CHANGE_NOT_ALLOWED = ErrorKind(
    code="PropertyChangeNotAllowed",
    message="Changing property 'publisher' or 'type' of the VM extension '{name}' is not allowed.",
    status=409,
    target="type",
    source=DEPLOYMENT_ERRORS,
)

PROVISION_AFTER_EXTENSION_NOT_FOUND = ErrorKind(
    code="ProvisionAfterExtensionNotFound",
    message="This VM has no VM extension {names}; provisionAfterExtensions can only name extensions that it has.",
    target="provisionAfterExtensions",
    source=OURS,
)

VM_EXTENSION_HANDLER_NON_TRANSIENT_ERROR = ErrorKind(
    code="VMExtensionHandlerNonTransientError",
    message=(
        "The handler for VM extension type '{handler}' has reported terminal failure for VM extension '{name}' with "
        "error code '{code}' and error message: '{said}'."
    ),
    status=409,
    source=KNOWN,
)

VM_EXTENSION_PROVISIONING_ERROR = ErrorKind(
    code="VMExtensionProvisioningError",
    message=(
        "VM has reported a failure when processing extension '{name}' (publisher '{publisher}' and type '{type}'). "
        "Error code: '{code}'. Error message: '{said}'. More information on troubleshooting is available at "
        "https://aka.ms/vmextensionwindowstroubleshoot."
    ),
    status=409,
    source=KNOWN,
)

VM_AGENT_STATUS_COMMUNICATION_ERROR = ErrorKind(
    code="VMAgentStatusCommunicationError",
    message=(
        "VM '{machine}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, the "
        "VM has a running VM agent, and that it can establish outbound connections to Azure storage."
    ),
    status=409,
    source=RESTORE_POINTS,
)

VM_EXTENSION_PROVISIONING_TIMEOUT = ErrorKind(
    code="VMExtensionProvisioningTimeout",
    message=(
        "Provisioning of VM extension {name} has timed out. Extension provisioning has taken too long to complete. "
        "{last}"
    ),
    status=409,
    source=KNOWN,
)
