"""Which names a resource may have, by its type: the table of all types that have no error of their own for a wrong one.

Storage accounts, containers, virtual machines and their extensions, backup policies, resource groups, deployments and
role assignments are checked where their own errors are made.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass

from controlplane.domain.errors import ServiceError, invalid_resource_name
from controlplane.domain.errors.compute import ENTITY_NAME_INVALID, PARAMETER_INVALID


@dataclass(frozen=True, slots=True)
class NameRule:
    pattern: re.Pattern[str]
    says: str
    """What the pattern demands, as the error says it."""
    error: Callable[[str, str], ServiceError] = invalid_resource_name
    """(name, what the rule says) -> the error."""


def _of_compute(parameter: str) -> Callable[[str, str], ServiceError]:
    return lambda name, says: PARAMETER_INVALID.error(parameter=parameter, reason=says)


_ENDS_WELL = "letters, digits, '-', '_' and '.', with a letter or digit first and none of '-' and '.' at the end"
_NETWORK = NameRule(re.compile(r"[A-Za-z0-9]([\w.-]{0,78}\w)?", re.ASCII), f"1 to 80 {_ENDS_WELL}")
_IN_A_MACHINE = r"^[^_\W][\w-._]{0,79}(?<![-.])$"
"""How the service writes the rule of the names that a machine gives its disks."""

RULES = {
    "Microsoft.Authorization/locks": NameRule(
        re.compile(r"[\w.()-]{0,89}[\w()-]", re.ASCII),
        "1 to 90 letters, digits, '-', '_', '.' and parentheses, with no '.' at the end",
    ),
    "Microsoft.Compute/availabilitySets": NameRule(
        re.compile(r"[A-Za-z0-9_]([\w.-]{0,78}\w)?", re.ASCII),
        "1 to 80 letters, digits, '-', '_' and '.', with none of '-' and '.' at either end",
    ),
    "Microsoft.Compute/disks": NameRule(_NETWORK.pattern, _NETWORK.says, _of_compute("disk.name")),
    "Microsoft.Compute/snapshots": NameRule(_NETWORK.pattern, _NETWORK.says, _of_compute("snapshot.name")),
    "Microsoft.DataProtection/resourceGuards": NameRule(
        re.compile(r"[A-Za-z][A-Za-z0-9-]{2,62}", re.ASCII),
        "3 to 63 letters, digits and hyphens, with a letter first",
    ),
    "Microsoft.Insights/diagnosticSettings": NameRule(
        re.compile(r"[^<>*%&:\\?+/;\x00-\x1f\x7f]{0,259}[^<>*%&:\\?+/;\x00-\x1f\x7f. ]"),
        "1 to 260 characters, none of them one of < > * % & : \\ ? + / ; and no '.' or space at the end",
    ),
    "Microsoft.ManagedIdentity/userAssignedIdentities": NameRule(
        re.compile(r"[A-Za-z0-9][\w-]{2,127}", re.ASCII),
        "3 to 128 letters, digits, '-' and '_', with a letter or digit first",
    ),
    "Microsoft.Network/networkInterfaces": _NETWORK,
    "Microsoft.Network/networkSecurityGroups": _NETWORK,
    "Microsoft.Network/networkSecurityGroups/securityRules": _NETWORK,
    "Microsoft.Network/publicIPAddresses": _NETWORK,
    "Microsoft.Network/virtualNetworks": _NETWORK,
    "Microsoft.Network/virtualNetworks/subnets": _NETWORK,
    "Microsoft.RecoveryServices/vaults": NameRule(
        re.compile(r"[A-Za-z][A-Za-z0-9-]{1,49}", re.ASCII),
        "2 to 50 letters, digits and hyphens, with a letter first",
    ),
}
"""Full type -> its rule. Source: Learn, "Naming rules and restrictions for Azure resources"."""

_BY_TYPE = {full_type.lower(): rule for full_type, rule in RULES.items()}


def is_name(full_type: str, name: str) -> bool:
    """Whether a resource of this type may have the name; every name is good where there is no rule."""
    rule = _BY_TYPE.get(full_type.lower())
    return rule is None or rule.pattern.fullmatch(name) is not None


def check(full_type: str, name: str) -> None:
    """Refuse a name that no resource of this type has in Azure."""
    if not is_name(full_type, name):
        rule = _BY_TYPE[full_type.lower()]
        raise rule.error(name, rule.says)


def check_disk(parameter: str, name: str) -> None:
    """The same for a disk that a virtual machine names, as `osDisk` or `dataDisk`."""
    if not is_name("Microsoft.Compute/disks", name):
        raise ENTITY_NAME_INVALID.error(parameter=f"{parameter}.name", rule=_IN_A_MACHINE)
