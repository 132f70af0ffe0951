"""`AZ_PYTHON -m docs.generator.read_bodies > controlplane/arm/edge/sdk_bodies.json` writes down what SDKs can send.

It runs in azure-cli's own Python, which has the SDKs and nothing of ours. Facts only: of each operation that has a body
here, the model's keys as they go over the wire, without those that the model calls read-only. What is done with each is
`controlplane.arm.edge.kept_keys`' matter. With the argument `choices` it writes `sdk_choices.json` instead: which of
those keys take one of some values, for `controlplane.arm.edge.choices`.
"""

from __future__ import annotations

import enum
import importlib
import json
import re
import sys
import typing
from collections.abc import Iterator
from typing import Any

COMPUTE, DISKS = "azure.mgmt.compute.v2024_11_01.models", "azure.mgmt.compute.v2024_03_02.models"
NETWORK, STORAGE = "azure.mgmt.network.models", "azure.mgmt.storage.models"
VAULTS, BACKUP = "azure.mgmt.recoveryservices.models", "azure.mgmt.recoveryservicesbackup.models"
IDENTITIES = "azure.mgmt.msi.v2024_11_30.models"
GROUPS = "azure.mgmt.resource.resources.models"
DEPLOYMENTS = "azure.mgmt.resource.deployments.models"
_ITEM = "Microsoft.RecoveryServices/vaults/backupFabrics/protectionContainers/protectedItems"
MODELS: dict[str, tuple[str, str]] = {
    "PUT Microsoft.Authorization/locks": ("azure.mgmt.resource.locks.models", "ManagementLockObject"),
    "PUT Microsoft.Authorization/roleAssignments": (
        "azure.mgmt.authorization.models",
        "RoleAssignmentCreateParameters",
    ),
    "PUT Microsoft.Compute/availabilitySets": (COMPUTE, "AvailabilitySet"),
    "PATCH Microsoft.Compute/availabilitySets": (COMPUTE, "AvailabilitySetUpdate"),
    "PUT Microsoft.Compute/disks": (DISKS, "Disk"),
    "PATCH Microsoft.Compute/disks": (DISKS, "DiskUpdate"),
    "PUT Microsoft.Compute/snapshots": (DISKS, "Snapshot"),
    "PATCH Microsoft.Compute/snapshots": (DISKS, "SnapshotUpdate"),
    "PUT Microsoft.Compute/virtualMachines": (COMPUTE, "VirtualMachine"),
    "PATCH Microsoft.Compute/virtualMachines": (COMPUTE, "VirtualMachineUpdate"),
    "PUT Microsoft.Compute/virtualMachines/extensions": (COMPUTE, "VirtualMachineExtension"),
    "PATCH Microsoft.Compute/virtualMachines/extensions": (COMPUTE, "VirtualMachineExtensionUpdate"),
    "PUT Microsoft.ManagedIdentity/userAssignedIdentities": (IDENTITIES, "Identity"),
    "PATCH Microsoft.ManagedIdentity/userAssignedIdentities": (IDENTITIES, "IdentityUpdate"),
    **dict.fromkeys(
        (
            f"PATCH Microsoft.Network/{kind}"
            for kind in ("networkInterfaces", "networkSecurityGroups", "publicIPAddresses", "virtualNetworks")
        ),
        (NETWORK, "TagsObject"),
    ),
    "PUT Microsoft.Network/networkInterfaces": (NETWORK, "NetworkInterface"),
    "PUT Microsoft.Network/networkSecurityGroups": (NETWORK, "NetworkSecurityGroup"),
    "PUT Microsoft.Network/networkSecurityGroups/securityRules": (NETWORK, "SecurityRule"),
    "PUT Microsoft.Network/publicIPAddresses": (NETWORK, "PublicIPAddress"),
    "PUT Microsoft.Network/virtualNetworks": (NETWORK, "VirtualNetwork"),
    "PUT Microsoft.Network/virtualNetworks/subnets": (NETWORK, "Subnet"),
    "PUT Microsoft.RecoveryServices/vaults": (VAULTS, "Vault"),
    "PATCH Microsoft.RecoveryServices/vaults": (VAULTS, "PatchVault"),
    "POST Microsoft.RecoveryServices/locations/checkNameAvailability": (VAULTS, "CheckNameAvailabilityParameters"),
    "POST Microsoft.RecoveryServices/locations/deletedVaults/undelete": (VAULTS, "DeletedVaultUndeleteInput"),
    f"PUT {_ITEM}": (BACKUP, "ProtectedItemResource properties=AzureIaaSComputeVMProtectedItem"),
    f"POST {_ITEM}/backup": (BACKUP, "BackupRequestResource properties=IaasVMBackupRequest"),
    f"POST {_ITEM}/recoveryPoints/restore": (BACKUP, "RestoreRequestResource properties=IaasVMRestoreRequest"),
    f"POST {_ITEM}/recoveryPoints/move": (BACKUP, "MoveRPAcrossTiersRequest"),
    f"POST {_ITEM}/recoveryPointsRecommendedForMove": (BACKUP, "ListRecoveryPointsRecommendedForMoveRequest"),
    f"POST {_ITEM}/recoveryPoints/provisionInstantItemRecovery": (
        BACKUP,
        "ILRRequestResource properties=IaasVMILRRegistrationRequest",
    ),
    f"POST {_ITEM}/configureSourceScan": (BACKUP, "ProtectedItemConfigureSourceScanRequest"),
    "PUT Microsoft.RecoveryServices/vaults/backupPolicies": (
        BACKUP,
        "ProtectionPolicyResource properties=AzureIaaSVMProtectionPolicy "
        "schedulePolicy=SimpleSchedulePolicy,SimpleSchedulePolicyV2 retentionPolicy=LongTermRetentionPolicy",
    ),
    "POST Microsoft.RecoveryServices/locations/backupStatus": (BACKUP, "BackupStatusRequest"),
    "POST Microsoft.RecoveryServices/locations/backupPreValidateProtection": (BACKUP, "PreValidateEnableBackupRequest"),
    "POST Microsoft.RecoveryServices/locations/backupValidateFeatures": (
        BACKUP,
        "AzureVMResourceFeatureSupportRequest",
    ),
    **dict.fromkeys(
        (f"POST Microsoft.RecoveryServices/vaults/backup{verb}Operation" for verb in ("Validate", "TriggerValidate")),
        (
            BACKUP,
            "ValidateOperationRequestResource properties=ValidateIaasVMRestoreOperationRequest "
            "restoreRequest=IaasVMRestoreRequest",
        ),
    ),
    **dict.fromkeys(
        (f"{verb} Microsoft.RecoveryServices/vaults/backupconfig" for verb in ("PUT", "PATCH")),
        (BACKUP, "BackupResourceVaultConfigResource"),
    ),
    **dict.fromkeys(
        (f"{verb} Microsoft.RecoveryServices/vaults/backupstorageconfig" for verb in ("PUT", "PATCH")),
        (BACKUP, "BackupResourceConfigResource"),
    ),
    "PUT Microsoft.RecoveryServices/vaults/backupEncryptionConfigs": (
        BACKUP,
        "BackupResourceEncryptionConfigResource",
    ),
    "PUT Microsoft.RecoveryServices/vaults/backupResourceGuardProxies": (BACKUP, "ResourceGuardProxyBaseResource"),
    "POST Microsoft.RecoveryServices/vaults/backupResourceGuardProxies/unlockDelete": (BACKUP, "UnlockDeleteRequest"),
    "PUT Microsoft.Resources/deployments": (DEPLOYMENTS, "Deployment"),
    "POST Microsoft.Resources/deployments/validate": (DEPLOYMENTS, "Deployment"),
    "POST Microsoft.Resources/deployments/whatIf": (DEPLOYMENTS, "DeploymentWhatIf"),
    "PUT Microsoft.Resources/subscriptions/resourceGroups": (GROUPS, "ResourceGroup"),
    "PATCH Microsoft.Resources/subscriptions/resourceGroups": (GROUPS, "ResourceGroupPatchable"),
    "PUT Microsoft.Storage/storageAccounts/blobServices": (STORAGE, "BlobServiceProperties"),
    "PUT Microsoft.Storage/storageAccounts/blobServices/containers": (STORAGE, "BlobContainer"),
    "PATCH Microsoft.Storage/storageAccounts/blobServices/containers": (STORAGE, "BlobContainer"),
    "PUT Microsoft.Storage/storageAccounts/fileServices": (STORAGE, "FileServiceProperties"),
    "POST Microsoft.Compute/disks/beginGetAccess": (DISKS, "GrantAccessData"),
    "POST Microsoft.Compute/snapshots/beginGetAccess": (DISKS, "GrantAccessData"),
    "POST Microsoft.Compute/virtualMachines/runCommand": (COMPUTE, "RunCommandInput"),
    "PUT Microsoft.Storage/storageAccounts": (STORAGE, "StorageAccountCreateParameters"),
    "PATCH Microsoft.Storage/storageAccounts": (STORAGE, "StorageAccountUpdateParameters"),
    "POST Microsoft.Storage/checkNameAvailability": (STORAGE, "StorageAccountCheckNameAvailabilityParameters"),
}
"""Operation -> the module and the model of its body; `key=model` chooses among the forms that a key may take."""
KINDS = {
    **dict.fromkeys(("str", "Str", "duration", "base64", "bytes"), "text"),
    **dict.fromkeys(("datetime", "iso-8601", "date", "time"), "time"),
    **dict.fromkeys(("int", "long"), "integer"),
    **dict.fromkeys(("float", "Decimal"), "number"),
    "bool": "boolean",
}
"""A type as the SDKs name it -> the kind of value on the wire."""
ANYTHING = "anything"
_CONTAINER = re.compile(r"([\[{])(.+)[\]}]")


