"""What the owner of a Linux machine tells the handler besides its scripts: /etc/azure/vmbackup.conf and workload.conf.

They stand where a Windows machine has values in its registry. Keys as in the published handler
(Azure/azure-linux-extensions, VMBackup/main); those that have no effect here are named in the log.
"""

from __future__ import annotations

import configparser
from pathlib import Path

from extension.preconditions import OwnerSettings

SETTINGS = Path("etc", "azure", "vmbackup.conf")
WORKLOAD_SETTINGS = Path("etc", "azure", "workload.conf")
SECTION = "SnapshotThread"
BYTES_MAX = 64 * 1024
ONE_BY_ONE = ("1", "2")
"""Values of seqsnapshot: the published program sets the first itself when its processes start slowly."""
_USED = ("snapshotmethod", "seqsnapshot")


def read_owner_settings(root: Path) -> OwnerSettings:
    """Of the machine with this root folder. What cannot be read counts as not given, as in the published handler."""
    settings, problem = _read(root / SETTINGS)
    workload, workload_problem = _read(root / WORKLOAD_SETTINGS)
    section = dict(settings[SECTION]) if settings.has_section(SECTION) else {}
    without_effect = [key for key in section if key not in _USED]
    without_effect += [f"[{name}]" for name in settings.sections() if name != SECTION]
    return OwnerSettings(
        method=section.get("snapshotmethod") or None,
        one_by_one=section.get("seqsnapshot", "").strip() in ONE_BY_ONE,
        workload=workload.get("workload", "workload_name", fallback="").strip(),
        without_effect=tuple(without_effect),
        problems=tuple(each for each in (problem, workload_problem) if each),
    )


def _read(file: Path) -> tuple[configparser.ConfigParser, str]:
    parser = configparser.ConfigParser(interpolation=None)
    try:
        with file.open("rb") as opened:
            parser.read_string(opened.read(BYTES_MAX).decode("utf-8-sig"))
    except FileNotFoundError:
        return parser, ""
    except (OSError, UnicodeDecodeError, configparser.Error) as problem:
        return configparser.ConfigParser(), f"{file.name} cannot be read: {problem}"
    return parser, ""
