"""Which operating systems Azure Backup protects here: our own list, by publisher, offer and SKU of the image.

The list is the one of docs/supported-systems.md, and of no other place. A machine without an image, whose disks its
owner brought along, is judged by nobody.
"""

from __future__ import annotations

import re
from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class System:
    """One line of the list. `offer` and `sku` are expressions that the image's must match as a whole."""

    name: str
    publisher: str
    offer: str
    sku: str = ".*"

    def covers(self, publisher: str, offer: str, sku: str) -> bool:
        parts = ((self.publisher, publisher), (self.offer, offer), (self.sku, sku))
        return all(re.fullmatch(pattern, given, re.IGNORECASE) for pattern, given in parts)


_SERVER_SKUS = r"(smalldisk-)?(2008-r2|2012|2016|2019|2022|2025).*"
_SERVER_OFFERS = r"(microsoftserveroperatingsystems|windows-?cvm).*"
_MIDDLEWARE = r"Microsoft(SharePoint|VisualStudio|DynamicsAX)"
_UBUNTU_SKUS = r"(1[68]|2[0-6])[._]04.*|server.*|minimal.*|pro.*|cvm.*"
_RHEL_SKUS = r"(rhel-)?(6[._-]?(7|8|9|10)|[7-9]|10).*|lvm.*|raw.*"
_ROCKY = r"(erockyenterprisesoftwarefoundationinc1653071250513|resf|ciq.*)"

SYSTEMS = (
    System("Windows Server 2008 R2 to 2025", "MicrosoftWindowsServer", r"WindowsServer(-.*)?", _SERVER_SKUS),
    System("Windows Server, other editions", "MicrosoftWindowsServer", _SERVER_OFFERS),
    System("Windows 10 and 11", "MicrosoftWindowsDesktop", r"windows-?1[01].*|windows-ent-cpc|office-365"),
    System("Windows Server with SQL Server", "MicrosoftSQLServer", r"sql.*-?ws20(08r2|12|16|19|22|25).*"),
    System("SharePoint, Visual Studio and Dynamics on Windows Server", _MIDDLEWARE, r".*"),
    System("Ubuntu 16.04 to 26.04", "Canonical", r".*ubuntu.*", _UBUNTU_SKUS),
    System("Red Hat Enterprise Linux 6.7 to 10", "RedHat", r"rhel.*", _RHEL_SKUS),
    System("SUSE Linux Enterprise Server 12 and 15", "SUSE", r"(sles|sle|opensuse).*"),
    System("Oracle Linux 6.4 to 9", "Oracle", r"oracle-(linux|database).*"),
    System("CentOS 6.3 to 8", "OpenLogic", r"centos.*", r"[678].*"),
    System("AlmaLinux 8 and 9", "almalinux", r"almalinux.*"),
    System("Rocky Linux 8 and 9", _ROCKY, r"rocky.*"),
    System("Debian 8 to 13", "(Debian|credativ)", r"debian.*"),
    System("Azure Linux 2 and 3", "MicrosoftCBLMariner", r"(cbl-mariner|azure-linux).*"),
)


def system_of(publisher: str, offer: str, sku: str) -> System | None:
    """The line of the list that covers an image; None: it is not supported."""
    return next((system for system in SYSTEMS if system.covers(publisher, offer, sku)), None)
