"""Virtual machines brought into a power state by a restore, and the wait for their host."""

from __future__ import annotations

from datetime import timedelta

from controlplane.domain.errors.restore import RESTORED_VM_NOT_PROVISIONED
from controlplane.domain.recovery_services import snapshot_failure
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.ports import InstanceView, Ports, PowerState


def bring(ports: Ports, vm: str, state: PowerState) -> Waiting[None]:
    """Bring a machine into a power state and wait for its host; nothing where it is in it."""
    view = ports.fabric.instance_view(vm)
    if view is None or view.power != state:
        ports.fabric.power(vm, state)
    yield from reach(ports, vm, state)


def reach(ports: Ports, vm: str, state: PowerState) -> Waiting[None]:
    """Wait until the host has made of the machine what it shall be; ServiceError where it cannot or takes too long."""
    deadline = ports.clock.now() + timedelta(seconds=ports.settings.machine_timeout_seconds)
    name = vm.rpartition("/")[2]
    yield Wait(f"{name} {state}", lambda: _has_settled(ports.fabric.instance_view(vm)), deadline, machine=vm)
    view = ports.fabric.instance_view(vm)
    if view is None:
        raise snapshot_failure.machine_gone()
    if view.provisioning_state != "Succeeded" or view.power != state:
        problem = view.problem or f"Its host shows it as {view.power}, {view.provisioning_state}."
        raise RESTORED_VM_NOT_PROVISIONED.error(power_state=state, problem=problem)


def _has_settled(view: InstanceView | None) -> bool:
    return view is None or view.provisioning_state in {"Succeeded", "Failed"}
