"""Assertions about jobs, recovery points and whether a machine can be restored; a failed one tells what led to it.

    assert_job(vm.back_up()).completed().app_consistent().within_freeze(ms=2000)
    assert_job(vm.back_up()).failed_with("UserErrorGuestAgentStatusUnavailable")
    assert_recoverable(vm, rpo="24h", rto="1h")
    assert_points(vm).match("DefaultPolicy")

Each raises AssertionError with one sentence of what was expected and what is, and below it the events of the job under
the ones that they follow from. Durations are texts such as `24h` or `1d12h`, or timedeltas; they count world time.
"""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime, timedelta
from math import ceil
from typing import NoReturn

from controlplane.domain.events import service
from controlplane.json_object import Json
from simulator.scenario import RUNNING
from simulator.scenario_values import Job, RecoveryPoint
from simulator.testing import story
from simulator.testing.world import BackupJob, BackupWorld, ProtectedVM

RUN_TO_POINT = timedelta(hours=6)
"""Within which time of its run a scheduled recovery point is taken: the start is spread over two hours at most, and a
backup that failed is tried again."""
POINT_STATE = service.RecoveryPointState.NAME
MOST_YEARS = 30
MOST_LISTED = 10


def assert_job(job: BackupJob) -> JobAssertion:
    """What the job came to; one that runs is waited for."""
    if not isinstance(job, BackupJob):
        raise TypeError(
            f"assert_job takes a job of a world, and not {job!r}; backup_world.job(NAME) makes one of a name"
        )
    return JobAssertion(job.wait())


class JobAssertion:
    """Each method raises AssertionError, or returns this, so that more can be said."""

    def __init__(self, job: BackupJob) -> None:
        self._job = job
        self._read: Job = job.read()
        self._point: RecoveryPoint | None = None

    def completed(self) -> JobAssertion:
        """It completed, without warnings."""
        return self._ended_as("Completed")

    def completed_with_warnings(self) -> JobAssertion:
        return self._ended_as("CompletedWithWarnings")

    def cancelled(self) -> JobAssertion:
        return self._ended_as("Cancelled")

    def failed_with(self, code: str) -> JobAssertion:
        """It failed, and this is the code of one of its errors, as `UserErrorGuestAgentStatusUnavailable`."""
        self._ended_as("Failed", f"to fail with {code}")
        codes = [error.code for error in self._read.errors]
        if code not in codes:
            self._fail(f"to fail with {code}", f"it failed with {', '.join(codes) or 'no code'}")
        return self

    def warned_of(self, code: str) -> JobAssertion:
        """It completed with warnings, and this is the code of one of them."""
        self._ended_as("CompletedWithWarnings", f"to warn of {code}")
        codes = [error.code for error in self._read.errors]
        if code not in codes:
            self._fail(f"to warn of {code}", f"it warns of {', '.join(codes) or 'nothing'}")
        return self

    def app_consistent(self) -> JobAssertion:
        return self._consistent("AppConsistent")

    def file_system_consistent(self) -> JobAssertion:
        return self._consistent("FileSystemConsistent")

    def crash_consistent(self) -> JobAssertion:
        return self._consistent("CrashConsistent")

    def within_freeze(self, *, ms: float) -> JobAssertion:
        """The guest held its writes for so many milliseconds at most, by its own measure."""
        window = self.point.freeze_window_milliseconds
        if window is None:
            self._fail(f"a freeze of at most {ms:g} ms", "the guest saw no freeze")
        if window > ms:
            self._fail(f"a freeze of at most {ms:g} ms", f"the guest was frozen for {window:.0f} ms")
        return self

    def took_at_most(self, limit: str | timedelta) -> JobAssertion:
        """Its duration as ARM shows it."""
        most = _duration(limit)
        if self._read.duration_seconds > most.total_seconds():
            self._fail(f"to take {most} at most", f"it took {timedelta(seconds=self._read.duration_seconds)}")
        return self

    @property
    def point(self) -> RecoveryPoint:
        """The recovery point that it made; AssertionError where it made none."""
        if self._point is None:
            made = [each["data"]["point"] for each in self._job.events() if each["name"] == POINT_STATE]
            if not made:
                self._fail("to make a recovery point", f"it made none, and is {self._read.status}")
            self._point = _point(self._job, made[0])
        return self._point

    def _ended_as(self, status: str, wanted: str = "") -> JobAssertion:
        if self._read.status != status:
            errors = "".join(f"; {error}" for error in self._read.errors)
            self._fail(wanted or f"to be {status}", f"it is {self._read.status}{errors}")
        return self

    def _consistent(self, consistency: str) -> JobAssertion:
        if self.point.consistency != consistency:
            self._fail(f"a recovery point that is {consistency}", f"it is {self.point.consistency}")
        return self

    def _fail(self, wanted: str, found: str) -> NoReturn:
        told = story.of_job(self._job.world, self._job.name)
        _fail(f"{self._read.operation} job {self._job.name} was expected {wanted}: {found}", told)


