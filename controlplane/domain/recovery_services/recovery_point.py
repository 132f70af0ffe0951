"""Recovery point: consistency, tiers, expiry, which tier a restore reads; and the body ARM shows of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controlplane.domain.compute.virtual_machine import OS_DISK_LUN
from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.restore import (
    MIN_LIFE_SPAN_IN_STANDARD_REQUIRED_FOR_ARCHIVE,
    MIN_REMAINING_LIFE_SPAN_IN_ARCHIVE_REQUIRED,
    RECOVERY_POINT_ALREADY_IN_ARCHIVE_TIER,
    RECOVERY_POINT_HAVE_ACTIVE_DEPENDENCIES,
    RECOVERY_POINT_TYPE_NOT_ELIGIBLE_FOR_ARCHIVE,
)
from controlplane.domain.plain import fields_of
from controlplane.domain.state_machine import Table, advance
from controlplane.domain.times import instant
from controlplane.json_object import Json

TYPE = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems/recoveryPoints"
KIND = TYPE.lower()

TIER_STATES: Table = {
    "None": {"snapshot_taken": "Instant"},
    "Instant": {"vaulted": "InstantAndVault", "snapshot_expired": "Expired"},
    "InstantAndVault": {"snapshot_expired": "Vault", "vault_expired": "Instant"},
    "Vault": {"archived": "Archive", "vault_expired": "Expired"},
    "Archive": {"rehydrated": "Rehydrated", "vault_expired": "Expired"},
    "Rehydrated": {"rehydrated": "Rehydrated", "rehydration_over": "Archive", "vault_expired": "Expired"},
    "Expired": {},
}

TIERS: dict[str, tuple[str, ...]] = {
    "None": (),
    "Instant": ("InstantRP",),
    "InstantAndVault": ("InstantRP", "HardenedRP"),
    "Vault": ("HardenedRP",),
    "Archive": ("ArchivedRP",),
    "Rehydrated": ("HardenedRP", "ArchivedRP"),
    "Expired": (),
}
"""What ARM calls the tiers of each state."""

ARCHIVE_AFTER = timedelta(days=90)
ARCHIVED_FOR = timedelta(days=180)
"""Only what is so old is archived, and only if it is still kept for so long."""
ARCHIVED_RULES = frozenset({"Monthly", "Yearly"})
SNAPSHOT_RULE = "Snapshot"
"""In the place of rules: the point stays in the instant tier, and is kept for the days of its policy's snapshots."""
NORMAL_STORAGE, PREMIUM_STORAGE = "NormalStorage", "PremiumVMOnPartialPremiumStorage"
"""sourceVMStorageType of a machine without and with premium disks. The second was recorded of one with a single disk,
which was a premium one."""
NOT_YET_MOVABLE = "We're still determining if this Recovery Point can be moved.. Please check again after some time."


@dataclass(frozen=True, slots=True)
class PointDisk:
    """One disk of a recovery point: where its snapshot lies and, once vaulted, what the vault says of its copy."""

    name: str
    lun: int
    size_bytes: int
    account: str
    container: str
    blob: str
    snapshot: str
    storage: str = ""
    """The kind of storage of a managed disk, by the name of its SKU."""
    vault: Json | None = None
    allocated_bytes: int | None = None
    changed_bytes: int | None = None
    transferred_bytes: int | None = None
    content: str = ""
    """Digest of the disk's content, once it is known."""
    digests: str = ""
    """Name under which the vault keeps the digests of its blocks, where it has no readable copy to look into."""
    damaged: tuple[str, ...] = ()
    """Where the disk is known to be damaged: InstantRP, its snapshot; HardenedRP, its copy in vault or archive."""


@dataclass(frozen=True, slots=True)
class Machine:
    """What the virtual machine was when the point was taken: the plan for building it again."""

    name: str
    size: str
    os_type: str
    location: str
    managed: bool
    attached: tuple[tuple[int, str], ...]
    """LUN and name of every attached disk, backed up or not."""
    security_type: str = ""
    """TrustedLaunch or ConfidentialVM; empty for a standard machine."""
    zones: tuple[str, ...] = ()
    private_access: bool = False
    """Whether a disk can only be reached through a private endpoint."""
    extended_location: Json | None = None
    """The edge zone that it is in, as ARM shows it."""

    @property
    def data_disk_count(self) -> int:
        """Of the attached disks, those that hold no operating system."""
        return sum(lun != OS_DISK_LUN for lun, _ in self.attached)


