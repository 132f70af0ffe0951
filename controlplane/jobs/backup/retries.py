"""The retry of a scheduled backup: another job for the same run, where the failure is none that its owner has to mend.

Such are the errors of the service itself, whose documented remedy is to retry in a few minutes. The next run of the
schedule is another backup: a retry that would not come before it is not made.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime, timedelta

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import policy, protected_item, schedule
from controlplane.domain.recovery_services.job import Job
from controlplane.domain.recovery_services.schedule import Run
from controlplane.domain.recovery_services.snapshot_failure import Meaning
from controlplane.jobs.backup.states import BackupState
from controlplane.json_object import Json
from controlplane.ports import Store
from extension.contract import fallback

AFTER = timedelta(minutes=10)
"""From the end of an attempt to the next one."""
SERVICE_ERROR = 500
"""Errors from this HTTP status on are the service's."""


@dataclass(frozen=True, slots=True)
class Retry:
    """What is to be tried again, and when. `attempt` is its number among those of the run: 2 for the first retry."""

    at: datetime
    run: Run
    attempt: int


def of_item(private: Json) -> Retry | None:
    """The retry that an item waits for. `private` is what the service remembers of it."""
    stored = protected_item.retry(private)
    if stored is None:
        return None
    return Retry(datetime.fromisoformat(stored["at"]), run_from_json(stored["run"]), stored["attempt"])


def is_repeated(meaning: Meaning, retries: int, attempts: int) -> bool:
    """Whether a job that may make so many attempts makes another one after the one with this number, from 0 on."""
    facts = {"freeze_in_the_way": meaning.retry_without_freeze, "attempts_left": retries + 1 < attempts}
    return fallback.then(fallback.ATTEMPT, **facts) == fallback.ANOTHER_ATTEMPT


def is_tried_again(error: ServiceError, retries_left: bool) -> bool:
    """Whether another job follows for the same run of the schedule."""
    facts = {"service_error": error.status >= SERVICE_ERROR, "retries_left": retries_left}
    return fallback.then(fallback.JOB, **facts) == fallback.ANOTHER_JOB


def with_retry_after(store: Store, private: Json, state: BackupState, job: Job, error: ServiceError | None) -> Json:
    """What the service remembers of an item once this attempt has ended."""
    if error is None or job.status != "Failed" or not is_tried_again(error, bool(state.get("retries_left"))):
        return private
    run, rules = run_from_json(state["run"]), store.get(policy.KIND, state["policy"])
    at = (job.ended or job.started) + AFTER
    following = schedule.next_run(rules.json()["properties"], run.due) if rules else None
    if following is not None and following.due <= at:
        return private
    return protected_item.with_retry(
        private, {"at": at.isoformat(), "run": state["run"], "attempt": state["attempt"] + 1}
    )


def run_to_json(run: Run) -> Json:
    return {"due": run.due.isoformat(), "day": run.day.isoformat(), "first": run.first, "last": run.last}


def run_from_json(stored: Json) -> Run:
    due, day = datetime.fromisoformat(stored["due"]), date.fromisoformat(stored["day"])
    return Run(due, day, stored["first"], stored["last"])