class Text(str):
    """The kind of a value that is one of an SDK's enumeration."""

    choice: str


class Reader:
    """Reads the models of one operation's body. `forms`: key -> the models it may hold, where there are several."""

    def __init__(self, forms: dict[str, list[str]]) -> None:
        self._forms = forms

    def tree(self, model: Any, within: tuple[Any, ...] = ()) -> Any:
        """The keys of a model: an object of keys, a list of one element, `{"*": value}` for any key, or a kind."""
        if model in within:
            return ANYTHING
        keys: dict[str, Any] = {}
        for path, kind, name in _fields(model):
            *outer, key = path
            place = keys
            for step in outer:
                place = place.setdefault(step, {})
            value = self._value(key, kind, model, (*within, model))
            if choice := _choice(model, name):
                value = [_text(choice)] if isinstance(value, list) else _text(choice)
            place[key] = value
        return keys or ANYTHING

    def _value(self, key: str, kind: Any, model: Any, within: tuple[Any, ...]) -> Any:
        if isinstance(kind, str) and (container := _CONTAINER.fullmatch(kind)):
            inner = self._value(key, container[2], model, within)
            return [inner] if container[1] == "[" else {"*": inner}
        arguments, origin = typing.get_args(kind), typing.get_origin(kind)
        if origin in (list, dict):
            inner = self._value(key, arguments[-1], model, within)
            return [inner] if origin is list else {"*": inner}
        if origin is typing.Union:
            kinds = [each for each in arguments if each is not type(None)]
            named = [each for each in kinds if not isinstance(each, type) or issubclass(each, (str, bool, int, float))]
            return self._value(key, (named or kinds)[0], model, within)
        if origin is typing.Literal:
            return "text"
        name = str(getattr(kind, "__forward_arg__", None) or getattr(kind, "__name__", kind)).rpartition(".")[2]
        if name in KINDS:
            return KINDS[name]
        models = importlib.import_module(model.__module__.partition(".models")[0] + ".models")
        inner = [getattr(models, form) for form in self._forms.get(key, [name]) if hasattr(models, form)]
        if not inner or not any(map(_is_model, inner)):
            return "text" if inner else ANYTHING
        if _is_resource(inner[0]):
            return {"id": "text"}
        trees = [self.tree(each, within) for each in inner]
        return {name: value for tree in trees for name, value in tree.items()} if len(trees) > 1 else trees[0]


