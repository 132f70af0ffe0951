"""What Azure has, whether or not this service has it: the types of a few namespaces and their verbs.

The table beside this file is read off the published SDKs by `docs.generator.read_azure`; that of Azure Backup, by
`docs.generator.read_sdk`. Of other namespaces nothing is known here, so whatever is asked of them counts as something
that Azure has.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Mapping, Sequence
from functools import cache
from pathlib import Path

FILE = Path(__file__).with_name("azure_operations.json")
BACKUP_FILE = Path(__file__).with_name("sdk_operations.json")
BACKUP = "microsoft.recoveryservices"
SITE_RECOVERY = "replication"
"""How the types of Azure Site Recovery begin. They lie in the namespace of Azure Backup too, and in no table here."""
_NAME = "*"


@cache
def _table() -> Mapping[str, Mapping[tuple[str, ...], frozenset[str]]]:
    stored: dict[str, dict[str, str]] = json.loads(FILE.read_text(encoding="utf-8"))
    return {
        namespace: {tuple(path.split("/")): frozenset(verbs.split()) for path, verbs in paths.items()}
        for namespace, paths in stored.items()
    }


def has_operation(method: str, segments: Sequence[str]) -> bool:
    """Whether the table has this verb at a path."""
    namespace, below = _below(segments)
    return method in _table().get(namespace, {}).get(below, frozenset())


@cache
def _paths_of_backup() -> frozenset[tuple[str, ...]]:
    sdks = json.loads(BACKUP_FILE.read_text(encoding="utf-8")).values()
    places = (_below(each["path"].strip("/").split("/")) for sdk in sdks for each in sdk["operations"])
    return frozenset(below for namespace, below in places if namespace == BACKUP)


def lacks_type(segments: Sequence[str]) -> bool:
    """Whether a table knows the namespace of a path, and nothing of what the path names in it."""
    namespace, below = _below(segments)
    if namespace == BACKUP:
        of_site_recovery = len(below) > 2 and below[2].startswith(SITE_RECOVERY)
        return not of_site_recovery and not _is_in(below, _paths_of_backup())
    paths = _table().get(namespace)
    return paths is not None and not _is_in(below, paths)


def _is_in(below: tuple[str, ...], paths: Iterable[tuple[str, ...]]) -> bool:
    """Whether a path leads there, or on from there. A name in either stands for any."""
    return any(len(path) >= len(below) and all(map(_same, below, path)) for path in paths)


def _same(one: str, other: str) -> bool:
    return one == other or _NAME in {one, other}


def _below(segments: Sequence[str]) -> tuple[str, tuple[str, ...]]:
    """The last namespace of a path, and what comes behind it, names as `*`."""
    lowered = [segment.lower() for segment in segments]
    places = [index for index in range(0, len(lowered) - 1, 2) if lowered[index] == "providers"]
    if not places:
        return "", ()
    rest = lowered[places[-1] + 2 :]
    return lowered[places[-1] + 1], tuple(_NAME if index % 2 else word for index, word in enumerate(rest))
