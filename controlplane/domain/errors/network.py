"""Errors of networks, interfaces and addresses."""

from __future__ import annotations

from typing import Any

from controlplane.domain.errors.kind import ErrorKind
from controlplane.domain.errors.sources import DEPLOYMENT_ERRORS, KNOWN, QUOTED

REQUEST_NOT_PARSED = ErrorKind(
    code="InvalidRequestFormat",
    message="Cannot parse the request.",
    source=QUOTED,
)
"""Its details say where: `value_not_converted`."""

SECURITY_RULE_INVALID_PRIORITY = ErrorKind(
    code="SecurityRuleInvalidPriority",
    message="Security rule has invalid Priority. Value provided: {priority} Allowed range 100-4096.",
    source=QUOTED,
)

IN_USE_SUBNET_CANNOT_BE_UPDATED = ErrorKind(
    code="InUseSubnetCannotBeUpdated",
    message="Subnet {name} is in use and cannot be updated.",
    source=QUOTED,
)

SECURITY_RULE_CONFLICT = ErrorKind(
    code="SecurityRuleConflict",
    message="Security rule {name} conflicts with rule {other}. Rules cannot have the same Priority and Direction.",
    source=QUOTED,
)

STANDARD_ADDRESS_MUST_BE_STATIC = ErrorKind(
    code="StandardSkuPublicIPAddressesMustBeStatic",
    message="Standard sku publicIp {id} must have AllocationMethod set to Static.",
    source=QUOTED,
)

ZONES_CANNOT_BE_MODIFIED = ErrorKind(
    code="ResourceAvailabilityZonesCannotBeModified",
    message=(
        "Resource {id} has an existing availability zone constraint {before} and the request has availability zone "
        "constraint {after}, which do not match. Zones cannot be added/updated/removed once the resource is created. "
        "The resource cannot be updated from regional to zonal or vice-versa."
    ),
    source=QUOTED,
)

ADDRESS_SKU_CANNOT_BE_LOWERED = ErrorKind(
    code="SkuCannotBeChangedOnUpdate",
    message=(
        "Sku property is set at creation time and cannot be changed from {sku} to Basic on resource update for "
        "resource {id}."
    ),
    source=KNOWN,
)

NETWORK_INTERFACE_MUST_HAVE_ONE_IP_CONFIGURATION = ErrorKind(
    code="NetworkInterfaceMustHaveOneIPConfiguration",
    message="A network interface must have an IP configuration.",
    source=KNOWN,
)

INVALID_ADDRESS_PREFIX_FORMAT = ErrorKind(
    code="InvalidAddressPrefixFormat",
    message=(
        "Address prefix {prefix} of resource is not formatted correctly. It should follow CIDR notation, for example "
        "10.0.0.0/24."
    ),
    source=KNOWN,
)

NETCFG_INVALID_SUBNET = ErrorKind(
    code="NetcfgInvalidSubnet",
    message="Subnet '{name}' is not valid in virtual network.",
    source=KNOWN,
)

NETCFG_SUBNET_RANGES_OVERLAP = ErrorKind(
    code="NetcfgSubnetRangesOverlap",
    message="Subnet '{name}' overlaps with subnet '{other}'.",
    source=KNOWN,
)

SUBNET_IS_FULL = ErrorKind(
    code="SubnetIsFull",
    message="Subnet with address prefix {prefix} does not have enough capacity.",
    source=DEPLOYMENT_ERRORS,
)

PRIVATE_IP_ADDRESS_NOT_IN_SUBNET = ErrorKind(
    code="PrivateIPAddressNotInSubnet",
    message="Private static IP address {address} does not belong to the range {prefix}.",
    source=DEPLOYMENT_ERRORS,
)

PRIVATE_IP_ADDRESS_IN_USE = ErrorKind(
    code="PrivateIPAddressInUse",
    message="Private IP address {address} is already allocated.",
    source=KNOWN,
)

INVALID_RESOURCE_REFERENCE = ErrorKind(
    code="InvalidResourceReference",
    message=(
        "Resource {id} referenced by resource {by} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region."
    ),
    source=DEPLOYMENT_ERRORS,
)

IN_USE_SUBNET_CANNOT_BE_DELETED = ErrorKind(
    code="InUseSubnetCannotBeDeleted",
    message=(
        "Subnet {subnet} is in use by {by} and cannot be deleted. In order to delete the subnet, delete all the "
        "resources within the subnet. See aka.ms/deletesubnet."
    ),
    source=DEPLOYMENT_ERRORS,
)

IN_USE_NETWORK_SECURITY_GROUP_CANNOT_BE_DELETED = ErrorKind(
    code="InUseNetworkSecurityGroupCannotBeDeleted",
    message=(
        "Network security group {id} cannot be deleted because it is in use by the following resources: {by}. In "
        "order to delete the Network security group, remove the association with the resource(s). To learn how to do "
        "this, see aka.ms/deletensg."
    ),
    source=KNOWN,
)

NIC_IN_USE = ErrorKind(
    code="NicInUse",
    message="Network Interface {id} is used by existing VM {machine}.",
    source=KNOWN,
)

PUBLIC_IP_ADDRESS_CANNOT_BE_DELETED = ErrorKind(
    code="PublicIPAddressCannotBeDeleted",
    message=(
        "Public IP address {id} can not be deleted since it is still allocated to resource {resource}. In order to "
        "delete the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, "
        "see aka.ms/deletepublicip."
    ),
    source=KNOWN,
)

PUBLIC_IP_ADDRESS_IN_USE = ErrorKind(
    code="PublicIPAddressInUse",
    message=("Resource {by} is referencing public IP address {id} that is already allocated to resource {resource}."),
    source=KNOWN,
)


def value_not_converted(value: object, kind: str, path: str) -> dict[str, Any]:
    """A detail of REQUEST_NOT_PARSED: a value that is none of an enumeration."""
    message = f"Error converting value \"{value}\" to type '{kind}'. Path '{path}'."
    return {"code": "InvalidJson", "message": message, "details": []}
