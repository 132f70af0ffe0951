"""What a Windows of some image says of itself: name, version, services, registry."""

from __future__ import annotations

from dataclasses import dataclass

SQL_SERVER_PUBLISHER = "microsoftsqlserver"

_RELEASES = {
    "2025": ("Windows Server 2025 Datacenter", "10.0.26100"),
    "2022": ("Windows Server 2022 Datacenter", "10.0.20348"),
    "2019": ("Windows Server 2019 Datacenter", "10.0.17763"),
    "2016": ("Windows Server 2016 Datacenter", "10.0.14393"),
}
_NEWEST_COMMON = "2022"

SERVICES = ("COMSysApp", "EventSystem", "MSDTC", "RdAgent", "VSS", "WindowsAzureGuestAgent")
"""Those that a backup leans on."""

_CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_DOT_NET = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
_VSS = r"HKLM\SYSTEM\CurrentControlSet\Services\VSS"
_GUEST_AGENT = r"HKLM\SOFTWARE\Microsoft\GuestAgent"
AUTOMATIC, MANUAL, DISABLED = "2", "3", "4"


@dataclass(frozen=True, slots=True)
class Windows:
    name: str
    version: str
    has_sql_server: bool

    def services(self, vss_available: bool) -> dict[str, str]:
        services = dict.fromkeys(SERVICES, "Running")
        if self.has_sql_server:
            services |= {"MSSQLSERVER": "Running", "SQLWriter": "Running"}
        if not vss_available:
            services["VSS"] = "Disabled"
        return services

    def registry(self, vss_available: bool, agent_version: str) -> dict[str, str]:
        return {
            rf"{_CURRENT_VERSION}\ProductName": self.name,
            rf"{_CURRENT_VERSION}\CurrentBuild": self.version.rpartition(".")[2],
            rf"{_DOT_NET}\Release": "528449",
            rf"{_VSS}\Start": MANUAL if vss_available else DISABLED,
            rf"{_VSS}\Settings\IdleTimeout": "180",
            rf"{_GUEST_AGENT}\GuestAgentVersion": agent_version,
        }


def of_image(image: str) -> Windows:
    """The Windows in an image "publisher:offer:sku" (or with a version behind)."""
    publisher, _, rest = image.partition(":")
    # SQL Server's offers name both releases, as in sql2019-ws2022: that of Windows follows "ws".
    after_ws = rest.lower().partition("ws")[2]
    release = next((year for year in _RELEASES if year in (after_ws or rest)), _NEWEST_COMMON)
    name, version = _RELEASES[release]
    return Windows(name, version, publisher.lower() == SQL_SERVER_PUBLISHER)
