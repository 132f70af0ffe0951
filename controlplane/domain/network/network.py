"""Virtual networks and what lies in them: address ranges, the next free address, and the errors of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network
from typing import Any

from controlplane.domain.errors import ServiceError

Json = dict[str, Any]

VIRTUAL_NETWORK = "Microsoft.Network/virtualNetworks"
SECURITY_GROUP = "Microsoft.Network/networkSecurityGroups"
PUBLIC_IP = "Microsoft.Network/publicIPAddresses"
INTERFACE = "Microsoft.Network/networkInterfaces"

NAME = re.compile(r"[A-Za-z0-9]([\w.-]{0,78}\w)?", re.ASCII)
NAME_RULE = "1 to 80 letters, digits, '-', '_' and '.', with a letter or digit first and none of '-' and '.' at the end"

RESERVED_FIRST, RESERVED_LAST = 4, 1
"""Addresses at both ends of a subnet that nobody gets."""
SMALLEST_SUBNET = 29
"""Longest prefix of a subnet: a smaller one has no address to give."""


def parse_range(prefix: str) -> IPv4Network:
    try:
        return IPv4Network(prefix)
    except ValueError:
        raise ServiceError(
            "InvalidAddressPrefixFormat",
            f"Address prefix {prefix} of resource is not formatted correctly. It should follow CIDR notation, for "
            "example 10.0.0.0/24.",
        ) from None


def check_subnets(space: Sequence[str], subnets: Iterable[tuple[str, str]]) -> None:
    """Subnets, as name and range, lie inside the address space and beside each other."""
    around = [parse_range(prefix) for prefix in space]
    seen: list[tuple[str, IPv4Network]] = []
    for name, prefix in subnets:
        subnet = parse_range(prefix)
        if subnet.prefixlen > SMALLEST_SUBNET or not any(subnet.subnet_of(each) for each in around):
            raise ServiceError("NetcfgInvalidSubnet", f"Subnet '{name}' is not valid in virtual network.")
        for other, taken in seen:
            if subnet.overlaps(taken):
                raise ServiceError("NetcfgSubnetRangesOverlap", f"Subnet '{name}' overlaps with subnet '{other}'.")
        seen.append((name, subnet))


def free_address(prefix: str, taken: Iterable[str], asked: str = "") -> str:
    """The address asked for, or the lowest one that is free."""
    subnet, used = parse_range(prefix), set(taken)
    first = int(subnet.network_address) + RESERVED_FIRST
    last = int(subnet.broadcast_address) - RESERVED_LAST
    if asked:
        return _checked(asked, first, last, used, prefix)
    for number in range(first, last + 1):
        if str(IPv4Address(number)) not in used:
            return str(IPv4Address(number))
    raise ServiceError("SubnetIsFull", f"Subnet with address prefix {prefix} does not have enough capacity.")


def _checked(asked: str, first: int, last: int, used: set[str], prefix: str) -> str:
    try:
        is_inside = first <= int(IPv4Address(asked)) <= last
    except ValueError:
        is_inside = False
    if not is_inside:
        raise ServiceError(
            "PrivateIPAddressNotInSubnet", f"Private static IP address {asked} does not belong to the range {prefix}."
        )
    if asked in used:
        raise ServiceError("PrivateIPAddressInUse", f"Private IP address {asked} is already allocated.")
    return asked


def invalid_reference(id: str, by: str) -> ServiceError:
    return ServiceError(
        "InvalidResourceReference",
        f"Resource {id} referenced by resource {by} was not found. Please make sure that the referenced resource "
        "exists, and that both resources are in the same region.",
    )


def subnet_in_use(id: str, by: str) -> ServiceError:
    return ServiceError(
        "InUseSubnetCannotBeDeleted",
        f"Subnet {id.rpartition('/')[2]} is in use by {by} and cannot be deleted. In order to delete the subnet, "
        "delete all the resources within the subnet. See aka.ms/deletesubnet.",
    )


def group_in_use(id: str, by: str) -> ServiceError:
    return ServiceError(
        "InUseNetworkSecurityGroupCannotBeDeleted",
        f"Network security group {id} cannot be deleted because it is in use by the following resources: {by}. In "
        "order to delete the Network security group, remove the association with the resource(s). To learn how to do "
        "this, see aka.ms/deletensg.",
    )


def interface_in_use(id: str, machine: str) -> ServiceError:
    return ServiceError("NicInUse", f"Network Interface {id} is used by existing VM {machine}.")


def address_is_allocated(id: str, to: str) -> ServiceError:
    """Of one that is to be deleted."""
    return ServiceError(
        "PublicIPAddressCannotBeDeleted",
        f"Public IP address {id} can not be deleted since it is still allocated to resource {to}. In order to delete "
        "the public IP, disassociate/detach the Public IP address from the resource. To learn how to do this, see "
        "aka.ms/deletepublicip.",
    )


def address_in_use(id: str, to: str, by: str) -> ServiceError:
    """Of one that `by` is to have, too."""
    return ServiceError(
        "PublicIPAddressInUse",
        f"Resource {by} is referencing public IP address {id} that is already allocated to resource {to}.",
    )