@dataclass(frozen=True, slots=True)
class RecoveryPoint:
    id: str
    item: str
    job: str
    task_id: str
    """Empty when the service took the snapshots of a machine that was not running."""
    time: datetime
    expires: datetime
    consistency: str
    machine: Machine
    disks: tuple[PointDisk, ...]
    tiers: str = "None"
    telemetry: Json = field(default_factory=dict)
    """What the extension measured, in its own words: freeze, thaw, snapshots."""
    rules: tuple[str, ...] = ()
    """The rules of retention that keep it, the longest last; none where its owner said when it expires."""
    rehydrated_until: datetime | None = None
    """Until when one of the archive can be restored."""
    restore_point: str = ""
    """ARM id of the restore point of Compute that stands for its snapshots; empty for unmanaged disks."""
    taken_away: bool = False
    """Whether its policy was changed and keeps it no longer: then its end is a soft deletion."""
    soft_deleted_until: datetime | None = None
    """When a soft-deleted one is purged; None for one that is not soft-deleted."""

    @property
    def is_soft_deleted(self) -> bool:
        return self.soft_deleted_until is not None

    @property
    def ends(self) -> datetime:
        """When it ceases to be, unless it is the newest of its item."""
        return self.soft_deleted_until or self.expires

    @property
    def document(self) -> str:
        return f"{self.item}/recoveryPoints/{self.id}"

    @property
    def has_snapshots(self) -> bool:
        return "InstantRP" in TIERS[self.tiers]

    @property
    def has_vault_copy(self) -> bool:
        return "HardenedRP" in TIERS[self.tiers]

    @property
    def in_archive(self) -> bool:
        """Then its copies lie in packs of their own, and nothing is compared with them."""
        return "ArchivedRP" in TIERS[self.tiers]


def changed(point: RecoveryPoint, event: str, disks: Sequence[PointDisk] | None = None) -> RecoveryPoint:
    tiers = advance(TIER_STATES, point.tiers, event)
    return replace(point, tiers=tiers, disks=point.disks if disks is None else tuple(disks))


def with_disk(point: RecoveryPoint, lun: int, change: Callable[[PointDisk], PointDisk]) -> RecoveryPoint:
    """The point with one of its disks changed."""
    return replace(point, disks=tuple(change(disk) if disk.lun == lun else disk for disk in point.disks))


def with_damage(point: RecoveryPoint, lun: int, copy: str) -> RecoveryPoint:
    """The point with the mark that a disk of it is damaged in its snapshot or in its copy."""
    return with_disk(point, lun, lambda disk: replace(disk, damaged=tuple(sorted({*disk.damaged, copy}))))


def obstacle_to_archive(point: RecoveryPoint, now: datetime) -> ErrorKind | None:
    """Why it cannot be moved to the archive now; None if it can."""
    if point.in_archive:
        return RECOVERY_POINT_ALREADY_IN_ARCHIVE_TIER
    if point.has_vault_copy and not ARCHIVED_RULES & set(point.rules):
        return RECOVERY_POINT_TYPE_NOT_ELIGIBLE_FOR_ARCHIVE
    if not point.has_vault_copy or now - point.time < ARCHIVE_AFTER:
        return MIN_LIFE_SPAN_IN_STANDARD_REQUIRED_FOR_ARCHIVE
    if point.expires - now < ARCHIVED_FOR:
        return MIN_REMAINING_LIFE_SPAN_IN_ARCHIVE_REQUIRED
    return RECOVERY_POINT_HAVE_ACTIVE_DEPENDENCIES if point.has_snapshots else None


def rehydrated(point: RecoveryPoint, until: datetime) -> RecoveryPoint:
    return replace(changed(point, "rehydrated"), rehydrated_until=until)


def dehydrated(point: RecoveryPoint) -> RecoveryPoint:
    """The point after its rehydration has ended."""
    return replace(changed(point, "rehydration_over"), rehydrated_until=None)


def soft_deleted(point: RecoveryPoint, until: datetime) -> RecoveryPoint:
    """The point that its policy took away: it can be restored until it is purged."""
    return replace(point, soft_deleted_until=until)


def tier_to_restore(point: RecoveryPoint, snapshots_alive: bool) -> str | None:
    """InstantRP if alive, else HardenedRP, else None: nothing to restore from."""
    if point.has_snapshots and snapshots_alive:
        return "InstantRP"
    return "HardenedRP" if point.has_vault_copy else None


