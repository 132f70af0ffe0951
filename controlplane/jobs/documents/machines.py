"""Virtual machines as jobs change them: their documents, and what the fabric is told."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.domain.compute.virtual_machine import provisions_agent
from controlplane.json_object import Json
from controlplane.ports import Disk, MachineSpec


def security_type(machine: Json) -> str:
    """The securityType of a virtual machine as ARM shows it; empty for a standard one."""
    chosen = str((machine["properties"].get("securityProfile") or {}).get("securityType") or "")
    return "" if chosen == "Standard" else chosen


def spec_of(machine: Json, disks: Sequence[Disk]) -> MachineSpec:
    """What the fabric is told of a virtual machine as ARM shows it."""
    profile = machine["properties"]["storageProfile"]
    image, system = profile.get("imageReference"), machine["properties"].get("osProfile") or {}
    return MachineSpec(
        vm_id=machine["properties"]["vmId"],
        name=machine["name"],
        size=machine["properties"]["hardwareProfile"]["vmSize"],
        os_type=profile["osDisk"]["osType"],
        image=f"{image['publisher']}:{image['offer']}:{image['sku']}" if image else "",
        computer_name=str(system.get("computerName") or machine["name"]),
        disks=tuple(disks),
        has_agent=provisions_agent(system.get("windowsConfiguration") or system.get("linuxConfiguration")),
    )
