"""Keeps the database of a guest without VSS at rest between a script's freeze and its thaw.

A program that was told to stop goes on by itself when the time it was given has passed: a script that dies must not
stop it for ever. Whoever thaws then is told so, since what was snapshotted meanwhile need not be at rest.
"""

from __future__ import annotations

from collections.abc import Callable
from datetime import datetime, timedelta
from threading import Lock

from controlplane.domain.events import machines as events
from controlplane.domain.events.event import Fact
from simulator.clock.real_time import RealTime
from simulator.guest.vss.writer import WriterFailed
from simulator.guest.workload.workload import DatabaseWorkload

LONGEST_SECONDS = 1800.0
"""As long as scripts are waited for at most."""
LOOK_SECONDS = 1.0
COMING_TO_REST_SECONDS = 30.0
"""Real time that the running transaction may take to end."""


class NotAtRest(RuntimeError):
    """The database did not do what a script asked for; says why."""


class Quiescence:
    """Thread-safe. All of its times are real ones, as those of scripts are."""

    def __init__(self, database: DatabaseWorkload, real_time: RealTime, on_event: Callable[[Fact], None]) -> None:
        self._database = database
        self._real_time = real_time
        self._on_event = on_event
        self._lock = Lock()
        self._since: datetime | None = None
        self._until = datetime.max
        self._stop_looking: Callable[[], None] = lambda: None

    @property
    def at_rest(self) -> bool:
        return self._since is not None

    def freeze(self, seconds: float) -> None:
        """Bring it to rest for so many seconds at most."""
        if not 0 < seconds <= LONGEST_SECONDS:
            raise NotAtRest(f"the seconds have to be more than 0 and at most {LONGEST_SECONDS:g}")
        with self._lock:
            if self._since is not None:
                raise NotAtRest("the database is at rest already")
            now = self._real_time.now()
            try:
                self._database.freeze(now + timedelta(seconds=COMING_TO_REST_SECONDS))
            except WriterFailed as problem:
                raise NotAtRest(str(problem)) from problem
            self._since = self._real_time.now()
            self._until = self._since + timedelta(seconds=seconds)
            self._stop_looking = self._real_time.every(LOOK_SECONDS, self._look)
        self._on_event(events.WorkloadHeld(self._database.name, seconds))

    def thaw(self) -> None:
        if not self._release("script"):
            raise NotAtRest("the database is not at rest; if a script froze it, its time had passed")

    def close(self) -> None:
        """The machine stops."""
        self._release("shutdown")

    def _look(self) -> None:
        if self._real_time.now() >= self._until:
            self._release("limit")

    def _release(self, by: str) -> bool:
        with self._lock:
            since, self._since = self._since, None
            if since is None:
                return False
            self._stop_looking()
            self._database.thaw()
        held = (self._real_time.now() - since).total_seconds()
        self._on_event(events.WorkloadReleased(self._database.name, by, round(held, 3)))
        return True
