"""The RunStore on the store's own database, in the store's own transactions."""

from __future__ import annotations

import json
import threading
from collections.abc import Callable, Collection, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from typing import Any

import sqlalchemy as sa

from controlplane.adapters.schema import RUN_LOG, RUNS
from controlplane.jobs.engine.runs import Logged, Run, RunLost
from controlplane.json_object import Json

Connecting = Callable[[], AbstractContextManager[sa.Connection]]

# Columns in the order in which Run and Logged take them.
_RUN = (
    RUNS.c.job,
    RUNS.c.plan,
    RUNS.c.state,
    RUNS.c.cancel,
    RUNS.c.status,
    RUNS.c.owner,
    RUNS.c.lease_until,
    RUNS.c.fence,
)
_LOGGED = (RUN_LOG.c.step, RUN_LOG.c.direction, RUN_LOG.c.state, RUN_LOG.c.error, RUN_LOG.c.cancelled)
_THIS = RUNS.c.job == sa.bindparam("of_job")
_GET = sa.select(*_RUN).where(_THIS)
_UNFINISHED = sa.select(*_RUN).where(RUNS.c.status.in_(("queued", "running"))).order_by(RUNS.c.number)
_FREE = _UNFINISHED.where(sa.or_(RUNS.c.owner.is_(None), RUNS.c.lease_until < sa.bindparam("now")))
_INSERT = sa.insert(RUNS)
_UPDATE = sa.update(RUNS).where(_THIS)
_APPEND = sa.insert(RUN_LOG)
_LOG = sa.select(*_LOGGED).where(RUN_LOG.c.job == sa.bindparam("of_job")).order_by(RUN_LOG.c.position)


