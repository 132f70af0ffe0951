"""The profile of Linux: what one of some image is and says of itself.

It has no VSS, no writers and no registry: a backup freezes its file systems. Its agent keeps its files where the
published Linux agent (Azure/WALinuxAgent, 2.15.0.1) does.
"""

from __future__ import annotations

from pathlib import Path

from simulator.guest import windows
from simulator.guest.os_profile import AgentProfile, OsProfile

OS_DISK = -1

_DISTRIBUTIONS = (
    # (what begins the publisher or stands in the offer, name, versions by a mark in offer or SKU, version without one)
    ("ubuntu", "ubuntu", {"24_04": "24.04", "22_04": "22.04", "20_04": "20.04", "18.04": "18.04"}, "22.04"),
    ("redhat", "rhel", {"9": "9.4", "8": "8.10", "7": "7.9"}, "9.4"),
    ("suse", "sles", {"15": "15.6", "12": "12.5"}, "15.6"),
    ("debian", "debian", {"12": "12", "11": "11"}, "12"),
    ("oracle", "ol", {"9": "9.4", "8": "8.10"}, "9.4"),
    ("almalinux", "almalinux", {"9": "9.4", "8": "8.10"}, "9.4"),
)
_OTHER = ("linux", "")

SERVICES = ("cron", "sshd", "walinuxagent")
SYSTEM_FILES = ("vmlinuz", "initrd.img", "passwd", "fstab", "ld-linux-x86-64.so.2", "grub.cfg")

LIBRARY = Path("var", "lib", "waagent")
"""Certificates, handlers and what the agent itself remembers."""

AGENT = AgentProfile(
    name="WALinuxAgent",
    version="2.15.0.1",
    certificates=LIBRARY,
    state=LIBRARY,
    handlers=LIBRARY,
    handler_logs=Path("var", "log", "azure"),
    before_version="-",
    logs_of_version=False,
    settings="config",
    status="status",
    heartbeat="heartbeat.log",
    events="events",
    tells_deployment=False,
    service="walinuxagent",
)


def profile(image: str) -> OsProfile:
    """The Linux in an image "publisher:offer:sku" (or with a version behind)."""
    name, version = _release(image.lower())
    has_sql_server = image.partition(":")[0].lower() == windows.SQL_SERVER_PUBLISHER
    services = (*SERVICES, "mssql-server") if has_sql_server else SERVICES
    return OsProfile(
        name=name,
        version=version,
        file_system="ext4",
        services=dict.fromkeys(services, "Running"),
        registry={},
        system_files=SYSTEM_FILES,
        mount_point=mount_point,
        agent=AGENT,
        has_vss=False,
        has_sql_server=has_sql_server,
    )


def mount_point(lun: int, index: int) -> str:
    """The root for the OS disk; a folder for each data disk, as an administrator would have mounted it."""
    return "/" if lun == OS_DISK else f"/mnt/disk{lun}"


def _release(image: str) -> tuple[str, str]:
    publisher, _, offer_and_sku = image.partition(":")
    for beginning, name, versions, usual in _DISTRIBUTIONS:
        if publisher.startswith(beginning) or beginning in offer_and_sku:
            marks = (version for mark, version in versions.items() if mark in offer_and_sku)
            return name, next(marks, usual)
    return _OTHER