def archivable_from(point: RecoveryPoint, age: timedelta, now: datetime) -> datetime | None:
    """When it can be moved to the archive at the earliest, at this age, as it is now; None if it cannot, or can no
    more."""
    if point.in_archive or point.has_snapshots or not point.has_vault_copy or not ARCHIVED_RULES & set(point.rules):
        return None
    time = point.time + max(age, ARCHIVE_AFTER)
    return time if point.expires - max(time, now) >= ARCHIVED_FOR else None


def ends_of_snapshots(
    points: Sequence[RecoveryPoint], keep: timedelta, keep_count: int
) -> list[tuple[RecoveryPoint, datetime]]:
    """Points whose snapshots end, and when they do: by their age, or, where there are too many, at once, which is the
    time of the point.

    The newest vaulted one stays whatever its age: the next backup is compared with it. One without a vault copy stays
    too: its snapshots are all there is.
    """
    newest_first = sorted(
        (point for point in points if point.has_snapshots), key=lambda point: point.time, reverse=True
    )
    vaulted = [(place, point) for place, point in enumerate(newest_first) if point.has_vault_copy]
    return [(point, point.time if place >= keep_count else point.time + keep) for place, point in vaulted[1:]]


def expired_snapshots(
    points: Sequence[RecoveryPoint], now: datetime, keep: timedelta, keep_count: int
) -> list[RecoveryPoint]:
    """Points whose snapshots are no longer needed, by age and by count."""
    return [point for point, end in ends_of_snapshots(points, keep, keep_count) if end <= now]


def expiring(points: Sequence[RecoveryPoint]) -> list[RecoveryPoint]:
    """Those that go at their time. The newest one that is not soft-deleted stays whatever its age: without it nothing
    could be restored."""
    newest = max((point.time for point in points if not point.is_soft_deleted), default=None)
    return [point for point in points if point.is_soft_deleted or point.time != newest]


def expired_points(points: Sequence[RecoveryPoint], now: datetime) -> list[RecoveryPoint]:
    """Points whose time is over, in the item or as soft-deleted ones."""
    return [point for point in expiring(points) if point.ends <= now]


def body(point: RecoveryPoint) -> Json:
    """What GET answers."""
    return {
        "id": point.document,
        "name": point.id,
        "type": TYPE,
        "properties": {
            "objectType": "IaasVMRecoveryPoint",
            "recoveryPointType": point.consistency,
            "recoveryPointTime": instant(point.time),
            "recoveryPointAdditionalInfo": _damage_text(point),
            "sourceVMStorageType": PREMIUM_STORAGE if _has_premium_disk(point) else NORMAL_STORAGE,
            "isSourceVMEncrypted": False,
            "isInstantIlrSessionActive": False,
            "recoveryPointTierDetails": [_tier(point, tier) for tier in TIERS[point.tiers]],
            "isManagedVirtualMachine": point.machine.managed,
            "virtualMachineSize": point.machine.size,
            "originalStorageAccountOption": False,
            "osType": point.machine.os_type,
            "recoveryPointDiskConfiguration": _disk_configuration(point),
            "recoveryPointProperties": {
                "expiryTime": instant(point.ends),
                "ruleName": _rule_name(point),
                "isSoftDeleted": point.is_soft_deleted,
            },
            "recoveryPointMoveReadinessInfo": {
                "ArchivedRP": {"isReadyForMove": False, "additionalInfo": NOT_YET_MOVABLE}
            },
            **_machine_properties(point.machine),
        },
    }


def _rule_name(point: RecoveryPoint) -> str:
    """No rule of the retention policy keeps what stays in the instant tier."""
    return point.rules[-1] if point.rules and SNAPSHOT_RULE not in point.rules else ""


def _has_premium_disk(point: RecoveryPoint) -> bool:
    return any(disk.storage.startswith(("Premium", "Ultra")) for disk in point.disks)


def _machine_properties(machine: Machine) -> Json:
    """What a point shows of a machine beside its size and system; only what applies to it."""
    properties: Json = {"isPrivateAccessEnabledOnAnyDisk": machine.private_access}
    if machine.security_type:
        properties["securityType"] = machine.security_type
    if machine.zones:
        properties["zones"] = list(machine.zones)
    if machine.extended_location is not None:
        properties["extendedLocation"] = machine.extended_location
    return properties


def as_listed(body: Json) -> Json:
    """The body as an entry of a list: of its disks only the numbers."""
    disks = body["properties"]["recoveryPointDiskConfiguration"]
    numbers = {key: value for key, value in disks.items() if key.startswith("numberOf")}
    return body | {"properties": body["properties"] | {"recoveryPointDiskConfiguration": numbers}}