class SqlRuns:
    """`reading` and `writing` give the connection of the caller's transaction, else one of their own; `after_commit`
    calls what it is given when that transaction has committed."""

    def __init__(
        self, reading: Connecting, writing: Connecting, after_commit: Callable[[Callable[[], None]], None]
    ) -> None:
        self._reading = reading
        self._writing = writing
        self._after_commit = after_commit
        self._subscribers: tuple[Callable[[], None], ...] = ()
        self._of_thread = threading.local()

    def add(self, job: str, plan: str, state: Json) -> bool:
        with self._writing() as connection:
            if connection.execute(_GET, {"of_job": job}).fetchone() is not None:
                return False
            values = {"job": job, "plan": plan, "state": _text(state), "cancel": False, "status": "queued", "fence": 0}
            connection.execute(_INSERT, values)
            self._after_commit(self._tell_subscribers)
        return True

    def get(self, job: str) -> Run | None:
        with self._reading() as connection:
            row = connection.execute(_GET, {"of_job": job}).fetchone()
        return None if row is None else _run(row)

    def unfinished(self) -> Sequence[Run]:
        with self._reading() as connection:
            return [_run(row) for row in connection.execute(_UNFINISHED).fetchall()]

    def free(self, now: float, plans: Collection[str], most: int) -> Sequence[Run]:
        query = _FREE.where(RUNS.c.plan.in_(sorted(plans))).limit(most)
        with self._reading() as connection:
            return [_run(row) for row in connection.execute(query, {"now": now}).fetchall()]

    def stopping(self, owner: str) -> Sequence[str]:
        query = sa.select(RUNS.c.job).where(RUNS.c.status == "running", RUNS.c.owner == owner, RUNS.c.cancel)
        with self._reading() as connection:
            return connection.execute(query).scalars().all()

    def take(self, job: str, owner: str, now: float, until: float) -> Run | None:
        with self._writing() as connection:
            row = connection.execute(_FREE.where(_THIS), {"of_job": job, "now": now}).fetchone()
            if row is None:
                return None
            fence = _run(row).fence + 1
            values = {"status": "running", "owner": owner, "lease_until": until, "fence": fence}
            connection.execute(_UPDATE, {"of_job": job, **values})
            taken = connection.execute(_GET, {"of_job": job}).one()
        return _run(taken)

    def renew(self, owner: str, jobs: Collection[str], until: float) -> None:
        owned = sa.and_(RUNS.c.owner == owner, RUNS.c.status == "running", RUNS.c.job.in_(sorted(jobs)))
        with self._writing() as connection:
            connection.execute(sa.update(RUNS).where(owned), {"lease_until": until})

    def disown(self, owner: str | None = None, jobs: Collection[str] | None = None) -> None:
        owned = RUNS.c.owner.is_not(None) if owner is None else RUNS.c.owner == owner
        if jobs is not None:
            owned = sa.and_(owned, RUNS.c.job.in_(sorted(jobs)))
        with self._writing() as connection:
            values = {"status": "queued", "owner": None, "lease_until": None}
            connection.execute(sa.update(RUNS).where(RUNS.c.status == "running", owned), values)

    def log(self, job: str) -> Sequence[Logged]:
        with self._reading() as connection:
            return [_logged(row) for row in connection.execute(_LOG, {"of_job": job}).fetchall()]

    def check(self, job: str, fence: int) -> Run:
        with self._reading() as connection:
            return _still_held(connection, job, fence)

    @contextmanager
    def fenced(self, job: str, fence: int) -> Iterator[None]:
        before = self._fence_of_thread()
        self._of_thread.fence = (job, fence)
        try:
            yield
        finally:
            self._of_thread.fence = before

    def check_thread(self, connection: sa.Connection) -> None:
        """To be called as a transaction begins: RunLost where the fence of the calling thread holds no more."""
        fence = self._fence_of_thread()
        if fence is not None:
            _still_held(connection, *fence)

    def _fence_of_thread(self) -> tuple[str, int] | None:
        fence: tuple[str, int] | None = getattr(self._of_thread, "fence", None)
        return fence

    def append(self, job: str, fence: int, position: int, entry: Logged) -> None:
        values = {
            "job": job,
            "position": position,
            "step": entry.step,
            "direction": entry.direction,
            "state": None if entry.state is None else _text(entry.state),
            "error": None if entry.error is None else _text(entry.error),
            "cancelled": entry.cancelled,
        }
        with self._writing() as connection:
            _still_held(connection, job, fence)
            connection.execute(_APPEND, values)

    def end(self, job: str, fence: int) -> None:
        with self._writing() as connection:
            _still_held(connection, job, fence)
            values = {"status": "ended", "owner": None, "lease_until": None}
            connection.execute(_UPDATE, {"of_job": job, **values})

    def ask_to_stop(self, job: str) -> Run | None:
        with self._writing() as connection:
            row = connection.execute(_UNFINISHED.where(_THIS), {"of_job": job}).fetchone()
            if row is None:
                return None
            connection.execute(_UPDATE, {"of_job": job, "cancel": True})
            self._after_commit(self._tell_subscribers)
        return _run(row)

    def clear(self) -> None:
        with self._writing() as connection:
            connection.execute(sa.delete(RUN_LOG))
            connection.execute(sa.delete(RUNS))

    def subscribe(self, action: Callable[[], None]) -> Callable[[], None]:
        self._subscribers = (*self._subscribers, action)

        def end() -> None:
            self._subscribers = tuple(subscriber for subscriber in self._subscribers if subscriber is not action)

        return end

    def _tell_subscribers(self) -> None:
        for action in self._subscribers:
            action()


def _still_held(connection: sa.Connection, job: str, fence: int) -> Run:
    row = connection.execute(_GET, {"of_job": job}).fetchone()
    run = None if row is None else _run(row)
    if run is None or run.fence != fence or run.status != "running":
        raise RunLost(f"the run of the job {job} has another owner, or none")
    return run


def _run(row: Sequence[Any]) -> Run:
    job, plan, state, cancel, status, owner, lease_until, fence = row
    return Run(job, plan, json.loads(state), cancel, status, owner, lease_until, fence)


def _logged(row: Sequence[Any]) -> Logged:
    step, direction, state, error, cancelled = row
    return Logged(step, direction, _json(state), _json(error), cancelled)


def _text(value: Json) -> str:
    return json.dumps(value, separators=(",", ":"))


def _json(text: str | None) -> Json | None:
    value: Json | None = None if text is None else json.loads(text)
    return value
