"""The settings of a VMSnapshot task, public and protected, and the objectStr inside them.

What is public and what is protected differs between writers: the documented schema has objectStr and the two blob URIs
in the protected part, the published Linux handler looks for all three in the public part first. So both parts are read
and merged, and what we write can be read either way.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime, timedelta
from enum import StrEnum
from typing import Any, NamedTuple

from extension.contract.codes import Code
from extension.contract.messages import ENGLISH, Sentence
from extension.contract.protocol import NOTHING, Json, as_flag, as_text
from extension.contract.reports import CLASSIC_VM_TYPE
from extension.contract.settings_json import (
    OS_DISK_LUN,
    CustomSettings,
    IncludedDisks,
    SettingsError,
    SnapshotMethod,
    encode_object,
    is_uri,
    malformed,
    merged_object,
    missing,
    read_disks,
    read_metadata,
    read_pairs,
)

__all__ = [
    "FRESHNESS_LIMIT",
    "OS_DISK_LUN",
    "PUBLISHER",
    "VM_TYPE",
    "Command",
    "CustomSettings",
    "IncludedDisks",
    "ReportSettings",
    "SettingsError",
    "SnapshotMethod",
    "SnapshotSettings",
    "canonical_publisher",
    "parse_ticks",
    "snapshot_request",
    "to_ticks",
]

PUBLISHER = "Microsoft.Azure.RecoveryServices"
PUBLISHERS = (PUBLISHER, "Microsoft.RecoveryServices")
"""The publisher as it stands in paths and handler names, and as the documentation of the schema has it."""
EXTENSION_TYPE = "VMSnapshot"
LINUX_EXTENSION_TYPE = "VMSnapshotLinux"
VM_TYPE = "microsoft.compute/virtualmachines"
VM_TYPES = (VM_TYPE, CLASSIC_VM_TYPE)

FRESHNESS_LIMIT = timedelta(minutes=140)
"""A task that started longer ago has been given up by the service: no snapshot is taken for it any more."""


def canonical_publisher(publisher: str, type: str) -> str | None:
    """The publisher of a VMSnapshot extension however it was written; None when it is another extension."""
    is_known = publisher.lower() in {name.lower() for name in PUBLISHERS}
    types = (EXTENSION_TYPE.lower(), LINUX_EXTENSION_TYPE.lower())
    return PUBLISHER if is_known and type.lower() in types else None


# ---------------------------------------------------------------------------------------------------------------- ticks

_FIRST_TICK = datetime(1, 1, 1, tzinfo=UTC)
_LAST_TICK = 3_155_378_975_999_999_999


def to_ticks(time: datetime) -> int:
    """.NET ticks: 100 ns each, since the year 1 in UTC."""
    return (time.astimezone(UTC) - _FIRST_TICK) // timedelta(microseconds=1) * 10


def parse_ticks(ticks: str | int | float) -> datetime:
    """The time that ticks mean, as a number, as decimal text or, as a spreadsheet leaves it, as 6.36458E+17."""
    if isinstance(ticks, bool):
        raise ValueError("ticks must be a number")
    number = _exact(ticks) if isinstance(ticks, str) else ticks
    if not 0 <= number <= _LAST_TICK or number != int(number):
        raise ValueError("ticks are outside the range of dates")
    return _FIRST_TICK + timedelta(microseconds=int(number) // 10)


def _exact(text: str) -> int:
    if text.strip().isdecimal():
        return int(text)
    from decimal import Decimal, InvalidOperation  # only damaged ticks need it

    try:
        number = Decimal(text.strip())
    except InvalidOperation:
        raise ValueError("ticks must be a number") from None
    # Compared before it is converted: 1E+999999999 is quickly written and fills the memory as an integer.
    if not number.is_finite() or not 0 <= number <= _LAST_TICK or number != number.to_integral_value():
        raise ValueError("ticks are outside the range of dates")
    return int(number)


# ------------------------------------------------------------------------------------------------------------- the task

KNOWN_CONFIGS = (
    "isSnapshotTtlEnabled",
    "useMccfToFetchDsasForAllDisks",
    "useMccfForLad",
    "EnableVMSnapshotExtensionPolling",
)


class ReportSettings(NamedTuple):
    """What it takes to report on a task. It can be read from settings that are otherwise unusable."""

    task_id: str
    locale: str
    vm_type: str
    started_ticks: str
    """As it was received: a report echoes it."""
    status_uri: str | None
    logs_uri: str | None

    def __repr__(self) -> str:
        return f"ReportSettings(task_id={self.task_id!r}, locale={self.locale!r}, vm_type={self.vm_type!r})"

    @classmethod
    def parse(cls, public: Mapping[str, Any], protected: Mapping[str, Any] | None) -> ReportSettings:
        """Never raises: what is missing or malformed counts as not given."""
        uris = [
            next((part[key] for part in (public, protected or NOTHING) if is_uri(part.get(key))), None)
            for key in ("statusBlobUri", "logsBlobUri")
        ]
        return cls(
            task_id=as_text(public.get("taskId")),
            locale=as_text(public.get("locale")) or ENGLISH,
            vm_type=as_text(public.get("vmType")) or VM_TYPE,
            started_ticks=as_text(public.get("commandStartTimeUTCTicks")),
            status_uri=uris[0],
            logs_uri=uris[1],
        )


class Command(StrEnum):
    """What a task asks for. A text that contains a command's name asks for it."""

    INSTALL = "install"
    SNAPSHOT = "snapshot"