def with_readiness(body: Json, obstacle: ErrorKind | None) -> Json:
    """The body as of now: whether a point can be archived changes although nothing is written."""
    young = obstacle is MIN_LIFE_SPAN_IN_STANDARD_REQUIRED_FOR_ARCHIVE
    text = NOT_YET_MOVABLE if young else obstacle.message if obstacle else ""
    readiness = {"ArchivedRP": {"isReadyForMove": obstacle is None, "additionalInfo": text}}
    return body | {"properties": body["properties"] | {"recoveryPointMoveReadinessInfo": readiness}}


def _damage_text(point: RecoveryPoint) -> str:
    """Our words: the service has none for it."""
    gone = set() if point.has_snapshots else {"InstantRP"}
    damaged = [(disk.name, [copy for copy in disk.damaged if copy not in gone]) for disk in point.disks]
    parts = [f"{name} ({', '.join(copies)})" for name, copies in damaged if copies]
    return f"Damaged disks: {', '.join(parts)}." if parts else ""


def _tier(point: RecoveryPoint, tier: str) -> Json:
    copy = "InstantRP" if tier == "InstantRP" else "HardenedRP"
    if any(copy in disk.damaged for disk in point.disks):
        return {"type": tier, "status": "Invalid"}
    if tier != "ArchivedRP" or point.rehydrated_until is None:
        return {"type": tier, "status": "Valid"}
    until = {"RehydratedRPExpiryTime": instant(point.rehydrated_until)}
    return {"type": tier, "status": "Rehydrated", "extendedInfo": until}


def extended_info(points: Sequence[RecoveryPoint], policy_inconsistent: bool) -> Json:
    """What an item shows of its recovery points when it is asked to expand; soft-deleted ones do not count."""
    points = [point for point in points if not point.is_soft_deleted]
    info: Json = {"recoveryPointCount": len(points), "policyInconsistent": policy_inconsistent}
    archived = [point.time for point in points if point.in_archive]
    times = {
        "oldestRecoveryPoint": [point.time for point in points],
        "oldestRecoveryPointInVault": [point.time for point in points if point.has_vault_copy],
        "oldestRecoveryPointInArchive": archived,
    }
    info |= {key: instant(min(instants)) for key, instants in times.items() if instants}
    return info | ({"newestRecoveryPointInArchive": instant(max(archived))} if archived else {})


def _disk_configuration(point: RecoveryPoint) -> Json:
    included = {disk.lun for disk in point.disks}
    return {
        "numberOfDisksIncludedInBackup": len(point.disks),
        "numberOfDisksAttachedToVm": len(point.machine.attached),
        "includedDiskList": _listed(point.machine.attached, included),
        "excludedDiskList": _listed(point.machine.attached, {lun for lun, _ in point.machine.attached} - included),
    }


def _listed(attached: Sequence[tuple[int, str]], luns: Collection[int]) -> list[Json]:
    return [{"lun": lun, "name": name} for lun, name in attached if lun in luns]


def to_json(point: RecoveryPoint) -> Json:
    """The point as it is stored."""
    return fields_of(point) | {
        "machine": fields_of(point.machine),
        "disks": [fields_of(disk) for disk in point.disks],
        "time": point.time.isoformat(),
        "expires": point.expires.isoformat(),
        "rehydrated_until": _text(point.rehydrated_until),
        "soft_deleted_until": _text(point.soft_deleted_until),
    }


def machine_from_json(stored: Json) -> Machine:
    attached = tuple((lun, name) for lun, name in stored["attached"])
    return Machine(**stored | {"attached": attached, "zones": tuple(stored.get("zones", ()))})


def disk_from_json(stored: Json) -> PointDisk:
    return PointDisk(**stored | {"damaged": tuple(stored.get("damaged", ()))})


def from_json(stored: Json) -> RecoveryPoint:
    return RecoveryPoint(
        **stored
        | {
            "time": datetime.fromisoformat(stored["time"]),
            "expires": datetime.fromisoformat(stored["expires"]),
            "machine": machine_from_json(stored["machine"]),
            "disks": tuple(disk_from_json(disk) for disk in stored["disks"]),
            "rules": tuple(stored.get("rules", ())),
            "rehydrated_until": _time(stored.get("rehydrated_until")),
            "soft_deleted_until": _time(stored.get("soft_deleted_until")),
        }
    )


def _text(time: datetime | None) -> str | None:
    return time.isoformat() if time else None


def _time(stored: str | None) -> datetime | None:
    return datetime.fromisoformat(stored) if stored else None
