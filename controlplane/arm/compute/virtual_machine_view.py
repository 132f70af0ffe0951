"""What a running virtual machine and its extensions show, as ARM writes it."""

from __future__ import annotations

from datetime import datetime

from controlplane.domain.compute import vm_extension
from controlplane.domain.times import instant_with_offset
from controlplane.json_object import Json
from controlplane.ports import ExtensionView, InstanceView

SUBSTATUS = {"success": "succeeded", "error": "failed", "warning": "warning"}
ON_THE_WAY = {"running": "starting", "stopped": "stopping", "deallocated": "deallocating"}
"""What a machine shows while it is not yet where it shall be."""
LEVELS = {"success": "Info", "warning": "Warning", "error": "Error"}
TEXTS = {
    "Creating": "Creating",
    "Updating": "Updating",
    "Succeeded": "Provisioning succeeded",
    "Failed": "Provisioning failed",
    "Deleting": "Deleting",
}


def instance_view(view: InstanceView, disks: list[str]) -> Json:
    """The body of `instanceView`; `disks` are the names of the machine's disks."""
    body: Json = {}
    for key, value in (
        ("computerName", view.computer_name),
        ("osName", view.os_name),
        ("osVersion", view.os_version),
    ):
        if value is not None:
            body[key] = value
    body["vmAgent"] = _agent(view)
    body["disks"] = [{"name": name, "statuses": [provisioning("Succeeded", view.booted)]} for name in disks]
    if view.extensions:
        body["extensions"] = [extension_instance_view(extension) for extension in view.extensions]
    power = ON_THE_WAY[view.wanted_power] if view.wanted_power else view.power
    powered = {"code": f"PowerState/{power}", "level": "Info", "displayStatus": f"VM {power}"}
    state = provisioning(view.provisioning_state, view.booted)
    if view.problem:
        state["message"] = view.problem
    return body | {"statuses": [state, powered]}


def extension_instance_view(view: ExtensionView) -> Json:
    return {
        "name": view.name,
        "type": view.handler,
        "typeHandlerVersion": view.handler_version or view.version,
        **_reported(view),
    }


def extension_body(machine: Json, view: ExtensionView, with_instance_view: bool = False) -> Json:
    """The resource of an extension. Its protected settings exist only inside the machine."""
    traits = dict(view.traits)
    tags = traits.pop("tags", None)
    properties: Json = {
        "autoUpgradeMinorVersion": view.auto_upgrade_minor_version,
        "provisioningState": shown_state(view),
        "publisher": view.publisher,
        "type": view.type,
        "typeHandlerVersion": view.version,
        "settings": view.public,
        **traits,
    }
    if with_instance_view:
        properties["instanceView"] = extension_instance_view(view)
    return {
        "name": view.name,
        "id": f"{machine['id']}/extensions/{view.name}",
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "location": machine["location"],
        **({} if tags is None else {"tags": tags}),
        "properties": properties,
    }


def shown_state(view: ExtensionView) -> str:
    """The provisioning state; a failure that was to be suppressed is none, though the instance view tells it."""
    suppressed = vm_extension.suppressed(view.traits, view.handler_works, view.status)
    return "Succeeded" if view.provisioning_state == "Failed" and suppressed else view.provisioning_state


def provisioning(state: str, time: datetime | None = None) -> Json:
    status: Json = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Error" if state == "Failed" else "Info",
        "displayStatus": TEXTS[state],
    }
    return status if time is None else status | {"time": instant_with_offset(time)}


def _agent(view: InstanceView) -> Json:
    """An agent that never reported, or whose machine is off, is not ready and of an unknown version."""
    ready = view.agent_status == "Ready" and view.power == "running"
    works = "GuestAgent is running and processing the extensions."
    status: Json = {
        "code": "ProvisioningState/succeeded" if ready else "ProvisioningState/Unavailable",
        "level": "Info" if ready else "Warning",
        "displayStatus": "Ready" if ready else "Not Ready",
        "message": works if ready else "VM status blob is found but not yet populated.",
    }
    if view.booted is not None:
        status["time"] = instant_with_offset(view.booted)
    reports = view.agent_status is not None and view.power == "running"
    handlers = [extension for extension in view.extensions if extension.handler_status] if reports else []
    return {
        "vmAgentVersion": (view.agent_version if reports else None) or "Unknown",
        "extensionHandlers": [_handler(extension) for extension in handlers],
        "statuses": [status],
    }


def _handler(view: ExtensionView) -> Json:
    ready = view.handler_works
    return {
        "type": view.handler,
        "typeHandlerVersion": view.handler_version or view.version,
        "status": {
            "code": f"ProvisioningState/{'succeeded' if ready else 'failed'}",
            "level": "Info" if ready else "Error",
            "displayStatus": "Not Ready" if view.handler_status == "NotReady" else view.handler_status,
            **({"message": view.handler_message} if view.handler_message else {}),
        },
    }


def _reported(view: ExtensionView) -> Json:
    """Statuses and substatuses from the status object that the extension wrote, if it wrote one."""
    if view.status is None:
        return {"statuses": [provisioning(view.provisioning_state)]}
    status = provisioning(view.provisioning_state) | _message(view.status)
    if view.provisioning_state == "Failed" and view.status.get("status") == "error":
        status["code"] = f"ProvisioningState/failed/{view.status.get('code')}"
    substatuses = [
        {
            "code": f"ComponentStatus/{part.get('name', '')}/{SUBSTATUS.get(str(part.get('status')), 'transitioning')}",
            "level": LEVELS.get(str(part.get("status")), "Info"),
            "displayStatus": "Provisioning succeeded" if part.get("status") != "error" else "Provisioning failed",
            **_message(part),
        }
        for part in view.status.get("substatus") or []
    ]
    return {"statuses": [status]} | ({"substatuses": substatuses} if substatuses else {})


def _message(status: Json) -> Json:
    text = (status.get("formattedMessage") or {}).get("message")
    return {"message": text} if text else {}
