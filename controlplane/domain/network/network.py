"""Virtual networks: address ranges, the next free address of a subnet, and the errors of the network."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from ipaddress import IPv4Address, IPv4Network, IPv6Network

from controlplane.domain.errors import ServiceError, operation_not_simulated
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

RESERVED_FIRST, RESERVED_LAST = 4, 1
"""Addresses at both ends of a subnet that nobody gets."""
SMALLEST_SUBNET = 29
"""Longest prefix of a subnet: a smaller one has no address to give."""


def parse_range(prefix: str) -> IPv4Network:
    """ServiceError for what is no range, and for one of IPv6, which no network has here."""
    try:
        return IPv4Network(prefix)
    except ValueError:
        if _is_ipv6(prefix):
            raise operation_not_simulated("an address range of IPv6") from None
        raise INVALID_ADDRESS_PREFIX_FORMAT.error(prefix=prefix) from None


def _is_ipv6(prefix: str) -> bool:
    try:
        IPv6Network(prefix)
    except ValueError:
        return False
    return True


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


def numbers_of(prefix: str) -> range:
    """The addresses of a range that somebody may get, as numbers."""
    subnet = parse_range(prefix)
    return range(int(subnet.network_address) + RESERVED_FIRST, int(subnet.broadcast_address) - RESERVED_LAST + 1)


def number_in(prefix: str, address: str) -> int:
    """The number of an address that is asked for; ServiceError where nobody may get it."""
    try:
        number = int(IPv4Address(address))
    except ValueError:
        number = -1
    if number not in numbers_of(prefix):
        raise PRIVATE_IP_ADDRESS_NOT_IN_SUBNET.error(address=address, prefix=prefix)
    return number


def contains(prefix: str, address: str) -> bool:
    return IPv4Address(address) in parse_range(prefix)


def address_is_taken(address: str) -> ServiceError:
    return PRIVATE_IP_ADDRESS_IN_USE.error(address=address)


def subnet_is_full(prefix: str) -> ServiceError:
    return SUBNET_IS_FULL.error(prefix=prefix)


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
