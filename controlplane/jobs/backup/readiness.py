"""Whether a machine can be given a snapshot task: its state, its agent, and the handler there."""

from __future__ import annotations

from datetime import timedelta

from controlplane.domain.recovery_services import snapshot_failure, supported_machines
from controlplane.domain.recovery_services.provider_answers import WRITE_EXTENSION
from controlplane.jobs.backup.states import BackupState
from controlplane.jobs.documents import providers
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.ports import ExtensionView, InstanceView, Ports


def require_machine(ports: Ports, vm: str) -> InstanceView:
    """ServiceError for a machine of which no snapshot can be taken."""
    view = ports.fabric.instance_view(vm)
    if view is None:
        raise snapshot_failure.machine_gone()
    if view.provisioning_state == "Failed":
        raise snapshot_failure.machine_not_provisioned(view.problem)
    if view.provisioning_state in {"Creating", "Deleting"}:
        raise snapshot_failure.machine_not_stable(f"It is {view.provisioning_state.lower()}.")
    return view


def boots(view: InstanceView | None) -> bool:
    """Whether it runs or is being started, and its agent has not said a word since."""
    if view is None or view.provisioning_state == "Failed":
        return False
    return "running" in {view.power, view.wanted_power} and view.agent_status is None


def wait_for_agent(ports: Ports, vm: str) -> Waiting[InstanceView]:
    """The machine as it is once its agent has reported, or has had its time."""
    deadline = ports.clock.now() + timedelta(seconds=ports.settings.machine_timeout_seconds)
    what = f"the first report of the agent of {vm.rpartition('/')[2]}"
    yield Wait(what, lambda: not boots(ports.fabric.instance_view(vm)), deadline, machine=vm)
    return require_machine(ports, vm)


def require_extension_host(ports: Ports, state: BackupState, view: InstanceView) -> None:
    """ServiceError where the agent of a running machine cannot carry out a task, or Compute adds no extension to it."""
    if view.agent_status != "Ready":
        raise snapshot_failure.agent_not_ready(f"The agent's status is {view.agent_status or 'unknown'}.")
    supported_machines.check_agent(state["machine"]["os_type"], view.agent_version)
    name = extension_name(ports, state)
    extension = extension_of(view, name)
    if extension is not None and extension.provisioning_state == "Deleting":
        raise snapshot_failure.extension_being_deleted()
    providers.require(ports, WRITE_EXTENSION, f"{state['vm']}/extensions/{name}")


def has_handler(ports: Ports, state: BackupState) -> bool:
    """Whether the machine has the extension already."""
    view = ports.fabric.instance_view(state["vm"])
    return view is not None and extension_of(view, extension_name(ports, state)) is not None


def extension_name(ports: Ports, state: BackupState) -> str:
    return ports.settings.extension_for(state["machine"]["os_type"]).type


def extension_of(view: InstanceView, name: str) -> ExtensionView | None:
    return next((each for each in view.extensions if each.name.lower() == name.lower()), None)
