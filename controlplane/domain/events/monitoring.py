"""The catalogue's part of what Azure Monitor is told: alerts."""

from __future__ import annotations

from dataclasses import dataclass

from controlplane.domain.events.event import SOMETIMES, Fact, Party
from controlplane.domain.events.service import REQUESTS, ControlRequest, JobState, RetentionDue, TaskState


@dataclass(frozen=True)
class AlertFired(
    Fact,
    name="alert.fired",
    party=Party.SERVICE,
    parents=(JobState.NAME, TaskState.NAME, *REQUESTS, RetentionDue.NAME, ControlRequest.NAME),
    job=SOMETIMES,
    vm=SOMETIMES,
):
    """Azure Backup fired one of its alerts: a job failed, backup data were deleted, or security was weakened."""

    alert: str
    """Name of the alert in ARM, a GUID."""
    rule: str
    severity: str
    target: str
    """ARM id of the vault."""


@dataclass(frozen=True)
class AlertState(Fact, name="alert.state", party=Party.ARM, parents=REQUESTS):
    """A user gave an alert another state."""

    alert: str
    """Name of the alert in ARM, a GUID."""
    to: str