def assert_recoverable(
    vm: ProtectedVM, *, rpo: str | timedelta | None = None, rto: str | timedelta | None = None
) -> RecoveryPoint:
    """The newest recovery point is not older than `rpo`, its disks can be restored within `rto`, and they hold what the
    guest had written, block by block, with a database that opens. Returns the point; a restore stays behind."""
    points = vm.points()
    if not points:
        jobs = vm.jobs()
        told = story.of_job(vm.world, jobs[0].name) if jobs else []
        _fail(f"{vm.name} was expected to be recoverable: it has no recovery point", told)
    newest = points[-1]
    age = vm.world.clock.now() - newest.time
    if rpo is not None and age > _duration(rpo):
        _fail(
            f"{vm.name} was expected to be recoverable to a state of at most {_duration(rpo)} ago: its newest recovery "
            f"point is {age} old",
            _later_jobs(vm, newest),
        )
    restore = assert_job(vm.restore_disks(newest)).completed()
    if rto is not None:
        restore.took_at_most(rto)
    verdict = vm.verify(newest, restore._job)
    if not verdict.verified:
        failed = [f"  {check.name}: {check.detail}" for check in verdict.checks if not check.passed]
        _fail(f"{vm.name} was expected to be recoverable: what was restored is not what the guest had written", failed)
    return newest


def assert_points(vm: ProtectedVM) -> PointsAssertion:
    """The recovery points of a machine."""
    return PointsAssertion(vm)


class PointsAssertion:
    def __init__(self, vm: ProtectedVM) -> None:
        self._vm = vm
        self._points = vm.points()

    def count(self, number: int) -> PointsAssertion:
        """So many there are, scheduled or on demand."""
        if len(self._points) != number:
            _fail(
                f"{self._vm.name} was expected to have {number} recovery points: it has {len(self._points)}",
                _times(self._points),
            )
        return self

    def match(self, policy: str | Json | None = None) -> PointsAssertion:
        """Its scheduled recovery points are those that the policy comes to by now: none is missing, and none is there
        that should have expired. `policy` is a name in its vault, or a body; None: the one that protects it. It must
        have protected the machine from the beginning. Points on demand are left out."""
        world, now = self._vm.world, self._vm.world.clock.now()
        expected = _expected(self._vm, policy, now)
        events = world.events()
        scheduled = [point for point in self._points if _is_scheduled(self._vm, point, events)]
        missing, left = [], list(scheduled)
        for run in expected:
            point = next((each for each in left if run <= each.time <= run + RUN_TO_POINT), None)
            if point is None:
                missing.append(run)
            else:
                left.remove(point)
        if missing or left:
            told = [f"  missing: the point of the run at {run.isoformat()}" for run in missing[:MOST_LISTED]]
            told += [f"  too many: {point.time.isoformat()}" for point in left[:MOST_LISTED]]
            told += _why(world, self._vm, missing)
            _fail(
                f"{self._vm.name} was expected to have the {len(expected)} recovery points of its policy at "
                f"{now.isoformat()}: missing {len(missing)}, too many {len(left)}",
                told,
            )
        return self


