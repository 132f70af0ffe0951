"""What a clock does next: have what is due done at its instant, let time flow, or move time that stands.

Everything that a clock does happens in turns, one after the other and in one thread (`world_time.py`). A turn looks who
works and what is due, does the next thing, and says for how many real seconds there is nothing to do.

Time that stands is moved only when the world has *settled*: nobody holds, nothing goes on when all that waits is asked,
and no hold was taken meanwhile. The place it is moved to is written to the store before, so a world that is killed
stands there and does what is due there, once.
"""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import datetime, timedelta
from typing import TypeVar

from controlplane.domain.due import Due
from controlplane.domain.errors import ServiceError
from controlplane.domain.events import clock as events
from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json
from controlplane.ports import PortError, Store
from simulator.clock import kept_clock
from simulator.clock.advance import Advance, Reason, WhatRan
from simulator.clock.agenda import Calendar, Worker
from simulator.clock.kept_clock import ClockRefused, ClockSettings, KeptTime, Mode
from simulator.clock.repeating import OnError
from simulator.clock.targets import Target
from simulator.clock.world_clock import WorldClock

LONGEST_SLEEP_SECONDS = 60.0
"""Of a clock that follows the real time: the date of a machine may be set anew while it sleeps."""
HOLDERS_POLL_SECONDS = 0.5
"""How often whoever works is asked again, also where nobody tells that he ended: a hold may lapse."""
RETRY_SECONDS = 10.0
"""After something that was due could not be done."""
MOST_REMEMBERED = 8
"""Advances that have ended, and of which somebody may still ask what they did."""
WORK_BEGAN = "work that began meanwhile"
_Result = TypeVar("_Result")
AHEAD_SECONDS = 1.0
"""Real time for which the place of a scaled clock is written ahead: it goes no further before that is written again."""


class ClockBusy(Exception):
    """An advance is under way; `advance` says whose and how far it is."""

    def __init__(self, advance: Advance) -> None:
        super().__init__(f"world time is being advanced {advance.how_far()}; wait for its end, or stop it")
        self.advance = advance


class NotAtRest(Exception):
    """Somebody works, or began to while it mattered that nobody does; the text says who."""


class CalendarStuck(Exception):
    """What is due was not done, and is due still."""


