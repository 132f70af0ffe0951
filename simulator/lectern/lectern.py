"""Holds the jobs of a world at their borders: before each step, and before each command of a handler that they need.

A border lies outside the freeze, since VSS lets go by itself after ten seconds: what happens within is replayed slowed
by the page. A job that waits here holds world time. Nothing of this outlives the process: it begins with `run`.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager, suppress
from dataclasses import dataclass, replace
from enum import StrEnum
from functools import partial

from controlplane.domain.events import lectern as events
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Action, Outcome, Plan, State, Step, completed
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.json_object import Json
from controlplane.ports import PortError, Ports, Store
from simulator.failures import WrongUse

LONGEST_SECONDS = 60.0
"""Of a rest."""
USUAL_SECONDS = 3.0


class Mode(StrEnum):
    RUN = "run"
    SLOW = "slow"
    STEP = "step"


@dataclass(frozen=True, slots=True, eq=False)
class Held:
    """A job at a border. `since` is of the lectern's own clock, in seconds."""

    job: str
    kind: str
    vm: str
    border: str
    since: float
    event: int
    """Of its being held; 0 where the store took none."""


class Lectern:
    """`now` is real time in seconds. Thread-safe; its lock is never held while the store is asked."""

    def __init__(self, store: Store, now: Callable[[], float] = time.monotonic) -> None:
        self._store = store
        self._now = now
        self._lock = threading.Lock()
        self._mode, self._seconds, self._set_by = Mode.RUN, USUAL_SECONDS, 0
        self._held: list[Held] = []
        self._released: set[Held] = set()
        self._at_work: dict[str, tuple[str, str]] = {}
        """By the ARM id of a machine in lower case: the job whose step goes on there, and its kind."""

    # ------------------------------------------------------------------------------------------------- what people do

    def set(self, mode: str, seconds: float = USUAL_SECONDS) -> None:
        """How jobs go on from now on, those that wait included. WrongUse for what is no mode or no rest."""
        if mode not in set(Mode):
            raise WrongUse(f"{mode} is no mode of the lectern; the modes are {', '.join(Mode)}")
        if not 0 < seconds <= LONGEST_SECONDS:
            raise WrongUse(f"a rest of {seconds:g} seconds is not possible; use up to {LONGEST_SECONDS:.0f}")
        number = self._store.record(events.LecternSet(mode, seconds).event())
        with self._lock:
            self._mode, self._seconds, self._set_by = Mode(mode), seconds, number

    def go(self, job: str = "") -> int:
        """Let those go on that wait now, or of them the one of this name; how many did."""
        with self._lock:
            found = [each for each in self._held if job in ("", each.job)]
            self._released.update(found)
        return len(found)

    def to_json(self) -> Json:
        """`{"mode", "seconds", "held"}`."""
        with self._lock:
            held = [
                {"job": each.job, "kind": each.kind, "vm": each.vm, "border": each.border}
                for each in self._held
                if each not in self._released
            ]
            return {"mode": self._mode.value, "seconds": self._seconds, "held": held}

    # -------------------------------------------------------------------------------------------------- who waits here

    def over(self, plans: Mapping[str, Plan]) -> Mapping[str, Plan]:
        """The same plans, of which those of a vault's jobs wait before each step."""
        return {name: self._of(plan) if plan.job_log is None else plan for name, plan in plans.items()}

    def _of(self, plan: Plan) -> Plan:
        return replace(plan, steps=tuple(replace(step, do=self._before(step)) for step in plan.steps))

    def _before(self, step: Step) -> Action:
        def do(ports: Ports, state: State) -> Waiting[Outcome]:
            job, vm = state["job"], str(state.get("vm", ""))
            kind = ""
            if self.is_on:
                kind = records.read(ports.store, state["job_document"]).operation
                yield from self._wait(job, kind, vm, step.name)
            with self._working(vm, job, kind):
                return (yield from completed(step.do(ports, state)))

        return do

    def _wait(self, job: str, kind: str, vm: str, border: str) -> Waiting[None]:
        held = self.hold(job, kind, vm, border)
        try:
            may_go = partial(self.may_go, held)
            while not may_go():
                yield Wait(f"the lectern, before {border}", may_go, None, holds=True)
        finally:
            self.let_go(held)

    @contextmanager
    def _working(self, vm: str, job: str, kind: str) -> Iterator[None]:
        with self._lock:
            self._at_work[vm.lower()] = (job, kind)
        try:
            yield
        finally:
            with self._lock:
                if self._at_work.get(vm.lower(), ("",))[0] == job:
                    del self._at_work[vm.lower()]

    @property
    def is_on(self) -> bool:
        return self._mode is not Mode.RUN

    def job_at(self, vm: str) -> tuple[str, str] | None:
        """The job that works on a machine at this moment, and its kind; None: none does, or nobody wants to know."""
        if not self.is_on:
            return None
        with self._lock:
            return self._at_work.get(vm.lower())

    def hold(self, job: str, kind: str, vm: str, border: str) -> Held:
        """Somebody has come to a border. A store that does not answer now is no reason to spoil what it does."""
        event = 0
        with suppress(PortError):
            told = events.LecternHeld(border).event(job=job, vm=vm or None, parent=self._set_by)
            event = self._store.record(told)
        held = Held(job, kind, vm, border, self._now(), event)
        with self._lock:
            self._held.append(held)
        return held

    def may_go(self, held: Held) -> bool:
        with self._lock:
            if self._mode is Mode.RUN or held in self._released:
                return True
            return self._mode is Mode.SLOW and self._now() - held.since >= self._seconds

    def held_seconds(self, held: Held) -> float:
        return self._now() - held.since

    def let_go(self, held: Held) -> None:
        with self._lock:
            if held not in self._held:
                return
            self._held.remove(held)
            self._released.discard(held)
        if held.event:
            with suppress(PortError):
                told = events.LecternWentOn(held.border).event(job=held.job, vm=held.vm or None, parent=held.event)
                self._store.record(told)
