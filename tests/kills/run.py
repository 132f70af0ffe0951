"""Kills a world again and again while it works, and checks the whole of it after each round of kills.

`python -m tests.kills --kills 500 --machines 100 --seed 11 --state FOLDER --result FILE` runs for hours. The result is
written after every round, so a run that is stopped leaves a partial one.
"""

from __future__ import annotations

import json
import time
import traceback
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from pathlib import Path
from random import Random
from threading import Thread

import psutil

from bench.report import machine
from controlplane.json_object import Json
from simulator.client import Client, RequestFailed, StillRunning, Unreachable
from simulator.host.documents import machine_key
from tests.kills.estate import Estate
from tests.kills.findings import KINDS, Findings
from tests.kills.invariants import Checks
from tests.kills.journal import Journal
from tests.kills.ledger import Ledger
from tests.kills.operations import FOR_HANDLERS, Operations
from tests.kills.process import WORKLOAD_RATE, Broken, Processes
from tests.kills.settle import LOOK_SECONDS, running_backups, settle, unstable

VICTIMS = {"handler": 40, "simulator": 35, "azurite": 25}
"""How often each is drawn."""
FEWEST_KILLS, MOST_KILLS, MOST_OPERATIONS = 6, 20, 10
"""Of one round, and beside each of its kills."""
LONGEST_DELAY_SECONDS, IN_START_SECONDS, STILL_SECONDS = 2.5, 4.0, 0.4
LONGEST_HANDLER_SECONDS = 0.4
"""How long a handler works on a busy machine, from its start to its thaw."""
IN_START, IN_FREEZE = 0.2, 0.5
"""How often a world is killed again while it starts, and how often a kill is aimed into a freeze."""
HANDLER_SECONDS, SILENCE_SECONDS, LOG_SECONDS = 4.0, 45, 3.0
"""How long a kill waits for a handler to appear, a backup for what a killed one would have reported, and a finding for
the world to log what it knows of it."""
ROUNDS_BETWEEN_SILENCES, ROUNDS_BETWEEN_RESTORES = 6, 1
"""In so many rounds one ends with killed handlers whose backups run into their limit; elsewhere they are cancelled."""
WITHOUT_HANDLERS, MOST_TRIES = 2, 6
"""How many such backups there are to be, and after how many kills no more is tried."""


@dataclass(frozen=True)
class Options:
    """What a run is. `patience_seconds`: the longest that anything may take, in real time."""

    state: Path
    seed: int = 11
    machines: int = 100
    kills: int = 500
    patience_seconds: float = 300.0
    result: Path | None = None
    say: Callable[[str], None] = print


