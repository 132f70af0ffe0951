"""Carries out the scripts that are set for the VSS of one guest, from one boot of it to the next.

What is asked of a writer or of VSS looks through the scripts in the order in which they were set; the first rule that
fits acts. A guest that boots begins anew: services were restarted, and what was counted begins at nothing.

Limits count real seconds: a writer that hangs lets the time pass until its event's limit, and then counts as failed. A
hang that is to last longer goes on in world time: until it is over the writer answers nobody, and nobody waits for it
again.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple, Protocol
from uuid import NAMESPACE_DNS, uuid5

from controlplane.ports import Clock
from controlplane.writer_held import about_to_wait
from simulator.clock.real_time import RealTime
from simulator.faults.vss_script import Does, Script, VssRule, WriterRule
from simulator.guest.vss.hresult import Hresult
from simulator.guest.vss.scripting import Change, Obstacle, Step
from simulator.guest.vss.writer import AT_REST, Writer, WriterClass, WriterEvent, WriterFailed
from simulator.guest.vss.writers import ALL

WHO = "asked by a script"
"""The end of what a writer or VSS says of itself, so that nobody takes it for a bug of the simulator."""


class Standing(NamedTuple):
    """A script that is set. `acted` is told when one of its rules has."""

    number: int
    script: Script
    acted: Callable[[str], None]


class Pause(Protocol):
    """Lets real seconds pass."""

    def __call__(self, seconds: float) -> None: ...

    def end(self) -> None:
        """Nobody waits any more, now or later."""


class RealPause:
    def __init__(self) -> None:
        self._ended = threading.Event()

    def __call__(self, seconds: float) -> None:
        about_to_wait("a slow program of a guest")
        self._ended.wait(seconds)

    def end(self) -> None:
        self._ended.set()


@dataclass
class _Count:
    """What a rule has done since the guest booted."""

    acted: int = 0
    mended: bool = False


class Laboratory:
    """The VssScript of one guest. `standing` is asked each time: what is set and cleared counts at once."""

    def __init__(
        self, standing: Callable[[], Sequence[Standing]], clock: Clock, real_time: RealTime, pause: Pause
    ) -> None:
        self._standing = standing
        self._clock = clock
        self._real_time = real_time
        self._pause = pause
        self._lock = threading.Lock()
        self._counts: dict[tuple[int, str, int], _Count] = {}
        self._hung: dict[str, tuple[int, datetime]] = {}
        """Writer -> the script by which it hangs, and the world time until which it does."""
        self._installed: dict[str, Writer] = {}
        self._met: set[int] = set()
        """Scripts by which other writers answered."""

    # ------------------------------------------------------------------------------------------------- the VssScript

    def roster(self, installed: Sequence[Writer]) -> list[Writer]:
        standing = self._standing()
        if not standing:
            return list(installed)
        missing = {name for each in standing for name in each.script.missing}
        there = {writer.writer_class.name for writer in installed}
        numbers = {each.number for each in standing}
        with self._lock:
            self._counts = {key: count for key, count in self._counts.items() if key[0] in numbers}
            others = [
                self._installed.setdefault(name, Writer(ALL[name], str(uuid5(NAMESPACE_DNS, name))))
                for name in dict.fromkeys(name for each in standing for name in each.script.installed)
                if name not in there
            ]
        found = [writer for writer in (*installed, *others) if writer.writer_class.name not in missing]
        for each in standing:
            changes = set(each.script.missing) & there or set(each.script.installed) - there
            if changes and each.number not in self._met:
                self._met.add(each.number)
                each.acted("other writers answer")
        for writer in found:
            if writer.state in AT_REST:
                self._rest(standing, writer)
        return found

    def before(self, writer: WriterClass, event: WriterEvent, deadline: datetime) -> None:
        standing = self._standing()
        if not standing or event is WriterEvent.ABORT:
            return
        if self._hangs_still(standing, writer.name):
            raise WriterFailed(Hresult.WRITER_NOT_RESPONDING, f"the writer does not answer, {WHO}")
        taken = self._taken(standing, writer, event, lambda rule: rule.does is not Does.CHANGES)
        if taken is None:
            return
        number, rule = taken
        if rule.does is Does.SLOWS:
            left = self._left(deadline)
            self._pause(min(rule.seconds, left))
            if rule.seconds > left:  # VSS does not wait for it any more
                raise WriterFailed(Hresult.WRITER_TIMEOUT, f"{rule.says}, {WHO}")
        elif rule.does is Does.HANGS:
            self._hang(number, rule, writer, event, deadline)
        else:
            raise WriterFailed(rule.hresult, f"{rule.says}, {WHO}")

    def after(self, writer: WriterClass, event: WriterEvent) -> Change | None:
        standing = self._standing()
        if not standing or event is WriterEvent.ABORT:
            return None
        taken = self._taken(standing, writer, event, lambda rule: rule.does is Does.CHANGES)
        return None if taken is None else Change(taken[1].state, taken[1].hresult, f"{taken[1].says}, {WHO}")

    def at(self, step: Step, with_writers: bool) -> Obstacle | None:
        if step is Step.HOLD:
            return None
        rule = self._vss_rule(step, with_writers)
        return None if rule is None else Obstacle(rule.hresult, f"{rule.says}, {WHO}")

    def hold_seconds(self, with_writers: bool) -> float | None:
        rule = self._vss_rule(Step.HOLD, with_writers)
        return None if rule is None else rule.seconds

    def restarted(self, service: str) -> None:
        """Rules that this mends act no more, and a writer in that service that hung has begun anew."""
        standing = self._standing()
        with self._lock:
            for each in standing:
                rules = [("writers", index, rule.mends_with) for index, rule in enumerate(each.script.writers)]
                rules += [("vss", index, rule.mends_with) for index, rule in enumerate(each.script.vss)]
                for kind, index, mends_with in rules:
                    if mends_with and mends_with.lower() == service.lower():
                        self._count(each, kind, index).mended = True
            for name in list(self._hung):
                if ALL[name].service.lower() == service.lower():
                    del self._hung[name]

    def end(self) -> None:
        self._pause.end()

    # -------------------------------------------------------------------------------------------------------- the rules

    def _taken(
        self,
        standing: Sequence[Standing],
        writer: WriterClass,
        event: WriterEvent | None,
        fits: Callable[[WriterRule], bool],
    ) -> tuple[int, WriterRule] | None:
        """The first rule for this writer at this event that still acts, counted."""
        for each in standing:
            for index, rule in enumerate(each.script.writers):
                is_it = rule.at is event and rule.names(writer.name) and fits(rule)
                if is_it and self._acts(each, "writers", index, rule):
                    each.acted(f"{rule.does} {event or 'at rest'} {writer.name}")
                    return each.number, rule
        return None

    def _vss_rule(self, step: Step, with_writers: bool) -> VssRule | None:
        for each in self._standing():
            for index, rule in enumerate(each.script.vss):
                is_it = rule.at is step and rule.writers in {None, with_writers}
                if is_it and self._acts(each, "vss", index, rule):
                    each.acted(f"{step} with{'' if with_writers else 'out'} writers")
                    return rule
        return None

    def _acts(self, standing: Standing, kind: str, index: int, rule: WriterRule | VssRule) -> bool:
        with self._lock:
            count = self._count(standing, kind, index)
            if count.mended or count.acted >= rule.times:
                return False
            count.acted += 1
            return True

    def _count(self, standing: Standing, kind: str, index: int) -> _Count:
        """Call with the lock."""
        return self._counts.setdefault((standing.number, kind, index), _Count())

    def _rest(self, standing: Sequence[Standing], writer: Writer) -> None:
        """Once for each script: what a writer became since the last backup shows until the next requester comes."""
        for each in standing:
            for index, rule in enumerate(each.script.writers):
                if rule.at is not None or not rule.names(writer.writer_class.name):
                    continue
                with self._lock:
                    count = self._counts.setdefault((each.number, f"rest {writer.writer_class.name}", index), _Count())
                    first, count.acted = count.acted == 0, 1
                if first and rule.times > 0:
                    writer.change(Change(rule.state, rule.hresult, f"{rule.says}, {WHO}"), self._real_time.now())
                    each.acted(f"{rule.does} at rest {writer.writer_class.name}")

    def _hang(self, number: int, rule: WriterRule, writer: WriterClass, event: WriterEvent, deadline: datetime) -> None:
        left = self._left(deadline)
        if rule.seconds <= left:
            self._pause(rule.seconds)
            return
        with self._lock:
            self._hung[writer.name] = number, self._clock.now() + timedelta(seconds=rule.seconds)
        self._pause(left)
        late = Hresult.WRITER_TIMEOUT if event is WriterEvent.FREEZE else Hresult.WRITER_NOT_RESPONDING
        raise WriterFailed(late, f"{rule.says}, {WHO}")

    def _left(self, deadline: datetime) -> float:
        """Real seconds."""
        return max(0.0, (deadline - self._real_time.now()).total_seconds())

    def _hangs_still(self, standing: Sequence[Standing], writer: str) -> bool:
        with self._lock:
            number, until = self._hung.get(writer, (0, None))
            if until is None:
                return False
            if self._clock.now() < until and any(each.number == number for each in standing):
                return True
            del self._hung[writer]
            return False
