"""The catalogue's part of faults: what somebody made fail, and when it did."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ROOT, SOMETIMES, Fact, Party
from controlplane.json_object import Json


@dataclass(frozen=True)
class FaultSet(Fact, name="fault.set", party=Party.WORLD, parents=(ROOT,)):
    """A fault was set: something fails from now on, where and when it says."""

    fault: str
    number: int
    seam: str
    where: dict[str, str]
    when: Json
    """Attempts, world times and probability."""
    parameters: dict[str, str]


@dataclass(frozen=True)
class FaultHit(Fact, name="fault.hit", party=Party.WORLD, parents=(FaultSet.NAME,), vm=SOMETIMES):
    """A fault acted at its seam; what came of it is told by those whom it met."""

    fault: str
    number: int
    hits: int
    """How often it has acted, this time included."""
    facts: dict[str, str]
    """What the seam knows of the attempt."""


@dataclass(frozen=True)
class GatewayEnded(Fact, name="gateway.ended", party=Party.WORLD, parents=(ROOT,)):
    """The process of the storage gateway ended, and nobody had ended it; it is started again."""

    reason: str


@dataclass(frozen=True)
class FaultCleared(Fact, name="fault.cleared", party=Party.WORLD, parents=(FaultSet.NAME,)):
    """A fault is not set any more."""

    fault: str
    number: int
    attempts: int
    hits: int
