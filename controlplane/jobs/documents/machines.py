"""Virtual machines as jobs change them: their documents, and what the fabric is told."""

from __future__ import annotations

from collections.abc import Sequence

from controlplane.json_object import Json
from controlplane.ports import Disk, MachineSpec


def security_type(machine: Json) -> str:
    """The securityType of a virtual machine as ARM shows it; empty for a standard one."""
    chosen = str((machine["properties"].get("securityProfile") or {}).get("securityType") or "")
    return "" if chosen == "Standard" else chosen


def spec_of(machine: Json, disks: Sequence[Disk]) -> MachineSpec:
    """What the fabric is told of a virtual machine as ARM shows it."""
    profile = machine["properties"]["storageProfile"]
    image = profile.get("imageReference")
    return MachineSpec(
        vm_id=machine["properties"]["vmId"],
        name=machine["name"],
        size=machine["properties"]["hardwareProfile"]["vmSize"],
        os_type=profile["osDisk"]["osType"],
        image=f"{image['publisher']}:{image['offer']}:{image['sku']}" if image else "",
        computer_name=machine["properties"].get("osProfile", {}).get("computerName", machine["name"]),
        disks=tuple(disks),
    )