class SnapshotSettings(NamedTuple):
    """A task, merged from both parts and checked."""

    command: Command
    task_id: str
    started: datetime
    report: ReportSettings
    disks: tuple[str, ...] = ()
    """URIs with their signatures, in the order in which the report has to answer."""
    metadata: Mapping[str, str] = NOTHING
    snapshot_token: str = ""
    custom: CustomSettings = CustomSettings()
    included: IncludedDisks = IncludedDisks()
    dynamic_configs: Mapping[str, bool] = NOTHING
    unknown_configs: tuple[str, ...] = ()

    def __repr__(self) -> str:
        return f"SnapshotSettings({self.command}, task_id={self.task_id!r}, {len(self.disks)} disks)"

    @classmethod
    def parse(cls, public: Mapping[str, Any], protected: Mapping[str, Any] | None) -> SnapshotSettings:
        """Raises SettingsError for the first thing that is wrong."""
        sealed = protected or NOTHING
        command = _command(public)
        report = ReportSettings.parse(public, protected)
        started = _check_task(report, public)
        if command is Command.INSTALL:
            return cls(command, report.task_id, started, report)
        _check_addresses(report, public, sealed)
        data = merged_object(public, sealed)
        configs = read_pairs(data.get("dynamicConfigsFromCRP"), "dynamicConfigsFromCRP")
        names = {name.lower(): name for name in KNOWN_CONFIGS}
        return cls(
            command=command,
            task_id=report.task_id,
            started=started,
            report=report,
            disks=read_disks(data.get("blobSASUri")),
            metadata=read_metadata(data.get("backupMetadata")),
            snapshot_token=as_text(data.get("snapshotTaskToken") or sealed.get("snapshotTaskToken")),
            custom=_custom(public, sealed),
            included=IncludedDisks.parse(data.get("includedDisks", {})),
            dynamic_configs={names[key.lower()]: as_flag(value) for key, value in configs if key.lower() in names},
            unknown_configs=tuple(key for key, _ in configs if key.lower() not in names),
        )

    def too_late(self, now: datetime) -> bool:
        """True when the service no longer waits for this task. A start that lies ahead is no reason to refuse."""
        return now - self.started > FRESHNESS_LIMIT

    def method(self, override: str | None = None) -> SnapshotMethod:
        """Who takes the snapshots; `override` is what the machine's owner set. Raises SettingsError when the host must
        but the task does not say of which disks."""
        method = SnapshotMethod.of(override) if override else self.custom.take_snapshot_from
        accelerated = set(self.custom.write_accelerator_luns) & set(self.included.luns)
        if self.included.needs_host or accelerated:
            method = SnapshotMethod.ONLY_HOST
        if self.included.is_any_disk_excluded and not self.included.luns:
            if method is SnapshotMethod.ONLY_HOST:
                raise SettingsError(Code.FailedInvalidDataDiskLunList, Sentence.NO_LUNS)
            return SnapshotMethod.ONLY_GUEST
        return method


