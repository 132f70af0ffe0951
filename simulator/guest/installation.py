"""What an OS disk says of its operating system: which it is, the image it was made from, and its computer name.

So a virtual machine that starts from somebody else's OS disk, as a restored one does, is what that disk makes it.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from controlplane.ports import MachineSpec
from simulator.guest.disk.volume import Volume
from simulator.guest.workload.plain_files import with_digest

FILE = "unattend.json"


@dataclass(frozen=True, slots=True)
class Installation:
    """`image` as publisher:offer:sku."""

    image: str
    computer_name: str
    os_type: str = ""
    """Windows or Linux; empty on a disk that an earlier release has installed."""
    has_agent: bool = True
    """Whether a guest agent was installed with it."""


def of_spec(spec: MachineSpec) -> Installation:
    return Installation(spec.image, spec.computer_name, spec.os_type, spec.has_agent)


def write(volume: Volume, installation: Installation) -> None:
    file = volume.open(FILE)
    file.write(0, with_digest(FILE, json.dumps(asdict(installation)).encode()))
    file.flush()


def read(volume: Volume) -> Installation | None:
    """None for an OS disk that does not tell."""
    file = volume.find(FILE)
    if file is None:
        return None
    _, _, body = file.read(0, file.size_bytes).partition(b"\n")
    return Installation(**json.loads(body))
