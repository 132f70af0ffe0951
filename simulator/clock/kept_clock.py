"""What a world remembers of its time, so that a restarted one goes on where it was and never before it.

The document is written before time moves to a place: whatever bears a later time is not yet in the store then.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from datetime import UTC, datetime, timedelta
from enum import StrEnum

from controlplane.domain.times import instant, parse_instant
from controlplane.json_object import Json
from controlplane.ports import Store, StoreView
from simulator.clock.world_clock import WorldClock
from simulator.failures import WrongUse

KIND, ID = "world", "clock"
USUAL_RATE = 60.0
LARGEST_RATE = 3600.0
EARLIEST = datetime(2000, 1, 1, tzinfo=UTC)
LATEST = datetime(2200, 1, 1, tzinfo=UTC)
"""Between these a world's time is: certificates, time zones and clients are at home there."""


class Mode(StrEnum):
    """How world time passes while nobody advances it."""

    REAL = "real"
    """As real time does."""
    SCALED = "scaled"
    """At a rate while nobody works, and as real time does while somebody works."""
    VIRTUAL = "virtual"
    """It stands, but for work that waits for a time."""


class ClockRefused(WrongUse):
    """A clock cannot be set or moved so."""


@dataclass(frozen=True, slots=True)
class ClockSettings:
    """What somebody asks of a clock; None: as it is, and a new one follows the real time."""

    mode: Mode | None = None
    rate: float | None = None
    start: datetime | None = None
    """World time at which it shall stand or go on from."""

    def __post_init__(self) -> None:
        if self.rate is not None and not 1 < self.rate <= LARGEST_RATE:
            raise ClockRefused(f"a rate of {self.rate:g} is not above 1 and at most {LARGEST_RATE:g}")
        if self.rate is not None and self.mode not in {None, Mode.SCALED}:
            raise ClockRefused(f"a rate belongs to a scaled clock; a {self.mode} one has none")
        if self.start is not None and not EARLIEST <= self.start <= LATEST:
            raise ClockRefused(f"a world's time lies between the years {EARLIEST.year} and {LATEST.year}")

    @classmethod
    def parse(cls, mode: str | None, rate: float | None, start: str | None) -> ClockSettings:
        """From what people write. ClockRefused."""
        if mode is not None and mode not in list(Mode):
            raise ClockRefused(f"{mode} is no mode of a clock; it is real, scaled or virtual")
        return cls(Mode(mode) if mode else None, rate, time_of(start) if start else None)


@dataclass(frozen=True, slots=True)
class KeptTime:
    """How time passes, and where it was when this was written."""

    mode: Mode = Mode.REAL
    rate: float = USUAL_RATE
    """Of a scaled clock; a clock of another mode remembers it."""
    position: datetime | None = None
    """World time; None: of a world that was never written down. A scaled clock is always a little behind it."""
    offset: timedelta = timedelta(0)
    """World time minus real time, as long as it follows the real time."""
    advance: Json | None = None
    """The advance that is under way: after a kill, the one that was."""
    advances: int = 0
    """How many there have been."""

    def to_json(self) -> Json:
        return {
            "mode": self.mode.value,
            "rate": self.rate,
            "position": instant(self.position) if self.position else None,
            "offset_seconds": self.offset.total_seconds(),
            "advance": self.advance,
            "advances": self.advances,
        }

    @classmethod
    def from_json(cls, data: Json) -> KeptTime:
        return cls(
            Mode(data["mode"]),
            data["rate"],
            parse_instant(data["position"]) if data["position"] else None,
            timedelta(seconds=data["offset_seconds"]),
            data["advance"],
            data["advances"],
        )


def time_of(text: str) -> datetime:
    """A time in RFC 3339, or a day, which begins at midnight UTC. ClockRefused for anything else."""
    word = text.strip()
    try:
        if "T" not in word.upper() and " " not in word:
            return parse_instant(f"{word}T00:00:00Z")
        if datetime.fromisoformat(re.sub(r"\.\d+", "", word)).tzinfo is None:
            raise ClockRefused(f"{text} has no zone; write {text}Z for UTC")
        return parse_instant(word)
    except (ValueError, OverflowError):
        raise ClockRefused(f"{text} is no time; write one as 2026-03-01T08:00:00Z or 2026-03-01") from None


def read(store: StoreView) -> KeptTime:
    document = store.get(KIND, ID)
    return KeptTime() if document is None else KeptTime.from_json(document.json())


def write(store: Store, kept: KeptTime) -> None:
    store.put(KIND, ID, kept.to_json())


def restored(clock: WorldClock, kept: KeptTime, asked: ClockSettings) -> KeptTime:
    """Have a new clock go on where the kept time was, as it was asked to. It stands, unless it follows the real time.

    ClockRefused for a start that is earlier than its own time."""
    mode = asked.mode or kept.mode
    if asked.rate is not None and mode is not Mode.SCALED:
        raise ClockRefused(f"a rate belongs to a scaled clock, and this one is {mode}; ask for --clock scaled")
    was = _where(clock, kept)
    if asked.start is not None and kept.position is not None and asked.start < was:
        raise ClockRefused(
            f"this world's time is {instant(was)} already, and does not run backwards; start it at a later time, "
            "or make a new world"
        )
    start = asked.start or was
    clock.begin(start, follows=mode is Mode.REAL)
    offset = start - clock.real_now()
    return replace(kept, mode=mode, rate=asked.rate or kept.rate, position=start, offset=offset)


def _where(clock: WorldClock, kept: KeptTime) -> datetime:
    """The time of a world that starts again. One that followed the real time has it pass while it is down."""
    if kept.position is None:
        return clock.real_now()
    return max(kept.position, clock.real_now() + kept.offset) if kept.mode is Mode.REAL else kept.position