def _command(public: Mapping[str, Any]) -> Command:
    text = as_text(public.get("commandToExecute")).lower()
    if not text.strip():
        raise missing("commandToExecute")
    for command in Command:
        if command.value in text:
            return command
    raise SettingsError(Code.error_parameter, Sentence.UNKNOWN_COMMAND)


def _check_task(report: ReportSettings, public: Mapping[str, Any]) -> datetime:
    """The start of the task, once everything that every task needs has been found."""
    for key in ("taskId", "vmType", "commandStartTimeUTCTicks"):
        if public.get(key) in (None, ""):
            raise missing(key)
    if not report.task_id.isprintable() or not report.task_id.strip():
        raise malformed("taskId")
    if as_text(public["vmType"]).lower() not in VM_TYPES:
        raise malformed("vmType")
    try:
        return parse_ticks(public["commandStartTimeUTCTicks"])
    except (TypeError, ValueError, OverflowError):
        raise malformed("commandStartTimeUTCTicks") from None


def _check_addresses(report: ReportSettings, public: Mapping[str, Any], protected: Mapping[str, Any]) -> None:
    for key, uri in (("statusBlobUri", report.status_uri), ("logsBlobUri", report.logs_uri)):
        if not public.get(key) and not protected.get(key):
            raise missing(key)
        if uri is None:
            raise malformed(key)


def _custom(public: Mapping[str, Any], protected: Mapping[str, Any]) -> CustomSettings:
    value = public.get("customSettings") or protected.get("customSettings") or ""
    text = json.dumps(value) if isinstance(value, dict) else value
    if not isinstance(text, str):
        raise malformed("customSettings")
    return CustomSettings.parse(text)


def snapshot_request(
    *,
    task_id: str,
    started: datetime,
    disks: Sequence[str],
    status_uri: str,
    logs_uri: str,
    locale: str,
    vm_type: str = VM_TYPE,
    metadata: Mapping[str, str],
    custom: CustomSettings,
    luns: Sequence[int] | None,
    is_any_disk_excluded: bool = True,
    snapshot_token: str = "",
) -> tuple[Json, Json]:
    """Public and protected settings of a snapshot task. `luns` = those of the disks to snapshot, in the order of
    `disks`; None = all disks. `snapshot_token` = what the host knows this task by; empty: it is not to take snapshots.

    Nothing in the public part is secret. The protected part is complete in itself, for handlers that read the
    documented schema; the public objectStr is for those that demand one.
    """
    open_object: Json = {"backupMetadata": [{"Key": key, "Value": value} for key, value in metadata.items()]}
    if luns is not None:
        open_object["includedDisks"] = {
            "dataDiskLunList": [lun for lun in luns if lun != OS_DISK_LUN],
            "isOSDiskIncluded": OS_DISK_LUN in luns,
            "isAnyDiskExcluded": is_any_disk_excluded,
        }
    if snapshot_token:
        open_object["snapshotTaskToken"] = snapshot_token
    public: Json = {
        "locale": locale,
        "taskId": task_id,
        "commandToExecute": Command.SNAPSHOT.value,
        "commandStartTimeUTCTicks": str(to_ticks(started)),
        "vmType": vm_type,
        "objectStr": encode_object(open_object),
        "customSettings": custom.render(),
    }
    protected: Json = {
        "objectStr": encode_object(open_object | {"blobSASUri": list(disks)}),
        "logsBlobUri": logs_uri,
        "statusBlobUri": status_uri,
    }
    return public, protected
