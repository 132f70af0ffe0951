"""The catalogue's part of the lectern: jobs that are held for an audience, and stories that are told in a world."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ALWAYS, ROOT, SOMETIMES, Fact, Party


@dataclass(frozen=True)
class LecternSet(Fact, name="lectern.set", party=Party.WORLD, parents=(ROOT,)):
    """Somebody at the lectern said how jobs go on from now on."""

    mode: str
    """run: as fast as they can; slow: they rest at each border; step: they wait there to be let on."""
    seconds: float
    """Real time of a rest."""


@dataclass(frozen=True)
class LecternHeld(Fact, name="lectern.held", party=Party.WORLD, parents=(LecternSet.NAME,), job=ALWAYS, vm=SOMETIMES):
    """A job waits at a border for whoever stands at the lectern."""

    border: str
    """What comes next: a step of the job, or a command of a handler."""


@dataclass(frozen=True)
class LecternWentOn(
    Fact, name="lectern.went_on", party=Party.WORLD, parents=(LecternHeld.NAME,), job=ALWAYS, vm=SOMETIMES
):
    """A job that waited for the lectern goes on, or is over."""

    border: str


@dataclass(frozen=True)
class StoryMoment(Fact, name="story.moment", party=Party.WORLD, parents=(ROOT,)):
    """A story that is told in this world came to its next sentence."""

    story: str
    kind: str
    """title, say, step, then or end."""
    act: int
    """The number of its act, from 1; 0 for title and end."""
    texts: dict[str, str]
    """The sentence, by its language."""
