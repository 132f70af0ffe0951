"""Protected item: from unprotected to protected, suspended, stopped, soft-deleted; and the body ARM shows of it."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any

from controlplane.domain.arm_id import ResourceId, backup_name, item_id, item_name
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.protection import (
    ITEM_IS_SOFT_DELETED,
    SOURCE_SCAN_STATUS_ALREADY_IN_REQUESTED_STATE,
)
from controlplane.domain.state_machine import Table, advance
from controlplane.domain.times import NEVER_BACKED_UP, countdown, instant, parse_instant
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
KIND = TYPE.lower()

STATES: Table = {
    "NotProtected": {"configured": "IRPending"},
    "IRPending": {
        "configured": "IRPending",
        "backed_up": "Protected",
        "failed": "IRPending",
        "stopped": "ProtectionStopped",
        "suspended": "BackupsSuspended",
        "deleted": "SoftDeleted",
    },
    "Protected": {
        "configured": "Protected",
        "backed_up": "Protected",
        "failed": "ProtectionError",
        "stopped": "ProtectionStopped",
        "suspended": "BackupsSuspended",
        "deleted": "SoftDeleted",
    },
    "ProtectionError": {
        "configured": "ProtectionError",
        "backed_up": "Protected",
        "failed": "ProtectionError",
        "stopped": "ProtectionStopped",
        "suspended": "BackupsSuspended",
        "deleted": "SoftDeleted",
    },
    # A backup that was running when protection was stopped or suspended may still end.
    "BackupsSuspended": {
        "configured": "IRPending",
        "backed_up": "BackupsSuspended",
        "failed": "BackupsSuspended",
        "stopped": "ProtectionStopped",
        "suspended": "BackupsSuspended",
        "deleted": "SoftDeleted",
    },
    "ProtectionStopped": {
        "configured": "IRPending",
        "backed_up": "ProtectionStopped",
        "failed": "ProtectionStopped",
        "stopped": "ProtectionStopped",
        "deleted": "SoftDeleted",
    },
    "SoftDeleted": {
        "backed_up": "SoftDeleted",
        "failed": "SoftDeleted",
        "undeleted": "ProtectionStopped",
        "purged": "NotProtected",
    },
}

BACKED_UP = frozenset({"IRPending", "Protected", "ProtectionError"})
"""States in which backups are taken, on demand and by the schedule."""
UNDER_POLICY = BACKED_UP | {"BackupsSuspended"}
"""States in which recovery points expire. What protection was stopped for is kept until somebody deletes it."""

HOST = "https://management.azure.com"
"""The service puts it in front of an item's vaultId, and of nothing else."""
OS_DISK_LUN = -1


@dataclass(frozen=True, slots=True)
class Source:
    """The virtual machine that an item protects; its id as ARM spells it."""

    id: str
    location: str


@dataclass(frozen=True, slots=True)
class PolicyReference:
    id: str
    type: str
    """V1 or V2."""

    @property
    def name(self) -> str:
        return self.id.rpartition("/")[2]


def new(vault: str, source: Source, data_id: str) -> Json:
    """The body of an item before it is configured. `data_id` is the item's decimal number in the service."""
    vm = ResourceId.parse(source.id)
    return {
        "id": item_id(vault, vm.group, vm.name),
        "name": item_name(vm.group, vm.name),
        "type": TYPE,
        "properties": {
            "kpisHealths": {},
            "friendlyName": vm.name,
            "virtualMachineId": source.id,
            "protectionStatus": "Healthy",
            "protectionState": "NotProtected",
            "healthStatus": "Passed",
            "lastBackupStatus": "",
            "lastBackupTime": NEVER_BACKED_UP,
            # Left out by the recorded service before the first backup, which makes `az backup item list -o table` fail.
            "lastRecoveryPoint": None,
            "protectedItemDataId": data_id,
            "protectedItemType": "Microsoft.Compute/virtualMachines",
            "backupManagementType": "AzureIaasVM",
            "workloadType": "VM",
            "containerName": backup_name(vm.group, vm.name),
            "sourceResourceId": source.id,
            "vaultId": f"{HOST}{vault}",
            "isArchiveEnabled": False,
            "softDeleteRetentionPeriod": 0,
            "sourceLocation": source.location,
            "sourceSideScanInfo": {"sourceSideScanStatus": "NotConfigured", "sourceSideScanSummary": "Unknown"},
        },
    }


def state_of(body: Json) -> str:
    """ARM has no state of its own for a soft-deleted item."""
    properties = body["properties"]
    return "SoftDeleted" if properties.get("isScheduledForDeferredDelete") else str(properties["protectionState"])


def _advanced(body: Json, event: str, **changes: Any) -> Json:
    state = advance(STATES, state_of(body), event)
    protection_state = body["properties"]["protectionState"] if state == "SoftDeleted" else state
    return body | {"properties": body["properties"] | {"protectionState": protection_state} | changes}


