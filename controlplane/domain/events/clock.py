"""The catalogue's part of world time: how it passes, who moves it, and what held it in vain."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ROOT, SOMETIMES, Fact, Party


@dataclass(frozen=True)
class ClockChanged(Fact, name="clock.changed", party=Party.WORLD, parents=(ROOT,)):
    """World time passes in another way from now on."""

    mode: str
    """real, scaled or virtual."""
    rate: float
    """World seconds that pass in a real second while nobody works; 0: it stands."""


@dataclass(frozen=True)
class AdvanceBegan(Fact, name="clock.advance_began", party=Party.WORLD, parents=(ROOT,)):
    """Somebody advances world time."""

    advance: int
    target: str
    """In words, as in `to 2026-03-01T00:00:00Z`."""
    asked_by: str


@dataclass(frozen=True)
class ClockMoved(Fact, name="clock.moved", party=Party.WORLD, parents=(ROOT,)):
    """World time stood, and was moved to the next instant at which something happens."""

    since: str
    """World time at which it stood, ISO 8601."""
    reason: str
    """calendar: something is due; deadline: work that waits gives up or goes on; target: an advance ends there."""
    advance: int | None = None
    """None: it moved by itself, since work waited for the time."""


@dataclass(frozen=True)
class AdvanceEnded(Fact, name="clock.advance_ended", party=Party.WORLD, parents=(AdvanceBegan.NAME,)):
    """World time is advanced no more, and the world has settled unless the advance was stopped or failed."""

    advance: int
    reason: str
    """reached, nothing_ahead, limit, stopped or failed."""
    instants: int
    """At how many instants time stood on the way."""
    jobs: int
    """How many jobs ended meanwhile."""
    problem: str | None = None


@dataclass(frozen=True)
class HoldLapsed(Fact, name="clock.hold_lapsed", party=Party.WORLD, parents=(ROOT,), vm=SOMETIMES):
    """Somebody who held world time gave no sign of life for too long: time is held no more."""

    who: str
    since: str
    """Its last sign of life, in real time, ISO 8601."""
