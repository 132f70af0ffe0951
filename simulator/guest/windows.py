"""The profile of Windows Server: what one of some image is and says of itself."""

from __future__ import annotations

from pathlib import Path

from simulator.guest.os_profile import AgentProfile, OsProfile

SQL_SERVER_PUBLISHER = "microsoftsqlserver"

_RELEASES = {
    "2025": ("Windows Server 2025 Datacenter", "10.0.26100"),
    "2022": ("Windows Server 2022 Datacenter", "10.0.20348"),
    "2019": ("Windows Server 2019 Datacenter", "10.0.17763"),
    "2016": ("Windows Server 2016 Datacenter", "10.0.14393"),
}
_NEWEST_COMMON = "2022"

SERVICES = (
    "COMSysApp",
    "CryptSvc",
    "EventSystem",
    "MSDTC",
    "RdAgent",
    "Schedule",
    "VSS",
    "Winmgmt",
    "WindowsAzureGuestAgent",
)
"""Those that a backup leans on, and those in which writers of every Windows run."""

_CURRENT_VERSION = r"HKLM\SOFTWARE\Microsoft\Windows NT\CurrentVersion"
_DOT_NET = r"HKLM\SOFTWARE\Microsoft\NET Framework Setup\NDP\v4\Full"
_DOT_NET_RUN = r"HKLM\SOFTWARE\Microsoft\.NETFramework\v4.0.30319"
_VC_RUNTIME = r"HKLM\SOFTWARE\Microsoft\VisualStudio\11.0\VC\Runtimes\x64"
_VSS = r"HKLM\SYSTEM\CurrentControlSet\Services\VSS"
_GUEST_AGENT = r"HKLM\SOFTWARE\Microsoft\GuestAgent"
AUTOMATIC, MANUAL, DISABLED = "2", "3", "4"

SYSTEM_FILES = ("ntoskrnl.exe", "SOFTWARE", "SYSTEM", "explorer.exe", "kernel32.dll", "winload.efi")
OS_DISK = -1
FIRST_DATA_LETTER = "F"
"""C: is the OS disk, D: Azure's temporary disk, E: the DVD drive."""

AGENT = AgentProfile(
    name="WindowsGuestAgent",
    version="2.7.41491.1176",
    certificates=Path("WindowsAzure", "Certificates"),
    state=Path("WindowsAzure", "GuestAgent"),
    handlers=Path("Packages", "Plugins"),
    handler_logs=Path("WindowsAzure", "Logs", "Plugins"),
    before_version="/",
    logs_of_version=True,
    settings="RuntimeSettings",
    status="Status",
    heartbeat="Status/HeartBeat.Json",
    events="Events",
    tells_deployment=True,
)
"""Folders as Microsoft's documentation of the extensions and of their troubleshooting names them."""


def profile(image: str, vss_available: bool = True) -> OsProfile:
    """The Windows in an image "publisher:offer:sku" (or with a version behind)."""
    publisher, _, rest = image.partition(":")
    # SQL Server's offers name both releases, as in sql2019-ws2022: that of Windows follows "ws".
    after_ws = rest.lower().partition("ws")[2]
    release = next((year for year in _RELEASES if year in (after_ws or rest)), _NEWEST_COMMON)
    name, version = _RELEASES[release]
    has_sql_server = publisher.lower() == SQL_SERVER_PUBLISHER
    return OsProfile(
        name=name,
        version=version,
        file_system="NTFS",
        services=_services(has_sql_server, vss_available),
        registry=_registry(name, version, vss_available),
        system_files=SYSTEM_FILES,
        mount_point=mount_point,
        agent=AGENT,
        has_sql_server=has_sql_server,
    )


def mount_point(lun: int, index: int) -> str:
    """C: for the OS disk, letters from F: on for data disks in the order of their LUNs, folders when they run out."""
    if lun == OS_DISK:
        return "C:\\"
    letter = chr(ord(FIRST_DATA_LETTER) + index - 1)
    return f"{letter}:\\" if letter <= "Z" else f"C:\\Mount\\Disk{lun}\\"


def _services(has_sql_server: bool, vss_available: bool) -> dict[str, str]:
    services = dict.fromkeys(SERVICES, "Running")
    if has_sql_server:
        services |= {"MSSQLSERVER": "Running", "SQLWriter": "Running"}
    if not vss_available:
        services["VSS"] = "Disabled"
    return services


def _registry(name: str, version: str, vss_available: bool) -> dict[str, str]:
    return {
        rf"{_CURRENT_VERSION}\ProductName": name,
        rf"{_CURRENT_VERSION}\CurrentBuild": version.rpartition(".")[2],
        rf"{_DOT_NET}\Release": "528449",
        rf"{_DOT_NET_RUN}\SchUseStrongCrypto": "1",
        rf"{_VC_RUNTIME}\Installed": "1",
        rf"{_VSS}\Start": MANUAL if vss_available else DISABLED,
        rf"{_VSS}\Settings\IdleTimeout": "180",
        rf"{_GUEST_AGENT}\GuestAgentVersion": AGENT.version,
    }