def configured(body: Json, policy: PolicyReference, exclusion: Json | None) -> Json:
    """The item under a policy. `exclusion`: see `with_exclusion`."""
    return with_exclusion(_advanced(body, "configured", **_under(policy)), exclusion)


def with_exclusion(body: Json, exclusion: Json | None) -> Json:
    """The item with the disks that its backups take. `exclusion` is diskExclusionProperties: None keeps what was asked
    before, an empty one takes all disks again."""
    if exclusion is None:
        return body
    # The command line sends the LUNs as texts.
    luns = [int(lun) for lun in exclusion.get("diskLunList") or []]
    chosen = {"diskLunList": luns, "isInclusionList": bool(exclusion.get("isInclusionList"))}
    extended = {"extendedProperties": {"diskExclusionProperties": chosen} if exclusion else {}}
    return body | {"properties": body["properties"] | extended}


def stopped(body: Json) -> Json:
    """The item with its recovery points kept for ever, under no policy."""
    return _advanced(body, "stopped", **_NO_POLICY)


def suspended(body: Json, policy: PolicyReference | None = None) -> Json:
    """The item without further backups; its policy, or the one given, decides how long recovery points are kept."""
    return _advanced(body, "suspended", **(_under(policy) if policy else {}))


def _under(policy: PolicyReference) -> Json:
    return {"policyId": policy.id, "policyName": policy.name, "policyType": policy.type}


def deleted(body: Json, now: datetime, keep_days: int) -> Json:
    """The item soft-deleted: all of it is kept for so many days, and can be undeleted."""
    return _advanced(
        body,
        "deleted",
        protectionState="ProtectionStopped",
        **_NO_POLICY,
        softDeleteRetentionPeriod=keep_days,
        isScheduledForDeferredDelete=True,
        deferredDeleteTimeInUTC=instant(now),
    )


def undeleted(body: Json) -> Json:
    """The item as it was when protection was stopped."""
    left = {key: value for key, value in body["properties"].items() if key not in _OF_SOFT_DELETE}
    protection_state = _advanced(body, "undeleted")["properties"]["protectionState"]
    return body | {"properties": left | {"protectionState": protection_state, "softDeleteRetentionPeriod": 0}}


_NO_POLICY: Json = {"policyId": "", "policyName": ""}
_OF_SOFT_DELETE = {"isScheduledForDeferredDelete", "deferredDeleteTimeInUTC", "deferredDeleteTimeRemaining"}


def purge_time(body: Json) -> datetime:
    """When a soft-deleted item and all that it has ceases to be. The vault's days at the deletion count."""
    properties = body["properties"]
    kept = timedelta(days=properties["softDeleteRetentionPeriod"])
    return parse_instant(properties["deferredDeleteTimeInUTC"]) + kept


def scheduled_until(private: Json) -> datetime | None:
    """Up to which time the item's schedule has been dealt with. `private` is what the service remembers of the item."""
    stored = private.get("scheduled_until")
    return datetime.fromisoformat(stored) if stored else None


def with_schedule_until(private: Json, time: datetime) -> Json:
    """What the service remembers once the schedule has been dealt with up to this time: nothing due before is tried
    again."""
    return with_retry(private | {"scheduled_until": time.isoformat()}, None)


def retry(private: Json) -> Json | None:
    """The backup of the schedule that is to be tried again, as `jobs.backup.retries` writes it; None: there is none."""
    return private.get("retry")


def with_retry(private: Json, stored: Json | None) -> Json:
    """What the service remembers once a backup is to be tried again, or none is any more (None)."""
    return {key: value for key, value in private.items() if key != "retry"} | ({"retry": stored} if stored else {})


def owed_day(private: Json) -> date | None:
    """A day whose last scheduled backup did not get to the vault."""
    stored = private.get("owed_day")
    return date.fromisoformat(stored) if stored else None


def with_owed_day(private: Json, day: date | None) -> Json:
    """What the service remembers once such a day is known, or none is any more (None)."""
    return private | {"owed_day": day.isoformat() if day else None}


def clean_up_due(private: Json) -> datetime | None:
    """When the item's recovery points are looked through after a change of its policy; None: no change is open."""
    stored = private.get("clean_up_due")
    return datetime.fromisoformat(stored) if stored else None


def with_clean_up(private: Json, due: datetime) -> Json:
    """What the service remembers once a policy has changed. A change while one is open waits for the same clean-up."""
    return private | {"clean_up_due": (clean_up_due(private) or due).isoformat()}


def without_clean_up(private: Json) -> Json:
    """What the service remembers once the clean-up is done."""
    return {key: value for key, value in private.items() if key != "clean_up_due"}


def with_policy_applied(private: Json, version: str) -> Json:
    """What the service remembers once the item follows this version of its policy."""
    return private | {"policy_applied": version}


def on_demand_since(private: Json, since: datetime) -> list[str]:
    """When backups on demand began after this time, oldest first."""
    return [text for text in private.get("on_demand", []) if datetime.fromisoformat(text) > since]


