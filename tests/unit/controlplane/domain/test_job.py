"""Job: the status that follows from the tasks, and the body that ARM shows."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta

import pytest
from hypothesis import given
from hypothesis import strategies as st

from controlplane.domain.errors import ServiceError
from controlplane.domain.recovery_services import job as jobs
from controlplane.domain.recovery_services.job import Job, Progress, Task
from controlplane.domain.state_machine import IllegalTransition

START = datetime(2022, 5, 13, 10, 9, 27, 280134, tzinfo=UTC)
VAULT = "/subscriptions/s/resourceGroups/RG1/providers/Microsoft.RecoveryServices/vaults/V1"
SNAPSHOT, TRANSFER = "Take Snapshot", "Transfer data to vault"


def backup() -> Job:
    return Job(
        id="c3068609-5c66-4a08-acd4-b22dcf7b157f",
        vault=VAULT,
        operation="Backup",
        container="iaasvmcontainerv2;rg1;sql01",
        friendly_name="sql01",
        activity="c48bc0a8-d2a4-11ec-9ea8-c8f750f92764",
        started=START,
        tasks=(Task(SNAPSHOT), Task(TRANSFER, required=False)),
        properties={"VM Name": "sql01"},
        internal={"IsInstantRpJob": "True"},
    )


@pytest.mark.parametrize(
    ("snapshot", "transfer", "status"),
    [
        ("Completed", "InProgress", "InProgress"),
        ("Completed", "Skipped", "Completed"),
        ("Completed", "Completed", "Completed"),
        ("Completed", "Failed", "CompletedWithWarnings"),
        ("Failed", "Failed", "Failed"),
    ],
)
def test_the_published_rows_of_job_status(snapshot: str, transfer: str, status: str) -> None:
    assert jobs.status_of([Task(SNAPSHOT, status=snapshot), Task(TRANSFER, False, status=transfer)]) == status


@pytest.mark.parametrize(
    ("statuses", "status"),
    [
        ((), "Completed"),
        (("NotStarted",), "InProgress"),
        (("Completed", "InProgress"), "InProgress"),
        (("Completed", "Failed"), "Failed"),
        (("Completed", "Cancelled"), "Cancelled"),
        (("Completed", "Completed"), "Completed"),
    ],
)
def test_jobs_of_required_tasks_only(statuses: tuple[str, ...], status: str) -> None:
    assert jobs.status_of(Task(str(place), status=status) for place, status in enumerate(statuses)) == status


@given(st.lists(st.tuples(st.booleans(), st.sampled_from(sorted(jobs.TASK_STATES))), max_size=5))
def test_every_mixture_of_tasks_has_a_status(tasks: list[tuple[bool, str]]) -> None:
    status = jobs.status_of(Task(str(n), required, status=state) for n, (required, state) in enumerate(tasks))
    assert status in jobs.JOB_STATES
    if any(required and state == "Failed" for required, state in tasks):
        assert status == "Failed"


def test_a_running_backup_as_arm_shows_it() -> None:
    job = jobs.task_changed(backup(), SNAPSHOT, "started", START)
    assert jobs.body(job, START + timedelta(seconds=2.5)) == {
        "id": f"{VAULT}/backupJobs/c3068609-5c66-4a08-acd4-b22dcf7b157f",
        "name": "c3068609-5c66-4a08-acd4-b22dcf7b157f",
        "type": "Microsoft.RecoveryServices/vaults/backupJobs",
        "properties": {
            "jobType": "AzureIaaSVMJob",
            "actionsInfo": ["Cancellable"],
            "containerName": "iaasvmcontainerv2;rg1;sql01",
            "duration": "PT2.5S",
            "virtualMachineVersion": "Compute",
            "extendedInfo": {
                "tasksList": [
                    {"taskId": SNAPSHOT, "duration": "PT0S", "status": "InProgress"},
                    {"taskId": TRANSFER, "duration": "PT0S", "status": "NotStarted"},
                ],
                "propertyBag": {"VM Name": "sql01"},
                "internalPropertyBag": {"IsInstantRpJob": "True"},
            },
            "entityFriendlyName": "sql01",
            "backupManagementType": "AzureIaasVM",
            "operation": "Backup",
            "status": "InProgress",
            "startTime": "2022-05-13T10:09:27.280134Z",
            "activityId": "c48bc0a8-d2a4-11ec-9ea8-c8f750f92764",
        },
    }


def test_a_completed_backup_has_its_end_and_the_duration_of_each_task() -> None:
    job = jobs.task_changed(backup(), SNAPSHOT, "started", START)
    job = jobs.task_changed(job, SNAPSHOT, "done", START + timedelta(seconds=90))
    job = jobs.task_changed(job, TRANSFER, "started", START + timedelta(seconds=90))
    job = jobs.task_changed(job, TRANSFER, "done", START + timedelta(seconds=100))
    job = jobs.ended(job, START + timedelta(seconds=101), [])
    shown = jobs.body(job, START + timedelta(days=3))["properties"]
    assert shown["status"] == "Completed"
    assert shown["duration"] == "PT1M41S"
    assert shown["endTime"] == "2022-05-13T10:11:08.280134Z"
    assert [task["duration"] for task in shown["extendedInfo"]["tasksList"]] == ["PT1M30S", "PT10S"]
    assert "errorDetails" not in shown


def test_a_failed_snapshot_fails_what_was_never_reached() -> None:
    job = jobs.task_changed(backup(), SNAPSHOT, "started", START)
    job = jobs.task_changed(job, SNAPSHOT, "failed", START)
    error = ServiceError("ExtensionFailedVssWriterInBadState", "VSS writers.", remedy="Restart them.", number=7)
    job = jobs.ended(job, START, [error])
    shown = jobs.body(job, START)["properties"]
    assert shown["status"] == "Failed"
    assert [task["status"] for task in shown["extendedInfo"]["tasksList"]] == ["Failed", "Failed"]
    assert shown["errorDetails"] == [
        {
            "errorCode": 7,
            "errorTitle": "ExtensionFailedVssWriterInBadState",
            "errorString": "VSS writers.",
            "recommendations": ["Restart them."],
        }
    ]


def test_a_failed_transfer_is_a_warning() -> None:
    job = backup()
    for task, end in ((SNAPSHOT, "done"), (TRANSFER, "failed")):
        job = jobs.task_changed(job, task, "started", START)
        job = jobs.task_changed(job, task, end, START)
    assert jobs.ended(job, START, []).status == "CompletedWithWarnings"


def test_a_cancelled_job_ends_cancelled() -> None:
    job = jobs.cancel_asked(jobs.task_changed(backup(), SNAPSHOT, "started", START))
    assert job.status == "Cancelling"
    job = jobs.ended(job, START, [], cancelled=True)
    assert job.status == "Cancelled"
    assert {task.status for task in job.tasks} == {"Cancelled"}


def test_a_finished_job_cannot_be_cancelled_or_ended_again() -> None:
    job = jobs.ended(replace(backup(), tasks=()), START, [])
    with pytest.raises(IllegalTransition):
        jobs.cancel_asked(job)
    with pytest.raises(IllegalTransition):
        jobs.ended(job, START, [])


def test_an_interrupted_task_may_start_again() -> None:
    job = jobs.task_changed(backup(), SNAPSHOT, "started", START)
    job = jobs.task_changed(job, SNAPSHOT, "started", START + timedelta(hours=1))
    job = jobs.task_changed(job, SNAPSHOT, "done", START + timedelta(hours=1, seconds=5))
    assert job.tasks[0].seconds == 5


def test_tasks_that_are_not_listed_are_not_shown_but_count() -> None:
    job = replace(backup(), operation="ConfigureBackup", tasks=(Task("Protect", listed=False),), internal={})
    shown = jobs.body(job, START)["properties"]
    assert shown["extendedInfo"] == {"tasksList": [], "propertyBag": {"VM Name": "sql01"}}
    assert "actionsInfo" not in shown
    assert jobs.ended(job, START, []).status == "Failed"


def test_progress_of_a_restore() -> None:
    task = Task("Transfer data from vault", details="119.87 GBs / 127 GBs Transferred")
    job = replace(backup(), operation="Restore", tasks=(task,), progress=Progress(94.0, 127.1))
    extended = jobs.body(job, START)["properties"]["extendedInfo"]
    assert extended["tasksList"][0]["taskExecutionDetails"] == "119.87 GBs / 127 GBs Transferred"
    assert extended["progressPercentage"] == 94.0
    assert extended["estimatedRemainingDuration"] == "PT2M7.1S"


def test_a_job_survives_being_stored() -> None:
    job = jobs.task_changed(replace(backup(), progress=Progress(1.5, 2.0)), SNAPSHOT, "started", START)
    assert jobs.from_json(jobs.to_json(job)) == job
    done = jobs.ended(job, START, [ServiceError("X", "y")])
    assert jobs.from_json(jobs.to_json(done)) == done
