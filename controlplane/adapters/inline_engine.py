"""Engine in this process: each job in a thread of its own, each step journalled, unfinished jobs taken up again."""

from __future__ import annotations

import threading
from collections.abc import Callable, Mapping
from dataclasses import replace
from datetime import datetime

from controlplane.jobs.engine.execution import RUN, RUNNING, Execution, Interrupted, ask_to_stop, enqueue
from controlplane.jobs.engine.plan import Plan
from controlplane.port_wrappers import ClockWrapper
from controlplane.ports import Clock, Json, Ports


class InlineEngine:
    """The Engine port. `ports_of` is asked at each start, so that engine and ports can be made in either order."""

    def __init__(self, plans: Mapping[str, Plan], ports_of: Callable[[], Ports]) -> None:
        self._plans = plans
        self._ports_of = ports_of
        self._threads: dict[str, threading.Thread] = {}
        self._guard = threading.Lock()
        self._closing = threading.Event()

    def start(self, plan: str, job_id: str, state: Json) -> None:
        """Begin when the transaction commits in which this is called; if it fails the job never was."""
        if plan not in self._plans:
            raise KeyError(f"no plan is called {plan}")
        if enqueue(self._ports_of().store, plan, job_id, state):
            self._launch(job_id)

    def cancel(self, job_id: str) -> bool:
        return ask_to_stop(self._ports_of(), job_id)

    def recover(self) -> int:
        unfinished = [document.id for document in self._ports_of().store.find(RUN, RUNNING)]
        return sum(self._launch(job_id) for job_id in unfinished)

    def close(self) -> None:
        """Steps that wait for somebody are left and done again after the next start; others are let end."""
        self._closing.set()
        self.settle()

    def settle(self) -> None:
        """Wait for every job that runs now."""
        with self._guard:
            threads = list(self._threads.values())
        for thread in threads:
            thread.join()

    def _launch(self, job_id: str) -> bool:
        with self._guard:
            if self._closing.is_set() or job_id in self._threads:
                return False
            thread = threading.Thread(target=self._work, args=(job_id,), name=f"job-{job_id}", daemon=True)
            self._threads[job_id] = thread
        thread.start()
        return True

    def _work(self, job_id: str) -> None:
        ports = self._ports_of()
        ports = replace(ports, clock=_UntilClosing(ports.clock, self._closing))
        try:
            # As the one writer: so the run is seen as soon as it is there, and not before.
            with ports.store.transaction():
                found = ports.store.get(RUN, job_id)
            if found is not None and found.parent == RUNNING:
                Execution(ports, self._plans[found.private["plan"]], job_id, found.private).run()
        except Interrupted:
            pass
        finally:
            with self._guard:
                del self._threads[job_id]


class _UntilClosing(ClockWrapper):
    """The clock for steps: a wait ends when the engine closes."""

    def __init__(self, inner: Clock, closing: threading.Event) -> None:
        super().__init__(inner)
        self._closing = closing

    def wait(self, until: Callable[[], bool], deadline: datetime) -> bool:
        def until_or_closing() -> bool:
            if self._closing.is_set():
                raise Interrupted
            return until()

        return super().wait(until_or_closing, deadline)
