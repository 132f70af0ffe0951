"""Whose agent each machine runs: ours, or none, where its owner runs a real one in its place.

What a start says or somebody asks for is kept, so that a world that is started again goes on with it. A machine is
named by its ARM id, or by its name, which then counts for every machine of that name.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from enum import StrEnum

from controlplane.json_object import Json
from controlplane.ports import Store
from simulator.failures import WrongUse

WORLD_KIND, DOCUMENT = "world", "agents"
EVERY = "*"
MACHINE = re.compile(r"[^=\s]{1,1000}")


class AgentChoice(StrEnum):
    SIMULATED = "simulated"
    """Ours runs."""
    NONE = "none"
    """Nobody runs one, unless a real agent comes to the wire server."""


@dataclass(frozen=True)
class AgentChoices:
    """What a start says: for machines by name or ARM id, or for EVERY one."""

    said: dict[str, AgentChoice] = field(default_factory=dict)

    @classmethod
    def parse(cls, words: Sequence[str]) -> AgentChoices:
        """From words such as `none` for every machine and `web01=none` for one. WrongUse, one sentence."""
        said = {}
        for word in words:
            machine, equals, choice = word.rpartition("=")
            if choice not in list(AgentChoice) or bool(equals) != bool(MACHINE.fullmatch(machine)):
                raise WrongUse(f"{word} names no agent; write none or simulated, or VM=none as in web01=none")
            said[machine.lower() or EVERY] = AgentChoice(choice)
        return cls(said)


class Agents:
    """Thread-safe, as its store is. `changed` is called after each change."""

    def __init__(self, store: Store, said: AgentChoices | None = None) -> None:
        self.changed: Callable[[], None] = lambda: None
        self._store = store
        document = store.get(WORLD_KIND, DOCUMENT)
        kept: Json = document.json() if document is not None else {}
        self._of = {machine: AgentChoice(choice) for machine, choice in kept.items()}
        if said is not None and said.said:
            # What is said of every machine, or of a name, counts for those whose ids were kept before, too.
            others = {each: choice for each, choice in self._of.items() if each.rpartition("/")[2] not in said.said}
            former = {} if EVERY in said.said else others
            if {**former, **said.said} != self._of:
                self._keep({**former, **said.said})

    def of(self, vm: str) -> AgentChoice:
        """Of the machine with this ARM id."""
        id, of = vm.lower(), self._of
        return of.get(id) or of.get(id.rpartition("/")[2]) or of.get(EVERY) or AgentChoice.SIMULATED

    def choose(self, vm: str, choice: AgentChoice) -> None:
        """From now on."""
        if self.of(vm) != choice:
            self._keep({**self._of, vm.lower(): choice})
            self.changed()

    def _keep(self, of: dict[str, AgentChoice]) -> None:
        self._of = of
        self._store.put(WORLD_KIND, DOCUMENT, {machine: str(choice) for machine, choice in of.items()})
