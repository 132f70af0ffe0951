"""Writes the JSON Schemas of the contract: `python -m extension.contract.schemas`.

They describe what we write. What we read may be looser: see the readers. Nothing at run time needs them; they are for
whoever writes another handler, agent or service.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from extension.contract.codes import Code, Health
from extension.contract.messages import LANGUAGES
from extension.contract.protocol import STATUSES, Json
from extension.contract.reports import SnapshotConsistency
from extension.contract.settings import KNOWN_CONFIGS, VM_TYPES, Command
from extension.contract.settings_json import SnapshotMethod

FOLDER = Path(__file__).parent / "schema"
DIALECT = "https://json-schema.org/draft/2020-12/schema"

TEXT: Json = {"type": "string"}
NAME: Json = {"type": "string", "minLength": 1}
FLAG: Json = {"type": "boolean"}
INTEGER: Json = {"type": "integer"}
DIGITS: Json = {"type": "string", "pattern": "^[0-9]+$"}
URI: Json = {"type": "string", "pattern": "^https?://[^/ ]+/[^ ]+$"}
BASE64: Json = {"type": "string", "pattern": "^[A-Za-z0-9+/]+={0,2}$"}


def _object(required: Mapping[str, Any], optional: Mapping[str, Any] | None = None, description: str = "") -> Json:
    schema: Json = {
        "type": "object",
        "required": list(required),
        "properties": {**required, **(optional or {})},
        "additionalProperties": False,
    }
    return {"description": description, **schema} if description else schema


def _list(item: Json) -> Json:
    return {"type": "array", "items": item}


def _one(item: Json) -> Json:
    return {"type": "array", "items": item, "minItems": 1, "maxItems": 1}


def _or_null(schema: Json) -> Json:
    return {"anyOf": [schema, {"type": "null"}]}


def _text_of(schema: Json) -> Json:
    """A text that is JSON itself."""
    return {"type": "string", "contentMediaType": "application/json", "contentSchema": schema}


def _encoded(schema: Json) -> Json:
    """The same, in base64."""
    return {**BASE64, "contentEncoding": "base64", "contentMediaType": "application/json", "contentSchema": schema}


def _pair(value: Json) -> Json:
    return _object({"Key": NAME, "Value": value})


# ------------------------------------------------------------------------------------------------------------- settings


def _object_string(with_disks: bool) -> Json:
    included = _object(
        {"dataDiskLunList": _list({"type": "integer", "minimum": 0}), "isOSDiskIncluded": FLAG},
        {
            **dict.fromkeys(
                ("isAnyDiskExcluded", "isAnyWADiskIncluded", "isVmgsBlobIncluded", "isVmmdBlobIncluded"), FLAG
            ),
            **dict.fromkeys(("isAnyDirectDriveDiskIncluded", "isVMADEEnabled"), FLAG),
            "instantAccessDurationMinutes": {"type": "integer", "minimum": 0},
        },
    )
    configs = _object({"Key": {"enum": list(KNOWN_CONFIGS)}, "Value": FLAG})
    optional = {
        "backupMetadata": _list(_pair(TEXT)),
        "snapshotTaskToken": TEXT,
        "includedDisks": included,
        "dynamicConfigsFromCRP": _list(configs),
    }
    return _encoded(_object({"blobSASUri": _list(URI)} if with_disks else {}, optional))


def settings() -> Json:
    """N.settings of a snapshot task."""
    custom = _object(
        {"takeSnapshotFrom": {"enum": [method.value for method in SnapshotMethod]}},
        {
            **dict.fromkeys(("isManagedVm", "canTakeCrashConsistentSnapshot", "isOnlyOSDiskBackupEnabled"), FLAG),
            "backupTaskId": NAME,
            "backupRetryCount": {"type": "integer", "minimum": 0},
            "waDiskLunList": _list({"type": "integer", "minimum": 0}),
        },
    )
    public = _object(
        {
            "locale": TEXT,
            "taskId": NAME,
            "commandToExecute": {"enum": [command.value for command in Command]},
            "commandStartTimeUTCTicks": DIGITS,
            "vmType": {"enum": list(VM_TYPES)},
        },
        {"objectStr": _object_string(with_disks=False), "customSettings": _text_of(custom)},
    )
    handler = _object(
        {
            "publicSettings": public,
            "protectedSettingsCertThumbprint": _or_null({"type": "string", "pattern": "^[0-9A-F]{40}$"}),
        },
        {"protectedSettings": _or_null(BASE64)},
        "protectedSettings is a CMS envelope, DER in base64, around the protected settings; it is gone once read.",
    )
    return _object({"runtimeSettings": _one(_object({"handlerSettings": handler}))})


def protected_settings() -> Json:
    """What is inside the envelope."""
    return _object({"objectStr": _object_string(with_disks=True), "logsBlobUri": URI, "statusBlobUri": URI})


# -------------------------------------------------------------------------------------------------------------- reports

_CODE: Json = {"enum": [str(int(code)) for code in Code]}
_LANG: Json = {"enum": list(LANGUAGES.values())}


def _status(status: Json, substatus: Json, telemetry: Json, snapshots: Json, health: Json) -> Json:
    message = _object(
        {
            "messageStr": TEXT,
            "snapshotConsistency": {"enum": [int(consistency) for consistency in SnapshotConsistency]},
            "jobMessage": TEXT,
            "isSizeComputationFailed": FLAG,
        }
    )
    storage = _object(
        {
            "partitionCount": INTEGER,
            "totalUsedSizeInBytes": INTEGER,
            "isStoragespacePresent": FLAG,
            "isSizeComputationFailed": FLAG,
        }
    )
    return _object(
        {
            "name": NAME,
            "operation": {"enum": ["Enable"]},
            "status": status,
            "substatus": substatus,
            "code": _CODE,
            "taskId": TEXT,
            "formattedMessage": _object({"lang": _LANG, "message": _text_of(message)}),
            "storageDetails": storage,
            "commandStartTimeUTCTicks": TEXT,
            "telemetryData": telemetry,
            "uniqueMachineId": TEXT,
            "snapshotInfo": snapshots,
            "vmHealthInfo": health,
        }
    )


def status_blob() -> Json:
    """The text of a status blob, without the spaces after it."""
    direct_drive = {"type": "object", "required": ["creationTime", "id", "token"]}
    disk = _object(
        {
            "isSuccessful": FLAG,
            "snapshotUri": _or_null({**URI, "pattern": r"^https?://[^/ ]+/[^ ?]+\?snapshot=[^ &]+$"}),
            "errorMessage": _or_null(TEXT),
            "blobUri": _or_null({**URI, "pattern": "^https?://[^/ ]+/[^ ?]+$"}),
            "directDriveSnapshotIdentifier": _or_null(direct_drive),
        }
    )
    health = _object(
        {
            "vmHealthState": {"enum": [int(health) for health in Health]},
            "vmHealthStatusCode": {"enum": [int(code) for code in Code]},
        }
    )
    status = _status(
        {"enum": ["success", "error"]},
        {"type": "array", "maxItems": 0},
        _list(_pair(TEXT)),
        _or_null(_list(disk)),
        health,
    )
    time = {"type": "string", "pattern": r"^/Date\([0-9]+\)/$", "description": "Its slashes are escaped on the wire."}
    return _one(_object({"version": TEXT, "timestampUTC": time, "status": status}))


def status_file() -> Json:
    """N.status of a snapshot task: the status blob is the name of its only substatus."""
    null = {"type": "null"}
    substatus = _object(
        {"code": DIGITS, "name": _text_of(status_blob()), "status": {"enum": ["success"]}, "formattedMessage": null}
    )
    status = _status({"enum": list(STATUSES)}, _one(substatus), null, null, null)
    time = {"type": "string", "pattern": "^[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z$"}
    return _one(_object({"version": TEXT, "timestampUTC": time, "status": status}))


def all_schemas() -> dict[str, str]:
    """File name -> text."""
    schemas = {
        "settings": settings(),
        "protected-settings": protected_settings(),
        "status-blob": status_blob(),
        "status-file": status_file(),
    }
    return {
        f"{name}.json": json.dumps({"$schema": DIALECT, "title": name, **schema}, indent=1) + "\n"
        for name, schema in schemas.items()
    }


def write(folder: Path = FOLDER) -> None:
    folder.mkdir(exist_ok=True)
    for name, text in all_schemas().items():
        (folder / name).write_text(text, encoding="utf-8", newline="\n")


if __name__ == "__main__":
    write()
