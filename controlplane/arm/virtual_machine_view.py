"""What a running virtual machine and its extensions show, as ARM writes it."""

from __future__ import annotations

from datetime import datetime

from controlplane.domain.times import instant_with_offset
from controlplane.ports import ExtensionView, InstanceView, Json

POWER_TEXTS = {"running": "VM running", "stopped": "VM stopped", "deallocated": "VM deallocated"}
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
    shown: Json = {}
    for key, value in (
        ("computerName", view.computer_name),
        ("osName", view.os_name),
        ("osVersion", view.os_version),
    ):
        if value is not None:
            shown[key] = value
    if view.agent_status is not None and view.power == "running":
        shown["vmAgent"] = _agent(view)
    shown["disks"] = [{"name": name, "statuses": [provisioning("Succeeded", view.booted)]} for name in disks]
    if view.extensions:
        shown["extensions"] = [extension_instance_view(extension) for extension in view.extensions]
    power = {"code": f"PowerState/{view.power}", "level": "Info", "displayStatus": POWER_TEXTS[view.power]}
    state = provisioning(view.provisioning_state, view.booted)
    if view.problem:
        state["message"] = view.problem
    return shown | {"statuses": [state, power]}


def extension_instance_view(view: ExtensionView) -> Json:
    return {
        "name": view.name,
        "type": f"{view.publisher}.{view.type}",
        "typeHandlerVersion": view.handler_version or view.version,
        **_reported(view),
    }


def extension_body(machine: Json, view: ExtensionView, with_instance_view: bool = False) -> Json:
    """The resource of an extension. Its protected settings exist only inside the machine."""
    properties: Json = {
        "autoUpgradeMinorVersion": view.auto_upgrade_minor_version,
        "provisioningState": view.provisioning_state,
        "publisher": view.publisher,
        "type": view.type,
        "typeHandlerVersion": view.version,
        "settings": view.public,
    }
    if with_instance_view:
        properties["instanceView"] = extension_instance_view(view)
    return {
        "name": view.name,
        "id": f"{machine['id']}/extensions/{view.name}",
        "type": "Microsoft.Compute/virtualMachines/extensions",
        "location": machine["location"],
        "properties": properties,
    }


def provisioning(state: str, time: datetime | None = None) -> Json:
    status: Json = {
        "code": f"ProvisioningState/{state.lower()}",
        "level": "Error" if state == "Failed" else "Info",
        "displayStatus": TEXTS[state],
    }
    return status if time is None else status | {"time": instant_with_offset(time)}


def _agent(view: InstanceView) -> Json:
    ready = view.agent_status == "Ready"
    works = "GuestAgent is running and processing the extensions."
    status: Json = {
        "code": "ProvisioningState/succeeded" if ready else "ProvisioningState/Unavailable",
        "level": "Info" if ready else "Warning",
        "displayStatus": view.agent_status,
        "message": works if ready else "VM status blob is found but not yet populated.",
    }
    if view.booted is not None:
        status["time"] = instant_with_offset(view.booted)
    handlers = [extension for extension in view.extensions if extension.handler_status]
    return {
        "vmAgentVersion": view.agent_version or "Unknown",
        "extensionHandlers": [_handler(extension) for extension in handlers],
        "statuses": [status],
    }


def _handler(view: ExtensionView) -> Json:
    ready = view.handler_status == "Ready"
    return {
        "type": f"{view.publisher}.{view.type}",
        "typeHandlerVersion": view.handler_version or view.version,
        "status": {
            "code": f"ProvisioningState/{'succeeded' if ready else 'failed'}",
            "level": "Info" if ready else "Error",
            "displayStatus": view.handler_status,
        },
    }


def _reported(view: ExtensionView) -> Json:
    """Statuses and substatuses from the status object that the extension wrote, if it wrote one."""
    if view.status is None:
        return {"statuses": [provisioning(view.provisioning_state)]}
    status = provisioning(view.provisioning_state) | _message(view.status)
    substatuses = [
        {
            "code": f"ComponentStatus/{part.get('name', '')}/{part.get('status', '')}",
            "level": LEVELS.get(str(part.get("status")), "Info"),
            "displayStatus": "Provisioning succeeded" if part.get("status") == "success" else "Provisioning failed",
            **_message(part),
        }
        for part in view.status.get("substatus") or []
    ]
    return {"statuses": [status]} | ({"substatuses": substatuses} if substatuses else {})


def _message(status: Json) -> Json:
    text = (status.get("formattedMessage") or {}).get("message")
    return {"message": text} if text else {}
