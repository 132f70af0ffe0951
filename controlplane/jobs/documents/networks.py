"""Virtual networks in the store: finds subnets and free addresses for network interfaces."""

from __future__ import annotations

from controlplane.domain.network.network import INTERFACE, VIRTUAL_NETWORK
from controlplane.ports import Json, Store

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
