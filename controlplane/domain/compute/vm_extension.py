"""Virtual machine extension: what a request may say, and how its end is told.

Facts of the errors: codes and sentences as users of the service quote them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors import ServiceError

Json = dict[str, Any]

TYPE = "Microsoft.Compute/virtualMachines/extensions"

_NAME = re.compile(r"[A-Za-z0-9_]([A-Za-z0-9._-]{0,78}[A-Za-z0-9_])?", re.ASCII)
_MAJOR_MINOR = re.compile(r"\d{1,9}\.\d{1,9}", re.ASCII)


def check(name: str, publisher: str | None, type: str | None, version: str | None) -> tuple[str, str, str]:
    """Publisher, type and version of a request that has all of them, in their form."""
    if not _NAME.fullmatch(name):
        raise invalid("vmExtensionName", "1 to 80 letters, digits, '-', '_' and '.'")
    if not publisher:
        raise missing("publisher")
    if not type:
        raise missing("type")
    if not version:
        raise missing("typeHandlerVersion")
    if not _MAJOR_MINOR.fullmatch(version):
        # Build and revision are the service's to choose.
        message = "The value of parameter typeHandlerVersion is invalid."
        raise ServiceError("InvalidParameter", message, target="typeHandlerVersion")
    return publisher, type, version


ELSEWHERE = frozenset(
    (publisher, type)
    for publisher, types in (
        ("microsoft.azure.activedirectory", ("aadloginforwindows", "aadsshloginforlinux")),
        ("microsoft.azure.diagnostics", ("iaasdiagnostics", "linuxdiagnostic")),
        ("microsoft.azure.extensions", ("customscript",)),
        ("microsoft.azure.monitor", ("azuremonitorlinuxagent", "azuremonitorwindowsagent")),
        ("microsoft.azure.monitoring.dependencyagent", ("dependencyagentlinux", "dependencyagentwindows")),
        ("microsoft.azure.networkwatcher", ("networkwatcheragentlinux", "networkwatcheragentwindows")),
        ("microsoft.azure.security", ("azurediskencryption", "azurediskencryptionforlinux", "iaasantimalware")),
        ("microsoft.azure.security.linuxattestation", ("guestattestation",)),
        ("microsoft.azure.security.windowsattestation", ("guestattestation",)),
        ("microsoft.compute", ("bginfo", "customscriptextension", "jsonaddomainextension", "vmaccessagent")),
        ("microsoft.enterprisecloud.monitoring", ("microsoftmonitoringagent", "omsagentforlinux")),
        ("microsoft.guestconfiguration", ("configurationforlinux", "configurationforwindows")),
        ("microsoft.ostcextensions", ("customscriptforlinux", "vmaccessforlinux")),
        ("microsoft.powershell", ("dsc",)),
        ("microsoft.sqlserver.management", ("sqliaasagent",)),
    )
    for type in types
)
"""Extensions that Azure has for everybody, in lower case: a world without a package of one cannot say there is none.
learn.microsoft.com/azure/virtual-machines/extensions has their pages."""


def is_elsewhere(publisher: str, type: str) -> bool:
    return (publisher.lower(), type.lower()) in ELSEWHERE


def unknown_handler(publisher: str, type: str) -> ServiceError:
    message = f"The VM extension with publisher '{publisher}' and type '{type}' could not be found."
    return ServiceError("ArtifactNotFound", message, status=404)


def unknown_version(publisher: str, type: str, version: str) -> ServiceError:
    return ServiceError(
        "ArtifactVersionNotFound",
        f"No version found in the artifact repository that satisfies the requested version '{version}' for VM "
        f"extension with publisher '{publisher}' and type '{type}'.",
        status=404,
    )


def handler_in_use(os_type: str, other: str, handler: str) -> ServiceError:
    return ServiceError(
        "BadRequest",
        f"Multiple VMExtensions per handler not supported for OS type '{os_type}'. VMExtension '{other}' with handler "
        f"'{handler}' already added or specified in input.",
    )


def other_handler(name: str) -> ServiceError:
    """An extension keeps its publisher and type for life."""
    return ServiceError(
        "PropertyChangeNotAllowed",
        f"Changing property 'publisher' or 'type' of the VM extension '{name}' is not allowed.",
        status=409,
        target="type",
    )


def not_found_after(names: Sequence[str]) -> ServiceError:
    """The code is ours."""
    return ServiceError(
        "ProvisionAfterExtensionNotFound",
        f"There is no VM extension {', '.join(map(repr, names))} on this VM to be provisioned after.",
        target="provisionAfterExtensions",
    )


# ------------------------------------------------------------------------------------------------------------ its end


def suppressed(traits: Json, handler_works: bool, status: Json | None) -> bool:
    """Whether a failure is not to count: the extension's own does not if so asked, that of its handler does."""
    return bool(traits.get("suppressFailures")) and handler_works and (status or {}).get("status") == "error"


def failure(
    name: str, handler: str, *, machine: str, handler_works: bool, agent_works: bool, status: Json | None
) -> ServiceError:
    """Why an extension is not what was asked for. `handler` is Publisher.Type; `status` what it reported, if it did."""
    said = str(((status or {}).get("formattedMessage") or {}).get("message") or "")
    code = (status or {}).get("code")
    if status is not None and not handler_works:
        return ServiceError(
            "VMExtensionHandlerNonTransientError",
            f"The handler for VM extension type '{handler}' has reported terminal failure for VM extension '{name}' "
            f"with error code '{code}' and error message: '{said}'.",
            status=409,
        )
    if status is not None and status.get("status") == "error":
        publisher, _, type = handler.rpartition(".")
        return ServiceError(
            "VMExtensionProvisioningError",
            f"VM has reported a failure when processing extension '{name}' (publisher '{publisher}' and type "
            f"'{type}'). Error code: '{code}'. Error message: '{said}'. More information on troubleshooting is "
            "available at https://aka.ms/vmextensionwindowstroubleshoot.",
            status=409,
        )
    if not agent_works:
        return ServiceError(
            "VMAgentStatusCommunicationError",
            f"VM '{machine}' has not reported status for VM agent or extensions. Verify that the OS is up and healthy, "
            "the VM has a running VM agent, and that it can establish outbound connections to Azure storage.",
            status=409,
        )
    last = f'The extension last reported "{said}".' if said else "The extension did not report a message."
    return ServiceError(
        "VMExtensionProvisioningTimeout",
        f"Provisioning of VM extension {name} has timed out. Extension provisioning has taken too long to complete. "
        f"{last}",
        status=409,
    )
