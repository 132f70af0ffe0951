"""The guest port: facts, volumes, time, freeze, thaw."""

from __future__ import annotations

from datetime import datetime
from typing import Protocol

from extension.contract.bridge import Facts, FreezeReport, ThawReport, Volume


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
