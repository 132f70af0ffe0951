"""Which machines hold world time: the host's part of what `simulator/clock/agenda.py` calls a Worker.

A machine says what it works on, and holds as long as that is something. Whoever gives it work asks it again in the same
thread, so no work begins unseen. A machine that gives no sign of life for some real seconds holds no more, since its
handler may hang for ever; with the next sign it holds again.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime
from threading import Lock
from typing import Protocol

from simulator.clock.real_time import RealTime

LAPSE_SECONDS = 30.0
"""Real time without a sign of life after which a machine does not hold world time any more."""
SILENT_SECONDS = 5.0
"""The same after which whoever waits for it is told."""


class Holder(Protocol):
    """A machine. It only reads what it has in memory."""

    @property
    def name(self) -> str: ...

    @property
    def longest_silence_seconds(self) -> float:
        """How long it may be silent, beside the usual, because of what it is doing at this moment."""

    def works_on(self) -> Sequence[str]:
        """What it works on at this moment, each in a few words for people; empty: nothing."""

    def gives_up_at(self) -> datetime | None:
        """The earliest world time at which something that it was asked for counts as failed; None: nothing waits."""


@dataclass(slots=True)
class _Hold:
    works: tuple[str, ...]
    life: datetime
    """Real time of the last sign of life."""
    lapsed: bool = False
    told: bool = False
    """That it is silent."""


@dataclass(frozen=True, slots=True)
class Silence:
    """Of a machine that has given no sign of life for a while."""

    holder: Holder
    works: tuple[str, ...]
    since: datetime
    """Real time of the last sign of life."""


class Holds:
    """The holds of one host. Thread-safe; its lock is held while `taken` and `changed` are called."""

    def __init__(self, real_time: RealTime, lapse_seconds: float = LAPSE_SECONDS) -> None:
        self._real_time = real_time
        self._lapse_seconds = lapse_seconds
        self._lock = Lock()
        self._holds: dict[Holder, _Hold] = {}
        self._deadlines: dict[Holder, datetime] = {}
        self._taken: Callable[[], None] = _nobody
        self._changed: Callable[[], None] = _nobody

    def watch(self, taken: Callable[[], None], changed: Callable[[], None]) -> None:
        """Call `taken` for each hold that is taken, before the taker goes on, and `changed` for each that is let go of
        or lapses, and when a deadline has changed."""
        with self._lock:
            self._taken, self._changed = taken, changed

    def update(self, holder: Holder) -> None:
        """Ask a machine again what it works on. Work that is new is a sign of life."""
        with self._lock:
            works, deadline = tuple(holder.works_on()), holder.gives_up_at()
            hold, held = self._holds.get(holder), self._is_held(holder)
            if not works:
                self._holds.pop(holder, None)
            elif hold is None:
                self._holds[holder] = _Hold(works, self._real_time.now())
            else:
                if set(works) - set(hold.works):
                    self._live(hold)
                hold.works = works
            is_other = deadline != self._deadlines.get(holder)
            if deadline is None:
                self._deadlines.pop(holder, None)
            else:
                self._deadlines[holder] = deadline
            self._tell(held, self._is_held(holder), is_other)

    def sign_of_life(self, holder: Holder) -> None:
        """A machine has done something that can be seen."""
        with self._lock:
            hold = self._holds.get(holder)
            if hold is not None:
                held = self._is_held(holder)
                self._live(hold)
                self._tell(held, self._is_held(holder), False)

    def forget(self, holder: Holder) -> None:
        """It is gone."""
        with self._lock:
            held, deadline = self._is_held(holder), self._deadlines.pop(holder, None)
            self._holds.pop(holder, None)
            self._tell(held, False, deadline is not None)

    def holders(self) -> list[str]:
        with self._lock:
            return [f"{each.name}: {', '.join(hold.works)}" for each, hold in self._holds.items() if not hold.lapsed]

    def next_deadline(self, now: datetime) -> datetime | None:
        """The earliest one after this world time."""
        with self._lock:
            return min((each for each in self._deadlines.values() if each > now), default=None)

    def silent(self, *, new: bool = False) -> list[Silence]:
        """Those who have given no sign of life for some seconds; `new`: only those that were not told of before."""
        found = []
        with self._lock:
            if not self._holds:
                return []
            now = self._real_time.now()
            for holder, hold in self._holds.items():
                limit = SILENT_SECONDS + holder.longest_silence_seconds
                if (now - hold.life).total_seconds() >= limit and not (new and hold.told):
                    hold.told = hold.told or new
                    found.append(Silence(holder, hold.works, hold.life))
        return found

    def lapse(self) -> list[Silence]:
        """Let go of the holds of those who gave no sign of life for too long: which these are."""
        lapsed = []
        with self._lock:
            if not self._holds:
                return []
            now = self._real_time.now()
            for holder, hold in self._holds.items():
                limit = self._lapse_seconds + holder.longest_silence_seconds
                if not hold.lapsed and (now - hold.life).total_seconds() >= limit:
                    hold.lapsed = True
                    lapsed.append(Silence(holder, hold.works, hold.life))
            if lapsed:
                self._changed()
        return lapsed

    def _is_held(self, holder: Holder) -> bool:
        hold = self._holds.get(holder)
        return hold is not None and not hold.lapsed

    def _live(self, hold: _Hold) -> None:
        hold.life = self._real_time.now()
        hold.lapsed = hold.told = False

    def _tell(self, held: bool, holds: bool, is_other_deadline: bool) -> None:
        if holds and not held:
            self._taken()
        if (held and not holds) or is_other_deadline:
            self._changed()


def _nobody() -> None:
    """Nobody watches."""
