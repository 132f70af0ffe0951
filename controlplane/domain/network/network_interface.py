"""Network interface: the body ARM shows of it."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from controlplane.domain.network.network import INTERFACE
from controlplane.json_object import Json

MAC_PREFIX = "00-0D-3A"


@dataclass(frozen=True, slots=True)
class Configuration:
    """One IP configuration, its address found. `public` is the id of a public address, empty without."""

    name: str
    subnet: str
    address: str
    primary: bool
    method: str = "Dynamic"
    public: str = ""


def mac_address(number: int) -> str:
    """An address of Azure's own from 24 bits."""
    return f"{MAC_PREFIX}-{number.to_bytes(3).hex('-').upper()}"


def configuration_id(interface: str, name: str) -> str:
    return f"{interface}/ipConfigurations/{name}"


def configuration_body(interface: str, configuration: Configuration, etag: str) -> Json:
    return {
        "name": configuration.name,
        "id": configuration_id(interface, configuration.name),
        "etag": etag,
        "type": f"{INTERFACE}/ipConfigurations",
        "properties": {
            "provisioningState": "Succeeded",
            "privateIPAddress": configuration.address,
            "privateIPAllocationMethod": configuration.method,
            "privateIPAddressVersion": "IPv4",
            **({"publicIPAddress": {"id": configuration.public}} if configuration.public else {}),
            "subnet": {"id": configuration.subnet},
            "primary": configuration.primary,
        },
    }


def properties(
    guid: str,
    mac: str,
    configurations: Sequence[Json],
    *,
    group: str = "",
    machine: str = "",
    accelerated: bool = False,
    forwarding: bool = False,
) -> Json:
    """`group` is the id of a network security group, `machine` that of the virtual machine it belongs to."""
    return {
        "provisioningState": "Succeeded",
        "resourceGuid": guid,
        "ipConfigurations": list(configurations),
        "dnsSettings": {"dnsServers": [], "appliedDnsServers": []},
        "macAddress": mac,
        "enableAcceleratedNetworking": accelerated,
        "enableIPForwarding": forwarding,
        **({"networkSecurityGroup": {"id": group}} if group else {}),
        **({"virtualMachine": {"id": machine}, "primary": True} if machine else {}),
        "hostedWorkloads": [],
        "tapConfigurations": [],
        "nicType": "Standard",
    }
