"""Who asks the storage in a world, and what may stand between one of them and a port.

Each party has its own Blobs over the same connections, so that whoever wraps them knows whose request it is.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from controlplane.ports import Blobs, Fabric

SERVICE, VAULT, HOST, WIRE_SERVER, CONTROL = "service", "vault", "host", "wireserver", "control"


def guest(vm: str) -> str:
    """The party that the disks of a virtual machine are; `vm` is its ARM id."""
    return f"guest {vm.lower()}"


@dataclass(frozen=True)
class Wrappers:
    """What is put around ports of a world, with the classes of controlplane.port_wrappers: as a rule nothing."""

    blobs: Callable[[str, Blobs], Blobs] = lambda party, blobs: blobs
    """Given a party, and the storage that it asks."""
    fabric: Callable[[Fabric], Fabric] = lambda fabric: fabric
