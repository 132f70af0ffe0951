"""Which values a key of a request's body may have, where the published SDKs list them.

The lists stand beside this file as a table, which `docs.generator.read_bodies` writes. A value is the same in any case,
and goes on as the service spells it. Another one is refused as each service refuses it, whether the key is used here or
only kept. Vaults and backups check theirs themselves: their refusals differ from key to key.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from controlplane.arm.edge.request_body import ELEMENT, find
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.arm import VALUE_NOT_CONVERTED
from controlplane.domain.errors.network import REQUEST_NOT_PARSED, value_not_converted
from controlplane.domain.errors.storage import INVALID_VALUES_FOR_REQUEST_PARAMETERS
from controlplane.json_object import Json

FILE = Path(__file__).with_name("sdk_choices.json")
CHECKED = ("Microsoft.Compute", "Microsoft.ManagedIdentity", "Microsoft.Network", "Microsoft.Storage")
"""The namespaces whose choices are checked here."""
OPEN = {"compute.ResourceIdentityType", "compute.VirtualMachineSizeTypes", "storage.IdentityType"}
"""Enumerations that name less than the service takes, or whose values are read by more than their spelling."""
COMBINED = {"storage.Bypass"}
"""Enumerations of which a value may name several, with commas."""
MORE = {"compute.SecurityTypes": ("Standard",)}
"""Values that later api-versions add to the SDK's."""
_SENT_AS = {"virtualMachines": "vm", "disks": "disk", "snapshots": "snapshot"}
"""Resource type -> what Microsoft.Compute calls its body."""

Tree = dict[str, "Tree"] | str
"""Key, or `[]` for every element of a list -> the same below it; at the end the name of an enumeration."""


@cache
def _table() -> Json:
    table: Json = json.loads(FILE.read_text(encoding="utf-8"))
    return table


@cache
def values(enumeration: str) -> tuple[str, ...]:
    return (*_table()["values"][enumeration], *MORE.get(enumeration, ()))


def paths(operation: str) -> dict[str, str]:
    """Path of a key of an operation's body -> the enumeration of which its value is one."""
    if operation.partition(" ")[2].partition("/")[0] not in CHECKED:
        return {}
    chosen: dict[str, str] = _table()["keys"].get(operation, {})
    return {path: name for path, name in chosen.items() if name not in OPEN}


@cache
def _tree(operation: str) -> Tree:
    tree: dict[str, Tree] = {}
    for path, enumeration in paths(operation).items():
        *outer, last = path.split(".")
        place = tree
        for step in outer:
            below = place.setdefault(step, {})
            assert isinstance(below, dict), "a key with a choice has no keys below it"
            place = below
        place[last] = enumeration
    return tree


def spelled(operation: str, body: Json) -> Json:
    """The body with each choice as the service spells it; ServiceError for a value that is none."""
    tree = _tree(operation)
    result: Json = _spelled(body, tree, "", operation) if tree else body
    return result


def _spelled(value: Any, tree: Tree, path: str, operation: str) -> Any:
    if isinstance(tree, str):
        return _choice(value, tree, path, operation)
    if isinstance(value, list) and ELEMENT in tree:
        return [_spelled(each, tree[ELEMENT], f"{path}[{index}]", operation) for index, each in enumerate(value)]
    if not isinstance(value, dict):
        return value
    keys = {key: find(tree, key) for key in value}
    return {
        key: each if keys[key] is None else _spelled(each, keys[key], f"{path}.{key}".lstrip("."), operation)
        for key, each in value.items()
    }


def _choice(value: Any, enumeration: str, path: str, operation: str) -> Any:
    if value in (None, "") or isinstance(value, dict | list):
        return value  # nothing is said, or a body of another shape, which is refused as such
    spellings = {each.lower(): each for each in values(enumeration)}
    words = str(value).split(",") if enumeration in COMBINED else [str(value)]
    chosen = [spellings.get(word.strip().lower()) for word in words]
    if None in chosen:
        raise _refusal(value, enumeration.partition(".")[2], path, operation)
    return ", ".join(filter(None, chosen))


def _refusal(value: Any, enumeration: str, path: str, operation: str) -> ServiceError:
    namespace, _, kind = operation.partition(" ")[2].partition("/")
    if namespace == "Microsoft.Network":
        return REQUEST_NOT_PARSED.error(details=[value_not_converted(value, enumeration, path)])
    if namespace == "Microsoft.Storage":
        parameter = "sku" if path == "sku.name" else path.removeprefix("properties.")
        return INVALID_VALUES_FOR_REQUEST_PARAMETERS.error(parameter=parameter)
    target = ".".join(filter(None, (_SENT_AS.get(kind), path)))
    return VALUE_NOT_CONVERTED.error(value=value, kind=enumeration, path=path, target=target)
