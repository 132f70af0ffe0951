"""Operations that clients know and nothing here answers: each is refused by its name.

The published SDKs' operations stand beside this file as a table (`python -m docs.generator.read_sdk` writes it). Those
that have a route are simulated; every other one gets a route that refuses it, so none is ever a 404 or a 405.
"""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

from controlplane.arm.edge.routing import GROUP, SUBSCRIPTION, Route, keywords, refused

FILE = Path(__file__).with_name("sdk_operations.json")


@dataclass(frozen=True, slots=True)
class Sdk:
    """One SDK and the operations it knows."""

    name: str
    version: str
    api_version: str
    operations: tuple[Operation, ...]


@dataclass(frozen=True, slots=True)
class Operation:
    """`group` and `name` as the SDK has them, the path as our routes write it."""

    group: str
    name: str
    verb: str
    path: str


_COMPUTE = f"{GROUP}/providers/Microsoft.Compute"
_NETWORK = f"{GROUP}/providers/Microsoft.Network"
_STORAGE = f"{GROUP}/providers/Microsoft.Storage/storageAccounts/{{account}}"
OTHERS = (
    *(("PATCH", f"{_COMPUTE}/{kind}/{{name}}") for kind in ("disks", "snapshots", "images", "restorePointCollections")),
    *(("PATCH", f"{_NETWORK}/{kind}/{{name}}") for kind in ("networkInterfaces", "networkSecurityGroups")),
    *(("PATCH", f"{_NETWORK}/{kind}/{{name}}") for kind in ("publicIPAddresses", "virtualNetworks")),
    *(("PATCH", f"{GROUP}/providers/Microsoft.ManagedIdentity/userAssignedIdentities/{{name}}"),),
    ("PATCH", _STORAGE),
    ("POST", f"{_STORAGE}/regenerateKey"),
    *(("POST", f"{_STORAGE}/{action}") for action in ("ListAccountSas", "ListServiceSas", "failover")),
    *(
        (verb, f"{_STORAGE}/{kind}/{{service}}")
        for kind in ("queueServices", "tableServices")
        for verb in ("GET", "PUT")
    ),
    *((verb, f"{_STORAGE}/fileServices/{{service}}/shares/{{name}}") for verb in ("GET", "PUT", "PATCH", "DELETE")),
    *(
        ("POST", f"{_STORAGE}/blobServices/{{service}}/containers/{{name}}/{action}")
        for action in ("setLegalHold", "clearLegalHold", "lease", "migrate")
    ),
    *(
        (verb, f"{_STORAGE}/blobServices/{{service}}/containers/{{name}}/immutabilityPolicies/{{policy}}")
        for verb in ("GET", "PUT", "DELETE")
    ),
    *((verb, f"{_STORAGE}/managementPolicies/{{policy}}") for verb in ("GET", "PUT", "DELETE")),
    *(
        ("POST", f"{_COMPUTE}/virtualMachines/{{vm}}/{action}")
        for action in (
            "assessPatches",
            "attachDetachDataDisks",
            "capture",
            "convertToManagedDisks",
            "generalize",
            "installPatches",
            "performMaintenance",
            "reapply",
            "redeploy",
            "reimage",
            "retrieveBootDiagnosticsData",
            "runCommand",
            "simulateEviction",
        )
    ),
    *((verb, f"{_COMPUTE}/virtualMachines/{{vm}}/runCommands/{{command}}") for verb in ("GET", "PUT", "DELETE")),
)
"""Other operations that users of VM backup come across."""


@cache
def sdks() -> tuple[Sdk, ...]:
    table = json.loads(FILE.read_text(encoding="utf-8"))
    return tuple(
        Sdk(
            name,
            sdk["version"],
            sdk["api_version"],
            tuple(
                Operation(each["group"], each["name"], each["verb"], _ours(each["path"])) for each in sdk["operations"]
            ),
        )
        for name, sdk in table.items()
    )


def routes(described: Iterable[Route]) -> tuple[Route, ...]:
    """A refusal for each operation that is not among those described."""
    return tuple(_refusals(described))


def _refusals(described: Iterable[Route]) -> Iterator[Route]:
    simulated = {(route.method, keywords(route.path)) for route in described}
    spelling = {keywords(route.path): route.path for route in described}
    of_sdks = [(each.verb, each.path) for sdk in sdks() for each in sdk.operations]
    for verb, path in (*of_sdks, *OTHERS):
        place = keywords(path)
        if (verb, place) not in simulated:
            simulated.add((verb, place))
            yield refused(verb, spelling.setdefault(place, path))


def _ours(path: str) -> str:
    """An SDK's path template with our names for what all paths begin with."""
    return path.replace("/subscriptions/{subscriptionId}", SUBSCRIPTION).replace("{resourceGroupName}", "{group}")
