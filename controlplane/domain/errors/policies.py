"""Errors of backup policies."""

from __future__ import annotations

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import OURS, QUOTED

INVALID_POLICY_INPUT = ErrorKind(
    code="BMSUserErrorInvalidPolicyInput",
    message=(
        "Input for create or update policy is not in proper format. Please check format of parameters like schedule "
        "time, schedule days, retention time and retention days: {reason}."
    ),
    source=QUOTED,
)

INSTANT_RP_RETENTION_EXCEEDS_VAULTED_RETENTION = ErrorKind(
    code="BMSUserErrorInstantRPRetentionExceedsVaultedRetention",
    message=("The retention of instant recovery points must be shorter than the retention of vaulted recovery points."),
    source=QUOTED,
)

INVALID_POLICY_FOR_GIVEN_PROVIDER = ErrorKind(
    code="BMSUserErrorInvalidPolicyForGivenProvider",
    message="Policy is not valid for given provider type. Please choose valid policy for given provider.",
    source=QUOTED,
)

POLICY_OBJECT_IN_USE = ErrorKind(
    code="BMSUserErrorPolicyObjectInUse",
    message="The policy cannot be deleted because items are protected with it.",
    source=QUOTED,
)

BUILT_IN_POLICY_CANNOT_BE_DELETED = ErrorKind(
    code="BMSUserErrorBuiltInPolicyCannotBeDeleted",
    message="A built-in policy of a vault cannot be deleted.",
    source=OURS,
)

POLICY_NOT_FOUND = ErrorKind(
    code="BMSUserErrorPolicyNotFound",
    message="There is no backup policy '{name}' in the vault.",
    status=404,
    source=OURS,
)

POLICY_PROTECTED_ITEM_LIMIT_REACHED = ErrorKind(
    code="BMSUserErrorPolicyProtectedItemLimitReached",
    message="A policy can protect at most {limit} virtual machines.",
    source=OURS,
)

VAULT_POLICY_LIMIT_REACHED = ErrorKind(
    code="BMSUserErrorVaultPolicyLimitReached",
    message="A vault can have at most {limit} backup policies.",
    source=OURS,
)
