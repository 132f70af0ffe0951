"""Virtual machine extension: which requests are valid, and the errors of one that fails.

Facts of the errors: codes and sentences as users of the service quote them.
"""

from __future__ import annotations

import re
from collections.abc import Sequence

from controlplane.domain.compute.extension_catalogue import of_azure
from controlplane.domain.compute.virtual_machine import invalid, missing
from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.extensions import (
    ARTIFACT_NOT_FOUND,
    ARTIFACT_VERSION_NOT_FOUND,
    HANDLER_ALREADY_ADDED,
    HANDLER_CHANGE_NOT_ALLOWED,
    HANDLER_OF_OTHER_SYSTEM,
    HANDLER_VERSION_INVALID,
    PROVISION_AFTER_EXTENSION_NOT_FOUND,
    VM_AGENT_STATUS_COMMUNICATION_ERROR,
    VM_EXTENSION_HANDLER_NON_TRANSIENT_ERROR,
    VM_EXTENSION_PROVISIONING_ERROR,
    VM_EXTENSION_PROVISIONING_TIMEOUT,
)
from controlplane.json_object import Json

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
        # The service chooses build and revision.
        raise HANDLER_VERSION_INVALID.error()
    return publisher, type, version


def unknown_handler(publisher: str, type: str) -> ServiceError:
    return ARTIFACT_NOT_FOUND.error(publisher=publisher, type=type)


def wrong_system(publisher: str, type: str, os_type: str) -> ServiceError:
    """The handler is for another operating system than the machine's."""
    extension = of_azure(publisher, type)
    instead = ""
    if extension is not None and extension.kin is not None:
        instead = f" Please use publisher '{extension.kin[0]}' and type '{extension.kin[1]}' instead."
    return HANDLER_OF_OTHER_SYSTEM.error(publisher=publisher, type=type, os_type=os_type, instead=instead)


def unknown_version(publisher: str, type: str, version: str) -> ServiceError:
    return ARTIFACT_VERSION_NOT_FOUND.error(version=version, publisher=publisher, type=type)


def handler_in_use(os_type: str, other: str, handler: str) -> ServiceError:
    return HANDLER_ALREADY_ADDED.error(os_type=os_type, other=other, handler=handler)


def other_handler(name: str) -> ServiceError:
    """An extension keeps its publisher and type for life."""
    return HANDLER_CHANGE_NOT_ALLOWED.error(name=name)


def not_found_after(names: Sequence[str]) -> ServiceError:
    return PROVISION_AFTER_EXTENSION_NOT_FOUND.error(names=", ".join(map(repr, names)))


# ------------------------------------------------------------------------------------------------------------ its end


def suppressed(traits: Json, handler_works: bool, status: Json | None) -> bool:
    """Whether a failure is not to count: the extension's own does not if so asked, that of its handler does."""
    return bool(traits.get("suppressFailures")) and handler_works and (status or {}).get("status") == "error"


def failure(
    name: str, handler: str, *, machine: str, handler_works: bool, agent_works: bool, status: Json | None
) -> ServiceError:
    """Why an extension is not in the requested state. `handler` is Publisher.Type, `status` its report, if any."""
    said = str(((status or {}).get("formattedMessage") or {}).get("message") or "")
    code = (status or {}).get("code")
    if status is not None and not handler_works:
        return VM_EXTENSION_HANDLER_NON_TRANSIENT_ERROR.error(handler=handler, name=name, code=code, said=said)
    if status is not None and status.get("status") == "error":
        publisher, _, type = handler.rpartition(".")
        return VM_EXTENSION_PROVISIONING_ERROR.error(name=name, publisher=publisher, type=type, code=code, said=said)
    if not agent_works:
        return VM_AGENT_STATUS_COMMUNICATION_ERROR.error(machine=machine)
    last = f'The extension last reported "{said}".' if said else "The extension did not report a message."
    return VM_EXTENSION_PROVISIONING_TIMEOUT.error(name=name, last=last)
