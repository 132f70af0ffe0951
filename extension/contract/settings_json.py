"""The JSON inside the settings: objectStr and customSettings, and the error of settings that cannot be carried out."""

from __future__ import annotations

import binascii
import json
from collections.abc import Mapping
from enum import StrEnum
from typing import Any, NamedTuple

from extension.contract.codes import Code
from extension.contract.messages import Sentence, say
from extension.contract.protocol import Json, ProtocolError, as_flag, as_integer, as_text, load_json

OS_DISK_LUN = -1
"""The OS disk has no logical unit number; in lists of them it is this one."""


class SettingsError(Exception):
    """Settings that cannot be carried out. It knows the key that is at fault, never the value."""

    def __init__(self, code: Code, sentence: Sentence, **values: str) -> None:
        super().__init__(say(sentence, **values))
        self.code = code
        self.sentence = sentence
        self.values = values

    @property
    def message(self) -> str:
        return str(self)

    def text(self, locale: str) -> str:
        return say(self.sentence, locale, **self.values)


def missing(key: str) -> SettingsError:
    return SettingsError(Code.error_parameter, Sentence.MISSING_SETTING, key=key)


def malformed(key: str) -> SettingsError:
    return SettingsError(Code.error_parameter, Sentence.MALFORMED_SETTING, key=key)


# ------------------------------------------------------------------------------------------------------- customSettings


class SnapshotMethod(StrEnum):
    """Who takes the snapshots."""

    ONLY_GUEST = "onlyGuest"
    FIRST_GUEST_THEN_HOST = "firstGuestThenHost"
    FIRST_HOST_THEN_GUEST = "firstHostThenGuest"
    ONLY_HOST = "onlyHost"

    @classmethod
    def of(cls, text: str) -> SnapshotMethod:
        """The method of this name; for a name that nobody knows the service's default."""
        by_name = {method.lower(): method for method in cls}
        return by_name.get(text.strip().lower(), cls.FIRST_HOST_THEN_GUEST)


class CustomSettings(NamedTuple):
    """What the service adds for one attempt."""

    take_snapshot_from: SnapshotMethod = SnapshotMethod.FIRST_HOST_THEN_GUEST
    is_managed_vm: bool = False
    backup_task_id: str | None = None
    """The task id for the host, where it differs from the task's own."""
    write_accelerator_luns: tuple[int, ...] = ()
    can_take_crash_consistent_snapshot: bool = False
    backup_retry_count: int = 0
    is_only_os_disk_backup_enabled: bool = False

    @classmethod
    def parse(cls, text: str) -> CustomSettings:
        """Read from the JSON text inside the setting; no text at all gives the defaults."""
        if not text.strip():
            return cls()
        data = _load_object(text, "customSettings")
        method = as_text(data.get("takeSnapshotFrom"))
        if not method:
            raise missing("customSettings.takeSnapshotFrom")
        return cls(
            take_snapshot_from=SnapshotMethod.of(method),
            is_managed_vm=as_flag(data.get("isManagedVm")),
            backup_task_id=as_text(data.get("backupTaskId")) or None,
            write_accelerator_luns=_luns(data.get("waDiskLunList"), "customSettings.waDiskLunList"),
            can_take_crash_consistent_snapshot=as_flag(data.get("canTakeCrashConsistentSnapshot")),
            backup_retry_count=as_integer(data.get("backupRetryCount"), 0),
            is_only_os_disk_backup_enabled=as_flag(data.get("isOnlyOSDiskBackupEnabled")),
        )

    def render(self) -> str:
        data: Json = {
            "takeSnapshotFrom": self.take_snapshot_from.value,
            "isManagedVm": self.is_managed_vm,
            "canTakeCrashConsistentSnapshot": self.can_take_crash_consistent_snapshot,
            "backupRetryCount": self.backup_retry_count,
            "isOnlyOSDiskBackupEnabled": self.is_only_os_disk_backup_enabled,
        }
        if self.backup_task_id is not None:
            data["backupTaskId"] = self.backup_task_id
        if self.write_accelerator_luns:
            data["waDiskLunList"] = list(self.write_accelerator_luns)
        return json.dumps(data)


# ------------------------------------------------------------------------------------------------------------ objectStr

_ONLY_HOST_FLAGS = ("isAnyWADiskIncluded", "isVmgsBlobIncluded", "isAnyDirectDriveDiskIncluded")


