"""Puts the lectern where the conditions of machines are made: the agent's commands of a handler wait for it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import replace
from pathlib import Path

from controlplane.ports import MachineSpec
from simulator.guest.agent.process import CommandRunner, Output, RunningCommand, named_command
from simulator.guest.conditions import ConditionsOf, MachineConditions
from simulator.lectern.lectern import Held, Lectern

LONGEST_HOLD_SECONDS = 240.0
"""Real time for which a command is held at most: its agent gives it five minutes."""


def with_lectern(usual: ConditionsOf, lectern: Lectern) -> ConditionsOf:
    """The same conditions, in which commands of handlers wait while somebody at the lectern says so."""

    def conditions(vm: str, spec: MachineSpec) -> MachineConditions:
        made = usual(vm, spec)
        runner = held_runner(vm, made.factories.run_command, lectern)
        return replace(made, factories=replace(made.factories, run_command=runner))

    return conditions


def held_runner(vm: str, usual: CommandRunner, lectern: Lectern) -> CommandRunner:
    """Commands that belong to no job of the vault run as they are."""

    def run(arguments: list[str], folder: Path, environment: Mapping[str, str]) -> RunningCommand:
        at_work = lectern.job_at(vm)
        if at_work is None:
            return usual(arguments, folder, environment)
        held = lectern.hold(*at_work, vm, named_command(arguments, folder))
        return _HeldCommand(lambda: usual(arguments, folder, environment), held, lectern)

    return run


class _HeldCommand:
    """A command that begins once the lectern lets it. Each look at it while it is held counts as a sign of life of its
    machine, which else would cease to hold world time."""

    def __init__(self, start: Callable[[], RunningCommand], held: Held, lectern: Lectern) -> None:
        self._start, self._held, self._lectern = start, held, lectern
        self._command: RunningCommand | None = None
        self._looks = 0

    def poll(self) -> int | None:
        if self._command is None:
            is_late = self._lectern.held_seconds(self._held) >= LONGEST_HOLD_SECONDS
            if not (is_late or self._lectern.may_go(self._held)):
                self._looks += 1
                return None
            self._lectern.let_go(self._held)
            self._command = self._start()
        return self._command.poll()

    def kill(self) -> None:
        self._lectern.let_go(self._held)
        if self._command is not None:
            self._command.kill()

    def written_bytes(self) -> int:
        return self._looks + (0 if self._command is None else self._command.written_bytes())

    def output(self) -> Output:
        return Output("") if self._command is None else self._command.output()
