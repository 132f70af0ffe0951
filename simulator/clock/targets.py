"""Where an advance of world time goes: by a duration, to a time, or until something is so."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal

from controlplane.domain.times import instant
from controlplane.json_object import Json
from simulator.clock.kept_clock import LATEST, ClockRefused, time_of

LONGEST_WAIT = timedelta(days=3653)
"""How far an advance goes for something that never comes true: ten years."""
LONGEST_DURATION = timedelta(days=36_525)

_UNITS = {"w": "weeks", "d": "days", "h": "hours", "m": "minutes", "s": "seconds"}
_NUMBER = r"[0-9]+(?:\.[0-9]+)?"
_SHORT = re.compile(rf"(?:{_NUMBER}[wdhms])+", re.IGNORECASE)
_ISO = re.compile(rf"P(?:{_NUMBER}[WD])*(?:T(?:{_NUMBER}[HMS])+)?", re.IGNORECASE)
_PART = re.compile(rf"({_NUMBER})([wdhms])", re.IGNORECASE)
_OF_CALENDARS = re.compile(r"P\d.*|.*\d(?:y|mo)\b.*", re.IGNORECASE)

_NO_EXPRESSION = (ValueError, RecursionError)
_NOT_TO_BE_ASKED = (*_NO_EXPRESSION, TypeError, ArithmeticError)
"""What the library raises: errors of its own, which are ValueErrors, and Python's, as where a text is compared with a
number, a slice has steps of 0, or an expression is nested too deeply."""

IsSo = Callable[[], bool]
"""Whether it is so; asked when the world has settled. What it raises ends the advance."""


@dataclass(frozen=True, slots=True)
class Target:
    """`asked` is how it was asked for and can be asked for again, `words` is the same for people."""

    asked: Json
    words: str
    duration: timedelta | None = None
    time: datetime | None = None
    until: Literal["next", "idle"] | None = None
    is_so: IsSo | None = None

    def end(self, now: datetime, next_due: datetime | None) -> datetime | None:
        """The last instant that it may go to, of an advance that begins now; None: it goes to no instant of the
        calendar. ClockRefused for an end that lies behind or too far ahead."""
        if self.duration is not None:
            return _not_too_far(now + self.duration)
        if self.time is not None:
            if self.time < now:
                raise ClockRefused(f"world time is {instant(now)} already, and does not run backwards")
            return _not_too_far(self.time)
        if self.until == "next":
            return max(next_due, now) if next_due else now
        return min(now + LONGEST_WAIT, LATEST) if self.is_so is not None else None

    @property
    def ends_there(self) -> bool:
        """Whether time is to stand at the end, also where nothing is due there."""
        return self.is_so is None and self.until is None


def by(text: str) -> Target:
    duration = duration_of(text)
    return Target({"by": text}, f"by {text}", duration=duration)


def to(text: str) -> Target:
    time = time_of(text)
    return Target({"to": instant(time)}, f"to {instant(time)}", time=time)


def until_next() -> Target:
    return Target({"until": "next"}, "until the next thing that is due", until="next")


def until_idle() -> Target:
    return Target({"until": "idle"}, "until nobody works", until="idle")


def until_job_ends(job: str, has_ended: IsSo) -> Target:
    return Target({"until": {"job": job}}, f"until the job {job} ends", is_so=has_ended)


def until_so(path: str, condition: str, is_so: IsSo) -> Target:
    return Target({"until": {"path": path, "condition": condition}}, f"until {condition} of {path}", is_so=is_so)


def duration_of(text: str) -> timedelta:
    """`30d`, `36h`, `1d12h30m` or ISO 8601 as `P30D` and `PT36H`. ClockRefused for anything else."""
    word = text.strip()
    if not (_SHORT.fullmatch(word) or (len(word) > 1 and _ISO.fullmatch(word) and word[-1] not in "Tt")):
        more = "; months and years have no fixed length, so write days" if _OF_CALENDARS.fullmatch(word) else ""
        raise ClockRefused(f"{text} is no duration; write one as 30d, 36h, 1d12h or P30D{more}")
    try:
        length = sum(
            (timedelta(**{_UNITS[unit.lower()]: float(number)}) for number, unit in _PART.findall(word)), timedelta(0)
        )
    except OverflowError:
        length = timedelta.max
    if length > LONGEST_DURATION:
        raise ClockRefused(f"{text} is more than a hundred years; advance by less")
    return length


def condition_of(path: str, expression: str, read: Callable[[str], Json | None]) -> IsSo:
    """Whether a JMESPath expression gives something for what a GET of the path answers: anything but null, false,
    nothing and zero. ClockRefused for an expression that is none."""
    import jmespath  # a twentieth of a second, and few ask for it

    try:
        compiled = jmespath.compile(expression)
    except _NO_EXPRESSION as problem:
        raise ClockRefused(f"{expression} is no JMESPath expression: {str(problem).splitlines()[0]}") from None

    def is_so() -> bool:
        body = read(path)
        try:
            found: Any = compiled.search(body)
        except _NOT_TO_BE_ASKED as problem:
            raise ClockRefused(f"{expression} cannot be asked of {path}: {str(problem).splitlines()[0]}") from None
        return bool(found)

    return is_so


def _not_too_far(end: datetime) -> datetime:
    if end > LATEST:
        raise ClockRefused(f"a world's time goes up to the year {LATEST.year}; advance by less")
    return end