class IncludedDisks(NamedTuple):
    """Which disks the task is about. `luns` has the OS disk as -1."""

    luns: tuple[int, ...] = ()
    is_any_disk_excluded: bool = False
    needs_host: bool = False
    """A disk or blob is included that only the host can snapshot."""
    is_vmmd_blob_included: bool = False
    is_disk_encryption_enabled: bool = False
    instant_access_minutes: int | None = None

    @classmethod
    def parse(cls, data: object) -> IncludedDisks:
        if not isinstance(data, dict):
            raise malformed("includedDisks")
        minutes = as_integer(data.get("instantAccessDurationMinutes"), -1)
        os_disk = (OS_DISK_LUN,) if as_flag(data.get("isOSDiskIncluded")) else ()
        return cls(
            luns=_luns(data.get("dataDiskLunList"), "includedDisks.dataDiskLunList") + os_disk,
            is_any_disk_excluded=as_flag(data.get("isAnyDiskExcluded")),
            needs_host=any(as_flag(data.get(flag)) for flag in _ONLY_HOST_FLAGS),
            is_vmmd_blob_included=as_flag(data.get("isVmmdBlobIncluded")),
            is_disk_encryption_enabled=as_flag(data.get("isVMADEEnabled")),
            instant_access_minutes=minutes if minutes >= 0 else None,
        )


def decode_object(text: str) -> Json:
    """The object inside an objectStr: base64 of ASCII JSON that may be wrapped in blanks and single quotes."""
    try:
        plain = binascii.a2b_base64("".join(text.split()).encode("ascii"), strict_mode=True).decode("ascii")
    except ValueError:
        raise malformed("objectStr") from None
    plain = plain.strip().strip("'").strip()
    # The documentation prints the content as `"blobSASUri": [...]`, without the braces around it.
    return _load_object("{" + plain + "}" if plain.startswith('"') else plain, "objectStr")


def encode_object(data: Mapping[str, Any]) -> str:
    return binascii.b2a_base64(json.dumps(data).encode("ascii"), newline=False).decode("ascii")


def merged_object(public: Mapping[str, Any], protected: Mapping[str, Any]) -> Json:
    """The keys of both objectStr, as far as they say something; what was sealed wins."""
    merged: Json = {}
    for part in (public, protected):
        text = part.get("objectStr")
        if text is not None and not isinstance(text, str):
            raise malformed("objectStr")
        if text:
            merged |= {key: value for key, value in decode_object(text).items() if value is not None}
    if not merged:
        raise missing("objectStr")
    return merged


def _load_object(text: str, key: str) -> Json:
    try:
        data = load_json(text, key)
    except ProtocolError:
        data = None
    if not isinstance(data, dict):
        raise malformed(key)
    return data


def _luns(value: object, key: str) -> tuple[int, ...]:
    luns = tuple(as_integer(lun, -2) for lun in value) if isinstance(value, list) else ()
    if min(luns, default=0) < 0 or not isinstance(value, list | None):
        raise malformed(key)
    return luns


def read_pairs(value: object, key: str) -> list[tuple[str, Any]]:
    """A list of {"Key", "Value"}; null is an empty one."""
    if value is None:
        return []
    if not isinstance(value, list) or not all(isinstance(pair, dict) and _is_name(pair.get("Key")) for pair in value):
        raise malformed(key)
    return [(pair["Key"], pair.get("Value")) for pair in value]


def _is_name(value: object) -> bool:
    return isinstance(value, str) and bool(value.strip())


def read_metadata(value: object) -> dict[str, str]:
    """Metadata of the snapshots. It travels in HTTP headers, so what a header cannot hold is refused here, in time."""
    metadata = {}
    for key, item in read_pairs(value, "backupMetadata"):
        metadata[key] = item if isinstance(item, str) else "" if item is None else json.dumps(item)
    for key, item in metadata.items():
        if not (key + item).isascii() or not (key + item).isprintable() or set(key) & set(" :"):
            raise malformed("backupMetadata")
    return metadata


def read_disks(value: object) -> tuple[str, ...]:
    if value is None:
        return ()
    if not isinstance(value, list) or not all(is_uri(uri) for uri in value):
        raise malformed("blobSASUri")
    return tuple(value)


def is_uri(value: object) -> bool:
    if not isinstance(value, str) or not value.isascii() or not value.isprintable() or " " in value:
        return False
    scheme, _, rest = value.partition("://")
    return scheme.lower() in ("http", "https") and bool(rest.partition("/")[0]) and bool(rest.partition("/")[2])
