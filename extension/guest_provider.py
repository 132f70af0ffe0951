"""Chooses the provider of the guest port for the machine that the handler runs on."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path

from extension.contract.bridge import TOKEN_FILE
from extension.guest import Guest, NoGuestProvider
from extension.guest_simulated import SimulatedGuest

WIRE_SERVER_VARIABLE = "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"


def guest_root(package_root: Path) -> Path:
    """Which folder stands for the root of this machine's file systems: that of a simulated one has the token file."""
    folders = (package_root, *package_root.parents)
    return next((folder for folder in folders if (folder / TOKEN_FILE).is_file()), Path(package_root.anchor))


def find_guest(package_root: Path, environment: Mapping[str, str], end_process: Callable[[], object]) -> Guest:
    """The provider for this machine. A token file in or above the package root marks a simulated one."""
    for folder in (package_root, *package_root.parents):
        token = folder / TOKEN_FILE
        if token.is_file():
            address = environment.get(WIRE_SERVER_VARIABLE)
            if not address:
                raise NoGuestProvider(f"no guest provider: {TOKEN_FILE} exists, but {WIRE_SERVER_VARIABLE} is not set")
            return SimulatedGuest(address, token.read_text(encoding="ascii").strip(), end_process)
    raise NoGuestProvider(
        f"no guest provider: there is no {TOKEN_FILE} in or above the package, and this version cannot drive real VSS"
    )
