"""Virtual networks: address ranges, the next free address of a subnet, and the errors of the network."""

from __future__ import annotations

import re
from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network

from controlplane.domain.errors import ServiceError
from controlplane.domain.errors.network import (
    IN_USE_NETWORK_SECURITY_GROUP_CANNOT_BE_DELETED,
    IN_USE_SUBNET_CANNOT_BE_DELETED,
    INVALID_ADDRESS_PREFIX_FORMAT,
    INVALID_RESOURCE_REFERENCE,
    NETCFG_INVALID_SUBNET,
    NETCFG_SUBNET_RANGES_OVERLAP,
    NIC_IN_USE,
    PRIVATE_IP_ADDRESS_IN_USE,
    PRIVATE_IP_ADDRESS_NOT_IN_SUBNET,
    PUBLIC_IP_ADDRESS_CANNOT_BE_DELETED,
    PUBLIC_IP_ADDRESS_IN_USE,
    SUBNET_IS_FULL,
)

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
        raise INVALID_ADDRESS_PREFIX_FORMAT.error(prefix=prefix) from None


def check_subnets(space: Sequence[str], subnets: Iterable[tuple[str, str]]) -> None:
    """Subnets, as name and range, lie inside the address space and beside each other."""
    around = [parse_range(prefix) for prefix in space]
    seen: list[tuple[str, IPv4Network]] = []
    for name, prefix in subnets:
        subnet = parse_range(prefix)
        if subnet.prefixlen > SMALLEST_SUBNET or not any(subnet.subnet_of(each) for each in around):
            raise NETCFG_INVALID_SUBNET.error(name=name)
        for other, taken in seen:
            if subnet.overlaps(taken):
                raise NETCFG_SUBNET_RANGES_OVERLAP.error(name=name, other=other)
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
    raise SUBNET_IS_FULL.error(prefix=prefix)


def _checked(asked: str, first: int, last: int, used: set[str], prefix: str) -> str:
    try:
        is_inside = first <= int(IPv4Address(asked)) <= last
    except ValueError:
        is_inside = False
    if not is_inside:
        raise PRIVATE_IP_ADDRESS_NOT_IN_SUBNET.error(address=asked, prefix=prefix)
    if asked in used:
        raise PRIVATE_IP_ADDRESS_IN_USE.error(address=asked)
    return asked


def invalid_reference(id: str, by: str) -> ServiceError:
    return INVALID_RESOURCE_REFERENCE.error(id=id, by=by)


def subnet_in_use(id: str, by: str) -> ServiceError:
    return IN_USE_SUBNET_CANNOT_BE_DELETED.error(subnet=id.rpartition("/")[2], by=by)


def group_in_use(id: str, by: str) -> ServiceError:
    return IN_USE_NETWORK_SECURITY_GROUP_CANNOT_BE_DELETED.error(id=id, by=by)


def interface_in_use(id: str, machine: str) -> ServiceError:
    return NIC_IN_USE.error(id=id, machine=machine)


def address_is_allocated(id: str, to: str) -> ServiceError:
    """Of one that is to be deleted."""
    return PUBLIC_IP_ADDRESS_CANNOT_BE_DELETED.error(id=id, resource=to)


def address_in_use(id: str, to: str, by: str) -> ServiceError:
    """Of one that `by` is to have, too."""
    return PUBLIC_IP_ADDRESS_IN_USE.error(by=by, id=id, resource=to)
