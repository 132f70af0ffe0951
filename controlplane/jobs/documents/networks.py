"""Virtual networks in the store: finds subnets and gives network interfaces their addresses."""

from __future__ import annotations

from controlplane.domain.network import network
from controlplane.domain.network.network import INTERFACE, VIRTUAL_NETWORK
from controlplane.jobs.documents import addresses
from controlplane.json_object import Json
from controlplane.ports import Store

NETWORKS = VIRTUAL_NETWORK.lower()
INTERFACES = INTERFACE.lower()


def find_subnet(store: Store, id: str) -> Json | None:
    """The subnet of this id, wherever its network lies."""
    parent = store.get(NETWORKS, id.lower().rpartition("/subnets/")[0])
    subnets = parent.json()["properties"]["subnets"] if parent else []
    return next((subnet for subnet in subnets if subnet["id"].lower() == id.lower()), None)


def configurations_in(store: Store, subnet: str) -> list[Json]:
    """The IP configurations of all interfaces in a subnet."""
    return [
        each
        for interface in store.find(INTERFACES)
        for each in interface.json()["properties"]["ipConfigurations"]
        if each["properties"]["subnet"]["id"].lower() == subnet.lower()
    ]


def take_address(store: Store, subnet: Json, configuration: str, requested: str = "") -> str:
    """The address that an IP configuration gets: the one asked for, or the lowest one that is free. ServiceError where
    there is none."""
    prefix = subnet["properties"]["addressPrefix"]

    def owned() -> list[tuple[str, str]]:
        present = configurations_in(store, subnet["id"])
        return [(each["properties"]["privateIPAddress"], each["id"]) for each in present]

    address = addresses.take(store, subnet["id"], prefix, configuration, owned, requested)
    if address is None:
        raise network.subnet_is_full(prefix)
    return address


def give_back_addresses(store: Store, interface: Json, but: Json | None = None) -> None:
    """What an interface has of addresses is free, except what it has as it is in `but` too."""
    kept = set(_places(but)) if but is not None else set()
    for configuration, subnet, address in _places(interface):
        if (configuration, subnet, address) not in kept:
            addresses.give_back(store, subnet, address, configuration)


def _places(interface: Json) -> list[tuple[str, str, str]]:
    """Configuration, subnet and address, of each configuration."""
    return [
        (each["id"].lower(), each["properties"]["subnet"]["id"].lower(), each["properties"]["privateIPAddress"])
        for each in interface["properties"]["ipConfigurations"]
    ]


def delete_interface(store: Store, id: str) -> None:
    """The interface and its addresses are gone."""
    interface = store.get(INTERFACES, id)
    if interface is not None:
        give_back_addresses(store, interface.json())
        store.delete(INTERFACES, id)
