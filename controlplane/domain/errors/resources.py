"""Errors of deployments, groups, locks, roles and queries."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN, OURS, QUOTED

DEPLOYMENT_NAME_LENGTH_LIMIT_EXCEEDED = ErrorKind(
    code="DeploymentNameLengthLimitExceeded",
    message=(
        "The provided deployment name '{name}' has a length of '{length}' which exceeds the maximum length of "
        "'{limit}'. Please see https://aka.ms/arm-deploy for usage details."
    ),
    source=DEPLOYMENT_ERRORS,
)

DEPLOYMENT_NAME_INVALID_CHARACTERS = ErrorKind(
    code="DeploymentNameInvalidCharacters",
    message=(
        "The provided deployment name '{name}' holds other characters than letters, digits, '-', '_', '.' and "
        "parentheses. Please see https://aka.ms/arm-deploy for usage details."
    ),
    source=DEPLOYMENT_ERRORS,
)

DEPLOYMENT_ACTIVE = ErrorKind(
    code="DeploymentActive",
    message=(
        "Unable to edit or replace deployment '{name}': previous deployment from '{began}' is still active "
        "(expiration time is '{expires}'). Please see https://aka.ms/arm-deploy for usage details."
    ),
    status=409,
    source=KNOWN,
)

DEPLOYMENT_QUOTA_EXCEEDED = ErrorKind(
    code="DeploymentQuotaExceeded",
    message=(
        "Creating the deployment '{name}' would exceed the quota of '{limit}'. The current deployment count is "
        "'{limit}', please delete some deployments before creating a new one. Please see https://aka.ms/arm-deploy "
        "for usage details."
    ),
    status=409,
    source=DEPLOYMENT_ERRORS,
)

DEPLOYMENT_ACTIVE_ON_DELETION = ErrorKind(
    code="DeploymentActive",
    message="Unable to delete deployment '{name}': it is still active. Cancel it first.",
    status=409,
    source=KNOWN,
)

DEPLOYMENT_CANNOT_BE_CANCELLED = ErrorKind(
    code="DeploymentCannotBeCancelled",
    message="The deployment '{name}' cannot be cancelled: it has ended with the provisioning state '{state}'.",
    status=409,
    source=OURS,
)

DEPLOYMENT_NOT_FOUND = ErrorKind(
    code="DeploymentNotFound",
    message="Deployment '{name}' could not be found.",
    status=404,
    source=KNOWN,
)

INVALID_DEPLOYMENT_PARAMETER_VALUE = ErrorKind(
    code="InvalidDeploymentParameterValue",
    message=(
        "The value of deployment parameter '{name}' is null. Please specify the value or use the parameter reference. "
        "See https://aka.ms/arm-create-parameter-file for details."
    ),
    source=KNOWN,
)

NO_REGISTERED_PROVIDER_FOR_TYPE = ErrorKind(
    code="NoRegisteredProviderFound",
    message=(
        "No registered resource provider found for location '{location}' and API version '{version}' for type '{type}'."
    ),
    source=DEPLOYMENT_ERRORS,
)

INVALID_TEMPLATE_DEPLOYMENT = ErrorKind(
    code="InvalidTemplateDeployment",
    message=(
        "The template deployment '{name}' is not valid according to the validation procedure. The tracking id is "
        "'{tracking_id}'. See inner errors for details."
    ),
    source=DEPLOYMENT_ERRORS,
)

INVALID_TEMPLATE = ErrorKind(
    code="InvalidTemplate",
    message="{reason}",
    source=DEPLOYMENT_ERRORS,
)

INVALID_CONTENT_LINK = ErrorKind(
    code="InvalidContentLink",
    message=(
        "Unable to download deployment content from '{uri}'. The tracking Id is '{tracking_id}'. Please see "
        "https://aka.ms/arm-deploy for usage details."
    ),
    source=QUOTED,
)

CONTENT_LINK_WITHOUT_HOST = ErrorKind(
    code="InvalidContentLink",
    message=(
        "The provided content link '{uri}' is invalid or not supported. Content link must be an absolute URI not "
        "referencing local host or UNC path."
    ),
    source=QUOTED,
)

OUTPUTS_INVALID = ErrorKind(
    code="DeploymentOutputEvaluationFailed",
    message="{reason}",
    source=KNOWN,
)
"""Of the whole deployment; each output that is not valid is among its details, under the same code."""

RESOURCE_DEPLOYMENT_FAILURE = ErrorKind(
    code="ResourceDeploymentFailure",
    message=(
        "The resource write operation failed to complete successfully, because it reached terminal provisioning state "
        "'{state}'."
    ),
    status=409,
    target="{id}",
    source=KNOWN,
)

DEPLOYMENT_FAILED = ErrorKind(
    code="DeploymentFailed",
    message=(
        "At least one resource deployment operation failed. Please list deployment operations for details. Please see "
        "https://aka.ms/arm-deployment-operations for usage details."
    ),
    target="{id}",
    source=DEPLOYMENT_ERRORS,
)

SCOPE_LOCKED = ErrorKind(
    code="ScopeLocked",
    message=(
        "The scope '{id}' cannot perform {operation} operation because following scope(s) are locked: '{scopes}'. "
        "Please remove the lock and try again."
    ),
    status=409,
    source=KNOWN,
)

INVALID_ROLE_ASSIGNMENT_ID = ErrorKind(
    code="InvalidRoleAssignmentId",
    message="The role assignment ID '{name}' is not valid. The role assignment ID must be a GUID.",
    source=KNOWN,
)

INVALID_ROLE_DEFINITION_ID = ErrorKind(
    code="InvalidRoleDefinitionId",
    message="The role definition ID '{text}' is not valid. The role definition ID must be a GUID.",
    source=KNOWN,
)

INVALID_PRINCIPAL_ID = ErrorKind(
    code="InvalidPrincipalId",
    message="The Principal ID '{principal}' is not valid. It must be a GUID.",
    source=KNOWN,
)

INVALID_PRINCIPAL_TYPE = ErrorKind(
    code="InvalidPrincipalType",
    message="The principal type '{kind}' is not valid. It is one of {types}.",
    source=KNOWN,
)

ROLE_ASSIGNMENT_NOT_FOUND = ErrorKind(
    code="RoleAssignmentNotFound",
    message="The role assignment '{name}' is not found.",
    status=404,
    source=KNOWN,
)

ROLE_ASSIGNMENT_EXISTS = ErrorKind(
    code="RoleAssignmentExists",
    message="The role assignment already exists. The ID of the existing role assignment is {id}.",
    status=409,
    source=KNOWN,
)

ROLE_ASSIGNMENT_UPDATE_NOT_PERMITTED = ErrorKind(
    code="RoleAssignmentUpdateNotPermitted",
    message="Tenant ID, application ID, principal ID, and scope are not allowed to be updated.",
    source=KNOWN,
)

ROLE_DEFINITION_DOES_NOT_EXIST = ErrorKind(
    code="RoleDefinitionDoesNotExist",
    message="The specified role definition with ID '{role}' does not exist.",
    status=404,
    source=KNOWN,
)