def _is_model(kind: Any) -> bool:
    return hasattr(kind, "_attribute_map") or hasattr(kind, "_is_model") or hasattr(kind, "as_dict")


def _is_resource(model: Any) -> bool:
    """Another resource, of which a request sends the id alone."""
    keys = {path[0] for path, *_ in _fields(model)}
    return {"location", "id"} <= keys


def _choice(model: Any, attribute: str) -> str:
    """The enumeration of which an attribute holds a member, or a list of members; empty where there is none."""
    said = re.search(rf":vartype {attribute}:\s+(?:list\[)?str\s+or\s+~([\w.]+)\.(\w+)", model.__doc__ or "")
    if said is None:
        return ""
    return f"{said[1]}.{said[2]}"


def _text(choice: str) -> Text:
    text = Text("text")
    text.choice = choice
    return text


def _fields(model: Any) -> Iterator[tuple[tuple[str, ...], Any, str]]:
    """Path, type and attribute of each key that a client can send."""
    if hasattr(model, "_attribute_map"):
        rules = model._validation
        for name, facts in model._attribute_map.items():
            if not rules.get(name, {}).get("readonly"):
                path = re.split(r"(?<!\\)\.", facts["key"])
                yield tuple(step.replace("\\.", ".") for step in path), facts["type"], name
        return
    model()  # fills the table of fields
    annotations = {
        key: kind for each in reversed(model.__mro__) for key, kind in vars(each).get("__annotations__", {}).items()
    }
    for name, field in model._attr_to_rest_field.items():
        visibility = field._visibility
        if visibility is None or {"create", "update"} & set(visibility):
            yield (field._rest_name,), annotations.get(name, "str"), name


