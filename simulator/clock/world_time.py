"""World time as the rest of a world sees it: the thread in which its clock is driven, and what can be asked of it."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import datetime
from itertools import islice
from typing import TypeVar

from controlplane.domain.due import Due
from controlplane.domain.times import instant
from controlplane.json_object import Json
from controlplane.ports import Store
from controlplane.writer_held import about_to_wait
from simulator.clock.advance import Advance
from simulator.clock.agenda import Calendar, Worker
from simulator.clock.driver import Driver
from simulator.clock.driver import NotAtRest as NotAtRest
from simulator.clock.kept_clock import ClockRefused, ClockSettings, KeptTime, Mode
from simulator.clock.repeating import OnError
from simulator.clock.targets import Target
from simulator.clock.turns import Turns, TurnsEnded
from simulator.clock.world_clock import WorldClock

REST_SECONDS = 1.0
"""At least so much passes between two looks of a clock that follows the real time, however much is changed."""

PATIENCE_SECONDS = 0.5
"""How long somebody who only asks waits for the turn that is going on."""

_Result = TypeVar("_Result")


class WorldTime:
    """Drives one world's clock. `kept` is where it stands and how it passes; `on_error` is told of what goes wrong.

    Workers are added before there is work; nothing moves before `start`.
    """

    def __init__(
        self,
        clock: WorldClock,
        store: Store,
        kept: KeptTime,
        on_error: OnError,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._clock = clock
        self._monotonic = monotonic
        self._driver = Driver(clock, store, kept, on_error)
        self._looked = float("-inf")
        self._turns = Turns(self._turn, self._rested_at, monotonic)

    def add(self, worker: Worker) -> None:
        """From now on this one's work holds world time."""
        self._driver.add(worker, self._work_changed)

    def start(self, calendar: Calendar | None) -> None:
        """Begin to drive. Without a calendar nothing is due by itself."""
        self._driver.begin(calendar)
        if calendar is not None:
            calendar.watch(self._turns.wake)
        self._turns.open(begin=calendar is not None or self.mode is not Mode.REAL)

    def close(self) -> None:
        """Move time no more. An advance that is under way is over, and can be gone on with after the next start."""
        if self._turns.close():
            self._driver.end()

    def now(self) -> datetime:
        return self._clock.now()

    @property
    def mode(self) -> Mode:
        return self._driver.kept.mode

    def advance_of(self, number: int | None = None) -> Advance | None:
        """The one of this number, of those that are remembered; None: the one that is under way or ended last."""
        known = [*list(self._driver.ended), self._driver.advance]
        return next((each for each in reversed(known) if each and number in {None, each.id}), None)

    def holders(self) -> Sequence[str]:
        """Who works at this moment, and so holds world time."""
        return self._driver.holders()

    @property
    def is_at_work(self) -> bool:
        """Whether somebody works, or time is being advanced. Cheap."""
        return self._driver.advance is not None or bool(self._driver.holders())

    def change(self, settings: ClockSettings) -> None:
        """Have time pass in another way from now on. ClockBusy, ClockRefused."""
        self._order(lambda: self._driver.change(settings))

    def advance(self, target: Target, asked_by: str) -> Advance:
        """Begin to advance; it is over when its `over` is set. ClockBusy, ClockRefused."""
        return self._order(lambda: self._driver.advance_to(target, asked_by))

    def resume(self, target_of: Callable[[Json], Target], asked_by: str) -> Advance:
        """Go on with the advance that was cut off, to the end that it had. ClockBusy, ClockRefused."""
        return self._order(lambda: self._driver.resume(target_of, asked_by))

    def stop(self) -> Advance | None:
        """End the advance that is under way before its next instant, and wait for that; None where there is none."""
        advance = self._driver.advance
        if advance is not None:
            about_to_wait("the end of an advance")
            advance.stopping = True
            self._turns.wake()
            advance.over.wait()
        return advance

    def at_rest(self, act: Callable[[], _Result]) -> _Result:
        """Have something done between two turns, while nobody works and no time is moved. NotAtRest where somebody did,
        before or meanwhile: what was done then is worth nothing."""
        return self._order(lambda: self._driver.at_rest(act))

    def due(self, target: Target, most: int) -> tuple[datetime | None, Sequence[Due]]:
        """What an advance to this target would come upon, the first of it, and where it would end; nothing is done and
        nothing is moved. ClockRefused."""
        end = target.end(self._clock.now(), self._next_due())
        return end, list(islice(self._driver.until(end), most)) if end is not None else []

    def to_json(self) -> Json:
        """The clock as people and programs see it."""
        driver = self._driver
        advance, due = driver.advance, self._next_due()
        last = next(reversed(list(driver.ended)), None)
        idle = "internal_failure" if driver.has_failed else "ready"
        return {
            "now": instant(self._clock.now()),
            "mode": self.mode.value,
            "rate": driver.rate,
            "status": "advancing" if advance else idle,
            "target": instant(advance.end) if advance and advance.end else None,
            "next_due": instant(due) if due else None,
            "holders": driver.holders(),
            "advance": advance.progress() if advance else None,
            "last_advance": last.progress() if last else None,
            "interrupted": driver.interrupted,
        }

    def _next_due(self) -> datetime | None:
        """As it is now, or as it was before a turn that takes long."""
        if self._driver.has_calendar:
            with suppress(TurnsEnded, TimeoutError):
                return self._turns.order(self._driver.next_due, PATIENCE_SECONDS)
        return self._driver.known_due

    def _order(self, act: Callable[[], _Result]) -> _Result:
        """Have something done between two turns."""
        try:
            return self._turns.order(act)
        except TurnsEnded:
            raise ClockRefused("the clock of this world is not driven at the moment; start the world") from None

    def _work_changed(self) -> None:
        """Who works does not matter to a clock that follows the real time."""
        if not self._driver.follows_real_time:
            self._turns.wake()

    def _turn(self) -> float | None:
        self._looked = self._monotonic()
        return self._driver.turn()

    def _rested_at(self) -> float:
        return self._looked + REST_SECONDS if self._driver.follows_real_time else self._looked
