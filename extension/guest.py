"""The guest port (facts, volumes, time, freeze, thaw) and the choice of its provider."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from pathlib import Path
from typing import Protocol

from extension.contract.bridge import TOKEN_FILE, Facts, FreezeReport, ThawReport, Volume

WIRE_SERVER_VARIABLE = "AZURE_GUEST_AGENT_WIRE_PROTOCOL_ADDRESS"


class GuestError(Exception):
    """The guest did not do what it was asked; the sentence says what and why."""


class GuestGone(GuestError):
    """The guest ended while this handler worked for it: there is nobody left to report to."""


class NoGuestProvider(GuestError):
    """This handler knows no way to freeze the machine it runs on."""


class Guest(Protocol):
    """The machine this handler runs on. One object serves one task; verbs raise GuestError."""

    def open(self, task_id: str) -> None:
        """Begin. From here on the process ends by itself when the guest is gone, unless it owes a thaw."""

    def facts(self) -> Facts: ...

    def volumes(self) -> tuple[Volume, ...]: ...

    def now(self) -> datetime:
        """The guest's clock, aware, UTC."""

    def freeze(self, timeout_seconds: float, writers: bool) -> FreezeReport:
        """Returns when writes are held, or when it is certain that they aren't. After an error nobody knows."""

    def thaw(self) -> ThawReport | None:
        """Let go of what is frozen; None when nothing was. Raises GuestGone when the guest ended meanwhile."""

    def close(self) -> None:
        """End; whatever should still be frozen is thawed by the guest."""


def find_guest(package_root: Path, environment: Mapping[str, str], end_process: Callable[[], object]) -> Guest:
    """The provider for this machine. A token file in or above the package root marks a simulated one."""
    for folder in (package_root, *package_root.parents):
        token = folder / TOKEN_FILE
        if token.is_file():
            from extension.guest_simulated import SimulatedGuest

            address = environment.get(WIRE_SERVER_VARIABLE)
            if not address:
                raise NoGuestProvider(f"no guest provider: {TOKEN_FILE} is there, but not {WIRE_SERVER_VARIABLE}")
            return SimulatedGuest(address, token.read_text(encoding="ascii").strip(), end_process)
    raise NoGuestProvider(
        f"no guest provider: there is no {TOKEN_FILE} in or above the package, and this version can't drive real VSS"
    )
