"""Says what is wrong with a stream of events: whether each follows from what the catalogue lets it follow from."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from types import GenericAlias, NoneType, UnionType
from typing import Any, get_args, get_origin, get_type_hints

from controlplane.domain.events.catalogue import CATALOGUE
from controlplane.domain.events.event import ROOT, Belongs, Event, Fact
from controlplane.domain.events.service import DeploymentState, GroupState, JobState, ResourceJobState, ServiceRequest

ROOTS = frozenset(kind.NAME for kind in CATALOGUE.values() if ROOT in kind.PARENTS)
"""What may begin a story."""

BEGINNINGS = (JobState.NAME, DeploymentState.NAME, ResourceJobState.NAME, GroupState.NAME)
"""What tells that a job begins."""


def faults(events: Iterable[Event]) -> list[str]:
    """One sentence for each thing that is wrong; `events` are all that there were, in the order of their ids."""
    told = {event.id: event for event in events}
    return [f"{fault}: {event}" for event in told.values() for fault in _faults(event, told)]


def above(event: Event, told: Mapping[int, Event]) -> Iterator[Event]:
    """The events that this one follows from, nearest first."""
    while event.parent is not None:
        event = told[event.parent]
        yield event


def _faults(event: Event, told: Mapping[int, Event]) -> Iterator[str]:
    kind = CATALOGUE.get(event.name)
    if kind is None:
        yield "no such kind"
        return
    if event.party != kind.PARTY:
        yield "seen by somebody else"
    for word, how, value in (("job", kind.JOB, event.job), ("machine", kind.VM, event.vm)):
        if how is not Belongs.SOMETIMES and (value is not None) != (how is Belongs.ALWAYS):
            yield f"has its {word} {how}"
    yield from _faults_of_fields(event, kind)
    yield from _faults_of_parent(event, kind, told)


def _faults_of_fields(event: Event, kind: type[Fact]) -> Iterator[str]:
    hints = _fields(kind.NAME)
    for name in event.data.keys() - hints.keys():
        yield f"no such field: {name}"
    for name, hint in hints.items():
        if not _fits(event.data.get(name), hint):
            yield f"{name} is no {hint}"


@cache
def _fields(event: str) -> Mapping[str, Any]:
    """The fields of a kind of event and their types, which Python takes long to read."""
    return {name: hint for name, hint in get_type_hints(CATALOGUE[event]).items() if not name.isupper()}


def _fits(value: Any, hint: Any) -> bool:
    if isinstance(hint, UnionType):
        return any(_fits(value, each) for each in get_args(hint))
    if isinstance(hint, GenericAlias) and get_origin(hint) is list:
        return isinstance(value, list) and all(_fits(each, get_args(hint)[0]) for each in value)
    if isinstance(hint, GenericAlias) and get_origin(hint) is dict:
        of_keys, of_values = get_args(hint)
        return isinstance(value, dict) and all(
            _fits(key, of_keys) and _fits(each, of_values) for key, each in value.items()
        )
    if hint is NoneType:
        return value is None
    if hint is float:
        return isinstance(value, int | float) and not isinstance(value, bool)
    return isinstance(value, hint) and (hint is bool or not isinstance(value, bool))


def _faults_of_parent(event: Event, kind: type[Fact], told: Mapping[int, Event]) -> Iterator[str]:
    if event.parent is None:
        if ROOT not in kind.PARENTS:
            yield "an orphan"
        return
    parent = told.get(event.parent)
    if parent is None or parent.id >= event.id:
        yield "follows from nothing before it"
        return
    if parent.name not in kind.PARENTS:
        yield f"must not follow from {parent.name}"
    if parent.job != event.job and event.name not in BEGINNINGS and parent.job is not None:
        yield f"follows from the job {parent.job}"
    if parent.job not in (None, event.job) and event.name in BEGINNINGS and parent.name != ServiceRequest.NAME:
        yield f"begins a job because of the job {parent.job}, which asked for nothing"
    if parent.job is None and event.job is not None and event.name not in BEGINNINGS:
        yield "gets its job from nowhere"
