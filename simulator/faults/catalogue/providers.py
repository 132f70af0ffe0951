"""Faults of Azure's other providers, as the service asks them. Codes and messages here are bodies that they send."""

from __future__ import annotations

from simulator.faults.fault import Definition, Parameter
from simulator.faults.seams.providers import (
    ArchiveReadinessSeam,
    AzurePolicySeam,
    KeyVaultSeam,
    OtherUseSeam,
    ProviderAnswerSeam,
    VaultRegistrationSeam,
)

_MACHINES = "Microsoft.Compute/virtualMachines"
_POINTS = "Microsoft.Compute/restorePointCollections/restorePoints"
_KEYS = "Microsoft.Storage/storageAccounts/listKeys/action"


def _body(status: int, code: str, message: str) -> dict[str, Parameter]:
    return {
        "status": Parameter(status, "HTTP status", least=400, most=599),
        "code": Parameter(code, "code of the error in the body"),
        "message": Parameter(message, "message of the error; {path} and {name} of the resource are put in"),
    }


def _answer(name: str, operation: str, status: int, code: str, message: str, what: str, job: str = "") -> Definition:
    where = {"operation": f"{operation} *", **({"job": job} if job else {})}
    return Definition(name, ProviderAnswerSeam.NAME, what, parameters=_body(status, code, message), where=where)


_RESTORED_MACHINE = (
    _answer(
        "restore-without-cores",
        f"{_MACHINES}/write",
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved Total Regional Cores quota. Additional "
        "details - Deployment Model: Resource Manager, Location: westus, Current Limit: 10, Current Usage: 10, "
        "Additional Required: 2, (Minimum) New Limit Required: 12.",
        "The subscription has no cores left for the machine that a restore makes.",
    ),
    _answer(
        "restore-size-not-available",
        f"{_MACHINES}/write",
        409,
        "SkuNotAvailable",
        "The requested VM size for resource '{path}' is currently not available in location 'westus'. Please try "
        "another size or deploy to a different location or different zone. See https://aka.ms/azureskunotavailable for "
        "details.",
        "The size of the machine that a restore makes is not available in the region.",
    ),
    _answer(
        "restore-image-withdrawn",
        f"{_MACHINES}/write",
        400,
        "ResourcePurchaseValidationFailed",
        "User failed validation to purchase resources. Error message: 'Offer with PublisherId: 'microsoftsqlserver', "
        "OfferId: 'sql2022-ws2022' cannot be purchased due to validation errors. For more information see details.'",
        "The image of the machine that a restore makes can be purchased no more.",
    ),
    _answer(
        "restore-without-capacity",
        f"{_MACHINES}/write",
        409,
        "AllocationFailed",
        "Allocation failed. We do not have sufficient capacity for the requested VM size in this region.",
        "The region has no capacity for the machine that a restore makes.",
    ),
    _answer(
        "restore-subnet-full",
        "Microsoft.Network/networkInterfaces/write",
        400,
        "SubnetIsFull",
        "Subnet of the network interface {name} does not have enough capacity for 1 IP addresses.",
        "The subnet of the machine that a restore makes has no address left.",
    ),
)

_RESTORED_DISKS = (
    _answer(
        "restore-denied-by-policy",
        "Microsoft.Compute/disks/write",
        403,
        "RequestDisallowedByPolicy",
        "Resource '{name}' was disallowed by policy. Policy identifiers: "
        '\'[{"policyAssignment":{"name":"allowed-disks"}}]\'.',
        "An Azure Policy denies the disks that a restore makes.",
    ),
    _answer(
        "restore-group-locked",
        "Microsoft.Compute/disks/write",
        409,
        "ScopeLocked",
        "The scope '{path}' cannot perform write operation because following scope(s) are locked. Please remove the "
        "lock and try again.",
        "The resource group that a restore writes to is locked.",
    ),
    _answer(
        "restore-without-disk-quota",
        "Microsoft.Compute/disks/write",
        409,
        "OperationNotAllowed",
        "Operation could not be completed as it results in exceeding approved standardDiskCount quota.",
        "The subscription may have no more disks.",
    ),
    _answer(
        "restore-not-authorized",
        "Microsoft.Compute/disks/write",
        403,
        "LinkedAuthorizationFailed",
        "The client has permission to perform action 'Microsoft.Compute/disks/write' on scope '{path}', however the "
        "linked subscription was not found.",
        "The service may not write to the resource group that a restore names.",
    ),
    _answer(
        "restore-tenant-changed",
        "Microsoft.Compute/disks/write",
        401,
        "InvalidAuthenticationTokenTenant",
        "The access token is from the wrong issuer. It must match the tenant associated with this subscription.",
        "The subscription was moved to another tenant.",
    ),
    _answer(
        "restore-group-full",
        "Microsoft.Compute/disks/write",
        409,
        "ResourceGroupQuotaExceeded",
        "The resource group has as many resources of type 'Microsoft.Compute/disks' as it may have.",
        "The resource group that a restore writes to has as many disks as it may have.",
    ),
)