def with_on_demand(private: Json, now: datetime, window: timedelta) -> Json:
    """What the service remembers once a backup on demand has begun; what is older than the window is forgotten."""
    return private | {"on_demand": [*on_demand_since(private, now - window), now.isoformat()]}


def policy_applied(private: Json) -> str | None:
    return private.get("policy_applied")


def as_of(body: Json, now: datetime) -> Json:
    """What GET answers of a soft-deleted item: how long it is still kept changes although nothing is written."""
    remaining = countdown((purge_time(body) - now).total_seconds())
    return body | {"properties": body["properties"] | {"deferredDeleteTimeRemaining": remaining}}


def check_alive(body: Json) -> None:
    """ServiceError for an item that takes no operation but undelete."""
    if state_of(body) == "SoftDeleted":
        raise ITEM_IS_SOFT_DELETED.error()


SCAN_STATES = {"Enable": "Configured", "Disable": "NotConfigured"}
"""What is asked for -> what the item shows then."""


def with_source_scan(body: Json, action: str) -> Json:
    """The item scanned at its source, or not. ServiceError where it is so already. Nobody looks for threats here, so
    the summary stays that of an item of which nothing is known."""
    status, scan_info = SCAN_STATES[action], body["properties"]["sourceSideScanInfo"]
    if scan_info["sourceSideScanStatus"] == status:
        raise SOURCE_SCAN_STATUS_ALREADY_IN_REQUESTED_STATE.error(
            status="enabled" if action == "Enable" else "disabled"
        )
    scan = {"sourceSideScanStatus": status, "sourceSideScanSummary": "Unknown"}
    return body | {"properties": body["properties"] | {"sourceSideScanInfo": scan}}


def with_last_point(body: Json, time: datetime | None) -> Json:
    """The item with the time of its newest recovery point; None: it has none."""
    return body | {"properties": body["properties"] | {"lastRecoveryPoint": instant(time) if time else None}}


def backed_up(body: Json, started: datetime, status: str) -> Json:
    """The item after a backup that left a recovery point; `status` is the job's."""
    return _advanced(
        body,
        "backed_up",
        lastBackupStatus=status,
        lastBackupTime=instant(started),
        protectionStatus="Healthy",
        healthStatus="Passed",
        healthDetails=[_health(400239, "IaasVmHealthGreenDefault", _HEALTHY)],
        kpisHealths=_kpis(body, "BackupOperationStatusKPI", "Healthy", _health(0, "Success", "")),
    )


_HEALTHY = "Backup pre-check status of this virtual machine is OK."


def backup_failed(body: Json, started: datetime, status: str, error: ServiceError) -> Json:
    """The item after a backup without a recovery point; `status` is the job's."""
    detail = _health(error.number, error.code, error.message, error.remedy)
    return _advanced(
        body,
        "failed",
        lastBackupStatus=status,
        lastBackupTime=instant(started),
        protectionStatus="Unhealthy",
        healthStatus="ActionRequired",
        healthDetails=[detail],
        kpisHealths=_kpis(body, "BackupOperationStatusKPI", "TransientUnhealthy", detail),
    )


def backup_cancelled(body: Json, started: datetime, error: ServiceError) -> Json:
    """The item after a backup that its owner stopped: no reason to worry about the machine."""
    detail = _health(error.number, error.code, error.message, error.remedy)
    kpis = _kpis(body, "BackupOperationStatusKPI", "TransientDegraded", detail)
    changes = {"lastBackupStatus": "Cancelled", "lastBackupTime": instant(started), "kpisHealths": kpis}
    return body | {"properties": body["properties"] | changes}


def restored(body: Json, error: ServiceError | None) -> Json:
    """The item after a restore: only the indicator of restores changes."""
    if error is None:
        kpis = _kpis(body, "RestoreOperationStatusKPI", "Healthy", _health(0, "Success", ""))
    else:
        detail = _health(error.number, error.code, error.message, error.remedy)
        kpis = _kpis(body, "RestoreOperationStatusKPI", "TransientDegraded", detail)
    return body | {"properties": body["properties"] | {"kpisHealths": kpis}}


def included_luns(body: Json, attached: Iterable[int]) -> list[int]:
    """LUNs of the attached disks that a backup takes; the OS disk always."""
    exclusion = body["properties"].get("extendedProperties", {}).get("diskExclusionProperties")
    if exclusion is None:
        return sorted(attached)
    listed, is_inclusion = set(exclusion["diskLunList"]), exclusion["isInclusionList"]
    return sorted(lun for lun in attached if lun == OS_DISK_LUN or (lun in listed) == is_inclusion)


def _kpis(body: Json, name: str, status: str, detail: Json) -> Json:
    others: Json = body["properties"].get("kpisHealths") or {}
    return others | {name: {"resourceHealthStatus": status, "resourceHealthDetails": [detail]}}


def _health(code: int, title: str, message: str, remedy: str = "") -> Json:
    return {"code": code, "title": title, "message": message, "recommendations": [remedy] if remedy else []}
