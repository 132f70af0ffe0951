"""Parses and formats ARM ids and Azure Backup container and item names.

Ids compare without case. Those of Azure Backup hold resource group and VM in lower case inside one segment, joined by
semicolons: `IaasVMContainer;iaasvmcontainerv2;<group>;<vm>` is the container, `VM;iaasvmcontainerv2;<group>;<vm>` the
item in it. Requests may write the first part in any case, or name the item like its container.
"""

from __future__ import annotations

from dataclasses import dataclass

_CONTAINER_KIND = "iaasvmcontainer"
_ITEM_KINDS = {"vm", _CONTAINER_KIND}
_GENERATION = "iaasvmcontainerv2"


@dataclass(frozen=True, slots=True)
class ResourceId:
    """The id of a resource in a resource group: `types` and `names` in step, the resource itself last."""

    subscription: str
    group: str
    namespace: str
    types: tuple[str, ...]
    names: tuple[str, ...]

    @classmethod
    def parse(cls, text: str) -> ResourceId:
        """Raises ValueError for anything that is not the id of a resource in a group."""
        parts = text.strip("/").split("/")
        keywords = [part.lower() for part in parts[:5:2]]
        if len(parts) < 8 or len(parts) % 2 or not all(parts):
            raise ValueError("this is not the id of a resource")
        if keywords != ["subscriptions", "resourcegroups", "providers"]:
            raise ValueError("this is not the id of a resource in a resource group")
        return cls(parts[1], parts[3], parts[5], tuple(parts[6::2]), tuple(parts[7::2]))

    def __str__(self) -> str:
        pairs = "/".join(f"{kind}/{name}" for kind, name in zip(self.types, self.names, strict=True))
        return f"{self.group_id}/providers/{self.namespace}/{pairs}"

    @property
    def group_id(self) -> str:
        return f"/subscriptions/{self.subscription}/resourceGroups/{self.group}"

    @property
    def type(self) -> str:
        """The full type, for instance `Microsoft.Compute/virtualMachines`."""
        return "/".join((self.namespace, *self.types))

    @property
    def name(self) -> str:
        return self.names[-1]

    def is_a(self, full_type: str) -> bool:
        return self.type.lower() == full_type.lower()


def subscription_of(id: str) -> str:
    """The subscription that any ARM id lies in, in lower case; empty for what is no such id."""
    parts = id.strip("/").lower().split("/")
    return parts[1] if len(parts) > 1 and parts[0] == "subscriptions" else ""


def backup_name(group: str, vm: str) -> str:
    """What container and item of a VM have in common; also the item's `containerName`."""
    return f"{_GENERATION};{group.lower()};{vm.lower()}"


def container_name(group: str, vm: str) -> str:
    return f"IaasVMContainer;{backup_name(group, vm)}"


def item_name(group: str, vm: str) -> str:
    return f"VM;{backup_name(group, vm)}"


def container_id(vault_id: str, group: str, vm: str) -> str:
    return f"{vault_id}/backupFabrics/Azure/protectionContainers/{container_name(group, vm)}"


def item_id(vault_id: str, group: str, vm: str) -> str:
    """The id of the protected item of a VM in a vault."""
    return f"{container_id(vault_id, group, vm)}/protectedItems/{item_name(group, vm)}"


def parse_container_name(text: str) -> tuple[str, str]:
    """Group and VM, in the case they are written in; ValueError for another kind of container."""
    return _parse_backup_name(text, {_CONTAINER_KIND})


def parse_item_name(text: str) -> tuple[str, str]:
    """Group and VM, in the case they are written in; ValueError for another kind of item."""
    return _parse_backup_name(text, _ITEM_KINDS)


def vault_id_of(id: str) -> str:
    """The id of the vault in which a policy, job, item or recovery point lies; ValueError where there is none."""
    parsed = ResourceId.parse(id)
    if parsed.namespace.lower() != "microsoft.recoveryservices" or parsed.types[0].lower() != "vaults":
        raise ValueError("this is not an id below a vault")
    return str(ResourceId(parsed.subscription, parsed.group, parsed.namespace, parsed.types[:1], parsed.names[:1]))


def _parse_backup_name(text: str, kinds: set[str]) -> tuple[str, str]:
    parts = text.split(";")
    if len(parts) != 4 or parts[0].lower() not in kinds or parts[1].lower() != _GENERATION or not all(parts):
        raise ValueError("this does not name a virtual machine in Azure Backup")
    return parts[2], parts[3]
