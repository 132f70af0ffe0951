"""What a clock has to know before it may move world time: who works, and what is due.

World time passes only while nobody works. Whoever works is a *holder*, and says so through its Worker. No work begins
unseen: whoever starts some makes itself a holder in the thread of whoever caused it, before that one lets go.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from datetime import datetime
from typing import Protocol

from controlplane.domain.due import Due

Told = Callable[[], None]
"""Something to be told of; it is cheap, takes no lock but the clock's, calls nobody back and may be called in any
thread, also with the caller's own locks held and inside a commit."""


class Worker(Protocol):
    """Somebody whose work holds world time: the engine, the host, the requests that are being served.

    The clock calls these verbs with none of its own locks held, so a worker may use its locks in them."""

    def holders(self) -> Sequence[str]:
        """Who works at this moment, in a few words each, for people; empty: nobody. Cheap, since it is asked often."""

    def look(self) -> bool:
        """Ask at once for everything that waits; True when something goes on because of it. What goes on is a holder
        before this returns."""

    def next_deadline(self) -> datetime | None:
        """The earliest world time at which waiting work gives up or goes on; None: nothing waits for a time. Once the
        clock stands there, `look` makes that work go on."""

    def watch(self, taken: Told, changed: Told) -> None:
        """From now on call `taken` for each hold that is taken, after `holders` shows it and before the taker goes on:
        while it is called no time is moved, and none after it until the hold is let go of. Call `changed` whenever a
        hold was let go of, or a deadline came or changed. Called once, before there is work."""


class Calendar(Protocol):
    """What the service does by itself: backups that are due, expiries, purges, ends of sessions."""

    def next_due(self) -> datetime | None:
        """The earliest instant at which something is to be done; one that has passed: at once. None: nothing lies
        ahead. It says what is so after every commit that has returned."""

    def run(self) -> Sequence[Due]:
        """Do everything that is due by the clock's now, in order; what was done. Afterwards `next_due` is later than
        the now at which this was called, also where something could not be done. Jobs are begun, not waited for: they
        are holders of the engine before this returns. Called by one thread at a time."""

    def until(self, end: datetime) -> Iterator[Due]:
        """What is due until then, `end` included, in order and as far as it is known now: the runs of a schedule recur,
        what a backup will leave to expire is not yet there. Nothing is done."""

    def watch(self, changed: Told) -> None:
        """From now on call `changed` whenever a commit may have changed `next_due`. Called once."""