def _expected(vm: ProtectedVM, policy: str | Json | None, now: datetime) -> list[datetime]:
    """When the scheduled runs were whose points the policy keeps now."""
    begin = _protected_since(vm)
    years = min(MOST_YEARS, max(1, ceil((now - begin) / timedelta(days=365))))
    question: Json = {"from": begin.isoformat().replace("+00:00", "Z"), "years": years}
    if policy is None or isinstance(policy, str):
        question |= {"policy": policy or vm.item.policy_id}
        if not question["policy"].startswith("/"):
            question["vault"] = vm.vault.name
    else:
        question |= {"body": policy}
    lives = vm.world.client.sim("POST", "/forecast", question)["recovery_points"]
    return [
        datetime.fromisoformat(life["time"])
        for life in lives
        if datetime.fromisoformat(life["time"]) <= now < _end(life)
    ]


def _end(life: Json) -> datetime:
    """When a point goes: its policy's end of it, or earlier."""
    return datetime.fromisoformat(life["removed"] or life["expires"])


def _protected_since(vm: ProtectedVM) -> datetime:
    """When the first job of the item began, which is that of its protection."""
    begun = [event for job in reversed(vm.jobs()) for event in job.events() if event["name"] == service.JobState.NAME]
    if not begun:
        _fail(f"{vm.name} has no job, so nobody knows since when it is protected", [])
    return min(datetime.fromisoformat(event["time"]) for event in begun)


def _is_scheduled(vm: ProtectedVM, point: RecoveryPoint, events: Sequence[Json]) -> bool:
    name = point.id.rpartition("/")[2]
    made = next(each for each in events if each["name"] == POINT_STATE and each["data"]["point"] == name)
    return bool(story.root_of(vm.world, made)["name"] == service.ScheduleDue.NAME)


def _why(world: BackupWorld, vm: ProtectedVM, missing: Sequence[datetime]) -> list[str]:
    """What became of the first run whose point is missing."""
    for event in world.events() if missing else []:
        is_run = event["name"] == service.ScheduleDue.NAME and (event["vm"] or "").lower() == vm.id.lower()
        if is_run and datetime.fromisoformat(event["data"]["due"]) == missing[0]:
            jobs = [each["job"] for each in world.events() if each["parent"] == event["id"] and each["job"]]
            return story.of_job(world, jobs[0]) if jobs else [story.line(event)]
    return []


def _later_jobs(vm: ProtectedVM, point: RecoveryPoint) -> list[str]:
    """The story of the newest job that ended badly since the point was taken."""
    for job in vm.jobs():
        read = job.read()
        if read.operation == "Backup" and read.status not in RUNNING and not read.succeeded:
            return story.of_job(vm.world, job.name)
    return []


def _point(job: BackupJob, name: str) -> RecoveryPoint:
    """The recovery point of this name, of whichever item of the job's vault."""
    client, vault = job.world.client, job.id.rpartition("/backupJobs/")[0]
    for item in client.list(f"{vault}/backupProtectedItems"):
        for listed in client.list(f"{item['id']}/recoveryPoints"):
            if listed["name"] == name:
                return RecoveryPoint.from_json(client.sim("GET", "/recoverypoint", None, id=listed["id"]))
    raise AssertionError(f"recovery point {name} is gone")


def _times(points: Sequence[RecoveryPoint]) -> list[str]:
    return [f"  {point.time.isoformat()}  {point.consistency}" for point in points[-MOST_LISTED:]]


def _duration(given: str | timedelta) -> timedelta:
    from simulator.clock.targets import duration_of

    return given if isinstance(given, timedelta) else duration_of(given)


def _fail(sentence: str, told: Sequence[str]) -> NoReturn:
    raise AssertionError("\n".join([sentence, *told]))
