"""Action run commands: a script that the guest of a machine answers, as far as it knows the programs in it."""

from __future__ import annotations

from typing import Any

from controlplane.arm.compute import compute_operations
from controlplane.arm.compute.virtual_machines import MACHINE
from controlplane.arm.edge.call import Answer, Call, RequestBody
from controlplane.arm.edge.routing import Route
from controlplane.domain import errors
from controlplane.domain.compute.virtual_machine import KIND, invalid, missing, not_allowed
from controlplane.domain.errors.compute import RUN_COMMAND_IN_PROGRESS
from controlplane.ports import GuestNotReady

SHELLS = {"Windows": "RunPowerShellScript", "Linux": "RunShellScript"}


class CommandRequest(RequestBody):
    command_id: str | None = None
    script: list[str] | None = None
    parameters: list[dict[str, Any]] | None = None


def run_command(call: Call) -> Answer:
    machine = call.get(KIND, call.id.rpartition("/")[0]).json()
    script = _script(call.read(CommandRequest), machine["properties"]["storageProfile"]["osDisk"]["osType"])
    view = call.ports.fabric.instance_view(machine["id"])
    if view is None or view.power != "running":
        raise not_allowed("Cannot modify extensions in the VM when the VM is not running.")
    if view.command_runs:
        raise RUN_COMMAND_IN_PROGRESS.error()
    try:
        with call.ports.store.transaction():
            number = call.ports.fabric.run_command(machine["id"], script)
            path = compute_operations.begin_command(call, machine, number)
            return compute_operations.accepted(call, path)
    except GuestNotReady as error:
        raise not_allowed(f"The VM cannot run a command yet: {error}.") from None


def _script(request: CommandRequest, os_type: str) -> tuple[str, ...]:
    if not request.command_id:
        raise missing("commandId")
    named = {each.lower(): each for each in SHELLS.values()}.get(request.command_id.lower())
    if named is None:
        raise errors.operation_not_simulated(f"the run command {request.command_id}")
    if named != SHELLS[os_type]:
        raise invalid("commandId", f"{named} is not for a machine with {os_type}; use {SHELLS[os_type]}")
    if request.parameters:
        raise errors.operation_not_simulated("the parameters of a run command")
    if not request.script:
        raise missing("script")
    return tuple(request.script)


ROUTES = (Route("POST", f"{MACHINE}/runCommand", run_command, body=CommandRequest, codes=(202,)),)
