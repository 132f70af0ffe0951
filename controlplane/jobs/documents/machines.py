"""Virtual machines as jobs change them: their documents, what the fabric is told, and waiting for the host."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

from controlplane.domain.errors.restore import RESTORED_VM_NOT_PROVISIONED
from controlplane.domain.recovery_services import snapshot_failure
from controlplane.ports import Disk, InstanceView, Json, MachineSpec, Ports, PowerState


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


def power(ports: Ports, vm: str, wanted: PowerState) -> None:
    """Bring a machine into a power state and wait for its host; nothing where it is in it."""
    view = ports.fabric.instance_view(vm)
    if view is None or view.power != wanted:
        ports.fabric.power(vm, wanted)
    await_power(ports, vm, wanted)


def await_power(ports: Ports, vm: str, wanted: PowerState) -> None:
    """Wait until the host has made of the machine what it shall be; ServiceError where it cannot or takes too long."""
    deadline = ports.clock.now() + timedelta(seconds=ports.settings.machine_timeout_seconds)
    ports.clock.wait(lambda: _has_settled(ports.fabric.instance_view(vm)), deadline)
    view = ports.fabric.instance_view(vm)
    if view is None:
        raise snapshot_failure.machine_gone()
    if view.provisioning_state != "Succeeded" or view.power != wanted:
        problem = view.problem or f"Its host shows it as {view.power}, {view.provisioning_state}."
        raise RESTORED_VM_NOT_PROVISIONED.error(power_state=wanted, problem=problem)


def _has_settled(view: InstanceView | None) -> bool:
    return view is None or view.provisioning_state in {"Succeeded", "Failed"}