_RESTORE_ACCOUNT = (
    _answer(
        "restore-account-gone",
        _KEYS,
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Storage/storageAccounts/{name}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
        "The storage account that a restore names was deleted.",
    ),
    _answer(
        "restore-account-locked",
        _KEYS,
        409,
        "ScopeLocked",
        "The scope '{path}' cannot perform write operation because following scope(s) are locked. Please remove the "
        "lock and try again.",
        "A read-only lock lies on the storage account that a restore names.",
    ),
    _answer(
        "restore-account-offline",
        _KEYS,
        409,
        "StorageAccountIsNotProvisioned",
        "The storage account provisioning state must be 'Succeeded' before executing the operation.",
        "The storage account that a restore names is being moved.",
    ),
    _answer(
        "restore-account-unsupported",
        _KEYS,
        409,
        "FeatureNotSupportedForAccount",
        "Page blobs are not supported for the account.",
        "The storage account that a restore names has a kind that holds no disks.",
    ),
    _answer(
        "replaced-machine-busy",
        f"{_MACHINES}/write",
        409,
        "AttachDiskWhileBeingDetached",
        "Cannot attach data disk to VM '{name}' because the disk is currently being detached. Please wait until the "
        "disk is completely detached and then try again.",
        "A disk of the machine that a restore replaces is being detached.",
    ),
)

_PROTECTION = (
    _answer(
        "machine-unknown-to-compute",
        f"{_MACHINES}/read",
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Compute/virtualMachines/{name}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
        "The machine is deleted while its protection begins.",
        "ConfigureBackup",
    ),
    _answer(
        "service-not-authorized",
        f"{_MACHINES}/read",
        403,
        "AuthorizationFailed",
        "The client does not have authorization to perform action 'Microsoft.Compute/virtualMachines/read' over scope "
        "'{path}' or the scope is invalid.",
        "The service may not read the machine that is to be protected.",
        "ConfigureBackup",
    ),
    _answer(
        "extensions-disallowed",
        f"{_MACHINES}/extensions/write",
        409,
        "OperationNotAllowed",
        "This operation cannot be performed when extension operations are disallowed. To allow, please ensure VM Agent "
        "is installed on the VM and the osProfile.allowExtensionOperations property is true.",
        "The machine was made without an agent, so that it takes no extension.",
    ),
)

_RESTORE_POINTS = (
    _answer(
        "machine-changed-during-restore-point",
        f"{_POINTS}/write",
        409,
        "OperationNotAllowed",
        "Changes were made to the Virtual Machine while the operation 'Create Restore Point' was in progress. "
        "Operation Create Restore Point cannot be completed at this time. Please try again later.",
        "Somebody changes the machine while its restore point is made.",
    ),
    _answer(
        "disk-not-allocated",
        f"{_POINTS}/write",
        409,
        "OperationNotAllowed",
        "Operation 'Create Restore Point' is not allowed as disk(s) have not been allocated successfully. Please "
        "exclude these disk(s) using excludeDisks property and retry.",
        "A disk of the machine is not allocated.",
    ),
    _answer(
        "disk-snapshot-limit",
        f"{_POINTS}/write",
        409,
        "VMRestorePointClientError",
        "Restore Point creation failed as the maximum allowed snapshot limit of one or more disk blobs has been "
        "reached. Please delete some existing restore points of this VM and then retry.",
        "A managed disk has as many snapshots as it may have.",
    ),
    _answer(
        "disk-encryption-set-without-key-vault",
        f"{_POINTS}/write",
        409,
        "DiskRestorePointClientError",
        "Keyvault associated with DiskEncryptionSet not found. The resource may have been deleted due to which Restore "
        "Point creation failed. Please retry the operation after re-creating the missing resource with the same name.",
        "The key vault of the disk encryption set of a disk was deleted.",
    ),
    _answer(
        "compute-execution-error",
        f"{_POINTS}/write",
        500,
        "InternalExecutionError",
        "An internal execution error occurred. Please retry later.",
        "Compute cannot carry out what a restore point needs.",
    ),
    _answer(
        "compute-unavailable",
        f"{_POINTS}/write",
        503,
        "ServiceUnavailable",
        "The service is unavailable.",
        "Compute is unavailable when a restore point is to be made.",
    ),
    _answer(
        "restore-point-collection-deleting",
        f"{_POINTS}/write",
        409,
        "OperationNotAllowed",
        "Restore point collection '{name}' is marked for deletion.",
        "The restore point collection of the machine is being deleted.",
    ),
    _answer(
        "restore-point-collection-deleted",
        f"{_POINTS}/write",
        404,
        "ResourceNotFound",
        "The Resource 'Microsoft.Compute/restorePointCollections/{name}' was not found. For more details please go to "
        "https://aka.ms/ARMResourceNotFoundFix",
        "Somebody deletes the restore point collection of the machine.",
    ),
    _answer(
        "restore-point-in-use",
        f"{_POINTS}/delete",
        409,
        "DiskRestorePointUsedByCustomer",
        "There is an active shared access signature outstanding for disk restore point. Call EndGetAccess before "
        "deleting the restore point.",
        "Somebody reads a restore point by a shared access signature when it is to be deleted.",
    ),
)


