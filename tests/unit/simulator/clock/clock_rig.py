"""A clock with a driver that is turned by hand, a calendar that recurs, and a worker whose work takes real turns.

Nothing here is a thread: `Rig.run` takes turn after turn and lets work go on whenever the driver would rest.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from heapq import merge
from itertools import takewhile

from controlplane.adapters.store import SqlStore
from controlplane.domain.due import Due
from simulator.clock import kept_clock
from simulator.clock.advance import Advance
from simulator.clock.driver import Driver
from simulator.clock.kept_clock import ClockSettings, Mode
from simulator.clock.targets import Target
from simulator.clock.world_clock import WorldClock

START = datetime(2026, 3, 1, tzinfo=UTC)
DAY, HOUR = timedelta(days=1), timedelta(hours=1)
VIRTUAL = ClockSettings(Mode.VIRTUAL, start=START)
MOST_TURNS = 100_000


class RealSeconds:
    """Real time of a test: it passes when it is told to."""

    def __init__(self) -> None:
        self.seconds = 1000.0

    def monotonic(self) -> float:
        return self.seconds

    def wall(self) -> datetime:
        return datetime(2026, 11, 1, tzinfo=UTC) + timedelta(seconds=self.seconds)


@dataclass
class Work:
    """Something at work: it ends after so many rests of the driver, and then does `then`."""

    who: str
    rests: int
    then: Callable[[], None]


@dataclass
class Waits:
    who: str
    deadline: datetime | None
    is_so: Callable[[], bool]
    rests: int


class FakeWorker:
    """A Worker. `begin` is work that holds, `wait` is work that waits for a time, or for something to be so, and then
    holds as work does."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._working: list[Work] = []
        self.waiting: list[Waits] = []
        self.log: list[tuple[str, datetime]] = []
        """Who ended when, by the world's clock."""
        self.looks = 0
        self._taken: Callable[[], None] = lambda: None
        self._changed: Callable[[], None] = lambda: None

    def begin(self, who: str, rests: int = 1, then: Callable[[], None] = lambda: None) -> None:
        self._working.append(Work(who, rests, then))
        self._taken()

    def wait(
        self, who: str, deadline: datetime | None = None, is_so: Callable[[], bool] = lambda: False, rests: int = 1
    ) -> None:
        self.waiting.append(Waits(who, deadline, is_so, rests))
        self._changed()

    def go_on(self) -> None:
        """A moment of real time passes for whoever works."""
        for work in list(self._working):
            work.rests -= 1
            if work.rests <= 0:
                self.log.append((work.who, self._now()))
                work.then()
                self._working.remove(work)
                self._changed()

    def holders(self) -> Sequence[str]:
        return [work.who for work in self._working]

    def look(self) -> bool:
        self.looks += 1
        now = self._now()
        over = [each for each in self.waiting if each.is_so() or (each.deadline is not None and each.deadline <= now)]
        for each in over:
            self.waiting.remove(each)
            self.begin(each.who, each.rests)
        return bool(over)

    def next_deadline(self) -> datetime | None:
        return min((each.deadline for each in self.waiting if each.deadline), default=None)

    def watch(self, taken: Callable[[], None], changed: Callable[[], None]) -> None:
        self._taken, self._changed = taken, changed


@dataclass
class Rule:
    """One sort of entry: it is due at `first` and, with a period, again and again."""

    what: str
    first: datetime
    period: timedelta | None
    act: Callable[[], None]
    next: datetime | None = None

    def times(self, since: datetime | None) -> Iterator[datetime]:
        time = since
        while time is not None:
            yield time
            time = time + self.period if self.period else None


class FakeCalendar:
    """A Calendar. `log` says what was done, and what the clock said then."""

    def __init__(self, now: Callable[[], datetime]) -> None:
        self._now = now
        self._rules: list[Rule] = []
        self.log: list[tuple[str, datetime, datetime]] = []
        """What, when it was due, and when it was done."""
        self.failures: list[Exception] = []
        """What the next runs raise."""
        self.in_the_way: list[Callable[[], None]] = []
        """What happens in the next runs, each of which does nothing because of it."""
        self.is_stuck = False
        self._changed: Callable[[], None] = lambda: None

    def add(
        self,
        what: str,
        first: datetime,
        period: timedelta | None = None,
        act: Callable[[], None] = lambda: None,
    ) -> None:
        self._rules.append(Rule(what, first, period, act, first))
        self._changed()

    def remove(self, what: str) -> None:
        self._rules = [rule for rule in self._rules if rule.what != what]
        self._changed()

    def next_due(self) -> datetime | None:
        return min((rule.next for rule in self._rules if rule.next is not None), default=None)

    def run(self) -> Sequence[Due]:
        if self.failures:
            raise self.failures.pop(0)
        if self.in_the_way:
            self.in_the_way.pop(0)()
            return []
        if self.is_stuck:
            return []
        now, done = self._now(), list[Due]()
        while (due := self.next_due()) is not None and due <= now:
            for rule in [rule for rule in self._rules if rule.next == due]:
                rule.next = rule.next + rule.period if rule.next and rule.period else None
                self.log.append((rule.what, due, now))
                done.append(Due(due, "backup", rule.what))
                rule.act()
        return done

    def until(self, end: datetime) -> Iterator[Due]:
        all_times = merge(*([Due(t, "backup", r.what) for t in _up_to(r, end)] for r in self._rules))
        return iter(all_times)

    def watch(self, changed: Callable[[], None]) -> None:
        self._changed = changed


def _up_to(rule: Rule, end: datetime) -> Sequence[datetime]:
    return list(takewhile(lambda time: time <= end, rule.times(rule.next)))


@dataclass
class Rig:
    """A driven clock over a store. A second one over the same store is the world after a restart."""

    store: SqlStore
    real: RealSeconds = field(default_factory=RealSeconds)
    settings: ClockSettings = VIRTUAL
    errors: list[Exception] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.clock = WorldClock(self.real.wall, self.real.monotonic)
        kept = kept_clock.restored(self.clock, kept_clock.read(self.store), self.settings)
        self.driver = Driver(self.clock, self.store, kept, self.errors.append)
        self.worker = FakeWorker(self.clock.now)
        self.calendar = FakeCalendar(self.clock.now)
        self.driver.add(self.worker, lambda: None)
        self.driver.begin(self.calendar)

    def run(self, until: Callable[[], bool] | None = None, most_real_seconds: float = 1e9) -> None:
        """Turn after turn, until that is so or (None) until there is nothing more to do but for new work."""
        end = self.real.seconds + most_real_seconds
        for _ in range(MOST_TURNS):
            rest = self.driver.turn()
            if (until is not None and until()) or self.real.seconds >= end:
                return
            if rest == 0:
                continue
            works = bool(self.worker.holders())
            if rest is None and not works:
                assert until is None, "there is nothing to do, and it is not so"
                return
            self.real.seconds += min(rest or 0.1, end - self.real.seconds)
            self.worker.go_on()
        raise AssertionError("it goes on for ever")

    def advance(self, target: Target, asked_by: str = "a test") -> Advance:
        """Begin one, and see it through."""
        advance = self.driver.advance_to(target, asked_by)
        self.run(until=advance.over.is_set)
        return advance

    def now(self) -> datetime:
        return self.clock.now()
