"""Pace: gives jobs a least duration at their visible steps and holds steps by name, so that clients see them at work.

It is a wrapper around the plans of an engine. What a job does, and in which order, stays as it is: before a paced step
does anything it waits by the world's clock, without a worker. So a job that is stopped meanwhile has nothing to undo,
and one whose process is killed begins its step anew. Pace is off unless somebody asks for it.

The wait has one deadline, its end: where time stands, one move of the clock brings it there. How far it is, is shown
anew whenever the clock has gone on by more than a second.

A world may also have plausible durations: each step then takes a time of its own, drawn from the seed. Like what is
held, and unlike least durations, this belongs to the world and outlives its process.
"""

from __future__ import annotations

import threading
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta

from controlplane.domain.events import service as events
from controlplane.domain.recovery_services.job import KINDS, Job, Progress
from controlplane.jobs.engine import records
from controlplane.jobs.engine.plan import Action, Outcome, Plan, State, Step, completed
from controlplane.jobs.engine.waiting import Wait, Waiting
from controlplane.json_object import Json
from controlplane.ports import Clock, Ports, Store
from simulator import plausible_durations
from simulator.failures import WrongUse
from simulator.lectern.lectern import Lectern, Mode

LONGEST_SECONDS = 24 * 3600.0
SHOWN_EVERY_SECONDS = 1.0
"""World seconds after which a waiting job's duration and progress are shown anew, where time goes on so slowly."""
SHOWS_PROGRESS = "Restore"
"""The only kind of job whose progress ARM shows in percent."""
PLAUSIBLE = "plausible"
"""The word that asks for plausible durations."""
WORLD_KIND, DOCUMENT = "world", "pace"
"""Where the store keeps what is held, and whether durations are plausible: both outlive their process."""


@dataclass(frozen=True)
class PaceSettings:
    """Least durations in world seconds. `kinds` has those of kinds of jobs, which count in place of all else;
    `plausible`: the other kinds take what is drawn for each step, and `seconds` at least."""

    seconds: float = 0.0
    kinds: Mapping[str, float] = field(default_factory=dict)
    plausible: bool = False

    def __post_init__(self) -> None:
        for kind, seconds in (("", self.seconds), *self.kinds.items()):
            if kind and kind not in KINDS:
                raise WrongUse(f"{kind} is not a kind of job; the kinds are {', '.join(KINDS)}")
            if not 0 <= seconds <= LONGEST_SECONDS:
                raise WrongUse(f"a pace of {seconds:g} seconds is not possible; use 0 to {LONGEST_SECONDS:.0f}")

    @classmethod
    def parse(cls, given: Collection[str]) -> PaceSettings:
        """From words such as `5` for every job, `Restore=20` for one kind, and `plausible`."""
        seconds, kinds = 0.0, {}
        for word in given:
            if word == PLAUSIBLE:
                continue
            kind, equals, number = word.rpartition("=")
            try:
                value = float(number)
            except ValueError:
                raise WrongUse(
                    f"{word} is not a pace; write seconds, KIND=SECONDS as in Restore=20, or plausible"
                ) from None
            if equals:
                kinds[kind] = value
            else:
                seconds = value
        return cls(seconds, kinds, PLAUSIBLE in given)

    def of(self, kind: str, drawn: timedelta) -> timedelta:
        """How long a step of such a job takes at least, where this was drawn for it."""
        if kind in self.kinds:
            return timedelta(seconds=self.kinds[kind])
        return max(timedelta(seconds=self.seconds), drawn if self.plausible else timedelta(0))


@dataclass(frozen=True)
class WaitingStep:
    """A step that waits. `began` is world time; `drawn` is its plausible duration, whether it counts or not."""

    job: str
    kind: str
    step: str
    began: datetime
    drawn: timedelta