def _others(name: str, thing: str, count: int, what: str) -> Definition:
    parameters = {"count": Parameter(count, "how many there are", least=1, most=100_000)}
    return Definition(name, OtherUseSeam.NAME, what, parameters=parameters, where={"operation": f"{thing} /*"})


_OTHER_USE = (
    _others(
        "vault-items-used-up",
        "protected items",
        2000,
        "The vault protects as many machines as it may, of which this world knows none.",
    ),
    _others(
        "vault-policies-used-up",
        "policies",
        200,
        "The vault has as many backup policies as it may have, of which this world knows none.",
    ),
    _others(
        "policy-used-elsewhere",
        "items of a policy",
        1000,
        "The policy protects as many machines as it may, of which this world knows none.",
    ),
    _others(
        "machine-registered-elsewhere",
        "vaults of a machine",
        1,
        "The machine is registered in a vault that this world does not know.",
    ),
    _others(
        "backups-on-demand-used-up",
        "backups on demand",
        1000,
        "Others have begun as many backups on demand as a day may have.",
    ),
    _others(
        "restore-points-used-up",
        "restore points",
        500,
        "Others have made as many restore points of the machine as there may be.",
    ),
    _others(
        "archive-point-in-use",
        "dependents",
        1,
        "Something that this world does not know reads the recovery point that is to be archived.",
    ),
)

_KEY_VAULT = (
    Definition(
        "key-vault-permissions-missing",
        KeyVaultSeam.NAME,
        "The disks of the machine are encrypted, and the key vault gives the service no right to their keys.",
        parameters=_body(
            403,
            "Forbidden",
            "The user, group or application 'appid=00000000-0000-0000-0000-000000000000' does not have secrets get "
            "permission on key vault 'keys01;location=westus'.",
        ),
    ),
    Definition(
        "key-vault-secret-gone",
        KeyVaultSeam.NAME,
        "The disks of the machine are encrypted, and the secret with their key was deleted.",
        parameters=_body(404, "SecretNotFound", "A secret with (name/id) disk-key was not found in this key vault."),
    ),
)

FAULTS = (
    Definition(
        "policy-denies-restore-point-group",
        AzurePolicySeam.NAME,
        "An Azure Policy denies the resource group of the restore points.",
        parameters={"assignment": Parameter("require-tags", "name of the policy assignment")},
        where={"operation": "PUT */resourceGroups/AzureBackupRG_*"},
    ),
    *_PROTECTION,
    *_OTHER_USE,
    *_KEY_VAULT,
    *_RESTORE_POINTS,
    *_RESTORED_MACHINE,
    *_RESTORED_DISKS,
    *_RESTORE_ACCOUNT,
    Definition(
        "vault-holds-a-server",
        VaultRegistrationSeam.NAME,
        "A backup server is registered in the vault that is to be deleted.",
        parameters={"registered": Parameter("Windows;server01", "name of the container")},
    ),
    Definition(
        "archive-readiness-unknown",
        ArchiveReadinessSeam.NAME,
        "The service has not found out yet whether it can archive the recovery point.",
    ),
)
