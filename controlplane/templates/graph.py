"""Dependencies of resources: finds resources by their names in a template and orders them; circles are refused."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from graphlib import CycleError, TopologicalSorter

from controlplane.templates.drafts import Draft, EmptyLoop
from controlplane.templates.language.context import Target
from controlplane.templates.language.failure import AT, TemplateError

_ONE_OF = re.compile(r"(.+)\[(\d{1,9})\]")


class Directory:
    """The resources of a template by id, symbolic name, name of a loop, relative id, or a name that only one has."""

    def __init__(self, drafts: Sequence[Draft], empty: Sequence[EmptyLoop]) -> None:
        self._drafts = drafts
        self._ids: dict[str, int] = {}
        self._symbols: dict[str, list[int]] = {}
        self._loops: dict[str, list[int]] = {}
        self._relative: dict[str, list[int]] = {}
        self._names: dict[str, list[int]] = {}
        for number, draft in enumerate(drafts):
            self._enter_named(number, draft)
            if draft.id:
                self._enter(number, draft)
        for loop in empty:
            self._loops.setdefault(loop.name.lower(), [])
            if loop.symbol is not None:
                self._symbols.setdefault(loop.symbol.lower(), [])

    def _enter(self, number: int, draft: Draft) -> None:
        id = draft.id.lower()
        earlier = self._ids.get(id)
        if earlier is not None and not (draft.existing or self._drafts[earlier].existing):
            raise TemplateError(
                f"The resource '{draft.id}'{AT} is defined multiple times in a template. Please see "
                "https://aka.ms/arm-syntax-resources for usage details",
                path=draft.path,
            )
        if earlier is None or not draft.existing:
            self._ids[id] = number
        self._relative.setdefault(id.rpartition("/providers/")[2], []).append(number)
        self._names.setdefault(draft.name.lower(), []).append(number)

    def _enter_named(self, number: int, draft: Draft) -> None:
        if draft.symbol is not None:
            self._symbols.setdefault(draft.symbol.lower(), []).append(number)
        if draft.loop is not None:
            self._loops.setdefault(draft.loop.name.lower(), []).append(number)

    def target(self, name: str) -> Target | None:
        numbers = self.find(name)
        if not numbers:
            return None
        draft = self._drafts[self._only(name, numbers)[0]]
        return Target(draft.id, draft.api_version)

    def targets(self, symbol: str) -> list[Target] | None:
        numbers = self._symbols.get(symbol.lower())
        if numbers is None:
            return None
        return [Target(self._drafts[number].id, self._drafts[number].api_version) for number in numbers]

    def find(self, name: str) -> list[int] | None:
        """Their numbers; None where there is none. Only symbolic names and loops have several."""
        key = name.lower().rstrip("/")
        if key in self._ids:
            return [self._ids[key]]
        if key.startswith("/"):
            return self._elsewhere(key)
        one = _ONE_OF.fullmatch(key)
        if one and one[1] in self._symbols:
            return [number for number in self._symbols[one[1]] if self._drafts[number].index == int(one[2])] or None
        for several in (self._symbols, self._loops):
            if key in several:
                return several[key]
        for single in (self._relative, self._names):
            if key in single:
                return self._only(name, single[key])
        return None

    def _only(self, name: str, numbers: list[int]) -> list[int]:
        if len(numbers) > 1:
            raise TemplateError(f"The resource '{name}' is ambiguous: {len(numbers)} in the template have this name")
        return numbers

    def _elsewhere(self, id: str) -> list[int] | None:
        """By its relative part: a nested deployment may go to another group than its id in `dependsOn` says."""
        numbers = self._relative.get(id.rpartition("/providers/")[2], [])
        return numbers if len(numbers) == 1 and self._drafts[numbers[0]].type.lower().endswith("/deployments") else None


@dataclass(frozen=True, slots=True)
class DependencyOrder:
    """`numbers` of drafts, each behind all that it waits for; `waits` of each for which."""

    numbers: list[int]
    waits: Mapping[int, frozenset[int]]


def order(drafts: Sequence[Draft], directory: Directory, reads: Mapping[int, Sequence[str]]) -> DependencyOrder:
    """`reads` tells of some drafts the ids that their bodies imply to wait for."""
    batches = _batches(drafts)
    waits: dict[int, frozenset[int]] = {}
    for number, draft in enumerate(drafts):
        named = [each for name in draft.waits_for for each in _named(name, draft, directory)]
        implied = [each for id in reads.get(number, ()) for each in directory.find(id) or ()]
        waits[number] = frozenset((*named, *implied, *batches.get(number, ())))
    try:
        numbers = list(TopologicalSorter(waits).static_order())
    except CycleError as error:
        raise _circle([drafts[number] for number in error.args[1]]) from None
    return DependencyOrder(numbers, waits)


def after(number: int, drafts: Sequence[Draft], waits: Mapping[int, frozenset[int]]) -> tuple[str, ...]:
    """The ids of what it waits for. What a condition leaves out is not waited for; through what only exists already,
    what that waits for is."""
    ids: dict[str, None] = {}
    seen: set[int] = set()
    pending = sorted(waits[number], reverse=True)
    while pending:
        each = pending.pop()
        if each in seen:
            continue
        seen.add(each)
        if drafts[each].existing:
            pending += sorted(waits[each], reverse=True)
        elif drafts[each].wanted:
            ids[drafts[each].id] = None
    return tuple(ids)


def _named(name: str, draft: Draft, directory: Directory) -> list[int]:
    numbers = directory.find(name)
    if numbers is None:
        raise TemplateError(
            f"The resource '{name}' is not defined in the template. Please see https://aka.ms/arm-syntax for usage "
            "details",
            path=draft.path,
        )
    return numbers


def _batches(drafts: Sequence[Draft]) -> dict[int, list[int]]:
    """In a serial loop every batch waits for the one before it."""
    loops: dict[tuple[object, ...], dict[int, list[int]]] = {}
    for number, draft in enumerate(drafts):
        if draft.loop is not None and draft.loop.batch is not None and draft.index is not None:
            batches = loops.setdefault((draft.loop.name, draft.path), {})
            batches.setdefault(draft.index // draft.loop.batch, []).append(number)
    return {
        number: batches[batch - 1]
        for batches in loops.values()
        for batch, numbers in batches.items()
        if batch
        for number in numbers
    }


def _circle(circle: Sequence[Draft]) -> TemplateError:
    names = " -> ".join(f"'{draft.id}'" for draft in circle)
    return TemplateError(
        f"Circular dependency detected on resource: '{circle[0].id}'. The circle is: {names}. Please see "
        "https://aka.ms/arm-syntax-resources for usage details",
        path=circle[0].path,
    )
