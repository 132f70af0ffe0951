"""What an event is, and what the catalogue says of each kind of event.

Every event is made from a class of the catalogue, so that its name, its fields and its place in a story stand once.
The catalogue grows and does not change: a field is added with a default and a higher version, none is renamed or
taken away. A field that says nothing (None) is left out of the event. Secrets never belong in a field.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from typing import ClassVar

from controlplane.json_object import Json

Names = Collection[str]
"""Kinds of events; none: all of them."""


@dataclass(frozen=True, slots=True)
class Event:
    """One message or state change: the one stream that dashboard, recorder and tests read.

    `id` grows with the commits and is 0 before one. `time` is the world's, `monotonic_seconds` real; both are of the
    moment at which it happened. `parent` is the id of the event that it follows from. `schema` is the version that its
    kind had in the catalogue when the event was recorded: a newer release may know later ones.
    """

    name: str
    party: str
    data: Json = field(default_factory=dict)
    vm: str | None = None
    job: str | None = None
    parent: int | None = None
    id: int = 0
    time: datetime | None = None
    monotonic_seconds: float = 0.0
    schema: int = 1


@dataclass(frozen=True, slots=True)
class Cause:
    """A recorded event that others follow from, and the job that it belongs to."""

    event: int
    job: str | None = None


class Party(StrEnum):
    """By whom an event was seen."""

    ARM = "arm"
    SERVICE = "service"
    HOST = "host"
    AGENT = "agent"
    GUEST = "guest"
    HANDLER = "handler"
    STORAGE = "storage"
    WORLD = "world"


class Belongs(StrEnum):
    """Whether an event has a job, or a virtual machine, in its `job` or `vm`."""

    ALWAYS = "always"
    SOMETIMES = "sometimes"
    NEVER = "never"


ALWAYS, SOMETIMES = Belongs.ALWAYS, Belongs.SOMETIMES
ROOT = ""
"""Stands among the parents of an event that may begin a story."""


class Fact:
    """What happened: a dataclass per name, whose fields are the event's data."""

    NAME: ClassVar[str]
    PARTY: ClassVar[Party]
    PARENTS: ClassVar[tuple[str, ...]]
    JOB: ClassVar[Belongs]
    VM: ClassVar[Belongs]
    VERSION: ClassVar[int]

    def __init_subclass__(
        cls,
        *,
        name: str,
        party: Party,
        parents: tuple[str, ...],
        job: Belongs = Belongs.NEVER,
        vm: Belongs = Belongs.NEVER,
        version: int = 1,
    ) -> None:
        cls.NAME, cls.PARTY, cls.PARENTS, cls.JOB, cls.VM, cls.VERSION = name, party, parents, job, vm, version

    def event(
        self,
        *,
        vm: str | None = None,
        job: str | None = None,
        parent: int | None = None,
        time: datetime | None = None,
        monotonic_seconds: float = 0.0,
    ) -> Event:
        """Ready to be recorded. Without a time it gets that of its being recorded."""
        data = {name: value for name, value in vars(self).items() if value is not None}
        return Event(self.NAME, self.PARTY.value, data, vm, job, parent, 0, time, monotonic_seconds, self.VERSION)