class Driver:
    """Drives one clock. `kept` is where it stands and how it passes; `on_error` is told of what goes wrong.

    One thread calls the verbs; the properties may be read by all. Workers are added before there is work.
    """

    def __init__(self, clock: WorldClock, store: Store, kept: KeptTime, on_error: OnError) -> None:
        self._clock = clock
        self._store = store
        self._on_error = on_error
        self._workers: tuple[Worker, ...] = ()
        self._calendar: Calendar | None = None
        self.known_due: datetime | None = None
        """What is due next, as far as the last turn saw."""
        self.kept = kept
        self.advance: Advance | None = None
        """The one that is under way."""
        self.ended: deque[Advance] = deque(maxlen=MOST_REMEMBERED)
        """Those that ended last, the newest at the end."""
        self.has_failed = False
        """The last one has failed, and nobody has set the clock since."""

    def add(self, worker: Worker, changed: Callable[[], None]) -> None:
        """From now on this one's work holds world time; `changed` is told when it ends."""
        self._workers = (*self._workers, worker)
        worker.watch(self._clock.taken, changed)

    def begin(self, calendar: Calendar | None) -> None:
        """Without a calendar nothing is due by itself."""
        self._calendar = calendar
        self._pass_on()
        self._write(self.kept.position)

    def end(self) -> None:
        """Time is moved no more. An advance that is under way is over, and can be gone on with after the next start."""
        if not self.follows_real_time:
            self._clock.stand()
        try:
            self._write()
        except PortError as problem:
            self._on_error(problem)
        if self.advance is not None:
            self._over(self.advance, Reason.CLOSED)

    @property
    def follows_real_time(self) -> bool:
        return self.kept.mode is Mode.REAL and self.advance is None

    @property
    def rate(self) -> float:
        """World seconds that pass in a real second while nobody works."""
        return {Mode.REAL: 1.0, Mode.SCALED: self.kept.rate, Mode.VIRTUAL: 0.0}[self.kept.mode]

    @property
    def interrupted(self) -> Json | None:
        """An advance that failed, or was cut off by the end of the world."""
        return self.kept.advance if self.advance is None else None

    def holders(self) -> list[str]:
        """Who works at this moment, and so holds world time."""
        return [who for worker in self._workers for who in worker.holders()]

    @property
    def has_calendar(self) -> bool:
        return self._calendar is not None

    def next_due(self) -> datetime | None:
        self.known_due = self._calendar.next_due() if self._calendar is not None else None
        return self.known_due

    def until(self, end: datetime) -> Iterator[Due]:
        """What is due until then, as far as it is known."""
        return self._calendar.until(end) if self._calendar is not None else iter(())

    # ------------------------------------------------------------------------------------------------- what is ordered

    def change(self, settings: ClockSettings) -> None:
        """Have time pass in another way from now on. ClockBusy, ClockRefused."""
        self._refuse_while_busy()
        if settings.start is not None:
            raise ClockRefused("a world that runs is moved by advancing it")
        mode = settings.mode or self.kept.mode
        if settings.rate is not None and mode is not Mode.SCALED:
            raise ClockRefused(f"a rate belongs to a scaled clock, and this one is {mode}")
        before = self.kept
        self.kept = replace(before, mode=mode, rate=settings.rate or before.rate)
        try:
            self._pass_on()
            with self._store.transaction():
                self._write()
                self._store.record(events.ClockChanged(mode.value, self.rate).event())
        except Exception:
            self.kept = before
            self._pass_on()
            raise
        self.has_failed = False

    def advance_to(self, target: Target, asked_by: str, end: datetime | None = None) -> Advance:
        """Begin to advance, to this end if there is one; it is over when its `over` is set. ClockBusy, ClockRefused."""
        self._refuse_while_busy()
        now = self._clock.stand()
        before, number = self.kept, self.kept.advances + 1
        try:
            end = target.end(now, self.next_due()) if end is None else end
            with self._store.transaction():
                event = self._store.record(events.AdvanceBegan(number, target.words, asked_by).event())
                advance = Advance(number, target, asked_by, now, end, WhatRan(self._store, event), now, event)
                self.kept = replace(before, advance=advance.kept(), advances=number)
                self._write()
        except Exception:
            self.kept = before
            self._pass_on()
            raise
        self.advance = advance
        return advance

    def resume(self, target_of: Callable[[Json], Target], asked_by: str) -> Advance:
        """Go on with the advance that was cut off, to the end that it had. ClockBusy, ClockRefused."""
        self._refuse_while_busy()
        cut_off = self.interrupted
        if cut_off is None:
            raise ClockRefused("no advance was cut off; begin one with backupsim clock advance")
        end = parse_instant(cut_off["end"]) if cut_off["end"] else None
        return self.advance_to(target_of(cut_off["asked"]), asked_by, end)

    def at_rest(self, act: Callable[[], _Result]) -> _Result:
        """Have something done while nobody works. NotAtRest: somebody did, before or meanwhile, and then what was done
        is worth nothing."""
        if self.advance is not None:
            raise NotAtRest(f"world time is being advanced {self.advance.how_far()}")
        generation = self._settle()
        if generation is None:
            raise NotAtRest(", ".join(self.holders()) or WORK_BEGAN)
        due = self.next_due()
        if due is not None and due <= self._clock.now():
            raise NotAtRest(f"what was due at {instant(due)} has yet to be done")
        self._write()
        result = act()
        if generation != self._clock.generation:
            raise NotAtRest(", ".join(self.holders()) or WORK_BEGAN)
        return result

    def _refuse_while_busy(self) -> None:
        if self.advance is not None:
            raise ClockBusy(self.advance)

    # ------------------------------------------------------------------------------------------------------- the turns

    def turn(self) -> float | None:
        """Do the next thing; for how many real seconds there is nothing else to do (None: until somebody works, ends or
        changes what lies ahead)."""
        try:
            if self.advance is not None:
                return self._go_on(self.advance)
            return {Mode.REAL: self._real, Mode.SCALED: self._scaled, Mode.VIRTUAL: self._virtual}[self.kept.mode]()
        except Exception as problem:  # noqa: BLE001 - on_error says what it means; time goes on when it can
            self._fail(problem)
            return RETRY_SECONDS

    def _pass_on(self) -> None:
        """Let time pass as the mode says, from where it is."""
        if self.kept.mode is Mode.REAL:
            self.kept = replace(self.kept, offset=self._clock.follow())
        else:
            self._clock.stand()  # a scaled clock begins to flow in its turn

    def _real(self) -> float | None:
        due, now = self.next_due(), self._clock.now()
        if due is None:
            return None
        if due > now:
            return min((due - now).total_seconds(), LONGEST_SLEEP_SECONDS)
        self._write()
        self._run_due(now)
        return 0.0

    def _scaled(self) -> float | None:
        """Time flows up to the next instant at which something happens, and waits there until that has begun."""
        generation, works = self._clock.generation, bool(self.holders())
        now, due = self._clock.now(), self.next_due()  # read last, so that nobody who works changes it unseen
        if due is not None and due <= now:
            self._write()
            self._run_due(now)
            return 0.0
        if self._deadlines(lambda deadline: deadline <= now):
            self._look()
        written = self.kept.position or now
        if written - now <= timedelta(seconds=self.kept.rate * AHEAD_SECONDS / 2):
            written = now + timedelta(seconds=self.kept.rate * AHEAD_SECONDS)
            self._write(written)
        limit = min([written, *([due] if due else []), *self._deadlines(lambda deadline: deadline > now)])
        rate = 1.0 if works else self.kept.rate
        if not self._clock.flow(rate, limit, generation):
            return 0.0
        return min((limit - now).total_seconds() / rate, HOLDERS_POLL_SECONDS / 2)

    def _virtual(self) -> float | None:
        """Time stands; where work waits for a time and nobody works, it goes there."""
        generation = self._settle()
        if generation is None:
            return HOLDERS_POLL_SECONDS
        now, due = self._clock.now(), self.next_due()
        if due is not None and due <= now:
            self._run_due(now)
            return 0.0
        deadlines = self._deadlines(lambda deadline: deadline > now)
        if not deadlines:
            return None
        self._move(due, min(deadlines), generation)
        return 0.0

    # --------------------------------------------------------------------------------------------------------- advance

    def _go_on(self, advance: Advance) -> float:
        """To the next instant of an advance, or to its end."""
        if advance.stopping:
            advance.ran.read_on()
            return self._end(advance, Reason.STOPPED)
        generation = self._settle()
        if generation is None:
            return HOLDERS_POLL_SECONDS
        advance.ran.read_on()
        target, now, due = advance.target, self._clock.now(), self.next_due()
        if due is not None and due <= now:
            self._run_due(now)
            return 0.0
        if target.is_so is not None and target.is_so():
            return self._end(advance, Reason.REACHED)
        end = advance.end
        deadlines = self._deadlines(lambda deadline: now < deadline and (end is None or deadline <= end))
        ahead = [*deadlines, *([due] if due is not None and end is not None and due <= end else [])]
        if ahead:
            self._move(due, min(ahead), generation)
        elif target.ends_there and end is not None and now < end:
            self._move(due, end, generation)
        elif target.is_so is None:
            return self._end(advance, Reason.REACHED)
        else:
            return self._end(advance, Reason.LIMIT if due or self._deadlines(None) else Reason.NOTHING_AHEAD)
        return 0.0

    def _end(self, advance: Advance, reason: Reason, problem: str | None = None) -> float:
        told = events.AdvanceEnded(advance.id, reason.value, advance.instants, advance.ran.job_count, problem)
        try:
            self._pass_on()
            if reason is not Reason.FAILED:  # that one can be gone on with
                self.kept = replace(self.kept, advance=None)
            with self._store.transaction():
                self._write()
                self._store.record(told.event(parent=advance.event))
        finally:
            self._over(advance, reason, problem)
        return 0.0

    def _over(self, advance: Advance, reason: Reason, problem: str | None = None) -> None:
        advance.reason, advance.problem, advance.now = reason, problem, self._clock.now()
        self.ended.append(advance)
        self.advance, self.has_failed = None, reason is Reason.FAILED
        advance.over.set()

    def _fail(self, problem: Exception) -> None:
        """Something could not be done. An advance ends with it; otherwise it is tried again."""
        advance = self.advance
        if advance is None:
            self._on_error(problem)
            return
        expected = isinstance(problem, PortError | ServiceError | ClockRefused | CalendarStuck)
        text = str(problem) if expected else f"an unexpected error, {type(problem).__name__}; the world's log has it"
        if not expected:
            self._on_error(problem)
        try:
            self._end(advance, Reason.FAILED, text)
        except PortError as further:
            self._on_error(further)

    # --------------------------------------------------------------------------------------------------- what they use

    def _settle(self) -> int | None:
        """How many holds had been taken when the world had settled; None where somebody works."""
        generation = self._clock.generation
        if self.holders() or self._look() or self.holders():
            return None
        return generation

    def _look(self) -> bool:
        """Every worker is asked, also where the first goes on."""
        going_on = [worker.look() for worker in self._workers]
        return any(going_on)

    def _deadlines(self, which: Callable[[datetime], bool] | None) -> list[datetime]:
        times: Iterator[datetime | None] = (worker.next_deadline() for worker in self._workers)
        return [each for each in times if each is not None and (which is None or which(each))]

    def _run_due(self, now: datetime) -> None:
        """Do what is due now. What something else works on is left alone, and is due again once that has ended: it may
        have begun and ended meanwhile, which the holds tell that were taken."""
        assert self._calendar is not None
        generation, before = self._clock.generation, self.next_due()
        done = self._calendar.run()
        after = self.next_due()
        is_left = not done and after is not None and after <= now and after == before
        if is_left and generation == self._clock.generation:
            assert after is not None
            raise CalendarStuck(f"what was due at {instant(after)} could not be done, and is due still")
        if self.advance is not None:
            self.advance.ran.note_due(done)

    def _move(self, due: datetime | None, to: datetime, generation: int) -> None:
        """To this time, or to an earlier one at which something is due; where somebody began to work, nowhere. What is
        due there is begun at once, so that it starts together with work that waited for the same instant."""
        advance, since = self.advance, self._clock.now()
        to = min(to, due) if due is not None else to
        self._write(to)
        if not self._clock.move(to, generation):
            return
        if advance is not None:
            advance.instants += 1
            advance.now = to
        reason = "calendar" if to == due else "target" if advance is not None and advance.end == to else "deadline"
        self._store.record(events.ClockMoved(instant(since), reason, advance.id if advance else None).event())
        if to == due:
            self._run_due(to)
            self._look()

    def _write(self, position: datetime | None = None) -> None:
        """Note where time is (None), or is about to go."""
        self.kept = replace(self.kept, position=position or self._clock.now())
        kept_clock.write(self._store, self.kept)
