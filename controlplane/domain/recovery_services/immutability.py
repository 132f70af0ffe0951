"""Immutability of a vault: its states Disabled, Unlocked and Locked, and what each forbids.

An immutable vault keeps everything until it expires: no deletion of an item whose recovery points have not expired, no
policy that keeps them for less long. Stopping with all data kept and further backups stay allowed, and only in an
immutable vault backups can be suspended.
"""

from __future__ import annotations

from collections.abc import Iterable
from datetime import datetime, timedelta

from controlplane.domain import errors
from controlplane.domain.errors.vaults import (
    DELETE_BACKUP_ITEM_ON_IMMUTABLE_ITEM,
    OPERATION_DENIED_ON_IMMUTABLE_ITEM,
    RETENTION_REDUCTION_ON_IMMUTABLE_VAULT,
    UNSUPPORTED_VAULT_IMMUTABILITY_STATE_CHANGE,
)
from controlplane.domain.recovery_services.recovery_point import RecoveryPoint
from controlplane.domain.recovery_services.retention import RULES
from controlplane.domain.state_machine import Table
from controlplane.json_object import Json

STATES: Table = {
    "Disabled": {"enabled": "Unlocked"},
    "Unlocked": {"disabled": "Disabled", "locked": "Locked"},
    "Locked": {},
}
"""There is no way from Disabled to Locked but by Unlocked, and none out of Locked."""
TYPES = ("AsPerPolicy", "TimeBased")
MAX_DAYS = 99 * 366


def state_of(vault: Json) -> str:
    """The state of a vault, from its body. One that was never asked has no such settings."""
    return _state(vault.get("properties", {}).get("securitySettings") or {})


def is_weakened(before: Json, after: Json) -> bool:
    """Whether immutability goes from Unlocked to Disabled; both are `securitySettings`."""
    return _state(before) == "Unlocked" and _state(after) == "Disabled"


def check_change(before: Json, after: Json) -> None:
    """ServiceError for a state that does not follow the one before, or settings that contradict each other; both are
    `securitySettings`."""
    old, new = _state(before), _state(after)
    if new != old and new not in STATES[old].values():
        raise UNSUPPORTED_VAULT_IMMUTABILITY_STATE_CHANGE.error()
    days, old_days = _days(after), _days(before)
    if new == "Disabled":
        return
    if _type(after) == "TimeBased" and (days is None or days not in range(1, MAX_DAYS + 1)):
        raise errors.invalid_backup_input(
            "durationInDays", f"it must be between 1 and {MAX_DAYS} for TimeBased immutability"
        )
    if _type(after) == "AsPerPolicy" and days is not None:
        raise errors.invalid_backup_input("durationInDays", "it can only be set for TimeBased immutability")
    if old == "Locked" and (_type(after) != _type(before) or (days or 0) < (old_days or 0)):
        raise UNSUPPORTED_VAULT_IMMUTABILITY_STATE_CHANGE.error()


def check_item_deletion(vault: Json, points: Iterable[RecoveryPoint], now: datetime) -> None:
    """ServiceError for the deletion of an item that has a recovery point which the vault still keeps."""
    if state_of(vault) != "Disabled" and any(kept_until(vault, point) > now for point in points):
        raise DELETE_BACKUP_ITEM_ON_IMMUTABLE_ITEM.error()


def kept_until(vault: Json, point: RecoveryPoint) -> datetime:
    """The time until which an immutable vault forbids the deletion of the point."""
    security = vault["properties"]["securitySettings"]
    days = _days(security)
    if _type(security) == "AsPerPolicy" or days is None:
        return point.expires
    return min(point.expires, point.time + timedelta(days=days))


def check_suspension(vault: Json) -> None:
    """ServiceError where backups cannot be suspended: the vault must be immutable, so that the points stay."""
    if state_of(vault) == "Disabled":
        raise OPERATION_DENIED_ON_IMMUTABLE_ITEM.error()


def check_retention(vault: Json, old: Json, new: Json) -> None:
    """ServiceError where what keeps recovery points would keep them for less long; both are properties of a policy."""
    if state_of(vault) != "Disabled" and is_retention_reduced(old, new):
        raise RETENTION_REDUCTION_ON_IMMUTABLE_VAULT.error()


def is_retention_reduced(old: Json, new: Json) -> bool:
    """Whether the new policy drops a rule of the old one, or keeps points for less long; both are properties."""
    before, after = old.get("retentionPolicy") or {}, new.get("retentionPolicy") or {}
    kept = ((_count(before, key), _count(after, key)) for key in RULES.values())
    return any(left < had for had, left in kept)


def _count(retention: Json, key: str) -> int:
    """A rule's number of days, weeks, months or years: each rule has its own unit."""
    return int(((retention.get(key) or {}).get("retentionDuration") or {}).get("count") or 0)


def _state(security: Json) -> str:
    return str((security.get("immutabilitySettings") or {}).get("state") or "Disabled")


def _configuration(security: Json) -> Json:
    configuration: Json = (security.get("immutabilitySettings") or {}).get("configuration") or {}
    return configuration


def _type(security: Json) -> str:
    return str(_configuration(security).get("type") or "AsPerPolicy")


def _days(security: Json) -> int | None:
    days = _configuration(security).get("durationInDays")
    return None if days is None else int(days)
