"""The catalogue's part of handlers as products: which packages of them a world publishes."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import ALWAYS, ROOT, SOMETIMES, Fact, Party


@dataclass(frozen=True)
class HandlerPackage(Fact, name="handler.package", party=Party.WORLD, parents=(ROOT,)):
    """Another choice of packages is published than before. Machines follow with their next order."""

    act: str
    """published, blocked, unblocked or withdrawn."""
    handler: str
    """Publisher and type."""
    version: str
    sha256: str | None = None
    """Of the package that was published."""


@dataclass(frozen=True)
class HandlerSilent(Fact, name="handler.silent", party=Party.HOST, parents=(ROOT,), vm=ALWAYS):
    """Nothing has been seen of a machine for some seconds of real time, though it or its handler has work to do."""

    works: str
    """On what."""
    since: str
    """Real time of the last sign of life, ISO 8601."""


@dataclass(frozen=True)
class HandlerRuleBroken(
    Fact, name="handler.rule_broken", party=Party.WORLD, parents=("snapshot.asked",), job=SOMETIMES, vm=ALWAYS
):
    """What a handler did or reported of a task does not agree with what its guest and the storage saw."""

    task: str
    rule: str
    """One of `simulator/host/handler_rules.py`."""
    detail: str
