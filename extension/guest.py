"""The guest port: facts, volumes, time, freeze, thaw."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import NamedTuple, Protocol

from extension.contract.bridge import Facts, FreezeReport, ThawReport, Volume


class GuestError(Exception):
    """The guest did not carry out a request; the sentence says which and why."""


class GuestGone(GuestError):
    """The guest ended during the task, so no report can be delivered."""


class NoGuestProvider(GuestError):
    """No guest provider can freeze the machine that the handler runs on."""


class GuestTime(NamedTuple):
    """What the guest's clock shows."""

    now: datetime
    """Aware, UTC."""
    ahead: timedelta
    """By how much that is ahead of the right time. It is known of a simulated guest only, whose clock is not the one
    that this process reads."""


class Guest(Protocol):
    """The machine this handler runs on. One object serves one task; verbs raise GuestError."""

    def open(self, task_id: str) -> None:
        """Begin. From here on the process ends by itself when the guest is gone, unless it owes a thaw."""

    def facts(self) -> Facts: ...

    def volumes(self) -> tuple[Volume, ...]: ...

    def time(self) -> GuestTime: ...

    def freeze(self, timeout_seconds: float, writers: bool) -> FreezeReport:
        """Returns when writes are held, or when it is certain that they are not. After an error it is unknown."""

    def thaw(self) -> ThawReport | None:
        """Release the frozen volumes; None when nothing was frozen. Raises GuestGone when the guest ended meanwhile."""

    def close(self) -> None:
        """End; whatever should still be frozen is thawed by the guest."""