@dataclass
class Run:
    """One world and all that is known of it."""

    options: Options
    chance: Random = field(init=False)
    estate: Estate = field(init=False)
    checks: Checks = field(init=False)
    operations: Operations = field(init=False)
    world: Processes = field(init=False)
    ledger: Ledger = field(default_factory=Ledger)
    journal: Journal = field(default_factory=Journal)
    findings: Findings = field(default_factory=Findings)
    kills: Counter[str] = field(default_factory=Counter)
    """By victim, and by the moment."""
    restores: Counter[str] = field(default_factory=Counter)
    """Recovery points drawn, restored and verified, by the verdict."""
    rounds: int = 0
    outwaited: Counter[str] = field(default_factory=Counter)
    """Backups whose handlers were killed and which nobody cancelled, by how they ended."""
    seconds: dict[str, list[float]] = field(default_factory=lambda: defaultdict(list))
    """What took how long, in real time."""

    def __post_init__(self) -> None:
        self.chance = Random(self.options.seed)
        self._without_handlers: set[str] = set()
        """The folders of machines of which a handler was killed in this round."""
        self._began = time.monotonic()
        patience = self.options.patience_seconds
        self.world = Processes(self.options.state, self.options.seed, patience, SILENCE_SECONDS)

    # ------------------------------------------------------------------------------------------------------------ whole

    def run(self) -> Json:
        """The result. A world that does not come up any more ends the run, as a finding."""
        try:
            self.estate = Estate(self._start(), self.options.machines, self.world.state)
            self.checks = Checks(self.estate, self.ledger, self.journal, self.findings)
            self.operations = Operations(self.estate, self.ledger, Random(self.options.seed + 1))
            with self._timed("building"):
                self.estate.build(self.ledger)
            self._settle_and_check()
            self.world.until_saved()  # the first kill loses a disk that was never saved, and its machine with it
            while self.count < self.options.kills:
                self._round()
        except Broken as problem:
            self.findings.add("stuck", str(problem))
        except (RequestFailed, Unreachable, StillRunning) as problem:  # of a look at a world that was not killed
            calls = " > ".join(f"{call.name}:{call.lineno}" for call in traceback.extract_tb(problem.__traceback__))
            time.sleep(LOG_SECONDS)
            self.findings.add("wrong", f"{type(problem).__name__}: {problem} ({calls}); {self.world.logged_error()}")
        finally:
            self.world.close()
        self.findings.add_all("orphan process", self.world.left())
        return self._write()

    @property
    def count(self) -> int:
        return sum(self.kills[victim] for victim in VICTIMS)

    def _round(self) -> None:
        self.rounds += 1
        self._without_handlers.clear()
        for _ in range(min(self.chance.randint(FEWEST_KILLS, MOST_KILLS), self.options.kills - self.count)):
            self._kill_at_work()
        if self.rounds % ROUNDS_BETWEEN_SILENCES == 1 and self.count < self.options.kills:
            self._outwait_silence()
        else:
            self._give_up_on_killed_handlers()
        self._settle_and_check()
        if self.rounds % ROUNDS_BETWEEN_RESTORES == 0:
            with self._timed("restoring"):
                self._restore_one()
        self._write()
        self.options.say(f"round {self.rounds}: {dict(self.kills)} {dict(self.findings.counts)} {dict(self.restores)}")

    def _settle_and_check(self) -> None:
        is_last = self.count >= self.options.kills
        with self._timed("settling"):
            settle(self.estate, self.ledger, self.options.patience_seconds, self.findings, for_good=is_last)
        with self._timed("checking"):
            self.checks.run(everything=is_last)
        self.findings.add_all("orphan process", [f"{each}" for each in self.world.handlers()])
        self.findings.add_all("orphan process", self.world.others())
        if len(self.world.azurites()) != 1:
            self.findings.add("orphan process", f"{len(self.world.azurites())} Azurites run")

    @contextmanager
    def _timed(self, what: str) -> Iterator[None]:
        began = time.monotonic()
        try:
            yield
        finally:
            self.seconds[what].append(round(time.monotonic() - began, 1))

    # ----------------------------------------------------------------------------------------------------------- starts

    def _start(self) -> Client:
        """A client of the world; the port of ARM is another one after each start."""
        self.world.begin()
        while self.kills and self.chance.random() < IN_START and self.count < self.options.kills:
            time.sleep(self.chance.random() * IN_START_SECONDS)  # a drawn moment
            self._count("simulator", "in a start")
            self.world.kill_simulator()
            self._ended()
            self.world.begin()
        with self._timed("starting"):
            return self.world.ready()

    # ------------------------------------------------------------------------------------------------------------ kills

    def _kill_at_work(self, victim: str | None = None, *, aimed: bool = False) -> None:
        """`victim` and whether it is aimed into a freeze are drawn unless given."""
        kinds = [self.operations.draw() for _ in range(self.chance.randint(2, MOST_OPERATIONS))]
        victim = victim or self.chance.choices(list(VICTIMS), list(VICTIMS.values()))[0]
        aimed = self.chance.random() < IN_FREEZE or aimed
        if victim == "handler" or aimed:
            kinds = [FOR_HANDLERS] * 3 + kinds
        worker = Thread(target=self._work, args=(kinds,))
        worker.start()
        delay = self.chance.random() * LONGEST_DELAY_SECONDS
        if aimed:
            self._kill_in_freeze(victim)
        else:
            time.sleep(delay)  # a drawn moment
            self._kill(victim, "at any time")
        with self._timed("ending what is asked"):
            worker.join()
        if victim != "handler":
            self._without_handlers.clear()  # a start has begun their tasks anew
            with self._timed("ending"):
                self._ended()
            self.estate.client.close()
            self.estate.client = self._start()

    def _work(self, kinds: list[str]) -> None:
        for kind in kinds:
            try:
                self.operations.send(kind)
            except Unreachable:
                return

    def _kill(self, victim: str, moment: str, folders: Sequence[str] = ()) -> None:
        """`folders`: of the machines of which a handler is to be killed, if it is one; none: any machine."""
        if victim == "handler":
            self._kill_handler(moment, folders)
        elif victim == "simulator":
            self._count(victim, moment)
            self.world.kill_simulator()
        else:
            self._count(victim, moment)
            self.world.kill_azurite()

    def _ended(self) -> None:
        if problem := self.world.ended():
            self.findings.add("wrong", problem)

    def _kill_handler(self, moment: str, folders: Sequence[str]) -> None:
        handlers = self._await_handlers()
        if not handlers:
            return
        of_those = [each for each in handlers if self.world.machine_of(each) in folders]
        handler = self.chance.choice(of_those or handlers)
        machine = self.world.machine_of(handler)
        if self.world.kill_group(handler):
            self._count("handler", moment)
            self._without_handlers.add(machine)

    def _give_up_on_killed_handlers(self) -> None:
        """Cancel the backups of their machines once no other one runs: nobody reports to them."""
        deadline = time.monotonic() + self.options.patience_seconds
        while self._without_handlers and time.monotonic() < deadline:
            running = running_backups(self.estate)
            if all(self._was_left(machine) for machine in running.values()):
                for name in running:
                    path = f"{self.estate.vault}/backupJobs/{name}/cancel"
                    self.ledger.ask(self.estate.client, "cancel", "POST", path)
                return
            time.sleep(LOOK_SECONDS)

    def _outwait_silence(self) -> None:
        """Kill a handler, or a few, and let their backups run into their limit."""
        left: set[str] = set()
        for _ in range(MOST_TRIES):
            if len(left) < WITHOUT_HANDLERS and self.count < self.options.kills:
                self._kill_at_work("handler", aimed=True)
                left = {name for name, machine in running_backups(self.estate).items() if self._was_left(machine)}
        with self._timed("outwaiting"):
            settle(self.estate, self.ledger, self.options.patience_seconds, self.findings)
        for name in left:
            job = self.estate.client.get(f"{self.estate.vault}/backupJobs/{name}")["properties"]
            codes = [each.get("errorTitle") for each in job.get("errorDetails") or ()]
            self.outwaited[codes[0] if codes else job["status"]] += 1

    def _was_left(self, machine: str) -> bool:
        return machine_key(self.estate.machine(machine)) in self._without_handlers

    def _await_handlers(self) -> list[psutil.Process]:
        deadline = time.monotonic() + HANDLER_SECONDS
        with self._timed("awaiting handlers"):
            while not (handlers := self.world.handlers()) and time.monotonic() < deadline:
                time.sleep(0.005)
        return handlers

    def _kill_in_freeze(self, victim: str) -> None:
        """Stop the storage for a moment once a handler runs: one that is within its freeze stays there."""
        self._await_handlers()
        time.sleep(self.chance.random() * LONGEST_HANDLER_SECONDS)  # a drawn moment
        azurites = self.world.azurites()
        for each in azurites:
            with suppress(psutil.NoSuchProcess):
                each.suspend()
        try:
            time.sleep(STILL_SECONDS)
            frozen = self._frozen()
            self._kill(victim, "in a freeze" if frozen else "at any time", frozen)
        finally:
            for each in azurites:
                with suppress(psutil.NoSuchProcess):
                    each.resume()

    def _frozen(self) -> list[str]:
        """The folders of those machines in which a handler runs and writers are held."""
        client, folders = self.estate.client, {self.world.machine_of(each) for each in self.world.handlers()}
        machines = {machine_key(self.estate.machine(name)): self.estate.machine(name) for name in self.estate.names}
        try:
            return [each for each in sorted(folders & set(machines)) if unstable(client, machines[each])]
        except (RequestFailed, Unreachable):
            return []

    def _count(self, victim: str, moment: str) -> None:
        self.kills[victim] += 1
        self.kills[f"{victim} {moment}"] += 1

    # --------------------------------------------------------------------------------------------------------- restores

    def _restore_one(self) -> None:
        """Restore a drawn recovery point and compare every block with what its guest had written."""
        client = self.estate.client
        items = [item["id"] for item in client.list(f"{self.estate.vault}/backupProtectedItems")]
        points = [point for item in items for point in client.list(f"{item}/recoveryPoints")]
        whole = [point["id"] for point in points if point["name"] not in self.journal.named]
        if not whole:
            return
        point = self.chance.choice(whole)
        machine_name = point.partition("/protecteditems/")[2] or point.partition("/protectedItems/")[2]
        name = machine_name.partition("/")[0].rpartition(";")[2]
        body = self.estate.restore(point, name, recoveryType="RestoreDisks")
        try:
            job = client.finish(client.post(f"{point}/restore", body))["properties"]["jobId"]
        except RequestFailed as error:
            self.restores[f"refused: {error.code}"] += 1
            return
        path = f"{self.estate.vault}/backupJobs/{job}"
        ended = client.wait_for(path, lambda job: job["properties"]["status"] not in ("InProgress", "Cancelling"))
        if ended["properties"]["status"] != "Completed":
            self.findings.add("wrong", f"the restore of {point} ended as {ended['properties']}")
            return
        verdict = client.sim("POST", "/verify", {"recovery_point": point, "job": job})
        self.restores[verdict["outcome"]] += 1
        if verdict["outcome"] == "failed":
            self.findings.add("wrong", f"{point} is not what the guest had written: {verdict['checks']}")

    # ----------------------------------------------------------------------------------------------------------- result

    def _write(self) -> Json:
        result = {
            "schema_version": 1,
            "machine": machine(),
            "seed": self.options.seed,
            "machines": self.options.machines,
            "workload_rate": WORKLOAD_RATE,
            "kills_wanted": self.options.kills,
            "kills": self.count,
            "kills_by_victim_and_moment": {
                each: self.kills[each] for each in sorted(self.kills) if each not in VICTIMS
            },
            "rounds": self.rounds,
            "seconds": round(time.monotonic() - self._began),
            "found": {kind: self.findings.counts[kind] for kind in KINDS},
            "sentences": self.findings.sentences,
            "sessions_left_frozen": self.journal.left_frozen,
            "named_after_kills": dict(sorted(self.journal.counts.items())),
            "jobs": dict(sorted(self.journal.errors.items())),
            "failed_resources": dict(sorted(self.checks.outcomes.items())),
            "backups_without_their_handlers": dict(sorted(self.outwaited.items())),
            "restores": dict(sorted(self.restores.items())),
            "requests": dict(sorted(self.ledger.answers.items())),
            "operations": len(self.ledger.operations),
            "seconds_by_part": {
                what: {"times": len(took), "total": round(sum(took)), "longest": max(took)}
                for what, took in sorted(self.seconds.items())
            },
        }
        if self.options.result is not None:
            self.options.result.write_text(json.dumps(result, indent=1) + "\n", encoding="utf-8")
        return result