def body(verb: str, module: str, words: str) -> dict[str, Any]:
    """One operation's keys."""
    name, *choices = words.split()
    forms = {key: models.split(",") for key, models in (choice.split("=") for choice in choices)}
    tree = Reader(forms).tree(getattr(importlib.import_module(module), name))
    return tree if verb == "POST" else {key: value for key, value in tree.items() if key not in ADDRESS}


ADDRESS = {"id", "name", "type", "eTag", "etag"}
"""What the address of a resource says already, and the ETag, which only counts in a header."""


def table() -> dict[str, Any]:
    """Operation -> the model's name and its keys."""
    return {
        operation: {"model": words.partition(" ")[0], "keys": body(operation.partition(" ")[0], module, words)}
        for operation, (module, words) in sorted(MODELS.items())
    }


def choices() -> dict[str, Any]:
    """`values`: enumeration -> its values; `keys`: operation -> path of a key -> the enumeration of its value."""
    found = {operation: dict(_choices(facts["keys"], "")) for operation, facts in table().items()}
    names = sorted({choice for paths in found.values() for choice in paths.values()})
    return {
        "values": {_short(name): _members(name) for name in names},
        "keys": {op: {path: _short(choice) for path, choice in paths.items()} for op, paths in found.items() if paths},
    }


def _choices(tree: Any, path: str) -> Iterator[tuple[str, str]]:
    if isinstance(tree, Text):
        yield path, tree.choice
    elif isinstance(tree, list):
        yield from _choices(tree[0], f"{path}.[]")
    elif isinstance(tree, dict):
        for key, below in tree.items():
            yield from _choices(below, f"{path}.{key}".lstrip("."))


def _short(name: str) -> str:
    """An enumeration by its service and name, as in `compute.CachingTypes`."""
    words = name.split(".")
    return f"{words[words.index('mgmt') + 1]}.{words[-1]}"


def _members(name: str) -> list[str]:
    module, _, kind = name.rpartition(".")
    members: type[enum.Enum] = getattr(importlib.import_module(module), kind)
    return [str(member.value) for member in members]


if __name__ == "__main__":
    written = choices() if sys.argv[1:] == ["choices"] else table()
    sys.stdout.write(json.dumps(written, indent=1, sort_keys=True) + "\n")
