"""Resource guard and multi-user authorization: which operations on a vault need a second person's consent.

A guard lies wherever its owner put it. A vault that is mapped to one refuses each operation of this table unless the
request names the guard's own request object for it, which only those can who may act on the guard.
"""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta

from controlplane.domain.errors.vaults import (
    INVALID_CRITICAL_OPERATION_EXCLUSION_LIST,
    RESOURCE_GUARD_OPERATION_REQUEST_INVALID,
    RESOURCE_GUARD_OPERATION_REQUEST_MISSING,
    RESOURCE_GUARD_UNLOCK_MISSING,
)
from controlplane.domain.times import instant
from controlplane.json_object import Json

TYPE = "Microsoft.DataProtection/resourceGuards"
KIND = TYPE.lower()
PROXY_TYPE = "Microsoft.RecoveryServices/vaults/backupResourceGuardProxies"
PROXY_KIND = PROXY_TYPE.lower()

UNLOCKED_FOR = timedelta(minutes=10)
"""How long after unlockDelete a deletion is allowed. The figure is ours."""

_VAULT = "Microsoft.RecoveryServices/vaults"
_ITEM = f"{_VAULT}/backupFabrics/protectionContainers/protectedItems"


@dataclass(frozen=True, slots=True)
class Operation:
    """One that a guard watches. `request` is the type of the guard's object that a request has to name."""

    name: str
    request: str
    mandatory: bool = False
    """Whether no guard may leave it out."""


DELETE_PROXY = Operation(f"{_VAULT}/backupResourceGuardProxies/delete", "deleteResourceGuardProxyRequests", True)
DISABLE_SOFT_DELETE = Operation(f"{_VAULT}/backupconfig/write", "disableSoftDeleteRequests", True)
DELETE_ITEM = Operation(f"{_ITEM}/delete", "deleteProtectedItemRequests")
UPDATE_ITEM = Operation(f"{_ITEM}/write", "updateProtectedItemRequests")
UPDATE_POLICY = Operation(f"{_VAULT}/backupPolicies/write", "updateProtectionPolicyRequests")
SECURITY_PIN = Operation(f"{_VAULT}/backupSecurityPIN/action", "getBackupSecurityPINRequests")
# Names of the operations as clients know them; what their request objects are called is not public.
STOP_PROTECTION = Operation(f"{_ITEM}/write#stopProtectionWithRetainData", "stopProtectionRequests")
RESTORE = Operation(f"{_ITEM}/recoveryPoints/restore/action", "triggerRestoreRequests")
REDUCE_IMMUTABILITY = Operation(f"{_VAULT}/write#reduceImmutabilityState", "reduceImmutabilityStateRequests")
MODIFY_ENCRYPTION = Operation(f"{_VAULT}/write#modifyEncryptionSettings", "modifyEncryptionSettingsRequests")

OPERATIONS = (
    DELETE_PROXY,
    DISABLE_SOFT_DELETE,
    DELETE_ITEM,
    UPDATE_ITEM,
    UPDATE_POLICY,
    SECURITY_PIN,
    STOP_PROTECTION,
    RESTORE,
    REDUCE_IMMUTABILITY,
    MODIFY_ENCRYPTION,
)
"""Of Recovery Services vaults. Those of Backup vaults belong to another service, which is not simulated."""


def guarded(exclusions: Iterable[str]) -> list[Operation]:
    """The operations that a guard with these exclusions watches; ServiceError for one that cannot be excluded."""
    left_out = {name.lower() for name in exclusions}
    unknown = left_out - {each.name.lower() for each in OPERATIONS if not each.mandatory}
    if unknown:
        raise INVALID_CRITICAL_OPERATION_EXCLUSION_LIST.error(operations=", ".join(sorted(unknown)))
    return [each for each in OPERATIONS if each.name.lower() not in left_out]


def guard_properties(exclusions: Sequence[str]) -> Json:
    """What a guard shows."""
    return {
        "provisioningState": "Succeeded",
        "allowAutoApprovals": True,
        "resourceGuardOperations": [
            {"vaultCriticalOperation": each.name, "requestResourceType": f"{TYPE}/{each.request}"}
            for each in guarded(exclusions)
        ],
        "vaultCriticalOperationExclusionList": list(exclusions),
    }


def proxy(id: str, guard: Json, updated: datetime) -> Json:
    """The mapping of a vault to a guard, as GET answers it. `id` is the mapping's own."""
    watched = guarded(guard["properties"]["vaultCriticalOperationExclusionList"])
    return {
        "id": id,
        "name": id.rpartition("/")[2],
        "type": PROXY_TYPE,
        "properties": {
            "resourceGuardResourceId": guard["id"],
            "resourceGuardOperationDetails": [
                {"vaultCriticalOperation": each.name, "defaultResourceRequest": request_of(guard["id"], each)}
                for each in watched
            ],
            "lastUpdatedTime": instant(updated),
            "description": guard["properties"].get("description", ""),
        },
    }


def request_of(guard_id: str, operation: Operation) -> str:
    """The id of the guard's request object for an operation."""
    return f"{guard_id}/{operation.request}/default"


def is_guarded(mapping: Json, operation: Operation) -> bool:
    """Whether a mapping's guard watches the operation."""
    details = mapping["properties"]["resourceGuardOperationDetails"]
    return any(each["vaultCriticalOperation"] == operation.name for each in details)


def check_request(mapping: Json, operation: Operation, requests: Iterable[str] | None) -> None:
    """ServiceError where the guard watches the operation, and the request does not name the guard's object for it."""
    if not is_guarded(mapping, operation):
        return
    named = {request.rstrip("/").lower() for request in requests or ()}
    if not named:
        raise RESOURCE_GUARD_OPERATION_REQUEST_MISSING.error()
    if request_of(mapping["properties"]["resourceGuardResourceId"], operation).lower() not in named:
        raise RESOURCE_GUARD_OPERATION_REQUEST_INVALID.error(operation=operation.name)


def unlocked(unlocks: Json, resource: str, now: datetime) -> Json:
    """The open unlocks of a mapping with one more: ids in lower case -> until when each may be deleted."""
    open_ones = {id: until for id, until in unlocks.items() if datetime.fromisoformat(until) > now}
    return open_ones | {resource.lower(): (now + UNLOCKED_FOR).isoformat()}


def check_unlocked(mapping: Json, unlocks: Json, operation: Operation, resource: str, now: datetime) -> None:
    """ServiceError where the guard watches the deletion of this resource and it was not unlocked recently."""
    until = unlocks.get(resource.lower())
    if is_guarded(mapping, operation) and (until is None or datetime.fromisoformat(until) <= now):
        raise RESOURCE_GUARD_UNLOCK_MISSING.error()