class Pace:
    """The pace of one world, drawn from its `seed`. Changes count at once, also for the steps that wait already.

    Without settings there are no least durations, and plausible ones if the world has had them."""

    def __init__(self, store: Store, settings: PaceSettings | None = None, seed: int = 0) -> None:
        self._store = store
        self._seed = seed
        self.lectern = Lectern(store)
        self._lock = threading.Lock()
        self._revision = 0
        self._waiting: dict[str, WaitingStep] = {}
        self._steps: tuple[str, ...] = ()
        document = store.get(WORLD_KIND, DOCUMENT)
        kept: Json = document.json() if document else {}
        self._held = frozenset(kept.get("held", ()))
        was_plausible = bool(kept.get(PLAUSIBLE))
        self._settings = settings or PaceSettings(plausible=was_plausible)
        if self._settings.plausible != was_plausible:
            self._keep()

    def paced(self, plans: Mapping[str, Plan]) -> Mapping[str, Plan]:
        """The same plans, of which those of a vault's jobs wait at their visible steps, or at the first if none is; and
        at each step for the lectern."""
        wrapped = {name: self._paced(plan) if plan.job_log is None else plan for name, plan in plans.items()}
        self._steps = tuple(dict.fromkeys(s.name for plan in wrapped.values() for s in _visible(plan)))
        return self.lectern.over(wrapped)

    @property
    def held(self) -> tuple[str, ...]:
        """The names of the steps that are held."""
        return tuple(sorted(self._held))

    def change(
        self, settings: PaceSettings | None = None, *, hold: Collection[str] = (), release: Collection[str] = ()
    ) -> None:
        """Set the least durations if there are any, then hold and release steps. WrongUse for a step that is none."""
        to_hold, to_release = self._known(hold), self._known(release)
        with self._lock, self._store.transaction():
            self._settings = settings or self._settings
            self._held = (self._held | to_hold) - to_release
            self._keep()
            now = self._settings
            told = events.WorldPaced(now.seconds, dict(now.kinds), now.plausible, list(self.held))
            self._store.record(told.event())
            self._revision += 1

    def _keep(self) -> None:
        self._store.put(WORLD_KIND, DOCUMENT, {"held": sorted(self._held), PLAUSIBLE: self._settings.plausible})

    def release_all(self) -> None:
        """No step is held any more, also not by the lectern; the least durations stay."""
        if self.lectern.is_on:
            self.lectern.set(Mode.RUN)
        if self._held:
            self.change(release=self._held)

    @property
    def settings(self) -> PaceSettings:
        return self._settings

    def to_json(self) -> Json:
        """The settings, the held steps, what waits, and the names that can be held."""
        return {
            "seconds": self._settings.seconds,
            "kinds": dict(self._settings.kinds),
            "plausible": self._settings.plausible,
            "held": list(self.held),
            "waiting": [self._shown(each) for each in list(self._waiting.values()) if self._must_wait(each)],
            "steps": list(self._steps),
        }

    def _until(self, waiting: WaitingStep) -> datetime | None:
        """World time until which it waits; None: it is held."""
        least = self._settings.of(waiting.kind, waiting.drawn)
        return None if waiting.step in self._held else waiting.began + least

    def _must_wait(self, waiting: WaitingStep) -> bool:
        """False for one that has been released, and goes on at the next look."""
        return self._until(waiting) != waiting.began

    def _shown(self, waiting: WaitingStep) -> Json:
        until = self._until(waiting)
        named = {"job": waiting.job, "kind": waiting.kind, "step": waiting.step}
        return {**named, "until": until.isoformat() if until else None}

    def _known(self, names: Collection[str]) -> frozenset[str]:
        steps = {name.casefold(): name for name in (*self._steps, *self._held)}
        for name in names:
            if name.casefold() not in steps:
                raise WrongUse(f"{name} is not a step that can be held; the steps are {', '.join(self._steps)}")
        return frozenset(steps[name.casefold()] for name in names)

    # -------------------------------------------------------------------------------------------------------- the steps

    def _paced(self, plan: Plan) -> Plan:
        visible = {step.name for step in _visible(plan)}
        steps = (replace(step, do=self._waiting_before(step)) if step.name in visible else step for step in plan.steps)
        return replace(plan, steps=tuple(steps))

    def _waiting_before(self, step: Step) -> Action:
        def do(ports: Ports, state: State) -> Waiting[Outcome]:
            if self._held or self._settings != PaceSettings():
                yield from self._wait(step.name, ports, state)
            return (yield from completed(step.do(ports, state)))

        return do

    def _wait(self, step: str, ports: Ports, state: State) -> Waiting[None]:
        job = records.read(ports.store, state["job_document"])
        drawn = plausible_durations.draw(self._seed, job, step)
        waiting = WaitingStep(state["job"], job.operation, step, ports.clock.now(), drawn)
        while True:
            seen, now = self._revision, ports.clock.now()
            until = self._until(waiting)
            if until is not None and now >= until:
                return
            if until is not None and now > waiting.began:
                _show(ports, state, now - waiting.began, until - now)
            with self._told(waiting):
                yield Wait(f"pace of {step}", self._has_news(seen, ports.clock, until and now), until)

    def _has_news(self, revision: int, clock: Clock, shown: datetime | None) -> Callable[[], bool]:
        """Whether the pace was changed since, or what was `shown` at that time is to be shown anew."""
        interval = timedelta(seconds=SHOWN_EVERY_SECONDS)
        return lambda: self._revision != revision or (shown is not None and clock.now() - shown >= interval)

    @contextmanager
    def _told(self, waiting: WaitingStep) -> Iterator[None]:
        self._waiting[waiting.job] = waiting
        try:
            yield
        finally:
            self._waiting.pop(waiting.job, None)


def _visible(plan: Plan) -> tuple[Step, ...]:
    if plan.job_log is not None:
        return ()
    return tuple(step for step in plan.steps if step.listed) or plan.steps[:1]


def _show(ports: Ports, state: State, passed: timedelta, left: timedelta) -> None:
    """How long the job takes already, and of a restore how far it is: the share of the step's least duration."""

    def shown(job: Job) -> Job:
        if job.operation != SHOWS_PROGRESS:
            return job
        percent = round(100 * passed / (passed + left), 1)
        if job.progress is not None and job.progress.percent >= percent:
            return job
        return replace(job, progress=Progress(percent, left.total_seconds()))

    records.change(ports.store, state["job_document"], ports.clock.now(), shown)
